use portcullis_trigger::ConfigErrors;

use crate::Templates;

/// See the [crate's documentation](crate) for the variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What messages say.
    pub templates: Templates,
}

impl Config {
    /// Reads the variables through `lookup`, and the file that one of them may name.
    ///
    /// # Errors
    ///
    /// All mistakes at once.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::default();
        let attributes = lookup("USER_ATTRIBUTES").map_or_else(Vec::new, |text| names(&text, &mut errors));
        let default = lookup("DEFAULT_LANGUAGE");
        let (variable, json) = match (lookup("TEMPLATES"), lookup("TEMPLATES_FILE")) {
            (Some(json), None) => ("TEMPLATES", Some(json)),
            (None, Some(path)) => match std::fs::read_to_string(path) {
                Ok(json) => ("TEMPLATES_FILE", Some(json)),
                Err(error) => {
                    errors.push("TEMPLATES_FILE", format!("cannot be read: {}", error.kind()));
                    ("TEMPLATES_FILE", None)
                }
            },
            (Some(_), Some(_)) => {
                errors.push("TEMPLATES", "and TEMPLATES_FILE are both set: one is enough");
                ("TEMPLATES", None)
            }
            (None, None) => {
                errors.push("TEMPLATES", "and TEMPLATES_FILE are both missing: what shall messages say?");
                ("TEMPLATES", None)
            }
        };
        let json = json.as_deref().unwrap_or_default();
        // Without a text there is one mistake, and it has been said.
        let templates = match json {
            "" if !errors.errors().is_empty() => Templates::default(),
            _ => Templates::read(variable, json, default.as_deref(), &attributes, &mut errors),
        };
        errors.or(Self { templates })
    }
}

