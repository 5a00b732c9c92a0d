//! Which role may do what to which field.
//!
//! The rules of a model fill the row of their role for every declared field. A field with rules of its own is first
//! cleared for all roles and then filled by its rules alone: field rules replace, they neither add nor intersect.

use std::collections::HashMap;

use crate::{
    Field, Identity, InvalidModel, Operation, Operations, Provider, Rule,
    role::{InvalidRole, MAX_COMBINATIONS, Role, Who},
    row_index::RowIndex,
};

/// Roles by declared fields by operations.
#[derive(Clone, Debug, Default)]
pub(crate) struct Matrix {
    rows: Vec<Row>,
    columns: HashMap<String, usize>,
    /// By column, whether somebody who may get the record may not read the field.
    kept_from_some: Vec<bool>,
    index: RowIndex,
}

/// What one role may do.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) role: Role,
    cells: Vec<Operations>,
    on_some: Operations,
    on_every: Operations,
}

impl Matrix {
    pub(crate) fn new(model: &str, fields: &[Field], rules: &[Rule]) -> Result<Self, InvalidModel> {
        // A model that declares nothing has one nameless column, which stands for whatever a record holds.
        let width = fields.len().max(1);
        let own_rules = |column: usize| fields.get(column).and_then(|field| field.rules.as_deref());
        let mut rows: Vec<Row> = Vec::new();
        for rule in rules {
            for role in roles(model, rule, fields)? {
                if rows.iter().any(|row| row.role == role) {
                    return Err(role_twice(model, &role));
                }
                let cells = (0..width)
                    .map(
                        |column| {
                            if own_rules(column).is_some() { Operations::NONE } else { rule.operations }
                        },
                    )
                    .collect();
                rows.push(Row::new(role, cells));
            }
        }
        for column in 0..width {
            for rule in own_rules(column).unwrap_or_default() {
                for role in roles(model, rule, fields)? {
                    // The last rule of a field for a role is the one that counts, as in the reference.
                    match rows.iter_mut().find(|row| row.role == role) {
                        Some(row) => row.set(column, rule.operations),
                        None => {
                            let mut row = Row::new(role, vec![Operations::NONE; width]);
                            row.set(column, rule.operations);
                            rows.push(row);
                        }
                    }
                }
            }
        }
        rows.sort_by_key(|row| row.role.rank());
        let columns = fields.iter().enumerate().map(|(column, field)| (field.name.clone(), column)).collect();
        let kept_from_some = (0..width).map(|column| is_kept_from_some(&rows, column)).collect();
        let index = RowIndex::new(rows.iter().map(|row| &row.role));
        Ok(Self { rows, columns, kept_from_some, index })
    }

    /// The rows in the order in which the reference looks at them.
    pub(crate) fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The rows that the caller could be in. Where groups are many, those come first that the token names, and the others
    /// are not looked at; the rest is in order.
    pub(crate) fn rows_for<'a>(&'a self, identity: &'a Identity) -> impl Iterator<Item = &'a Row> {
        self.index.places(identity).filter_map(|place| self.rows.get(place))
    }

    /// The row of a role.
    pub(crate) fn row(&self, role: &Role) -> Option<&Row> {
        self.rows.iter().find(|row| row.role == *role)
    }

    /// Whether some role that may get the record may not read the field of this column. The reference asks who reads
    /// such a field, and only such a field, once more for each record.
    pub(crate) fn is_kept_from_some(&self, column: usize) -> bool {
        self.kept_from_some.get(column).is_none_or(|kept| *kept)
    }

    /// The column of a field; none for a field that is not declared.
    pub(crate) fn column(&self, field: &str) -> Option<usize> {
        if self.columns.is_empty() { Some(0) } else { self.columns.get(field).copied() }
    }
}

impl Row {
    fn new(role: Role, cells: Vec<Operations>) -> Self {
        let mut row = Self { role, cells, on_some: Operations::NONE, on_every: Operations::NONE };
        row.sum_up();
        row
    }

    fn set(&mut self, column: usize, operations: Operations) {
        if let Some(cell) = self.cells.get_mut(column) {
            *cell = operations;
        }
        self.sum_up();
    }

    fn sum_up(&mut self) {
        self.on_some = self.cells.iter().copied().fold(Operations::NONE, Operations::union);
        self.on_every = self.cells.iter().copied().fold(Operations::ALL, Operations::intersection);
    }

    /// Whether the role may do this to a record: on at least one field, but to delete a record on every field.
    pub(crate) fn grants(&self, operation: Operation) -> bool {
        match operation {
            Operation::Delete => self.on_every.contains(operation),
            _ => self.on_some.contains(operation),
        }
    }

    /// Whether the role has the operation on at least one field.
    pub(crate) fn touches(&self, operation: Operation) -> bool {
        self.on_some.contains(operation)
    }

    /// Whether the role has the operation on every field.
    pub(crate) fn covers(&self, operation: Operation) -> bool {
        self.on_every.contains(operation)
    }

