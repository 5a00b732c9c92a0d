//! The client by which triggers ask Amazon Cognito, against the local user pool, which speaks the same protocol.

use portcullis_directory::{AccountStatus, Accounts, CognitoDirectory, DirectoryError, Groups};
use portcullis_tests::Launch;
use serde_json::json;

const PASSWORD: &str = "Quiet-River-2718";

#[tokio::test]
async fn users_are_found_made_and_added_to_groups_and_one_who_waits_is_not_taken_over() {
    let system = Launch::in_memory().start().unwrap();
    let [_, port, _] = system.ports().unwrap();
    let directory = CognitoDirectory::local(&format!("http://127.0.0.1:{port}"));
    let list = "AWSCognitoIdentityProviderService.ListUserPools";
    let described = system.users().send(list, r#"{"MaxResults":1}"#).await.unwrap();
    let pool = described.text("/UserPools/0/Id").to_owned();

    // Whoever signs up with the address of another waits for a code that only the other gets.
    assert_eq!(system.users().sign_up("ann@example.com", PASSWORD).await.unwrap().status, 200);
    for email in ["ann@example.com", "Ann@Example.com"] {
        let found = directory.users_by_email(&pool, email).await.unwrap();
        let [account] = &found[..] else { panic!("{found:?}") };
        assert_eq!((account.status, account.email_verified), (AccountStatus::Unconfirmed, false));
    }
    let taken = directory.create_native_user(&pool, "ann@example.com").await;
    assert_eq!(taken, Err(DirectoryError::UserExists { operation: "AdminCreateUser" }));
    let still = directory.user(&pool, "ann@example.com").await.unwrap().unwrap();
    assert_eq!((still.status, still.email_verified), (AccountStatus::Unconfirmed, false));

    let name = directory.create_native_user(&pool, "bob@example.com").await.unwrap();
    let bob = directory.user(&pool, &name).await.unwrap().unwrap();
    assert_eq!((bob.status, bob.enabled, bob.email_verified), (AccountStatus::Confirmed, true, true));
    assert!(bob.has_email("bob@example.com"));
    assert_eq!(directory.user(&pool, "nobody@example.com").await, Ok(None));
    // Who holds an address is found by it in any case of its letters.
    assert_eq!(directory.user(&pool, "BOB@Example.com").await.unwrap().unwrap().username, name);

    for _ in 0..2 {
        directory.add_user_to_group(&pool, &name, "editors").await.unwrap();
    }
    let groups = system.users().call("AdminListGroupsForUser", json!({"Username": name})).await.unwrap();
    assert_eq!(groups.text("/Groups/0/GroupName"), "editors");

    // An address that would end the filter's text finds nobody else.
    let injected = directory.users_by_email(&pool, r#"x" or email ^= "ann"#).await.unwrap();
    assert_eq!(injected, []);
}
