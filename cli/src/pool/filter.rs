//! The filter of `ListUsers`: `attribute = "value"` or `attribute ^= "value"`, with `\"` and `\\` inside the value.

use crate::pool::{
    error::ServiceError,
    users::{User, email_key},
};

/// The attributes that Cognito can search by.
const SEARCHABLE: [&str; 10] = [
    "username",
    "email",
    "phone_number",
    "name",
    "given_name",
    "family_name",
    "preferred_username",
    "cognito:user_status",
    "status",
    "sub",
];

/// A parsed filter. The value is only ever compared, never made part of a query.
#[derive(PartialEq, Eq)]
pub(crate) struct Filter {
    attribute: &'static str,
    prefix: bool,
    value: String,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, ServiceError> {
        Self::read(text).ok_or_else(|| ServiceError::invalid("Error while parsing filter."))
    }

    fn read(text: &str) -> Option<Self> {
        let (name, rest) = text.trim().split_once('=')?;
        let (name, prefix) = name.strip_suffix('^').map_or((name, false), |name| (name, true));
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        let attribute = SEARCHABLE.into_iter().find(|&attribute| attribute == name)?;
        let quoted = rest.trim().strip_prefix('"')?;
        let mut value = String::new();
        let mut characters = quoted.chars();
        loop {
            match characters.next()? {
                '"' => break,
                '\\' => value.push(characters.next()?),
                character => value.push(character),
            }
        }
        // Anything after the closing quote would be silently ignored.
        characters.next().is_none().then_some(Self { attribute, prefix, value })
    }

    pub(crate) fn accepts(&self, user: &User) -> bool {
        let matches = |actual: &str, wanted: &str| {
            if self.prefix { actual.starts_with(wanted) } else { actual == wanted }
        };
        match self.attribute {
            "sub" => matches(&user.sub, &self.value),
            "username" => matches(user.username(), &self.value),
            "cognito:user_status" => matches(user.status.name(), &self.value),
            "status" => matches(if user.enabled { "Enabled" } else { "Disabled" }, &self.value),
            "email" => user.email().is_some_and(|email| matches(&email_key(email), &email_key(&self.value))),
            name => user.attributes.get(name).is_some_and(|actual| matches(actual, &self.value)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_an_attribute_an_operator_and_a_quoted_value() {
        for (text, parsed) in [
            (r#"email = "a@example.com""#, Some(("email", false, "a@example.com"))),
            (r#"email="a@example.com""#, Some(("email", false, "a@example.com"))),
            (r#"email ^= "a""#, Some(("email", true, "a"))),
            (r#""sub" = "1""#, Some(("sub", false, "1"))),
            (r#"name = "say \"hi\" \\""#, Some(("name", false, r#"say "hi" \"#))),
            (r#"name = "a = b""#, Some(("name", false, "a = b"))),
            (r#"name = """#, Some(("name", false, ""))),
            (r#"name = "a" OR name ^= """#, None),
            (r#"name = "a"#, None),
            (r#"name = "a\"#, None),
            ("name = a", None),
            ("name", None),
            ("", None),
            (r#"password = "a""#, None),
            (r#"custom:role = "a""#, None),
        ] {
            let expected = parsed.map(|(attribute, prefix, value)| Filter {
                attribute,
                prefix,
                value: value.to_owned(),
            });
            assert!(Filter::read(text) == expected, "{text}");
        }
    }
}
