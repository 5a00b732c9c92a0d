//! What relations make of the API: pages of related records, and columns that hold their keys.

use super::{
    FieldSource, Making, TypeExpression,
    definition::{ExpandedField, InputValue},
    draft::Draft,
    filter_input::{self, Lists},
    given,
    keys::sort_argument,
    model_operations::{page, paging},
    names,
    operators::{Base, event_filter_name, filter_name, key_condition},
    subject::Subject,
};
use crate::{Relation, RelationKind, many_to_many::type_name, types};

impl Making<'_> {
    /// Adds pages and columns, the directives one after the other as the reference has them.
    pub(crate) fn add_connections(&self, draft: &mut Draft) {
        for kind in RelationKind::ALL {
            for subject in self.subjects() {
                let relations = types::fields(subject.object).filter_map(Relation::of);
                for relation in relations.filter(|relation| relation.kind == kind) {
                    self.add_columns(draft, subject, &relation);
                    match kind {
                        RelationKind::HasMany | RelationKind::ManyToMany => {
                            self.make_page(draft, subject, &relation);
                        }
                        RelationKind::HasOne | RelationKind::BelongsTo => {
                            answer(draft, subject, &relation, None);
                        }
                    }
                }
            }
        }
    }

    /// Adds the columns that a relation implies to the model that holds them, and to its inputs.
    fn add_columns(&self, draft: &mut Draft, subject: &Subject<'_>, relation: &Relation) {
        let Some(columns) = self.links.columns(subject.name(), &relation.field) else {
            return;
        };
        let holder = columns.holder.as_str();
        for key in &columns.keys {
            let kind = TypeExpression::named(key.type_name.as_str());
            let stored = if key.required { kind.clone().required() } else { kind.clone() };
            if let Some(fields) = draft.fields_mut(holder)
                && !fields.iter().any(|field| field.name == key.name)
            {
                fields.push(ExpandedField::new(key.name.as_str(), Vec::new(), stored.clone()));
            }
            let asked = TypeExpression::named(filter_name(&key.type_name));
            // The filter of a subscription is that of the model that has many, where the reference looks for it.
            let events = TypeExpression::named(event_filter_name(&key.type_name));
            let inputs = [
                (names::input("Create", holder), stored),
                (names::input("Update", holder), kind),
                (names::filter(holder), asked.clone()),
                (names::condition(holder), asked),
                (names::event_filter(subject.name()), events),
            ];
            for (input, kind) in inputs {
                if let Some(inputs) = draft.inputs_mut(&input)
                    && !inputs.iter().any(|input| input.name == key.name)
                {
                    inputs.push(InputValue::new(key.name.as_str(), kind));
                }
            }
        }
    }

    /// Makes a field with many records one of a page.
    fn make_page(&self, draft: &mut Draft, subject: &Subject<'_>, relation: &Relation) {
        let join = relation.relation_name.as_deref().filter(|_| relation.kind == RelationKind::ManyToMany);
        let related = join.map_or_else(|| relation.model.clone(), type_name);
        let Some(related) = self.subjects.get(&related) else {
            return;
        };
        let (model, filter) = (related.name(), names::plain_filter(related.name()));
        draft.add(page(&names::plain_page(model), model));
        let by_key = relation.kind == RelationKind::HasMany && relation.references.is_empty();
        let sort_fields = if by_key { sort_fields(related, relation) } else { Vec::new() };
        let mut arguments = vec![InputValue::of("filter", filter.as_str())];
        arguments.push(InputValue::of("sortDirection", "ModelSortDirection"));
        arguments.extend(paging(&filter).into_iter().skip(1));
        let index = relation.index_name.as_deref().unwrap_or("primary");
        // Whoever says all of the key narrows nothing down.
        let sort = sort_argument(draft, related, index, &sort_fields).filter(|_| relation.fields.len() < 2);
        let (argument, sort) = sort.unzip();
        arguments.splice(0..0, argument);
        if let Some(field) = draft.field_mut(subject.name(), &relation.field) {
            field.arguments = arguments;
            field.kind = TypeExpression::named(names::plain_page(model));
        }
        answer(draft, subject, relation, sort);
        draft.add_new(&filter, |draft| {
            let declared = given::object_type(related.object);
            filter_input::filter(draft, &filter, declared.fields(), Lists::None)
        });
        if let [field] = sort_fields.as_slice() {
            let base = related.type_of(field).and_then(Base::of);
            base.and_then(key_condition).into_iter().for_each(|input| draft.add(input));
        }
    }
}

/// The sort key by which the related records are in order: of the index that is named, or of their key.
fn sort_fields(related: &Subject<'_>, relation: &Relation) -> Vec<String> {
    let Some(name) = &relation.index_name else {
        return related.key.sort_fields.clone();
    };
    let index = related.indexes.iter().find(|index| index.name == *name);
    index.map(|index| index.sort_fields.clone()).unwrap_or_default()
}

fn answer(draft: &mut Draft, subject: &Subject<'_>, relation: &Relation, sort: Option<super::SortArgument>) {
    if let Some(field) = draft.field_mut(subject.name(), &relation.field) {
        field.source = Some(FieldSource::Relation {
            model: subject.name().to_owned(),
            field: relation.field.clone(),
            many: matches!(relation.kind, RelationKind::HasMany | RelationKind::ManyToMany),
            sort,
        });
    }
}
