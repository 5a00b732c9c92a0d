use std::{ops::RangeInclusive, time::Duration};

use portcullis_data::{ConnectOptions, Profiles, Table, connect};
use portcullis_events::check_claim_name;
use portcullis_trigger::ConfigErrors;

/// The limits of `READ_TIMEOUT_MS`. Cognito waits five seconds, start of the function included.
const READ_TIMEOUT_MS: RangeInclusive<u64> = 50..=4000;
const DEFAULT_READ_TIMEOUT: Duration = Duration::from_millis(1500);

/// Cognito lets a function override these, and whoever trusts the token takes them for what Cognito
/// knows of the user.
const WHO_THE_USER_IS: [&str; 4] = ["email", "email_verified", "phone_number", "phone_number_verified"];

/// What is added to tokens; see the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table of the profiles.
    pub table_name: String,
    /// The profile attributes that become claims.
    pub token_claims: Vec<String>,
    /// How long the read may take.
    pub read_timeout: Duration,
    /// What happens if it fails.
    pub on_read_failure: OnReadFailure,
}

/// What happens when the profile cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnReadFailure {
    /// The token without additions.
    Plain,
    /// No token: the sign-in fails.
    Deny,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let table_name = lookup("TABLE_NAME").unwrap_or_default();
        if table_name.trim().is_empty() {
            errors.push("TABLE_NAME", "is missing");
        }
        let mut token_claims = Vec::new();
        for (index, name) in lookup("TOKEN_CLAIMS").iter().flat_map(|list| list.split(',')).enumerate() {
            match claim_name(name.trim()) {
                Ok(name) => token_claims.push(name.to_owned()),
                Err(problem) => errors.push("TOKEN_CLAIMS", format!("entry {} {problem}", index + 1)),
            }
        }
        let read_timeout = match lookup("READ_TIMEOUT_MS").map(|text| text.parse()) {
            None => DEFAULT_READ_TIMEOUT,
            Some(Ok(limit)) if READ_TIMEOUT_MS.contains(&limit) => Duration::from_millis(limit),
            Some(_) => {
                let (least, most) = READ_TIMEOUT_MS.into_inner();
                errors.push("READ_TIMEOUT_MS", format!("is no whole number from {least} to {most}"));
                DEFAULT_READ_TIMEOUT
            }
        };
        let on_read_failure = match lookup("ON_READ_FAILURE").as_deref() {
            None | Some("plain") => OnReadFailure::Plain,
            Some("deny") => OnReadFailure::Deny,
            Some(_) => {
                errors.push("ON_READ_FAILURE", "is neither `plain` nor `deny`");
                OnReadFailure::Deny
            }
        };
        errors.or(Self { table_name, token_claims, read_timeout, on_read_failure })
    }

    /// The profiles in the configured table at AWS. Nothing is called before the first event.
    pub fn profiles(&self) -> Profiles {
        Profiles::new(Table::new(connect(&ConnectOptions::aws()), self.table_name.clone()))
    }
}

fn claim_name(name: &str) -> Result<&str, String> {
    if name.contains(char::is_whitespace) {
        return Err("has a blank in it".to_owned());
    }
    if WHO_THE_USER_IS.contains(&name) {
        return Err("says who the user is: only the user pool may".to_owned());
    }
    if name == "groups" {
        return Err("names the groups of the profile: they are added without it".to_owned());
    }
    check_claim_name(name).map(|()| name).map_err(|error| format!("cannot be a claim: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_env(lookup).map_err(|errors| errors.to_string())
    }

    #[test]
    fn only_the_table_is_needed() {
        let expected = Config {
            table_name: "t".into(),
            token_claims: vec![],
            read_timeout: Duration::from_millis(1500),
            on_read_failure: OnReadFailure::Plain,
        };
        assert_eq!(config(&[("TABLE_NAME", "t")]), Ok(expected));
    }

    #[test]
    fn everything_can_be_set() {
        let variables = [
            ("TABLE_NAME", "t"),
            ("TOKEN_CLAIMS", "tenant, custom:plan"),
            ("READ_TIMEOUT_MS", "50"),
            ("ON_READ_FAILURE", "deny"),
        ];
        let expected = Config {
            table_name: "t".into(),
            token_claims: vec!["tenant".into(), "custom:plan".into()],
            read_timeout: Duration::from_millis(50),
            on_read_failure: OnReadFailure::Deny,
        };
        assert_eq!(config(&variables), Ok(expected));
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let variables = [
            ("TABLE_NAME", " "),
            ("TOKEN_CLAIMS", "tenant,,sub,dev:x,cognito:groups,email_verified,two words,aud,groups"),
            ("READ_TIMEOUT_MS", "5000"),
            ("ON_READ_FAILURE", ""),
        ];
        let expected = "TABLE_NAME is missing\n\
            TOKEN_CLAIMS entry 2 cannot be a claim: the name is empty\n\
            TOKEN_CLAIMS entry 3 cannot be a claim: the claim is reserved by Amazon Cognito\n\
            TOKEN_CLAIMS entry 4 cannot be a claim: a `dev:` claim can be suppressed, not set\n\
            TOKEN_CLAIMS entry 5 cannot be a claim: the claim is reserved by Amazon Cognito\n\
            TOKEN_CLAIMS entry 6 says who the user is: only the user pool may\n\
            TOKEN_CLAIMS entry 7 has a blank in it\n\
            TOKEN_CLAIMS entry 8 cannot be a claim: the claim is reserved by Amazon Cognito\n\
            TOKEN_CLAIMS entry 9 names the groups of the profile: they are added without it\n\
            READ_TIMEOUT_MS is no whole number from 50 to 4000\n\
            ON_READ_FAILURE is neither `plain` nor `deny`";
        assert_eq!(config(&variables).unwrap_err(), expected);
    }

    #[test]
    fn a_time_limit_must_be_a_whole_number_within_the_limits() {
        for (text, expected) in [
            ("50", true),
            ("4000", true),
            ("49", false),
            ("4001", false),
            ("1.5", false),
            ("-1", false),
            ("", false),
        ] {
            assert_eq!(config(&[("TABLE_NAME", "t"), ("READ_TIMEOUT_MS", text)]).is_ok(), expected, "{text}");
        }
    }
}
