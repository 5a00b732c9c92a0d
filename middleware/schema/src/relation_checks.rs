//! What a relation may not be, in the reference's words and order.

use apollo_compiler::{
    Node,
    ast::{Directive, FieldDefinition, ObjectTypeDefinition, Type},
};

use crate::{
    Index, PrimaryKey, Project, Relation, RelationKind, SchemaErrorKind,
    arguments::{texts_of, value_of},
    report::{Report, shortened},
    syntax::{directive_span, name_span},
    transform::NO_NAME,
    types::{Types, field, is_model},
};

/// The other side of a relation by references has none.
const WITHOUT_REFERENCES: &str = "the other side of a relation by `references` must have `references` too";
/// What the reference says of it.
const NO_KIND: &str = "Cannot read properties of undefined (reading 'kind')";

/// What the directive of a relation is checked in.
pub(crate) struct Related<'a> {
    pub(crate) types: &'a Types<'a>,
    pub(crate) object: &'a Node<ObjectTypeDefinition>,
    pub(crate) field: &'a Node<FieldDefinition>,
    pub(crate) directive: &'a Node<Directive>,
    pub(crate) kind: RelationKind,
    pub(crate) project: &'a Project,
}

impl<'a> Related<'a> {
    /// Checks what can be said when the field is visited; the related side is looked up in the document.
    pub(crate) fn check(&self, report: &mut Report<'_>) -> bool {
        let span = directive_span(self.directive);
        let refused = match self.kind {
            RelationKind::ManyToMany => self.many_to_many_mistake(),
            _ => self.mistake(),
        };
        match refused {
            Some((SchemaErrorKind::TypeFailure, message)) => {
                let reference = if message == WITHOUT_REFERENCES { NO_KIND } else { NO_NAME };
                report.crash(span, message, reference);
                false
            }
            Some((kind, message)) => {
                report.other(kind, span, message);
                false
            }
            None => true,
        }
    }

    fn many_to_many_mistake(&self) -> Option<(SchemaErrorKind, String)> {
        let invalid = |message: &str| Some((SchemaErrorKind::InvalidDirective, message.to_owned()));
        if !is_model(&self.object.directives) {
            return invalid("@manyToMany must be on an @model object type field.");
        }
        if !self.field.ty.is_list() {
            return invalid("@manyToMany must be used with a list.");
        }
        None
    }

    fn mistake(&self) -> Option<(SchemaErrorKind, String)> {
        let name = self.kind.name();
        let invalid = |message: String| Some((SchemaErrorKind::InvalidDirective, message));
        let (type_name, field_name) = (shortened(&self.object.name), shortened(&self.field.name));
        let relation = Relation::of(self.field)?;
        let has = |argument| value_of(self.directive, argument).is_some_and(|value| !value.is_null());
        if self.kind == RelationKind::HasMany && !self.field.ty.is_list() {
            return invalid("@hasMany must be used with a list. Use @hasOne for non-list types.".to_owned());
        }
        if self.kind == RelationKind::BelongsTo && relation.index_name.is_some() && !has("references") {
            return invalid(format!(
                "overrideIndexName cannot be used on @belongsTo without references. Modify {type_name}.{field_name} to \
                 use references or remove overrideIndexName."
            ));
        }
        let Some(related) =
            self.types.object(&relation.model).filter(|related| is_model(&related.directives))
        else {
            let message =
                format!("Object type {} must be annotated with @model.", shortened(&relation.model));
            // The reference looks for the name of the type itself, and a list has none.
            let named = matches!(self.field.ty, Type::Named(_));
            let kind = if named { SchemaErrorKind::InvalidDirective } else { SchemaErrorKind::TypeFailure };
            return Some((kind, message));
        };
        if has("references") {
            if has("fields") {
                return invalid(format!(
                    "fields and references cannot be defined in the same {name}. Use 'references'"
                ));
            }
            if relation.references.is_empty() {
                let kind = match self.kind {
                    RelationKind::HasMany => SchemaErrorKind::InvalidDirective,
                    _ => SchemaErrorKind::Failure,
                };
                let message = format!("Invalid @{name} directive on {field_name} - empty references list");
                return Some((kind, message));
            }
            if let Some(mistake) = self.references_mistake(&relation, related) {
                return Some(mistake);
            }
        } else {
            if has("fields") && relation.fields.is_empty() {
                return invalid(format!("No fields passed to @{name} directive."));
            }
            if let Some(message) = self.names_mistake(&relation.fields, self.object, "All fields provided to")
            {
                return invalid(message);
            }
        }
        if !is_model(&self.object.directives) {
            return invalid(format!("@{name} must be on an @model object type field."));
        }
        match self.kind {
            RelationKind::HasOne if self.field.ty.is_list() => {
                invalid("@hasOne cannot be used with lists. Use @hasMany instead.".to_owned())
            }
            RelationKind::BelongsTo if self.field.ty.is_list() => {
                invalid("@belongsTo cannot be used with lists.".to_owned())
            }
            RelationKind::BelongsTo if !self.is_answered(related) => invalid(format!(
                "{} must have a relationship with {type_name} in order to use @belongsTo.",
                shortened(&related.name)
            )),
            _ => None,
        }
    }

