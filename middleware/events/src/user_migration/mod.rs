mod migrated_user;

use serde_json::Value;

pub use self::migrated_user::{DeliveryMedium, FinalUserStatus, MigratedUser};
use crate::{Attributes, EditError, Event};

/// A user-migration event: somebody who is not in the pool wants to sign in or has forgotten their password. The function asks
/// the old directory and says who they are; a response without attributes lets them stay unknown.
///
/// It holds the user's password. No view of it shows it.
///
/// Source: "Migrate user Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{Event, FinalUserStatus, MigratedUser, UserMigration};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "triggerSource": "UserMigration_Authentication", "userName": "ann", "request": {"password": "Correct-horse-1"}, "response": {},
/// }))?;
/// let mut migration = UserMigration::of(&mut event).ok_or("another trigger's event")?;
/// let known = migration.event().user_name() == Some("ann") && migration.password() == Some("Correct-horse-1");
/// if known {
///     let ann = MigratedUser::default()
///         .attribute("email", "ann@example.com")
///         .attribute("email_verified", "true")
///         .final_status(FinalUserStatus::Confirmed)
///         .suppress_message();
///     migration.set_user(&ann)?;
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct UserMigration<'e> {
    event: &'e mut Event,
}

/// What somebody who is not in the pool wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserMigrationSource {
    /// To sign in with a password: `UserMigration_Authentication`.
    Authentication,
    /// A new password: `UserMigration_ForgotPassword`.
    ForgotPassword,
    /// A source that this version does not know.
    Other,
}

impl<'e> UserMigration<'e> {
    /// The view, if the event's source begins with `UserMigration_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        event.source().starts_with("UserMigration_").then_some(Self { event })
    }

    /// What they want.
    pub fn source(&self) -> UserMigrationSource {
        match self.event.source() {
            "UserMigration_Authentication" => UserMigrationSource::Authentication,
            "UserMigration_ForgotPassword" => UserMigrationSource::ForgotPassword,
            _ => UserMigrationSource::Other,
        }
    }

    /// The password that they entered; none if they have forgotten it.
    pub fn password(&self) -> Option<&str> {
        self.event.request("password")?.as_str()
    }

    /// `request.validationData`: what the client sent for this function. Nobody has checked it.
    pub fn validation_data(&self) -> Attributes<'_> {
        Attributes::new(self.event.request("validationData").and_then(Value::as_object))
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// Says who they are: Cognito makes the user.
    ///
    /// # Errors
    ///
    /// [`EditError::Nothing`] without attributes; [`EditError::Reserved`], [`EditError::EmptyName`] and
    /// [`EditError::AttributeTooLong`] for one that a user cannot be made with; [`EditError::MissingAttribute`] for a message
    /// without an address, and for a forgotten password if neither e-mail address nor phone number is there and verified, for
    /// there the code goes.
    pub fn set_user(&mut self, user: &MigratedUser) -> Result<(), EditError> {
        user.check(self.source())?;
        self.event.edit_response(|response| user.write(response));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(source: &str) -> Event {
        Event::new(json!({
            "triggerSource": source, "userName": "ann", "request": {"password": "Correct-horse-1"},
            "response": {
                "userAttributes": null, "forceAliasCreation": null, "enableSMSMFA": null, "finalUserStatus": null,
                "messageAction": null, "desiredDeliveryMediums": null,
            },
        }))
        .unwrap()
    }

    fn ann() -> MigratedUser {
        MigratedUser::default().attribute("email", "ann@example.com")
    }

    #[test]
    fn what_a_user_cannot_be_made_with_is_refused() {
        let (sign_in, forgotten) = ("UserMigration_Authentication", "UserMigration_ForgotPassword");
        let verified = || ann().attribute("email_verified", "true");
        let missing = Err(EditError::MissingAttribute);
        for (source, user, expected) in [
            (sign_in, ann(), Ok(())),
            (sign_in, MigratedUser::default(), Err(EditError::Nothing)),
            (sign_in, MigratedUser::default().suppress_message(), Err(EditError::Nothing)),
            (sign_in, ann().attribute("sub", "s-1"), Err(EditError::Reserved)),
            (sign_in, ann().attribute("identities", "[]"), Err(EditError::Reserved)),
            (sign_in, ann().attribute("cognito:user_status", "CONFIRMED"), Err(EditError::Reserved)),
            (sign_in, ann().attribute("", "x"), Err(EditError::EmptyName)),
            (sign_in, ann().attribute("custom:note", &"x".repeat(2049)), Err(EditError::AttributeTooLong)),
            (sign_in, ann().deliver_by(DeliveryMedium::Email), Ok(())),
            (sign_in, ann().deliver_by(DeliveryMedium::Sms), missing),
            (sign_in, ann().deliver_by(DeliveryMedium::Sms).suppress_message(), Ok(())),
            (forgotten, verified(), Ok(())),
            (forgotten, ann(), missing),
            (forgotten, ann().attribute("email_verified", "True"), missing),
            (forgotten, MigratedUser::default().attribute("email_verified", "true"), missing),
            (
                forgotten,
                ann().attribute("phone_number", "+15550100").attribute("phone_number_verified", "true"),
                Ok(()),
            ),
        ] {
            let mut event = event(source);
            let before = event.clone();
            let outcome = UserMigration::of(&mut event).unwrap().set_user(&user);
            assert_eq!(outcome, expected, "{source} {user:?}");
            assert_eq!(event == before, outcome.is_err());
        }
    }

    #[test]
    fn a_user_is_written_whole() {
        let mut event = event("UserMigration_Authentication");
        let user = ann()
            .final_status(FinalUserStatus::ResetRequired)
            .suppress_message()
            .deliver_by(DeliveryMedium::Email)
            .deliver_by(DeliveryMedium::Email)
            .sms_mfa(true)
            .insecure_force_alias();
        UserMigration::of(&mut event).unwrap().set_user(&user).unwrap();
        let expected = json!({
            "userAttributes": {"email": "ann@example.com"}, "finalUserStatus": "RESET_REQUIRED", "messageAction": "SUPPRESS",
            "desiredDeliveryMediums": ["EMAIL"], "enableSMSMFA": true, "forceAliasCreation": true,
        });
        assert_eq!(event.clone().into_value()["response"], expected);

        // What another user says nothing of is Cognito's default, and not what was said of the last one.
        UserMigration::of(&mut event).unwrap().set_user(&ann()).unwrap();
        let expected = json!({
            "userAttributes": {"email": "ann@example.com"}, "finalUserStatus": null, "messageAction": null,
            "desiredDeliveryMediums": null, "enableSMSMFA": null, "forceAliasCreation": null,
        });
        assert_eq!(event.into_value()["response"], expected);
    }

    #[test]
    fn debug_shows_no_personal_data() {
        let mut event = event("UserMigration_Authentication");
        let shown = format!("{:?} {:?}", UserMigration::of(&mut event).unwrap(), ann());
        assert!(!shown.contains("ann") && !shown.contains("horse"), "{shown}");
    }
}
