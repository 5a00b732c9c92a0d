//! The reference's checks of a schema that is right by GraphQL's rules, in the reference's order: one transformer after
//! the other over all types, then what can be said of the whole.

use apollo_compiler::{
    Node,
    ast::{Definition, DirectiveList, Document, FieldDefinition, ObjectTypeDefinition},
};

use crate::{
    Project, RelationKind, SchemaErrorKind,
    access_matrix::AccessMatrix,
    auth_checks::{Place, check as check_auth},
    auth_rule::AuthRules,
    auths::Auths,
    default_checks,
    directive_checks::{check_function, check_maps_to, check_others, check_validate},
    key_checks::Keyed,
    many_to_many::ManyToMany,
    output_checks::OutputChecks,
    relation_checks::Related,
    report::{Report, shortened},
    required_fields,
    syntax::{directive_span, name_span},
    types::{ROOTS, Types, field, fields, is_model},
    unknown_directives, warnings,
};

/// The transformers, in the order in which they see the schema.
const CHAIN: [&str; 19] = [
    "model",
    "function",
    "http",
    "predictions",
    "primaryKey",
    "index",
    "hasMany",
    "hasOne",
    "manyToMany",
    "belongsTo",
    "conversation",
    "generation",
    "default",
    "auth",
    "mapsTo",
    "sql",
    "refersTo",
    "searchable",
    "validate",
];
/// What the reference says of a list where it looks for the name of a type.
pub(crate) const NO_NAME: &str = "Cannot read properties of undefined (reading 'value')";
/// Those that work on the fields of a type that is extended.
const ON_EXTENSIONS: [&str; 3] = ["auth", "function", "http"];
/// A relation looks through the fields of its types; with more fields it would look too long.
const MAX_FIELDS: usize = 1000;
/// Directives on the fields of one type.
const MAX_DIRECTIVES: usize = 2000;

/// Checks a document and tells what the reference would warn of.
pub(crate) fn check<'a>(
    document: &'a Document,
    types: &'a Types<'a>,
    auths: &'a Auths,
    project: &'a Project,
    report: &mut Report<'_>,
) -> Vec<String> {
    let mut transform = Transform {
        outputs: OutputChecks { document, types, auths, project },
        types,
        auths,
        project,
        // Without GraphQL's rules other mistakes are only consequences.
        is_graphql: report.is_accepted(),
        matrices: Vec::new(),
        last_rules: AuthRules::default(),
        many_to_many: ManyToMany::default(),
        report,
    };
    for object in &types.objects {
        transform.check_size(object);
    }
    unknown_directives::refuse(document, transform.report);
    for name in CHAIN {
        for definition in &document.definitions {
            transform.visit(name, definition);
        }
    }
    transform.finish()
}

struct Transform<'a, 'r, 's> {
    outputs: OutputChecks<'a>,
    types: &'a Types<'a>,
    auths: &'a Auths,
    project: &'a Project,
    is_graphql: bool,
    matrices: Vec<AccessMatrix<'a>>,
    /// The rules of the last model that was seen.
    last_rules: AuthRules,
    many_to_many: ManyToMany<'a>,
    report: &'r mut Report<'s>,
}

impl<'a> Transform<'a, '_, '_> {
    fn check_size(&mut self, object: &Node<ObjectTypeDefinition>) {
        let name = shortened(&object.name);
        if is_too_long(object) {
            let message = format!("`{name}` has more fields, or directives on them, than can be looked at");
            self.report.refused(name_span(&object.name), message);
            self.is_graphql = false;
        }
        if self.auths.are_too_many(object) {
            let message = format!("the rules of `{name}` make more roles than can be looked at");
            self.report.refused(name_span(&object.name), message);
        }
    }

    fn visit(&mut self, transformer: &str, definition: &'a Definition) {
        match definition {
            Definition::ObjectTypeDefinition(object) => {
                for _ in object.directives.get_all(transformer) {
                    self.object(transformer, object);
                }
                for field in &object.fields {
                    self.field(transformer, object, field);
                }
            }
            Definition::InterfaceTypeDefinition(interface) if transformer == "auth" => {
                for field in &interface.fields {
                    for directive in field.directives.get_all(transformer) {
                        let place = format!("{}.{}", shortened(&interface.name), shortened(&field.name));
                        let message = format!(
                            "The @auth directive cannot be placed on an interface's field. See {place}"
                        );
                        self.report.directive(directive_span(directive), message);
                    }
                }
            }
            Definition::ObjectTypeExtension(extension) => {
                self.refuse_on_extension(transformer, &extension.name, &extension.directives);
                for field in &extension.fields {
                    self.extended_field(transformer, &extension.name, field);
                }
            }
            _ => {}
        }
    }

