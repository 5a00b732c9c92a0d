use std::{ops::RangeInclusive, time::Duration};

use portcullis_data::{ConnectOptions, Profiles, Table, connect};
use portcullis_directory::{EmailRules, UserGroups};
use portcullis_events::{
    check_claim_name, check_group_name, check_role, check_scope, check_suppressed_claim_name,
};
use portcullis_trigger::ConfigErrors;

use crate::Mapping;

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
    /// The claim that carries the profile's `tenant`, and nothing else.
    pub tenant_claim: Option<String>,
    /// The claims that are taken out.
    pub suppress_claims: Vec<String>,
    /// The scopes that groups give.
    pub group_scopes: Mapping,
    /// The scopes that machines get, by the id of their client.
    pub client_scopes: Mapping,
    /// The roles at AWS that groups give, the preferred one first.
    pub group_roles: Mapping,
    /// Which e-mail domains federated users may have.
    pub email: EmailRules,
    /// What a user without a complete profile gets; `None` if nothing.
    pub ensure_user: Option<UserGroups>,
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
        let tenant_claim = lookup("TENANT_CLAIM").map(|name| name.trim().to_owned());
        if let Some(name) = &tenant_claim {
            match claim_name(name) {
                Ok(_) if token_claims.contains(name) => errors.push("TENANT_CLAIM", "is in TOKEN_CLAIMS too"),
                Ok(_) => {}
                Err(problem) => errors.push("TENANT_CLAIM", problem),
            }
        }
        let mut suppress_claims = Vec::new();
        for (index, name) in lookup("SUPPRESS_CLAIMS").iter().flat_map(|list| list.split(',')).enumerate() {
            let name = name.trim();
            let mut mistake =
                |problem: String| errors.push("SUPPRESS_CLAIMS", format!("entry {} {problem}", index + 1));
            match check_suppressed_claim_name(name) {
                Err(error) => mistake(format!("cannot be suppressed: {error}")),
                Ok(()) if token_claims.iter().any(|set| set == name) => {
                    mistake("is in TOKEN_CLAIMS too".to_owned());
                }
                Ok(()) if tenant_claim.as_deref() == Some(name) => mistake("is TENANT_CLAIM too".to_owned()),
                Ok(()) => suppress_claims.push(name.to_owned()),
            }
        }
        let mut mapping = |variable, check_name: Check, check_value: Check| match lookup(variable) {
            Some(text) => {
                Mapping::parse(&text, check_name, check_value, |problem| errors.push(variable, problem))
            }
            None => Mapping::default(),
        };
        let group_scopes = mapping("GROUP_SCOPES", group_name, scope);
        let client_scopes = mapping("CLIENT_SCOPES", client_id, scope);
        let group_roles = mapping("GROUP_ROLES", group_name, role);
        let email = EmailRules::from_env(&lookup, &mut |variable, problem| errors.push(variable, problem));
        let groups = UserGroups::from_env(&lookup, &mut |variable, problem| errors.push(variable, problem));
        let ensure_user = match lookup("ENSURE_USER").as_deref() {
            None | Some("false") => None,
            Some("true") => Some(groups),
            Some(_) => {
                errors.push("ENSURE_USER", "is neither `true` nor `false`");
                None
            }
        };
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
        errors.or(Self {
            table_name,
            token_claims,
            tenant_claim,
            suppress_claims,
            group_scopes,
            client_scopes,
            group_roles,
            email,
            ensure_user,
            read_timeout,
            on_read_failure,
        })
    }

    /// The profiles in the configured table at AWS. Nothing is called before the first event.
    pub fn profiles(&self) -> Profiles {
        self.profiles_in(Table::new(connect(&ConnectOptions::aws()), self.table_name.clone()))
    }

    /// The profiles in another table, with the first user told apart if there is a group for them.
    pub fn profiles_in(&self, table: Table) -> Profiles {
        let elect = self.ensure_user.as_ref().is_some_and(|groups| groups.first_user.is_some());
        Profiles::new(table).elect_admin(elect)
    }
}

type Check = fn(&str) -> Result<(), String>;

fn group_name(name: &str) -> Result<(), String> {
    check_group_name(name).map_err(|_| "has no group's name: 1 to 128 characters without blanks".to_owned())
}

/// API reference, `ClientIdType`.
fn client_id(id: &str) -> Result<(), String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'+';
    let fits = (1..=128).contains(&id.len()) && id.bytes().all(fits);
    if fits { Ok(()) } else { Err("has no client's id".to_owned()) }
}

fn scope(scope: &str) -> Result<(), String> {
    check_scope(scope).map_err(|_| "has a scope with a forbidden character".to_owned())
}

