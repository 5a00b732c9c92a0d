//! Nothing refers to itself, and nothing to what is not there.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_tests::{Template, references};
use serde_json::Value;

use crate::{
    combinations::{combinations, counterexample, guarded_references, stack},
    condition_of,
};

/// With both branches of every `Fn::If`, so that the graph of each combination is a part of this one.
#[test]
fn no_resource_depends_on_itself_in_any_combination() {
    let template = Template::read().unwrap();
    let edges: BTreeMap<&str, BTreeSet<String>> =
        template.resources().map(|(id, resource)| (id, references(resource))).collect();
    assert!(edges.len() > 80, "the template was not read");
    let cycle = cycle(&edges);
    assert!(cycle.is_none(), "cycle: {}", cycle.unwrap_or_default().join(" -> "));
}

#[test]
fn a_cycle_would_be_found() {
    let template = Template::parse(
        "
        Resources:
          Pool: { Properties: { LambdaConfig: { PreSignUp: !If [Here, !GetAtt Function.Arn, ''] } } }
          Function: { Properties: { Role: !GetAtt Role.Arn } }
          Role: { Properties: { Resource: !Sub 'arn:${Pool}' } }
        ",
    )
    .unwrap();
    let edges = template.resources().map(|(id, resource)| (id, references(resource))).collect();
    assert_eq!(cycle(&edges).unwrap().len(), 4);
}

#[test]
fn what_is_referred_to_is_made_in_every_combination() {
    let template = Template::read().unwrap();
    let (checked, missing) = missing(&template);
    assert_eq!(missing, [""; 0]);
    assert!(checked > 100, "only {checked} references to what is not always made");
}

#[test]
fn a_reference_to_what_is_not_made_would_be_found() {
    let template = Template::parse(
        "
        Parameters: { PoolId: { Default: '' }, Guests: { Default: '' } }
        Conditions:
          HasPool: !Not [!Equals [!Ref PoolId, '']]
          HasGuests: !Not [!Equals [!Ref Guests, '']]
          HasBoth: !And [!Condition HasPool, !Condition HasGuests]
        Resources:
          Pool: { Condition: HasPool }
          Good: { Condition: HasBoth, A: !Ref Pool }
          AlsoGood: { A: !If [HasBoth, !Ref Pool, ''] }
          Bad: { Condition: HasGuests, A: !Ref Pool }
          AlsoBad: { A: !If [HasPool, '', !Ref Pool] }
          Worse: { DependsOn: Pool }
          Lost: { A: !Ref Nothing }
        Outputs:
          Loose: { Value: !GetAtt Pool.Arn }
        ",
    )
    .unwrap();
    let (_, missing) = missing(&template);
    let found: Vec<&str> = missing.iter().filter_map(|it| it.split_once(' ')).map(|(id, _)| id).collect();
    assert_eq!(found, ["AlsoBad", "Bad", "Loose", "Lost", "Worse"]);
}

#[test]
fn each_condition_is_met_by_some_stack_and_missed_by_another() {
    let template = Template::read().unwrap();
    let conditions = template.at("/Conditions").as_object().unwrap();
    assert!(conditions.len() > 50);
    for condition in conditions.keys() {
        let seen: BTreeSet<bool> = combinations(&template, [condition.as_str()])
            .iter()
            .map(|combination| stack(&template, combination).holds(condition).unwrap())
            .collect();
        assert_eq!(seen.len(), 2, "{condition} is always {seen:?}");
    }
}

/// How many references are to something that not every stack has, and those for which a stack exists that lacks it.
fn missing(template: &Template) -> (usize, Vec<String>) {
    let resources: BTreeMap<&str, &Value> = template.resources().collect();
    let outputs = template.at("/Outputs").as_object().into_iter().flatten();
    let places = resources.iter().map(|(id, resource)| (*id, *resource));
    let places = places.chain(outputs.map(|(id, output)| (id.as_str(), output)));
    let mut checked = 0;
    let mut missing = BTreeSet::new();
    // Many references ask the same.
    let mut answers = BTreeMap::new();
    for (id, place) in places {
        for (target, mut guards) in guarded_references(place) {
            let Some(resource) = resources.get(target.as_str()) else {
                let known = template.at("/Parameters").get(&target).is_some() || target.starts_with("AWS::");
                if !known {
                    missing.insert(format!("{id} refers to {target}, which nothing is"));
                }
                continue;
            };
            let Some(needed) = condition_of(resource) else { continue };
            checked += 1;
            guards.extend(condition_of(place).map(|own| (own.to_owned(), true)));
            guards.sort();
            guards.dedup();
            let answer = answers.entry((guards, needed));
            let answer =
                answer.or_insert_with_key(|(guards, needed)| counterexample(template, guards, needed));
            if let Some(combination) = answer {
                missing.insert(format!("{id} refers to {target}, which is missing with {combination:?}"));
            }
        }
    }
    (checked, missing.into_iter().collect())
}

/// The resources of a cycle in their order, the first one again at the end.
fn cycle(edges: &BTreeMap<&str, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        id: &str,
        edges: &BTreeMap<&str, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|seen| seen == id) {
            let mut cycle = path.split_off(start);
            cycle.push(id.to_owned());
            return Some(cycle);
        }
        if done.contains(id) {
            return None;
        }
        path.push(id.to_owned());
        for next in edges.get(id).into_iter().flatten() {
            if let Some(cycle) = visit(next, edges, path, done) {
                return Some(cycle);
            }
        }
        path.pop();
        done.insert(id.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|id| visit(id, edges, &mut Vec::new(), &mut done))
}
