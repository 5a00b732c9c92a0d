//! What holds for every schema, caller, operation and record.

mod naive;

use std::sync::Arc;

use naive::{Answer, Naive};
use portcullis_rules::{
    Authorizer, Claims, Condition, Denied, Field, FunctionCaller, GroupName, IamCaller, Identity, Item,
    Model, Operation, Operations, Provider, Rule, Scope, Screening, User, VerifiedBy,
};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

/// Few names, so that callers, records and rules meet often.
const NAMES: [&str; 7] = ["a", "b", "a::b", "b::b", "a::a", "", "G"];
const FIELDS: [(&str, bool); 6] = [
    ("title", false),
    ("owner", false),
    ("editors", true),
    ("team", false),
    ("teams", true),
    ("lock", false),
];

const TEMPLATES: [&str; 6] =
    ["{email}", "{sub}::{username}", "{username}", "G{{", "{custom:tenant}", "{email}::b"];

fn name() -> impl Strategy<Value = String> {
    select(&NAMES[..]).prop_map(str::to_owned)
}

fn operations() -> impl Strategy<Value = Operations> {
    prop_oneof![
        4 => Just(Operations::ALL),
        1 => Just(Operations::READ),
        3 => vec(select(&Operation::ALL[..]), 0..5).prop_map(Operations::from_iter),
    ]
}

fn token_provider() -> impl Strategy<Value = Provider> {
    prop_oneof![4 => Just(Provider::UserPools), 1 => Just(Provider::Oidc)]
}

fn rule() -> impl Strategy<Value = Rule> {
    let field = || select(&["owner", "editors", "team", "teams", "undeclared"][..]);
    let name_claim = select(&["sub::username", "sub", "username", "email", "email::sub"][..]);
    let group_claim = || select(&["cognito:groups", "roles"][..]);
    let template =
        || select(&TEMPLATES[..]).prop_filter_map("a template", |written| GroupName::parse(written).ok());
    let who = prop_oneof![
        4 => (field(), name_claim, token_provider())
            .prop_map(|(field, claim, provider)| Rule::owner_in(field).claim(claim).provider(provider)),
        2 => (select(&["G", "a", "b"][..]), group_claim(), token_provider())
            .prop_map(|(group, claim, provider)| Rule::groups([group]).claim(claim).provider(provider)),
        1 => Just(Rule::groups(["G", "b"])),
        1 => (template(), group_claim(), token_provider())
            .prop_map(|(group, claim, provider)| Rule::groups([group]).claim(claim).provider(provider)),
        1 => template().prop_map(|group| Rule::groups([group, "G".into()])),
        3 => (field(), group_claim(), token_provider())
            .prop_map(|(field, claim, provider)| Rule::groups_in(field).claim(claim).provider(provider)),
        1 => token_provider().prop_map(|provider| Rule::private().provider(provider)),
        1 => Just(Rule::private().provider(Provider::IdentityPool)),
        1 => Just(Rule::public()),
        1 => Just(Rule::public().provider(Provider::IdentityPool)),
        1 => Just(Rule::custom()),
    ];
    let alone = who.boxed();
    // Parts that ask for different providers make no rule; then the first part is the rule.
    let together = (vec(alone.clone(), 2..4), token_provider()).prop_map(|(parts, provider)| {
        let first = parts.first().cloned().unwrap_or_else(Rule::private);
        let strategies: Vec<_> = parts.into_iter().map(|part| part.strategy).collect();
        let all = Rule::all(strategies.clone()).provider(provider);
        let other = Rule::all(strategies).provider(first.provider);
        let makes_a_role = |rule: &Rule| Model::new("Note", vec![], vec![rule.clone()]).is_ok();
        [all, other].into_iter().find(makes_a_role).unwrap_or(first)
    });
    let rule = prop_oneof![3 => alone, 1 => together];
    (rule, operations()).prop_map(|(rule, operations)| rule.operations(operations))
}

