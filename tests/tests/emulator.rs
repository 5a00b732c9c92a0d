//! The released functions, packed as AWS Lambda takes them, in emulators that others have written: they start the functions through the
//! real Runtime API, and boto3 drives them.
//!
//! The functions are those that `cargo lambda build --release` leaves in `target/lambda`; the feature `emulator` turns these tests on.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "emulator/app_sync.rs"]
mod app_sync;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use portcullis_tests::{
    CODE, Chromium, Emulator, binary, build_folder, client_sources, npm_program, python_client, repository,
};

/// What ministack accepts for every code.
const MINISTACK_CODE: &str = "123456";

/// Where the page of the browser comes from. Such a name is always this machine, which a browser trusts as it does HTTPS.
const PAGE_ORIGIN: &str = "http://app.localhost";

#[test]
fn ministack_refuses_and_confirms_as_pre_signup_says() {
    Ministack::start().run("pre-sign-up", &[]);
}

#[test]
fn ministack_makes_tokens_of_version_1_with_claims_and_groups() {
    Ministack::start().run("tokens-v1", &[]);
}

#[test]
fn ministack_which_ignores_the_groups_of_version_2_makes_tokens_with_claims_and_scopes() {
    Ministack::start().run("tokens-v2", &[]);
}

#[test]
fn ministack_which_ignores_the_groups_of_version_3_makes_tokens_with_claims_and_scopes() {
    Ministack::start().run("tokens-v3", &[]);
}

#[test]
fn ministack_makes_tokens_of_machines_with_scopes() {
    Ministack::start().run("machine", &[]);
}

#[test]
fn cognito_local_confirms_through_post_confirmation_which_ministack_never_calls() {
    let ministack = Ministack::start();
    let folder = tempfile::tempdir().unwrap();
    let settings = serde_json::json!({
        "LambdaClient": { "endpoint": ministack.emulator.url, "region": "us-east-1" },
        "TriggerFunctions": { "PostConfirmation": "post-confirmation" },
    });
    std::fs::create_dir(folder.path().join(".cognito")).unwrap();
    std::fs::write(folder.path().join(".cognito/config.json"), settings.to_string()).unwrap();
    let program = npm_program("second-emulator", "cognito-local").unwrap();
    let second = Emulator::start(|port| {
        let mut command = Command::new(program);
        command.current_dir(folder.path()).env("HOST", "127.0.0.1").env("PORT", port.to_string());
        command.env("CODE", CODE);
        command
    });
    ministack.run("post-confirmation", &[("SECOND_URL", &second.unwrap().url), ("CODE", CODE)]);
}

#[test]
fn ministack_deploys_the_template_by_sam_and_serves_sign_in_and_rest_but_calls_no_post_confirmation_and_checks_no_signature()
 {
    Ministack::start().deploy("serves");
}

#[test]
fn ministack_deploys_the_template_round_a_pool_and_a_table_that_exist_with_the_authorizer_before_the_api() {
    Ministack::start().deploy("existing");
}

/// Which need no provider and no style of pages, for it knows neither of these resources: the linter checks them, and the tests of the template.
#[test]
fn ministack_deploys_the_template_with_the_parameters_of_a_cheaper_tier() {
    Ministack::start().deploy("lite");
}

#[test]
fn ministack_refuses_parameters_that_could_not_work_with_the_reason_of_the_template() {
    Ministack::start().deploy("refuses");
}

