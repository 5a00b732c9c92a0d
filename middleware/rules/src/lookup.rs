//! Reading by a key: what a caller may see of the records that a get, a list or a query of an index asks for.
//!
//! An owner or a group that is itself a key attribute cannot be filtered for in DynamoDB, so that the reference compares
//! it with what the request says about the key, and completes the key where the request is silent.

use std::sync::Arc;

use crate::{
    Authorizer, Claims, Condition, Denied, Identity, IdentityClaim, Item, Model, Operation, Permit, Read,
    Scope,
    groups::Groups,
    matrix::Row,
    operation::Matching,
    permit::denied,
    role::{Role, Who},
    standing::{Standing, claims_are_there, is_there},
};

/// What a request says about the key by which it reads.
///
/// A sort key of several fields is no key attribute here, for a rule can only speak of its fields; leave it out.
///
/// ```
/// use portcullis_rules::{KeyTerm, Lookup};
///
/// // getNote(userId: "u1", at: 7)
/// let get = Lookup::by_key("userId", KeyTerm::from("u1")).sorted("at", KeyTerm::Other);
/// // notesByTeam(team: "red"), an index with the sort key `owner`
/// let query = Lookup::by_index("team", KeyTerm::from("red")).sorted("owner", KeyTerm::Absent);
/// assert_ne!(get, query);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    partition: (String, KeyTerm),
    sort: Option<(String, KeyTerm)>,
    by_index: bool,
    reads: Vec<String>,
}

/// What a request says about one key attribute.
#[derive(Clone, PartialEq, Eq)]
pub enum KeyTerm {
    /// Nothing.
    Absent,
    /// It equals this string.
    Equals(String),
    /// Another condition: a range, a prefix, or a value that is no string.
    Other,
}

impl std::fmt::Debug for KeyTerm {
    /// Without the value, which may name a person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Absent => "Absent",
            Self::Equals(_) => "Equals",
            Self::Other => "Other",
        })
    }
}

impl From<&str> for KeyTerm {
    fn from(value: &str) -> Self {
        Self::Equals(value.to_owned())
    }
}

impl Lookup {
    /// By the key of the model; the partition key may be absent for a list.
    #[must_use]
    pub fn by_key(partition: impl Into<String>, term: KeyTerm) -> Self {
        Self { partition: (partition.into(), term), sort: None, by_index: false, reads: Vec::new() }
    }

    /// By an index. A query of an index names the partition key.
    #[must_use]
    pub fn by_index(partition: impl Into<String>, term: KeyTerm) -> Self {
        Self { by_index: true, ..Self::by_key(partition, term) }
    }

    /// The key has a sort attribute too.
    #[must_use]
    pub fn sorted(mut self, sort: impl Into<String>, term: KeyTerm) -> Self {
        self.sort = Some((sort.into(), term));
        self
    }

    /// What is found, and how many, tells these fields of the records. A role that may not read all of them then admits
    /// nobody, unless another role reads the field for the caller in every record: stricter than the reference, which
    /// does not ask.
    ///
    /// A record of which one role reads one such field and another role another is left out, too, if it is the record that
    /// decides about these roles.
    #[must_use]
    pub fn reading<S: Into<String>>(mut self, fields: impl IntoIterator<Item = S>) -> Self {
        self.reads = fields.into_iter().map(Into::into).collect();
        self
    }

    /// What is said about a field; nothing if it is no attribute of the key.
    fn term(&self, field: &str) -> Option<&KeyTerm> {
        let attributes = std::iter::once(&self.partition).chain(&self.sort);
        attributes.into_iter().find(|(name, _)| name == field).map(|(_, term)| term)
    }
}

impl Permit<Read> {
    /// What the query must ask for besides what the caller did: values of key attributes. Empty if the request says
    /// enough.
    #[must_use]
    pub fn narrowing(&self) -> &Item {
        self.asked()
    }

    /// Whether the key that is asked for, with the [`narrowing`](Self::narrowing), keeps the answer within the
    /// [`scope`](Self::scope), so that nothing is left to filter.
    #[must_use]
    pub fn is_held_by_key(&self) -> bool {
        self.is_held_by_request()
    }
}

