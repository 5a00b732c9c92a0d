//! Claims as a type of one's own.

use std::any::type_name;

use portcullis_rules::{Claims, Identity};
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::VerifiedToken;

/// Why there are no claims of that type.
///
/// It names the type and never a value, since claims are personal.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimsError {
    /// The caller has no token: an API key, AWS credentials, a Lambda authorizer.
    #[error("the caller has no token")]
    NoToken,
    /// The claims do not fit the type.
    #[error("the claims do not fit `{wanted}`")]
    Mismatch {
        /// The type.
        wanted: &'static str,
    },
}

/// Reads claims as a type of one's own.
pub(crate) fn read<T: DeserializeOwned>(claims: &Claims) -> Result<T, ClaimsError> {
    // The error of serde tells the value that does not fit.
    T::deserialize(claims.as_map()).map_err(|_| ClaimsError::Mismatch { wanted: type_name::<T>() })
}

/// Reads the claims of a caller.
pub(crate) fn of_caller<T: DeserializeOwned>(identity: &Identity) -> Result<T, ClaimsError> {
    read(identity.user().ok_or(ClaimsError::NoToken)?.claims())
}

impl VerifiedToken {
    /// The claims as a type of one's own.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::Mismatch`] if they do not fit.
    pub fn claims_as<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        read(self.claims())
    }
}

#[cfg(test)]
mod tests {
    use portcullis_rules::{User, VerifiedBy};
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Member {
        sub: String,
        #[serde(rename = "custom:tenant")]
        tenant: Option<String>,
        #[serde(rename = "cognito:groups", default)]
        groups: Vec<String>,
        exp: u64,
    }

    fn caller(claims: &str) -> Identity {
        let serde_json::Value::Object(claims) = serde_json::from_str(claims).unwrap() else {
            panic!("claims are an object")
        };
        User::user_pools(claims.into(), VerifiedBy::Portcullis).into()
    }

    #[test]
    fn claims_are_read_as_a_struct() {
        let caller =
            caller(r#"{"sub": "a", "custom:tenant": "t", "cognito:groups": ["x"], "exp": 5, "more": {}}"#);
        let member = Member { sub: "a".into(), tenant: Some("t".into()), groups: vec!["x".into()], exp: 5 };
        assert_eq!(of_caller::<Member>(&caller), Ok(member));
    }

    #[test]
    fn an_error_names_the_type_and_no_value() {
        for claims in [r#"{"sub": "ann@example.com"}"#, r#"{"sub": "a", "exp": "ann@example.com"}"#] {
            let error = of_caller::<Member>(&caller(claims)).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains("Member") && !text.contains("ann@example.com"), "{text}");
        }
    }

    #[test]
    fn who_has_no_token_has_no_claims() {
        assert_eq!(of_caller::<Member>(&Identity::ApiKey), Err(ClaimsError::NoToken));
    }
}