/// The names of attributes, separated by commas.
fn names(text: &str, errors: &mut ConfigErrors) -> Vec<String> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    for (index, name) in names.iter().enumerate() {
        let odd = |byte: u8| !byte.is_ascii_alphanumeric() && !matches!(byte, b'_' | b'-' | b':');
        if name.is_empty() || name.bytes().any(odd) {
            errors.push("USER_ATTRIBUTES", format!("entry {} is no name of an attribute", index + 1));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const GOOD: &str =
        r#"{"en": {"SignUp": {"subject": "Hello", "email": "<p>{{code}}</p>", "sms": "{{code}}"}}}"#;

    fn config(variables: &[(&str, &str)]) -> Result<Config, String> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        Config::from_env(lookup).map_err(|errors| errors.to_string())
    }

    #[test]
    fn templates_come_from_the_environment_or_from_a_file() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(GOOD.as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let read = config(&[("TEMPLATES", GOOD)]).unwrap();
        assert_eq!(config(&[("TEMPLATES_FILE", path)]), Ok(read));
        for (variables, expected) in [
            (&[][..], "TEMPLATES and TEMPLATES_FILE are both missing: what shall messages say?"),
            (
                &[("TEMPLATES", GOOD), ("TEMPLATES_FILE", path)],
                "TEMPLATES and TEMPLATES_FILE are both set: one is enough",
            ),
            (&[("TEMPLATES_FILE", "/nowhere/at/all")], "TEMPLATES_FILE cannot be read: entity not found"),
            (&[("TEMPLATES", "")], "TEMPLATES ends too early at line 1, column 0"),
        ] {
            assert_eq!(config(variables).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_text_that_is_not_templates_is_refused_with_its_place_and_not_repeated() {
        for (json, expected) in [
            ("{\n  secret", "TEMPLATES is no JSON at line 2, column 3"),
            (r#"{"en": {"SignUp": "#, "TEMPLATES ends too early at line 1, column 18"),
            (
                r#"{"en": {"SignUp": "secret"}}"#,
                "TEMPLATES is not languages of messages of texts at line 1, column 26",
            ),
            (
                r#"{"en": {"SignUp": {"sms": 7}}}"#,
                "TEMPLATES is not languages of messages of texts at line 1, column 27",
            ),
            ("[]", "TEMPLATES is not languages of messages of texts at line 1, column 0"),
            ("{}", "TEMPLATES has no language"),
            (
                r#"{"Secret!": {}}"#,
                "TEMPLATES member 1 is no language tag, such as `en`\nTEMPLATES has no language",
            ),
        ] {
            assert_eq!(config(&[("TEMPLATES", json)]).unwrap_err(), expected, "{json}");
        }
    }

    #[test]
    fn all_mistakes_of_all_templates_are_reported_at_once() {
        let json = r#"{
            "en": {
                "SignUp": {"subject": "", "email": "{{code}} {{user.given_name}}", "sms": "{{link}}"},
                "Secret": {},
                "AdminCreateUser": {"subject": "{{code}}", "email": "{{code}}"},
                "ResendCode": {"email": "no code", "secret": ""},
                "ForgotPassword": {"subject": "x", "sms": "{{code"},
                "Authentication": {}
            },
            "EN": {"SignUp": {"sms": "{{code}} {{username}}"}, "SignUp": {"sms": "{{code}}", "sms": "{{code}}"}},
            "de": {"SignUp": {"subject": "a\nb", "email": "{{user.name}}{{code}}"}}
        }"#;
        let mistakes = config(&[
            ("TEMPLATES", json),
            ("USER_ATTRIBUTES", "given_name, ,a b"),
            ("DEFAULT_LANGUAGE", "fr"),
        ]);
        let expected = "\
            USER_ATTRIBUTES entry 2 is no name of an attribute\n\
            USER_ATTRIBUTES entry 3 is no name of an attribute\n\
            TEMPLATES in en.SignUp.subject: is blank\n\
            TEMPLATES in en.SignUp.sms: has `{{link}}`, which is for e-mails\n\
            TEMPLATES in en.SignUp.sms: has no `{{code}}`\n\
            TEMPLATES in en: member 2 is none of SignUp, AdminCreateUser, ResendCode, ForgotPassword, \
            UpdateUserAttribute, VerifyUserAttribute, Authentication\n\
            TEMPLATES in en.AdminCreateUser.subject: has a placeholder that is for the e-mail only\n\
            TEMPLATES in en.AdminCreateUser.email: needs both `{{code}}` and `{{username}}`\n\
            TEMPLATES in en.ResendCode: member 2 is none of `subject`, `email`, `sms`\n\
            TEMPLATES in en.ResendCode.email: has neither `{{code}}` nor `{{link}}`\n\
            TEMPLATES in en.ResendCode.email: needs a `subject`\n\
            TEMPLATES in en.ForgotPassword.sms: a `{{` has no `}}`\n\
            TEMPLATES in en.ForgotPassword.subject: needs an `email`\n\
            TEMPLATES in en.Authentication: there is neither `email` nor `sms`\n\
            TEMPLATES has the language en twice\n\
            TEMPLATES in en.SignUp.sms: has `{{username}}`, which Cognito replaces for AdminCreateUser alone\n\
            TEMPLATES in en: SignUp is there twice\n\
            TEMPLATES in en.SignUp.sms: is there twice\n\
            TEMPLATES in de.SignUp.email: the placeholder that begins at character 1 names an attribute that \
            USER_ATTRIBUTES does not list\n\
            TEMPLATES in de.SignUp.subject: has a line end or another control character\n\
            TEMPLATES in de.SignUp.subject: needs an `email`\n\
            DEFAULT_LANGUAGE is none of the languages of the templates";
        assert_eq!(mistakes.unwrap_err(), expected);
    }

    #[test]
    fn a_message_that_could_become_too_long_is_refused_at_start() {
        let sms = |literal: usize| {
            let text = format!("{{{{code}}}}{}{{{{user.given_name}}}}", "x".repeat(literal));
            config(&[
                ("TEMPLATES", &format!(r#"{{"en": {{"SignUp": {{"sms": "{text}"}}}}}}"#)),
                ("USER_ATTRIBUTES", "given_name"),
            ])
        };
        assert!(sms(94).is_ok());
        let expected = "TEMPLATES in en.SignUp.sms: can become 141 characters long; 140 is the limit";
        assert_eq!(sms(95).unwrap_err(), expected);
    }

    #[test]
    fn several_languages_need_a_default() {
        let json = r#"{"en": {"SignUp": {"sms": "{{code}}"}}, "de": {"SignUp": {"sms": "{{code}}"}}}"#;
        let missing = "DEFAULT_LANGUAGE is missing: there are several languages";
        assert_eq!(config(&[("TEMPLATES", json)]).unwrap_err(), missing);
        for default in ["en", "de", "DE"] {
            assert!(config(&[("TEMPLATES", json), ("DEFAULT_LANGUAGE", default)]).is_ok(), "{default}");
        }
        assert!(config(&[("TEMPLATES", json), ("DEFAULT_LANGUAGE", "de-CH")]).is_err());
    }
}
