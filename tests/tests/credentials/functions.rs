//! What the roles of the functions reach.

use portcullis_tests::Template;
use serde_json::{Value, json};

use crate::{ACCOUNT, deployed::Deployed, engine::Engine};

/// Values of parameters.
type Values = &'static [(&'static str, &'static str)];

const DEFAULTS: Values = &[];
const ENSURES: Values = &[("EnsureUser", "true")];
const ENSURES_ALONE: Values = &[("EnsureUser", "true"), ("DefaultGroup", "")];
const LINKS: Values = &[("LinkPolicy", "link"), ("Providers", "Google"), ("LinkProviders", "Google")];
const MIGRATES: Values = &[("OldUserPoolId", "eu-central-1_Old"), ("OldClientId", "c")];
const OLD_POOL: &str = "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_Old";

/// What a function's code calls, with the leading key of the table where there is one; and what it must not.
#[test]
fn a_function_reaches_the_rows_and_users_that_its_code_asks_for_and_no_others() {
    let Some(engine) = Engine::installed() else { return };
    let template = Template::read().unwrap();
    let table = format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Table");
    let pool = format!("arn:aws:cognito-idp:eu-west-1:{ACCOUNT}:userpool/eu-west-1_UserPool");
    let rows = |keys: &[&str]| json!({ "dynamodb:LeadingKeys": keys });
    let (item, profile, settings) = (rows(&["Note#1"]), rows(&["USER#1"]), rows(&["SETTINGS"]));
    let both = rows(&["Note#1", "USER#1"]);
    let cases: [(Values, &str, &str, &str, &Value, bool); 42] = [
        (DEFAULTS, "ApiRole", "dynamodb:GetItem", &table, &item, true),
        (DEFAULTS, "ApiRole", "dynamodb:BatchGetItem", &table, &item, true),
        (DEFAULTS, "ApiRole", "dynamodb:Query", &table, &item, true),
        (DEFAULTS, "ApiRole", "dynamodb:PutItem", &table, &item, true),
        (DEFAULTS, "ApiRole", "dynamodb:DeleteItem", &table, &item, true),
        // A profile names groups that its user's next token will carry.
        (DEFAULTS, "ApiRole", "dynamodb:GetItem", &table, &profile, false),
        (DEFAULTS, "ApiRole", "dynamodb:PutItem", &table, &profile, false),
        (DEFAULTS, "ApiRole", "dynamodb:BatchGetItem", &table, &both, false),
        (DEFAULTS, "ApiRole", "dynamodb:PutItem", &table, &settings, false),
        (DEFAULTS, "ApiRole", "dynamodb:Scan", &table, &item, false),
        (DEFAULTS, "ApiRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, false),
        (DEFAULTS, "ResolversRole", "dynamodb:PutItem", &table, &item, true),
        (DEFAULTS, "ResolversRole", "dynamodb:PutItem", &table, &profile, false),
        (DEFAULTS, "ResolversRole", "dynamodb:Scan", &table, &item, false),
        (DEFAULTS, "ResolversRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, false),
        (DEFAULTS, "PostConfirmationRole", "dynamodb:PutItem", &table, &profile, true),
        (DEFAULTS, "PostConfirmationRole", "dynamodb:UpdateItem", &table, &settings, true),
        (DEFAULTS, "PostConfirmationRole", "dynamodb:PutItem", &table, &item, false),
        (DEFAULTS, "PostConfirmationRole", "dynamodb:DeleteItem", &table, &profile, false),
        (DEFAULTS, "PostConfirmationRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, true),
        (DEFAULTS, "PostConfirmationRole", "cognito-idp:AdminGetUser", &pool, &item, false),
        (DEFAULTS, "PreTokenGenerationRole", "dynamodb:GetItem", &table, &profile, true),
        (DEFAULTS, "PreTokenGenerationRole", "dynamodb:GetItem", &table, &item, false),
        (DEFAULTS, "PreTokenGenerationRole", "dynamodb:PutItem", &table, &profile, false),
        (DEFAULTS, "PreTokenGenerationRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, false),
        (ENSURES, "PreTokenGenerationRole", "dynamodb:PutItem", &table, &profile, true),
        (ENSURES, "PreTokenGenerationRole", "dynamodb:PutItem", &table, &item, false),
        (ENSURES, "PreTokenGenerationRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, true),
        (ENSURES_ALONE, "PreTokenGenerationRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, false),
        (DEFAULTS, "PreSignUpRole", "cognito-idp:ListUsers", &pool, &item, false),
        (DEFAULTS, "PreSignUpRole", "dynamodb:GetItem", &table, &profile, false),
        (LINKS, "PreSignUpRole", "cognito-idp:ListUsers", &pool, &item, true),
        (LINKS, "PreSignUpRole", "cognito-idp:AdminLinkProviderForUser", &pool, &item, true),
        (LINKS, "PreSignUpRole", "cognito-idp:AdminGetUser", &pool, &item, true),
        (LINKS, "PreSignUpRole", "cognito-idp:AdminCreateUser", &pool, &item, false),
        (LINKS, "PreSignUpRole", "cognito-idp:AdminDisableProviderForUser", &pool, &item, false),
        (LINKS, "PreSignUpRole", "cognito-idp:AdminDeleteUser", &pool, &item, false),
        (LINKS, "PreSignUpRole", "cognito-idp:ListUsers", OLD_POOL, &item, false),
        (MIGRATES, "UserMigrationRole", "cognito-idp:AdminInitiateAuth", OLD_POOL, &item, true),
        (MIGRATES, "UserMigrationRole", "cognito-idp:AdminGetUser", OLD_POOL, &item, true),
        (MIGRATES, "UserMigrationRole", "cognito-idp:AdminGetUser", &pool, &item, false),
        (MIGRATES, "UserMigrationRole", "cognito-idp:AdminDeleteUser", OLD_POOL, &item, false),
    ];
    let (mut requests, mut expected) = (Vec::new(), Vec::new());
    for (values, role, action, resource, context, allowed) in cases {
        requests.push(Deployed::new(&template, values).request(role, action, resource, context));
        expected.push((role, action, resource, allowed));
    }
    let mail = [
        ("SenderAddress", "hello@example.com"),
        ("SenderIdentity", "example.com"),
        ("CodeSignIn", "true"),
        ("MfaConfiguration", "OFF"),
    ];
    let identity = format!("arn:aws:ses:eu-west-1:{ACCOUNT}:identity/example.com");
    for (from, allowed) in [("hello@example.com", true), ("ceo@example.com", false)] {
        let context = json!({ "ses:FromAddress": from });
        requests.push(Deployed::new(&template, &mail).request(
            "CustomChallengeRole",
            "ses:SendEmail",
            &identity,
            &context,
        ));
        expected.push(("CustomChallengeRole", "ses:SendEmail", from, allowed));
    }
    Deployed::new(&template, &[]).assert(&engine, &requests, &expected);
}
