//! `portcullis access` as a person and a CI job meet it.
#![expect(clippy::unwrap_used, reason = "what cannot happen fails the test")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Runs the command at the root of the repository.
fn access(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_portcullis"));
    command.current_dir(root()).arg("access").args(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The lines, without what aligns the columns.
fn words(output: &Output) -> String {
    let lines = stdout(output);
    lines.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}

const NOTE: &str = "type Note @model @auth(rules: [{ allow: owner }]) { title: String! }\n";
const READABLE: &str = "type Note @model @auth(rules: [{ allow: owner }, { allow: private, operations: [read] }]) { title: String! }\n";

/// Two schemas in files: the old one and the new one.
fn compare(old: &str, new: &str, more: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (old_file, new_file) = (folder.path().join("old.graphql"), folder.path().join("new.graphql"));
    fs::write(&old_file, old).unwrap();
    fs::write(&new_file, new).unwrap();
    let arguments = ["--schema", new_file.to_str().unwrap(), "--against", old_file.to_str().unwrap()];
    access(&[&arguments, more].concat())
}

/// Who may do what is a reviewed file: a change of the schema or of the evaluator shows as a change of it.
#[test]
fn who_may_do_what_is_what_was_reviewed() {
    let file = root().join("cli/tests/expected/access-matrix.txt");
    let expected = fs::read_to_string(file).unwrap_or_default();
    let output = access(&[]);
    assert!(output.status.success(), "{output:?}");
    assert!(
        stdout(&output) == expected,
        "who may do what is not what cli/tests/expected/access-matrix.txt says. If it is what you want, write the file \
         with:\n\n    cargo run -q -- access > cli/tests/expected/access-matrix.txt\n\nIt is now:\n\n{}",
        stdout(&output)
    );
}

#[test]
fn the_readme_shows_what_the_command_prints() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(
        readme.contains(&stdout(&access(&[]))),
        "README.md shows other tables than `portcullis access` prints"
    );
}

#[test]
fn no_format_writes_control_characters() {
    for format in ["table", "markdown", "json"] {
        let written = stdout(&access(&["--format", format]));
        assert!(written.contains("editors"), "{format}: {written}");
        assert!(written.chars().all(|character| character == '\n' || !character.is_control()), "{format}");
    }
}

#[test]
fn the_json_form_is_json_about_every_model() {
    let json: Value = serde_json::from_str(&stdout(&access(&["--format", "json"]))).unwrap();
    let models: Vec<&str> =
        json["models"].as_array().unwrap().iter().map(|model| model["model"].as_str().unwrap()).collect();
    assert_eq!(models, ["Note", "Article", "Comment"]);
}

#[test]
fn the_status_tells_whether_something_opened() {
    let new_model = format!(
        "{NOTE}type Tag @model @auth(rules: [{{ allow: public, operations: [read] }}]) {{ name: String }}\n"
    );
    let closed_model = format!("{NOTE}type Tag @model {{ name: String }}\n");
    for (old, new, status, said) in [
        (NOTE, NOTE, 0, "nothing opened, nothing closed\n"),
        (READABLE, NOTE, 0, "\nnothing opened, 2 closed\n"),
        (NOTE, READABLE, 3, "\n2 opened, nothing closed\n"),
        (NOTE, &new_model, 3, "Tag (new)  API key  read  no      yes\n"),
        (&new_model, NOTE, 0, "Tag (gone)  API key  read  yes     no\n"),
        (NOTE, &closed_model, 0, "nothing opened, nothing closed\n"),
    ] {
        let output = compare(old, new, &[]);
        assert_eq!(output.status.code(), Some(status), "{old}{new}{output:?}");
        assert!(stdout(&output).contains(said), "{said}\nis not in\n{}", stdout(&output));
    }
}

#[test]
fn rules_that_must_all_hold_and_templates_are_compared_as_well() {
    let note =
        |rule: &str| format!("type Note @model @auth(rules: [{rule}]) {{ title: String tenant: String }}\n");
    let tenant = r#"{ allow: owner, ownerField: "tenant", identityClaim: "custom:tenant" }"#;
    let editors = r#"{ allow: groups, groups: ["tenant-{custom:tenant}-editors"] }"#;
    let both = note(&format!("{{ and: [{tenant}, {editors}], operations: [read] }}"));
    let alone = note(&editors.replace(" }", ", operations: [read] }"));
    let output = compare(&both, &alone, &[]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let opened = "Note group tenant-{custom:tenant}-editors read no yes\n";
    assert!(words(&output).contains(opened), "{}", stdout(&output));
    let output = compare(&note("{ allow: private, operations: [] }"), &both, &[]);
    assert_eq!(output.status.code(), Some(3));
    let opened = "Note owner in tenant by custom:tenant + group tenant-{custom:tenant}-editors read no own\n";
    assert!(words(&output).contains(opened), "{}", stdout(&output));
    assert_eq!(compare(&both, &both, &[]).status.code(), Some(0));
}

#[test]
fn a_custom_query_that_more_may_call_has_opened() {
    let schema = |rules: &str| {
        format!("{NOTE}type Query {{ hello: String @function(name: \"hello\") @auth(rules: [{rules}]) }}\n")
    };
    let (admins, public) = (r#"{ allow: groups, groups: ["admins"] }"#, "{ allow: public }");
    for (old, new, status, said) in [
        (schema(admins), schema(admins), 0, "nothing opened, nothing closed\n"),
        (schema(admins), schema(public), 3, "Query.hello API key call no yes\n"),
        (NOTE.to_owned(), schema(public), 3, "Query.hello (new) API key call no yes\n"),
        (schema(public), NOTE.to_owned(), 0, "Query.hello (gone) API key call yes no\n"),
    ] {
        let output = compare(&old, &new, &[]);
        assert_eq!(output.status.code(), Some(status), "{old}{new}{output:?}");
        assert!(words(&output).contains(said), "{said}\nis not in\n{}", stdout(&output));
    }
}

#[test]
fn a_field_that_loses_its_rules_has_opened() {
    let note = |rules: &str| {
        format!(
            "type Note @model @auth(rules: [{{ allow: owner }}, {{ allow: private, operations: [read] }}]) {{\n  \
             title: String\n  secret: String {rules}\n}}\n"
        )
    };
    let output = compare(&note("@auth(rules: [{ allow: owner }])"), &note(""), &[]);
    let expected = "\
opened         who        what  before  after
  Note.secret  owner      read  own     yes
  Note.secret  signed in  read  no      yes

2 opened, nothing closed
";
    assert_eq!(stdout(&output), expected);
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn changes_come_in_every_format() {
    let json = compare(NOTE, READABLE, &["--format", "json"]);
    assert_eq!(json.status.code(), Some(3));
    let json: Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["closed"], serde_json::json!([]));
    let opened = serde_json::json!({
        "model": "Note", "in": "both", "field": null, "operation": "read", "before": "no", "after": "yes",
        "roles": [{"kind": "signedIn", "provider": "userPools"}],
    });
    assert!(json["opened"].as_array().unwrap().contains(&opened), "{json:#}");
    let markdown = compare(NOTE, READABLE, &["--format", "markdown"]);
    assert_eq!(markdown.status.code(), Some(3));
    let said = "### opened\n\n| where | who | what | before | after |\n| --- | --- | --- | --- | --- |\n";
    assert!(stdout(&markdown).starts_with(said), "{}", stdout(&markdown));
}

#[test]
fn a_schema_that_cannot_be_used_is_no_answer() {
    for flag in ["--schema", "--against"] {
        let output = access(&[flag, "no/such.graphql"]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{flag}");
        assert!(text.starts_with("portcullis: cannot read the schema no/such.graphql: "), "{text}");
        assert!(text.ends_with(&format!("; name another with {flag} FILE\n")), "{text}");
    }
    for (old, new) in [("type Note @model {", NOTE), (NOTE, "type Note @model {")] {
        let output = compare(old, new, &[]);
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{old} {new}");
        assert!(
            text.starts_with("portcullis: the schema has mistakes\n") && output.stdout.is_empty(),
            "{text}"
        );
    }
}
