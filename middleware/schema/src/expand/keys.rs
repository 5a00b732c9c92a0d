//! What `@primaryKey` and `@index` make of the API of a model.

use super::{
    FieldSource, KeyArguments, Making, SortArgument, TypeExpression,
    definition::{ExpandedField, InputValue},
    draft::Draft,
    filter_input::{self, Lists, add_enums},
    given,
    model_inputs::change,
    model_operations::{page, paging},
    names,
    operators::{self, Base},
    subject::Subject,
};
use crate::{Index, implied_fields::ID, links::camel_case};

/// The key of a model among the names of its indexes.
const PRIMARY: &str = "primary";

impl Making<'_> {
    /// Makes the arguments and inputs fit the keys, and adds the queries of indexes.
    pub(crate) fn add_keys(&self, draft: &mut Draft) {
        for subject in self.subjects().filter(|subject| subject.key.declared) {
            key_queries(draft, subject);
            key_inputs(draft, subject);
            if !subject.declares(ID)
                && let Some(fields) = draft.fields_mut(subject.name())
            {
                fields.retain(|field| field.name != ID);
            }
            add_conditions(draft, subject, PRIMARY, &subject.key.sort_fields);
            let key: Vec<&str> = subject.key.fields().collect();
            shorten_condition(draft, subject, &key);
        }
        for subject in self.subjects() {
            if subject.indexes.iter().any(|index| index.query_field.is_some()) {
                add_page(draft, subject);
            }
            for index in &subject.indexes {
                self.add_index_query(draft, subject, index);
                add_conditions(draft, subject, &index.name, &index.sort_fields);
            }
            if !subject.indexes.is_empty() {
                shorten_condition(draft, subject, &[]);
            }
        }
    }

    fn add_index_query(&self, draft: &mut Draft, subject: &Subject<'_>, index: &Index) {
        let Some(name) = &index.query_field else {
            return;
        };
        let model = subject.name();
        let partition = subject.type_of(&index.field).unwrap_or("ID");
        let mut arguments =
            vec![InputValue::new(index.field.as_str(), TypeExpression::named(partition).required())];
        let sort = sort_argument(draft, subject, &index.name, &index.sort_fields);
        let (argument, sort) = sort.unzip();
        arguments.extend(argument);
        arguments.push(InputValue::of("sortDirection", "ModelSortDirection"));
        let filter = names::plain_filter(model);
        arguments.extend(paging(&filter));
        let key = KeyArguments { partition: index.field.clone(), sort };
        let source = FieldSource::Index { model: model.to_owned(), index: index.name.clone(), key };
        let mut field = ExpandedField::new(name, arguments, TypeExpression::named(names::plain_page(model)));
        field.directives = self.open_modes(subject);
        draft.extend("Query", [field.answered_by(source)]);
    }
}

/// The page that an index reads, and its filter.
fn add_page(draft: &mut Draft, subject: &Subject<'_>) {
    let model = subject.name();
    let declared = given::object_type(subject.object);
    add_enums(draft, declared.fields());
    let filter = names::plain_filter(model);
    draft.add_new(&filter, |draft| filter_input::filter(draft, &filter, declared.fields(), Lists::All));
    draft.add(page(&names::plain_page(model), model));
}

/// The arguments of `get` and `list`.
fn key_queries(draft: &mut Draft, subject: &Subject<'_>) {
    let kind = |name: &str| TypeExpression::named(subject.type_of(name).unwrap_or("ID"));
    if let Some(name) = &subject.api.get
        && let Some(field) = draft.field_mut("Query", name)
    {
        let key = subject.key.fields();
        field.arguments = key.map(|name| InputValue::new(name, kind(name).required())).collect();
    }
    let (argument, sort) = sort_argument(draft, subject, PRIMARY, &subject.key.sort_fields).unzip();
    if let Some(name) = &subject.api.list
        && let Some(field) = draft.field_mut("Query", name)
    {
        let partition = subject.key.field.as_str();
        let mut arguments = vec![InputValue::new(partition, kind(partition))];
        arguments.extend(argument);
        arguments.append(&mut field.arguments);
        arguments.push(InputValue::of("sortDirection", "ModelSortDirection"));
        field.arguments = arguments;
        if let Some(FieldSource::List { key, .. }) = &mut field.source {
            *key = Some(KeyArguments { partition: partition.to_owned(), sort });
        }
    }
}

