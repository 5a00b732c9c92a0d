//! What must be stated or waived before a verifier exists.
#![expect(clippy::unwrap_used, reason = "tests")]

use portcullis::{Issuer, JwkSet, TokenUse, Verifier};

fn mistakes(issuers: impl IntoIterator<Item = Issuer>) -> String {
    let builder = issuers.into_iter().fold(Verifier::builder(), |builder, issuer| builder.issuer(issuer));
    builder.build().unwrap_err().to_string()
}

#[test]
fn every_check_is_stated_or_waived_aloud() {
    let pool = || Issuer::cognito("eu-west-1", "eu-west-1_AbCdEfGhI");
    let oidc = || Issuer::oidc("https://login.example.com/");
    let stated = [
        pool().client_ids(["web"]).token_use(TokenUse::Access),
        oidc().audiences(["api"]).token_use(TokenUse::Access),
    ];
    let waived = [
        pool().insecure_any_client().insecure_any_token_use(),
        oidc().insecure_any_audience().insecure_any_token_use(),
    ];
    for issuers in [stated, waived] {
        let builder = issuers.into_iter().fold(Verifier::builder(), |builder, issuer| builder.issuer(issuer));
        assert!(builder.build().is_ok());
    }

    assert_eq!(mistakes([]), "no issuer is configured");
    assert_eq!(
        mistakes([pool(), oidc()]).lines().collect::<Vec<_>>(),
        [
            "issuer `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI`: client ids not stated; \
             call `client_ids`, or `insecure_any_client` to do without",
            "issuer `https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI`: token use not stated; \
             call `token_use`, or `insecure_any_token_use` to do without",
            "issuer `https://login.example.com/`: audiences not stated; \
             call `audiences`, or `insecure_any_audience` to do without",
            "issuer `https://login.example.com/`: token use not stated; \
             call `token_use`, or `insecure_any_token_use` to do without",
        ]
    );
}

#[test]
fn values_that_could_not_work_are_named() {
    let ready =
        |issuer: Issuer| issuer.insecure_any_audience().insecure_any_client().insecure_any_token_use();
    let no_keys = JwkSet::from_json(r#"{"keys":[]}"#).unwrap();
    for (issuers, expected) in [
        (vec![ready(Issuer::oidc("http://login.example.com"))], "is not an https URL"),
        (vec![ready(Issuer::oidc("login.example.com"))], "is not an https URL"),
        (
            vec![ready(Issuer::cognito_at("https://a.example")).keys_url("http://a.example/keys")],
            "is not an https URL",
        ),
        (
            vec![ready(Issuer::cognito("eu-west-1", "us-east-1_AbC"))],
            "is not a user pool id of region `eu-west-1`",
        ),
        (vec![ready(Issuer::cognito("eu-west-1", "eu-west-1_A/../B"))], "is not a user pool id"),
        (vec![ready(Issuer::cognito("eu-west-1", "eu-west-1_"))], "is not a user pool id"),
        (vec![ready(Issuer::cognito("", "_A"))], "is not a user pool id"),
        (
            vec![ready(Issuer::oidc("https://a.example")).client_ids([""])],
            "`client_ids` is empty or holds an empty value",
        ),
        (
            vec![ready(Issuer::oidc("https://a.example")).audiences(Vec::<String>::new())],
            "`audiences` is empty or holds an empty value",
        ),
        (vec![ready(Issuer::oidc("https://a.example")).algorithms([])], "`algorithms` is empty"),
        (
            vec![ready(Issuer::oidc("https://a.example")), ready(Issuer::oidc("https://a.example"))],
            "is configured twice",
        ),
        (
            vec![ready(Issuer::oidc("https://a.example")).insecure_any_issuer()],
            "any issuer is accepted; give the keys with `keys`",
        ),
        (
            ["https://a.example", "https://b.example"]
                .map(|url| ready(Issuer::oidc(url)).insecure_any_issuer().keys(no_keys.clone()))
                .into(),
            "issuer `https://b.example`: another one accepts any issuer already",
        ),
    ] {
        let text = mistakes(issuers);
        assert!(text.contains(expected), "{text}");
    }
    assert!(Verifier::builder().issuer(ready(Issuer::oidc("urn:local")).keys(no_keys)).build().is_ok());
    assert!(Verifier::builder().issuer(ready(Issuer::oidc("http://127.0.0.1:9229/pool"))).build().is_ok());
}
