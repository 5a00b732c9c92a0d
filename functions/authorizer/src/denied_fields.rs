//! The fields of a GraphQL API that nobody who comes in through a Lambda authorizer may see or call.

use portcullis::rules::{Authorizer, FunctionCaller, Identity, Item, Operation, Provider, Screening};
use portcullis_schema::{AuthMode, ExpandedField, ExpandedSchema, FieldSource, Schema};

/// What the rules say of those who come in this way. They ask for nothing that such a caller says, so that it holds for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fields {
    /// Fields that no rule admits to, as `Type.field`.
    pub(crate) denied: Vec<String>,
    /// Whether there is a query, mutation or subscription that some rule admits to.
    pub(crate) has_open_root: bool,
}

impl Fields {
    pub(crate) fn of(schema: &Schema) -> Self {
        let api = Api {
            schema,
            expanded: schema.expand(),
            authorizer: Authorizer::new(),
            caller: Identity::Function(FunctionCaller::default()),
        };
        let mut fields = Self { denied: Vec::new(), has_open_root: false };
        for kind in api.expanded.types() {
            let is_root = ["Query", "Mutation", "Subscription"].contains(&kind.name.as_str());
            for field in kind.fields() {
                if api.admits(&kind.name, field) {
                    fields.has_open_root |= is_root;
                } else {
                    fields.denied.push(format!("{}.{}", kind.name, field.name));
                }
            }
        }
        fields
    }
}

struct Api<'a> {
    schema: &'a Schema,
    expanded: ExpandedSchema,
    authorizer: Authorizer,
    caller: Identity,
}

impl Api<'_> {
    /// Whether the gate of AppSync and the rules could both let the caller through.
    fn admits(&self, of: &str, field: &ExpandedField) -> bool {
        self.expanded.admits(AuthMode::Function, of, &field.name) && self.rules_admit(of, field)
    }

    fn rules_admit(&self, of: &str, field: &ExpandedField) -> bool {
        match &field.source {
            Some(FieldSource::Get { model }) => self.may(model, Operation::Get),
            Some(FieldSource::List { model, .. } | FieldSource::Index { model, .. }) => {
                self.may(model, Operation::List)
            }
            Some(FieldSource::Create { model }) => self.may(model, Operation::Create),
            Some(FieldSource::Update { model }) => self.may(model, Operation::Update),
            Some(FieldSource::Delete { model }) => self.may(model, Operation::Delete),
            Some(FieldSource::Subscription { model, guarded, .. }) => {
                !guarded || self.may(model, Operation::Listen)
            }
            Some(FieldSource::Relation { .. }) => {
                self.may_see(of, &field.name) && self.may_follow(of, &field.name)
            }
            Some(FieldSource::Functions { .. }) | None => self.may_see(of, &field.name),
            // A source that is not known here is not opened here.
            Some(_) => false,
        }
    }

    fn may(&self, model: &str, operation: Operation) -> bool {
        let screen = |rules| self.authorizer.screen(&self.caller, operation, rules);
        self.schema.model(model).is_some_and(|model| screen(model.rules()) != Screening::Denied)
    }

    /// Whether a field of a record, of an answer of a function, or of a root may be seen.
    fn may_see(&self, of: &str, field: &str) -> bool {
        if let Some(model) = self.schema.model(of) {
            return self.authorizer.screen_field(&self.caller, model.rules(), field) != Screening::Denied;
        }
        // A field without rules is for the gate alone, which only the default way to come in leads through.
        let rules = self.schema.custom_field(of, field).and_then(|guard| guard.rules());
        let invoke = |rules| self.authorizer.permit_invoke(&self.caller, Some(rules), Provider::Function);
        rules.is_none_or(|rules| invoke(rules).is_ok())
    }

    /// Whether some rule lets the caller read what a relation leads to.
    fn may_follow(&self, of: &str, field: &str) -> bool {
        let connection = self.schema.model(of).and_then(|model| model.connection(field));
        let related = connection.and_then(|connection| self.schema.model(&connection.model));
        related.is_some_and(|related| {
            self.authorizer.permit_related(&self.caller, &[], &Item::new(), related.rules()).is_ok()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(schema: &str) -> Fields {
        Fields::of(&Schema::parse(schema, "test.graphql").unwrap())
    }

    #[test]
    fn a_field_is_denied_if_no_rule_admits_to_it() {
        let fields = fields(
            r#"
            type Note @model @auth(rules: [{ allow: owner }, { allow: custom, operations: [get, update] }]) {
              title: String
              secret: String @auth(rules: [{ allow: owner }])
              lines: [Line] @hasMany
            }
            type Line @model @auth(rules: [{ allow: private }]) { text: String }
            type Query {
              hello: String @function(name: "hello") @auth(rules: [{ allow: custom }])
              plain: String @function(name: "plain")
            }
            "#,
        );
        assert!(fields.has_open_root);
        for open in
            ["Query.getNote", "Query.hello", "Mutation.updateNote", "Note.title", "Note.id", "Note.owner"]
        {
            assert!(!fields.denied.iter().any(|denied| denied == open), "{open}");
        }
        for denied in [
            "Query.listNotes",
            "Query.getLine",
            "Query.plain",
            "Mutation.createNote",
            "Mutation.deleteNote",
            "Mutation.updateLine",
            "Subscription.onUpdateNote",
            "Note.secret",
            "Note.lines",
            "Line.text",
        ] {
            assert!(fields.denied.iter().any(|it| it == denied), "{denied}: {:?}", fields.denied);
        }
    }

    #[test]
    fn an_api_without_rules_for_functions_has_nothing_for_them() {
        let schema = include_str!("../../../schema.graphql");
        let fields = fields(schema);
        assert!(!fields.has_open_root);
        let all = Schema::parse(schema, "schema.graphql").unwrap().expand();
        assert_eq!(fields.denied.len(), all.types().iter().map(|kind| kind.fields().len()).sum::<usize>());
    }
}