/// The app of `tests/clients/browser` with the configuration that `portcullis client-config` prints of the stack, signing in by SRP. The
/// addresses of AWS in it become the emulator's.
///
/// At AWS the gateway hands a browser's preflights to the function. The emulator's refuses them, so a proxy asks the deployed function
/// itself, and hands all else to the gateway as it is. And the emulator takes any code and does not note that it has verified the
/// address, which the Authenticator then offers to do and the page skips; that a code counts and verifies is tested in the local pool.
#[test]
fn amplifys_authenticator_works_with_the_stack_on_ministack_which_needs_a_proxy_for_preflights_and_verifies_no_address()
 {
    let Some(chromium) = Chromium::find() else { return };
    let ministack = Ministack::start();
    let folder = tempfile::tempdir().unwrap();
    ministack.deploy_in("browser", folder.path());
    let mut command = Command::new(binary().unwrap());
    command.args(["client-config", "--format", "amplify-js", "--stack-outputs"]);
    let printed = command.arg(folder.path().join("stack.json")).output().unwrap();
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    let config = String::from_utf8(printed.stdout).unwrap();
    let function = std::fs::read_to_string(folder.path().join("api-function")).unwrap();
    let variables = [
        ("CONFIG", config.as_str()),
        ("CODE", MINISTACK_CODE),
        ("ORIGIN", PAGE_ORIGIN),
        ("EMULATOR_URL", &ministack.emulator.url),
        ("API_FUNCTION", &function),
    ];
    let failure = chromium.run("authenticator.js", &["app.js", "deployed.js"], &variables).err();
    assert!(failure.is_none(), "{}", failure.unwrap());
}

/// An emulator for one test, and the Python that it runs in.
struct Ministack {
    emulator: Emulator,
    python: PathBuf,
}

impl Ministack {
    fn start() -> Self {
        let python = python_client("emulator").unwrap();
        let program = python.with_file_name("ministack");
        let emulator = Emulator::start(|port| {
            let mut command = Command::new(program);
            command
                .env("BIND_HOST", "127.0.0.1")
                .env("GATEWAY_PORT", port.to_string())
                .env("IOT_MTLS_ENABLED", "0")
                // A function that fails fails the sign-in, as at AWS.
                .env("MINISTACK_COGNITO_PRETOKEN_STRICT", "1")
                .env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"))
                .env("AWS_ACCESS_KEY_ID", "test")
                .env("AWS_SECRET_ACCESS_KEY", "test")
                .env("AWS_DEFAULT_REGION", "us-east-1");
            command
        });
        Self { emulator: emulator.unwrap(), python }
    }

    /// Runs one case of the triggers.
    fn run(&self, case: &str, variables: &[(&str, &str)]) {
        self.run_script("triggers.py", case, variables);
    }

    /// Runs one case of the deployment, with the SAM CLI that `.ci/run` installs.
    fn deploy(&self, case: &str) {
        self.deploy_in(case, tempfile::tempdir().unwrap().path());
    }

    /// Runs one case of the deployment in a folder, for what it leaves there.
    fn deploy_in(&self, case: &str, folder: &Path) {
        let sam = env::var_os("PORTCULLIS_SAM")
            .map_or_else(|| build_folder().unwrap().join("tools/venv/bin/sam"), PathBuf::from);
        let template = repository().join("template.yaml");
        let variables = [
            ("SAM", sam.to_str().unwrap()),
            ("TEMPLATE", template.to_str().unwrap()),
            ("FOLDER", folder.to_str().unwrap()),
            ("ORIGIN", PAGE_ORIGIN),
        ];
        self.run_script("deployment.py", case, &variables);
    }

    /// Runs one case of a client, and shows what it printed if it fails.
    fn run_script(&self, script: &str, case: &str, variables: &[(&str, &str)]) {
        let functions = env::var_os("PORTCULLIS_FUNCTIONS")
            .map_or_else(|| build_folder().unwrap().join("lambda"), PathBuf::from);
        let ended = Command::new(&self.python)
            // The source tree is not for caches.
            .arg("-B")
            .arg(client_sources("emulator").join(script))
            .arg(case)
            .env("EMULATOR_URL", &self.emulator.url)
            .env("FUNCTIONS", functions)
            .env("NO_PROXY", "127.0.0.1,localhost")
            .env("no_proxy", "127.0.0.1,localhost")
            .env_remove("AWS_PROFILE")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        assert!(
            ended.status.success() && !ended.stdout.is_empty(),
            "{}\n{}",
            String::from_utf8_lossy(&ended.stdout),
            String::from_utf8_lossy(&ended.stderr)
        );
    }
}
