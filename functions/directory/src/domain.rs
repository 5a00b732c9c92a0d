use thiserror::Error;

/// The longest domain, in characters (RFC 1035, section 2.3.4, without the dot at the end).
const LONGEST: usize = 253;
/// The longest part between dots.
const LONGEST_LABEL: usize = 63;
/// The longest e-mail address (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const LONGEST_ADDRESS: usize = 254;

/// A domain in lower case and in ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain(String);

/// Why a text is no domain. The words fit after "entry 2".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDomain {
    /// Nothing between two commas.
    #[error("is empty")]
    Empty,
    /// An address, or `@example.com`.
    #[error("has an `@`: write the domain alone")]
    At,
    /// `*.example.com`.
    #[error("has a `*`: a domain covers those below it already")]
    Wildcard,
    /// A dot at an end, or two in a row.
    #[error("has a dot too many: write it as `example.com`")]
    Dots,
    /// Letters that are not ASCII.
    #[error("is not ASCII: write the `xn--` form")]
    NotAscii,
    /// Any other character that no domain has, or a hyphen at an end.
    #[error("has a character that a domain cannot have there")]
    Character,
    /// More than 253 characters, or more than 63 between dots.
    #[error("is too long")]
    TooLong,
    /// A top-level domain where it would let in everyone below it.
    #[error("is a whole top-level domain")]
    TopLevel,
}

