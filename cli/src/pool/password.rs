//! Cognito's default password policy.

use crate::pool::{
    Random, RandomError,
    error::{Exception, ServiceError},
};

/// The shortest password, in characters.
pub(crate) const MIN_LENGTH: u8 = 8;

/// How long a temporary password lasts.
pub(crate) const TEMPORARY_DAYS: i64 = 7;

const SYMBOLS: &str = "^$*.[]{}()?-\"!@#%&/\\,><':;|_~`=+ ";

/// Refuses a password that is too short or lacks a kind of character.
pub(crate) fn check_policy(password: &str) -> Result<(), ServiceError> {
    let lacks = |kind: fn(char) -> bool| !password.chars().any(kind);
    let fault = if password.chars().count() < usize::from(MIN_LENGTH) {
        "Password not long enough"
    } else if lacks(|c| c.is_ascii_lowercase()) {
        "Password must have lowercase characters"
    } else if lacks(|c| c.is_ascii_uppercase()) {
        "Password must have uppercase characters"
    } else if lacks(|c| c.is_ascii_digit()) {
        "Password must have numeric characters"
    } else if lacks(|c| SYMBOLS.contains(c)) {
        "Password must have symbol characters"
    } else {
        return Ok(());
    };
    Err(ServiceError::new(
        Exception::InvalidPassword,
        format!("Password did not conform with policy: {fault}"),
    ))
}

/// A random password that the policy accepts.
pub(crate) fn temporary(random: &dyn Random) -> Result<String, RandomError> {
    let mut password = random.text(b"abcdefghijkmnpqrstuvwxyz", 4)?;
    password.push_str(&random.text(b"ABCDEFGHJKLMNPQRSTUVWXYZ", 4)?);
    password.push('-');
    password.push_str(&random.text(b"23456789", 4)?);
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::SystemRandom;

    #[test]
    fn each_rule_of_the_policy_is_named_when_broken() {
        for (password, fault) in [
            ("Aa1-", "not long enough"),
            ("AAAAAA1-", "lowercase"),
            ("aaaaaa1-", "uppercase"),
            ("Aaaaaaa-", "numeric"),
            ("Aaaaaaa1", "symbol"),
        ] {
            let error = check_policy(password).unwrap_err();
            assert_eq!(error.exception, Exception::InvalidPassword);
            assert!(error.message.contains(fault) && !error.message.contains(password), "{}", error.message);
        }
        assert!(check_policy("Aaaaaa1-").is_ok());
    }

    #[test]
    fn a_temporary_password_keeps_the_policy() {
        for _ in 0..50 {
            check_policy(&temporary(&SystemRandom).unwrap()).unwrap();
        }
    }
}