    /// The first name that is no field, or no plain one.
    fn names_mistake(&self, names: &[String], of: &ObjectTypeDefinition, all: &str) -> Option<String> {
        names.iter().find_map(|name| match field(of, name) {
            None => Some(format!("{} is not a field in {}", shortened(name), shortened(&of.name))),
            Some(found) if !self.types.is_scalar_or_enum(&found.ty) => {
                Some(format!("{all} @{} must be scalar or enum fields.", self.kind.name()))
            }
            Some(_) => None,
        })
    }

    /// `references`: the related side holds the key of the primary side.
    fn references_mistake(
        &self,
        relation: &Relation,
        related: &Node<ObjectTypeDefinition>,
    ) -> Option<(SchemaErrorKind, String)> {
        let name = self.kind.name();
        let (primary, holder) = match self.kind {
            RelationKind::BelongsTo => (related, self.object),
            _ => (self.object, related),
        };
        let (type_name, field_name) = (shortened(&self.object.name), shortened(&self.field.name));
        if self.kind != RelationKind::BelongsTo && relation.index_name.is_some() {
            let message = format!(
                "Invalid @{name} directive on {type_name}.{field_name} - indexName is not supported with DynamoDB \
                 references."
            );
            return Some((SchemaErrorKind::Failure, message));
        }
        let key = PrimaryKey::of(primary);
        let invalid = |message| Some((SchemaErrorKind::InvalidDirective, message));
        if key.fields().count() != relation.references.len() {
            return invalid(format!(
                "The number of references provided to @{name} must match the number of primary keys on {}.",
                shortened(&primary.name)
            ));
        }
        if let Some(message) =
            self.names_mistake(&relation.references, holder, "All reference fields provided to")
        {
            return invalid(message);
        }
        let required = match &self.field.ty {
            Type::NonNullNamed(_) | Type::NonNullList(_) => Some(("!", "")),
            Type::List(item) if item.is_non_null() => Some(("", "!")),
            _ => None,
        };
        if let Some((outer, inner)) = required {
            let model = shortened(&related.name);
            let place = |inner: &str| match self.kind {
                RelationKind::HasMany => format!("{type_name}.{field_name}: [{model}{inner}]"),
                _ => format!("{type_name}.{field_name}: {model}{inner}"),
            };
            return invalid(format!(
                "@{name} fields must not be required. Change '{}{outer}' to '{}'",
                place(inner),
                place("")
            ));
        }
        self.nullability_mistake(relation, holder)
            .or_else(|| self.one_sided(relation, related, primary, holder))
    }

