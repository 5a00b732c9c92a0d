//! The parameters of a query or a form, in the encoding of HTML forms.
//!
//! 1. A parameter is given once (RFC 6749, 3.1); who gives it twice is refused, for two readers may choose differently.
//! 2. A parameter without a value counts as left out (RFC 6749, 3.1).

use std::borrow::Cow;

/// What is read at most, in bytes.
const MAX_BYTES: usize = 16 * 1024;
/// More parameters than any endpoint has.
const MAX_PARAMETERS: usize = 64;

/// Parameters by their name.
#[derive(Clone, Debug, Default)]
pub(super) struct Parameters<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

/// The parameters are too many, too long, or one is there twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

impl<'a> Parameters<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Result<Self, Malformed> {
        if text.len() > MAX_BYTES {
            return Err(Malformed);
        }
        let mut parameters: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            if parameters.len() == MAX_PARAMETERS || parameters.iter().any(|(known, _)| *known == name) {
                return Err(Malformed);
            }
            parameters.push((name, value));
        }
        Ok(Self(parameters))
    }

    /// The value; `None` if it is missing or empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        (!value.is_empty()).then_some(value)
    }

    /// All but these, encoded again.
    pub(super) fn without(&self, names: &[&str]) -> String {
        let kept = self.0.iter().filter(|(name, _)| !names.contains(&name.as_ref()));
        encode(kept.map(|(name, value)| (name.as_ref(), value.as_ref())))
    }
}

/// Names and values in the encoding of HTML forms.
pub(super) fn encode<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_given_once_and_has_a_value() {
        let parameters = Parameters::parse(b"a=1&b=&c=x+y%26z&d").unwrap();
        assert_eq!(parameters.get("a"), Some("1"));
        assert_eq!((parameters.get("b"), parameters.get("d"), parameters.get("e")), (None, None, None));
        assert_eq!(parameters.get("c"), Some("x y&z"));
        assert_eq!(parameters.without(&["a", "b"]), "c=x+y%26z&d=");
        assert_eq!(Parameters::parse(b"a=1&a=1").unwrap_err(), Malformed);
        assert_eq!(Parameters::parse(b"a=1&%61=2").unwrap_err(), Malformed);
    }

    #[test]
    fn too_much_is_refused() {
        let many: String = (0..=MAX_PARAMETERS).map(|number| format!("p{number}=1&")).collect();
        assert!(Parameters::parse(many.as_bytes()).is_err());
        assert!(Parameters::parse(&vec![b'a'; MAX_BYTES + 1]).is_err());
        assert!(Parameters::parse(&vec![b'a'; MAX_BYTES]).is_ok());
    }
}
