//! What an `extend` may not be, in the reference's words: it folds extensions into their types before anything else.

use std::collections::{HashMap, HashSet};

use apollo_compiler::{
    Name,
    ast::{Definition, Document},
};

use crate::{
    SchemaErrorKind,
    report::{Report, shortened},
    syntax::name_span,
};

/// An extension of a type.
struct Extension<'a> {
    /// The kind of the type, where it does not exist.
    missing: &'static str,
    /// The kind of the type, where something is there already.
    folded: &'static str,
    /// What the members are.
    member: &'static str,
    name: &'a Name,
    members: Vec<&'a Name>,
}

/// Checks that each extension extends something, and adds what is not there.
pub(crate) fn check(document: &Document, report: &mut Report<'_>) {
    let mut types: HashMap<&str, HashSet<&str>> = HashMap::new();
    for definition in &document.definitions {
        if let Some((name, members)) = defined(definition) {
            types.entry(name).or_insert(members);
        }
    }
    for extension in document.definitions.iter().filter_map(extension) {
        let name = shortened(extension.name);
        let Some(known) = types.get_mut(extension.name.as_str()) else {
            let message = format!("Cannot extend nonexistent {} '{name}'.", extension.missing);
            report.other(SchemaErrorKind::Failure, name_span(extension.name), message);
            continue;
        };
        for member in extension.members {
            if !known.insert(member) {
                let (kind, what) = (extension.folded, extension.member);
                let message =
                    format!("{kind} type extension '{name}' cannot redeclare {what} {}", shortened(member));
                report.other(SchemaErrorKind::Failure, name_span(member), message);
            }
        }
    }
}

/// The members of a type.
fn defined(definition: &Definition) -> Option<(&str, HashSet<&str>)> {
    Some(match definition {
        Definition::ObjectTypeDefinition(it) => {
            (it.name.as_str(), it.fields.iter().map(|field| field.name.as_str()).collect())
        }
        Definition::InterfaceTypeDefinition(it) => {
            (it.name.as_str(), it.fields.iter().map(|field| field.name.as_str()).collect())
        }
        Definition::InputObjectTypeDefinition(it) => {
            (it.name.as_str(), it.fields.iter().map(|field| field.name.as_str()).collect())
        }
        Definition::EnumTypeDefinition(it) => {
            (it.name.as_str(), it.values.iter().map(|value| value.value.as_str()).collect())
        }
        Definition::UnionTypeDefinition(it) => {
            (it.name.as_str(), it.members.iter().map(Name::as_str).collect())
        }
        Definition::ScalarTypeDefinition(it) => (it.name.as_str(), HashSet::new()),
        _ => return None,
    })
}

fn extension(definition: &Definition) -> Option<Extension<'_>> {
    Some(match definition {
        Definition::ObjectTypeExtension(it) => Extension {
            missing: "type",
            folded: "Object",
            member: "field",
            name: &it.name,
            members: it.fields.iter().map(|field| &field.name).collect(),
        },
        Definition::InterfaceTypeExtension(it) => Extension {
            missing: "interface",
            folded: "Interface",
            member: "field",
            name: &it.name,
            members: it.fields.iter().map(|field| &field.name).collect(),
        },
        Definition::InputObjectTypeExtension(it) => Extension {
            missing: "input",
            folded: "Input object",
            member: "field",
            name: &it.name,
            members: it.fields.iter().map(|field| &field.name).collect(),
        },
        Definition::EnumTypeExtension(it) => Extension {
            missing: "enum",
            folded: "Enum",
            member: "value",
            name: &it.name,
            members: it.values.iter().map(|value| &value.value).collect(),
        },
        Definition::UnionTypeExtension(it) => Extension {
            missing: "union",
            folded: "Union",
            member: "type",
            name: &it.name,
            members: it.members.iter().collect(),
        },
        _ => return None,
    })
}
