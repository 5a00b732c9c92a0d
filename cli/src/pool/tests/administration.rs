use portcullis_events::Version;
use serde_json::{Value, json};

use super::harness::{CODE, EMAIL, FakeTriggers, OTHER_PASSWORD, PASSWORD, TestPool, attribute};
use crate::pool::{MessageKind, PoolError, PoolStorage, Trigger};

#[tokio::test]
async fn an_administrator_creates_users_and_invites_them() {
    let pool = TestPool::new();
    let body = json!({
        "Username": EMAIL,
        "UserAttributes": [{ "Name": "email_verified", "Value": "true" }, { "Name": "name", "Value": "Alice" }],
    });
    let user = pool.ok("AdminCreateUser", body.clone()).await["User"].clone();
    assert_eq!((&user["UserStatus"], &user["Enabled"]), (&json!("FORCE_CHANGE_PASSWORD"), &json!(true)));
    assert_eq!(user["UserCreateDate"], json!(1_800_000_000.0));
    assert_eq!(attribute(&user["Attributes"], "sub"), user["Username"]);
    let [invitation] = &pool.sent()[..] else { panic!() };
    assert_eq!((invitation.kind(), invitation.email()), (MessageKind::Invitation, EMAIL));
    let challenge = pool.ok("InitiateAuth", TestPool::by_password(EMAIL, invitation.secret())).await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");

    pool.ok("AdminCreateUser", json!({ "Username": EMAIL, "MessageAction": "RESEND" })).await;
    let [again] = &pool.sent()[..] else { panic!() };
    assert_ne!(again.secret(), invitation.secret());
    pool.refuses(
        "InitiateAuth",
        TestPool::by_password(EMAIL, invitation.secret()),
        "NotAuthorizedException",
        "",
    )
    .await;

    pool.ok("AdminCreateUser", json!({ "Username": "b@example.com", "MessageAction": "SUPPRESS" })).await;
    assert!(pool.sent().is_empty());
    pool.confirmed("c@example.com").await;
    for (body, exception) in [
        (body, "UsernameExistsException"),
        (json!({ "Username": "nobody" }), "InvalidParameterException"),
        (json!({ "Username": "d@example.com", "TemporaryPassword": "weak" }), "InvalidPasswordException"),
        (json!({ "Username": "d@example.com", "MessageAction": "SHOUT" }), "InvalidParameterException"),
        (json!({ "Username": "d@example.com", "MessageAction": "RESEND" }), "UserNotFoundException"),
        (json!({ "Username": "c@example.com", "MessageAction": "RESEND" }), "UnsupportedUserStateException"),
    ] {
        pool.refuses("AdminCreateUser", body, exception, "").await;
    }
}

