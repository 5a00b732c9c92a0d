//! What CloudFormation would say only while deploying, or never: cycles, missing permissions, wide policies, unset variables.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
};

use portcullis_tests::{Template, references, repository};
use serde_json::{Map, Value, json};

/// A wildcard in a policy: the resource that holds it, the action or resource, and why nothing narrower does.
const WILDCARDS: [(&str, &str, &str); 0] = [];

/// A variable that a function reads and the template does not set, and why.
const UNSET: [(&str, &str, &str); 26] = [
    ("ApiFunction", "AWS_REGION", "Lambda sets it"),
    ("ApiFunction", "ISSUER", "only a pool at another address needs it"),
    ("ApiFunction", "JWKS", "the pool publishes its keys"),
    ("ApiFunction", "OIDC_ISSUER", "the template makes no other issuer"),
    ("ApiFunction", "OIDC_AUDIENCES", "the template makes no other issuer"),
    ("ApiFunction", "OIDC_TOKEN_USE", "the template makes no other issuer"),
    ("ApiFunction", "TRUST_GATEWAY", "the one route has no authorizer"),
    ("ApiFunction", "GATEWAY_CLAIMS", "the one route has no authorizer"),
    ("ApiFunction", "RESOURCE_URL", "the template gives the API no domain of its own"),
    ("ApiFunction", "IDENTITY_POOL_ID", "the one route has no authorizer"),
    ("ApiFunction", "AUTHENTICATED_ROLE", "the one route has no authorizer"),
    ("ApiFunction", "UNAUTHENTICATED_ROLE", "the one route has no authorizer"),
    ("ApiFunction", "ADMIN_ROLES", "the one route has no authorizer"),
    ("ApiFunction", "IAM_ACCESS", "the one route has no authorizer"),
    ("AuthorizerFunction", "ISSUER", "only a pool at another address needs it"),
    ("AuthorizerFunction", "JWKS", "the pool publishes its keys"),
    ("AuthorizerFunction", "OIDC_ISSUER", "the template makes no other issuer"),
    ("AuthorizerFunction", "OIDC_AUDIENCES", "the template makes no other issuer"),
    ("AuthorizerFunction", "OIDC_TOKEN_USE", "the template makes no other issuer"),
    ("AuthorizerFunction", "IDENTITY", "the API verifies the token itself"),
    ("AuthorizerFunction", "GRAPHQL", "the API serves REST alone"),
    ("AuthorizerFunction", "HTTP_API_ANSWER", "the gateway is set up for policies"),
    ("AuthorizerFunction", "APPSYNC_TTL", "it stands before the REST API alone"),
    ("AuthorizerFunction", "APPSYNC_TOKEN_PREFIX", "it stands before the REST API alone"),
    ("AuthorizerFunction", "WEBSOCKET_TOKEN", "it stands before the REST API alone"),
    ("PreTokenGenerationFunction", "READ_TIMEOUT_MS", "its default suits a table in the same region"),
];

/// The functions, and the pool's property that names each.
const TRIGGERS: [(&str, &str); 3] = [
    ("PreSignUpFunction", "/PreSignUp"),
    ("PostConfirmationFunction", "/PostConfirmation"),
    ("PreTokenGenerationFunction", "/PreTokenGenerationConfig/LambdaArn"),
];

#[test]
fn no_resource_depends_on_itself() {
    let template = Template::read().unwrap();
    let edges: BTreeMap<&str, BTreeSet<String>> =
        template.resources().map(|(id, resource)| (id, references(resource))).collect();
    assert!(edges.len() > 10, "the template was not read");
    let cycle = cycle(&edges);
    assert!(cycle.is_none(), "cycle: {}", cycle.unwrap_or_default().join(" -> "));
}

#[test]
fn a_cycle_would_be_found() {
    let template = Template::parse(
        "
        Resources:
          Pool: { Properties: { LambdaConfig: { PreSignUp: !GetAtt Function.Arn } } }
          Function: { Properties: { Role: !GetAtt Role.Arn } }
          Role: { Properties: { Resource: !Sub 'arn:${Pool}' } }
        ",
    )
    .unwrap();
    let edges = template.resources().map(|(id, resource)| (id, references(resource))).collect();
    assert_eq!(cycle(&edges).unwrap().len(), 4);
}

