//! How the local system starts, refuses to start, and ends.

use std::{fs, net::TcpListener, time::Duration};

use portcullis_tests::{Launch, Refusal};

#[test]
fn it_is_ready_with_a_line_for_each_address() {
    let system = Launch::in_memory().start().unwrap();
    for address in [&system.api, &system.pool, &system.dynamodb] {
        assert!(address.starts_with("http://127.0.0.1:"), "{address} is not on loopback");
    }
    assert!(system.pool_id.starts_with("us-east-1_"), "{}", system.pool_id);
    assert!(!system.client_id.is_empty() && !system.api_key.is_empty());
    let first = system.output().lines().next().unwrap().to_lowercase();
    assert!(first.contains("development"), "the first line does not say what this is for: {first}");
}

#[test]
fn there_is_a_bucket_where_the_template_has_one() {
    for (storage, expected) in [("true", true), ("false", false)] {
        let parameter = format!("Storage={storage}");
        let system = Launch::in_memory().arguments(&["--parameter", &parameter]).start().unwrap();
        let bucket = system.bucket.as_deref();
        assert_eq!(bucket.is_some_and(|url| url.starts_with("http://127.0.0.1:")), expected, "{bucket:?}");
    }
}

#[test]
fn the_pool_and_the_client_keep_their_ids() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::in_folder(folder.path());
    let ids = [(), ()].map(|()| {
        let system = launch.start().unwrap();
        (system.pool_id.clone(), system.client_id.clone())
    });
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn it_ends_cleanly_within_a_second_when_asked() {
    for signal in ["TERM", "INT"] {
        let mut system = Launch::in_memory().start().unwrap();
        // A client that keeps its connection open must not hold it up.
        let open = std::net::TcpStream::connect(system.api.trim_start_matches("http://")).unwrap();
        let (status, time) = system.end(signal).unwrap();
        assert!(status.success(), "{signal}: {status}\n{}", system.log());
        assert!(time < Duration::from_secs(1), "{signal}: {time:?}");
        drop(open);
    }
}

#[test]
fn a_port_in_use_is_one_clear_error() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    for ports in [[port, 0, 0], [0, port, 0], [0, 0, port]] {
        let refusal = Launch::in_memory().ports(ports).refused().unwrap();
        assert_one_error(&refusal, &[&port.to_string(), "in use"]);
        assert_eq!(refusal.error.trim().lines().count(), 1, "{}", refusal.error);
    }
}

#[test]
fn a_schema_that_cannot_be_used_is_one_clear_error() {
    let folder = tempfile::tempdir().unwrap();
    let schema = folder.path().join("broken.graphql");
    for (text, named) in [
        ("type Note @model {\n  id: ID!\n", "broken.graphql"),
        ("type Note @model @auth(rules: [{ allow: everyone }]) { id: ID! }", "everyone"),
        ("type Note @model { id: ID! owner: Nobody }", "Nobody"),
    ] {
        fs::write(&schema, text).unwrap();
        let refusal = Launch::in_memory().schema(&schema).refused().unwrap();
        assert_one_error(&refusal, &[named, ":1:"]);
    }
    let refusal = Launch::in_memory().schema(&folder.path().join("missing.graphql")).refused().unwrap();
    assert_one_error(&refusal, &["missing.graphql"]);
}

#[test]
fn a_folder_that_cannot_be_written_is_one_clear_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // Not a matter of permissions, so that it holds for root too.
    let refusal = Launch::in_folder(&file.path().join("data")).refused().unwrap();
    assert_one_error(&refusal, &[&file.path().to_string_lossy()]);
}

#[test]
fn two_systems_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::in_folder(folder.path());
    let first = launch.start().unwrap();
    assert_one_error(&launch.refused().unwrap(), &["in use"]);
    drop(first);
    assert!(launch.start().is_ok(), "the folder stays locked after its system ended");
}

fn assert_one_error(refusal: &Refusal, names: &[&str]) {
    assert_eq!(refusal.code, Some(1), "{}", refusal.error);
    assert_eq!(refusal.error.matches("portcullis: ").count(), 1, "{}", refusal.error);
    assert!(!refusal.error.contains("panicked"), "{}", refusal.error);
    for name in names {
        assert!(refusal.error.contains(name), "no `{name}` in: {}", refusal.error);
    }
}
