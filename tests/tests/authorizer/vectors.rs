//! Amplify's own decisions about callers who come in through a Lambda authorizer.

use std::{collections::BTreeMap, fs::File, io::Read};

use flate2::read::GzDecoder;
use portcullis_schema::{AuthMode, Project, Schema};
use portcullis_tests::{Result, repository};
use serde_json::{Value, json};

use crate::{authorizer, token};

/// A case, the schema that it is about, and what the reference says.
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) schema: String,
    pub(crate) case: Value,
    pub(crate) expected: Value,
}

/// Schemas by name, each with the default way to come in, and the cases whose caller is a function's.
pub(crate) struct Vectors {
    pub(crate) schemas: BTreeMap<String, (Schema, AuthMode)>,
    pub(crate) cases: Vec<Case>,
}

impl Vectors {
    pub(crate) fn read() -> Result<Self> {
        let mut vectors = Self { schemas: BTreeMap::new(), cases: Vec::new() };
        for folder in ["", "more/"] {
            let schemas: Value = serde_json::from_str(&text(&format!("{folder}schemas.json.gz"))?)?;
            let mut answers = lines(&format!("{folder}expected.jsonl.gz"))?;
            for (id, case) in lines(&format!("{folder}cases.jsonl.gz"))? {
                if case["identity"]["kind"] != "function" {
                    continue;
                }
                let name = case["schemaId"].as_str().ok_or("a case without a schema")?.to_owned();
                if !vectors.schemas.contains_key(&name) {
                    let source = schemas[&name]["schema"].as_str().ok_or("no such schema")?;
                    let project = project(&schemas[&name])?;
                    let schema = Schema::read(source, &name, &project)?;
                    vectors.schemas.insert(name.clone(), (schema, project.default_mode));
                }
                let expected = answers.remove(&id).ok_or("a case without an answer")?;
                vectors.cases.push(Case { id, schema: name, case, expected });
            }
        }
        Ok(vectors)
    }

    /// What our authorizer tells AppSync about an editor, by schema.
    pub(crate) async fn answers(&self) -> BTreeMap<&str, Value> {
        let event = json!({
            "authorizationToken": token(&["editors"]),
            "requestContext": { "apiId": "a", "accountId": "1", "requestId": "r", "queryString": "{ a }", "variables": {} },
        });
        let mut answers = BTreeMap::new();
        for (name, (schema, _)) in &self.schemas {
            answers.insert(name.as_str(), authorizer(schema).answer(&event).await.unwrap());
        }
        answers
    }
}

impl Case {
    /// The type and the field that are asked for.
    pub(crate) fn field(&self) -> (&str, &str) {
        self.case["field"].as_str().and_then(|field| field.split_once('.')).unwrap_or_default()
    }

    /// Whether AppSync or the first line of the reference's resolver refuses the field.
    pub(crate) fn refuses_field(&self) -> bool {
        let message = self.expected["error"]["message"].as_str().unwrap_or_default();
        self.expected["decision"] == "deny" && message.starts_with("Not Authorized to access")
    }
}

/// The settings of the project that say how callers come in.
fn project(entry: &Value) -> Result<Project> {
    let project = Project { extensions: false, ..Project::default() };
    let Some(default) = entry["auth"]["default"].as_str() else {
        return Ok(project);
    };
    let additional = entry["auth"]["additional"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let additional_modes = additional.map(mode).collect::<Result<_>>()?;
    Ok(Project { default_mode: mode(default)?, additional_modes, ..project })
}

fn mode(name: &str) -> Result<AuthMode> {
    Ok(match name {
        "userPools" => AuthMode::UserPools,
        "oidc" => AuthMode::Oidc,
        "iam" => AuthMode::Iam,
        "apiKey" => AuthMode::ApiKey,
        "function" => AuthMode::Function,
        other => return Err(format!("no mode: {other}").into()),
    })
}

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
