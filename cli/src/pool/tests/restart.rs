use serde_json::json;

use super::harness::{CODE, EMAIL, OTHER_PASSWORD, PASSWORD, TestPool, WRONG_PASSWORD};
use crate::pool::PoolStorage;

#[tokio::test]
async fn everything_but_open_challenges_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let storage = || PoolStorage::File(folder.path().join("pool.sqlite"));
    let before = TestPool::open(storage(), Some(CODE));
    let sub = before.confirmed(EMAIL).await;
    before.sign_up("late@example.com").await;
    before.ok("CreateGroup", json!({ "GroupName": "admins" })).await;
    before.ok("AdminAddUserToGroup", json!({ "Username": EMAIL, "GroupName": "admins" })).await;
    let tokens = before.sign_in(EMAIL, PASSWORD).await;
    for _ in 0..5 {
        before.fails("InitiateAuth", TestPool::by_password(EMAIL, WRONG_PASSWORD)).await;
    }
    let (id, client_id, key_set) =
        (before.pool.id().to_owned(), before.pool.client_id().to_owned(), before.pool.key_set());
    drop(before);

    let after = TestPool::open(storage(), Some(CODE));
    assert_eq!((after.pool.id(), after.pool.client_id()), (id.as_str(), client_id.as_str()));
    assert_eq!(after.pool.key_set(), key_set);
    let user = after.ok("GetUser", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert_eq!(user["Username"], json!(sub));
    after.ok("GetTokensFromRefreshToken", json!({ "RefreshToken": tokens["RefreshToken"] })).await;
    let groups = after.ok("AdminListGroupsForUser", json!({ "Username": EMAIL })).await;
    assert_eq!(groups["Groups"][0]["GroupName"], "admins");
    after.ok("ConfirmSignUp", json!({ "Username": "late@example.com", "ConfirmationCode": CODE })).await;
    let exceeded = "Password attempts exceeded";
    after
        .refuses("InitiateAuth", TestPool::by_password(EMAIL, PASSWORD), "NotAuthorizedException", exceeded)
        .await;
    after.sign_in("late@example.com", PASSWORD).await;
}

#[tokio::test]
async fn no_file_holds_a_password_a_code_or_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let pool = TestPool::open(PoolStorage::File(folder.path().join("pool.sqlite")), Some("802701"));
    pool.sign_up("late@example.com").await;
    pool.sign_up(EMAIL).await;
    pool.ok("ConfirmSignUp", json!({ "Username": EMAIL, "ConfirmationCode": "802701" })).await;
    let tokens = pool.sign_in(EMAIL, PASSWORD).await;
    pool.ok("ForgotPassword", json!({ "Username": EMAIL })).await;
    let change = json!({ "AccessToken": tokens["AccessToken"], "PreviousPassword": PASSWORD, "ProposedPassword": OTHER_PASSWORD });
    pool.ok("ChangePassword", change).await;
    let mut found_address = false;
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        // Shows that this search finds what is there.
        found_address |= holds(EMAIL);
        for secret in [PASSWORD, OTHER_PASSWORD, "802701", tokens["RefreshToken"].as_str().unwrap()] {
            assert!(!holds(secret), "{secret}");
        }
    }
    assert!(found_address);
}

#[tokio::test]
async fn a_process_that_is_killed_loses_nothing_that_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.sqlite");
    let pool = TestPool::open(PoolStorage::File(path.clone()), Some(CODE));
    pool.confirmed(EMAIL).await;
    // What a killed process leaves behind: the files as they are now, the journal not yet merged.
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
    }
    let restarted = TestPool::open(PoolStorage::File(copy.path().join("pool.sqlite")), Some(CODE));
    restarted.sign_in(EMAIL, PASSWORD).await;
}
