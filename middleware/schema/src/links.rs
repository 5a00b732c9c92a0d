//! The relations of a document resolved: connections, and the columns and indexes that they imply.
//!
//! Names and types of what is implied are the reference's, for the same records are read by both.

use std::collections::HashMap;

use apollo_compiler::{
    Node,
    ast::{FieldDefinition, ObjectTypeDefinition},
};

use crate::{
    Connection, Index, PrimaryKey, Project, Relation, RelationKind, Through,
    arguments::{text_of, texts_of},
    join::Join,
    types::{Types, field, fields, is_model},
};

/// A field that a relation adds to the model that holds the key of the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignKey {
    pub(crate) name: String,
    /// The name of its type, a scalar or an enum.
    pub(crate) type_name: String,
    pub(crate) required: bool,
}

/// What relations make of each model.
#[derive(Debug, Default)]
pub(crate) struct Links {
    models: HashMap<String, Linked>,
    pub(crate) joins: Vec<Join>,
    /// The columns that a relation needs and nobody may have declared, by its model and field.
    columns: HashMap<(String, String), Columns>,
}

/// The columns that hold the key of a relation without `fields`.
#[derive(Debug)]
pub(crate) struct Columns {
    /// The model that has them.
    pub(crate) holder: String,
    pub(crate) keys: Vec<ForeignKey>,
}

/// What relations make of one model.
#[derive(Debug, Default)]
pub(crate) struct Linked {
    /// In the order of the fields.
    pub(crate) connections: Vec<Connection>,
    /// In the order in which the reference adds them; none is declared.
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// Those that no directive names.
    pub(crate) indexes: Vec<Index>,
}

/// A relation that is being resolved.
struct Resolving<'a> {
    types: &'a Types<'a>,
    project: &'a Project,
    object: &'a Node<ObjectTypeDefinition>,
    related: &'a Node<ObjectTypeDefinition>,
    relation: Relation,
}

