//! Who may do what with AWS: no wider than it must be, and no role without its trust spelt out.

use std::collections::BTreeSet;

use portcullis_tests::Template;
use serde_json::{Value, json};

use crate::{condition_of, policy_statements, pool_arn, texts};

const PREFIX: &str = "a prefix of the bucket";
const TRACING: &str = "the two actions of X-Ray know no resources";

/// A wildcard in a policy: the resource that holds it, the action or resource, and why nothing narrower does.
const WILDCARDS: [(&str, &str, &str); 21] = [
    ("PreSignUpRole", "*", TRACING),
    ("PostConfirmationRole", "*", TRACING),
    ("PreTokenGenerationRole", "*", TRACING),
    ("ApiRole", "*", TRACING),
    ("ResolversRole", "*", TRACING),
    ("AuthorizerRole", "*", TRACING),
    ("CustomChallengeRole", "*", TRACING),
    ("CustomMessageRole", "*", TRACING),
    ("UserMigrationRole", "*", TRACING),
    (
        "SignedCallsPolicy",
        "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${SignedApi}/$default/*",
        "the function behind the API decides by the rules",
    ),
    ("SignedCallsPolicy", "${GraphqlApi.Arn}/*", "the function behind the API decides by the rules"),
    ("FilesPolicy", "*", "it denies, to everybody"),
    ("FilesPolicy", "s3:*", "it denies, whatever it is"),
    ("FilesPolicy", "${Files.Arn}/*", "it denies, whatever is in the bucket"),
    ("MemberFilesPolicy", "${Files.Arn}/public/*", PREFIX),
    ("MemberFilesPolicy", "${Files.Arn}/protected/*", PREFIX),
    ("MemberFilesPolicy", "${Files.Arn}/protected/${!cognito-identity.amazonaws.com:sub}/*", PREFIX),
    ("MemberFilesPolicy", "${Files.Arn}/private/${!cognito-identity.amazonaws.com:sub}/*", PREFIX),
    ("PublisherFilesPolicy", "${Files.Arn}/public/*", PREFIX),
    ("ModeratorFilesPolicy", "${Files.Arn}/protected/*", PREFIX),
    ("GuestFilesPolicy", "${Files.Arn}/public/*", PREFIX),
];

#[test]
fn a_policy_has_a_wildcard_only_for_a_listed_reason() {
    let template = Template::read().unwrap();
    let mut statements = 0;
    let mut used: BTreeSet<&(&str, &str, &str)> = BTreeSet::new();
    for (id, statement) in policy_statements(&template) {
        statements += 1;
        for property in ["Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal"] {
            for text in texts(statement.get(property).unwrap_or(&Value::Null)) {
                let listed =
                    WILDCARDS.iter().find(|(policy, wildcard, _)| (*policy, *wildcard) == (id, text));
                assert!(!text.contains('*') || listed.is_some(), "{id} has `{text}` in {property}");
                used.extend(listed);
            }
        }
        for says_what_it_denies in ["NotAction", "NotResource", "NotPrincipal"] {
            assert!(statement.get(says_what_it_denies).is_none(), "{id} has {says_what_it_denies}");
        }
        if texts(statement.get("Principal").unwrap_or(&Value::Null)).contains(&"*") {
            assert_eq!(statement["Effect"], "Deny", "{id}");
        }
    }
    assert!(statements > 20, "only {statements} statements were found");
    let unused: Vec<_> = WILDCARDS.iter().filter(|it| !used.contains(it)).collect();
    assert!(unused.is_empty(), "{unused:?} are no longer there");
}

#[test]
fn each_role_trusts_one_service_or_the_identities_of_the_one_pool() {
    let template = Template::read().unwrap();
    let function_roles: BTreeSet<&str> = template
        .of_type("AWS::Serverless::Function")
        .map(|(_, function)| {
            function.pointer("/Properties/Role/Fn::GetAtt/0").and_then(Value::as_str).unwrap()
        })
        .collect();
    let pool_roles = [
        ("AuthenticatedRole", "authenticated"),
        ("AdminsRole", "authenticated"),
        ("EditorsRole", "authenticated"),
        ("ReadersRole", "authenticated"),
        ("GuestRole", "unauthenticated"),
    ];
    let mut found = 0;
    for (id, role) in template.of_type("AWS::IAM::Role") {
        let trust = role.pointer("/Properties/AssumeRolePolicyDocument/Statement").unwrap();
        if function_roles.contains(id) {
            let lambda = json!([{
                "Effect": "Allow",
                "Principal": { "Service": "lambda.amazonaws.com" },
                "Action": "sts:AssumeRole",
            }]);
            assert_eq!(trust, &lambda, "{id}");
        } else if let Some((_, amr)) = pool_roles.iter().find(|(listed, _)| *listed == id) {
            found += 1;
            let members = json!([{
                "Effect": "Allow",
                "Principal": { "Federated": "cognito-identity.amazonaws.com" },
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    // Without the pool's id, every identity pool of every account could give this role out.
                    "StringEquals": { "cognito-identity.amazonaws.com:aud": { "Ref": "MembersPool" } },
                    "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": amr },
                },
            }]);
            assert_eq!(trust, &members, "{id}");
            assert!(role.pointer("/Properties/Policies").is_none(), "{id} has a policy of its own");
        } else if ["GraphqlLogsRole", "ResolversDataSourceRole"].contains(&id) {
            assert_eq!(trust[0]["Principal"], json!({ "Service": "appsync.amazonaws.com" }), "{id}");
            assert_eq!((&trust[0]["Action"], &trust[1]), (&json!("sts:AssumeRole"), &Value::Null), "{id}");
        } else {
            assert!(APPSYNC_ROLES.contains(&id), "{id} is neither of a function nor of the identity pool");
            let principals: Vec<&Value> =
                trust.as_array().unwrap().iter().map(|it| &it["Principal"]).collect();
            assert_eq!(principals, [&json!({ "Service": "appsync.amazonaws.com" })], "{id}");
        }
    }
    assert_eq!(found, pool_roles.len());
}

