//! Whether a value of a record names the caller.

use serde_json::Value;

use crate::{Claims, IdentityClaim, Item, groups::Groups, operation::Matching, role::Who};

impl IdentityClaim {
    /// What the token says for one part.
    fn value<'a>(&self, claims: &'a Claims, part: &str) -> Option<&'a str> {
        if self.parts().len() > 1 { claims.part_of_identity(part) } else { claims.identity(part) }
    }

    /// The first part that the token lacks.
    pub(crate) fn missing<'a>(&'a self, claims: &Claims) -> Option<&'a str> {
        self.parts().iter().map(String::as_str).find(|part| self.value(claims, part).is_none())
    }

    /// Whether a token with these claims can name anybody.
    pub(crate) fn is_usable(&self, claims: &Claims, matching: Matching) -> bool {
        match matching {
            Matching::Write | Matching::Listen => self.missing(claims).is_none(),
            Matching::Query => self.parts().iter().any(|part| self.value(claims, part).is_some()),
        }
    }

    /// Whether the text names the caller.
    pub(crate) fn names(&self, claims: &Claims, matching: Matching, text: &str) -> bool {
        let mut complete = true;
        let mut by_part = false;
        let mut last = false;
        // What the joined value has yet to match, if it has matched so far.
        let mut rest = Some(text);
        for (index, part) in self.parts().iter().enumerate() {
            let Some(value) = self.value(claims, part) else {
                complete = false;
                continue;
            };
            last = value == text;
            by_part |= last;
            rest = rest
                .and_then(|rest| if index == 0 { Some(rest) } else { rest.strip_prefix("::") })
                .and_then(|rest| rest.strip_prefix(value));
        }
        let joined = rest == Some("");
        match matching {
            Matching::Write => complete && (joined || by_part),
            Matching::Query => (complete && joined) || by_part,
            Matching::Listen => complete && (joined || last),
        }
    }

    /// Every text that names the caller.
    pub(crate) fn names_of(&self, claims: &Claims, matching: Matching) -> Vec<String> {
        if !self.is_usable(claims, matching) {
            return Vec::new();
        }
        let mut names: Vec<String> = self.joined(claims).into_iter().collect();
        let parts = self.parts().iter().filter_map(|part| self.value(claims, part));
        let skipped = match matching {
            Matching::Write | Matching::Query => 0,
            Matching::Listen => self.parts().len().saturating_sub(1),
        };
        for part in parts.skip(skipped) {
            if !names.iter().any(|name| name == part) {
                names.push(part.to_owned());
            }
        }
        names
    }

    /// What is stored as the owner: the parts joined with `::`.
    pub(crate) fn joined(&self, claims: &Claims) -> Option<String> {
        let parts: Option<Vec<&str>> = self.parts().iter().map(|part| self.value(claims, part)).collect();
        parts.map(|parts| parts.join("::"))
    }
}

impl Who {
    /// Whether the record names the caller or one of their groups, by each part that a record decides. Never true where
    /// none is.
    pub(crate) fn is_named_in(&self, item: &Item, claims: &Claims, matching: Matching) -> bool {
        match self {
            Self::Owner { field, list, claim } => {
                any_text(item.get(field), *list, |text| claim.names(claims, matching, text))
            }
            Self::MemberOfNamed { field, list, claim } => {
                let groups = Groups::for_field(claims, claim, *list, matching);
                any_text(item.get(field), *list, |text| groups.contains(text))
            }
            Self::All(parts) => {
                let mut deciding = parts.iter().filter(|part| part.deciding_field().is_some()).peekable();
                deciding.peek().is_some() && deciding.all(|part| part.is_named_in(item, claims, matching))
            }
            Self::Everyone | Self::SignedIn | Self::Guest | Self::Member { .. } => false,
        }
    }
}

