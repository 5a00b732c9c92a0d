//! Linking against a directory that behaves as Amazon Cognito does: what is linked, what is not, and what is left when a
//! delivery comes twice or dies half-way.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    future::Future,
    pin::pin,
    sync::{Mutex, MutexGuard},
    task::{Context, Waker},
};

use portcullis_directory::{Account, AccountStatus, Accounts, DirectoryError, FederatedIdentity};
use portcullis_events::Event;
use portcullis_pre_signup::{Config, handle};
use serde_json::json;

const POOL: &str = "eu-west-1_Pool1";
const EMAIL: &str = "cleo@example.com";

/// A user pool. Every call gives way once before it has its effect and once after it.
#[derive(Default)]
struct Pool {
    users: Mutex<Vec<Account>>,
    calls: Mutex<Vec<&'static str>>,
    /// Lists nobody.
    unlisted: bool,
    /// So many have the address that nobody looks at all of them.
    crowded: bool,
    /// People sign in with their address.
    alias: bool,
    /// These operations get no answer.
    silent: Vec<&'static str>,
}

impl Pool {
    fn of(users: impl IntoIterator<Item = Account>) -> Self {
        Self { users: Mutex::new(users.into_iter().collect()), ..Self::default() }
    }

    async fn called<T>(
        &self,
        operation: &'static str,
        effect: impl FnOnce(MutexGuard<'_, Vec<Account>>) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        tokio::task::yield_now().await;
        if self.silent.contains(&operation) {
            return Err(DirectoryError::Unavailable { operation, code: "no answer".into() });
        }
        self.calls.lock().unwrap().push(operation);
        let outcome = effect(self.users.lock().unwrap());
        tokio::task::yield_now().await;
        outcome
    }

    fn user_named(&self, name: &str) -> Account {
        self.users.lock().unwrap().iter().find(|user| user.username == name).unwrap().clone()
    }

    fn calls(&self) -> Vec<&'static str> {
        self.calls.lock().unwrap().clone()
    }
}

impl Accounts for Pool {
    async fn users_by_email(&self, _: &str, email: &str) -> Result<Vec<Account>, DirectoryError> {
        self.called("ListUsers", |users| {
            if self.crowded {
                return Err(DirectoryError::TooMany { operation: "ListUsers" });
            }
            Ok(users.iter().filter(|user| !self.unlisted && user.has_email(email)).cloned().collect())
        })
        .await
    }

    async fn user(&self, _: &str, username: &str) -> Result<Option<Account>, DirectoryError> {
        self.called("AdminGetUser", |users| {
            if username.len() > 128 {
                let code = "InvalidParameterException".into();
                return Err(DirectoryError::Refused { operation: "AdminGetUser", code });
            }
            // By the name, or by a verified address, which is one too.
            let is_called = |user: &&Account| {
                user.username.eq_ignore_ascii_case(username)
                    || (self.alias && user.email_verified && user.has_email(username))
            };
            Ok(users.iter().find(is_called).cloned())
        })
        .await
    }

    async fn create_native_user(&self, pool: &str, email: &str) -> Result<String, DirectoryError> {
        const OPERATION: &str = "AdminCreateUser";
        self.called(OPERATION, |mut users| {
            if users.iter().any(|user| user.username == email) {
                return Err(DirectoryError::UserExists { operation: OPERATION });
            }
            users.push(account(email, "FORCE_CHANGE_PASSWORD", true));
            Ok(())
        })
        .await?;
        self.set_random_password(pool, email).await?;
        Ok(email.to_owned())
    }

    async fn set_random_password(&self, _: &str, username: &str) -> Result<(), DirectoryError> {
        const OPERATION: &str = "AdminSetUserPassword";
        self.called(OPERATION, |mut users| {
            let user = users.iter_mut().find(|user| user.username == username);
            let user = user.ok_or(DirectoryError::UserNotFound { operation: OPERATION })?;
            user.status = AccountStatus::Confirmed;
            Ok(())
        })
        .await
    }