impl Authorizer {
    /// Permits reading by a key, by [`Operation::Get`], [`Operation::List`] or [`Operation::Sync`].
    ///
    /// It permits no record that [`permit_read`](Self::permit_read) does not; it asks more of a request, as the reference
    /// does, where the owner or the group of a rule is an attribute of the key:
    ///
    /// 1. who has to be named by a record that a key attribute decides is compared with the whole claim and, for a claim
    ///    of several parts, with each part, if the token has all parts;
    /// 2. if the request says that the attribute equals one of these, the key holds the answer within what the caller may
    ///    see; if it says anything else, the rule admits nobody;
    /// 3. if it is silent about a sort key and no other rule filters the answer, the query is
    ///    [narrowed](Permit::narrowing) to the whole claim, or to the last of the caller's groups;
    /// 4. a list without the partition key is filtered.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use portcullis_rules::{Authorizer, Claims, Identity, KeyTerm, Lookup, Model, Operation, Rule, User, VerifiedBy};
    ///
    /// let note = Arc::new(Model::new("Note", vec![], vec![Rule::owner_in("userId").claim("sub")])?);
    /// let ann = Identity::from(User::user_pools(Claims::from_iter([("sub", "u1")]), VerifiedBy::Portcullis));
    /// let ask = |user: &str| {
    ///     let lookup = Lookup::by_key("userId", KeyTerm::from(user));
    ///     Authorizer::new().permit_query(&ann, Operation::Get, &note, &lookup)
    /// };
    /// assert!(ask("u1")?.is_held_by_key());
    /// assert!(ask("u2").is_err());
    ///
    /// let recent = Lookup::by_index("day", KeyTerm::from("2024-01-01")).sorted("userId", KeyTerm::Absent);
    /// let permit = Authorizer::new().permit_query(&ann, Operation::List, &note, &recent)?;
    /// assert_eq!(permit.narrowing()["userId"], "u1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When no record that is asked for may be seen, or the operation is not a read.
    pub fn permit_query(
        &self,
        identity: &Identity,
        operation: Operation,
        model: &Arc<Model>,
        lookup: &Lookup,
    ) -> Result<Permit<Read>, Denied> {
        if !matches!(operation, Operation::Get | Operation::List | Operation::Sync) {
            return Err(denied(operation, model));
        }
        let everything = || Ok(Permit::within(model, Scope::Everything));
        if self.is_unrestricted(identity, model) {
            return everything();
        }
        let mut filter: Vec<Condition> = Vec::new();
        let mut silent: Vec<Silent<'_>> = Vec::new();
        let mut held: Option<Condition> = None;
        let mut filtered_elsewhere = false;
        let told = self.told_in_part(identity, model, &lookup.reads);
        let granting = model.matrix().rows().iter().filter(|row| row.grants(operation));
        for row in granting.filter(|row| told.iter().all(|column| row.shows(*column))) {
            let standing = self.standing(row, identity, operation);
            let keyed = key_field(&row.role.who).and_then(|field| Some((field, lookup.term(field)?)));
            match (standing, keyed) {
                (Standing::Admitted, _) => return everything(),
                (Standing::Refused(_), None) => {
                    filtered_elsewhere |= reference_filters(row, identity);
                }
                (_, Some((_, KeyTerm::Other))) => {}
                (Standing::Refused(_), Some((field, term))) => {
                    // The reference keeps what the claim says even where it names nobody here.
                    if *term == KeyTerm::Absent && claims_are_there(row, identity) {
                        silent.push(Silent { field, names: KeyNames::default(), role: &row.role });
                    }
                }
                (Standing::ByRecord(claims), None) => {
                    filter.extend(Condition::of(&row.role.who, claims, operation.into()));
                }
                (Standing::ByRecord(claims), Some((field, term))) => {
                    let names = KeyNames::of(&row.role.who, claims);
                    if names.is_none() && !claims_are_there(row, identity) {
                        continue;
                    }
                    let names = names.unwrap_or_default();
                    match term {
                        KeyTerm::Equals(value) if names.all.contains(value) => {
                            held = Some(one_of(field, vec![value.clone()]));
                        }
                        KeyTerm::Equals(_) | KeyTerm::Other => {}
                        KeyTerm::Absent => silent.push(Silent { field, names, role: &row.role }),
                    }
                }
            }
        }
        if let Some(held) = held {
            return Ok(Permit::within(model, Scope::Any(vec![held])).asking(Item::new(), true));
        }
        let silent = last_of_each_field(silent, model);
        let partition_absent = lookup.partition.1 == KeyTerm::Absent;
        if partition_absent && !lookup.by_index {
            let named = silent.into_iter().filter(|silent| !silent.names.all.is_empty());
            filter.extend(named.map(|silent| one_of(silent.field, silent.names.all)));
        } else if !partition_absent
            && filter.is_empty()
            && !filtered_elsewhere
            && let Some((field, value)) =
                silent.into_iter().find_map(|silent| Some((silent.field, silent.names.whole?)))
        {
            let narrowing = Item::from_iter([(field.to_owned(), value.as_str().into())]);
            let scope = Scope::Any(vec![one_of(field, vec![value])]);
            return Ok(Permit::within(model, scope).asking(narrowing, true));
        }
        if filter.is_empty() {
            return Err(denied(operation, model));
        }
        Ok(Permit::within(model, Scope::Any(filter)))
    }

