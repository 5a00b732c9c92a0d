//! Confirmation codes: six digits, for one user and one purpose, for a time.

use aws_lc_rs::hmac;
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use serde_json::{Value, json};

use crate::pool::{
    Message, MessageKind,
    call::Call,
    courier::{Wording, delivery_destination},
    error::ServiceError,
    limits::{Limit, SaturatingAdd},
    users::User,
};

/// What a code is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    SignUp,
    ForgotPassword,
    VerifyEmail,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign up",
            Self::ForgotPassword => "forgot password",
            Self::VerifyEmail => "verify email",
        }
    }

    fn lifetime(self) -> SignedDuration {
        match self {
            Self::SignUp | Self::VerifyEmail => SignedDuration::from_hours(24),
            Self::ForgotPassword => SignedDuration::from_hours(1),
        }
    }

    fn message(self) -> MessageKind {
        match self {
            Self::SignUp => MessageKind::SignUp,
            Self::ForgotPassword => MessageKind::ForgotPassword,
            Self::VerifyEmail => MessageKind::VerifyAttribute,
        }
    }

    /// How many wrong ones are too many.
    pub(crate) fn limit(self) -> Limit {
        match self {
            Self::SignUp => Limit::SignUpCode,
            Self::ForgotPassword => Limit::PasswordCode,
            Self::VerifyEmail => Limit::EmailCode,
        }
    }
}

impl Call<'_> {
    /// Makes a code in place of an earlier one. The message is to be delivered once the write is committed.
    pub(crate) fn make_code(
        &self,
        connection: &Connection,
        user: &User,
        email: &str,
        purpose: Purpose,
    ) -> Result<Message, ServiceError> {
        let code = match &self.pool.code {
            Some(code) => code.clone(),
            None => self.pool.random.text(b"0123456789", 6)?,
        };
        connection.execute(
            "INSERT OR REPLACE INTO codes (sub, purpose, email, digest, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                user.sub,
                purpose.name(),
                email,
                self.code_digest(&user.sub, purpose, &code),
                self.now.saturating_add_signed(purpose.lifetime()).as_millisecond()
            ],
        )?;
        Ok(Message {
            kind: purpose.message(),
            username: user.sub.clone(),
            email: email.to_owned(),
            secret: code,
            wording: Wording::default(),
        })
    }

    /// Uses a code up and gives the address that it was sent to.
    ///
    /// A wrong one is counted; the outer result is the write's, the inner one the client's.
    pub(crate) fn redeem_code(
        &self,
        connection: &Connection,
        subject: &str,
        sub: Option<&str>,
        purpose: Purpose,
        code: &str,
    ) -> rusqlite::Result<Result<String, ServiceError>> {
        if purpose.limit().is_reached(connection, subject, self.now)? {
            return Ok(Err(ServiceError::limit_exceeded()));
        }
        let kept = connection
            .query_row(
                "SELECT digest, expires_at, email FROM codes WHERE sub = ?1 AND purpose = ?2",
                params![sub.unwrap_or_default(), purpose.name()],
                |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?)),
            )
            .optional()?;
        let fault = match (sub, kept) {
            (Some(sub), Some((digest, expires_at, email))) if self.now.as_millisecond() < expires_at => {
                if self.is_code(sub, purpose, code, &digest) {
                    // Who is signed in can prove an inbox of their own whenever they like. That must not buy them
                    // more guesses at the code of an inbox that is not theirs.
                    if purpose != Purpose::VerifyEmail {
                        purpose.limit().forget(connection, subject)?;
                    }
                    delete_code(connection, sub, purpose)?;
                    return Ok(Ok(email));
                }
                ServiceError::code_mismatch()
            }
            // Who asked for a code for nobody gets the answer of who asked for somebody.
            (None, _)
                if purpose == Purpose::ForgotPassword
                    && Limit::ForgotPassword.is_counted(connection, subject, self.now)? =>
            {
                ServiceError::code_mismatch()
            }
            _ => ServiceError::expired_code(),
        };
        purpose.limit().count(connection, subject, self.now)?;
        Ok(Err(fault))
    }

    // Six digits are soon tried out: only with the pool's secret can a stored digest be guessed.
    fn code_digest(&self, sub: &str, purpose: Purpose, code: &str) -> Vec<u8> {
        hmac::sign(&self.pool.secret, &code_message(sub, purpose, code)).as_ref().to_vec()
    }

    fn is_code(&self, sub: &str, purpose: Purpose, code: &str, digest: &[u8]) -> bool {
        hmac::verify(&self.pool.secret, &code_message(sub, purpose, code), digest).is_ok()
    }
}

/// Makes an outstanding code worthless.
pub(crate) fn delete_code(connection: &Connection, sub: &str, purpose: Purpose) -> rusqlite::Result<()> {
    connection
        .execute("DELETE FROM codes WHERE sub = ?1 AND purpose = ?2", params![sub, purpose.name()])
        .map(drop)
}

/// Makes all outstanding codes worthless: they went to an address that is no longer the user's.
pub(crate) fn delete_codes(connection: &Connection, sub: &str) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM codes WHERE sub = ?1", [sub]).map(drop)
}

/// The address that a code was last sent to so that it can be verified; it may be one that the user does not have yet.
pub(crate) fn address_to_verify(connection: &Connection, sub: &str) -> rusqlite::Result<Option<String>> {
    connection
        .query_row(
            "SELECT email FROM codes WHERE sub = ?1 AND purpose = ?2",
            [sub, Purpose::VerifyEmail.name()],
            |row| row.get(0),
        )
        .optional()
}

fn code_message(sub: &str, purpose: Purpose, code: &str) -> Vec<u8> {
    format!("code {sub} {} {code}", purpose.name()).into_bytes()
}

/// Where a code went, as the client sees it.
pub(crate) fn delivery_details(email: &str) -> Value {
    json!({
        "AttributeName": "email",
        "DeliveryMedium": "EMAIL",
        "Destination": delivery_destination(email),
    })
}

/// When a temporary password given now stops being one.
pub(crate) fn temporary_until(now: Timestamp) -> Timestamp {
    now.saturating_add_signed(SignedDuration::from_hours(24 * crate::pool::password::TEMPORARY_DAYS))
}
