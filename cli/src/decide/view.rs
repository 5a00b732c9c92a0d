//! What the client sees of a result.

use portcullis_rules::{Identity, Item};
use portcullis_schema::{FieldType, ModelType, NamedType, ObjectType, Selection, TypeRef};
use serde_json::Value;

use super::{
    answer::{Answer, FieldError},
    api::Api,
    coercion, gate,
    records::Tables,
    request::Request,
    shape::Shape,
};

/// Where a record comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Query,
    /// Subscribers get what a mutation returns; hence it holds no field that is kept from some of those who may get
    /// the record, whoever made the call.
    Mutation,
}

impl Origin {
    /// Where a parent object says that it comes from.
    pub(crate) fn of(parent: &Item) -> Self {
        if parent.get("__operation").is_some_and(|word| word == "Mutation") {
            Self::Mutation
        } else {
            Self::Query
        }
    }

    /// Whether the result goes to subscribers too.
    pub(crate) fn has_listeners(self, model: &ModelType) -> bool {
        self == Self::Mutation && model.has_subscriptions()
    }
}

/// The fields of one result, and the errors on the way.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(super) api: &'a Api,
    pub(super) caller: &'a Identity,
    /// The field that is asked for.
    field: &'a str,
    selection: Option<&'a Selection>,
    /// What relations are looked up in.
    pub(super) tables: Tables,
    pub(super) origin: Origin,
    errors: Vec<FieldError>,
    /// What the rules make of relations on the way, by path.
    nested: Item,
}

impl<'a> View<'a> {
    /// The result of a request about a model.
    pub(crate) fn new(request: &'a Request<'a>, origin: Origin) -> Self {
        let view = Self::of_function(request.api, request.caller, request.field, request.selection.as_ref());
        Self { origin, tables: request.tables.clone(), ..view }
    }

    /// The result of a field that a function answers.
    pub(crate) fn of_function(
        api: &'a Api,
        caller: &'a Identity,
        field: &'a str,
        selection: Option<&'a Selection>,
    ) -> Self {
        Self {
            api,
            caller,
            field,
            selection,
            tables: Tables::default(),
            origin: Origin::Query,
            errors: Vec::new(),
            nested: Item::new(),
        }
    }

    /// The same with the tables as a mutation has left them.
    pub(crate) fn over(self, tables: Tables) -> Self {
        Self { tables, ..self }
    }

    /// The answer to a request that is carried out.
    pub(crate) fn answer(self, data: Value) -> Answer {
        let answer = Answer::allow(data, self.errors);
        if self.nested.is_empty() { answer } else { answer.with_effect("nested", self.nested.into()) }
    }

    /// A stored record as the result of the request; `null` if a field that must have a value has none.
    pub(crate) fn record(&mut self, model: &ModelType, stored: &Item) -> Value {
        self.record_of(model, stored, self.selection, "")
    }

    /// A page of records as the result of the request.
    pub(crate) fn page(&mut self, model: &ModelType, records: &[&Item], next: Option<String>) -> Value {
        self.page_of(model, records, next, self.selection, "")
    }

    /// What a function has returned as the result of the request.
    pub(crate) fn returned(&mut self, kind: &TypeRef, value: Value) -> Value {
        self.value(kind, value, self.selection, "")
    }

