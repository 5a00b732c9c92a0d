//! Whole events of each version in, whole events out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::{sync::Mutex, time::Duration};

use portcullis_data::{Enrollment, NewProfile, Profile, ProfileError, Profiles, Timestamp, testkit};
use portcullis_directory::{DirectoryError, Enrollments, Groups, ProfileReader};
use portcullis_events::{Event, TriggerError};
use portcullis_pre_token_generation::{Config, NO_PROFILE, handle};
use portcullis_testkit::Log;
use portcullis_trigger::{Answer, TriggerLayer, invocation, service_fn};
use serde_json::{Map, Value, json};
use tower::{Layer, ServiceExt};

const V1: &str = include_str!("../../../middleware/events/tests/fixtures/token-generation-v1.json");
const V2: &str = include_str!("../../../middleware/events/tests/fixtures/token-generation-v2.json");
const V3: &str = include_str!("../../../middleware/events/tests/fixtures/token-generation-v3.json");
const MACHINE: &str =
    include_str!("../../../middleware/events/tests/fixtures/token-generation-v3-client-credentials.json");
const PRE_SIGN_UP: &str = include_str!("../../../middleware/events/tests/fixtures/pre-sign-up-sign-up.json");
const ANN: &str = "3f0c8a52-6c1f-4f0e-9d0b-5b1d7a1c2e01";

/// One profile, or none, or a failure, after a while.
struct Reader {
    answer: Result<Option<Profile>, ()>,
    delay: Duration,
}

impl ProfileReader for Reader {
    async fn get(&self, sub: &str) -> Result<Option<Profile>, ProfileError> {
        assert_eq!(sub, ANN);
        tokio::time::sleep(self.delay).await;
        self.answer.clone().map_err(|()| ProfileError::InvalidSub)
    }
}

impl Enrollments for Reader {
    async fn enroll(&self, _: &NewProfile) -> Result<Enrollment, ProfileError> {
        panic!("nobody asked for it");
    }

    async fn complete(&self, _: &str) -> Result<(), ProfileError> {
        panic!("nobody asked for it");
    }
}

/// Groups that remember who joined, and can be made to hang.
#[derive(Default)]
struct Joined {
    calls: Mutex<Vec<[String; 3]>>,
    hang: bool,
}

impl Groups for Joined {
    async fn add_user_to_group(&self, pool: &str, username: &str, group: &str) -> Result<(), DirectoryError> {
        if self.hang {
            std::future::pending::<()>().await;
        }
        self.calls.lock().unwrap().push([pool, username, group].map(str::to_owned));
        Ok(())
    }
}

fn reader(claims: Value, groups: &[&str]) -> Reader {
    let groups = groups.iter().map(|group| (*group).to_owned()).collect();
    let claims = claims.as_object().unwrap().clone();
    Reader {
        answer: Ok(Some(Profile { sub: ANN.into(), groups, complete: true, claims })),
        delay: Duration::ZERO,
    }
}

fn config(variables: &[(&str, &str)]) -> Config {
    let lookup = |name: &str| match name {
        "TABLE_NAME" => Some("test".to_owned()),
        _ => variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()),
    };
    Config::from_env(lookup).unwrap()
}

