use std::fmt;

use portcullis_data::{NewProfile, Timestamp};
use portcullis_events::{PostConfirmation, PostConfirmationSource, PublicError, TriggerError};

use crate::Config;

/// What a new user gets.
#[derive(Clone, PartialEq, Eq)]
pub struct Plan {
    /// Their profile.
    pub profile: NewProfile,
    /// The pool that they are in.
    pub user_pool_id: String,
    /// The group that every user gets.
    pub default_group: Option<String>,
    /// The group that they get if they are the first user.
    pub first_user_group: Option<String>,
}

/// What the event asks for: nothing, unless a sign-up was confirmed.
///
/// # Errors
///
/// [`PublicError::MALFORMED_EVENT`] if the event does not say who was confirmed, and where.
pub fn decide(
    confirmation: PostConfirmation<'_>,
    config: &Config,
    now: Timestamp,
) -> Result<Option<Plan>, TriggerError> {
    if confirmation.source() != PostConfirmationSource::ConfirmSignUp {
        return Ok(None);
    }
    let event = confirmation.event();
    let sub = confirmation.user_attributes().sub().ok_or_else(|| missing("request.userAttributes.sub"))?;
    let username = event.user_name().filter(|name| !name.is_empty()).ok_or_else(|| missing("userName"))?;
    let user_pool_id =
        event.user_pool_id().filter(|id| !id.is_empty()).ok_or_else(|| missing("userPoolId"))?;
    Ok(Some(Plan {
        profile: NewProfile { sub: sub.to_owned(), username: username.to_owned(), created_at: now },
        user_pool_id: user_pool_id.to_owned(),
        default_group: config.default_group.clone(),
        first_user_group: config.first_user_group.clone(),
    }))
}

fn missing(field: &str) -> TriggerError {
    PublicError::MALFORMED_EVENT.with_detail(format!("the event has no {field}"))
}

/// Leaves the user's name out, for it may be an e-mail address.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("sub", &self.profile.sub)
            .field("user_pool_id", &self.user_pool_id)
            .field("default_group", &self.default_group)
            .field("first_user_group", &self.first_user_group)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use portcullis_events::Event;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn plan(event: Value) -> Result<Option<Plan>, TriggerError> {
        let lookup = |name: &str| match name {
            "TABLE_NAME" => Some("t".to_owned()),
            "DEFAULT_GROUP" => Some("users".to_owned()),
            _ => None,
        };
        let config = Config::from_env(lookup).unwrap();
        decide(PostConfirmation::of(&Event::new(event).unwrap()).unwrap(), &config, NOW)
    }

    fn confirmed() -> Value {
        json!({
            "triggerSource": "PostConfirmation_ConfirmSignUp",
            "userPoolId": "p",
            "userName": "ann@example.com",
            "request": {"userAttributes": {"sub": "s-1"}},
        })
    }

    #[test]
    fn a_confirmed_sign_up_gets_a_profile_and_groups() {
        let expected = Plan {
            profile: NewProfile { sub: "s-1".into(), username: "ann@example.com".into(), created_at: NOW },
            user_pool_id: "p".into(),
            default_group: Some("users".into()),
            first_user_group: None,
        };
        let plan = plan(confirmed()).unwrap().unwrap();
        assert_eq!(plan, expected);
        assert!(!format!("{plan:?}").contains("ann"));
    }

    #[test]
    fn nothing_else_gets_anything() {
        for source in ["PostConfirmation_ConfirmForgotPassword", "PostConfirmation_Tomorrow"] {
            let mut event = confirmed();
            event["triggerSource"] = json!(source);
            assert_eq!(plan(event).unwrap(), None, "{source}");
        }
    }

    #[test]
    fn an_event_that_does_not_say_who_is_malformed() {
        for (pointer, odd) in [
            ("/request", json!(null)),
            ("/request/userAttributes", json!({})),
            ("/request/userAttributes/sub", json!("")),
            ("/request/userAttributes/sub", json!(7)),
            ("/userName", json!(null)),
            ("/userName", json!("")),
            ("/userPoolId", json!([])),
        ] {
            let mut event = confirmed();
            *event.pointer_mut(pointer).unwrap() = odd.clone();
            let error = plan(event).unwrap_err();
            assert_eq!(error.code(), "E_MALFORMED_EVENT", "{pointer} {odd}");
            assert!(!error.detail().unwrap().contains("ann"));
        }
    }
}
