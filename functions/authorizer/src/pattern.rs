//! Which routes a resource of a policy matches.

use crate::routes::Segment;

/// The end of a resource: a method and a path, as IAM compares them.
///
/// It is made of what the schema says alone. `*` stands for any text, slashes too, so that one in the place of the method would let a
/// path of another model through that ends alike: the method is always there, and a `*` is a whole segment after the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern(String);

impl Pattern {
    /// The requests for one path.
    pub(crate) fn of_path(method: &str, segments: &[Segment]) -> Self {
        Self(written(method, segments, "*"))
    }

    /// The requests for all paths below this one.
    pub(crate) fn below(method: &str, segments: &[Segment]) -> Self {
        Self(written(method, segments, "*") + "/*")
    }

    /// The requests for the route of a gateway that takes all paths, where it asks by the name of that route.
    pub(crate) fn of_route(method: &str, variable: &str) -> Self {
        Self(format!("{method}/{variable}"))
    }

    /// Everything.
    pub(crate) fn everything() -> Self {
        Self("*".to_owned())
    }

    /// A connection to a WebSocket API.
    pub(crate) fn connection() -> Self {
        Self("$connect".to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a request for this path could match, whatever stands for its parameters.
    pub(crate) fn covers(&self, method: &str, segments: &[Segment]) -> bool {
        // No name in a schema holds this character, so that only `*` matches a parameter.
        matches(self.0.as_bytes(), written(method, segments, "\u{1}").as_bytes())
    }
}

fn written(method: &str, segments: &[Segment], parameter: &str) -> String {
    let mut text = method.to_owned();
    for segment in segments {
        text.push('/');
        text.push_str(match segment {
            Segment::Literal(name) => name,
            Segment::Parameter => parameter,
        });
    }
    text
}

/// As IAM compares: `*` is any text. No pattern here has a `?`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // Where the last `*` was, and how far the text had been read there.
    let (mut p, mut t, mut star) = (0, 0, None);
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                star = Some((p, t));
            }
            Some(wanted) if wanted == byte => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((after, from)) => {
                    (p, t) = (after, from + 1);
                    star = Some((after, t));
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        for (pattern, text, expected) in [
            ("GET/notes", "GET/notes", true),
            ("GET/notes", "GET/notes/", false),
            ("GET/notes/*", "GET/notes/a", true),
            ("GET/notes/*", "GET/notes/a/b", true),
            ("GET/notes/*", "GET/notes", false),
            ("GET/*/posts", "GET/a/b/posts", true),
            ("GET/*/posts", "GET/a/posts/b", false),
            ("*/notes", "PATCH/notes", true),
            ("*", "", true),
            ("*a*a", "aa", true),
            ("*a*a", "a", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }
}
