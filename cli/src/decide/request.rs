//! A request to a field of the GraphQL API.

use portcullis_rules::{Identity, Item};
use portcullis_schema::{ModelType, Selection};

use super::{answer::Answer, api::Api, key::Key, records::Tables, refusal::Refusal, shape::Shape};

/// What a caller asks for.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) api: &'a Api,
    pub(crate) caller: &'a Identity,
    /// The type of the field: `Mutation`, `Query` or a model.
    pub(crate) parent: &'a str,
    pub(crate) field: &'a str,
    pub(crate) model: &'a ModelType,
    pub(crate) args: &'a Item,
    /// What the client wants to see; `None` for every field that is no relation.
    pub(crate) selection: Option<Selection>,
    /// The stored records; for a field the parent object.
    pub(crate) tables: Tables,
}

/// What a field of the API does, and with which model.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    Create(&'a ModelType),
    Update(&'a ModelType),
    Delete(&'a ModelType),
    Get(&'a ModelType),
    /// A page by the key of the model, or by that of an index.
    List(Key<'a>),
    /// The changes of a model.
    Listen(&'a ModelType),
    /// One field of a record.
    Field(&'a ModelType),
}

impl<'a> Target<'a> {
    /// The field of this name, as Amplify names the fields that it makes for a model.
    pub(crate) fn find(api: &'a Api, parent: &str, field: &str) -> Result<Self, Refusal> {
        let models = api.schema.models().iter();
        let found = match parent {
            "Mutation" => models.into_iter().find_map(|model| Self::mutation(model, field)),
            "Query" => models.into_iter().find_map(|model| Self::query(model, field)),
            "Subscription" => models.into_iter().find(|model| tells(model, field)).map(Self::Listen),
            _ => {
                let has_field =
                    |model: &&ModelType| model.field(field).is_some() || model.connection(field).is_some();
                models.into_iter().find(|model| model.name() == parent).filter(has_field).map(Self::Field)
            }
        };
        let unknown = || Answer::invalid(format!("Cannot query field \"{field}\" on type \"{parent}\"."));
        found.ok_or_else(|| unknown().into())
    }

    fn mutation(model: &'a ModelType, field: &str) -> Option<Self> {
        let names = model.api();
        let is = |name: &Option<String>| name.as_deref() == Some(field);
        if is(&names.create) {
            Some(Self::Create(model))
        } else if is(&names.update) {
            Some(Self::Update(model))
        } else {
            is(&names.delete).then_some(Self::Delete(model))
        }
    }

    fn query(model: &'a ModelType, field: &str) -> Option<Self> {
        let names = model.api();
        if names.get.as_deref() == Some(field) {
            Some(Self::Get(model))
        } else if names.list.as_deref() == Some(field) {
            Some(Self::List(Key::of(model)))
        } else {
            Key::of_query(model, field).map(Self::List)
        }
    }

    pub(crate) fn model(self) -> &'a ModelType {
        match self {
            Self::Create(model)
            | Self::Update(model)
            | Self::Delete(model)
            | Self::Get(model)
            | Self::Listen(model)
            | Self::Field(model) => model,
            Self::List(key) => key.model,
        }
    }

    /// The key that the arguments of a query speak of.
    pub(crate) fn key(self) -> Option<Key<'a>> {
        match self {
            Self::Get(model) => Some(Key::of(model)),
            Self::List(key) => Some(key),
            _ => None,
        }
    }

    /// What a selection is made of.
    pub(crate) fn shape(self, api: &'a Api, field: &str) -> Shape<'a> {
        match self {
            Self::Create(model)
            | Self::Update(model)
            | Self::Delete(model)
            | Self::Get(model)
            | Self::Listen(model) => Shape::Record(model),
            Self::List(key) => Shape::Page(key.model),
            Self::Field(model) => Shape::Record(model).field(&api.schema, field).unwrap_or(Shape::Leaf),
        }
    }
}

/// Whether a subscription tells of changes of the model.
fn tells(model: &ModelType, field: &str) -> bool {
    let names = model.api();
    [&names.on_create, &names.on_update, &names.on_delete].into_iter().flatten().any(|name| name == field)
}

impl Request<'_> {
    /// The stored records of the model.
    pub(crate) fn records(&self) -> &[Item] {
        self.tables.of(self.model.name())
    }
}
