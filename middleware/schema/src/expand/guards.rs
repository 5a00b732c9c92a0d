//! What rules make of the API: which ways in lead to what, the fields of owners, the arguments of subscriptions.

use std::collections::{HashMap, HashSet};

use apollo_compiler::Node;
use apollo_compiler::ast::{Definition, DirectiveList, Document, FieldDefinition};
use portcullis_rules::Operation;

use super::{
    FieldSource, Making, TypeExpression,
    definition::{AppliedDirective, ExpandedField, InputValue},
    draft::Draft,
    names,
    roles::{Roles, directive, directives},
    subject::Subject,
};
use crate::{
    AuthMode,
    auth_rule::AuthRules,
    types::{ROOTS, is_model},
};

impl Making<'_> {
    /// Opens a model without rules to those who come in everywhere.
    pub(crate) fn open_without_rules(&self, draft: &mut Draft, subject: &Subject<'_>) {
        let open = self.open_modes(subject);
        if open.is_empty() {
            return;
        }
        draft.guard_type(subject.name(), &open);
        let mut seen = HashSet::new();
        let mut types = self.nested(draft, subject.name());
        while let Some(name) = types.pop() {
            if seen.insert(name.clone()) {
                draft.guard_type(&name, &open);
                types.extend(self.nested(draft, &name));
            }
        }
        let api = &subject.api;
        let operations =
            [("Query", vec![&api.get, &api.list]), ("Mutation", vec![&api.create, &api.update, &api.delete])];
        for (of, names) in operations {
            for name in names.into_iter().flatten() {
                draft.guard_operation(of, name, &open);
            }
        }
        for name in api.on_create.iter().chain(&api.on_update).chain(&api.on_delete) {
            draft.guard_operation("Subscription", name, &open);
        }
    }

    /// The directives of a model without rules.
    pub(crate) fn open_modes(&self, subject: &Subject<'_>) -> Vec<AppliedDirective> {
        let project = self.project;
        // A model of pairs has the rules of both sides.
        if subject.object.directives.has("auth") || self.rules_of(subject).is_some() {
            return Vec::new();
        }
        let is_default = |mode| project.default_mode == mode;
        let modes: &[AuthMode] = match (project.sandbox, project.iam_access) {
            (true, true) => &[AuthMode::ApiKey, AuthMode::Iam],
            (true, false) if !is_default(AuthMode::ApiKey) => &[AuthMode::ApiKey],
            (false, true) if !is_default(AuthMode::Iam) => &[AuthMode::Iam],
            _ => &[],
        };
        modes.iter().map(|mode| directive(*mode)).collect()
    }

    /// Adds what rules make of models, and then of other fields.
    pub(crate) fn add_guards(&self, document: &Document, draft: &mut Draft) {
        if self.project.sandbox || self.project.iam_access {
            open_custom_types(document, draft);
        }
        let mut guarded = Vec::new();
        for subject in self.subjects() {
            let rules = self.rules_of(subject);
            let of_fields: Vec<(&str, &AuthRules)> = self.rules_of_fields(&subject.object.fields).collect();
            if rules.is_some() || !of_fields.is_empty() {
                // Of a role that both sides of a pair grant the later grant counts.
                let overwrite = self.is_join(subject);
                let roles =
                    Roles::of_model(subject.object, rules.as_ref(), &of_fields, overwrite, self.project);
                guarded.push((subject, roles));
            }
        }
        for (subject, roles) in &guarded {
            if let Some(inputs) = draft.inputs_mut(&names::event_filter(subject.name())) {
                inputs.retain(|input| !roles.looked_into().any(|field| field == input.name));
            }
        }
        let mut seen = HashMap::new();
        for (subject, roles) in &guarded {
            let lists = list_fields(draft, subject.name());
            add_owners(draft, subject.name(), &roles.owner_fields());
            let modes = roles.modes(self.project);
            draft.guard_type(subject.name(), &directives(&modes, self.project.default_mode, false));
            self.guard_operations(draft, subject, roles, &lists);
            self.guard_nested(draft, subject.name(), &modes, &mut seen);
        }
        for definition in &document.definitions {
            let (of, known, fields) = match definition {
                Definition::ObjectTypeDefinition(object) => {
                    (&object.name, &object.directives, &object.fields)
                }
                Definition::ObjectTypeExtension(object) => (&object.name, &object.directives, &object.fields),
                _ => continue,
            };
            if !is_model(known) {
                self.guard_fields(draft, of, fields);
            }
        }
    }

    /// The rules of a model; of one of pairs those of both sides.
    fn rules_of(&self, subject: &Subject<'_>) -> Option<AuthRules> {
        if let Some(rules) = self.auths.of(&subject.object.directives) {
            return Some(rules.clone());
        }
        if !self.is_join(subject) {
            return None;
        }
        let join = self.links.joins.iter().find(|join| join.object.name == *subject.name())?;
        let sides = join.sides.iter().filter_map(|side| self.auths.of_type(&side.model));
        let rules: Vec<_> = sides.flat_map(|rules| rules.rules.iter().cloned()).collect();
        (!rules.is_empty()).then(|| AuthRules { rules, ..AuthRules::default() })
    }

    /// Whether the model holds the pairs of a `@manyToMany`.
    fn is_join(&self, subject: &Subject<'_>) -> bool {
        self.types.object(subject.name()).is_none()
    }

    fn rules_of_fields<'f>(
        &'f self,
        fields: &'f [Node<FieldDefinition>],
    ) -> impl Iterator<Item = (&'f str, &'f AuthRules)> {
        fields.iter().filter_map(|field| Some((field.name.as_str(), self.auths.of(&field.directives)?)))
    }

    fn guard_operations(
        &self,
        draft: &mut Draft,
        subject: &Subject<'_>,
        roles: &Roles<'_>,
        lists: &HashSet<String>,
    ) {
        let api = &subject.api;
        let of = |operation| roles.directives_of(operation, self.project);
        let operations = [
            ("Query", Operation::Get, &api.get),
            ("Query", Operation::List, &api.list),
            ("Mutation", Operation::Create, &api.create),
            ("Mutation", Operation::Update, &api.update),
            ("Mutation", Operation::Delete, &api.delete),
        ];
        for (root, operation, name) in operations {
            if let Some(name) = name {
                draft.guard_operation(root, name, &of(operation));
            }
        }
        let (list, get) = (of(Operation::List), of(Operation::Get));
        for name in subject.indexes.iter().filter_map(|index| index.query_field.as_ref()) {
            draft.guard_operation("Query", name, &list);
            draft.guard_operation("Query", name, &get);
        }
        if !subject.guards_events {
            return;
        }
        let owners: Vec<String> =
            roles.listening_owners().into_iter().filter(|field| !lists.contains(field)).collect();
        let listen = of(Operation::Listen);
        for name in api.on_create.iter().chain(&api.on_update).chain(&api.on_delete) {
            draft.guard_operation("Subscription", name, &listen);
            if let Some(field) = draft.field_mut("Subscription", name) {
                add_owner_arguments(field, &owners);
            }
        }
    }

    /// Opens the types within a model, of objects and of pages, to whoever may come in to the model.
    fn guard_nested(
        &self,
        draft: &mut Draft,
        model: &str,
        modes: &[AuthMode],
        seen: &mut HashMap<String, HashSet<String>>,
    ) {
        let mut types = self.nested(draft, model);
        while let Some(name) = types.pop() {
            // A type that is met again is opened to the default way in too.
            let known = seen.get(&name);
            let mut more = directives(modes, self.project.default_mode, known.is_some());
            let is_new = known.is_none();
            let known = seen.entry(name.clone()).or_default();
            more.retain(|directive| !known.contains(&directive.name));
            known.extend(more.iter().map(|directive| directive.name.clone()));
            if is_new || !more.is_empty() {
                draft.guard_type(&name, &more);
                types.extend(self.nested(draft, &name));
            }
        }
    }

    /// The types of fields that are neither models nor values, the last first.
    fn nested(&self, draft: &Draft, name: &str) -> Vec<String> {
        let fields = draft.get(name).into_iter().flat_map(|definition| definition.fields());
        let bases = fields.map(|field| field.kind.base());
        let is_nested = |name: &&str| {
            draft.get(name).is_some_and(|definition| definition.is_object()) && !self.subjects.has(name)
        };
        let mut nested: Vec<String> = bases.filter(is_nested).map(str::to_owned).collect();
        nested.reverse();
        nested
    }

    fn guard_fields(&self, draft: &mut Draft, of: &str, fields: &[Node<FieldDefinition>]) {
        for (name, rules) in self.rules_of_fields(fields) {
            let modes = Roles::of_field(name, rules, self.project).modes(self.project);
            draft.guard_field(of, name, &directives(&modes, self.project.default_mode, false));
        }
    }
}

