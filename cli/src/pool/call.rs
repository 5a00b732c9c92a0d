//! One call of one operation, and what its steps share.

use std::cell::RefCell;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::runtime::Handle;

use crate::pool::{
    Inner,
    error::{Exception, ServiceError},
    input::Input,
    users::User,
};

/// One call. It runs on a blocking thread from beginning to end.
pub(crate) struct Call<'a> {
    pub(crate) pool: &'a Inner,
    pub(crate) input: Input,
    pub(crate) now: Timestamp,
    pub(crate) event_id: String,
    pub(crate) runtime: &'a Handle,
    sub: RefCell<Option<String>>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(pool: &'a Inner, input: Input, runtime: &'a Handle) -> Result<Self, ServiceError> {
        Ok(Self {
            pool,
            input,
            now: pool.clock.now(),
            event_id: pool.random.uuid()?,
            runtime,
            sub: RefCell::new(None),
        })
    }

    /// Notes whom the call is about, for the log.
    pub(crate) fn acts_for(&self, sub: &str) {
        *self.sub.borrow_mut() = Some(sub.to_owned());
    }

    /// Whom the call was about, if it got that far.
    pub(crate) fn into_sub(self) -> Option<String> {
        self.sub.into_inner()
    }

    /// Checks `UserPoolId`.
    pub(crate) fn check_pool(&self) -> Result<(), ServiceError> {
        if self.input.string("UserPoolId")? == self.pool.settings.pool_id {
            return Ok(());
        }
        Err(ServiceError::new(Exception::ResourceNotFound, "User pool does not exist."))
    }

    /// Checks `ClientId`, and that no secret is used: the client has none.
    pub(crate) fn check_client(&self) -> Result<(), ServiceError> {
        if self.input.string("ClientId")? != self.pool.settings.client_id {
            return Err(ServiceError::new(Exception::ResourceNotFound, "User pool client does not exist."));
        }
        if self.input.optional_string("SecretHash")?.is_some()
            || self.input.optional_string("ClientSecret")?.is_some()
        {
            return Err(ServiceError::not_authorized(
                "Client is not configured for secret but secret was received",
            ));
        }
        Ok(())
    }

    /// `callerContext.clientId` of trigger events.
    pub(crate) fn trigger_client_id(&self) -> &str {
        match self.input.optional_string("ClientId") {
            Ok(Some(client_id)) => client_id,
            _ => "CLIENT_ID_NOT_APPLICABLE",
        }
    }

    /// The user that an administrator names.
    pub(crate) fn named_user(&self, connection: &Connection) -> Result<User, ServiceError> {
        let user =
            User::find(connection, self.input.username()?)?.ok_or_else(ServiceError::user_not_found)?;
        self.acts_for(&user.sub);
        Ok(user)
    }

    /// Whom attempts are counted for. Nobody's attempts are counted under a digest of the name that was tried.
    pub(crate) fn subject(&self, user: Option<&User>, name: &str) -> String {
        match user {
            Some(user) => user.sub.clone(),
            None => {
                let name = format!("subject {}", name.to_lowercase());
                let digest = hmac::sign(&self.pool.secret, name.as_bytes());
                digest.as_ref().iter().fold("?".to_owned(), |text, byte| format!("{text}{byte:02x}"))
            }
        }
    }
}
