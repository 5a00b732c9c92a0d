//! The law: outside `response`, what goes back equals what came. The fixtures were written by hand
//! from the public documentation.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use portcullis_events::{Event, Payload, PostConfirmation, PreSignUp, PreTokenGeneration, Token};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const GOLDEN: [(&str, &str); 9] = [
    ("pre-sign-up-sign-up", include_str!("fixtures/pre-sign-up-sign-up.json")),
    ("pre-sign-up-admin-create-user", include_str!("fixtures/pre-sign-up-admin-create-user.json")),
    ("pre-sign-up-external-provider", include_str!("fixtures/pre-sign-up-external-provider.json")),
    ("post-confirmation-confirm-sign-up", include_str!("fixtures/post-confirmation-confirm-sign-up.json")),
    (
        "post-confirmation-confirm-forgot-password",
        include_str!("fixtures/post-confirmation-confirm-forgot-password.json"),
    ),
    ("token-generation-v1", include_str!("fixtures/token-generation-v1.json")),
    ("token-generation-v2", include_str!("fixtures/token-generation-v2.json")),
    ("token-generation-v3", include_str!("fixtures/token-generation-v3.json")),
    (
        "token-generation-v3-client-credentials",
        include_str!("fixtures/token-generation-v3-client-credentials.json"),
    ),
];

/// One thing that a view can be asked to write.
#[derive(Debug, Clone)]
enum Edit {
    Confirm,
    VerifyEmail,
    VerifyPhone,
    Set(Token, String, Value),
    Suppress(Token, String),
    AddScope(String),
    SuppressScope(String),
    AddGroup(String),
    RemoveGroup(String),
}

fn apply(event: &mut Event, edit: &Edit) {
    if let Some(mut view) = PreSignUp::of(event) {
        let _ = match edit {
            Edit::Confirm => view.set_auto_confirm(),
            Edit::VerifyEmail => view.set_auto_verify_email(),
            Edit::VerifyPhone => view.set_auto_verify_phone(),
            _ => Ok(()),
        };
    }
    if let Some(mut view) = PreTokenGeneration::of(event) {
        let _ = match edit {
            Edit::Set(token, name, value) => view.set_claim(*token, name, value.clone()),
            Edit::Suppress(token, name) => view.suppress_claim(*token, name),
            Edit::AddScope(scope) => view.add_scope(scope),
            Edit::SuppressScope(scope) => view.suppress_scope(scope),
            Edit::AddGroup(group) => view.add_group(group),
            Edit::RemoveGroup(group) => view.remove_group(group),
            Edit::Confirm | Edit::VerifyEmail | Edit::VerifyPhone => Ok(()),
        };
    }
}

/// Calls every reader, for none may fail on an odd shape.
fn read(event: &mut Event) {
    let _ = (
        event.source(),
        event.region(),
        event.user_pool_id(),
        event.user_name(),
        event.client_id(),
        event.client_metadata().sub(),
    );
    if let Some(view) = PostConfirmation::of(event) {
        let _ = (view.source(), view.user_attributes().email(), view.event().source());
    }
    if let Some(view) = PreSignUp::of(event) {
        let _ = (
            view.source(),
            view.user_attributes().is_true("email_verified"),
            view.validation_data().get("x"),
            view.event().source(),
        );
    }
    if let Some(view) = PreTokenGeneration::of(event) {
        let _ = (
            view.source(),
            view.version(),
            view.user_attributes().sub(),
            view.groups(),
            view.scopes(),
            view.event().source(),
        );
    }
}

fn without_response(value: &Value) -> Map<String, Value> {
    let mut object = value.as_object().unwrap().clone();
    object.remove("response");
    object
}

