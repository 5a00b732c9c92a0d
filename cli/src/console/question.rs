//! What a REST request asks of the rules.

use percent_encoding::percent_decode_str;
use portcullis_data::RecordKey;
use portcullis_rules::{Item, Operation};
use portcullis_schema::{CustomField, ModelType, Schema};
use serde::Deserialize;
use serde_json::Value;

/// A REST request as far as the rules are concerned.
#[derive(Deserialize)]
pub(super) struct RestRequest {
    pub(super) method: String,
    /// With its query, which does not matter.
    pub(super) path: String,
    #[serde(default)]
    pub(super) body: Value,
}

/// What is asked of the rules.
#[derive(Debug)]
pub(super) enum Question<'s> {
    /// To do something with a record of a model, or to read those that there are.
    Record { model: &'s ModelType, operation: Operation, target: Target },
    /// To call what a handler answers.
    Call(&'s CustomField),
}

/// The record that is meant.
#[derive(Debug)]
pub(super) enum Target {
    /// None in particular.
    Any,
    /// A new one with these values.
    New(Item),
    /// The stored one with this key; what is to change in it.
    Stored(RecordKey, Option<Item>),
}

impl<'s> Question<'s> {
    /// What this request asks; nothing if it is answered without rules.
    pub(super) fn of_rest(schema: &'s Schema, request: &RestRequest) -> Option<Self> {
        let path = request.path.split(['?', '#']).next().unwrap_or_default();
        let segments = path.trim_start_matches('/').split('/');
        let segments: Option<Vec<String>> = segments
            .map(|segment| percent_decode_str(segment).decode_utf8().ok().map(|text| text.into_owned()))
            .collect();
        let segments = segments?;
        let (first, rest) = segments.split_first()?;
        let method = request.method.to_ascii_uppercase();
        let model = schema.models().iter().find(|model| model.path() == first);
        match (model, first.as_str(), rest) {
            (Some(model), _, rest) => of_model(schema, model, &method, rest, &request.body),
            (None, "queries", [name]) if method == "POST" => {
                schema.custom_field("Query", name).map(Self::Call)
            }
            (None, "mutations", [name]) if method == "POST" => {
                schema.custom_field("Mutation", name).map(Self::Call)
            }
            _ => None,
        }
    }
}

fn of_model<'s>(
    schema: &'s Schema,
    model: &'s ModelType,
    method: &str,
    rest: &[String],
    body: &Value,
) -> Option<Question<'s>> {
    let sent = || body.as_object().cloned().unwrap_or_default();
    let key_fields = model.key().fields().count();
    let (operation, target) = match (method, rest) {
        ("POST", []) => (Operation::Create, Target::New(sent())),
        ("GET" | "HEAD", []) => (Operation::List, Target::Any),
        (_, key) if key.len() == key_fields => {
            let key = RecordKey::from_segments(model, key).ok()?;
            match method {
                "GET" | "HEAD" => (Operation::Get, Target::Stored(key, None)),
                "PATCH" => (Operation::Update, Target::Stored(key, Some(sent()))),
                "DELETE" => (Operation::Delete, Target::Stored(key, None)),
                _ => return None,
            }
        }
        ("GET" | "HEAD", rest) => {
            let (field, key) = rest.split_last()?;
            let connection = model.connections().iter().find(|it| it.field == *field)?;
            let operation = if connection.many { Operation::List } else { Operation::Get };
            let related = schema.model(&connection.model).filter(|_| key.len() == key_fields)?;
            return Some(Question::Record { model: related, operation, target: Target::Any });
        }
        _ => return None,
    };
    Some(Question::Record { model, operation, target })
}