    /// The columns of those of the fields that may be withheld from the caller in some record.
    fn told_in_part(&self, identity: &Identity, model: &Model, fields: &[String]) -> Vec<usize> {
        let matrix = model.matrix();
        // As `withheld` asks.
        let admitted =
            |row: &&Row| matches!(self.standing(row, identity, Operation::Update), Standing::Admitted);
        let always = |column: usize| {
            matrix.rows_for(identity).filter(|row| row.shows(column)).any(|row| admitted(&row))
        };
        let guarded = fields.iter().filter(|field| model.may_withhold(field));
        guarded.filter_map(|field| matrix.column(field)).filter(|column| !always(*column)).collect()
    }
}

/// A role that a key attribute decides, about which the request says nothing.
struct Silent<'a> {
    field: &'a str,
    names: KeyNames,
    role: &'a Role,
}

/// The texts in a key attribute that name the caller.
#[derive(Default)]
struct KeyNames {
    /// All of them.
    all: Vec<String>,
    /// The one that a silent query is narrowed to.
    whole: Option<String>,
}

impl KeyNames {
    fn of(who: &Who, claims: &Claims) -> Option<Self> {
        let (all, whole) = match who {
            Who::Owner { claim, .. } => Self::of_owner(claim, claims)?,
            // The reference would read such a name as two claims.
            Who::MemberOfNamed { claim, .. } if claim.contains("::") => return None,
            Who::MemberOfNamed { claim, .. } => {
                let groups = Groups::for_field(claims, claim, false, Matching::Query);
                let last = groups.last().filter(|name| !name.is_empty()).map(str::to_owned);
                (groups.names().map(str::to_owned).collect(), last)
            }
            _ => return None,
        };
        (!all.is_empty()).then_some(Self { all, whole })
    }

    fn of_owner(claim: &IdentityClaim, claims: &Claims) -> Option<(Vec<String>, Option<String>)> {
        let whole = claim.joined(claims)?;
        let mut all = claim.names_of(claims, Matching::Write);
        // The reference reads a claim that looks like a JSON list as a list of names; here it is none of them.
        let looks_like_list = serde_json::from_str::<Vec<serde_json::Value>>(&whole).is_ok();
        if looks_like_list {
            all.retain(|name| *name != whole);
        }
        Some((all, (!looks_like_list).then_some(whole)))
    }
}

/// The field that decides for a role by a single value, as a key attribute holds it.
fn key_field(who: &Who) -> Option<&str> {
    match who {
        Who::Owner { field, list: false, .. } | Who::MemberOfNamed { field, list: false, .. } => Some(field),
        _ => None,
    }
}

