//! The combinations of parameters that a question depends on.
//!
//! There are more combinations of all parameters than can be tried. But a condition asks about few of them, and compares each with constants
//! only; so what holds for every combination of the constants of these few, and of one value that is none of them, holds for all.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_tests::{Stack, Template};
use serde_json::{Map, Value};

/// What a parameter can be besides the texts that it is compared with.
const OTHER: &str = "another-value";

/// Whether a condition must hold, or must not.
pub(crate) type Guard = (String, bool);

/// A combination of parameters that matter to some conditions.
pub(crate) type Combination = Vec<(String, String)>;

/// Every combination of the parameters that these conditions ask about.
pub(crate) fn combinations<'a>(
    template: &Template,
    conditions: impl IntoIterator<Item = &'a str>,
) -> Vec<Combination> {
    let mut asked = BTreeSet::new();
    for condition in conditions {
        asks(template, template.at(&format!("/Conditions/{condition}")), &mut asked);
    }
    of_parameters(template, &asked)
}

/// Every combination of these parameters.
pub(crate) fn of_parameters(template: &Template, asked: &BTreeSet<String>) -> Vec<Combination> {
    let constants = constants(template);
    let mut all = vec![Vec::new()];
    for parameter in asked {
        let values = domain(template, parameter, &constants);
        all = all
            .into_iter()
            .flat_map(|combination: Combination| {
                values.iter().map(move |value| {
                    let mut longer = combination.clone();
                    longer.push((parameter.clone(), value.clone()));
                    longer
                })
            })
            .collect();
    }
    all
}

/// The stack of a combination.
pub(crate) fn stack<'a>(template: &'a Template, combination: &Combination) -> Stack<'a> {
    let values: Vec<(&str, &str)> =
        combination.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    Stack::new(template, &values).unwrap()
}

/// The first combination in which all guards hold and the condition does not.
pub(crate) fn counterexample(template: &Template, guards: &[Guard], condition: &str) -> Option<Combination> {
    let asked = guards.iter().map(|(name, _)| name.as_str()).chain([condition]);
    combinations(template, asked).into_iter().find(|combination| {
        let stack = stack(template, combination);
        guards.iter().all(|(name, expected)| stack.holds(name).unwrap() == *expected)
            && !stack.holds(condition).unwrap()
    })
}

/// The parameters that an expression asks about, through other conditions too.
fn asks(template: &Template, expression: &Value, asked: &mut BTreeSet<String>) {
    match expression {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member.as_str()) {
                    ("Ref", Some(parameter)) => drop(asked.insert(parameter.to_owned())),
                    ("Condition", Some(condition)) => {
                        asks(template, template.at(&format!("/Conditions/{condition}")), asked);
                    }
                    _ => asks(template, member, asked),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| asks(template, entry, asked)),
        _ => {}
    }
}

/// The texts that each parameter is compared with in a condition or a rule.
fn constants(template: &Template) -> BTreeMap<String, BTreeSet<String>> {
    fn collect(value: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
        let compared = value.get("Fn::Equals").and_then(Value::as_array).map(Vec::as_slice);
        match (compared, value) {
            (Some(compared), _) => {
                // The proof rests on this form.
                let [parameter, constant @ (Value::String(_) | Value::Number(_))] = compared else {
                    panic!("{compared:?} does not compare a parameter with a constant");
                };
                let parameter = parameter["Ref"].as_str().unwrap().to_owned();
                let constant = constant.as_str().map_or_else(|| constant.to_string(), str::to_owned);
                found.entry(parameter).or_default().insert(constant);
            }
            (None, Value::Object(members)) => members.values().for_each(|member| collect(member, found)),
            (None, Value::Array(entries)) => entries.iter().for_each(|entry| collect(entry, found)),
            _ => {}
        }
    }
    let mut found = BTreeMap::new();
    collect(template.at("/Conditions"), &mut found);
    collect(template.at("/Rules"), &mut found);
    found
}

