//! Records that are reached through a relation of another record.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Authorizer, Condition, Denied, Identity, Item, Model, Operation, Permit, Provider, Read, Scope,
    matrix::Row,
    operation::Matching,
    permit::denied,
    role::{Role, Who},
    standing::Standing,
};

impl Authorizer {
    /// Permits reading the records that a relation of a record leads to.
    ///
    /// The rules of the related model decide, whichever operation that reads they grant. Whether the caller may read
    /// the field that holds the relation is another question, and asked first: see [`withheld`](Self::withheld).
    /// `pairs` are a field of the record and the field of the related model that equals it; where one of the latter
    /// names owners or groups, the value on this side decides, for all related records have it.
    ///
    /// Where that value names somebody else and no other rule admits the caller, the permit is for the caller's own records,
    /// of which this relation holds none. The reference then looks up the caller's own instead, whatever the record says;
    /// their key is the permit's [`narrowing`](Permit::narrowing), which nobody has to follow.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use portcullis_rules::{Authorizer, Claims, Identity, Item, Model, Rule, Scope, User, VerifiedBy};
    ///
    /// let post = Arc::new(Model::new("Post", vec![], vec![Rule::owner(), Rule::owner_in("author").claim("email")])?);
    /// let ann = Claims::from_iter([("sub", "u1"), ("username", "ann"), ("email", "ann@example.com")]);
    /// let ann = Identity::from(User::user_pools(ann, VerifiedBy::Portcullis));
    /// let pairs = [("email".to_owned(), "author".to_owned())];
    ///
    /// let hers = Item::from_iter([("email".to_owned(), "ann@example.com".into())]);
    /// let permit = Authorizer::new().permit_related(&ann, &pairs, &hers, &post)?;
    /// assert_eq!(permit.scope(), &Scope::Everything);
    ///
    /// let other = Item::from_iter([("email".to_owned(), "bob@example.com".into())]);
    /// let permit = Authorizer::new().permit_related(&ann, &pairs, &other, &post)?;
    /// assert!(matches!(permit.scope(), Scope::Any(conditions) if conditions.len() == 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When there is no related record that the caller may read.
    pub fn permit_related(
        &self,
        identity: &Identity,
        pairs: &[(String, String)],
        record: &Item,
        related: &Arc<Model>,
    ) -> Result<Permit<Read>, Denied> {
        let within = |scope| Permit::within(related, scope);
        if self.is_unrestricted(identity, related) {
            return Ok(within(Scope::Everything));
        }
        let mut conditions: Vec<Condition> = Vec::new();
        // The caller's own records, which this relation does not hold, and their key.
        let (mut own, mut own_key) = (Vec::new(), Item::new());
        for row in related.matrix().rows().iter().filter(|row| row.reads_some()) {
            let claims = match self.standing(row, identity, Operation::Get) {
                Standing::Admitted => return Ok(within(Scope::Everything)),
                Standing::Refused(_) => continue,
                Standing::ByRecord(claims) => claims,
            };
            let pair_of = |part: &Who| {
                let decides = part.deciding_field();
                pairs.iter().find(|(_, theirs)| decides == Some(theirs))
            };
            // The reference asks here as for a write: the token needs every claim of the rule.
            let is_named_by_key = |part: &Who, (own, theirs): &(String, String)| {
                let value = record.get(own).cloned().unwrap_or(Value::Null);
                let keyed = Item::from_iter([(theirs.clone(), value)]);
                part.is_named_in(&keyed, claims, Matching::Write)
            };
            let deciding = || row.role.who.parts().iter().filter(|part| part.deciding_field().is_some());
            let by_key = || deciding().filter_map(|part| Some((part, pair_of(part)?)));
            if !by_key().all(|(part, pair)| is_named_by_key(part, pair)) {
                let names = deciding().map(|part| Condition::of(part, claims, Matching::Write));
                own.extend(names.collect::<Option<Vec<_>>>().and_then(Condition::all));
                if let (Who::Owner { field, claim, .. }, true) = (&row.role.who, own_key.is_empty()) {
                    own_key.extend(claim.joined(claims).map(|name| (field.clone(), name.into())));
                }
                continue;
            }
            let by_record = deciding().filter(|part| pair_of(part).is_none());
            let by_record: Option<Vec<Condition>> =
                by_record.map(|part| Condition::of(part, claims, Matching::Query)).collect();
            match by_record.map(Condition::all) {
                Some(None) => return Ok(within(Scope::Everything)),
                Some(Some(condition)) => conditions.push(condition),
                None => {}
            }
        }
        match (conditions.is_empty(), own.is_empty()) {
            (false, _) => Ok(within(Scope::Any(conditions))),
            (true, false) => Ok(within(Scope::Any(own)).asking(own_key, false)),
            (true, true) => Err(denied(Operation::Get, related)),
        }
    }
}

