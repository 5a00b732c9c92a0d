//! The law: outside `response`, what goes back equals what came. The fixtures were written by hand
//! from the public documentation.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use portcullis_events::{
    ChallengeName, CreateAuthChallenge, CustomMessage, CustomSender, DefineAuthChallenge, DeliveryMedium,
    Event, InboundFederation, MigratedUser, Payload, PostAuthentication, PostConfirmation, PreAuthentication,
    PreSignUp, PreTokenGeneration, Token, UserMigration, VerifyAuthChallenge,
};
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

/// For each trigger: its sources, and an event with all fields, with nulls and with what may be missing left out. The law holds
/// for every source in each of them.
const SOURCES: [&str; 15] = [
    include_str!("fixtures/sources/pre-sign-up.json"),
    include_str!("fixtures/sources/post-confirmation.json"),
    include_str!("fixtures/sources/pre-authentication.json"),
    include_str!("fixtures/sources/post-authentication.json"),
    include_str!("fixtures/sources/token-generation-v1.json"),
    include_str!("fixtures/sources/token-generation-v2.json"),
    include_str!("fixtures/sources/token-generation-v3.json"),
    include_str!("fixtures/sources/define-auth-challenge.json"),
    include_str!("fixtures/sources/create-auth-challenge.json"),
    include_str!("fixtures/sources/verify-auth-challenge.json"),
    include_str!("fixtures/sources/custom-message.json"),
    include_str!("fixtures/sources/user-migration.json"),
    include_str!("fixtures/sources/custom-email-sender.json"),
    include_str!("fixtures/sources/custom-sms-sender.json"),
    include_str!("fixtures/sources/inbound-federation.json"),
];

/// Every source in every shape, and if it is the first of its trigger.
fn sources() -> Vec<(String, Value, bool)> {
    let mut all = Vec::new();
    for text in SOURCES {
        let family: Value = serde_json::from_str(text).unwrap();
        for (index, source) in family["sources"].as_array().unwrap().iter().enumerate() {
            for shape in ["all", "nulls", "missing"] {
                let mut event = family[shape].clone();
                event["triggerSource"] = source.clone();
                let name = format!("{} version {} {shape}", source.as_str().unwrap(), event["version"]);
                all.push((name, event, index == 0));
            }
        }
    }
    all
}

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
    Roles(Vec<String>),
    Present,
    Issue,
    Fail,
    Public(String, String),
    Private(String, String),
    Metadata(String),
    Answer(bool),
    Email(String, String),
    Sms(String),
    Migrate(String, String),
    Map(String, String),
}

/// Asks every view of the event for the edit.
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
            Edit::Roles(roles) => view.set_roles(&roles.iter().map(String::as_str).collect::<Vec<_>>()),
            _ => Ok(()),
        };
    }
    if let Some(mut view) = DefineAuthChallenge::of(event) {
        match edit {
            Edit::Present => view.present(ChallengeName::Custom),
            Edit::Issue => drop(view.issue_tokens_after(ChallengeName::Custom)),
            Edit::Fail => view.fail(),
            _ => {}
        }
    }
    if let Some(mut view) = CreateAuthChallenge::of(event) {
        match edit {
            Edit::Public(name, value) => drop(view.set_public_parameter(name, value)),
            Edit::Private(name, value) => drop(view.set_private_parameter(name, value)),
            Edit::Metadata(text) => view.set_challenge_metadata(text),
            _ => {}
        }
    }
    if let (Some(mut view), Edit::Answer(correct)) = (VerifyAuthChallenge::of(event), edit) {
        let _ = view.set_answer_correct(*correct);
    }
    if let Some(mut view) = CustomMessage::of(event) {
        let _ = match edit {
            Edit::Email(subject, body) => view.set_email(subject, body),
            Edit::Sms(text) => view.set_sms(text),
            _ => Ok(()),
        };
    }
    if let (Some(mut view), Edit::Migrate(name, value)) = (UserMigration::of(event), edit) {
        let user = MigratedUser::default().attribute("email_verified", "true").attribute(name, value);
        let _ = view.set_user(&user.deliver_by(DeliveryMedium::Email));
    }
    if let (Some(mut view), Edit::Map(name, value)) = (InboundFederation::of(event), edit) {
        let _ = view.map_attributes([(name.as_str(), value.as_str())]);
    }
}

