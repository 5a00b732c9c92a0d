//! The triggers before and after a sign-in.

use serde_json::{Value, json};

use crate::pool::{
    call::Call,
    error::ServiceError,
    triggers::{Invocation, Trigger},
    users::User,
};

impl Call<'_> {
    /// Runs the pre-authentication trigger, which may refuse before a password is looked at.
    ///
    /// It hears of nobody too, as Cognito has it where clients are not told who exists. `username` is what such a one is
    /// called.
    pub(crate) fn pre_authentication(&self, username: &str, user: Option<&User>) -> Result<(), ServiceError> {
        let request = json!({
            "userAttributes": attributes_of(user),
            "validationData": self.input.string_map("ClientMetadata")?,
            "userNotFound": user.is_none(),
        });
        self.invoke(Invocation {
            trigger: Trigger::PreAuthentication,
            source: "PreAuthentication_Authentication",
            username,
            request,
            response: json!({}),
        })?;
        Ok(())
    }

    /// Runs the post-authentication trigger, which may still refuse: there are no tokens yet.
    pub(crate) fn post_authentication(&self, user: &User, with_metadata: bool) -> Result<(), ServiceError> {
        let mut request = json!({ "userAttributes": user.trigger_attributes() });
        if with_metadata {
            self.put_client_metadata(&mut request)?;
        }
        self.invoke(Invocation {
            trigger: Trigger::PostAuthentication,
            source: "PostAuthentication_Authentication",
            username: user.username(),
            request,
            response: json!({}),
        })?;
        Ok(())
    }
}

/// A user's attributes as triggers see them; nobody has none.
pub(crate) fn attributes_of(user: Option<&User>) -> Value {
    user.map_or_else(|| json!({}), User::trigger_attributes)
}
