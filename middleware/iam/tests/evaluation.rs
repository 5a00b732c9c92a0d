//! Policies and what they say to requests: the examples that AWS documents, and what they leave open.

#![expect(clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use portcullis_iam::{Context, Decision, InvalidPolicy, Policy, Principal, Request, TrustPolicy};
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

const OBJECT: &str = "arn:aws:s3:::uploads/private/ada/a.txt";

fn policy(statements: &Value) -> Result<Policy, InvalidPolicy> {
    Policy::parse(&json!({ "Version": "2012-10-17", "Statement": statements }))
}

fn decide(statements: &Value, action: &str, resource: &str, context: &Context) -> Decision {
    let policy = policy(statements).unwrap_or_else(|error| panic!("{statements}: {error}"));
    Decision::of([&policy], &Request::new(action, resource, context))
}

/// Whether a statement with this condition allows, and whether it denies what another allows.
fn holds(condition: &Value, context: &Context) -> (bool, bool) {
    let allow =
        json!({ "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition });
    let deny = json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "s3:GetObject", "Resource": "*", "Condition": condition },
    ]);
    (
        decide(&allow, "s3:GetObject", OBJECT, context).is_allowed(),
        decide(&deny, "s3:GetObject", OBJECT, context) == Decision::Denied,
    )
}

#[test]
fn actions_match_with_wildcards_and_without_regard_to_case() {
    for (element, pattern, action, expected) in [
        ("Action", json!("s3:GetObject"), "s3:GetObject", true),
        ("Action", json!("S3:getobject"), "s3:GetObject", true),
        ("Action", json!("s3:Get*"), "s3:GetObject", true),
        ("Action", json!("s3:Get*"), "s3:PutObject", false),
        ("Action", json!("s3:?etObject"), "s3:GetObject", true),
        ("Action", json!("s3:*Object"), "s3:GetObjectAcl", false),
        ("Action", json!("*"), "execute-api:Invoke", true),
        ("Action", json!("execute-api:*"), "s3:GetObject", false),
        ("Action", json!(["s3:PutObject", "s3:GetObject"]), "s3:GetObject", true),
        ("NotAction", json!("s3:*"), "s3:GetObject", false),
        ("NotAction", json!("s3:*"), "execute-api:Invoke", true),
        ("NotAction", json!(["iam:*", "S3:GETOBJECT"]), "s3:GetObject", false),
    ] {
        let statement = json!({ "Effect": "Allow", element: pattern, "Resource": "*" });
        let decision = decide(&statement, action, OBJECT, &Context::new());
        assert_eq!(decision.is_allowed(), expected, "{element} {pattern} {action}");
    }
}

#[test]
fn resources_match_part_by_part_and_the_last_part_as_a_whole() {
    let api = |path: &str| format!("arn:aws:execute-api:eu-west-1:111122223333:abc/prod/{path}");
    for (element, pattern, resource, expected) in [
        ("Resource", json!("*"), api("GET/notes"), true),
        ("Resource", json!(api("GET/notes")), api("GET/notes"), true),
        ("Resource", json!(api("GET/notes")), api("get/notes"), false),
        ("Resource", json!(api("GET/*")), api("GET/notes/1"), true),
        ("Resource", json!(api("GET/*")), api("POST/notes"), false),
        ("Resource", json!(api("*/notes")), api("GET/notes"), true),
        ("Resource", json!(api("*/notes")), api("GET/a/notes"), true),
        ("Resource", json!(api("GET/note?")), api("GET/notes"), true),
        ("Resource", json!("arn:aws:execute-api:*:111122223333:abc/*"), api("GET/notes"), true),
        ("Resource", json!("arn:*:execute-api:*:*:*"), api("GET/notes"), true),
        // A wildcard of a part does not reach into the next.
        ("Resource", json!("arn:aws:execute-api:*:*:GET/notes"), api("GET/notes"), false),
        ("Resource", json!("arn:aws:*:eu-west-1:999999999999:*"), api("GET/notes"), false),
        ("Resource", json!("arn:aws:s3:::*"), "arn:aws:s3:::a/b:c/d".to_owned(), true),
        ("Resource", json!("arn:aws:s3:::*"), "no arn at all".to_owned(), false),
        ("NotResource", json!(api("GET/*")), api("POST/notes"), true),
        ("NotResource", json!(api("GET/*")), api("GET/notes"), false),
        ("NotResource", json!([api("GET/*"), api("POST/*")]), api("POST/notes"), false),
    ] {
        let statement = json!({ "Effect": "Allow", "Action": "execute-api:Invoke", element: pattern });
        let decision = decide(&statement, "execute-api:Invoke", &resource, &Context::new());
        assert_eq!(decision.is_allowed(), expected, "{element} {pattern} {resource}");
    }
}

