//! Schemas as text: mostly right, and sometimes with a part cut out, doubled or put in.

use std::fmt::Write;

use crate::dice::Dice;

const NAMES: [&str; 3] = ["A", "B", "C"];
/// Fields that rules, callers and records speak of, with their types.
pub(crate) const FIELDS: [(&str, &str); 10] = [
    ("title", "String"),
    ("owner", "String"),
    ("editors", "[String]"),
    ("team", "String"),
    ("teams", "[String]"),
    ("lock", "String"),
    ("count", "Int"),
    ("status", "Status"),
    ("tenant", "String!"),
    ("meta", "Meta"),
];
const PIECES: [&str; 30] = [
    "type ",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "!",
    ":",
    ",",
    "@auth",
    "@model",
    "rules: [",
    "allow: owner",
    "{allow: groups}",
    "groups: [\"a\"]",
    "\"",
    "\"\"\"",
    "#",
    "\n",
    "null",
    "-1.5e3",
    "$x",
    "@primaryKey",
    "@index(name: \"i\")",
    "and: [",
    "operations: []",
    "extend ",
    "\u{0}",
    "\u{1f600}",
];

pub(crate) fn schema(dice: &mut Dice<'_>) -> String {
    let mut text = String::from("enum Status { DRAFT DONE }\n");
    text.push_str("type Meta ");
    if dice.once_in(4) {
        let _ = writeln!(text, "{{ by: String {} }}", auth(dice, Place::Elsewhere));
    } else {
        text.push_str("{ by: String }\n");
    }
    let models = 1 + dice.below(NAMES.len());
    let relation = relation(dice, models);
    for name in &NAMES[..models] {
        model(dice, name, &relation, &mut text);
    }
    if dice.once_in(3) {
        let of = *dice.one_of(&["Query", "Mutation"]);
        let _ = write!(text, "type {of} {{ hello(x: String): String @function(name: \"hello\") ");
        if !dice.once_in(4) {
            text.push_str(&auth(dice, Place::Elsewhere));
        }
        text.push_str(" }\n");
    }
    if dice.once_in(6) { mutated(dice, text) } else { text }
}

/// Fields that relate models: for each the model that has it.
fn relation(dice: &mut Dice<'_>, models: usize) -> Vec<(&'static str, String)> {
    let (from, to) = (*dice.one_of(&NAMES[..models]), *dice.one_of(&NAMES[..models]));
    let field = |of, text: &str| (of, text.replace("TO", to).replace("FROM", from));
    match dice.below(8) {
        0 => vec![field(from, "many: [TO] @hasMany")],
        1 => vec![field(from, "many: [TO] @hasMany"), field(to, "up: FROM @belongsTo")],
        2 => vec![field(from, "one: TO @hasOne")],
        3 => vec![field(from, "one: TO @hasOne"), field(to, "up: FROM @belongsTo")],
        4 if from != to => {
            let both =
                |of, other: &str| field(of, &format!("both: [{other}] @manyToMany(relationName: \"both\")"));
            vec![both(from, to), both(to, from)]
        }
        _ => vec![],
    }
}

fn model(dice: &mut Dice<'_>, name: &str, relation: &[(&str, String)], text: &mut String) {
    let guards = dice.once_in(3);
    let _ = write!(text, "type {name} @model");
    // With subscriptions, rules of fields that name further roles are refused.
    if guards && !dice.once_in(3) || dice.once_in(8) {
        let level = *dice.one_of(&["(subscriptions: null)", "(subscriptions: {level: public})"]);
        text.push_str(level);
    }
    if !dice.once_in(12) {
        let _ = write!(text, " {}", auth(dice, Place::Model));
    }
    text.push_str(" {\n");
    match dice.below(6) {
        0 => text.push_str("  id: ID!\n"),
        1 => text.push_str("  id: ID! @primaryKey(sortKeyFields: [\"tenant\"])\n"),
        2 => text.push_str("  key: String! @primaryKey\n"),
        _ => {}
    }
    for (field, kind) in FIELDS {
        if dice.once_in(5) && field != "tenant" {
            continue;
        }
        let _ = write!(text, "  {field}: {kind}");
        if guards && dice.once_in(3) {
            let _ = write!(text, " {}", auth(dice, Place::Field));
        }
        if matches!(field, "owner" | "team" | "title") && dice.once_in(8) {
            let _ = write!(text, " @index(name: \"by{name}{field}\"");
            if dice.once_in(2) {
                text.push_str(", sortKeyFields: [\"tenant\"]");
            }
            text.push(')');
        }
        text.push('\n');
    }
    for (_, field) in relation.iter().filter(|(of, _)| *of == name) {
        let _ = writeln!(text, "  {field}");
    }
    text.push_str("}\n");
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Model,
    Field,
    /// A custom field or a field of a type that is not stored.
    Elsewhere,
}

