//! What the reference finds only when it puts its API together: fields that are there already, keys that DynamoDB cannot
//! sort, owners that no field can hold. In its words and in the order in which it comes to them.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    Name, Node,
    ast::{Definition, Directive, Document, FieldDefinition, ObjectTypeDefinition},
};

use crate::{
    Index, Project, Relation, RelationKind, SchemaErrorKind,
    api_names::{ApiNames, Timestamps, bare_subscription, has_nameless_subscription, tells_changes},
    arguments::{Spanned, texts_of, value_of},
    auth_rule::AuthRule,
    auth_words::Allow,
    auths::Auths,
    directives::RELATIONS,
    links::reference_index,
    plural::with_first,
    report::{Report, shortened},
    source::Span,
    syntax::{directive_span, name_span},
    types::{Types, field, fields, is_model},
};

/// Checks of a document whose types have been seen one by one.
pub(crate) struct OutputChecks<'a> {
    pub(crate) document: &'a Document,
    pub(crate) types: &'a Types<'a>,
    pub(crate) auths: &'a Auths,
    pub(crate) project: &'a Project,
}

impl<'a> OutputChecks<'a> {
    /// The fields that models and their indexes add to `Query`, `Mutation` and `Subscription`, and the conditions of
    /// their sort keys.
    ///
    /// `joins` are the models that hold the pairs of a `@manyToMany`, each with the place of its directive.
    pub(crate) fn check_operations(&self, joins: &[(String, Span)], report: &mut Report<'_>) {
        let mut known = self.declared_operations();
        let mut add = |of: &'static str, names: &[&str], span: Span, report: &mut Report<'_>| {
            let known = known.entry(of).or_default();
            for name in names {
                if known.contains(*name) {
                    let name = shortened(name);
                    let message = format!("Object type extension '{of}' cannot redeclare field {name}");
                    report.other(SchemaErrorKind::Failure, span.clone(), message);
                }
            }
            known.extend(names.iter().map(|name| (*name).to_owned()));
        };
        let declared = self.models().map(|object| (ApiNames::read(object), name_span(&object.name)));
        let joined = joins.iter().map(|(name, span)| (ApiNames::of_join(name), span.clone()));
        for (names, span) in declared.chain(joined) {
            let one = |names: [&'_ Option<String>; 3]| -> Vec<String> {
                names.into_iter().flatten().cloned().collect()
            };
            let queries = one([&names.get, &names.list, &None]);
            let mutations = one([&names.create, &names.update, &names.delete]);
            let subscriptions = [names.on_create, names.on_update, names.on_delete].concat();
            for (of, names) in [("Query", queries), ("Mutation", mutations), ("Subscription", subscriptions)]
            {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                add(of, &names, span.clone(), report);
            }
        }
        for (object, _, directive) in self.keys("primaryKey") {
            self.check_condition(object, directive, report);
        }
        for (object, field, directive) in self.keys("index") {
            if let Some(name) = Index::read(object, field, directive, self.project).query_field {
                self.check_condition(object, directive, report);
                add("Query", &[name.as_str()], directive_span(directive), report);
            }
        }
    }

    /// Tables, resolvers, and the text of the API.
    pub(crate) fn check_resources(&self, report: &mut Report<'_>) {
        for object in self.models() {
            self.check_model(object, report);
        }
        for name in ["primaryKey", "index"] {
            for (object, key, directive) in self.keys(name) {
                let sort = texts_of(directive, "sortKeyFields").unwrap_or_default();
                let sort = sort.iter().filter_map(|name| field(object, &name.value));
                if sort.chain([key]).any(|field| field.ty.inner_named_type() == "Boolean") {
                    let message = "Boolean values cannot be used as sort keys.";
                    report.other(SchemaErrorKind::Failure, directive_span(directive), message);
                }
            }
        }
        self.check_projections(report);
        self.check_reference_indexes(report);
        for object in self.models() {
            for field in fields(object) {
                let mut relations =
                    field.directives.iter().filter(|it| RELATIONS.contains(&it.name.as_str()));
                if let (Some(_), Some(second)) = (relations.next(), relations.next()) {
                    let place =
                        format!("typeName {} fieldName: {}", shortened(&object.name), shortened(&field.name));
                    let message = format!("A resolver for {place} already exists");
                    report.other(SchemaErrorKind::Failure, directive_span(second), message);
                }
            }
        }
        self.check_sql(report);
        self.check_names(report);
        for object in self.models() {
            self.check_owners(object, report);
        }
    }