/// The roles that AppSync takes.
const APPSYNC_ROLES: [&str; 2] = ["GraphqlLogsRole", "ResolversDataSourceRole"];

#[test]
fn a_member_has_the_role_that_the_token_names_or_the_plain_one_and_a_guest_the_role_for_guests() {
    let template = Template::read().unwrap();
    let attached = template.at("/Resources/MembersPoolRoles/Properties");
    let guest =
        json!({ "Fn::If": ["HasGuests", { "Fn::GetAtt": ["GuestRole", "Arn"] }, { "Ref": "AWS::NoValue" }] });
    assert_eq!(
        attached["Roles"],
        json!({ "authenticated": { "Fn::GetAtt": ["AuthenticatedRole", "Arn"] }, "unauthenticated": guest })
    );
    let mapping = &attached["RoleMappings"]["UserPool"];
    assert_eq!(
        (&mapping["Type"], &mapping["AmbiguousRoleResolution"]),
        (&json!("Token"), &json!("AuthenticatedRole"))
    );

    let pool = template.at("/Resources/MembersPool/Properties");
    assert_eq!(pool["AllowClassicFlow"], false);
    assert_eq!(pool["AllowUnauthenticatedIdentities"], json!({ "Fn::If": ["HasGuests", true, false] }));
    assert_eq!(pool["CognitoIdentityProviders"][0]["ServerSideTokenCheck"], true);

    for group in ["Admins", "Editors", "Readers"] {
        let role = template.at(&format!("/Resources/{group}Group/Properties/RoleArn"));
        let arn = json!({ "Fn::GetAtt": [format!("{group}Role"), "Arn"] });
        assert_eq!(role, &json!({ "Fn::If": ["HasIdentityPool", arn, { "Ref": "AWS::NoValue" }] }));
    }
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
        &[
            "cognito-idp:AdminCreateUser",
            "cognito-idp:AdminSetUserPassword",
            "cognito-idp:AdminDisableProviderForUser",
        ],
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
        // Which may look at the users of the old pool, and at no others.
        if id == "UserMigrationRole" || !actions.iter().any(|action| action.starts_with("cognito-idp:")) {
            continue;
        }
        let listed = USER_PERMISSIONS.iter().find(|(policy, ..)| *policy == id);
        let (_, role, condition, expected) = listed.unwrap_or_else(|| panic!("{id} is not listed"));
        let policy = template.at(&format!("/Resources/{id}"));
        assert_eq!(actions, *expected, "{id}");
        assert_eq!(statement["Resource"], pool_arn(), "{id}");
        assert_eq!(policy["Properties"]["Roles"], json!([{ "Ref": role }]), "{id}");
        assert_eq!(condition_of(policy), *condition, "{id}");
        found.insert(id);
    }
    assert_eq!(found, USER_PERMISSIONS.map(|(policy, ..)| policy).into());
}

#[test]
fn the_bucket_is_closed_to_the_public_and_to_whoever_does_not_encrypt() {
    let template = Template::read().unwrap();
    let bucket = template.at("/Resources/Files/Properties");
    for switch in ["BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"] {
        assert_eq!(bucket["PublicAccessBlockConfiguration"][switch], true, "{switch}");
    }
    assert_eq!(
        bucket["OwnershipControls"],
        json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] })
    );
    assert_eq!(texts(&bucket["BucketEncryption"]), ["AES256"]);
    let policy = template.at("/Resources/FilesPolicy");
    assert_eq!(condition_of(policy), condition_of(template.at("/Resources/Files")));
    let condition = json!({ "Bool": { "aws:SecureTransport": "false" } });
    assert_eq!(policy.pointer("/Properties/PolicyDocument/Statement/0/Condition"), Some(&condition));
}
