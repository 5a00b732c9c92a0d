//! A type with `@model`: its fields, those that are implied, and its rules.

use std::sync::Arc;

use apollo_compiler::{Node, ast::ObjectTypeDefinition};
use portcullis_rules::{Field, Model, Rule};

use crate::{
    Index, ModelType, NamedType, PrimaryKey, Relation, Scalar,
    api_names::{ApiNames, Timestamps, tells_changes},
    arguments::texts_of,
    auth_rule::{AuthRule, one_by_one},
    auth_words::Allow,
    context::Context,
    default_value,
    directives::{RELATIONS, refuse_others},
    fields::{self, ReadField},
    implied_fields::{ID, Implied, Placed},
    join::Join,
    links::{ForeignKey, Linked},
    misreadings,
    plural::{path_of, plural_of},
    report::{Report, shortened},
    source::Span,
    syntax::{directive_span, name_span},
};

/// The directives that are read on a field of a model.
const ON_FIELDS: [&str; 9] =
    ["auth", "belongsTo", "default", "deprecated", "hasMany", "hasOne", "index", "manyToMany", "primaryKey"];

/// Reads a model. `None` if its rules contradict themselves, and then the report says why.
pub(crate) fn read(
    object: &Node<ObjectTypeDefinition>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<ModelType> {
    refuse_others(&object.directives, &["model", "auth"], report);
    if context.auths.are_too_many(object) {
        // It has been told of, and it would take too long to compile them.
        return None;
    }
    let rules = context.auths.of(&object.directives).map(|auth| auth.rules.as_slice());
    let rules = placed(rules.unwrap_or_default(), context);
    model(object, rules, context, report)
}

/// Reads the model that holds the pairs of a `@manyToMany`: the rules of both sides guard it.
pub(crate) fn read_join(join: &Join, context: &Context<'_>) -> Option<ModelType> {
    let mut rules: Vec<Placed> = Vec::new();
    let of_side = |model: &str| context.auths.of_type(model).map(|auth| auth.rules.as_slice());
    for side in &join.sides {
        for Placed { rule, field_span, strays } in placed(of_side(&side.model).unwrap_or_default(), context) {
            for rule in one_by_one(rule) {
                // Of a role that both sides grant the later grant counts.
                let placed = Placed { rule, field_span: field_span.clone(), strays: strays.clone() };
                match rules.iter_mut().find(|known| is_same_role(&known.rule, &placed.rule)) {
                    Some(known) => *known = placed,
                    None => rules.push(placed),
                }
            }
        }
    }
    // Its definition is not part of the text, so that nothing can be pointed at in it.
    let mut unseen = Report::new("");
    let model = model(&join.object, rules, context, &mut unseen)?;
    Some(ModelType { is_join: true, ..model })
}

fn placed(rules: &[AuthRule], context: &Context<'_>) -> Vec<Placed> {
    let place = |rule: &AuthRule| {
        let groups = rule.groups.iter().filter(|_| rule.allow.value == Allow::Owner);
        Some(Placed {
            rule: rule.to_rule(context.project)?,
            field_span: rule.field_span(),
            strays: groups.flat_map(|groups| &groups.value).map(|group| group.value.clone()).collect(),
        })
    };
    rules.iter().filter_map(place).collect()
}

fn is_same_role(one: &Rule, two: &Rule) -> bool {
    one.provider == two.provider && one.strategy == two.strategy
}

fn model(
    object: &Node<ObjectTypeDefinition>,
    mut placed_rules: Vec<Placed>,
    context: &Context<'_>,
    report: &mut Report<'_>,
) -> Option<ModelType> {
    let name = object.name.as_str();
    let key = PrimaryKey::of(object);
    let timestamps = Timestamps::read(object);
    let mut read = fields::read(object, context, report);
    let rules = placed_rules.iter().map(|placed| placed.rule.clone()).collect();
    let (mut rule_fields, mut guarded) = (Vec::new(), Vec::new());
    for field in &mut read {
        check_field(field, &timestamps, report);
        let own = context.auths.of(&field.definition.directives).map(|auth| placed(&auth.rules, context));
        let list = field.field.as_ref().is_some_and(|field| field.kind.list);
        let own_rules = own.as_ref().map(|own| own.iter().map(|placed| placed.rule.clone()).collect());
        guarded.push(own.is_some());
        rule_fields.push(Field { name: field.name().to_owned(), list, rules: own_rules });
        placed_rules.extend(own.unwrap_or_default());
        if let Some(field) = &mut field.field {
            field.in_key = key.fields().any(|name| name == field.name);
        }
    }
    let nothing = Linked::default();
    let linked = context.links.of(name).unwrap_or(&nothing);
    for (field, is_guarded) in read.iter().zip(guarded) {
        misreadings::check_default(field, &placed_rules, is_guarded, report);
    }
    misreadings::check_timestamps(object, &timestamps, &key, linked, report);
    let implied = Implied {
        declared: &read,
        key: &key,
        timestamps: &timestamps,
        foreign_keys: &linked.foreign_keys,
        rules: &placed_rules,
        declarations: context.declarations,
    };
    let implied = implied.fields(report);
    let declared_indexes = Index::all_of(object, context.project);
    check_keys(&read, report);
    let rules = match Model::new(name, rule_fields, rules) {
        Ok(rules) => rules,
        Err(error) => {
            // A role that is granted twice has been told of where it stands.
            if report.is_accepted() {
                report.directive(name_span(&object.name), error.to_string());
            }
            return None;
        }
    };
    let rules = with_implied(rules, &key, &declared_indexes, &linked.foreign_keys);
    let plural = plural_of(name);
    Some(ModelType {
        name: name.to_owned(),
        path: path_of(&plural),
        plural,
        description: object.description.as_ref().map(|text| text.to_string()),
        is_join: false,
        key,
        indexes: declared_indexes.into_iter().chain(linked.indexes.iter().cloned()).collect(),
        relations: Relation::all_of(object),
        connections: linked.connections.clone(),
        api: ApiNames::read(object),
        timestamps,
        has_subscriptions: tells_changes(object),
        fields: read.into_iter().filter_map(|field| field.field).chain(implied).collect(),
        objects: Arc::clone(&context.objects),
        rules: Arc::new(rules),
    })
}

/// Tells the rules of the fields that clients send although no rule speaks of them.
fn with_implied(model: Model, key: &PrimaryKey, indexes: &[Index], foreign_keys: &[ForeignKey]) -> Model {
    let model = model
        .with_partition_key(&key.field)
        .with_foreign_keys(foreign_keys.iter().map(|foreign_key| foreign_key.name.as_str()));
    let sort_fields = std::iter::once(&key.sort_fields).chain(indexes.iter().map(|index| &index.sort_fields));
    sort_fields.filter(|parts| parts.len() > 1).fold(model, |model, parts| {
        model.with_composite_column(parts.join("#"), parts.iter().map(String::as_str))
    })
}

/// Refuses types and directives that cannot be served as they are written.
fn check_field(read: &mut ReadField<'_>, timestamps: &Timestamps, report: &mut Report<'_>) {
    let name = read.definition.name.to_string();
    refuse_others(&read.definition.directives, &ON_FIELDS, report);
    let mut relations =
        read.definition.directives.iter().filter(|directive| RELATIONS.contains(&directive.name.as_str()));
    if let (Some(_), Some(second)) = (relations.next(), relations.next()) {
        report.refused(directive_span(second), "a field can be one relation");
    }
    for argument in &read.definition.arguments {
        report.unsupported(name_span(&argument.name), "an argument of a field");
    }
    let span = read.span();
    let Some(field) = &mut read.field else {
        return;
    };
    if name == ID && (field.kind.list || !is_key_type(&field.kind.named)) {
        let kind = shortened(&field.kind.to_string());
        report.refused(span.clone(), format!("`id` cannot be of the type `{kind}`"));
    }
    let scalar = matches!(field.kind.named, NamedType::Scalar(Scalar::AwsDateTime | Scalar::String));
    if timestamps.has(&name) {
        field.filled_in = true;
        if !scalar || field.kind.list {
            let message = format!("`{name}` is set by the server and must be an `AWSDateTime` or a `String`");
            report.refused(span.clone(), message);
        }
    }
    if name == ID && matches!(field.kind.named, NamedType::Scalar(Scalar::Id | Scalar::String)) {
        field.filled_in = true;
    }
    if let Some(directive) = read.definition.directives.get("default") {
        match default_value::of_directive(directive, &field.kind) {
            Ok(value) => field.default = Some(value),
            Err(problem) => {
                report.refused(directive_span(directive), format!("the value of `@default` {problem}"));
            }
        }
    }
}

/// The fields of a key hold values that DynamoDB can sort.
fn check_keys(read: &[ReadField<'_>], report: &mut Report<'_>) {
    let find = |name: &str| read.iter().find(|field| field.name() == name);
    for field in read {
        for name in ["primaryKey", "index"] {
            for directive in field.definition.directives.get_all(name) {
                check_key_field(field, directive_span(directive), report);
                for sort in texts_of(directive, "sortKeyFields").unwrap_or_default() {
                    if let Some(field) = find(&sort.value) {
                        check_key_field(field, sort.span, report);
                    }
                }
            }
        }
    }
}

fn check_key_field(read: &ReadField<'_>, span: Span, report: &mut Report<'_>) {
    if let Some(field) = &read.field
        && (field.kind.list || !is_key_type(&field.kind.named))
    {
        let (name, kind) = (shortened(read.name()), shortened(&field.kind.to_string()));
        report.refused(span, format!("`{name}: {kind}` cannot be part of a key"));
    }
}

/// Whether DynamoDB can keep the values in order, each written in one way.
fn is_key_type(named: &NamedType) -> bool {
    match named {
        NamedType::Scalar(scalar) => !matches!(scalar, Scalar::Boolean | Scalar::AwsJson),
        NamedType::Enum(_) => true,
        NamedType::Object(_) | NamedType::Model(_) => false,
    }
}
