//! Which role may do what to which field, as the reference works it out while it checks a schema.
//!
//! Decisions are made by `portcullis-rules`; this one is kept because the reference refuses and warns by the names
//! that it gives to roles, and makes roles even of rules that this project refuses.

use std::collections::HashMap;

use portcullis_rules::Operations;

use crate::{
    Project,
    auth_rule::{AuthRule, AuthRules},
    auth_words::{Allow, ProviderName},
    report::{Report, shortened},
};

/// Roles of one type; somebody with more of them has a mistake elsewhere.
pub(crate) const MAX_ROLES: usize = 1000;
/// Roles by fields.
pub(crate) const MAX_CELLS: usize = 1 << 19;

/// The roles of a model and what they may do to its declared fields.
#[derive(Debug)]
pub(crate) struct AccessMatrix<'a> {
    model: &'a str,
    columns: HashMap<&'a str, usize>,
    rows: Vec<Row>,
    by_key: HashMap<String, usize>,
}

/// What one role may do.
#[derive(Debug)]
pub(crate) struct Row {
    /// The name of the role, in full.
    pub(crate) key: String,
    pub(crate) provider: ProviderName,
    pub(crate) allow: Allow,
    /// The field or the group that the role names.
    pub(crate) entity: Option<String>,
    /// Whether the role is told by a field of the record.
    pub(crate) is_dynamic: bool,
    cells: Vec<Operations>,
}

/// A role of a rule.
struct Role {
    key: String,
    entity: Option<String>,
    is_dynamic: bool,
}

impl<'a> AccessMatrix<'a> {
    pub(crate) fn new(model: &'a str, fields: impl Iterator<Item = &'a str>) -> Self {
        let columns = fields.enumerate().map(|(column, field)| (field, column)).collect();
        Self { model, columns, rows: Vec::new(), by_key: HashMap::new() }
    }

    /// Adds the rules of the model. Unless `overwrite`, a role that is there already is a mistake.
    pub(crate) fn add_model_rules(
        &mut self,
        auth: &AuthRules,
        overwrite: bool,
        project: &Project,
        report: &mut Report<'_>,
    ) {
        for rule in &auth.rules {
            for role in roles(rule, self.model, project) {
                let cells = vec![rule.granted(); self.columns.len()];
                match self.by_key.get(&role.key).and_then(|row| self.rows.get_mut(*row)) {
                    None => self.push(rule, role, cells),
                    Some(row) if overwrite => row.cells = cells,
                    Some(_) => {
                        let model = shortened(self.model);
                        let message = format!("@auth {} already exists for {model}", shortened(&role.key));
                        report.directive(rule.span.clone(), message);
                    }
                }
            }
        }
    }

    /// Replaces whatever may be done to a field by what its own rules grant.
    pub(crate) fn add_field_rules(&mut self, field: &str, auth: &AuthRules, project: &Project) {
        let Some(column) = self.columns.get(field).copied() else {
            return;
        };
        for cell in self.rows.iter_mut().filter_map(|row| row.cells.get_mut(column)) {
            *cell = Operations::NONE;
        }
        for rule in &auth.rules {
            for role in roles(rule, self.model, project) {
                let key = role.key.clone();
                if !self.by_key.contains_key(&key) {
                    self.push(rule, role, vec![Operations::NONE; self.columns.len()]);
                }
                let row = self.by_key.get(&key).and_then(|row| self.rows.get_mut(*row));
                if let Some(cell) = row.and_then(|row| row.cells.get_mut(column)) {
                    *cell = rule.granted();
                }
            }
        }
    }

    fn push(&mut self, rule: &AuthRule, role: Role, cells: Vec<Operations>) {
        let Role { key, entity, is_dynamic } = role;
        self.by_key.insert(key.clone(), self.rows.len());
        let (provider, allow) = (rule.provider.value, rule.allow.value);
        self.rows.push(Row { key, provider, allow, entity, is_dynamic, cells });
    }

    pub(crate) fn model(&self) -> &'a str {
        self.model
    }

    /// The roles, in the order in which they were made.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether the field is declared.
    pub(crate) fn declares(&self, field: &str) -> bool {
        self.columns.contains_key(field)
    }

    /// What a role may do to a field.
    pub(crate) fn granted(&self, row: &Row, field: &str) -> Operations {
        let cell = self.columns.get(field).and_then(|column| row.cells.get(*column));
        cell.copied().unwrap_or(Operations::NONE)
    }
}

impl Row {
    /// Whether the role has an operation on some field.
    pub(crate) fn touches(&self, operations: Operations) -> bool {
        self.cells.iter().any(|cell| cell.intersects(operations))
    }

    /// Whether the role has the operations on every field.
    pub(crate) fn has_everywhere(&self, operations: Operations) -> bool {
        self.cells.iter().all(|cell| cell.contains_all(operations))
    }
}

/// How many roles the rules make at most.
pub(crate) fn count_roles(auth: &AuthRules) -> usize {
    let groups = |rule: &AuthRule| rule.groups.as_ref().map_or(1, |groups| groups.value.len());
    // Of an `and` each combination of its groups is a role.
    let all = |rule: &AuthRule| match rule.parts.as_slice() {
        [] => groups(rule),
        parts => parts.iter().map(groups).fold(1, usize::saturating_mul),
    };
    auth.rules.iter().map(all).fold(0, usize::saturating_add)
}

/// The roles that a rule makes.
fn roles(rule: &AuthRule, model: &str, project: &Project) -> Vec<Role> {
    let provider = rule.provider.value.name();
    if let (Some(groups), None) = (&rule.groups, &rule.groups_field) {
        let claim = rule.group_claim();
        let role = |group: &String| Role {
            key: format!("{model}:{provider}:staticGroup:{group}:{claim}"),
            entity: Some(group.clone()),
            is_dynamic: false,
        };
        return groups.value.iter().map(|group| role(&group.value)).collect();
    }
    let allow = rule.allow.value;
    if allow == Allow::All {
        let parts = rule.parts.iter().flat_map(|part| roles(part, "", project));
        let parts: Vec<String> = parts.map(|role| role.key.trim_start_matches(':').to_owned()).collect();
        let key = format!("{model}:{}", parts.join("&"));
        return vec![Role { key, entity: None, is_dynamic: false }];
    }
    let (role, entity) = match rule.provider.value {
        ProviderName::ApiKey => ("apiKey:public".to_owned(), None),
        ProviderName::Function => ("function:custom".to_owned(), None),
        ProviderName::Iam | ProviderName::IdentityPool => (format!("iam:{}", allow.name()), None),
        ProviderName::Oidc | ProviderName::UserPools => match allow {
            Allow::Groups => {
                let Some(field) = &rule.groups_field else {
                    return Vec::new();
                };
                let (field, claim) = (field.value.clone(), rule.group_claim());
                (format!("{provider}:dynamicGroup:{field}:{claim}"), Some(field))
            }
            Allow::Owner => {
                let (field, claim) = (rule.owner_field().to_owned(), rule.identity_claim(project));
                (format!("{provider}:owner:{field}:{claim}"), Some(field))
            }
            Allow::Private => (format!("{provider}:private"), None),
            // Refused: the provider cannot prove it.
            Allow::Public | Allow::Custom | Allow::All => return Vec::new(),
        },
    };
    let is_dynamic = entity.is_some();
    vec![Role { key: format!("{model}:{role}"), entity, is_dynamic }]
}
