use std::fmt;

use portcullis_data::Profile;
use portcullis_events::{EditError, PreTokenGeneration, Token, Version, check_group_name};
use serde_json::Value;

use crate::Config;

/// A user is in at most this many groups (quotas of Amazon Cognito); more from one profile are left
/// out.
const MOST_GROUPS: usize = 100;

/// What is added to a user's tokens.
#[derive(Clone, Default, PartialEq)]
pub struct Additions {
    /// Claims of the ID token, and from version 2 on of the access token.
    pub claims: Vec<(String, Value)>,
    /// Groups that the user is not in already.
    pub groups: Vec<String>,
    /// How many claims and groups were left out because a token cannot carry them.
    pub left_out: usize,
}

/// What the profile adds to the tokens of this event.
pub fn decide(
    tokens: &PreTokenGeneration<'_>,
    version: Version,
    profile: &Profile,
    config: &Config,
) -> Additions {
    let mut additions = Additions::default();
    for name in &config.token_claims {
        let Some(value) = profile.claims.get(name).filter(|value| !value.is_null()) else {
            continue;
        };
        match version.carry(value) {
            Some(value) => additions.claims.push((name.clone(), value)),
            None => additions.left_out += 1,
        }
    }
    let present = tokens.groups();
    for name in &profile.groups {
        let fits = check_group_name(name).is_ok() && additions.groups.len() < MOST_GROUPS;
        if present.contains(&name.as_str()) || additions.groups.contains(name) {
            continue;
        }
        match fits {
            true => additions.groups.push(name.clone()),
            false => additions.left_out += 1,
        }
    }
    additions
}

impl Additions {
    /// Writes them into the response. A claim that one token cannot carry (a list as `address` of
    /// the ID token) is left out of that one.
    pub(crate) fn write(
        self,
        tokens: &mut PreTokenGeneration<'_>,
        version: Version,
    ) -> Result<Written, EditError> {
        let mut written = Written { claims: 0, groups: self.groups.len(), left_out: self.left_out };
        for (name, value) in self.claims {
            for token in carriers(version) {
                match tokens.set_claim(*token, &name, value.clone()) {
                    Ok(()) => written.claims += 1,
                    Err(EditError::ComplexValue) => written.left_out += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        for group in &self.groups {
            tokens.add_group(group)?;
        }
        Ok(written)
    }
}

/// What was written, for the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) claims: usize,
    pub(crate) groups: usize,
    pub(crate) left_out: usize,
}

fn carriers(version: Version) -> &'static [Token] {
    match version {
        Version::V1 => &[Token::Id],
        Version::V2 | Version::V3 => &[Token::Id, Token::Access],
    }
}

/// Shows the claims' names only: their values are personal data.
impl fmt::Debug for Additions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.claims.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Additions")
            .field("claims", &names)
            .field("groups", &self.groups)
            .field("left_out", &self.left_out)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use portcullis_events::Event;
    use serde_json::json;

    use super::*;

    fn additions(version: Version, claims: Value, groups: &[&str]) -> Additions {
        let lookup = |name: &str| match name {
            "TABLE_NAME" => Some("t".to_owned()),
            "TOKEN_CLAIMS" => Some("tenant,level,beta,teams,address".to_owned()),
            _ => None,
        };
        let config = Config::from_env(lookup).unwrap();
        let profile = Profile {
            sub: "s-1".into(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            claims: claims.as_object().unwrap().clone(),
        };
        let mut event = Event::new(json!({
            "triggerSource": "TokenGeneration_Authentication",
            "request": {"groupConfiguration": {"groupsToOverride": ["readers"]}},
        }))
        .unwrap();
        decide(&PreTokenGeneration::of(&mut event).unwrap(), version, &profile, &config)
    }

    #[test]
    fn version_one_carries_texts_and_the_others_everything() {
        let claims = json!({"tenant": "acme", "level": 3, "beta": true, "teams": ["a"], "username": "ann", "address": null});
        let first = additions(Version::V1, claims.clone(), &[]);
        let as_text = |name: &str, text: &str| (name.to_owned(), json!(text));
        assert_eq!(first.claims, [as_text("tenant", "acme"), as_text("level", "3"), as_text("beta", "true")]);
        assert_eq!(first.left_out, 1);
        for version in [Version::V2, Version::V3] {
            let additions = additions(version, claims.clone(), &[]);
            let expected = [
                ("tenant", json!("acme")),
                ("level", json!(3)),
                ("beta", json!(true)),
                ("teams", json!(["a"])),
            ];
            assert_eq!(additions.claims, expected.map(|(name, value)| (name.to_owned(), value)));
            assert_eq!(additions.left_out, 0);
        }
    }

    #[test]
    fn only_groups_that_are_new_and_possible_are_added() {
        let additions =
            additions(Version::V2, json!({}), &["readers", "editors", "editors", "two words", ""]);
        assert_eq!(additions.groups, ["editors"]);
        assert_eq!(additions.left_out, 2);
    }

    #[test]
    fn a_profile_adds_no_more_groups_than_a_user_may_have() {
        let many: Vec<String> = (0..150).map(|number| format!("g{number}")).collect();
        let additions =
            additions(Version::V2, json!({}), &many.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!((additions.groups.len(), additions.left_out), (100, 50));
    }

    #[test]
    fn debug_shows_no_values() {
        let additions = additions(Version::V2, json!({"tenant": "acme"}), &["editors"]);
        assert_eq!(
            format!("{additions:?}"),
            r#"Additions { claims: ["tenant"], groups: ["editors"], left_out: 0 }"#
        );
    }
}
