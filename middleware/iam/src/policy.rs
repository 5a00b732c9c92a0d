//! What a role may do.

use serde_json::Value;

use crate::{
    InvalidPolicy, Request,
    document::{known, statement, statements},
    statement::{Effect, Statement},
};

/// An identity-based policy: one that is attached to a role.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    statements: Vec<Statement>,
}

impl Policy {
    /// Reads a policy document.
    ///
    /// # Errors
    ///
    /// When it is none, or has anything in it that is not known here.
    ///
    /// ```
    /// use portcullis_iam::Policy;
    /// use serde_json::json;
    ///
    /// let statement = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": { "StringIs": { "a:b": "c" } } });
    /// let error = Policy::parse(&json!({ "Version": "2012-10-17", "Statement": [statement] })).unwrap_err();
    /// assert_eq!(error.to_string(), "`Statement[0].Condition.StringIs` is no operator that is known here");
    /// ```
    pub fn parse(document: &Value) -> Result<Self, InvalidPolicy> {
        let statements = statements(document, |members, path| {
            let elements = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
            known(members, &elements, path)?;
            let statement = statement(members, path)?;
            if !statement.names_resources() {
                return Err(InvalidPolicy::new(path, "has neither Resource nor NotResource"));
            }
            Ok(statement)
        })?;
        Ok(Self { statements })
    }

    pub(crate) fn has(&self, effect: Effect, request: &Request<'_>) -> bool {
        let applies = |statement: &Statement| {
            statement.applies(request.action(), Some(request.resource()), request.context())
        };
        self.statements.iter().filter(|statement| statement.effect == effect).any(applies)
    }
}
