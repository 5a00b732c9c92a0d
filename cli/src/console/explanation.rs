//! `POST /console/explain`.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use portcullis::Caller;
use portcullis_rules::{Identity, Operation};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Shared, problem,
    question::{Question, RestRequest, Target},
    statement::{self, GraphQlRequest},
};
use crate::explain::{self, Answer};

/// What is to be explained: one of the two.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
enum Asked {
    Rest(RestRequest),
    Graphql(GraphQlRequest),
}

/// What is said about one thing that was asked.
struct Explanation {
    /// The field of GraphQL.
    field: Option<String>,
    answer: Option<Answer>,
    /// Said besides.
    note: Option<&'static str>,
}

/// Explains, for the caller whom the request shows, what the rules say to another request.
pub(super) async fn explain(
    State(shared): State<Arc<Shared>>,
    caller: Option<Caller>,
    body: Bytes,
) -> Response {
    let Ok(asked) = serde_json::from_slice(&body) else {
        return problem(StatusCode::BAD_REQUEST, "the body is neither a REST nor a GraphQL request");
    };
    let identity = caller.map(|Caller(identity)| identity);
    let schema = &shared.console.schema;
    let explanations = match &asked {
        Asked::Rest(request) => {
            let question = Question::of_rest(schema, request);
            vec![shared.explain(None, question, identity.as_ref()).await]
        }
        Asked::Graphql(request) => {
            let mut explanations = Vec::new();
            for field in statement::fields(schema, &shared.expanded, request) {
                explanations.push(shared.explain(Some(field.name), field.question, identity.as_ref()).await);
            }
            explanations
        }
    };
    let explanations: Vec<Value> = explanations.into_iter().map(Explanation::into_json).collect();
    Json(json!({ "explanations": explanations })).into_response()
}

impl Shared {
    async fn explain(
        &self,
        field: Option<String>,
        question: Option<Question<'_>>,
        identity: Option<&Identity>,
    ) -> Explanation {
        let (answer, note) = match question {
            None => (None, Some("no rule is asked about this")),
            Some(Question::Call(field)) => (Some(Answer::of_call(identity, field)), None),
            Some(Question::Record { model, operation, target }) => {
                let rules = model.rules();
                match target {
                    Target::Any => (Some(Answer::of(identity, operation, rules, None)), None),
                    Target::New(input) => (Some(Answer::of(identity, operation, rules, Some(&input))), None),
                    // Whoever is refused without a look at the record learns here, as there, nothing about it.
                    Target::Stored(..) if !Answer::takes_a_record(identity, operation, rules) => {
                        (Some(Answer::of(identity, operation, rules, None)), None)
                    }
                    Target::Stored(key, changes) => match self.records.find(model, &key).await {
                        Ok(Some(record)) => {
                            let answer = Answer::of(identity, operation, rules, Some(&record));
                            let answer = match (identity, operation, changes) {
                                (Some(identity), Operation::Update, Some(changes)) => {
                                    answer.for_changes(identity, rules, &record, changes)
                                }
                                _ => answer,
                            };
                            (Some(answer), None)
                        }
                        Ok(None) => {
                            let answer = Answer::of(identity, operation, rules, None);
                            (Some(answer), Some("there is no such record"))
                        }
                        Err(error) => {
                            tracing::warn!(%error, "a record that was to be explained cannot be read");
                            (None, Some("the record cannot be read"))
                        }
                    },
                }
            }
        };
        Explanation { field, answer, note }
    }
}

impl Explanation {
    fn into_json(self) -> Value {
        let mut json = self.answer.as_ref().map_or_else(|| json!({}), explain::json_of);
        if let Some(members) = json.as_object_mut() {
            members.insert("field".to_owned(), self.field.into());
            members.insert("note".to_owned(), self.note.into());
            members.insert("text".to_owned(), self.answer.as_ref().map(explain::text_of).into());
        }
        json
    }
}
