//! What the AWS credentials of users and functions reach: the policies of the template, as an engine that others have written decides about
//! them. AWS's own engine cannot be run here; so this one is first held against what AWS documents.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod deployed;
mod engine;
mod functions;

use portcullis_tests::Template;
use serde_json::json;

use crate::{
    deployed::Deployed,
    engine::{Engine, Request},
};

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
const FILES: [(&str, &str, &[&str]); 39] = [
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
    // The parts of a large file.
    ("s3:AbortMultipartUpload", "public/a.png", EDITORS),
    ("s3:AbortMultipartUpload", "private/OWN/a.png", MEMBERS),
    ("s3:AbortMultipartUpload", "protected/OTHER/a.png", NOBODY),
    ("s3:ListMultipartUploadParts", "public/a.png", EDITORS),
    ("s3:ListMultipartUploadParts", "protected/OWN/a.png", MEMBERS),
    ("s3:ListMultipartUploadParts", "private/OTHER/a.png", NOBODY),
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
    // A file is read, written, in parts or as a whole, and deleted, and that is all.
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
fn credentials_sign_requests_to_the_apis_and_to_nothing_else() {
    let Some(engine) = Engine::installed() else { return };
    let template = Template::read().unwrap();
    let deployed = Deployed::new(&template, &[("Guests", "true")]);
    let api = |path: &str| format!("arn:aws:execute-api:eu-west-1:{ACCOUNT}:{path}");
    let appsync = |path: &str| format!("arn:aws:appsync:eu-west-1:{ACCOUNT}:apis/{path}");
    let (mut requests, mut expected) = (Vec::new(), Vec::new());
    for (kind, role) in KINDS {
        for (action, resource, allowed) in [
            ("execute-api:Invoke", api("SignedApi/$default/GET/notes/1"), true),
            ("execute-api:Invoke", api("SignedApi/$default/POST/notes"), true),
            ("execute-api:Invoke", api("SignedApi/other/GET/notes"), false),
            ("appsync:GraphQL", appsync("GraphqlApi/types/Query/fields/listNotes"), true),
            ("appsync:GraphQL", appsync("another/types/Query/fields/listNotes"), false),
            ("appsync:GetGraphqlApi", appsync("GraphqlApi"), false),
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