#[test]
fn the_pool_may_call_each_of_its_triggers_and_nobody_else_may() {
    let template = Template::read().unwrap();
    let config = template.at("/Resources/UserPool/Properties/LambdaConfig");
    let named: BTreeSet<String> = references(config)
        .into_iter()
        .filter(|id| !template.at(&format!("/Resources/{id}")).is_null())
        .collect();
    assert_eq!(named, TRIGGERS.map(|(function, _)| function.to_owned()).into());

    for (function, property) in TRIGGERS {
        assert_eq!(config.pointer(property), Some(&json!({ "Fn::GetAtt": [function, "Arn"] })), "{property}");
        let permissions: Vec<&Value> = permissions_of(&template, function);
        assert_eq!(
            permissions,
            [&json!({
                "Action": "lambda:InvokeFunction",
                "FunctionName": { "Ref": function },
                "Principal": "cognito-idp.amazonaws.com",
                "SourceArn": { "Fn::GetAtt": ["UserPool", "Arn"] },
                "SourceAccount": { "Ref": "AWS::AccountId" },
            })],
            "{function}"
        );
    }
}

#[test]
fn every_permission_names_its_source_and_account() {
    let template = Template::read().unwrap();
    let permissions: Vec<_> = template.of_type("AWS::Lambda::Permission").collect();
    let permitted: BTreeSet<&str> = permissions
        .iter()
        .filter_map(|(_, permission)| permission.pointer("/Properties/FunctionName/Ref")?.as_str())
        .collect();
    assert_eq!(permitted, template.of_type("AWS::Serverless::Function").map(|(id, _)| id).collect());
    for (id, permission) in permissions {
        let properties = &permission["Properties"];
        assert!(properties.get("SourceArn").is_some(), "{id} has no SourceArn");
        // A pool's ARN is made by Cognito; the ARN of the API names the account itself.
        let names_account = properties["SourceArn"].to_string().contains("${AWS::AccountId}");
        assert!(names_account || properties.get("SourceAccount").is_some(), "{id} names no account");
    }
}

#[test]
fn a_policy_has_a_wildcard_only_for_a_listed_reason() {
    let template = Template::read().unwrap();
    let mut statements = 0;
    for (id, statement) in policy_statements(&template) {
        statements += 1;
        for property in ["Action", "NotAction", "Resource", "NotResource", "Principal"] {
            for text in texts(statement.get(property).unwrap_or(&Value::Null)) {
                let listed =
                    WILDCARDS.iter().any(|(resource, wildcard, _)| (*resource, *wildcard) == (id, text));
                assert!(!text.contains('*') || listed, "{id} has `{text}` in {property}");
            }
        }
        assert!(
            statement.get("NotAction").is_none() && statement.get("NotResource").is_none(),
            "{id} says what it denies"
        );
    }
    assert!(statements >= 8, "only {statements} statements were found");
}

/// What a trigger may do to users, and the condition without which it may not. The operations are those that
/// `CognitoDirectory` names for each feature.
const USER_PERMISSIONS: [(&str, &str, Option<&str>, &[&str]); 5] = [
    ("PreSignUpLookupPolicy", "PreSignUpRole", Some("LooksUpUsers"), &["cognito-idp:ListUsers"]),
    (
        "PreSignUpLinkPolicy",
        "PreSignUpRole",
        Some("LinksAccounts"),
        &["cognito-idp:AdminGetUser", "cognito-idp:AdminLinkProviderForUser"],
    ),
    (
        "PreSignUpNativeUsersPolicy",
        "PreSignUpRole",
        Some("MakesNativeUsers"),
        &["cognito-idp:AdminCreateUser", "cognito-idp:AdminSetUserPassword"],
    ),
    ("PostConfirmationGroupsPolicy", "PostConfirmationRole", None, &["cognito-idp:AdminAddUserToGroup"]),
    (
        "PreTokenGenerationGroupsPolicy",
        "PreTokenGenerationRole",
        Some("EnsuresGroups"),
        &["cognito-idp:AdminAddUserToGroup"],
    ),
];

#[test]
fn a_trigger_may_do_to_users_only_what_a_parameter_turns_on() {
    let template = Template::read().unwrap();
    let mut found = BTreeSet::new();
    for (id, statement) in policy_statements(&template) {
        let actions = texts(&statement["Action"]);
        if !actions.iter().any(|action| action.starts_with("cognito-idp:")) {
            continue;
        }
        let listed = USER_PERMISSIONS.iter().find(|(policy, ..)| *policy == id);
        let (_, role, condition, expected) = listed.unwrap_or_else(|| panic!("{id} is not listed"));
        let policy = template.at(&format!("/Resources/{id}"));
        assert_eq!(actions, *expected, "{id}");
        assert_eq!(statement["Resource"], json!({ "Fn::GetAtt": ["UserPool", "Arn"] }), "{id}");
        assert_eq!(policy["Properties"]["Roles"], json!([{ "Ref": role }]), "{id}");
        assert_eq!(policy.get("Condition").and_then(Value::as_str), *condition, "{id}");
        found.insert(id);
    }
    assert_eq!(found, USER_PERMISSIONS.map(|(policy, ..)| policy).into());
}

