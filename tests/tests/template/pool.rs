//! The user pool, its clients, groups, sign-in pages and providers, and the table.

use std::{collections::BTreeSet, fs};

use portcullis_tests::{Stack, Template, repository};
use serde_json::{Value, json};

use crate::{
    combinations::{of_parameters, stack},
    condition_of, texts,
};

#[test]
fn a_version_of_the_token_trigger_has_a_tier_that_offers_it_in_every_combination() {
    let template = Template::read().unwrap();
    let pool = template.at("/Resources/UserPool/Properties");
    assert_eq!(
        (&pool["UserPoolTier"], &pool["LambdaConfig"]["PreTokenGenerationConfig"]["LambdaVersion"]),
        (&json!({ "Ref": "UserPoolTier" }), &json!({ "Ref": "TokenVersion" }))
    );
    // Both, and Cognito wants them to be the same function.
    assert!(pool.pointer("/LambdaConfig/PreTokenGeneration").is_none());
    let parameters = ["UserPoolTier", "TokenVersion"].map(str::to_owned).into();
    let mut deployed = BTreeSet::new();
    for combination in of_parameters(&template, &parameters) {
        if stack(&template, &combination).refusals().unwrap().is_empty() {
            let [(_, version), (_, tier)] = &combination[..] else { panic!("{combination:?}") };
            assert!(version == "V1_0" || tier != "LITE", "{version} with {tier}");
            deployed.insert((version.clone(), tier.clone()));
        }
    }
    assert_eq!(deployed.len(), 7);
}

#[test]
fn clients_are_told_the_password_length_that_the_pool_asks_for() {
    let template = Template::read().unwrap();
    let length = template.at("/Resources/UserPool/Properties/Policies/PasswordPolicy/MinimumLength");
    assert_eq!(
        template.at("/Outputs/PasswordMinimumLength/Value"),
        &json!(length.as_u64().unwrap().to_string())
    );
}

#[test]
fn what_holds_users_items_and_files_outlives_the_stack() {
    let template = Template::read().unwrap();
    for (id, protection) in [
        ("UserPool", "DeletionProtection"),
        ("Table", "DeletionProtectionEnabled"),
        ("Files", "VersioningConfiguration"),
    ] {
        let resource = template.at(&format!("/Resources/{id}"));
        assert_eq!(resource["DeletionPolicy"], "Retain", "{id}");
        assert_eq!(resource["UpdateReplacePolicy"], "Retain", "{id}");
        assert!(resource.pointer(&format!("/Properties/{protection}")).is_some(), "{id}");
    }
    let table = template.at("/Resources/Table/Properties");
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["SSESpecification"]["SSEEnabled"], true);
    assert_eq!(table["BillingMode"], "PAY_PER_REQUEST");
}

#[test]
fn no_client_tells_who_exists_and_none_can_grant_itself_anything() {
    let template = Template::read().unwrap();
    for (id, client) in template.of_type("AWS::Cognito::UserPoolClient") {
        let client = &client["Properties"];
        assert_eq!(client["PreventUserExistenceErrors"], "ENABLED", "{id}");
        assert_eq!(client["EnableTokenRevocation"], true, "{id}");
        for list in ["ReadAttributes", "WriteAttributes", "ExplicitAuthFlows"] {
            assert!(
                !texts(&client[list]).is_empty(),
                "{id} leaves {list} to the default, which is everything"
            );
        }
        for attribute in texts(&client["WriteAttributes"]) {
            assert!(["email", "name"].contains(&attribute), "{id} may write `{attribute}`");
        }
    }
}

#[test]
fn web_pages_get_codes_and_hold_no_secret_and_machines_have_one_and_no_users() {
    let template = Template::read().unwrap();
    let none = json!({ "Ref": "AWS::NoValue" });
    let web = template.at("/Resources/WebClient/Properties");
    assert_eq!(web["GenerateSecret"], false);
    assert_eq!(web["AllowedOAuthFlows"], json!({ "Fn::If": ["HasDomain", ["code"], none] }));
    let passwords = json!({ "Fn::If": ["TakesPasswords", "ALLOW_USER_PASSWORD_AUTH", none] });
    let codes = json!({ "Fn::If": ["SignsInByCode", "ALLOW_CUSTOM_AUTH", none] });
    assert_eq!(
        web["ExplicitAuthFlows"],
        json!(["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", passwords, codes])
    );

    let machine = template.at("/Resources/MachineAppClient/Properties");
    assert_eq!(machine["GenerateSecret"], true);
    assert_eq!(machine["AllowedOAuthFlows"], json!(["client_credentials"]));
    assert_eq!(machine["ExplicitAuthFlows"], json!(["ALLOW_REFRESH_TOKEN_AUTH"]));
    let scopes: BTreeSet<&str> = texts(&template.at("/Resources/ResourceServer/Properties")["Scopes"])
        .into_iter()
        .filter(|text| !text.contains(' '))
        .collect();
    for scope in texts(&machine["AllowedOAuthScopes"]) {
        let (server, scope) = scope.split_once('/').unwrap();
        assert!(server == "${ResourceServerIdentifier}" && scopes.contains(scope), "{scope}");
    }
}

