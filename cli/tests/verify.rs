//! `portcullis verify` and `portcullis keys` as a person at a terminal and a program meet them.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "what cannot happen fails the test")]

use std::{
    io::{Read, Write},
    net::TcpListener,
    process::{Command, Output, Stdio},
};

use portcullis::{
    Algorithm,
    testkit::{TestIssuer, TestToken},
};
use serde_json::{Value, json};

const NOW: u64 = TestIssuer::NOW;

fn run(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .args(arguments)
        .env("PORTCULLIS_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || {
        // A command that is wrong is not read from.
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn file(document: &Value) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    write!(file, "{document}").unwrap();
    file
}

fn good(pool: &TestIssuer) -> TestToken {
    pool.access_token("ada").claim("client_id", "web")
}

/// Asks about one token, by standard input.
fn ask(pool: &TestIssuer, token: &str, more: &[&str]) -> Output {
    let keys = file(&pool.jwk_set_json());
    let now = NOW.to_string();
    let mut arguments = vec!["verify", "-", "--keys", keys.path().to_str().unwrap(), "--at", &now];
    arguments.extend(more);
    run(&arguments, token)
}

#[test]
fn the_first_reason_decides_and_the_others_follow() {
    let pool = TestIssuer::cognito();
    let expected = ["--issuer", pool.url(), "--client-id", "web", "--token-use", "access"];
    let accepted = ask(&pool, &format!("{}\n", good(&pool).sign()), &expected);
    let shown = text(&accepted.stdout);
    assert_eq!(accepted.status.code(), Some(0), "{shown}");
    assert!(shown.starts_with("accepted\n") && shown.contains("\n  sub: ada\n"), "{shown}");
    assert!(shown.contains("  exp: 1700003600 (2023-11-14T23:13:20Z, in 60 minutes)"), "{shown}");
    assert!(!shown.contains("UNVERIFIED") && !shown.contains("not checked"), "{shown}");

    let wrong = good(&pool).claim("exp", NOW).claim("client_id", "other").sign();
    let refused = ask(&pool, &wrong, &expected);
    let shown = text(&refused.stdout);
    assert_eq!(refused.status.code(), Some(1), "{shown}");
    let lines: Vec<&str> = shown.lines().take(2).collect();
    assert!(lines[0].starts_with("refused: ") && lines[0].ends_with("(expired)"), "{shown}");
    assert!(lines[1].starts_with("and: ") && lines[1].ends_with("(client)"), "{shown}");
    assert!(!shown.contains("UNVERIFIED"), "its signature held: {shown}");

    let forged = good(&TestIssuer::cognito()).header("kid", pool.key_id(Algorithm::Rs256)).sign();
    let shown = text(&ask(&pool, &forged, &expected).stdout);
    assert!(shown.contains("(signature)\n") && shown.contains("claims (UNVERIFIED"), "{shown}");
}

#[test]
fn a_program_gets_the_same_as_json() {
    let pool = TestIssuer::cognito();
    let token = good(&pool).claim("token_use", "id").claim("aud", "web").sign();
    let output = ask(&pool, &token, &["--json", "--client-id", "web", "--token-use", "access"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&answer["verdict"], &answer["reason"]), (&json!("reject"), &json!("token_use")));
    assert_eq!((&answer["verified"], &answer["claims"]["sub"]), (&json!(true), &json!("ada")));
    assert_eq!(answer["unchecked"], json!(["who issued it (--issuer)"]));
}

#[test]
fn what_cannot_be_read_is_shown_as_far_as_it_goes() {
    let pool = TestIssuer::cognito();
    for (token, reason) in [
        ("no token", "(parts)"),
        ("e30.e30.AA", "(algorithm)"),
        ("", "(parts)"),
        ("eyJhbGciOiJub25lIiwiYSI6IlxudTAwMWJbMkoifQ.e30.", "("),
    ] {
        let output = ask(&pool, token, &[]);
        let shown = text(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{shown}");
        assert!(shown.starts_with("refused: ") && shown.lines().next().unwrap().contains(reason), "{shown}");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}

#[test]
fn a_wrong_command_line_is_no_refusal() {
    let pool = TestIssuer::cognito();
    let token = good(&pool).sign();
    for arguments in [
        vec!["verify"],
        vec!["verify", &token],
        vec!["verify", &token, "--keys", "no/such/file.json"],
        vec!["verify", "-", "--keys", "-"],
        vec!["verify", &token, "--issuer", "http://example.com"],
        vec!["verify", &token, "--keys", "k.json", "--token-use", "refresh"],
        vec!["verify", &token, "--keys", "k.json", "--at", "yesterday"],
        vec!["verify", &token, "--keys", "k.json", "--audience", "a", "--profile", "jws"],
        vec!["verify", "--jsonl"],
        vec!["verify", "--jsonl", "--keys", "no/such/file.json"],
        vec!["keys"],
    ] {
        let output = run(&arguments, "");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output.stderr));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{arguments:?}");
        assert!(!text(&output.stderr).contains(&token), "an error does not repeat the token");
    }
}

/// The verdicts and reasons of these cases, in their order.
fn answers(sets: &Value, cases: &[String]) -> Vec<(Value, String, Value)> {
    let sets = file(sets);
    let output = run(&["verify", "--jsonl", "--keys", sets.path().to_str().unwrap()], &cases.join("\n"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).unwrap();
            assert_eq!(answer.as_object().unwrap().len(), 3, "{line}");
            (answer["name"].clone(), answer["verdict"].as_str().unwrap().to_owned(), answer["reason"].clone())
        })
        .collect()
}