/// The defaults must be such that a stack of them starts, and none of them opens anything.
#[test]
fn functions_start_with_the_defaults_and_these_link_nobody() {
    let template = Template::read().unwrap();
    let default = |parameter: &str| {
        let value = template.at(&format!("/Parameters/{parameter}/Default")).as_str();
        value.unwrap_or_else(|| panic!("{parameter} has no default")).to_owned()
    };
    for (parameter, expected) in
        [("LinkPolicy", "off"), ("LinkProviders", ""), ("EnsureUser", "false"), ("AutoVerifyEmail", "false")]
    {
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
        }
        let logs = properties.pointer("/LoggingConfig/LogGroup/Ref").and_then(Value::as_str).unwrap();
        assert!(
            !template.at(&format!("/Resources/{logs}/Properties/RetentionInDays")).is_null(),
            "{logs} keeps logs for ever"
        );

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
fn a_trigger_ends_when_cognito_stops_waiting() {
    let template = Template::read().unwrap();
    for (function, _) in TRIGGERS {
        let properties = effective(&template, template.at(&format!("/Resources/{function}")));
        assert_eq!(properties["Timeout"], 5, "{function}");
    }
}

#[test]
fn token_generation_v2_has_a_tier_that_offers_it() {
    let template = Template::read().unwrap();
    let pool = template.at("/Resources/UserPool/Properties");
    let version =
        pool.pointer("/LambdaConfig/PreTokenGenerationConfig/LambdaVersion").and_then(Value::as_str).unwrap();
    assert!(["V1_0", "V2_0", "V3_0"].contains(&version), "{version}");
    let tier = pool["UserPoolTier"].as_str().unwrap_or_default();
    assert!(
        version == "V1_0" || ["ESSENTIALS", "PLUS"].contains(&tier),
        "{version} needs more than tier `{tier}`"
    );
    // Both, and Cognito wants them to be the same function.
    assert!(pool.pointer("/LambdaConfig/PreTokenGeneration").is_none());
}

/// What a gateway keeps an answer by, and for how long, decides what a kept answer may open.
#[test]
fn the_authorizer_answers_for_the_token_and_the_whole_api_and_not_for_long() {
    let template = Template::read().unwrap();
    let authorizer = template.at("/Resources/ApiAuthorizer/Properties");
    assert_eq!(authorizer["IdentitySource"], json!(["$request.header.Authorization"]));
    assert_eq!(authorizer["AuthorizerPayloadFormatVersion"], "2.0");
    assert_eq!(authorizer["EnableSimpleResponses"], false);
    assert!(authorizer["AuthorizerResultTtlInSeconds"].as_u64().is_some_and(|seconds| seconds <= 60));
    assert_eq!(template.at("/Parameters/Authorizer/Default"), "none");

    let mut routes = BTreeMap::new();
    for (id, resource) in template.resources().filter(|(_, it)| references(it).contains("ApiAuthorizer")) {
        assert_eq!(resource["Condition"], "HasAuthorizer", "{id}");
    }
    for (id, route) in template.of_type("AWS::ApiGatewayV2::Route") {
        let properties = &route["Properties"];
        if properties["ApiId"] == json!({ "Ref": "Api" }) && route["Condition"] == "HasAuthorizer" {
            let is_open = properties["AuthorizationType"] == "NONE";
            assert!(is_open || properties["AuthorizerId"] == json!({ "Ref": "ApiAuthorizer" }), "{id}");
            routes.insert(properties["RouteKey"].as_str().unwrap(), is_open);
        }
    }
    let expected = [
        ("ANY /{proxy+}", false),
        ("OPTIONS /{proxy+}", true),
        ("GET /health", true),
        ("GET /openapi.json", true),
    ];
    assert_eq!(routes, expected.into());
    // It asks nothing of AWS.
    let role = template.at("/Resources/AuthorizerRole/Properties/Policies");
    let actions: Vec<&str> = role
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|policy| texts(&policy["PolicyDocument"]["Statement"][0]["Action"]))
        .collect();
    assert_eq!(actions, ["logs:CreateLogStream", "logs:PutLogEvents"]);
}

