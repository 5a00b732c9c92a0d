//! The execution of one operation, level by level: a field of many objects is resolved once for all of them.

use std::{collections::HashMap, pin::Pin};

use apollo_compiler::{
    ast::Type,
    executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet},
    schema::ExtendedType,
    validation::Valid,
};
use portcullis_data::{
    SOURCE,
    rules::{Identity, Item},
    schema::AuthMode,
};
use serde_json::{Value, json};

use super::{GraphQl, arguments::arguments, is_selected, leaf::leaf};
use crate::{Call, FieldError, Resolvers, resolvers::ROOTS};

/// Answers of resolvers at most, as AppSync has it.
const MAX_ANSWERS: usize = 10_000;

/// Where a value stands in the answer.
type Path = Vec<Value>;
/// A completed value; `None` if it is missing where there must be one, and takes its parent along.
type Completed = Option<Value>;
type Later<'r, T> = Pin<Box<dyn Future<Output = T> + Send + 'r>>;

/// One operation.
pub(crate) struct Execution<'a> {
    graphql: &'a GraphQl,
    identity: &'a Identity,
    mode: AuthMode,
    document: &'a Valid<ExecutableDocument>,
    variables: &'a Item,
    errors: Vec<(Path, Value)>,
    answers: usize,
    /// Whether everything has been answered already, and nobody is asked.
    answered: bool,
}

impl<'a> Execution<'a> {
    pub(crate) fn new(
        graphql: &'a GraphQl,
        identity: &'a Identity,
        mode: AuthMode,
        document: &'a Valid<ExecutableDocument>,
        variables: &'a Item,
    ) -> Self {
        Self { graphql, identity, mode, document, variables, errors: Vec::new(), answers: 0, answered: false }
    }

    /// The same for what has been answered already: a field is what its parent holds under its name.
    pub(crate) fn answered(self) -> Self {
        Self { answered: true, ..self }
    }

    /// The data; `None` if a field that must have a value has none. Fields of a mutation are carried out one after the other.
    pub(crate) async fn operation(&mut self, operation: &'a Operation) -> Option<Item> {
        self.event(operation, Item::new()).await
    }

    /// The data where the fields of the operation are parts of this.
    pub(crate) async fn event(&mut self, operation: &'a Operation, source: Item) -> Option<Item> {
        let root = operation.object_type().as_str();
        match self.object(root, source, &operation.selection_set).await {
            Some(Value::Object(data)) => Some(data),
            _ => None,
        }
    }

    /// One object.
    pub(crate) async fn object(&mut self, of: &str, source: Item, set: &'a SelectionSet) -> Completed {
        self.objects(of, vec![(Path::new(), source)], vec![set]).await.into_iter().next().flatten()
    }

    pub(crate) fn into_errors(self) -> Vec<Value> {
        self.errors.into_iter().map(|(_, error)| error).collect()
    }

