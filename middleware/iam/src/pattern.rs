//! Texts with wildcards and variables.

use crate::{Context, InvalidPolicy};

/// A text as it stands in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(char),
    /// `?`
    AnyOne,
    /// `*`
    Any,
    Variable {
        key: String,
        default: Option<String>,
    },
}

/// Which characters of a text mean something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Syntax {
    /// `*` and `?`, as in actions.
    Wildcards,
    /// `${..}`, as in `StringEquals`.
    Variables,
    /// Both, as in resources and `StringLike`.
    Both,
}

/// A pattern whose variables have their values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resolved {
    parts: Vec<Piece>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Literal(char),
    AnyOne,
    Any,
}

impl Pattern {
    pub(crate) fn parse(text: &str, syntax: Syntax, path: &str) -> Result<Self, InvalidPolicy> {
        let mut parts = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if syntax != Syntax::Wildcards
                && let Some(variable) = rest.strip_prefix("${")
            {
                let (inside, behind) = variable
                    .split_once('}')
                    .ok_or_else(|| InvalidPolicy::new(path, "has a variable without an end"))?;
                parts.push(Part::variable(inside, path)?);
                rest = behind;
                continue;
            }
            parts.push(match first {
                '*' if syntax != Syntax::Variables => Part::Any,
                '?' if syntax != Syntax::Variables => Part::AnyOne,
                literal => Part::Literal(literal),
            });
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        Ok(Self { parts })
    }

    /// `None` if a variable has no value.
    pub(crate) fn resolve(&self, context: &Context) -> Option<Resolved> {
        let mut parts = Vec::with_capacity(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Literal(literal) => parts.push(Piece::Literal(*literal)),
                Part::AnyOne => parts.push(Piece::AnyOne),
                Part::Any => parts.push(Piece::Any),
                Part::Variable { key, default } => {
                    // A value is no pattern, whoever chose it.
                    let value = context.value(key).or(default.as_deref())?;
                    parts.extend(value.chars().map(Piece::Literal));
                }
            }
        }
        Some(Resolved { parts })
    }

    /// The parts between the first colons that are no part of a variable, and what stands behind the last of them.
    pub(crate) fn split_at_colons(&self, times: usize) -> Vec<Self> {
        self.parts
            .splitn(times + 1, |part| *part == Part::Literal(':'))
            .map(|parts| Self { parts: parts.to_vec() })
            .collect()
    }

    pub(crate) fn is_any(&self) -> bool {
        self.parts == [Part::Any]
    }
}

impl Part {
    /// What stands between `${` and `}`.
    fn variable(inside: &str, path: &str) -> Result<Self, InvalidPolicy> {
        // The three characters that mean something else, said as themselves.
        if let "*" | "?" | "$" = inside {
            return Ok(Self::Literal(inside.chars().next().unwrap_or('$')));
        }
        let (key, default) = match inside.split_once(',') {
            Some((key, default)) => {
                let default = default.trim().strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
                let default = default
                    .ok_or_else(|| InvalidPolicy::new(path, "has a default that is not in single quotes"))?;
                (key.trim(), Some(default.to_owned()))
            }
            None => (inside.trim(), None),
        };
        // A key is `prefix:name`, and the name of a tag may hold almost anything.
        match key.split_once(':') {
            Some((prefix, name)) if !prefix.is_empty() && !name.is_empty() && !key.contains("${") => {
                Ok(Self::Variable { key: key.to_owned(), default })
            }
            _ => Err(InvalidPolicy::new(path, "has a variable that names no key")),
        }
    }
}

