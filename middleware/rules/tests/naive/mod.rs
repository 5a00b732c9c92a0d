//! A second evaluator, written straight from the specification and for nothing but being obviously right: it keeps
//! sets of strings, walks the providers in the reference's order and copies whatever it needs.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_rules::{Field, GroupName, Identity, Item, Operation, Provider, Rule, Strategy};
use serde_json::{Value, json};

/// What a role may do: operations by field.
type Grants = BTreeMap<String, BTreeSet<&'static str>>;

pub(crate) struct Naive<'a> {
    pub(crate) fields: &'a [Field],
    /// Every role once, as a rule that names one group where it names any.
    pub(crate) roles: Vec<(Rule, Grants)>,
    pub(crate) populate: bool,
    pub(crate) trust_identity_pool: bool,
}

/// The answer to a write: what is stored or changed, or the fields that stand in the way.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Allowed(Item),
    Unauthorized,
    UnauthorizedOn(Vec<String>),
}

impl<'a> Naive<'a> {
    pub(crate) fn new(fields: &'a [Field], rules: &[Rule]) -> Self {
        let mut roles: Vec<(Rule, Grants)> = Vec::new();
        let set = |roles: &mut Vec<(Rule, Grants)>, rule: &Rule, column: &str| {
            let operations: BTreeSet<&'static str> = rule.operations.iter().map(Operation::name).collect();
            for role in split(rule) {
                match roles.iter_mut().find(|(other, _)| role_key(other) == role_key(&role)) {
                    Some((_, grants)) => {
                        grants.insert(column.to_owned(), operations.clone());
                    }
                    None => {
                        let grants = Grants::from([(column.to_owned(), operations.clone())]);
                        roles.push((role, grants));
                    }
                }
            }
        };
        for field in fields {
            for rule in rules {
                set(&mut roles, rule, &field.name);
            }
        }
        // The roles of the model come in the order of its rules, those of fields behind them.
        for field in fields.iter().filter(|field| field.rules.is_some()) {
            for (_, grants) in &mut roles {
                grants.insert(field.name.clone(), BTreeSet::new());
            }
            for rule in field.rules.iter().flatten() {
                set(&mut roles, rule, &field.name);
            }
        }
        Self { fields, roles, populate: true, trust_identity_pool: false }
    }

    fn has(&self, grants: &Grants, field: &str, operation: &str) -> bool {
        grants.get(field).is_some_and(|operations| operations.contains(operation))
    }

    fn with(&self, grants: &Grants, operation: &str) -> Vec<String> {
        let names = self.fields.iter().map(|field| field.name.clone());
        names.filter(|name| self.has(grants, name, operation)).collect()
    }

    fn on_all(&self, grants: &Grants, operation: &str) -> bool {
        self.with(grants, operation).len() == self.fields.len()
    }