impl Model {
    /// Whether what a mutation returns leaves out the related records of this field, whoever asks: subscribers get the same
    /// result, and not all who may read this model read those.
    ///
    /// It follows from the rules of both models alone. The two agree if they admit the same callers, none of whom a
    /// record or a function decides about; if no role of one is a role of the other nothing is left out, for each
    /// related record is asked about anyway. A field that is [kept from some](Self::is_kept_from_some) is left out too.
    ///
    /// *Caveat*, as in Amplify: the last is said of roles and not of people. Somebody who is in two groups, each admitted to one of the
    /// models, is answered the related record, and so is who listens in one of the groups.
    ///
    /// ```
    /// use portcullis_rules::{Field, InvalidModel, Model, Rule};
    ///
    /// let blog = |rules| Model::new("Blog", vec![Field::new("posts")], rules);
    /// let post = |rules| Model::new("Post", vec![Field::new("text")], rules);
    /// assert!(!blog(vec![Rule::private()])?.redacts("posts", &post(vec![Rule::private()])?));
    /// assert!(blog(vec![Rule::private()])?.redacts("posts", &post(vec![Rule::owner()])?));
    /// # Ok::<(), InvalidModel>(())
    /// ```
    #[must_use]
    pub fn redacts(&self, field: &str, related: &Self) -> bool {
        let column = self.matrix().column(field);
        let reads = |row: &&Row| column.is_some_and(|column| row.reads(column));
        // Where everybody with a token of one provider reads all of the field, their other roles do not count.
        let open: Vec<Provider> = self
            .matrix()
            .rows()
            .iter()
            .filter(|row| column.is_some_and(|column| row.is_open_reader(column)))
            .map(|row| row.role.provider)
            .collect();
        let counts = |row: &&Row| row.role.who == Who::Everyone || !open.contains(&row.role.provider);
        let getters = self.matrix().rows().iter().filter(|row| row.touches(Operation::Get));
        let near: Vec<&Role> = getters.filter(counts).filter(reads).map(|row| &row.role).collect();

        let readers = || related.matrix().rows().iter().filter(|row| row.reads_some()).map(|row| &row.role);
        let everybody =
            |provider| readers().any(|role| role.provider == provider && role.is_everybody_with_a_token());
        let far: Vec<&Role> =
            readers().filter(|role| role.is_everybody_with_a_token() || !everybody(role.provider)).collect();

        let overlaps = near.iter().any(|near| far.iter().any(|far| near.may_be_the_same_callers(far)));
        let agree = near.len() == far.len()
            && far.iter().all(|far| near.iter().any(|near| near == far && near.is_static()));
        overlaps && !agree
    }
}

impl Role {
    /// Whether neither a record nor a function says who is in the role.
    fn is_static(&self) -> bool {
        self.provider != Provider::Function
            && matches!(self.who, Who::Everyone | Who::SignedIn | Who::Guest | Who::Member { .. })
    }

    fn is_everybody_with_a_token(&self) -> bool {
        matches!(self.provider, Provider::UserPools | Provider::Oidc) && self.who == Who::Everyone
    }

    fn is_private(&self) -> bool {
        self.is_everybody_with_a_token() || self.who == Who::SignedIn
    }

    /// Whether the two roles are one, or one of them is everybody who signed in the same way.
    fn may_be_the_same_callers(&self, other: &Self) -> bool {
        let one = self.provider == other.provider && same_people(&self.who, &other.who);
        one || self.provider == other.provider && (self.is_private() || other.is_private())
    }
}

