//! What directives beside rules, keys and relations may not be, in the reference's words.

use apollo_compiler::{
    Node,
    ast::{Directive, FieldDefinition, ObjectTypeDefinition, Value},
};

use crate::{
    arguments::{text_of, value_of},
    report::{Report, shortened},
    syntax::{directive_span, node_span},
    types::{Types, is_model},
};

/// The type that a call without an answer is said to have.
const RESPONSE: &str = "EventInvocationResponse";
const RESPONSE_SHAPE: &str = "type EventInvocationResponse { success: Boolean! }";

/// Checks a `@function`: a call without an answer.
pub(crate) fn check_function(
    types: &Types<'_>,
    parent: &str,
    field: &FieldDefinition,
    directive: &Node<Directive>,
    report: &mut Report<'_>,
) {
    if !is_event(directive) {
        return;
    }
    let span = directive_span(directive);
    if parent != "Query" && parent != "Mutation" {
        let message =
            "@function definition with 'invocationType: Event' must be defined on Query or Mutation field.";
        report.directive(span, message);
        return;
    }
    if !field.directives.get_all("function").last().is_some_and(is_event) {
        return;
    }
    if field.ty.to_string() != RESPONSE {
        let message = format!(
            "Invalid return type {} for {}.\nUse return type '{RESPONSE}' and, if necessary, add '{RESPONSE_SHAPE}' to \
             your model schema.",
            field.ty,
            described(field)
        );
        report.directive(span, message);
        return;
    }
    let fits = types.object(RESPONSE).is_some_and(|response| {
        let mut fields = response.fields.iter();
        let first = fields.next();
        let success = first.is_some_and(|it| it.name == "success" && it.ty.to_string() == "Boolean!");
        success && fields.next().is_none()
    });
    if !fits {
        let message = format!(
            "Invalid '{RESPONSE}' definition. Update the type definition in your schema to:\n{RESPONSE_SHAPE}"
        );
        report.directive(span, message);
    }
}

fn is_event(directive: &Node<Directive>) -> bool {
    value_of(directive, "invocationType").and_then(|kind| kind.as_enum()).is_some_and(|kind| *kind == "Event")
}

/// A field as the reference describes it.
fn described(field: &FieldDefinition) -> String {
    let in_brackets = |all: Vec<String>| {
        if all.is_empty() { String::new() } else { format!("({})", all.join(", ")) }
    };
    let arguments = field.arguments.iter().map(|argument| format!("{}: {}", argument.name, argument.ty));
    let directives = field.directives.iter().map(|directive| {
        let plain = |value: &Node<Value>| match &**value {
            Value::String(text) => text.clone(),
            other => other.serialize().no_indent().to_string(),
        };
        let arguments = directive.arguments.iter();
        let arguments = arguments.map(|argument| format!("{}: {}", argument.name, plain(&argument.value)));
        format!("@{}{}", directive.name, in_brackets(arguments.collect()))
    });
    let directives = directives.collect::<Vec<_>>().join(" ");
    format!("{}{}: {} {directives}", field.name, in_brackets(arguments.collect()), field.ty)
}

/// Checks a `@validate`.
pub(crate) fn check_validate(
    object: &ObjectTypeDefinition,
    field: &FieldDefinition,
    directive: &Node<Directive>,
    report: &mut Report<'_>,
) {
    if let Some(message) = validate_mistake(object, field, directive) {
        report.directive(directive_span(directive), message);
    }
}