    async fn link_provider(
        &self,
        _: &str,
        username: &str,
        identity: &FederatedIdentity,
    ) -> Result<(), DirectoryError> {
        const OPERATION: &str = "AdminLinkProviderForUser";
        let refused = |code: &str| Err(DirectoryError::Refused { operation: OPERATION, code: code.into() });
        self.called(OPERATION, |mut users| {
            if users.iter().any(|user| user.has_identity(identity)) {
                // To whomever it is linked, and in these words.
                return refused("InvalidParameterException");
            }
            let user = users.iter_mut().find(|user| user.username == username);
            let user = user.ok_or(DirectoryError::UserNotFound { operation: OPERATION })?;
            if user.identities.len() >= 5 {
                return refused("LimitExceededException");
            }
            user.identities.push(identity.clone());
            Ok(())
        })
        .await
    }

    async fn unlink_provider(&self, _: &str, identity: &FederatedIdentity) -> Result<(), DirectoryError> {
        const OPERATION: &str = "AdminDisableProviderForUser";
        self.called(OPERATION, |mut users| {
            let user = users.iter_mut().find(|user| user.has_identity(identity));
            let user = user.ok_or(DirectoryError::UserNotFound { operation: OPERATION })?;
            user.identities.retain(|linked| linked != identity);
            Ok(())
        })
        .await
    }
}

fn account(name: &str, status: &str, verified: bool) -> Account {
    let verified = if verified { "true" } else { "false" };
    Account::new(name, AccountStatus::named(status), true, [("email", EMAIL), ("email_verified", verified)])
}

fn identity(provider: &str, subject: &str) -> FederatedIdentity {
    FederatedIdentity { provider: provider.into(), subject: subject.into() }
}

fn config(policy: &str) -> Config {
    let lookup = |name: &str| match name {
        "PROVIDERS" => Some("Google,Facebook".to_owned()),
        "LINK_PROVIDERS" => Some("Google".to_owned()),
        "LINK_POLICY" => Some(policy.to_owned()),
        _ => None,
    };
    let without_trust = |name: &str| lookup(name).filter(|_| name != "LINK_PROVIDERS");
    if policy == "off" { Config::from_env(without_trust).unwrap() } else { Config::from_env(lookup).unwrap() }
}

fn event(username: &str, verified: &str) -> Event {
    let event = json!({
        "version": "1", "triggerSource": "PreSignUp_ExternalProvider", "userPoolId": POOL, "userName": username,
        "request": {"userAttributes": {"email": EMAIL, "email_verified": verified}}, "response": {},
    });
    Event::new(event).unwrap()
}

/// The decision, or the code of the refusal.
async fn outcome(policy: &str, username: &str, verified: &str, pool: &Pool) -> &'static str {
    match handle(event(username, verified), &config(policy), pool).await {
        Ok(answer) => answer.decision(),
        Err(error) => error.code(),
    }
}

#[tokio::test]
async fn each_policy_says_what_happens_to_somebody_with_a_verified_address() {
    let own = || vec![account("cleo", "CONFIRMED", true)];
    let waiting = || vec![account("eve", "UNCONFIRMED", false)];
    let invited = || vec![account("cleo", "FORCE_CHANGE_PASSWORD", true)];
    let rows = [
        ("off", own(), "admit", None),
        ("off", vec![], "admit", None),
        ("link", own(), "E_LINKED_RETRY", Some("cleo")),
        ("link", vec![], "admit unlinked", None),
        ("link", waiting(), "admit unlinked", None),
        ("link", invited(), "E_LINK_REFUSED", None),
        ("native", own(), "E_LINKED_RETRY", Some("cleo")),
        ("native", vec![], "E_LINKED_RETRY", Some(EMAIL)),
        ("native", waiting(), "E_LINK_REFUSED", None),
        ("native", invited(), "E_LINKED_RETRY", Some("cleo")),
    ];
    for (policy, users, expected, linked) in rows {
        let pool = Pool::of(users.clone());
        assert_eq!(outcome(policy, "google_100", "true", &pool).await, expected, "{policy} {users:?}");
        for user in pool.users.lock().unwrap().iter() {
            let identities = if Some(user.username.as_str()) == linked { 1 } else { 0 };
            assert_eq!(user.identities.len(), identities, "{policy} {users:?}");
            assert!(linked.is_none() || user.status == AccountStatus::Confirmed);
        }
        assert_eq!(
            pool.users.lock().unwrap().iter().any(|user| Some(user.username.as_str()) == linked),
            linked.is_some()
        );
    }
}