/// Every golden event, and each with one thing changed: a field null, missing, of another type, or
/// one more; a source that nobody knows.
fn variants() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for (name, text) in GOLDEN {
        let golden: Value = serde_json::from_str(text).unwrap();
        for pointer in pointers(&golden) {
            for odd in [json!(null), json!({}), json!([]), json!("odd"), json!(7), json!(false)] {
                let mut event = golden.clone();
                *event.pointer_mut(&pointer).unwrap() = odd.clone();
                all.push((format!("{name} with {odd} at {pointer}"), event));
            }
            let (parent, field) = pointer.rsplit_once('/').unwrap();
            let mut event = golden.clone();
            if let Some(object) = event.pointer_mut(parent).unwrap().as_object_mut() {
                object.remove(&field.replace("~1", "/").replace("~0", "~"));
                all.push((format!("{name} without {pointer}"), event));
            }
            let mut event = golden.clone();
            if let Some(object) = event.pointer_mut(&pointer).unwrap().as_object_mut() {
                object.insert("fieldOfTomorrow".into(), json!({"deep": [null, 1.5, {"a": "\u{1F600}"}]}));
                all.push((format!("{name} with one more field in {pointer}"), event));
            }
        }
        for source in [
            "Tomorrow_Something",
            "PreSignUp_Tomorrow",
            "PostConfirmation_Tomorrow",
            "TokenGeneration_Tomorrow",
            "",
            "CustomSmsSender_SignUp",
        ] {
            let mut event = golden.clone();
            event["triggerSource"] = json!(source);
            all.push((format!("{name} from {source}"), event));
        }
        all.push((name.to_owned(), golden));
    }
    all
}

/// The pointers of everything in objects below the root.
fn pointers(value: &Value) -> Vec<String> {
    let Some(object) = value.as_object() else {
        return Vec::new();
    };
    object
        .iter()
        .flat_map(|(key, inner)| {
            let here = format!("/{}", key.replace('~', "~0").replace('/', "~1"));
            let below =
                pointers(inner).into_iter().map(|pointer| format!("{here}{pointer}")).collect::<Vec<_>>();
            std::iter::once(here).chain(below)
        })
        .collect()
}

fn every_edit() -> Vec<Edit> {
    let tokens = [Token::Id, Token::Access];
    let mut edits = vec![
        Edit::Confirm,
        Edit::VerifyEmail,
        Edit::VerifyPhone,
        Edit::AddScope("notes/read".into()),
        Edit::SuppressScope("openid".into()),
        Edit::AddGroup("editors".into()),
        Edit::RemoveGroup("readers".into()),
    ];
    edits.extend(tokens.map(|token| Edit::Set(token, "tenant".into(), json!("acme"))));
    edits.extend(tokens.map(|token| Edit::Suppress(token, "email".into())));
    edits
}

#[test]
fn an_event_that_is_only_read_comes_back_as_it_came() {
    for (name, came) in variants() {
        let mut event = Event::new(came.clone()).unwrap();
        read(&mut event);
        assert_eq!(event.into_value(), came, "{name}");
    }
}

#[test]
fn edits_change_nothing_outside_the_response() {
    for (name, came) in variants() {
        let mut event = Event::new(came.clone()).unwrap();
        for edit in every_edit() {
            apply(&mut event, &edit);
        }
        assert_eq!(without_response(&event.into_value()), without_response(&came), "{name}");
    }
}

#[test]
fn every_golden_event_can_be_edited() {
    for (name, text) in
        GOLDEN.iter().filter(|(name, _)| name.starts_with("token") || name.ends_with("sign-up-sign-up"))
    {
        let came: Value = serde_json::from_str(text).unwrap();
        let mut event = Event::new(came.clone()).unwrap();
        for edit in every_edit() {
            apply(&mut event, &edit);
        }
        assert_ne!(event.into_value(), came, "{name}");
    }
}

#[test]
fn a_body_that_cannot_be_read_is_refused_with_a_fixed_text() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for body in ["", "{", "{\"userName\": \"ann@example.com\"", "nonsense", "null", "[]", deep.as_str()] {
        let mut deserializer = serde_json::Deserializer::from_str(body);
        let payload: Payload = serde::Deserialize::deserialize(&mut deserializer).unwrap();
        let error = Event::new(payload.into_value()).unwrap_err();
        assert_eq!(error.to_string(), "E_MALFORMED_EVENT: the request could not be read");
    }
}