    fn refuse_on_extension(&mut self, transformer: &str, name: &str, directives: &DirectiveList) {
        for directive in directives.get_all(transformer) {
            let message = format!(
                "Directives are not supported on object or interface extensions. See the '@{transformer}' directive on \
                 '{}'",
                shortened(name)
            );
            self.report.directive(directive_span(directive), message);
        }
    }

    fn extended_field(&mut self, transformer: &str, type_name: &str, field: &Node<FieldDefinition>) {
        for directive in field.directives.get_all(transformer) {
            let span = directive_span(directive);
            if !ON_EXTENSIONS.contains(&transformer) {
                let message =
                    format!("The '@{transformer}' directive is not supported on fields of extended types");
                self.report.other(SchemaErrorKind::InvalidTransformer, span, message);
            } else if !ROOTS.contains(&type_name) {
                let place = format!("{}.{}", shortened(type_name), shortened(&field.name));
                let message = format!(
                    "The '@{transformer}' directive cannot be used on fields of type extensions other than 'Query', \
                     'Mutation', and 'Subscription'. See {place}"
                );
                self.report.directive(span, message);
            } else if transformer == "auth"
                && let Some(auth) = self.auths.of(&field.directives)
            {
                let place = if self.types.is_root(type_name) { Place::Root } else { Place::ObjectField };
                check_auth(auth, place, type_name, &field.name, self.project, self.report);
            } else if transformer == "function" {
                check_function(self.types, type_name, field, directive, self.report);
            } else {
                check_others(transformer, directive, self.report);
            }
        }
    }

    fn object(&mut self, transformer: &str, object: &'a Node<ObjectTypeDefinition>) {
        let name = object.name.as_str();
        match transformer {
            "model" => {
                self.check_id(object);
                let has_key = || object.fields.iter().any(|field| field.directives.has("primaryKey"));
                if self.types.is_root(name) {
                    let message = format!(
                        "'{name}' is a reserved type name and currently in use within the default schema element."
                    );
                    self.report.directive(name_span(&object.name), message);
                } else if self.project.sql && !has_key() {
                    let message =
                        format!("SQL model \"{}\" must contain a primary key field", shortened(name));
                    self.report.directive(name_span(&object.name), message);
                }
            }
            "mapsTo" => {
                for directive in object.directives.get_all("mapsTo") {
                    check_maps_to(self.types, object, directive, self.report);
                }
            }
            "refersTo" if !self.project.sql && is_model(&object.directives) => {
                let name = shortened(name);
                let message =
                    format!("@refersTo is only supported on SQL models. {name} is not a SQL model.");
                self.report.other(SchemaErrorKind::Failure, name_span(&object.name), message);
            }
            "searchable" if !is_model(&object.directives) => {
                let message = "Types annotated with @searchable must also be annotated with @model.";
                self.report.directive(name_span(&object.name), message);
            }
            "auth" => {
                let Some(auth) = self.auths.of(&object.directives) else {
                    return;
                };
                if !is_model(&object.directives) {
                    let message = "Types annotated with @auth must also be annotated with @model.";
                    self.report.contract(auth.span.clone(), message);
                    return;
                }
                check_auth(auth, Place::Model, name, name, self.project, self.report);
                self.last_rules = auth.clone();
                if !self.auths.are_too_many(object) {
                    let mut matrix = matrix(object);
                    matrix.add_model_rules(auth, false, self.project, self.report);
                    self.matrices.push(matrix);
                }
            }
            _ => {}
        }
    }

    /// The reference looks for the name of the type itself, and a list has none.
    fn check_id(&mut self, object: &ObjectTypeDefinition) {
        if let Some(id) = field(object, "id").filter(|id| id.ty.is_list() && self.is_graphql) {
            let message = "`id` cannot be a list";
            self.report.crash(name_span(&id.name), message, NO_NAME);
        }
    }

    fn field(
        &mut self,
        transformer: &str,
        object: &'a Node<ObjectTypeDefinition>,
        field: &'a Node<FieldDefinition>,
    ) {
        let (types, project) = (self.types, self.project);
        for directive in field.directives.get_all(transformer) {
            match transformer {
                "auth" => self.field_auth(object, field),
                _ if !self.is_graphql => {}
                "primaryKey" => {
                    Keyed { types, object, field, directive, project }.check_primary_key(self.report);
                }
                "function" => check_function(types, &object.name, field, directive, self.report),
                "default" => default_checks::check(types, object, field, directive, project, self.report),
                "validate" => check_validate(object, field, directive, self.report),
                "http" | "predictions" => {
                    check_others(transformer, directive, self.report);
                }
                "index" => Keyed { types, object, field, directive, project }.check_index(self.report),
                _ => {
                    let Some(kind) = RelationKind::ALL.into_iter().find(|kind| kind.name() == transformer)
                    else {
                        continue;
                    };
                    let related = Related { types, object, field, directive, kind, project };
                    if !project.sql && related.check(self.report) && kind == RelationKind::ManyToMany {
                        self.many_to_many.add(related, self.report);
                    }
                }
            }
        }
    }

