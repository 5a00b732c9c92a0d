//! What the local system knows in place of a deployed function's environment.

use std::fmt::Display;

use portcullis_custom_challenge::Config as CustomChallenge;
use portcullis_custom_message::Config as CustomMessage;
use portcullis_post_confirmation::Config as PostConfirmation;
use portcullis_pre_signup::Config as PreSignUp;
use portcullis_pre_token_generation::Config as PreTokenGeneration;
use portcullis_user_migration::Config as UserMigration;
use reqwest::Url;

use crate::{local::StartError, loopback::is_loopback_host};

/// The table of the local system.
pub(crate) const TABLE_NAME: &str = "portcullis";

/// What holds where the environment of this process says nothing. The names are those of template.yaml.
const DEFAULTS: [(&str, &str); 5] = [
    ("DENIED_EMAIL_DOMAINS", "blocked.example"),
    ("DEFAULT_GROUP", "readers"),
    ("FIRST_USER_GROUP", "admins"),
    ("SENDER_ADDRESS", "sign-in@portcullis.example"),
    ("TABLE_NAME", TABLE_NAME),
];

/// What attaches the custom-message trigger.
const CUSTOM_MESSAGE: [&str; 2] = ["TEMPLATES", "TEMPLATES_FILE"];

/// The address of an old pool that is a stand-in on this machine: the pool of another local system.
const OLD_POOL_ENDPOINT: &str = "OLD_USER_POOL_ENDPOINT";

/// What attaches the user-migration trigger.
const USER_MIGRATION: [&str; 4] =
    ["OLD_USER_POOL_ID", "OLD_CLIENT_ID", "MIGRATED_ATTRIBUTES", OLD_POOL_ENDPOINT];

/// The configuration of the triggers.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) pre_sign_up: PreSignUp,
    pub(crate) post_confirmation: PostConfirmation,
    pub(crate) pre_token_generation: PreTokenGeneration,
    pub(crate) custom_challenge: CustomChallenge,
    /// Where there are templates.
    pub(crate) custom_message: Option<CustomMessage>,
    /// Where there is an old pool.
    pub(crate) user_migration: Option<UserMigration>,
    pub(crate) old_pool_endpoint: Option<Url>,
    /// The first denied domain, for an example that shows a refusal.
    pub(crate) denied_domain: Option<String>,
}

impl Environment {
    /// Reads the variables that the functions read when they are deployed.
    ///
    /// # Errors
    ///
    /// All mistakes of all functions at once.
    pub(crate) fn read(process: impl Fn(&str) -> Option<String>) -> Result<Self, StartError> {
        let lookup = |name: &str| {
            // The table is this system's own, whatever the shell was set up for.
            let set = (name != "TABLE_NAME").then(|| process(name)).flatten();
            set.or_else(|| {
                DEFAULTS.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            })
        };
        let denied_domain = lookup("DENIED_EMAIL_DOMAINS").and_then(|domains| {
            domains.split(',').map(str::trim).find(|domain| !domain.is_empty()).map(str::to_owned)
        });
        let any = |names: &[&str]| names.iter().any(|name| lookup(name).is_some());
        let mut mistakes = Vec::new();
        let pre_sign_up = kept(PreSignUp::from_env(lookup), &mut mistakes);
        let post_confirmation = kept(PostConfirmation::from_env(lookup), &mut mistakes);
        let pre_token_generation = kept(PreTokenGeneration::from_env(lookup), &mut mistakes);
        let custom_challenge = kept(CustomChallenge::from_env(lookup), &mut mistakes);
        let custom_message =
            any(&CUSTOM_MESSAGE).then(|| kept(CustomMessage::from_env(lookup), &mut mistakes)).flatten();
        let user_migration =
            any(&USER_MIGRATION).then(|| kept(UserMigration::from_env(lookup), &mut mistakes)).flatten();
        let old_pool_endpoint = lookup(OLD_POOL_ENDPOINT).and_then(|text| {
            let url = Url::parse(&text).ok().filter(is_on_this_machine);
            if url.is_none() {
                mistakes.push(format!(
                    "{OLD_POOL_ENDPOINT} is no address of this machine, such as `http://127.0.0.1:9230`"
                ));
            }
            url
        });
        match (pre_sign_up, post_confirmation, pre_token_generation, custom_challenge) {
            (
                Some(pre_sign_up),
                Some(post_confirmation),
                Some(pre_token_generation),
                Some(custom_challenge),
            ) if mistakes.is_empty() => Ok(Self {
                pre_sign_up,
                post_confirmation,
                pre_token_generation,
                custom_challenge,
                custom_message,
                user_migration,
                old_pool_endpoint,
                denied_domain,
            }),
            _ => Err(StartError::Environment(mistakes.join("\n"))),
        }
    }
}

