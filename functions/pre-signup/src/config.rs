use portcullis_trigger::ConfigErrors;

use crate::{Domain, InvalidDomain};

/// Which domains may sign up; see the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// If there are any, no other domain may sign up.
    pub allowed: Vec<Domain>,
    /// These may not sign up, allowed or not.
    pub denied: Vec<Domain>,
    /// Users of these who sign up are confirmed without a code.
    pub auto_confirm: Vec<Domain>,
    /// Users who are confirmed without a code have a verified address.
    pub auto_verify_email: bool,
    /// An address that another provider does not call verified counts for the allowed list.
    pub insecure_trust_provider_email: bool,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let mut list = |variable, top_level| match lookup(variable) {
            Some(text) => domains(variable, &text, top_level, &mut errors),
            None => Vec::new(),
        };
        let allowed = list("ALLOWED_EMAIL_DOMAINS", false);
        let denied = list("DENIED_EMAIL_DOMAINS", true);
        let auto_confirm = list("AUTO_CONFIRM_DOMAINS", false);
        // A flag, and the list without which it does nothing.
        let mut flag = |variable, list| {
            let (set, problem) = match lookup(variable).as_deref() {
                None | Some("false") => return false,
                Some("true") if lookup(list).is_some() => return true,
                Some("true") => (true, format!("does nothing without {list}")),
                Some(_) => (false, "is neither `true` nor `false`".to_owned()),
            };
            errors.push(variable, problem);
            set
        };
        let auto_verify_email = flag("AUTO_VERIFY_EMAIL", "AUTO_CONFIRM_DOMAINS");
        let insecure_trust_provider_email = flag("INSECURE_TRUST_PROVIDER_EMAIL", "ALLOWED_EMAIL_DOMAINS");
        errors.or(Self { allowed, denied, auto_confirm, auto_verify_email, insecure_trust_provider_email })
    }

    /// If every user's domain is judged.
    pub(crate) fn has_lists(&self) -> bool {
        !self.allowed.is_empty() || !self.denied.is_empty()
    }
}

/// Reads a list. `top_level`: if an entry may be a top-level domain, which covers everything below
/// it.
fn domains(variable: &'static str, text: &str, top_level: bool, errors: &mut ConfigErrors) -> Vec<Domain> {
    if text.trim().is_empty() {
        errors.push(variable, "is set and empty: leave it out if there is no list");
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, entry) in text.split(',').enumerate() {
        match Domain::parse(entry.trim()) {
            Ok(domain) if top_level || !domain.is_top_level() => found.push(domain),
            Ok(_) => errors.push(variable, entry_problem(index, InvalidDomain::TopLevel)),
            Err(error) => errors.push(variable, entry_problem(index, error)),
        }
    }
    found
}

fn entry_problem(index: usize, error: InvalidDomain) -> String {
    format!("entry {} {error}", index + 1)
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
    fn nothing_configured_judges_nobody() {
        assert_eq!(config(&[]).unwrap(), Config::default());
    }

    #[test]
    fn lists_are_read_in_any_case_with_blanks_around_commas() {
        let config = config(&[
            ("ALLOWED_EMAIL_DOMAINS", "Example.com, example.org"),
            ("DENIED_EMAIL_DOMAINS", "zip"),
            ("AUTO_CONFIRM_DOMAINS", "dev.example.com"),
            ("AUTO_VERIFY_EMAIL", "true"),
            ("INSECURE_TRUST_PROVIDER_EMAIL", "true"),
        ]);
        let domains =
            |texts: &[&str]| texts.iter().map(|text| Domain::parse(text).unwrap()).collect::<Vec<_>>();
        let expected = Config {
            allowed: domains(&["example.com", "example.org"]),
            denied: domains(&["zip"]),
            auto_confirm: domains(&["dev.example.com"]),
            auto_verify_email: true,
            insecure_trust_provider_email: true,
        };
        assert_eq!(config.unwrap(), expected);
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let mistakes = config(&[
            ("ALLOWED_EMAIL_DOMAINS", "@example.com,,com,a b.com"),
            ("DENIED_EMAIL_DOMAINS", " "),
            ("AUTO_CONFIRM_DOMAINS", "*.example.com"),
            ("AUTO_VERIFY_EMAIL", "yes"),
            ("INSECURE_TRUST_PROVIDER_EMAIL", ""),
        ]);
        let expected = "ALLOWED_EMAIL_DOMAINS entry 1 has an `@`: write the domain alone\n\
            ALLOWED_EMAIL_DOMAINS entry 2 is empty\n\
            ALLOWED_EMAIL_DOMAINS entry 3 is a whole top-level domain\n\
            ALLOWED_EMAIL_DOMAINS entry 4 has a character that a domain cannot have there\n\
            DENIED_EMAIL_DOMAINS is set and empty: leave it out if there is no list\n\
            AUTO_CONFIRM_DOMAINS entry 1 has a `*`: a domain covers those below it already\n\
            AUTO_VERIFY_EMAIL is neither `true` nor `false`\n\
            INSECURE_TRUST_PROVIDER_EMAIL is neither `true` nor `false`";
        assert_eq!(mistakes.unwrap_err(), expected);
    }

    #[test]
    fn a_flag_without_its_list_is_a_mistake() {
        for (flag, list) in [
            ("AUTO_VERIFY_EMAIL", "AUTO_CONFIRM_DOMAINS"),
            ("INSECURE_TRUST_PROVIDER_EMAIL", "ALLOWED_EMAIL_DOMAINS"),
        ] {
            assert_eq!(config(&[(flag, "true")]).unwrap_err(), format!("{flag} does nothing without {list}"));
            assert_eq!(config(&[(flag, "false")]), Ok(Config::default()));
        }
    }
}
