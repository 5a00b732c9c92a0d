//! Reading: `getNote`, `listNotes`, and the queries of indexes.

use std::cmp::Ordering;

use portcullis_data::Filter;
use portcullis_rules::{Condition, Item, Operation, Permit, Read, Scope, Strategy};
use portcullis_schema::ModelType;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Layer},
    filter_input, gate,
    key::Key,
    refusal::Refusal,
    request::Request,
    sort_condition::SortCondition,
    view::{Origin, View},
};

/// The records of a page, unless the request says otherwise.
pub(crate) const PAGE: usize = 100;

/// One record by its key.
pub(crate) fn get(request: &Request<'_>) -> Result<Answer, Refusal> {
    let key = Key::of(request.model);
    if let Some(answer) = unknown_argument(request, &key.fields().collect::<Vec<_>>()) {
        return Ok(answer);
    }
    if let Some(answer) = key.missing(request.args) {
        return Ok(answer);
    }
    let permit = permit(request, Operation::Get, &key)?;
    let answer = match key.find(request.records(), request.args) {
        None => Answer::allow(Value::Null, Vec::new()),
        Some(record) if permit.scope().matches(record) => {
            let mut view = View::new(request, Origin::Query);
            let data = view.record(request.model, record);
            view.answer(data)
        }
        Some(_) => Answer::deny(request.parent, request.field, Layer::Vtl),
    };
    let read = json!([{"operation": "Query", "key": key.expression(request.args)}]);
    Ok(with_filter(answer, &key, &permit).with_effect("reads", read))
}

/// A page of records, by the key of the model or by an index. As in the reference, the page is cut before it is filtered.
pub(crate) fn list(request: &Request<'_>, key: &Key<'_>) -> Result<Answer, Refusal> {
    let page = Page::read(request, key)?;
    // The reference looks at the arguments of a list before the rules, and at those of an index behind them.
    let mistake = page.mistake(request, key);
    if let (Some(mistake), None) = (&mistake, key.index) {
        gate::pass(request, request.model.rules().providers_for(Operation::List))?;
        return Ok(mistake.clone());
    }
    let permit = permit(request, Operation::List, key)?;
    if let Some(mistake) = mistake {
        return Ok(with_filter(mistake, key, &permit));
    }
    let partition = request.args.get(key.partition).filter(|value| !value.is_null());
    let mut found: Vec<&Item> = match partition {
        None => request.records().iter().collect(),
        Some(partition) => page.query(request.records(), key, partition, permit.narrowing())?,
    };
    if partition.is_some() && page.descending {
        found.reverse();
    }
    let client_filter = Filter::parse(request.args.get("filter").unwrap_or(&Value::Null))?;
    let mut view = View::new(request, Origin::Query);
    let mut items = Vec::new();
    for record in found.iter().skip(page.start).take(page.limit) {
        if client_filter.matches(record) && permit.scope().matches(record) {
            items.push(*record);
        }
    }
    let end = page.start.saturating_add(page.limit);
    let next = (end < found.len()).then(|| end.to_string());
    let data = view.page(request.model, &items, next);
    let answer = view.answer(data);
    let mut read = json!({"operation": if partition.is_some() { "Query" } else { "Scan" }});
    if let (Some(index), Some(read)) = (key.index, read.as_object_mut()) {
        read.insert("index".to_owned(), index.into());
    }
    Ok(with_filter(answer, key, &permit).with_effect("reads", json!([read])))
}

/// Which part of the records is asked for, and in which order.
struct Page {
    start: usize,
    limit: usize,
    sort: Option<SortCondition>,
    descending: bool,
    has_direction: bool,
}

