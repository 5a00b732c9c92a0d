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
const UNSET: [(&str, &str, &str); 19] = [
    ("ApiFunction", "AWS_REGION", "Lambda sets it"),
    ("ApiFunction", "ISSUER", "only a pool at another address needs it"),
    ("ApiFunction", "JWKS", "the pool publishes its keys"),
    ("ApiFunction", "TRUST_GATEWAY", "the one route has no authorizer"),
    ("ApiFunction", "GATEWAY_CLAIMS", "the one route has no authorizer"),
    ("ApiFunction", "RESOURCE_URL", "the template gives the API no domain of its own"),
    ("ApiFunction", "IDENTITY_POOL_ID", "the one route has no authorizer"),
    ("ApiFunction", "AUTHENTICATED_ROLE", "the one route has no authorizer"),
    ("ApiFunction", "UNAUTHENTICATED_ROLE", "the one route has no authorizer"),
    ("ApiFunction", "ADMIN_ROLES", "the one route has no authorizer"),
    ("ApiFunction", "IAM_ACCESS", "the one route has no authorizer"),
    ("ResolversFunction", "AWS_REGION", "Lambda sets it"),
    ("ResolversFunction", "APPSYNC_DEFAULT_MODE", "it is the user pool"),
    ("ResolversFunction", "IDENTITY_POOL_ID", "the template makes no identity pool"),
    ("ResolversFunction", "AUTHENTICATED_ROLE", "the template makes no identity pool"),
    ("ResolversFunction", "UNAUTHENTICATED_ROLE", "the template makes no identity pool"),
    ("ResolversFunction", "ADMIN_ROLES", "no role is an administrator's unless somebody says so"),
    ("ResolversFunction", "IAM_ACCESS", "credentials alone open nothing unless somebody says so"),
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
    for (function, _) in template.of_type("AWS::Serverless::Function") {
        // AppSync calls by a role, and nobody has a permission to call the resolvers directly.
        let expected = usize::from(function != "ResolversFunction");
        assert_eq!(permissions_of(&template, function).len(), expected, "{function}");
    }
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
    (
        "PreSignUpLookupPolicy",
        "PreSignUpRole",
        Some("LooksUpUsers"),
        &["cognito-idp:AdminGetUser", "cognito-idp:ListUsers"],
    ),
    (
        "PreSignUpLinkPolicy",
        "PreSignUpRole",
        Some("LinksAccounts"),
        &["cognito-idp:AdminLinkProviderForUser"],
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

#[test]
fn appsync_may_call_the_resolvers_for_this_api_and_do_nothing_else() {
    let template = Template::read().unwrap();
    let source = template.at("/Resources/ResolversDataSource/Properties");
    assert_eq!(
        source["LambdaConfig"]["LambdaFunctionArn"],
        json!({ "Fn::GetAtt": ["ResolversFunction", "Arn"] })
    );
    let role = source.pointer("/ServiceRoleArn/Fn::GetAtt/0").and_then(Value::as_str).unwrap();
    let role = template.at(&format!("/Resources/{role}/Properties"));
    let trust = role.pointer("/AssumeRolePolicyDocument/Statement/0").unwrap();
    assert_eq!(trust["Principal"], json!({ "Service": "appsync.amazonaws.com" }));
    assert_eq!(
        trust["Condition"],
        json!({
            "StringEquals": { "aws:SourceAccount": { "Ref": "AWS::AccountId" } },
            "ArnEquals": { "aws:SourceArn": { "Fn::GetAtt": ["GraphqlApi", "Arn"] } },
        })
    );
    let statements: Vec<&Value> = role["Policies"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
        .collect();
    let invoke = json!({ "Effect": "Allow", "Action": "lambda:InvokeFunction",
        "Resource": { "Fn::GetAtt": ["ResolversFunction", "Arn"] } });
    assert_eq!(statements, [&invoke]);
}

/// The function says in which modes it believes AppSync; the API has the same under the same conditions.
#[test]
fn the_resolvers_believe_appsync_in_the_modes_that_the_api_has() {
    let template = Template::read().unwrap();
    let api = template.at("/Resources/GraphqlApi/Properties");
    let mut modes: BTreeSet<(String, String)> = BTreeSet::new();
    for provider in api["AdditionalAuthenticationProviders"].as_array().unwrap() {
        let [condition, provider, _] = provider["Fn::If"].as_array().unwrap().as_slice() else {
            panic!("{provider} has no condition");
        };
        let mode = provider["AuthenticationType"].as_str().unwrap();
        modes.insert((condition.as_str().unwrap().to_owned(), mode.to_owned()));
    }
    let variables = template.at("/Resources/ResolversFunction/Properties/Environment/Variables");
    let words = [("apiKey", "API_KEY"), ("iam", "AWS_IAM"), ("lambda", "AWS_LAMBDA")];
    let mut believed: BTreeSet<(String, String)> = BTreeSet::new();
    for mode in variables.pointer("/APPSYNC_MODES/Fn::Join/1").and_then(Value::as_array).unwrap() {
        let mode: Vec<&str> = mode["Fn::If"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let (_, name) = words.iter().find(|(word, _)| *word == mode[1]).unwrap();
        assert_eq!(mode[2], "");
        believed.insert((mode[0].to_owned(), (*name).to_owned()));
    }
    let issuer = variables.pointer("/OIDC_ISSUER/Fn::If/0").and_then(Value::as_str).unwrap();
    believed.insert((issuer.to_owned(), "OPENID_CONNECT".to_owned()));
    assert_eq!(modes, believed);
    assert_eq!(api["AuthenticationType"], "AMAZON_COGNITO_USER_POOLS");
    // None of them is open by itself.
    for (parameter, default) in [
        ("GraphqlApiKeyExpires", json!(0)),
        ("GraphqlIam", json!("false")),
        ("GraphqlAuthorizer", json!("")),
        ("OidcIssuer", json!("")),
    ] {
        assert_eq!(template.at(&format!("/Parameters/{parameter}/Default")), &default, "{parameter}");
    }
}

#[test]
fn each_way_in_that_the_schema_names_is_one_that_the_template_can_open() {
    let template = Template::read().unwrap();
    let schema = fs::read_to_string(repository().join("appsync.graphql")).unwrap();
    let api = template.at("/Resources/GraphqlApi/Properties").to_string();
    let mut named = 0;
    for (directive, mode) in [
        ("@aws_api_key", "API_KEY"),
        ("@aws_iam", "AWS_IAM"),
        ("@aws_oidc", "OPENID_CONNECT"),
        ("@aws_lambda", "AWS_LAMBDA"),
        ("@aws_cognito_user_pools", "AMAZON_COGNITO_USER_POOLS"),
    ] {
        if schema.contains(directive) {
            named += 1;
            assert!(api.contains(mode), "{directive}");
        }
    }
    assert!(named > 0, "the schema names no way in");
    assert_eq!(template.at("/Resources/GraphqlSchema/Properties/DefinitionS3Location"), "appsync.graphql");
}

#[test]
fn every_resolver_is_answered_by_the_function_and_waits_for_the_schema() {
    let template = Template::read().unwrap();
    let mut fields = BTreeSet::new();
    for (id, resolver) in template.of_type("AWS::AppSync::Resolver") {
        let properties = &resolver["Properties"];
        assert_eq!(resolver["DependsOn"], "GraphqlSchema", "{id}");
        assert_eq!(
            properties["DataSourceName"],
            json!({ "Fn::GetAtt": ["ResolversDataSource", "Name"] }),
            "{id}"
        );
        let name = [&properties["TypeName"], &properties["FieldName"]].map(|it| it.as_str().unwrap());
        assert!(fields.insert(name.join(".")), "{id} is there twice");
        // Only a response handler can filter events.
        let code = properties["Code"].as_str().unwrap_or_default();
        assert_eq!(code.contains("setSubscriptionFilter"), name[0] == "Subscription", "{id}");
    }
    assert!(
        fields.contains("Query.getNote") && fields.contains("Subscription.onDeleteComment"),
        "{fields:?}"
    );
}

/// CloudFormation takes 500 resources and, from a bucket, 1 MB. README.md says how many models that is.
#[test]
fn the_template_leaves_room_for_forty_models() {
    let template = Template::read().unwrap();
    let text = fs::read_to_string(repository().join("template.yaml")).unwrap();
    let (before, rest) = text.split_once("  # portcullis expand: begin\n").unwrap();
    let (section, after) = rest.split_once("  # portcullis expand: end\n").unwrap();
    let resolvers = template.of_type("AWS::AppSync::Resolver").count();
    let models = 3;
    assert_eq!(resolvers, models * 8, "two queries, three mutations and three subscriptions each");
    let fixed = template.resources().count() - resolvers;
    assert!(fixed + 40 * 8 <= 500, "{fixed} resources besides the resolvers");
    let bytes = before.len() + after.len() + 40 * section.len() / models;
    assert!(bytes < 1_000_000, "{bytes} bytes");
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
