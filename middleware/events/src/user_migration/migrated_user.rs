use std::fmt;

use serde_json::{Map, Value, json};

use super::UserMigrationSource;
use crate::{EditError, attributes::check_attribute};

/// A user of another directory, as they shall be in the pool. What is not said is left to Cognito.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct MigratedUser {
    attributes: Vec<(String, String)>,
    final_status: Option<FinalUserStatus>,
    suppress_message: bool,
    delivery: Vec<DeliveryMedium>,
    sms_mfa: Option<bool>,
    force_alias: bool,
}

/// What becomes of the user's password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalUserStatus {
    /// `CONFIRMED`: the password that they entered is theirs. The pool's rules for passwords are not asked.
    Confirmed,
    /// `RESET_REQUIRED`, the default: they must choose a new one.
    ResetRequired,
}

/// How the welcome message goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryMedium {
    /// `EMAIL`
    Email,
    /// `SMS`, the default.
    Sms,
}

impl MigratedUser {
    /// Adds an attribute; `email_verified` and `phone_number_verified` are `true` or `false`. The last of one name holds.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.retain(|(earlier, _)| earlier != name);
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Says what becomes of the password.
    #[must_use]
    pub fn final_status(self, status: FinalUserStatus) -> Self {
        Self { final_status: Some(status), ..self }
    }

    /// Sends no welcome message.
    #[must_use]
    pub fn suppress_message(self) -> Self {
        Self { suppress_message: true, ..self }
    }

    /// Adds a way that the welcome message goes out.
    #[must_use]
    pub fn deliver_by(mut self, medium: DeliveryMedium) -> Self {
        if !self.delivery.contains(&medium) {
            self.delivery.push(medium);
        }
        self
    }

    /// If a code by text message is asked for at sign-in.
    #[must_use]
    pub fn sms_mfa(self, enabled: bool) -> Self {
        Self { sms_mfa: Some(enabled), ..self }
    }

    /// Lets the user have an e-mail address or phone number that is the alias of another user, and takes it from that one:
    /// whoever can choose an address in the old directory can take over an account in the new one.
    #[must_use]
    pub fn insecure_force_alias(self) -> Self {
        Self { force_alias: true, ..self }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| !value.is_empty())
    }

    pub(super) fn check(&self, source: UserMigrationSource) -> Result<(), EditError> {
        if self.attributes.is_empty() {
            return Err(EditError::Nothing);
        }
        for (name, value) in &self.attributes {
            check_attribute(name, value)?;
            if name == "sub" || name == "identities" || name.starts_with("cognito:") {
                return Err(EditError::Reserved);
            }
        }
        let addressed = |medium: &DeliveryMedium| match medium {
            DeliveryMedium::Email => self.has("email"),
            DeliveryMedium::Sms => self.has("phone_number"),
        };
        if !self.suppress_message && !self.delivery.iter().all(addressed) {
            return Err(EditError::MissingAttribute);
        }
        let verified = |name, flag| self.has(name) && self.get(flag) == Some("true");
        let reachable =
            verified("email", "email_verified") || verified("phone_number", "phone_number_verified");
        if source == UserMigrationSource::ForgotPassword && !reachable {
            return Err(EditError::MissingAttribute);
        }
        Ok(())
    }

    pub(super) fn write(&self, response: &mut Map<String, Value>) {
        let attributes: Map<String, Value> =
            self.attributes.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        let status = self.final_status.map(|status| match status {
            FinalUserStatus::Confirmed => "CONFIRMED",
            FinalUserStatus::ResetRequired => "RESET_REQUIRED",
        });
        let mediums: Vec<&str> = self
            .delivery
            .iter()
            .map(|medium| match medium {
                DeliveryMedium::Email => "EMAIL",
                DeliveryMedium::Sms => "SMS",
            })
            .collect();
        for (field, value) in [
            ("userAttributes", Value::Object(attributes)),
            ("finalUserStatus", json!(status)),
            ("messageAction", json!(self.suppress_message.then_some("SUPPRESS"))),
            ("desiredDeliveryMediums", json!((!mediums.is_empty()).then_some(mediums))),
            ("enableSMSMFA", json!(self.sms_mfa)),
            ("forceAliasCreation", json!(self.force_alias.then_some(true))),
        ] {
            response.insert(field.to_owned(), value);
        }
    }
}

/// Shows the attributes' names only: their values are personal data.
impl fmt::Debug for MigratedUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.attributes.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("MigratedUser")
            .field("attributes", &names)
            .field("final_status", &self.final_status)
            .field("suppress_message", &self.suppress_message)
            .field("delivery", &self.delivery)
            .field("sms_mfa", &self.sms_mfa)
            .field("force_alias", &self.force_alias)
            .finish()
    }
}