impl Page {
    /// Reads the arguments; `Err` is GraphQL's answer to wrong ones.
    fn read(request: &Request<'_>, key: &Key<'_>) -> Result<Self, Refusal> {
        let args = request.args;
        let given = |name: &str| args.get(name).filter(|value| !value.is_null());
        let sort_argument = key.sort_argument();
        let keyed = key.is_argument();
        let mut known = vec!["filter", "limit", "nextToken"];
        if keyed {
            known.extend([key.partition, "sortDirection"]);
            known.extend(sort_argument.as_deref());
        }
        if let Some(answer) = unknown_argument(request, &known) {
            return Err(answer.into());
        }
        filter_input::check_query(request.model, args.get("filter"))?;
        let invalid = |name: &str| {
            Refusal::from(Answer::invalid(format!("the argument `{name}` is not what it must be")))
        };
        match given(key.partition).filter(|_| keyed) {
            None if key.index.is_some() => return Err(invalid(key.partition)),
            Some(value) if !key.fits(key.partition, value) => return Err(invalid(key.partition)),
            _ => {}
        }
        let direction = given("sortDirection");
        if direction.is_some_and(|word| word != "ASC" && word != "DESC") {
            return Err(invalid("sortDirection"));
        }
        let start = match given("nextToken") {
            None => Some(0),
            Some(token) => token.as_str().and_then(|token| token.parse().ok()),
        };
        let limit = match given("limit") {
            None => Some(PAGE),
            Some(limit) => limit.as_u64().and_then(|limit| usize::try_from(limit).ok()),
        };
        let sort = match sort_argument.as_deref().and_then(given) {
            None => None,
            Some(condition) => Some(
                SortCondition::read(condition, key)
                    .ok_or_else(|| invalid(sort_argument.as_deref().unwrap_or_default()))?,
            ),
        };
        Ok(Self {
            start: start.ok_or_else(|| invalid("nextToken"))?,
            limit: limit.filter(|limit| *limit > 0).ok_or_else(|| invalid("limit"))?,
            sort,
            descending: direction.is_some_and(|word| word == "DESC"),
            has_direction: direction.is_some(),
        })
    }

    /// What the resolver says about arguments that do not go together.
    fn mistake(&self, request: &Request<'_>, key: &Key<'_>) -> Option<Answer> {
        let partition = request.args.get(key.partition).is_some_and(|value| !value.is_null());
        let name = key.partition;
        let message = match key.sort_argument() {
            None if self.has_direction => {
                "sortDirection is not supported for List operations without a Sort key defined.".to_owned()
            }
            Some(_) if self.has_direction && !partition && key.index.is_none() => {
                format!("When providing argument 'sortDirection' you must also provide argument '{name}'.")
            }
            Some(sort) if self.sort.is_some() && !partition && key.sort_fields.len() == 1 => {
                format!("When providing argument '{sort}' you must also provide arguments {name}")
            }
            Some(sort) if self.sort.is_some() && !partition => {
                format!("When providing argument '{sort}' you must also provide '{name}'.")
            }
            Some(sort) => self.sort.as_ref()?.mistake(&sort)?,
            None => return None,
        };
        Some(Answer::argument_error(message))
    }

    /// The records of a partition that meet the sort condition, in the order of the sort key.
    fn query<'r>(
        &self,
        records: &'r [Item],
        key: &Key<'_>,
        partition: &Value,
        narrowing: &Item,
    ) -> Result<Vec<&'r Item>, Refusal> {
        let mut found: Vec<(Option<Value>, &Item)> = Vec::new();
        for record in records {
            let sort = key.sort_value(record);
            let in_index = key.sort_fields.is_empty() || sort.is_some();
            let narrowed = narrowing.iter().all(|(field, value)| record.get(field) == Some(value));
            let meets = match (&self.sort, &sort) {
                (Some(condition), Some(value)) => condition.holds(value)?,
                _ => true,
            };
            if record.get(key.partition) == Some(partition) && in_index && narrowed && meets {
                found.push((sort, record));
            }
        }
        found.sort_by(|(one, _), (other, _)| {
            one.as_ref()
                .zip(other.as_ref())
                .and_then(|(one, other)| portcullis_data::compare(one, other))
                .unwrap_or(Ordering::Equal)
        });
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }
}