fn auth(dice: &mut Dice<'_>, place: Place) -> String {
    let mut rules: Vec<(String, String)> = Vec::new();
    for _ in 0..1 + dice.below(4) {
        let (who, operations) = rule(dice, place);
        // The same role twice is refused.
        if rules.iter().all(|(other, _)| *other != who) {
            rules.push((who, operations));
        }
    }
    let rules: Vec<String> =
        rules.into_iter().map(|(who, operations)| format!("{{{who}{operations}}}")).collect();
    format!("@auth(rules: [{}])", rules.join(", "))
}

/// Whom a rule admits, and to what.
fn rule(dice: &mut Dice<'_>, place: Place) -> (String, String) {
    let who = if dice.once_in(6) {
        let provider = dice.once_in(4).then_some("oidc");
        let parts: Vec<String> =
            (0..2 + dice.below(2)).map(|_| format!("{{{}}}", part(dice, provider))).collect();
        format!("and: [{}]", parts.join(", "))
    } else {
        who(dice, None)
    };
    let operations: &[&str] = match place {
        Place::Model => &[
            "",
            "",
            "",
            "[read]",
            "[create, read]",
            "[read, update, delete]",
            "[get, list]",
            "[update, get, listen]",
            "[]",
            "[create, delete, search, sync]",
        ],
        Place::Field => &[
            "",
            "",
            "",
            "[read]",
            "[create, read]",
            "[read, update, delete]",
            "[read, delete]",
            "[create, update, delete]",
            "[]",
        ],
        Place::Elsewhere => &[""],
    };
    let operations = match *dice.one_of(operations) {
        "" => String::new(),
        operations => format!(", operations: {operations}"),
    };
    (who, operations)
}

/// A part of a rule whose parts must all hold, and so ask for one provider.
fn part(dice: &mut Dice<'_>, provider: Option<&str>) -> String {
    loop {
        let who = who(dice, Some(provider.unwrap_or("userPools")));
        // Mostly of those strategies that say something together.
        if !who.contains("private") || dice.once_in(2) {
            return who;
        }
    }
}

/// Whom a rule, or a part of one, admits; with a provider only if it is told, so that the parts of a rule ask for one.
fn who(dice: &mut Dice<'_>, provider: Option<&str>) -> String {
    let mut text = String::new();
    match dice.below(8) {
        0..3 => {
            text.push_str("allow: owner");
            if dice.once_in(2) {
                let field =
                    *dice.one_of(&["owner", "editors", "team", "title", "undeclared", "tenant", "id"]);
                let _ = write!(text, ", ownerField: \"{field}\"");
            }
            if dice.once_in(2) {
                let claim = *dice.one_of(&[
                    "sub",
                    "username",
                    "email",
                    "sub::username",
                    "email::sub",
                    "custom:tenant",
                ]);
                let _ = write!(text, ", identityClaim: \"{claim}\"");
            }
        }
        3 | 4 => {
            let groups = dice.some(2, |dice| {
                *dice.one_of(&[
                    "G",
                    "a",
                    "b",
                    "team-{custom:tenant}",
                    "{email}",
                    "{{a}}",
                    "x{sub}y{email}",
                    "a::b",
                ])
            });
            let groups = if groups.is_empty() { vec!["G"] } else { groups };
            let _ = write!(text, "allow: groups, groups: {groups:?}");
        }
        5 => {
            let field = *dice.one_of(&["team", "teams", "owner", "editors", "undeclared"]);
            let _ = write!(text, "allow: groups, groupsField: \"{field}\"");
        }
        6 => text.push_str("allow: private"),
        _ if provider.is_none() => text.push_str(dice.one_of::<&str>(&[
            "allow: public",
            "allow: public, provider: iam",
            "allow: private, provider: identityPool",
            "allow: custom",
        ])),
        _ => text.push_str("allow: private"),
    }
    if text.contains("groups") && dice.once_in(5) {
        text.push_str(", groupClaim: \"roles\"");
    }
    let open = text.contains("public")
        || text.contains("custom,")
        || text.ends_with("custom")
        || text.contains("provider");
    match provider {
        Some(provider) => drop(write!(text, ", provider: {provider}")),
        None if !open && dice.once_in(6) => text.push_str(", provider: oidc"),
        None => {}
    }
    text
}

fn mutated(dice: &mut Dice<'_>, mut text: String) -> String {
    for _ in 0..1 + dice.below(4) {
        let place = |dice: &mut Dice<'_>, text: &str| {
            let place = dice.below(text.len() + 1);
            (0..=place).rev().find(|&index| text.is_char_boundary(index)).unwrap_or(0)
        };
        let from = place(dice, &text);
        let to = from + 1 + dice.below(30);
        let to = (to..)
            .find(|&index| index >= text.len() || text.is_char_boundary(index))
            .unwrap_or(from)
            .min(text.len());
        match dice.below(3) {
            0 => text.replace_range(from..to, ""),
            1 => {
                let part = text[from..to].to_owned();
                let at = place(dice, &text);
                text.insert_str(at, &part);
            }
            _ => text.insert_str(from, dice.one_of::<&str>(PIECES.as_slice())),
        }
    }
    text
}