    /// A record at a path.
    pub(super) fn record_of(
        &mut self,
        model: &ModelType,
        stored: &Item,
        selection: Option<&Selection>,
        path: &str,
    ) -> Value {
        let rules = model.rules();
        let withheld = self.api.authorizer.withheld(self.caller, rules, stored);
        let shown = self.api.present(rules, stored.clone());
        let open = gate::shows(self.api, self.caller, model.name(), None);
        let redacts = self.origin.has_listeners(model) && !self.api.is_administrator(self.caller, rules);
        let mut seen = Item::new();
        for wanted in wanted(selection, || leaves(model.fields())).fields() {
            let (name, path) = (wanted.name(), join(path, wanted.key()));
            let required = match model.connection(name) {
                Some(connection) => connection.required && !connection.many,
                None => model.field(name).is_some_and(|field| field.kind().required),
            };
            let value = if !open || withheld.contains(&name) {
                self.deny(&path, model.name(), name);
                Value::Null
            } else if name == "__typename" {
                model.name().into()
            } else if let Some(connection) = model.connection(name) {
                self.related(model, connection, stored, wanted, &path)
            } else if redacts && rules.is_kept_from_some(name) {
                Value::Null
            } else {
                let value = shown.get(name).cloned().unwrap_or_default();
                match model.field(name) {
                    Some(field) => self.value(field.kind(), value, wanted.selection(), &path),
                    None => value,
                }
            };
            if value.is_null() && required {
                self.miss(path, model.name(), name);
                return Value::Null;
            }
            seen.insert(wanted.key().to_owned(), value);
        }
        seen.into()
    }

    /// A page at a path.
    pub(super) fn page_of(
        &mut self,
        model: &ModelType,
        records: &[&Item],
        next: Option<String>,
        selection: Option<&Selection>,
        path: &str,
    ) -> Value {
        let is_open = gate::shows_page(self.api, self.caller, model);
        let mut seen = Item::new();
        for wanted in wanted(selection, || ["items", "nextToken"].into_iter()).fields() {
            let value = match wanted.name() {
                "__typename" => format!("Model{}Connection", model.name()).into(),
                name if !is_open => {
                    self.deny(&join(path, wanted.key()), &format!("Model{}Connection", model.name()), name);
                    if name == "items" {
                        // It may not be null.
                        return Value::Null;
                    }
                    Value::Null
                }
                "items" => {
                    let path = join(path, wanted.key());
                    let show = |(index, record): (usize, &&Item)| {
                        self.record_of(model, record, wanted.selection(), &format!("{path}.{index}"))
                    };
                    records.iter().enumerate().map(show).collect()
                }
                "nextToken" => next.clone().into(),
                _ => Value::Null,
            };
            seen.insert(wanted.key().to_owned(), value);
        }
        seen.into()
    }

    /// A value that is stored within a record, or that a function has returned.
    pub(crate) fn value(
        &mut self,
        kind: &TypeRef,
        value: Value,
        selection: Option<&Selection>,
        path: &str,
    ) -> Value {
        match value {
            Value::Null => Value::Null,
            Value::Array(values) if kind.list => {
                let mut shown = Vec::with_capacity(values.len());
                for (index, value) in values.into_iter().enumerate() {
                    let value = self.single(&kind.named, value, selection, &join(path, &index.to_string()));
                    if value.is_null() && kind.required_items {
                        return Value::Null;
                    }
                    shown.push(value);
                }
                shown.into()
            }
            _ if kind.list => {
                self.fail(path, "a list was expected".to_owned());
                Value::Null
            }
            one => self.single(&kind.named, one, selection, path),
        }
    }

    /// A value that is no list, at a path.
    fn single(&mut self, kind: &NamedType, value: Value, selection: Option<&Selection>, path: &str) -> Value {
        match (kind, value) {
            (_, Value::Null) => Value::Null,
            (NamedType::Object(_) | NamedType::Model(_), Value::Object(fields)) => {
                self.named(kind, fields, selection, path)
            }
            // GraphQL finds no fields in it.
            (NamedType::Object(_) | NamedType::Model(_), _) => self.named(kind, Item::new(), selection, path),
            (_, value) => coercion::shown(kind, value).unwrap_or_else(|| {
                self.fail(path, format!("{} cannot represent the value", kind.name()));
                Value::Null
            }),
        }
    }

