//! Signing in by custom challenges.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, WRONG_PASSWORD, claims};
use crate::pool::{Trigger, TriggerFailure, srp::client::Client};

const WRONG: &str = "Incorrect username or password.";
const EXPIRED: &str = "Invalid session for the user, session is expired.";
const NOBODY: &str = "nobody@example.com";
const CUSTOM: &[Trigger] = &[
    Trigger::PreAuthentication,
    Trigger::PostAuthentication,
    Trigger::PreTokenGeneration,
    Trigger::DefineAuthChallenge,
    Trigger::CreateAuthChallenge,
    Trigger::VerifyAuthChallengeResponse,
];

/// Asks for the number seven, three times at most; after SRP it asks for the password first.
fn seven(trigger: Trigger, mut event: Value) -> Value {
    let rounds = event["request"]["session"].as_array().cloned().unwrap_or_default();
    let last = rounds.last().cloned().unwrap_or_default();
    event["response"] = match trigger {
        Trigger::DefineAuthChallenge => match last["challengeName"].as_str() {
            Some("SRP_A") => json!({ "challengeName": "PASSWORD_VERIFIER" }),
            Some("CUSTOM_CHALLENGE") if last["challengeResult"] == true => json!({ "issueTokens": true }),
            Some("CUSTOM_CHALLENGE") if rounds.len() >= 3 => json!({ "failAuthentication": true }),
            _ => json!({
                "challengeName": "CUSTOM_CHALLENGE",
                "issueTokens": false,
                "failAuthentication": false,
            }),
        },
        Trigger::CreateAuthChallenge => json!({
            "publicChallengeParameters": { "question": "how many dwarfs?" },
            "privateChallengeParameters": { "answer": "7" },
            "challengeMetadata": format!("round {}", rounds.len() + 1),
        }),
        Trigger::VerifyAuthChallengeResponse => {
            let (given, right) = (
                &event["request"]["challengeAnswer"],
                &event["request"]["privateChallengeParameters"]["answer"],
            );
            json!({ "answerCorrect": given == right })
        }
        _ => event["response"].take(),
    };
    event
}

fn begin(name: &str) -> Value {
    json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": { "USERNAME": name } })
}

fn answer(challenge: &Value, answer: &str) -> Value {
    json!({
        "ChallengeName": "CUSTOM_CHALLENGE",
        "Session": challenge["Session"],
        "ChallengeResponses": {
            "USERNAME": challenge["ChallengeParameters"]["USERNAME"],
            "ANSWER": answer,
        },
    })
}

fn round(name: &str, passed: bool, metadata: Option<&str>) -> Value {
    json!({ "challengeName": name, "challengeResult": passed, "challengeMetadata": metadata })
}

