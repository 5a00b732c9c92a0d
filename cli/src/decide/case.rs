//! A line of input.

use portcullis_rules::Item;
use portcullis_schema::Selection;
use serde_json::Value;

use super::{
    answer::Answer,
    api::Api,
    caller,
    catalogue::Catalogue,
    coercion,
    custom::Call,
    field, mutation, query,
    records::Tables,
    refusal::Refusal,
    request::{Request, Target},
    shape::Shape,
    subscription,
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
            Ok(Value::Object(body)) => Ok(Self::new(body)),
            Ok(_) => Err(malformed("a case is a JSON object".to_owned())),
            Err(error) => Err(malformed(format!("not JSON: {error}"))),
        }
    }

    /// A case that has been read already.
    pub(crate) fn new(body: Item) -> Self {
        Self { id: body.get("id").cloned().unwrap_or_default(), body }
    }

    /// All that the case says.
    pub(crate) fn body(&self) -> &Item {
        &self.body
    }

    /// Answers the case as a line of output.
    pub(crate) fn answer_line(&self, catalogue: &mut Catalogue) -> Value {
        self.answer(catalogue).unwrap_or_else(Answer::from).into_json(self.id.clone())
    }

    /// Answers the case.
    fn answer(&self, catalogue: &mut Catalogue) -> Result<Answer, Refusal> {
        match self.body.get("op").map(Value::as_str) {
            None => {}
            Some(Some("validate")) => return catalogue.validate(&self.body),
            Some(Some("expand")) => return catalogue.expand(&self.body),
            Some(_) => return Err(Refusal::malformed("`op` is not one that is known")),
        }
        let field = self.body.get("field").and_then(Value::as_str);
        let field = field.ok_or_else(|| Refusal::malformed("`field` is missing"))?;
        let (parent, field) =
            field.split_once('.').ok_or_else(|| Refusal::malformed("`field` is not `Type.field`"))?;
        let api = catalogue.api(&self.body)?;
        let caller = caller::read(self.body.get("identity").unwrap_or(&Value::Null))?;
        let empty = Item::new();
        let args = match self.body.get("args") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(args)) => args,
            Some(_) => return Err(Refusal::malformed("`args` is not an object")),
        };
        let existing = self.body.get("existing").unwrap_or(&Value::Null);
        let wanted = self.body.get("selection").unwrap_or(&Value::Null);
        if let Some(function) = api.schema.custom_field(parent, field) {
            let named = function.output().map(|kind| kind.named.name());
            let shape = named.map_or(Shape::Leaf, |name| Shape::of_type(&api.schema, name));
            let selection = selection(wanted, &api, shape)?;
            return Call { api: &api, caller: &caller, field: function, args, selection, existing }.answer();
        }
        let target = Target::find(&api, parent, field)?;
        let shape = target.shape(&api, field);
        let selection = selection(wanted, &api, shape)?;
        let (api, caller, model) = (&*api, &caller, target.model());
        let tables = Tables::read(existing, model.name(), &api.schema)?;
        let mut args = args.clone();
        if let Some(key) = target.key() {
            coercion::key_arguments(&api.schema, &key, &mut args);
        }
        let args = &args;
        let request = Request { api, caller, parent, field, model, args, selection, tables };
        let answer = match target {
            Target::Create(_) => mutation::create(&request),
            Target::Update(_) => mutation::update(&request),
            Target::Delete(_) => mutation::delete(&request),
            Target::Get(_) => query::get(&request),
            Target::List(key) => query::list(&request, &key),
            Target::Listen(model) if model.has_subscriptions() => subscription::listen(&request),
            Target::Listen(_) => subscription::listen_openly(&request),
            Target::Field(_) => field::read(&request),
        }?;
        Ok(if existing.is_array() { answer } else { answer.without_events() })
    }
}

/// What the client wants to see, if the case says so and GraphQL takes it.
pub(crate) fn selection(text: &Value, api: &Api, shape: Shape<'_>) -> Result<Option<Selection>, Refusal> {
    let text = match text {
        Value::Null => return Ok(None),
        Value::String(text) => text,
        _ => return Err(Refusal::malformed("`selection` is not a text")),
    };
    let invalid = |message: String| Refusal::from(Answer::invalid(message));
    let selection = Selection::parse(text).map_err(|mistake| invalid(mistake.to_string()))?;
    shape.check(&api.schema, &selection).map_err(invalid)?;
    Ok(Some(selection))
}