#[tokio::test]
async fn an_address_that_is_not_verified_or_a_provider_that_is_not_trusted_links_nobody() {
    for policy in ["link", "native"] {
        let pool = Pool::of([account("cleo", "CONFIRMED", true)]);
        for verified in ["false", "", "TRUE"] {
            assert_eq!(outcome(policy, "google_100", verified, &pool).await, "E_EMAIL_NOT_VERIFIED");
        }
        assert_eq!(outcome(policy, "facebook_100", "true", &pool).await, "admit");
        assert_eq!(outcome(policy, "Evil_100", "true", &pool).await, "E_PROVIDER_NOT_ALLOWED");
        assert_eq!(pool.calls(), [""; 0], "the pool need not be asked");
    }
}

#[tokio::test]
async fn a_link_that_comes_again_is_no_second_link_and_no_error() {
    let pool = Pool::of([account("cleo", "CONFIRMED", true)]);
    for _ in 0..3 {
        assert_eq!(outcome("link", "google_100", "true", &pool).await, "E_LINKED_RETRY");
    }
    assert_eq!(pool.user_named("cleo").identities, [identity("Google", "100")]);
    assert_eq!(pool.calls().iter().filter(|call| **call == "AdminLinkProviderForUser").count(), 1);
}

#[tokio::test]
async fn deliveries_at_the_same_moment_make_one_user_and_one_link() {
    for policy in ["link", "native"] {
        let users = if policy == "link" { vec![account("cleo", "CONFIRMED", true)] } else { vec![] };
        let pool = Pool::of(users);
        let deliver = || outcome(policy, "google_100", "true", &pool);
        let codes: [&str; 3] = tokio::join!(deliver(), deliver(), deliver()).into();
        assert!(codes.contains(&"E_LINKED_RETRY"), "{codes:?}");
        assert!(codes.iter().all(|code| ["E_LINKED_RETRY", "E_TRY_AGAIN"].contains(code)), "{codes:?}");
        assert_eq!(pool.users.lock().unwrap().len(), 1);
        assert_eq!(pool.users.lock().unwrap()[0].identities, [identity("Google", "100")]);
    }
}

/// What a pool does whose list of users is behind, or keeps another address by that name.
#[tokio::test]
async fn a_user_who_is_there_and_not_listed_is_linked_only_if_that_is_safe() {
    for (status, verified, email, expected) in [
        ("CONFIRMED", true, EMAIL, "E_LINKED_RETRY"),
        ("FORCE_CHANGE_PASSWORD", true, EMAIL, "E_TRY_AGAIN"),
        ("UNCONFIRMED", false, EMAIL, "E_LINK_REFUSED"),
        ("CONFIRMED", true, "other@example.com", "E_LINK_REFUSED"),
    ] {
        let mut hidden = account(EMAIL, status, verified);
        hidden.email = Some(email.into());
        let pool = Pool { unlisted: true, ..Pool::of([hidden.clone()]) };
        assert_eq!(outcome("native", "google_100", "true", &pool).await, expected, "{status} {email}");
        let linked = usize::from(expected == "E_LINKED_RETRY");
        assert_eq!(
            (pool.user_named(EMAIL).status, pool.user_named(EMAIL).identities.len()),
            (hidden.status, linked)
        );
    }
}

#[tokio::test]
async fn an_identity_that_belongs_to_another_user_is_not_taken_from_them() {
    let mut other = account("other", "CONFIRMED", true);
    other.email = Some("other@example.com".into());
    other.identities = vec![identity("Google", "100")];
    let pool = Pool::of([account("cleo", "CONFIRMED", true), other]);
    assert_eq!(outcome("link", "google_100", "true", &pool).await, "E_LINK_REFUSED");
    assert_eq!(pool.user_named("cleo").identities, []);
}

#[tokio::test]
async fn a_sixth_identity_is_refused_before_anything_is_changed() {
    for status in ["CONFIRMED", "FORCE_CHANGE_PASSWORD"] {
        let mut full = account("cleo", status, true);
        full.identities = (0..5).map(|number| identity("Facebook", &number.to_string())).collect();
        let pool = Pool::of([full.clone()]);
        assert_eq!(outcome("native", "google_100", "true", &pool).await, "E_LINK_REFUSED");
        assert_eq!(pool.user_named("cleo"), full);
    }
}

