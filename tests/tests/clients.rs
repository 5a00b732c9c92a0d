//! Clients that were written against Amazon Cognito, by others, against the local system: AWS Amplify in Node, boto3 in Python.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use portcullis_tests::{CODE, Launch, LocalSystem, build_folder, missing, repository};

/// The domain that the local pre-signup trigger refuses.
const DENIED_DOMAIN: &str = "blocked.example";

#[test]
fn amplify_signs_up_signs_in_refreshes_and_calls_the_api() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let folder = node();
    // An import is looked up from where the script lies.
    fs::copy(sources("node").join("amplify.js"), folder.join("amplify.js")).unwrap();
    let mut client = Command::new("node");
    against(&Launch::in_memory().start().unwrap(), client.arg(folder.join("amplify.js")));
}

#[test]
fn amplify_asks_the_graphql_api_with_statements_such_as_it_generates() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let folder = node();
    fs::copy(sources("node").join("graphql.js"), folder.join("graphql.js")).unwrap();
    let schema = repository().join("tests/schemas/blog.graphql");
    let system = Launch::in_memory().schema(&schema).start().unwrap();
    let mut client = Command::new("node");
    against(&system, client.env("API_KEY", &system.api_key).arg(folder.join("graphql.js")));
}

#[test]
fn boto3_administers_users_and_signs_in_with_passwords() {
    if missing("Python with venv", &[("python3", &["-c", "import ensurepip, venv"])]) {
        return;
    }
    let folder = installed("python", &["requirements.txt"], |folder| {
        let venv = folder.join("venv");
        run("python3 -m venv", Command::new("python3").args(["-m", "venv"]).arg(&venv));
        let mut install = Command::new(venv.join("bin/pip"));
        install.args([
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "--requirement",
        ]);
        run("pip install", install.arg(folder.join("requirements.txt")));
    });
    let mut client = Command::new(folder.join("venv/bin/python"));
    // The source tree is not for caches.
    client.arg("-B").arg(sources("python").join("admin.py"));
    against(&Launch::in_memory().start().unwrap(), &mut client);
}

/// The folder in which AWS Amplify is installed.
fn node() -> PathBuf {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    installed("node", &["package.json", "package-lock.json", ".npmrc"], |folder| {
        let mut install = Command::new("npm");
        install
            .args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"])
            .current_dir(folder);
        run("npm ci", &mut install);
    })
}

/// Runs a client against a system and shows what it printed if it fails.
fn against(system: &LocalSystem, client: &mut Command) {
    client
        .env("API_URL", &system.api)
        .env("POOL_URL", &system.pool)
        .env("POOL_ID", &system.pool_id)
        .env("CLIENT_ID", &system.client_id)
        .env("CODE", CODE)
        .env("DENIED_DOMAIN", DENIED_DOMAIN)
        // Loopback is never reached through a proxy, and a developer's own AWS profile is not part of the test.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .env_remove("AWS_PROFILE");
    let ended = client.output().unwrap();
    assert!(
        ended.status.success(),
        "{}\n{}\nthe system's log:\n{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
        system.log()
    );
    assert!(!ended.stdout.is_empty(), "the client did nothing");
}

/// The folder of a client's own files.
fn sources(client: &str) -> PathBuf {
    repository().join("tests/clients").join(client)
}

/// The folder in which a client is installed, as its lock file says; installs it when that file is new.
fn installed(client: &str, files: &[&str], install: impl FnOnce(&Path)) -> PathBuf {
    let folder = build_folder().unwrap().join("clients").join(client);
    let wanted: Vec<Vec<u8>> =
        files.iter().map(|file| fs::read(sources(client).join(file)).unwrap()).collect();
    let done = folder.join("installed");
    let current = files
        .iter()
        .zip(&wanted)
        .all(|(file, wanted)| fs::read(folder.join(file)).ok().as_ref() == Some(wanted));
    if !(current && done.is_file()) {
        if folder.exists() {
            fs::remove_dir_all(&folder).unwrap();
        }
        fs::create_dir_all(&folder).unwrap();
        for (file, content) in files.iter().zip(&wanted) {
            fs::write(folder.join(file), content).unwrap();
        }
        install(&folder);
        // Written last: an installation that was broken off is not taken for a whole one.
        fs::write(done, "").unwrap();
    }
    folder
}

fn run(name: &str, command: &mut Command) {
    let ended = command.output().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(
        ended.status.success(),
        "{name} failed; the first run needs the network\n{}\n{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
}
