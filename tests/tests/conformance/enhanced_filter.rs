//! Which events AppSync would tell by an enhanced filter, read from AWS's description of it and from nothing of ours.
//!
//! <https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-enhanced-filtering.html>

use std::{cmp::Ordering, collections::BTreeSet};

use serde_json::{Map, Value};

use crate::comparison::at;

/// What is wrong with the filter of an answer: that AppSync would not take it, or tell other events by it than we do.
pub(crate) fn mistake(case: &Value, answer: &Value) -> Option<String> {
    let filter = at(answer, &["effective", "enhancedFilter"]);
    let delivered = at(answer, &["delivered"]);
    let delivered = delivered.as_array()?;
    let events: Vec<Map<String, Value>> = match at(case, &["existing"]) {
        Value::Array(events) => events.into_iter().filter_map(|event| event.as_object().cloned()).collect(),
        Value::Object(event) => vec![event],
        _ => Vec::new(),
    };
    if !filter.is_null() && !is_taken(&filter) {
        return Some(format!("AppSync would not take {filter}"));
    }
    let told = events.iter().filter(|event| match &filter {
        // Without a filter the arguments are compared.
        Value::Null => {
            arguments(case).iter().all(|(name, value)| event.get(name).unwrap_or(&Value::Null) == value)
        }
        filter => meets(filter, event),
    });
    let ids = |ids: Vec<Value>| ids.iter().map(Value::to_string).collect::<BTreeSet<_>>();
    let told = ids(told.map(|event| event.get("id").cloned().unwrap_or_default()).collect());
    let delivered = ids(delivered.clone());
    (told != delivered).then(|| format!("AppSync would tell {told:?} by {filter}, and we tell {delivered:?}"))
}

fn arguments(case: &Value) -> Map<String, Value> {
    let mut arguments = at(case, &["args"]).as_object().cloned().unwrap_or_default();
    arguments.remove("filter");
    arguments
}

fn tests(filter: &Value) -> Vec<Vec<(String, String, Value)>> {
    let list = |value: Value| value.as_array().cloned().unwrap_or_default();
    let text = |test: &Value, name: &str| at(test, &[name]).as_str().unwrap_or_default().to_owned();
    let test = |test: &Value| (text(test, "fieldName"), text(test, "operator"), at(test, &["value"]));
    let groups = list(at(filter, &["filterGroup"]));
    groups.iter().map(|group| list(at(group, &["filters"])).iter().map(test).collect()).collect()
}

fn is_taken(filter: &Value) -> bool {
    let groups = tests(filter);
    let all: BTreeSet<&String> = groups.iter().flatten().map(|(field, ..)| field).collect();
    let each_once = |group: &Vec<(String, String, Value)>| {
        let fields: BTreeSet<&String> = group.iter().map(|(field, ..)| field).collect();
        !group.is_empty() && fields.len() == group.len()
    };
    let length = |value: &Value| value.as_array().map_or(0, Vec::len);
    let fits = |(_, operator, value): &(String, String, Value)| match operator.as_str() {
        "eq" | "ne" | "le" | "lt" | "ge" | "gt" | "contains" | "notContains" | "beginsWith" => {
            value.is_string() || value.is_number() || value.is_boolean()
        }
        "in" | "notIn" => (1..=5).contains(&length(value)),
        "containsAny" => (1..=20).contains(&length(value)),
        "between" => length(value) == 2,
        _ => false,
    };
    let size = (1..=10).contains(&groups.len()) && all.len() <= 5;
    size && groups.iter().all(each_once) && groups.iter().flatten().all(fits)
}

fn meets(filter: &Value, event: &Map<String, Value>) -> bool {
    let holds = |(field, operator, wanted): &(String, String, Value)| {
        let value = event.get(field).unwrap_or(&Value::Null);
        let list = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
        let order = |wanted: Option<&Value>| compare(value, wanted?);
        let contains = |wanted: &Value| match (value, wanted) {
            (Value::Array(members), wanted) => members.iter().any(|member| is_same(member, wanted)),
            (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
            _ => false,
        };
        match operator.as_str() {
            "eq" => is_same(value, wanted),
            "ne" => !is_same(value, wanted),
            "le" => order(Some(wanted)).is_some_and(Ordering::is_le),
            "lt" => order(Some(wanted)).is_some_and(Ordering::is_lt),
            "ge" => order(Some(wanted)).is_some_and(Ordering::is_ge),
            "gt" => order(Some(wanted)).is_some_and(Ordering::is_gt),
            "contains" => contains(wanted),
            "notContains" => !contains(wanted),
            "containsAny" => value.is_array() && list.iter().any(contains),
            "beginsWith" => {
                value.as_str().zip(wanted.as_str()).is_some_and(|(text, begin)| text.starts_with(begin))
            }
            "in" => list.iter().any(|wanted| is_same(value, wanted)),
            "notIn" => !list.iter().any(|wanted| is_same(value, wanted)),
            "between" => {
                order(list.first()).is_some_and(Ordering::is_ge)
                    && order(list.last()).is_some_and(Ordering::is_le)
            }
            _ => false,
        }
    };
    tests(filter).iter().any(|group| group.iter().all(holds))
}

fn is_same(value: &Value, wanted: &Value) -> bool {
    value == wanted || value.is_number() && compare(value, wanted) == Some(Ordering::Equal)
}

fn compare(value: &Value, wanted: &Value) -> Option<Ordering> {
    match (value, wanted) {
        (Value::String(value), Value::String(wanted)) => Some(value.as_bytes().cmp(wanted.as_bytes())),
        (Value::Number(value), Value::Number(wanted)) => value.as_f64()?.partial_cmp(&wanted.as_f64()?),
        _ => None,
    }
}