/// Any JSON, with the field names that views look for among the keys.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop_oneof![Just("readers".to_owned()), Just("app1".to_owned()), ".{0,12}"].prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("userAttributes".to_owned()),
        Just("groupConfiguration".to_owned()),
        Just("groupsToOverride".to_owned()),
        Just("groupOverrideDetails".to_owned()),
        Just("claimsOverrideDetails".to_owned()),
        Just("claimsAndScopeOverrideDetails".to_owned()),
        Just("accessTokenGeneration".to_owned()),
        Just("claimsToAddOrOverride".to_owned()),
        Just("claimsToSuppress".to_owned()),
        Just("email".to_owned()),
        Just("sub".to_owned()),
        ".{0,6}",
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn event_value() -> impl Strategy<Value = Value> {
    let source = prop_oneof![
        Just("PreSignUp_SignUp".to_owned()),
        Just("PostConfirmation_ConfirmSignUp".to_owned()),
        Just("TokenGeneration_Authentication".to_owned()),
        Just("TokenGeneration_ClientCredentials".to_owned()),
        ".{0,10}",
    ];
    let version = prop_oneof![Just(json!("1")), Just(json!("2")), Just(json!("3")), json_value()];
    (source, version, json_value(), json_value(), prop::option::of(json_value())).prop_map(|(source, version, request, response, more)| {
        let mut event = json!({
            "triggerSource": source, "version": version, "callerContext": {"clientId": "app1"}, "request": request, "response": response,
        });
        if let Some(more) = more {
            event["more"] = more;
        }
        event
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let token = || prop_oneof![Just(Token::Id), Just(Token::Access)];
    let name = || {
        prop_oneof![
            Just("sub".to_owned()),
            Just("aud".to_owned()),
            Just("tenant".to_owned()),
            Just("dev:x".to_owned()),
            ".{0,8}"
        ]
    };
    prop_oneof![
        Just(Edit::Confirm),
        Just(Edit::VerifyEmail),
        Just(Edit::VerifyPhone),
        (token(), name(), json_value()).prop_map(|(token, name, value)| Edit::Set(token, name, value)),
        (token(), name()).prop_map(|(token, name)| Edit::Suppress(token, name)),
        ".{0,8}".prop_map(Edit::AddScope),
        ".{0,8}".prop_map(Edit::SuppressScope),
        prop_oneof![Just("readers".to_owned()), ".{0,8}"].prop_map(Edit::AddGroup),
        prop_oneof![Just("readers".to_owned()), ".{0,8}"].prop_map(Edit::RemoveGroup),
    ]
}

proptest! {
    #[test]
    fn the_law_holds_for_any_event_and_any_edits(came in event_value(), edits in prop::collection::vec(edit(), 0..8)) {
        let mut event = Event::new(came.clone()).unwrap();
        read(&mut event);
        prop_assert_eq!(&event.clone().into_value(), &came);
        for edit in &edits {
            apply(&mut event, edit);
            read(&mut event);
        }
        prop_assert_eq!(without_response(&event.into_value()), without_response(&came));
    }

    #[test]
    fn what_was_edited_is_what_cognito_takes(
        version in 1..=3_u8,
        groups in prop::collection::vec("[a-z]{1,3}", 0..4),
        edits in prop::collection::vec(edit(), 1..12),
    ) {
        let version = version.to_string();
        let mut event = Event::new(json!({
            "triggerSource": "TokenGeneration_Authentication",
            "version": version,
            "callerContext": {"clientId": "app1"},
            "request": {"groupConfiguration": {"groupsToOverride": groups}},
            "response": {},
        })).unwrap();
        for edit in &edits {
            apply(&mut event, edit);
        }
        let answer = event.into_value();
        let root = if version == "1" { "claimsOverrideDetails" } else { "claimsAndScopeOverrideDetails" };
        let response = answer["response"].as_object().unwrap();
        prop_assert!(response.keys().all(|key| key == root));
        let details = response.get(root).cloned().unwrap_or(json!({}));
        let tokens = if version == "1" { vec![&details] } else { vec![&details["idTokenGeneration"], &details["accessTokenGeneration"]] };
        for (name, value) in tokens.iter().filter_map(|token| token["claimsToAddOrOverride"].as_object()).flatten() {
            prop_assert!(!["sub", "iss", "scope"].contains(&name.as_str()) && !name.starts_with("cognito:") && !name.starts_with("dev:"));
            prop_assert!(name != "aud" || value == "app1");
            prop_assert!(version != "1" || value.is_string());
        }
        for scope in ["scopesToAdd", "scopesToSuppress"].iter().filter_map(|key| details["accessTokenGeneration"][key].as_array()).flatten() {
            prop_assert!(!scope.as_str().unwrap().contains(char::is_whitespace));
        }
        // Every group of the pool is still there, unless an edit named it.
        if let Some(kept) = details.get("groupOverrideDetails") {
            let kept = kept["groupsToOverride"].as_array().unwrap();
            for group in &groups {
                let removed = edits.iter().any(|edit| matches!(edit, Edit::RemoveGroup(name) if name == group));
                prop_assert!(removed || kept.iter().any(|name| name == group));
            }
        }
    }
}
