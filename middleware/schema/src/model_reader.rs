//! A type with `@model`: its fields, those that are implied, and its rules.

use std::sync::Arc;

use apollo_compiler::{Name, Node, ast::ObjectTypeDefinition};
use portcullis_rules::{Field, Model, Strategy};

use crate::{
    FieldType, ModelType, NamedType, Origin, Scalar, TypeRef,
    arguments::{only_once, refuse_arguments},
    auth_directive,
    auth_rule::{Level, PlacedRule},
    declarations::{Declarations, MAX_NAME},
    directives::refuse_others,
    fields::{self, ReadField},
    named_type::ObjectTypes,
    plural::{path_of, plural_of},
    report::{Report, shortened},
    source::Span,
    syntax::directive_span,
};

/// The key of every model.
const ID: &str = "id";
/// The fields that the server sets.
const TIMESTAMPS: [&str; 2] = ["createdAt", "updatedAt"];
/// Rules of one type; a schema of a thousand rules has a mistake elsewhere.
const MAX_RULES: usize = 1000;
/// After so many rules that repeat a role the search ends.
const MAX_REPEATED_ROLES: usize = 10;

/// Reads a model. `None` if its rules contradict themselves, and then the report says why.
pub(crate) fn read(
    object: &Node<ObjectTypeDefinition>,
    declarations: &Declarations<'_>,
    objects: &ObjectTypes,
    report: &mut Report<'_>,
) -> Option<ModelType> {
    let name = object.name.as_str();
    refuse_others(&object.directives, &["model", "auth"], report);
    if let Some(directive) = only_once(object.directives.get_all("model"), report) {
        refuse_arguments(directive, &["queries", "mutations", "subscriptions", "timestamps"], report);
    }
    let read = fields::read(object, declarations, report);
    let mut rule_fields = Vec::new();
    for field in &read {
        check_field(field, report);
        rule_fields.push(rule_field(field, report));
    }
    let rules = match only_once(object.directives.get_all("auth"), report) {
        Some(directive) => auth_directive::read(directive, name, Level::Model, report),
        None => Vec::new(),
    };
    let implied = implied_fields(&read, &rules, report);
    let rules = compile(name, rule_fields, rules, report)?;
    let plural = plural_of(name);
    Some(ModelType {
        name: name.to_owned(),
        path: path_of(&plural),
        plural,
        description: object.description.as_ref().map(|text| text.to_string()),
        fields: read.into_iter().filter_map(|field| field.field).chain(implied).collect(),
        objects: Arc::clone(objects),
        rules: Arc::new(rules),
    })
}

/// Refuses names, types and directives that this project does not serve yet.
fn check_field(read: &ReadField<'_>, report: &mut Report<'_>) {
    let name = read.name();
    refuse_others(&read.definition.directives, &["auth", "primaryKey"], report);
    if let Some(directive) = only_once(read.definition.directives.get_all("primaryKey"), report) {
        refuse_arguments(directive, &["sortKeyFields"], report);
        if name != ID {
            report.unsupported(directive_span(directive), "a key other than `id`");
        }
    }
    let Some(field) = &read.field else {
        return;
    };
    let kind = field.kind.to_string();
    if name == ID && kind != "ID!" {
        report.unsupported(
            read.span(),
            format!("`id: {}`; declare `id: ID!` or leave it out: another type", shortened(&kind)),
        );
    }
    let scalar = matches!(field.kind.named, NamedType::Scalar(Scalar::AwsDateTime | Scalar::String));
    if TIMESTAMPS.contains(&name) && (!scalar || field.kind.list) {
        report.unsupported(read.span(), format!("`{name}` of a type other than `AWSDateTime` or `String`"));
    }
}

/// A declared field as the rules see it.
fn rule_field(read: &ReadField<'_>, report: &mut Report<'_>) -> Field {
    let directive = only_once(read.definition.directives.get_all("auth"), report);
    let rules = directive.map(|directive| {
        let rules = auth_directive::read(directive, read.name(), Level::Field, report);
        refuse_field_rules(directive_span(directive), report);
        rules.into_iter().map(|placed| placed.rule).collect()
    });
    let list = read.field.as_ref().is_some_and(|field| field.kind.list);
    Field { name: read.name().to_owned(), list, rules }
}

