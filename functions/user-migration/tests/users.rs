//! Whole events in, whole events out.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Mutex;

use portcullis_trigger::{Answer, events::Event};
use portcullis_user_migration::{Config, DirectoryError, OldUser, OldUsers, SecondFactor, SignIn, handle};
use serde_json::{Value, json};

const FIXTURE: &str = include_str!("../../../middleware/events/tests/fixtures/sources/user-migration.json");
const SIGN_IN: &str = "UserMigration_Authentication";
const FORGOTTEN: &str = "UserMigration_ForgotPassword";
const PASSWORD: &str = "Correct-horse-1";

/// A directory of one user, that remembers what it was asked.
struct Old {
    name: &'static str,
    user: OldUser,
    accepts: SignIn,
    calls: Mutex<Vec<&'static str>>,
    fails: Option<&'static str>,
}

impl Old {
    fn answer<T>(&self, call: &'static str, answer: T) -> Result<T, DirectoryError> {
        self.calls.lock().unwrap().push(call);
        match self.fails == Some(call) {
            true => Err(DirectoryError::Unavailable {
                operation: "AdminGetUser",
                code: "TooManyRequestsException".to_owned(),
            }),
            false => Ok(answer),
        }
    }
}

impl OldUsers for Old {
    async fn sign_in(&self, name: &str, password: &str) -> Result<SignIn, DirectoryError> {
        let known = name == self.name && password == PASSWORD;
        self.answer("sign in", if known { self.accepts } else { SignIn::Refused })
    }

    async fn find(&self, name: &str) -> Result<Option<OldUser>, DirectoryError> {
        self.answer("find", (name == self.name).then(|| self.user.clone()))
    }
}

fn ann() -> Old {
    let attributes = [
        ("sub", "old-sub"),
        ("email", "ann@example.com"),
        ("email_verified", "true"),
        ("phone_number", "+15550100"),
        ("phone_number_verified", "false"),
        ("name", "Ann"),
        ("custom:role", "admin"),
        ("custom:plan", "gold"),
    ];
    Old {
        name: "ann@example.com",
        user: OldUser {
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            enabled: true,
            confirmed: true,
            second_factors: Vec::new(),
        },
        accepts: SignIn::Accepted,
        calls: Mutex::default(),
        fails: None,
    }
}

fn set(old: &mut Old, name: &str, value: &str) {
    old.user.attributes.retain(|(known, _)| known != name);
    old.user.attributes.push((name.to_owned(), value.to_owned()));
}

fn config(more: &[(&str, &str)]) -> Config {
    let variables = [
        ("OLD_USER_POOL_ID", "eu-west-1_AbCdEfGhI"),
        ("OLD_CLIENT_ID", "client"),
        ("MIGRATED_ATTRIBUTES", "email,phone_number,name,sub=custom:old_sub,custom:plan=custom:tier"),
    ];
    Config::from_env(|name| {
        more.iter().chain(&variables).find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    })
    .unwrap()
}

fn event(source: &str, name: &str, password: Value) -> Value {
    let mut event = serde_json::from_str::<Value>(FIXTURE).unwrap()["nulls"].take();
    event["triggerSource"] = json!(source);
    event["userName"] = json!(name);
    event["request"]["password"] = password;
    event
}

async fn deliver(event: &Value, old: &Old, config: &Config) -> Answer {
    handle(Event::new(event.clone()).unwrap(), config, old).await.unwrap()
}

