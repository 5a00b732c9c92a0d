//! What the evaluator says about the decision of a case.

use portcullis_rules::{Item, Operation};
use portcullis_schema::ModelType;
use serde_json::Value;

use super::{
    api::Api, caller, case::Case, catalogue::Catalogue, key::Key, records::Tables, refusal::Refusal,
    request::Target,
};

impl Case {
    /// The decision rule by rule, without personal data; `None` where the case never gets to the rules.
    pub(crate) fn why(&self, catalogue: &mut Catalogue) -> Option<String> {
        self.explained(catalogue).ok()?
    }

    fn explained(&self, catalogue: &mut Catalogue) -> Result<Option<String>, Refusal> {
        let body = self.body();
        let named = body.get("field").and_then(Value::as_str).and_then(|field| field.split_once('.'));
        let Some((parent, field)) = named else {
            return Ok(None);
        };
        let api = catalogue.api(body)?;
        let caller = caller::read(body.get("identity").unwrap_or(&Value::Null))?;
        if let Some(custom) = api.schema.custom_field(parent, field) {
            let explain =
                |rules| api.authorizer.explain(&caller, Operation::Get, rules, &Item::new()).to_string();
            return Ok(custom.rules().map(|rules| explain(rules)));
        }
        let target = Target::find(&api, parent, field)?;
        let model = target.model();
        let operation = match target {
            Target::Create(_) => Operation::Create,
            Target::Update(_) => Operation::Update,
            Target::Delete(_) => Operation::Delete,
            Target::Get(_) | Target::Field(_) => Operation::Get,
            _ if parent == "Subscription" => Operation::Listen,
            _ => Operation::List,
        };
        let record = record(&api, model, operation, body, parent == model.name())?;
        Ok(Some(api.authorizer.explain(&caller, operation, model.rules(), &record).to_string()))
    }
}

/// What the decision rests on: the input of a create, else the stored record, if one is meant.
fn record(
    api: &Api,
    model: &ModelType,
    operation: Operation,
    case: &Item,
    is_parent: bool,
) -> Result<Item, Refusal> {
    let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let args = object(case.get("args"));
    let input = object(args.get("input"));
    let tables = Tables::read(case.get("existing").unwrap_or(&Value::Null), model.name(), &api.schema)?;
    let records = tables.of(model.name());
    let found = match operation {
        Operation::Create => return Ok(input),
        Operation::Update | Operation::Delete => Key::of(model).find(records, &input),
        Operation::Get if is_parent => records.first(),
        Operation::Get => Key::of(model).find(records, &args),
        _ => None,
    };
    Ok(found.cloned().unwrap_or_default())
}
