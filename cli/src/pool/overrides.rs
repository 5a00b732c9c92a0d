//! What the token trigger's answer changes in the tokens.
//!
//! The event's version says where the answer is looked for and how far it reaches. Version 1 (`claimsOverrideDetails`)
//! changes claims of the ID token, to strings only, and the groups of both tokens. Versions 2 and 3
//! (`claimsAndScopeOverrideDetails`) change claims of both tokens, to any JSON, and the scopes of the access token; they
//! differ in that version 3 is called for machines too. What stands under the other version's name means nothing.
//!
//! 1. Suppressing beats adding.
//! 2. Claims that a token's meaning rests on are never added, changed or suppressed; such a wish is dropped.
//! 3. `groupOverrideDetails` takes the place of the groups, the roles and the preferred role: what it leaves out is gone.
//!    Empty or null, it suppresses all of them; without it they stay.
//! 4. Suppressing `cognito:groups` suppresses the roles with it; it is the only way to.

use portcullis_events::Version;
use serde_json::{Map, Value, json};

use crate::pool::{error::ServiceError, groups::GroupConfiguration, triggers::unrecognizable};

const RESERVED: [&str; 24] = [
    "sub",
    "iss",
    "token_use",
    "client_id",
    "username",
    "identities",
    "device_key",
    "event_id",
    "version",
    "acr",
    "amr",
    "at_hash",
    "aud",
    "auth_time",
    "azp",
    "exp",
    "iat",
    "nbf",
    "jti",
    "origin_jti",
    "nonce",
    "scope",
    "cognito:username",
    "cognito:groups",
];

/// Claims of an ID token that cannot be an object or a list.
const SIMPLE: [&str; 4] = ["phone_number_verified", "email_verified", "updated_at", "address"];

/// What groups put into a token.
const GROUP_CLAIMS: [&str; 3] = ["cognito:groups", "cognito:roles", "cognito:preferred_role"];

/// Changes to the claims of one token.
#[derive(Clone, Default)]
struct ClaimEdits {
    add: Map<String, Value>,
    suppress: Vec<String>,
}

/// The member of the response that a version of the event reads.
pub(crate) fn root(version: Version) -> &'static str {
    match version {
        Version::V1 => "claimsOverrideDetails",
        Version::V2 | Version::V3 => "claimsAndScopeOverrideDetails",
    }
}

/// The answer, read.
#[derive(Clone, Default)]
pub(crate) struct Overrides {
    id: ClaimEdits,
    access: ClaimEdits,
    scopes_to_add: Vec<String>,
    scopes_to_suppress: Vec<String>,
    groups: Option<GroupConfiguration>,
}

impl Overrides {
    pub(crate) fn from_response(
        version: Version,
        response: &Map<String, Value>,
    ) -> Result<Self, ServiceError> {
        let Some(details) = object(response.get(root(version)))? else {
            return Ok(Self::default());
        };
        let groups = match details.get("groupOverrideDetails") {
            None => None,
            Some(groups) => match object(Some(groups))? {
                None => Some(GroupConfiguration::default()),
                Some(groups) => Some(GroupConfiguration {
                    names: strings(groups.get("groupsToOverride"))?,
                    roles: strings(groups.get("iamRolesToOverride"))?,
                    preferred_role: role(groups.get("preferredRole"))?,
                }),
            },
        };
        if version == Version::V1 {
            let id = edits(details)?;
            if !id.add.values().all(Value::is_string) {
                return Err(unrecognizable());
            }
            return Ok(Self { id, groups, ..Self::default() });
        }
        let empty = Map::new();
        let access = object(details.get("accessTokenGeneration"))?.unwrap_or(&empty);
        Ok(Self {
            id: edits(object(details.get("idTokenGeneration"))?.unwrap_or(&empty))?,
            access: edits(access)?,
            scopes_to_add: strings(access.get("scopesToAdd"))?,
            scopes_to_suppress: strings(access.get("scopesToSuppress"))?,
            groups,
        })
    }