    fn is_list(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name && field.list)
    }

    /// The roles of a provider in the reference's order; one with an owner among its parts stands with the owners.
    fn in_order(&self, provider: Provider) -> Vec<&(Rule, Grants)> {
        let mut roles: Vec<_> = self.roles.iter().filter(|(rule, ..)| rule.provider == provider).collect();
        let rank = |part: &&Strategy| match part {
            Strategy::StaticGroups { .. } => 1,
            Strategy::Owner { .. } => 2,
            Strategy::DynamicGroups { .. } => 3,
            _ => 0,
        };
        roles.sort_by_key(|(rule, ..)| {
            let ranks: Vec<i32> = parts(rule).iter().map(rank).collect();
            if ranks.contains(&2) { 2 } else { ranks.into_iter().max().unwrap_or(0) }
        });
        roles
    }

    /// Whether the caller is in a part of a role that no record decides.
    fn is_in(&self, identity: &Identity, part: &Strategy) -> bool {
        match part {
            Strategy::Private | Strategy::Public | Strategy::Custom => match identity {
                Identity::Iam(caller) => {
                    let signed_in = *part == Strategy::Private;
                    self.trust_identity_pool && caller.authenticated == Some(signed_in)
                }
                _ => true,
            },
            Strategy::StaticGroups { groups, claim } => {
                let group = groups.first().and_then(|group| group_name(identity, group));
                match raw_claim(identity, claim) {
                    Some(Value::Array(groups)) => {
                        group.is_some_and(|group| groups.iter().any(|name| *name == json!(group)))
                    }
                    Some(Value::String(name)) => Some(name) == group,
                    _ => false,
                }
            }
            _ => false,
        }
    }

    pub(crate) fn create(&self, identity: &Identity, input: &Item) -> Answer {
        let mut item = input.clone();
        let mut authorized = false;
        let mut allowed: BTreeSet<String> = BTreeSet::new();
        for (rule, grants) in self.in_order(identity.provider()) {
            let fields = self.with(grants, "create");
            if fields.is_empty() {
                continue;
            }
            // What the record would be if all else held.
            let mut filled = item.clone();
            for part in parts(rule) {
                if let Strategy::Owner { field, claim } = part
                    && let Some(names) = write_names(identity, claim.parts())
                {
                    let first = names.first();
                    let own = if self.is_list(field) { json!([first]) } else { json!(first) };
                    filled.entry(field.clone()).or_insert(own);
                }
            }
            let holds = parts(rule).into_iter().all(|part| match part {
                Strategy::Owner { field, claim } => {
                    let names = write_names(identity, claim.parts()).unwrap_or_default();
                    texts(&filled, field, self.is_list(field)).iter().any(|text| names.contains(text))
                }
                Strategy::DynamicGroups { field, claim } => {
                    let groups = groups(identity, claim);
                    texts(input, field, self.is_list(field)).iter().any(|text| groups.contains(text))
                }
                _ => self.is_in(identity, part),
            });
            if !holds {
                continue;
            }
            if !authorized || self.populate {
                item = filled;
            }
            if self.on_all(grants, "create") {
                authorized = true;
            } else {
                allowed.extend(fields);
            }
        }
        if authorized {
            return Answer::Allowed(item);
        }
        if allowed.is_empty() {
            return Answer::Unauthorized;
        }
        let denied: Vec<String> = input.keys().filter(|field| !allowed.contains(*field)).cloned().collect();
        if denied.is_empty() { Answer::Allowed(item) } else { Answer::UnauthorizedOn(denied) }
    }

    fn admits_to_stored(&self, identity: &Identity, rule: &Rule, stored: &Item) -> bool {
        parts(rule).into_iter().all(|part| match part {
            Strategy::Owner { field, claim } => {
                let names = write_names(identity, claim.parts()).unwrap_or_default();
                texts(stored, field, self.is_list(field)).iter().any(|text| names.contains(text))
            }
            Strategy::DynamicGroups { field, claim } => {
                let groups = groups(identity, claim);
                texts(stored, field, self.is_list(field)).iter().any(|text| groups.contains(text))
            }
            _ => self.is_in(identity, part),
        })
    }

    pub(crate) fn update(&self, identity: &Identity, stored: &Item, changes: &Item) -> Answer {
        let mut allowed: BTreeSet<String> = BTreeSet::new();
        let mut null_allowed: BTreeSet<String> = BTreeSet::new();
        for (rule, grants) in self.in_order(identity.provider()) {
            if !self.admits_to_stored(identity, rule, stored) {
                continue;
            }
            if self.on_all(grants, "update") && self.on_all(grants, "delete") {
                return Answer::Allowed(changes.clone());
            }
            allowed.extend(self.with(grants, "update"));
            null_allowed.extend(self.with(grants, "delete"));
        }
        let denied: Vec<String> = changes
            .iter()
            .filter(|(field, value)| {
                !allowed.contains(*field) || value.is_null() && !null_allowed.contains(*field)
            })
            .map(|(field, _)| field.clone())
            .collect();
        let concerned = !allowed.is_empty() || !null_allowed.is_empty();
        if concerned && !denied.is_empty() {
            Answer::UnauthorizedOn(denied)
        } else if allowed.is_empty() {
            Answer::Unauthorized
        } else {
            Answer::Allowed(changes.clone())
        }
    }

    pub(crate) fn delete(&self, identity: &Identity, stored: &Item) -> bool {
        self.in_order(identity.provider()).into_iter().any(|(rule, grants)| {
            self.on_all(grants, "delete") && self.admits_to_stored(identity, rule, stored)
        })
    }

    pub(crate) fn read(&self, identity: &Identity, operation: Operation, stored: &Item) -> bool {
        self.in_order(identity.provider()).into_iter().any(|(rule, grants)| {
            !self.with(grants, operation.name()).is_empty()
                && self.admits_by_query(identity, rule, operation, stored)
        })
    }

    fn admits_by_query(&self, identity: &Identity, rule: &Rule, operation: Operation, stored: &Item) -> bool {
        parts(rule).into_iter().all(|part| match part {
            Strategy::Owner { field, claim } => {
                let names = if operation == Operation::Listen {
                    let names = write_names(identity, claim.parts()).unwrap_or_default();
                    [names.first(), names.last()].into_iter().flatten().cloned().collect()
                } else {
                    query_names(identity, claim.parts())
                };
                texts(stored, field, self.is_list(field)).iter().any(|text| names.contains(text))
            }
            Strategy::DynamicGroups { field, claim }
                if self.is_list(field) && operation != Operation::Listen =>
            {
                let Some(Value::Array(groups)) = raw_claim(identity, claim) else {
                    return false;
                };
                let named = texts(stored, field, true);
                groups.iter().any(|name| *name != "" && named.iter().any(|text| name == text))
            }
            Strategy::DynamicGroups { field, claim } => {
                let groups = groups(identity, claim);
                texts(stored, field, self.is_list(field)).iter().any(|text| groups.contains(text))
            }
            _ => self.is_in(identity, part),
        })
    }

    fn reads(&self, grants: &Grants, field: &str) -> bool {
        READS.iter().any(|operation| self.has(grants, field, operation))
    }

    /// The roles that the reference looks at for a field: those that may get the record. Where a rule lets everybody
    /// of a token provider read the field by every operation, it is the one that counts for that provider.
    fn looked_at(&self, field: &str) -> Vec<&(Rule, Grants)> {
        let gets = |(_, grants): &&(Rule, Grants)| !self.with(grants, "get").is_empty();
        let everybody = |(rule, _): &(Rule, Grants)| {
            rule.strategy == Strategy::Private && rule.provider != Provider::IdentityPool
        };
        let open: Vec<Provider> = self
            .roles
            .iter()
            .filter(gets)
            .filter(|role| everybody(role) && READS.iter().all(|read| self.has(&role.1, field, read)))
            .map(|(rule, ..)| rule.provider)
            .collect();
        let counts = |role: &&(Rule, Grants)| everybody(role) || !open.contains(&role.0.provider);
        self.roles.iter().filter(gets).filter(counts).collect()
    }

    /// Whether the reference puts a resolver on the field.
    pub(crate) fn is_kept_from_some(&self, field: &str) -> bool {
        self.looked_at(field).iter().any(|(_, grants)| !self.reads(grants, field))
    }

    /// What the caller's roles may do that read some field of the record.
    pub(crate) fn read_by(&self, identity: &Identity, stored: &Item) -> Vec<&Grants> {
        self.in_order(identity.provider())
            .into_iter()
            .filter(|(_, grants)| self.fields.iter().any(|field| self.reads(grants, &field.name)))
            .filter(|(rule, _)| {
                self.admits_to_stored(identity, rule, stored)
                    || self.admits_by_query(identity, rule, Operation::List, stored)
            })
            .map(|(_, grants)| grants)
            .collect()
    }

    pub(crate) fn withheld(&self, identity: &Identity, stored: &Item) -> Vec<String> {
        if self.fields.iter().all(|field| field.rules.is_none()) {
            return Vec::new();
        }
        let readable = |field: &Field| {
            let same_door = |rule: &Rule| rule.provider == identity.provider();
            if self.is_kept_from_some(&field.name) {
                return self.looked_at(&field.name).into_iter().any(|(rule, grants)| {
                    same_door(rule)
                        && self.reads(grants, &field.name)
                        && self.admits_to_stored(identity, rule, stored)
                });
            }
            // Stricter than the reference, which does not ask: the field is not for those who read the rest alone.
            let mine = self.read_by(identity, stored);
            mine.iter().any(|grants| self.reads(grants, &field.name))
                || field.rules.is_none() && mine.is_empty()
        };
        self.fields.iter().filter(|field| !readable(field)).map(|field| field.name.clone()).collect()
    }
}

