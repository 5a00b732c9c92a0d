//! The callers of Amplify's own decisions who come in through a Lambda authorizer: what the reference refuses before it looks at the
//! input is what AppSync is told to deny, and nothing else is.

use std::{collections::BTreeMap, fs::File, io::Read};

use flate2::read::GzDecoder;
use portcullis_schema::{AuthMode, Project, Schema};
use portcullis_tests::{Result, repository};
use serde_json::{Value, json};

use crate::{authorizer, token};

const ROOTS: [&str; 3] = ["Query.", "Mutation.", "Subscription."];

fn text(name: &str) -> Result<String> {
    let mut text = String::new();
    let file = File::open(repository().join("tests/conformance").join(name))?;
    GzDecoder::new(file).read_to_string(&mut text)?;
    Ok(text)
}

fn lines(name: &str) -> Result<BTreeMap<String, Value>> {
    let mut lines = BTreeMap::new();
    for line in text(name)?.lines().filter(|line| !line.trim().is_empty()) {
        let value: Value = serde_json::from_str(line)?;
        let id = value["id"].as_str().ok_or("a line without an id")?.to_owned();
        lines.insert(id, value);
    }
    Ok(lines)
}

/// The settings of the project that say how callers come in.
fn project(entry: &Value) -> Result<Project> {
    let project = Project { extensions: false, ..Project::default() };
    let Some(default) = entry["auth"]["default"].as_str() else {
        return Ok(project);
    };
    let mode = |name: &str| {
        Ok(match name {
            "userPools" => AuthMode::UserPools,
            "oidc" => AuthMode::Oidc,
            "iam" => AuthMode::Iam,
            "apiKey" => AuthMode::ApiKey,
            "function" => AuthMode::Function,
            other => return Err(format!("no mode: {other}")),
        })
    };
    let additional = entry["auth"]["additional"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let additional_modes = additional.map(mode).collect::<std::result::Result<_, _>>()?;
    Ok(Project { default_mode: mode(default)?, additional_modes, ..project })
}

/// Whether AppSync or the first line of the reference's resolver refuses the field.
fn refuses_field(expected: &Value) -> bool {
    let message = expected["error"]["message"].as_str().unwrap_or_default();
    expected["decision"] == "deny" && message.starts_with("Not Authorized to access")
}

#[tokio::test]
async fn what_appsync_is_told_to_deny_is_what_the_reference_refuses() -> Result<()> {
    let event = json!({
        "authorizationToken": token(&["editors"]),
        "requestContext": { "apiId": "a", "accountId": "1", "requestId": "r", "queryString": "{ a }", "variables": {} },
    });
    let (mut counts, mut mistakes) = ([0, 0], Vec::new());
    for folder in ["", "more/"] {
        let schemas: Value = serde_json::from_str(&text(&format!("{folder}schemas.json.gz"))?)?;
        let expected = lines(&format!("{folder}expected.jsonl.gz"))?;
        let mut answers: BTreeMap<String, Value> = BTreeMap::new();
        for (id, case) in lines(&format!("{folder}cases.jsonl.gz"))? {
            if case["identity"]["kind"] != "function" {
                continue;
            }
            let name = case["schemaId"].as_str().ok_or("a case without a schema")?;
            if !answers.contains_key(name) {
                let source = schemas[name]["schema"].as_str().ok_or("no such schema")?;
                let schema = Schema::read(source, name, &project(&schemas[name])?)?;
                answers.insert(name.to_owned(), authorizer(&schema).answer(&event).await?);
            }
            let answer = &answers[name];
            let denied = answer["deniedFields"].as_array();
            let is_denied =
                answer["isAuthorized"] == false || denied.is_some_and(|it| it.contains(&case["field"]));
            // Of a record that cannot be reached the reference was asked all the same.
            let is_root =
                case["field"].as_str().is_some_and(|field| ROOTS.iter().any(|root| field.starts_with(root)));
            if answer["isAuthorized"] == false && !is_root {
                continue;
            }
            let is_refused = refuses_field(&expected[&id]);
            counts[usize::from(is_denied)] += 1;
            if is_denied != is_refused {
                mistakes.push(format!("{id}: {} denied: {is_denied}, but {}", case["field"], expected[&id]));
            }
        }
    }
    println!("{} fields admitted, {} denied", counts[0], counts[1]);
    assert!(mistakes.is_empty(), "{} mistakes:\n{}", mistakes.len(), mistakes.join("\n"));
    assert!(counts[0] > 100 && counts[1] > 100, "{counts:?}");
    Ok(())
}