#[tokio::test]
async fn the_functions_are_called_in_order_with_the_events_that_cognito_sends() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
    let attributes =
        json!({ "sub": sub, "email": EMAIL, "email_verified": "true", "cognito:user_status": "CONFIRMED" });
    let define = |request: Value| {
        let response = json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null });
        pool.event("1", "DefineAuthChallenge_Authentication", &sub, request, response)
    };

    let mut body = begin(EMAIL);
    body["ClientMetadata"] = json!({ "from": "InitiateAuth does not hand it on" });
    let challenge = pool.ok("InitiateAuth", body).await;
    assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE");
    // What the answer is judged by stays here.
    assert_eq!(challenge["ChallengeParameters"], json!({ "USERNAME": sub, "question": "how many dwarfs?" }));
    let request = json!({ "userAttributes": attributes, "userNotFound": false, "session": [] });
    let mut to_create = request.clone();
    to_create["challengeName"] = json!("CUSTOM_CHALLENGE");
    let nothing = json!({
        "publicChallengeParameters": null,
        "privateChallengeParameters": null,
        "challengeMetadata": null,
    });
    // Cognito does not call the pre-authentication trigger in this flow.
    assert_eq!(
        triggers.events(),
        [define(request), pool.event("1", "CreateAuthChallenge_Authentication", &sub, to_create, nothing),]
    );

    let mut body = answer(&challenge, "7");
    body["ClientMetadata"] = json!({ "from": "respond" });
    let tokens = pool.ok("RespondToAuthChallenge", body).await["AuthenticationResult"].clone();
    assert_eq!(claims(&tokens["IdToken"])["sub"], sub);
    let events = triggers.events();
    let verify = json!({
        "userAttributes": attributes,
        "userNotFound": false,
        "privateChallengeParameters": { "answer": "7" },
        "challengeAnswer": "7",
        "clientMetadata": { "from": "respond" },
    });
    let request = json!({
        "userAttributes": attributes,
        "userNotFound": false,
        "session": [round("CUSTOM_CHALLENGE", true, Some("round 1"))],
        "clientMetadata": { "from": "respond" },
    });
    let nothing = json!({ "answerCorrect": null });
    assert_eq!(
        events[..2],
        [
            pool.event("1", "VerifyAuthChallengeResponse_Authentication", &sub, verify, nothing),
            define(request),
        ]
    );
    let sources: Vec<&Value> = events[2..].iter().map(|event| &event["triggerSource"]).collect();
    assert_eq!(sources, ["PostAuthentication_Authentication", "TokenGeneration_Authentication"]);
}

#[tokio::test]
async fn a_wrong_answer_is_asked_again_as_often_as_the_function_says() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
    let first = pool.ok("InitiateAuth", begin(EMAIL)).await;
    let second = pool.ok("RespondToAuthChallenge", answer(&first, "6")).await;
    assert_ne!(first["Session"], second["Session"]);
    // A session is used once, whatever became of it.
    pool.refuses("RespondToAuthChallenge", answer(&first, "7"), "NotAuthorizedException", EXPIRED).await;
    let third = pool.ok("RespondToAuthChallenge", answer(&second, "8")).await;
    triggers.events();
    pool.refuses("RespondToAuthChallenge", answer(&third, "9"), "NotAuthorizedException", WRONG).await;
    let rounds: Vec<Value> = ["round 1", "round 2", "round 3"]
        .into_iter()
        .map(|metadata| round("CUSTOM_CHALLENGE", false, Some(metadata)))
        .collect();
    assert_eq!(triggers.events()[1]["request"]["session"], Value::from(rounds));

    let challenge = pool.ok("AdminInitiateAuth", begin(EMAIL)).await;
    let challenge = pool.ok("AdminRespondToAuthChallenge", answer(&challenge, "6")).await;
    pool.ok("AdminRespondToAuthChallenge", answer(&challenge, "7")).await;
}

#[tokio::test]
async fn an_answer_needs_its_own_session_in_time() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    pool.confirmed("bob@example.com").await;
    FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
    for name in [EMAIL, "ALICE@example.com", &sub] {
        let challenge = pool.ok("InitiateAuth", begin(name)).await;
        let mut body = answer(&challenge, "7");
        body["ChallengeResponses"]["USERNAME"] = json!(name);
        pool.ok("RespondToAuthChallenge", body).await;
    }
    for (member, value, exception) in [
        ("USERNAME", json!("bob@example.com"), "NotAuthorizedException"),
        ("USERNAME", json!(NOBODY), "NotAuthorizedException"),
        ("USERNAME", Value::Null, "InvalidParameterException"),
        ("ANSWER", json!(""), "InvalidParameterException"),
        ("ANSWER", Value::Null, "InvalidParameterException"),
    ] {
        let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
        let mut body = answer(&challenge, "7");
        body["ChallengeResponses"][member] = value;
        pool.refuses("RespondToAuthChallenge", body, exception, "").await;
    }
    let other = json!({ "Username": "carol@example.com", "TemporaryPassword": PASSWORD });
    pool.ok("AdminCreateUser", other).await;
    let other = pool.ok("InitiateAuth", TestPool::by_password("carol@example.com", PASSWORD)).await;
    for session in [json!("AAAA"), json!("!"), other["Session"].clone()] {
        let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
        let mut body = answer(&challenge, "7");
        body["Session"] = session;
        pool.refuses("RespondToAuthChallenge", body, "NotAuthorizedException", EXPIRED).await;
    }
    let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
    pool.advance(SignedDuration::from_mins(3));
    pool.refuses("RespondToAuthChallenge", answer(&challenge, "7"), "NotAuthorizedException", EXPIRED).await;
}

