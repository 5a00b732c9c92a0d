//! What the AWS credentials of users and functions reach: the policies of the template, as an engine that others have written decides about
//! them. AWS's own engine cannot be run here; so this one is first held against what AWS documents.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io::Write,
    process::{Command, Stdio},
};

use portcullis_tests::{Stack, Template, missing, npm_client};
use serde_json::{Map, Value, json};

const ACCOUNT: &str = "111122223333";
const OWN: &str = "eu-west-1:0a000000-0000-4000-8000-000000000001";
const OTHER: &str = "eu-west-1:0b000000-0000-4000-8000-000000000002";

/// Who has credentials of the identity pool, by the role that it gives them. A reader's, an editor's and an admin's role is that of the group.
const KINDS: [(&str, &str); 5] = [
    ("guest", "GuestRole"),
    ("member", "AuthenticatedRole"),
    ("reader", "ReadersRole"),
    ("editor", "EditorsRole"),
    ("admin", "AdminsRole"),
];
const ALL: &[&str] = &["guest", "member", "reader", "editor", "admin"];
const MEMBERS: &[&str] = &["member", "reader", "editor", "admin"];
const EDITORS: &[&str] = &["editor", "admin"];
const ADMINS: &[&str] = &["admin"];
const NOBODY: &[&str] = &[];

/// An action on a file, and who may. `OWN` is the caller's identity id, `OTHER` somebody else's.
const FILES: [(&str, &str, &[&str]); 33] = [
    ("s3:GetObject", "public/a.png", ALL),
    ("s3:PutObject", "public/a.png", EDITORS),
    ("s3:DeleteObject", "public/a.png", EDITORS),
    ("s3:GetObject", "protected/OWN/a.png", MEMBERS),
    ("s3:PutObject", "protected/OWN/a.png", MEMBERS),
    ("s3:DeleteObject", "protected/OWN/a.png", MEMBERS),
    ("s3:GetObject", "protected/OTHER/a.png", MEMBERS),
    ("s3:PutObject", "protected/OTHER/a.png", NOBODY),
    ("s3:DeleteObject", "protected/OTHER/a.png", ADMINS),
    ("s3:GetObject", "private/OWN/a.png", MEMBERS),
    ("s3:PutObject", "private/OWN/deep/a.png", MEMBERS),
    ("s3:DeleteObject", "private/OWN/a.png", MEMBERS),
    ("s3:GetObject", "private/OTHER/a.png", NOBODY),
    ("s3:PutObject", "private/OTHER/a.png", NOBODY),
    ("s3:DeleteObject", "private/OTHER/a.png", NOBODY),
    // Names that only look like the own prefix.
    ("s3:GetObject", "private/OWN", NOBODY),
    ("s3:GetObject", "private/OWN-2/a.png", NOBODY),
    ("s3:PutObject", "private//a.png", NOBODY),
    ("s3:PutObject", "private/a.png", NOBODY),
    ("s3:PutObject", "Private/OWN/a.png", NOBODY),
    ("s3:PutObject", "protected/a.png", NOBODY),
    ("s3:GetObject", "publications/a.png", NOBODY),
    ("s3:PutObject", "a.png", NOBODY),
    ("s3:GetObject", "admins/a.png", NOBODY),
    // A file is read, written and deleted, and that is all.
    ("s3:PutObjectAcl", "private/OWN/a.png", NOBODY),
    ("s3:PutObjectTagging", "private/OWN/a.png", NOBODY),
    ("s3:GetObjectVersion", "private/OWN/a.png", NOBODY),
    ("s3:DeleteObjectVersion", "private/OWN/a.png", NOBODY),
    ("s3:GetObjectVersion", "public/a.png", NOBODY),
    ("s3:RestoreObject", "private/OWN/a.png", NOBODY),
    ("s3:BypassGovernanceRetention", "private/OWN/a.png", NOBODY),
    ("s3:GetObjectAcl", "public/a.png", NOBODY),
    ("s3:ReplicateObject", "public/a.png", NOBODY),
];