    /// The names that directives give to the fields of the API are names.
    fn check_names(&self, report: &mut Report<'_>) {
        let mut check = |name: &str, span: Span| {
            if !Name::is_valid_syntax(name) {
                let message = format!("`{}` cannot be the name of a field", shortened(name));
                report.other(SchemaErrorKind::Syntax, span, message);
            }
        };
        for object in self.models() {
            let names = ApiNames::read(object);
            let all = [names.get, names.list, names.create, names.update, names.delete].into_iter().flatten();
            let subscriptions = [names.on_create, names.on_update, names.on_delete].concat();
            let timestamps = Timestamps::read(object);
            let timestamps = timestamps.names().map(str::to_owned);
            for name in all.chain(subscriptions).chain(timestamps) {
                check(&name, name_span(&object.name));
            }
        }
        for (object, field, directive) in self.keys("index") {
            if let Some(name) = Index::read(object, field, directive, self.project).query_field {
                check(&name, directive_span(directive));
            }
        }
    }

    /// An index that holds some fields says which.
    fn check_projections(&self, report: &mut Report<'_>) {
        for (object, field, directive) in self.keys("index") {
            let Some(projection) = value_of(directive, "projection").and_then(|value| value.as_object())
            else {
                continue;
            };
            let member =
                |name: &str| projection.iter().find(|(known, _)| *known == *name).map(|(_, value)| value);
            let includes =
                member("type").and_then(|kind| kind.as_enum()).is_some_and(|kind| *kind == "INCLUDE");
            let is_said = member("nonKeyAttributes").is_some_and(|names| {
                !names.is_null() && names.as_list().is_none_or(|names| !names.is_empty())
            });
            if includes && !is_said {
                let name = shortened(&Index::read(object, field, directive, self.project).name);
                let message = format!(
                    "@index '{name}': nonKeyAttributes must be specified when projection type is INCLUDE"
                );
                report.other(SchemaErrorKind::Failure, directive_span(directive), message);
            }
        }
    }

    /// The indexes that relations by references add are called as no other.
    fn check_reference_indexes(&self, report: &mut Report<'_>) {
        let mut known: HashMap<&str, HashSet<String>> = HashMap::new();
        for object in self.models() {
            let names = Index::all_of(object, self.project).into_iter().map(|index| index.name);
            known.insert(&object.name, names.collect());
        }
        for kind in [RelationKind::HasMany, RelationKind::HasOne] {
            for object in self.models() {
                for field in fields(object) {
                    let Some(relation) = Relation::of(field)
                        .filter(|relation| relation.kind == kind && !relation.references.is_empty())
                    else {
                        continue;
                    };
                    let Some(related) = self.types.object(&relation.model) else {
                        continue;
                    };
                    let name = reference_index(object, related, &relation);
                    if !known.entry(&related.name).or_default().insert(name.clone()) {
                        let (name, related) = (shortened(&name), shortened(&related.name));
                        let message = format!(
                            "Global secondary index {name} defined on {related} conflicts with the naming convention \
                             used to create implicit GSIs for querying relationships. Please rename your @index"
                        );
                        report.directive(name_span(&field.name), message);
                    }
                }
            }
        }
    }

    /// The operations of a model have names of their own.
    fn check_model(&self, object: &ObjectTypeDefinition, report: &mut Report<'_>) {
        let span = name_span(&object.name);
        let names = ApiNames::read(object);
        if has_nameless_subscription(object) {
            report.directive(span.clone(), "fieldName is required");
        }
        let subscriptions = [names.on_create, names.on_update, names.on_delete].concat();
        let queries: Vec<String> = [names.get, names.list].into_iter().flatten().collect();
        let mutations = [names.create, names.update, names.delete].into_iter().flatten().collect();
        for (of, names) in [("Query", queries), ("Mutation", mutations), ("Subscription", subscriptions)] {
            let mut seen = HashSet::new();
            if let Some(twice) = names.iter().find(|name| !name.is_empty() && !seen.insert(name.as_str())) {
                let name = shortened(twice);
                let message = format!("A resolver for typeName {of} fieldName: {name} already exists");
                report.other(SchemaErrorKind::Failure, span.clone(), message);
            }
        }
        let is_guarded = self.auths.of(&object.directives).is_some()
            || object.fields.iter().any(|field| self.auths.of(&field.directives).is_some());
        if let Some(key) = bare_subscription(object).filter(|_| is_guarded && tells_changes(object)) {
            let message = format!("the names of `{key}` must stand in brackets");
            report.crash(span, message, &format!("subscriptions.{key}.forEach is not a function"));
        }
    }