/// The one place that keeps field rules out. They are read and checked in full; once the evaluator and the API
/// enforce them, this function and its call go.
fn refuse_field_rules(span: Span, report: &mut Report<'_>) {
    report.unsupported(span, "`@auth` on a field");
}

/// The fields that a model has without declaring them.
fn implied_fields(read: &[ReadField<'_>], rules: &[PlacedRule], report: &mut Report<'_>) -> Vec<FieldType> {
    let declared = |name: &str| read.iter().find(|field| field.name() == name);
    let implied =
        |name: &str, kind, origin| FieldType { name: name.to_owned(), description: None, kind, origin };
    let mut fields = Vec::new();
    if declared(ID).is_none() {
        fields.push(implied(ID, TypeRef::scalar(Scalar::Id).required(), Origin::ImpliedId));
    }
    for name in TIMESTAMPS.into_iter().filter(|name| declared(name).is_none()) {
        let kind = TypeRef::scalar(Scalar::AwsDateTime).required();
        fields.push(implied(name, kind, Origin::ImpliedTimestamp));
    }
    for placed in rules {
        let (name, is_owner) = match &placed.rule.strategy {
            Strategy::Owner { field, .. } => (field, true),
            Strategy::DynamicGroups { field, .. } => (field, false),
            _ => continue,
        };
        let span = placed.field_span.clone();
        match declared(name) {
            Some(read) => check_rule_field(read, is_owner, span, report),
            None if !is_owner => {
                let name = shortened(name);
                report
                    .unsupported(span, format!("a `groupsField` that the type does not declare (`{name}`)"));
            }
            None if fields
                .iter()
                .any(|field| field.name == *name && field.origin == Origin::ImpliedOwner) => {}
            None if can_name_owner(name) => {
                let kind = TypeRef::scalar(Scalar::String);
                fields.push(implied(name, kind, Origin::ImpliedOwner));
            }
            None => report.unsupported(span, format!("`{}` as a field of an owner", shortened(name))),
        }
    }
    fields
}

/// Whether an owner field of this name can be added to a type.
fn can_name_owner(name: &str) -> bool {
    let reserved = name == ID || TIMESTAMPS.contains(&name);
    !reserved && !name.starts_with("__") && Name::is_valid_syntax(name) && name.len() <= MAX_NAME
}

/// The field that a rule looks into holds names, or lists of them.
fn check_rule_field(read: &ReadField<'_>, is_owner: bool, span: Span, report: &mut Report<'_>) {
    let (name, role) = (read.name(), if is_owner { "an owner" } else { "a group" });
    if name == ID || TIMESTAMPS.contains(&name) {
        report.unsupported(span, format!("`{name}` as a field of {role}"));
        return;
    }
    let Some(field) = &read.field else {
        return;
    };
    let fits = match &field.kind.named {
        NamedType::Scalar(scalar) => {
            matches!(scalar, Scalar::Id | Scalar::String | Scalar::AwsEmail | Scalar::AwsPhone)
        }
        NamedType::Enum(_) => !is_owner,
        NamedType::Object(_) => false,
    };
    if !fits {
        let kind = shortened(field.kind.named.name());
        report.unsupported(span, format!("a field of {role} that has the type `{kind}`"));
    }
}

/// Hands the rules to the evaluator, which refuses a role that is granted twice; each such rule is pointed at.
fn compile(
    name: &str,
    fields: Vec<Field>,
    mut placed: Vec<PlacedRule>,
    report: &mut Report<'_>,
) -> Option<Model> {
    if let Some(rule) = placed.get(MAX_RULES) {
        report.validation(rule.span.clone(), format!("a type cannot have more than {MAX_RULES} rules"));
        return None;
    }
    let first = |count: usize, placed: &[PlacedRule]| {
        let rules = placed.iter().take(count).map(|placed| placed.rule.clone()).collect();
        Model::new(name, fields.clone(), rules)
    };
    for _ in 0..MAX_REPEATED_ROLES {
        let error = match first(placed.len(), &placed) {
            Ok(model) => return Some(model),
            Err(error) => error,
        };
        let counts: Vec<usize> = (0..placed.len()).collect();
        let sound = counts.partition_point(|count| first(count + 1, &placed).is_ok());
        let at_fault = (sound < placed.len()).then(|| placed.remove(sound));
        let Some(rule) = at_fault else {
            report.directive(0..0, error.to_string());
            return None;
        };
        report.directive(rule.span, error.to_string());
    }
    None
}
