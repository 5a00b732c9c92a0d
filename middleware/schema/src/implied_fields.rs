//! The fields that a model has without declaring them, and what a declared one must be to be named by a rule.

use apollo_compiler::Name;
use portcullis_rules::{Rule, Strategy};

use crate::{
    FieldType, NamedType, Origin, PrimaryKey, Scalar, TypeRef,
    api_names::Timestamps,
    declarations::{Declarations, Declared, MAX_NAME},
    fields::ReadField,
    links::ForeignKey,
    report::{Report, shortened},
    source::Span,
};

/// The key of a model that declares none.
pub(crate) const ID: &str = "id";

/// A rule and the place of the argument that names a field of the record.
pub(crate) struct Placed {
    pub(crate) rule: Rule,
    pub(crate) field_span: Span,
    /// The groups of an owner rule: the reference takes them for fields that name the owner, and adds them.
    pub(crate) strays: Vec<String>,
}

/// What fields are implied by.
pub(crate) struct Implied<'a> {
    pub(crate) declared: &'a [ReadField<'a>],
    pub(crate) key: &'a PrimaryKey,
    pub(crate) timestamps: &'a Timestamps,
    pub(crate) foreign_keys: &'a [ForeignKey],
    pub(crate) rules: &'a [Placed],
    pub(crate) declarations: &'a Declarations<'a>,
}

impl Implied<'_> {
    /// The fields, in the order in which the reference adds them. What rules name and nobody could mean is told of.
    pub(crate) fn fields(&self, report: &mut Report<'_>) -> Vec<FieldType> {
        let mut fields = Vec::new();
        if self.key.field == ID && self.declared(ID).is_none() {
            fields.push(FieldType::implied(ID, TypeRef::scalar(Scalar::Id).required(), Origin::ImpliedId));
        }
        for name in self.timestamps.names().filter(|name| self.declared(name).is_none()) {
            let kind = TypeRef::scalar(Scalar::AwsDateTime).required();
            fields.push(FieldType::implied(name, kind, Origin::ImpliedTimestamp));
        }
        for key in self.foreign_keys {
            let named = match (Scalar::from_name(&key.type_name), self.declarations.get(&key.type_name)) {
                (Some(scalar), _) => NamedType::Scalar(scalar),
                (None, Some(Declared::Enum(kind))) => NamedType::Enum(kind.clone()),
                // The key that it holds has been refused.
                _ => continue,
            };
            let kind = TypeRef { named, list: false, required: key.required, required_items: false };
            fields.push(FieldType::implied(&key.name, kind, Origin::ImpliedForeignKey));
        }
        for placed in self.rules {
            for strategy in placed.rule.strategy.parts() {
                self.named_by(strategy, &placed.field_span, &mut fields, report);
            }
            for stray in &placed.strays {
                let known = fields.iter().any(|field| field.name == *stray) || self.declared(stray).is_some();
                if !known && can_name_owner(stray) {
                    let kind = TypeRef::scalar(Scalar::String);
                    fields.push(FieldType::implied(stray, kind, Origin::ImpliedOwner));
                }
            }
        }
        fields
    }

    fn declared(&self, name: &str) -> Option<&ReadField<'_>> {
        self.declared.iter().find(|field| field.name() == name)
    }

    /// The field that a rule looks into.
    fn named_by(
        &self,
        strategy: &Strategy,
        span: &Span,
        fields: &mut Vec<FieldType>,
        report: &mut Report<'_>,
    ) {
        let (name, is_owner) = match strategy {
            Strategy::Owner { field, .. } => (field, true),
            Strategy::DynamicGroups { field, .. } => (field, false),
            _ => return,
        };
        let implied = fields.iter().find(|field| field.name == *name).map(|field| field.origin);
        match (self.declared(name), implied) {
            (Some(read), _) => self.check_rule_field(read, is_owner, span.clone(), report),
            (None, Some(Origin::ImpliedId | Origin::ImpliedOwner | Origin::ImpliedForeignKey)) => {}
            (None, _) if !is_owner => {
                let name = shortened(name);
                report.refused(
                    span.clone(),
                    format!("no field of the type is called `{name}`: the rule would admit nobody"),
                );
            }
            (None, None) if can_name_owner(name) => {
                let kind = TypeRef::scalar(Scalar::String);
                fields.push(FieldType::implied(name, kind, Origin::ImpliedOwner));
            }
            (None, _) => {
                report.refused(span.clone(), format!("`{}` cannot name an owner", shortened(name)));
            }
        }
    }

    /// The field that a rule looks into holds names, or lists of them.
    fn check_rule_field(&self, read: &ReadField<'_>, is_owner: bool, span: Span, report: &mut Report<'_>) {
        let (name, role) = (read.name(), if is_owner { "an owner" } else { "a group" });
        if self.timestamps.has(name) {
            report.refused(span, format!("`{name}` is set by the server and cannot name {role}"));
            return;
        }
        let Some(field) = &read.field else {
            if read.is_relation() {
                report.refused(span, format!("`{}` is a relation and cannot name {role}", shortened(name)));
            }
            return;
        };
        let fits = match &field.kind.named {
            NamedType::Scalar(scalar) => {
                matches!(scalar, Scalar::Id | Scalar::String | Scalar::AwsEmail | Scalar::AwsPhone)
            }
            NamedType::Enum(_) => !is_owner,
            NamedType::Object(_) | NamedType::Model(_) => false,
        };
        if !fits {
            let kind = shortened(field.kind.named.name());
            let name = shortened(name);
            report.refused(span, format!("`{name}` is of the type `{kind}` and cannot name {role}"));
        }
    }
}

/// Whether an owner field of this name can be added to a type.
fn can_name_owner(name: &str) -> bool {
    name != ID && !name.starts_with("__") && Name::is_valid_syntax(name) && name.len() <= MAX_NAME
}