/// What the caller may read, or why nothing.
fn permit(request: &Request<'_>, operation: Operation, key: &Key<'_>) -> Result<Permit<Read>, Refusal> {
    let rules = request.model.rules();
    match key.index {
        Some(_) => gate::pass_index(request)?,
        None => gate::pass(request, rules.providers_for(operation))?,
    }
    let lookup = key.lookup(request.args);
    let permit = request.api.authorizer.permit_query(request.caller, operation, rules, &lookup);
    permit.map_err(|_| Answer::deny(request.parent, request.field, Layer::Vtl).into())
}

/// Says what the answer is filtered by, unless the key holds it.
fn with_filter(answer: Answer, key: &Key<'_>, permit: &Permit<Read>) -> Answer {
    match permit.scope() {
        Scope::Any(conditions) if !permit.is_held_by_key() => {
            let terms: Vec<Value> =
                conditions.iter().flat_map(|condition| terms(key.model, condition, Some(key))).collect();
            answer.with_effect("authFilter", json!({"or": terms}))
        }
        _ => answer,
    }
}

/// Conditions, one of which must hold, as a filter of DynamoDB's.
pub(crate) fn auth_filter(model: &ModelType, conditions: &[Condition]) -> Value {
    json!({"or": conditions.iter().flat_map(|condition| terms(model, condition, None)).collect::<Vec<_>>()})
}

/// One condition as terms, one of which must hold.
fn terms(model: &ModelType, condition: &Condition, key: Option<&Key<'_>>) -> Vec<Value> {
    let Some(field) = condition.field() else {
        let parts = condition.parts().iter();
        let all: Vec<Value> = parts.map(|part| auth_filter(model, std::slice::from_ref(part))).collect();
        return vec![json!({"and": all})];
    };
    let values = condition.values();
    let list = model.field(field).is_some_and(|field| field.kind().list);
    // An attribute of the key is filtered by all values at once, whatever they are.
    let in_key = key.is_some_and(|key| key.attributes().any(|attribute| attribute == field));
    match (list, in_key || names_groups(model, field)) {
        (true, _) => values.iter().map(|value| json!({field: {"contains": value}})).collect(),
        (false, true) => vec![json!({field: {"in": values}})],
        (false, false) => values.iter().map(|value| json!({field: {"eq": value}})).collect(),
    }
}

/// Whether a field holds groups and no owners.
pub(crate) fn names_groups(model: &ModelType, field: &str) -> bool {
    let fields = model.rules().fields().iter().filter_map(|field| field.rules.as_ref());
    let mut rules = model.rules().rules().iter().chain(fields.flatten());
    !rules.any(|rule| {
        let owners = rule.strategy.parts().iter();
        owners.into_iter().any(|part| matches!(part, Strategy::Owner { field: owner, .. } if owner == field))
    })
}

