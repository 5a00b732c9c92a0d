//! Where a caller stands towards one role, with the record and without it.

use crate::{
    Authorizer, Claims, IamCaller, Identity, Item, Model, Operation, User,
    groups::{Groups, is_member},
    iam::Membership,
    matrix::Row,
    operation::Matching,
    role::Who,
};

/// What can be said about a caller and a role before the record is loaded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing<'a> {
    /// The caller is in the role.
    Admitted,
    /// The caller is in the role if the record names them.
    ByRecord(&'a Claims),
    /// The caller is not in the role, whatever the record says.
    Refused(Refusal<'a>),
}

/// Why a caller is not in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal<'a> {
    OtherProvider,
    ClaimMissing(&'a str),
    NotInGroup,
    NotOwner,
    OtherIdentity,
    UnknownIdentityPool,
}

impl Authorizer {
    /// Where the caller stands before the record is loaded.
    pub(crate) fn standing<'a>(
        &self,
        row: &'a Row,
        identity: &'a Identity,
        operation: Operation,
    ) -> Standing<'a> {
        if row.role.provider != identity.provider() {
            return Standing::Refused(Refusal::OtherProvider);
        }
        let mut standing = Standing::Admitted;
        for part in row.role.who.parts() {
            match self.standing_of_part(part, row, identity, operation) {
                Standing::Admitted => {}
                Standing::ByRecord(claims) => standing = Standing::ByRecord(claims),
                refused @ Standing::Refused(_) => return refused,
            }
        }
        standing
    }

    fn standing_of_part<'a>(
        &self,
        who: &'a Who,
        row: &Row,
        identity: &'a Identity,
        operation: Operation,
    ) -> Standing<'a> {
        match identity {
            Identity::User(user) => token_standing(who, user.claims(), operation.into()),
            Identity::Iam(caller) => {
                // The reference forgets to ask for the pool where a new record may hold some fields only.
                let in_part = operation == Operation::Create && !row.covers(operation);
                self.iam_standing(who, caller, in_part)
            }
            Identity::ApiKey | Identity::Function(_) => match who {
                Who::Everyone => Standing::Admitted,
                _ => Standing::Refused(Refusal::OtherIdentity),
            },
        }
    }

    fn iam_standing<'a>(&self, who: &Who, caller: &IamCaller, in_part: bool) -> Standing<'a> {
        match (who, self.membership(caller)) {
            (_, Membership::UnknownPool) => Standing::Refused(Refusal::UnknownIdentityPool),
            (Who::SignedIn, Membership::Member) | (Who::Guest, Membership::Guest) => Standing::Admitted,
            (Who::SignedIn, Membership::MemberByPool) if !in_part => Standing::Admitted,
            _ => Standing::Refused(Refusal::OtherIdentity),
        }
    }

    /// Whether the caller is in the role of a row for this stored record.
    pub(crate) fn admits(&self, row: &Row, identity: &Identity, operation: Operation, item: &Item) -> bool {
        row.role.provider == identity.provider()
            && row.role.who.parts().iter().all(|part| match (part, identity) {
                // Whoever is named has the claims that it takes, so that these need not be looked at first.
                (Who::Owner { .. } | Who::MemberOfNamed { .. }, Identity::User(user)) => {
                    part.is_named_in(item, user.claims(), operation.into())
                }
                (Who::Member { group, claim }, Identity::User(user)) => {
                    is_member(user.claims(), claim, group)
                }
                _ => matches!(self.standing_of_part(part, row, identity, operation), Standing::Admitted),
            })
    }

    /// Why the caller is not in the role of a row for this record; `None` if they are. For a create, the record is
    /// the input, and what owner rules are about to fill in counts as well.
    pub(crate) fn refusal<'a>(
        &'a self,
        row: &'a Row,
        identity: &'a Identity,
        operation: Operation,
        model: &'a Model,
        item: &'a Item,
    ) -> Option<Refusal<'a>> {
        if operation == Operation::Create {
            return self.refusal_of_input(row, identity, model, item);
        }
        if self.admits(row, identity, operation, item) {
            return None;
        }
        let parts = row.role.who.parts();
        let unnamed = |part: &&Who| {
            let claims = identity.user().map(User::claims);
            part.deciding_field().is_some()
                && claims.is_none_or(|claims| !part.is_named_in(item, claims, operation.into()))
        };
        Some(match self.standing(row, identity, operation) {
            Standing::Refused(refusal) => refusal,
            Standing::Admitted | Standing::ByRecord(_) => {
                parts.iter().find(unnamed).map_or(Refusal::OtherIdentity, Refusal::of_unnamed)
            }
        })
    }
}

