//! What a primary key or an index may not be, in the reference's words and order.

use apollo_compiler::{
    Node,
    ast::{Directive, FieldDefinition, ObjectTypeDefinition, Type, Value},
};

use crate::{
    Index, Project, SchemaErrorKind,
    arguments::{Spanned, names_of, value_of},
    report::{Report, shortened},
    syntax::{directive_span, node_span},
    types::{Types, field, is_model},
};

/// What the directive of a key is checked in.
pub(crate) struct Keyed<'a> {
    pub(crate) types: &'a Types<'a>,
    pub(crate) object: &'a Node<ObjectTypeDefinition>,
    pub(crate) field: &'a Node<FieldDefinition>,
    pub(crate) directive: &'a Node<Directive>,
    pub(crate) project: &'a Project,
}

impl Keyed<'_> {
    /// Checks a `@primaryKey`.
    pub(crate) fn check_primary_key(&self, report: &mut Report<'_>) {
        let sort_fields = names_of(self.directive, "sortKeyFields");
        if self.refers_to_itself(&sort_fields, report) || !self.is_on_model(report) {
            return;
        }
        let type_name = shortened(&self.object.name);
        let span = directive_span(self.directive);
        let others = self.object.fields.iter().filter(|other| other.name != self.field.name);
        if others.into_iter().any(|other| other.directives.has("primaryKey")) {
            let message = format!("You may only supply one primary key on type '{type_name}'.");
            report.directive(span.clone(), message);
        }
        let required = format!("The primary key on type '{type_name}' must reference non-null fields.");
        if !self.field.ty.is_non_null() {
            report.directive(node_span(self.field), required.clone());
        }
        if !self.is_plain(&self.field.ty) {
            let place = format!("{type_name}.{}", shortened(&self.field.name));
            report.directive(span, format!("The primary key on type '{place}' cannot be a non-scalar."));
        }
        for Spanned { value: name, span } in sort_fields {
            let short = shortened(&name);
            let Some(sort) = field(self.object, &name) else {
                let message = format!(
                    "Can't find field '{short}' in {type_name}, but it was specified in the primary key."
                );
                report.directive(span, message);
                continue;
            };
            if !self.is_plain(&sort.ty) {
                let message = format!(
                    "The primary key's sort key on type '{type_name}.{short}' cannot be a non-scalar."
                );
                report.directive(span, message);
            } else if !sort.ty.is_non_null() {
                report.directive(span, required.clone());
            } else if self.names_owner_by_several_claims(&name) {
                let message = format!(
                    "The primary key's sort key type '{short}' cannot be used as an owner @auth field too. Please use \
                     another field for the sort key."
                );
                report.directive(span, message);
            }
        }
    }

    /// Checks an `@index`.
    pub(crate) fn check_index(&self, report: &mut Report<'_>) {
        let span = directive_span(self.directive);
        let sort_fields = names_of(self.directive, "sortKeyFields");
        if !self.has_good_name(report)
            || self.refers_to_itself(&sort_fields, report)
            || !self.is_on_model(report)
        {
            return;
        }
        let name = Index::read(self.object, self.field, self.directive, self.project).name;
        let name = shortened(&name);
        let type_name = shortened(&self.object.name);
        let keys = self.field.directives.get_all("primaryKey");
        let keys: Vec<bool> = keys.map(|key| has_sort_fields(key)).collect();
        if keys.iter().any(|sorted| !sorted) {
            let message = format!(
                "Invalid @index '{name}'. You may not create an index where the partition key is the same as that of \
                 the primary key unless the primary key has a sort field. You cannot have a local secondary index \
                 without a sort key in the primary key."
            );
            report.directive(span.clone(), message);
        } else if !keys.is_empty() && !self.project.secondary_key_as_gsi && !has_sort_fields(self.directive) {
            let message = format!(
                "Invalid @index '{name}'. You may not create an index where the partition key is the same as that of \
                 the primary key unless the index has a sort field. You cannot have a local secondary index without a \
                 sort key in the index."
            );
            report.directive(span.clone(), message);
        }
        if self.is_named_twice(&name) {
            let message =
                format!("You may only supply one @index with the name '{name}' on type '{type_name}'.");
            report.directive(span.clone(), message);
        }
        if !self.is_plain(&self.field.ty) {
            let place = format!("{type_name}.{}", shortened(&self.field.name));
            report.directive(span, format!("Index '{name}' on type '{place}' cannot be a non-scalar."));
        }
        for Spanned { value: sort, span } in sort_fields {
            let short = shortened(&sort);
            match field(self.object, &sort) {
                None => {
                    let message = format!(
                        "Can't find field '{short}' in {type_name}, but it was specified in index '{name}'."
                    );
                    report.directive(span, message);
                }
                Some(sort) if !self.is_plain(&sort.ty) => {
                    let message = format!(
                        "The sort key of index '{name}' on type '{type_name}.{short}' cannot be a non-scalar."
                    );
                    report.directive(span, message);
                }
                Some(_) => {}
            }
        }
    }

    /// Whether the name of an index, if it has one, is one that DynamoDB takes.
    fn has_good_name(&self, report: &mut Report<'_>) -> bool {
        let Some(value) = value_of(self.directive, "name") else {
            return true;
        };
        let message = match &**value {
            Value::Null => "Explicit null value not allowed for name field on @index",
            Value::String(name) if !name.is_empty() && !is_index_name(name) => {
                "The indexName is invalid. It should be between 3 and 255 characters. Only A\u{2013}Z, a\u{2013}z, \
                 0\u{2013}9, underscore characters, hyphens, and periods allowed."
            }
            _ => return true,
        };
        report.other(SchemaErrorKind::Failure, node_span(value), message);
        false
    }

    fn is_named_twice(&self, name: &str) -> bool {
        let indexes = self.object.fields.iter().flat_map(|field| field.directives.get_all("index"));
        let same = |other: &&Node<Directive>| {
            value_of(other, "name").is_some_and(|value| value.as_str() == Some(name))
        };
        indexes.filter(same).any(|other| directive_span(other) != directive_span(self.directive))
    }

    fn refers_to_itself(&self, sort_fields: &[Spanned<String>], report: &mut Report<'_>) -> bool {
        let Some(itself) = sort_fields.iter().find(|sort| *sort.value == *self.field.name) else {
            return false;
        };
        let (directive, name) = (&self.directive.name, shortened(&self.field.name));
        report
            .directive(itself.span.clone(), format!("@{directive} field '{name}' cannot reference itself."));
        true
    }

    fn is_on_model(&self, report: &mut Report<'_>) -> bool {
        let on_model = is_model(&self.object.directives);
        if !on_model {
            let message = format!(
                "The @{} directive may only be added to object definitions annotated with @model.",
                self.directive.name
            );
            report.directive(directive_span(self.directive), message);
        }
        on_model
    }

    /// Whether the type is a scalar or an enum, and no list.
    fn is_plain(&self, ty: &Type) -> bool {
        self.types.is_scalar_or_enum(ty) && !ty.is_list()
    }

    /// Whether a rule of the type finds the owner in this field, by more than one claim.
    fn names_owner_by_several_claims(&self, name: &str) -> bool {
        let Some(rules) = self
            .object
            .directives
            .get("auth")
            .and_then(|auth| value_of(auth, "rules"))
            .and_then(|rules| rules.as_list())
        else {
            return false;
        };
        self.project.default_claim_has_sub
            && rules.iter().filter_map(|rule| rule.as_object()).any(|rule| {
                let written = |argument: &str, default: &'static str| -> String {
                    let value = rule.iter().find(|(name, _)| *name == *argument).map(|(_, value)| value);
                    let text = value.map(|value| value.as_str().unwrap_or_default());
                    text.unwrap_or(default).to_owned()
                };
                let is_owner = rule.iter().any(|(name, value)| {
                    *name == "allow" && value.as_enum().is_some_and(|allow| *allow == "owner")
                });
                is_owner
                    && written("identityClaim", "sub::username").contains("::")
                    && written("ownerField", "owner") == name
            })
    }
}

fn has_sort_fields(directive: &Directive) -> bool {
    value_of(directive, "sortKeyFields")
        .and_then(|value| value.as_list())
        .is_some_and(|fields| !fields.is_empty())
}

fn is_index_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (3..=255).contains(&name.len()) && name.bytes().all(fits)
}
