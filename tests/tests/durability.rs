//! What was acknowledged is there after a restart, however the process ended.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::{
    net::TcpListener,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use portcullis_tests::{Launch, LocalSystem};
use serde_json::{Value, json};

const PASSWORD: &str = "Iron-Bridge-1889";
const WRITERS: usize = 8;
/// How many writes are acknowledged before the process is killed.
const WRITES: usize = 60;
/// How long a port may stay taken before a restart gives up.
const PORT_TIME: Duration = Duration::from_secs(10);

#[tokio::test]
async fn killed_in_the_middle_of_writes_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let mut system = Launch::in_folder(folder.path()).start().unwrap();
    let ports = system.ports().unwrap();
    let token = system.users().enroll("writer@example.com", PASSWORD).await.unwrap().access;
    let acknowledged = Arc::new(Mutex::new(Vec::<Value>::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let enrolled = Arc::new(Mutex::new(Vec::<String>::new()));

    let mut writers = Vec::new();
    for writer in 0..WRITERS {
        let api = system.rest().with_token(&token);
        let (acknowledged, count) = (Arc::clone(&acknowledged), Arc::clone(&count));
        writers.push(tokio::spawn(async move {
            // Until the connection breaks.
            for number in 0.. {
                let body = "filler ".repeat(200);
                let note = json!({ "title": format!("{writer}/{number}"), "body": body });
                let Ok(answer) = api.post("/notes", &note).await else {
                    return;
                };
                if answer.status == 201 {
                    acknowledged.lock().unwrap().push(answer.body);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            }
        }));
    }
    // Users are written at the same time.
    let (users, names) = (system.users(), Arc::clone(&enrolled));
    writers.push(tokio::spawn(async move {
        for number in 0.. {
            let email = format!("user{number}@example.com");
            let Ok(answer) = users.sign_up(&email, PASSWORD).await else {
                return;
            };
            if answer.status == 200 {
                names.lock().unwrap().push(email);
            }
        }
    }));

    let waiting = async {
        while count.load(Ordering::Relaxed) < WRITES || enrolled.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let enough = tokio::time::timeout(Duration::from_secs(60), waiting).await;
    system.kill().unwrap();
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(enough.is_ok(), "too few writes; the log:\n{}", system.log());
    drop(system);

    let system = start_again(folder.path(), ports).await;
    let api = system.rest().with_token(&token);
    let acknowledged = acknowledged.lock().unwrap().clone();
    for note in &acknowledged {
        let path = format!("/notes/{}", note["id"].as_str().unwrap());
        let answer = api.get(&path).await.unwrap();
        assert_eq!(
            (answer.status, &answer.body),
            (200, note),
            "{} of {} are checked",
            path,
            acknowledged.len()
        );
    }
    let listed = list_all(&system, &token).await;
    for note in &acknowledged {
        assert!(listed.contains(note), "not in the list: {}", note["id"]);
    }
    // A write that was not acknowledged may be there, at most one of each writer.
    assert!(listed.len() <= acknowledged.len() + WRITERS, "{} > {}", listed.len(), acknowledged.len());
    let enrolled = enrolled.lock().unwrap().clone();
    for email in enrolled {
        let answer = system.users().confirm(&email).await.unwrap();
        assert_eq!(answer.status, 200, "{email}: {}", answer.body);
        assert!(system.users().sign_in(&email, PASSWORD).await.is_ok(), "{email}");
    }
}

#[tokio::test]
async fn after_a_restart_users_groups_tokens_and_notes_are_still_there() {
    let folder = tempfile::tempdir().unwrap();
    let mut system = Launch::in_folder(folder.path()).start().unwrap();
    let ports = system.ports().unwrap();
    let users = system.users();
    users.enroll("ada@example.com", PASSWORD).await.unwrap();
    users.join("ada@example.com", "editors").await.unwrap();
    let before = users.sign_in("ada@example.com", PASSWORD).await.unwrap();
    let note =
        system.rest().with_token(&before.access).post("/notes", &json!({ "title": "kept" })).await.unwrap();
    assert_eq!(note.status, 201, "{}", note.body);
    let (status, _) = system.end("TERM").unwrap();
    assert!(status.success());

    let system = start_again(folder.path(), ports).await;
    let path = format!("/notes/{}", note.text("/id"));
    // The keys are the same, so the old token is good.
    let answer = system.rest().with_token(&before.access).get(&path).await.unwrap();
    assert_eq!((answer.status, &answer.body), (200, &note.body));

    let users = system.users();
    let refreshed = users
        .call(
            "InitiateAuth",
            json!({ "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": before.refresh } }),
        )
        .await
        .unwrap();
    assert_eq!(refreshed.status, 200, "{}", refreshed.body);
    let access = refreshed.text("/AuthenticationResult/AccessToken");
    let groups = portcullis_tests::claims(access).unwrap()["cognito:groups"].clone();
    assert!(groups.as_array().unwrap().contains(&json!("editors")), "{groups}");
    assert!(users.sign_in("ada@example.com", PASSWORD).await.is_ok());
    assert!(users.sign_in("ada@example.com", "Another-Bridge-1889").await.is_err());
}

/// Starts the system where it ran before. Somebody else may have been given one of its ports in the meantime, for a moment.
async fn start_again(folder: &Path, ports: [u16; 3]) -> LocalSystem {
    let launch = Launch::in_folder(folder).ports(ports);
    let started = Instant::now();
    loop {
        match launch.start() {
            Ok(system) => return system,
            Err(error)
                if error.to_string().contains("the port is in use") && started.elapsed() < PORT_TIME =>
            {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test]
async fn a_port_that_is_taken_for_a_moment_only_delays_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let freed = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        drop(taken);
    });
    let system = start_again(folder.path(), [port, 0, 0]).await;
    assert_eq!(system.ports().unwrap()[0], port);
    freed.join().unwrap();
}

/// All pages of the notes that the caller sees.
async fn list_all(system: &LocalSystem, token: &str) -> Vec<Value> {
    let api = system.rest().with_token(token);
    let mut listed = Vec::new();
    let mut path = "/notes?limit=25".to_owned();
    loop {
        let page = api.get(&path).await.unwrap();
        listed.extend(page.body["items"].as_array().unwrap().iter().cloned());
        match page.body["nextToken"].as_str() {
            // Percent-encoding what base64 may hold.
            Some(next) => {
                let next = next.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
                path = format!("/notes?limit=25&nextToken={next}");
            }
            None => return listed,
        }
    }
}
