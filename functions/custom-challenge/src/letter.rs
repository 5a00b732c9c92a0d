use std::fmt;

use crate::{Config, code::Code};

/// An e-mail with a code. Its `Debug` form shows neither the code nor the address.
pub struct Letter {
    to: String,
    subject: String,
    text: String,
}

impl Letter {
    pub(crate) fn new(to: &str, code: &Code, config: &Config) -> Self {
        let place = config.app_name.as_deref().map(|name| format!(" to {name}")).unwrap_or_default();
        let minutes = config.code_lifetime.as_secs().div_ceil(60);
        let minutes = if minutes == 1 { "a minute".to_owned() } else { format!("{minutes} minutes") };
        Self {
            to: to.to_owned(),
            subject: format!("Your code to sign in{place}"),
            // The code stands on a line of its own, so that it is found and copied easily.
            text: format!(
                "Your code to sign in{place} is\n\n{}\n\nIt is good for {minutes}. If you did not ask for it, somebody \
                 has typed your address: do nothing, and tell nobody the code.\n",
                code.digits()
            ),
        }
    }

    /// The address that it goes to.
    #[must_use]
    pub fn to(&self) -> &str {
        &self.to
    }

    /// The subject. It does not hold the code, for it is shown on locked screens.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The text, which is plain.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Letter(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_what_the_code_is_for_and_hides_it_from_the_subject_and_the_log() {
        let variables = |name: &str| match name {
            "SENDER_ADDRESS" => Some("sign-in@example.com".to_owned()),
            "APP_NAME" => Some("Notes".to_owned()),
            "CODE_SECONDS" => Some("61".to_owned()),
            _ => None,
        };
        let config = Config::from_env(variables).unwrap();
        let letter = Letter::new("ann@example.com", &Code::typed("12345678"), &config);
        assert_eq!(letter.to(), "ann@example.com");
        assert_eq!(letter.subject(), "Your code to sign in to Notes");
        assert!(
            letter
                .text()
                .starts_with("Your code to sign in to Notes is\n\n12345678\n\nIt is good for 2 minutes.")
        );
        assert_eq!(format!("{letter:?}"), "Letter(..)");
    }
}
