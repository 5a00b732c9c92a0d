//! What services in front of a function say about who calls, with whatever in it.

use std::sync::LazyLock;

use portcullis::{
    GatewayTokens, Issuer, SignInProvider, SignIns, TokenUse, TrustedAppSync,
    rules::{Identity, Provider},
    testkit::{ManualClock, TestIssuer},
};
use serde_json::{Map, Value, json};

use crate::{dice::Dice, spoil::spoiled};

pub(crate) const ISSUER: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
const OIDC: &str = "https://a.example";
const POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
pub(crate) const POOL_ID: &str = "eu-west-1_x";
pub(crate) const ARN: &str = "arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials";

/// What is put in the place of something.
const ODD: &[&str] = &[
    "null",
    "true",
    "7",
    "\"\"",
    "[]",
    "{}",
    "\"x\"",
    "[\"a\"]",
    "[\"a\",7]",
    "{\"sub\":\"bob\"}",
    "\"[a b]\"",
    "\"a,b\"",
    "\"[a,b]\"",
    "4000000000",
    "\"4000000000\"",
    "\"Tue Nov 14 22:13:21 UTC 2033\"",
    "-1",
    "\"id\"",
    "\"authenticated\"",
    "\"\\u0000\"",
    "\"\u{202e}\"",
];

/// Names that mean something somewhere.
const NAMES: &[&str] = &[
    "identity",
    "claims",
    "sub",
    "issuer",
    "iss",
    "exp",
    "nbf",
    "cnf",
    "aud",
    "token_use",
    "client_id",
    "username",
    "sourceIp",
    "userArn",
    "accountId",
    "resolverContext",
    "handlerContext",
    "defaultAuthStrategy",
    "groups",
    "cognito:groups",
    "jwt",
    "iam",
    "lambda",
    "principalId",
    "authorizer",
    "cognitoIdentity",
    "amr",
];

static TRUSTED: LazyLock<TrustedAppSync> = LazyLock::new(|| {
    let oidc = Issuer::oidc(OIDC).audiences(["api"]).insecure_any_token_use();
    let tokens = tokens().issuer(oidc).build().unwrap();
    TrustedAppSync::new().api_key().iam().user_pool(POOL_ID).lambda_authorizer().tokens(tokens)
});

pub(crate) fn tokens() -> portcullis::GatewayTokensBuilder {
    let pool = Issuer::cognito_at(ISSUER).client_ids(["web"]).token_use(TokenUse::Access);
    GatewayTokens::builder().issuer(pool).clock(ManualClock::at(TestIssuer::NOW))
}

/// Puts other things into a document, now and then: a value in the place of another, a member more or less.
pub(crate) fn changed(dice: &mut Dice<'_>, document: Value) -> Option<Value> {
    let mut document = document;
    for _ in 0..dice.below(4) {
        change(dice, &mut document);
    }
    match dice.below(4) {
        0 => serde_json::from_slice(&spoiled(dice, document.to_string().as_bytes())).ok(),
        _ => Some(document),
    }
}

fn change(dice: &mut Dice<'_>, value: &mut Value) {
    let odd = |dice: &mut Dice<'_>| -> Value { serde_json::from_str(dice.one_of::<&str>(ODD)).unwrap() };
    match value {
        Value::Object(members) if !members.is_empty() && !dice.once_in(4) => {
            let names: Vec<String> = members.keys().cloned().collect();
            let name = dice.one_of(&names).clone();
            match dice.below(6) {
                0 => drop(members.remove(&name)),
                1 => drop(members.insert((*dice.one_of(NAMES)).to_owned(), odd(dice))),
                _ => change(dice, &mut members[&name]),
            }
        }
        Value::Array(elements) if !elements.is_empty() && !dice.once_in(3) => {
            let at = dice.below(elements.len());
            match dice.below(3) {
                0 => drop(elements.remove(at)),
                _ => change(dice, &mut elements[at]),
            }
        }
        value => *value = odd(dice),
    }
}

/// A list of sign-ins with whatever in it. Nobody is a user of our pool whom the text does not name as that, alone.
pub(crate) fn sign_ins(bytes: &[u8]) -> bool {
    const PARTS: &[&str] = &[
        POOL,
        "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x:CognitoSignIn:u1",
        "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x:CognitoSignIn:u1",
        "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_y",
        "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_y:CognitoSignIn:u2",
        "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x:CognitoSignIn:u3",
        "arn:aws:iam::111122223333:oidc-provider/id.example.com",
        "arn:aws:iam::111122223333:oidc-provider/id.example.com:OIDC:a:b|c",
        "arn:aws:iam::111122223333:saml-provider/corp",
        "graph.facebook.com",
        "accounts.google.com:OIDC:7",
        "login.example:eu-west-1:0000",
        "authenticated",
        "unauthenticated",
        "",
    ];
    let mut dice = Dice::new(bytes);
    let parts = dice.some(3, |dice| {
        // Most of the time one that could be of our pool, and now and then with something wrong in it.
        let end = if dice.below(2) == 0 { 3 } else { PARTS.len() };
        let part = *dice.one_of(&PARTS[..end]);
        let spoils = dice.once_in(4);
        let part = if spoils { spoiled(dice, part.as_bytes()) } else { part.as_bytes().to_vec() };
        String::from_utf8_lossy(&part).into_owned()
    });
    let form = dice.below(4);
    let (told, text) = match form {
        0 | 1 => {
            let text = parts.join(",");
            (SignIns::parse(&text), text)
        }
        2 => {
            let text = format!("\"{}\"", parts.join("\",\""));
            (SignIns::parse(&text), text)
        }
        _ => (SignIns::from_amr(parts.iter().map(String::as_str)), parts.join("\n")),
    };
    let Ok(told) = told else { return false };
    let user = told.user_of(POOL_ID);
    // By another reading: all that is told is our pool, and all that is told of it is one user.
    let separators: &[char] = if form == 3 { &['\n'] } else { &[',', '"'] };
    let is_word = |part: &str| form == 3 && matches!(part, "authenticated" | "unauthenticated");
    let read = || text.split(separators).filter(|part| !part.is_empty() && !is_word(part));
    let named = read().find_map(|part| part.strip_prefix(POOL)?.strip_prefix(":CognitoSignIn:"));
    let is_alone = read().all(|part| {
        part == POOL || part.strip_prefix(POOL).is_some_and(|rest| rest.starts_with(":CognitoSignIn:"))
    });
    assert_eq!(user, named.filter(|_| is_alone), "{text}");
    for sign_in in told.iter() {
        let provider = match sign_in.provider() {
            SignInProvider::UserPool { id } => id,
            SignInProvider::Oidc { arn } => arn,
            SignInProvider::Other(name) => name,
            _ => unreachable!(),
        };
        assert!(!provider.is_empty() && text.contains(provider.as_str()), "{text}");
        assert!(
            sign_in.subject().is_none_or(|subject| !subject.is_empty() && text.contains(subject)),
            "{text}"
        );
    }
    user.is_some()
}

