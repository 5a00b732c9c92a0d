use std::fmt;

use portcullis_data::Profile;
use portcullis_events::{EditError, PreTokenGeneration, Token, Version, check_group_name};
use serde_json::Value;

use crate::Config;

/// A user is in at most this many groups (quotas of Amazon Cognito); more from one profile are left
/// out.
const MOST_GROUPS: usize = 100;

/// The attribute of the profile that `TENANT_CLAIM` carries.
const TENANT: &str = "tenant";

/// What changes in a user's tokens.
#[derive(Clone, Default, PartialEq)]
pub struct Additions {
    /// Claims of the ID token, and from version 2 on of the access token.
    pub claims: Vec<(String, Value)>,
    /// Claims that are taken out of the same tokens.
    pub suppressed: Vec<String>,
    /// Groups that the user is not in already.
    pub groups: Vec<String>,
    /// Scopes of the access token.
    pub scopes: Vec<String>,
    /// Roles at AWS, the preferred one first.
    pub roles: Vec<String>,
    /// How many claims, groups and scopes were left out because a token cannot carry them.
    pub left_out: usize,
}

/// What the profile, if there is one, and the configuration change in the tokens of this event.
///
/// `joined` are groups that the user has just been added to, which the event does not know of.
pub fn decide(
    tokens: &PreTokenGeneration<'_>,
    version: Version,
    profile: Option<&Profile>,
    joined: &[String],
    config: &Config,
) -> Additions {
    let mut additions = Additions { suppressed: config.suppress_claims.clone(), ..Additions::default() };
    for name in &config.token_claims {
        let value = profile.and_then(|profile| profile.claims.get(name));
        let Some(value) = value.filter(|value| !value.is_null()) else {
            continue;
        };
        match version.carry(value) {
            Some(value) => additions.claims.push((name.clone(), value)),
            None => additions.left_out += 1,
        }
    }
    if let Some(claim) = &config.tenant_claim {
        match profile.and_then(|profile| profile.claims.get(TENANT)).and_then(Value::as_str) {
            Some(tenant) if !tenant.is_empty() => {
                additions.claims.push((claim.clone(), Value::from(tenant)));
            }
            // Nothing else that the pool knows by this name may stand for the tenant.
            _ => additions.suppressed.push(claim.clone()),
        }
    }
    let present = tokens.groups();
    for name in profile.iter().flat_map(|profile| &profile.groups).chain(joined) {
        if present.contains(&name.as_str()) || additions.groups.contains(name) {
            continue;
        }
        match check_group_name(name).is_ok() && additions.groups.len() < MOST_GROUPS {
            true => additions.groups.push(name.clone()),
            false => additions.left_out += 1,
        }
    }
    let in_group = |name: &str| present.contains(&name) || additions.groups.iter().any(|group| group == name);
    let scopes = config.group_scopes.of(in_group);
    let roles = config.group_roles.of(in_group).into_iter().map(str::to_owned).collect();
    match version {
        Version::V1 => additions.left_out += scopes.len(),
        Version::V2 | Version::V3 => additions.scopes = scopes.into_iter().map(str::to_owned).collect(),
    }
    additions.roles = roles;
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
        let mut written = Written {
            claims: 0,
            suppressed: self.suppressed.len(),
            groups: self.groups.len(),
            scopes: self.scopes.len(),
            roles: self.roles.len(),
            left_out: self.left_out,
        };
        for (name, value) in self.claims {
            for token in carriers(version) {
                match tokens.set_claim(*token, &name, value.clone()) {
                    Ok(()) => written.claims += 1,
                    Err(EditError::ComplexValue) => written.left_out += 1,
                    Err(error) => return Err(error),
                }
            }
        }
        for name in &self.suppressed {
            carriers(version).iter().try_for_each(|token| tokens.suppress_claim(*token, name))?;
        }
        for group in &self.groups {
            tokens.add_group(group)?;
        }
        for scope in &self.scopes {
            tokens.add_scope(scope)?;
        }
        if !self.roles.is_empty() {
            // Those of the pool stay, behind ours: the first one is preferred.
            let present: Vec<String> = tokens.roles().into_iter().map(str::to_owned).collect();
            let others = present.iter().filter(|role| !self.roles.contains(role));
            let roles: Vec<&str> = self.roles.iter().chain(others).map(String::as_str).collect();
            tokens.set_roles(&roles)?;
        }
        Ok(written)
    }
}

/// What was written, for the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) claims: usize,
    pub(crate) suppressed: usize,
    pub(crate) groups: usize,
    pub(crate) scopes: usize,
    pub(crate) roles: usize,
    pub(crate) left_out: usize,
}

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { claims, suppressed, groups, scopes, roles, left_out } = self;
        write!(
            f,
            "{claims} claims, {suppressed} suppressed, {groups} groups, {scopes} scopes, {roles} roles, {left_out} left out"
        )
    }
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
            .field("suppressed", &self.suppressed)
            .field("groups", &self.groups)
            .field("scopes", &self.scopes)
            .field("roles", &self.roles)
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
            complete: true,
            claims: claims.as_object().unwrap().clone(),
        };
        let mut event = Event::new(json!({
            "triggerSource": "TokenGeneration_Authentication",
            "request": {"groupConfiguration": {"groupsToOverride": ["readers"]}},
        }))
        .unwrap();
        decide(&PreTokenGeneration::of(&mut event).unwrap(), version, Some(&profile), &[], &config)
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
            r#"Additions { claims: ["tenant"], suppressed: [], groups: ["editors"], scopes: [], roles: [], left_out: 0 }"#
        );
    }
}
