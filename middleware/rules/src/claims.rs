//! The claims of a verified token.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use serde_json::{Map, Value};
use thiserror::Error;

use crate::strict_json::{self, DIGESTS, FURTHEST, Index, Member, Shape, Span};

/// The claims of a token whose signature has been checked, as the issuer wrote them. A clone is cheap.
///
/// `Debug` prints the names and never the values, so that a log line cannot leak a person's data.
///
/// ```
/// use portcullis_rules::{Claim, Claims};
///
/// let claims = Claims::from_json(r#"{"sub": "u1", "cognito:groups": ["editors", "staff"]}"#)?;
/// assert_eq!(claims.text("sub"), Some("u1"));
/// let Some(Claim::List(groups)) = claims.value("cognito:groups") else { panic!("a list") };
/// assert!(groups.texts().eq(["editors", "staff"]));
/// # Ok::<(), portcullis_rules::InvalidClaims>(())
/// ```
#[derive(Clone, Default)]
pub struct Claims {
    document: Arc<Document>,
}

/// A text that is not one strict JSON object.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not one JSON object of one meaning")]
#[non_exhaustive]
pub struct InvalidClaims;

/// One claim, read without taking memory.
#[derive(Clone, Copy, Debug)]
pub enum Claim<'a> {
    /// `null`, which counts as absent almost everywhere.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as near as this type comes to it.
    Number(f64),
    /// A string.
    Text(&'a str),
    /// A list.
    List(ListClaim<'a>),
    /// An object.
    Object,
}

/// A claim that is a list.
#[derive(Clone, Copy)]
pub struct ListClaim<'a> {
    document: &'a Document,
    elements: &'a [Option<Span>],
}

/// Claims and where each of them is.
struct Document {
    /// The JSON text if the claims came as one, and then strings that are not in it letter by letter.
    text: String,
    /// How long the JSON text is.
    json: usize,
    members: Vec<Member>,
    /// For each digest the first member whose name has it, counted from 1; 255 if it stands there or later.
    first_by_digest: [u8; DIGESTS],
    elements: Vec<Option<Span>>,
    /// Made when it is asked for, which decisions do not.
    map: OnceLock<Map<String, Value>>,
    /// Most owners are known by these two, and to look them up takes longer than all the rest of a decision.
    sub: Option<Name>,
    username: Option<Name>,
}

/// A claim that names somebody.
#[derive(Clone, Copy)]
struct Name {
    place: Span,
    joins: bool,
}

impl Claims {
    /// Reads claims strictly: one object in UTF-8, no name twice in any object, nothing after it, at most 16 levels deep.
    ///
    /// # Errors
    ///
    /// When the text could be read in more than one way, or in none.
    pub fn from_json(text: impl Into<Vec<u8>>) -> Result<Self, InvalidClaims> {
        let mut text = String::from_utf8(text.into()).map_err(|_| InvalidClaims)?;
        let Index { members, elements, resolved } = strict_json::index(&text).ok_or(InvalidClaims)?;
        let json = text.len();
        if !resolved.is_empty() {
            text.push_str(&resolved);
        }
        Ok(Document::new(text, json, members, elements).into())
    }

    /// The claim of this name, read literally; `null` counts as absent.
    ///
    /// The first call for claims that came as a text takes memory for all of them; [`value`](Self::value) takes none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.as_map().get(name).filter(|value| !value.is_null())
    }

    /// The claim of this name, read literally.
    // These are compiled where they are called, so that what depends on a name alone is computed there and then.
    #[must_use]
    #[inline(always)]
    pub fn value(&self, name: &str) -> Option<Claim<'_>> {
        let document = &*self.document;
        Some(match document.shape(name)? {
            Shape::Null => Claim::Null,
            Shape::Bool(value) => Claim::Bool(value),
            Shape::Number(number) => Claim::Number(number),
            Shape::Text(place) => Claim::Text(document.read(place)),
            Shape::List(place) => {
                let elements = document.elements.get(place.range()).unwrap_or_default();
                Claim::List(ListClaim { document, elements })
            }
            Shape::Object => Claim::Object,
        })
    }

    /// Whether there is a claim of this name, be it `null`.
    #[must_use]
    #[inline(always)]
    pub fn has(&self, name: &str) -> bool {
        self.document.shape(name).is_some()
    }

    /// The claim of this name, if it is a string.
    #[must_use]
    #[inline(always)]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.document.shape(name) {
            Some(Shape::Text(place)) => Some(self.document.read(place)),
            _ => None,
        }
    }

    /// The claim of this name, if it is a string, or its strings, if it is a list.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let (one, list) = match self.value(name) {
            Some(Claim::Text(text)) => (Some(text), None),
            Some(Claim::List(list)) => (None, Some(list)),
            _ => (None, None),
        };
        one.into_iter().chain(list.into_iter().flat_map(ListClaim::texts))
    }

    /// Whether there is a claim of this name that is not `null`.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.document.shape(name).is_some_and(|shape| !matches!(shape, Shape::Null))
    }

    /// The claim that names an owner: a string that is not empty, for nobody is called nothing. Only `username` has a second name, `cognito:username`,
    /// since ID tokens of a user pool call it so and access tokens do not.
    pub(crate) fn identity(&self, name: &str) -> Option<&str> {
        let document = &*self.document;
        match name {
            "sub" => document.sub.map(|name| document.read(name.place)),
            "username" => document.username.map(|name| document.read(name.place)),
            _ => document.find_identity(name).map(|place| document.read(place)),
        }
    }

    /// The claim that names an owner together with others, joined with `::`.
    ///
    /// A value that holds `::` could be taken for several: somebody who is called `u1::ann` would own what belongs to
    /// ann, whose `sub` is `u1`. A colon at either end makes the joint ambiguous too. Such a value counts as missing.
    pub(crate) fn part_of_identity(&self, name: &str) -> Option<&str> {
        let document = &*self.document;
        let known = |name: Option<Name>| name.filter(|name| name.joins).map(|name| document.read(name.place));
        match name {
            "sub" => known(document.sub),
            "username" => known(document.username),
            _ => self.identity(name).filter(|text| joins(text)),
        }
    }

    /// All claims.
    #[must_use]
    pub fn as_map(&self) -> &Map<String, Value> {
        let document = &*self.document;
        // INVARIANT: what was read strictly can be read.
        let read = || serde_json::from_str(document.text.get(..document.json)?).ok();
        document.map.get_or_init(|| read().unwrap_or_default())
    }
}

