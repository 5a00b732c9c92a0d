//! The deployable binary, where it can be run without AWS.

use std::process::Command;

#[test]
fn every_mistake_in_the_environment_is_printed_before_the_end() {
    let variables = [("TOKEN_USE", "both"), ("API_KEYS", "sesame")];
    let output = Command::new(env!("CARGO_BIN_EXE_api")).env_clear().envs(variables).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    for name in [
        "AWS_LAMBDA_RUNTIME_API",
        "USER_POOL_ID",
        "USER_POOL_CLIENT_IDS",
        "TOKEN_USE",
        "AWS_REGION",
        "TABLE_NAME",
        "API_KEYS",
    ] {
        assert!(printed.contains(name), "{name}: {printed}");
    }
    assert!(!printed.contains("sesame"), "{printed}");
    assert!(printed.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{printed}");
}
