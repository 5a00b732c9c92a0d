//! The Lambda functions: what each is given, and what each has for itself.

use std::{cell::RefCell, collections::BTreeSet};

use portcullis_tests::{Template, repository};
use serde_json::{Value, json};

use crate::{TRIGGERS, condition_of, effective};

/// A variable that a function reads and the template does not set, and why.
const UNSET: [(&str, &str, &str); 12] = [
    ("ApiFunction", "AWS_REGION", "Lambda sets it"),
    ("ApiFunction", "ISSUER", "only a pool at another address needs it"),
    ("ApiFunction", "JWKS", "the pool publishes its keys"),
    ("ApiFunction", "GATEWAY_CLAIMS", "no authorizer for tokens is believed"),
    ("ApiFunction", "ADMIN_ROLES", "no role of the template may do everything"),
    ("ApiFunction", "IAM_ACCESS", "the identity pool's members are let in, and the account is not"),
    ("ResolversFunction", "AWS_REGION", "Lambda sets it"),
    ("ResolversFunction", "APPSYNC_DEFAULT_MODE", "it is the user pool"),
    ("ResolversFunction", "ADMIN_ROLES", "no role of the template may do everything"),
    ("ResolversFunction", "IAM_ACCESS", "the identity pool's members are let in, and the account is not"),
    ("PreTokenGenerationFunction", "READ_TIMEOUT_MS", "its default suits a table in the same region"),
    ("CustomMessageFunction", "TEMPLATES_FILE", "a file would have to be packed with the function"),
];

#[test]
fn a_function_reads_each_variable_that_is_set_and_each_that_it_reads_is_set() {
    let template = Template::read().unwrap();
    let read = [
        ("ApiFunction", asked(|lookup| drop(portcullis_api::Config::from_env(lookup)))),
        ("ResolversFunction", asked(|lookup| drop(portcullis_resolvers::Config::from_env(lookup)))),
        ("PreSignUpFunction", asked(|lookup| drop(portcullis_pre_signup::Config::from_env(lookup)))),
        (
            "PostConfirmationFunction",
            asked(|lookup| drop(portcullis_post_confirmation::Config::from_env(lookup))),
        ),
        (
            "PreTokenGenerationFunction",
            asked(|lookup| drop(portcullis_pre_token_generation::Config::from_env(lookup))),
        ),
        (
            "CustomChallengeFunction",
            asked(|lookup| drop(portcullis_custom_challenge::Config::from_env(lookup))),
        ),
        ("CustomMessageFunction", asked(|lookup| drop(portcullis_custom_message::Config::from_env(lookup)))),
        ("UserMigrationFunction", asked(|lookup| drop(portcullis_user_migration::Config::from_env(lookup)))),
    ];
    for (function, mut read) in read {
        let properties = effective(&template, template.at(&format!("/Resources/{function}")));
        let variables = properties.pointer("/Environment/Variables").and_then(Value::as_object).unwrap();
        for (unset_in, variable, reason) in UNSET {
            assert!(
                unset_in != function || read.remove(variable),
                "{function} no longer reads {variable} ({reason})"
            );
        }
        assert_eq!(variables.keys().cloned().collect::<BTreeSet<_>>(), read, "{function}");
    }
}

/// The variables that a configuration asks for, when nothing is set and when everything is.
fn asked(read: impl Fn(&dyn Fn(&str) -> Option<String>)) -> BTreeSet<String> {
    let names = RefCell::new(BTreeSet::new());
    for value in [None, Some("x".to_owned())] {
        read(&|name| {
            names.borrow_mut().insert(name.to_owned());
            value.clone()
        });
    }
    names.into_inner()
}

