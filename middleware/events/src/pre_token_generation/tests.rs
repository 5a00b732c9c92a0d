use serde_json::json;

use super::*;

fn event(version: &str, source: &str) -> Event {
    Event::new(json!({
        "version": version,
        "triggerSource": source,
        "callerContext": {"clientId": "app"},
        "request": {
            "userAttributes": {"sub": "s-1"},
            "groupConfiguration": {"groupsToOverride": ["readers"], "iamRolesToOverride": ["arn:r"], "preferredRole": null},
            "scopes": ["openid"],
        },
        "response": {"claimsOverrideDetails": null, "claimsAndScopeOverrideDetails": []},
    }))
    .unwrap()
}

fn user(version: &str) -> Event {
    event(version, "TokenGeneration_Authentication")
}

fn details(event: Event, version: &str) -> Value {
    let root = if version == "1" { "claimsOverrideDetails" } else { "claimsAndScopeOverrideDetails" };
    event.into_value()["response"][root].clone()
}

/// The response's shape in every version.
#[test]
fn each_version_gets_its_own_shape() {
    let mut first = user("1");
    let mut tokens = PreTokenGeneration::of(&mut first).unwrap();
    tokens.set_claim(Token::Id, "tenant", json!("acme")).unwrap();
    tokens.suppress_claim(Token::Id, "email").unwrap();
    assert_eq!(
        details(first, "1"),
        json!({"claimsToAddOrOverride": {"tenant": "acme"}, "claimsToSuppress": ["email"]})
    );

    for version in ["2", "3"] {
        let mut event = user(version);
        let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
        assert_eq!(tokens.scopes(), ["openid"]);
        tokens.set_claim(Token::Id, "tenant", json!({"id": 7})).unwrap();
        tokens.set_claim(Token::Access, "plan", json!(["a", 1, true])).unwrap();
        tokens.set_claim(Token::Access, "aud", json!("app")).unwrap();
        tokens.suppress_claim(Token::Id, "dev:x").unwrap();
        tokens.add_scope("notes/read").unwrap();
        tokens.add_scope("notes/read").unwrap();
        tokens.suppress_scope("openid").unwrap();
        tokens.add_group("editors").unwrap();
        let expected = json!({
            "idTokenGeneration": {"claimsToAddOrOverride": {"tenant": {"id": 7}}, "claimsToSuppress": ["dev:x"]},
            "accessTokenGeneration": {
                "claimsToAddOrOverride": {"plan": ["a", 1, true], "aud": "app"},
                "scopesToAdd": ["notes/read"],
                "scopesToSuppress": ["openid"],
            },
            "groupOverrideDetails": {"groupsToOverride": ["readers", "editors"], "iamRolesToOverride": ["arn:r"]},
        });
        assert_eq!(details(event, version), expected);
    }
}

#[test]
fn adding_a_claim_leaves_the_groups_alone() {
    for version in ["1", "2", "3"] {
        let mut event = user(version);
        PreTokenGeneration::of(&mut event).unwrap().set_claim(Token::Id, "tenant", json!("acme")).unwrap();
        assert_eq!(details(event, version).get("groupOverrideDetails"), None);
    }
}

#[test]
fn a_group_edit_that_changes_nothing_writes_nothing() {
    for version in ["1", "2", "3"] {
        let mut event = user(version);
        let before = event.clone();
        let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
        tokens.add_group("readers").unwrap();
        tokens.remove_group("writers").unwrap();
        assert_eq!(event, before);
    }
}

#[test]
fn group_edits_build_on_each_other() {
    let mut event = user("2");
    let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
    tokens.add_group("a").unwrap();
    tokens.add_group("b").unwrap();
    tokens.remove_group("readers").unwrap();
    assert_eq!(tokens.groups(), ["a", "b"]);
    assert_eq!(
        details(event, "2")["groupOverrideDetails"],
        json!({"groupsToOverride": ["a", "b"], "iamRolesToOverride": ["arn:r"]})
    );
}