#[test]
fn cases_are_answered_line_by_line() {
    let (pool, other) = (TestIssuer::cognito(), TestIssuer::at("https://other.example"));
    let sets = json!({"pool": pool.jwk_set_json(), "other": other.jwk_set_json(), "broken": 7});
    let with_groups = |groups: Value| good(&pool).claim("cognito:groups", groups).sign();
    let bound = good(&pool).claim("cnf", json!({"jkt": "x"})).sign();
    let at = good(&pool).header("typ", "at+jwt").claim("aud", "api").sign();
    let by_other = other.access_token("bob").claim("aud", "api").sign();
    let plain = good(&pool).sign();
    let cognito = |more: Value| {
        let mut options = json!({"profile": "cognito", "jwks": "pool", "now": NOW});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    let by_issuer = json!({pool.url(): "pool", other.url(): "other"});
    let crossed = json!({pool.url(): "other", other.url(): "pool"});
    let mut rows: Vec<(&str, &str, Value, Option<&str>)> = vec![
        ("nothing is asked", &plain, cognito(json!({})), None),
        (
            "all is asked",
            &plain,
            cognito(
                json!({"issuer": [pool.url(), "https://a.example"], "client_id": ["ios", "web"], "token_use": "access", "scope": ["x", "aws.cognito.signin.user.admin"], "algorithms": ["RS256", "HS256"]}),
            ),
            None,
        ),
        ("one in place of a list", &plain, cognito(json!({"issuer": pool.url(), "client_id": "web"})), None),
        ("null is absent", &plain, cognito(json!({"issuer": null, "max_bytes": null})), None),
        ("another issuer", &plain, cognito(json!({"issuer": ["https://a.example"]})), Some("issuer")),
        ("no issuer", &plain, cognito(json!({"issuer": []})), Some("issuer")),
        ("another client", &plain, cognito(json!({"client_id": ["ios"]})), Some("client")),
        ("another use", &plain, cognito(json!({"token_use": "id"})), Some("token_use")),
        ("another scope", &plain, cognito(json!({"scope": ["aws"]})), Some("scope")),
        ("another algorithm", &plain, cognito(json!({"algorithms": ["ES256"]})), Some("algorithm")),
        ("no known algorithm", &plain, cognito(json!({"algorithms": ["HS256", "none"]})), Some("algorithm")),
        ("too long", &plain, cognito(json!({"max_bytes": 100})), Some("too_long")),
        ("expired", &plain, cognito(json!({"now": NOW + 3600})), Some("expired")),
        ("a second before", &plain, cognito(json!({"now": NOW + 3599})), None),
        ("half a second before", &plain, cognito(json!({"now": NOW as f64 + 3599.5})), None),
        ("within the leeway", &plain, cognito(json!({"now": NOW + 3605, "leeway": 6})), None),
        ("at its end", &plain, cognito(json!({"now": NOW + 3605, "leeway": 5})), Some("expired")),
        ("typ is asked and absent", &plain, cognito(json!({"typ": ["at+jwt"]})), Some("type")),
        ("typ is there", &at, cognito(json!({"typ": ["at+jwt"]})), None),
        ("typ is another", &at, cognito(json!({"typ": ["JWT"]})), Some("type")),
        (
            "bound, as bearer",
            &bound,
            cognito(json!({"sender_constrained": false})),
            Some("sender_constrained"),
        ),
        ("bound, nothing said", &bound, cognito(json!({})), Some("sender_constrained")),
        ("bound, with its proof", &bound, cognito(json!({"sender_constrained": true})), None),
        ("each issuer has its keys", &plain, cognito(json!({"jwks": by_issuer})), None),
        ("the keys of another", &plain, cognito(json!({"jwks": crossed})), Some("unknown_key")),
        (
            "an issuer that is not allowed",
            &plain,
            cognito(json!({"jwks": by_issuer, "issuer": [other.url()]})),
            Some("issuer"),
        ),
        (
            "another issuer's token",
            &by_other,
            json!({"profile": "oidc", "jwks": by_issuer, "audience": ["api"], "now": NOW}),
            None,
        ),
        (
            "another audience",
            &by_other,
            json!({"profile": "oidc", "jwks": "other", "audience": ["API"], "now": NOW}),
            Some("audience"),
        ),
        (
            "the signature alone",
            &bound,
            json!({"profile": "jws", "jwks": "pool", "now": 4_000_000_000_u64}),
            None,
        ),
        (
            "the signature of another",
            &by_other,
            json!({"profile": "jws", "jwks": "pool"}),
            Some("unknown_key"),
        ),
    ];
    let member = with_groups(json!(["a", "editors"]));
    let [text, substring, joined] =
        [json!("editors"), json!(["editors2"]), json!(["a,editors"])].map(with_groups);
    rows.push(("a member", &member, cognito(json!({"groups": ["x", "editors"]})), None));
    for (name, token) in [("a text", &text), ("a substring", &substring), ("joined", &joined)] {
        rows.push((name, token, cognito(json!({"groups": ["editors"]})), Some("group")));
    }
    let cases: Vec<String> = rows
        .iter()
        .map(|(name, token, options, _)| {
            json!({"name": name, "token": token, "verify_options": options}).to_string()
        })
        .collect();
    let answers = answers(&sets, &cases);
    assert_eq!(answers.len(), rows.len());
    for ((name, _, _, reason), answer) in rows.iter().zip(&answers) {
        let verdict = if reason.is_none() { "accept" } else { "reject" };
        assert_eq!(answer, &(json!(name), verdict.to_owned(), json!(reason)), "{name}");
    }
}

#[test]
fn what_a_load_balancer_says_is_a_case_too() {
    let pool = TestIssuer::cognito();
    let exp = NOW + 60;
    let header = json!({"typ": "JWT", "alg": "ES256", "kid": pool.key_id(Algorithm::Es256), "iss": "https://a.example", "client": "web", "signer": "arn:1", "exp": exp});
    let input = [header, json!({"sub": "ada", "iss": "https://a.example", "exp": exp})]
        .map(|part| padded(part.to_string().as_bytes()))
        .join(".");
    let token = format!("{input}.{}", padded(&pool.sign(Algorithm::Es256, input.as_bytes())));
    let rows = [
        (json!({"signer": ["arn:0", "arn:1"], "client": ["web"], "issuer": ["https://a.example"]}), None),
        (json!({"signer": "arn:1"}), None),
        (json!({"signer": ["arn:2"]}), Some("signer")),
        (json!({"client": ["ios"]}), Some("client")),
        (json!({"issuer": ["https://b.example"]}), Some("issuer")),
        (json!({"now": NOW + 60}), Some("expired")),
        (json!({"algorithms": ["RS256"]}), Some("algorithm")),
        (json!({"client_id": ["web"]}), Some("malformed_case: `client_id` means nothing to this profile")),
    ];
    let cases = rows.clone().map(|(more, _)| {
        let mut options = json!({"profile": "alb", "jwks": "pool", "now": NOW});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"name": 1, "token": token, "verify_options": options}).to_string()
    });
    for ((more, reason), answer) in rows.iter().zip(answers(&json!({"pool": pool.jwk_set_json()}), &cases)) {
        assert_eq!(answer.2, json!(reason), "{more}");
    }
}

