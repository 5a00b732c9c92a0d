//! Who looks at a request before the APIs do, by each value of `Authorizer` and `GraphqlAuthorizer`.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_tests::{Stack, Template};
use serde_json::{Value, json};

/// An authorizer that somebody else has written, by the ARN of a version or an alias too.
const OWN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:own:live";

/// What a stack has, with its references resolved.
fn made(template: &Template, parameters: &[(&str, &str)]) -> BTreeMap<String, Value> {
    let stack = Stack::new(template, parameters).unwrap();
    assert_eq!(stack.refusals().unwrap(), [""; 0], "{parameters:?}");
    let wanted = [
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Authorizer",
        "AWS::AppSync::GraphQLApi",
        "AWS::Lambda::Permission",
        "AWS::Serverless::Function",
    ];
    let resources = stack.resources().unwrap();
    let resources = resources.into_iter().filter(|(_, it)| wanted.contains(&it["Type"].as_str().unwrap()));
    resources
        .map(|(id, resource)| {
            let unresolved = match id {
                // The rest of a function is no question here.
                _ if resource["Type"] == "AWS::Serverless::Function" => {
                    &resource["Properties"]["Environment"]
                }
                _ => &resource["Properties"],
            };
            (id.to_owned(), stack.literal(unresolved).unwrap())
        })
        .collect()
}

/// The function that a permission lets a service call from somewhere.
fn permitted<'a>(made: &'a BTreeMap<String, Value>, principal: &str, source: &str) -> BTreeSet<&'a str> {
    let permissions = made.values().filter(|it| it["Principal"] == principal && it["SourceArn"] == source);
    permissions.filter_map(|it| it["FunctionName"].as_str()).collect()
}

#[test]
fn each_value_of_authorizer_sets_the_gateway_and_the_functions_up_alike() {
    let template = Template::read().unwrap();
    // The authorizer of the routes, what the API believes, and as whom the authorizer tells it the caller.
    for (value, authorizer, trusted, identity) in [
        ("none", None, "iam", None),
        ("jwt", None, "iam", None),
        ("lambda", Some(("RulesAuthorizer", "AuthorizerFunction")), "iam", Some("token")),
        ("function", Some(("RulesAuthorizer", "AuthorizerFunction")), "iam,lambda", Some("function")),
        (OWN, Some(("OwnAuthorizer", OWN)), "iam,lambda", None),
    ] {
        let made = made(&template, &[("Authorizer", value)]);
        let of_tokens: Vec<&str> = made
            .iter()
            .filter(|(_, it)| it["AuthorizationType"] == "JWT")
            .map(|(id, _)| id.as_str())
            .collect();
        assert_eq!(of_tokens, if value == "jwt" { vec!["ApiRoute"] } else { vec![] }, "{value}");

        // All of them ask the same one, so that what is believed of an answer holds for every route to the function.
        let asking: BTreeMap<&str, &Value> = made
            .iter()
            .filter(|(_, it)| it["AuthorizationType"] == "CUSTOM")
            .map(|(id, it)| (id.as_str(), &it["AuthorizerId"]))
            .collect();
        let expected = authorizer.map(|(id, _)| ("ApiAuthorizedRoute", json!(id)));
        assert_eq!(asking, expected.iter().map(|(route, id)| (*route, id)).collect(), "{value}");
        let authorizers: Vec<&String> =
            made.iter().filter(|(_, it)| it["AuthorizerType"] == "REQUEST").map(|(id, _)| id).collect();
        assert_eq!(authorizers, authorizer.iter().map(|(id, _)| *id).collect::<Vec<_>>(), "{value}");

        if let Some((id, function)) = authorizer {
            let uri = made[id]["AuthorizerUri"].as_str().unwrap();
            let named = if function == OWN {
                OWN.to_owned()
            } else {
                format!("arn:aws:lambda:eu-west-1:111122223333:function:{function}")
            };
            assert!(uri.ends_with(&format!("/functions/{named}/invocations")), "{value}: {uri}");
            let source = format!("arn:aws:execute-api:eu-west-1:111122223333:Api/authorizers/{id}");
            assert_eq!(permitted(&made, "apigateway.amazonaws.com", &source), [function].into(), "{value}");
        }
        assert_eq!(made["ApiFunction"]["Variables"]["TRUST_GATEWAY"], trusted, "{value}");
        let tells = made.get("AuthorizerFunction").map(|it| &it["Variables"]["IDENTITY"]);
        assert_eq!(tells, identity.map(|it| json!(it)).as_ref(), "{value}");

        // Without an identity pool, signatures are not believed.
        let without = self::made(&template, &[("Authorizer", value), ("IdentityPool", "false")]);
        let trusts = without["ApiFunction"]["Variables"].get("TRUST_GATEWAY");
        assert_eq!(trusts, trusted.contains("lambda").then(|| json!("lambda")).as_ref(), "{value}");
    }
}

