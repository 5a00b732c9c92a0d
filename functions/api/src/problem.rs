//! What a client reads when a request fails: RFC 9457 problem details with fixed texts.
//!
//! 1. The title is the status' own phrase and the detail one of the sentences below. No text of a library, of AWS or of
//!    a panic gets in, so nothing internal can get out.
//! 2. Where several things are wrong, all are named, a line each, in `errors`. Fields that the caller may not write are
//!    listed in `fields` besides; their names stand in the published description of the API.

use std::borrow::Cow;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use portcullis_data::{DataError, StoreError, rules::Denied, schema::InvalidField};
use serde_json::json;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/problem+json");

/// A refusal, on its way to the client.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: Cow<'static, str>,
    errors: Vec<Mistake>,
    /// The fields that the caller may not write.
    fields: Vec<String>,
    /// Name, in lower case, and value.
    header: Option<(&'static str, &'static str)>,
}

/// One thing that is wrong with a request.
#[derive(Debug)]
pub(crate) struct Mistake {
    /// The field or parameter.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) problem: Cow<'static, str>,
}

impl Problem {
    fn new(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: detail.into(), errors: Vec::new(), fields: Vec::new(), header: None }
    }

    fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.header = Some((name, value));
        self
    }

    fn with_errors(mut self, errors: Vec<Mistake>) -> Self {
        self.errors = errors;
        self
    }

    /// What can be said when nothing but the status is known.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        let detail = match status {
            StatusCode::UNAUTHORIZED => "credentials are required",
            StatusCode::FORBIDDEN => "not allowed",
            StatusCode::NOT_FOUND => "there is nothing here",
            StatusCode::METHOD_NOT_ALLOWED => "the path exists, but not with this method",
            StatusCode::SERVICE_UNAVAILABLE => "try again later",
            status if status.is_server_error() => "internal error",
            _ => "the request cannot be answered",
        };
        Self::new(status, detail)
    }

    pub(crate) fn bad_request(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, detail)
    }

    pub(crate) fn bad_query(errors: Vec<Mistake>) -> Self {
        Self::bad_request("the query cannot be read").with_errors(errors)
    }

    pub(crate) fn forbidden() -> Self {
        Self::of_status(StatusCode::FORBIDDEN)
    }

    pub(crate) fn forbidden_fields(fields: Vec<String>) -> Self {
        let mistake =
            |field: &String| Mistake { field: field.clone(), problem: "may not be set by you".into() };
        let errors = fields.iter().map(mistake).collect();
        let problem = Self::new(StatusCode::FORBIDDEN, "not allowed with these fields").with_errors(errors);
        Self { fields, ..problem }
    }

    /// Nobody can tell from this answer whether the item exists.
    pub(crate) fn no_such_item() -> Self {
        Self::new(StatusCode::NOT_FOUND, "there is no such item, or you may not see it")
    }

    pub(crate) fn already_exists() -> Self {
        Self::new(StatusCode::CONFLICT, "an item with this id exists")
    }

    pub(crate) fn lost_race() -> Self {
        Self::new(StatusCode::CONFLICT, "the item changed at the same time; read it and try again")
    }

    pub(crate) fn precondition_failed() -> Self {
        Self::new(StatusCode::PRECONDITION_FAILED, "the item is no longer in the state that if-match names")
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {limit} bytes"))
    }

    /// RFC 9110 and RFC 5789 let the answer name in a header what would have been accepted.
    pub(crate) fn wrong_content_type(advice: &'static str, accepted: &'static str) -> Self {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Self::new(status, format!("the content type must be one of: {accepted}"))
            .with_header(advice, accepted)
    }

    pub(crate) fn invalid(fields: Vec<InvalidField>) -> Self {
        let errors = fields.into_iter().map(Mistake::from).collect();
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "the item does not fit its model").with_errors(errors)
    }

    pub(crate) fn invalid_arguments(arguments: Vec<InvalidField>) -> Self {
        let detail = Cow::Borrowed("the arguments do not fit the schema");
        Self { detail, ..Self::invalid(arguments) }
    }

    /// A handler refuses a call.
    pub(crate) fn rejected(detail: &'static str) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    }

    pub(crate) fn internal() -> Self {
        Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn unavailable() -> Self {
        Self::of_status(StatusCode::SERVICE_UNAVAILABLE).with_header("retry-after", "1")
    }

    /// Trying again helps against an overload and a broken line, not against a missing table or permission.
    fn of_store(error: &StoreError) -> Self {
        tracing::error!(
            operation = error.operation(),
            code = error.code(),
            throttled = error.is_throttled(),
            "the table cannot be used"
        );
        if error.is_throttled() || error.code().is_none() { Self::unavailable() } else { Self::internal() }
    }

    /// The body alone, for an answer whose head exists.
    pub(crate) fn body(&self) -> String {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(body) = body.as_object_mut().filter(|_| !self.errors.is_empty()) {
            let errors =
                self.errors.iter().map(|it| json!({ "field": it.field, "problem": it.problem })).collect();
            body.insert("errors".to_owned(), errors);
        }
        if let Some(body) = body.as_object_mut().filter(|_| !self.fields.is_empty()) {
            body.insert("fields".to_owned(), json!(self.fields));
        }
        body.to_string()
    }
}

impl From<InvalidField> for Mistake {
    fn from(field: InvalidField) -> Self {
        Self { field: field.field, problem: field.problem.into() }
    }
}

impl From<DataError> for Problem {
    fn from(error: DataError) -> Self {
        match error {
            DataError::NotFound => Self::no_such_item(),
            DataError::Forbidden(Denied::Fields(fields)) => Self::forbidden_fields(fields),
            DataError::Forbidden(_) => Self::forbidden(),
            DataError::Invalid(fields) => Self::invalid(fields),
            DataError::AlreadyExists => Self::already_exists(),
            DataError::Conflict => Self::lost_race(),
            DataError::PreconditionFailed => Self::precondition_failed(),
            DataError::InvalidCursor => Self::bad_query(vec![Mistake {
                field: "nextToken".to_owned(),
                problem: "is not valid".into(),
            }]),
            DataError::Unavailable(error) => Self::of_store(&error),
            // `DataError` may grow.
            _ => Self::internal(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, [(CONTENT_TYPE, MEDIA_TYPE)], self.body()).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(problem: &Problem) -> Value {
        serde_json::from_str(&problem.body()).unwrap()
    }

    #[test]
    fn a_problem_has_the_members_of_rfc_9457() {
        let expected = json!({
            "type": "about:blank",
            "title": "Not Found",
            "status": 404,
            "detail": "there is no such item, or you may not see it",
        });
        assert_eq!(read(&Problem::no_such_item()), expected);
    }

    #[test]
    fn every_mistake_is_named() {
        let problem = Problem::forbidden_fields(vec!["a".to_owned(), "b".to_owned()]);
        let expected = json!([
            { "field": "a", "problem": "may not be set by you" },
            { "field": "b", "problem": "may not be set by you" },
        ]);
        assert_eq!(read(&problem)["errors"], expected);
        assert_eq!(read(&problem)["fields"], json!(["a", "b"]));
        assert_eq!(read(&Problem::invalid(vec![])).get("fields"), None);
    }

    #[test]
    fn every_error_status_has_a_text() {
        for code in (400..600).filter_map(|code| StatusCode::from_u16(code).ok()) {
            assert!(!Problem::of_status(code).detail.is_empty(), "{code}");
        }
    }
}