#[tokio::test]
async fn nobody_is_asked_the_same_and_never_let_in() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
    let somebody = pool.ok("InitiateAuth", begin(EMAIL)).await;
    triggers.events();
    let nobody = pool.ok("InitiateAuth", begin(NOBODY)).await;
    let shape = |challenge: &Value| {
        let mut shape = challenge.clone();
        for member in ["/ChallengeParameters/USERNAME", "/Session"] {
            let value = shape.pointer_mut(member).unwrap();
            *value = json!(value.as_str().unwrap().len());
        }
        shape
    };
    assert_eq!(shape(&nobody), shape(&somebody));
    for event in triggers.events() {
        assert_eq!(event["request"]["userNotFound"], true);
        assert_eq!(event["request"]["userAttributes"], json!({}));
        assert_eq!(event["userName"], nobody["ChallengeParameters"]["USERNAME"]);
    }
    let again = pool.ok("InitiateAuth", begin("NOBODY@example.com")).await;
    assert_eq!(again["ChallengeParameters"], nobody["ChallengeParameters"]);

    let mut body = answer(&nobody, "7");
    body["ChallengeResponses"]["USERNAME"] = json!(NOBODY);
    triggers.events();
    pool.refuses("RespondToAuthChallenge", body, "NotAuthorizedException", WRONG).await;
    assert_eq!(
        triggers.sources(),
        ["VerifyAuthChallengeResponse_Authentication", "DefineAuthChallenge_Authentication"]
    );

    // Who is deleted in the middle has become nobody.
    pool.ok("AdminDeleteUser", json!({ "Username": EMAIL })).await;
    pool.refuses("RespondToAuthChallenge", answer(&somebody, "7"), "NotAuthorizedException", WRONG).await;
}

async fn begin_with_srp(pool: &TestPool, client: &Client, name: &str) -> Value {
    let parameters = json!({ "USERNAME": name, "CHALLENGE_NAME": "SRP_A", "SRP_A": client.srp_a() });
    pool.ok("InitiateAuth", json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": parameters })).await
}

#[tokio::test]
async fn the_flow_may_begin_with_the_password() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let triggers = FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
    let client = Client::new(7);
    let challenge = begin_with_srp(&pool, &client, EMAIL).await;
    assert!(challenge["Session"].is_string());
    let [event] = &triggers.events()[..] else { panic!() };
    assert_eq!(event["request"]["session"], json!([round("SRP_A", true, None)]));

    let challenge =
        pool.ok("RespondToAuthChallenge", pool.answer_to_srp(&client, &challenge, PASSWORD)).await;
    assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE");
    let rounds = [round("SRP_A", true, None), round("PASSWORD_VERIFIER", true, None)];
    for event in triggers.events() {
        assert_eq!(event["request"]["session"], json!(rounds), "{}", event["triggerSource"]);
    }
    let tokens = pool.ok("RespondToAuthChallenge", answer(&challenge, "7")).await;
    assert_eq!(claims(&tokens["AuthenticationResult"]["AccessToken"])["sub"], sub);

    // A wrong password ends it, before the functions hear of it, for nobody as for somebody.
    for (name, password) in [(EMAIL, WRONG_PASSWORD), (NOBODY, PASSWORD)] {
        let challenge = begin_with_srp(&pool, &client, name).await;
        triggers.events();
        let body = pool.answer_to_srp(&client, &challenge, password);
        pool.refuses("RespondToAuthChallenge", body, "NotAuthorizedException", WRONG).await;
        assert!(triggers.events().is_empty());
    }
    for parameters in [
        json!({ "USERNAME": EMAIL, "CHALLENGE_NAME": "SRP_A" }),
        json!({ "USERNAME": EMAIL, "CHALLENGE_NAME": "SMS_MFA", "SRP_A": client.srp_a() }),
        json!({ "USERNAME": EMAIL, "CHALLENGE_NAME": "SRP_A", "SRP_A": "0" }),
    ] {
        let body = json!({ "AuthFlow": "CUSTOM_AUTH", "AuthParameters": parameters });
        pool.refuses("InitiateAuth", body, "InvalidParameterException", "").await;
    }
}