#[tokio::test]
async fn a_pool_that_does_not_answer_lets_nobody_in_and_changes_nothing_by_halves() {
    for silent in ["ListUsers", "AdminCreateUser", "AdminSetUserPassword", "AdminLinkProviderForUser"] {
        let mut pool = Pool { silent: vec![silent], ..Pool::default() };
        assert_eq!(outcome("native", "google_100", "true", &pool).await, "E_TRY_AGAIN", "{silent}");
        pool.silent.clear();
        assert_eq!(outcome("native", "google_100", "true", &pool).await, "E_LINKED_RETRY", "{silent}");
        let user = pool.user_named(EMAIL);
        assert_eq!((user.status, user.identities.len()), (AccountStatus::Confirmed, 1), "{silent}");
    }
}

/// A delivery that is stopped after every possible number of steps, and then the next one.
#[tokio::test]
async fn a_delivery_that_died_anywhere_is_made_good_by_the_next() {
    for steps in 0.. {
        let (pool, config) = (Pool::default(), config("native"));
        let mut finished = false;
        {
            let mut dying = pin!(handle(event("google_100", "true"), &config, &pool));
            for _ in 0..steps {
                finished = dying.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
            }
        }
        assert_eq!(
            outcome("native", "google_100", "true", &pool).await,
            "E_LINKED_RETRY",
            "died after {steps}"
        );
        assert_eq!(pool.users.lock().unwrap().len(), 1);
        let user = pool.user_named(EMAIL);
        assert_eq!((user.status, user.identities.len()), (AccountStatus::Confirmed, 1), "died after {steps}");
        if finished {
            assert!(steps > 6, "the delivery could not be stopped half-way");
            return;
        }
    }
}

