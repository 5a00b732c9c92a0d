//! The fields of `Query`, `Mutation` and `Subscription` that a model gets.

use apollo_compiler::{
    Node,
    ast::{ObjectTypeDefinition, Value},
};
use md5::{Digest as _, Md5};
use portcullis_rules::Operation;

use crate::{
    arguments::value_of,
    plural::{plural_of, with_first},
};

/// The length of the name of a subscription that nobody chose.
const MAX_SUBSCRIPTION: usize = 50;
/// How many digits of a digest end a name that was cut.
const DIGEST: usize = 5;

/// What `@model` makes of a model's operations: the names of the fields that stand for them.
///
/// An operation that `@model(queries: ..)` or `@model(mutations: ..)` sets to `null` does not exist; the doors answer
/// as if it were not there.
///
/// ```
/// let source = "type Note @model(mutations: {delete: null}, queries: {list: \"notes\"}) { title: String }";
/// let schema = portcullis_schema::Schema::parse(source, "schema.graphql")?;
/// let names = schema.model("Note").ok_or("no such model")?.api();
/// assert_eq!((names.create.as_deref(), names.delete.as_deref()), (Some("createNote"), None));
/// assert_eq!(names.list.as_deref(), Some("notes"));
/// assert_eq!(names.on_create, ["onCreateNote"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiNames {
    /// The field of `Query` that reads one record.
    pub get: Option<String>,
    /// The field of `Query` that reads pages.
    pub list: Option<String>,
    /// The field of `Mutation` that makes a record.
    pub create: Option<String>,
    /// The field of `Mutation` that changes a record.
    pub update: Option<String>,
    /// The field of `Mutation` that removes a record.
    pub delete: Option<String>,
    /// The fields of `Subscription` that tell of new records.
    pub on_create: Vec<String>,
    /// The fields of `Subscription` that tell of changes.
    pub on_update: Vec<String>,
    /// The fields of `Subscription` that tell of removals.
    pub on_delete: Vec<String>,
}

/// The fields that the server sets to the time of creation and of the last change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Timestamps {
    pub(crate) created_at: Option<String>,
    pub(crate) updated_at: Option<String>,
}

impl ApiNames {
    /// The name of the field that stands for an operation; none of `listen`, `sync` and `search`.
    #[must_use]
    pub fn of(&self, operation: Operation) -> Option<&str> {
        match operation {
            Operation::Get => self.get.as_deref(),
            Operation::List => self.list.as_deref(),
            Operation::Create => self.create.as_deref(),
            Operation::Update => self.update.as_deref(),
            Operation::Delete => self.delete.as_deref(),
            _ => None,
        }
    }

    /// The names of a model that no directive speaks of.
    pub(crate) fn of_join(model: &str) -> Self {
        let (name, plural) = (with_first(model, char::to_ascii_uppercase), plural_of(model));
        let one = |verb: &str| Some(format!("{verb}{name}"));
        Self {
            get: one("get"),
            list: Some(format!("list{plural}")),
            create: one("create"),
            update: one("update"),
            delete: one("delete"),
            on_create: vec![subscription_name("onCreate", &name)],
            on_update: vec![subscription_name("onUpdate", &name)],
            on_delete: vec![subscription_name("onDelete", &name)],
        }
    }

    pub(crate) fn read(object: &ObjectTypeDefinition) -> Self {
        let (name, plural) = (with_first(&object.name, char::to_ascii_uppercase), plural_of(&object.name));
        let one = |argument, key, default: String| option(object, argument, key, Some(default));
        let subscription = |key: &str, mutation: &Option<String>| {
            let default = subscription_name(key, &name);
            let names = match member(object, "subscriptions", key) {
                Member::Null => Vec::new(),
                Member::Absent => vec![default],
                Member::Value(Value::String(name)) => vec![name.clone()],
                Member::Value(Value::List(names)) => {
                    let names: Vec<String> =
                        names.iter().filter_map(|name| name.as_str()).map(str::to_owned).collect();
                    // An empty list is merged into the default.
                    if names.is_empty() { vec![default] } else { names }
                }
                Member::Value(_) => Vec::new(),
            };
            let off = matches!(member(object, "subscriptions", "level"), Member::Value(Value::Enum(level)) if *level == "off");
            if off || mutation.is_none() { Vec::new() } else { names }
        };
        let create = one("mutations", "create", format!("create{name}"));
        let update = one("mutations", "update", format!("update{name}"));
        let delete = one("mutations", "delete", format!("delete{name}"));
        Self {
            get: one("queries", "get", format!("get{name}")),
            list: one("queries", "list", format!("list{plural}")),
            on_create: subscription("onCreate", &create),
            on_update: subscription("onUpdate", &update),
            on_delete: subscription("onDelete", &delete),
            create,
            update,
            delete,
        }
    }
}