    /// The groups in both tokens, and the roles in the ID token.
    pub(crate) fn groups(&self, groups: GroupConfiguration) -> GroupConfiguration {
        self.groups.clone().unwrap_or(groups)
    }

    /// The scopes of the access token.
    pub(crate) fn scopes(&self, scopes: &[String]) -> Vec<String> {
        let mut result = scopes.to_vec();
        for scope in &self.scopes_to_add {
            // A scope with a blank would be two.
            if !scope.is_empty() && !scope.contains(char::is_whitespace) && !result.contains(scope) {
                result.push(scope.clone());
            }
        }
        result.retain(|scope| !self.scopes_to_suppress.contains(scope));
        result
    }

    pub(crate) fn edit_id_token(&self, claims: &mut Map<String, Value>) {
        for (name, value) in &self.id.add {
            let simple = !SIMPLE.contains(&name.as_str()) || !(value.is_object() || value.is_array());
            if may_add(name) && simple {
                claims.insert(name.clone(), value.clone());
            }
        }
        suppress(claims, &self.id.suppress);
    }

    pub(crate) fn edit_access_token(&self, claims: &mut Map<String, Value>, client_id: &str) {
        for (name, value) in &self.access.add {
            let audience = name == "aud" && *value == json!(client_id);
            if may_add(name) || audience {
                claims.insert(name.clone(), value.clone());
            }
        }
        suppress(claims, &self.access.suppress);
    }
}

fn may_add(name: &str) -> bool {
    !is_reserved(name) && !name.starts_with("dev:")
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("cognito:")
}

fn suppress(claims: &mut Map<String, Value>, names: &[String]) {
    for name in names {
        if name == "cognito:groups" {
            GROUP_CLAIMS.iter().for_each(|name| drop(claims.remove(*name)));
        } else if !is_reserved(name) {
            claims.remove(name);
        }
    }
}

fn edits(generation: &Map<String, Value>) -> Result<ClaimEdits, ServiceError> {
    Ok(ClaimEdits {
        add: object(generation.get("claimsToAddOrOverride"))?.cloned().unwrap_or_default(),
        suppress: strings(generation.get("claimsToSuppress"))?,
    })
}

fn object(value: Option<&Value>) -> Result<Option<&Map<String, Value>>, ServiceError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        // Cognito's own samples show an empty list where an object belongs.
        Some(Value::Array(list)) if list.is_empty() => Ok(None),
        Some(_) => Err(unrecognizable()),
    }
}

fn strings(value: Option<&Value>) -> Result<Vec<String>, ServiceError> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            list.iter().map(|item| item.as_str().map(str::to_owned).ok_or_else(unrecognizable)).collect()
        }
        Some(_) => Err(unrecognizable()),
    }
}