#[test]
fn one_denial_outweighs_every_allowance() {
    let allow = policy(&json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })).unwrap();
    let deny = policy(&json!({ "Effect": "Deny", "Action": "s3:*", "Resource": "*" })).unwrap();
    let context = Context::new();
    let read = Request::new("s3:GetObject", OBJECT, &context);
    for (policies, expected) in [
        (vec![], Decision::NotAllowed),
        (vec![&allow], Decision::Allowed),
        (vec![&allow, &deny], Decision::Denied),
        (vec![&deny, &allow], Decision::Denied),
        (vec![&deny], Decision::Denied),
    ] {
        assert_eq!(Decision::of(policies, &read), expected);
    }
    let invoke = Request::new("execute-api:Invoke", "arn:aws:execute-api:a:b:c", &context);
    assert_eq!(Decision::of([&deny], &invoke), Decision::NotAllowed);
}

#[test]
fn conditions_compare_as_their_operators_say() {
    let context = Context::new()
        .with("aws:username", "Ada")
        .with("aws:MultiFactorAuthAge", "90.5")
        .with("aws:CurrentTime", "2026-11-29T12:00:00Z")
        .with("aws:SecureTransport", "true")
        .with("aws:SourceIp", "203.0.113.9")
        .with("aws:SourceArn", "arn:aws:sns:eu-west-1:111122223333:topic")
        .with("key:binary", "QmluYXJ5")
        .with("s3:prefix", "home/ada/x")
        .with("aws:PrincipalTag/team", "red");
    for (operator, key, value, expected) in [
        ("StringEquals", "aws:username", json!("Ada"), true),
        ("StringEquals", "AWS:UserName", json!("Ada"), true),
        ("StringEquals", "aws:username", json!("ada"), false),
        ("StringEquals", "aws:username", json!(["bob", "Ada"]), true),
        ("StringEquals", "aws:username", json!("A*"), false),
        ("StringNotEquals", "aws:username", json!("bob"), true),
        ("StringNotEquals", "aws:username", json!(["bob", "Ada"]), false),
        ("StringEqualsIgnoreCase", "aws:username", json!("aDA"), true),
        ("StringNotEqualsIgnoreCase", "aws:username", json!("aDA"), false),
        ("StringLike", "aws:username", json!("A*"), true),
        ("StringLike", "aws:username", json!("A?"), false),
        ("StringNotLike", "aws:username", json!(["B*", "A?a"]), false),
        ("StringLike", "s3:prefix", json!("home/${aws:username}/*"), false),
        ("StringLike", "s3:prefix", json!("home/${key:none, 'ada'}/*"), true),
        ("StringEquals", "aws:PrincipalTag/team", json!("${aws:PrincipalTag/team}"), true),
        // A variable without a value is equal to nothing.
        ("StringEquals", "aws:PrincipalTag/team", json!("${aws:ResourceTag/team}"), false),
        ("NumericLessThan", "aws:MultiFactorAuthAge", json!("100"), true),
        ("NumericLessThan", "aws:MultiFactorAuthAge", json!(90), false),
        ("NumericLessThanEquals", "aws:MultiFactorAuthAge", json!("90.50"), true),
        ("NumericGreaterThan", "aws:MultiFactorAuthAge", json!("9"), true),
        ("NumericGreaterThanEquals", "aws:MultiFactorAuthAge", json!("91"), false),
        ("NumericEquals", "aws:MultiFactorAuthAge", json!("90.5"), true),
        ("NumericNotEquals", "aws:MultiFactorAuthAge", json!("90.5"), false),
        ("DateLessThan", "aws:CurrentTime", json!("2026-11-30"), true),
        ("DateLessThan", "aws:CurrentTime", json!("2026-11-29"), false),
        ("DateGreaterThan", "aws:CurrentTime", json!("2026-11-29T11:59:59Z"), true),
        ("DateGreaterThanEquals", "aws:CurrentTime", json!("2026-11-29T13:00:00+01:00"), true),
        ("DateLessThanEquals", "aws:CurrentTime", json!("1795953599"), false),
        ("DateEquals", "aws:CurrentTime", json!("1795953600"), true),
        ("DateNotEquals", "aws:CurrentTime", json!("1795953600"), false),
        ("Bool", "aws:SecureTransport", json!("true"), true),
        ("Bool", "aws:SecureTransport", json!(false), false),
        ("BinaryEquals", "key:binary", json!("QmluYXJ5"), true),
        ("BinaryEquals", "key:binary", json!("qmLUYXJ5"), false),
        ("IpAddress", "aws:SourceIp", json!(["198.51.100.0/24", "203.0.113.0/24"]), true),
        ("IpAddress", "aws:SourceIp", json!("203.0.113.8/31"), true),
        ("NotIpAddress", "aws:SourceIp", json!(["198.51.100.0/24", "203.0.113.0/24"]), false),
        ("ArnLike", "aws:SourceArn", json!("arn:aws:sns:*:111122223333:*"), true),
        ("ArnEquals", "aws:SourceArn", json!("arn:aws:sns:*:111122223333:top*"), true),
        ("ArnLike", "aws:SourceArn", json!("arn:aws:*:*:*:opic"), false),
        ("ArnNotLike", "aws:SourceArn", json!("arn:aws:sns:*:111122223333:*"), false),
        ("ArnNotEquals", "aws:SourceArn", json!("arn:aws:sqs:*:*:*"), true),
        ("Null", "aws:TokenIssueTime", json!("true"), true),
        ("Null", "aws:TokenIssueTime", json!("false"), false),
        ("Null", "aws:username", json!(false), true),
        ("Null", "aws:username", json!("true"), false),
    ] {
        let condition = json!({ operator: { key: value } });
        assert_eq!(holds(&condition, &context), (expected, expected), "{condition}");
    }
}

