//! Every function starts with the variables that the template gives it.

use portcullis_tests::{Stack, Template};

use crate::effective;

/// A value that each parameter may well have, besides its default.
const CHANGES: [(&str, &str); 56] = [
    ("AllowedEmailDomains", "example.com,example.org"),
    ("TrustProviderEmail", "true"),
    ("DeniedEmailDomains", "blocked.example"),
    ("AutoConfirmDomains", "staff.example"),
    ("AutoVerifyEmail", "true"),
    ("Providers", "Google,Corp"),
    ("LinkPolicy", "link"),
    ("LinkPolicy", "native"),
    ("LinkProviders", "Google"),
    ("DefaultGroup", ""),
    ("FirstUserGroup", "admins"),
    ("OnError", "fail"),
    ("EnsureUser", "true"),
    ("TokenClaims", "level"),
    ("TenantClaim", "custom:tenant"),
    ("SuppressClaims", "nickname"),
    ("GroupScopes", "editors=api/write"),
    ("ClientScopes", "1h57kf5cpq17m0eml12EXAMPLE=api/read"),
    ("GroupRoles", "admins=arn:aws:iam::111122223333:role/admins"),
    ("OnReadFailure", "deny"),
    ("CorsOrigins", "https://app.example.com"),
    ("ApiKeys", "0123456789abcdef"),
    ("ExistingUserPoolId", "eu-west-1_Ab12Cd34E"),
    ("ExistingSignInDomain", "my-app.auth.eu-west-1.amazoncognito.com"),
    ("ExistingTableName", "records"),
    ("TokenVersion", "V3_0"),
    ("SenderAddress", "hello@example.com"),
    ("SenderIdentity", "example.com"),
    ("CodeSignIn", "true"),
    ("AppName", "Notes"),
    ("CodeDigits", "6"),
    ("CodeSeconds", "900"),
    ("MessageLanguage", "en"),
    ("MessageAttributes", "name"),
    ("OldUserPoolId", "eu-west-1_Old"),
    ("OldClientId", "1h57kf5cpq17m0eml12EXAMPLE"),
    ("MigratedAttributes", "email,name"),
    ("DropSecondFactor", "true"),
    ("ForceAlias", "true"),
    ("MachineClient", "true"),
    ("DomainPrefix", "my-app"),
    ("IdentityPool", "false"),
    ("Guests", "true"),
    ("ApiDomainName", "api.example.com"),
    ("GraphqlIam", "true"),
    ("GraphqlApiKeyExpires", "1800000000"),
    ("HttpGraphql", "on"),
    ("OidcIssuer", "https://issuer.example"),
    ("OidcTokenUse", "id"),
    ("Authorizer", "jwt"),
    ("Authorizer", "lambda"),
    ("Authorizer", "function"),
    ("Authorizer", "arn:aws:lambda:eu-west-1:111122223333:function:own"),
    ("GraphqlAuthorizer", "function"),
    ("GraphqlAuthorizer", "arn:aws:lambda:eu-west-1:111122223333:function:own"),
    ("PasswordSignIn", "true"),
];

/// What goes with a value of those, where there is something.
const COMPANIONS: [(&str, &[(&str, &str)]); 9] = [
    ("ExistingSignInDomain", &[("ExistingUserPoolId", "eu-west-1_Ab12Cd34E")]),
    ("LinkPolicy", &[("Providers", "Google,Corp"), ("LinkProviders", "Google")]),
    ("ClientScopes", &[("TokenVersion", "V3_0")]),
    (
        "CodeSignIn",
        &[
            ("SenderAddress", "hello@example.com"),
            ("SenderIdentity", "example.com"),
            ("MfaConfiguration", "OFF"),
        ],
    ),
    ("OidcIssuer", &[("OidcAudiences", "notes")]),
    ("MessageLanguage", &[("MessageTemplates", MESSAGES)]),
    ("OldUserPoolId", &[("OldClientId", "1h57kf5cpq17m0eml12EXAMPLE")]),
    ("MachineClient", &[("DomainPrefix", "my-app")]),
    ("ApiDomainName", &[("ApiCertificateArn", "arn:aws:acm:eu-west-1:111122223333:certificate/1")]),
];

