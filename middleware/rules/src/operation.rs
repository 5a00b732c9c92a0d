//! What a caller wants to do.

use std::fmt;

/// One of the eight operations that an `@auth` rule can grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Make a record.
    Create,
    /// Change a record.
    Update,
    /// Remove a record.
    Delete,
    /// Read one record by its key.
    Get,
    /// Read records page by page.
    List,
    /// Read records for an offline client.
    Sync,
    /// Receive changes as they happen.
    Listen,
    /// Find records by a search engine.
    Search,
}

/// A set of operations.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Operations(u8);

/// What the reference takes for the caller's name, which is not the same for every operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Matching {
    /// Writes: every part of the claim must be there; the joined value and each part name the caller.
    Write,
    /// Queries: the joined value names the caller if every part is there, and each part that is there does by itself.
    Query,
    /// Subscriptions: every part must be there; the joined value and the last part name the caller. The reference
    /// compares the last part with an owner from which all but the last part was removed; a record owned by an
    /// earlier part alone is not delivered there, and so not here.
    Listen,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 8] = [
        Self::Create,
        Self::Update,
        Self::Delete,
        Self::Get,
        Self::List,
        Self::Sync,
        Self::Listen,
        Self::Search,
    ];

    /// The name that a rule uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Get => "get",
            Self::List => "list",
            Self::Sync => "sync",
            Self::Listen => "listen",
            Self::Search => "search",
        }
    }

    /// Whether the operation only reads.
    #[must_use]
    pub fn is_read(self) -> bool {
        Operations::READ.contains(self)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl From<Operation> for Matching {
    fn from(operation: Operation) -> Self {
        match operation {
            Operation::Create | Operation::Update | Operation::Delete => Self::Write,
            Operation::Get | Operation::List | Operation::Sync | Operation::Search => Self::Query,
            Operation::Listen => Self::Listen,
        }
    }
}

impl Operations {
    /// No operation: a rule with `operations: []` grants nothing.
    pub const NONE: Self = Self(0);
    /// All operations: what a rule without `operations` grants.
    pub const ALL: Self = Self(u8::MAX);
    /// What `read` stands for.
    pub const READ: Self = Self(
        Operation::Get.bit()
            | Operation::List.bit()
            | Operation::Sync.bit()
            | Operation::Listen.bit()
            | Operation::Search.bit(),
    );

    /// Whether the operation is in the set.
    #[must_use]
    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & operation.bit() != 0
    }

    /// This set and another.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every operation of the other set is in this one.
    #[must_use]
    pub const fn contains_all(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What this set and another have in common.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether this set and another have something in common.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The operations of the set.
    pub fn iter(self) -> impl Iterator<Item = Operation> {
        Operation::ALL.into_iter().filter(move |operation| self.contains(*operation))
    }
}

impl From<Operation> for Operations {
    fn from(operation: Operation) -> Self {
        Self(operation.bit())
    }
}

impl<const N: usize> From<[Operation; N]> for Operations {
    fn from(operations: [Operation; N]) -> Self {
        operations.into_iter().collect()
    }
}

impl FromIterator<Operation> for Operations {
    fn from_iter<I: IntoIterator<Item = Operation>>(operations: I) -> Self {
        operations.into_iter().fold(Self::NONE, |set, operation| Self(set.0 | operation.bit()))
    }
}

impl fmt::Display for Operations {
    /// As a rule writes it: `[create, read]`, where `read` stands for all that read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads_all = self.contains_all(Self::READ);
        let mut names: Vec<&str> = self
            .iter()
            .filter(|operation| !(reads_all && operation.is_read()))
            .map(Operation::name)
            .collect();
        if reads_all {
            names.push("read");
        }
        write!(f, "[{}]", names.join(", "))
    }
}

impl fmt::Debug for Operations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_written_as_in_a_rule() {
        let table = [
            (Operations::NONE, "[]"),
            (Operations::READ, "[read]"),
            (Operations::from([Operation::Get, Operation::List]), "[get, list]"),
            (Operations::READ.union(Operation::Create.into()), "[create, read]"),
            (Operations::ALL, "[create, update, delete, read]"),
        ];
        for (set, text) in table {
            assert_eq!(set.to_string(), text);
        }
    }

    #[test]
    fn a_set_holds_what_was_put_in() {
        for operation in Operation::ALL {
            let one = Operations::from(operation);
            assert_eq!(one.iter().collect::<Vec<_>>(), [operation]);
            assert!(Operations::ALL.contains_all(one));
            assert_eq!(operation.is_read(), Operations::READ.intersection(one) == one);
        }
    }
}
