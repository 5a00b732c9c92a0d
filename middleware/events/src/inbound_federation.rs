use serde_json::{Map, Value};

use crate::{Attributes, EditError, Event, attributes::check_attribute};

/// An inbound-federation event: somebody comes from another provider, whose answer Cognito has checked, and their profile is
/// about to be made or updated. It comes at every such sign-in.
///
/// It holds the provider's own tokens. No view of it shows them, and nothing of it belongs into a log.
///
/// Source: "Inbound federation Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{Event, InboundFederation, ProviderType};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "triggerSource": "InboundFederation_ExternalProvider",
///     "request": {"providerName": "Corp", "providerType": "OIDC", "attributes": {"idToken": {"sub": "7", "email": "Ann@Example.com"}}},
///     "response": {"userAttributesToMap": {}},
/// }))?;
/// let mut sign_in = InboundFederation::of(&mut event).ok_or("another trigger's event")?;
/// assert_eq!(sign_in.provider_type(), ProviderType::Oidc);
/// let email = sign_in.id_token().email().unwrap_or_default().to_lowercase();
/// sign_in.map_attributes([("sub", "7"), ("email", email.as_str())])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct InboundFederation<'e> {
    event: &'e mut Event,
}

/// The kind of provider that somebody comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProviderType {
    /// `OIDC`
    Oidc,
    /// `SAML`
    Saml,
    /// `Facebook`
    Facebook,
    /// `Google`
    Google,
    /// `SignInWithApple`
    Apple,
    /// `LoginWithAmazon`
    Amazon,
    /// A kind that this version does not know.
    Other,
}

impl<'e> InboundFederation<'e> {
    /// The view, if the event's source begins with `InboundFederation_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        event.source().starts_with("InboundFederation_").then_some(Self { event })
    }

    /// The provider's name in the user pool.
    pub fn provider_name(&self) -> Option<&str> {
        self.event.request("providerName")?.as_str()
    }

    /// The provider's kind.
    pub fn provider_type(&self) -> ProviderType {
        match self.event.request("providerType").and_then(Value::as_str) {
            Some("OIDC") => ProviderType::Oidc,
            Some("SAML") => ProviderType::Saml,
            Some("Facebook") => ProviderType::Facebook,
            Some("Google") => ProviderType::Google,
            Some("SignInWithApple") => ProviderType::Apple,
            Some("LoginWithAmazon") => ProviderType::Amazon,
            _ => ProviderType::Other,
        }
    }

    /// The claims of the provider's ID token; SAML has none.
    pub fn id_token(&self) -> Attributes<'_> {
        self.attributes("idToken")
    }

    /// What the provider's user info endpoint said; SAML has none.
    pub fn user_info(&self) -> Attributes<'_> {
        self.attributes("userInfo")
    }

    /// The attributes of a SAML assertion.
    pub fn saml_response(&self) -> Attributes<'_> {
        self.attributes("samlResponse")
    }

    /// The answer of the provider's token endpoint: secrets.
    pub fn token_response(&self) -> Attributes<'_> {
        self.attributes("tokenResponse")
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// Sets what the profile is made from. It is all or nothing: an attribute that is left out here is dropped. Without this
    /// call, everything stays as the provider said.
    ///
    /// # Errors
    ///
    /// [`EditError::Nothing`] for no attributes at all, which Cognito takes for "as the provider said";
    /// [`EditError::EmptyName`]; [`EditError::AttributeTooLong`] above 2,048 bytes, where Cognito would fail the sign-in.
    pub fn map_attributes<'a>(
        &mut self,
        attributes: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), EditError> {
        let mut map = Map::new();
        for (name, value) in attributes {
            check_attribute(name, value)?;
            map.insert(name.to_owned(), Value::from(value));
        }
        if map.is_empty() {
            return Err(EditError::Nothing);
        }
        self.event
            .edit_response(|response| response.insert("userAttributesToMap".to_owned(), Value::Object(map)));
        Ok(())
    }

    fn attributes(&self, part: &str) -> Attributes<'_> {
        let parts = self.event.request("attributes");
        Attributes::new(parts.and_then(|parts| parts.get(part)).and_then(Value::as_object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event() -> Event {
        Event::new(json!({
            "triggerSource": "InboundFederation_ExternalProvider",
            "request": {
                "providerName": "Corp", "providerType": "SAML",
                "attributes": {"tokenResponse": {"access_token": "at-secret"}, "idToken": {"email_verified": true, "roles": ["a"]}},
            },
            "response": {"userAttributesToMap": {}},
        }))
        .unwrap()
    }

    #[test]
    fn attributes_are_mapped_all_or_not_at_all() {
        let long = "x".repeat(2049);
        for (attributes, expected) in [
            (vec![("email", "ann@example.com"), ("custom:groups", "a,b")], Ok(())),
            (vec![("email", &long[1..])], Ok(())),
            (vec![], Err(EditError::Nothing)),
            (vec![("email", "ann@example.com"), ("", "x")], Err(EditError::EmptyName)),
            (vec![("email", "ann@example.com"), ("custom:groups", &long)], Err(EditError::AttributeTooLong)),
        ] {
            let mut event = event();
            let before = event.clone();
            let outcome =
                InboundFederation::of(&mut event).unwrap().map_attributes(attributes.iter().copied());
            assert_eq!(outcome, expected);
            assert_eq!(event == before, outcome.is_err());
        }
    }

    #[test]
    fn a_later_mapping_replaces_the_earlier_one() {
        let mut event = event();
        let mut view = InboundFederation::of(&mut event).unwrap();
        view.map_attributes([("email", "ann@example.com")]).unwrap();
        view.map_attributes([("name", "Ann")]).unwrap();
        assert_eq!(event.into_value()["response"], json!({"userAttributesToMap": {"name": "Ann"}}));
    }

    #[test]
    fn claims_that_are_no_texts_can_be_read_and_tokens_are_never_shown() {
        let mut event = event();
        let view = InboundFederation::of(&mut event).unwrap();
        assert!(view.id_token().is_true("email_verified"));
        assert_eq!(view.id_token().value("roles"), Some(&json!(["a"])));
        assert_eq!(view.token_response().get("access_token"), Some("at-secret"));
        let shown = format!("{view:?} {:?} {:?}", view.token_response(), view.event());
        assert!(!shown.contains("at-secret"), "{shown}");
    }
}