#[test]
fn groups_are_read_and_edited_whatever_shape_the_configuration_has() {
    for configuration in [
        json!(null),
        json!({}),
        json!([]),
        json!("x"),
        json!({"groupsToOverride": null}),
        json!({"groupsToOverride": {}, "preferredRole": null}),
    ] {
        let mut value = user("1").into_value();
        value["request"]["groupConfiguration"] = configuration.clone();
        let mut event = Event::new(value).unwrap();
        let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
        assert_eq!(tokens.groups(), [""; 0], "{configuration}");
        tokens.add_group("a").unwrap();
        assert_eq!(
            details(event, "1"),
            json!({"groupOverrideDetails": {"groupsToOverride": ["a"]}}),
            "{configuration}"
        );
    }
}

#[test]
fn an_override_that_came_empty_does_not_lose_the_pools_groups() {
    for came in [json!(null), json!({}), json!([])] {
        let mut value = user("1").into_value();
        value["response"] = json!({"claimsOverrideDetails": {"groupOverrideDetails": came}});
        let mut event = Event::new(value).unwrap();
        let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
        assert_eq!(tokens.groups(), ["readers"]);
        tokens.add_group("a").unwrap();
        assert_eq!(tokens.groups(), ["readers", "a"]);
    }
}

#[test]
fn a_claim_is_not_set_beside_an_override_that_came_empty() {
    for came in [json!(null), json!({}), json!([])] {
        let mut value = user("1").into_value();
        value["response"] = json!({"claimsOverrideDetails": {"groupOverrideDetails": came}});
        let mut event = Event::new(value).unwrap();
        PreTokenGeneration::of(&mut event).unwrap().set_claim(Token::Id, "tenant", json!("acme")).unwrap();
        assert_eq!(details(event, "1"), json!({"claimsToAddOrOverride": {"tenant": "acme"}}));
    }
}

/// The name, and what setting and suppressing it answer.
#[test]
fn reserved_claims_are_refused_when_set() {
    let reserved = Err(EditError::Reserved);
    let rows = [
        ("tenant", Ok(()), Ok(())),
        ("custom:tenant", Ok(()), Ok(())),
        ("email", Ok(()), Ok(())),
        ("", Err(EditError::EmptyName), Err(EditError::EmptyName)),
        ("dev:x", Err(EditError::SuppressOnly), Ok(())),
        ("cognito:groups", reserved, Ok(())),
        ("cognito:roles", reserved, reserved),
        ("cognito:username", reserved, reserved),
        ("cognito:anything", reserved, reserved),
        ("sub", reserved, reserved),
        ("iss", reserved, reserved),
        ("token_use", reserved, reserved),
        ("client_id", reserved, reserved),
        ("username", reserved, reserved),
        ("identities", reserved, reserved),
        ("device_key", reserved, reserved),
        ("event_id", reserved, reserved),
        ("version", reserved, reserved),
        ("acr", reserved, reserved),
        ("amr", reserved, reserved),
        ("at_hash", reserved, reserved),
        ("auth_time", reserved, reserved),
        ("azp", reserved, reserved),
        ("exp", reserved, reserved),
        ("iat", reserved, reserved),
        ("nbf", reserved, reserved),
        ("jti", reserved, reserved),
        ("origin_jti", reserved, reserved),
        ("nonce", reserved, reserved),
        ("scope", reserved, reserved),
    ];
    for token in [Token::Id, Token::Access] {
        for (name, set, suppress) in rows {
            let mut event = user("2");
            let before = event.clone();
            let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
            assert_eq!(tokens.set_claim(token, name, json!("x")), set, "set {name}");
            assert!(set.is_ok() || event == before, "a refused edit changed the response");
            let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
            assert_eq!(tokens.suppress_claim(token, name), suppress, "suppress {name}");
        }
    }
}

