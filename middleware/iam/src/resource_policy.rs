//! What a resource refuses to everybody.

use serde_json::Value;

use crate::{
    InvalidPolicy, Request,
    document::{join, known, statement, statements},
    statement::{Effect, Statement},
};

/// The policy of a resource, such as a bucket, as far as it denies.
///
/// Of such policies only statements are read that deny something to everybody. What a resource allows could be more than the policies of
/// the caller do, so a document that allows anything is refused rather than read in part.
///
/// ```
/// use portcullis_iam::{Context, Request, ResourcePolicy};
/// use serde_json::json;
///
/// let only_over_tls = ResourcePolicy::parse(&json!({
///     "Version": "2012-10-17",
///     "Statement": [{
///         "Effect": "Deny",
///         "Principal": "*",
///         "Action": "s3:*",
///         "Resource": "arn:aws:s3:::uploads/*",
///         "Condition": { "Bool": { "aws:SecureTransport": "false" } },
///     }],
/// }))?;
/// let read = |context: &Context| {
///     only_over_tls.denies(&Request::new("s3:GetObject", "arn:aws:s3:::uploads/a.txt", context))
/// };
/// assert!(read(&Context::new().with("aws:SecureTransport", "false")));
/// assert!(!read(&Context::new().with("aws:SecureTransport", "true")));
/// # Ok::<(), portcullis_iam::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ResourcePolicy {
    statements: Vec<Statement>,
}

impl ResourcePolicy {
    /// Reads a policy document.
    ///
    /// # Errors
    ///
    /// When it is none, or has anything in it that is not known here: a statement that allows, and one for less than everybody, among that.
    pub fn parse(document: &Value) -> Result<Self, InvalidPolicy> {
        let statements = statements(document, |members, path| {
            let elements =
                ["Sid", "Effect", "Principal", "Action", "NotAction", "Resource", "NotResource", "Condition"];
            known(members, &elements, path)?;
            if !members.get("Principal").is_some_and(is_everybody) {
                return Err(InvalidPolicy::new(join(path, "Principal"), "is not everybody"));
            }
            let statement = statement(members, path)?;
            if statement.effect != Effect::Deny {
                return Err(InvalidPolicy::new(
                    join(path, "Effect"),
                    "is not Deny; what a resource allows is not read here",
                ));
            }
            if !statement.names_resources() {
                return Err(InvalidPolicy::new(path, "has neither Resource nor NotResource"));
            }
            Ok(statement)
        })?;
        Ok(Self { statements })
    }

    /// Whether the resource refuses the request, whatever the policies of the caller say.
    #[must_use]
    pub fn denies(&self, request: &Request<'_>) -> bool {
        self.statements
            .iter()
            .any(|statement| statement.applies(request.action(), Some(request.resource()), request.context()))
    }
}

fn is_everybody(principal: &Value) -> bool {
    let is_star = |value: &Value| value.as_str() == Some("*");
    is_star(principal)
        || principal
            .as_object()
            .is_some_and(|kinds| kinds.len() == 1 && kinds.get("AWS").is_some_and(is_star))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Context;

    fn parse(statement: Value) -> Result<ResourcePolicy, InvalidPolicy> {
        ResourcePolicy::parse(&json!({ "Version": "2012-10-17", "Statement": [statement] }))
    }

    #[test]
    fn what_is_not_denied_to_everybody_is_not_read() {
        for (effect, principal, place) in [
            ("Allow", json!("*"), "Statement[0].Effect"),
            ("Deny", json!({ "AWS": "arn:aws:iam::000000000000:root" }), "Statement[0].Principal"),
            ("Deny", json!({ "AWS": "*", "Service": "lambda.amazonaws.com" }), "Statement[0].Principal"),
            ("Deny", json!(["*"]), "Statement[0].Principal"),
            ("Deny", Value::Null, "Statement[0].Principal"),
        ] {
            let statement =
                json!({ "Effect": effect, "Principal": principal, "Action": "s3:*", "Resource": "*" });
            assert_eq!(parse(statement).unwrap_err().path, place);
        }
        let without = json!({ "Effect": "Deny", "Principal": "*", "Action": "s3:*" });
        assert_eq!(parse(without).unwrap_err().path, "Statement[0]");
        let negated = json!({ "Effect": "Deny", "NotPrincipal": "*", "Action": "s3:*", "Resource": "*" });
        assert_eq!(parse(negated).unwrap_err().path, "Statement[0].NotPrincipal");
    }

    #[test]
    fn what_is_not_known_of_a_request_counts_as_denied() {
        let statement = json!({
            "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "s3:PutObject", "Resource": "*",
            "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } },
        });
        let policy = parse(statement).unwrap();
        for (context, denied) in [
            (Context::new(), false),
            (Context::new().knowing_only(["s3:"]), true),
            (Context::new().with("aws:SourceIp", "10.1.2.3"), true),
            (Context::new().with("aws:SourceIp", "127.0.0.1"), false),
        ] {
            assert_eq!(policy.denies(&Request::new("s3:PutObject", "arn:aws:s3:::a/b", &context)), denied);
            assert!(!policy.denies(&Request::new("s3:GetObject", "arn:aws:s3:::a/b", &context)));
        }
    }
}