#[test]
fn a_key_that_is_not_there_is_equal_to_nothing() {
    for (operator, expected) in [
        ("StringEquals", false),
        ("StringLike", false),
        ("StringNotEquals", true),
        ("StringNotLike", true),
        ("StringEqualsIfExists", true),
        ("StringNotEqualsIfExists", true),
        ("ArnLike", false),
        ("ArnNotLike", true),
        ("NotIpAddress", true),
        ("Bool", false),
        ("BoolIfExists", true),
        ("NumericLessThan", false),
        ("NumericLessThanIfExists", true),
        ("ForAllValues:StringEquals", true),
        ("ForAnyValue:StringEquals", false),
        ("ForAnyValue:StringNotEquals", false),
        ("ForAllValues:StringEqualsIfExists", true),
    ] {
        let value = match operator {
            _ if operator.contains("Arn") => "arn:aws:s3:::a",
            _ if operator.contains("Ip") => "203.0.113.0/24",
            _ if operator.contains("Bool") => "true",
            _ => "1",
        };
        let condition = json!({ operator: { "aws:none": value } });
        for context in [Context::new(), Context::new().with_several("aws:none", [""; 0])] {
            assert_eq!(holds(&condition, &context), (expected, expected), "{condition}");
        }
    }
}

#[test]
fn a_quantifier_says_what_holds_of_several_values() {
    // The examples of <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
    // and of identity pools.
    let amr = "cognito-identity.amazonaws.com:amr";
    for (operator, expected_values, seen, expected) in [
        ("ForAllValues:StringEquals", json!(["a", "b"]), vec!["a", "b"], true),
        ("ForAllValues:StringEquals", json!(["a", "b", "c"]), vec!["a"], true),
        ("ForAllValues:StringEquals", json!(["a"]), vec!["a", "b"], false),
        ("ForAnyValue:StringEquals", json!(["a"]), vec!["a", "b"], true),
        ("ForAnyValue:StringEquals", json!(["c"]), vec!["a", "b"], false),
        ("ForAllValues:StringNotEquals", json!(["a"]), vec!["b", "c"], true),
        ("ForAllValues:StringNotEquals", json!(["a", "c"]), vec!["b", "c"], false),
        ("ForAnyValue:StringNotEquals", json!(["a"]), vec!["a", "b"], true),
        ("ForAnyValue:StringNotEquals", json!(["a", "b"]), vec!["a", "b"], false),
        ("ForAnyValue:StringLike", json!("authenticated"), vec!["authenticated", "provider"], true),
        ("ForAnyValue:StringLike", json!("authenticated"), vec!["unauthenticated"], false),
        ("ForAnyValue:StringLike", json!("*authenticated"), vec!["unauthenticated"], true),
    ] {
        let condition = json!({ operator: { amr: expected_values } });
        let context = Context::new().with_several(amr, seen);
        assert_eq!(holds(&condition, &context), (expected, expected), "{condition} {context:?}");
    }
    let one = Context::new().with("aws:username", "a");
    assert_eq!(holds(&json!({ "ForAllValues:StringEquals": { "aws:username": "a" } }), &one), (true, true));
}

