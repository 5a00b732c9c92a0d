//! Identities of AppSync, of every kind.

use portcullis::{AppSyncError, TrustedAppSync};

use super::*;

const ARN: &str = "arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials";

fn everything() -> TrustedAppSync {
    let oidc = SIGN_IN.oidc_issuer().audiences(["api"]).insecure_any_token_use();
    let tokens = tokens().issuer(oidc).build().unwrap();
    TrustedAppSync::new().api_key().iam().user_pool("eu-west-1_x").tokens(tokens).lambda_authorizer()
}

fn resolver(identity: &Value) -> Value {
    json!({
        "arguments": { "id": "1" }, "identity": identity, "source": null, "prev": null, "stash": {},
        "request": { "headers": { "x-forwarded-for": ["a", "b"] }, "domainName": null },
        "info": { "fieldName": "getNote", "parentTypeName": "Query", "variables": {}, "selectionSetList": ["id"] },
    })
}

fn claims() -> Value {
    json!({
        "iss": POOL.url(), "sub": "ada", "username": "ada", "token_use": "access", "client_id": "web",
        "exp": NOW + 60, "iat": NOW, "cognito:groups": ["editors"], "scope": "a b",
    })
}

fn cognito() -> Value {
    json!({
        "sub": "ada", "issuer": POOL.url(), "username": "ada", "claims": claims(),
        "sourceIp": ["203.0.113.1"], "defaultAuthStrategy": "ALLOW", "groups": ["editors"],
    })
}

fn oidc() -> Value {
    let claims =
        json!({ "iss": SIGN_IN.url(), "sub": "ada", "aud": ["api", "x"], "exp": NOW + 60, "roles": ["a"] });
    json!({ "claims": claims, "issuer": SIGN_IN.url(), "sub": "ada" })
}

fn iam() -> Value {
    let provider = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
    json!({
        "accountId": "111122223333", "cognitoIdentityPoolId": "eu-west-1:p", "cognitoIdentityId": "eu-west-1:i",
        "sourceIp": ["203.0.113.1"], "username": "AROAEXAMPLE:CognitoIdentityCredentials", "userArn": ARN,
        "cognitoIdentityAuthType": "authenticated",
        "cognitoIdentityAuthProvider": format!("\"{provider}\",\"{provider}:CognitoSignIn:u1\""),
    })
}

fn caller(identity: &Value) -> Result<Identity, AppSyncError> {
    everything().caller(&resolver(identity))
}

#[test]
fn each_kind_of_identity_is_told_from_the_others() {
    let rows = [
        (Value::Null, Provider::ApiKey),
        (json!({ "resolverContext": { "tenant": "acme" } }), Provider::Function),
        (json!({ "handlerContext": { "tenant": "acme" } }), Provider::Function),
        (json!({ "resolverContext": {} }), Provider::Function),
        (json!({ "resolverContext": null }), Provider::Function),
        (iam(), Provider::IdentityPool),
        (with(iam(), &[("accountId", Value::Null)]), Provider::IdentityPool),
        (cognito(), Provider::UserPools),
        (with(cognito(), &[("defaultAuthStrategy", Value::Null)]), Provider::UserPools),
        (with(cognito(), &[("username", Value::Null)]), Provider::UserPools),
        (oidc(), Provider::Oidc),
    ];
    let none = || TrustedAppSync::new();
    for (identity, provider) in rows {
        let event = resolver(&identity);
        assert_eq!(everything().caller(&event).map(|caller| caller.provider()), Ok(provider), "{identity}");
        assert_eq!(none().caller(&event), Err(AppSyncError::NotTrusted(provider)), "{identity}");
        // To trust one kind is not to trust another.
        let tokens = tokens().issuer(SIGN_IN.oidc_issuer().audiences(["api"]).insecure_any_token_use());
        let kinds = [
            (none().api_key(), vec![Provider::ApiKey]),
            (none().iam(), vec![Provider::IdentityPool]),
            (none().lambda_authorizer(), vec![Provider::Function]),
            (none().tokens(tokens.build().unwrap()), vec![Provider::UserPools, Provider::Oidc]),
        ];
        for (trusted, of) in kinds {
            assert_eq!(trusted.caller(&event).is_ok(), of.contains(&provider), "{identity}");
        }
    }
}