/// Base64url with padding.
fn padded(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = char::from(ALPHABET[(word >> (18 - 6 * place)) as usize & 63]);
            text.push(if place <= chunk.len() { letter } else { '=' });
        }
    }
    text
}

#[test]
fn what_is_not_understood_is_never_accepted() {
    let pool = TestIssuer::cognito();
    let sets = json!({"pool": pool.jwk_set_json(), "broken": 7});
    let token = good(&pool).sign();
    let options = |more: Value| {
        let mut options = json!({"profile": "cognito", "jwks": "pool", "now": NOW});
        options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        options
    };
    let mut cases: Vec<String> = [
        options(json!({"tenant": "a"})),
        options(json!({"profile": "saml"})),
        options(json!({"profile": null})),
        options(json!({"jwks": "nobody"})),
        options(json!({"jwks": "broken"})),
        options(json!({"jwks": null})),
        options(json!({"jwks": ["pool"]})),
        options(json!({"jwks": {pool.url(): "nobody"}})),
        options(json!({"issuer": [7]})),
        options(json!({"client_id": {"web": true}})),
        options(json!({"client_id": [""]})),
        options(json!({"token_use": "refresh"})),
        options(json!({"token_use": ["access"]})),
        options(json!({"leeway": "60"})),
        options(json!({"leeway": -1})),
        options(json!({"now": "now"})),
        options(json!({"now": 1e300})),
        options(json!({"max_bytes": -1})),
        options(json!({"sender_constrained": "false"})),
        options(json!({"signer": ["arn:1"]})),
        json!({"profile": "jws", "jwks": "pool", "issuer": ["a"]}),
        json!({"profile": "jws", "jwks": {"a": "pool"}}),
        json!("cognito"),
        Value::Null,
    ]
    .iter()
    .map(|options| json!({"name": "n", "token": token, "verify_options": options}).to_string())
    .collect();
    cases.push(json!({"name": "n", "token": token}).to_string());
    cases.push(json!({"name": "n", "verify_options": options(json!({}))}).to_string());
    cases.push(json!({"name": "n", "token": 7, "verify_options": options(json!({}))}).to_string());
    let good = options(json!({})).to_string();
    cases.push(format!(r#"{{"name":"n","token":"\ud800","verify_options":{good}}}"#));
    cases.push(format!(
        r#"{{"name":"n","token":"{token}","verify_options":{}}}"#,
        good.replacen('{', r#"{"now":1,"#, 1)
    ));
    for (case, answer) in cases.iter().zip(answers(&sets, &cases)) {
        assert_eq!((&answer.0, answer.1.as_str()), (&json!("n"), "reject"), "{case}");
        assert!(answer.2.as_str().unwrap().starts_with("malformed_case: "), "{case}: {}", answer.2);
    }
    let broken = ["{", "[]", "7", "\u{0}", "{}}"].map(str::to_owned);
    let answered = answers(&sets, &broken);
    assert_eq!(answered.len(), broken.len());
    assert!(answered.iter().all(|(name, verdict, _)| name.is_null() && verdict == "reject"), "{answered:?}");
    let extra = json!({"name": "n", "note": "more", "token": token, "verify_options": options(json!({}))})
        .to_string();
    assert_eq!(
        answers(&sets, &[String::new(), extra])[0].1,
        "accept",
        "blank lines and notes are passed over"
    );
}

/// Answers every request with the document that belongs to its path.
fn serve(documents: impl Fn(&str) -> Vec<(&'static str, String)>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/pool", listener.local_addr().unwrap());
    let documents = documents(&url);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap();
            let request = text(&request[..length]);
            let path = request.split(' ').nth(1).unwrap().to_owned();
            let found = documents.iter().find(|(known, _)| *known == path);
            let answer = match found {
                Some((_, body)) => format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
                None => "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_owned(),
            };
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    url
}

#[test]
fn keys_are_fetched_checked_and_written() {
    let pool = TestIssuer::cognito();
    let mut set = pool.jwk_set_json();
    set["keys"].as_array_mut().unwrap().push(json!({"kty": "oct", "kid": "shared", "k": "AAAA"}));
    let url = serve(|url| {
        vec![
            (
                "/pool/.well-known/openid-configuration",
                json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string(),
            ),
            ("/pool/keys", set.to_string()),
            ("/pool/.well-known/jwks.json", set.to_string()),
        ]
    });
    let output = run(&["keys", &url], "");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let written: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(written, pool.jwk_set_json());
    let said = text(&output.stderr);
    assert!(said.contains("2 usable keys") && said.contains("key 3 (kid `shared`)"), "{said}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    let output = run(&["keys", &url, "--output", path.to_str().unwrap()], "");
    assert!(output.status.success() && output.stdout.is_empty());
    let now = NOW.to_string();
    let token = good(&TestIssuer::at(&url)).sign();
    let refused = run(&["verify", &token, "--keys", path.to_str().unwrap(), "--at", &now], "");
    assert!(text(&refused.stdout).contains("(unknown_key)"), "{}", text(&refused.stdout));

    let token = good(&pool).claim("iss", url.clone()).sign();
    for keys in [vec![], vec!["--keys", path.to_str().unwrap()]] {
        let arguments = [vec!["verify", &token, "--issuer", &url, "--at", &now], keys].concat();
        let output = run(&arguments, "");
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
fn keys_that_cannot_be_had_are_an_error() {
    let elsewhere = serve(|_| {
        vec![(
            "/pool/.well-known/openid-configuration",
            json!({"issuer": "https://a.example", "jwks_uri": "https://a.example/keys"}).to_string(),
        )]
    });
    let empty = serve(|url| {
        vec![
            (
                "/pool/.well-known/openid-configuration",
                json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string(),
            ),
            ("/pool/keys", json!({"keys": []}).to_string()),
        ]
    });
    for issuer in ["http://127.0.0.1:1/pool", "http://example.com", &elsewhere, &empty] {
        let output = run(&["keys", issuer], "");
        assert_eq!(output.status.code(), Some(1), "{issuer}");
        assert!(
            output.stdout.is_empty() && text(&output.stderr).contains("cannot get the keys of"),
            "{issuer}"
        );
    }
}