#[tokio::test]
async fn a_temporary_password_in_the_flow_must_still_be_changed() {
    let pool = TestPool::new();
    FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
    pool.ok("AdminCreateUser", json!({ "Username": EMAIL, "TemporaryPassword": PASSWORD })).await;
    let client = Client::new(7);
    let challenge = begin_with_srp(&pool, &client, EMAIL).await;
    let challenge =
        pool.ok("RespondToAuthChallenge", pool.answer_to_srp(&client, &challenge, PASSWORD)).await;
    assert_eq!(challenge["ChallengeName"], "CUSTOM_CHALLENGE");
    let challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, "7")).await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
    let body = json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": { "USERNAME": EMAIL, "NEW_PASSWORD": OTHER_PASSWORD },
    });
    pool.ok("RespondToAuthChallenge", body).await;
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;
}

#[tokio::test]
async fn a_password_that_was_changed_on_the_way_must_be_proven_anew() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
    let client = Client::new(7);
    for (permanent, current, next) in [(true, PASSWORD, OTHER_PASSWORD), (false, OTHER_PASSWORD, PASSWORD)] {
        let challenge = begin_with_srp(&pool, &client, EMAIL).await;
        let body = pool.answer_to_srp(&client, &challenge, current);
        let challenge = pool.ok("RespondToAuthChallenge", body).await;
        let body = json!({ "Username": EMAIL, "Password": next, "Permanent": permanent });
        pool.ok("AdminSetUserPassword", body).await;
        pool.refuses("RespondToAuthChallenge", answer(&challenge, "7"), "NotAuthorizedException", WRONG)
            .await;
    }
    // Who has proven none does not mind.
    let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
    let body = json!({ "Username": EMAIL, "Password": OTHER_PASSWORD, "Permanent": true });
    pool.ok("AdminSetUserPassword", body).await;
    pool.ok("RespondToAuthChallenge", answer(&challenge, "7")).await;
}

#[tokio::test]
async fn only_who_was_let_through_learns_in_what_state_they_are() {
    for (state, exception, message) in [
        ("unconfirmed", "UserNotConfirmedException", "User is not confirmed."),
        ("disabled", "NotAuthorizedException", "User is disabled."),
    ] {
        let pool = TestPool::new();
        pool.sign_up(EMAIL).await;
        if state == "disabled" {
            pool.ok("ConfirmSignUp", json!({ "Username": EMAIL, "ConfirmationCode": CODE })).await;
            pool.ok("AdminDisableUser", json!({ "Username": EMAIL })).await;
        }
        FakeTriggers::attach_these(&pool, CUSTOM, |trigger, event| Ok(seven(trigger, event)));
        let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
        let challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, "6")).await;
        pool.refuses("RespondToAuthChallenge", answer(&challenge, "7"), exception, message).await;
    }
}

#[tokio::test]
async fn however_long_a_function_goes_on_asking_the_questions_end() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    FakeTriggers::attach_these(&pool, CUSTOM, |trigger, mut event| {
        event["response"] = match trigger {
            Trigger::DefineAuthChallenge => json!({ "challengeName": "CUSTOM_CHALLENGE" }),
            _ => json!({}),
        };
        Ok(event)
    });
    let mut challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
    for _ in 1..10 {
        challenge = pool.ok("RespondToAuthChallenge", answer(&challenge, "x")).await;
    }
    pool.refuses("RespondToAuthChallenge", answer(&challenge, "x"), "NotAuthorizedException", WRONG).await;
}

