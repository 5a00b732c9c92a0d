use portcullis_trigger::ConfigErrors;

/// See the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The key that the pool encrypts codes under.
    pub kms_key_arn: String,
    /// The address that e-mails come from.
    pub sender_address: String,
    /// What messages call the place one signs in to.
    pub app_name: String,
}

impl Config {
    /// Reads the variables through `lookup`.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let mut read = |variable, meaning: &str, problem: &str, is_good: fn(&str) -> bool| {
            let text = lookup(variable).unwrap_or_default();
            if text.is_empty() {
                errors.push(variable, format!("is missing: {meaning}"));
            } else if !is_good(&text) {
                errors.push(variable, problem);
            }
            text
        };
        let kms_key_arn = read(
            "KMS_KEY_ARN",
            "the key that the user pool encrypts codes under",
            "is no ARN of a key (the pool's own spelling, not an alias)",
            |text| {
                let parts: Vec<&str> = text.split(':').collect();
                matches!(parts[..], ["arn", _, "kms", region, account, key]
                    if !region.is_empty() && !account.is_empty() && key.starts_with("key/"))
            },
        );
        let sender_address =
            read("SENDER_ADDRESS", "the address that e-mails come from", "is no e-mail address", |text| {
                let odd = |character: char| {
                    !character.is_ascii_graphic() || matches!(character, '<' | '>' | ',' | ';' | '"')
                };
                text.matches('@').count() == 1
                    && !text.starts_with('@')
                    && !text.ends_with('@')
                    && !text.contains(odd)
            });
        let app_name = read(
            "APP_NAME",
            "what messages call the place one signs in to",
            "is longer than 60 bytes, or holds a control character",
            |text| text.len() <= 60 && !text.contains(char::is_control),
        );
        errors.or(Self { kms_key_arn, sender_address, app_name })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_reported_at_once_and_repeat_no_value() {
        let missing = Config::from_env(|_| None).unwrap_err().to_string();
        assert_eq!(missing.lines().count(), 3, "{missing}");
        let wrong = Config::from_env(|name| {
            Some(if name == "APP_NAME" { "a secret\n" } else { "alias/secret" }.to_owned())
        });
        let expected = "KMS_KEY_ARN is no ARN of a key (the pool's own spelling, not an alias)\n\
            SENDER_ADDRESS is no e-mail address\n\
            APP_NAME is longer than 60 bytes, or holds a control character";
        assert_eq!(wrong.unwrap_err().to_string(), expected);
    }
}