const MESSAGES: &str = r#"{"en": {"SignUp": {"subject": "Hello", "email": "{{code}}"}}}"#;

/// A function that finds a mistake in its variables does not start, and then nobody can sign in.
#[test]
fn each_function_starts_with_what_the_template_gives_it_whichever_two_parameters_are_changed() {
    let template = Template::read().unwrap();
    let mut started = 0;
    let mut wrong = Vec::new();
    for (index, first) in CHANGES.iter().enumerate() {
        for second in CHANGES.iter().skip(index) {
            let mut values = vec![*first, *second];
            for (name, with) in COMPANIONS {
                if first.0 == name || second.0 == name {
                    values.extend(with.iter().filter(|(with, _)| *with != first.0 && *with != second.0));
                }
            }
            let stack = Stack::new(&template, &values).unwrap();
            if !stack.refusals().unwrap().is_empty() {
                continue;
            }
            for (id, mistakes) in mistakes(&template, &stack) {
                started += 1;
                if !mistakes.is_empty() {
                    wrong.push(format!("{id} with {values:?}: {mistakes}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(started > 3000, "only {started} functions were started");
}

/// What each function of a stack says about its variables.
fn mistakes(template: &Template, stack: &Stack<'_>) -> Vec<(String, String)> {
    let said = |result: Result<(), String>| result.err().unwrap_or_default();
    let mut all = Vec::new();
    for (id, function) in stack.resources().unwrap() {
        if function["Type"] != "AWS::Serverless::Function" {
            continue;
        }
        let properties = effective(template, &function);
        let variables = stack.literal(&properties["Environment"]["Variables"]).unwrap();
        let lookup = |name: &str| match name {
            "AWS_REGION" => Some("eu-west-1".to_owned()),
            _ => variables
                .get(name)
                .map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        };
        let mistakes = match id {
            "ApiFunction" => {
                said(portcullis_api::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()))
            }
            "AuthorizerFunction" => {
                said(portcullis_authorizer::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()))
            }
            "ResolversFunction" => {
                said(portcullis_resolvers::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()))
            }
            "PreSignUpFunction" => {
                said(portcullis_pre_signup::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()))
            }
            "PostConfirmationFunction" => said(
                portcullis_post_confirmation::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()),
            ),
            "PreTokenGenerationFunction" => said(
                portcullis_pre_token_generation::Config::from_env(lookup)
                    .map(drop)
                    .map_err(|it| it.to_string()),
            ),
            "CustomChallengeFunction" => said(
                portcullis_custom_challenge::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()),
            ),
            "CustomMessageFunction" => said(
                portcullis_custom_message::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()),
            ),
            "UserMigrationFunction" => said(
                portcullis_user_migration::Config::from_env(lookup).map(drop).map_err(|it| it.to_string()),
            ),
            _ => panic!("{id} is not known here"),
        };
        all.push((id.to_owned(), mistakes));
    }
    all
}

#[test]
fn the_defaults_open_nothing_and_link_nobody() {
    let template = Template::read().unwrap();
    for (parameter, expected) in [
        ("LinkPolicy", "off"),
        ("LinkProviders", ""),
        ("EnsureUser", "false"),
        ("AutoVerifyEmail", "false"),
        ("Guests", "false"),
        ("PasswordSignIn", "false"),
        ("ApiKeys", ""),
        ("Authorizer", "none"),
        ("GraphqlAuthorizer", ""),
        ("CorsOrigins", ""),
        ("DropSecondFactor", "false"),
        ("ForceAlias", "false"),
    ] {
        let default = template.at(&format!("/Parameters/{parameter}/Default")).as_str();
        assert_eq!(default, Some(expected), "{parameter}");
    }
}