/// The defaults must be such that a stack of them starts, and none of them opens anything.
#[test]
fn functions_start_with_the_defaults_and_these_link_nobody() {
    let template = Template::read().unwrap();
    let default = |parameter: &str| {
        let value = template.at(&format!("/Parameters/{parameter}/Default")).as_str();
        value.unwrap_or_else(|| panic!("{parameter} has no default")).to_owned()
    };
    for (parameter, expected) in [
        ("LinkPolicy", "off"),
        ("LinkProviders", ""),
        ("EnsureUser", "false"),
        ("AutoVerifyEmail", "false"),
        ("Guests", "false"),
        ("PasswordSignIn", "false"),
        ("ApiKeys", ""),
        ("CorsOrigins", ""),
        ("DropSecondFactor", "false"),
        ("ForceAlias", "false"),
    ] {
        assert_eq!(default(parameter), expected, "{parameter}");
    }
    let lookup = |name: &str| match name {
        "LINK_POLICY" => Some(default("LinkPolicy")),
        "ENSURE_USER" => Some(default("EnsureUser")),
        "TABLE_NAME" => Some("t".to_owned()),
        _ => None,
    };
    assert!(portcullis_pre_signup::Config::from_env(lookup).unwrap().linking.is_none());
    assert!(portcullis_pre_token_generation::Config::from_env(lookup).unwrap().ensure_user.is_none());
}

#[test]
fn each_function_has_its_own_role_log_group_and_binary() {
    let template = Template::read().unwrap();
    let mut seen = BTreeSet::new();
    for (id, function) in template.of_type("AWS::Serverless::Function") {
        let properties = effective(&template, function);
        for property in ["/Role/Fn::GetAtt/0", "/LoggingConfig/LogGroup/Ref"] {
            let resource = properties.pointer(property).and_then(Value::as_str);
            let resource = resource.unwrap_or_else(|| panic!("{id} has no {property} of its own"));
            assert!(seen.insert(resource.to_owned()), "{resource} serves two functions");
            let condition = condition_of(template.at(&format!("/Resources/{resource}")));
            assert_eq!(condition, condition_of(function), "{resource} is not made where {id} is");
        }
        let binary = function.pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str).unwrap();
        assert!(seen.insert(binary.to_owned()), "{binary} is built twice");
        assert_eq!(properties["CodeUri"], format!("functions/{binary}"), "{id}");
        assert!(
            repository().join(format!("functions/{binary}/src/main.rs")).is_file(),
            "{binary} has no main.rs"
        );
    }
}

#[test]
fn no_log_is_kept_for_ever() {
    let template = Template::read().unwrap();
    let mut groups = 0;
    for (id, group) in template.of_type("AWS::Logs::LogGroup") {
        groups += 1;
        assert_eq!(group["Properties"]["RetentionInDays"], json!({ "Ref": "LogRetentionDays" }), "{id}");
        assert_eq!(group["DeletionPolicy"], "Delete", "{id}");
    }
    assert!(groups > template.of_type("AWS::Serverless::Function").count(), "the gateway has a log too");
}

#[test]
fn each_function_is_traced_and_watched() {
    let template = Template::read().unwrap();
    let tracing = template.at("/Resources/TracingPolicy/Properties/Roles").as_array().unwrap();
    for (id, function) in template.of_type("AWS::Serverless::Function") {
        let condition = condition_of(function);
        let role = json!({ "Ref": function["Properties"]["Role"]["Fn::GetAtt"][0] });
        let traced = match condition {
            Some(condition) => json!({ "Fn::If": [condition, role, { "Ref": "AWS::NoValue" }] }),
            None => role,
        };
        assert!(tracing.contains(&traced), "{id} may not write traces");
        for metric in ["Errors", "Throttles"] {
            let watched: Vec<_> = template
                .of_type("AWS::CloudWatch::Alarm")
                .filter(|(_, alarm)| {
                    let properties = &alarm["Properties"];
                    properties["MetricName"] == metric
                        && properties["Dimensions"]
                            == json!([{ "Name": "FunctionName", "Value": { "Ref": id } }])
                })
                .map(|(_, alarm)| condition_of(alarm))
                .collect();
            assert_eq!(watched, [condition], "{metric} of {id}");
        }
    }
    let told = json!({ "Fn::If": ["HasAlarmEmail", [{ "Ref": "AlarmTopic" }], { "Ref": "AWS::NoValue" }] });
    for (id, alarm) in template.of_type("AWS::CloudWatch::Alarm") {
        assert_eq!(alarm["Properties"]["AlarmActions"], told, "{id}");
        assert_eq!(alarm["Properties"]["TreatMissingData"], "notBreaching", "{id}");
    }
}

#[test]
fn a_trigger_ends_when_cognito_stops_waiting() {
    let template = Template::read().unwrap();
    for (function, ..) in TRIGGERS {
        let properties = effective(&template, template.at(&format!("/Resources/{function}")));
        assert_eq!(properties["Timeout"], 5, "{function}");
    }
}