impl Resolved {
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matches_by(text, |known, seen| known == seen)
    }

    pub(crate) fn matches_ignoring_case(&self, text: &str) -> bool {
        self.matches_by(text, |known, seen| known.to_lowercase().eq(seen.to_lowercase()))
    }

    /// Remembers the last `*` alone, which takes one character more whenever what follows does not fit: no pattern is slower than
    /// its length times that of the text.
    fn matches_by(&self, text: &str, equal: impl Fn(char, char) -> bool) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut seen) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        while let Some(character) = text.get(seen) {
            match self.parts.get(at) {
                Some(Piece::Any) => {
                    star = Some((at, seen));
                    at += 1;
                    continue;
                }
                Some(Piece::AnyOne) => {}
                Some(Piece::Literal(literal)) if equal(*literal, *character) => {}
                _ => match star {
                    Some((star_at, taken)) => {
                        star = Some((star_at, taken + 1));
                        at = star_at + 1;
                        seen = taken + 1;
                        continue;
                    }
                    None => return false,
                },
            }
            at += 1;
            seen += 1;
        }
        self.parts.iter().skip(at).all(|piece| *piece == Piece::Any)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Resolved {
        Pattern::parse(text, Syntax::Both, "p").unwrap().resolve(&Context::new()).unwrap()
    }

    /// The same question, asked in the most obvious way.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => {
                naive(rest, text) || text.split_first().is_some_and(|(_, behind)| naive(pattern, behind))
            }
            (Some(('?', rest)), Some((_, behind))) => naive(rest, behind),
            (Some((literal, rest)), Some((seen, behind))) => literal == seen && naive(rest, behind),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn wildcards_match_as_the_obvious_way_does(pattern_text in "[ab*?]{0,8}", text in "[abc]{0,10}") {
            let (chars, seen): (Vec<_>, Vec<_>) = (pattern_text.chars().collect(), text.chars().collect());
            prop_assert_eq!(pattern(&pattern_text).matches(&text), naive(&chars, &seen));
        }

        #[test]
        fn the_value_of_a_variable_is_no_pattern(value in "[a*?${}:,' ]{0,8}", text in "[a*?${}:,' ]{0,8}") {
            let context = Context::new().with("aws:PrincipalTag/x", value.as_str());
            let pattern = Pattern::parse("<${aws:PrincipalTag/x}>", Syntax::Both, "p").unwrap();
            let resolved = pattern.resolve(&context).unwrap();
            let expected = value == text;
            prop_assert_eq!(resolved.matches(&format!("<{text}>")), expected);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            for syntax in [Syntax::Wildcards, Syntax::Variables, Syntax::Both] {
                let _ = Pattern::parse(&text, syntax, "p").map(|pattern| pattern.resolve(&Context::new()));
            }
        }
    }

    #[test]
    fn a_long_pattern_of_stars_is_not_slow() {
        let text = "a".repeat(20_000);
        assert!(!pattern(&format!("{}b", "*a".repeat(20))).matches(&text));
    }

    #[test]
    fn the_three_characters_that_mean_something_can_be_said_as_themselves() {
        for (written, text, expected) in [
            ("a${*}", "a*", true),
            ("a${*}", "ab", false),
            ("a${?}", "a?", true),
            ("a${?}", "ab", false),
            ("${$}{b}", "${b}", true),
        ] {
            assert_eq!(pattern(written).matches(text), expected, "{written} {text}");
        }
    }

    #[test]
    fn a_variable_has_its_default_where_it_has_no_value() {
        let written = "${aws:PrincipalTag/team, 'company-wide'}";
        let pattern = Pattern::parse(written, Syntax::Both, "p").unwrap();
        let with_team = Context::new().with("AWS:principaltag/TEAM", "yellow");
        assert!(pattern.resolve(&with_team).unwrap().matches("yellow"));
        assert!(pattern.resolve(&Context::new()).unwrap().matches("company-wide"));
        let bare = Pattern::parse("${aws:PrincipalTag/team}", Syntax::Both, "p").unwrap();
        assert_eq!(bare.resolve(&Context::new()), None);
        let several = Context::new().with_several("aws:PrincipalTag/team", ["a"]);
        assert_eq!(bare.resolve(&several), None, "a key with several values is no variable");
    }

    #[test]
    fn what_is_no_variable_is_an_error() {
        for text in
            ["${", "${}", "${a}", "${aws:x", "${:x}", "${aws:}", "${aws:x, y}", "${aws:x, 'y}", "${${aws:x}}"]
        {
            assert!(Pattern::parse(text, Syntax::Both, "p").is_err(), "{text}");
        }
    }
}
