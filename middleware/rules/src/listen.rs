//! Subscriptions: who is told of which changes.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    Authorizer, Claims, Condition, Denied, Identity, Item, Model, Operation, Permit, Scope,
    matrix::Row,
    operation::Matching,
    permit::denied,
    role::Who,
    standing::{Standing, claims_are_there},
};

/// Marks a permit to be told of changes.
#[derive(Debug)]
pub enum Listen {}

/// The argument of a subscription that is no field of the event but the client's own filter.
const FILTER: &str = "filter";

impl Permit<Listen> {
    /// The events that the caller may be told of, as conditions on what the mutation returned. An owner is compared with
    /// the last part of the claim, for that is what a mutation returns.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        self.within_scope()
    }

    /// What the event must equal, field by field: the arguments of the subscription without the client's filter.
    #[must_use]
    pub fn arguments(&self) -> &Item {
        self.asked()
    }

    /// Whether the arguments alone keep the listener within the [`scope`](Self::scope), so that no filter need be kept
    /// while the subscription lasts: one owner rule, whose argument names the caller, and no filter of the client's.
    #[must_use]
    pub fn is_held_by_argument(&self) -> bool {
        self.is_held_by_request()
    }

    /// Whether the listener is told of an event, given what the mutation returned: owners reduced to the last part of
    /// the claim, and fields that are kept from some as `null`. The client's own filter comes on top of it.
    #[must_use]
    pub fn delivers(&self, event: &Item) -> bool {
        let absent = Value::Null;
        let asked_for = |(name, value): (&String, &Value)| event.get(name).unwrap_or(&absent) == value;
        self.asked().iter().all(asked_for) && self.within_scope().matches(event)
    }
}

impl Authorizer {
    /// Permits a subscription, once for as long as it lasts. `arguments` are those of the subscription's field as the
    /// client sent them: values of owner fields, and the client's own `filter`.
    ///
    /// 1. A rule that needs no record admits to all events; the arguments only narrow them.
    /// 2. An owner rule admits to the events whose owner is the last part of the caller's claim (a token needs every
    ///    part); an argument for the owner field that names somebody else is refused at once, whatever the rules after
    ///    it say. An empty argument is none.
    /// 3. A rule with `groupsField` admits to the events that name one of the caller's groups.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use portcullis_rules::{Authorizer, Claims, Identity, Item, Model, Rule, User, VerifiedBy};
    ///
    /// let note = Arc::new(Model::new("Note", vec![], vec![Rule::owner()])?);
    /// let ann = Claims::from_iter([("sub", "u1"), ("username", "ann")]);
    /// let ann = Identity::from(User::user_pools(ann, VerifiedBy::Portcullis));
    ///
    /// let permit = Authorizer::new().permit_listen(&ann, &note, &Item::new())?;
    /// let by = |owner: &str| Item::from_iter([("owner".to_owned(), owner.into())]);
    /// assert!(permit.delivers(&by("ann")) && !permit.delivers(&by("bob")));
    /// assert!(Authorizer::new().permit_listen(&ann, &note, &by("bob")).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When no rule admits the caller to any event, or an argument names another owner.
    pub fn permit_listen(
        &self,
        identity: &Identity,
        model: &Arc<Model>,
        arguments: &Item,
    ) -> Result<Permit<Listen>, Denied> {
        let refused = || denied(Operation::Listen, model);
        let asked: Item = arguments
            .iter()
            .filter(|(name, _)| *name != FILTER)
            .map(|(k, v)| (k.clone(), v.clone()))
            .collect();
        let everything = || Permit::within(model, Scope::Everything);
        if self.is_unrestricted(identity, model) {
            return Ok(everything().asking(asked, false));
        }
        let rows = || model.matrix().rows().iter().filter(|row| row.grants(Operation::Listen));
        let standings = || rows().map(|row| (row, self.standing(row, identity, Operation::Listen)));
        if standings().any(|(_, standing)| matches!(standing, Standing::Admitted)) {
            return Ok(everything().asking(asked, false));
        }
        let mut named: Option<&str> = None;
        let mut conditions = Vec::new();
        let mut terms: usize = 0;
        for (row, standing) in standings() {
            if let Some(argument) = owner_argument(row, arguments).filter(|_| named.is_none()) {
                match (&row.role.who, &standing) {
                    (Who::Owner { claim, .. }, Standing::ByRecord(claims)) => {
                        if !claim.names(claims, Matching::Write, argument) {
                            return Err(refused());
                        }
                        named = Some(argument);
                    }
                    // The reference compares the argument with a claim that names nobody here.
                    _ if claims_are_there(row, identity) => return Err(refused()),
                    _ => {}
                }
            }
            if let Standing::ByRecord(claims) = standing {
                terms += 1;
                conditions.extend(events_of(&row.role.who, claims));
            } else if is_owner(row) && claims_are_there(row, identity) {
                terms += 1;
            }
        }
        let filtered = arguments.get(FILTER).is_some_and(|filter| !is_empty(filter));
        let held = named.is_some() && terms == 1 && !filtered;
        if let (Some(owner), true, [Condition::OneOf { values, .. }]) =
            (named, held, conditions.as_mut_slice())
            && values.iter().all(|value| owner.ends_with(&format!("::{value}")))
        {
            // The whole claim: matched by results that are not reduced to its last part.
            values.push(owner.to_owned());
        }
        if conditions.is_empty() {
            return Err(refused());
        }
        Ok(Permit::within(model, Scope::Any(conditions)).asking(asked, held))
    }
}