fn fields() -> impl Strategy<Value = Vec<Field>> {
    let own_rules = || prop_oneof![6 => Just(None), 1 => vec(rule(), 0..3).prop_map(Some)];
    prop_oneof![vec(Just(None), FIELDS.len()), vec(own_rules(), FIELDS.len())].prop_map(|rules| {
        let fields = FIELDS.iter().zip(rules);
        fields.map(|(&(name, list), rules)| Field { name: name.to_owned(), list, rules }).collect()
    })
}

/// Groups in such numbers that those of one claim are looked up by their names, and none of which a caller is in.
fn many_groups() -> impl Strategy<Value = Option<Rule>> {
    let names = || (0..10).map(|number| format!("of no caller {number}"));
    let claim = select(&["cognito:groups", "roles"][..]);
    let rule = (claim, token_provider())
        .prop_map(move |(claim, provider)| Rule::groups(names()).claim(claim).provider(provider));
    proptest::option::of((rule, operations()).prop_map(|(rule, operations)| rule.operations(operations)))
}

/// The parts of a model that compiles: rules that repeat a role are left out.
fn model_parts() -> impl Strategy<Value = (Vec<Field>, Vec<Rule>)> {
    (fields(), vec(rule(), 0..5), many_groups()).prop_map(|(fields, rules, many_groups)| {
        let mut kept: Vec<Rule> = Vec::new();
        for rule in rules.into_iter().chain(many_groups) {
            kept.push(rule);
            if Model::new("Note", fields.clone(), kept.clone()).is_err() {
                kept.pop();
            }
        }
        (fields, kept)
    })
}

fn name_value() -> impl Strategy<Value = Value> {
    prop_oneof![8 => name().prop_map(Value::from), 1 => Just(Value::Null), 1 => Just(json!(7))]
}

fn group_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => vec(name(), 0..3).prop_map(Value::from),
        1 => vec(name_value(), 0..3).prop_map(Value::from),
        1 => name().prop_map(Value::from),
        1 => vec(name(), 0..3).prop_map(|names| Value::from(json!(names).to_string())),
        1 => Just(json!("[\"G\"")),
        1 => Just(json!({"G": true})),
    ]
}

fn claims() -> impl Strategy<Value = Claims> {
    let entry = |name: &'static str, value: BoxedStrategy<Value>| prop_oneof![4 => value.prop_map(move |value| Some((name, value))), 1 => Just(None)];
    (
        entry("sub", name_value().boxed()),
        entry("username", name_value().boxed()),
        entry("cognito:username", name_value().boxed()),
        entry("email", name_value().boxed()),
        entry("cognito:groups", group_value().boxed()),
        entry("roles", group_value().boxed()),
    )
        .prop_map(|(a, b, c, d, e, f)| Claims::from_iter([a, b, c, d, e, f].into_iter().flatten()))
}