#[test]
fn what_cannot_be_decided_neither_allows_nor_leaves_off_denying() {
    let several = Context::new().with_several("aws:TagKeys", ["a"]);
    let text = Context::new()
        .with("aws:age", "old")
        .with("aws:ip", "here")
        .with("aws:bin", "*")
        .with("aws:arn", "arn:aws:s3:::a");
    for (condition, context) in [
        (json!({ "StringEquals": { "aws:TagKeys": "a" } }), &several),
        (json!({ "StringNotEquals": { "aws:TagKeys": "b" } }), &several),
        // It is not said whether a value differs from one that is not there.
        (json!({ "StringNotEquals": { "aws:age": "${aws:none}" } }), &text),
        (json!({ "StringNotLike": { "aws:age": ["young", "${aws:none}*"] } }), &text),
        (json!({ "ArnNotLike": { "aws:arn": "arn:aws:s3:::${aws:none}" } }), &text),
        // The suffix says that it holds, and the prefix that it does not.
        (json!({ "ForAnyValue:StringEqualsIfExists": { "aws:none": "a" } }), &text),
        (json!({ "NumericLessThan": { "aws:age": 100 } }), &text),
        (json!({ "NumericNotEquals": { "aws:age": 100 } }), &text),
        (json!({ "NotIpAddress": { "aws:ip": "203.0.113.0/24" } }), &text),
        (json!({ "DateNotEquals": { "aws:age": "2026-01-01" } }), &text),
        (json!({ "Bool": { "aws:age": "true" } }), &text),
        (json!({ "BinaryEquals": { "aws:bin": "QmluYXJ5" } }), &text),
    ] {
        assert_eq!(holds(&condition, context), (false, true), "{condition}");
    }
}

#[test]
fn all_conditions_of_a_statement_must_hold() {
    let context = Context::new().with("a:b", "1").with("c:d", "2");
    for (condition, expected) in [
        (json!({ "StringEquals": { "a:b": "1", "c:d": "2" } }), true),
        (json!({ "StringEquals": { "a:b": "1", "c:d": "3" } }), false),
        (json!({ "StringEquals": { "a:b": "1" }, "StringLike": { "c:d": "3" } }), false),
        (json!({}), true),
    ] {
        assert_eq!(holds(&condition, &context), (expected, expected), "{condition}");
    }
}

#[test]
fn variables_name_the_caller_s_own() {
    let own = json!([
        {
            "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"],
            "Resource": "arn:aws:s3:::uploads/private/${cognito-identity.amazonaws.com:sub}/*",
        },
        {
            "Effect": "Allow", "Action": "s3:GetObject",
            "Resource": "arn:aws:s3:::uploads/tenants/${aws:PrincipalTag/tenant}/*",
        },
    ]);
    let caller = |sub: &str, tenant: Option<&str>| {
        let context = Context::new().with("cognito-identity.amazonaws.com:sub", sub);
        tenant.map_or(context.clone(), |tenant| context.with("aws:PrincipalTag/tenant", tenant))
    };
    for (context, key, expected) in [
        (caller("eu-west-1:ada", None), "private/eu-west-1:ada/a", true),
        (caller("eu-west-1:ada", None), "private/eu-west-1:bob/a", false),
        (caller("*", None), "private/eu-west-1:bob/a", false),
        (caller("eu-west-1:ada", Some("acme")), "tenants/acme/a", true),
        (caller("eu-west-1:ada", Some("*")), "tenants/acme/a", false),
        (caller("eu-west-1:ada", Some("*")), "tenants/*/a", true),
        (caller("eu-west-1:ada", Some("ac?e")), "tenants/acme/a", false),
        // Without a tenant there is no tenant of one's own, not even the empty one.
        (caller("eu-west-1:ada", None), "tenants//a", false),
        (caller("eu-west-1:ada", None), "tenants/${aws:PrincipalTag/tenant}/a", false),
    ] {
        let decision = decide(&own, "s3:GetObject", &format!("arn:aws:s3:::uploads/{key}"), &context);
        assert_eq!(decision.is_allowed(), expected, "{key} {context:?}");
    }
}

