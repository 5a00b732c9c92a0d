//! What `aws_lambda_events` loses, and with it why this crate has types of its own.
//!
//! Each test fails when the loss is mended; then its types may serve.

use aws_lambda_events::cognito::{
    ClaimsOverrideDetails, CognitoEventUserPoolsPreSignup, CognitoEventUserPoolsPreTokenGen,
    CognitoEventUserPoolsPreTokenGenV2,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

const PRE_SIGN_UP: &str = include_str!("fixtures/pre-sign-up-sign-up.json");
const TOKEN_V1: &str = include_str!("fixtures/token-generation-v1.json");
const CLIENT_CREDENTIALS: &str = include_str!("fixtures/token-generation-v3-client-credentials.json");

/// What a function that does nothing would send back to Cognito.
fn echo<T: DeserializeOwned + Serialize>(event: &str) -> Result<Value, serde_json::Error> {
    serde_json::to_value(serde_json::from_str::<T>(event)?)
}

#[test]
fn a_machine_to_machine_token_cannot_be_read() {
    assert!(echo::<CognitoEventUserPoolsPreTokenGenV2>(CLIENT_CREDENTIALS).is_err());
}

#[test]
fn a_claim_cannot_be_added_without_taking_all_groups_from_the_user() {
    let mut event: CognitoEventUserPoolsPreTokenGen = serde_json::from_str(TOKEN_V1).unwrap();
    let mut details = ClaimsOverrideDetails::default();
    details.claims_to_add_or_override.insert("tenant".to_owned(), "acme".to_owned());
    event.response.claims_override_details = Some(details);
    let answer = serde_json::to_value(event).unwrap();
    let groups = &answer["response"]["claimsOverrideDetails"]["groupOverrideDetails"]["groupsToOverride"];
    assert_eq!(*groups, json!([]));
}

#[test]
fn a_field_that_is_new_is_dropped() {
    let mut event: Value = serde_json::from_str(PRE_SIGN_UP).unwrap();
    event["request"]["riskScore"] = json!(3);
    let echoed = echo::<CognitoEventUserPoolsPreSignup>(&event.to_string()).unwrap();
    assert_eq!(echoed["request"].get("riskScore"), None);
}