fn good_claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "ada", "username": "ada", "token_use": "access", "client_id": "web",
        "exp": TestIssuer::NOW + 60, "cognito:groups": ["editors", "eu-west-1_x_Google"],
    })
}

fn identity(dice: &mut Dice<'_>) -> Value {
    match dice.below(6) {
        0 => Value::Null,
        1 => json!({
            "accountId": "111122223333", "cognitoIdentityPoolId": "eu-west-1:p", "cognitoIdentityId": "eu-west-1:i",
            "sourceIp": ["203.0.113.1"], "username": "a", "userArn": ARN, "cognitoIdentityAuthType": "authenticated",
            "cognitoIdentityAuthProvider": format!("\"{POOL}\",\"{POOL}:CognitoSignIn:u1\""),
        }),
        2 | 3 => json!({
            "sub": "ada", "issuer": ISSUER, "username": "ada", "claims": good_claims(), "sourceIp": ["203.0.113.1"],
            "defaultAuthStrategy": "ALLOW", "groups": ["editors", "eu-west-1_x_Google"],
        }),
        4 => json!({
            "claims": { "iss": OIDC, "sub": "ada", "aud": ["api"], "exp": TestIssuer::NOW + 60 },
            "issuer": OIDC, "sub": "ada",
        }),
        _ => json!({ "resolverContext": { "tenant": "acme" } }),
    }
}

/// What AppSync says, with whatever in it. Whoever is believed is one whom a plain reading of the event names.
pub(crate) fn app_sync(bytes: &[u8]) -> bool {
    let mut dice = Dice::new(bytes);
    let good = json!({ "arguments": {}, "identity": identity(&mut dice), "info": { "fieldName": "f" } });
    let Some(event) = changed(&mut dice, good) else { return false };
    let caller = TRUSTED.caller(&event);
    assert!(TrustedAppSync::new().caller(&event).is_err(), "{event}");
    let Ok(caller) = caller else { return false };
    let told = &event["identity"];
    let is_function = told.get("resolverContext").is_some() || told.get("handlerContext").is_some();
    let is_iam = told.get("accountId").is_some() || told.get("userArn").is_some();
    match &caller {
        Identity::ApiKey => assert!(told.is_null(), "{event}"),
        Identity::Function(_) => assert!(is_function, "{event}"),
        Identity::Iam(iam) => {
            assert!(!is_function, "{event}");
            assert_eq!(iam.user_arn.as_deref(), told["userArn"].as_str(), "{event}");
            assert!(iam.sub.is_none() || iam.authenticated == Some(true), "{event}");
            assert!(iam.sub.as_ref().is_none_or(|sub| told.to_string().contains(sub.as_str())), "{event}");
        }
        Identity::User(user) => {
            assert!(!is_function && !is_iam, "{event}");
            let claims = user.claims().as_map();
            assert_eq!(Some(claims), told["claims"].as_object(), "{event}");
            assert_eq!((&claims["iss"], &claims["sub"]), (&told["issuer"], &told["sub"]), "{event}");
            good_user(claims, caller.provider() == Provider::UserPools, &event);
        }
        _ => unreachable!(),
    }
    true
}

/// What must be so of any user whom a gateway has checked.
pub(crate) fn good_user(claims: &Map<String, Value>, of_pool: bool, event: &Value) {
    assert!(claims["exp"].as_f64().unwrap() > TestIssuer::NOW as f64, "{event}");
    assert!(
        claims.get("nbf").is_none_or(|begins| begins.as_f64().unwrap() <= TestIssuer::NOW as f64),
        "{event}"
    );
    assert!(!claims["sub"].as_str().unwrap().is_empty(), "{event}");
    assert!(claims.get("cnf").is_none(), "{event}");
    if of_pool {
        assert_eq!(
            (&claims["iss"], &claims["token_use"], &claims["client_id"]),
            (&json!(ISSUER), &json!("access"), &json!("web")),
            "{event}"
        );
    } else {
        assert_eq!(claims["iss"], OIDC, "{event}");
        assert!(
            claims["aud"] == "api" || claims["aud"].as_array().unwrap().contains(&json!("api")),
            "{event}"
        );
    }
}