/// The configuration; its mistakes join the others.
fn kept<T>(read: Result<T, impl Display>, mistakes: &mut Vec<String>) -> Option<T> {
    read.map_err(|errors| mistakes.push(errors.to_string())).ok()
}

/// Passwords are sent there, and made-up credentials.
fn is_on_this_machine(url: &Url) -> bool {
    url.scheme() == "http" && url.host_str().is_some_and(is_loopback_host) && url.path() == "/"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_environment_is_enough() {
        let environment = Environment::read(|_| None).unwrap();
        assert_eq!(environment.denied_domain.as_deref(), Some("blocked.example"));
        assert!(environment.custom_message.is_none() && environment.user_migration.is_none());
    }

    #[test]
    fn a_trigger_that_has_something_to_do_is_attached() {
        let environment = Environment::read(|name| {
            let value = match name {
                "TEMPLATES" => r#"{"en": {"SignUp": {"sms": "{{code}}"}}}"#,
                "OLD_USER_POOL_ID" => "us-east-1_AbCdEfGhI",
                "OLD_CLIENT_ID" => "1h57kf5cpq17m0eml12EXAMPLE",
                "MIGRATED_ATTRIBUTES" => "email",
                "OLD_USER_POOL_ENDPOINT" => "http://127.0.0.1:9230",
                _ => return None,
            };
            Some(value.to_owned())
        })
        .unwrap();
        assert!(environment.custom_message.is_some() && environment.user_migration.is_some());
        assert_eq!(environment.old_pool_endpoint.unwrap().as_str(), "http://127.0.0.1:9230/");
    }

    #[test]
    fn an_old_pool_half_described_is_a_mistake_and_no_pool() {
        for (variable, value) in
            [("OLD_CLIENT_ID", "1h57kf5cpq17m0eml12EXAMPLE"), ("OLD_USER_POOL_ENDPOINT", "x")]
        {
            let error = Environment::read(|name| (name == variable).then(|| value.to_owned())).unwrap_err();
            assert!(error.to_string().contains("OLD_USER_POOL_ID is missing"), "{error}");
        }
        for address in ["https://127.0.0.1", "http://10.0.0.1", "http://127.0.0.1/path", "127.0.0.1:9230", ""]
        {
            let error =
                Environment::read(|name| (name == "OLD_USER_POOL_ENDPOINT").then(|| address.to_owned()));
            let error = error.unwrap_err().to_string();
            assert!(
                error.contains("OLD_USER_POOL_ENDPOINT is no address of this machine"),
                "{address}: {error}"
            );
        }
    }

    #[test]
    fn mistakes_of_all_triggers_are_reported_at_once() {
        let error = Environment::read(|name| match name {
            "DENIED_EMAIL_DOMAINS" => Some("a@b".to_owned()),
            "ON_ERROR" => Some("perhaps".to_owned()),
            "TOKEN_CLAIMS" => Some("sub".to_owned()),
            "CODE_DIGITS" => Some("4".to_owned()),
            _ => None,
        });
        let text = error.unwrap_err().to_string();
        for name in ["DENIED_EMAIL_DOMAINS", "ON_ERROR", "TOKEN_CLAIMS", "CODE_DIGITS"] {
            assert!(text.contains(name), "{name} is not in: {text}");
        }
    }
}
