use std::time::Duration;

use portcullis_trigger::ConfigErrors;

/// See the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The address that e-mails come from.
    pub sender_address: String,
    /// What the e-mail calls the place one signs in to.
    pub app_name: Option<String>,
    /// How many digits a code has.
    pub code_digits: u8,
    /// How long a code is good.
    pub code_lifetime: Duration,
    /// After this time a new challenge is answered, not before, whether an e-mail had to be sent or not; what has not been
    /// sent by then is given up. One and a half seconds: no variable changes it.
    pub answer_after: Duration,
}

/// Longer than Amazon SES usually takes, and short enough for somebody who waits for a code.
const ANSWER_AFTER: Duration = Duration::from_millis(1500);

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let sender_address = lookup("SENDER_ADDRESS").unwrap_or_default();
        if sender_address.is_empty() {
            errors.push("SENDER_ADDRESS", "is missing: the address that e-mails come from");
        } else if !is_address(&sender_address) {
            errors.push("SENDER_ADDRESS", "is no e-mail address");
        }
        let app_name = lookup("APP_NAME");
        if let Some(name) = &app_name
            && (name.trim().is_empty() || name.len() > 60 || name.chars().any(char::is_control))
        {
            errors.push("APP_NAME", "is empty, longer than 60 bytes, or holds a control character");
        }
        let mut number = |variable, range: std::ops::RangeInclusive<u16>, default| match lookup(variable) {
            None => default,
            Some(text) => text.parse().ok().filter(|number| range.contains(number)).unwrap_or_else(|| {
                errors.push(variable, format!("is no number from {} to {}", range.start(), range.end()));
                default
            }),
        };
        let code_digits = u8::try_from(number("CODE_DIGITS", 6..=8, 8)).unwrap_or(8);
        let code_lifetime = Duration::from_secs(number("CODE_SECONDS", 60..=900, 180).into());
        errors.or(Self { sender_address, app_name, code_digits, code_lifetime, answer_after: ANSWER_AFTER })
    }
}

fn is_address(text: &str) -> bool {
    let odd =
        |character: char| !character.is_ascii_graphic() || matches!(character, '<' | '>' | ',' | ';' | '"');
    match text.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty()
                && domain.split('.').all(|label| !label.is_empty())
                && !domain.contains('@')
                && !text.chars().any(odd)
        }
        None => false,
    }
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
    fn an_address_is_enough() {
        let config = config(&[("SENDER_ADDRESS", "sign-in@example.com")]).unwrap();
        assert_eq!((config.code_digits, config.code_lifetime), (8, Duration::from_secs(180)));
        assert_eq!(config.app_name, None);
    }

    #[test]
    fn everything_can_be_set() {
        let config = config(&[
            ("SENDER_ADDRESS", "sign-in@example.com"),
            ("APP_NAME", "Notes"),
            ("CODE_DIGITS", "6"),
            ("CODE_SECONDS", "900"),
        ]);
        let expected = Config {
            sender_address: "sign-in@example.com".to_owned(),
            app_name: Some("Notes".to_owned()),
            code_digits: 6,
            code_lifetime: Duration::from_secs(900),
            answer_after: ANSWER_AFTER,
        };
        assert_eq!(config, Ok(expected));
    }

    #[test]
    fn all_mistakes_are_reported_at_once_and_repeat_no_value() {
        let mistakes = config(&[
            ("SENDER_ADDRESS", "Secret <a@example.com>"),
            ("APP_NAME", "a\nb"),
            ("CODE_DIGITS", "4"),
            ("CODE_SECONDS", "1h"),
        ]);
        let expected = "SENDER_ADDRESS is no e-mail address\n\
            APP_NAME is empty, longer than 60 bytes, or holds a control character\n\
            CODE_DIGITS is no number from 6 to 8\n\
            CODE_SECONDS is no number from 60 to 900";
        assert_eq!(mistakes.unwrap_err(), expected);
        assert_eq!(config(&[]).unwrap_err(), "SENDER_ADDRESS is missing: the address that e-mails come from");
        for wrong in ["a", "a@", "@b.com", "a@b..com", "a@b@c.com", "a b@c.com", "a@b.com\n"] {
            assert!(config(&[("SENDER_ADDRESS", wrong)]).is_err(), "{wrong}");
        }
    }
}
