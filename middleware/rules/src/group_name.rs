//! The name of a group in a rule: a fixed text, or one that depends on the caller.

use std::fmt;

use thiserror::Error;

use crate::Claims;

/// The name of a group in a rule.
///
/// It is a fixed text or a template, such as `tenant-{custom:tenant}-editors`, where `{claim}` stands for what the
/// caller's token says. Whose token lacks the claim, or holds an empty text or anything but a text there, is in no group
/// of this name. As in an `identityClaim`, `username` also reads `cognito:username`; every other name is read literally.
///
/// *Caveat.* A template only chooses the group that is asked for; it is the token's list of groups that says whether the
/// caller is in it. A template with several claims can make one name of different claims (`{a}-{b}` of `x-y` and `z`,
/// and of `x` and `y-z`), so groups should be named such that this cannot happen.
///
/// ```
/// use portcullis_rules::{
///     Authorizer, Claims, GroupName, Identity, Model, Operation, Rule, Screening, User, VerifiedBy,
/// };
/// use serde_json::json;
///
/// let editors = GroupName::parse("tenant-{custom:tenant}-editors")?;
/// let note = Model::new("Note", vec![], vec![Rule::groups([editors])])?;
/// let person = |tenant: &str| {
///     let groups = json!(["tenant-acme-editors"]);
///     let claims = Claims::from_iter([("custom:tenant", json!(tenant)), ("cognito:groups", groups)]);
///     Identity::from(User::user_pools(claims, VerifiedBy::Portcullis))
/// };
/// let screen = |identity| Authorizer::new().screen(&identity, Operation::Get, &note);
/// assert_eq!(screen(person("acme")), Screening::Allowed);
/// assert_eq!(screen(person("other")), Screening::Denied);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GroupName(Name);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Name {
    Literal(String),
    /// At least one claim, and no two texts or claims side by side.
    Template(Vec<Piece>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Piece {
    Text(String),
    Claim(String),
}

/// A group name that is no template, though it looks like one.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidGroupName {
    /// A `{` is not closed.
    #[error("`{{` is not closed in the group `{0}`; write `{{{{` for a brace")]
    Unclosed(String),
    /// A `}` closes nothing.
    #[error("`}}` closes nothing in the group `{0}`; write `}}}}` for a brace")]
    Unopened(String),
    /// Between the braces stands no claim that a token could hold.
    #[error("the braces in the group `{0}` do not name a claim")]
    NoClaim(String),
    /// Two claims stand side by side, so that one name could be made of different claims.
    #[error("two claims in the group `{0}` have no text between them")]
    SideBySide(String),
}

impl GroupName {
    /// The name as it stands, braces included.
    #[must_use]
    pub fn literal(name: impl Into<String>) -> Self {
        Self(Name::Literal(name.into()))
    }

    /// Reads a name in which `{claim}` stands for a claim of the caller, `{{` for `{` and `}}` for `}`.
    ///
    /// # Errors
    ///
    /// When a brace has no partner, when braces hold no claim, or when nothing stands between two claims.
    pub fn parse(name: &str) -> Result<Self, InvalidGroupName> {
        let invalid = |error: fn(String) -> InvalidGroupName| error(name.to_owned());
        let mut pieces: Vec<Piece> = Vec::new();
        let mut text = String::new();
        let mut rest = name;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, braced) = rest.split_at(at);
            text.push_str(before);
            if let Some(after) = braced.strip_prefix("{{") {
                text.push('{');
                rest = after;
            } else if let Some(after) = braced.strip_prefix("}}") {
                text.push('}');
                rest = after;
            } else if let Some(opened) = braced.strip_prefix('{') {
                let (claim, after) =
                    opened.split_once('}').ok_or_else(|| invalid(InvalidGroupName::Unclosed))?;
                // `::` joins claims in an identityClaim; one claim has no such name.
                if claim.trim().is_empty() || claim.contains('{') || claim.contains("::") {
                    return Err(invalid(InvalidGroupName::NoClaim));
                }
                if !text.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut text)));
                } else if !pieces.is_empty() {
                    return Err(invalid(InvalidGroupName::SideBySide));
                }
                pieces.push(Piece::Claim(claim.to_owned()));
                rest = after;
            } else {
                return Err(invalid(InvalidGroupName::Unopened));
            }
        }
        text.push_str(rest);
        if pieces.is_empty() {
            return Ok(Self::literal(text));
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(Self(Name::Template(pieces)))
    }

    /// The name, if it is the same for every caller.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        match &self.0 {
            Name::Literal(name) => Some(name),
            Name::Template(_) => None,
        }
    }

    /// The claims that the name is made of, in order; none if it is the same for every caller.
    pub fn claims(&self) -> impl Iterator<Item = &str> {
        self.pieces().iter().filter_map(|piece| match piece {
            Piece::Claim(claim) => Some(claim.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The name for a caller with these claims, if they have one.
    #[must_use]
    pub fn resolve(&self, claims: &Claims) -> Option<String> {
        match &self.0 {
            Name::Literal(name) => Some(name.clone()),
            Name::Template(pieces) => pieces.iter().map(|piece| piece.value(claims)).collect(),
        }
    }

    /// Whether this is the name of a group for a caller with these claims. It allocates nothing.
    pub(crate) fn is(&self, group: &str, claims: &Claims) -> bool {
        match &self.0 {
            Name::Literal(name) => name == group,
            Name::Template(pieces) => {
                let strip = |rest: &'_ str, piece: &Piece| {
                    let value = piece.value(claims)?;
                    rest.strip_prefix(value).map(str::len)
                };
                let left = pieces.iter().try_fold(group.len(), |left, piece| {
                    let rest = group.get(group.len() - left..)?;
                    strip(rest, piece)
                });
                left == Some(0)
            }
        }
    }

    /// The first claim of the template that names nobody in this token.
    pub(crate) fn missing<'a>(&'a self, claims: &Claims) -> Option<&'a str> {
        self.claims().find(|claim| claims.identity(claim).is_none())
    }

    fn pieces(&self) -> &[Piece] {
        match &self.0 {
            Name::Literal(_) => &[],
            Name::Template(pieces) => pieces,
        }
    }
}