/// A relation resolved, with what it implies and for which model.
struct Resolved<'a> {
    connection: Connection,
    foreign_keys: Option<(&'a str, Vec<ForeignKey>)>,
    index: Option<(&'a str, Index)>,
}

impl Links {
    /// Resolves every relation between models. Those that contradict themselves, which is told of elsewhere, are left
    /// out or half read.
    pub(crate) fn new(types: &Types<'_>, project: &Project) -> Self {
        let mut links = Self::default();
        if project.sql {
            return links;
        }
        let models = || types.objects.iter().copied().filter(|object| is_model(&object.directives));
        let mut relations = Vec::new();
        for object in models() {
            for relation in fields(object).filter_map(Relation::of) {
                relations.push((object, relation));
            }
        }
        let joins = Join::all_of(&relations, types, project);
        for join in &joins {
            relations.extend(fields(&join.object).filter_map(Relation::of).map(|it| (&join.object, it)));
        }
        // The order of the transformers: the first to need a column makes it.
        for kind in
            [RelationKind::HasMany, RelationKind::HasOne, RelationKind::ManyToMany, RelationKind::BelongsTo]
        {
            for (object, relation) in relations.iter().filter(|(_, relation)| relation.kind == kind) {
                if let Some(related) = types.object(&relation.model).filter(|it| is_model(&it.directives)) {
                    let relation = relation.clone();
                    let resolving = Resolving { types, project, object, related, relation };
                    if let Some(resolved) = resolving.resolve(&joins) {
                        links.add(object, resolved, types);
                    }
                }
            }
        }
        for object in models() {
            if let Some(linked) = links.models.get_mut(object.name.as_str()) {
                let places: HashMap<&str, usize> =
                    fields(object).enumerate().map(|(place, field)| (field.name.as_str(), place)).collect();
                linked.connections.sort_by_key(|connection| places.get(connection.field.as_str()).copied());
            }
        }
        links.joins = joins;
        links
    }

    /// What relations make of a model.
    pub(crate) fn of(&self, model: &str) -> Option<&Linked> {
        self.models.get(model)
    }

    /// The columns that the relation of a field needs.
    pub(crate) fn columns(&self, model: &str, field: &str) -> Option<&Columns> {
        self.columns.get(&(model.to_owned(), field.to_owned()))
    }

    fn add(&mut self, object: &ObjectTypeDefinition, resolved: Resolved<'_>, types: &Types<'_>) {
        let Resolved { connection, foreign_keys, index } = resolved;
        let place = (object.name.to_string(), connection.field.clone());
        self.models.entry(object.name.to_string()).or_default().connections.push(connection);
        if let Some((holder, keys)) = foreign_keys {
            self.columns.insert(place, Columns { holder: holder.to_owned(), keys: keys.clone() });
            let declared =
                |key: &ForeignKey| types.object(holder).is_some_and(|it| field(it, &key.name).is_some());
            let known = &mut self.models.entry(holder.to_owned()).or_default().foreign_keys;
            for key in keys {
                if !declared(&key) && !known.iter().any(|known| known.name == key.name) {
                    known.push(key);
                }
            }
        }
        if let Some((holder, index)) = index {
            let known = &mut self.models.entry(holder.to_owned()).or_default().indexes;
            if !known.iter().any(|known| known.name == index.name) {
                known.push(index);
            }
        }
    }
}

impl<'a> Resolving<'a> {
    fn resolve(&self, joins: &[Join]) -> Option<Resolved<'a>> {
        let relation = &self.relation;
        let of_related = PrimaryKey::of(self.related);
        let only = |pairs, through| Some(self.resolved(pairs, through));
        match relation.kind {
            RelationKind::ManyToMany => {
                let (through, here) = Join::through(joins, &self.object.name, relation)?;
                only(here, through)
            }
            RelationKind::BelongsTo if !relation.references.is_empty() => {
                only(pairs(&relation.references, of_related.fields()), Through::Key)
            }
            _ if !relation.references.is_empty() => Some(self.by_references()),
            RelationKind::HasMany => Some(self.has_many()),
            RelationKind::HasOne | RelationKind::BelongsTo if !relation.fields.is_empty() => {
                only(pairs(&relation.fields, of_related.fields()), Through::Key)
            }
            RelationKind::HasOne => Some(self.holds_the_key()),
            RelationKind::BelongsTo => {
                let (other, kind) = self.other_side()?;
                if kind == RelationKind::HasOne {
                    return Some(self.holds_the_key());
                }
                let names = self.names(self.related, &other.name, &of_related);
                only(pairs(&names, of_related.fields()), Through::Key)
            }
        }
    }

    fn resolved(&self, pairs: Vec<(String, String)>, through: Through) -> Resolved<'a> {
        let Relation { field, kind, model, required, .. } = self.relation.clone();
        let many = matches!(kind, RelationKind::HasMany | RelationKind::ManyToMany);
        let connection = Connection { field, kind, model, many, required, pairs, through };
        Resolved { connection, foreign_keys: None, index: None }
    }

    /// `references`: fields of the related model hold the key of this one.
    fn by_references(&self) -> Resolved<'a> {
        let references = &self.relation.references;
        let key = PrimaryKey::of(self.object);
        let name = reference_index(self.object, self.related, &self.relation);
        let index = implied_index(&name, references);
        Resolved {
            index: index.map(|index| (self.related.name.as_str(), index)),
            ..self.resolved(pairs(&key.owned(), references.iter().map(String::as_str)), Through::Index(name))
        }
    }

    fn has_many(&self) -> Resolved<'a> {
        let relation = &self.relation;
        let of_related = PrimaryKey::of(self.related);
        let key = PrimaryKey::of(self.object);
        let own = if relation.fields.is_empty() { key.owned() } else { relation.fields.clone() };
        let foreign_keys = || {
            let names = self.names(self.object, &relation.field, &key);
            (self.related.name.as_str(), self.foreign_keys(&names, self.object, &key))
        };
        if let Some(name) = &relation.index_name {
            let indexes = Index::all_of(self.related, self.project);
            let index = indexes.into_iter().find(|index| index.name == *name);
            let fields: Vec<String> = index.iter().flat_map(Index::fields).map(str::to_owned).collect();
            let found = pairs(&own, fields.iter().map(String::as_str));
            // The columns are made even where nothing looks at them.
            return Resolved {
                foreign_keys: relation.fields.is_empty().then(foreign_keys),
                ..self.resolved(found, Through::Index(name.clone()))
            };
        }
        if !relation.fields.is_empty() {
            return self.resolved(pairs(&own, of_related.fields()), Through::Key);
        }
        let mut names = self.names(self.object, &relation.field, &key);
        if !self.project.connections_follow_keys {
            // The index of older projects has no sort key.
            names.truncate(1);
        }
        let name = self.index_name();
        Resolved {
            index: implied_index(&name, &names).map(|index| (self.related.name.as_str(), index)),
            foreign_keys: Some(foreign_keys()),
            ..self.resolved(pairs(&own, names.iter().map(String::as_str)), Through::Index(name))
        }
    }

    /// This model holds the key of the related one.
    fn holds_the_key(&self) -> Resolved<'a> {
        let key = PrimaryKey::of(self.related);
        let names = self.names(self.object, &self.relation.field, &key);
        Resolved {
            foreign_keys: Some((self.object.name.as_str(), self.foreign_keys(&names, self.related, &key))),
            ..self.resolved(pairs(&names, key.fields()), Through::Key)
        }
    }

    /// The field of the related model that a `@belongsTo` answers: the first that could be it.
    fn other_side(&self) -> Option<(&'a Node<FieldDefinition>, RelationKind)> {
        self.related.fields.iter().filter(|field| *field.ty.inner_named_type() == self.object.name).find_map(
            |field| {
                let kind = field.directives.iter().find_map(|directive| match directive.name.as_str() {
                    "hasOne" => Some(RelationKind::HasOne),
                    "hasMany" => Some(RelationKind::HasMany),
                    _ => None,
                })?;
                Some((field, kind))
            },
        )
    }

    fn index_name(&self) -> String {
        index_name(self.object, &self.relation)
    }

    /// The names of the columns that hold this key for the field `named` of the type `of`.
    fn names(&self, of: &ObjectTypeDefinition, named: &str, key: &PrimaryKey) -> Vec<String> {
        let suffix = if self.project.connections_follow_keys { key.field.as_str() } else { "id" };
        let all = std::iter::once(suffix).chain(key.sort_fields.iter().map(String::as_str));
        all.map(|field| camel_case(&[&of.name, named, field])).collect()
    }

    fn foreign_keys(&self, names: &[String], of: &ObjectTypeDefinition, key: &PrimaryKey) -> Vec<ForeignKey> {
        let with_types = names.iter().zip(key.fields()).enumerate();
        let make = |(place, (name, field)): (usize, (&String, &str))| {
            let keeps_type = place > 0 || self.project.connections_follow_keys;
            let type_name = if keeps_type { self.types.name_of_type(of, field) } else { "ID".to_owned() };
            ForeignKey { name: name.clone(), type_name, required: self.relation.required }
        };
        with_types.map(make).collect()
    }
}