fn role(arn: &str) -> Result<(), String> {
    check_role(arn).map_err(|_| "has no role's ARN".to_owned())
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
            tenant_claim: None,
            suppress_claims: vec![],
            group_scopes: Mapping::default(),
            client_scopes: Mapping::default(),
            group_roles: Mapping::default(),
            email: EmailRules::default(),
            ensure_user: None,
            read_timeout: Duration::from_millis(1500),
            on_read_failure: OnReadFailure::Plain,
        };
        assert_eq!(config(&[("TABLE_NAME", "t")]), Ok(expected));
    }

    #[test]
    fn everything_can_be_set() {
        let config = config(&[
            ("TABLE_NAME", "t"),
            ("TOKEN_CLAIMS", "plan, custom:level"),
            ("TENANT_CLAIM", "custom:tenant"),
            ("SUPPRESS_CLAIMS", "email, dev:beta"),
            ("GROUP_SCOPES", "editors=notes/write notes/read,admins=notes/delete"),
            ("CLIENT_SCOPES", "machine1=notes/read"),
            ("GROUP_ROLES", "admins=arn:aws:iam::111122223333:role/app/admins"),
            ("ALLOWED_EMAIL_DOMAINS", "example.com"),
            ("DENIED_EMAIL_DOMAINS", "old.example.com"),
            ("ENSURE_USER", "true"),
            ("DEFAULT_GROUP", "readers"),
            ("FIRST_USER_GROUP", "admins"),
            ("READ_TIMEOUT_MS", "50"),
            ("ON_READ_FAILURE", "deny"),
        ])
        .unwrap();
        assert_eq!(config.token_claims, ["plan", "custom:level"]);
        assert_eq!(config.tenant_claim.as_deref(), Some("custom:tenant"));
        assert_eq!(config.suppress_claims, ["email", "dev:beta"]);
        assert_eq!(config.group_scopes.of(|_| true), ["notes/write", "notes/read", "notes/delete"]);
        assert_eq!(config.client_scopes.of(|id| id == "machine1"), ["notes/read"]);
        assert_eq!(config.group_roles.of(|_| true), ["arn:aws:iam::111122223333:role/app/admins"]);
        assert_eq!((config.email.allowed.len(), config.email.denied.len()), (1, 1));
        let groups = UserGroups { every_user: vec!["readers".into()], first_user: Some("admins".into()) };
        assert_eq!(config.ensure_user, Some(groups));
        assert_eq!(config.read_timeout, Duration::from_millis(50));
        assert_eq!(config.on_read_failure, OnReadFailure::Deny);
    }

    #[test]
    fn mistakes_in_the_newer_variables_are_reported_too() {
        let variables = [
            ("TABLE_NAME", "t"),
            ("TOKEN_CLAIMS", "plan,level"),
            ("TENANT_CLAIM", "plan"),
            ("SUPPRESS_CLAIMS", "sub,level,,cognito:groups,cognito:username"),
            ("GROUP_SCOPES", "editors,two words=a,editors=a\"b"),
            ("CLIENT_SCOPES", "ma-chine=a"),
            (
                "GROUP_ROLES",
                "admins=admin,admins=arn:aws:iam::1:role/a,admins=arn:aws:iam::111122223333:user/a",
            ),
            ("DEFAULT_GROUP", ""),
            ("ENSURE_USER", "yes"),
        ];
        let expected = "TENANT_CLAIM is in TOKEN_CLAIMS too\n\
            SUPPRESS_CLAIMS entry 1 cannot be suppressed: the claim is reserved by Amazon Cognito\n\
            SUPPRESS_CLAIMS entry 2 is in TOKEN_CLAIMS too\n\
            SUPPRESS_CLAIMS entry 3 cannot be suppressed: the name is empty\n\
            SUPPRESS_CLAIMS entry 5 cannot be suppressed: the claim is reserved by Amazon Cognito\n\
            GROUP_SCOPES entry 1 is not `name=value`\n\
            GROUP_SCOPES entry 2 has no group's name: 1 to 128 characters without blanks\n\
            GROUP_SCOPES entry 3 has a scope with a forbidden character\n\
            CLIENT_SCOPES entry 1 has no client's id\n\
            GROUP_ROLES entry 1 has no role's ARN\n\
            GROUP_ROLES entry 2 has no role's ARN\n\
            GROUP_ROLES entry 3 has no role's ARN\n\
            DEFAULT_GROUP entry 1 is no group's name: 1 to 128 characters without blanks\n\
            ENSURE_USER is neither `true` nor `false`";
        assert_eq!(config(&variables).unwrap_err(), expected);
        let same = [("TABLE_NAME", "t"), ("TENANT_CLAIM", "tenant"), ("SUPPRESS_CLAIMS", "tenant")];
        assert_eq!(config(&same).unwrap_err(), "SUPPRESS_CLAIMS entry 1 is TENANT_CLAIM too");
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
