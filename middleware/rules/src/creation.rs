//! Who may make a record, and whose it becomes.
//!
//! The rows are looked at in order. An owner rule that the input is silent about fills the caller in; rules that come after
//! it look at what was filled in, as the reference does.

use crate::{
    Authorizer, Claims, Identity, IdentityClaim, Item, Model, Operation,
    matrix::Row,
    operation::Matching,
    role::Who,
    standing::{Refusal, Standing},
};

/// The rows that grant create, with why the caller is not in the role of each, if so.
pub(crate) struct Creation<'a> {
    authorizer: &'a Authorizer,
    identity: &'a Identity,
    input: &'a Item,
    rows: std::slice::Iter<'a, Row>,
    fills: Fills<'a>,
    /// How many of the fills the rows before the last one have made.
    seen: usize,
}

/// A field that gets an owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fill<'a> {
    pub(crate) field: &'a str,
    pub(crate) list: bool,
    pub(crate) claim: &'a IdentityClaim,
}

/// What has been filled in so far. As long as it is little, as it mostly is, nothing is allocated.
#[derive(Debug, Default)]
struct Fills<'a> {
    few: [Option<Fill<'a>>; 4],
    more: Vec<Fill<'a>>,
}

impl Authorizer {
    /// Looks at the rows in order, with what they fill in.
    pub(crate) fn creation<'a>(
        &'a self,
        identity: &'a Identity,
        model: &'a Model,
        input: &'a Item,
    ) -> Creation<'a> {
        let rows = model.matrix().rows().iter();
        Creation { authorizer: self, identity, input, rows, fills: Fills::default(), seen: 0 }
    }

    /// Why the caller is not in the role of one row.
    pub(crate) fn refusal_of_input<'a>(
        &'a self,
        row: &'a Row,
        identity: &'a Identity,
        model: &'a Model,
        input: &'a Item,
    ) -> Option<Refusal<'a>> {
        let mut creation = self.creation(identity, model, input);
        let found = creation.find(|(other, _)| std::ptr::eq(*other, row));
        // A row that does not grant create fills nothing in.
        found.map_or_else(|| creation.refusal(row), |(_, refusal)| refusal)
    }
}

impl<'a> Iterator for Creation<'a> {
    type Item = (&'a Row, Option<Refusal<'a>>);

    fn next(&mut self) -> Option<Self::Item> {
        self.seen = self.fills.iter().count();
        let row = self.rows.find(|row| row.grants(Operation::Create))?;
        let refusal = self.refusal(row);
        if refusal.is_none() {
            self.fill_in(row);
        }
        Some((row, refusal))
    }
}

impl<'a> Creation<'a> {
    /// What the last row has filled in.
    pub(crate) fn filled_in(&self) -> impl Iterator<Item = Fill<'a>> {
        self.fills.iter().skip(self.seen)
    }

    fn refusal(&self, row: &'a Row) -> Option<Refusal<'a>> {
        match self.authorizer.standing(row, self.identity, Operation::Create) {
            Standing::Admitted => None,
            Standing::Refused(refusal) => Some(refusal),
            Standing::ByRecord(claims) => {
                let parts = row.role.who.parts();
                parts.iter().find(|part| !self.holds(part, parts, claims)).map(Refusal::of_unnamed)
            }
        }
    }

    /// Whether a part of a role holds for the record that is about to be made.
    fn holds(&self, part: &Who, parts: &'a [Who], claims: &Claims) -> bool {
        match part {
            Who::Owner { field, claim, .. } if !self.input.contains_key(field) => {
                let own = || parts.iter().filter_map(Fill::of).find(|fill| fill.field == field);
                let filling = self.fills.on(field).or_else(own);
                filling.is_some_and(|fill| {
                    // Two rules share the field and know the owner by different claims; so rare that it may allocate.
                    let names = |owner: String| claim.names(claims, Matching::Write, &owner);
                    fill.claim == claim || fill.claim.joined(claims).is_some_and(names)
                })
            }
            _ => part.deciding_field().is_none() || part.is_named_in(self.input, claims, Matching::Write),
        }
    }

    fn fill_in(&mut self, row: &'a Row) {
        for fill in row.role.who.parts().iter().filter_map(Fill::of) {
            // A `null` or an empty list is not silence.
            if !self.input.contains_key(fill.field) && self.fills.on(fill.field).is_none() {
                self.fills.push(fill);
            }
        }
    }
}

impl<'a> Fill<'a> {
    fn of(part: &'a Who) -> Option<Self> {
        match part {
            Who::Owner { field, list, claim } => Some(Self { field, list: *list, claim }),
            _ => None,
        }
    }
}

impl<'a> Fills<'a> {
    fn iter(&self) -> impl Iterator<Item = Fill<'a>> {
        self.few.iter().flatten().chain(&self.more).copied()
    }

    fn on(&self, field: &str) -> Option<Fill<'a>> {
        self.iter().find(|fill| fill.field == field)
    }

    fn push(&mut self, fill: Fill<'a>) {
        match self.few.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(fill),
            None => self.more.push(fill),
        }
    }
}