    fn named(&mut self, kind: &NamedType, fields: Item, selection: Option<&Selection>, path: &str) -> Value {
        match Shape::of_type(&self.api.schema, kind.name()) {
            Shape::Record(model) => self.record_of(model, &fields, selection, path),
            Shape::Object(object) => self.object(object, &fields, selection, path),
            Shape::Page(_) | Shape::Leaf => fields.into(),
        }
    }

    /// An object that is no record; its guarded fields are asked about one by one.
    fn object(
        &mut self,
        object: &ObjectType,
        fields: &Item,
        selection: Option<&Selection>,
        path: &str,
    ) -> Value {
        let api = self.api;
        let guards = |name: &str| {
            let mut fields = api.schema.custom_fields().iter();
            fields.find(|field| field.type_name() == object.name() && field.name() == name)?.rules()
        };
        let mut seen = Item::new();
        for wanted in wanted(selection, || leaves(object.fields())).fields() {
            let (name, path) = (wanted.name(), join(path, wanted.key()));
            let field = object.fields().iter().find(|field| field.name() == name);
            let rules = guards(name);
            let refused = !gate::shows(api, self.caller, object.name(), rules.map(|rules| &**rules))
                || rules.is_some_and(|rules| {
                    let default = api.settings.default_mode;
                    api.authorizer.permit_invoke(self.caller, Some(rules), default).is_err()
                });
            let value = match field {
                _ if refused => {
                    self.deny(&path, object.name(), name);
                    Value::Null
                }
                _ if name == "__typename" => object.name().into(),
                Some(field) => {
                    let value = fields.get(name).cloned().unwrap_or_default();
                    self.value(field.kind(), value, wanted.selection(), &path)
                }
                None => Value::Null,
            };
            if value.is_null() && field.is_some_and(|field| field.kind().required) {
                self.miss(path, object.name(), name);
                return Value::Null;
            }
            seen.insert(wanted.key().to_owned(), value);
        }
        seen.into()
    }

    /// Notes that the value at a path is not of its type.
    fn fail(&mut self, path: &str, message: String) {
        self.errors.push(FieldError { path: path.to_owned(), kind: "GraphQL", message });
    }

    /// Notes that a field is refused.
    pub(super) fn deny(&mut self, path: &str, parent: &str, field: &str) {
        self.errors.push(FieldError::denied(path.to_owned(), parent, field));
    }

    /// Whether the field at a path is refused.
    pub(crate) fn is_refused(&self, path: &str) -> bool {
        self.errors.iter().any(|error| error.path == path)
    }

    /// Notes what the rules make of a relation.
    pub(super) fn note(&mut self, path: &str, effect: Value) {
        let root = self.field;
        let path = if path.is_empty() { root.to_owned() } else { join(root, path) };
        self.nested.insert(path, effect);
    }

    /// Notes that a value is missing, unless it is for a reason that has been told: an error stands at most once at a path or
    /// below it.
    fn miss(&mut self, path: String, parent: &str, field: &str) {
        let below = format!("{path}.");
        if !self.errors.iter().any(|error| error.path == path || error.path.starts_with(&below)) {
            let message = format!("Cannot return null for non-nullable field {parent}.{field}.");
            self.errors.push(FieldError { path, kind: "GraphQL", message });
        }
    }
}

/// The fields that have no fields of their own: what a client asks for that does not say.
fn leaves(fields: &[FieldType]) -> impl Iterator<Item = &str> {
    let is_leaf =
        |field: &&FieldType| !matches!(field.kind().named, NamedType::Object(_) | NamedType::Model(_));
    fields.iter().filter(is_leaf).map(FieldType::name)
}

/// What is selected; without a selection these fields.
fn wanted<'n, I: Iterator<Item = &'n str>>(
    selection: Option<&Selection>,
    all: impl FnOnce() -> I,
) -> Selection {
    match selection {
        Some(selection) => selection.clone(),
        None => Selection::of_fields(all().map(|name| (name, None))),
    }
}

/// A path one step further down.
pub(super) fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}