/// Calls every reader, for none may fail on an odd shape; which views there are, and what they show in a log.
fn read(event: &mut Event) -> Vec<(&'static str, String)> {
    let mut views = Vec::new();
    let _ = (
        event.source(),
        event.region(),
        event.user_pool_id(),
        event.user_name(),
        event.client_id(),
        event.client_metadata().sub(),
        event.user_attributes().email(),
    );
    if let Some(view) = PostConfirmation::of(event) {
        let _ = (view.source(), view.user_attributes().email(), view.event().source());
        views.push(("PostConfirmation", format!("{view:?} {:?}", view.user_attributes())));
    }
    if let Some(view) = PreAuthentication::of(event) {
        let _ = (
            view.user_attributes().sub(),
            view.user_not_found(),
            view.validation_data().get("x"),
            view.event(),
        );
        views.push(("PreAuthentication", format!("{view:?} {:?}", view.validation_data())));
    }
    if let Some(view) = PostAuthentication::of(event) {
        let _ = (view.user_attributes().sub(), view.new_device_used(), view.event());
        views.push(("PostAuthentication", format!("{view:?}")));
    }
    if let Some(view) = CustomSender::of(event) {
        let _ = (
            view.channel(),
            view.source(),
            view.encrypted_code(),
            view.request_type(),
            view.user_attributes().sub(),
        );
        views.push(("CustomSender", format!("{view:?} {:?}", view.event())));
    }
    if let Some(view) = PreSignUp::of(event) {
        let _ = (
            view.source(),
            view.user_attributes().is_true("email_verified"),
            view.validation_data().get("x"),
            view.event().source(),
        );
        views.push(("PreSignUp", format!("{view:?}")));
    }
    if let Some(view) = PreTokenGeneration::of(event) {
        let _ = (
            view.source(),
            view.is_machine(),
            view.version(),
            view.user_attributes().sub(),
            view.groups(),
            view.roles(),
            view.preferred_role(),
            view.scopes(),
            view.event().source(),
        );
        views.push(("PreTokenGeneration", format!("{view:?}")));
    }
    if let Some(view) = DefineAuthChallenge::of(event) {
        let _ = (view.session(), view.user_attributes().sub(), view.user_not_found(), view.event());
        views.push(("DefineAuthChallenge", format!("{view:?}")));
    }
    if let Some(view) = CreateAuthChallenge::of(event) {
        let _ = (
            view.challenge_name(),
            view.session(),
            view.user_attributes().sub(),
            view.user_not_found(),
            view.event(),
        );
        views.push(("CreateAuthChallenge", format!("{view:?}")));
    }
    if let Some(view) = VerifyAuthChallenge::of(event) {
        let _ = (view.answer(), view.user_attributes().sub(), view.user_not_found(), view.event());
        views.push(("VerifyAuthChallenge", format!("{view:?} {:?}", view.private_parameters())));
    }
    if let Some(view) = CustomMessage::of(event) {
        let _ = (
            view.source(),
            view.code_parameter(),
            view.link_parameter(),
            view.username_parameter(),
            view.event(),
        );
        views.push(("CustomMessage", format!("{view:?} {:?}", view.user_attributes())));
    }
    if let Some(view) = UserMigration::of(event) {
        let _ = (view.source(), view.password(), view.event());
        views.push(("UserMigration", format!("{view:?} {:?}", view.validation_data())));
    }
    if let Some(view) = InboundFederation::of(event) {
        let _ =
            (view.provider_name(), view.provider_type(), view.saml_response().value("groups"), view.event());
        let tokens = (view.token_response(), view.id_token(), view.user_info());
        views.push(("InboundFederation", format!("{view:?} {tokens:?}")));
    }
    views
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
    let golden =
        GOLDEN.iter().map(|(name, text)| ((*name).to_owned(), serde_json::from_str(text).unwrap(), true));
    for (name, golden, change) in golden.chain(sources()) {
        if !change {
            all.push((name, golden));
            continue;
        }
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
            "InboundFederation_Tomorrow",
        ] {
            let mut event = golden.clone();
            event["triggerSource"] = json!(source);
            all.push((format!("{name} from {source}"), event));
        }
        all.push((name, golden));
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
        Edit::Roles(vec!["arn:aws:iam::111122223333:role/editors".into()]),
        Edit::Present,
        Edit::Issue,
        Edit::Fail,
        Edit::Public("medium".into(), "e-mail".into()),
        Edit::Private("digest".into(), "d".into()),
        Edit::Metadata("ROUND_3".into()),
        Edit::Answer(true),
        Edit::Email("Welcome".into(), "{username} {####}".into()),
        Edit::Sms("{username} {####}".into()),
        Edit::Migrate("email".into(), "ann@example.org".into()),
        Edit::Map("email".into(), "ann@example.org".into()),
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

/// Views without setters: Cognito reads nothing from their responses.
const READ_ONLY: [&str; 4] = ["PostConfirmation", "PreAuthentication", "PostAuthentication", "CustomSender"];

#[test]
fn every_event_can_be_edited_if_cognito_reads_its_response() {
    for (name, came, _) in sources() {
        let mut event = Event::new(came.clone()).unwrap();
        let view = read(&mut event)[0].0;
        // Flags of an administrator's user are ignored, so none is set.
        let expected = !READ_ONLY.contains(&view) && came["triggerSource"] != "PreSignUp_AdminCreateUser";
        for edit in every_edit() {
            apply(&mut event, &edit);
        }
        assert_eq!(event.into_value() != came, expected, "{name}");
    }
}

#[test]
fn every_source_has_exactly_one_view() {
    let mut found: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (name, came, _) in sources() {
        let views = read(&mut Event::new(came.clone()).unwrap());
        assert_eq!(views.len(), 1, "{name}: {views:?}");
        found.entry(came["triggerSource"].as_str().unwrap().to_owned()).or_default().insert(views[0].0);
    }
    assert_eq!(found.len(), 51, "a source is new or gone");
    for (source, views) in found {
        let family = match source.split_once('_').unwrap().0 {
            "TokenGeneration" => "PreTokenGeneration",
            "VerifyAuthChallengeResponse" => "VerifyAuthChallenge",
            "CustomEmailSender" | "CustomSMSSender" | "CustomSmsSender" => "CustomSender",
            family => family,
        };
        assert_eq!(views.into_iter().collect::<Vec<_>>(), [family], "{source}");
    }
    for source in [
        "",
        "Tomorrow_Something",
        "PreSignUp",
        "CustomEmailSender",
        "presignup_SignUp",
        "TokenGenerationX_HostedAuth",
    ] {
        assert_eq!(read(&mut Event::new(json!({"triggerSource": source})).unwrap()), [], "{source}");
    }
}

#[test]
fn no_view_shows_people_codes_or_tokens() {
    for (name, came, _) in sources() {
        let mut event = Event::new(came).unwrap();
        for edit in every_edit() {
            apply(&mut event, &edit);
        }
        let mut shown = format!("{event:?}");
        for (_, view) in read(&mut event) {
            shown.push_str(&view);
        }
        for secret in [
            "ann@", "3f0c", "+1555", "horse", "123456", "AYADe", "9f86", "at-1", "it-1", "rt-1", "acme",
            "spring",
        ] {
            assert!(!shown.contains(secret), "{name} shows {secret}: {shown}");
        }
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
        Just("session".to_owned()),
        Just("challengeName".to_owned()),
        Just("attributes".to_owned()),
        Just("idToken".to_owned()),
        Just("codeParameter".to_owned()),
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
        prop::sample::select(
            sources().into_iter().map(|(_, event, _)| event["triggerSource"].clone()).collect::<Vec<_>>()
        )
        .prop_map(|source| source.as_str().unwrap_or_default().to_owned()),
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
        prop::collection::vec("(arn:aws:iam::111122223333:role/[a-z]{0,2}|.{0,4})", 0..3)
            .prop_map(Edit::Roles),
        Just(Edit::Present),
        Just(Edit::Issue),
        Just(Edit::Fail),
        (".{0,8}", ".{0,8}").prop_map(|(name, value)| Edit::Public(name, value)),
        (".{0,8}", ".{0,8}").prop_map(|(name, value)| Edit::Private(name, value)),
        ".{0,8}".prop_map(Edit::Metadata),
        any::<bool>().prop_map(Edit::Answer),
        (".{0,8}", ".{0,4}(\\{####\\}|.{0,4})").prop_map(|(subject, body)| Edit::Email(subject, body)),
        ".{0,4}(\\{####\\}|.{0,4})".prop_map(Edit::Sms),
        ("(email|sub|.{0,4})", ".{0,8}").prop_map(|(name, value)| Edit::Migrate(name, value)),
        (".{0,8}", ".{0,8}").prop_map(|(name, value)| Edit::Map(name, value)),
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