fn domain(
    template: &Template,
    parameter: &str,
    constants: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    let declared = template.at(&format!("/Parameters/{parameter}"));
    if let Some(allowed) = declared.get("AllowedValues").and_then(Value::as_array) {
        return allowed.iter().map(|value| value.as_str().unwrap().to_owned()).collect();
    }
    let mut values = constants.get(parameter).cloned().unwrap_or_default();
    values.insert(OTHER.to_owned());
    values
}

/// The names that a value refers to, each with what must hold for the reference to be read.
pub(crate) fn guarded_references(value: &Value) -> Vec<(String, Vec<Guard>)> {
    fn collect(value: &Value, guards: &mut Vec<Guard>, found: &mut Vec<(String, Vec<Guard>)>) {
        match value {
            Value::Object(members) => {
                if let Some([condition, then, otherwise]) =
                    members.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice)
                {
                    let condition = condition.as_str().unwrap();
                    for (expected, branch) in [(true, then), (false, otherwise)] {
                        guards.push((condition.to_owned(), expected));
                        collect(branch, guards, found);
                        guards.pop();
                    }
                    return;
                }
                for (name, member) in members {
                    if member.is_object() || (member.is_array() && !is_reference(name)) {
                        collect(member, guards, found);
                        continue;
                    }
                    // The values that a substitution defines for itself may be guarded.
                    if let ("Fn::Sub", Some(local)) = (name.as_str(), member.get(1)) {
                        collect(local, guards, found);
                    }
                    let alone: Value = Map::from_iter([(name.clone(), without_local(name, member))]).into();
                    let direct = portcullis_tests::references(&alone).into_iter();
                    found.extend(direct.map(|target| (target, guards.clone())));
                }
            }
            Value::Array(entries) => entries.iter().for_each(|entry| collect(entry, guards, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(value, &mut Vec::new(), &mut found);
    found
}

fn is_reference(name: &str) -> bool {
    matches!(name, "Fn::GetAtt" | "Fn::Sub" | "DependsOn")
}

/// A substitution whose own values are known by name and no longer by what they refer to.
fn without_local(name: &str, member: &Value) -> Value {
    let mut member = member.clone();
    if name == "Fn::Sub"
        && let Some(local) = member.get_mut(1).and_then(Value::as_object_mut)
    {
        local.values_mut().for_each(|value| *value = Value::Null);
    }
    member
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_found_with_all_that_guards_it() {
        let value = json!({
            "A": { "Fn::If": ["Here", { "Ref": "B" }, [{ "Fn::If": ["There", { "Fn::GetAtt": ["C", "Arn"] }, ""] }]] },
            "D": { "Fn::Sub": ["${E}/${F}", { "F": { "Fn::If": ["Here", { "Ref": "G" }, ""] } }] },
            "DependsOn": "H",
        });
        let here = |expected| ("Here".to_owned(), expected);
        let mut found = guarded_references(&value);
        found.sort();
        assert_eq!(
            found,
            [
                ("B".to_owned(), vec![here(true)]),
                ("C".to_owned(), vec![here(false), ("There".to_owned(), true)]),
                ("E".to_owned(), vec![]),
                ("G".to_owned(), vec![here(true)]),
                ("H".to_owned(), vec![]),
            ]
        );
    }

    #[test]
    fn combinations_are_of_all_constants_and_of_one_value_that_is_none_of_them() {
        let template = Template::parse(
            "
            Parameters:
              Color: { Default: red, AllowedValues: [red, blue] }
              Name: { Default: '' }
              Size: { Default: '' }
            Conditions:
              IsRed: !Equals [!Ref Color, red]
              IsAnn: !And [!Condition IsRed, !Equals [!Ref Name, ann], !Not [!Equals [!Ref Name, bob]]]
              HasSize: !Not [!Equals [!Ref Size, '']]
            ",
        )
        .unwrap();
        assert_eq!(combinations(&template, ["IsAnn"]).len(), 2 * 3);
        let guards = [("IsAnn".to_owned(), true)];
        assert_eq!(counterexample(&template, &guards, "IsRed"), None);
        assert!(counterexample(&template, &guards, "HasSize").is_some());
    }
}