const READS: [&str; 5] = ["get", "list", "sync", "listen", "search"];

/// The roles of a rule: one for each of its groups, and of several parts each combination.
fn split(rule: &Rule) -> Vec<Rule> {
    let alone = |strategy: &Strategy| match strategy {
        Strategy::StaticGroups { groups, claim } => groups
            .iter()
            .map(|group| Strategy::StaticGroups { groups: vec![group.clone()], claim: claim.clone() })
            .collect(),
        other => vec![other.clone()],
    };
    let mut strategies = match &rule.strategy {
        Strategy::All(_) => vec![Strategy::All(Vec::new())],
        other => alone(other),
    };
    if let Strategy::All(parts) = &rule.strategy {
        for part in parts {
            let mut longer = Vec::new();
            for all in &strategies {
                for one in alone(part) {
                    longer.push(Strategy::All([all.parts(), &[one]].concat()));
                }
            }
            strategies = longer;
        }
    }
    strategies.into_iter().map(|strategy| Rule { strategy, ..rule.clone() }).collect()
}

/// What must all hold, in an order that does not depend on the rule.
fn parts(rule: &Rule) -> Vec<&Strategy> {
    let mut parts: Vec<&Strategy> = match &rule.strategy {
        Strategy::All(parts) => parts.iter().collect(),
        one => vec![one],
    };
    parts.sort_by_key(|part| part_key(part));
    parts
}

