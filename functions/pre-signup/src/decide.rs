use portcullis_events::{PreSignUp, PreSignUpSource, PublicError, TriggerError};

use crate::{Config, Domain};

/// The domain is denied, or is not on the allowed list. The client does not learn which.
pub const DOMAIN_NOT_ALLOWED: PublicError =
    PublicError::new("E_DOMAIN_NOT_ALLOWED", "this e-mail domain may not sign up");

/// There is a list, and no e-mail address.
pub const EMAIL_REQUIRED: PublicError =
    PublicError::new("E_EMAIL_REQUIRED", "signing up needs an e-mail address");

/// There is a list, and the e-mail address has no domain that could be compared.
pub const EMAIL_MALFORMED: PublicError =
    PublicError::new("E_EMAIL_MALFORMED", "this e-mail address cannot be used");

/// There is an allowed list, and the provider does not vouch for the e-mail address.
pub const EMAIL_NOT_VERIFIED: PublicError =
    PublicError::new("E_EMAIL_NOT_VERIFIED", "the provider has not verified this e-mail address");

/// What happens to a user who may sign up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verdict {
    /// They need no code.
    pub auto_confirm: bool,
    /// Their e-mail address counts as verified. Never without `auto_confirm`.
    pub auto_verify_email: bool,
}

/// If the user may sign up, and how.
///
/// # Errors
///
/// The user may not: [`DOMAIN_NOT_ALLOWED`], [`EMAIL_REQUIRED`], [`EMAIL_MALFORMED`], [`EMAIL_NOT_VERIFIED`].
pub fn decide(sign_up: &PreSignUp<'_>, config: &Config) -> Result<Verdict, TriggerError> {
    let address = sign_up.user_attributes().email();
    let domain = address.and_then(Domain::of_address);
    if config.has_lists() {
        match &domain {
            Some(domain) => check(domain, config)?,
            None if address.is_none() => return Err(EMAIL_REQUIRED.into()),
            None => return Err(EMAIL_MALFORMED.into()),
        }
    }
    // Nobody sends a federated user a code: who may enter an address at the provider would be let in by it.
    let vouched = sign_up.user_attributes().is_true("email_verified") || config.insecure_trust_provider_email;
    if sign_up.source() == PreSignUpSource::ExternalProvider && !config.allowed.is_empty() && !vouched {
        return Err(EMAIL_NOT_VERIFIED.into());
    }
    // Cognito ignores the flags for an administrator's users, and federated ones need no code.
    let signs_up = sign_up.source() == PreSignUpSource::SignUp;
    let auto_confirm = signs_up && domain.is_some_and(|domain| covered(&config.auto_confirm, &domain));
    Ok(Verdict { auto_confirm, auto_verify_email: auto_confirm && config.auto_verify_email })
}

fn check(domain: &Domain, config: &Config) -> Result<(), TriggerError> {
    if covered(&config.denied, domain) {
        return Err(DOMAIN_NOT_ALLOWED.with_detail("the domain is on the denied list"));
    }
    if !config.allowed.is_empty() && !covered(&config.allowed, domain) {
        return Err(DOMAIN_NOT_ALLOWED.with_detail("the domain is not on the allowed list"));
    }
    Ok(())
}

fn covered(list: &[Domain], domain: &Domain) -> bool {
    list.iter().any(|entry| entry.covers(domain))
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
        let yes = Ok(Verdict::default());
        let no = Err("E_DOMAIN_NOT_ALLOWED");
        let required = Err("E_EMAIL_REQUIRED");
        let malformed = Err("E_EMAIL_MALFORMED");
        let rows: [(Variables, Value, Expected); 21] = [
            (&[], json!("ann@anywhere.net"), yes),
            (&[], json!(null), yes),
            (&[], json!("not an address"), yes),
            (&[ALLOWED], json!("ann@example.com"), yes),
            (&[ALLOWED], json!("ann@EXAMPLE.COM"), yes),
            (&[ALLOWED], json!("ann@mail.example.com"), yes),
            (&[ALLOWED], json!("ann@evil-example.com"), no),
            (&[ALLOWED], json!("ann@example.com.evil.net"), no),
            (&[ALLOWED], json!("example.com@evil.net"), no),
            (&[ALLOWED], json!("ann@evil.net@example.com"), malformed),
            (&[ALLOWED], json!("\"ann@x\"@example.com"), malformed),
            (&[ALLOWED], json!("ann@example.com "), malformed),
            (&[ALLOWED], json!(""), required),
            (&[ALLOWED], json!(null), required),
            (&[ALLOWED], json!(["ann@example.com"]), required),
            (&[DENIED], json!("ann@anywhere.net"), yes),
            (&[DENIED], json!("ann@spam.example.com"), no),
            (&[DENIED], json!("ann@files.zip"), no),
            (&[DENIED], json!(null), required),
            (&[ALLOWED, DENIED], json!("ann@spam.example.com"), no),
            (&[ALLOWED, DENIED], json!("ann@a.spam.example.com"), no),
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
        let (federated, yes, no) =
            ("PreSignUp_ExternalProvider", Ok(Verdict::default()), Err("E_EMAIL_NOT_VERIFIED"));
        let rows: [(Variables, &str, Value, Expected); 14] = [
            (&[ALLOWED], federated, json!("true"), yes),
            (&[ALLOWED], federated, json!("false"), no),
            (&[ALLOWED], federated, json!("True"), no),
            (&[ALLOWED], federated, json!(""), no),
            (&[ALLOWED], federated, json!(null), no),
            (&[ALLOWED, DENIED], federated, json!(null), no),
            (&[ALLOWED, TRUST], federated, json!(null), yes),
            (&[ALLOWED, TRUST], federated, json!("false"), yes),
            // Without an allowed list an address gives nobody anything.
            (&[DENIED], federated, json!(null), yes),
            (&[], federated, json!(null), yes),
            // A code goes to the address, or an administrator vouches.
            (&[ALLOWED], "PreSignUp_SignUp", json!(null), yes),
            (&[ALLOWED], "PreSignUp_SignUp", json!("false"), yes),
            (&[ALLOWED], "PreSignUp_AdminCreateUser", json!(null), yes),
            (&[ALLOWED], "PreSignUp_AdminCreateUser", json!("false"), yes),
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
        let code = Ok(Verdict::default());
        let confirmed = Ok(Verdict { auto_confirm: true, auto_verify_email: false });
        let verified = Ok(Verdict { auto_confirm: true, auto_verify_email: true });
        let rows: [(Variables, &str, Value, Expected); 9] = [
            (&[CONFIRM], "PreSignUp_SignUp", json!("ann@dev.example.com"), confirmed),
            (&[CONFIRM], "PreSignUp_SignUp", json!("ann@a.dev.example.com"), confirmed),
            (&[CONFIRM], "PreSignUp_SignUp", json!("ann@example.com"), code),
            (&[CONFIRM], "PreSignUp_SignUp", json!(null), code),
            (&[CONFIRM], "PreSignUp_SignUp", json!("\"ann\"@dev.example.com"), code),
            (&[CONFIRM, VERIFY], "PreSignUp_SignUp", json!("ann@dev.example.com"), verified),
            (&[CONFIRM, VERIFY], "PreSignUp_SignUp", json!("ann@example.com"), code),
            (&[CONFIRM, VERIFY], "PreSignUp_AdminCreateUser", json!("ann@dev.example.com"), code),
            (&[CONFIRM, VERIFY], "PreSignUp_ExternalProvider", json!("ann@dev.example.com"), code),
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
}