#[test]
fn what_is_of_no_known_kind_is_refused() {
    for event in [
        json!({}),
        json!({ "identity": {} }),
        json!({ "identity": [] }),
        json!({ "identity": "ada" }),
        json!({ "identity": false }),
        json!({ "identity": { "sub": "ada" } }),
        json!({ "identity": { "claims": claims(), "sub": "ada" } }),
        json!({ "identity": { "username": "ada" } }),
        json!({ "identity": { "sourceIp": ["203.0.113.1"] } }),
        json!({ "identity": { "resolverContext": "ada" } }),
        json!({ "identity": { "resolverContext": ["ada"] } }),
        json!({ "identity": { "accountId": "111122223333" } }),
        json!({ "identity": { "userArn": null } }),
        json!({ "identity": { "userArn": "" } }),
        json!({ "identity": { "userArn": "arn with a space" } }),
        json!({ "identity": { "userArn": [ARN] } }),
        json!({ "identity": { "defaultAuthStrategy": "ALLOW" } }),
        json!({ "identity": with(cognito(), &[("claims", json!("ada"))]) }),
        json!([cognito()]),
        json!("ada"),
        Value::Null,
    ] {
        assert_eq!(everything().caller(&event), Err(AppSyncError::Unknown), "{event}");
    }
}