/// The reference's key of a role.
fn role_key(rule: &Rule) -> String {
    let keys: BTreeSet<String> = parts(rule).into_iter().map(part_key).collect();
    format!("{}:{}:{keys:?}", rule.provider, rule.strategy.name() == "and")
}

fn part_key(part: &Strategy) -> String {
    match part {
        Strategy::Owner { field, claim } => format!("owner:{field}:{}", claim.parts().join("::")),
        Strategy::StaticGroups { groups, claim } => {
            let groups: Vec<String> = groups.iter().map(GroupName::to_string).collect();
            format!("static:{groups:?}:{claim}")
        }
        Strategy::DynamicGroups { field, claim } => format!("dynamic:{field}:{claim}"),
        other => other.name().to_owned(),
    }
}

/// The name of a group for the caller, read from how a rule writes it.
fn group_name(identity: &Identity, group: &GroupName) -> Option<String> {
    let written: Vec<char> = group.to_string().chars().collect();
    let (mut name, mut place) = (String::new(), 0);
    while let Some(character) = written.get(place) {
        let doubled = written.get(place + 1) == Some(character);
        match character {
            '{' | '}' if doubled => {
                name.push(*character);
                place += 2;
            }
            '{' => {
                let claim: String = written.iter().skip(place + 1).take_while(|it| **it != '}').collect();
                name.push_str(&name_claim(identity, &claim)?);
                place += claim.chars().count() + 2;
            }
            _ => {
                name.push(*character);
                place += 1;
            }
        }
    }
    Some(name)
}

fn raw_claim(identity: &Identity, name: &str) -> Option<Value> {
    identity.user()?.claims().as_map().get(name).filter(|value| !value.is_null()).cloned()
}

/// A claim that names an owner. Stricter than the reference: an empty one names nobody.
fn name_claim(identity: &Identity, name: &str) -> Option<String> {
    let second = || (name == "username").then(|| raw_claim(identity, "cognito:username")).flatten();
    raw_claim(identity, name).or_else(second)?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// One part of a claim. Stricter than the reference: what could be taken for several parts is none.
fn part_claim(identity: &Identity, name: &str, parts: &[String]) -> Option<String> {
    let ambiguous = |value: &str| value.contains("::") || value.starts_with(':') || value.ends_with(':');
    name_claim(identity, name).filter(|value| parts.len() == 1 || !ambiguous(value))
}

/// For writes: the joined value and then each part, if every part is there.
fn write_names(identity: &Identity, parts: &[String]) -> Option<Vec<String>> {
    let parts: Vec<String> =
        parts.iter().map(|part| part_claim(identity, part, parts)).collect::<Option<_>>()?;
    Some([vec![parts.join("::")], parts].concat())
}

/// For queries: the joined value if every part is there, and each part that is.
fn query_names(identity: &Identity, parts: &[String]) -> Vec<String> {
    let each = parts.iter().filter_map(|part| part_claim(identity, part, parts));
    write_names(identity, parts).unwrap_or_default().into_iter().take(1).chain(each).collect()
}

/// The groups that a record is compared with. Stricter than the reference: an empty name is no group.
fn groups(identity: &Identity, claim: &str) -> Vec<String> {
    let listed = match raw_claim(identity, claim) {
        Some(Value::String(text)) => match serde_json::from_str(&text) {
            Ok(Value::Array(groups)) => groups,
            _ => vec![Value::String(text)],
        },
        Some(Value::Array(groups)) => groups,
        _ => Vec::new(),
    };
    let names = listed.into_iter().filter_map(|name| name.as_str().map(str::to_owned));
    names.filter(|name| !name.is_empty()).collect()
}

/// The names in a field: a string for a field that is no list, the strings of a list for one that is.
fn texts(item: &Item, field: &str, list: bool) -> Vec<String> {
    match item.get(field) {
        Some(Value::String(text)) if !list => vec![text.clone()],
        Some(Value::Array(texts)) if list => {
            texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}
