//! Pages in a real browser: Debian's Chromium, against the local system. Screenshots are kept in `target/browser`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, process::Command};

use portcullis_tests::{CODE, Chromium, Launch, LocalSystem, binary, missing, npm_build, repository};

/// The domain that the local pre-signup trigger refuses.
const DENIED_DOMAIN: &str = "blocked.example";

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
    in_chromium("authenticator.js", &["app.js", "deployed.js"], |system| {
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
    let Some(chromium) = Chromium::find() else { return };
    let system = Launch::in_memory().start().unwrap();
    let told = variables(&system);
    let mut all = vec![("API_URL", system.api.as_str()), ("CODE", CODE), ("DENIED_DOMAIN", DENIED_DOMAIN)];
    all.extend(told.iter().map(|(name, value)| (*name, value.as_str())));
    let failure = chromium.run(script, further, &all).err();
    assert!(failure.is_none(), "{}\nthe system's log:\n{}", failure.unwrap(), system.log());
}
