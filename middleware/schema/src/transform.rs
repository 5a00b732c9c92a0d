//! The reference's checks of a schema that is right by GraphQL's rules, in the reference's order: one transformer after
//! the other over all types, then what can be said of the whole.

use std::collections::HashSet;

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
    key_checks::Keyed,
    many_to_many::ManyToMany,
    prelude,
    relation_checks::Related,
    report::{Report, shortened},
    required_fields,
    syntax::{directive_span, name_span},
    types::{ROOTS, Types, fields, is_model},
    warnings,
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
/// Those that work on the fields of a type that is extended.
const ON_EXTENSIONS: [&str; 3] = ["auth", "function", "http"];
/// A relation looks through the fields of its types; with more fields it would look too long.
const MAX_FIELDS: usize = 1000;
/// Directives on the fields of one type.
const MAX_DIRECTIVES: usize = 2000;

/// Checks a document and tells what the reference would warn of.
pub(crate) fn check(
    document: &Document,
    types: &Types<'_>,
    auths: &Auths,
    project: &Project,
    report: &mut Report<'_>,
) -> Vec<String> {
    let mut transform = Transform {
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
    transform.refuse_unknown(document);
    for name in CHAIN {
        for definition in &document.definitions {
            transform.visit(name, definition);
        }
    }
    transform.finish()
}

struct Transform<'a, 'r, 's> {
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
        let directives: usize = object.fields.iter().map(|field| field.directives.len()).sum();
        if object.fields.len() > MAX_FIELDS || directives > MAX_DIRECTIVES {
            let message = format!("`{name}` has more fields, or directives on them, than can be looked at");
            self.report.refused(name_span(&object.name), message);
            self.is_graphql = false;
        }
        if self.auths.are_too_many(object) {
            let message = format!("the rules of `{name}` make more roles than can be looked at");
            self.report.refused(name_span(&object.name), message);
        }
    }

    /// Directives that the schema defines itself mean nothing to the reference.
    fn refuse_unknown(&mut self, document: &Document) {
        let defined = |name: &str| {
            let is_named = |definition: &Definition| {
                definition.as_directive_definition().is_some_and(|known| known.name == *name)
            };
            prelude::document().definitions.iter().any(is_named)
        };
        let own: HashSet<&str> = document
            .definitions
            .iter()
            .filter_map(|definition| definition.as_directive_definition())
            .map(|definition| definition.name.as_str())
            .filter(|name| !defined(name))
            .collect();
        if own.is_empty() {
            return;
        }
        let mut unknown = Vec::new();
        for definition in &document.definitions {
            let fields = fields_of(definition);
            let on_fields = fields.iter().flat_map(|field| {
                let arguments = field.arguments.iter().map(|argument| &argument.directives);
                std::iter::once(&field.directives).chain(arguments)
            });
            let all = std::iter::once(definition.directives()).chain(on_fields);
            unknown.extend(
                all.flat_map(|list| list.iter()).filter(|directive| own.contains(directive.name.as_str())),
            );
        }
        for directive in unknown {
            let message = format!(
                "Unknown directive '{}'. Either remove the directive from the schema or add a transformer to handle it.",
                shortened(&directive.name)
            );
            self.report.other(SchemaErrorKind::UnknownDirective, directive_span(directive), message);
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
            }
        }
    }

    fn object(&mut self, transformer: &str, object: &'a Node<ObjectTypeDefinition>) {
        let name = object.name.as_str();
        match transformer {
            "model" => {
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

fn matrix(object: &Node<ObjectTypeDefinition>) -> AccessMatrix<'_> {
    AccessMatrix::new(&object.name, fields(object).map(|field| field.name.as_str()))
}

fn fields_of(definition: &Definition) -> &[Node<FieldDefinition>] {
    match definition {
        Definition::ObjectTypeDefinition(object) => &object.fields,
        Definition::ObjectTypeExtension(object) => &object.fields,
        Definition::InterfaceTypeDefinition(interface) => &interface.fields,
        Definition::InterfaceTypeExtension(interface) => &interface.fields,
        _ => &[],
    }
}
