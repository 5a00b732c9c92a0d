use std::fmt;

use serde_json::Value;

/// Who somebody is at another provider.
#[derive(Clone, PartialEq, Eq)]
pub struct FederatedIdentity {
    /// The provider's name in the user pool, such as `Google` or `Corp_SAML`.
    pub provider: String,
    /// The subject: what the provider calls them.
    pub subject: String,
}

impl FederatedIdentity {
    /// Reads the attribute `identities`, a JSON list in a text. What cannot be read is nobody.
    ///
    /// ```
    /// use portcullis_directory::FederatedIdentity;
    ///
    /// let identities = FederatedIdentity::list(r#"[{"userId":"100","providerName":"Google","providerType":"Google"}]"#);
    /// assert_eq!(identities, [FederatedIdentity { provider: "Google".into(), subject: "100".into() }]);
    /// ```
    pub fn list(text: &str) -> Vec<Self> {
        let Ok(Value::Array(entries)) = serde_json::from_str(text) else { return Vec::new() };
        entries.iter().filter_map(Self::entry).collect()
    }

    fn entry(entry: &Value) -> Option<Self> {
        let text = |name| entry.get(name)?.as_str().filter(|text| !text.is_empty());
        Some(Self { provider: text("providerName")?.to_owned(), subject: text("userId")?.to_owned() })
    }

    /// If both are the same person at the same provider. Providers are compared in any case of their letters, for
    /// Cognito does not keep it everywhere; subjects as they are, for at a provider `a` and `A` may be two.
    pub fn is(&self, other: &Self) -> bool {
        self.provider.eq_ignore_ascii_case(&other.provider) && self.subject == other.subject
    }
}

/// Leaves the subject out: it is personal data.
impl fmt::Debug for FederatedIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FederatedIdentity").field("provider", &self.provider).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_nobody() {
        for text in [
            "",
            "[]",
            "null",
            "{}",
            "[1]",
            r#"[{"userId":"1"}]"#,
            r#"[{"userId":7,"providerName":"Google"}]"#,
            r#"[{"userId":"","providerName":"Google"}]"#,
            r#"[{"userId":"1","providerName":"Google"}"#,
        ] {
            assert_eq!(FederatedIdentity::list(text), [], "{text}");
        }
    }

    #[test]
    fn providers_are_the_same_in_any_case_and_subjects_are_not() {
        let identity = |provider: &str, subject: &str| FederatedIdentity {
            provider: provider.into(),
            subject: subject.into(),
        };
        assert!(identity("Google", "a").is(&identity("google", "a")));
        assert!(!identity("Google", "a").is(&identity("Google", "A")));
        assert!(!identity("Google", "a").is(&identity("Goggle", "a")));
        assert_eq!(
            format!("{:?}", identity("Google", "a")),
            r#"FederatedIdentity { provider: "Google", .. }"#
        );
    }
}
