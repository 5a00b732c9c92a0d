//! Schemas of three models with rules of every kind.

use portcullis::rules::Operation;
use proptest::{collection::vec, option, prelude::*, sample::select};

/// What may stand in the place of a key: names of paths among them.
pub(crate) const VALUES: [&str; 8] = ["1", "alphas", "betas", "next", "GET", "queries", "a:b", "%2A"];

const NAMES: [(&str, &str); 3] = [("Alpha", "alphas"), ("Beta", "betas"), ("Gamma", "gammas")];

const WHO: [&str; 11] = [
    "allow: owner",
    "allow: owner, ownerField: \"author\", identityClaim: \"email\"",
    "allow: owner, ownerField: \"boss\", identityClaim: \"manager\"",
    "allow: owner, ownerField: \"helpers\"",
    "allow: groups, groups: [\"editors\"]",
    "allow: groups, groups: [\"admins\", \"nobody\"]",
    "allow: groups, groupsField: \"team\"",
    "allow: private",
    "allow: public",
    "allow: custom",
    "and: [{ allow: owner }, { allow: groups, groups: [\"editors\"] }]",
];

const OPERATIONS: [&str; 8] = [
    "",
    "",
    ", operations: [read]",
    ", operations: [create, update]",
    ", operations: [get, delete]",
    ", operations: [list, create]",
    ", operations: [listen, update, delete]",
    ", operations: []",
];

#[derive(Clone, Debug)]
pub(crate) struct Model {
    number: usize,
    rules: Vec<String>,
    field_rules: Vec<Option<Vec<String>>>,
    two_keys: bool,
    without: Option<Operation>,
}

/// Rules that name one role once.
fn rules(most: usize) -> impl Strategy<Value = Vec<String>> {
    vec((select(&WHO[..]), select(&OPERATIONS[..])), 0..most).prop_map(|rules| {
        let mut kept: Vec<(&str, &str)> = Vec::new();
        for (who, operations) in rules {
            if !kept.iter().any(|(known, _)| *known == who) {
                kept.push((who, operations));
            }
        }
        kept.into_iter().map(|(who, operations)| format!("{{ {who}{operations} }}")).collect()
    })
}

/// Fields take fewer words.
fn of_field() -> impl Strategy<Value = Vec<String>> {
    let operations =
        select(&["", ", operations: [read]", ", operations: [read, update]", ", operations: [create]"][..]);
    (select(&WHO[..]), operations).prop_map(|(who, operations)| vec![format!("{{ {who}{operations} }}")])
}

pub(crate) fn model(number: usize) -> impl Strategy<Value = Model> {
    let taken = select(
        &[Operation::Create, Operation::Update, Operation::Delete, Operation::Get, Operation::List][..],
    );
    let field_rules = vec(prop_oneof![5 => Just(None), 1 => of_field().prop_map(Some)], 3);
    (rules(5), field_rules, any::<bool>(), option::weighted(0.2, taken)).prop_map(
        move |(rules, field_rules, two_keys, without)| Model {
            number,
            rules,
            field_rules,
            two_keys,
            without,
        },
    )
}

impl Model {
    pub(crate) fn name(&self) -> String {
        NAMES[self.number].0.to_owned()
    }

    pub(crate) fn path(&self) -> &'static str {
        NAMES[self.number].1
    }

    pub(crate) fn key_fields(&self) -> usize {
        if self.two_keys { 2 } else { 1 }
    }

    pub(crate) fn serves(&self, operation: Operation) -> bool {
        self.without != Some(operation)
    }

    /// The field of each relation, and the model that it leads to.
    pub(crate) fn relations(&self) -> Vec<(String, String)> {
        vec![("next".to_owned(), NAMES[(self.number + 1) % NAMES.len()].0.to_owned())]
    }

    fn text(&self) -> String {
        let mut arguments: Vec<&str> = match self.without {
            Some(Operation::Get) => vec!["queries: { get: null }"],
            Some(Operation::List) => vec!["queries: { list: null }"],
            Some(Operation::Create) => vec!["mutations: { create: null }"],
            Some(Operation::Update) => vec!["mutations: { update: null }"],
            Some(Operation::Delete) => vec!["mutations: { delete: null }"],
            _ => vec![],
        };
        // Otherwise a role that only a field names would have to be one of the key's, too.
        if self.field_rules.iter().any(Option::is_some) {
            arguments.push("subscriptions: { level: off }");
        }
        let arguments = match arguments.as_slice() {
            [] => String::new(),
            arguments => format!("({})", arguments.join(", ")),
        };
        let auth = |rules: &[String]| match rules {
            [] => String::new(),
            rules => format!(" @auth(rules: [{}])", rules.join(" ")),
        };
        let key = match self.two_keys {
            true => "k: ID! @primaryKey(sortKeyFields: [\"l\"])\n  l: String!",
            false => "k: ID! @primaryKey",
        };
        let own = |place: usize| auth(self.field_rules[place].as_deref().unwrap_or_default());
        let (name, next) = (self.name(), &self.relations()[0].1);
        format!(
            "type {name} @model{arguments}{} {{\n  {key}\n  title: String{}\n  author: String\n  boss: String\n  \
             helpers: [String]\n  team: String\n  note: String{}\n  next: [{next}] @hasMany{}\n}}\n",
            auth(&self.rules),
            own(0),
            own(1),
            own(2),
        )
    }
}

pub(crate) fn text(models: &[Model]) -> String {
    let models: String = models.iter().map(Model::text).collect();
    models
        + r#"
        type Query {
          hello: String @function(name: "f") @auth(rules: [{ allow: groups, groups: ["editors"] }, { allow: custom }])
          plain: String @function(name: "f")
        }
        type Mutation { publish: String @function(name: "f") @auth(rules: [{ allow: groups, groups: ["admins"] }]) }
        "#
}