/// Whether the reference filters the answer by this role although it admits nobody here: the claim is there and names
/// nobody. Where it filters, it does not narrow the key.
fn reference_filters(row: &Row, identity: &Identity) -> bool {
    let Some(user) = identity.user().filter(|_| identity.provider() == row.role.provider) else {
        return false;
    };
    match &row.role.who {
        Who::Owner { claim, .. } => claim.parts().iter().any(|part| is_there(user.claims(), part)),
        Who::MemberOfNamed { claim, .. } => user
            .claims()
            .get(claim)
            .is_some_and(|groups| groups.as_array().is_none_or(|list| !list.is_empty())),
        _ => false,
    }
}

/// Of several roles that the same attribute decides, the reference keeps the names of the last.
fn last_of_each_field<'a>(mut silent: Vec<Silent<'a>>, model: &Model) -> Vec<Silent<'a>> {
    if silent.len() > 1 {
        let place = |silent: &Silent<'_>| {
            let makes = |role: &Role| role == silent.role;
            model
                .all_rules()
                .position(|rule| Role::of(rule, model.fields()).is_ok_and(|roles| roles.iter().any(makes)))
        };
        silent.sort_by_cached_key(place);
    }
    let mut kept: Vec<Silent<'a>> = Vec::new();
    for one in silent {
        kept.retain(|other| other.field != one.field);
        kept.push(one);
    }
    kept
}

