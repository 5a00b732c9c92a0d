use serde_json::json;

use super::*;

/// What `aws cloudformation describe-stacks` prints of a stack that has everything.
fn printed(outputs: &[(&str, &str)]) -> String {
    let outputs: Vec<Value> = outputs
        .iter()
        .map(|(key, value)| json!({ "OutputKey": key, "OutputValue": value, "Description": "told" }))
        .collect();
    json!({ "Stacks": [{ "StackName": "notes", "StackStatus": "CREATE_COMPLETE", "Outputs": outputs }] })
        .to_string()
}

const NEEDED: [(&str, &str); 4] = [
    ("Region", "eu-west-1"),
    ("UserPoolId", "eu-west-1_AbCdEfGhI"),
    ("UserPoolClientId", "4hb1example"),
    ("ApiUrl", "https://abc.execute-api.eu-west-1.amazonaws.com"),
];

const FURTHER: [(&str, &str); 13] = [
    ("IdentityPoolId", "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa"),
    ("GuestsEnabled", "true"),
    ("BucketName", "notes-files"),
    ("SignInDomain", "notes.auth.eu-west-1.amazoncognito.com"),
    ("CallbackUrls", "https://app.example.com/,http://localhost:5173/"),
    ("LogoutUrls", "https://app.example.com/"),
    ("OAuthScopes", "openid,email,profile"),
    ("IdentityProviders", "Google,SignInWithApple,Corp"),
    ("MfaConfiguration", "OPTIONAL"),
    ("PasswordMinimumLength", "12"),
    ("GraphqlUrl", "https://def.appsync-api.eu-west-1.amazonaws.com/graphql"),
    ("GraphqlApiKey", "da2-example"),
    ("GraphqlAuthModes", "AMAZON_COGNITO_USER_POOLS,AWS_IAM,API_KEY"),
];

fn whole() -> Backend {
    stack::read(&printed(&[&NEEDED[..], &FURTHER[..]].concat())).unwrap()
}

#[test]
fn a_stack_with_everything_becomes_amplify_outputs() {
    let expected = json!({
        "version": "1.4",
        "auth": {
            "aws_region": "eu-west-1",
            "user_pool_id": "eu-west-1_AbCdEfGhI",
            "user_pool_client_id": "4hb1example",
            "identity_pool_id": "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa",
            "unauthenticated_identities_enabled": true,
            "username_attributes": ["email"],
            "standard_required_attributes": ["email"],
            "user_verification_types": ["email"],
            "password_policy": {
                "min_length": 12, "require_lowercase": true, "require_numbers": true, "require_symbols": true,
                "require_uppercase": true,
            },
            "mfa_configuration": "OPTIONAL",
            "mfa_methods": ["TOTP"],
            "oauth": {
                // What the schema has no word for is left out; an app names it when it begins the sign-in.
                "identity_providers": ["GOOGLE", "SIGN_IN_WITH_APPLE"],
                "domain": "notes.auth.eu-west-1.amazoncognito.com",
                "scopes": ["openid", "email", "profile"],
                "redirect_sign_in_uri": ["https://app.example.com/", "http://localhost:5173/"],
                "redirect_sign_out_uri": ["https://app.example.com/"],
                "response_type": "code",
            },
        },
        "data": {
            "aws_region": "eu-west-1",
            "url": "https://def.appsync-api.eu-west-1.amazonaws.com/graphql",
            "api_key": "da2-example",
            "default_authorization_type": "AMAZON_COGNITO_USER_POOLS",
            "authorization_types": ["AMAZON_COGNITO_USER_POOLS", "AWS_IAM", "API_KEY"],
        },
        "storage": { "aws_region": "eu-west-1", "bucket_name": "notes-files" },
        "custom": { "API": { "portcullis": {
            "endpoint": "https://abc.execute-api.eu-west-1.amazonaws.com", "region": "eu-west-1", "apiName": "portcullis",
        } } },
    });
    assert_eq!(amplify_outputs::of(&whole()), expected);
}

