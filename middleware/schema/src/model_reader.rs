//! A type with `@model`: its fields, those that are implied, and its rules.

use std::sync::Arc;

use apollo_compiler::{
    Name, Node,
    ast::{Directive, ObjectTypeDefinition},
};
use portcullis_rules::{Field, Model, Rule, Strategy};

use crate::{
    FieldType, Index, ModelType, NamedType, Origin, PrimaryKey, Relation, Scalar, TypeRef,
    auth_rule::AuthRules,
    declarations::MAX_NAME,
    directives::refuse_others,
    fields::{self, ReadField},
    named_type::ObjectTypes,
    plural::{path_of, plural_of},
    reader::Reader,
    report::{Report, shortened},
    source::Span,
    syntax::{directive_span, name_span},
    types::has_subscriptions,
};

/// The key of every model.
const ID: &str = "id";
/// The fields that the server sets.
const TIMESTAMPS: [&str; 2] = ["createdAt", "updatedAt"];

/// A rule and the place of the argument that names a field of the record.
struct Placed {
    rule: Rule,
    field_span: Span,
}

/// Reads a model. `None` if its rules contradict themselves, and then the report says why.
pub(crate) fn read(
    object: &Node<ObjectTypeDefinition>,
    reader: &Reader<'_>,
    objects: &ObjectTypes,
    report: &mut Report<'_>,
) -> Option<ModelType> {
    let name = object.name.as_str();
    refuse_others(&object.directives, &["model", "auth"], report);
    if let Some(directive) = object.directives.get("model") {
        refuse_arguments(directive, report);
    }
    let key = PrimaryKey::of(object);
    let read = fields::read(object, reader.declarations, reader.definitions, report);
    let placed = |auth: &AuthRules| -> Vec<Placed> {
        let rules = auth.rules.iter();
        rules
            .filter_map(|rule| {
                Some(Placed { rule: rule.to_rule(reader.project)?, field_span: rule.field_span() })
            })
            .collect()
    };
    let mut rule_fields = Vec::new();
    let mut placed_rules = reader.auths.of(&object.directives).map(placed).unwrap_or_default();
    let rules = placed_rules.iter().map(|placed| placed.rule.clone()).collect();
    for field in &read {
        check_field(field, report);
        let own = reader.auths.of(&field.definition.directives).map(placed);
        let list = field.field.as_ref().is_some_and(|field| field.kind.list);
        let own_rules = own.as_ref().map(|own| own.iter().map(|placed| placed.rule.clone()).collect());
        rule_fields.push(Field { name: field.name().to_owned(), list, rules: own_rules });
        placed_rules.extend(own.unwrap_or_default());
    }
    let implied = implied_fields(&read, &key, &placed_rules, report);
    // Too many roles, or one that is granted twice, have been told of.
    let rules = match reader.auths.are_too_many(object) {
        true => None,
        false => Model::new(name, rule_fields, rules).ok(),
    };
    let plural = plural_of(name);
    Some(ModelType {
        name: name.to_owned(),
        path: path_of(&plural),
        plural,
        description: object.description.as_ref().map(|text| text.to_string()),
        key,
        indexes: Index::all_of(object, reader.project),
        relations: Relation::all_of(object),
        has_subscriptions: has_subscriptions(object),
        fields: read.into_iter().filter_map(|field| field.field).chain(implied).collect(),
        objects: Arc::clone(objects),
        rules: Arc::new(rules?),
    })
}

/// Refuses the arguments of `@model`: the defaults alone are served.
fn refuse_arguments(directive: &Node<Directive>, report: &mut Report<'_>) {
    for argument in &directive.arguments {
        let known = ["queries", "mutations", "subscriptions", "timestamps"].contains(&argument.name.as_str());
        if known {
            report.unsupported(name_span(&argument.name), format!("`{}` of `@model`", argument.name));
        }
    }
}

/// Refuses names, types and directives that this project does not serve yet.
fn check_field(read: &ReadField<'_>, report: &mut Report<'_>) {
    let name = read.name();
    refuse_others(&read.definition.directives, &["auth", "primaryKey"], report);
    if let Some(directive) = read.definition.directives.get("primaryKey") {
        for argument in directive.arguments.iter().filter(|argument| argument.name == "sortKeyFields") {
            report.unsupported(name_span(&argument.name), "`sortKeyFields` of `@primaryKey`");
        }
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

/// The fields that a model has without declaring them.
fn implied_fields(
    read: &[ReadField<'_>],
    key: &PrimaryKey,
    rules: &[Placed],
    report: &mut Report<'_>,
) -> Vec<FieldType> {
    let declared = |name: &str| read.iter().find(|field| field.name() == name);
    let implied =
        |name: &str, kind, origin| FieldType { name: name.to_owned(), description: None, kind, origin };
    let mut fields = Vec::new();
    if key.field == ID && declared(ID).is_none() {
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
