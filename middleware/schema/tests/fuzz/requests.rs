//! What the permits for whole requests promise: they show nothing that a decision about the record would not.

use std::sync::Arc;

use portcullis_rules::{
    Field, Item, KeyTerm, Lookup, Model, Operation, Operations, Provider, Rule, Screening,
};
use serde_json::Value;

use crate::{dice::Dice, laws::Case};

/// Fields that may be keys.
const KEYS: [&str; 5] = ["owner", "team", "title", "tenant", "editors"];

impl Case<'_> {
    /// Draws requests, and returns how many were permitted.
    pub(crate) fn requests_show_nothing_more(&self, dice: &mut Dice<'_>) -> u64 {
        let permits = [self.a_query(dice), self.a_subscription(dice), self.a_relation(dice), self.a_call()];
        permits.into_iter().map(u64::from).sum()
    }

    fn allowed(&self, operation: Operation, item: &Item) -> bool {
        self.authorizer.authorize(&self.identity, operation, self.model, item).is_allowed()
    }

    fn a_query(&self, dice: &mut Dice<'_>) -> bool {
        let term = |dice: &mut Dice<'_>, field: &str| match self.stored.get(field) {
            Some(Value::String(text)) if !dice.once_in(4) => KeyTerm::Equals(text.clone()),
            _ => dice.one_of(&[KeyTerm::Absent, KeyTerm::from("a"), KeyTerm::Other]).clone(),
        };
        let (partition, sort) = (*dice.one_of(&KEYS), *dice.one_of(&KEYS));
        let by_key = dice.once_in(2);
        let lookup = if by_key { Lookup::by_key } else { Lookup::by_index };
        let mut lookup = lookup(partition.to_owned(), term(dice, partition));
        if partition != sort && dice.once_in(2) {
            lookup = lookup.sorted(sort, term(dice, sort));
        }
        let operation = *dice.one_of(&[Operation::Get, Operation::List, Operation::Sync]);
        let permit = self.authorizer.permit_query(&self.identity, operation, self.model, &lookup);
        if let Ok(permit) = &permit {
            for item in [&self.stored, &self.input, &self.other] {
                let shown = permit.scope().matches(item);
                assert!(!shown || self.allowed(operation, item), "{operation} {lookup:?} {item:?} {self:?}");
            }
        }
        permit.is_ok()
    }

    fn a_subscription(&self, dice: &mut Dice<'_>) -> bool {
        let mut arguments = Item::new();
        for field in ["owner", "title"] {
            if dice.once_in(3) {
                arguments.extend(self.stored.get(field).map(|value| (field.to_owned(), value.clone())));
            }
        }
        let permit = self.authorizer.permit_listen(&self.identity, self.model, &arguments);
        if let Ok(permit) = &permit {
            for event in [&self.stored, &self.input, &self.other] {
                let told = permit.delivers(event);
                assert!(!told || self.allowed(Operation::Listen, event), "{arguments:?} {event:?} {self:?}");
            }
        }
        permit.is_ok()
    }

    /// The relation is from a record with any fields to one of this model.
    fn a_relation(&self, dice: &mut Dice<'_>) -> bool {
        let pairs: Vec<(String, String)> = dice.some(2, |dice| {
            let (own, theirs) = (*dice.one_of(&KEYS), *dice.one_of(&KEYS));
            (own.to_owned(), theirs.to_owned())
        });
        let permit = self.authorizer.permit_related(&self.identity, &pairs, &self.other, self.model);
        if let Ok(permit) = &permit {
            // A relation is read by whom any operation that reads is granted to.
            let reads = |rule: &Rule| {
                let reads = rule.operations.intersects(Operations::READ);
                rule.clone().operations(if reads { Operations::READ } else { Operations::NONE })
            };
            let field = |field: &Field| {
                let rules = field.rules.as_ref().map(|rules| rules.iter().map(reads).collect());
                Field { rules, ..field.clone() }
            };
            let fields = self.model.fields().iter().map(field).collect();
            let rules = self.model.rules().iter().map(reads).collect();
            let reader = Arc::new(Model::new("Reader", fields, rules).unwrap());
            for item in [&self.stored, &self.input] {
                // What the relation leads to has the values of this side.
                let mut related = item.clone();
                for (own, theirs) in &pairs {
                    related.insert(theirs.clone(), self.other.get(own).cloned().unwrap_or_default());
                }
                let consistent = pairs.iter().all(|(own, theirs)| {
                    related.get(theirs) == Some(self.other.get(own).unwrap_or(&Value::Null))
                });
                let shown = consistent && permit.scope().matches(&related);
                let allowed = || {
                    let decision =
                        self.authorizer.authorize(&self.identity, Operation::Get, &reader, &related);
                    decision.is_allowed()
                };
                assert!(!shown || allowed(), "{pairs:?} {related:?} {self:?}");
            }
        }
        permit.is_ok()
    }

    fn a_call(&self) -> bool {
        let permit = self.authorizer.permit_invoke(&self.identity, Some(self.model), Provider::UserPools);
        let screening = self.authorizer.screen(&self.identity, Operation::Get, self.model);
        assert_eq!(permit.is_ok(), screening == Screening::Allowed, "{self:?}");
        permit.is_ok()
    }
}