#[test]
fn what_holds_users_and_items_outlives_the_stack() {
    let template = Template::read().unwrap();
    for (id, protection) in [("UserPool", "DeletionProtection"), ("Table", "DeletionProtectionEnabled")] {
        let resource = template.at(&format!("/Resources/{id}"));
        assert_eq!(resource["DeletionPolicy"], "Retain", "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
        assert!(resource.pointer(&format!("/Properties/{protection}")).is_some(), "{id}");
    }
}

#[test]
fn the_web_client_holds_no_secret_and_cannot_grant_itself_anything() {
    let template = Template::read().unwrap();
    let client = template.at("/Resources/WebClient/Properties");
    assert_eq!(client["GenerateSecret"], false);
    assert_eq!(client["PreventUserExistenceErrors"], "ENABLED");
    assert_eq!(client["EnableTokenRevocation"], true);
    let written = texts(&client["WriteAttributes"]);
    assert!(!written.is_empty(), "left out, a client may write every attribute");
    for attribute in written {
        assert!(["email", "name"].contains(&attribute), "a client may write `{attribute}`");
    }
}

#[test]
fn every_group_that_a_rule_names_is_in_the_template() {
    let template = Template::read().unwrap();
    let made: BTreeSet<&str> = template
        .of_type("AWS::Cognito::UserPoolGroup")
        .filter_map(|(_, group)| group.pointer("/Properties/GroupName")?.as_str())
        .collect();
    let schema = fs::read_to_string(repository().join("schema.graphql")).unwrap();
    let named: BTreeSet<&str> = schema
        .split("groups: [")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once(']')?.0))
        .flat_map(|list| list.split(','))
        .map(|name| name.trim().trim_matches('"'))
        .collect();
    assert!(!named.is_empty());
    assert!(named.is_subset(&made), "{named:?} are named, {made:?} are made");
}

#[test]
fn a_function_reads_each_variable_that_is_set_and_each_that_it_reads_is_set() {
    let template = Template::read().unwrap();
    let read = [
        ("ApiFunction", asked(|lookup| drop(portcullis_api::Config::from_env(lookup)))),
        ("AuthorizerFunction", asked(|lookup| drop(portcullis_authorizer::Config::from_env(lookup)))),
        ("PreSignUpFunction", asked(|lookup| drop(portcullis_pre_signup::Config::from_env(lookup)))),
        (
            "PostConfirmationFunction",
            asked(|lookup| drop(portcullis_post_confirmation::Config::from_env(lookup))),
        ),
        (
            "PreTokenGenerationFunction",
            asked(|lookup| drop(portcullis_pre_token_generation::Config::from_env(lookup))),
        ),
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

fn permissions_of<'a>(template: &'a Template, function: &str) -> Vec<&'a Value> {
    let all = template
        .of_type("AWS::Lambda::Permission")
        .filter_map(|(_, permission)| permission.get("Properties"));
    all.filter(|properties| properties["FunctionName"]["Ref"] == function).collect()
}

/// The properties of a function with what `Globals` adds; a mapping in both is merged, as SAM does.
fn effective(template: &Template, function: &Value) -> Value {
    let mut properties = template.at("/Globals/Function").as_object().cloned().unwrap_or_default();
    for (name, value) in function["Properties"].as_object().unwrap() {
        match (properties.get_mut(name).and_then(Value::as_object_mut), value.as_object()) {
            (Some(global), Some(own)) => global.extend(own.clone()),
            _ => drop(properties.insert(name.clone(), value.clone())),
        }
    }
    Value::Object(properties)
}

/// Every statement of every policy, with the resource that it stands in.
fn policy_statements(template: &Template) -> Vec<(&str, &Map<String, Value>)> {
    fn collect<'a>(id: &'a str, value: &'a Value, found: &mut Vec<(&'a str, &'a Map<String, Value>)>) {
        match value {
            Value::Object(members) if members.contains_key("Effect") => found.push((id, members)),
            Value::Object(members) => members.values().for_each(|member| collect(id, member, found)),
            Value::Array(entries) => entries.iter().for_each(|entry| collect(id, entry, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    template.resources().for_each(|(id, resource)| collect(id, resource, &mut found));
    found
}

/// Every text inside a value.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(entries) => entries.iter().flat_map(texts).collect(),
        Value::Object(members) => members.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The resources of a cycle in their order, the first one again at the end.
fn cycle(edges: &BTreeMap<&str, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        id: &str,
        edges: &BTreeMap<&str, BTreeSet<String>>,
        path: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        if let Some(start) = path.iter().position(|seen| seen == id) {
            let mut cycle = path.split_off(start);
            cycle.push(id.to_owned());
            return Some(cycle);
        }
        if done.contains(id) {
            return None;
        }
        path.push(id.to_owned());
        for next in edges.get(id).into_iter().flatten() {
            if let Some(cycle) = visit(next, edges, path, done) {
                return Some(cycle);
            }
        }
        path.pop();
        done.insert(id.to_owned());
        None
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|id| visit(id, edges, &mut Vec::new(), &mut done))
}
