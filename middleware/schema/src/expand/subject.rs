//! The models that an API is made for.

use std::collections::HashMap;

use apollo_compiler::{Node, ast::ObjectTypeDefinition};

use crate::{
    Index, PrimaryKey, Project,
    api_names::{ApiNames, Timestamps, tells_changes},
    auths::Auths,
    links::Links,
    transform::is_too_long,
    types::{Types, field, is_model},
};

/// A model, and what its directives say.
#[derive(Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) object: &'a Node<ObjectTypeDefinition>,
    pub(crate) api: ApiNames,
    pub(crate) timestamps: Timestamps,
    pub(crate) key: PrimaryKey,
    pub(crate) indexes: Vec<Index>,
    /// Whether rules restrict what subscriptions tell.
    pub(crate) guards_events: bool,
}

/// All models, those of pairs last.
#[derive(Debug)]
pub(crate) struct Subjects<'a> {
    all: Vec<Subject<'a>>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Subjects<'a> {
    /// The models, and the names of those that are too long to be looked at.
    pub(crate) fn new(
        types: &Types<'a>,
        links: &'a Links,
        auths: &Auths,
        project: &Project,
    ) -> (Self, Vec<String>) {
        let declared = types.objects.iter().copied().filter(|object| is_model(&object.directives));
        let (long, declared): (Vec<_>, Vec<_>) =
            declared.partition(|object| is_too_long(object) || auths.are_too_many(object));
        let is_long = |name: &str| long.iter().any(|object| object.name == *name);
        let joins = links.joins.iter().filter(|join| !join.sides.iter().any(|side| is_long(&side.model)));
        let joins = joins.map(|join| &join.object);
        let all: Vec<_> =
            declared.into_iter().chain(joins).map(|object| Subject::new(object, project)).collect();
        let places = all.iter().enumerate().map(|(place, subject)| (subject.name(), place)).collect();
        (Self { all, places }, long.iter().map(|object| object.name.to_string()).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Subject<'a>> {
        self.all.iter()
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Subject<'a>> {
        self.all.get(*self.places.get(name)?)
    }

    /// Whether a model has this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }
}

impl<'a> Subject<'a> {
    fn new(object: &'a Node<ObjectTypeDefinition>, project: &Project) -> Self {
        Self {
            object,
            api: ApiNames::read(object),
            timestamps: Timestamps::read(object),
            key: PrimaryKey::of(object),
            indexes: Index::all_of(object, project),
            guards_events: tells_changes(object),
        }
    }

    pub(crate) fn name(&self) -> &'a str {
        self.object.name.as_str()
    }

    /// Whether the schema declares a field of this name.
    pub(crate) fn declares(&self, name: &str) -> bool {
        field(self.object, name).is_some()
    }

    /// The name of the type of a declared field.
    pub(crate) fn type_of(&self, name: &str) -> Option<&'a str> {
        field(self.object, name).map(|field| field.ty.inner_named_type().as_str())
    }
}
