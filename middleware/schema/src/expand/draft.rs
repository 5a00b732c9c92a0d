//! An expanded schema while it is being made.

use std::collections::HashMap;

use super::{
    TypeExpression,
    definition::{AppliedDirective, ExpandedField, ExpandedType, InputValue, TypeBody, add_directives},
};
use crate::types::ROOTS;

/// The types so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    types: Vec<ExpandedType>,
    places: HashMap<String, usize>,
    /// The places of the fields of `Query`, `Mutation` and `Subscription`, each under the name of its type: there are many,
    /// and they are looked up one by one. None is ever taken away.
    operations: HashMap<&'static str, HashMap<String, usize>>,
}

impl Draft {
    pub(crate) fn get(&self, name: &str) -> Option<&ExpandedType> {
        self.types.get(*self.places.get(name)?)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut ExpandedType> {
        self.types.get_mut(*self.places.get(name)?)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The fields of the `type` of this name.
    pub(crate) fn fields_mut(&mut self, name: &str) -> Option<&mut Vec<ExpandedField>> {
        self.get_mut(name)?.fields_mut()
    }

    /// The fields of the `input` of this name.
    pub(crate) fn inputs_mut(&mut self, name: &str) -> Option<&mut Vec<InputValue>> {
        self.get_mut(name)?.inputs_mut()
    }

    pub(crate) fn field_mut(&mut self, of: &str, name: &str) -> Option<&mut ExpandedField> {
        if let Some(root) = root(of) {
            let place = *self.operations.get(root)?.get(name)?;
            return self.fields_mut(of)?.get_mut(place);
        }
        self.fields_mut(of)?.iter_mut().find(|field| field.name == name)
    }

    pub(crate) fn is_enum(&self, name: &str) -> bool {
        self.get(name).is_some_and(ExpandedType::is_enum)
    }

    /// Adds a type, unless there is one of its name: what the schema declares stays.
    pub(crate) fn add(&mut self, definition: ExpandedType) {
        if !self.has(&definition.name) {
            self.index(&definition.name, 0, definition.fields());
            self.places.insert(definition.name.clone(), self.types.len());
            self.types.push(definition);
        }
    }

    /// The same, made only if it is needed.
    pub(crate) fn add_new(&mut self, name: &str, make: impl FnOnce(&Self) -> ExpandedType) {
        if !self.has(name) {
            let definition = make(self);
            self.add(definition);
        }
    }

    /// Adds fields to `Query`, `Mutation` or `Subscription`, or to another `type`.
    pub(crate) fn extend(&mut self, of: &str, fields: impl IntoIterator<Item = ExpandedField>) {
        self.add(ExpandedType::object(of, Vec::new()));
        let fields: Vec<ExpandedField> = fields.into_iter().collect();
        let known = self.get(of).map_or(0, |definition| definition.fields().len());
        self.index(of, known, &fields);
        if let Some(known) = self.fields_mut(of) {
            known.extend(fields);
        }
    }

    fn index(&mut self, of: &str, start: usize, fields: &[ExpandedField]) {
        if let Some(root) = root(of) {
            let known = self.operations.entry(root).or_default();
            for (place, field) in fields.iter().enumerate() {
                known.entry(field.name.clone()).or_insert(start + place);
            }
        }
    }

    /// Adds directives to the `type` of this name.
    pub(crate) fn guard_type(&mut self, name: &str, directives: &[AppliedDirective]) {
        if let Some(definition) = self.get_mut(name).filter(|definition| definition.is_object()) {
            add_directives(&mut definition.directives, directives);
        }
    }

    /// Adds directives to a field.
    pub(crate) fn guard_field(&mut self, of: &str, field: &str, directives: &[AppliedDirective]) {
        if let Some(field) = self.field_mut(of, field) {
            add_directives(&mut field.directives, directives);
        }
    }

    /// Adds directives to a field and to the type of its answer, unless that is a list or may not be null.
    pub(crate) fn guard_operation(&mut self, of: &str, field: &str, directives: &[AppliedDirective]) {
        self.guard_field(of, field, directives);
        let answer = self.field_mut(of, field).map(|field| field.kind.clone());
        if let Some(TypeExpression::Named(answer)) = answer {
            self.guard_type(&answer, directives);
        }
    }

    /// The types; those of operations that there are none of are left out.
    pub(crate) fn finish(self) -> Vec<ExpandedType> {
        let is_bare = |definition: &ExpandedType| {
            root(&definition.name).is_some()
                && matches!(&definition.body, TypeBody::Object(fields) if fields.is_empty())
        };
        self.types.into_iter().filter(|definition| !is_bare(definition)).collect()
    }
}

/// The name, if it is one of a type of operations.
fn root(name: &str) -> Option<&'static str> {
    ROOTS.into_iter().find(|root| *root == name)
}
