use super::harness::{EMAIL, PASSWORD, TestPool};

/// What the pre-sign-up trigger asks before it calls an address verified or links somebody to its user.
#[tokio::test]
async fn triggers_are_told_of_users_by_their_address_in_any_case_and_by_their_name() {
    let pool = TestPool::new();
    let body = serde_json::json!({ "Username": EMAIL, "Password": PASSWORD });
    let sub = pool.ok("SignUp", body).await["UserSub"].as_str().unwrap().to_owned();
    let handle = pool.pool.handle();
    for email in [EMAIL.to_owned(), EMAIL.to_uppercase()] {
        let found = handle.users_by_email(&email).await.unwrap();
        let [user] = &found[..] else { panic!("{found:?}") };
        assert_eq!((user.username.as_str(), user.status, user.enabled), (sub.as_str(), "UNCONFIRMED", true));
        assert_eq!(user.attributes["email_verified"], "false");
        assert!(!format!("{user:?}").contains(EMAIL));
    }
    assert_eq!(handle.users_by_email("nobody@example.com").await.unwrap(), []);
    // A name is no address, though one can sign in with either.
    assert_eq!(handle.users_by_email(&sub).await.unwrap(), []);
    for name in [sub.as_str(), EMAIL] {
        assert_eq!(handle.user(name).await.unwrap().unwrap().username, sub);
    }
    assert_eq!(handle.user("nobody@example.com").await.unwrap(), None);
}