    /// The fields that hold the key are all required, or none of them.
    fn nullability_mistake(
        &self,
        relation: &Relation,
        holder: &ObjectTypeDefinition,
    ) -> Option<(SchemaErrorKind, String)> {
        if self.kind == RelationKind::BelongsTo {
            return None;
        }
        let quoted =
            |names: Vec<&String>| names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let is_required = |name: &&String| field(holder, name).is_some_and(|field| field.ty.is_non_null());
        let (required, nullable): (Vec<&String>, Vec<&String>) =
            relation.references.iter().partition(|name| is_required(name));
        if required.is_empty() || nullable.is_empty() {
            return None;
        }
        let (name, holder) = (self.kind.name(), shortened(&holder.name));
        let all = quoted(relation.references.iter().collect());
        let place = format!("{}.{}", self.object.name, self.field.name);
        let message = format!(
            "Reference fields defined on related type: '{holder}' for @{name}(references: [{all}]) {place} relationship \
             have inconsistent nullability.\nRequired fields: {}\nNullable fields: {}\nUpdate reference fields on type \
             '{holder}' to have consistent nullability -- either all required or all nullable.",
            quoted(required),
            quoted(nullable)
        );
        Some((SchemaErrorKind::InvalidDirective, message))
    }

    /// A relation by references stands on both sides, with the same references.
    fn one_sided(
        &self,
        relation: &Relation,
        related: &Node<ObjectTypeDefinition>,
        primary: &ObjectTypeDefinition,
        holder: &ObjectTypeDefinition,
    ) -> Option<(SchemaErrorKind, String)> {
        let answers: &[RelationKind] = match self.kind {
            RelationKind::BelongsTo => &[RelationKind::HasOne, RelationKind::HasMany],
            _ => &[RelationKind::BelongsTo],
        };
        let is_answer = |field: &&Node<FieldDefinition>| {
            field.ty.inner_named_type() == &self.object.name
                && field.directives.iter().any(|directive| {
                    let answers = answers.iter().any(|kind| directive.name == kind.name());
                    let references = texts_of(directive, "references").unwrap_or_default();
                    let mut both = references.iter().map(|text| &text.value);
                    answers && both.by_ref().eq(relation.references.iter())
                })
        };
        let (name, type_name) = (self.kind.name(), shortened(&self.object.name));
        let lacks_references = |field: &Node<FieldDefinition>| {
            let is_it =
                |directive: &&Node<Directive>| answers.iter().any(|kind| directive.name == kind.name());
            field.ty.inner_named_type() == &self.object.name
                && field.directives.iter().find(is_it).is_some_and(|it| value_of(it, "references").is_none())
        };
        if related.fields.iter().any(lacks_references) {
            return Some((SchemaErrorKind::TypeFailure, WITHOUT_REFERENCES.to_owned()));
        }
        if !related.fields.iter().any(|field| is_answer(&field)) {
            let directives: Vec<String> = answers.iter().map(|kind| format!("@{}", kind.name())).collect();
            let message = format!(
                "Uni-directional relationships are not supported. Add a {} field in {} to match the @{name} field \
                 {type_name}.{}, and ensure the number and type of reference fields match the number and type of \
                 primary key fields in {}.",
                directives.join(" or "),
                shortened(&related.name),
                shortened(&self.field.name),
                shortened(&primary.name)
            );
            return Some((SchemaErrorKind::InvalidDirective, message));
        }
        let key = PrimaryKey::of(primary);
        key.fields().zip(&relation.references).find_map(|(key, reference)| {
            // An undeclared key is `id: ID!`.
            let type_of = |of: &ObjectTypeDefinition, name: &str| self.types.name_of_type(of, name);
            let is_list = |of: &ObjectTypeDefinition, name: &str| field(of, name).is_some_and(|it| it.ty.is_list());
            if is_list(primary, key) || is_list(holder, reference) {
                let message = format!("`{}` cannot hold a key: it is a list", shortened(reference));
                return Some((SchemaErrorKind::TypeFailure, message));
            }
            let (key_type, reference_type) = (type_of(primary, key), type_of(holder, reference));
            let is_name = |name: &str| matches!(name, "ID" | "String");
            if key_type == reference_type || is_name(&key_type) && is_name(&reference_type) {
                return None;
            }
            let (primary, holder) = (shortened(&primary.name), shortened(&holder.name));
            let message = format!(
                "Type mismatch between primary key field(s) of {primary} and reference fields of {holder}. Type of \
                 {primary}.{key} does not match type of {holder}.{reference}"
            );
            Some((SchemaErrorKind::InvalidDirective, message))
        })
    }