/// Whether a string, or an element of a list, meets the test. A value of the other shape meets none.
fn any_text(value: Option<&Value>, list: bool, test: impl Fn(&str) -> bool) -> bool {
    match value {
        Some(Value::String(text)) if !list => test(text),
        Some(Value::Array(values)) if list => values.iter().filter_map(Value::as_str).any(test),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Matching; 3] = [Matching::Write, Matching::Query, Matching::Listen];

    #[test]
    fn a_caller_is_known_by_the_joined_claims_and_by_each() {
        let claim = IdentityClaim::default();
        let claims = Claims::from_iter([("sub", "u1"), ("username", "ann")]);
        let table = [
            ("u1::ann", [true, true, true]),
            ("u1", [true, true, false]),
            ("ann", [true, true, true]),
            ("", [false; 3]),
            ("u1::", [false; 3]),
            ("::ann", [false; 3]),
            ("u1::ann::", [false; 3]),
            ("u1::ann2", [false; 3]),
            ("u1:ann", [false; 3]),
            ("ann::u1", [false; 3]),
        ];
        for (owner, expected) in table {
            assert_eq!(ALL.map(|matching| claim.names(&claims, matching, owner)), expected, "{owner}");
        }
    }

    #[test]
    fn a_token_with_only_a_part_reads_by_that_part_and_writes_nothing() {
        let claim = IdentityClaim::default();
        let claims = Claims::from_iter([("sub", "u1")]);
        assert_eq!(ALL.map(|matching| claim.names(&claims, matching, "u1")), [false, true, false]);
        assert_eq!(ALL.map(|matching| claim.names(&claims, matching, "u1::")), [false; 3]);
        assert_eq!(claim.missing(&claims), Some("username"));
        assert_eq!(claim.joined(&claims), None);
    }

    #[test]
    fn a_name_that_looks_like_several_parts_is_nobodys() {
        let claim = IdentityClaim::default();
        for (sub, username) in
            [("u9", "u1::ann"), ("u1::ann", "eve"), ("u1::x", "y::ann"), ("u9", ":ann"), ("u1:", "x")]
        {
            let claims = Claims::from_iter([("sub", sub), ("username", username)]);
            for matching in ALL {
                for owner in ["u1::ann", "u1", "ann", "u1::x::y::ann"] {
                    assert!(!claim.names(&claims, matching, owner), "{sub} {username} {owner}");
                }
            }
            assert_eq!(claim.joined(&claims), None);
        }
        // A claim that stands alone is compared whole, so it may hold anything.
        let claims = Claims::from_iter([("email", "a::b")]);
        assert!(IdentityClaim::new("email").names(&claims, Matching::Write, "a::b"));
    }

    #[test]
    fn an_empty_claim_names_nobody() {
        let claims = Claims::from_iter([("email", "")]);
        for matching in ALL {
            assert!(!IdentityClaim::new("email").names(&claims, matching, ""));
            assert_eq!(IdentityClaim::new("email").names_of(&claims, matching), Vec::<String>::new());
        }
    }

    #[test]
    fn a_claim_that_is_no_string_names_nobody() {
        for value in [
            Value::from(7),
            true.into(),
            Value::Null,
            Value::from(vec!["ann"]),
            serde_json::json!({"a": "ann"}),
        ] {
            let claims = Claims::from_iter([("email", value)]);
            for matching in ALL {
                assert!(!IdentityClaim::new("email").is_usable(&claims, matching));
                assert!(!IdentityClaim::new("email").names(&claims, matching, "ann"));
            }
        }
    }

    #[test]
    fn the_listed_names_are_the_names_that_match() {
        let texts = ["", "u1", "ann", "u1::ann", "ann::u1", "u1::u1", "::"];
        let tokens = [
            Claims::default(),
            Claims::from_iter([("sub", "u1")]),
            Claims::from_iter([("username", "ann")]),
            Claims::from_iter([("sub", "u1"), ("username", "ann")]),
            Claims::from_iter([("sub", "u1"), ("cognito:username", "u1")]),
            Claims::from_iter([("sub", ""), ("username", "")]),
        ];
        for claim in
            [IdentityClaim::default(), IdentityClaim::new("sub"), IdentityClaim::new("username::sub")]
        {
            for claims in &tokens {
                for matching in ALL {
                    let names = claim.names_of(claims, matching);
                    assert_eq!(names.is_empty(), !claim.is_usable(claims, matching));
                    for text in texts {
                        let listed = names.iter().any(|name| name == text);
                        assert_eq!(
                            listed,
                            claim.names(claims, matching, text),
                            "{claim} {matching:?} {text}"
                        );
                    }
                }
            }
        }
    }
}
