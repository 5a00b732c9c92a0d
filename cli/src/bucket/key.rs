//! The name of an object.

use super::Refusal;

/// The longest key, in bytes.
const MAX_LENGTH: usize = 1024;

/// The key of an object. It is a text and no path: `a/../b` and `b` are two objects, here as in S3.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(String);

impl Key {
    pub(super) fn parse(text: &str) -> Result<Self, Refusal> {
        if text.len() > MAX_LENGTH {
            return Err(Refusal::KeyTooLong);
        }
        // S3 takes control characters too, though the XML of its lists has no place for them.
        match text.is_empty()
            || text.chars().any(|it| it.is_control() || matches!(it, '\u{fffe}' | '\u{ffff}'))
        {
            true => Err(Refusal::InvalidUri),
            false => Ok(Self(text.to_owned())),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The level of the key, which says nothing of whose it is or what it is called.
    pub(super) fn level(&self) -> &'static str {
        let first = self.0.split('/').next().unwrap_or_default();
        ["public", "protected", "private"].into_iter().find(|level| *level == first).unwrap_or("other")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_any_text_that_xml_can_tell() {
        let long = "k".repeat(1024);
        for key in
            ["a", "/", "/etc/passwd", "../../etc/passwd", "a/../b", "a//b", ".", "a/", "ü ✓+%&<>'\"", &long]
        {
            assert_eq!(Key::parse(key).unwrap().as_str(), key);
        }
        for (key, refusal) in [
            ("", Refusal::InvalidUri),
            ("a\0b", Refusal::InvalidUri),
            ("a\nb", Refusal::InvalidUri),
            ("a\u{ffff}", Refusal::InvalidUri),
            (&"ü".repeat(513), Refusal::KeyTooLong),
        ] {
            assert_eq!(Key::parse(key), Err(refusal), "{key:?}");
        }
    }

    #[test]
    fn a_level_tells_no_name() {
        for (key, level) in [
            ("public/a", "public"),
            ("protected/us-east-1:1/a", "protected"),
            ("private/a", "private"),
            ("anna@example.com/a", "other"),
            ("publicity/a", "other"),
        ] {
            assert_eq!(Key::parse(key).unwrap().level(), level);
        }
    }
}