/// The name of a subscription. AppSync takes no longer ones: the rest is a digest of the name.
fn subscription_name(kind: &str, model: &str) -> String {
    let name = format!("{kind}{model}");
    if name.len() <= MAX_SUBSCRIPTION {
        return name;
    }
    let digest: String = Md5::digest(&name).iter().take(DIGEST).map(|byte| format!("{byte:02x}")).collect();
    name.chars().take(MAX_SUBSCRIPTION - DIGEST).chain(digest.chars().take(DIGEST)).collect()
}

impl Timestamps {
    pub(crate) fn read(object: &ObjectTypeDefinition) -> Self {
        let name = |key: &str| match member(object, "timestamps", key) {
            Member::Absent => Some(key.to_owned()),
            Member::Null => None,
            Member::Value(value) => value.as_str().map(str::to_owned),
        };
        Self { created_at: name("createdAt"), updated_at: name("updatedAt") }
    }

    /// Both, the creation first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.created_at.iter().chain(&self.updated_at).map(String::as_str)
    }

    pub(crate) fn has(&self, field: &str) -> bool {
        self.names().any(|name| name == field)
    }
}

/// Whether results of mutations are told to whoever listens, so that protected fields are left out of them.
pub(crate) fn tells_changes(object: &ObjectTypeDefinition) -> bool {
    match member(object, "subscriptions", "level") {
        Member::Absent => true,
        Member::Value(Value::Enum(level)) => *level == "on",
        Member::Value(_) | Member::Null => false,
    }
}

/// Whether a subscription has no name.
pub(crate) fn has_nameless_subscription(object: &ObjectTypeDefinition) -> bool {
    let is_nameless = |name: &Node<Value>| name.as_str().is_none_or(str::is_empty);
    ["onCreate", "onUpdate", "onDelete"].into_iter().any(|key| match member(object, "subscriptions", key) {
        Member::Value(Value::List(names)) => names.iter().any(is_nameless),
        _ => false,
    })
}

/// The first kind of subscription whose name stands without brackets, which the reference cannot guard.
pub(crate) fn bare_subscription(object: &ObjectTypeDefinition) -> Option<&'static str> {
    let names = ApiNames::read(object);
    let kinds = [
        ("onCreate", names.create.is_some()),
        ("onUpdate", names.update.is_some()),
        ("onDelete", names.delete.is_some()),
    ];
    let is_bare = |key: &str| match member(object, "subscriptions", key) {
        Member::Value(Value::String(name)) => !name.is_empty(),
        _ => false,
    };
    kinds.into_iter().find(|(key, told)| *told && is_bare(key)).map(|(key, _)| key)
}

/// A member of an argument of `@model`.
enum Member<'a> {
    Absent,
    /// The member or the whole argument is `null`.
    Null,
    Value(&'a Value),
}

fn member<'a>(object: &'a ObjectTypeDefinition, argument: &str, key: &str) -> Member<'a> {
    let Some(value) = object.directives.get("model").and_then(|model| value_of(model, argument)) else {
        return Member::Absent;
    };
    if value.is_null() {
        return Member::Null;
    }
    let found = value.as_object().and_then(|members| members.iter().find(|(name, _)| *name == *key));
    match found.map(|(_, value): &(_, Node<Value>)| &**value) {
        None => Member::Absent,
        Some(Value::Null) => Member::Null,
        Some(value) => Member::Value(value),
    }
}

fn option(
    object: &ObjectTypeDefinition,
    argument: &str,
    key: &str,
    default: Option<String>,
) -> Option<String> {
    match member(object, argument, key) {
        Member::Absent => default,
        Member::Null => None,
        Member::Value(value) => value.as_str().filter(|name| !name.is_empty()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_of_a_subscription_ends_with_its_digest() {
        for (model, name) in [
            (
                "A23456789012345678901234567890123456789012",
                "onCreateA23456789012345678901234567890123456789012",
            ),
            (
                "A234567890123456789012345678901234567890123",
                "onCreateA234567890123456789012345678901234567f531a",
            ),
        ] {
            assert_eq!(subscription_name("onCreate", model), name);
        }
    }
}