    /// Whether the related type has the other side of a `@belongsTo`.
    fn is_answered(&self, related: &ObjectTypeDefinition) -> bool {
        related.fields.iter().any(|field| {
            let (one, many) = (field.directives.has("hasOne"), field.directives.has("hasMany"));
            field.ty.inner_named_type() == &self.object.name && (one || many)
        })
    }

    /// Checks the fields of a relation against the key or the index that they are looked up by.
    pub(crate) fn check_lookup(&self, report: &mut Report<'_>) {
        let Some(relation) = Relation::of(self.field).filter(|relation| relation.references.is_empty())
        else {
            return;
        };
        let Some(related) = self.types.object(&relation.model) else {
            return;
        };
        let span = directive_span(self.directive);
        let name = self.kind.name();
        let by_index = relation.index_name.as_ref().filter(|_| self.kind == RelationKind::HasMany);
        let key = match by_index {
            None => PrimaryKey::of(related),
            Some(index) => {
                let indexes = Index::all_of(related, self.project);
                let Some(found) = indexes.into_iter().find(|found| found.name == *index) else {
                    let (index, related) = (shortened(index), shortened(&related.name));
                    report.directive(span, format!("Index {index} does not exist for model {related}"));
                    return;
                };
                PrimaryKey { field: found.field, sort_fields: found.sort_fields, declared: true }
            }
        };
        let [_, rest @ ..] = relation.fields.as_slice() else {
            return;
        };
        let type_of = |of: &ObjectTypeDefinition, name: &str| self.types.name_of_type(of, name);
        for (index, (own, other)) in relation.fields.iter().zip(key.fields()).enumerate() {
            if index == 1 && rest.len() != key.sort_fields.len() {
                break;
            }
            let wanted = type_of(related, other);
            if type_of(self.object, own) != wanted {
                report.directive(
                    span.clone(),
                    format!("{} field is not of type {}", shortened(own), shortened(&wanted)),
                );
                return;
            }
        }
        if !rest.is_empty() && rest.len() != key.sort_fields.len() {
            let field = shortened(&self.field.name);
            let message =
                format!("Invalid @{name} directive on {field}. Partial sort keys are not accepted.");
            report.directive(span, message);
        }
    }
}

/// Checks that the fields of a relation make up the whole key of the related model; the reference asks when it writes
/// the rules of the related model into the relation.
pub(crate) fn check_key_size(
    types: &Types<'_>,
    object: &ObjectTypeDefinition,
    definition: &Node<FieldDefinition>,
    report: &mut Report<'_>,
) {
    let Some(relation) = Relation::of(definition) else {
        return;
    };
    let one = matches!(relation.kind, RelationKind::HasOne | RelationKind::BelongsTo);
    let Some(related) = types.object(&relation.model).filter(|_| one && !relation.fields.is_empty()) else {
        return;
    };
    // Fewer are filled up with what would be implied.
    if relation.fields.len() > PrimaryKey::of(related).fields().count() {
        let place = format!("{}:{}", shortened(&object.name), shortened(&definition.name));
        let message = format!(
            "Invalid @{} on {place}. Provided fields do not match the size of primary key(s) for {}",
            relation.kind.name(),
            shortened(&related.name)
        );
        report.directive(name_span(&definition.name), message);
    }
}