    /// Whether the role has the operation on the field of this column.
    pub(crate) fn allows(&self, column: usize, operation: Operation) -> bool {
        self.cells.get(column).is_some_and(|cell| cell.contains(operation))
    }

    /// Whether the role may read the field of this column by some operation.
    pub(crate) fn reads(&self, column: usize) -> bool {
        self.cells.get(column).is_some_and(|cell| cell.intersects(Operations::READ))
    }

    /// Whether the role reads the field of this column in every record that it may get.
    pub(crate) fn shows(&self, column: usize) -> bool {
        self.reads(column) && self.touches(Operation::Get)
    }

    /// Whether the role is everybody with a token of one provider, who may get records and read all of this field.
    pub(crate) fn is_open_reader(&self, column: usize) -> bool {
        let tokens = matches!(self.role.provider, Provider::UserPools | Provider::Oidc);
        let reads_fully = || self.cells.get(column).is_some_and(|cell| cell.contains_all(Operations::READ));
        tokens && self.role.who == Who::Everyone && self.touches(Operation::Get) && reads_fully()
    }

    /// Whether the role may read some field by some operation.
    pub(crate) fn reads_some(&self) -> bool {
        self.on_some.intersects(Operations::READ)
    }
}

/// Where a rule lets everybody with a token of one provider read the field, their other roles do not count.
fn is_kept_from_some(rows: &[Row], column: usize) -> bool {
    let getters = || rows.iter().filter(|row| row.touches(Operation::Get));
    let open_to =
        |provider: Provider| getters().any(|row| row.role.provider == provider && row.is_open_reader(column));
    getters().any(|row| !row.reads(column) && !open_to(row.role.provider))
}

fn roles(model: &str, rule: &Rule, fields: &[Field]) -> Result<Vec<Role>, InvalidModel> {
    let model = || model.to_owned();
    Role::of(rule, fields).map_err(|invalid| match invalid {
        InvalidRole::UnsupportedProvider { strategy } => {
            InvalidModel::UnsupportedProvider { model: model(), strategy, provider: rule.provider }
        }
        InvalidRole::TooFewParts => InvalidModel::TooFewParts { model: model() },
        InvalidRole::NestedParts => InvalidModel::NestedParts { model: model() },
        InvalidRole::TooManyCombinations => {
            InvalidModel::TooManyCombinations { model: model(), limit: MAX_COMBINATIONS }
        }
    })
}

fn role_twice(model: &str, role: &Role) -> InvalidModel {
    InvalidModel::RoleTwice { role: format!("{model}:{role}"), model: model.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, rules: Option<Vec<Rule>>) -> Field {
        Field { name: name.to_owned(), list: false, rules }
    }

    #[test]
    fn the_rules_of_a_field_replace_those_of_the_model() {
        let fields = [
            field("title", None),
            field("secret", Some(vec![Rule::groups(["A"]).operations(Operation::Get)])),
        ];
        let matrix = Matrix::new("Note", &fields, &[Rule::owner()]).unwrap();
        let [group, owner] = matrix.rows() else { panic!("two roles") };
        assert!(owner.allows(0, Operation::Update) && !owner.allows(1, Operation::Update));
        assert!(!group.allows(0, Operation::Get) && group.allows(1, Operation::Get));
        assert!(owner.grants(Operation::Update) && !owner.covers(Operation::Update));
    }

    #[test]
    fn one_field_that_withholds_delete_takes_it_from_the_record() {
        let fields =
            [field("title", None), field("lock", Some(vec![Rule::owner().operations(Operations::READ)]))];
        let matrix = Matrix::new("Note", &fields, &[Rule::owner(), Rule::private()]).unwrap();
        for row in matrix.rows() {
            assert!(!row.grants(Operation::Delete) && row.touches(Operation::Delete));
        }
    }

    #[test]
    fn the_last_rule_of_a_field_counts_for_its_role() {
        let twice =
            vec![Rule::owner().operations(Operation::Get), Rule::owner().operations(Operation::Update)];
        let matrix = Matrix::new("Note", &[field("title", Some(twice))], &[]).unwrap();
        let [owner] = matrix.rows() else { panic!("one role") };
        assert!(owner.allows(0, Operation::Update) && !owner.allows(0, Operation::Get));
    }

    #[test]
    fn a_field_without_a_rule_of_its_own_that_matches_is_closed() {
        let matrix = Matrix::new("Note", &[field("title", Some(Vec::new()))], &[Rule::private()]).unwrap();
        assert!(
            matrix
                .rows()
                .iter()
                .all(|row| { !Operation::ALL.iter().any(|&operation| row.grants(operation)) })
        );
    }

    #[test]
    fn a_model_that_declares_nothing_is_guarded_as_a_whole() {
        let matrix = Matrix::new("Note", &[], &[Rule::private().operations(Operation::Delete)]).unwrap();
        assert!(matrix.rows().iter().all(|row| row.grants(Operation::Delete) && !row.grants(Operation::Get)));
        assert_eq!(matrix.column("anything"), Some(0));
    }
}