pub(crate) fn unknown_argument(request: &Request<'_>, known: &[&str]) -> Option<Answer> {
    let unknown = request.args.keys().find(|name| !known.contains(&name.as_str()))?;
    let (field, parent) = (request.field, request.parent);
    let message = format!("Unknown argument \"{unknown}\" on field \"{parent}.{field}\".");
    Some(Answer::invalid(message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::decide::tests::answer_of;

    const VISIT: &str = "type Visit @model @auth(rules: [{allow: owner, ownerField: \"guest\", identityClaim: \"sub\"}]) {
        day: String! @primaryKey(sortKeyFields: [\"guest\"]) guest: ID! room: String
            @index(name: \"byRoom\", queryField: \"visitsByRoom\", sortKeyFields: [\"floor\", \"door\"]) floor: Int door: String }";

    fn ask(field: &str, args: Value) -> Value {
        let visit = |day: &str, guest: &str, door: &str| json!({"day": day, "guest": guest, "room": "r", "floor": 1, "door": door, "createdAt": "t", "updatedAt": "t"});
        let existing = json!([visit("1", "ann", "b"), visit("1", "bob", "a"), visit("2", "ann", "a")]);
        let identity = json!({"kind": "userPools", "claims": {"sub": "ann"}});
        answer_of(
            json!({"schema": VISIT, "field": field, "args": args, "existing": existing, "identity": identity}),
        )
    }

    fn days(answer: &Value) -> Vec<String> {
        let items = answer["data"]["items"].as_array().cloned().unwrap_or_default();
        items.iter().map(|item| item["day"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_record_is_found_by_its_whole_key() {
        let found = ask("Query.getVisit", json!({"day": "1", "guest": "ann"}));
        assert_eq!((&found["decision"], &found["data"]["door"]), (&json!("allow"), &json!("b")));
        assert_eq!(ask("Query.getVisit", json!({"day": "1", "guest": "bob"}))["decision"], "deny");
        assert_eq!(ask("Query.getVisit", json!({"day": "3", "guest": "ann"}))["data"], Value::Null);
        assert_eq!(ask("Query.getVisit", json!({"day": "1"}))["decision"], "invalid");
    }

    #[test]
    fn a_key_may_be_written_as_a_number() {
        let source = "type Note @model @auth(rules: [{allow: owner}]) { id: ID! title: String }";
        let get = |owner: &str| {
            let note = json!({"id": "1", "owner": owner, "createdAt": "t", "updatedAt": "t"});
            answer_of(
                json!({"schema": source, "field": "Query.getNote", "args": {"id": 1}, "existing": [note],
                "identity": {"kind": "userPools", "claims": {"sub": "u1", "username": "ann"}}}),
            )
        };
        assert_eq!(get("u1::ann")["data"]["id"], "1");
        assert_eq!(get("u2::bob")["decision"], "deny");
    }

    #[test]
    fn a_list_by_a_key_is_narrowed_to_the_caller() {
        let narrowed = ask("Query.listVisits", json!({"day": "1"}));
        assert_eq!(days(&narrowed), ["1"]);
        assert_eq!(narrowed["effective"]["authFilter"], Value::Null);
        let scanned = ask("Query.listVisits", json!({}));
        assert_eq!(days(&scanned), ["1", "2"]);
        assert_eq!(scanned["effective"]["authFilter"], json!({"or": [{"guest": {"in": ["ann"]}}]}));
        assert_eq!(
            ask("Query.listVisits", json!({"day": "1", "guest": {"beginsWith": "a"}}))["decision"],
            "deny"
        );
        assert_eq!(
            ask("Query.listVisits", json!({"guest": {"eq": "ann"}}))["error"]["type"],
            "InvalidArgumentsError"
        );
    }

    #[test]
    fn an_index_is_read_in_the_order_of_its_joined_sort_key() {
        let answer =
            ask("Query.visitsByRoom", json!({"room": "r", "floorDoor": {"beginsWith": {"floor": 1}}}));
        assert_eq!(days(&answer), ["2", "1"], "door a before door b, and bob's is filtered out");
        let back = ask("Query.visitsByRoom", json!({"room": "r", "sortDirection": "DESC"}));
        assert_eq!(days(&back), ["1", "2"]);
        let one =
            ask("Query.visitsByRoom", json!({"room": "r", "floorDoor": {"eq": {"floor": 1, "door": "b"}}}));
        assert_eq!(days(&one), ["1"]);
        assert_eq!(ask("Query.visitsByRoom", json!({}))["decision"], "invalid");
    }

    #[test]
    fn a_written_record_has_the_columns_that_are_joined() {
        let make = |input: Value| ask("Mutation.createVisit", json!({"input": input}));
        let made = make(json!({"day": "9", "guest": "ann", "floor": 2, "door": "x/y"}));
        assert_eq!(made["effective"]["written"]["floor#door"], "2#x/y");
        assert_eq!(make(json!({"day": "9", "guest": "ann", "floor": 2}))["decision"], "error");
        assert_eq!(make(json!({"day": "9", "guest": "bob"}))["decision"], "deny");
        assert_eq!(
            make(json!({"day": "1", "guest": "ann"}))["error"]["message"],
            "The conditional request failed"
        );
    }
}