#[test]
fn what_stands_beside_the_claims_agrees_with_them() {
    let unknown = Err(AppSyncError::Unknown);
    let gone = Value::Null;
    let rows: [(Changes<'_>, Result<(), AppSyncError>); 11] = [
        (&[], Ok(())),
        (&[("groups", gone.clone())], Ok(())),
        (&[("groups", json!(["editors", "eu-west-1_TestPool1_Google"]))], Ok(())),
        (&[("groups", json!([]))], unknown),
        (&[("groups", json!(["admins"]))], unknown),
        (&[("sub", json!("bob"))], unknown),
        (&[("sub", json!(["ada"]))], unknown),
        (&[("sub", gone.clone())], unknown),
        (&[("issuer", json!("https://other.example"))], unknown),
        (&[("issuer", gone)], unknown),
        (&[("username", json!("bob"))], Ok(())),
    ];
    for (changes, expected) in rows {
        assert_eq!(caller(&with(cognito(), changes)).map(drop), expected, "{changes:?}");
    }
    let federated = json!(["editors", "eu-west-1_TestPool1_Google"]);
    let identity = with(
        cognito(),
        &[
            ("groups", federated.clone()),
            ("claims", with(claims(), &[("cognito:groups", federated.clone())])),
        ],
    );
    assert_eq!(groups(&caller(&identity).unwrap()), Some(federated));
    // Rules ask the claims: a group that stands beside them alone is none of the caller's.
    let beside = with(cognito(), &[("groups", json!(["editors", "admins"]))]);
    assert_eq!(groups(&caller(&beside).unwrap()), Some(json!(["editors"])));
}

#[test]
fn a_token_is_checked_again_by_its_claims() {
    let rows: [(&str, Value, Result<(), Rejection>); 11] = [
        ("exp", json!(NOW + 1), Ok(())),
        ("exp", json!(NOW), Err(Rejection::Expired)),
        ("exp", json!((NOW + 60).to_string()), Err(Rejection::TimeClaim)),
        ("exp", Value::Null, Err(Rejection::TimeClaim)),
        ("nbf", json!(NOW + 1), Err(Rejection::NotYetValid)),
        ("token_use", json!("id"), Err(Rejection::TokenUse)),
        ("token_use", Value::Null, Err(Rejection::TokenUse)),
        ("client_id", json!("ios"), Err(Rejection::Client)),
        ("client_id", json!(["web"]), Err(Rejection::Client)),
        ("cnf", json!({}), Err(Rejection::SenderConstrained)),
        ("aud", json!([7]), Err(Rejection::Audience)),
    ];
    for (name, value, expected) in rows {
        let claims = with(claims(), &[(name, value.clone())]);
        let identity = with(cognito(), &[("claims", claims)]);
        let expected = expected.map_err(AppSyncError::Rejected);
        assert_eq!(caller(&identity).map(drop), expected, "{name} {value}");
    }
    let user = caller(&cognito()).unwrap();
    assert_eq!(user.user().unwrap().verified_by(), VerifiedBy::Gateway);
}

#[test]
fn a_pool_is_no_openid_connect_issuer_and_the_other_way_round() {
    let rejected = Err(AppSyncError::Rejected(Rejection::Issuer));
    let as_oidc = json!({ "claims": claims(), "issuer": POOL.url(), "sub": "ada" });
    assert_eq!(caller(&as_oidc), rejected);
    let mut as_cognito = oidc();
    as_cognito["defaultAuthStrategy"] = json!("ALLOW");
    assert_eq!(caller(&as_cognito), rejected);
    let other = with(
        oidc(),
        &[
            ("claims", json!({ "iss": "https://other.example", "sub": "ada" })),
            ("issuer", json!("https://other.example")),
        ],
    );
    assert_eq!(caller(&other), rejected);
    let for_others = with(oidc()["claims"].clone(), &[("aud", json!(["x"]))]);
    assert_eq!(
        caller(&with(oidc(), &[("claims", for_others)])),
        Err(AppSyncError::Rejected(Rejection::Audience))
    );
}

#[test]
fn an_openid_connect_token_says_in_its_header_what_it_is_for_which_nobody_sees() {
    let oidc_issuer = SIGN_IN.oidc_issuer().audiences(["api"]).token_use(TokenUse::Id);
    let tokens = tokens().issuer(oidc_issuer).claims_of_token().build().unwrap();
    let outcome = TrustedAppSync::new().tokens(tokens).caller(&resolver(&oidc()));
    assert_eq!(outcome, Err(AppSyncError::Rejected(Rejection::TokenUse)));
}

#[test]
fn who_signed_is_told_with_pool_and_user() {
    let rows: [(Changes<'_>, Option<bool>, Option<&str>); 6] = [
        (&[], Some(true), Some("u1")),
        (&[("cognitoIdentityAuthType", json!("unauthenticated"))], Some(false), None),
        (&[("cognitoIdentityAuthType", Value::Null)], None, None),
        (&[("cognitoIdentityAuthProvider", Value::Null)], Some(true), None),
        (&[("cognitoIdentityAuthProvider", json!("\""))], Some(true), None),
        (
            &[(
                "cognitoIdentityAuthProvider",
                json!("\"cognito-idp.eu-west-1.amazonaws.com/eu-west-1_y:CognitoSignIn:u1\""),
            )],
            Some(true),
            None,
        ),
    ];
    for (changes, authenticated, sub) in rows {
        let Ok(Identity::Iam(caller)) = caller(&with(iam(), changes)) else { panic!("{changes:?}") };
        assert_eq!((caller.authenticated, caller.sub.as_deref()), (authenticated, sub), "{changes:?}");
        assert_eq!(caller.user_arn.as_deref(), Some(ARN));
        assert_eq!(caller.identity_pool_id.as_deref(), Some("eu-west-1:p"));
        assert_eq!(caller.identity_id.as_deref(), Some("eu-west-1:i"));
    }
    for (pool, is_known) in [("eu-west-1:p", true), ("eu-west-1:other", false)] {
        let outcome = TrustedAppSync::new().iam().identity_pool(pool).caller(&resolver(&iam()));
        assert_eq!(outcome.is_ok(), is_known, "{pool}");
    }
}

#[test]
fn one_bad_event_of_a_batch_is_one_error() {
    let batch = [resolver(&cognito()), json!({}), resolver(&iam())];
    let outcomes = batch.map(|event| everything().caller(&event).is_ok());
    assert_eq!(outcomes, [true, false, true]);
}
