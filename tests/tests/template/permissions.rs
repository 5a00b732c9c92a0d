//! Who may call a function: for each caller that the template makes there is a permission, and there is no other.

use std::collections::BTreeSet;

use portcullis_tests::{Template, references};
use serde_json::{Value, json};

use crate::{
    TRIGGERS,
    combinations::{counterexample, guarded_references},
    condition_of, pool_arn, texts,
};

#[test]
fn the_pool_may_call_each_of_its_triggers_and_nobody_else_may() {
    let template = Template::read().unwrap();
    let config = template.at("/Resources/UserPool/Properties/LambdaConfig");
    let named: BTreeSet<String> = references(config)
        .into_iter()
        .filter(|id| !template.at(&format!("/Resources/{id}")).is_null())
        .collect();
    assert_eq!(named, TRIGGERS.map(|(function, ..)| function.to_owned()).into());

    for (function, properties, condition) in TRIGGERS {
        let arn = json!({ "Fn::GetAtt": [function, "Arn"] });
        let named = match condition {
            Some(condition) => json!({ "Fn::If": [condition, arn, { "Ref": "AWS::NoValue" }] }),
            None => arn,
        };
        for property in properties {
            assert_eq!(config.pointer(property), Some(&named), "{property}");
        }
        let [permission] = permissions_of(&template, function)[..] else {
            panic!("{function} has not one permission");
        };
        assert_eq!(condition_of(permission), condition, "{function}");
        assert_eq!(
            permission["Properties"],
            json!({
                "Action": "lambda:InvokeFunction",
                "FunctionName": { "Ref": function },
                "Principal": "cognito-idp.amazonaws.com",
                "SourceArn": pool_arn(),
                "SourceAccount": { "Ref": "AWS::AccountId" },
            }),
            "{function}"
        );
    }
}

/// An existing pool is told the same as a new one.
#[test]
fn whoever_attaches_an_existing_pool_is_told_all_of_its_triggers() {
    let template = Template::read().unwrap();
    let output = template.at("/Outputs/LambdaConfig/Value");
    let names = |value: &Value| -> BTreeSet<String> {
        guarded_references(value)
            .into_iter()
            .filter(|(id, _)| id.ends_with("Function"))
            .map(|(id, guards)| format!("{id} {guards:?}"))
            .collect()
    };
    assert_eq!(names(output), names(template.at("/Resources/UserPool/Properties/LambdaConfig")));
    let told = texts(output).join("");
    for (_, properties, _) in TRIGGERS {
        for property in properties {
            let name = property.split('/').nth(1).unwrap();
            assert!(told.contains(&format!("\"{name}\":")), "{name} is not told");
        }
    }
}

#[test]
fn every_permission_names_its_source_and_account() {
    let template = Template::read().unwrap();
    let mut callable = BTreeSet::new();
    for (id, permission) in template.of_type("AWS::Lambda::Permission") {
        let properties = &permission["Properties"];
        assert!(properties.get("SourceArn").is_some(), "{id} has no SourceArn");
        assert_eq!(properties["SourceAccount"], json!({ "Ref": "AWS::AccountId" }), "{id}");
        assert_eq!(properties["Action"], "lambda:InvokeFunction", "{id}");
        callable.insert(properties["FunctionName"]["Ref"].as_str().unwrap());
    }
    let functions: BTreeSet<&str> = template.of_type("AWS::Serverless::Function").map(|(id, _)| id).collect();
    // AppSync calls the resolvers by a role, so nobody has a permission; and an authorizer of yours is called by its ARN.
    let uncalled: Vec<_> = functions.difference(&callable).collect();
    let elsewhere: Vec<_> = callable.difference(&functions).collect();
    assert_eq!(
        (uncalled, elsewhere),
        (vec![&"ResolversFunction"], vec![&"Authorizer", &"GraphqlAuthorizer"])
    );
}

