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
    assert!(functions.is_superset(&callable));
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
        let permission = template.of_type("AWS::Lambda::Permission").find(|(_, it)| {
            it["Properties"]["SourceArn"]["Fn::Sub"]
                .as_str()
                .is_some_and(|it| sources.contains(&it.to_owned()))
        });
        let (name, permission) = permission.unwrap_or_else(|| panic!("{id} may call nothing: {sources:?}"));
        assert_eq!(permission["Properties"]["Principal"], "apigateway.amazonaws.com", "{name}");
        if let Some(needed) = condition_of(permission) {
            let guards: Vec<_> = condition_of(route).map(|own| (own.to_owned(), true)).into_iter().collect();
            assert_eq!(counterexample(&template, &guards, needed), None, "{id} lacks {name}");
        }
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
            assert!(["OPTIONS /{proxy+}", "GET /.well-known/{proxy+}"].contains(&key), "{id} opens {key}");
        }
    }
}

fn permissions_of<'a>(template: &'a Template, function: &str) -> Vec<&'a Value> {
    let all = template.of_type("AWS::Lambda::Permission").map(|(_, permission)| permission);
    all.filter(|permission| permission["Properties"]["FunctionName"]["Ref"] == function).collect()
}
