//! Where a caller stands towards one role, with the record and without it.

use crate::{
    Authorizer, Claims, IamCaller, Identity, IdentityClaim, Item, Model, Operation, Provider,
    groups::{Groups, is_member},
    iam::Membership,
    matching::Matching,
    matrix::Row,
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
        match identity {
            Identity::User(user) => token_standing(&row.role.who, user.claims(), operation.into()),
            Identity::Iam(caller) => self.iam_standing(row, caller, operation),
            Identity::ApiKey | Identity::Function(_) => match row.role.who {
                Who::Everyone => Standing::Admitted,
                _ => Standing::Refused(Refusal::OtherIdentity),
            },
        }
    }

    fn iam_standing<'a>(&self, row: &Row, caller: &IamCaller, operation: Operation) -> Standing<'a> {
        // The reference forgets to ask for the pool where a new record may hold some fields only.
        let in_part = operation == Operation::Create && !row.covers(operation);
        match (&row.role.who, self.membership(caller)) {
            (_, Membership::UnknownPool) => Standing::Refused(Refusal::UnknownIdentityPool),
            (Who::SignedIn, Membership::Member) | (Who::Guest, Membership::Guest) => Standing::Admitted,
            (Who::SignedIn, Membership::MemberByPool) if !in_part => Standing::Admitted,
            _ => Standing::Refused(Refusal::OtherIdentity),
        }
    }

    /// Why the caller is not in the role of a row for this record; `None` if they are. For a create, the record is
    /// the input.
    pub(crate) fn refusal<'a>(
        &self,
        row: &'a Row,
        identity: &'a Identity,
        operation: Operation,
        model: &Model,
        item: &Item,
    ) -> Option<Refusal<'a>> {
        let matching = operation.into();
        match self.standing(row, identity, operation) {
            Standing::Admitted => None,
            Standing::Refused(refusal) => Some(refusal),
            Standing::ByRecord(claims) => {
                let named = row.role.who.is_named_in(item, claims, matching)
                    || operation == Operation::Create && will_be_named(row, claims, model, item);
                match row.role.who {
                    _ if named => None,
                    Who::Owner { .. } => Some(Refusal::NotOwner),
                    _ => Some(Refusal::NotInGroup),
                }
            }
        }
    }
}

/// The first owner role of this provider that fills this field in, where the input of a create is silent about it: the
/// role may create and the token has every claim that it needs. A `null` or an empty list is not silence.
pub(crate) fn filling_role<'a>(
    model: &'a Model,
    provider: Provider,
    field: &str,
    claims: &Claims,
    input: &Item,
) -> Option<(&'a Row, &'a IdentityClaim)> {
    if input.contains_key(field) {
        return None;
    }
    model.matrix().rows().iter().find_map(|row| match &row.role.who {
        Who::Owner { field: filled, claim, .. } => {
            let fills = filled == field
                && row.role.provider == provider
                && row.grants(Operation::Create)
                && claim.is_usable(claims, Matching::Write);
            fills.then_some((row, claim))
        }
        _ => None,
    })
}

/// Whether the owner that is about to be filled in is the caller by this role's claim.
fn will_be_named(row: &Row, claims: &Claims, model: &Model, input: &Item) -> bool {
    let Who::Owner { field, claim, .. } = &row.role.who else {
        return false;
    };
    match filling_role(model, row.role.provider, field, claims, input) {
        None => false,
        Some((filling, _)) if filling.role == row.role => true,
        // Two rules share the field and know the owner by different claims; so rare that it may allocate.
        Some((_, other)) => {
            other.joined(claims).is_some_and(|owner| claim.names(claims, Matching::Write, &owner))
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
            not_in_group(claims, claim)
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
        Who::SignedIn | Who::Guest => Refusal::OtherIdentity,
    };
    Standing::Refused(refused)
}

fn not_in_group<'a>(claims: &Claims, claim: &'a str) -> Refusal<'a> {
    if claims.get(claim).is_none() { Refusal::ClaimMissing(claim) } else { Refusal::NotInGroup }
}