fn event(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn with_response(text: &str, response: Value) -> Value {
    let mut event = event(text);
    event["response"] = response;
    event
}

async fn deliver(
    event: Value,
    config: &Config,
    profiles: &(impl ProfileReader + Enrollments),
) -> Result<Value, TriggerError> {
    let (groups, now) = (Joined::default(), Timestamp::UNIX_EPOCH);
    handle(Event::new(event)?, config, profiles, &groups, now).await.map(Answer::into_value)
}

#[tokio::test]
async fn each_version_gets_claims_and_groups_in_its_own_shape() {
    let config = config(&[("TOKEN_CLAIMS", "tenant,teams")]);
    let reader =
        reader(json!({"tenant": "acme", "teams": ["a", "b"], "secret": "x"}), &["editors", "readers"]);

    let answer = deliver(event(V1), &config, &reader).await.unwrap();
    let role = "arn:aws:iam::111122223333:role/readers";
    let expected = json!({"claimsOverrideDetails": {
        "claimsToAddOrOverride": {"tenant": "acme"},
        "groupOverrideDetails": {
            "groupsToOverride": ["readers", "editors"], "iamRolesToOverride": [role], "preferredRole": role,
        },
    }});
    assert_eq!(answer, with_response(V1, expected));

    let claims = json!({"claimsToAddOrOverride": {"tenant": "acme", "teams": ["a", "b"]}});
    let rows = [
        (V2, json!({"groupsToOverride": ["readers", "editors"], "iamRolesToOverride": []})),
        (V3, json!({"groupsToOverride": ["editors", "readers"]})),
    ];
    for (text, groups) in rows {
        let answer = deliver(event(text), &config, &reader).await.unwrap();
        let expected = json!({"claimsAndScopeOverrideDetails": {
            "idTokenGeneration": claims, "accessTokenGeneration": claims, "groupOverrideDetails": groups,
        }});
        assert_eq!(answer, with_response(text, expected));
    }
}

#[tokio::test]
async fn claims_alone_say_nothing_about_groups() {
    let config = config(&[("TOKEN_CLAIMS", "tenant")]);
    for groups in [&[][..], &["readers"][..]] {
        let answer = deliver(event(V2), &config, &reader(json!({"tenant": "acme"}), groups)).await.unwrap();
        let details = &answer["response"]["claimsAndScopeOverrideDetails"];
        assert_eq!(details["accessTokenGeneration"]["claimsToAddOrOverride"], json!({"tenant": "acme"}));
        assert_eq!(details.get("groupOverrideDetails"), None);
    }
}

#[tokio::test]
async fn an_event_to_which_there_is_nothing_to_add_comes_back_unchanged() {
    let config = config(&[("TOKEN_CLAIMS", "tenant")]);
    let nobody = Reader { answer: Ok(None), delay: Duration::ZERO };
    let nothing = reader(json!({"other": 1, "tenant": null}), &["readers"]);
    for text in [V1, V2] {
        assert_eq!(deliver(event(text), &config, &nobody).await.unwrap(), event(text));
        assert_eq!(deliver(event(text), &config, &nothing).await.unwrap(), event(text));
    }
}

#[tokio::test]
async fn a_user_without_a_profile_is_a_warning_with_a_code_that_an_alarm_can_name() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let nobody = Reader { answer: Ok(None), delay: Duration::ZERO };
    let mut came = event(V2);
    came["triggerSource"] = json!("TokenGeneration_NewPasswordChallenge");
    let (config, groups) = (config(&[]), Joined::default());
    let function = TriggerLayer::new("pre-token-generation")
        .layer(service_fn(|event| handle(event, &config, &nobody, &groups, Timestamp::UNIX_EPOCH)));
    function.oneshot(invocation(came.clone())).await.unwrap();
    let lines = log.lines();
    let line = lines.iter().find(|line| line["source"] == came["triggerSource"]).unwrap();
    assert_eq!(
        (&line["level"], &line["code"], &line["sub"]),
        (&json!("WARN"), &json!(NO_PROFILE), &json!(ANN))
    );
}

#[tokio::test]
async fn what_has_no_user_or_is_not_understood_comes_back_unchanged() {
    let config = config(&[("TOKEN_CLAIMS", "tenant"), ("ON_READ_FAILURE", "deny")]);
    let reader = reader(json!({"tenant": "acme"}), &["editors"]);
    let mut unknown_version = event(V2);
    unknown_version["version"] = json!("4");
    let mut no_sub = event(V2);
    no_sub["request"]["userAttributes"] = json!(null);
    for came in [event(MACHINE), event(PRE_SIGN_UP), unknown_version, no_sub, json!({})] {
        assert_eq!(deliver(came.clone(), &config, &reader).await.unwrap(), came);
    }
}