/// Who was invited and could not be linked must not have lost the password that they were sent.
#[tokio::test]
async fn a_temporary_password_is_replaced_only_once_its_user_is_linked() {
    let invited = || account("cleo", "FORCE_CHANGE_PASSWORD", true);
    let mut other = account("other", "CONFIRMED", true);
    other.email = Some("other@example.com".into());
    other.identities = vec![identity("Google", "100")];
    let silent = |operations: &[&'static str]| Pool { silent: operations.to_vec(), ..Pool::of([invited()]) };
    for (pool, expected) in [
        (Pool::of([invited(), other]), "E_LINK_REFUSED"),
        (silent(&["AdminLinkProviderForUser"]), "E_TRY_AGAIN"),
    ] {
        assert_eq!(outcome("native", "google_100", "true", &pool).await, expected);
        assert_eq!(pool.user_named("cleo"), invited());
        assert!(!pool.calls().contains(&"AdminSetUserPassword"), "{:?}", pool.calls());
    }
    // Linked and not finished: who is linked signs in without an event, and would never come this way again.
    let mut pool = silent(&["AdminSetUserPassword"]);
    assert_eq!(outcome("native", "google_100", "true", &pool).await, "E_TRY_AGAIN");
    assert_eq!(pool.user_named("cleo"), invited());
    pool.silent.clear();
    assert_eq!(outcome("native", "google_100", "true", &pool).await, "E_LINKED_RETRY");
    let user = pool.user_named("cleo");
    assert_eq!((user.status, user.identities.len()), (AccountStatus::Confirmed, 1));

    // Where the link cannot be taken back either, another delivery finishes it, and links nobody again.
    let mut pool = silent(&["AdminSetUserPassword", "AdminDisableProviderForUser"]);
    let config = config("native");
    let refused = handle(event("google_100", "true"), &config, &pool).await.unwrap_err();
    assert_eq!(refused.code(), "E_TRY_AGAIN");
    let detail = refused.detail().unwrap();
    assert!(detail.contains("AdminDisableProviderForUser") && detail.contains("stays linked"), "{detail}");
    assert_eq!(pool.user_named("cleo").identities.len(), 1);
    pool.silent.clear();
    assert_eq!(outcome("native", "google_100", "true", &pool).await, "E_LINKED_RETRY");
    let user = pool.user_named("cleo");
    assert_eq!((user.status, user.identities.len()), (AccountStatus::Confirmed, 1));
    assert_eq!(pool.calls().iter().filter(|call| **call == "AdminLinkProviderForUser").count(), 1);
}

/// Anybody can make users with somebody's address, and so more than are looked at.
#[tokio::test]
async fn a_crowd_with_ones_address_keeps_nobody_from_being_linked_where_it_is_a_name() {
    let eve = || account("eve", "UNCONFIRMED", false);
    let cases = [
        (true, vec![eve(), account("cleo", "CONFIRMED", true)], "E_LINKED_RETRY"),
        (true, vec![eve(), account("cleo", "UNCONFIRMED", true)], "E_LINK_REFUSED"),
        // Nobody has verified it, or an account that stands for somebody at another provider has.
        (true, vec![eve()], "E_LINK_REFUSED"),
        (true, vec![eve(), account("google_7", "EXTERNAL_PROVIDER", true)], "E_LINK_REFUSED"),
        // Here several can have verified it; who is called by it is one of them.
        (false, vec![eve(), account("cleo", "CONFIRMED", true)], "E_LINK_REFUSED"),
        (false, vec![eve(), account(EMAIL, "CONFIRMED", true)], "E_LINK_REFUSED"),
    ];
    for (alias, users, expected) in cases {
        for policy in ["link", "native"] {
            let pool = Pool { crowded: true, alias, ..Pool::of(users.clone()) };
            let outcome = outcome(policy, "google_100", "true", &pool).await;
            assert_eq!(outcome, expected, "{policy} {alias} {users:?}");
            let linked = pool.users.lock().unwrap().iter().filter(|user| !user.identities.is_empty()).count();
            assert_eq!(linked, usize::from(expected == "E_LINKED_RETRY"), "{policy} {alias} {users:?}");
            assert_eq!(pool.users.lock().unwrap().len(), users.len());
        }
    }
}

#[tokio::test]
async fn an_address_is_called_verified_only_if_no_other_user_has_verified_it() {
    let lookup = |name: &str| match name {
        "AUTO_CONFIRM_DOMAINS" => Some("example.com".to_owned()),
        "AUTO_VERIFY_EMAIL" => Some("true".to_owned()),
        _ => None,
    };
    let config = Config::from_env(lookup).unwrap();
    let sign_up_with = |email: &str| {
        let event = json!({
            "triggerSource": "PreSignUp_SignUp", "userPoolId": POOL, "userName": "new",
            "request": {"userAttributes": {"email": email}},
            "response": {"autoConfirmUser": false, "autoVerifyEmail": false},
        });
        Event::new(event).unwrap()
    };
    let sign_up = || sign_up_with("CLEO@example.com");
    let yes = json!({"autoConfirmUser": true, "autoVerifyEmail": true});
    let no = json!({"autoConfirmUser": false, "autoVerifyEmail": false});
    for (users, expected) in [
        (vec![], &yes),
        (vec![account("eve", "UNCONFIRMED", false)], &yes),
        (vec![account("new", "CONFIRMED", true)], &yes),
        (vec![account("cleo", "CONFIRMED", true)], &no),
        (vec![account("google_7", "EXTERNAL_PROVIDER", true)], &no),
    ] {
        let answer = handle(sign_up(), &config, &Pool::of(users.clone())).await.unwrap();
        assert_eq!(answer.into_value()["response"], *expected, "{users:?}");
    }
    // Listed only as it is written, found by it in any case of its letters.
    let odd = || Account { email: Some("cLeO@example.com".into()), ..account("cleo", "CONFIRMED", true) };
    let unlisted = Pool { unlisted: true, alias: true, ..Pool::of([odd()]) };
    let crowded = Pool { crowded: true, ..Pool::default() };
    for (pool, expected) in [(unlisted, &no), (crowded, &no)] {
        let answer = handle(sign_up(), &config, &pool).await.unwrap();
        assert_eq!(answer.into_value()["response"], *expected);
    }
    // Too long to be anybody's name, and nobody's.
    let long = format!("{}@example.com", "a".repeat(130));
    let answer = handle(sign_up_with(&long), &config, &Pool::default()).await.unwrap();
    assert_eq!(answer.into_value()["response"], yes);
    for operation in ["ListUsers", "AdminGetUser"] {
        let silent = Pool { silent: vec![operation], ..Pool::default() };
        assert_eq!(handle(sign_up(), &config, &silent).await.unwrap_err().code(), "E_TRY_AGAIN");
    }
}