impl<'a> ListClaim<'a> {
    /// How many elements it has.
    #[must_use]
    pub fn len(self) -> usize {
        self.elements.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.elements.is_empty()
    }

    /// Its elements that are strings.
    pub fn texts(self) -> impl DoubleEndedIterator<Item = &'a str> {
        self.elements.iter().filter_map(move |element| Some(self.document.read((*element)?)))
    }

    /// Whether all of its elements are strings.
    #[must_use]
    pub fn is_all_texts(self) -> bool {
        self.elements.iter().all(Option::is_some)
    }

    /// The last element, if it is a string.
    pub(crate) fn last(self) -> Option<&'a str> {
        self.elements.last().copied().flatten().map(|place| self.document.read(place))
    }
}

impl Document {
    /// `json` bytes of the text are the claims as they came.
    fn new(text: String, json: usize, members: Vec<Member>, elements: Vec<Option<Span>>) -> Self {
        let mut first_by_digest = [0; DIGESTS];
        for (number, member) in members.iter().enumerate().rev() {
            // Reckoned so that it needs no second look whether it fits.
            if let Some(first) = first_by_digest.get_mut(usize::from(member.digest) % DIGESTS) {
                *first = number.min(254) as u8 + 1;
            }
        }
        let map = OnceLock::new();
        let mut document =
            Self { text, json, members, first_by_digest, elements, map, sub: None, username: None };
        document.sub = document.find_name("sub");
        document.username = document.find_name("username");
        document
    }

    #[inline(always)]
    fn shape(&self, name: &str) -> Option<Shape> {
        let digest = strict_json::digest(name.as_bytes());
        let first = usize::from(*self.first_by_digest.get(usize::from(digest))?).checked_sub(1)?;
        let text = self.text.as_bytes();
        let is_it = |member: &Member| text.get(member.name.range()) == Some(name.as_bytes());
        let (first, others) = self.members.get(first..)?.split_first()?;
        if is_it(first) { Some(first.shape) } else { self.shape_among(others, name) }
    }

    #[cold]
    fn shape_among(&self, members: &[Member], name: &str) -> Option<Shape> {
        members.iter().find(|member| self.read(member.name) == name).map(|member| member.shape)
    }

    #[inline]
    fn read(&self, place: Span) -> &str {
        self.text.get(place.range()).unwrap_or_default()
    }

    #[inline(always)]
    fn find_name(&self, name: &str) -> Option<Name> {
        let place = self.find_identity(name)?;
        Some(Name { place, joins: joins(self.read(place)) })
    }

    #[inline(always)]
    fn find_identity(&self, name: &str) -> Option<Span> {
        let shape = match (self.shape(name), name) {
            (None | Some(Shape::Null), "username") => self.shape("cognito:username"),
            (shape, _) => shape,
        };
        match shape? {
            Shape::Text(place) if !place.is_empty() => Some(place),
            _ => None,
        }
    }
}

/// Adds a string, and says where it is. What is too far away for that is lost, and reads as an empty string.
fn keep(text: &mut String, added: &str) -> Span {
    let start = text.len();
    if start + added.len() > FURTHEST {
        return Span::new(0, 0);
    }
    text.push_str(added);
    Span::new(start, text.len())
}

/// Whether a name can be told from its neighbours when it is joined with them.
fn joins(text: &str) -> bool {
    // Hardly any name has a colon at all, and to look for one byte is faster.
    !text.as_bytes().contains(&b':') || !(text.contains("::") || text.starts_with(':') || text.ends_with(':'))
}

