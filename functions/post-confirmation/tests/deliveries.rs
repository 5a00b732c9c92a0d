//! Whole events in, whole events out, and what happens on the way: once, three times at once, and
//! when a delivery dies.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    future::Future,
    pin::pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use portcullis_data::{Enrollment, NewProfile, Profile, ProfileError, Profiles, Timestamp, testkit};
use portcullis_directory::{DirectoryError, Enrollments, Groups as GroupDirectory, ProfileReader};
use portcullis_events::{Event, TriggerError};
use portcullis_post_confirmation::{Config, handle};
use portcullis_testkit::Log;
use portcullis_trigger::{Answer, TriggerLayer, invocation, service_fn};
use serde_json::{Map, Value, json};
use tower::{Layer, ServiceExt};

const SIGN_UP: &str =
    include_str!("../../../middleware/events/tests/fixtures/post-confirmation-confirm-sign-up.json");
const FORGOT_PASSWORD: &str =
    include_str!("../../../middleware/events/tests/fixtures/post-confirmation-confirm-forgot-password.json");
const PRE_SIGN_UP: &str = include_str!("../../../middleware/events/tests/fixtures/pre-sign-up-sign-up.json");
const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const ANN: &str = "3f0c8a52-6c1f-4f0e-9d0b-5b1d7a1c2e01";

/// A store that follows the contract of `Profiles::enroll`, gives way once on the way, and can be
/// made to fail.
#[derive(Default)]
struct Store {
    subs: Mutex<Vec<String>>,
    complete: Mutex<Vec<String>>,
    fails: bool,
}

impl Enrollments for Store {
    async fn enroll(&self, profile: &NewProfile) -> Result<Enrollment, ProfileError> {
        tokio::task::yield_now().await;
        if self.fails {
            return Err(ProfileError::InvalidSub);
        }
        let mut subs = self.subs.lock().unwrap();
        let created = !subs.contains(&profile.sub);
        if created {
            subs.push(profile.sub.clone());
        }
        Ok(Enrollment { created, first_admin: subs[0] == profile.sub })
    }

    async fn complete(&self, sub: &str) -> Result<(), ProfileError> {
        tokio::task::yield_now().await;
        if self.fails {
            return Err(ProfileError::InvalidSub);
        }
        self.complete.lock().unwrap().push(sub.to_owned());
        Ok(())
    }
}

impl ProfileReader for Store {
    async fn get(&self, sub: &str) -> Result<Option<Profile>, ProfileError> {
        tokio::task::yield_now().await;
        if self.fails {
            return Err(ProfileError::InvalidSub);
        }
        let known = self.subs.lock().unwrap().iter().any(|known| known == sub);
        let complete = self.complete.lock().unwrap().iter().any(|known| known == sub);
        Ok(known.then(|| Profile { sub: sub.to_owned(), groups: vec![], complete, claims: Map::new() }))
    }
}

/// Groups that remember every call, and can be made to fail or to hang.
#[derive(Default)]
struct Groups {
    calls: Mutex<Vec<[String; 3]>>,
    fails: bool,
    hangs_on: Option<&'static str>,
}

impl GroupDirectory for Groups {
    async fn add_user_to_group(&self, pool: &str, username: &str, group: &str) -> Result<(), DirectoryError> {
        tokio::task::yield_now().await;
        if self.hangs_on == Some(group) {
            std::future::pending::<()>().await;
        }
        if self.fails {
            return Err(DirectoryError::Unavailable {
                operation: "AdminAddUserToGroup",
                code: "ResourceNotFoundException".into(),
            });
        }
        self.calls.lock().unwrap().push([pool, username, group].map(str::to_owned));
        Ok(())
    }
}

impl Groups {
    /// The groups of the calls, sorted.
    fn groups(&self) -> Vec<String> {
        let mut groups: Vec<String> =
            self.calls.lock().unwrap().iter().map(|[_, _, group]| group.clone()).collect();
        groups.sort();
        groups
    }
}

