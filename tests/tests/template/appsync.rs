//! The GraphQL API: who may call the resolvers, which ways in it has, and what it is made of.

use std::{collections::BTreeSet, fs};

use portcullis_tests::{Template, repository};
use serde_json::{Value, json};

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
