//! The join model of a `@manyToMany`: a record for each pair.

use std::{collections::HashMap, fmt::Write as _};

use apollo_compiler::{
    Node,
    ast::{Definition, ObjectTypeDefinition},
    parser::Parser,
};

use crate::{
    PrimaryKey, Project, Relation, RelationKind, Through,
    many_to_many::type_name,
    plural::with_first,
    types::{Types, is_model},
};

/// The join model of two sides.
#[derive(Debug)]
pub(crate) struct Join {
    /// The definition that the reference would make.
    pub(crate) object: Node<ObjectTypeDefinition>,
    /// In the order of the file.
    pub(crate) sides: [Side; 2],
}

/// A model with a `@manyToMany`, and what the join model holds for it.
#[derive(Clone, Debug)]
pub(crate) struct Side {
    pub(crate) model: String,
    /// The field with the directive.
    pub(crate) field: String,
    /// The field of the join model that stands for the record.
    name: String,
    index: String,
    /// The fields of the key, their types, and the fields of the join model that hold it.
    key: Vec<(String, String, String)>,
}

impl Join {
    /// The join models of a document.
    pub(crate) fn all_of(
        relations: &[(&Node<ObjectTypeDefinition>, Relation)],
        types: &Types<'_>,
        project: &Project,
    ) -> Vec<Self> {
        let mut sides: HashMap<String, Vec<Side>> = HashMap::new();
        let mut names = Vec::new();
        for (object, relation) in relations.iter().filter(|(_, it)| it.kind == RelationKind::ManyToMany) {
            let Some(name) = relation.relation_name.as_deref().map(type_name) else {
                continue;
            };
            let related = types.object(&relation.model).is_some_and(|related| is_model(&related.directives));
            if related {
                let known = sides.entry(name.clone()).or_default();
                if known.is_empty() {
                    names.push(name);
                }
                known.push(Side::new(object, relation, types, project));
            }
        }
        let make = |name: String| {
            let [one, two] = <[Side; 2]>::try_from(sides.remove(&name)?).ok()?;
            Some(Self { object: define(&name, [&one, &two])?, sides: [one, two] })
        };
        names.into_iter().filter_map(make).collect()
    }

    /// How a field of a model leads through a join model, and the first step of that way.
    pub(crate) fn through(
        joins: &[Self],
        model: &str,
        relation: &Relation,
    ) -> Option<(Through, Vec<(String, String)>)> {
        let name = type_name(relation.relation_name.as_deref()?);
        let join = joins.iter().find(|join| join.object.name == *name)?;
        let [one, two] = &join.sides;
        let is_it = |side: &Side| side.model == model && side.field == relation.field;
        let (near, far) = if is_it(one) { (one, two) } else { (two, one) };
        let here: Vec<_> = near.key.iter().map(|(key, _, held)| (key.clone(), held.clone())).collect();
        let through = Through::Join {
            model: name,
            index: near.index.clone(),
            field: far.name.clone(),
            here: here.clone(),
            there: far.key.iter().map(|(key, _, held)| (held.clone(), key.clone())).collect(),
        };
        Some((through, here))
    }
}

impl Side {
    fn new(object: &ObjectTypeDefinition, relation: &Relation, types: &Types<'_>, project: &Project) -> Self {
        let model = object.name.to_string();
        let name = with_first(&model, char::to_ascii_lowercase);
        let key = PrimaryKey::of(object);
        let held = |(place, field): (usize, &str)| {
            let suffix = match (place, project.connections_follow_keys) {
                (0, true) => with_first(field, char::to_ascii_uppercase),
                (0, false) => "ID".to_owned(),
                _ => field.to_owned(),
            };
            (field.to_owned(), types.name_of_type(object, field), format!("{name}{suffix}"))
        };
        let key = key.fields().enumerate().map(held).collect();
        Self { index: format!("by{model}"), field: relation.field.clone(), model, name, key }
    }
}

/// Writes the definition down as the reference would, and reads it.
fn define(name: &str, sides: [&Side; 2]) -> Option<Node<ObjectTypeDefinition>> {
    let mut text = format!("type {name} @model {{ id: ID!\n");
    for Side { index, key, .. } in sides {
        let sort_fields: Vec<String> = key.iter().skip(1).map(|(_, _, held)| format!("{held:?}")).collect();
        for (place, (_, kind, held)) in key.iter().enumerate() {
            let directive = match place {
                0 => format!("@index(name: {index:?}, sortKeyFields: [{}])", sort_fields.join(" ")),
                _ => String::new(),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{held}: {kind}! {directive}");
        }
    }
    for Side { model, name, key, .. } in sides {
        let held: Vec<String> = key.iter().map(|(_, _, held)| format!("{held:?}")).collect();
        let _ = writeln!(text, "{name}: {model}! @hasOne(fields: [{}])", held.join(" "));
    }
    text.push('}');
    let document = Parser::new().parse_ast(text, "").ok()?;
    document.definitions.iter().find_map(|definition| match definition {
        Definition::ObjectTypeDefinition(object) => Some(object.clone()),
        _ => None,
    })
}
