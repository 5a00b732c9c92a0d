//! A request to a field of the GraphQL API.

use portcullis_rules::{Identity, Item};
use portcullis_schema::{FieldType, ModelType};
use serde_json::Value;

use super::{api::Api, refusal::Refusal};

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
    /// The stored records of the model; for a field the parent object.
    pub(crate) records: Vec<Item>,
}

/// What a field of the API does, and with which model.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target<'a> {
    Create(&'a ModelType),
    Update(&'a ModelType),
    Delete(&'a ModelType),
    Get(&'a ModelType),
    List(&'a ModelType),
    /// One field of a record.
    Field(&'a ModelType),
}

impl<'a> Target<'a> {
    /// The field of this name, as Amplify names the fields that it makes for a model.
    pub(crate) fn find(api: &'a Api, parent: &str, field: &str) -> Result<Self, Refusal> {
        type Make<'a> = fn(&'a ModelType) -> Target<'a>;
        let models = api.schema.models();
        let named = |verb: &str, make: Make<'a>| {
            let name = field.strip_prefix(verb)?;
            models.iter().find(|model| model.name() == name).map(make)
        };
        let listed = || {
            let plural = field.strip_prefix("list")?;
            models.iter().find(|model| model.plural() == plural).map(Self::List)
        };
        let found = match parent {
            "Mutation" => named("create", Self::Create)
                .or_else(|| named("update", Self::Update))
                .or_else(|| named("delete", Self::Delete)),
            "Query" => named("get", Self::Get).or_else(listed),
            "Subscription" => return Err(Refusal::unsupported("a subscription")),
            _ => {
                let model = models.iter().find(|model| model.name() == parent);
                model.filter(|model| model.field(field).is_some()).map(Self::Field)
            }
        };
        found.ok_or_else(|| Refusal::unsupported(format!("the field `{field}` of `{parent}`")))
    }

    pub(crate) fn model(self) -> &'a ModelType {
        match self {
            Self::Create(model)
            | Self::Update(model)
            | Self::Delete(model)
            | Self::Get(model)
            | Self::List(model)
            | Self::Field(model) => model,
        }
    }
}

impl Request<'_> {
    /// The stored record with this key.
    pub(crate) fn record(&self, id: &Value) -> Option<&Item> {
        self.records.iter().find(|record| record.get("id") == Some(id))
    }

    /// The fields of the model that clients see.
    pub(crate) fn fields(&self) -> &[FieldType] {
        self.model.fields()
    }
}