impl Domain {
    /// Reads a domain, in upper or lower case.
    ///
    /// # Errors
    ///
    /// Anything that is not letters, digits and hyphens between single dots.
    pub fn parse(text: &str) -> Result<Self, InvalidDomain> {
        match text {
            "" => return Err(InvalidDomain::Empty),
            _ if text.contains('@') => return Err(InvalidDomain::At),
            _ if text.contains('*') => return Err(InvalidDomain::Wildcard),
            _ if !text.is_ascii() => return Err(InvalidDomain::NotAscii),
            _ if text.len() > LONGEST => return Err(InvalidDomain::TooLong),
            _ => {}
        }
        for label in text.split('.') {
            if label.is_empty() {
                return Err(InvalidDomain::Dots);
            }
            if label.len() > LONGEST_LABEL {
                return Err(InvalidDomain::TooLong);
            }
            let letters = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            if !letters || label.starts_with('-') || label.ends_with('-') {
                return Err(InvalidDomain::Character);
            }
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The domain of an e-mail address: what stands after the last `@`.
    ///
    /// `None` for an address that could be read in two ways, and so could pass here as one and be
    /// delivered as another.
    pub fn of_address(address: &str) -> Option<Self> {
        let (local, domain) = address.rsplit_once('@')?;
        let plain = |byte: u8| {
            byte.is_ascii_graphic()
                && !matches!(
                    byte,
                    b'"' | b'\\' | b'@' | b'<' | b'>' | b'(' | b')' | b',' | b';' | b':' | b'[' | b']'
                )
        };
        if local.is_empty() || address.len() > LONGEST_ADDRESS || !local.bytes().all(plain) {
            return None;
        }
        Self::parse(domain).ok()
    }

    /// If `other` is this domain or below it.
    pub fn covers(&self, other: &Domain) -> bool {
        match other.0.strip_suffix(&self.0) {
            Some(before) => before.is_empty() || before.ends_with('.'),
            None => false,
        }
    }

    /// If one of them is this domain or above it.
    pub fn is_covered_by(&self, list: &[Domain]) -> bool {
        list.iter().any(|entry| entry.covers(self))
    }

    pub(crate) fn is_top_level(&self) -> bool {
        !self.0.contains('.')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn domain(text: &str) -> Domain {
        Domain::parse(text).unwrap()
    }

    #[test]
    fn a_domain_covers_itself_and_what_is_below_it() {
        for (entry, other, expected) in [
            ("example.com", "example.com", true),
            ("example.com", "EXAMPLE.com", true),
            ("example.com", "mail.example.com", true),
            ("example.com", "a.b.example.com", true),
            ("example.com", "evil-example.com", false),
            ("example.com", "evilexample.com", false),
            ("example.com", "example.com.evil.net", false),
            ("example.com", "example.co", false),
            ("mail.example.com", "example.com", false),
            ("com", "example.com", true),
        ] {
            assert_eq!(domain(entry).covers(&domain(other)), expected, "{entry} {other}");
        }
    }

    #[test]
    fn a_text_that_is_no_domain_is_named_for_what_it_is() {
        let long_label = format!("{}.com", "a".repeat(64));
        let long = ["abcdefgh"; 30].join(".");
        for (text, expected) in [
            ("", InvalidDomain::Empty),
            ("@example.com", InvalidDomain::At),
            ("ann@example.com", InvalidDomain::At),
            ("*.example.com", InvalidDomain::Wildcard),
            (".example.com", InvalidDomain::Dots),
            ("example.com.", InvalidDomain::Dots),
            ("example..com", InvalidDomain::Dots),
            ("b\u{fc}cher.example", InvalidDomain::NotAscii),
            ("exa mple.com", InvalidDomain::Character),
            ("-example.com", InvalidDomain::Character),
            ("example-.com", InvalidDomain::Character),
            ("example.com\n", InvalidDomain::Character),
            ("http://example.com", InvalidDomain::Character),
            ("under_score.com", InvalidDomain::Character),
            (long_label.as_str(), InvalidDomain::TooLong),
            (long.as_str(), InvalidDomain::TooLong),
        ] {
            assert_eq!(Domain::parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn an_address_that_can_be_read_in_two_ways_has_no_domain() {
        for (address, expected) in [
            ("ann@example.com", Some("example.com")),
            ("Ann.B+tag@Mail.Example.COM", Some("mail.example.com")),
            ("o'brien@example.com", Some("example.com")),
            ("ann@xn--bcher-kva.example", Some("xn--bcher-kva.example")),
            ("", None),
            ("ann", None),
            ("@example.com", None),
            ("ann@", None),
            ("ann@evil.net@example.com", None),
            ("\"ann@evil.net\"@example.com", None),
            ("\"ann\"@example.com", None),
            (" ann@example.com", None),
            ("ann@example.com ", None),
            ("ann@example.com\n", None),
            ("ann\u{0}@example.com", None),
            ("ann@example.com.", None),
            ("ann@example.com(evil.net)", None),
            ("ann(evil.net)@example.com", None),
            ("<ann@evil.net>@example.com", None),
            ("ann@[127.0.0.1]", None),
            ("ann@ex\u{e4}mple.com", None),
            ("\u{e4}nn@example.com", None),
            ("ann@example\u{3002}com", None),
            ("bob@evil.net,ann@example.com", None),
        ] {
            assert_eq!(Domain::of_address(address), expected.map(domain), "{address:?}");
        }
        assert_eq!(Domain::of_address(&format!("{}@example.com", "a".repeat(243))), None);
    }

    proptest! {
        #[test]
        fn only_the_domain_itself_or_a_whole_label_before_it_is_covered(before in "[a-z0-9.-]{0,8}") {
            if let Ok(other) = Domain::parse(&format!("{before}example.com")) {
                prop_assert_eq!(domain("example.com").covers(&other), before.is_empty() || before.ends_with('.'));
            }
        }

        #[test]
        fn no_address_makes_it_panic_or_yields_a_part_before_the_last_at(address in "\\PC{0,20}@?\\PC{0,20}") {
            if let Some(found) = Domain::of_address(&address) {
                let lower = address.to_ascii_lowercase();
                prop_assert_eq!(lower.split('@').next_back(), Some(found.0.as_str()));
                prop_assert_eq!(address.matches('@').count(), 1);
            }
        }
    }
}
