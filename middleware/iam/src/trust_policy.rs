//! Who may take a role on.

use serde_json::Value;

use crate::{
    Context, InvalidPolicy,
    document::{join, known, object, statement, statements, texts},
    statement::{Effect, Statement},
};

/// Who asks for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal<'a> {
    /// Somebody whom this provider of identities vouches for, such as `cognito-identity.amazonaws.com`.
    Federated(&'a str),
    /// A service of AWS, such as `lambda.amazonaws.com`.
    Service(&'a str),
}

/// The trust policy of a role: its `AssumeRolePolicyDocument`.
///
/// ```
/// use portcullis_iam::{Context, Principal, TrustPolicy};
/// use serde_json::json;
///
/// let members = TrustPolicy::parse(&json!({
///     "Version": "2012-10-17",
///     "Statement": [{
///         "Effect": "Allow",
///         "Principal": { "Federated": "cognito-identity.amazonaws.com" },
///         "Action": "sts:AssumeRoleWithWebIdentity",
///         "Condition": {
///             "StringEquals": { "cognito-identity.amazonaws.com:aud": "eu-west-1:pool" },
///             "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
///         },
///     }],
/// }))?;
/// let pool = Principal::Federated("cognito-identity.amazonaws.com");
/// let context = |amr: &str| {
///     Context::new()
///         .with("cognito-identity.amazonaws.com:aud", "eu-west-1:pool")
///         .with_several("cognito-identity.amazonaws.com:amr", [amr])
/// };
/// assert!(members.admits(pool, "sts:AssumeRoleWithWebIdentity", &context("authenticated")));
/// assert!(!members.admits(pool, "sts:AssumeRoleWithWebIdentity", &context("unauthenticated")));
/// # Ok::<(), portcullis_iam::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct TrustPolicy {
    statements: Vec<TrustStatement>,
}

#[derive(Clone, Debug, PartialEq)]
struct TrustStatement {
    principals: Vec<(Kind, String)>,
    statement: Statement,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Federated,
    Service,
    /// Accounts and roles. None of them is a [`Principal`].
    Aws,
}

impl TrustPolicy {
    /// Reads a trust policy.
    ///
    /// # Errors
    ///
    /// When the document is none, or has anything in it that is not known here; `Principal: "*"` and `NotPrincipal` among that.
    pub fn parse(document: &Value) -> Result<Self, InvalidPolicy> {
        let statements = statements(document, |members, path| {
            known(members, &["Sid", "Effect", "Principal", "Action", "Condition"], path)?;
            let principal_path = join(path, "Principal");
            let mut principals = Vec::new();
            let named = members.get("Principal").unwrap_or(&Value::Null);
            for (kind, names) in object(named, &principal_path)? {
                let path = join(&principal_path, kind);
                let kind = match kind.as_str() {
                    "Federated" => Kind::Federated,
                    "Service" => Kind::Service,
                    "AWS" => Kind::Aws,
                    _ => return Err(InvalidPolicy::new(path, "is no kind of principal that is known here")),
                };
                principals.extend(texts(names, &path)?.into_iter().map(|name| (kind, name.to_owned())));
            }
            Ok(TrustStatement { principals, statement: statement(members, path)? })
        })?;
        Ok(Self { statements })
    }

    /// Whether this principal may take the role on by this action, such as `sts:AssumeRoleWithWebIdentity`.
    #[must_use]
    pub fn admits(&self, principal: Principal<'_>, action: &str, context: &Context) -> bool {
        let has = |effect: Effect| {
            self.statements.iter().any(|trust| {
                trust.statement.effect == effect
                    && trust.names(principal)
                    && trust.statement.applies(action, None, context)
            })
        };
        has(Effect::Allow) && !has(Effect::Deny)
    }
}

impl TrustStatement {
    fn names(&self, principal: Principal<'_>) -> bool {
        let (kind, name) = match principal {
            Principal::Federated(name) => (Kind::Federated, name),
            Principal::Service(name) => (Kind::Service, name),
        };
        let denies = self.statement.effect == Effect::Deny;
        self.principals.iter().any(|(known_kind, known)| {
            let everybody = denies && *known_kind == Kind::Aws && known == "*";
            everybody || *known_kind == kind && known == name
        })
    }
}
