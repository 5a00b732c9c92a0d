use portcullis_directory::{Domain, EmailRules};
use portcullis_trigger::ConfigErrors;

use crate::Providers;

/// Who may sign up, and how; see the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// Which e-mail domains may sign up.
    pub email: EmailRules,
    /// Users of these domains who sign up are confirmed without a code.
    pub auto_confirm: Vec<Domain>,
    /// Users who are confirmed without a code have a verified address.
    pub auto_verify_email: bool,
    /// The providers whose users may come in; all, if there is no list.
    pub providers: Option<Providers>,
    /// Whose users become one with those of the pool; `None` if nobody's do.
    pub linking: Option<Linking>,
}

/// Which federated users become one with those of the pool, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linking {
    /// What happens.
    pub policy: LinkPolicy,
    /// The providers that are trusted to say whose an address is.
    pub providers: Providers,
}

/// What happens to somebody who comes from another provider for the first time, with an address that is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkPolicy {
    /// They become one with the user of the pool who has the address; without one they get a user of their own.
    Existing,
    /// The same, and without a user of the pool one is made first.
    Native,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let email = EmailRules::from_env(&lookup, &mut |variable, problem| errors.push(variable, problem));
        let auto_confirm = match lookup("AUTO_CONFIRM_DOMAINS") {
            Some(text) => Domain::list(&text, false, |problem| errors.push("AUTO_CONFIRM_DOMAINS", problem)),
            None => Vec::new(),
        };
        let auto_verify_email = match lookup("AUTO_VERIFY_EMAIL").as_deref() {
            None | Some("false") => false,
            Some("true") => {
                if lookup("AUTO_CONFIRM_DOMAINS").is_none() {
                    errors.push("AUTO_VERIFY_EMAIL", "does nothing without AUTO_CONFIRM_DOMAINS");
                }
                true
            }
            Some(_) => {
                errors.push("AUTO_VERIFY_EMAIL", "is neither `true` nor `false`");
                false
            }
        };
        let providers = providers("PROVIDERS", &lookup, &mut errors);
        let linking = linking(&lookup, providers.as_ref(), &mut errors);
        if linking.is_some() && auto_verify_email {
            errors.push(
                "LINK_POLICY",
                "links to addresses that AUTO_VERIFY_EMAIL calls verified and nobody has proven",
            );
        }
        errors.or(Self { email, auto_confirm, auto_verify_email, providers, linking })
    }
}

fn linking(
    lookup: impl Fn(&str) -> Option<String>,
    known: Option<&Providers>,
    errors: &mut ConfigErrors,
) -> Option<Linking> {
    const POLICY: &str = "LINK_POLICY";
    const PROVIDERS: &str = "LINK_PROVIDERS";
    let trusted = providers(PROVIDERS, &lookup, errors);
    let policy = match lookup(POLICY).as_deref() {
        None | Some("off") => {
            if trusted.is_some() {
                errors.push(PROVIDERS, "does nothing without LINK_POLICY");
            }
            return None;
        }
        Some("link") => LinkPolicy::Existing,
        Some("native") => LinkPolicy::Native,
        Some(_) => {
            errors.push(POLICY, "is none of `off`, `link` and `native`");
            return None;
        }
    };
    // A name is told from a longer one that begins with it only by knowing both.
    let Some(known) = known else {
        errors.push(POLICY, "needs PROVIDERS, the names of all providers of the pool");
        return None;
    };
    let Some(providers) = trusted else {
        errors
            .push(POLICY, "needs LINK_PROVIDERS, the providers that are trusted to say whose an address is");
        return None;
    };
    for (index, name) in providers.names().enumerate() {
        if !known.contains(name) {
            errors.push(PROVIDERS, format!("entry {} is not in PROVIDERS", index + 1));
        }
    }
    Some(Linking { policy, providers })
}

