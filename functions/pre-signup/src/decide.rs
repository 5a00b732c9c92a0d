use portcullis_directory::{Domain, EMAIL_MALFORMED, EMAIL_NOT_VERIFIED, EMAIL_REQUIRED};
use portcullis_events::{PreSignUp, PreSignUpSource, PublicError, TriggerError};

use crate::{Address, Config, LinkPolicy, Newcomer};

/// The provider is not on the list, or the event does not say which one it is.
pub const PROVIDER_NOT_ALLOWED: PublicError =
    PublicError::new("E_PROVIDER_NOT_ALLOWED", "signing up through this provider is not offered");

/// What happens to a user who may sign up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// They go on as if there were no function.
    Admit,
    /// They need no code.
    Confirm,
    /// They need no code and their address counts as verified, unless another user has it.
    ConfirmAndVerify(Address),
    /// They become one with a user of the pool, if that is safe.
    Link(Newcomer, LinkPolicy),
}

/// If the user may sign up, and how.
///
/// # Errors
///
/// The user may not: [`PROVIDER_NOT_ALLOWED`] and those of [`EmailRules::judge`](portcullis_directory::EmailRules::judge).
pub fn decide(sign_up: &PreSignUp<'_>, config: &Config) -> Result<Verdict, TriggerError> {
    let source = sign_up.source();
    config.email.judge(sign_up.user_attributes(), source == PreSignUpSource::ExternalProvider)?;
    match source {
        PreSignUpSource::ExternalProvider => federated(sign_up, config),
        PreSignUpSource::SignUp => Ok(without_code(sign_up, config)),
        // Cognito ignores the flags for an administrator's users.
        PreSignUpSource::AdminCreateUser | PreSignUpSource::Other => Ok(Verdict::Admit),
    }
}

fn without_code(sign_up: &PreSignUp<'_>, config: &Config) -> Verdict {
    let address = sign_up.user_attributes().email().unwrap_or_default();
    let covered =
        Domain::of_address(address).is_some_and(|domain| domain.is_covered_by(&config.auto_confirm));
    match (covered, config.auto_verify_email) {
        (false, _) => Verdict::Admit,
        (true, false) => Verdict::Confirm,
        (true, true) => Verdict::ConfirmAndVerify(Address(address.to_owned())),
    }
}

fn federated(sign_up: &PreSignUp<'_>, config: &Config) -> Result<Verdict, TriggerError> {
    let Some(providers) = &config.providers else {
        return Ok(Verdict::Admit);
    };
    let attributes = sign_up.user_attributes();
    let username = sign_up.event().user_name().unwrap_or_default();
    let unlisted =
        || PROVIDER_NOT_ALLOWED.with_detail("the user's name and identities fit no listed provider");
    let identity = providers.identity(username, attributes).ok_or_else(unlisted)?;
    let Some(linking) =
        config.linking.as_ref().filter(|linking| linking.providers.contains(&identity.provider))
    else {
        return Ok(Verdict::Admit);
    };
    // Admitted without a link, they could never be linked any more: Cognito links nobody who has signed in.
    let address = attributes.email().ok_or(EMAIL_REQUIRED)?;
    if !attributes.is_true("email_verified") {
        return Err(EMAIL_NOT_VERIFIED.with_detail("not verified, so not linked"));
    }
    Domain::of_address(address).ok_or(EMAIL_MALFORMED)?;
    Ok(Verdict::Link(Newcomer { identity, email: Address(address.to_owned()) }, linking.policy))
}

#[cfg(test)]
mod tests {
    use portcullis_events::Event;
    use serde_json::{Value, json};

    use super::*;

    const ALLOWED: (&str, &str) = ("ALLOWED_EMAIL_DOMAINS", "example.com");
    const DENIED: (&str, &str) = ("DENIED_EMAIL_DOMAINS", "spam.example.com,zip");
    const CONFIRM: (&str, &str) = ("AUTO_CONFIRM_DOMAINS", "dev.example.com");
    const VERIFY: (&str, &str) = ("AUTO_VERIFY_EMAIL", "true");

