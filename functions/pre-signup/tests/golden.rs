//! Whole events in, whole events out.
#![expect(clippy::unwrap_used, reason = "tests")]

use portcullis_directory::{Account, Accounts, DirectoryError, FederatedIdentity};
use portcullis_events::{Event, TriggerError};
use portcullis_pre_signup::{Config, handle};
use portcullis_trigger::Answer;
use serde_json::{Value, json};

const SIGN_UP: &str = include_str!("../../../middleware/events/tests/fixtures/pre-sign-up-sign-up.json");
const ADMIN: &str =
    include_str!("../../../middleware/events/tests/fixtures/pre-sign-up-admin-create-user.json");
const EXTERNAL: &str =
    include_str!("../../../middleware/events/tests/fixtures/pre-sign-up-external-provider.json");
const CONFIRMATION: &str =
    include_str!("../../../middleware/events/tests/fixtures/post-confirmation-confirm-sign-up.json");

fn event(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn config(variables: &[(&str, &str)]) -> Config {
    Config::from_env(|name| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

/// A pool in which nobody has any address, and that nothing else may be asked.
struct NobodyElse;

impl Accounts for NobodyElse {
    async fn users_by_email(&self, _: &str, _: &str) -> Result<Vec<Account>, DirectoryError> {
        Ok(Vec::new())
    }

    async fn user(&self, _: &str, _: &str) -> Result<Option<Account>, DirectoryError> {
        Ok(None)
    }

    async fn create_native_user(&self, _: &str, _: &str) -> Result<String, DirectoryError> {
        Err(DirectoryError::Unsupported { operation: "AdminCreateUser" })
    }

    async fn set_random_password(&self, _: &str, _: &str) -> Result<(), DirectoryError> {
        Err(DirectoryError::Unsupported { operation: "AdminSetUserPassword" })
    }

    async fn link_provider(&self, _: &str, _: &str, _: &FederatedIdentity) -> Result<(), DirectoryError> {
        Err(DirectoryError::Unsupported { operation: "AdminLinkProviderForUser" })
    }

    async fn unlink_provider(&self, _: &str, _: &FederatedIdentity) -> Result<(), DirectoryError> {
        Err(DirectoryError::Unsupported { operation: "AdminDisableProviderForUser" })
    }
}

async fn deliver(event: Value, config: &Config) -> Result<Value, TriggerError> {
    handle(Event::new(event)?, config, &NobodyElse).await.map(Answer::into_value)
}

#[tokio::test]
async fn whoever_is_admitted_gets_the_event_back_as_it_came() {
    for config in [config(&[]), config(&[("ALLOWED_EMAIL_DOMAINS", "example.com")])] {
        for text in [SIGN_UP, ADMIN, EXTERNAL] {
            assert_eq!(deliver(event(text), &config).await.unwrap(), event(text));
        }
    }
}

#[tokio::test]
async fn whoever_is_refused_reads_a_code_and_no_detail() {
    for config in [
        config(&[("ALLOWED_EMAIL_DOMAINS", "example.org")]),
        config(&[("DENIED_EMAIL_DOMAINS", "example.com")]),
    ] {
        for text in [SIGN_UP, ADMIN, EXTERNAL] {
            let error = deliver(event(text), &config).await.unwrap_err();
            assert_eq!(error.to_string(), "E_DOMAIN_NOT_ALLOWED: this e-mail domain may not sign up");
            assert!(!error.detail().unwrap().contains("ann"));
        }
    }
}

#[tokio::test]
async fn a_configured_domain_is_confirmed_and_only_the_response_changes() {
    let confirm = ("AUTO_CONFIRM_DOMAINS", "example.com");
    for (config, verified) in
        [(config(&[confirm]), false), (config(&[confirm, ("AUTO_VERIFY_EMAIL", "true")]), true)]
    {
        let mut expected = event(SIGN_UP);
        expected["response"] =
            json!({"autoConfirmUser": true, "autoVerifyEmail": verified, "autoVerifyPhone": false});
        assert_eq!(deliver(event(SIGN_UP), &config).await.unwrap(), expected);
        for text in [ADMIN, EXTERNAL] {
            assert_eq!(deliver(event(text), &config).await.unwrap(), event(text));
        }
    }
}

#[tokio::test]
async fn what_is_not_understood_comes_back_unchanged() {
    let config = config(&[("ALLOWED_EMAIL_DOMAINS", "example.org")]);
    for value in [
        event(CONFIRMATION),
        json!({}),
        json!({"triggerSource": null}),
        json!({"triggerSource": "Tomorrow_Something"}),
    ] {
        assert_eq!(deliver(value.clone(), &config).await.unwrap(), value);
    }
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_a_fixed_text() {
    for value in [json!(null), json!("ann@example.com"), json!([1])] {
        let error = deliver(value, &config(&[])).await.unwrap_err();
        assert_eq!(error.to_string(), "E_MALFORMED_EVENT: the request could not be read");
    }
}
