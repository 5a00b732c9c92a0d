//! What the local system knows in place of a deployed function's environment.

use portcullis_custom_challenge::Config as CustomChallenge;
use portcullis_post_confirmation::Config as PostConfirmation;
use portcullis_pre_signup::Config as PreSignUp;
use portcullis_pre_token_generation::Config as PreTokenGeneration;

use crate::local::StartError;

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

/// The configuration of the triggers.
#[derive(Clone, Debug)]
pub(crate) struct Environment {
    pub(crate) pre_sign_up: PreSignUp,
    pub(crate) post_confirmation: PostConfirmation,
    pub(crate) pre_token_generation: PreTokenGeneration,
    pub(crate) custom_challenge: CustomChallenge,
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
        match (
            PreSignUp::from_env(lookup),
            PostConfirmation::from_env(lookup),
            PreTokenGeneration::from_env(lookup),
            CustomChallenge::from_env(lookup),
        ) {
            (Ok(pre_sign_up), Ok(post_confirmation), Ok(pre_token_generation), Ok(custom_challenge)) => {
                Ok(Self {
                    pre_sign_up,
                    post_confirmation,
                    pre_token_generation,
                    custom_challenge,
                    denied_domain,
                })
            }
            (pre_sign_up, post_confirmation, pre_token_generation, custom_challenge) => {
                let mistakes = [
                    pre_sign_up.err().map(|mistakes| mistakes.to_string()),
                    post_confirmation.err().map(|mistakes| mistakes.to_string()),
                    pre_token_generation.err().map(|mistakes| mistakes.to_string()),
                    custom_challenge.err().map(|mistakes| mistakes.to_string()),
                ];
                Err(StartError::Environment(mistakes.into_iter().flatten().collect::<Vec<_>>().join("\n")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_environment_is_enough() {
        let environment = Environment::read(|_| None).unwrap();
        assert_eq!(environment.denied_domain.as_deref(), Some("blocked.example"));
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
