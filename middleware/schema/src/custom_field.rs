//! A field that a handler answers: a custom query, mutation or subscription, or a guarded field of a type that is not
//! stored.

use std::sync::Arc;

use apollo_compiler::{Node, ast::FieldDefinition};
use portcullis_rules::{Item, Model, Operations, Rule};
use serde_json::Value;

use crate::{
    FieldType, InvalidField, Project, TypeRef,
    access_matrix::MAX_ROLES,
    argument_default,
    arguments::{text_of, value_of},
    auth_rule::{AuthRules, one_by_one},
    context::Context,
    directives::refuse_others,
    fields::{self, Way},
    json_schema,
    named_type::ObjectTypes,
    report::{Report, shortened},
    syntax::{directive_span, name_span},
    value_check::ValueCheck,
};

/// A part of a function's name that stands for the environment in which Amplify deploys it.
const ENVIRONMENT: &str = "-${env}";

/// A field of `Query`, `Mutation` or `Subscription`, or a field with `@auth` of a type without `@model`.
#[derive(Clone, Debug)]
pub struct CustomField {
    pub(crate) type_name: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) kind: String,
    pub(crate) arguments: Vec<(String, String)>,
    pub(crate) inputs: Vec<FieldType>,
    pub(crate) output: Option<TypeRef>,
    pub(crate) functions: Vec<String>,
    pub(crate) objects: ObjectTypes,
    pub(crate) rules: Option<Arc<Model>>,
}

impl CustomField {
    /// Reads a field. There is no record that owner rules and `groupsField` rules could look at: they admit nobody.
    pub(crate) fn read(
        type_name: &str,
        field: &FieldDefinition,
        context: &Context<'_>,
        report: &mut Report<'_>,
    ) -> Self {
        let functions = field.directives.get_all("function");
        let functions = functions.filter_map(|function| Some(text_of(function, "name")?.value));
        let auth = context.auths.of(&field.directives);
        Self {
            type_name: type_name.to_owned(),
            name: field.name.to_string(),
            description: field.description.as_ref().map(|text| text.to_string()),
            kind: field.ty.to_string(),
            arguments: field
                .arguments
                .iter()
                .map(|argument| (argument.name.to_string(), argument.ty.to_string()))
                .collect(),
            inputs: fields::read_inputs(&field.arguments, context, report),
            output: fields::read_type(&field.ty, Way::Out, context, report),
            functions: functions
                .map(|name| name.strip_suffix(ENVIRONMENT).map(str::to_owned).unwrap_or(name))
                .collect(),
            objects: Arc::clone(&context.objects),
            rules: auth.and_then(|auth| compile(type_name, field, auth, context.project)),
        }
    }

    /// The type that has the field: `Query`, `Mutation`, `Subscription` or another.
    #[must_use]
    pub fn type_name(&self) -> &str {
        &self.type_name
    }

    /// The name of the field.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the schema says about the field.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The type of the field, as the schema writes it: `[Thing!]`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The type of the field, resolved. Always there where [`Schema::parse`](crate::Schema::parse) accepts the schema.
    #[must_use]
    pub fn output(&self) -> Option<&TypeRef> {
        self.output.as_ref()
    }

    /// The arguments: names and types, as the schema writes them.
    pub fn arguments(&self) -> impl Iterator<Item = (&str, &str)> {
        self.arguments.iter().map(|(name, kind)| (name.as_str(), kind.as_str()))
    }

    /// The arguments with their types resolved.
    #[must_use]
    pub fn inputs(&self) -> &[FieldType] {
        &self.inputs
    }

    /// The functions that answer, one after the other, without the `-${env}` that Amplify puts an environment into.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        &self.functions
    }

    /// The rules; none if the field has no `@auth`, so that the project's default way to come in is the whole check.
    #[must_use]
    pub fn rules(&self) -> Option<&Arc<Model>> {
        self.rules.as_ref()
    }

    /// Checks the arguments that a client sends, before defaults are filled in.
    ///
    /// ```
    /// let source = "type Query { add(a: Int!, b: Int = 1): Int @function(name: \"add\") @auth(rules: [{allow: private}]) }";
    /// let schema = portcullis_schema::Schema::parse(source, "schema.graphql")?;
    /// let add = schema.custom_field("Query", "add").ok_or("no such field")?;
    /// let arguments = serde_json::json!({ "b": "2" });
    /// let mistakes = add.validate_arguments(arguments.as_object().ok_or("no object")?).unwrap_err();
    /// let mistakes: Vec<_> = mistakes.iter().map(|mistake| mistake.to_string()).collect();
    /// assert_eq!(mistakes, ["`b` must be a whole number from -2147483648 to 2147483647", "`a` is required"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Every argument that is wrong, each with the reason; no text repeats a value.
    pub fn validate_arguments(&self, arguments: &Item) -> Result<(), Vec<InvalidField>> {
        let mut check = ValueCheck::new(&self.objects);
        check.members(&self.inputs, &self.name, arguments, 0);
        check.finish()
    }

    /// Puts the defaults of the schema where a client leaves an argument, or a member of one, out.
    pub fn fill_defaults(&self, arguments: &mut Item) {
        argument_default::fill(&self.inputs, &self.objects, arguments);
    }

    /// The JSON Schema of the arguments, as the members of an object.
    #[must_use]
    pub fn arguments_schema(&self) -> Value {
        json_schema::of_arguments(&self.inputs)
    }

    /// The JSON Schema of the answer.
    #[must_use]
    pub fn output_schema(&self) -> Value {
        self.output.as_ref().map_or(Value::Bool(true), json_schema::of_answer)
    }
}

/// Refuses what no door answers: a field without a function of this project, or what listens.
pub(crate) fn check_served(type_name: &str, field: &Node<FieldDefinition>, report: &mut Report<'_>) {
    if type_name == "Subscription" {
        report.unsupported(name_span(&field.name), "a custom subscription");
        return;
    }
    refuse_others(&field.directives, &["auth", "deprecated", "function"], report);
    if !field.directives.has("function") {
        let name = shortened(&field.name);
        report.refused(name_span(&field.name), format!("nobody answers `{name}`: give it a `@function`"));
    }
    for function in field.directives.get_all("function") {
        let invocation = value_of(function, "invocationType").and_then(|value| value.as_enum());
        if invocation.is_some_and(|kind| *kind == "Event") {
            report.unsupported(directive_span(function), "`invocationType: Event`");
        }
    }
}

fn compile(
    type_name: &str,
    field: &FieldDefinition,
    auth: &AuthRules,
    project: &Project,
) -> Option<Arc<Model>> {
    let mut rules: Vec<Rule> = Vec::new();
    let static_rules = auth.rules.iter().filter(|rule| !rule.needs_record());
    for rule in static_rules.filter_map(|rule| rule.to_rule(project)) {
        // Whoever is admitted may call the field; which operations a rule names does not matter here.
        let rule = rule.operations(Operations::READ);
        for rule in one_by_one(rule) {
            // The same role may be granted twice here.
            if rules.len() < MAX_ROLES && !rules.contains(&rule) {
                rules.push(rule);
            }
        }
    }
    Model::new(format!("{type_name}:{}", field.name), Vec::new(), rules).ok().map(Arc::new)
}