/// Each provider with its type, its condition, the detail that is secret, and the member of the secret that holds it.
const PROVIDERS: [(&str, &str, &str, &str, &str); 6] = [
    ("Google", "Google", "HasGoogle", "client_secret", "google"),
    ("Facebook", "Facebook", "HasFacebook", "client_secret", "facebook"),
    ("LoginWithAmazon", "LoginWithAmazon", "HasAmazon", "client_secret", "amazon"),
    ("SignInWithApple", "SignInWithApple", "HasApple", "private_key", "apple"),
    ("OidcProvider", "OIDC", "HasOidc", "client_secret", "oidc"),
    ("SamlProvider", "SAML", "HasSaml", "", ""),
];

#[test]
fn each_provider_has_its_own_condition_and_its_secret_from_secrets_manager() {
    let template = Template::read().unwrap();
    let found: BTreeSet<&str> =
        template.of_type("AWS::Cognito::UserPoolIdentityProvider").map(|(id, _)| id).collect();
    assert_eq!(found, PROVIDERS.map(|(id, ..)| id).into());
    let clients = texts(template.at("/Resources/WebClient/Properties/SupportedIdentityProviders"));
    for (id, kind, condition, secret, member) in PROVIDERS {
        let provider = template.at(&format!("/Resources/{id}"));
        let properties = &provider["Properties"];
        assert_eq!(
            (condition_of(provider), properties["ProviderType"].as_str()),
            (Some(condition), Some(kind))
        );
        let details = properties["ProviderDetails"].as_object().unwrap();
        for (name, value) in details {
            let value = value.get("Fn::Sub").and_then(Value::as_str).unwrap_or_default();
            if name == secret {
                let resolved =
                    format!("{{{{resolve:secretsmanager:${{ProviderSecret}}:SecretString:{member}}}}}");
                assert_eq!(value, resolved, "{id}");
            } else {
                assert!(!name.contains("secret") && !name.contains("private"), "{id} has {name}");
            }
        }
        assert!(secret.is_empty() || details.contains_key(secret), "{id} has no secret");
        assert!(texts(&properties["AttributeMapping"]["email"]).len() == 1, "{id} has no address");
        // Which the client waits for, since it names the provider by reference.
        assert!(clients.windows(2).any(|pair| pair == [condition, id]), "{id} is not offered");
    }
}

#[test]
fn groups_have_an_order_and_every_group_that_a_rule_names_is_made() {
    let template = Template::read().unwrap();
    let groups: Vec<&Value> =
        template.of_type("AWS::Cognito::UserPoolGroup").map(|(_, group)| &group["Properties"]).collect();
    let made: BTreeSet<&str> = groups.iter().filter_map(|group| group["GroupName"].as_str()).collect();
    let order: BTreeSet<u64> = groups.iter().filter_map(|group| group["Precedence"].as_u64()).collect();
    assert_eq!(order.len(), groups.len(), "two groups are as good as each other");
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
    let told: BTreeSet<&str> = template.at("/Outputs/Groups/Value").as_str().unwrap().split(',').collect();
    assert_eq!(told, made);
}

/// What a pool has already is used and not made again.
#[test]
fn an_existing_pool_lends_its_sign_in_pages_and_gets_a_resource_server_for_machines_alone() {
    let template = Template::read().unwrap();
    let (pool, host) = (("ExistingUserPoolId", "eu-west-1_a"), "sign-in.example.com");
    for (values, makes, domain) in [
        (&[][..], &["ResourceServer"][..], None),
        (&[pool], &[], None),
        (&[pool, ("ExistingSignInDomain", host)], &[], Some(host)),
        (
            &[pool, ("ExistingSignInDomain", host), ("MachineClient", "true")],
            &["MachineAppClient", "ResourceServer"],
            Some(host),
        ),
        (
            &[pool, ("DomainPrefix", "my-app")],
            &["SignInDomain"],
            Some("SignInDomain.auth.eu-west-1.amazoncognito.com"),
        ),
    ] {
        let stack = Stack::new(&template, values).unwrap();
        assert_eq!(stack.refusals().unwrap(), [""; 0], "{values:?}");
        let resources = stack.resources().unwrap();
        let asked = ["MachineAppClient", "ResourceServer", "SignInDomain"];
        let made: Vec<&str> = asked.into_iter().filter(|id| resources.contains_key(id)).collect();
        assert_eq!(made, makes, "{values:?}");
        assert_eq!(stack.holds("HasDomain").unwrap(), domain.is_some(), "{values:?}");
        let redirects = resources["WebClient"]["Properties"]["AllowedOAuthFlowsUserPoolClient"].as_bool();
        assert_eq!(redirects, Some(domain.is_some()), "{values:?}");
        let told = stack.outputs().unwrap().get("SignInDomain").map(|value| stack.literal(value).unwrap());
        assert_eq!(told, domain.map(|host| json!(host)), "{values:?}");
    }
}

#[test]
fn sign_in_pages_have_a_style_where_the_tier_has_styles() {
    let template = Template::read().unwrap();
    let version = template.at("/Resources/SignInDomain/Properties/ManagedLoginVersion");
    assert_eq!(version, &json!({ "Fn::If": ["IsLite", 1, 2] }));
    let style = template.at("/Resources/WebClientStyle");
    assert_eq!(condition_of(style), Some("HasManagedLogin"));
    let condition =
        json!({ "Fn::And": [{ "Condition": "HasDomain" }, { "Fn::Not": [{ "Condition": "IsLite" }] }] });
    assert_eq!(template.at("/Conditions/HasManagedLogin"), &condition);
}