#[test]
fn a_variable_without_a_value_opens_nothing_by_exclusion() {
    let but_own = |effect: &str| {
        json!([
            { "Effect": effect, "Action": "*", "NotResource": "arn:aws:s3:::uploads/${aws:PrincipalTag/tenant}/*" },
        ])
    };
    let resource = "arn:aws:s3:::uploads/acme/a";
    let (none, acme) = (Context::new(), Context::new().with("aws:PrincipalTag/tenant", "acme"));
    assert_eq!(decide(&but_own("Allow"), "s3:GetObject", resource, &none), Decision::NotAllowed);
    assert_eq!(decide(&but_own("Deny"), "s3:GetObject", resource, &none), Decision::Denied);
    assert_eq!(decide(&but_own("Deny"), "s3:GetObject", resource, &acme), Decision::NotAllowed);
}

/// Who does not tell where a request came from has not said that it came from nowhere.
#[test]
fn a_key_of_which_nobody_knows_helps_nobody() {
    let context = Context::new().with("aws:PrincipalArn", "a").knowing_only(["aws:PrincipalTag/"]);
    for (condition, expected) in [
        (json!({ "IpAddress": { "aws:SourceIp": "127.0.0.0/8" } }), (false, true)),
        (json!({ "NotIpAddress": { "aws:SourceIp": "127.0.0.0/8" } }), (false, true)),
        (json!({ "StringEqualsIfExists": { "aws:RequestedRegion": "us-east-1" } }), (false, true)),
        (json!({ "Null": { "aws:SourceIp": "true" } }), (false, true)),
        (json!({ "StringEquals": { "aws:PrincipalArn": "a" } }), (true, true)),
        (json!({ "StringEquals": { "aws:PrincipalArn": "b" } }), (false, false)),
        (json!({ "StringEquals": { "aws:PrincipalTag/tenant": "b" } }), (false, false)),
        (json!({ "Null": { "aws:PrincipalTag/tenant": "true" } }), (true, true)),
    ] {
        assert_eq!(holds(&condition, &context), expected, "{condition}");
    }
}

