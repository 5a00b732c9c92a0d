//! Groups and who is in them.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use serde_json::{Map, Value, json};

use crate::pool::{
    GroupRole,
    users::{timestamp, wire_time},
};

/// A group of users.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) role_arn: Option<String>,
    pub(crate) precedence: Option<i64>,
    pub(crate) created_at: Timestamp,
    pub(crate) modified_at: Timestamp,
}

const COLUMNS: &str = "name, description, role_arn, precedence, created_at, modified_at";

impl Group {
    pub(crate) fn named(name: &str, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            description: None,
            role_arn: None,
            precedence: None,
            created_at: now,
            modified_at: now,
        }
    }

    /// Adds the group; `false` when there is one of that name.
    pub(crate) fn insert(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let inserted = connection.execute(
            "INSERT OR IGNORE INTO groups (name, description, role_arn, precedence, created_at, modified_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                self.name,
                self.description,
                self.role_arn,
                self.precedence,
                self.created_at.as_millisecond(),
                self.modified_at.as_millisecond()
            ],
        )?;
        Ok(inserted == 1)
    }

    /// Gives the group a role, unless somebody has said something about it already.
    pub(crate) fn set_first_role(connection: &Connection, role: &GroupRole) -> rusqlite::Result<()> {
        connection
            .execute(
                "UPDATE groups SET role_arn = ?2, precedence = ?3
                 WHERE name = ?1 AND role_arn IS NULL AND precedence IS NULL",
                params![role.group, role.role_arn, role.precedence],
            )
            .map(drop)
    }

    pub(crate) fn exists(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
        connection.prepare_cached("SELECT 1 FROM groups WHERE name = ?1")?.exists([name])
    }

    /// The groups after this name, in the order of names.
    pub(crate) fn list(connection: &Connection, after: &str, limit: usize) -> rusqlite::Result<Vec<Self>> {
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM groups WHERE name > ?1 ORDER BY name LIMIT ?2"))?
            .query_map(params![after, limit], Self::from_row)?
            .collect()
    }

    /// A user's groups, the one with the lowest precedence first.
    pub(crate) fn of_user(connection: &Connection, sub: &str) -> rusqlite::Result<Vec<Self>> {
        connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM groups JOIN members ON group_name = name WHERE sub = ?1
                 ORDER BY precedence IS NULL, precedence, name"
            ))?
            .query_map([sub], Self::from_row)?
            .collect()
    }

    /// Adds a user, who may be in it already.
    pub(crate) fn add(connection: &Connection, name: &str, sub: &str) -> rusqlite::Result<()> {
        connection
            .execute("INSERT OR IGNORE INTO members (sub, group_name) VALUES (?1, ?2)", [sub, name])
            .map(drop)
    }

    /// Removes a user, who need not be in it.
    pub(crate) fn remove(connection: &Connection, name: &str, sub: &str) -> rusqlite::Result<()> {
        connection.execute("DELETE FROM members WHERE sub = ?1 AND group_name = ?2", [sub, name]).map(drop)
    }

    /// The group as an answer shows it.
    pub(crate) fn to_wire(&self, pool_id: &str) -> Value {
        let mut wire = Map::from_iter([
            ("GroupName".to_owned(), json!(self.name)),
            ("UserPoolId".to_owned(), json!(pool_id)),
            ("CreationDate".to_owned(), wire_time(self.created_at)),
            ("LastModifiedDate".to_owned(), wire_time(self.modified_at)),
        ]);
        if let Some(description) = &self.description {
            wire.insert("Description".to_owned(), json!(description));
        }
        if let Some(role_arn) = &self.role_arn {
            wire.insert("RoleArn".to_owned(), json!(role_arn));
        }
        if let Some(precedence) = self.precedence {
            wire.insert("Precedence".to_owned(), json!(precedence));
        }
        Value::Object(wire)
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            name: row.get(0)?,
            description: row.get(1)?,
            role_arn: row.get(2)?,
            precedence: row.get(3)?,
            created_at: timestamp(row.get(4)?)?,
            modified_at: timestamp(row.get(5)?)?,
        })
    }
}

/// What a user's groups put into tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupConfiguration {
    pub(crate) names: Vec<String>,
    /// The ARNs of the IAM roles that the groups have.
    pub(crate) roles: Vec<String>,
    pub(crate) preferred_role: Option<String>,
}

impl GroupConfiguration {
    /// What these groups put into tokens.
    pub(crate) fn of(groups: &[Group]) -> Self {
        Self {
            names: groups.iter().map(|group| group.name.clone()).collect(),
            roles: groups.iter().filter_map(|group| group.role_arn.clone()).collect(),
            preferred_role: preferred_role(groups).map(str::to_owned),
        }
    }

    /// `groupConfiguration` of the token trigger's event.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "groupsToOverride": self.names,
            "iamRolesToOverride": self.roles,
            "preferredRole": self.preferred_role,
        })
    }
}

// The role of the group with the lowest precedence; two roles at the same precedence cancel out.
fn preferred_role(groups: &[Group]) -> Option<&str> {
    let mut best: Option<(i64, Option<&str>)> = None;
    for group in groups {
        let (Some(precedence), Some(role)) = (group.precedence, group.role_arn.as_deref()) else { continue };
        best = match best {
            Some((lowest, _)) if lowest < precedence => best,
            Some((lowest, chosen)) if lowest == precedence && chosen != Some(role) => Some((lowest, None)),
            _ => Some((precedence, Some(role))),
        };
    }
    best.and_then(|(_, role)| role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_precedence_chooses_the_role_unless_two_share_it() {
        let group = |precedence, role: &str| Group {
            precedence,
            role_arn: (!role.is_empty()).then(|| role.to_owned()),
            ..Group::named(role, Timestamp::UNIX_EPOCH)
        };
        for (groups, role) in [
            (vec![], None),
            (vec![group(None, "a")], None),
            (vec![group(Some(2), "a"), group(Some(1), "b")], Some("b")),
            (vec![group(Some(1), "a"), group(Some(1), "b")], None),
            (vec![group(Some(1), "a"), group(Some(1), "a")], Some("a")),
            (vec![group(Some(0), ""), group(Some(1), "b")], Some("b")),
        ] {
            assert_eq!(preferred_role(&groups), role);
        }
    }
}
