//! What a line of output says.

use portcullis_rules::{Denied, Item};
use serde_json::{Value, json};

use super::refusal::Refusal;

/// An answer, without the id of its case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    verdict: Verdict,
    error: Option<ErrorText>,
    /// What the client sees; `None` if the reference leaves it open.
    data: Option<Value>,
    /// What reached the data source; `None` if the request did not get that far.
    effective: Option<Item>,
    field_errors: Vec<FieldError>,
    /// The ids of the events that a subscriber is told.
    delivered: Option<Vec<Value>>,
    /// Of a schema that is right.
    warnings: Option<Vec<String>>,
    /// The API that a schema makes, in GraphQL's language.
    sdl: Option<String>,
}

/// The decision in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The request is carried out.
    Allow,
    /// The rules, or the gate in front of them, refuse it.
    Deny,
    /// The request is allowed, and the data source refuses it.
    Error,
    /// GraphQL refuses the request before anybody is asked.
    Invalid,
    /// The schema is right.
    Valid,
    /// The schema is wrong.
    InvalidSchema,
    /// What is asked for is not done yet.
    #[default]
    Unsupported,
    /// The line is no case.
    Malformed,
}

/// What refused the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    /// The API does not know the way the caller came in.
    Api,
    /// The gate: no rule of the field speaks of callers who came in that way.
    Directive,
    /// The rules.
    Vtl,
}

/// One field of the result that is withheld.
#[derive(Clone, Debug)]
pub(crate) struct FieldError {
    pub(crate) path: String,
    pub(crate) kind: &'static str,
    pub(crate) message: String,
}

#[derive(Clone, Debug)]
struct ErrorText {
    kind: String,
    message: String,
    layer: Option<Layer>,
}

impl Answer {
    /// The request is carried out, and this is what the client sees.
    pub(crate) fn allow(data: Value, field_errors: Vec<FieldError>) -> Self {
        let effective = Some(Item::new());
        Self { verdict: Verdict::Allow, data: Some(data), field_errors, effective, ..Self::default() }
    }

    /// The field as a whole is refused.
    pub(crate) fn deny(parent: &str, field: &str, layer: Layer) -> Self {
        Self::refusal("Unauthorized", not_authorized(parent, field), layer)
    }

    /// The rules refuse a write: all of it, or some of its fields.
    pub(crate) fn deny_write(field: &str, denied: &Denied) -> Self {
        match denied {
            Denied::Fields(fields) => {
                let message = format!("Unauthorized on [{}]", fields.join(", "));
                Self::refusal("Unauthorized", message, Layer::Vtl)
            }
            _ => Self::deny("Mutation", field, Layer::Vtl),
        }
    }

    /// The API does not know the way the caller came in.
    pub(crate) fn unknown_mode() -> Self {
        let refusal =
            Self::refusal("UnauthorizedException", "auth mode not configured".to_owned(), Layer::Api);
        Self { effective: None, ..refusal }
    }

    /// The condition of a write did not hold.
    pub(crate) fn condition_failed() -> Self {
        let error = ErrorText::new(
            "DynamoDB:ConditionalCheckFailedException",
            "The conditional request failed".to_owned(),
        );
        let effective = Some(Item::new());
        Self { verdict: Verdict::Error, error: Some(error), effective, ..Self::default() }
    }

    /// The resolver refuses arguments that do not go together.
    pub(crate) fn argument_error(message: String) -> Self {
        let error = Some(ErrorText::new("InvalidArgumentsError", message));
        Self { verdict: Verdict::Error, error, effective: Some(Item::new()), ..Self::default() }
    }

    /// DynamoDB refuses the request.
    pub(crate) fn store_error(message: &str) -> Self {
        let error = Some(ErrorText::new("DynamoDB:DynamoDbException", message.to_owned()));
        Self { verdict: Verdict::Error, error, effective: Some(Item::new()), ..Self::default() }
    }

    /// The resolver refuses the input.
    pub(crate) fn resolver_error(message: String) -> Self {
        let error = Some(ErrorText::new("CustomTemplateException", message));
        Self { verdict: Verdict::Error, error, effective: Some(Item::new()), ..Self::default() }
    }

    /// The subscription is established, and these events are told.
    pub(crate) fn listen(delivered: Vec<Value>) -> Self {
        let effective = Some(Item::new());
        Self { verdict: Verdict::Allow, delivered: Some(delivered), effective, ..Self::default() }
    }