impl Authorizer {
    /// Why the caller is not in one part of a row's role; `None` if they are. An owner about whom the input of a create is
    /// silent is about to be filled in.
    pub(crate) fn refusal_of_part<'a>(
        &self,
        who: &'a Who,
        row: &Row,
        identity: &'a Identity,
        operation: Operation,
        item: &Item,
    ) -> Option<Refusal<'a>> {
        match self.standing_of_part(who, row, identity, operation) {
            Standing::Admitted => None,
            Standing::Refused(refusal) => Some(refusal),
            Standing::ByRecord(claims) => {
                let silent = |field| operation == Operation::Create && !item.contains_key(field);
                let filled_in = matches!(who, Who::Owner { field, .. } if silent(field));
                let named = filled_in || who.is_named_in(item, claims, operation.into());
                (!named).then(|| Refusal::of_unnamed(who))
            }
        }
    }
}

impl Refusal<'_> {
    /// What it is that the record does not name.
    pub(crate) fn of_unnamed(part: &Who) -> Self {
        match part {
            Who::Owner { .. } => Self::NotOwner,
            _ => Self::NotInGroup,
        }
    }
}

fn token_standing<'a>(who: &'a Who, claims: &'a Claims, matching: Matching) -> Standing<'a> {
    let refused = match who {
        Who::Everyone => return Standing::Admitted,
        Who::Member { group, claim } => {
            if is_member(claims, claim, group) {
                return Standing::Admitted;
            }
            group.missing(claims).map_or_else(|| not_in_group(claims, claim), Refusal::ClaimMissing)
        }
        Who::Owner { claim, .. } => {
            if claim.is_usable(claims, matching) {
                return Standing::ByRecord(claims);
            }
            Refusal::ClaimMissing(claim.missing(claims).unwrap_or_default())
        }
        Who::MemberOfNamed { list, claim, .. } => {
            if Groups::for_field(claims, claim, *list, matching).names().next().is_some() {
                return Standing::ByRecord(claims);
            }
            not_in_group(claims, claim)
        }
        // Parts are asked about one by one.
        Who::SignedIn | Who::Guest | Who::All(_) => Refusal::OtherIdentity,
    };
    Standing::Refused(refused)
}

fn not_in_group<'a>(claims: &Claims, claim: &'a str) -> Refusal<'a> {
    if claims.says(claim) { Refusal::NotInGroup } else { Refusal::ClaimMissing(claim) }
}

/// Whether the token has every claim that the role reads, whatever is in it.
pub(crate) fn claims_are_there(row: &Row, identity: &Identity) -> bool {
    let Some(user) = identity.user().filter(|_| identity.provider() == row.role.provider) else {
        return false;
    };
    match &row.role.who {
        Who::Owner { claim, .. } => claim.parts().iter().all(|part| is_there(user.claims(), part)),
        Who::MemberOfNamed { claim, .. } => is_there(user.claims(), claim),
        _ => false,
    }
}

/// Whether the token has a claim, whatever is in it.
pub(crate) fn is_there(claims: &Claims, name: &str) -> bool {
    claims.says(name) || (name == "username" && claims.says("cognito:username"))
}