/// A prefix that a list is restricted to, and who may have it.
const LISTS: [(&str, &[&str]); 9] = [
    ("public/", ALL),
    ("public/deep/", ALL),
    ("protected/", MEMBERS),
    ("protected/OTHER/", MEMBERS),
    ("private/OWN/", MEMBERS),
    ("private/OTHER/", NOBODY),
    ("private/", NOBODY),
    ("", NOBODY),
    ("p", NOBODY),
];

#[test]
fn the_engine_decides_as_aws_documents() {
    let Some(engine) = Engine::installed() else { return };
    let allow = |more: Value| statement("Allow", more);
    let home = "arn:aws:s3:::b/home/${cognito-identity.amazonaws.com:sub}/*";
    let sub = json!({ "cognito-identity.amazonaws.com:sub": OWN });
    let own = format!("arn:aws:s3:::b/home/{OWN}/a");
    let other = format!("arn:aws:s3:::b/home/{OTHER}/a");
    let keys = |operator: &str, keys: Value| {
        allow(
            json!({ "Action": "dynamodb:GetItem", "Resource": "*", "Condition": { operator: { "dynamodb:LeadingKeys": keys } } }),
        )
    };
    let table = "arn:aws:dynamodb:eu-west-1:111122223333:table/t";
    let documented = [
        // Policy evaluation logic: nothing is allowed that no policy allows, and a deny beats every allow.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
        (
            vec![allow(json!({ "Action": "s3:PutObject", "Resource": "*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": "*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "Allowed",
        ),
        (
            vec![
                allow(json!({ "Action": "s3:*", "Resource": "*" })),
                statement("Deny", json!({ "Action": "s3:Get*", "Resource": "arn:aws:s3:::b/*" })),
            ],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ExplicitlyDenied",
        ),
        // Wildcards: `*` stands for any characters, slashes too, `?` for one; actions are compared without case, resources with it.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
        (
            vec![allow(json!({ "Action": "S3:getobject", "Resource": "arn:aws:s3:::b/*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/x/y",
            json!({}),
            "Allowed",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/?" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/xy",
            json!({}),
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/A" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ImplicitlyDenied",
        ),
        // NotAction: all actions but these.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notaction.html
        (
            vec![allow(json!({ "NotAction": "s3:Delete*", "Resource": "*" }))],
            "s3:DeleteObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "NotAction": "s3:Delete*", "Resource": "*" }))],
            "s3:GetObject",
            "arn:aws:s3:::b/a",
            json!({}),
            "Allowed",
        ),
        // Policy variables, and one that the request does not have, which matches nothing.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": home }))],
            "s3:GetObject",
            &own,
            sub.clone(),
            "Allowed",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": home }))],
            "s3:GetObject",
            &other,
            sub,
            "ImplicitlyDenied",
        ),
        (
            vec![allow(json!({ "Action": "s3:GetObject", "Resource": home }))],
            "s3:GetObject",
            &own,
            json!({}),
            "ImplicitlyDenied",
        ),
        // Conditions with sets of values: ForAllValues holds for no value at all, ForAnyValue does not.
        // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        (
            vec![keys("ForAllValues:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({ "dynamodb:LeadingKeys": ["U#1", "U#2"] }),
            "Allowed",
        ),
        (
            vec![keys("ForAllValues:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({ "dynamodb:LeadingKeys": ["U#1", "N#2"] }),
            "ImplicitlyDenied",
        ),
        (
            vec![keys("ForAllValues:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({}),
            "Allowed",
        ),
        (
            vec![keys("ForAnyValue:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({ "dynamodb:LeadingKeys": ["N#1", "U#2"] }),
            "Allowed",
        ),
        (
            vec![keys("ForAnyValue:StringLike", json!("U#*"))],
            "dynamodb:GetItem",
            table,
            json!({}),
            "ImplicitlyDenied",
        ),
    ];
    let requests: Vec<Request> = documented
        .iter()
        .map(|(statements, action, resource, context, _)| Request {
            action: (*action).to_owned(),
            resource: (*resource).to_owned(),
            context: context.clone(),
            policies: vec![json!({ "Version": "2012-10-17", "Statement": statements })],
            ..Request::default()
        })
        .collect();
    let expected: Vec<_> = documented.iter().map(|it| it.4).collect();
    assert_eq!(engine.decide(&requests), expected);
    let nothing = Request {
        action: "s3:GetObject".to_owned(),
        resource: "arn:aws:s3:::b/a".to_owned(),
        ..Request::default()
    };
    assert_eq!(engine.decide(&[nothing]), ["ImplicitlyDenied"]);
}

#[test]
fn users_reach_their_own_files_and_guests_only_public_ones() {
    let Some(engine) = Engine::installed() else { return };
    let template = Template::read().unwrap();
    let deployed = Deployed::new(&template, &[("Guests", "true")]);
    let named = |text: &str| text.replace("OWN", OWN).replace("OTHER", OTHER);
    let (mut requests, mut expected) = (Vec::new(), Vec::new());
    for (kind, role) in KINDS {
        let sub = json!({ "cognito-identity.amazonaws.com:sub": OWN });
        for (action, key, who) in FILES {
            requests.push(deployed.request(
                role,
                action,
                &format!("arn:aws:s3:::files/{}", named(key)),
                &sub,
            ));
            expected.push((kind, action, key, who.contains(&kind)));
        }
        for (prefix, who) in LISTS {
            let context = json!({ "cognito-identity.amazonaws.com:sub": OWN, "s3:prefix": named(prefix) });
            requests.push(deployed.request(role, "s3:ListBucket", "arn:aws:s3:::files", &context));
            expected.push((kind, "s3:ListBucket", prefix, who.contains(&kind)));
        }
        // A list of everything, the bucket's own settings, another bucket, and nobody's prefix.
        for (action, resource, context) in [
            ("s3:ListBucket", "arn:aws:s3:::files", &sub),
            ("s3:ListBucketVersions", "arn:aws:s3:::files", &sub),
            ("s3:PutBucketPolicy", "arn:aws:s3:::files", &sub),
            ("s3:GetObject", "arn:aws:s3:::other/public/a.png", &sub),
            ("s3:GetObject", &format!("arn:aws:s3:::files/private/{OWN}/a.png"), &json!({})),
            ("s3:GetObject", "arn:aws:s3:::files/private//a.png", &json!({})),
        ] {
            requests.push(deployed.request(role, action, resource, context));
            expected.push((kind, action, "what nobody has", false));
        }
    }
    deployed.assert(&engine, &requests, &expected);
}

#[test]
fn nobody_reaches_a_file_over_a_connection_that_is_not_encrypted() {
    let Some(engine) = Engine::installed() else { return };
    let template = Template::read().unwrap();
    let deployed = Deployed::new(&template, &[("Guests", "true")]);
    let bucket_policy = deployed.literal("/Resources/FilesPolicy/Properties/PolicyDocument");
    let (mut requests, mut expected) = (Vec::new(), Vec::new());
    for (_, role) in KINDS {
        for (encrypted, answer) in [("true", "Allowed"), ("false", "ExplicitlyDenied")] {
            let context = json!({ "aws:SecureTransport": encrypted });
            let mut request =
                deployed.request(role, "s3:GetObject", "arn:aws:s3:::files/public/a.png", &context);
            request.resource_policy = Some(bucket_policy.clone());
            requests.push(request);
            expected.push(answer);
        }
    }
    assert_eq!(engine.decide(&requests), expected);
}

#[test]
fn credentials_sign_requests_to_the_one_api_and_to_nothing_else() {
    let Some(engine) = Engine::installed() else { return };
    let template = Template::read().unwrap();
    let deployed = Deployed::new(&template, &[("Guests", "true")]);
    let api = |path: &str| format!("arn:aws:execute-api:eu-west-1:{ACCOUNT}:{path}");
    let (mut requests, mut expected) = (Vec::new(), Vec::new());
    for (kind, role) in KINDS {
        for (action, resource, allowed) in [
            ("execute-api:Invoke", api("SignedApi/$default/GET/notes/1"), true),
            ("execute-api:Invoke", api("SignedApi/$default/POST/notes"), true),
            ("execute-api:Invoke", api("SignedApi/other/GET/notes"), false),
            ("execute-api:Invoke", api("Api/$default/GET/notes"), false),
            ("execute-api:ManageConnections", api("SignedApi/$default/POST/@connections/x"), false),
            ("dynamodb:GetItem", format!("arn:aws:dynamodb:eu-west-1:{ACCOUNT}:table/Table"), false),
            (
                "lambda:InvokeFunction",
                format!("arn:aws:lambda:eu-west-1:{ACCOUNT}:function:ApiFunction"),
                false,
            ),
            (
                "cognito-idp:AdminAddUserToGroup",
                format!("arn:aws:cognito-idp:eu-west-1:{ACCOUNT}:userpool/eu-west-1_UserPool"),
                false,
            ),
            ("sts:AssumeRole", format!("arn:aws:iam::{ACCOUNT}:role/AdminsRole"), false),
        ] {
            requests.push(deployed.request(role, action, &resource, &json!({})));
            expected.push((kind, action, "", allowed));
        }
    }
    deployed.assert(&engine, &requests, &expected);
}

#[test]
fn a_role_is_given_by_the_one_pool_and_never_to_a_guest_in_place_of_a_member() {
    let Some(engine) = Engine::installed() else { return };
    let template = Template::read().unwrap();
    let deployed = Deployed::new(&template, &[("Guests", "true")]);
    let aud = "cognito-identity.amazonaws.com:aud";
    let amr = "cognito-identity.amazonaws.com:amr";
    let pool = deployed.literal_of(&json!({ "Ref": "MembersPool" }));
    let provider = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_UserPool";
    let member = json!(["authenticated", provider, format!("{provider}:CognitoSignIn:u1")]);
    let guest = json!(["unauthenticated"]);
    let (mut requests, mut expected) = (Vec::new(), Vec::new());
    for (kind, role) in KINDS {
        let is_guest = kind == "guest";
        for (context, action, allowed) in [
            (json!({ aud: pool, amr: member }), "sts:AssumeRoleWithWebIdentity", !is_guest),
            (json!({ aud: pool, amr: guest }), "sts:AssumeRoleWithWebIdentity", is_guest),
            (
                json!({ aud: "eu-west-1:somebody-elses-pool", amr: member }),
                "sts:AssumeRoleWithWebIdentity",
                false,
            ),
            (
                json!({ aud: "eu-west-1:somebody-elses-pool", amr: guest }),
                "sts:AssumeRoleWithWebIdentity",
                false,
            ),
            (json!({ aud: pool }), "sts:AssumeRoleWithWebIdentity", false),
            (json!({ amr: member }), "sts:AssumeRoleWithWebIdentity", false),
            (json!({ aud: pool, amr: member }), "sts:TagSession", false),
        ] {
            let trust = deployed.literal(&format!("/Resources/{role}/Properties/AssumeRolePolicyDocument"));
            requests.push(Request {
                principal: "cognito-identity.amazonaws.com".to_owned(),
                action: action.to_owned(),
                resource: format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
                context,
                resource_policy: Some(trust),
                ..Request::default()
            });
            expected.push((kind, action, "trust", allowed));
        }
    }
    deployed.assert(&engine, &requests, &expected);
}

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
    let cases: Vec<(&[(&str, &str)], &str, &str, &str, &Value, bool)> = vec![
        (&[], "ApiRole", "dynamodb:GetItem", &table, &item, true),
        (&[], "ApiRole", "dynamodb:BatchGetItem", &table, &item, true),
        (&[], "ApiRole", "dynamodb:Query", &table, &item, true),
        (&[], "ApiRole", "dynamodb:PutItem", &table, &item, true),
        (&[], "ApiRole", "dynamodb:DeleteItem", &table, &item, true),
        // A profile names groups that its user's next token will carry.
        (&[], "ApiRole", "dynamodb:GetItem", &table, &profile, false),
        (&[], "ApiRole", "dynamodb:PutItem", &table, &profile, false),
        (&[], "ApiRole", "dynamodb:BatchGetItem", &table, &both, false),
        (&[], "ApiRole", "dynamodb:PutItem", &table, &settings, false),
        (&[], "ApiRole", "dynamodb:Scan", &table, &item, false),
        (&[], "ApiRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, false),
        (&[], "PostConfirmationRole", "dynamodb:PutItem", &table, &profile, true),
        (&[], "PostConfirmationRole", "dynamodb:UpdateItem", &table, &settings, true),
        (&[], "PostConfirmationRole", "dynamodb:PutItem", &table, &item, false),
        (&[], "PostConfirmationRole", "dynamodb:DeleteItem", &table, &profile, false),
        (&[], "PostConfirmationRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, true),
        (&[], "PostConfirmationRole", "cognito-idp:AdminGetUser", &pool, &item, false),
        (&[], "PreTokenGenerationRole", "dynamodb:GetItem", &table, &profile, true),
        (&[], "PreTokenGenerationRole", "dynamodb:GetItem", &table, &item, false),
        (&[], "PreTokenGenerationRole", "dynamodb:PutItem", &table, &profile, false),
        (&[], "PreTokenGenerationRole", "cognito-idp:AdminAddUserToGroup", &pool, &item, false),
        (&[("EnsureUser", "true")], "PreTokenGenerationRole", "dynamodb:PutItem", &table, &profile, true),
        (&[("EnsureUser", "true")], "PreTokenGenerationRole", "dynamodb:PutItem", &table, &item, false),
        (
            &[("EnsureUser", "true")],
            "PreTokenGenerationRole",
            "cognito-idp:AdminAddUserToGroup",
            &pool,
            &item,
            true,
        ),
        (
            &[("EnsureUser", "true"), ("DefaultGroup", "")],
            "PreTokenGenerationRole",
            "cognito-idp:AdminAddUserToGroup",
            &pool,
            &item,
            false,
        ),
        (&[], "PreSignUpRole", "cognito-idp:ListUsers", &pool, &item, false),
        (&[], "PreSignUpRole", "dynamodb:GetItem", &table, &profile, false),
        (LINKS, "PreSignUpRole", "cognito-idp:ListUsers", &pool, &item, true),
        (LINKS, "PreSignUpRole", "cognito-idp:AdminLinkProviderForUser", &pool, &item, true),
        (LINKS, "PreSignUpRole", "cognito-idp:AdminCreateUser", &pool, &item, false),
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
    let mail =
        [("SenderAddress", "hello@example.com"), ("SenderIdentity", "example.com"), ("CodeSignIn", "true")];
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

const LINKS: &[(&str, &str)] =
    &[("LinkPolicy", "link"), ("Providers", "Google"), ("LinkProviders", "Google")];
const MIGRATES: &[(&str, &str)] = &[("OldUserPoolId", "eu-central-1_Old"), ("OldClientId", "c")];
const OLD_POOL: &str = "arn:aws:cognito-idp:eu-central-1:111122223333:userpool/eu-central-1_Old";

fn statement(effect: &str, more: Value) -> Value {
    let Value::Object(mut statement) = more else { panic!("{more}") };
    statement.insert("Effect".to_owned(), json!(effect));
    Value::Object(statement)
}

/// A stack with the policies of its roles.
struct Deployed<'a> {
    template: &'a Template,
    stack: Stack<'a>,
}

impl<'a> Deployed<'a> {
    fn new(template: &'a Template, values: &[(&str, &str)]) -> Self {
        let stack = Stack::new(template, values).unwrap();
        assert_eq!(stack.refusals().unwrap(), [""; 0], "{values:?}");
        Self { template, stack }
    }

    fn literal(&self, pointer: &str) -> Value {
        self.literal_of(self.template.at(pointer))
    }

    fn literal_of(&self, value: &Value) -> Value {
        self.stack.literal(value).unwrap()
    }

    /// Every policy of a role, those in it and those that name it.
    fn policies(&self, role: &str) -> Vec<Value> {
        let resources = self.stack.resources().unwrap();
        assert!(resources.contains_key(role), "there is no {role}");
        let mut policies = Vec::new();
        for (id, resource) in resources {
            let properties = &resource["Properties"];
            if id == role {
                assert!(
                    properties.get("ManagedPolicyArns").is_none(),
                    "{role} has a policy that is not looked at"
                );
                let own = properties.get("Policies").and_then(Value::as_array).into_iter().flatten();
                policies.extend(own.map(|policy| self.literal_of(&policy["PolicyDocument"])));
            } else if resource["Type"] == "AWS::IAM::Policy" {
                let roles = properties["Roles"].as_array().unwrap();
                if roles.contains(&json!({ "Ref": role })) {
                    policies.push(self.literal_of(&properties["PolicyDocument"]));
                }
            }
        }
        policies
    }

    fn request(&self, role: &str, action: &str, resource: &str, context: &Value) -> Request {
        Request {
            principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/{role}/session"),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: context.clone(),
            policies: self.policies(role),
            resource_policy: None,
        }
    }

    fn assert(&self, engine: &Engine, requests: &[Request], expected: &[(&str, &str, &str, bool)]) {
        let answers = engine.decide(requests);
        assert_eq!(answers.len(), expected.len());
        let wrong: Vec<_> = answers
            .iter()
            .zip(expected)
            .filter(|(answer, (.., allowed))| (*answer == "Allowed") != *allowed)
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert!(answers.iter().any(|answer| answer == "Allowed"), "nothing is allowed at all");
    }
}

/// What an engine is asked.
struct Request {
    principal: String,
    action: String,
    resource: String,
    context: Value,
    policies: Vec<Value>,
    resource_policy: Option<Value>,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            principal: format!("arn:aws:sts::{ACCOUNT}:assumed-role/role/session"),
            action: String::new(),
            resource: String::new(),
            context: Value::Object(Map::new()),
            policies: Vec::new(),
            resource_policy: None,
        }
    }
}

/// `@cloud-copilot/iam-simulate`, in Node.
struct Engine {
    script: std::path::PathBuf,
}

impl Engine {
    /// The engine; nothing where Node is missing, which is said aloud.
    fn installed() -> Option<Self> {
        if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
            return None;
        }
        Some(Self { script: npm_client("policy-engine", "evaluate.js").unwrap() })
    }

    fn decide(&self, requests: &[Request]) -> Vec<String> {
        let requests: Vec<Value> = requests
            .iter()
            .map(|request| {
                let policies = request.policies.iter().enumerate();
                let policies: Vec<Value> = policies
                    .map(|(index, policy)| json!({ "name": index.to_string(), "policy": policy }))
                    .collect();
                json!({
                    "principal": request.principal,
                    "action": request.action,
                    "resource": request.resource,
                    "account": ACCOUNT,
                    "context": request.context,
                    "policies": policies,
                    "resourcePolicy": request.resource_policy,
                })
            })
            .collect();
        let mut node = Command::new("node");
        node.arg(&self.script).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut node = node.spawn().unwrap();
        let mut input = node.stdin.take().unwrap();
        let asked = json!({ "requests": requests }).to_string();
        // Written from elsewhere, so that neither side waits for the other.
        let writer = std::thread::spawn(move || input.write_all(asked.as_bytes()));
        let ended = node.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        let mut answered: Value = serde_json::from_slice(&ended.stdout).unwrap();
        serde_json::from_value(answered["answers"].take()).unwrap()
    }
}
