//! A line of input.

use portcullis_rules::{Item, Rule, Strategy};
use portcullis_schema::{ModelType, Relation, Schema};
use serde_json::Value;

use super::{
    answer::Answer,
    caller,
    catalogue::Catalogue,
    field, mutation, query, records,
    refusal::Refusal,
    request::{Request, Target},
};

/// A line of input.
#[derive(Debug)]
pub(crate) struct Case {
    /// Repeated in the answer.
    pub(crate) id: Value,
    body: Item,
}

/// A line that is no case.
#[derive(Debug)]
pub(crate) struct Malformed {
    /// The id, if there is one all the same.
    pub(crate) id: Value,
    pub(crate) problem: String,
}

impl Case {
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Malformed> {
        let malformed = |problem: String| Malformed { id: Value::Null, problem };
        match serde_json::from_slice(line) {
            Ok(Value::Object(body)) => Ok(Self { id: body.get("id").cloned().unwrap_or_default(), body }),
            Ok(_) => Err(malformed("a case is a JSON object".to_owned())),
            Err(error) => Err(malformed(format!("not JSON: {error}"))),
        }
    }

    /// Answers the case.
    pub(crate) fn answer(&self, catalogue: &mut Catalogue) -> Result<Answer, Refusal> {
        match self.body.get("op").map(Value::as_str) {
            None => {}
            Some(Some("validate")) => return catalogue.validate(&self.body),
            Some(_) => return Err(Refusal::malformed("`op` is not one that is known")),
        }
        let field = self.body.get("field").and_then(Value::as_str);
        let field = field.ok_or_else(|| Refusal::malformed("`field` is missing"))?;
        let (parent, field) =
            field.split_once('.').ok_or_else(|| Refusal::malformed("`field` is not `Type.field`"))?;
        let api = catalogue.api(&self.body)?;
        if api.settings.sandbox {
            return Err(Refusal::unsupported("a request in sandbox mode"));
        }
        let caller = caller::read(self.body.get("identity").unwrap_or(&Value::Null))?;
        if self.body.get("selection").is_some_and(|selection| !selection.is_null()) {
            return Err(Refusal::unsupported("a selection of fields"));
        }
        let target = Target::find(&api, parent, field)?;
        refuse_unsupported(&api.schema, target.model())?;
        let empty = Item::new();
        let args = match self.body.get("args") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(args)) => args,
            Some(_) => return Err(Refusal::malformed("`args` is not an object")),
        };
        let existing = self.body.get("existing").unwrap_or(&Value::Null);
        let records = records::read(existing, target.model().name())?;
        let request =
            Request { api: &api, caller: &caller, parent, field, model: target.model(), args, records };
        match target {
            Target::Create(_) => mutation::create(&request),
            Target::Update(_) => mutation::update(&request),
            Target::Delete(_) => mutation::delete(&request),
            Target::Get(_) => query::get(&request),
            Target::List(_) => query::list(&request),
            Target::Field(_) => field::read(&request),
        }
    }
}

/// Refuses a model that has more to it than is answered yet.
fn refuse_unsupported(schema: &Schema, model: &ModelType) -> Result<(), Refusal> {
    let concerns = |from: &ModelType| {
        let related = |relation: &Relation| relation.model == model.name();
        from.relations().iter().any(|relation| from.name() == model.name() || related(relation))
    };
    if schema.models().iter().any(concerns) {
        return Err(Refusal::unsupported("a model with relations"));
    }
    if model.key().fields().ne(["id"]) {
        return Err(Refusal::unsupported("a key other than `id`"));
    }
    let fields = model.rules().fields().iter().filter_map(|field| field.rules.as_ref());
    let by_key = |rule: &Rule| match &rule.strategy {
        Strategy::Owner { field, .. } | Strategy::DynamicGroups { field, .. } => field == "id",
        _ => false,
    };
    if model.rules().rules().iter().chain(fields.flatten()).any(by_key) {
        return Err(Refusal::unsupported("an owner or a group that is the key of the record"));
    }
    Ok(())
}