/// The key in what makes, changes and removes a record.
fn key_inputs(draft: &mut Draft, subject: &Subject<'_>) {
    let (model, declares_id) = (subject.name(), subject.declares(ID));
    if let Some(inputs) = draft.inputs_mut(&names::input("Create", model)) {
        inputs.retain(|input| declares_id || input.name != ID);
    }
    if let Some(inputs) = draft.inputs_mut(&names::input("Update", model)) {
        inputs.retain(|input| declares_id || input.name != ID);
        change(inputs, ID, TypeExpression::nullable);
        for name in subject.key.fields() {
            change(inputs, name, TypeExpression::required);
        }
    }
    if let Some(inputs) = draft.inputs_mut(&names::input("Delete", model)) {
        // An `id` that is not the key stays only if it is no `ID`.
        let is_replaced = |input: &InputValue| {
            let is_key = subject.key.fields().any(|field| field == input.name);
            is_key || input.name == ID && input.kind.base() == "ID"
        };
        inputs.retain(|input| !is_replaced(input));
        let key = subject.key.fields().map(|name| {
            InputValue::new(name, TypeExpression::named(subject.type_of(name).unwrap_or("ID")).required())
        });
        let rest = std::mem::take(inputs);
        *inputs = key.chain(rest).collect();
    }
}

/// The condition of a mutation does not speak of the key.
fn shorten_condition(draft: &mut Draft, subject: &Subject<'_>, key: &[&str]) {
    // By its plain name the reference does not find that of a model in small letters.
    if let Some(inputs) = draft.inputs_mut(&format!("Model{}ConditionInput", subject.name())) {
        inputs.retain(|input| input.name != ID && !key.contains(&input.name.as_str()));
    }
}

/// The inputs that ask a sort key.
fn add_conditions(draft: &mut Draft, subject: &Subject<'_>, key: &str, sort_fields: &[String]) {
    match sort_fields {
        [] => {}
        [field] => {
            let base = Base::of(sort_type(draft, subject, field));
            base.and_then(operators::key_condition).into_iter().for_each(|input| draft.add(input));
        }
        [first @ .., last] => {
            let (condition, value) = (
                names::composite_condition(subject.name(), key),
                names::composite_value(subject.name(), key),
            );
            draft.add(operators::composite_condition(&condition, &value));
            let kind = |name: &str| subject.type_of(name).unwrap_or("ID").to_owned();
            let mut fields: Vec<InputValue> =
                first.iter().map(|name| InputValue::of(name.as_str(), kind(name))).collect();
            // Only the last part is asked as the scalar of GraphQL that its own stands for.
            fields.push(InputValue::of(last.as_str(), operators::base_name(&kind(last))));
            draft.add(super::ExpandedType::input(value, fields));
        }
    }
}

/// The argument that narrows a page down by a sort key.
pub(crate) fn sort_argument(
    draft: &Draft,
    subject: &Subject<'_>,
    key: &str,
    sort_fields: &[String],
) -> Option<(InputValue, SortArgument)> {
    let argument = match sort_fields {
        [] => return None,
        [field] => {
            let kind = operators::key_condition_name(sort_type(draft, subject, field));
            InputValue::of(field.as_str(), kind)
        }
        fields => {
            let words: Vec<&str> = fields.iter().map(String::as_str).collect();
            InputValue::of(camel_case(&words), names::composite_condition(subject.name(), key))
        }
    };
    let sort = SortArgument { name: argument.name.clone(), fields: sort_fields.to_vec() };
    Some((argument, sort))
}

/// The type as which a sort key is asked: an enum as its text.
fn sort_type<'s>(draft: &Draft, subject: &Subject<'s>, field: &str) -> &'s str {
    let name = subject.type_of(field).unwrap_or("ID");
    if draft.has(name) { "String" } else { name }
}
