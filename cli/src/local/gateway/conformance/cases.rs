//! The cases whose caller has AWS credentials.

use std::{collections::BTreeSet, fs::File, io::Read, path::PathBuf};

use flate2::read::GzDecoder;
use portcullis_rules::{IamCaller, Identity};
use serde_json::Value;

use crate::decide::{Case, Catalogue, read_caller};

/// The given vectors, and more that were made in the same way.
const FOLDERS: [&str; 2] = ["", "more"];

/// A case, and what the reference answers to it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) case: Case,
    pub(super) expected: Value,
    folder: usize,
}

pub(super) struct Cases {
    lines: Vec<Line>,
    catalogues: Vec<Catalogue>,
    listed: BTreeSet<String>,
}

impl Cases {
    pub(super) fn read() -> Self {
        let (mut lines, mut catalogues) = (Vec::new(), Vec::new());
        for (folder, name) in FOLDERS.into_iter().enumerate() {
            let text = |file: &str| unpacked(path(name).join(file));
            catalogues.push(Catalogue::parse(text("schemas.json.gz").as_bytes()).unwrap());
            let mut answers: std::collections::BTreeMap<String, Value> =
                objects(&text("expected.jsonl.gz")).map(|answer| (id(&answer), answer)).collect();
            for case in objects(&text("cases.jsonl.gz")).filter(|case| case["identity"]["kind"] == "iam") {
                let id = id(&case);
                let expected = answers.remove(&id).unwrap();
                let Value::Object(case) = case else { panic!("{id} is no object") };
                lines.push(Line { id, case: Case::new(case), expected, folder });
            }
        }
        let lists = ["deviations.jsonl", "endpoint.jsonl"];
        let lists = lists.map(|name| std::fs::read_to_string(path("").join(name)).unwrap());
        let listed = lists.iter().flat_map(|text| objects(text)).flat_map(|list| {
            let ids = list["ids"].as_array().unwrap().iter();
            ids.map(|id| id.as_str().unwrap().to_owned()).collect::<Vec<_>>()
        });
        Self { listed: listed.collect(), lines, catalogues }
    }

    /// Everybody who calls in some case, each once.
    pub(super) fn callers(&self) -> Vec<IamCaller> {
        let mut callers = Vec::new();
        for line in &self.lines {
            let Identity::Iam(caller) = read_caller(&line.case.body()["identity"]).unwrap() else {
                panic!("{}: another caller", line.id)
            };
            if !callers.contains(&caller) {
                callers.push(caller);
            }
        }
        callers
    }

    pub(super) fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    pub(super) fn catalogue(&mut self, line: &Line) -> &mut Catalogue {
        &mut self.catalogues[line.folder]
    }

    pub(super) fn is_listed(&self, id: &str) -> bool {
        self.listed.contains(id)
    }
}

impl Line {
    fn of(&self) -> &str {
        self.case.body()["field"].as_str().unwrap().split_once('.').unwrap().0
    }

    /// Whether it is one of the given vectors, and not one of those that were made like them.
    pub(super) fn is_given(&self) -> bool {
        self.folder == 0
    }

    /// Whether it is a query or a mutation. A page token of the reference means nothing here.
    pub(super) fn is_request(&self) -> bool {
        let next = self.case.body().get("args").and_then(|args| args.get("nextToken"));
        ["Query", "Mutation"].contains(&self.of()) && next.is_none_or(Value::is_null)
    }

    pub(super) fn is_subscription(&self) -> bool {
        self.of() == "Subscription"
    }

    /// Whether AppSync refuses it before it asks a resolver: by the schema, or by the way in.
    pub(super) fn is_kept_out(&self) -> bool {
        let layer = self.expected["error"]["layer"].as_str().unwrap_or_default();
        let token = self.case.body().get("args").and_then(|args| args.get("nextToken"));
        self.expected["decision"] == "invalid"
            || ["api", "directive"].contains(&layer)
            || token.is_some_and(|token| !token.is_null())
    }
}

fn path(folder: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance").join(folder)
}

fn unpacked(path: PathBuf) -> String {
    let mut text = String::new();
    GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text
}

fn objects(text: &str) -> impl Iterator<Item = Value> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).unwrap())
}

fn id(line: &Value) -> String {
    line["id"].as_str().unwrap().to_owned()
}
