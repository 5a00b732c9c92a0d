//! The policy of schema.graphql, as a user would test it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use portcullis_tests::{Result, binary, repository};
use serde_json::Value;
use tempfile::tempdir;

const CASES: &str = "tests/policy/notes.jsonl";

fn test(file: &Path, more: &[&str]) -> Result<Output> {
    let command = Command::new(binary()?).arg("test").arg(file).args(more).current_dir(repository()).output();
    Ok(command?)
}

fn printed(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_schema_of_the_repository_keeps_what_its_cases_promise() -> Result<()> {
    let output = test(Path::new(CASES), &[])?;
    assert_eq!(output.status.code(), Some(0), "{}", printed(&output));
    assert_eq!(printed(&output), "11 passed, 0 failed\n");
    Ok(())
}

#[test]
fn a_case_that_no_longer_holds_is_told_with_its_line_and_the_reason() -> Result<()> {
    let folder = tempdir()?;
    let file = folder.path().join("cases.jsonl");
    let cases = fs::read_to_string(repository().join(CASES))?;
    fs::write(
        &file,
        cases.replacen(
            r#""expect": {"decision": "deny", "deleted": null}"#,
            r#""expect": {"decision": "allow"}"#,
            1,
        ),
    )?;
    let output = test(&file, &[])?;
    assert_eq!(output.status.code(), Some(1));
    let text = printed(&output);
    let line = 1 + cases.lines().position(|line| line.contains("throw ann's note away")).unwrap();
    assert!(text.contains(&format!("cases.jsonl:{line} an editor does not throw ann's note away")), "{text}");
    assert!(text.contains("decision: expected \"allow\", came \"deny\""), "{text}");
    assert!(text.contains("operations: [update, read] }: it does not grant this operation"), "{text}");
    assert!(text.ends_with("10 passed, 1 failed\n"), "{text}");

    let json: Value = serde_json::from_slice(&test(&file, &["--json"])?.stdout)?;
    assert_eq!((&json["passed"], &json["failed"]), (&10.into(), &1.into()));
    Ok(())
}

#[test]
fn a_file_that_cannot_be_read_is_no_failing_test() -> Result<()> {
    let folder = tempdir()?;
    let file = folder.path().join("cases.jsonl");
    fs::write(&file, "\n{\"expect\": {\"decision\": \"deny\"}, \"field\"\n")?;
    for (file, said) in [(file.as_path(), "line 2: not JSON"), (Path::new("nowhere.jsonl"), "nowhere.jsonl")]
    {
        let output = test(file, &[])?;
        assert_eq!(output.status.code(), Some(2));
        let error = String::from_utf8(output.stderr)?;
        assert!(error.contains(said), "{error}");
    }
    Ok(())
}