fn index_name(object: &ObjectTypeDefinition, relation: &Relation) -> String {
    format!("gsi-{}.{}", object.name, relation.field)
}

/// The name of the index by which the records of a relation by references are found.
pub(crate) fn reference_index(
    object: &ObjectTypeDefinition,
    related: &ObjectTypeDefinition,
    relation: &Relation,
) -> String {
    let belongs = related.fields.iter().find_map(|field| {
        let directive = field.directives.get("belongsTo")?;
        let named = texts_of(directive, "references").unwrap_or_default();
        let same = named.iter().map(|text| &text.value).eq(&relation.references);
        (same && *field.ty.inner_named_type() == object.name).then_some(directive)
    });
    let named = belongs.and_then(|directive| text_of(directive, "overrideIndexName")).map(|name| name.value);
    named.filter(|name| !name.is_empty()).unwrap_or_else(|| index_name(object, relation))
}

/// An index that no directive names.
fn implied_index(name: &str, fields: &[String]) -> Option<Index> {
    let (field, sort_fields) = fields.split_first()?;
    Some(Index {
        name: name.to_owned(),
        field: field.clone(),
        sort_fields: sort_fields.to_vec(),
        query_field: None,
        implied: true,
    })
}

fn pairs<'f>(own: &[String], other: impl Iterator<Item = &'f str>) -> Vec<(String, String)> {
    own.iter().cloned().zip(other.map(str::to_owned)).collect()
}

/// `blogPostsId` of `Blog`, `posts` and `id`.
pub(crate) fn camel_case(words: &[&str]) -> String {
    let mut all = String::new();
    for word in words {
        let mut letters = word.chars();
        let first = letters.next();
        let is_first = all.is_empty();
        let change = |letter: char| {
            if is_first { letter.to_ascii_lowercase() } else { letter.to_ascii_uppercase() }
        };
        all.extend(first.map(change).into_iter().chain(letters));
    }
    all
}