/// What an authorizer of somebody's own depends on is not known, so that no answer of it may be kept for another request.
#[test]
fn no_answer_of_an_authorizer_of_your_own_is_kept() {
    let template = Template::read().unwrap();
    for (answer, simple) in [("simple", true), ("policy", false)] {
        let made = made(&template, &[("Authorizer", OWN), ("AuthorizerAnswer", answer)]);
        let authorizer = &made["OwnAuthorizer"];
        assert_eq!(authorizer["EnableSimpleResponses"], simple, "{answer}");
        assert_eq!(authorizer["AuthorizerPayloadFormatVersion"], "2.0");
        assert_eq!(
            (&authorizer["AuthorizerResultTtlInSeconds"], authorizer.get("IdentitySource")),
            (&json!(0), None)
        );
        assert_eq!(made.get("AuthorizerFunction"), None, "nobody would ask it");
    }
}

#[test]
fn each_value_of_graphql_authorizer_sets_appsync_and_the_functions_up_alike() {
    let template = Template::read().unwrap();
    let function = "arn:aws:lambda:eu-west-1:111122223333:function:AuthorizerFunction";
    for (value, asked, permitted_function) in [
        ("", None, None),
        ("function", Some(function), Some("AuthorizerFunction")),
        (OWN, Some(OWN), Some(OWN)),
    ] {
        let made = made(&template, &[("GraphqlAuthorizer", value)]);
        let providers = made["GraphqlApi"]["AdditionalAuthenticationProviders"].as_array().unwrap();
        let configs: Vec<&Value> = providers
            .iter()
            .filter(|it| it["AuthenticationType"] == "AWS_LAMBDA")
            .map(|it| &it["LambdaAuthorizerConfig"])
            .collect();
        assert_eq!(
            configs.iter().filter_map(|it| it["AuthorizerUri"].as_str()).collect::<Vec<_>>(),
            Vec::from_iter(asked)
        );
        // An answer that does not say for how long it is good is not kept.
        assert!(configs.iter().all(|it| it["AuthorizerResultTtlInSeconds"] == 0), "{value}");

        let api = "arn:aws:appsync:eu-west-1:111122223333:apis/GraphqlApi";
        let callable = permitted(&made, "appsync.amazonaws.com", api);
        assert_eq!(callable, permitted_function.into_iter().collect(), "{value}");
        let modes = made["ResolversFunction"]["Variables"]["APPSYNC_MODES"].as_str().unwrap();
        assert_eq!(modes.split(',').any(|mode| mode == "lambda"), asked.is_some(), "{value}: {modes}");

        // The function takes no token without the prefix, and is not asked about one.
        let prefix = made
            .get("AuthorizerFunction")
            .map(|it| it["Variables"]["APPSYNC_TOKEN_PREFIX"].as_str().unwrap());
        let expression = configs.first().and_then(|it| it["IdentityValidationExpression"].as_str());
        assert_eq!(expression, prefix.map(|prefix| format!("^{prefix}.+$")).as_deref(), "{value}");
        assert_eq!(prefix.is_some(), value == "function");
    }
}

#[test]
fn one_function_serves_both_apis() {
    let template = Template::read().unwrap();
    for (authorizer, identity) in [("none", "token"), ("lambda", "token"), ("function", "function")] {
        let made = made(&template, &[("Authorizer", authorizer), ("GraphqlAuthorizer", "function")]);
        let variables = &made["AuthorizerFunction"]["Variables"];
        assert_eq!(variables["IDENTITY"], identity, "{authorizer}");
        assert_eq!(variables["APPSYNC_TOKEN_PREFIX"], "portcullis-", "{authorizer}");
    }
}
