//! The command line as a person at a terminal meets it.
#![expect(clippy::unwrap_used, reason = "what cannot happen fails the test")]

use std::process::{Command, Output};

fn portcullis(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis")).args(arguments).output().unwrap()
}

#[test]
fn help_names_every_flag() {
    let output = portcullis(&["--help"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for flag in ["--port", "--pool-port", "--dynamodb-port", "--storage-port", "--data", "--schema", "--code"]
    {
        assert!(text.contains(flag), "{flag} is not in:\n{text}");
    }
    assert!(output.status.success());
}

#[test]
fn a_wrong_argument_is_named_without_starting_anything() {
    for (arguments, named) in [
        (["--code", "12345"], "a confirmation code is six digits"),
        (["--port", "70000"], "70000"),
        (["--data", ""], "name a folder, or :memory:"),
        (["--colour", "red"], "--colour"),
    ] {
        let output = portcullis(&arguments);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(named), "{arguments:?}: {text}");
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_missing_schema_is_one_clear_error() {
    let output = portcullis(&["--data", ":memory:", "--schema", "no/such.graphql"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text.starts_with("portcullis: cannot read the schema no/such.graphql: "), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn every_mistake_of_a_schema_is_shown_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.graphql");
    std::fs::write(
        &file,
        "type Note @model @auth(rules: [{ allow: everyone }]) {\n  id: ID!\n  place: Nowhere\n}\n",
    )
    .unwrap();
    let output = portcullis(&["--data", ":memory:", "--schema", file.to_str().unwrap()]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    for part in ["bad.graphql:1:", "everyone", "bad.graphql:3:", "Nowhere"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
}

#[test]
fn a_command_has_flags_of_its_own_and_starts_nothing() {
    let output = portcullis(&["--port", "0", "access"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("'access' cannot be used with '--port <PORT>'"), "{text}");
    for command in ["explain", "access", "decide"] {
        let output = portcullis(&[command, "--help"]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains(&format!("Usage: portcullis {command}")), "{text}");
        assert!(!text.contains("--port"), "{text}");
    }
}