#[test]
fn what_is_not_understood_is_no_policy() {
    let good = json!({ "Effect": "Allow", "Action": "s3:*", "Resource": "*" });
    assert!(policy(&good).is_ok());
    let with = |name: &str, value: Value| {
        let mut statement = good.clone();
        statement[name] = value;
        statement
    };
    let without = |name: &str| {
        let mut statement = good.clone();
        statement.as_object_mut().unwrap().remove(name);
        statement
    };
    let condition = |condition: Value| with("Condition", condition);
    for (statement, path) in [
        (without("Effect"), "Effect"),
        (with("Effect", json!("allow")), "Effect"),
        (without("Action"), "Statement"),
        (with("NotAction", json!("s3:*")), "Statement"),
        (with("Action", json!([])), "Action"),
        (with("Action", json!("s3")), "Action"),
        (with("Action", json!("*:Get")), "Action"),
        (with("Action", json!("s3:${aws:username}")), "Action"),
        (with("Action", json!(["s3:*", 1])), "Action"),
        (without("Resource"), "Statement"),
        (with("NotResource", json!("*")), "Statement"),
        (with("Resource", json!("arn:aws:s3")), "Resource"),
        (with("Resource", json!("uploads/*")), "Resource"),
        (with("Resource", json!("arn:aws:s3:::${aws:username")), "Resource"),
        (with("Resource", json!({ "Ref": "Bucket" })), "Resource"),
        (with("Principal", json!({ "AWS": "*" })), "Principal"),
        (with("Conditions", json!({})), "Conditions"),
        (condition(json!([])), "Condition"),
        (condition(json!({ "StringIs": { "a:b": "c" } })), "StringIs"),
        (condition(json!({ "stringequals": { "a:b": "c" } })), "stringequals"),
        (condition(json!({ "ForSome:StringEquals": { "a:b": "c" } })), "ForSome"),
        (condition(json!({ "NullIfExists": { "a:b": "true" } })), "NullIfExists"),
        (condition(json!({ "Null": { "a:b": "perhaps" } })), "Null"),
        (condition(json!({ "NumericEquals": { "a:b": "NaN" } })), "NumericEquals"),
        (condition(json!({ "NumericEquals": { "a:b": "inf" } })), "NumericEquals"),
        (condition(json!({ "NumericEquals": { "a:b": "${c:d}" } })), "NumericEquals"),
        (condition(json!({ "DateLessThan": { "a:b": "tomorrow" } })), "DateLessThan"),
        (condition(json!({ "IpAddress": { "a:b": "203.0.113.0/40" } })), "IpAddress"),
        (condition(json!({ "BinaryEquals": { "a:b": "?" } })), "BinaryEquals"),
        (condition(json!({ "ArnLike": { "a:b": "arn" } })), "ArnLike"),
        (condition(json!({ "StringEquals": { "a:b": [] } })), "StringEquals"),
        (condition(json!({ "StringEquals": { "a:b": { "Ref": "X" } } })), "StringEquals"),
        (condition(json!({ "StringEquals": "c" })), "StringEquals"),
    ] {
        let error = policy(&statement).expect_err(&statement.to_string()).to_string();
        assert!(error.contains(path), "{statement}: {error}");
    }
    for document in [
        json!(null),
        json!([]),
        json!({ "Version": "2012-10-17" }),
        json!({ "Statement": good }),
        json!({ "Version": "2008-10-17", "Statement": good }),
        json!({ "Version": "2012-10-17", "Statement": good, "Statements": [] }),
        json!({ "Version": "2012-10-17", "Statement": [[good]] }),
    ] {
        assert!(Policy::parse(&document).is_err(), "{document}");
    }
}

#[test]
fn a_role_is_taken_on_by_whom_its_trust_policy_names() {
    let pool = "cognito-identity.amazonaws.com";
    let document = |statements: Value| json!({ "Version": "2012-10-17", "Statement": statements });
    let members = json!({
        "Effect": "Allow", "Principal": { "Federated": pool }, "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": {
            "StringEquals": { "cognito-identity.amazonaws.com:aud": "eu-west-1:p" },
            "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
        },
    });
    let context = |aud: &str, amr: &str| {
        Context::new()
            .with("cognito-identity.amazonaws.com:aud", aud)
            .with_several("cognito-identity.amazonaws.com:amr", [amr, "provider"])
    };
    let lambda = json!({
        "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole",
    });
    let deny = json!({ "Effect": "Deny", "Principal": { "AWS": "*" }, "Action": "sts:*" });
    let assume = "sts:AssumeRoleWithWebIdentity";
    for (statements, principal, action, context, expected) in [
        (json!([members]), Principal::Federated(pool), assume, context("eu-west-1:p", "authenticated"), true),
        (
            json!([members]),
            Principal::Federated(pool),
            "sts:TagSession",
            context("eu-west-1:p", "authenticated"),
            true,
        ),
        (
            json!([members]),
            Principal::Federated(pool),
            assume,
            context("eu-west-1:q", "authenticated"),
            false,
        ),
        (
            json!([members]),
            Principal::Federated(pool),
            assume,
            context("eu-west-1:p", "unauthenticated"),
            false,
        ),
        (json!([members]), Principal::Federated(pool), assume, Context::new(), false),
        (
            json!([members]),
            Principal::Federated(pool),
            "sts:AssumeRole",
            context("eu-west-1:p", "authenticated"),
            false,
        ),
        (
            json!([members]),
            Principal::Federated("cognito-identity.amazonaws.com.example"),
            assume,
            context("eu-west-1:p", "authenticated"),
            false,
        ),
        (json!([members]), Principal::Service(pool), assume, context("eu-west-1:p", "authenticated"), false),
        (json!([lambda]), Principal::Service("lambda.amazonaws.com"), "sts:AssumeRole", Context::new(), true),
        (json!([lambda]), Principal::Federated(pool), "sts:AssumeRole", Context::new(), false),
        (
            json!([members, deny]),
            Principal::Federated(pool),
            assume,
            context("eu-west-1:p", "authenticated"),
            false,
        ),
    ] {
        let trust = TrustPolicy::parse(&document(statements.clone())).unwrap();
        assert_eq!(
            trust.admits(principal, action, &context),
            expected,
            "{statements} {principal:?} {action} {context:?}"
        );
    }
    for statement in [
        json!({ "Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole" }),
        json!({ "Effect": "Allow", "Action": "sts:AssumeRole" }),
        json!({ "Effect": "Allow", "NotPrincipal": { "AWS": "a" }, "Action": "sts:AssumeRole" }),
        json!({ "Effect": "Allow", "Principal": { "Anybody": "a" }, "Action": "sts:AssumeRole" }),
        json!({ "Effect": "Allow", "Principal": { "AWS": "a" }, "Action": "sts:AssumeRole", "Resource": "*" }),
    ] {
        assert!(TrustPolicy::parse(&document(json!([statement]))).is_err(), "{statement}");
    }
}