/// Opens what the schema declares besides models to signed requests.
fn open_custom_types(document: &Document, draft: &mut Draft) {
    let signed = [directive(AuthMode::Iam)];
    let is_open = |directives: &DirectiveList| directives.has("aws_iam");
    for definition in &document.definitions {
        let (name, fields) = match definition {
            Definition::ObjectTypeDefinition(object) => (&object.name, &object.fields),
            Definition::ObjectTypeExtension(object) => (&object.name, &object.fields),
            _ => continue,
        };
        for field in fields.iter().filter(|field| !is_open(&field.directives)) {
            if ROOTS.contains(&name.as_str()) {
                draft.guard_field(name, &field.name, &signed);
            }
        }
        if let Definition::ObjectTypeDefinition(object) = definition
            && !is_model(&object.directives)
            && !is_open(&object.directives)
        {
            draft.guard_type(name, &signed);
        }
    }
}

/// Adds the fields that hold owners where they are not declared, and asks them by their text.
fn add_owners(draft: &mut Draft, model: &str, owners: &[String]) {
    for input in [names::filter(model), names::condition(model), names::event_filter(model)] {
        if let Some(inputs) = draft.inputs_mut(&input) {
            for owner in owners {
                if !inputs.iter().any(|input| input.name == *owner) {
                    inputs.push(InputValue::of(owner.as_str(), "ModelStringInput"));
                }
            }
        }
    }
    if let Some(fields) = draft.fields_mut(model) {
        for owner in owners {
            if !fields.iter().any(|field| field.name == *owner) {
                let kind = TypeExpression::named("String");
                fields.push(ExpandedField::new(owner.as_str(), Vec::new(), kind));
            }
        }
    }
}

fn add_owner_arguments(field: &mut ExpandedField, owners: &[String]) {
    for owner in owners {
        if field.argument(owner).is_none() {
            field.arguments.push(InputValue::of(owner.as_str(), "String"));
        }
    }
    if let Some(FieldSource::Subscription { owners: known, .. }) = &mut field.source {
        *known = owners.to_vec();
    }
}

/// The fields of a model that hold lists.
fn list_fields(draft: &Draft, model: &str) -> HashSet<String> {
    let fields = draft.get(model).into_iter().flat_map(|definition| definition.fields());
    fields.filter(|field| field.kind.is_list()).map(|field| field.name.clone()).collect()
}