/// What the log knows of somebody who stays unknown, once the event has been found to be as it came.
async fn reason(event: &Value, old: &Old, config: &Config) -> String {
    let answer = deliver(event, old, config).await;
    assert_eq!((answer.decision(), answer.code()), ("stays unknown", None));
    let shown = format!("{answer:?}");
    assert_eq!(answer.into_value(), *event);
    shown.split_once("detail: Some(\"").unwrap().1.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn whoever_comes_over_keeps_what_is_listed_and_nothing_is_claimed_of_them() {
    let attributes = json!({
        "email": "ann@example.com", "email_verified": "true", "phone_number": "+15550100", "phone_number_verified": "false",
        "name": "Ann", "custom:old_sub": "old-sub", "custom:tier": "gold",
    });
    for (source, password, status, calls) in [
        (SIGN_IN, json!(PASSWORD), "CONFIRMED", &["sign in", "find"][..]),
        (FORGOTTEN, Value::Null, "RESET_REQUIRED", &["find"]),
        // A password that nobody asked for is not tried.
        (FORGOTTEN, json!(PASSWORD), "RESET_REQUIRED", &["find"]),
    ] {
        let old = ann();
        let mut expected = event(source, "ann@example.com", password);
        let answer = deliver(&expected, &old, &config(&[])).await;
        assert_eq!(answer.decision(), "migrated");
        expected["response"] = json!({
            "userAttributes": attributes, "finalUserStatus": status, "messageAction": "SUPPRESS",
            "desiredDeliveryMediums": null, "forceAliasCreation": null, "enableSMSMFA": null,
        });
        assert_eq!(answer.into_value(), expected, "{source}");
        assert_eq!(*old.calls.lock().unwrap(), calls, "{source}");
    }
    let aloud = config(&[("INSECURE_FORCE_ALIAS", "true")]);
    let answer = deliver(&event(SIGN_IN, "ann@example.com", json!(PASSWORD)), &ann(), &aloud).await;
    assert_eq!(answer.into_value()["response"]["forceAliasCreation"], true);
}

#[tokio::test]
async fn an_address_is_verified_only_if_it_was() {
    for (flag, expected) in [("true", "true"), ("false", "false"), ("True", "false"), ("", "false")] {
        let mut old = ann();
        set(&mut old, "email_verified", flag);
        let answer = deliver(&event(SIGN_IN, "ann@example.com", json!(PASSWORD)), &old, &config(&[])).await;
        let response = answer.into_value()["response"].take();
        assert_eq!(response["userAttributes"]["email_verified"], expected, "{flag}");
    }
    // A flag without an address is no address.
    let mut old = Old { name: "ann", ..ann() };
    set(&mut old, "email", "");
    let answer = deliver(&event(SIGN_IN, "ann", json!(PASSWORD)), &old, &config(&[])).await;
    let response = answer.into_value()["response"].take();
    assert_eq!(response["userAttributes"].get("email_verified"), None, "{response}");
}

#[tokio::test]
async fn whoever_stays_unknown_is_answered_alike_whatever_the_reason() {
    type Change = fn(&mut Old);
    let nothing: Change = |_| {};
    let right = || json!(PASSWORD);
    for (source, name, password, change, expected) in [
        (SIGN_IN, "ann@example.com", json!("Wrong-horse-1"), nothing, "was not let in"),
        (SIGN_IN, "eve@example.com", right(), nothing, "was not let in"),
        (SIGN_IN, "ann@example.com", Value::Null, nothing, "has no name or no password"),
        (SIGN_IN, "ann@example.com", json!(""), nothing, "has no name or no password"),
        (SIGN_IN, "ann@example.com", json!(7), nothing, "has no name or no password"),
        (SIGN_IN, "", right(), |old| old.name = "", "has no name or no password"),
        (SIGN_IN, "ann@example.com", right(), |old| old.accepts = SignIn::Refused, "was not let in"),
        (SIGN_IN, "ann@example.com", right(), |old| old.user.enabled = false, "is disabled"),
        (
            SIGN_IN,
            "ann@example.com",
            right(),
            |old| set(old, "email", "eve@example.com"),
            "has another address than the one that was typed",
        ),
        (
            SIGN_IN,
            "+15550199",
            right(),
            |old| old.name = "+15550199",
            "has another address than the one that was typed",
        ),
        (
            SIGN_IN,
            "ann@example.com",
            right(),
            |old| set(old, "email", ""),
            "has another address than the one that was typed",
        ),
        (
            SIGN_IN,
            "ann",
            right(),
            |old| {
                old.name = "ann";
                old.user.attributes.clear();
            },
            "has none of the attributes that come along",
        ),
        (
            SIGN_IN,
            "ann@example.com",
            right(),
            |old| {
                old.accepts = SignIn::Temporary;
                set(old, "email_verified", "false");
            },
            "has no verified address for a code",
        ),
        (FORGOTTEN, "eve@example.com", Value::Null, nothing, "is not there"),
        (FORGOTTEN, "ann@example.com", Value::Null, |old| old.user.enabled = false, "is disabled"),
        (FORGOTTEN, "ann@example.com", Value::Null, |old| old.user.confirmed = false, "was never confirmed"),
        (
            FORGOTTEN,
            "ann@example.com",
            Value::Null,
            |old| set(old, "email_verified", "false"),
            "has no verified address for a code",
        ),
    ] {
        let mut old = ann();
        change(&mut old);
        let event = event(source, name, password);
        assert_eq!(reason(&event, &old, &config(&[])).await, expected, "{event}");
    }
    // An address that is verified and does not come along is none.
    let name_only = config(&[("MIGRATED_ATTRIBUTES", "name")]);
    let event = event(FORGOTTEN, "ann@example.com", Value::Null);
    assert_eq!(reason(&event, &ann(), &name_only).await, "has no verified address for a code");
}

#[tokio::test]
async fn a_temporary_password_is_good_for_a_new_one_alone() {
    let old = Old { accepts: SignIn::Temporary, ..ann() };
    let answer = deliver(&event(SIGN_IN, "ann@example.com", json!(PASSWORD)), &old, &config(&[])).await;
    assert_eq!(answer.into_value()["response"]["finalUserStatus"], "RESET_REQUIRED");
}

#[tokio::test]
async fn a_second_factor_comes_along_or_keeps_the_user_out() {
    use SecondFactor::{Other, Sms};
    let cannot = "has a second factor that cannot come along";
    for (accepts, set_up, number_verified, kept) in [
        (SignIn::Accepted, &[][..], "false", Ok(Value::Null)),
        (SignIn::Accepted, &[Sms], "true", Ok(json!(true))),
        (SignIn::Accepted, &[Sms], "false", Err(cannot)),
        (SignIn::Accepted, &[Other], "true", Err(cannot)),
        (SignIn::Accepted, &[Other, Sms], "true", Ok(json!(true))),
        (SignIn::Challenged(Sms), &[], "true", Ok(json!(true))),
        (SignIn::Challenged(Sms), &[], "false", Err(cannot)),
        (SignIn::Challenged(Other), &[], "true", Err(cannot)),
    ] {
        // Whoever has forgotten the password is not challenged, but has what they have set up.
        for source in [SIGN_IN, FORGOTTEN] {
            if source == FORGOTTEN && accepts != SignIn::Accepted {
                continue;
            }
            let mut old = Old { accepts, ..ann() };
            old.user.second_factors = set_up.to_vec();
            set(&mut old, "phone_number_verified", number_verified);
            let event = event(source, "ann@example.com", json!(PASSWORD));
            match &kept {
                Ok(expected) => {
                    let answer = deliver(&event, &old, &config(&[])).await;
                    assert_eq!(answer.decision(), "migrated");
                    assert_eq!(answer.into_value()["response"]["enableSMSMFA"], *expected, "{set_up:?}");
                }
                Err(expected) => {
                    assert_eq!(reason(&event, &old, &config(&[])).await, *expected, "{set_up:?}");
                    let aloud = config(&[("INSECURE_DROP_SECOND_FACTOR", "true")]);
                    assert_eq!(deliver(&event, &old, &aloud).await.decision(), "migrated");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_directory_that_fails_is_a_fault_and_nobodys_wrong_password() {
    for (source, fails) in [(SIGN_IN, "sign in"), (SIGN_IN, "find"), (FORGOTTEN, "find")] {
        let old = Old { fails: Some(fails), ..ann() };
        let event = Event::new(event(source, "ann@example.com", json!(PASSWORD))).unwrap();
        let error = handle(event, &config(&[]), &old).await.unwrap_err();
        assert!(error.public().is_fault());
        assert_eq!(
            error.to_string(),
            "E_DIRECTORY_UNAVAILABLE: users cannot be looked up elsewhere, try again later"
        );
        assert_eq!(error.detail(), Some("AdminGetUser failed: TooManyRequestsException"));
    }
}

#[tokio::test]
async fn events_of_other_triggers_and_unknown_sources_come_back_as_they_came() {
    let old = ann();
    for event in [
        event("UserMigration_Tomorrow", "ann@example.com", json!(PASSWORD)),
        event("PreSignUp_SignUp", "ann@example.com", json!(PASSWORD)),
        json!({}),
        json!({"triggerSource": null}),
    ] {
        let answer = deliver(&event, &old, &config(&[])).await;
        assert_eq!(answer.decision(), "not ours");
        assert_eq!(answer.into_value(), event);
    }
    assert!(old.calls.lock().unwrap().is_empty());
}