#[tokio::test]
async fn an_administrator_sets_passwords() {
    let pool = TestPool::new();
    pool.sign_up(EMAIL).await;
    let set = |permanent: bool, password: &str| json!({ "Username": EMAIL, "Password": password, "Permanent": permanent });
    pool.refuses("AdminSetUserPassword", set(true, "weak"), "InvalidPasswordException", "").await;
    pool.ok("AdminSetUserPassword", set(true, OTHER_PASSWORD)).await;
    pool.sign_in(EMAIL, OTHER_PASSWORD).await;
    pool.ok("AdminSetUserPassword", set(false, PASSWORD)).await;
    let challenge = pool.ok("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD)).await;
    assert_eq!(challenge["ChallengeName"], "NEW_PASSWORD_REQUIRED");
}

#[tokio::test]
async fn an_administrator_changes_and_deletes_users() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let attributes =
        json!([{ "Name": "email", "Value": "b@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    pool.sent();
    pool.ok("AdminUpdateUserAttributes", json!({ "Username": EMAIL, "UserAttributes": attributes })).await;
    assert!(pool.sent().is_empty());
    let user = pool.ok("AdminGetUser", json!({ "Username": "B@example.com" })).await;
    assert_eq!(user["Username"], json!(sub));
    assert_eq!(attribute(&user["UserAttributes"], "email_verified"), "true");
    assert_eq!(user["UserStatus"], "CONFIRMED");
    pool.ok("AdminDeleteUser", json!({ "Username": sub })).await;
    pool.refuses("AdminGetUser", json!({ "Username": sub }), "UserNotFoundException", "User does not exist.")
        .await;
}

#[tokio::test]
async fn an_address_that_an_administrator_does_not_vouch_for_waits_for_its_code() {
    let pool = TestPool::new();
    let token = pool.access_token(EMAIL).await;
    pool.sent();
    for attributes in [
        json!([{ "Name": "email", "Value": "b@example.com" }]),
        json!([{ "Name": "email", "Value": "b@example.com" }, { "Name": "email_verified", "Value": "false" }]),
    ] {
        pool.ok("AdminUpdateUserAttributes", json!({ "Username": EMAIL, "UserAttributes": attributes }))
            .await;
        let [message] = &pool.sent()[..] else { panic!() };
        assert_eq!((message.kind(), message.email()), (MessageKind::VerifyAttribute, "b@example.com"));
        let user = pool.ok("AdminGetUser", json!({ "Username": EMAIL })).await["UserAttributes"].clone();
        assert_eq!(
            (attribute(&user, "email"), attribute(&user, "email_verified")),
            (json!(EMAIL), json!("true"))
        );
    }
    // One that they vouch for takes the place of the one that waits.
    let vouched =
        json!([{ "Name": "email", "Value": "c@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    pool.ok("AdminUpdateUserAttributes", json!({ "Username": EMAIL, "UserAttributes": vouched })).await;
    let verify = json!({ "AccessToken": token, "AttributeName": "email", "Code": CODE });
    pool.refuses("VerifyUserAttribute", verify, "ExpiredCodeException", "").await;
    let user =
        pool.ok("AdminGetUser", json!({ "Username": "c@example.com" })).await["UserAttributes"].clone();
    assert_eq!(attribute(&user, "email_verified"), "true");
}

#[tokio::test]
async fn a_code_that_went_to_an_address_that_was_changed_confirms_nothing() {
    let pool = TestPool::new();
    let sub = pool.sign_up(EMAIL).await;
    let attributes =
        json!([{ "Name": "email", "Value": "b@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    pool.ok("AdminUpdateUserAttributes", json!({ "Username": EMAIL, "UserAttributes": attributes })).await;
    let confirm = json!({ "Username": sub, "ConfirmationCode": CODE });
    pool.refuses("ConfirmSignUp", confirm.clone(), "ExpiredCodeException", "").await;
    pool.sent();
    pool.ok("ResendConfirmationCode", json!({ "Username": sub })).await;
    assert_eq!(pool.sent()[0].email(), "b@example.com");
    pool.ok("ConfirmSignUp", confirm).await;
}

#[tokio::test]
async fn operations_on_nobody_say_so() {
    let pool = TestPool::new();
    let nobody = "nobody@example.com";
    for (operation, body) in [
        ("AdminGetUser", json!({ "Username": nobody })),
        ("AdminDeleteUser", json!({ "Username": nobody })),
        ("AdminConfirmSignUp", json!({ "Username": nobody })),
        ("AdminDisableUser", json!({ "Username": nobody })),
        ("AdminEnableUser", json!({ "Username": nobody })),
        ("AdminUserGlobalSignOut", json!({ "Username": nobody })),
        ("AdminListGroupsForUser", json!({ "Username": nobody })),
        ("AdminSetUserPassword", json!({ "Username": nobody, "Password": PASSWORD })),
        ("AdminUpdateUserAttributes", json!({ "Username": nobody, "UserAttributes": [] })),
        ("AdminAddUserToGroup", json!({ "Username": nobody, "GroupName": "editors" })),
        ("AdminRemoveUserFromGroup", json!({ "Username": nobody, "GroupName": "editors" })),
    ] {
        pool.refuses(operation, body, "UserNotFoundException", "User does not exist.").await;
    }
}

fn names(groups: &Value) -> Vec<&str> {
    groups["Groups"].as_array().unwrap().iter().map(|group| group["GroupName"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn groups_are_made_and_joined_and_left() {
    let pool = TestPool::new();
    pool.confirmed(EMAIL).await;
    let group = json!({ "GroupName": "admins", "Description": "All", "Precedence": 1, "RoleArn": "arn:aws:iam::1:role/x" });
    let answer = pool.ok("CreateGroup", group.clone()).await["Group"].clone();
    for (name, value) in group.as_object().unwrap() {
        assert_eq!(&answer[name], value);
    }
    assert_eq!(answer["UserPoolId"], pool.pool.id());
    for (body, exception) in [
        (json!({ "GroupName": "admins" }), "GroupExistsException"),
        (json!({}), "InvalidParameterException"),
        (json!({ "GroupName": "two words" }), "InvalidParameterException"),
        (json!({ "GroupName": "x", "Precedence": -1 }), "InvalidParameterException"),
        (json!({ "GroupName": "x", "Description": "x".repeat(2049) }), "InvalidParameterException"),
    ] {
        pool.refuses("CreateGroup", body, exception, "").await;
    }

    let member = |group: &str| json!({ "Username": EMAIL, "GroupName": group });
    for group in ["editors", "admins", "admins"] {
        pool.ok("AdminAddUserToGroup", member(group)).await;
    }
    let own = pool.ok("AdminListGroupsForUser", json!({ "Username": EMAIL })).await;
    assert_eq!(names(&own), ["admins", "editors"], "the lowest precedence comes first");
    let first = pool.ok("AdminListGroupsForUser", json!({ "Username": EMAIL, "Limit": 1 })).await;
    let second = pool
        .ok(
            "AdminListGroupsForUser",
            json!({ "Username": EMAIL, "Limit": 1, "NextToken": first["NextToken"] }),
        )
        .await;
    assert_eq!((names(&first), names(&second)), (vec!["admins"], vec!["editors"]));
    assert!(second.get("NextToken").is_none());
    for operation in ["AdminAddUserToGroup", "AdminRemoveUserFromGroup"] {
        pool.refuses(operation, member("nothing"), "ResourceNotFoundException", "Group not found.").await;
    }
    pool.ok("AdminRemoveUserFromGroup", member("editors")).await;
    pool.ok("AdminRemoveUserFromGroup", member("editors")).await;
    let own = pool.ok("AdminListGroupsForUser", json!({ "Username": EMAIL })).await;
    assert_eq!(names(&own), ["admins"]);
    assert_eq!(names(&pool.ok("ListGroups", json!({})).await), ["admins", "editors"]);
    let page = pool.ok("ListGroups", json!({ "Limit": 1 })).await;
    let rest = pool.ok("ListGroups", json!({ "Limit": 1, "NextToken": page["NextToken"] })).await;
    assert_eq!((names(&page), names(&rest)), (vec!["admins"], vec!["editors"]));
    pool.refuses("ListGroups", json!({ "NextToken": "!" }), "InvalidParameterException", "").await;
}

#[tokio::test]
async fn triggers_add_users_to_groups_in_process() {
    let pool = TestPool::new();
    let sub = pool.confirmed(EMAIL).await;
    let handle = pool.pool.handle();
    handle.add_user_to_group(&sub, "editors").await.unwrap();
    handle.add_user_to_group(&sub, "editors").await.unwrap();
    assert!(matches!(handle.add_user_to_group("nobody", "editors").await, Err(PoolError::UserNotFound)));
    assert!(matches!(handle.add_user_to_group(&sub, "nothing").await, Err(PoolError::GroupNotFound)));
    assert_eq!(names(&pool.ok("AdminListGroupsForUser", json!({ "Username": sub })).await), ["editors"]);
    drop(pool);
    assert!(matches!(handle.add_user_to_group(&sub, "editors").await, Err(PoolError::Stopped)));
}

#[tokio::test]
async fn users_are_searched_without_their_filter_becoming_a_query() {
    let pool = TestPool::new();
    for email in [EMAIL, "albert@example.com", "bob@example.com"] {
        pool.sign_up(email).await;
    }
    let quoted = json!([{ "Name": "name", "Value": r#"Bob "the" \ builder"# }]);
    pool.ok("AdminUpdateUserAttributes", json!({ "Username": "bob@example.com", "UserAttributes": quoted }))
        .await;
    for (filter, count) in [
        (r#"email = "alice@example.com""#, 1),
        (r#"email = "ALICE@example.com""#, 1),
        (r#"email ^= "al""#, 2),
        (r#"email ^= """#, 3),
        (r#"email = "%""#, 0),
        (r#"email = "x' OR '1'='1""#, 0),
        (r#"name = "Bob \"the\" \\ builder""#, 1),
        (r#"cognito:user_status = "UNCONFIRMED""#, 3),
        (r#"status = "Enabled""#, 3),
        (r#"status = "Disabled""#, 0),
        ("", 3),
    ] {
        let users = pool.ok("ListUsers", json!({ "Filter": filter })).await["Users"].clone();
        assert_eq!(users.as_array().unwrap().len(), count, "{filter}");
    }
    for filter in
        ["email", "email = alice", r#"email = "a" or email ^= """#, r#"password = "x""#, r#"email = "a"#]
    {
        pool.refuses(
            "ListUsers",
            json!({ "Filter": filter }),
            "InvalidParameterException",
            "Error while parsing filter.",
        )
        .await;
    }
    let body = json!({ "Filter": r#"email ^= "bob""#, "AttributesToGet": ["email"] });
    let users = pool.ok("ListUsers", body).await;
    assert_eq!(users["Users"][0]["Attributes"], json!([{ "Name": "email", "Value": "bob@example.com" }]));
}

#[tokio::test]
async fn users_are_listed_page_by_page() {
    let pool = TestPool::new();
    for number in 0..5 {
        pool.sign_up(&format!("u{number}@example.com")).await;
    }
    let mut seen = std::collections::BTreeSet::new();
    let mut token = Value::Null;
    let mut pages = 0;
    loop {
        let page = pool.ok("ListUsers", json!({ "Limit": 2, "PaginationToken": token })).await;
        pages += 1;
        for user in page["Users"].as_array().unwrap() {
            assert!(seen.insert(user["Username"].as_str().unwrap().to_owned()));
        }
        token = page.get("PaginationToken").cloned().unwrap_or(Value::Null);
        if token.is_null() {
            break;
        }
    }
    assert_eq!((seen.len(), pages), (5, 3));
    for body in [json!({ "Limit": 61 }), json!({ "Limit": -1 }), json!({ "PaginationToken": "!" })] {
        pool.refuses("ListUsers", body, "InvalidParameterException", "").await;
    }
}

#[tokio::test]
async fn the_pool_and_its_client_are_described() {
    let pool = TestPool::new();
    pool.sign_up(EMAIL).await;
    let described = pool.ok("DescribeUserPool", json!({})).await["UserPool"].clone();
    assert_eq!((&described["Id"], &described["EstimatedNumberOfUsers"]), (&json!(pool.pool.id()), &json!(1)));
    assert_eq!(
        described["UserAttributeUpdateSettings"],
        json!({ "AttributesRequireVerificationBeforeUpdate": ["email"] })
    );
    assert_eq!(described["Policies"]["PasswordPolicy"]["MinimumLength"], 8);
    let client = pool.ok("DescribeUserPoolClient", json!({})).await["UserPoolClient"].clone();
    assert_eq!(client["ClientId"], pool.pool.client_id());
    assert_eq!(client["PreventUserExistenceErrors"], "ENABLED");
    assert!(client.get("ClientSecret").is_none());
    assert_eq!(
        pool.ok("ListUserPools", json!({ "MaxResults": 1 })).await["UserPools"][0]["Id"],
        pool.pool.id()
    );
    let clients = pool.ok("ListUserPoolClients", json!({})).await;
    assert_eq!(clients["UserPoolClients"][0]["ClientId"], pool.pool.client_id());
}

#[tokio::test]
async fn a_pool_shows_the_functions_that_are_attached() {
    for (version, name) in [(Version::V1, "V1_0"), (Version::V2, "V2_0"), (Version::V3, "V3_0")] {
        let pool =
            TestPool::configured(PoolStorage::Memory, Some(CODE), |config| config.token_version = version);
        let arn = |trigger: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{trigger}");
        let versioned =
            |version: &str, trigger: &str| json!({ "LambdaVersion": version, "LambdaArn": arn(trigger) });
        let sender = versioned("V1_0", "CustomEmailSender");
        let key = pool.pool.kms_key_arn();
        let tables: [(&'static [Trigger], Value); 4] = [
            (&[], json!({})),
            (
                &[Trigger::PreSignUp, Trigger::UserMigration],
                json!({ "PreSignUp": arn("PreSignUp"), "UserMigration": arn("UserMigration") }),
            ),
            (
                &[Trigger::PreTokenGeneration],
                json!({
                    "PreTokenGeneration": arn("PreTokenGeneration"),
                    "PreTokenGenerationConfig": versioned(name, "PreTokenGeneration"),
                }),
            ),
            (
                &[Trigger::CustomEmailSender, Trigger::InboundFederation],
                json!({
                    "CustomEmailSender": sender,
                    "InboundFederation": versioned("V1_0", "InboundFederation"),
                    "KMSKeyID": key,
                }),
            ),
        ];
        for (attached, expected) in tables {
            FakeTriggers::attach_these(&pool, attached, |_, event| Ok(event));
            let described = pool.ok("DescribeUserPool", json!({})).await;
            assert_eq!(described["UserPool"]["LambdaConfig"], expected, "{attached:?}");
            let listed = pool.ok("ListUserPools", json!({ "MaxResults": 1 })).await;
            assert_eq!(listed["UserPools"][0]["LambdaConfig"], expected, "{attached:?}");
        }
    }
}