impl Default for Document {
    fn default() -> Self {
        Self::new(String::new(), 0, Vec::new(), Vec::new())
    }
}

impl From<Document> for Claims {
    fn from(document: Document) -> Self {
        Self { document: Arc::new(document) }
    }
}

impl From<Map<String, Value>> for Claims {
    fn from(map: Map<String, Value>) -> Self {
        let (mut text, mut members, mut elements) = (String::new(), Vec::new(), Vec::new());
        for (name, value) in &map {
            let digest = strict_json::digest(name.as_bytes());
            let name = keep(&mut text, name);
            let shape = match value {
                Value::Null => Shape::Null,
                Value::Bool(value) => Shape::Bool(*value),
                Value::Number(number) => Shape::Number(number.as_f64().unwrap_or(f64::NAN)),
                Value::String(value) => Shape::Text(keep(&mut text, value)),
                Value::Array(list) => {
                    let start = elements.len();
                    elements.extend(
                        list.iter().map(|element| element.as_str().map(|element| keep(&mut text, element))),
                    );
                    Shape::List(Span::new(start, elements.len()))
                }
                Value::Object(_) => Shape::Object,
            };
            members.push(Member { name, digest, shape });
        }
        Document { map: map.into(), ..Document::new(text, 0, members, elements) }.into()
    }
}

impl<K: Into<String>, V: Into<Value>> FromIterator<(K, V)> for Claims {
    /// Claims by name, for tests and for doors that build them one by one.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(claims: I) -> Self {
        claims.into_iter().map(|(name, value)| (name.into(), value.into())).collect::<Map<_, _>>().into()
    }
}

impl PartialEq for Claims {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.document, &other.document) || self.as_map() == other.as_map()
    }
}

impl fmt::Debug for Claims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.document.members.iter().map(|member| self.document.read(member.name));
        f.debug_set().entries(names).finish()
    }
}

impl fmt::Debug for ListClaim<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListClaim").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_username_has_a_second_name() {
        let id_token = Claims::from_iter([("cognito:username", "ann")]);
        assert_eq!(id_token.identity("username"), Some("ann"));
        let access_token = Claims::from_iter([("username", "ann")]);
        assert_eq!(access_token.identity("cognito:username"), None);
        let both = Claims::from_iter([("username", Value::from(7)), ("cognito:username", "ann".into())]);
        assert_eq!(both.identity("username"), None, "a name that is no string is not replaced by another");
    }

    #[test]
    fn null_is_absent() {
        let claims = Claims::from_iter([("sub", Value::Null)]);
        assert_eq!(claims.get("sub"), None);
        assert!(claims.has("sub"));
        let unset = Claims::from_iter([("username", Value::Null), ("cognito:username", "ann".into())]);
        assert_eq!(unset.identity("username"), Some("ann"));
    }

    #[test]
    fn debug_shows_names_and_no_values() {
        let shown = format!("{:?}", Claims::from_iter([("email", "ann@example.com")]));
        assert_eq!(shown, r#"{"email"}"#);
        let value = format!("{:?}", Claims::from_iter([("g", vec!["admins"])]).value("g"));
        assert!(!value.contains("admins"), "{value}");
    }

    #[test]
    fn a_text_and_a_map_are_read_alike() {
        let text = r#" {"n": null, "b": true, "i": 7, "f": -1.5e3, "t": "a\u0062\"", "\u0074\n": "é",
            "l": ["x", "\ud83d\ude00", 1, ["inner"], {"k": ["deep"]}, "y"], "e": [], "o": {"t": "other", "l": ["z"]},
            "l2": ["last"], "": ""} "#;
        let read = Claims::from_json(text).unwrap();
        let made = Claims::from(serde_json::from_str::<Map<_, _>>(text).unwrap());
        assert_eq!(read, made);
        for claims in [&read, &read.clone(), &made] {
            assert_eq!(claims.text("t"), Some("ab\""));
            assert_eq!(claims.text("t\n"), Some("é"));
            assert_eq!(claims.text(""), Some(""));
            assert_eq!(claims.get("i"), Some(&Value::from(7)));
            assert_eq!(claims.text("k"), None);
            assert!(matches!(claims.value("n"), Some(Claim::Null)) && !claims.says("n"));
            assert!(matches!(claims.value("b"), Some(Claim::Bool(true))));
            assert!(matches!(claims.value("f"), Some(Claim::Number(-1500.0))));
            assert!(matches!(claims.value("o"), Some(Claim::Object)));
            assert!(claims.value("x").is_none());
            let list = |name| match claims.value(name) {
                Some(Claim::List(list)) => {
                    (list.texts().collect::<Vec<_>>(), list.len(), list.is_all_texts())
                }
                _ => unreachable!("{name}"),
            };
            assert_eq!(list("l"), (vec!["x", "😀", "y"], 6, false));
            assert_eq!(list("l2"), (vec!["last"], 1, true));
            assert_eq!(list("e"), (vec![], 0, true));
        }
    }
}
