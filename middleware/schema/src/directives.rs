//! Which directives are known, and what becomes of those that are not enforced.

use apollo_compiler::ast::DirectiveList;

use crate::{
    report::{Report, shortened},
    syntax::directive_span,
};

/// Directives of Amplify, AppSync and GraphQL. Any other is a misspelling.
const KNOWN: [&str; 36] = [
    "auth",
    "aws_api_key",
    "aws_auth",
    "aws_cognito_user_pools",
    "aws_iam",
    "aws_lambda",
    "aws_oidc",
    "aws_publish",
    "aws_subscribe",
    "belongsTo",
    "connection",
    "conversation",
    "default",
    "deprecated",
    "function",
    "generation",
    "hasMany",
    "hasOne",
    "http",
    "include",
    "index",
    "key",
    "manyToMany",
    "mapsTo",
    "model",
    "oneOf",
    "predictions",
    "primaryKey",
    "reference",
    "refersTo",
    "searchable",
    "skip",
    "specifiedBy",
    "sql",
    "validate",
    "versioned",
];
/// Directives that make a field a relation to a model.
pub(crate) const RELATIONS: [&str; 5] = ["hasOne", "hasMany", "belongsTo", "manyToMany", "connection"];

/// Refuses every directive but those that are read elsewhere: none is ignored.
pub(crate) fn refuse_others(directives: &DirectiveList, read: &[&str], report: &mut Report<'_>) {
    for directive in directives.iter().filter(|directive| !read.contains(&directive.name.as_str())) {
        let name = shortened(&directive.name);
        if KNOWN.contains(&directive.name.as_str()) {
            report.unsupported(directive_span(directive), format!("`@{name}` here"));
        } else {
            report.validation(directive_span(directive), format!("Unknown directive \"@{name}\"."));
        }
    }
}