    /// Objects of one type of which the same is asked.
    fn objects<'r>(
        &'r mut self,
        of: &'r str,
        sources: Vec<(Path, Item)>,
        sets: Vec<&'a SelectionSet>,
    ) -> Later<'r, Vec<Completed>> {
        Box::pin(async move {
            let mut objects: Vec<Option<Item>> = sources.iter().map(|_| Some(Item::new())).collect();
            for (key, fields) in self.collect(of, &sets) {
                let Some(field) = fields.first().copied() else {
                    continue;
                };
                // Those that an earlier field has taken along are not asked.
                let places: Vec<usize> = (0..objects.len())
                    .filter(|place| objects.get(*place).is_some_and(Option::is_some))
                    .collect();
                let asked: Vec<&(Path, Item)> =
                    places.iter().filter_map(|place| sources.get(*place)).collect();
                let Some(found) = self.resolve(of, field, &asked).await else {
                    continue;
                };
                let mut values = Vec::with_capacity(found.len());
                for ((path, _), found) in asked.into_iter().zip(found) {
                    let path: Path = path.iter().cloned().chain([key.into()]).collect();
                    let value = found.unwrap_or_else(|error| {
                        self.tell(&path, field, &error);
                        Value::Null
                    });
                    values.push((path, value));
                }
                let completed = self.complete(of, &field.definition.ty, values, &fields).await;
                for (place, completed) in places.into_iter().zip(completed) {
                    if let Some(object) = objects.get_mut(place) {
                        match (completed, &mut *object) {
                            (Some(value), Some(members)) => {
                                members.insert(key.to_owned(), value);
                            }
                            _ => *object = None,
                        }
                    }
                }
            }
            objects.into_iter().map(|object| object.map(Value::Object)).collect()
        })
    }

    /// What a field holds, for each of these objects; `None` if it is answered elsewhere.
    async fn resolve(
        &mut self,
        of: &str,
        field: &Field,
        asked: &[&(Path, Item)],
    ) -> Option<Vec<Result<Value, FieldError>>> {
        let name = field.name.as_str();
        match name {
            "__typename" => return Some(asked.iter().map(|_| Ok(of.into())).collect()),
            "__schema" | "__type" => return None,
            _ => {}
        }
        let refused = |error: FieldError| Some(asked.iter().map(|_| Err(error.clone())).collect());
        let resolvers = &self.graphql.resolvers;
        if let Err(error) = self.admit(of, name) {
            return refused(error);
        }
        if self.answered {
            let value = |(_, source): &&(Path, Item)| Ok(source.get(name).cloned().unwrap_or_default());
            return Some(asked.iter().map(value).collect());
        }
        let is_told = |(_, source): &&(Path, Item)| source.contains_key(SOURCE);
        if !resolvers.has_resolver(of, name) && (!resolvers.is_record(of) || asked.iter().all(is_told)) {
            let value = |(_, source): &&(Path, Item)| Ok(source.get(name).cloned().unwrap_or_default());
            return Some(asked.iter().map(value).collect());
        }
        self.answers = self.answers.saturating_add(asked.len());
        if self.answers > MAX_ANSWERS {
            return refused(FieldError::new(
                "QueryTooComplex",
                "A query is answered by at most 10000 resolvers",
            ));
        }
        let arguments = self.arguments(field);
        let call = Call { identity: self.identity, of, field: name, arguments: &arguments };
        if ROOTS.contains(&of) {
            return Some(vec![resolvers.answer(call).await]);
        }
        let sources: Vec<Item> = asked.iter().map(|(_, source)| source.clone()).collect();
        Some(resolvers.answer_all(call, &sources).await)
    }

    /// The gate of authorization modes.
    pub(crate) fn admit(&self, of: &str, field: &str) -> Result<(), FieldError> {
        match self.graphql.resolvers.expanded().admits(self.mode, of, field) {
            true => Ok(()),
            false => Err(FieldError::unauthorized(of, field)),
        }
    }

    pub(crate) fn arguments(&self, field: &Field) -> Item {
        arguments(&self.graphql.schema, field, self.variables)
    }

    pub(crate) fn identity(&self) -> &'a Identity {
        self.identity
    }

    pub(crate) fn resolvers(&self) -> &'a Resolvers {
        &self.graphql.resolvers
    }

    /// The first field of an operation.
    pub(crate) fn root_field(&self, operation: &'a Operation) -> Option<&'a Field> {
        let fields = self.collect(operation.object_type().as_str(), &[&operation.selection_set]);
        fields.into_iter().next()?.1.first().copied()
    }

    /// Values as their type has them.
    fn complete<'r>(
        &'r mut self,
        of: &'r str,
        kind: &'a Type,
        values: Vec<(Path, Value)>,
        fields: &'r [&'a Field],
    ) -> Later<'r, Vec<Completed>> {
        Box::pin(async move {
            let paths: Vec<Path> = match kind.is_non_null() {
                true => values.iter().map(|(path, _)| path.clone()).collect(),
                false => Vec::new(),
            };
            let completed = match kind {
                Type::List(inner) | Type::NonNullList(inner) => self.lists(of, inner, values, fields).await,
                Type::Named(name) | Type::NonNullNamed(name) => {
                    self.named(name.as_str(), values, fields).await
                }
            };
            if !kind.is_non_null() {
                return completed.into_iter().map(|value| Some(value.unwrap_or_default())).collect();
            }
            for (path, value) in paths.iter().zip(&completed) {
                if value.as_ref().is_none_or(Value::is_null) {
                    self.miss(path, of, fields);
                }
            }
            completed.into_iter().map(|value| value.filter(|value| !value.is_null())).collect()
        })
    }

    /// Lists: the items of all of them are completed together.
    async fn lists(
        &mut self,
        of: &str,
        inner: &'a Type,
        values: Vec<(Path, Value)>,
        fields: &[&'a Field],
    ) -> Vec<Completed> {
        let mut items = Vec::new();
        let mut lengths: Vec<Option<usize>> = Vec::with_capacity(values.len());
        for (path, value) in values {
            match value {
                Value::Array(list) => {
                    lengths.push(Some(list.len()));
                    for (index, item) in list.into_iter().enumerate() {
                        items.push((path.iter().cloned().chain([index.into()]).collect(), item));
                    }
                }
                Value::Null => lengths.push(None),
                _ => {
                    self.fail(&path, fields, "A list was expected".to_owned());
                    lengths.push(None);
                }
            }
        }
        let mut completed = self.complete(of, inner, items, fields).await.into_iter();
        let lists = lengths.into_iter().map(|length| {
            let list: Vec<Completed> = completed.by_ref().take(length?).collect();
            list.into_iter().collect::<Option<Vec<Value>>>().map(Value::Array)
        });
        lists.collect()
    }

    /// Values of the type of this name.
    async fn named(
        &mut self,
        name: &'a str,
        values: Vec<(Path, Value)>,
        fields: &[&'a Field],
    ) -> Vec<Completed> {
        let is_object = matches!(self.graphql.schema.types.get(name), Some(ExtendedType::Object(_)));
        if !is_object {
            let expanded = self.graphql.resolvers.expanded();
            let shown: Vec<(Path, Completed)> = values
                .into_iter()
                .map(|(path, value)| match value {
                    Value::Null => (path, Some(Value::Null)),
                    value => (path, leaf(expanded, name, value)),
                })
                .collect();
            let mut completed = Vec::with_capacity(shown.len());
            for (path, value) in shown {
                if value.is_none() {
                    self.fail(&path, fields, format!("{name} cannot represent the value"));
                }
                completed.push(value.or(Some(Value::Null)));
            }
            return completed;
        }
        let mut present = Vec::with_capacity(values.len());
        let mut sources = Vec::new();
        for (path, value) in values {
            present.push(!value.is_null());
            match value {
                Value::Null => {}
                Value::Object(source) => sources.push((path, source)),
                // GraphQL finds no fields in it.
                _ => sources.push((path, Item::new())),
            }
        }
        if sources.is_empty() {
            return present.into_iter().map(|_| Some(Value::Null)).collect();
        }
        let sets = fields.iter().map(|field| &field.selection_set).collect();
        let mut objects = self.objects(name, sources, sets).await.into_iter();
        present
            .into_iter()
            .map(|there| if there { objects.next().flatten() } else { Some(Value::Null) })
            .collect()
    }

    /// The fields that are asked of an object, those of one key together.
    pub(crate) fn collect(&self, of: &str, sets: &[&'a SelectionSet]) -> Vec<(&'a str, Vec<&'a Field>)> {
        let mut collected = Collected::default();
        for set in sets {
            self.collect_from(of, set, &mut collected);
        }
        collected.fields
    }

    fn collect_from(&self, of: &str, set: &'a SelectionSet, collected: &mut Collected<'a>) {
        for selection in set.selections.iter().filter(|it| is_selected(it, self.variables)) {
            match selection {
                Selection::Field(field) => collected.add(field),
                Selection::InlineFragment(inline) => {
                    if inline.type_condition.as_ref().is_none_or(|name| name == of) {
                        self.collect_from(of, &inline.selection_set, collected);
                    }
                }
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|fragment| fragment.type_condition() == of) {
                        self.collect_from(of, &fragment.selection_set, collected);
                    }
                }
            }
        }
    }

    /// Notes that a field has no answer.
    pub(crate) fn tell(&mut self, path: &Path, field: &Field, error: &FieldError) {
        let locations =
            field.response_key().location().and_then(|place| place.line_column(&self.document.sources));
        let locations = locations.into_iter();
        let locations: Vec<Value> = locations
            .map(|place| json!({ "line": place.line, "column": place.column, "sourceName": null }))
            .collect();
        let told = json!({
            "path": path,
            "data": null,
            "errorType": error.kind(),
            "errorInfo": null,
            "locations": locations,
            "message": error.to_string(),
        });
        self.errors.push((path.clone(), told));
    }

    /// Notes that a value is not of its type.
    fn fail(&mut self, path: &Path, fields: &[&'a Field], message: String) {
        if let Some(field) = fields.first() {
            self.tell(path, field, &FieldError::new("GraphQL", message));
        }
    }

    /// Notes that a value is missing, unless it is for a reason that has been told: an error stands at most once at a path or
    /// below it.
    fn miss(&mut self, path: &Path, of: &str, fields: &[&'a Field]) {
        if let Some(field) = fields.first()
            && !self.errors.iter().any(|(told, _)| told.starts_with(path))
        {
            let name = &field.name;
            let message = format!("Cannot return null for non-nullable type: '{of}.{name}'");
            self.tell(path, field, &FieldError::new("GraphQL", message));
        }
    }
}

/// Fields by their keys, in order.
#[derive(Default)]
struct Collected<'a> {
    fields: Vec<(&'a str, Vec<&'a Field>)>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Collected<'a> {
    fn add(&mut self, field: &'a Field) {
        let key = field.response_key().as_str();
        let place = *self.places.entry(key).or_insert(self.fields.len());
        match self.fields.get_mut(place) {
            Some((_, fields)) => fields.push(field),
            None => self.fields.push((key, vec![field])),
        }
    }
}
