//! A user's attributes: which exist, who may write them, what they may hold.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::pool::error::ServiceError;

/// The longest value, in characters.
const MAX_VALUE: usize = 2048;
/// The longest e-mail address, in bytes: what a mail server accepts.
const MAX_EMAIL: usize = 254;

/// Standard attributes.
const STANDARD: [&str; 17] = [
    "address",
    "birthdate",
    "email",
    "family_name",
    "gender",
    "given_name",
    "locale",
    "middle_name",
    "name",
    "nickname",
    "phone_number",
    "picture",
    "preferred_username",
    "profile",
    "updated_at",
    "website",
    "zoneinfo",
];

/// Attributes that say whether another one was proven.
const VERIFIED: [&str; 2] = ["email_verified", "phone_number_verified"];

/// What the web client may show to its user, besides `sub`. template.yaml says the same of the deployed one.
pub(crate) const CLIENT_READS: [&str; 3] = ["email", "email_verified", "name"];

/// What the web client may write for its user. template.yaml says the same of the deployed one.
pub(crate) const CLIENT_WRITES: [&str; 2] = ["email", "name"];

/// Whom the user is at other providers, as JSON. Nobody writes it but the pool.
pub(crate) const IDENTITIES: &str = "identities";

/// Who writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Writer {
    Client,
    Administrator,
}