    fn field_auth(&mut self, object: &'a Node<ObjectTypeDefinition>, field: &'a Node<FieldDefinition>) {
        let Some(auth) = self.auths.of(&field.directives) else {
            return;
        };
        let name = object.name.as_str();
        let place = match (is_model(&object.directives), self.types.is_root(name)) {
            (_, true) => Place::Root,
            (true, false) => Place::ModelField,
            (false, false) => Place::ObjectField,
        };
        check_auth(auth, place, name, &field.name, self.project, self.report);
        if place != Place::ModelField || self.auths.are_too_many(object) {
            return;
        }
        if self.matrices.last().is_none_or(|last| last.model() != name) {
            self.matrices.push(matrix(object));
        }
        if let Some(matrix) = self.matrices.last_mut() {
            matrix.add_field_rules(&field.name, auth, self.project);
        }
    }

    /// What can be said once every type has been seen.
    fn finish(mut self) -> Vec<String> {
        if !self.is_graphql || !self.report.is_accepted() {
            return Vec::new();
        }
        self.many_to_many.check(self.report);
        let joins: Vec<_> =
            self.many_to_many.pairs().map(|(name, one, two)| (name.to_owned(), one, two)).collect();
        if !self.report.is_accepted() {
            return Vec::new();
        }
        self.many_to_many.check_joins(self.report);
        self.outputs.check_operations(&self.many_to_many.join_places(), self.report);
        if !self.project.sql {
            for kind in RelationKind::ALL {
                self.check_lookups(kind);
            }
        }
        let mut warnings = Vec::new();
        for matrix in &self.matrices {
            let object = self.types.object(matrix.model());
            let names: Vec<&str> =
                object.iter().flat_map(|object| fields(object)).map(|field| field.name.as_str()).collect();
            warnings.extend(warnings::owner_field_case(matrix, &names));
        }
        for matrix in &self.matrices {
            required_fields::check(matrix, self.types, self.auths, self.report);
        }
        if !self.project.sql && self.report.is_accepted() {
            self.outputs.check_resources(self.report);
        }
        if !self.report.is_accepted() {
            return Vec::new();
        }
        let mut join_matrices = Vec::new();
        for (name, one, two) in &joins {
            let rules = [one, two].into_iter().filter_map(|object| self.auths.of(&object.directives));
            let rules: Vec<_> = rules.flat_map(|auth| auth.rules.iter().cloned()).collect();
            if !rules.is_empty() {
                let auth = AuthRules { rules, ..AuthRules::default() };
                let mut matrix = AccessMatrix::new(name, std::iter::once("id"));
                matrix.add_model_rules(&auth, true, self.project, self.report);
                join_matrices.push(matrix);
                self.last_rules = auth;
            }
        }
        warnings.extend(warnings::default_claim(&self.last_rules, self.project));
        let all: Vec<&AccessMatrix<'_>> = self.matrices.iter().chain(&join_matrices).collect();
        warnings.extend(warnings::reassignment(&all));
        warnings.extend(warnings::deprecated_iam(&self.last_rules));
        warnings
    }

    fn check_lookups(&mut self, kind: RelationKind) {
        let (types, project) = (self.types, self.project);
        for object in &types.objects {
            for field in &object.fields {
                for directive in field.directives.get_all(kind.name()) {
                    if kind != RelationKind::ManyToMany {
                        let related = Related { types, object, field, directive, kind, project };
                        related.check_lookup(self.report);
                    }
                }
            }
        }
    }
}

/// Whether a type has more fields, or directives on them, than can be looked at.
pub(crate) fn is_too_long(object: &ObjectTypeDefinition) -> bool {
    let directives: usize = object.fields.iter().map(|field| field.directives.len()).sum();
    object.fields.len() > MAX_FIELDS || directives > MAX_DIRECTIVES
}

fn matrix(object: &Node<ObjectTypeDefinition>) -> AccessMatrix<'_> {
    AccessMatrix::new(&object.name, fields(object).map(|field| field.name.as_str()))
}