fn event(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn sign_up_of(sub: &str) -> Value {
    let mut event = event(SIGN_UP);
    event["userName"] = json!(sub);
    event["request"]["userAttributes"]["sub"] = json!(sub);
    event
}

fn config(on_error: &str) -> Config {
    let lookup = |name: &str| {
        let value = match name {
            "TABLE_NAME" => "test",
            "DEFAULT_GROUP" => "users",
            "FIRST_USER_GROUP" => "admins",
            "ON_ERROR" => on_error,
            _ => return None,
        };
        Some(value.to_owned())
    };
    Config::from_env(lookup).unwrap()
}

async fn deliver(
    event: Value,
    config: &Config,
    profiles: &(impl Enrollments + ProfileReader),
    directory: &impl GroupDirectory,
    now: Timestamp,
) -> Result<Value, TriggerError> {
    handle(Event::new(event)?, config, profiles, directory, now).await.map(Answer::into_value)
}

#[tokio::test]
async fn the_first_user_gets_a_profile_and_both_groups_and_the_second_only_the_default() {
    let (store, groups, config) = (Store::default(), Groups::default(), config("fail"));
    let answer = deliver(event(SIGN_UP), &config, &store, &groups, NOW).await.unwrap();
    assert_eq!(answer, event(SIGN_UP));
    assert_eq!(groups.groups(), ["admins", "users"]);
    assert!(
        groups
            .calls
            .lock()
            .unwrap()
            .iter()
            .all(|[pool, username, _]| pool == "eu-west-1_Pool1" && username == ANN)
    );

    deliver(sign_up_of("s-2"), &config, &store, &groups, NOW).await.unwrap();
    assert_eq!(groups.groups(), ["admins", "users", "users"]);
    assert_eq!(*store.subs.lock().unwrap(), [ANN, "s-2"]);
}

#[tokio::test]
async fn what_is_no_confirmed_sign_up_comes_back_unchanged_and_has_no_effect() {
    let mut unknown = event(SIGN_UP);
    unknown["triggerSource"] = json!("PostConfirmation_Tomorrow");
    for came in [event(FORGOT_PASSWORD), event(PRE_SIGN_UP), unknown, json!({})] {
        let (store, groups) = (Store::default(), Groups::default());
        assert_eq!(deliver(came.clone(), &config("fail"), &store, &groups, NOW).await.unwrap(), came);
        assert_eq!(groups.groups(), [""; 0]);
        assert!(store.subs.lock().unwrap().is_empty());
    }
}

#[tokio::test]
async fn failures_are_swallowed_unless_configured() {
    let rows = [
        (Store { fails: true, ..Store::default() }, Groups::default()),
        (Store::default(), Groups { fails: true, ..Groups::default() }),
        (Store { fails: true, ..Store::default() }, Groups { fails: true, ..Groups::default() }),
    ];
    for (store, groups) in rows {
        let answer = deliver(event(SIGN_UP), &config("continue"), &store, &groups, NOW).await;
        assert_eq!(answer.unwrap(), event(SIGN_UP));
        let error = deliver(event(SIGN_UP), &config("fail"), &store, &groups, NOW).await.unwrap_err();
        let expected = "E_SETUP_INCOMPLETE: the account is confirmed but could not be set up, try to sign in";
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_profile_that_fails_does_not_keep_the_default_group_away() {
    let (store, groups) = (Store { fails: true, ..Store::default() }, Groups::default());
    deliver(event(SIGN_UP), &config("continue"), &store, &groups, NOW).await.unwrap();
    assert_eq!(groups.groups(), ["users"]);
}

#[tokio::test(start_paused = true)]
async fn an_effect_that_hangs_is_given_up_before_cognito_gives_up() {
    let (store, groups) = (Store::default(), Groups { hangs_on: Some("admins"), ..Groups::default() });
    let started = tokio::time::Instant::now();
    let error = deliver(event(SIGN_UP), &config("fail"), &store, &groups, NOW).await.unwrap_err();
    assert!(started.elapsed().as_millis() < 5000);
    assert_eq!(error.detail(), Some("profile and first user's group: took longer than 4000 ms"));
    assert_eq!(groups.groups(), ["users"]);
}

#[tokio::test]
async fn an_event_without_a_sub_follows_the_same_policy() {
    let mut came = event(SIGN_UP);
    came["request"]["userAttributes"] = json!(null);
    let (store, groups) = (Store::default(), Groups::default());
    assert_eq!(deliver(came.clone(), &config("continue"), &store, &groups, NOW).await.unwrap(), came);
    let error = deliver(came, &config("fail"), &store, &groups, NOW).await.unwrap_err();
    assert_eq!(error.code(), "E_MALFORMED_EVENT");
    assert_eq!(groups.groups(), [""; 0]);
}

#[tokio::test]
async fn what_is_no_event_is_refused_with_a_fixed_text() {
    for came in [json!(null), json!("ann@example.com")] {
        let error =
            deliver(came, &config("continue"), &Store::default(), &Groups::default(), NOW).await.unwrap_err();
        assert_eq!(error.to_string(), "E_MALFORMED_EVENT: the request could not be read");
    }
}

#[tokio::test]
async fn a_failure_that_nobody_sees_is_a_line_that_an_alarm_can_name() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().json().flatten_event(true).with_writer(move || writer.clone());
    tracing::subscriber::set_global_default(subscriber.finish()).unwrap();
    let (store, groups) = (Store { fails: true, ..Store::default() }, Groups::default());
    let config = config("continue");
    let handler = service_fn(|event| handle(event, &config, &store, &groups, NOW));
    let function = TriggerLayer::new("post-confirmation").layer(handler);
    function.oneshot(invocation(sign_up_of("s-log"))).await.unwrap();
    let lines = log.lines();
    let line = lines.iter().find(|line| line["sub"] == "s-log").unwrap();
    assert_eq!((&line["level"], &line["code"]), (&json!("ERROR"), &json!("E_SETUP_INCOMPLETE")));
}

/// With the real store, three deliveries of three users' events at once.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_deliveries_make_one_profile_each_and_one_admin() {
    let config = config("fail");
    let profiles = config.profiles_in(testkit::table().await.unwrap());
    let groups = Groups::default();
    let delivered = |sub: &'static str| deliver(sign_up_of(sub), &config, &profiles, &groups, NOW);
    let (a, b, c, d, e, f, g, h, i) = tokio::join!(
        delivered("s-1"),
        delivered("s-1"),
        delivered("s-1"),
        delivered("s-2"),
        delivered("s-2"),
        delivered("s-2"),
        delivered("s-3"),
        delivered("s-3"),
        delivered("s-3"),
    );
    for answer in [a, b, c, d, e, f, g, h, i] {
        answer.unwrap();
    }
    let calls = groups.calls.lock().unwrap().clone();
    let admins: Vec<&String> =
        calls.iter().filter(|[_, _, group]| group == "admins").map(|[_, username, _]| username).collect();
    assert_eq!(admins.len(), 3, "each delivery of the first user repeats the call");
    assert!(admins.iter().all(|username| *username == admins[0]), "{admins:?}");
    assert_eq!(calls.iter().filter(|[_, _, group]| group == "users").count(), 9);
    for sub in ["s-1", "s-2", "s-3"] {
        assert_eq!(profiles.get(sub).await.unwrap().unwrap().claims["username"], json!(sub));
    }
}

/// A delivery that is stopped after every possible number of steps, and then the next one.
#[tokio::test]
async fn a_delivery_that_died_anywhere_is_made_good_by_the_next() {
    let config = config("fail");
    for steps in 0.. {
        let (store, groups) = (Store::default(), Groups::default());
        let mut finished = false;
        {
            let mut dying = pin!(deliver(event(SIGN_UP), &config, &store, &groups, NOW));
            for _ in 0..steps {
                finished = matches!(poll_once(dying.as_mut()), Poll::Ready(_));
            }
        }
        deliver(event(SIGN_UP), &config, &store, &groups, NOW).await.unwrap();
        let mut reached = groups.groups();
        reached.dedup();
        assert_eq!(reached, ["admins", "users"], "died after {steps} steps");
        assert_eq!(store.subs.lock().unwrap().len(), 1);
        // Somebody else is not made an admin by the death of the first.
        deliver(sign_up_of("s-2"), &config, &store, &groups, NOW).await.unwrap();
        assert!(
            groups
                .calls
                .lock()
                .unwrap()
                .iter()
                .all(|[_, username, group]| group != "admins" || username == ANN)
        );
        if finished {
            assert!(steps > 2, "the delivery could not be stopped half-way");
            return;
        }
    }
}

/// A user whom post-confirmation never saw signs in, and one whose enrollment was cut short.
#[tokio::test]
async fn whoever_signs_in_without_a_complete_profile_is_enrolled_then_and_never_again() {
    let config = config("fail");
    let sign_in = || {
        let mut event = sign_up_of("s-1");
        event["triggerSource"] = json!("PostAuthentication_Authentication");
        event
    };
    let profiles = config.profiles_in(testkit::table().await.unwrap());
    let groups = Groups::default();
    for _ in 0..3 {
        assert_eq!(deliver(sign_in(), &config, &profiles, &groups, NOW).await.unwrap(), sign_in());
    }
    assert_eq!(groups.groups(), ["admins", "users"], "once, though they signed in three times");
    assert!(profiles.get("s-1").await.unwrap().unwrap().complete);

    let profiles = config.profiles_in(testkit::table().await.unwrap());
    let failing = Groups { fails: true, ..Groups::default() };
    deliver(sign_up_of("s-1"), &config, &profiles, &failing, NOW).await.unwrap_err();
    assert!(!profiles.get("s-1").await.unwrap().unwrap().complete);
    let groups = Groups::default();
    deliver(sign_in(), &config, &profiles, &groups, NOW).await.unwrap();
    assert_eq!(groups.groups(), ["admins", "users"]);
}

/// As below, with the real store: a delivery that is dropped at any moment leaves what the next one can complete.
#[tokio::test(flavor = "multi_thread")]
async fn with_the_real_store_too_a_delivery_that_died_is_made_good_by_the_next() {
    let config = config("fail");
    for milliseconds in [0, 1, 2, 3, 5, 8, 13, 21] {
        let profiles: Profiles = config.profiles_in(testkit::table().await.unwrap());
        let groups = Groups::default();
        let dying = deliver(sign_up_of("s-1"), &config, &profiles, &groups, NOW);
        drop(tokio::time::timeout(std::time::Duration::from_millis(milliseconds), dying).await);
        let (one, two, three) = tokio::join!(
            deliver(sign_up_of("s-1"), &config, &profiles, &groups, NOW),
            deliver(sign_up_of("s-1"), &config, &profiles, &groups, NOW),
            deliver(sign_up_of("s-1"), &config, &profiles, &groups, NOW),
        );
        for answer in [one, two, three] {
            answer.unwrap();
        }
        deliver(sign_up_of("s-2"), &config, &profiles, &groups, NOW).await.unwrap();
        let calls = groups.calls.lock().unwrap().clone();
        assert!(calls.iter().any(|[_, name, group]| name == "s-1" && group == "admins"));
        assert!(calls.iter().all(|[_, name, group]| name == "s-1" || group != "admins"));
        assert!(profiles.get("s-1").await.unwrap().unwrap().complete);
    }
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
