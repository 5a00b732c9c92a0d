//! `portcullis explain` as a person meets it.
#![expect(clippy::unwrap_used, reason = "what cannot happen fails the test")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;

const BOB: &str = r#"{"sub": "u2", "username": "bob", "cognito:groups": ["editors"]}"#;

/// Runs the command at the root of the repository.
fn explain(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(root).arg("explain").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_answer_names_each_rule() {
    let item = r#"{"owner": "u1::ann", "title": "Interview"}"#;
    let output = explain(&["--model", "Note", "--operation", "update", "--claims", BOB, "--item", item]);
    let expected = "\
allowed: update Note with a token of the user pool
  { allow: owner }: the record names another owner, or none
  { allow: groups, groups: [\"editors\"], operations: [update, read] }: matched
";
    assert_eq!(stdout(&output), expected);
}

#[test]
fn every_answer_is_a_success_whatever_it_is() {
    for (arguments, decision) in [
        (vec!["--operation", "get", "--claims", BOB], "allowed"),
        (vec!["--operation", "delete", "--claims", BOB], "depends"),
        (vec!["--operation", "delete", "--claims", BOB, "--item", "{}"], "denied"),
        (vec!["--operation", "create", "--claims", BOB], "allowed"),
        (vec!["--operation", "create", "--oidc-claims", BOB], "denied"),
        (vec!["--operation", "get", "--api-key"], "denied"),
        (vec!["--operation", "get", "--identity-pool", "guest"], "denied"),
        (vec!["--operation", "get", "--function"], "denied"),
        (vec!["--operation", "get", "--anonymous"], "denied"),
    ] {
        let output = explain(&[&["--json", "--model", "Note"], arguments.as_slice()].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        let answer: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert_eq!(answer["decision"], decision, "{arguments:?}");
    }
}

#[test]
fn claims_and_records_are_read_from_files_too() {
    let folder = tempfile::tempdir().unwrap();
    let (claims, item) = (folder.path().join("claims.json"), folder.path().join("item.json"));
    fs::write(&claims, BOB).unwrap();
    fs::write(&item, r#"{"owner": "u2::bob"}"#).unwrap();
    let files = ["--claims", claims.to_str().unwrap(), "--item", item.to_str().unwrap()];
    let output = explain(&[["--model", "Note", "--operation", "delete"], files].concat());
    assert!(stdout(&output).starts_with("allowed: delete Note "), "{output:?}");
}

#[test]
fn what_cannot_be_answered_says_why_and_repeats_no_claim() {
    for (arguments, status, said) in [
        (
            vec!["--model", "Nota", "--api-key"],
            1,
            "the schema has no model `Nota`; it has Note, Article, Comment",
        ),
        (
            vec!["--model", "Note", "--claims", "{secret-value"],
            1,
            "cannot read the claims: it is not JSON (line 1, column 2)",
        ),
        (
            vec!["--model", "Note", "--claims", "\"secret-value\""],
            1,
            "cannot read the claims: it is not a JSON object",
        ),
        (
            vec!["--model", "Note", "--api-key", "--item", "[\"secret-value\"]"],
            1,
            "cannot read the record: it is not a JSON object",
        ),
        (vec!["--model", "Note", "--claims", "no/such.json"], 1, "cannot read the claims: no/such.json: "),
        (
            vec!["--model", "Note", "--api-key", "--schema", "no/such.graphql"],
            1,
            "cannot read the schema no/such.graphql",
        ),
        (vec!["--model", "Note"], 2, "--claims"),
        (vec!["--model", "Note", "--api-key", "--anonymous"], 2, "'--anonymous'"),
    ] {
        let output = explain(&[&["--operation", "get"], arguments.as_slice()].concat());
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {text}");
        assert!(text.contains(said), "{said} is not in: {text}");
        assert!(!text.contains("secret-value") && output.stdout.is_empty(), "{text}");
    }
}

#[test]
fn a_custom_field_is_explained_without_a_record() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("schema.graphql");
    let source = r#"
        type Note @model @auth(rules: [{ allow: owner }]) { title: String }
        type Query {
          hello: String @function(name: "hello") @auth(rules: [{ allow: groups, groups: ["admins"] }, { allow: public }])
          open: String @function(name: "open")
        }
    "#;
    fs::write(&schema, source).unwrap();
    let schema = ["--schema", schema.to_str().unwrap()];
    for (arguments, expected) in [
        (
            vec!["--field", "Query.hello", "--claims", BOB],
            "denied: call Query.hello with a token of the user pool\n  { allow: groups, groups: [\"admins\"] }: \
             the caller is not in the group\n  { allow: public }: the caller came in another way\n",
        ),
        (
            vec!["--field", "Query.hello", "--api-key"],
            "allowed: call Query.hello with the API key\n  { allow: groups, groups: [\"admins\"] }: the caller came in \
             another way\n  { allow: public }: matched\n",
        ),
        (
            vec!["--field", "Query.open", "--claims", BOB],
            "allowed: call Query.open with a token of the user pool\n  the field has no rules: it is for every token of \
             the user pool\n",
        ),
    ] {
        assert_eq!(stdout(&explain(&[&schema, arguments.as_slice()].concat())), expected);
    }
    let json = explain(&[&schema, ["--field", "Query.open", "--api-key", "--json"].as_slice()].concat());
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    let said = ["customField", "operation", "decision"].map(|name| json[name].as_str().unwrap());
    assert_eq!(said, ["Query.open", "call", "denied"]);

    let missing = explain(&[&schema, ["--field", "Query.bye", "--api-key"].as_slice()].concat());
    let text = String::from_utf8(missing.stderr).unwrap();
    assert_eq!(missing.status.code(), Some(1));
    let known = "the schema has no custom field `Query.bye`; it has Query.hello, Query.open";
    assert!(text.contains(known), "{text}");
    for arguments in [vec!["--api-key"], vec!["--field", "Query.open", "--model", "Note", "--api-key"]] {
        assert_eq!(
            explain(&[&schema, arguments.as_slice()].concat()).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn an_operation_is_one_of_the_eight() {
    let output = explain(&["--model", "Note", "--operation", "read", "--api-key"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("create, update, delete, get, list, sync, listen, search"), "{text}");
}
