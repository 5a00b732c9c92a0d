//! Pages in a real browser: Debian's Chromium, against the local system. Screenshots are kept in `target/browser`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, process::Command};

use portcullis_tests::{
    CODE, Launch, LocalSystem, Result, binary, build_folder, missing, npm_build, npm_scripts, repository,
};

/// The domain that the local pre-signup trigger refuses.
const DENIED_DOMAIN: &str = "blocked.example";

/// What Chromium is called by those who distribute it.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

#[test]
fn the_console_is_used_by_keyboard_and_screen_reader() {
    in_chromium("console.js", &[], |_| Vec::new());
}

#[test]
fn graphiql_runs_queries_by_token_and_by_key() {
    in_chromium("graphiql.js", &[], |_| Vec::new());
}

#[test]
fn amplifys_authenticator_works_with_what_client_config_prints() {
    in_chromium("authenticator.js", &["app.js"], |system| {
        let mut command = Command::new(binary().unwrap());
        let printed =
            command.args(["client-config", "--running", &system.api, "--format", "amplify-js"]).output();
        vec![("CONFIG", String::from_utf8(printed.unwrap().stdout).unwrap())]
    });
}

/// The committed files are what the packages of the lock file give, byte for byte.
#[test]
fn graphiql_is_built_from_its_packages_and_from_nothing_else() {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"])]) {
        return;
    }
    let sources = repository().join("cli/graphiql");
    let folder = npm_build(&sources, "graphiql", &["build.js", "page.js", "page.css"]).unwrap();
    let built = folder.join("built");
    let ended = Command::new("node").arg(folder.join("build.js")).arg(&built).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let committed = repository().join("cli/assets/graphiql");
    for file in ["graphiql.js", "graphiql.css", "licences.txt"] {
        let same = fs::read(built.join(file)).unwrap() == fs::read(committed.join(file)).unwrap();
        assert!(
            same,
            "cli/assets/graphiql/{file} is not what `npm ci --ignore-scripts && node build.js` in cli/graphiql makes"
        );
    }
}

/// Runs a script in a browser against a new system, with what it needs to know of that besides.
fn in_chromium(
    script: &str,
    further: &[&str],
    variables: impl FnOnce(&LocalSystem) -> Vec<(&'static str, String)>,
) {
    let Some(chromium) = chromium() else { return };
    let files: Vec<&str> = [script, "chromium.js"].into_iter().chain(further.iter().copied()).collect();
    let folder = npm_scripts("browser", &files).unwrap();
    let system = Launch::in_memory().start().unwrap();
    let ended = Command::new("node")
        .arg(folder.join(script))
        .env("CHROMIUM", chromium)
        .env("SCREENSHOTS", screenshots().unwrap())
        .env("API_URL", &system.api)
        .env("CODE", CODE)
        .env("DENIED_DOMAIN", DENIED_DOMAIN)
        .envs(variables(&system))
        // Loopback is never reached through a proxy.
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    assert!(
        ended.status.success(),
        "{}\n{}\nthe system's log:\n{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
        system.log()
    );
    assert!(!ended.stdout.is_empty(), "the script did nothing");
}

/// The path of Chromium, unless it or Node is missing.
fn chromium() -> Option<String> {
    let path_of = |name: &&str| {
        let found = Command::new("sh").args(["-c", &format!("command -v {name}")]).output().ok()?;
        found.status.success().then(|| String::from_utf8_lossy(&found.stdout).trim().to_owned())
    };
    let found = CHROMIUM.iter().find_map(path_of);
    let probe = found.as_deref().unwrap_or(CHROMIUM[0]);
    let needed: [(&str, &[&str]); 3] =
        [(probe, &["--version"]), ("node", &["--version"]), ("npm", &["--version"])];
    if missing("Chromium, or Node", &needed) { None } else { found }
}

fn screenshots() -> Result<std::path::PathBuf> {
    let folder = build_folder()?.join("browser");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