#[test]
fn the_same_becomes_the_configuration_of_the_javascript_library() {
    let config = amplify_js::of(&whole());
    let cognito = &config["Auth"]["Cognito"];
    assert_eq!(cognito["loginWith"]["oauth"]["providers"], json!(["Google", "Apple", { "custom": "Corp" }]));
    assert_eq!(cognito["allowGuestAccess"], true);
    assert_eq!(cognito["passwordFormat"]["minLength"], 12);
    assert_eq!(cognito["mfa"], json!({ "status": "optional", "totpEnabled": true, "smsEnabled": false }));
    assert_eq!(config["API"]["GraphQL"]["defaultAuthMode"], "userPool");
    assert_eq!(config["API"]["REST"]["portcullis"]["endpoint"], NEEDED[3].1);
    assert_eq!(config["Storage"]["S3"]["bucket"], "notes-files");
    assert_eq!(cognito.get("userPoolEndpoint"), None);
}

#[test]
fn a_stack_with_the_least_has_no_members_that_say_nothing() {
    let backend = stack::read(&printed(&NEEDED)).unwrap();
    let outputs = amplify_outputs::of(&backend);
    let members: Vec<&String> = outputs.as_object().unwrap().keys().collect();
    assert_eq!(members, ["auth", "custom", "version"]);
    assert_eq!(outputs["auth"].as_object().unwrap().len(), 6);
    assert!(!outputs.to_string().contains("null"), "{outputs}");
    assert!(!amplify_js::of(&backend).to_string().contains("null"));
}

#[test]
fn a_key_of_the_graphql_api_is_a_way_in_besides_tokens() {
    let url = ("GraphqlUrl", "https://def.appsync-api.eu-west-1.amazonaws.com/graphql");
    for (further, modes) in [
        (vec![url], json!(["AMAZON_COGNITO_USER_POOLS"])),
        (vec![url, ("GraphqlApiKey", "da2-example")], json!(["AMAZON_COGNITO_USER_POOLS", "API_KEY"])),
    ] {
        let backend = stack::read(&printed(&[&NEEDED[..], &further].concat())).unwrap();
        assert_eq!(amplify_outputs::of(&backend)["data"]["authorization_types"], modes);
    }
}

#[test]
fn what_sam_prints_is_read_as_well() {
    let outputs: Vec<Value> =
        NEEDED.iter().map(|(key, value)| json!({ "OutputKey": key, "OutputValue": value })).collect();
    assert_eq!(stack::read(&json!(outputs).to_string()).unwrap(), stack::read(&printed(&NEEDED)).unwrap());
}

#[test]
fn what_is_wrong_with_outputs_is_named_and_not_repeated() {
    let two = json!({ "Stacks": [{ "StackName": "a" }, { "StackName": "b" }] }).to_string();
    let unreadable =
        printed(&[&NEEDED[..], &[("MfaConfiguration", "hush"), ("GraphqlAuthModes", "hush")]].concat());
    for (text, told) in [
        ("hush", "line 1, column 1"),
        ("{\"hush\": 1}", "describe-stacks"),
        (two.as_str(), "(a, b)"),
        (printed(&NEEDED[..2]).as_str(), "no output UserPoolClientId, ApiUrl"),
        (r#"{"Stacks":[]}"#, "no output Region, UserPoolId, UserPoolClientId, ApiUrl"),
        (unreadable.as_str(), "the output MfaConfiguration, GraphqlAuthModes"),
    ] {
        let error = stack::read(text).unwrap_err().to_string();
        assert!(error.contains(told) && !error.contains("hush"), "{error}");
    }
}

#[test]
fn only_this_machine_is_asked() {
    for url in
        ["https://127.0.0.1:3000", "http://example.com", "http://127.0.0.1.example.com", "file:///etc/passwd"]
    {
        let error = running::read(&url.parse().unwrap()).unwrap_err();
        assert!(matches!(error, ClientConfigError::NotLocal(_)), "{error}");
    }
}

#[test]
fn a_backend_is_read_as_it_is_told() {
    let told = serde_json::to_string(&whole()).unwrap();
    assert_eq!(serde_json::from_str::<Backend>(&told).unwrap(), whole());
    let debug = format!("{:?} {:?}", whole(), whole().graphql);
    assert!(!debug.contains("da2-example"), "{debug}");
}
