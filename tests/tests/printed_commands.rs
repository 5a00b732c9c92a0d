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
    let is_command = |line: &&str| ["curl ", "ALICE=", "BOB="].iter().any(|start| line.starts_with(start));
    let (sign_ups, rest): (Vec<&str>, Vec<&str>) =
        printed.lines().filter(is_command).partition(|line| line.contains(".SignUp"));

    let answers = answers_of(&sign_ups);
    let [alice, bob, mallory] = answers.as_slice() else { unreachable!("{} people sign up", answers.len()) };
    assert_eq!((&alice["UserConfirmed"], &bob["UserConfirmed"]), (&json!(false), &json!(false)));
    assert_eq!(mallory["__type"], "UserLambdaValidationException", "{mallory}");

    // The commands that confirm are printed when the codes are "sent"; the sign-ins that follow need them.
    let confirmations = confirmations(&system, 2);
    let commands: Vec<&str> = confirmations.iter().map(String::as_str).chain(rest).collect();
    let answers = answers_of(&commands);
    // An assignment answers nothing.
    let [alice, bob, created, of_alice, of_bob, joined, of_editor, description] = answers.as_slice() else {
        unreachable!("{} commands answer", answers.len())
    };
    assert_eq!([alice, bob, joined], [&json!({}); 3]);
    assert!(created["id"].is_string(), "{created}");
    assert_eq!(of_alice["items"], json!([created]), "{of_alice}");
    assert_eq!(of_bob["items"], json!([]), "{of_bob}");
    assert_eq!(of_editor["items"], json!([created]), "{of_editor}");
    assert!(description["openapi"].is_string(), "{description}");
}

fn confirmations(system: &LocalSystem, people: usize) -> Vec<String> {
    let started = Instant::now();
    loop {
        let output = system.output();
        let lines =
            output.lines().filter(|line| line.starts_with("curl ") && line.contains(".ConfirmSignUp"));
        let lines: Vec<String> = lines.map(str::to_owned).collect();
        if lines.len() >= people || started.elapsed() > Duration::from_secs(5) {
            return lines;
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// What the commands print in one shell, each a JSON value; those that print nothing are left out.
fn answers_of(commands: &[&str]) -> Vec<Value> {
    let script = commands.join("\necho\n");
    let ended = Command::new("sh").args(["-c", &script]).env("NO_PROXY", "127.0.0.1").output().unwrap();
    let output = String::from_utf8(ended.stdout).unwrap();
    let answers = output.lines().filter(|line| !line.is_empty());
    answers.map(|line| serde_json::from_str(line).unwrap()).collect()
}