fn validate_mistake(
    object: &ObjectTypeDefinition,
    field: &FieldDefinition,
    directive: &Node<Directive>,
) -> Option<String> {
    let name = shortened(&field.name);
    if !is_model(&object.directives) {
        return Some("@validate directive can only be used on fields within @model types.".to_owned());
    }
    if field.ty.is_list() {
        return Some(format!("@validate directive cannot be used on list field '{name}'"));
    }
    let place =
        |wanted: &dyn Fn(&&Node<Directive>) -> bool| field.directives.iter().position(|it| wanted(&it));
    let start = |it: &Node<Directive>| node_span(it).start;
    let own = place(&|it| start(it) == start(directive));
    if place(&|it| it.name == "default").is_some_and(|default| own.is_some_and(|own| own < default)) {
        return Some("@validate directive must be specified after @default directive".to_owned());
    }
    let kind_of = |it: &Node<Directive>| {
        value_of(it, "type").and_then(|value| value.as_enum()).map(ToString::to_string)
    };
    let kind = kind_of(directive)?;
    let mut same = field.directives.get_all("validate").filter(|it| kind_of(it).as_ref() == Some(&kind));
    if same.any(|it| start(it) != start(directive)) {
        return Some(format!(
            "Duplicate @validate directive with type '{kind}' on field '{name}'. Each validation type can only be used \
             once per field."
        ));
    }
    let base = field.ty.inner_named_type().as_str();
    let is_number = ["gt", "lt", "gte", "lte"].contains(&kind.as_str());
    if is_number && !["Int", "Float"].contains(&base) {
        return Some(format!(
            "Validation type '{kind}' can only be used with numeric fields (Int, Float). Field '{name}' is of type \
             '{base}'"
        ));
    }
    if !is_number && base != "String" {
        return Some(format!(
            "Validation type '{kind}' can only be used with 'String' fields. Field '{name}' is of type '{base}'"
        ));
    }
    let text = text_of(directive, "value")?.value;
    let received = shortened(&text);
    let digits = |text: &str, point: bool| {
        let text = text.trim_start();
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let unsigned = if point { unsigned.strip_prefix('.').unwrap_or(unsigned) } else { unsigned };
        unsigned.starts_with(|first: char| first.is_ascii_digit())
            || point && unsigned.starts_with("Infinity")
    };
    if ["minLength", "maxLength"].contains(&kind.as_str()) && (!digits(&text, false) || is_below_zero(&text))
    {
        return Some(format!(
            "{kind} value must be a non-negative integer. Received '{received}' for field '{name}'"
        ));
    }
    (is_number && !digits(&text, true))
        .then(|| format!("{kind} value must be a number. Received '{received}' for field '{name}'"))
}

/// Whether `parseInt` reads a number below zero.
fn is_below_zero(text: &str) -> bool {
    let digits = text.trim_start().strip_prefix('-').unwrap_or_default();
    digits.bytes().take_while(u8::is_ascii_digit).any(|digit| digit != b'0')
}

/// Checks a `@mapsTo`.
pub(crate) fn check_maps_to(
    types: &Types<'_>,
    object: &ObjectTypeDefinition,
    directive: &Node<Directive>,
    report: &mut Report<'_>,
) {
    let name = shortened(&object.name);
    if !is_model(&object.directives) {
        let message =
            format!("@mapsTo is not supported on type {name}. It can only be used on a @model type.");
        report.directive(directive_span(directive), message);
        return;
    }
    let Some(other) = text_of(directive, "name") else {
        return;
    };
    let is_there = |it: &Node<ObjectTypeDefinition>| is_model(&it.directives) && it.name != object.name;
    // A model that is mapped to another name itself leaves its own free.
    let is_free = |it: &Node<ObjectTypeDefinition>| it.directives.has("mapsTo");
    if types.object(&other.value).is_some_and(|it| is_there(it) && !is_free(it)) {
        let other_name = shortened(&other.value);
        let message = format!(
            "Cannot apply @mapsTo with name \"{other_name}\" on type \"{name}\" because \"{other_name}\" model already \
             exists in the schema."
        );
        report.directive(other.span, message);
    }
}

/// Checks what needs more of a project than a schema can say.
pub(crate) fn check_others(transformer: &str, directive: &Node<Directive>, report: &mut Report<'_>) {
    let span = directive_span(directive);
    match transformer {
        "http" => {
            let url = text_of(directive, "url").map(|url| url.value.to_ascii_lowercase()).unwrap_or_default();
            if !url.starts_with("http://") && !url.starts_with("https://") {
                let message = format!(
                    "@http directive at location {} requires a url parameter that begins with http:// or https://.",
                    node_span(directive).start
                );
                report.contract(span, message);
            }
        }
        "predictions" => report.directive(
            span,
            "Please configure storage in your project in order to use the @predictions directive",
        ),
        _ => {}
    }
}