fn role(value: Option<&Value>) -> Result<Option<String>, ServiceError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(role)) => Ok((!role.is_empty()).then(|| role.clone())),
        // Cognito's own samples show a list here.
        Some(Value::Array(list)) => match list.as_slice() {
            [] => Ok(None),
            [role] => role.as_str().map(|role| Some(role.to_owned())).ok_or_else(unrecognizable),
            _ => Err(unrecognizable()),
        },
        Some(_) => Err(unrecognizable()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(details: Value) -> Result<Overrides, ServiceError> {
        let response = Map::from_iter([("claimsAndScopeOverrideDetails".to_owned(), details)]);
        Overrides::from_response(Version::V2, &response)
    }

    fn base() -> Map<String, Value> {
        let base = json!({
            "sub": "1",
            "email": "a@example.com",
            "cognito:groups": ["a"],
            "cognito:roles": ["b"],
            "cognito:preferred_role": "b",
        });
        base.as_object().unwrap().clone()
    }

    #[test]
    fn claims_are_added_and_suppressed_but_never_the_reserved_ones() {
        let mut add: Map<String, Value> =
            RESERVED.iter().map(|&name| (name.to_owned(), json!("x"))).collect();
        for name in ["dev:x", "cognito:role", "tenant", "both", "email_verified"] {
            add.insert(name.to_owned(), json!(["x"]));
        }
        let mut names: Vec<&str> = RESERVED.to_vec();
        names.extend(["both", "email"]);
        let generation = json!({ "claimsToAddOrOverride": add, "claimsToSuppress": names });
        let overrides =
            overrides(json!({ "idTokenGeneration": generation, "accessTokenGeneration": generation }))
                .unwrap();
        let mut id = base();
        overrides.edit_id_token(&mut id);
        assert_eq!(Value::Object(id), json!({ "sub": "1", "tenant": ["x"] }));
        let mut access = base();
        overrides.edit_access_token(&mut access, "client");
        assert_eq!(Value::Object(access), json!({ "sub": "1", "tenant": ["x"], "email_verified": ["x"] }));
    }

    #[test]
    fn the_audience_of_an_access_token_can_only_be_the_client() {
        for (audience, present) in [("client", true), ("another", false)] {
            let details =
                json!({ "accessTokenGeneration": { "claimsToAddOrOverride": { "aud": audience } } });
            let mut claims = base();
            overrides(details).unwrap().edit_access_token(&mut claims, "client");
            assert_eq!(claims.contains_key("aud"), present);
        }
    }

    #[test]
    fn groups_are_left_unless_the_answer_speaks_of_them() {
        let own = GroupConfiguration {
            names: vec!["a".to_owned()],
            roles: vec!["r".to_owned()],
            preferred_role: Some("r".to_owned()),
        };
        let groups = |details| overrides(details).unwrap().groups(own.clone());
        let text = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        for (details, expected) in [
            (json!(null), ("a", "r", Some("r"))),
            (json!([]), ("a", "r", Some("r"))),
            (json!({}), ("a", "r", Some("r"))),
            (json!({ "groupOverrideDetails": null }), ("", "", None)),
            (json!({ "groupOverrideDetails": {} }), ("", "", None)),
            (
                json!({ "groupOverrideDetails": { "groupsToOverride": null, "preferredRole": [] } }),
                ("", "", None),
            ),
            (json!({ "groupOverrideDetails": { "groupsToOverride": ["b"] } }), ("b", "", None)),
            (
                json!({ "groupOverrideDetails": { "iamRolesToOverride": ["x", "y"], "preferredRole": "y" } }),
                ("", "x y", Some("y")),
            ),
            (json!({ "groupOverrideDetails": { "preferredRole": ["y"] } }), ("", "", Some("y"))),
        ] {
            let (names, roles, preferred) = expected;
            let expected = GroupConfiguration {
                names: text(names),
                roles: text(roles),
                preferred_role: preferred.map(str::to_owned),
            };
            assert_eq!(groups(details.clone()), expected, "{details}");
        }
    }

    #[test]
    fn scopes_are_added_without_blanks_and_suppressed() {
        let details = json!({ "accessTokenGeneration": {
            "scopesToAdd": ["notes/read", "two words", "", "notes/write"], "scopesToSuppress": ["notes/write"]
        } });
        assert_eq!(overrides(details).unwrap().scopes(&["base".to_owned()]), ["base", "notes/read"]);
    }

    #[test]
    fn an_answer_of_another_shape_is_refused() {
        for details in [
            json!("x"),
            json!([1]),
            json!({ "idTokenGeneration": 1 }),
            json!({ "idTokenGeneration": { "claimsToSuppress": "email" } }),
            json!({ "accessTokenGeneration": { "scopesToAdd": [1] } }),
            json!({ "groupOverrideDetails": { "groupsToOverride": "a" } }),
            json!({ "groupOverrideDetails": { "iamRolesToOverride": "a" } }),
            json!({ "groupOverrideDetails": { "preferredRole": 1 } }),
            json!({ "groupOverrideDetails": { "preferredRole": ["a", "b"] } }),
        ] {
            assert!(overrides(details.clone()).is_err(), "{details}");
        }
    }
}
