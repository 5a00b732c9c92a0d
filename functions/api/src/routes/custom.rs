//! `POST /queries/hello` and `POST /mutations/publish`: fields that a handler answers.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    middleware,
    response::{IntoResponse, Response},
    routing::{MethodRouter, post},
};
use portcullis::{
    AuthorizeLayer, Caller, Forbidden,
    rules::{Authorizer, Identity, Model, Provider},
};
use portcullis_data::{
    FunctionError, Functions, Invocation,
    schema::{CustomField, Schema},
};
use serde_json::Value;

use crate::{
    Api,
    access_log::note_caller,
    body::{Purpose, read_object},
    page_query::{Parameters, expect_no_parameters},
    problem::Problem,
    shown_answer::Viewer,
};

/// How callers come in where a field has no rules, as in Amplify.
pub(crate) const DEFAULT_PROVIDER: Provider = Provider::UserPools;

/// What the handler of one field works on.
#[derive(Debug)]
struct Custom {
    schema: Arc<Schema>,
    authorizer: Authorizer,
    field: CustomField,
    functions: Functions,
}

/// The path of a field; none if it is no query and no mutation.
pub(crate) fn path(field: &CustomField) -> Option<String> {
    match field.type_name() {
        "Query" => Some(format!("/queries/{}", field.name())),
        "Mutation" => Some(format!("/mutations/{}", field.name())),
        _ => None,
    }
}

pub(crate) fn custom(api: &Api, field: &CustomField) -> MethodRouter {
    let custom = Custom {
        schema: Arc::clone(&api.schema),
        authorizer: api.authorizer.clone(),
        functions: api.functions.clone(),
        field: field.clone(),
    };
    let (authorizer, rules) = (api.authorizer.clone(), field.rules().cloned());
    let invokable = move |identity: &Identity| admits(&authorizer, identity, rules.as_ref());
    post(invoke)
        .route_layer(AuthorizeLayer::new(invokable))
        .route_layer(middleware::from_fn(note_caller))
        .route_layer(api.authenticate.clone())
        .with_state(Arc::new(custom))
}

fn admits(authorizer: &Authorizer, identity: &Identity, rules: Option<&Arc<Model>>) -> Result<(), Forbidden> {
    match authorizer.permit_invoke(identity, rules, DEFAULT_PROVIDER) {
        Ok(_) => Ok(()),
        Err(_) => Err(Forbidden::because("no_rule_admits")),
    }
}

async fn invoke(
    State(custom): State<Arc<Custom>>,
    Caller(identity): Caller,
    parameters: Parameters,
    request: Request,
) -> Result<Response, Problem> {
    expect_no_parameters(parameters)?;
    let (head, body) = request.into_parts();
    let mut arguments = read_object(&head.headers, body, Purpose::Call).await?;
    custom.field.validate_arguments(&arguments).map_err(Problem::invalid_arguments)?;
    custom.field.fill_defaults(&mut arguments);

    let field = &custom.field;
    let invocation = Invocation::new(identity.clone(), field.type_name(), field.name(), arguments);
    let answer = custom.functions.call(field.functions(), invocation).await?;
    let viewer = Viewer { schema: &custom.schema, authorizer: &custom.authorizer, identity: &identity };
    let shown = match (answer, custom.field.output()) {
        (Some(answer), Some(kind)) => viewer.show(kind, answer),
        _ => Value::Null,
    };
    Ok(Json(shown).into_response())
}

impl From<FunctionError> for Problem {
    fn from(error: FunctionError) -> Self {
        match error {
            FunctionError::Rejected(text) => Self::rejected(text),
            FunctionError::NotFound => Self::no_such_item(),
            FunctionError::Forbidden => Self::forbidden(),
            FunctionError::Data(error) => error.into(),
            FunctionError::Failed(error) => {
                tracing::error!(%error, "a handler failed");
                Self::internal()
            }
            other => {
                tracing::error!(error = %other, "an answer of a handler is not known");
                Self::internal()
            }
        }
    }
}
