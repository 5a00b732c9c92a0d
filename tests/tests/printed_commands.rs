//! Whoever starts the system copies what it prints into a shell. Here a shell does just that.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    process::Command,
    thread,
    time::{Duration, Instant},
};

use portcullis_tests::{Launch, LocalSystem, missing};
use serde_json::{Value, json};

#[test]
fn the_printed_commands_work_as_printed() {
    if missing("curl", &[("curl", &["--version"])]) {
        return;
    }
    let system = Launch::in_memory().start().unwrap();
    let printed = system.output();
    let (sign_ups, rest): (Vec<&str>, Vec<&str>) = printed
        .lines()
        .filter(|line| line.starts_with("curl ") || line.starts_with("TOKEN="))
        .partition(|line| line.contains(".SignUp"));

    let answers = answers_of(&sign_ups);
    assert_eq!(answers.len(), 2, "one person signs up, one is refused");
    assert_eq!(answers[0]["UserConfirmed"], false, "{}", answers[0]);
    assert_eq!(answers[1]["__type"], "UserLambdaValidationException", "{}", answers[1]);

    // The command that confirms is printed when the code is "sent"; the sign-in that follows needs it.
    let confirm = confirmation(&system);
    let mut commands = vec![confirm.as_str()];
    commands.extend(rest);
    let answers = answers_of(&commands);
    // The assignment of the token answers nothing.
    let [confirmed, created, listed, .., description] = answers.as_slice() else {
        unreachable!("only {} commands are printed", answers.len())
    };
    assert_eq!(confirmed, &json!({}), "{confirmed}");
    assert!(created["id"].is_string(), "{created}");
    assert_eq!(listed["items"], json!([created]), "{listed}");
    assert!(description["openapi"].is_string(), "{description}");
}

fn confirmation(system: &LocalSystem) -> String {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(5) {
        let output = system.output();
        if let Some(line) =
            output.lines().find(|line| line.starts_with("curl ") && line.contains(".ConfirmSignUp"))
        {
            return line.to_owned();
        }
        thread::sleep(Duration::from_millis(10));
    }
    String::new()
}

/// What the commands print in one shell, each a JSON value; those that print nothing are left out.
fn answers_of(commands: &[&str]) -> Vec<Value> {
    let script = commands.join("\necho\n");
    let ended = Command::new("sh").args(["-c", &script]).env("NO_PROXY", "127.0.0.1").output().unwrap();
    let output = String::from_utf8(ended.stdout).unwrap();
    let answers = output.lines().filter(|line| !line.is_empty());
    answers.map(|line| serde_json::from_str(line).unwrap()).collect()
}