fn providers(
    variable: &'static str,
    lookup: impl Fn(&str) -> Option<String>,
    errors: &mut ConfigErrors,
) -> Option<Providers> {
    Some(Providers::parse(&lookup(variable)?, |problem| errors.push(variable, problem)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_env(lookup).map_err(|errors| errors.to_string())
    }

    fn names(text: &str) -> Providers {
        Providers::parse(text, |problem| panic!("{problem}"))
    }

    #[test]
    fn nothing_configured_judges_nobody() {
        assert_eq!(config(&[]).unwrap(), Config::default());
        assert_eq!(config(&[("LINK_POLICY", "off")]).unwrap(), Config::default());
    }

    #[test]
    fn lists_are_read_in_any_case_with_blanks_around_commas() {
        let config = config(&[
            ("ALLOWED_EMAIL_DOMAINS", "Example.com, example.org"),
            ("DENIED_EMAIL_DOMAINS", "zip"),
            ("AUTO_CONFIRM_DOMAINS", "dev.example.com"),
            ("AUTO_VERIFY_EMAIL", "true"),
            ("INSECURE_TRUST_PROVIDER_EMAIL", "true"),
            ("PROVIDERS", "Google, Corp_SAML"),
        ]);
        let domains =
            |texts: &[&str]| texts.iter().map(|text| Domain::parse(text).unwrap()).collect::<Vec<_>>();
        let expected = Config {
            email: EmailRules {
                allowed: domains(&["example.com", "example.org"]),
                denied: domains(&["zip"]),
                insecure_trust_provider_email: true,
            },
            auto_confirm: domains(&["dev.example.com"]),
            auto_verify_email: true,
            providers: Some(names("Google,Corp_SAML")),
            linking: None,
        };
        assert_eq!(config.unwrap(), expected);
    }

    #[test]
    fn a_link_policy_names_the_providers_that_it_trusts() {
        for (policy, expected) in [("link", LinkPolicy::Existing), ("native", LinkPolicy::Native)] {
            let config = config(&[
                ("PROVIDERS", "Google,Facebook"),
                ("LINK_POLICY", policy),
                ("LINK_PROVIDERS", "google"),
            ]);
            let expected = Linking { policy: expected, providers: names("google") };
            assert_eq!(config.unwrap().linking, Some(expected));
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let mistakes = config(&[
            ("ALLOWED_EMAIL_DOMAINS", "@example.com,,com,a b.com"),
            ("DENIED_EMAIL_DOMAINS", " "),
            ("AUTO_CONFIRM_DOMAINS", "*.example.com"),
            ("AUTO_VERIFY_EMAIL", "yes"),
            ("INSECURE_TRUST_PROVIDER_EMAIL", ""),
            ("PROVIDERS", "Google,,two words"),
            ("LINK_POLICY", "always"),
        ]);
        let expected = "ALLOWED_EMAIL_DOMAINS entry 1 has an `@`: write the domain alone\n\
            ALLOWED_EMAIL_DOMAINS entry 2 is empty\n\
            ALLOWED_EMAIL_DOMAINS entry 3 is a whole top-level domain\n\
            ALLOWED_EMAIL_DOMAINS entry 4 has a character that a domain cannot have there\n\
            DENIED_EMAIL_DOMAINS is set and empty: leave it out if there is no list\n\
            INSECURE_TRUST_PROVIDER_EMAIL is neither `true` nor `false`\n\
            AUTO_CONFIRM_DOMAINS entry 1 has a `*`: a domain covers those below it already\n\
            AUTO_VERIFY_EMAIL is neither `true` nor `false`\n\
            PROVIDERS entry 2 is no provider's name: 1 to 40 characters without blanks\n\
            PROVIDERS entry 3 is no provider's name: 1 to 40 characters without blanks\n\
            LINK_POLICY is none of `off`, `link` and `native`";
        assert_eq!(mistakes.unwrap_err(), expected);
    }

    #[test]
    fn a_variable_without_the_one_that_it_needs_is_a_mistake() {
        let google = ("PROVIDERS", "Google");
        let link = ("LINK_POLICY", "link");
        let trusted = ("LINK_PROVIDERS", "Google");
        let rows: [(&[(&str, &str)], &str); 7] = [
            (&[("AUTO_VERIFY_EMAIL", "true")], "AUTO_VERIFY_EMAIL does nothing without AUTO_CONFIRM_DOMAINS"),
            (
                &[("INSECURE_TRUST_PROVIDER_EMAIL", "true")],
                "INSECURE_TRUST_PROVIDER_EMAIL does nothing without ALLOWED_EMAIL_DOMAINS",
            ),
            (&[trusted], "LINK_PROVIDERS does nothing without LINK_POLICY"),
            (&[link, trusted], "LINK_POLICY needs PROVIDERS, the names of all providers of the pool"),
            (
                &[link, google],
                "LINK_POLICY needs LINK_PROVIDERS, the providers that are trusted to say whose an address is",
            ),
            (
                &[link, google, ("LINK_PROVIDERS", "google,Corp")],
                "LINK_PROVIDERS entry 2 is not in PROVIDERS",
            ),
            (
                &[
                    link,
                    google,
                    trusted,
                    ("AUTO_CONFIRM_DOMAINS", "example.com"),
                    ("AUTO_VERIFY_EMAIL", "true"),
                ],
                "LINK_POLICY links to addresses that AUTO_VERIFY_EMAIL calls verified and nobody has proven",
            ),
        ];
        for (variables, expected) in rows {
            assert_eq!(config(variables).unwrap_err(), expected);
        }
        for flag in ["AUTO_VERIFY_EMAIL", "INSECURE_TRUST_PROVIDER_EMAIL"] {
            assert_eq!(config(&[(flag, "false")]), Ok(Config::default()));
        }
    }
}