#[tokio::test]
async fn a_value_that_one_token_cannot_carry_is_left_out_of_it() {
    let config = config(&[("TOKEN_CLAIMS", "address")]);
    let answer =
        deliver(event(V2), &config, &reader(json!({"address": {"city": "Ulm"}}), &[])).await.unwrap();
    let details = &answer["response"]["claimsAndScopeOverrideDetails"];
    assert_eq!(
        *details,
        json!({"accessTokenGeneration": {"claimsToAddOrOverride": {"address": {"city": "Ulm"}}}})
    );
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_cannot_be_read_in_time_is_a_plain_token_or_none() {
    let profile =
        Profile { sub: ANN.into(), groups: vec!["editors".into()], complete: true, claims: Map::new() };
    let slow = |milliseconds| Reader {
        answer: Ok(Some(profile.clone())),
        delay: Duration::from_millis(milliseconds),
    };
    let failing = Reader { answer: Err(()), delay: Duration::ZERO };
    let plain = config(&[("READ_TIMEOUT_MS", "200")]);
    let deny = config(&[("READ_TIMEOUT_MS", "200"), ("ON_READ_FAILURE", "deny")]);

    for reader in [&slow(201), &failing] {
        assert_eq!(deliver(event(V2), &plain, reader).await.unwrap(), event(V2));
        let error = deliver(event(V2), &deny, reader).await.unwrap_err();
        assert_eq!(error.to_string(), "E_PROFILE_UNAVAILABLE: the profile could not be read, try again");
    }
    for config in [&plain, &deny] {
        assert_ne!(deliver(event(V2), config, &slow(199)).await.unwrap(), event(V2));
    }
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_a_fixed_text() {
    let error = deliver(json!("ann@example.com"), &config(&[]), &reader(json!({}), &[])).await.unwrap_err();
    assert_eq!(error.to_string(), "E_MALFORMED_EVENT: the request could not be read");
}

#[tokio::test]
async fn a_profile_in_the_real_store_is_found_by_its_sub() {
    let profiles = Profiles::new(testkit::table().await.unwrap());
    let config = config(&[("TOKEN_CLAIMS", "createdAt")]);
    assert_eq!(deliver(event(V2), &config, &profiles).await.unwrap(), event(V2));

    let profile = NewProfile { sub: ANN.into(), username: "ann".into(), created_at: Timestamp::UNIX_EPOCH };
    profiles.enroll(&profile).await.unwrap();
    let answer = deliver(event(V2), &config, &profiles).await.unwrap();
    let claim = &answer["response"]["claimsAndScopeOverrideDetails"]["idTokenGeneration"]["claimsToAddOrOverride"]
        ["createdAt"];
    assert!(claim.as_str().unwrap().starts_with("1970-01-01T00:00:00"), "{claim}");
}

#[tokio::test]
async fn groups_give_scopes_and_roles_in_the_order_of_the_variables() {
    let admins = "arn:aws:iam::111122223333:role/admins";
    let readers = "arn:aws:iam::111122223333:role/readers";
    let roles = format!("admins={admins},readers={readers}");
    let config = config(&[
        ("GROUP_SCOPES", "readers=notes/read,admins=notes/delete notes/read,editors=notes/write"),
        ("GROUP_ROLES", &roles),
    ]);
    let answer = deliver(event(V2), &config, &reader(json!({}), &["admins"])).await.unwrap();
    let expected = json!({"claimsAndScopeOverrideDetails": {
        "accessTokenGeneration": {"scopesToAdd": ["notes/read", "notes/delete"]},
        "groupOverrideDetails": {
            "groupsToOverride": ["readers", "admins"], "iamRolesToOverride": [admins, readers], "preferredRole": admins,
        },
    }});
    assert_eq!(answer, with_response(V2, expected));

    // Version 1 has no scopes, and its pool has given the role before.
    let answer = deliver(event(V1), &config, &reader(json!({}), &[])).await.unwrap();
    let groups =
        json!({"groupsToOverride": ["readers"], "iamRolesToOverride": [readers], "preferredRole": readers});
    assert_eq!(answer, with_response(V1, json!({"claimsOverrideDetails": {"groupOverrideDetails": groups}})));
}

#[tokio::test]
async fn a_group_of_the_pool_gives_scopes_to_a_user_without_a_profile_too() {
    let config = config(&[("GROUP_SCOPES", "readers=notes/read")]);
    let nobody = Reader { answer: Ok(None), delay: Duration::ZERO };
    let answer = deliver(event(V2), &config, &nobody).await.unwrap();
    let scopes = json!({"accessTokenGeneration": {"scopesToAdd": ["notes/read"]}});
    assert_eq!(answer, with_response(V2, json!({"claimsAndScopeOverrideDetails": scopes})));
}

#[tokio::test]
async fn the_tenant_is_the_one_of_the_profile_or_none() {
    let config = config(&[("TENANT_CLAIM", "custom:tenant")]);
    let set = json!({"claimsToAddOrOverride": {"custom:tenant": "acme"}});
    let suppressed = json!({"claimsToSuppress": ["custom:tenant"]});
    let nobody = Reader { answer: Ok(None), delay: Duration::ZERO };
    let failing = Reader { answer: Err(()), delay: Duration::ZERO };
    for (reader, expected) in [
        (reader(json!({"tenant": "acme"}), &[]), &set),
        (reader(json!({}), &[]), &suppressed),
        (reader(json!({"tenant": ""}), &[]), &suppressed),
        (reader(json!({"tenant": 7}), &[]), &suppressed),
        (reader(json!({"tenant": ["acme"]}), &[]), &suppressed),
        (nobody, &suppressed),
        (failing, &suppressed),
    ] {
        let answer = deliver(event(V2), &config, &reader).await.unwrap();
        let details = &answer["response"]["claimsAndScopeOverrideDetails"];
        assert_eq!((&details["idTokenGeneration"], &details["accessTokenGeneration"]), (expected, expected));
    }
}

#[tokio::test]
async fn suppressed_claims_leave_the_tokens_that_a_version_can_change() {
    let config = config(&[("SUPPRESS_CLAIMS", "email,cognito:groups")]);
    let nothing = reader(json!({}), &[]);
    let list = json!({"claimsToSuppress": ["email", "cognito:groups"]});
    let answer = deliver(event(V1), &config, &nothing).await.unwrap();
    assert_eq!(answer, with_response(V1, json!({"claimsOverrideDetails": list})));
    let answer = deliver(event(V2), &config, &nothing).await.unwrap();
    let both = json!({"idTokenGeneration": list, "accessTokenGeneration": list});
    assert_eq!(answer, with_response(V2, json!({"claimsAndScopeOverrideDetails": both})));
}

#[tokio::test]
async fn a_machine_gets_the_scopes_of_its_client_and_no_profile_is_read() {
    let nobody = Reader { answer: Err(()), delay: Duration::ZERO };
    let deny = ("ON_READ_FAILURE", "deny");
    let known = config(&[deny, ("CLIENT_SCOPES", "machine1=notes/write notes/read,machine2=notes/delete")]);
    let answer = deliver(event(MACHINE), &known, &nobody).await.unwrap();
    let scopes = json!({"accessTokenGeneration": {"scopesToAdd": ["notes/write", "notes/read"]}});
    assert_eq!(answer, with_response(MACHINE, json!({"claimsAndScopeOverrideDetails": scopes})));
    let unknown = config(&[deny, ("CLIENT_SCOPES", "machine2=notes/delete")]);
    assert_eq!(deliver(event(MACHINE), &unknown, &nobody).await.unwrap(), event(MACHINE));
}

#[tokio::test]
async fn a_federated_user_whose_address_has_changed_is_judged_again() {
    let denied = config(&[("DENIED_EMAIL_DOMAINS", "example.com")]);
    let allowed = config(&[("ALLOWED_EMAIL_DOMAINS", "example.com")]);
    let elsewhere = config(&[("ALLOWED_EMAIL_DOMAINS", "example.org")]);
    let identities = r#"[{"userId":"1","providerName":"Google"}]"#;
    let own = json!({"sub": ANN, "cognito:user_status": "CONFIRMED", "email": "ann@example.com"});
    let federated = |verified: &str| json!({"sub": ANN, "cognito:user_status": "EXTERNAL_PROVIDER", "email": "ann@example.com", "email_verified": verified});
    let linked = json!({
        "sub": ANN, "cognito:user_status": "CONFIRMED", "identities": identities, "email": "ann@example.com",
        "email_verified": "true",
    });
    let rows = [
        (&denied, own.clone(), None),
        (&elsewhere, own, None),
        (&denied, federated("true"), Some("E_DOMAIN_NOT_ALLOWED")),
        (&elsewhere, federated("true"), Some("E_DOMAIN_NOT_ALLOWED")),
        (&allowed, federated("true"), None),
        (&allowed, federated("false"), Some("E_EMAIL_NOT_VERIFIED")),
        (&allowed, json!({"sub": ANN, "cognito:user_status": "EXTERNAL_PROVIDER"}), Some("E_EMAIL_REQUIRED")),
        (&denied, linked.clone(), Some("E_DOMAIN_NOT_ALLOWED")),
        (&allowed, linked, None),
    ];
    for (config, attributes, expected) in rows {
        for text in [V1, V2, V3] {
            let mut came = event(text);
            came["request"]["userAttributes"] = attributes.clone();
            let outcome = deliver(came, config, &reader(json!({}), &[])).await;
            assert_eq!(outcome.err().map(|error| error.code()), expected, "{attributes}");
        }
    }
}

const ENSURE: [(&str, &str); 3] =
    [("ENSURE_USER", "true"), ("DEFAULT_GROUP", "users,readers"), ("FIRST_USER_GROUP", "admins")];

#[tokio::test]
async fn a_user_whom_nobody_enrolled_is_enrolled_at_their_first_token_and_it_carries_their_groups() {
    let config = config(&ENSURE);
    let profiles = config.profiles_in(testkit::table().await.unwrap());
    let groups = Joined::default();
    let handle =
        || handle(Event::new(event(V2)).unwrap(), &config, &profiles, &groups, Timestamp::UNIX_EPOCH);
    let first = handle().await.unwrap();
    assert_eq!((first.decision(), first.code()), ("first user enrolled", None));
    let details =
        first.into_value()["response"]["claimsAndScopeOverrideDetails"]["groupOverrideDetails"].clone();
    assert_eq!(details["groupsToOverride"], json!(["readers", "users", "admins"]));
    let mut joined: Vec<String> = groups.calls.lock().unwrap().iter().map(|call| call.join(" ")).collect();
    joined.sort();
    let expected = ["admins", "readers", "users"].map(|group| format!("eu-west-1_Pool1 {ANN} {group}"));
    assert_eq!(joined, expected);

    // From now on it is the read alone.
    let second = handle().await.unwrap();
    assert_eq!(second.decision(), "enrich");
    assert_eq!(second.into_value(), event(V2));
    assert_eq!(groups.calls.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn an_enrollment_that_was_cut_short_is_completed_at_the_next_token() {
    let config = config(&ENSURE);
    let profiles = config.profiles_in(testkit::table().await.unwrap());
    let profile = NewProfile { sub: ANN.into(), username: ANN.into(), created_at: Timestamp::UNIX_EPOCH };
    profiles.enroll(&profile).await.unwrap();
    let groups = Joined::default();
    let answer = handle(Event::new(event(V2)).unwrap(), &config, &profiles, &groups, Timestamp::UNIX_EPOCH);
    assert_eq!(answer.await.unwrap().decision(), "first user enrolled again");
    assert!(profiles.get(ANN).await.unwrap().unwrap().complete);
}

#[tokio::test]
async fn an_enrollment_that_hangs_fails_nobodys_sign_in_and_ends_with_the_time_limit() {
    for on_failure in ["plain", "deny"] {
        let mut variables = ENSURE.to_vec();
        variables.extend([("READ_TIMEOUT_MS", "400"), ("ON_READ_FAILURE", on_failure)]);
        let config = config(&variables);
        let profiles = config.profiles_in(testkit::table().await.unwrap());
        // Opens the connection, which takes longer than a call.
        assert_eq!(profiles.get(ANN).await.unwrap(), None);
        let groups = Joined { hang: true, ..Joined::default() };
        let started = std::time::Instant::now();
        let answer =
            handle(Event::new(event(V2)).unwrap(), &config, &profiles, &groups, Timestamp::UNIX_EPOCH);
        let answer = answer.await.unwrap();
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert_eq!((answer.decision(), answer.code()), ("plain", Some("E_SETUP_INCOMPLETE")));
        assert_eq!(answer.into_value(), event(V2));
    }
}