    type Variables = &'static [(&'static str, &'static str)];
    type Expected = Result<Verdict, &'static str>;

    const ADMITTED: Expected = Ok(Verdict::Admit);
    const CONFIRMED: Expected = Ok(Verdict::Confirm);
    const DENIED_DOMAIN: Expected = Err("E_DOMAIN_NOT_ALLOWED");
    const REQUIRED: Expected = Err("E_EMAIL_REQUIRED");
    const MALFORMED: Expected = Err("E_EMAIL_MALFORMED");
    const NOT_VERIFIED: Expected = Err("E_EMAIL_NOT_VERIFIED");

    fn outcome(variables: &[(&str, &str)], source: &str, email: Value) -> Result<Verdict, &'static str> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let config = Config::from_env(lookup).unwrap();
        let attributes = json!({"email": email, "email_verified": "true"});
        of_attributes(&config, source, attributes)
    }

    fn of_attributes(config: &Config, source: &str, attributes: Value) -> Result<Verdict, &'static str> {
        let event = json!({"triggerSource": source, "request": {"userAttributes": attributes}});
        let mut event = Event::new(event).unwrap();
        decide(&PreSignUp::of(&mut event).unwrap(), config).map_err(|error| error.code())
    }

    #[test]
    fn the_lists_decide_for_every_source() {
        let rows: [(Variables, Value, Expected); 21] = [
            (&[], json!("ann@anywhere.net"), ADMITTED),
            (&[], json!(null), ADMITTED),
            (&[], json!("not an address"), ADMITTED),
            (&[ALLOWED], json!("ann@example.com"), ADMITTED),
            (&[ALLOWED], json!("ann@EXAMPLE.COM"), ADMITTED),
            (&[ALLOWED], json!("ann@mail.example.com"), ADMITTED),
            (&[ALLOWED], json!("ann@evil-example.com"), DENIED_DOMAIN),
            (&[ALLOWED], json!("ann@example.com.evil.net"), DENIED_DOMAIN),
            (&[ALLOWED], json!("example.com@evil.net"), DENIED_DOMAIN),
            (&[ALLOWED], json!("ann@evil.net@example.com"), MALFORMED),
            (&[ALLOWED], json!("\"ann@x\"@example.com"), MALFORMED),
            (&[ALLOWED], json!("ann@example.com "), MALFORMED),
            (&[ALLOWED], json!(""), REQUIRED),
            (&[ALLOWED], json!(null), REQUIRED),
            (&[ALLOWED], json!(["ann@example.com"]), REQUIRED),
            (&[DENIED], json!("ann@anywhere.net"), ADMITTED),
            (&[DENIED], json!("ann@spam.example.com"), DENIED_DOMAIN),
            (&[DENIED], json!("ann@files.zip"), DENIED_DOMAIN),
            (&[DENIED], json!(null), REQUIRED),
            (&[ALLOWED, DENIED], json!("ann@spam.example.com"), DENIED_DOMAIN),
            (&[ALLOWED, DENIED], json!("ann@a.spam.example.com"), DENIED_DOMAIN),
        ];
        for (variables, email, expected) in rows {
            for source in [
                "PreSignUp_SignUp",
                "PreSignUp_AdminCreateUser",
                "PreSignUp_ExternalProvider",
                "PreSignUp_Tomorrow",
            ] {
                assert_eq!(
                    outcome(variables, source, email.clone()),
                    expected,
                    "{variables:?} {source} {email}"
                );
            }
        }
    }

    #[test]
    fn a_provider_must_vouch_for_an_address_on_the_allowed_list() {
        const TRUST: (&str, &str) = ("INSECURE_TRUST_PROVIDER_EMAIL", "true");
        let federated = "PreSignUp_ExternalProvider";
        let rows: [(Variables, &str, Value, Expected); 14] = [
            (&[ALLOWED], federated, json!("true"), ADMITTED),
            (&[ALLOWED], federated, json!("false"), NOT_VERIFIED),
            (&[ALLOWED], federated, json!("True"), NOT_VERIFIED),
            (&[ALLOWED], federated, json!(""), NOT_VERIFIED),
            (&[ALLOWED], federated, json!(null), NOT_VERIFIED),
            (&[ALLOWED, DENIED], federated, json!(null), NOT_VERIFIED),
            (&[ALLOWED, TRUST], federated, json!(null), ADMITTED),
            (&[ALLOWED, TRUST], federated, json!("false"), ADMITTED),
            // Without an allowed list an address gives nobody anything.
            (&[DENIED], federated, json!(null), ADMITTED),
            (&[], federated, json!(null), ADMITTED),
            // A code goes to the address, or an administrator vouches.
            (&[ALLOWED], "PreSignUp_SignUp", json!(null), ADMITTED),
            (&[ALLOWED], "PreSignUp_SignUp", json!("false"), ADMITTED),
            (&[ALLOWED], "PreSignUp_AdminCreateUser", json!(null), ADMITTED),
            (&[ALLOWED], "PreSignUp_AdminCreateUser", json!("false"), ADMITTED),
        ];
        for (variables, source, verified, expected) in rows {
            let lookup = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            let config = Config::from_env(lookup).unwrap();
            let attributes = json!({"email": "ann@example.com", "email_verified": verified});
            assert_eq!(
                of_attributes(&config, source, attributes),
                expected,
                "{variables:?} {source} {verified}"
            );
            let elsewhere = json!({"email": "ann@files.zip", "email_verified": verified});
            if !variables.is_empty() {
                let refused = of_attributes(&config, source, elsewhere);
                assert_eq!(refused, Err("E_DOMAIN_NOT_ALLOWED"), "the list comes first");
            }
        }
    }

    #[test]
    fn only_those_who_sign_up_with_a_configured_domain_need_no_code() {
        let verified = Ok(Verdict::ConfirmAndVerify(Address("ann@dev.example.com".to_owned())));
        let rows: [(Variables, &str, Value, Expected); 9] = [
            (&[CONFIRM], "PreSignUp_SignUp", json!("ann@dev.example.com"), CONFIRMED),
            (&[CONFIRM], "PreSignUp_SignUp", json!("ann@a.dev.example.com"), CONFIRMED),
            (&[CONFIRM], "PreSignUp_SignUp", json!("ann@example.com"), ADMITTED),
            (&[CONFIRM], "PreSignUp_SignUp", json!(null), ADMITTED),
            (&[CONFIRM], "PreSignUp_SignUp", json!("\"ann\"@dev.example.com"), ADMITTED),
            (&[CONFIRM, VERIFY], "PreSignUp_SignUp", json!("ann@dev.example.com"), verified),
            (&[CONFIRM, VERIFY], "PreSignUp_SignUp", json!("ann@example.com"), ADMITTED),
            (&[CONFIRM, VERIFY], "PreSignUp_AdminCreateUser", json!("ann@dev.example.com"), ADMITTED),
            (&[CONFIRM, VERIFY], "PreSignUp_ExternalProvider", json!("ann@dev.example.com"), ADMITTED),
        ];
        for (variables, source, email, expected) in rows {
            assert_eq!(outcome(variables, source, email.clone()), expected, "{variables:?} {source} {email}");
        }
    }

    #[test]
    fn a_denied_domain_is_not_confirmed() {
        let denied = ("DENIED_EMAIL_DOMAINS", "dev.example.com");
        assert_eq!(
            outcome(&[CONFIRM, denied], "PreSignUp_SignUp", json!("ann@dev.example.com")),
            Err("E_DOMAIN_NOT_ALLOWED")
        );
    }

    #[test]
    fn whoever_comes_from_another_provider_is_admitted_linked_or_refused_by_the_provider() {
        const PROVIDERS: (&str, &str) = ("PROVIDERS", "Google,Corp,Corp_SAML");
        const LINK: (&str, &str) = ("LINK_POLICY", "link");
        const TRUSTED: (&str, &str) = ("LINK_PROVIDERS", "google,Corp_SAML");
        const TRUST: (&str, &str) = ("INSECURE_TRUST_PROVIDER_EMAIL", "true");
        let linked = |provider: &str, subject: &str| {
            let identity = portcullis_directory::FederatedIdentity {
                provider: provider.into(),
                subject: subject.into(),
            };
            let email = Address("ann@example.com".to_owned());
            Ok(Verdict::Link(Newcomer { identity, email }, LinkPolicy::Existing))
        };
        let (ann, verified) = (json!("ann@example.com"), json!("true"));
        let unlisted = Err("E_PROVIDER_NOT_ALLOWED");
        let rows: [(Variables, &str, Value, Value, Expected); 16] = [
            (&[], "Facebook_7", ann.clone(), json!(null), ADMITTED),
            (&[PROVIDERS], "google_7", ann.clone(), json!(null), ADMITTED),
            (&[PROVIDERS], "corp_saml_7", ann.clone(), json!(null), ADMITTED),
            (&[PROVIDERS], "Facebook_7", ann.clone(), verified.clone(), unlisted.clone()),
            (&[PROVIDERS], "google", ann.clone(), verified.clone(), unlisted.clone()),
            (&[PROVIDERS, LINK, TRUSTED], "Facebook_7", ann.clone(), verified.clone(), unlisted),
            (&[PROVIDERS, LINK, TRUSTED], "google_7", ann.clone(), verified.clone(), linked("Google", "7")),
            (
                &[PROVIDERS, LINK, TRUSTED],
                "corp_saml_a_b",
                ann.clone(),
                verified.clone(),
                linked("Corp_SAML", "a_b"),
            ),
            // A provider that is not trusted for it is admitted without a link, whatever it says.
            (&[PROVIDERS, LINK, TRUSTED], "Corp_7", ann.clone(), verified.clone(), ADMITTED),
            (&[PROVIDERS, LINK, TRUSTED], "Corp_7", ann.clone(), json!("false"), ADMITTED),
            (
                &[PROVIDERS, LINK, TRUSTED],
                "google_7",
                ann.clone(),
                json!("false"),
                Err("E_EMAIL_NOT_VERIFIED"),
            ),
            (&[PROVIDERS, LINK, TRUSTED], "google_7", ann.clone(), json!(null), NOT_VERIFIED),
            // Trusting every provider's address for the list is not trusting it for an account.
            (
                &[PROVIDERS, LINK, TRUSTED, ALLOWED, TRUST],
                "google_7",
                ann.clone(),
                json!("false"),
                Err("E_EMAIL_NOT_VERIFIED"),
            ),
            (&[PROVIDERS, LINK, TRUSTED], "google_7", json!(null), verified.clone(), REQUIRED),
            (
                &[PROVIDERS, LINK, TRUSTED],
                "google_7",
                json!("\"ann\"@example.com"),
                verified.clone(),
                Err("E_EMAIL_MALFORMED"),
            ),
            (
                &[PROVIDERS, LINK, TRUSTED, DENIED],
                "google_7",
                json!("ann@files.zip"),
                verified,
                Err("E_DOMAIN_NOT_ALLOWED"),
            ),
        ];
        for (variables, username, email, verified, expected) in rows {
            let lookup = |name: &str| {
                variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
            };
            let config = Config::from_env(lookup).unwrap();
            let event = json!({
                "triggerSource": "PreSignUp_ExternalProvider", "userName": username,
                "request": {"userAttributes": {"email": email, "email_verified": verified}},
            });
            let mut event = Event::new(event).unwrap();
            let verdict = decide(&PreSignUp::of(&mut event).unwrap(), &config).map_err(|error| error.code());
            assert_eq!(verdict, expected, "{variables:?} {username} {email} {verified}");
        }
    }
}