#[test]
fn each_route_may_call_the_function_behind_it_in_every_combination() {
    let template = Template::read().unwrap();
    let mut routes = 0;
    for (id, route) in template.of_type("AWS::ApiGatewayV2::Route") {
        routes += 1;
        let api = route["Properties"]["ApiId"]["Ref"].as_str().unwrap();
        let key = route["Properties"]["RouteKey"].as_str().unwrap();
        let (method, path) = key.split_once(" /").unwrap_or(("", key));
        let permitted = |method: &str| {
            let ending = if method.is_empty() { format!("/*/{path}") } else { format!("/*/{method}/{path}") };
            format!(
                "arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{{api}}}{ending}"
            )
        };
        // Any method is written as a wildcard, which stands for one method too.
        let sources = [permitted(if method == "ANY" { "*" } else { method }), permitted("*")];
        let guards: Vec<_> = condition_of(route).map(|own| (own.to_owned(), true)).into_iter().collect();
        // One that is there whenever the route is.
        let permitted = template.of_type("AWS::Lambda::Permission").any(|(_, permission)| {
            let properties = &permission["Properties"];
            let source = properties["SourceArn"]["Fn::Sub"].as_str();
            source.is_some_and(|source| sources.iter().any(|it| it == source))
                && properties["Principal"] == "apigateway.amazonaws.com"
                && condition_of(permission)
                    .is_none_or(|needed| counterexample(&template, &guards, needed).is_none())
        });
        assert!(permitted, "{id} may call nothing: {sources:?}");
    }
    assert!(routes >= 5);
}

#[test]
fn a_route_is_open_only_if_the_function_decides_or_nothing_is_to_be_decided() {
    let template = Template::read().unwrap();
    let open = [
        (
            "ApiRoute",
            json!({ "Fn::If": ["UsesJwtAuthorizer", "JWT", "NONE"] }),
            "the function verifies the token",
        ),
        (
            "ApiAuthorizedRoute",
            json!("CUSTOM"),
            "a Lambda authorizer decides, and so does the API, by the token or by whom it let in",
        ),
        ("ApiHealthRoute", json!("NONE"), "it says nothing about what is behind it"),
        ("ApiDescriptionRoute", json!("NONE"), "it is the same for all"),
        ("ApiPreflightRoute", json!("NONE"), "a browser asks without credentials"),
        ("ApiMetadataRoute", json!("NONE"), "who has no token reads there where to get one"),
        ("SignedApiRoute", json!("AWS_IAM"), "API Gateway verifies the signature"),
        ("SignedApiPreflightRoute", json!("NONE"), "a browser asks without credentials"),
    ];
    for (id, route) in template.of_type("AWS::ApiGatewayV2::Route") {
        let (_, expected, _) =
            open.iter().find(|(listed, ..)| *listed == id).unwrap_or_else(|| panic!("{id}"));
        assert_eq!(&route["Properties"]["AuthorizationType"], expected, "{id}");
        if route["Properties"]["AuthorizationType"] == "NONE" {
            let key = route["Properties"]["RouteKey"].as_str().unwrap();
            let harmless =
                ["OPTIONS /{proxy+}", "GET /.well-known/{proxy+}", "GET /health", "GET /openapi.json"];
            assert!(harmless.contains(&key), "{id} opens {key}");
        }
    }
}

/// What a gateway keeps an answer by, and for how long, decides what a kept answer may open.
#[test]
fn the_authorizer_answers_for_the_token_and_the_whole_api_and_not_for_long() {
    let template = Template::read().unwrap();
    let authorizer = template.at("/Resources/RulesAuthorizer/Properties");
    assert_eq!(authorizer["IdentitySource"], json!(["$request.header.Authorization"]));
    assert_eq!(authorizer["AuthorizerPayloadFormatVersion"], "2.0");
    assert_eq!(authorizer["EnableSimpleResponses"], false);
    assert!(authorizer["AuthorizerResultTtlInSeconds"].as_u64().is_some_and(|seconds| seconds <= 60));
    assert_eq!(template.at("/Parameters/Authorizer/Default"), "none");

    let mut routes = BTreeSet::new();
    for (id, route) in template.of_type("AWS::ApiGatewayV2::Route") {
        let properties = &route["Properties"];
        if properties["AuthorizationType"] == "CUSTOM" {
            let authorizer = json!({ "Fn::If": ["UsesOwnAuthorizer", { "Ref": "OwnAuthorizer" }, { "Ref": "RulesAuthorizer" }] });
            assert_eq!(properties["AuthorizerId"], authorizer, "{id}");
            routes.insert(properties["RouteKey"].as_str().unwrap());
        }
    }
    assert_eq!(routes, ["ANY /{proxy+}"].into());
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

fn permissions_of<'a>(template: &'a Template, function: &str) -> Vec<&'a Value> {
    let all = template.of_type("AWS::Lambda::Permission").map(|(_, permission)| permission);
    all.filter(|permission| permission["Properties"]["FunctionName"]["Ref"] == function).collect()
}