fn one_of(field: &str, values: Vec<String>) -> Condition {
    Condition::OneOf { field: field.to_owned(), values }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{Field, Operations, Rule, User, VerifiedBy};

    fn user(claims: Value) -> Identity {
        User::user_pools(Claims::from(claims.as_object().unwrap().clone()), VerifiedBy::Portcullis).into()
    }

    /// What is permitted: what it rests on, what the key is narrowed to, and what is filtered.
    fn ask(rules: Vec<Rule>, identity: &Identity, lookup: &Lookup) -> String {
        let fields = vec![Field::new("pk"), Field::new("sk"), Field::new("owner"), Field::list("teams")];
        outcome(&Arc::new(Model::new("Note", fields, rules).unwrap()), identity, Operation::List, lookup)
    }

    fn outcome(model: &Arc<Model>, identity: &Identity, operation: Operation, lookup: &Lookup) -> String {
        match Authorizer::new().permit_query(identity, operation, model, lookup) {
            Err(_) => "denied".to_owned(),
            Ok(permit) => {
                let narrowing = permit.narrowing();
                let narrowing =
                    if narrowing.is_empty() { String::new() } else { format!(" {}", json!(narrowing)) };
                let held = if permit.is_held_by_key() { "key" } else { "filter" };
                match permit.scope() {
                    Scope::Everything => "all".to_owned(),
                    Scope::Nothing => "nothing".to_owned(),
                    Scope::Any(conditions) => {
                        let parts = conditions.iter().flat_map(Condition::parts);
                        let terms: Vec<String> = parts
                            .map(|part| format!("{}={}", part.field().unwrap(), part.values().join("|")))
                            .collect();
                        format!("{held}{narrowing} {}", terms.join(" "))
                    }
                }
            }
        }
    }

    fn ann() -> Identity {
        user(json!({"sub": "u1", "username": "ann", "cognito:groups": ["A", "B"]}))
    }

    fn on(pk: KeyTerm) -> Lookup {
        Lookup::by_key("pk", pk).sorted("sk", KeyTerm::Absent)
    }

    fn of_index(pk: &str, sk: KeyTerm) -> Lookup {
        Lookup::by_index("pk", pk.into()).sorted("sk", sk)
    }

    #[test]
    fn an_owner_that_is_the_partition_key_is_compared_with_the_request() {
        let table = [
            (on("u1::ann".into()), "key pk=u1::ann"),
            (on("ann".into()), "key pk=ann"),
            (on("u1".into()), "key pk=u1"),
            (on("u2".into()), "denied"),
            (on("".into()), "denied"),
            (on(KeyTerm::Other), "denied"),
            (on(KeyTerm::Absent), "filter pk=u1::ann|u1|ann"),
            (Lookup::by_index("pk", "ann".into()), "key pk=ann"),
            (Lookup::by_index("pk", "bob".into()), "denied"),
            (Lookup::by_index("pk", KeyTerm::Absent), "denied"),
        ];
        for (lookup, expected) in table {
            assert_eq!(ask(vec![Rule::owner_in("pk")], &ann(), &lookup), expected, "{lookup:?}");
        }
    }

    #[test]
    fn a_token_that_lacks_a_part_has_no_key() {
        let half = user(json!({"sub": "u1"}));
        for term in [KeyTerm::from("u1"), KeyTerm::Absent] {
            assert_eq!(ask(vec![Rule::owner_in("pk")], &half, &on(term)), "denied");
        }
        // As a filter, a part is enough.
        assert_eq!(ask(vec![Rule::owner()], &half, &on("x".into())), "filter owner=u1");
    }

    #[test]
    fn a_silent_sort_key_is_narrowed_to_the_whole_claim_or_the_last_group() {
        let owner = || vec![Rule::owner_in("sk").claim("sub")];
        let group = || vec![Rule::groups_in("sk")];
        let table = [
            (owner(), of_index("x", KeyTerm::Absent), r#"key {"sk":"u1"} sk=u1"#),
            (owner(), of_index("x", "u1".into()), "key sk=u1"),
            (owner(), of_index("x", "u2".into()), "denied"),
            (owner(), of_index("x", KeyTerm::Other), "denied"),
            (group(), of_index("x", KeyTerm::Absent), r#"key {"sk":"B"} sk=B"#),
            (group(), of_index("x", "A".into()), "key sk=A"),
            (group(), of_index("x", "C".into()), "denied"),
            (owner(), on("x".into()), r#"key {"sk":"u1"} sk=u1"#),
            (owner(), on(KeyTerm::Absent), "filter sk=u1"),
            (group(), on(KeyTerm::Absent), "filter sk=A|B"),
        ];
        for (rules, lookup, expected) in table {
            assert_eq!(ask(rules.clone(), &ann(), &lookup), expected, "{rules:?} {lookup:?}");
        }
        let odd = user(json!({"cognito:groups": ["A", 7]}));
        assert_eq!(ask(group(), &odd, &of_index("x", KeyTerm::Absent)), "denied", "the last is no name");
    }

    #[test]
    fn where_another_rule_filters_nothing_is_narrowed() {
        let rules = || vec![Rule::owner_in("sk").claim("sub"), Rule::groups_in("teams")];
        assert_eq!(ask(rules(), &ann(), &of_index("x", KeyTerm::Absent)), "filter teams=A|B");
        assert_eq!(ask(rules(), &ann(), &on(KeyTerm::Absent)), "filter teams=A|B sk=u1");
        assert_eq!(ask(rules(), &ann(), &of_index("x", "u1".into())), "key sk=u1");
        let alone = user(json!({"sub": "u1"}));
        assert_eq!(ask(rules(), &alone, &of_index("x", KeyTerm::Absent)), r#"key {"sk":"u1"} sk=u1"#);
        // The reference filters by an empty name; that admits nobody here, and must not open the key.
        let rules = vec![Rule::owner_in("sk").claim("sub"), Rule::owner().claim("email")];
        let empty = user(json!({"sub": "u1", "email": ""}));
        assert_eq!(ask(rules, &empty, &of_index("x", KeyTerm::Absent)), "denied");
    }

    #[test]
    fn by_what_a_role_may_not_read_it_finds_nothing() {
        let read = || vec![Rule::private().operations(Operations::READ), Rule::owner()];
        let owned = "filter owner=u1::ann|u1|ann";
        let table = [
            (vec![Rule::owner()], read(), owned),
            (vec![Rule::private()], read(), "all"),
            // Every record's field is read by another role than the one that reads the record.
            (vec![Rule::groups(["A"])], read(), "all"),
            (vec![Rule::groups(["C"])], read(), "denied"),
            (vec![Rule::groups(["A"]).operations(Operation::Update)], read(), "denied"),
            (vec![], read(), "denied"),
            (
                vec![Rule::owner(), Rule::groups_in("teams")],
                vec![Rule::owner(), Rule::groups_in("teams")],
                "filter owner=u1::ann|u1|ann teams=A|B",
            ),
            (
                vec![Rule::groups_in("teams")],
                vec![Rule::owner(), Rule::groups_in("teams")],
                "filter teams=A|B",
            ),
        ];
        for (guard, rules, expected) in table {
            let sk = Field::new("sk").guarded(guard.clone());
            let fields = vec![Field::new("pk"), sk, Field::new("owner"), Field::list("teams")];
            let model = Arc::new(Model::new("Note", fields, rules).unwrap());
            let lookup = of_index("x", KeyTerm::Other);
            let ask = |lookup: &Lookup| outcome(&model, &ann(), Operation::List, lookup);
            assert_eq!(ask(&lookup.clone().reading(["pk", "sk"])), expected, "{guard:?}");
            let all = Authorizer::new().scope(&ann(), Operation::List, &model);
            assert_eq!(ask(&lookup.reading(["pk"])) == "all", all == Scope::Everything, "{guard:?}");
        }
    }

    #[test]
    fn only_operations_with_a_key_read_by_it() {
        let model = Arc::new(Model::new("Note", vec![Field::new("pk")], vec![Rule::private()]).unwrap());
        for operation in Operation::ALL {
            let by_key = matches!(operation, Operation::Get | Operation::List | Operation::Sync);
            let permitted = outcome(&model, &ann(), operation, &on("x".into()));
            assert_eq!(permitted, if by_key { "all" } else { "denied" }, "{operation}");
        }
    }

    #[test]
    fn of_two_rules_about_a_silent_key_the_last_counts() {
        let caller = user(json!({"sub": "u1", "email": "a@x.io", "cognito:groups": ["A"]}));
        let (one, two) = (Rule::owner_in("pk").claim("sub"), Rule::owner_in("pk").claim("email"));
        let group = Rule::groups_in("pk");
        let table = [
            (vec![one.clone(), two.clone()], "filter pk=a@x.io"),
            (vec![two.clone(), one.clone()], "filter pk=u1"),
            (vec![group.clone(), one.clone()], "filter pk=u1"),
            (vec![one.clone(), group], "filter pk=A"),
        ];
        for (rules, expected) in table {
            assert_eq!(ask(rules, &caller, &on(KeyTerm::Absent)), expected);
        }
        assert_eq!(ask(vec![one.clone(), two], &caller, &on("u1".into())), "key pk=u1");
        // The last counts even if it names nobody.
        let nobody = user(json!({"sub": "u1", "cognito:groups": []}));
        assert_eq!(ask(vec![one, Rule::groups_in("pk")], &nobody, &on(KeyTerm::Absent)), "denied");
    }

    #[test]
    fn who_needs_no_record_reads_by_any_key() {
        let rules = || vec![Rule::owner_in("pk"), Rule::groups(["B"])];
        assert_eq!(ask(rules(), &ann(), &on("somebody".into())), "all");
        assert_eq!(ask(vec![Rule::public()], &Identity::ApiKey, &on(KeyTerm::Absent)), "all");
        assert_eq!(ask(rules(), &Identity::ApiKey, &on("somebody".into())), "denied");
        let no_reads = vec![Rule::private().operations(Operations::from(Operation::Create))];
        assert_eq!(ask(no_reads, &ann(), &on("x".into())), "denied");
    }

    #[test]
    fn a_claim_that_looks_like_a_list_is_no_key() {
        let caller = user(json!({"email": "[\"a\"]"}));
        for key in ["a", "[\"a\"]"] {
            assert_eq!(ask(vec![Rule::owner_in("pk").claim("email")], &caller, &on(key.into())), "denied");
        }
    }
}
