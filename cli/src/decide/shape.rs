//! What can be selected of a result, and whether a selection fits.

use portcullis_schema::{
    Connection, FieldType, ModelType, NamedType, ObjectType, Schema, SelectedField, Selection, Through,
};

use super::key::Key;

/// What a field of the API returns, lists aside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape<'a> {
    /// A record.
    Record(&'a ModelType),
    /// A page of records: `items` and `nextToken`.
    Page(&'a ModelType),
    /// An object that is stored within a record, or that a function returns.
    Object(&'a ObjectType),
    /// A value that has no fields.
    Leaf,
}

/// What a relation leads to, one step away: of a `@manyToMany` the records of the join model.
pub(crate) fn target<'a>(schema: &'a Schema, connection: &Connection) -> Option<&'a ModelType> {
    match &connection.through {
        Through::Join { model, .. } => schema.model(model),
        Through::Key | Through::Index(_) => schema.model(&connection.model),
    }
}

impl<'a> Shape<'a> {
    /// The shape of a value of this type.
    pub(crate) fn of_type(schema: &'a Schema, name: &str) -> Self {
        let model = || schema.model(name).map(Shape::Record);
        let page = || {
            let of = name.strip_prefix("Model")?.strip_suffix("Connection")?;
            schema.model(of).map(Shape::Page)
        };
        let object = || schema.objects().find(|object| object.name() == name).map(Shape::Object);
        model().or_else(object).or_else(page).unwrap_or(Shape::Leaf)
    }

    /// The shape of a field; `None` if there is no such field.
    pub(crate) fn field(self, schema: &'a Schema, name: &str) -> Option<Self> {
        let of_field = |field: &FieldType| match &field.kind().named {
            NamedType::Object(name) => Shape::of_type(schema, name),
            _ => Shape::Leaf,
        };
        if name == "__typename" {
            return (!matches!(self, Self::Leaf)).then_some(Self::Leaf);
        }
        match self {
            Self::Record(model) => {
                let related = || {
                    let connection = model.connection(name)?;
                    let target = target(schema, connection)?;
                    Some(if connection.many { Shape::Page(target) } else { Shape::Record(target) })
                };
                related().or_else(|| model.field(name).map(of_field))
            }
            Self::Page(model) => match name {
                "items" => Some(Self::Record(model)),
                "nextToken" | "startedAt" => Some(Self::Leaf),
                _ => None,
            },
            Self::Object(object) => object.fields().iter().find(|field| field.name() == name).map(of_field),
            Self::Leaf => None,
        }
    }

    /// The name of the type, for messages.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Record(model) => model.name().to_owned(),
            Self::Page(model) => format!("Model{}Connection", model.name()),
            Self::Object(object) => object.name().to_owned(),
            Self::Leaf => "a value".to_owned(),
        }
    }

    /// Whether GraphQL takes the selection for a value of this shape; if not, why.
    pub(crate) fn check(self, schema: &'a Schema, selection: &Selection) -> Result<(), String> {
        for field in selection.fields() {
            let (name, own) = (field.name(), self.name());
            let Some(shape) = self.field(schema, name) else {
                return Err(format!("Cannot query field \"{name}\" on type \"{own}\"."));
            };
            match (shape, field.selection()) {
                (Self::Leaf, None) => {}
                (Self::Leaf, Some(_)) => {
                    return Err(format!(
                        "Field \"{name}\" must not have a selection since it has no subfields."
                    ));
                }
                (_, None) => {
                    return Err(format!(
                        "Field \"{name}\" of type \"{}\" must have a selection of subfields.",
                        shape.name()
                    ));
                }
                (_, Some(inner)) => shape.check(schema, inner)?,
            }
            let known: &[&str] = match shape {
                Self::Page(_) => &["filter", "sortDirection", "limit", "nextToken"],
                _ => &[],
            };
            let sort_argument = match self {
                Self::Record(model) => model
                    .connection(name)
                    .and_then(|connection| sort_argument(connection, &key_of(schema, connection)?)),
                _ => None,
            };
            let is_known = |name: &str| known.contains(&name) || sort_argument.as_deref() == Some(name);
            let unknown = field.arguments().keys().find(|name| !is_known(name));
            if let Some(argument) = unknown {
                return Err(format!("Unknown argument \"{argument}\" on field \"{own}.{name}\"."));
            }
        }
        let keys = selection.fields();
        for (place, field) in keys.iter().enumerate() {
            let clashes = |other: &SelectedField| {
                other.key() == field.key()
                    && (other.name() != field.name() || other.arguments() != field.arguments())
            };
            if keys.iter().skip(place).any(clashes) {
                return Err(format!("Fields \"{}\" conflict; use different aliases.", field.key()));
            }
        }
        Ok(())
    }
}

/// The key by which a relation finds records.
pub(crate) fn key_of<'a>(schema: &'a Schema, connection: &Connection) -> Option<Key<'a>> {
    let target = target(schema, connection)?;
    match &connection.through {
        Through::Key => Some(Key::of(target)),
        Through::Index(name) | Through::Join { index: name, .. } => Key::of_index(target, name),
    }
}

/// The argument of a relation that is a condition on the sort key, where the relation leaves that open.
pub(crate) fn sort_argument(connection: &Connection, key: &Key<'_>) -> Option<String> {
    let is_open = connection.many && connection.pairs.len() == 1;
    key.sort_argument().filter(|_| is_open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_fits_the_types_of_the_schema() {
        let source = "
            type Blog @model { id: ID! name: String posts: [Post] @hasMany address: Address }
            type Post @model { id: ID! text: String blog: Blog @belongsTo }
            type Address { city: City } type City { name: String }";
        let schema = Schema::read(source, "schema.graphql", &portcullis_schema::Project::default()).unwrap();
        let blog = Shape::Record(schema.model("Blog").unwrap());
        let table = [
            ("{ id name posts(limit: 1) { items { id blog { id } } nextToken } }", true),
            ("{ id b: id __typename address { city { name __typename } } }", true),
            ("{ id nme }", false),
            ("{ name { id } }", false),
            ("{ posts }", false),
            ("{ posts { id } }", false),
            ("{ posts(first: 1) { items { id } } }", false),
            ("{ posts { items { text(limit: 1) } } }", false),
            ("{ address }", false),
            ("{ address { city } }", false),
            ("{ address { town } }", false),
            ("{ id: name id }", false),
            ("{ id id }", true),
        ];
        for (text, fits) in table {
            let selection = Selection::parse(text).unwrap();
            assert_eq!(blog.check(&schema, &selection).is_ok(), fits, "{text}");
        }
    }
}
