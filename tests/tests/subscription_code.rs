//! The code of the template's subscription resolvers, which AppSync runs, run by Node: what it asks the function, and that only an
//! answer that says of every event whether it is told lets anybody listen.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use portcullis_tests::{Template, missing};
use serde_json::{Value, json};

/// What AppSync gives its resolvers, as far as these use it.
const UTILS: &str = "
export const filters = [];
export const util = { error(message, type) { throw Object.assign(new Error(message), { type }); } };
export const extensions = { setSubscriptionFilter(filter) { filters.push(filter); } };
";

/// Answers `[handler, context]` line by line.
const DRIVER: &str = "
import { createInterface } from 'node:readline';
import { filters } from '@aws-appsync/utils';
import * as handlers from './code.mjs';
for await (const line of createInterface({ input: process.stdin })) {
  const [handler, context] = JSON.parse(line);
  filters.length = 0;
  let told;
  try {
    told = { answer: handlers[handler](context) };
  } catch (error) {
    told = { error: error.message, type: error.type };
  }
  console.log(JSON.stringify({ ...told, filters }));
}
";

#[test]
fn a_subscription_listens_by_the_filter_that_the_function_answers_and_by_nothing_else() {
    if missing("Node", &[("node", &["--version"])]) {
        return;
    }
    let group = json!({ "filterGroup": [{ "filters": [{ "fieldName": "owner", "operator": "eq", "value": "ann" }] }] });
    let unauthorized = "Not Authorized to access onCreateNote on type Subscription";
    let silent = json!({ "error": "The subscription could not be checked.", "type": "InternalFailure", "filters": [] });
    let one = |data: Value| json!([{ "data": data, "errorType": null, "errorMessage": null }]);
    let context = json!({
        "args": { "owner": "ann" }, "identity": null, "source": null, "stash": {},
        "request": { "headers": { "x-api-key": "k" } },
        "info": { "parentTypeName": "Subscription", "fieldName": "onCreateNote" },
    });
    let mut asked = context.clone();
    let arguments = asked.as_object_mut().unwrap().remove("args").unwrap();
    asked["arguments"] = arguments;
    asked["prev"] = Value::Null;
    let rows = [
        (
            json!(["request", context]),
            json!({ "answer": { "operation": "Invoke", "payload": [asked] }, "filters": [] }),
        ),
        (
            json!(["response", { "result": one(json!({ "filter": null })) }]),
            json!({ "answer": null, "filters": [] }),
        ),
        (
            json!(["response", { "result": one(json!({ "filter": group })) }]),
            json!({ "answer": null, "filters": [group] }),
        ),
        (
            json!(["response", { "result": [{ "data": null, "errorType": "Unauthorized", "errorMessage": unauthorized }] }]),
            json!({ "error": unauthorized, "type": "Unauthorized", "filters": [] }),
        ),
        (
            json!(["response", { "result": null, "error": { "message": "timed out", "type": "Lambda:Unhandled" } }]),
            json!({ "error": "timed out", "type": "Lambda:Unhandled", "filters": [] }),
        ),
        (json!(["response", { "result": null }]), silent.clone()),
        (json!(["response", {}]), silent.clone()),
        (json!(["response", { "result": [] }]), silent.clone()),
        (json!(["response", { "result": [null] }]), silent.clone()),
        (json!(["response", { "result": "text" }]), silent.clone()),
        (json!(["response", { "result": { "filter": null } }]), silent.clone()),
        (json!(["response", { "result": one(json!({})) }]), silent.clone()),
        (json!(["response", { "result": one(Value::Null) }]), silent),
    ];
    let questions: String = rows.iter().map(|(question, _)| format!("{question}\n")).collect();
    let answers = run(&code(), &questions);
    let answers: Vec<Value> = answers.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), rows.len());
    for ((question, expected), answer) in rows.iter().zip(answers) {
        assert_eq!(&answer, expected, "{question}");
    }
}

/// All of them have one.
fn code() -> String {
    let template = Template::read().unwrap();
    let resolvers = template.of_type("AWS::AppSync::Resolver").map(|(_, resolver)| &resolver["Properties"]);
    let mut codes: Vec<&str> = resolvers.filter_map(|properties| properties["Code"].as_str()).collect();
    codes.dedup();
    assert_eq!(codes.len(), 1);
    codes[0].to_owned()
}

fn run(code: &str, questions: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let utils = folder.path().join("node_modules/@aws-appsync/utils");
    fs::create_dir_all(&utils).unwrap();
    fs::write(utils.join("package.json"), r#"{ "type": "module", "exports": "./index.mjs" }"#).unwrap();
    fs::write(utils.join("index.mjs"), UTILS).unwrap();
    fs::write(folder.path().join("code.mjs"), code).unwrap();
    fs::write(folder.path().join("driver.mjs"), DRIVER).unwrap();
    let mut node = Command::new("node")
        .arg("driver.mjs")
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Few enough to fit into the pipe.
    node.stdin.take().unwrap().write_all(questions.as_bytes()).unwrap();
    let ended = node.wait_with_output().unwrap();
    assert!(ended.status.success());
    String::from_utf8(ended.stdout).unwrap()
}