    /// Without the events that a subscriber is told, for a case that has none to tell.
    pub(crate) fn without_events(self) -> Self {
        Self { delivered: None, ..self }
    }

    /// GraphQL refuses the request.
    pub(crate) fn invalid(message: String) -> Self {
        let error = Some(ErrorText::new("ValidationError", message));
        Self { verdict: Verdict::Invalid, error, ..Self::default() }
    }

    /// The schema is right, with these warnings.
    pub(crate) fn valid(warnings: Vec<String>) -> Self {
        Self { verdict: Verdict::Valid, warnings: Some(warnings), ..Self::default() }
    }

    /// The schema is right, and this is the API that it makes.
    pub(crate) fn expanded(sdl: String) -> Self {
        Self { verdict: Verdict::Valid, sdl: Some(sdl), ..Self::default() }
    }

    /// The line is no case.
    pub(crate) fn malformed(problem: String) -> Self {
        let error = Some(ErrorText::new("MalformedCase", problem));
        Self { verdict: Verdict::Malformed, error, ..Self::default() }
    }

    /// Adds something that reached the data source.
    pub(crate) fn with_effect(mut self, name: &str, effect: Value) -> Self {
        self.effective.get_or_insert_default().insert(name.to_owned(), effect);
        self
    }

    /// The answer as a line of output.
    pub(crate) fn into_json(self, id: Value) -> Value {
        let mut line =
            Item::from_iter([("id".to_owned(), id), ("decision".to_owned(), self.verdict.name().into())]);
        if let Some(error) = self.error {
            let mut text = json!({"type": error.kind, "message": error.message});
            if let (Some(layer), Some(text)) = (error.layer, text.as_object_mut()) {
                text.insert("layer".to_owned(), layer.name().into());
            }
            line.insert("error".to_owned(), text);
        }
        if let Some(effective) = self.effective {
            line.insert("data".to_owned(), self.data.unwrap_or_default());
            line.insert("effective".to_owned(), effective.into());
        }
        if !self.field_errors.is_empty() {
            let errors = self.field_errors.into_iter().map(FieldError::into_json).collect();
            line.insert("fieldErrors".to_owned(), Value::Array(errors));
        }
        if let Some(delivered) = self.delivered {
            line.insert("delivered".to_owned(), delivered.into());
        }
        if let Some(warnings) = self.warnings {
            line.insert("warnings".to_owned(), warnings.into());
        }
        if let Some(sdl) = self.sdl {
            line.insert("sdl".to_owned(), sdl.into());
        }
        line.into()
    }

    fn refusal(kind: &str, message: String, layer: Layer) -> Self {
        let error = ErrorText { layer: Some(layer), ..ErrorText::new(kind, message) };
        let effective = Some(Item::new());
        Self { verdict: Verdict::Deny, error: Some(error), effective, ..Self::default() }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Answered(answer) => *answer,
            Refusal::Malformed(problem) => Self::malformed(problem),
            Refusal::Unsupported(what) => {
                Self { error: Some(ErrorText::new("NotSupportedError", what)), ..Self::default() }
            }
            Refusal::Schema(errors) => {
                let error = errors.errors().first();
                let error = error
                    .map(|error| ErrorText::new(error.kind().class(), error.reference_message().to_owned()));
                Self { verdict: Verdict::InvalidSchema, error, ..Self::default() }
            }
        }
    }
}

impl ErrorText {
    fn new(kind: &str, message: String) -> Self {
        Self { kind: kind.to_owned(), message, layer: None }
    }
}

impl FieldError {
    /// The rules withhold a field of the result.
    pub(crate) fn denied(path: String, parent: &str, field: &str) -> Self {
        Self { path, kind: "Unauthorized", message: not_authorized(parent, field) }
    }

    fn into_json(self) -> Value {
        json!({"path": self.path, "type": self.kind, "message": self.message})
    }
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Error => "error",
            Self::Invalid => "invalid",
            Self::Valid => "valid",
            Self::InvalidSchema => "invalid-schema",
            Self::Unsupported => "unsupported",
            Self::Malformed => "malformed",
        }
    }
}

impl Layer {
    fn name(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Directive => "directive",
            Self::Vtl => "vtl",
        }
    }
}

fn not_authorized(parent: &str, field: &str) -> String {
    format!("Not Authorized to access {field} on type {parent}")
}