/// Names and values, in the order of names.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// Checks what a request wants to write.
    pub(crate) fn checked(pairs: BTreeMap<String, String>, writer: Writer) -> Result<Self, ServiceError> {
        for (name, value) in &pairs {
            check(name, value, writer)?;
        }
        Ok(Self(pairs))
    }

    pub(crate) fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    pub(crate) fn to_json(&self) -> Value {
        Value::Object(self.0.iter().map(|(name, value)| (name.clone(), json!(value))).collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0.insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Those that the web client may read. Whoever a user is elsewhere is always among them.
    pub(crate) fn readable(&self) -> Self {
        self.only(|name| name == IDENTITIES || CLIENT_READS.contains(&name))
    }

    /// Those that a client may be told about by its scopes. `openid` alone opens all of them, and with it `email`, `phone` and
    /// `profile` narrow it to what they name ("Scopes, M2M, and resource servers", Amazon Cognito developer guide).
    pub(crate) fn within(&self, scopes: &[String]) -> Self {
        let has = |wanted: &str| scopes.iter().any(|scope| scope == wanted);
        if has("profile") || !(has("email") || has("phone")) {
            return self.clone();
        }
        self.only(|name| match name {
            "email" | "email_verified" => has("email"),
            "phone_number" | "phone_number_verified" => has("phone"),
            name => name == IDENTITIES,
        })
    }

    fn only(&self, keep: impl Fn(&str) -> bool) -> Self {
        let kept = self.0.iter().filter(|(name, _)| keep(name));
        Self(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Writes the other's values over these; an empty value removes the attribute.
    pub(crate) fn merge(&mut self, other: Self) {
        for (name, value) in other.0 {
            if value.is_empty() {
                self.0.remove(&name);
            } else {
                self.0.insert(name, value);
            }
        }
    }

    /// The attributes as claims of an ID token.
    pub(crate) fn claims(&self) -> Map<String, Value> {
        self.iter().map(|(name, value)| (name.to_owned(), claim(name, value))).collect()
    }
}

// Cognito stores every attribute as text, and gives these another type in tokens.
fn claim(name: &str, value: &str) -> Value {
    match name {
        "email_verified" | "phone_number_verified" => json!(value == "true"),
        "updated_at" => value.parse::<i64>().map_or_else(|_| json!(value), |seconds| json!(seconds)),
        "address" => json!({ "formatted": value }),
        IDENTITIES => identities_claim(value),
        _ => json!(value),
    }
}

// In a token all their members are text.
fn identities_claim(value: &str) -> Value {
    let mut list = serde_json::from_str(value).unwrap_or(Value::Null);
    for member in list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        for value in member.values_mut().filter(|value| value.is_boolean() || value.is_number()) {
            *value = Value::String(value.to_string());
        }
    }
    list
}

/// Whether the pool has an attribute of this name that an administrator may write.
pub(crate) fn is_writable(name: &str) -> bool {
    STANDARD.contains(&name) || VERIFIED.contains(&name)
}

fn check(name: &str, value: &str, writer: Writer) -> Result<(), ServiceError> {
    if name == "sub" {
        return Err(ServiceError::invalid("user.sub: Attribute cannot be updated."));
    }
    if !is_writable(name) {
        return Err(ServiceError::invalid(
            "Attributes did not conform to the schema: Attribute does not exist in the schema.",
        ));
    }
    if writer == Writer::Client && !CLIENT_WRITES.contains(&name) {
        return Err(ServiceError::not_authorized("A client attempted to write unauthorized attribute"));
    }
    if VERIFIED.contains(&name) {
        return match value {
            "true" | "false" => Ok(()),
            _ => Err(ServiceError::invalid("Invalid boolean attribute value.")),
        };
    }
    if value.chars().count() > MAX_VALUE {
        return Err(ServiceError::invalid(format!(
            "Attributes did not conform to the schema: {name}: String must be at most {MAX_VALUE} characters"
        )));
    }
    match name {
        "email" if !is_email(value) => Err(ServiceError::invalid("Invalid email address format.")),
        "phone_number" if !value.is_empty() && !is_phone_number(value) => {
            Err(ServiceError::invalid("Invalid phone number format."))
        }
        "birthdate" if !value.is_empty() && value.len() != 10 => Err(ServiceError::invalid(
            "Attributes did not conform to the schema: birthdate: String must be 10 characters",
        )),
        "updated_at" if !value.is_empty() && value.parse::<u64>().is_err() => Err(ServiceError::invalid(
            "Attributes did not conform to the schema: updated_at: must be a number",
        )),
        _ => Ok(()),
    }
}

/// Whether the text could be an e-mail address. Whether it is one, only a delivered code shows.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == '@')
    };
    text.len() <= MAX_EMAIL
        && plain(local)
        && plain(domain)
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

// E.164.
fn is_phone_number(text: &str) -> bool {
    text.strip_prefix('+')
        .is_some_and(|digits| (5..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::error::Exception;

    #[test]
    fn an_email_address_has_one_at_and_a_domain_with_a_dot() {
        for (text, good) in [
            ("a@example.com", true),
            ("a.b+c@sub.example.com", true),
            ("a@example", false),
            ("@example.com", false),
            ("a@", false),
            ("a@@example.com", false),
            ("a b@example.com", false),
            ("a@example..com", false),
            ("a@.com", false),
            ("example.com", false),
            ("a\n@example.com", false),
        ] {
            assert_eq!(is_email(text), good, "{text}");
        }
    }

    #[test]
    fn a_client_writes_only_what_it_is_allowed_to_and_an_administrator_everything() {
        let write = |name: &str, value: &str, writer| {
            Attributes::checked(BTreeMap::from([(name.to_owned(), value.to_owned())]), writer)
                .err()
                .map(|error| error.exception)
        };
        for (name, value, client, administrator) in [
            ("name", "Alice", None, None),
            ("email", "a@example.com", None, None),
            ("email", "nobody", Some(Exception::InvalidParameter), Some(Exception::InvalidParameter)),
            ("email_verified", "true", Some(Exception::NotAuthorized), None),
            ("email_verified", "yes", Some(Exception::NotAuthorized), Some(Exception::InvalidParameter)),
            ("sub", "1", Some(Exception::InvalidParameter), Some(Exception::InvalidParameter)),
            ("custom:role", "admin", Some(Exception::InvalidParameter), Some(Exception::InvalidParameter)),
            ("cognito:groups", "admin", Some(Exception::InvalidParameter), Some(Exception::InvalidParameter)),
            ("phone_number", "123", Some(Exception::NotAuthorized), Some(Exception::InvalidParameter)),
            ("phone_number", "+4912345678", Some(Exception::NotAuthorized), None),
            ("nickname", "Al", Some(Exception::NotAuthorized), None),
        ] {
            assert_eq!(write(name, value, Writer::Client), client, "{name}");
            assert_eq!(write(name, value, Writer::Administrator), administrator, "{name}");
        }
    }

    #[test]
    fn claims_have_the_types_that_tokens_have() {
        let mut attributes = Attributes::default();
        for (name, value) in [("email_verified", "true"), ("updated_at", "12"), ("name", "12")] {
            attributes.set(name, value);
        }
        assert_eq!(
            Value::Object(attributes.claims()),
            json!({ "email_verified": true, "updated_at": 12, "name": "12" })
        );
    }

    #[test]
    fn scopes_narrow_what_a_client_is_told() {
        let mut attributes = Attributes::default();
        for name in ["email", "email_verified", "name", "phone_number", IDENTITIES] {
            attributes.set(name, "[]");
        }
        let all = "email email_verified identities name phone_number";
        for (scopes, told) in [
            ("openid", all),
            ("openid aws.cognito.signin.user.admin", all),
            ("openid profile email", all),
            ("openid email", "email email_verified identities"),
            ("openid phone", "identities phone_number"),
        ] {
            let scopes: Vec<String> = scopes.split(' ').map(str::to_owned).collect();
            let names: Vec<String> =
                attributes.within(&scopes).iter().map(|(name, _)| name.to_owned()).collect();
            assert_eq!(names.join(" "), told, "{scopes:?}");
        }
    }

    #[test]
    fn identities_are_text_throughout_in_a_token() {
        let mut attributes = Attributes::default();
        attributes.set(IDENTITIES, r#"[{"userId":"7","issuer":null,"primary":true,"dateCreated":1}]"#);
        let expected = json!([{ "userId": "7", "issuer": null, "primary": "true", "dateCreated": "1" }]);
        assert_eq!(attributes.claims()[IDENTITIES], expected);
    }
}
