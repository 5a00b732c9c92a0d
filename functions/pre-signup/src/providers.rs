use portcullis_directory::FederatedIdentity;
use portcullis_events::Attributes;

/// The longest name of a provider, in characters (quotas of Amazon Cognito).
const LONGEST_NAME: usize = 40;

/// Names of identity providers of a pool, such as `Google` and `Corp_SAML`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Providers(Vec<String>);

impl Providers {
    /// Reads names that are separated by commas. `mistake` is told what is wrong, in words that fit after a variable's
    /// name.
    pub fn parse(text: &str, mut mistake: impl FnMut(String)) -> Self {
        let mut names = Vec::new();
        for (index, name) in text.split(',').map(str::trim).enumerate() {
            let length = name.chars().count();
            if length == 0
                || length > LONGEST_NAME
                || name.contains(|c: char| c.is_whitespace() || c.is_control())
            {
                mistake(format!(
                    "entry {} is no provider's name: 1 to {LONGEST_NAME} characters without blanks",
                    index + 1
                ));
            } else {
                names.push(name.to_owned());
            }
        }
        Self(names)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// If the name is one of them, in any case of its letters.
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(name))
    }

    /// Who a federated user is at one of these providers.
    ///
    /// Cognito calls them `<provider>_<subject>`, with the provider's name in some case of its letters. Names and subjects may
    /// hold `_` themselves, so the longest name that fits is the provider. Where the event lists the user's `identities`,
    /// one of them must say the same; it has the subject in its own letters, which a pool may have made small in the name.
    pub fn identity(&self, username: &str, attributes: Attributes<'_>) -> Option<FederatedIdentity> {
        let fitting = self.0.iter().filter_map(|provider| {
            let head = username.get(..provider.len())?;
            let subject = username.get(provider.len()..)?.strip_prefix('_')?;
            (head.eq_ignore_ascii_case(provider) && !subject.is_empty()).then_some((provider, subject))
        });
        let (provider, subject) = fitting.max_by_key(|(provider, _)| provider.len())?;
        let told = FederatedIdentity::list(attributes.get("identities").unwrap_or_default());
        if told.is_empty() {
            return Some(FederatedIdentity { provider: provider.clone(), subject: subject.to_owned() });
        }
        told.into_iter().find(|identity| {
            identity.provider.eq_ignore_ascii_case(provider) && identity.subject.eq_ignore_ascii_case(subject)
        })
    }
}

#[cfg(test)]
mod tests {
    use portcullis_events::Event;
    use serde_json::json;

    use super::*;

    fn identity(names: &str, username: &str, identities: Option<&str>) -> Option<(String, String)> {
        let event = json!({"request": {"userAttributes": {"identities": identities}}});
        let event = Event::new(event).unwrap();
        let providers = Providers::parse(names, |problem| panic!("{problem}"));
        let found = providers.identity(username, event.user_attributes())?;
        Some((found.provider, found.subject))
    }

    #[test]
    fn the_longest_name_that_fits_is_the_provider() {
        for (username, expected) in [
            ("Google_100", Some(("Google", "100"))),
            ("google_100", Some(("Google", "100"))),
            ("GOOGLE_a_b", Some(("Google", "a_b"))),
            ("Corp_ann", Some(("Corp", "ann"))),
            ("corp_saml_ann", Some(("Corp_SAML", "ann"))),
            ("Corp_SAML", Some(("Corp", "SAML"))),
            ("Corp_SAML_", Some(("Corp", "SAML_"))),
            ("Google_", None),
            ("Google", None),
            ("Google100", None),
            ("Facebook_100", None),
            ("_Google_100", None),
            ("", None),
            ("b\u{fc}cher_1", None),
        ] {
            let expected = expected.map(|(provider, subject)| (provider.to_owned(), subject.to_owned()));
            assert_eq!(identity("Corp,Google,Corp_SAML", username, None), expected, "{username}");
        }
    }

    #[test]
    fn identities_that_are_listed_must_say_the_same_and_keep_their_letters() {
        let listed = |provider: &str, subject: &str| {
            json!([{"providerName": provider, "userId": subject, "providerType": "OIDC"}]).to_string()
        };
        for (identities, expected) in [
            (listed("Corp", "Ann"), Some("Ann")),
            (listed("CORP", "ANN"), Some("ANN")),
            (listed("Corp", "bob"), None),
            (listed("Corp_SAML", "ann"), None),
            ("not json".to_owned(), Some("ann")),
            ("[]".to_owned(), Some("ann")),
        ] {
            let found = identity("Corp,Google", "corp_ann", Some(&identities)).map(|(_, subject)| subject);
            assert_eq!(found.as_deref(), expected, "{identities}");
        }
    }
}