#[tokio::test]
async fn an_answer_of_another_shape_or_none_ends_the_sign_in() {
    let shape = ("InvalidLambdaResponseException", "Unrecognizable lambda output");
    let denied = ("NotAuthorizedException", WRONG);
    let (define, create, verify) =
        (Trigger::DefineAuthChallenge, Trigger::CreateAuthChallenge, Trigger::VerifyAuthChallengeResponse);
    for (wanted, response, (exception, message)) in [
        (define, json!({}), shape),
        (define, json!({ "challengeName": null, "issueTokens": false, "failAuthentication": false }), shape),
        (define, json!({ "challengeName": "SMS_MFA" }), shape),
        (define, json!({ "challengeName": 7 }), shape),
        // Without SRP_A there is no password to prove.
        (define, json!({ "challengeName": "PASSWORD_VERIFIER" }), shape),
        (define, json!({ "issueTokens": "true" }), shape),
        (define, json!({ "failAuthentication": 1 }), shape),
        (define, json!({ "failAuthentication": true, "issueTokens": true }), denied),
        (create, json!({ "publicChallengeParameters": ["a"] }), shape),
        (create, json!({ "publicChallengeParameters": { "a": 1 } }), shape),
        (create, json!({ "privateChallengeParameters": { "a": null } }), shape),
        (create, json!({ "challengeMetadata": { "a": "b" } }), shape),
        (verify, json!({ "answerCorrect": "true" }), shape),
    ] {
        let pool = TestPool::new();
        pool.confirmed(EMAIL).await;
        let said = response.clone();
        FakeTriggers::attach_these(&pool, CUSTOM, move |trigger, event| {
            let mut event = seven(trigger, event);
            if trigger == wanted {
                event["response"] = said.clone();
            }
            Ok(event)
        });
        if wanted == verify {
            let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
            pool.refuses("RespondToAuthChallenge", answer(&challenge, "7"), exception, message).await;
        } else {
            pool.refuses("InitiateAuth", begin(EMAIL), exception, message).await;
        }
    }
    for wanted in [define, create, verify] {
        let pool = TestPool::new();
        pool.confirmed(EMAIL).await;
        FakeTriggers::attach_these(&pool, CUSTOM, move |trigger, event| {
            if trigger == wanted {
                return Err(TriggerFailure::Refused("E_LATER: try again".to_owned()));
            }
            Ok(seven(trigger, event))
        });
        let message = format!("{} failed with error E_LATER: try again.", wanted.name());
        let refused = "UserLambdaValidationException";
        if wanted == verify {
            let challenge = pool.ok("InitiateAuth", begin(EMAIL)).await;
            pool.refuses("RespondToAuthChallenge", answer(&challenge, "7"), refused, &message).await;
        } else {
            pool.refuses("InitiateAuth", begin(EMAIL), refused, &message).await;
        }
    }
}

#[tokio::test]
async fn without_its_functions_the_flow_is_off() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let flows = |client: Value| client["UserPoolClient"]["ExplicitAuthFlows"].to_string();
    assert!(!flows(pool.ok("DescribeUserPoolClient", json!({})).await).contains("ALLOW_CUSTOM_AUTH"));
    FakeTriggers::attach_these(&pool, &[Trigger::DefineAuthChallenge], |trigger, event| {
        Ok(seven(trigger, event))
    });
    assert!(flows(pool.ok("DescribeUserPoolClient", json!({})).await).contains("ALLOW_CUSTOM_AUTH"));
    let message = "Custom auth lambda trigger is not configured for the user pool.";
    pool.refuses("InitiateAuth", begin(EMAIL), "InvalidParameterException", message).await;
}
