//! The same cases through the GraphQL endpoint itself, on records in an embedded DynamoDB: `portcullis decide --through-endpoint`.
//!
//! What reached the data source is not compared, for it cannot be seen from outside; the records that a mutation answers are.
//! To a subscription the events are told as changes that mutations have made, with all their fields; AppSync would tell the same
//! ones by the filter that our resolver answers. A page that the reference cuts before it filters it is compared with the beginning of the
//! whole list, and no case is asked that brings one of the reference's page tokens.
//!
//! The deviations of the simulation are those of the endpoint; `tests/conformance/endpoint.jsonl` lists what differs besides, and
//! why. It fails here what differs and is not listed, what is listed and
//! does not differ, and any case in which more is shown or done than in the reference.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use portcullis_tests::{Result, repository};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    comparison::{at, difference, is_more_open, word},
    deviations::{Deviation, Kind},
    enhanced_filter,
    vectors::{ById, Vectors},
};

/// Cases that differ for one reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    reason: String,
    ids: BTreeSet<String>,
}

#[test]
fn the_endpoint_answers_as_the_reference_does() -> Result<()> {
    let text = fs::read_to_string(repository().join("tests/conformance/endpoint.jsonl"))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let listed: Vec<Listed> = lines.map(serde_json::from_str).collect::<std::result::Result<_, _>>()?;
    let deviations = Deviation::all()?;
    let known: BTreeMap<&String, &Deviation> =
        deviations.iter().flat_map(|known| known.ids.iter().map(move |id| (id, known))).collect();
    let folders = Vectors::find();
    let (mut mistakes, mut met) = (Vec::new(), BTreeSet::new());
    for vectors in folders.iter().filter(|vectors| vectors.has("cases.jsonl")) {
        let (cases, expected) = (vectors.lines("cases.jsonl")?, vectors.lines("expected.jsonl")?);
        let (asked, left_out): (Vec<&Value>, Vec<&Value>) = cases.values().partition(|case| is_asked(case));
        let answers = vectors.ask(&asked, &["--through-endpoint"])?;
        let pages = derived(&asked, &["limit"]);
        let whole = vectors.ask(&pages.iter().collect::<Vec<_>>(), &[])?;
        let lists = derived(&asked, &["limit", "filter"]);
        let unfiltered = vectors.ask(&lists.iter().collect::<Vec<_>>(), &[])?;
        let (mut agree, mut differ) = (0, BTreeMap::<&str, usize>::new());
        for case in &asked {
            let id = at(case, &["id"]).as_str().unwrap_or_default().to_owned();
            let Some(expected) = expected.get(&id).filter(|it| it.get("engineSensitive").is_none()) else {
                continue;
            };
            let answer = answers.get(&id).map(made_ids).unwrap_or_default();
            if ["", "unsupported", "malformed"].contains(&word(&answer).as_str()) {
                mistakes.push(format!("{id}: is not answered: {answer}"));
                continue;
            }
            mistakes
                .extend(enhanced_filter::mistake(case, &answer).map(|mistake| format!("{id}: {mistake}")));
            let (expected, answer) = comparable(expected, answer, case, &whole);
            let is_filtered = unfiltered.get(&id).is_some_and(|all| !is_more_open(all, &answer));
            // Where it is said why something else is written, what is written is also shown.
            let writes = known.get(&id).is_some_and(|known| known.kind == Kind::OtherWrite);
            if is_more_open(&expected, &answer) && !is_filtered && !writes {
                let difference = difference(&expected, &answer).unwrap_or_default();
                mistakes.push(format!("{id}: MORE OPEN: {difference}"));
                continue;
            }
            let Some(difference) = difference(&expected, &answer) else {
                agree += 1;
                continue;
            };
            let own = listed.iter().find(|listed| listed.ids.contains(&id));
            let of_both = known.get(&id).map(|known| &known.reason);
            match own.map(|listed| &listed.reason).or(of_both) {
                Some(reason) => {
                    met.insert(id);
                    *differ.entry(reason).or_default() += 1;
                }
                // Whoever brings other vectors reads how many differ; that nothing is more open is judged all the same.
                None if vectors.are_ours() => {
                    mistakes.push(format!("{id}: differs, and is not listed: {difference}"))
                }
                None => *differ.entry("not listed").or_default() += 1,
            }
        }
        let differ: Vec<String> =
            differ.iter().map(|(reason, count)| format!("\n  {count:>5} {reason}")).collect();
        let name = vectors.name("cases.jsonl");
        println!(
            "{name} through the endpoint: {agree} agree, {} are not asked{}",
            left_out.len(),
            differ.join("")
        );
    }
    if folders.iter().all(Vectors::are_ours) {
        let stale = listed.iter().flat_map(|listed| &listed.ids).filter(|id| !met.contains(*id));
        mistakes.extend(stale.map(|id| format!("{id}: listed, and does not differ")));
    }
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
    Ok(())
}

fn is_asked(case: &Value) -> bool {
    at(case, &["field"]).is_string() && at(case, &["args", "nextToken"]).is_null()
}

/// The cases that have one of these arguments, without it.
fn derived(cases: &[&Value], without: &[&str]) -> Vec<Value> {
    let mut derived = Vec::new();
    for case in cases {
        let mut case = (*case).clone();
        let args = case.get_mut("args").and_then(Value::as_object_mut);
        let removed = args.map(|args| without.iter().filter_map(|name| args.remove(*name)).count());
        if removed.is_some_and(|count| count > 0) {
            derived.push(case);
        }
    }
    derived
}

/// What of two answers is compared.
fn comparable(expected: &Value, mut answer: Value, case: &Value, whole: &ById) -> (Value, Value) {
    let mut expected = expected.clone();
    let limit = at(case, &["args", "limit"]).as_u64().and_then(|limit| usize::try_from(limit).ok());
    let id = at(case, &["id"]);
    let whole = id.as_str().and_then(|id| whole.get(id)).filter(|whole| word(whole) == "allow");
    if let (Some(limit), Some(whole), "allow") = (limit, whole, word(&expected).as_str()) {
        expected = page_of(whole, limit);
        if let Some(data) = answer.get_mut("data").and_then(Value::as_object_mut) {
            data.remove("nextToken");
        }
    }
    for line in [&mut expected, &mut answer] {
        let invalid = word(line) == "invalid";
        if let Some(line) = line.as_object_mut() {
            line.remove("effective");
            if invalid {
                line.remove("error");
            }
            if let Some(error) = line.get_mut("error").and_then(Value::as_object_mut) {
                error.remove("layer");
            }
        }
    }
    (expected, answer)
}

/// The beginning of a list.
fn page_of(whole: &Value, limit: usize) -> Value {
    let mut page = whole.clone();
    if let Some(data) = page.get_mut("data").and_then(Value::as_object_mut) {
        data.remove("nextToken");
        if let Some(items) = data.get_mut("items").and_then(Value::as_array_mut) {
            items.truncate(limit);
        }
    }
    if let Some(errors) = page.get_mut("fieldErrors").and_then(Value::as_array_mut) {
        errors.retain(|error| {
            let path = at(error, &["path"]);
            let place = path.as_str().and_then(|path| path.strip_prefix("items."));
            let place = place.and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
            place.is_none_or(|place| place < limit)
        });
    }
    page
}

/// The answer with the identifiers that the server has made as the vectors write them.
fn made_ids(answer: &Value) -> Value {
    match answer {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), made_ids(value))).collect()
        }
        Value::Array(items) => items.iter().map(made_ids).collect(),
        Value::String(text) if is_made(text) => "auto-1".into(),
        value => value.clone(),
    }
}

fn is_made(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