impl Piece {
    fn value<'a>(&'a self, claims: &'a Claims) -> Option<&'a str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Claim(claim) => claims.identity(claim),
        }
    }
}

impl From<&str> for GroupName {
    /// The name as it stands; see [`GroupName::parse`] for templates.
    fn from(name: &str) -> Self {
        Self::literal(name)
    }
}

impl From<String> for GroupName {
    /// The name as it stands; see [`GroupName::parse`] for templates.
    fn from(name: String) -> Self {
        Self::literal(name)
    }
}

impl fmt::Display for GroupName {
    /// As [`GroupName::parse`] reads it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape =
            |f: &mut fmt::Formatter<'_>, text: &str| f.write_str(&text.replace('{', "{{").replace('}', "}}"));
        match &self.0 {
            Name::Literal(name) => escape(f, name),
            Name::Template(pieces) => pieces.iter().try_for_each(|piece| match piece {
                Piece::Text(text) => escape(f, text),
                Piece::Claim(claim) => write!(f, "{{{claim}}}"),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn claims(claims: Value) -> Claims {
        claims.as_object().unwrap().clone().into()
    }

    #[test]
    fn a_template_is_filled_with_what_the_token_says() {
        let table = [
            ("tenant-{custom:tenant}-editors", json!({"custom:tenant": "a"}), Some("tenant-a-editors")),
            ("{t}", json!({"t": "a"}), Some("a")),
            ("{a}.{b}", json!({"a": "x", "b": "y"}), Some("x.y")),
            ("{{{t}}}", json!({"t": "a"}), Some("{a}")),
            ("{t}-x", json!({"t": ""}), None),
            ("{t}-x", json!({"t": null}), None),
            ("{t}-x", json!({"t": 7}), None),
            ("{t}-x", json!({"t": ["a"]}), None),
            ("{t}-x", json!({}), None),
            ("{a}-{b}", json!({"a": "x"}), None),
            ("of-{username}", json!({"cognito:username": "ann"}), Some("of-ann")),
            ("of-{cognito:username}", json!({"username": "ann"}), None),
            ("{t}", json!({"t": "{t}"}), Some("{t}")),
            ("plain", json!({}), Some("plain")),
            ("a{{b}}", json!({}), Some("a{b}")),
        ];
        for (template, token, expected) in table {
            let (name, token) = (GroupName::parse(template).unwrap(), claims(token));
            assert_eq!(name.resolve(&token).as_deref(), expected, "{template}");
            assert_eq!(name.to_string(), template, "it is written as it was read");
            for group in
                ["tenant-a-editors", "a", "x.y", "{a}", "-x", "of-ann", "{t}", "plain", "a{b}", "", "aa"]
            {
                assert_eq!(name.is(group, &token), expected == Some(group), "{template} {group}");
            }
        }
    }

    #[test]
    fn a_name_is_compared_whole() {
        let name = GroupName::parse("t-{t}-e").unwrap();
        let token = claims(json!({"t": "ä"}));
        for (group, expected) in [
            ("t-ä-e", true),
            ("t-ä-ee", false),
            ("t-ä-", false),
            ("xt-ä-e", false),
            ("t-a-e", false),
            ("T-ä-e", false),
        ] {
            assert_eq!(name.is(group, &token), expected, "{group}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        use InvalidGroupName::{NoClaim, SideBySide, Unclosed, Unopened};
        type Error = fn(String) -> InvalidGroupName;
        let table: [(&str, Error); 11] = [
            ("{", Unclosed),
            ("a-{t", Unclosed),
            ("{{{t", Unclosed),
            ("}", Unopened),
            ("{t}}", Unopened),
            ("t}-a", Unopened),
            ("{}", NoClaim),
            ("{ }", NoClaim),
            ("{a{b}", NoClaim),
            ("{sub::username}", NoClaim),
            ("{a}{b}", SideBySide),
        ];
        for (template, error) in table {
            assert_eq!(GroupName::parse(template), Err(error(template.to_owned())), "{template}");
        }
    }

    #[test]
    fn a_literal_keeps_its_braces() {
        let name = GroupName::from("a{b}");
        assert_eq!(name.as_literal(), Some("a{b}"));
        assert_eq!(GroupName::parse(&name.to_string()), Ok(name));
    }
}