#[test]
fn the_audience_of_an_access_token_is_the_client_or_nothing() {
    let mut event = user("2");
    let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
    assert_eq!(tokens.set_claim(Token::Access, "aud", json!("app")), Ok(()));
    assert_eq!(tokens.set_claim(Token::Access, "aud", json!("other")), Err(EditError::ForeignAudience));
    assert_eq!(tokens.set_claim(Token::Access, "aud", json!(["app"])), Err(EditError::ForeignAudience));
    assert_eq!(tokens.set_claim(Token::Id, "aud", json!("app")), Err(EditError::Reserved));
    assert_eq!(tokens.suppress_claim(Token::Access, "aud"), Err(EditError::Reserved));

    let mut value = user("2").into_value();
    value["callerContext"] = json!(null);
    let mut event = Event::new(value).unwrap();
    let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
    assert_eq!(tokens.set_claim(Token::Access, "aud", json!(null)), Err(EditError::ForeignAudience));
}

/// Version, token, claim, value, answer.
#[test]
fn values_must_be_of_a_type_that_the_token_can_carry() {
    let rows = [
        ("1", Token::Id, "c", json!("x"), Ok(())),
        ("1", Token::Id, "c", json!(1), Err(EditError::NotAString)),
        ("1", Token::Id, "c", json!(true), Err(EditError::NotAString)),
        ("1", Token::Id, "c", json!([]), Err(EditError::NotAString)),
        ("1", Token::Id, "c", json!(null), Err(EditError::NullValue)),
        ("1", Token::Access, "c", json!("x"), Err(EditError::NotInVersion1)),
        ("2", Token::Id, "c", json!({"a": [1]}), Ok(())),
        ("2", Token::Id, "c", json!(null), Err(EditError::NullValue)),
        ("2", Token::Id, "address", json!("x"), Ok(())),
        ("2", Token::Id, "address", json!({}), Err(EditError::ComplexValue)),
        ("2", Token::Id, "email_verified", json!([]), Err(EditError::ComplexValue)),
        ("2", Token::Id, "phone_number_verified", json!([]), Err(EditError::ComplexValue)),
        ("2", Token::Id, "updated_at", json!([1]), Err(EditError::ComplexValue)),
        ("2", Token::Id, "updated_at", json!(1), Ok(())),
        ("2", Token::Access, "address", json!({}), Ok(())),
        ("3", Token::Access, "c", json!(1.5), Ok(())),
        ("4", Token::Id, "c", json!("x"), Err(EditError::UnknownVersion)),
        ("", Token::Id, "c", json!("x"), Err(EditError::UnknownVersion)),
    ];
    for (version, token, claim, value, expected) in rows {
        let mut event = user(version);
        let before = event.clone();
        let answer = PreTokenGeneration::of(&mut event).unwrap().set_claim(token, claim, value.clone());
        assert_eq!(answer, expected, "{version} {token:?} {claim} {value}");
        assert!(answer.is_ok() || event == before, "a refused edit changed the response");
    }
}

#[test]
fn scopes_follow_rfc_6749() {
    let mut event = user("2");
    let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
    for scope in ["openid", "https://api.example.com/notes.read", "a:b", "!"] {
        assert_eq!(tokens.add_scope(scope), Ok(()), "{scope}");
    }
    for scope in ["", " ", "a b", "a\tb", "a\n", "a\"b", "a\\b", "caf\u{e9}"] {
        assert_eq!(tokens.add_scope(scope), Err(EditError::InvalidScope), "{scope:?}");
        assert_eq!(tokens.suppress_scope(scope), Err(EditError::InvalidScope), "{scope:?}");
    }
    let mut event = user("1");
    assert_eq!(
        PreTokenGeneration::of(&mut event).unwrap().add_scope("openid"),
        Err(EditError::NotInVersion1)
    );
}

#[test]
fn client_credentials_have_an_access_token_and_no_user() {
    let mut event = event("3", "TokenGeneration_ClientCredentials");
    let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
    assert_eq!(tokens.source(), TokenSource::ClientCredentials);
    assert_eq!(tokens.set_claim(Token::Access, "tenant", json!("acme")), Ok(()));
    assert_eq!(tokens.add_scope("notes/read"), Ok(()));
    assert_eq!(tokens.set_claim(Token::Id, "tenant", json!("acme")), Err(EditError::NoUser));
    assert_eq!(tokens.add_group("a"), Err(EditError::NoUser));
    assert_eq!(tokens.remove_group("readers"), Err(EditError::NoUser));
}

