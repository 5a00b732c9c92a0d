//! What the value of a `@default` may not be, in the reference's words and by its own, looser notion of each scalar.

use apollo_compiler::{
    Node,
    ast::{Directive, FieldDefinition, ObjectTypeDefinition},
};

use crate::{
    Project, Scalar, SchemaErrorKind,
    arguments::{text_of, value_of},
    report::{Report, shortened},
    scalar_check,
    syntax::directive_span,
    types::{Types, is_model},
};

/// Checks a `@default`.
pub(crate) fn check(
    types: &Types<'_>,
    object: &ObjectTypeDefinition,
    field: &FieldDefinition,
    directive: &Node<Directive>,
    project: &Project,
    report: &mut Report<'_>,
) {
    let span = directive_span(directive);
    if !is_model(&object.directives) {
        let message = "The @default directive may only be added to object definitions annotated with @model.";
        report.directive(span, message);
        return;
    }
    if field.ty.is_list() || !types.is_scalar_or_enum(&field.ty) {
        let message = "The @default directive may only be added to scalar or enum field types.";
        report.directive(span, message);
        return;
    }
    if project.sql {
        return;
    }
    match value_of(directive, "value") {
        None => {
            let message = "The @default directive requires a value property on non-Postgres datasources.";
            report.directive(span, message);
        }
        Some(value) if value.is_null() => {
            report.directive(span, "The @default directive does not support null values.");
        }
        Some(_) => {
            let Some(text) = text_of(directive, "value") else {
                return;
            };
            let (value, kind) = (shortened(&text.value), field.ty.inner_named_type());
            let values: Option<Vec<&str>> = types.enum_values(kind).map(Iterator::collect);
            match (Scalar::from_name(kind), values) {
                (Some(scalar), _) if !is_one(scalar, &text.value) => {
                    let message = format!("Default value \"{value}\" is not a valid {kind}.");
                    report.directive(text.span, message);
                }
                (None, Some(values)) if !values.contains(&text.value.as_str()) => {
                    let kind = shortened(kind);
                    let message = format!("Default value \"{value}\" is not a member of {kind} enum.");
                    report.directive(text.span, message);
                }
                (None, None) => {
                    let message = format!("a `@default` of the type `{}`", shortened(kind));
                    report.other(SchemaErrorKind::TypeFailure, text.span, message);
                }
                _ => {}
            }
        }
    }
}

/// Whether the reference takes the text for a value of the scalar.
fn is_one(scalar: Scalar, text: &str) -> bool {
    let checked = || scalar_check::check(scalar, &text.into()).is_ok();
    match scalar {
        Scalar::Id | Scalar::String => true,
        Scalar::Int | Scalar::AwsTimestamp => begins_with_digits(text),
        Scalar::Float => begins_with_number(text),
        Scalar::Boolean => ["true", "false"].iter().any(|word| text.eq_ignore_ascii_case(word)),
        // Without an offset.
        Scalar::AwsDate => text.len() == 10 && checked(),
        // With an offset of hours and minutes.
        Scalar::AwsTime => {
            checked() && text.rsplit(['Z', '+', '-']).next().is_some_and(|offset| offset.len() <= 5)
        }
        Scalar::AwsDateTime | Scalar::AwsJson => checked(),
        Scalar::AwsEmail => is_email(text),
        Scalar::AwsUrl => has_scheme(text),
        Scalar::AwsPhone => text.trim_start().starts_with('+') && checked(),
        Scalar::AwsIpAddress => !text.contains('/') && checked(),
    }
}

/// What `parseInt` reads a number from.
fn begins_with_digits(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// What `parseFloat` reads a number from.
fn begins_with_number(text: &str) -> bool {
    let text = text.trim_start();
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let text = text.strip_prefix('.').unwrap_or(text);
    text.starts_with("Infinity") || text.starts_with(|first: char| first.is_ascii_digit())
}

fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    let is_label = |label: &str| {
        let letters = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        (1..=63).contains(&label.len())
            && label.bytes().all(letters)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    !local.is_empty() && local.bytes().all(is_atom) && domain.split('.').all(is_label)
}

/// What a browser takes for a URL, roughly: those of the web need a host, all others a scheme alone.
fn has_scheme(text: &str) -> bool {
    let Some((scheme, rest)) = text.trim().split_once(':') else {
        return false;
    };
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    let is_scheme =
        scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(letters);
    let of_the_web =
        ["http", "https", "ws", "wss", "ftp"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    is_scheme && (!of_the_web || !rest.trim_matches(['/', '\\']).is_empty())
}