    /// Statements for a SQL database that there is not.
    fn check_sql(&self, report: &mut Report<'_>) {
        for object in &self.types.objects {
            for field in &object.fields {
                for directive in field.directives.get_all("sql") {
                    let place = format!("{}.{}", shortened(&object.name), shortened(&field.name));
                    let message = format!("Could not find custom SQL strategy for {place}");
                    report.other(SchemaErrorKind::Failure, directive_span(directive), message);
                }
            }
        }
    }

    /// The fields that rules add to a type for the owner.
    fn check_owners(&self, object: &ObjectTypeDefinition, report: &mut Report<'_>) {
        let own = fields(object).filter_map(|field| self.auths.of(&field.directives));
        let all = self.auths.of(&object.directives).into_iter().chain(own);
        let owners: Vec<&AuthRule> =
            all.flat_map(|auth| &auth.rules).filter(|rule| rule.allow.value == Allow::Owner).collect();
        for rule in &owners {
            let name = rule.owner_field();
            if field(object, name).is_none() && !Name::is_valid_syntax(name) {
                let message = format!("`{}` cannot be the name of a field", shortened(name));
                report.other(SchemaErrorKind::Syntax, rule.field_span(), message);
            }
        }
        // The first letter of a field's name is a capital in the names of its resources.
        let mut seen: HashMap<String, &str> = HashMap::new();
        for rule in &owners {
            let name = rule.owner_field();
            if rule.identity_claim(self.project).contains("::") {
                let resource = with_first(name, char::to_ascii_uppercase);
                let first = *seen.entry(resource.clone()).or_insert(name);
                if first != name {
                    let model = shortened(&object.name);
                    let resource = shortened(&resource);
                    let message = format!(
                        "There is already a Construct with name '{model}{resource}DataResolverFn' in \
                         TransformerNestedStack [{model}]"
                    );
                    report.other(SchemaErrorKind::Failure, rule.field_span(), message);
                }
            }
        }
    }

    /// A single sort key can be compared with.
    fn check_condition(
        &self,
        object: &ObjectTypeDefinition,
        directive: &Node<Directive>,
        report: &mut Report<'_>,
    ) {
        let sort = texts_of(directive, "sortKeyFields").unwrap_or_default();
        let [Spanned { value: name, span }] = sort.as_slice() else {
            return;
        };
        if field(object, name).is_some_and(|field| field.ty.inner_named_type() == "Boolean") {
            let name = shortened(name);
            let message = format!("Sort Key Condition could not be constructed for field '{name}'");
            report.directive(span.clone(), message);
        }
    }

    fn declared_operations(&self) -> HashMap<&'static str, HashSet<String>> {
        let mut known: HashMap<&'static str, HashSet<String>> = HashMap::new();
        for definition in &self.document.definitions {
            let (name, fields) = match definition {
                Definition::ObjectTypeDefinition(object) => (&object.name, &object.fields),
                Definition::ObjectTypeExtension(object) => (&object.name, &object.fields),
                _ => continue,
            };
            for of in ["Query", "Mutation", "Subscription"] {
                if *name == of {
                    let names = fields.iter().map(|field| field.name.to_string());
                    known.entry(of).or_default().extend(names);
                }
            }
        }
        known
    }

    fn models(&self) -> impl Iterator<Item = &'a Node<ObjectTypeDefinition>> {
        self.types.objects.iter().copied().filter(|object| is_model(&object.directives))
    }

    fn keys(
        &self,
        name: &'static str,
    ) -> impl Iterator<Item = (&'a ObjectTypeDefinition, &'a Node<FieldDefinition>, &'a Node<Directive>)>
    {
        self.models().flat_map(move |object| {
            let of_field = move |field: &'a Node<FieldDefinition>| {
                field.directives.get_all(name).map(move |directive| (&**object, field, directive))
            };
            fields(object).flat_map(of_field)
        })
    }
}