fn statement() -> impl Strategy<Value = Value> {
    let action = select(&["s3:GetObject", "s3:*", "*", "s3:Put*", "execute-api:Invoke"][..]);
    let resource = select(
        &[
            "*",
            "arn:aws:s3:::uploads/*",
            "arn:aws:s3:::uploads/${aws:PrincipalTag/t}/*",
            "arn:aws:s3:::other/*",
        ][..],
    );
    let operator = select(
        &[
            "StringEquals",
            "StringNotLike",
            "StringEqualsIfExists",
            "ForAllValues:StringLike",
            "ForAnyValue:StringEquals",
        ][..],
    );
    let key = select(&["aws:PrincipalTag/t", "cognito-identity.amazonaws.com:amr", "aws:none"][..]);
    let value = select(&["a", "*", "${aws:PrincipalTag/t}"][..]);
    (action, resource, operator, key, value, 0..4_u8).prop_map(
        |(action, resource, operator, key, value, form)| {
            let (action_name, resource_name) = (
                ["Action", "NotAction"][usize::from(form % 2)],
                ["Resource", "NotResource"][usize::from(form / 2)],
            );
            json!({ action_name: action, resource_name: resource, "Condition": { operator: { key: value } } })
        },
    )
}

fn with_effect(statements: &[Value], effect: &str) -> Vec<Value> {
    let mut statements = statements.to_vec();
    statements.iter_mut().for_each(|statement| statement["Effect"] = json!(effect));
    statements
}

proptest! {
    /// Allowances only add, denials only take away, and the order of either does not matter.
    #[test]
    fn allowances_add_and_denials_take_away(
        allows in vec(statement(), 0..4),
        more in statement(),
        denies in vec(statement(), 0..3),
        tag in prop::option::of(select(&["a", "b", "*"][..])),
        amr in vec(select(&["a", "b"][..]), 0..3),
    ) {
        let context = Context::new().with_several("cognito-identity.amazonaws.com:amr", amr);
        let context = tag.map_or(context.clone(), |tag| context.with("aws:PrincipalTag/t", tag));
        let decide = |statements: Vec<Value>| decide(&json!(statements), "s3:GetObject", "arn:aws:s3:::uploads/a/x", &context);
        let allow = |statements: &[Value]| with_effect(statements, "Allow");
        let deny = |statements: &[Value]| with_effect(statements, "Deny");

        let before = decide([allow(&allows), deny(&denies)].concat());
        let added = decide([allow(&allows), allow(std::slice::from_ref(&more)), deny(&denies)].concat());
        let taken = decide([allow(&allows), deny(&denies), deny(std::slice::from_ref(&more))].concat());
        let turned = decide([deny(&denies), allow(&allows)].concat());
        prop_assert!(!before.is_allowed() || added.is_allowed());
        prop_assert_eq!(before == Decision::Denied, added == Decision::Denied);
        prop_assert!(!taken.is_allowed() || before.is_allowed());
        prop_assert_eq!(turned, before);
        if allows.is_empty() {
            prop_assert!(!before.is_allowed());
        }
        // Whatever allows, as a denial denies too: what is not known never helps the caller.
        let one = std::slice::from_ref(&more);
        if decide(allow(one)).is_allowed() {
            prop_assert_eq!(decide(deny(one)), Decision::Denied);
        }
    }
}