/// The argument that names an owner of this role; lists have none.
fn owner_argument<'a>(row: &Row, arguments: &'a Item) -> Option<&'a str> {
    match &row.role.who {
        Who::Owner { field, list: false, .. } => {
            arguments.get(field).and_then(Value::as_str).filter(|argument| !argument.is_empty())
        }
        _ => None,
    }
}

/// The events of which a role lets the caller know.
fn events_of(who: &Who, claims: &Claims) -> Option<Condition> {
    match who {
        Who::Owner { field, list, claim } => {
            let last = claim.parts().last().and_then(|part| claims.identity(part))?;
            let (field, values) = (field.clone(), vec![last.to_owned()]);
            Some(if *list {
                Condition::Contains { field, values }
            } else {
                Condition::OneOf { field, values }
            })
        }
        Who::All(parts) => {
            let deciding = parts.iter().filter(|part| part.deciding_field().is_some());
            let conditions: Option<Vec<Condition>> = deciding.map(|part| events_of(part, claims)).collect();
            Condition::all(conditions?)
        }
        who => Condition::of(who, claims, Matching::Listen),
    }
}

fn is_owner(row: &Row) -> bool {
    matches!(row.role.who, Who::Owner { .. })
}

fn is_empty(filter: &Value) -> bool {
    match filter {
        Value::Null => true,
        Value::Object(filter) => filter.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Field, Operations, Provider, Rule, User, VerifiedBy};

    fn user(claims: Value) -> Identity {
        User::user_pools(Claims::from(claims.as_object().unwrap().clone()), VerifiedBy::Portcullis).into()
    }

    fn listen(rules: Vec<Rule>, identity: &Identity, arguments: Value) -> Result<Permit<Listen>, Denied> {
        let fields = ["title", "owner", "ed", "team"].map(Field::new).into_iter();
        let fields = fields.chain([Field::list("editors"), Field::list("teams")]).collect();
        let model = Arc::new(Model::new("Note", fields, rules).unwrap());
        Authorizer::new().permit_listen(identity, &model, arguments.as_object().unwrap())
    }

    fn ann() -> Identity {
        user(json!({"sub": "u1", "username": "ann", "cognito:groups": ["A", "B"]}))
    }

    /// Which of these events are told, by number; `None` if the subscription is refused.
    fn told(rules: Vec<Rule>, identity: &Identity, arguments: Value, events: Value) -> Option<Vec<usize>> {
        let permit = listen(rules, identity, arguments).ok()?;
        let events = events.as_array().unwrap().clone();
        let told = |(_, event): &(usize, Value)| permit.delivers(event.as_object().unwrap());
        Some(events.into_iter().enumerate().filter(told).map(|(number, _)| number).collect())
    }

    #[test]
    fn an_owner_is_told_of_their_own_by_the_last_part_of_the_claim() {
        let events = json!([{"owner": "ann"}, {"owner": "u1"}, {"owner": "u1::ann"}, {"owner": "bob"}, {}, {"owner": null}]);
        let table = [
            (json!({}), Some(vec![0])),
            (json!({"owner": "ann"}), Some(vec![0])),
            (json!({"owner": "u1::ann"}), Some(vec![2])),
            (json!({"owner": "u1::ann", "filter": {"title": {"eq": "a"}}}), Some(vec![])),
            // By an earlier part nobody is told, though the reference would compare it.
            (json!({"owner": "u1"}), Some(vec![])),
            (json!({"owner": "bob"}), None),
            (json!({"owner": ""}), Some(vec![])),
            (json!({"filter": {"title": {"eq": "a"}}}), Some(vec![0])),
        ];
        for (arguments, expected) in table {
            assert_eq!(
                told(vec![Rule::owner()], &ann(), arguments.clone(), events.clone()),
                expected,
                "{arguments}"
            );
        }
        assert_eq!(told(vec![Rule::owner()], &user(json!({"sub": "u1"})), json!({}), events), None);
    }

    #[test]
    fn an_argument_that_names_somebody_else_is_refused_whatever_comes_after() {
        let both = || vec![Rule::owner(), Rule::groups_in("team")];
        assert!(listen(both(), &ann(), json!({"owner": "bob"})).is_err());
        assert!(listen(both(), &ann(), json!({})).is_ok());
        let twice = || vec![Rule::owner(), Rule::owner_in("ed").claim("sub")];
        assert!(listen(twice(), &ann(), json!({"ed": "bob"})).is_err());
        // Once one argument names the caller, the others are only compared with the events.
        let permit = listen(twice(), &ann(), json!({"owner": "ann", "ed": "bob"})).unwrap();
        let event = |owner: &str, ed: &str| json!({"owner": owner, "ed": ed}).as_object().unwrap().clone();
        assert!(permit.delivers(&event("ann", "bob")) && !permit.delivers(&event("ann", "u1")));
        // A claim that is there and names nobody still refuses, as in the reference.
        let empty = user(json!({"email": "", "cognito:groups": ["A"]}));
        let by_mail = vec![Rule::owner().claim("email"), Rule::groups_in("team")];
        assert!(listen(by_mail.clone(), &empty, json!({"owner": "x"})).is_err());
        assert!(listen(by_mail, &empty, json!({})).is_ok());
    }

    #[test]
    fn who_needs_no_record_is_told_of_everything_that_the_arguments_ask_for() {
        let rules = || vec![Rule::owner(), Rule::groups(["B"]), Rule::public()];
        let events = json!([{"owner": "ann"}, {"owner": "bob"}]);
        assert_eq!(told(rules(), &ann(), json!({}), events.clone()), Some(vec![0, 1]));
        assert_eq!(told(rules(), &ann(), json!({"owner": "bob"}), events.clone()), Some(vec![1]));
        assert_eq!(told(rules(), &Identity::ApiKey, json!({}), events.clone()), Some(vec![0, 1]));
        let reads = Operations::from([Operation::Get, Operation::List]);
        assert_eq!(told(vec![Rule::private().operations(reads)], &ann(), json!({}), events), None);
    }

    #[test]
    fn lists_and_groups_are_compared_by_what_they_hold() {
        let events = json!([{"editors": ["x", "ann"], "team": "A", "teams": ["B"]}, {"editors": ["u1"], "team": "C", "teams": ["C"]}]);
        for rule in [Rule::owner_in("editors"), Rule::groups_in("team"), Rule::groups_in("teams")] {
            assert_eq!(told(vec![rule.clone()], &ann(), json!({}), events.clone()), Some(vec![0]), "{rule}");
        }
        for groups in [json!("B"), json!("[\"B\"]")] {
            let caller = user(json!({"cognito:groups": groups}));
            assert_eq!(
                told(vec![Rule::groups_in("teams")], &caller, json!({}), events.clone()),
                Some(vec![0])
            );
        }
    }

    #[test]
    fn a_single_argument_holds_the_listener_without_a_filter() {
        let held = |rules: Vec<Rule>, arguments: Value| {
            listen(rules, &ann(), arguments).unwrap().is_held_by_argument()
        };
        let owner = || vec![Rule::owner()];
        assert!(held(owner(), json!({"owner": "ann"})));
        assert!(held(owner(), json!({"owner": "ann", "filter": {}})));
        assert!(!held(owner(), json!({"owner": "ann", "filter": {"title": {"eq": "a"}}})));
        assert!(!held(owner(), json!({})));
        assert!(!held(vec![Rule::owner(), Rule::groups_in("team")], json!({"owner": "ann"})));
        assert!(!held(vec![Rule::private()], json!({"owner": "ann"})));
    }

    #[test]
    fn other_ways_in_do_not_count() {
        let oidc = vec![Rule::owner().provider(Provider::Oidc)];
        assert!(listen(oidc, &ann(), json!({})).is_err());
        assert!(listen(vec![Rule::owner()], &Identity::ApiKey, json!({"owner": "x"})).is_err());
    }
}