#[test]
fn group_names_have_no_blanks() {
    let mut event = user("2");
    let mut tokens = PreTokenGeneration::of(&mut event).unwrap();
    for name in ["a", "team/one", "\u{e9}quipe", &"g".repeat(128)] {
        assert_eq!(tokens.add_group(name), Ok(()), "{name}");
    }
    for name in ["", "a b", "a\u{a0}b", "a\n", &"g".repeat(129)] {
        assert_eq!(tokens.add_group(name), Err(EditError::InvalidGroup), "{name:?}");
    }
}

#[test]
fn sources_and_versions_are_told_apart() {
    for (source, expected) in [
        ("TokenGeneration_HostedAuth", Some(TokenSource::HostedAuth)),
        ("TokenGeneration_Authentication", Some(TokenSource::Authentication)),
        ("TokenGeneration_NewPasswordChallenge", Some(TokenSource::NewPasswordChallenge)),
        ("TokenGeneration_AuthenticateDevice", Some(TokenSource::AuthenticateDevice)),
        ("TokenGeneration_RefreshTokens", Some(TokenSource::RefreshTokens)),
        ("TokenGeneration_ClientCredentials", Some(TokenSource::ClientCredentials)),
        ("TokenGeneration_Tomorrow", Some(TokenSource::Other)),
        ("PreSignUp_SignUp", None),
    ] {
        assert_eq!(
            PreTokenGeneration::of(&mut event("1", source)).map(|view| view.source()),
            expected,
            "{source}"
        );
    }
    for (version, expected) in [
        (json!("1"), Some(Version::V1)),
        (json!("2"), Some(Version::V2)),
        (json!("3"), Some(Version::V3)),
        (json!(2), Some(Version::V2)),
        (json!("V2_0"), None),
        (json!(-1), None),
        (json!(null), None),
    ] {
        let mut value = user("1").into_value();
        value["version"] = version.clone();
        let mut event = Event::new(value).unwrap();
        assert_eq!(PreTokenGeneration::of(&mut event).unwrap().version(), expected, "{version}");
    }
}

#[test]
fn roles_are_replaced_and_groups_stay() {
    const EDITORS: &str = "arn:aws:iam::111122223333:role/editors";
    const READERS: &str = "arn:aws:iam::111122223333:role/readers";
    let configuration =
        json!({"groupsToOverride": ["readers"], "iamRolesToOverride": [READERS], "preferredRole": READERS});
    for (version, root) in [("1", "claimsOverrideDetails"), ("2", "claimsAndScopeOverrideDetails")] {
        for (roles, expected) in [
            (
                &[EDITORS, READERS][..],
                json!({"groupsToOverride": ["readers"], "iamRolesToOverride": [EDITORS, READERS], "preferredRole": EDITORS}),
            ),
            (&[], json!({"groupsToOverride": ["readers"], "iamRolesToOverride": []})),
        ] {
            let mut event = Event::new(json!({
                "version": version, "triggerSource": "TokenGeneration_Authentication",
                "request": {"groupConfiguration": configuration}, "response": null,
            }))
            .unwrap();
            let mut view = PreTokenGeneration::of(&mut event).unwrap();
            assert_eq!((view.roles(), view.preferred_role()), (vec![READERS], Some(READERS)));
            view.set_roles(roles).unwrap();
            assert_eq!((view.roles(), view.preferred_role()), (roles.to_vec(), roles.first().copied()));
            assert_eq!(view.set_roles(&[EDITORS, "editors"]), Err(EditError::InvalidRole));
            assert_eq!(event.into_value()["response"], json!({root: {"groupOverrideDetails": expected}}));
        }
    }
    let mut machine =
        Event::new(json!({"version": "3", "triggerSource": "TokenGeneration_ClientCredentials"})).unwrap();
    let mut view = PreTokenGeneration::of(&mut machine).unwrap();
    assert!(view.is_machine());
    assert_eq!(view.set_roles(&[EDITORS]), Err(EditError::NoUser));
}
