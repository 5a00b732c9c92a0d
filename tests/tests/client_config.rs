//! What `portcullis client-config` prints, read by Amplify's own code and held against the types of its published schema.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use portcullis_tests::{Launch, Template, binary, build_folder, missing, npm_scripts, run};
use serde_json::{Value, json};

/// The package with the types of the schema, without what it depends on, which is much and not asked for anything.
const SCHEMA_PACKAGE: &str = "@aws-amplify/client-config@1.11.1";
const SCHEMA_INTEGRITY: &str =
    "sha512-p5Vw8SVlPq/zNKpXdmq6lb5sqLagUAQJ1ULv816JAFm7CRm28GEQeEmrvIhmve5sHrEkkb+DkBwBjwPtCZLMSQ==";
const SCHEMA_TYPES: &str = "package/lib/client-config-schema/client_config_v1.4.d.ts";

#[test]
fn amplify_reads_the_configuration_of_the_running_system() {
    let system = Launch::in_memory().start().unwrap();
    let printed = ["amplify-outputs", "amplify-js"]
        .map(|format| client_config(&["--running", &system.api, "--format", format]));
    let warning = String::from_utf8_lossy(&printed[0].stderr).into_owned();
    assert!(warning.contains("--format amplify-js"), "{warning}");
    let hint = String::from_utf8_lossy(&printed[1].stderr).into_owned();
    assert!(hint.contains("has no place for the address of a local bucket"), "{hint}");
    let [outputs, config] = printed.map(|printed| json_of(&printed));
    assert_eq!(config["Auth"]["Cognito"]["userPoolEndpoint"], system.pool);
    assert_eq!(config["API"]["GraphQL"]["endpoint"], format!("{}/graphql", system.api));
    let bucket = system.bucket.as_deref().and_then(|url| url.rsplit('/').next());
    assert_eq!(config["Storage"]["S3"]["bucket"].as_str(), bucket);
    assert_eq!(outputs["storage"]["bucket_name"].as_str(), bucket);
    assert_eq!(outputs["auth"]["user_pool_client_id"], system.client_id);
    read_by_amplify(&outputs, &config);
}

#[test]
fn amplify_reads_the_configuration_of_a_stack() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stack.json");
    fs::write(&file, stack().to_string()).unwrap();
    let file = file.to_string_lossy().into_owned();
    let [outputs, config] = ["amplify-outputs", "amplify-js"]
        .map(|format| json_of(&client_config(&["--stack-outputs", &file, "--format", format])));
    assert_eq!(outputs["auth"]["oauth"]["identity_providers"], json!(["SIGN_IN_WITH_APPLE", "GOOGLE"]));
    read_by_amplify(&outputs, &config);
}

#[test]
fn where_no_system_runs_the_command_says_how_to_start_one() {
    // Of the ports, this one is nobody's.
    let ended = client_config(&["--running", "http://127.0.0.1:1"]);
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    assert!(said.contains("nobody answers") && said.contains("cargo run"), "{said}");
    let both = client_config(&["--running", "http://127.0.0.1:1", "--stack-outputs", "-"]);
    assert_eq!(both.status.code(), Some(2));
}

/// What `aws cloudformation describe-stacks` prints of a stack that has everything.
fn stack() -> Value {
    let outputs = [
        ("Region", "eu-west-1"),
        ("UserPoolId", "eu-west-1_AbCdEfGhI"),
        ("UserPoolClientId", "4hb1example"),
        ("ApiUrl", "https://abc.execute-api.eu-west-1.amazonaws.com"),
        ("IdentityPoolId", "eu-west-1:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa"),
        ("GuestsEnabled", "true"),
        ("BucketName", "notes-files"),
        ("SignInDomain", "notes.auth.eu-west-1.amazoncognito.com"),
        ("CallbackUrls", "https://app.example.com/"),
        ("LogoutUrls", "https://app.example.com/"),
        ("OAuthScopes", "openid,email"),
        ("IdentityProviders", "SignInWithApple,Google,Corp"),
        ("MfaConfiguration", "OPTIONAL"),
        ("PasswordMinimumLength", "12"),
        ("GraphqlUrl", "https://def.appsync-api.eu-west-1.amazonaws.com/graphql"),
        ("GraphqlApiKey", "da2-example"),
        ("GraphqlAuthModes", "AMAZON_COGNITO_USER_POOLS,API_KEY"),
    ];
    // A stack has no output that the template does not make.
    let template = Template::read().unwrap();
    for (name, _) in outputs {
        assert!(!template.at(&format!("/Outputs/{name}")).is_null(), "{name} is no output");
    }
    let outputs: Vec<Value> =
        outputs.iter().map(|(key, value)| json!({ "OutputKey": key, "OutputValue": value })).collect();
    json!({ "Stacks": [{ "StackName": "notes", "Outputs": outputs }] })
}

fn client_config(arguments: &[&str]) -> Output {
    Command::new(binary().unwrap()).arg("client-config").args(arguments).output().unwrap()
}

fn json_of(printed: &Output) -> Value {
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    serde_json::from_slice(&printed.stdout).unwrap()
}

fn read_by_amplify(outputs: &Value, config: &Value) {
    if missing("Node", &[("node", &["--version"]), ("npm", &["--version"]), ("tar", &["--version"])]) {
        return;
    }
    let folder = npm_scripts("browser", &["outputs.js"]).unwrap();
    let types = schema_types();
    let mut script = Command::new("node");
    script
        .arg(folder.join("outputs.js"))
        .env("OUTPUTS", outputs.to_string())
        .env("AMPLIFY_JS", config.to_string())
        .env("SCHEMA_TYPES", types.with_extension("").with_extension("js"));
    run("outputs.js", &mut script).unwrap();
}

/// Fetches the types, once.
fn schema_types() -> std::path::PathBuf {
    let folder = build_folder().unwrap().join("clients/schema-types");
    let types = folder.join(SCHEMA_TYPES);
    fs::create_dir_all(&folder).unwrap();
    let turn = fs::File::create(folder.join("lock")).unwrap();
    turn.lock().unwrap();
    if !types.is_file() {
        fetch(&folder);
    }
    types
}

fn fetch(folder: &Path) {
    let packed =
        Command::new("npm").args(["pack", "--json", SCHEMA_PACKAGE]).current_dir(folder).output().unwrap();
    assert!(packed.status.success(), "{}", String::from_utf8_lossy(&packed.stderr));
    let packed: Value = serde_json::from_slice(&packed.stdout).unwrap();
    let told = |member: &str| packed.pointer(&format!("/0/{member}")).and_then(Value::as_str).unwrap();
    assert_eq!(told("integrity"), SCHEMA_INTEGRITY, "the package is another than it was");
    let archive = told("filename");
    run("tar", Command::new("tar").args(["-xzf", archive]).current_dir(folder)).unwrap();
}