/// Whether two roles of one provider are the same; that a field is a list in one model alone makes no difference.
fn same_people(one: &Who, other: &Who) -> bool {
    match (one, other) {
        (Who::Owner { field, claim, .. }, Who::Owner { field: other, claim: by, .. }) => {
            field == other && claim == by
        }
        (Who::MemberOfNamed { field, claim, .. }, Who::MemberOfNamed { field: other, claim: by, .. }) => {
            field == other && claim == by
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Claims, Field, Operations, Rule, User, VerifiedBy};

    fn person(groups: &[&str]) -> Identity {
        let claims = json!({"sub": "u1", "username": "ann", "cognito:groups": groups});
        User::user_pools(Claims::from(claims.as_object().unwrap().clone()), VerifiedBy::Portcullis).into()
    }

    fn blog(rules: Vec<Rule>) -> Model {
        Model::new("Blog", vec![Field::new("id"), Field::new("posts")], rules).unwrap()
    }

    fn post(rules: Vec<Rule>) -> Arc<Model> {
        Arc::new(Model::new("Post", vec![Field::new("id"), Field::new("text")], rules).unwrap())
    }

    fn read(rule: Rule) -> Rule {
        rule.operations(Operations::READ)
    }

    #[test]
    fn any_operation_that_reads_admits_to_related_records() {
        let rules = [Operation::Get, Operation::List, Operation::Listen, Operation::Sync, Operation::Search];
        for operation in rules {
            let post = post(vec![Rule::private().operations(operation)]);
            assert!(Authorizer::new().permit_related(&person(&[]), &[], &Item::new(), &post).is_ok());
        }
        let write =
            post(vec![Rule::private().operations([Operation::Create, Operation::Update, Operation::Delete])]);
        assert!(Authorizer::new().permit_related(&person(&[]), &[], &Item::new(), &write).is_err());
        assert!(Authorizer::new().permit_related(&person(&[]), &[], &Item::new(), &post(vec![])).is_err());
    }

    #[test]
    fn related_records_are_restricted_to_those_that_name_the_caller() {
        let post = post(vec![read(Rule::owner()), read(Rule::groups(["editors"]))]);
        let scope = |groups: &[&str]| {
            let permit = Authorizer::new().permit_related(&person(groups), &[], &Item::new(), &post);
            permit.unwrap().scope().clone()
        };
        assert_eq!(scope(&["editors"]), Scope::Everything);
        let hers = Item::from_iter([("owner".to_owned(), "u1::ann".into())]);
        assert!(scope(&[]).matches(&hers) && !scope(&[]).matches(&Item::new()));
    }

    #[test]
    fn the_value_on_this_side_decides_where_it_is_the_key() {
        let pairs = [("author".to_owned(), "owner".to_owned())];
        let post = post(vec![Rule::owner(), Rule::groups_in("team")]);
        let decide = |identity: &Identity, author: Value| {
            let record = Item::from_iter([("author".to_owned(), author)]);
            Authorizer::new().permit_related(identity, &pairs, &record, &post)
        };
        let ann = person(&[]);
        for (author, named) in [
            (json!("u1::ann"), true),
            (json!("ann"), true),
            (json!("u2::bob"), false),
            (json!(null), false),
            (json!(["ann"]), false),
        ] {
            let permit = decide(&ann, author.clone()).unwrap();
            assert_eq!(*permit.scope() == Scope::Everything, named, "{author}");
            // No related record could be seen: all of them have this value.
            let related = Item::from_iter([("owner".to_owned(), author.clone())]);
            assert_eq!(permit.scope().matches(&related), named, "{author}");
            assert_eq!(permit.narrowing().is_empty(), named, "{author}");
        }
        assert_eq!(decide(&ann, json!("u2::bob")).unwrap().narrowing()["owner"], "u1::ann");
        let with_groups = decide(&person(&["red"]), json!("u2::bob")).unwrap();
        assert!(with_groups.scope().matches(&Item::from_iter([("team".to_owned(), "red".into())])));
        assert!(with_groups.narrowing().is_empty());
        let in_part = User::user_pools(Claims::from_iter([("sub", "u1")]), VerifiedBy::Portcullis).into();
        assert!(decide(&in_part, json!("u1")).is_err());
    }

    #[test]
    fn relations_are_left_out_of_results_unless_both_sides_admit_the_same_callers() {
        use Provider::{IdentityPool, Oidc};
        let (a, b) = (|| Rule::groups(["A"]), || Rule::groups(["B"]));
        let pool = |rule: Rule| rule.provider(IdentityPool);
        let table: [(Vec<Rule>, Vec<Rule>, bool); 19] = [
            (vec![Rule::private()], vec![Rule::private()], false),
            (vec![a()], vec![a()], false),
            (vec![a(), b()], vec![b(), a()], false),
            (vec![a()], vec![a(), b()], true),
            (vec![a()], vec![b()], false),
            (vec![Rule::public(), Rule::private()], vec![Rule::private()], true),
            (vec![Rule::public()], vec![Rule::private()], false),
            (vec![Rule::public()], vec![Rule::public()], false),
            (vec![Rule::owner()], vec![Rule::owner()], true),
            (vec![Rule::owner()], vec![Rule::owner_in("author")], false),
            (vec![Rule::groups_in("team")], vec![Rule::groups_in("team")], true),
            (vec![Rule::private()], vec![Rule::owner()], true),
            (vec![Rule::private(), Rule::owner()], vec![Rule::private()], false),
            (vec![Rule::private()], vec![Rule::private(), Rule::owner()], false),
            (vec![Rule::custom()], vec![Rule::custom()], true),
            (vec![pool(Rule::private())], vec![pool(Rule::public())], true),
            (vec![pool(Rule::public())], vec![pool(Rule::public())], false),
            (vec![Rule::private()], vec![Rule::private().provider(Oidc)], false),
            (vec![Rule::private().operations(Operation::Create)], vec![Rule::owner()], false),
        ];
        for (near, far, expected) in table {
            let text = format!("{near:?} {far:?}");
            assert_eq!(blog(near).redacts("posts", &post(far)), expected, "{text}");
        }
    }

    #[test]
    fn the_rules_of_the_field_are_those_that_are_compared() {
        let posts = Field::new("posts").guarded(vec![read(Rule::groups(["A"]))]);
        let blog = Model::new("Blog", vec![posts], vec![]).unwrap();
        assert!(!blog.redacts("posts", &post(vec![Rule::groups(["A"])])));
        assert!(blog.redacts("posts", &post(vec![Rule::private()])));
    }

    #[test]
    fn a_model_without_rules_shares_nothing() {
        assert!(!blog(vec![Rule::private()]).redacts("posts", &post(vec![])));
    }
}