fn identity() -> impl Strategy<Value = Identity> {
    prop_oneof![
        8 => claims().prop_map(|claims| User::user_pools(claims, VerifiedBy::Portcullis).into()),
        2 => claims().prop_map(|claims| User::oidc(claims, VerifiedBy::Gateway).into()),
        1 => any::<Option<bool>>()
            .prop_map(|authenticated| Identity::Iam(IamCaller { authenticated, ..IamCaller::default() })),
        1 => Just(Identity::ApiKey),
        1 => claims().prop_map(|context| Identity::Function(FunctionCaller { context })),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    let value = |list: bool| {
        let other = prop_oneof![
            Just(Value::Null),
            Just(json!(7)),
            name().prop_map(Value::from),
            vec(name(), 0..3).prop_map(Value::from)
        ];
        let fitting = if list {
            vec(name(), 0..3).prop_map(Value::from).boxed()
        } else {
            name().prop_map(Value::from).boxed()
        };
        prop_oneof![6 => fitting.prop_map(Some), 1 => other.prop_map(Some), 4 => Just(None)]
    };
    let names = FIELDS.iter().copied().chain([("undeclared", false)]).collect::<Vec<_>>();
    let values: Vec<_> = names.iter().map(|&(_, list)| value(list).boxed()).collect();
    values.prop_map(move |values| {
        let present =
            names.iter().zip(values).filter_map(|(&(name, _), value)| Some((name.to_owned(), value?)));
        present.collect()
    })
}

fn authorizer() -> impl Strategy<Value = (Authorizer, bool, bool)> {
    any::<(bool, bool)>().prop_map(|(populate, trust)| {
        let authorizer = Authorizer::new().populate_owner_for_static_groups(populate);
        (if trust { authorizer.trust_identity_pool() } else { authorizer }, populate, trust)
    })
}

fn answer<T>(result: Result<T, Denied>, item: impl FnOnce(&T) -> Item) -> Answer {
    match result {
        Ok(permit) => Answer::Allowed(item(&permit)),
        Err(Denied::Fields(fields)) => Answer::UnauthorizedOn(fields),
        Err(_) => Answer::Unauthorized,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), ..ProptestConfig::default() })]

    #[test]
    fn two_evaluators_agree(
        (fields, rules) in model_parts(),
        identity in identity(),
        stored in item(),
        input in item(),
        (authorizer, populate, trust_identity_pool) in authorizer(),
    ) {
        let model = Arc::new(Model::new("Note", fields.clone(), rules.clone()).unwrap());
        let naive = Naive { populate, trust_identity_pool, ..Naive::new(&fields, &rules) };

        let create = answer(authorizer.permit_create(&identity, &model, input.clone()), |permit| permit.item().clone());
        prop_assert_eq!(create, naive.create(&identity, &input));
        let update = answer(
            authorizer.permit_update(&identity, &model, &stored, input.clone()),
            |permit| permit.changes().clone(),
        );
        prop_assert_eq!(update, naive.update(&identity, &stored, &input));
        let delete = authorizer.permit_delete(&identity, &model, &stored).is_ok();
        prop_assert_eq!(delete, naive.delete(&identity, &stored));
        for operation in Operations::READ.iter() {
            let read = authorizer.authorize(&identity, operation, &model, &stored).is_allowed();
            prop_assert_eq!(read, naive.read(&identity, operation, &stored), "{}", operation);
        }
        let withheld = authorizer.withheld(&identity, &model, &stored);
        prop_assert_eq!(withheld, naive.withheld(&identity, &stored));
    }

    #[test]
    fn a_field_that_is_screened_is_withheld_always_or_never(
        (fields, rules) in model_parts(),
        identity in identity(),
        stored in item(),
        (authorizer, ..) in authorizer(),
    ) {
        let model = Model::new("Note", fields, rules).unwrap();
        let withheld = authorizer.withheld(&identity, &model, &stored);
        for field in model.fields() {
            let is_withheld = withheld.contains(&field.name.as_str());
            match authorizer.screen_field(&identity, &model, &field.name) {
                Screening::Denied => prop_assert!(is_withheld, "{}", field.name),
                Screening::Allowed => prop_assert!(!is_withheld, "{}", field.name),
                Screening::NeedsItem => {}
            }
        }
    }

    #[test]
    fn only_fields_that_rules_single_out_are_withheld(
        (fields, rules) in model_parts(),
        identity in identity(),
        stored in item(),
        (authorizer, ..) in authorizer(),
    ) {
        let model = Model::new("Note", fields, rules).unwrap();
        let withheld = authorizer.withheld(&identity, &model, &stored);
        prop_assert!(model.has_field_rules() || withheld.is_empty());
        prop_assert!(withheld.iter().all(|field| model.may_withhold(field)));
        let declared = model.fields().iter().map(|field| field.name.as_str());
        let in_order: Vec<&str> = declared.filter(|name| withheld.contains(name)).collect();
        prop_assert_eq!(&in_order, &withheld, "each once, in the order of the model");
        // What the record holds besides the fields that rules look into changes nothing.
        let mut other = stored.clone();
        other.remove("title");
        other.insert("lock".to_owned(), json!("x"));
        prop_assert_eq!(&authorizer.withheld(&identity, &model, &other), &withheld);
        let explained = authorizer.explain(&identity, Operation::Get, &model, &stored);
        let allowed = explained.decision.is_allowed();
        prop_assert_eq!(explained.withheld, if allowed { withheld } else { vec![] });
    }

    #[test]
    fn a_field_whose_rules_admit_nobody_to_read_is_withheld_from_everybody(
        (mut fields, rules) in model_parts(),
        place in any::<prop::sample::Index>(),
        closed in vec(rule(), 0..3),
        identity in identity(),
        stored in item(),
        (authorizer, ..) in authorizer(),
    ) {
        let writes = [Operation::Create, Operation::Update, Operation::Delete];
        let closed = closed.into_iter().map(|rule| rule.operations(writes)).collect();
        let field = place.get(&fields).name.clone();
        let guarded = fields.iter_mut().find(|other| other.name == field).unwrap();
        guarded.rules = Some(closed);
        let model = Model::new("Note", fields, rules).unwrap();
        prop_assert!(authorizer.withheld(&identity, &model, &stored).contains(&field.as_str()));
    }

    #[test]
    fn one_more_rule_withholds_no_field_that_was_asked_about_before(
        (fields, rules) in model_parts(),
        more in rule(),
        guarded in proptest::option::of(any::<prop::sample::Index>()),
        identity in identity(),
        stored in item(),
        (authorizer, ..) in authorizer(),
    ) {
        let before = Model::new("Note", fields.clone(), rules.clone()).unwrap();
        let (mut wider, mut longer) = (fields.clone(), rules.clone());
        let own_rules: Vec<usize> =
            (0..fields.len()).filter(|&column| fields[column].rules.is_some()).collect();
        match guarded {
            Some(index) if !own_rules.is_empty() => {
                let column = *index.get(&own_rules);
                // First, for the last rule of a field for a role is the one that counts.
                wider[column].rules.as_mut().unwrap().insert(0, more);
            }
            _ => longer.push(more),
        }
        let Ok(after) = Model::new("Note", wider.clone(), longer.clone()) else { return Ok(()) };
        // A field of which all had been sure is asked about once a rule admits others to the record, and then by the
        // stricter form of names that the reference uses there.
        let (naive_before, naive_after) = (Naive::new(&fields, &rules), Naive::new(&wider, &longer));
        let asked = |field: &str| {
            naive_before.is_kept_from_some(field) || !naive_after.is_kept_from_some(field)
        };
        // Nor is the law for those who read nothing of the record and see what came of a write.
        if naive_before.read_by(&identity, &stored).is_empty() {
            return Ok(());
        }
        let withheld = authorizer.withheld(&identity, &before, &stored);
        for field in authorizer.withheld(&identity, &after, &stored) {
            prop_assert!(withheld.contains(&field) || !asked(field), "{}", field);
        }
    }

    #[test]
    fn the_answers_of_the_authorizer_agree(
        (fields, rules) in model_parts(),
        identity in identity(),
        item in item(),
        (authorizer, ..) in authorizer(),
    ) {
        let model = Arc::new(Model::new("Note", fields, rules).unwrap());
        for operation in Operation::ALL {
            let allowed = authorizer.authorize(&identity, operation, &model, &item).is_allowed();
            let scope = authorizer.scope(&identity, operation, &model);
            let screening = authorizer.screen(&identity, operation, &model);
            match screening {
                Screening::Denied => prop_assert!(!allowed),
                Screening::Allowed => prop_assert!(allowed),
                Screening::NeedsItem => {}
            }
            if operation.is_read() {
                prop_assert_eq!(scope.matches(&item), allowed);
                prop_assert_eq!(screening == Screening::Denied, scope == Scope::Nothing);
                prop_assert_eq!(screening == Screening::Allowed, scope == Scope::Everything);
                if let Scope::Any(conditions) = &scope {
                    prop_assert!(!conditions.is_empty());
                    let mut simple = conditions.iter().flat_map(Condition::parts);
                    prop_assert!(simple.all(|part| part.field().is_some() && !part.values().is_empty()));
                }
            } else {
                prop_assert_eq!(&scope, &Scope::Nothing);
            }
            let readable = authorizer.permit_read(&identity, operation, &model).is_ok();
            prop_assert_eq!(readable, scope != Scope::Nothing);
            let loadable = authorizer.permit_load(&identity, operation, &model).is_ok();
            let by_record = matches!(operation, Operation::Update | Operation::Delete);
            prop_assert_eq!(loadable, by_record && screening != Screening::Denied);

            let explanation = authorizer.explain(&identity, operation, &model, &item);
            prop_assert_eq!(explanation.decision.is_allowed(), allowed);
            let matched = explanation.to_string().contains(": matched");
            prop_assert!(matched || !allowed, "{}", explanation);
            // Only a new record can be refused although a rule matched: for a field that it names.
            prop_assert!(allowed || !matched || operation == Operation::Create, "{}", explanation);
        }
        let created = authorizer.permit_create(&identity, &model, item.clone()).is_ok();
        prop_assert_eq!(created, authorizer.authorize(&identity, Operation::Create, &model, &item).is_allowed());
        let deleted = authorizer.permit_delete(&identity, &model, &item).is_ok();
        prop_assert_eq!(deleted, authorizer.authorize(&identity, Operation::Delete, &model, &item).is_allowed());
        let nothing_changed = authorizer.permit_update(&identity, &model, &item, Item::new()).is_ok();
        prop_assert_eq!(nothing_changed, authorizer.authorize(&identity, Operation::Update, &model, &item).is_allowed());
    }

    #[test]
    fn one_more_rule_never_takes_anything_away(
        (fields, rules) in model_parts(),
        (more, place) in (rule(), any::<prop::sample::Index>()),
        identity in identity(),
        stored in item(),
        input in item(),
        (authorizer, ..) in authorizer(),
    ) {
        let before = Arc::new(Model::new("Note", fields.clone(), rules.clone()).unwrap());
        // Where fields have rules of their own, a rule that stands earlier may fill in the owner that a later one
        // would have filled in, and thereby keep the fields that the later one alone grants. So it is put last.
        let guarded = fields.iter().any(|field| field.rules.is_some());
        let place = if guarded { rules.len() } else { place.index(rules.len() + 1) };
        let mut longer = rules;
        longer.insert(place, more);
        let Ok(after) = Model::new("Note", fields, longer) else { return Ok(()) };
        let after = Arc::new(after);
        for operation in Operation::ALL {
            let allowed = |model: &Model| authorizer.authorize(&identity, operation, model, &stored).is_allowed();
            prop_assert!(allowed(&after) || !allowed(&before), "{}", operation);
        }
        let update = |model| authorizer.permit_update(&identity, model, &stored, input.clone()).is_ok();
        prop_assert!(update(&after) || !update(&before));
    }

    #[test]
    fn a_permit_holds_as_long_as_what_it_rests_on(
        (fields, rules) in model_parts(),
        identity in identity(),
        stored in item(),
        other in item(),
        changes in item(),
        (authorizer, ..) in authorizer(),
    ) {
        let model = Arc::new(Model::new("Note", fields, rules).unwrap());
        // Another writer has changed everything but the fields that the permit names.
        let raced = |unchanged: &[(String, Option<Value>)]| {
            let mut raced = other.clone();
            for (field, value) in unchanged {
                match value {
                    Some(value) => raced.insert(field.clone(), value.clone()),
                    None => raced.remove(field),
                };
            }
            raced
        };
        if let Ok(permit) = authorizer.permit_update(&identity, &model, &stored, changes.clone()) {
            let raced = raced(permit.unchanged());
            prop_assert!(authorizer.permit_update(&identity, &model, &raced, changes).is_ok());
        }
        if let Ok(permit) = authorizer.permit_delete(&identity, &model, &stored) {
            let raced = raced(permit.unchanged());
            prop_assert!(authorizer.permit_delete(&identity, &model, &raced).is_ok());
        }
    }
}
