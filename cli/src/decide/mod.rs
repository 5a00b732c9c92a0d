//! `portcullis decide`: cases in, answers out, one JSON object a line.
//!
//! A case is a schema, a caller and a request; the answer is what Amplify's GraphQL API would do with it: the decision,
//! what is written or read, what the client sees. It serves to test a policy without a cloud, and to compare this
//! project with the reference (`tests/conformance`).
//!
//! 1. A request goes the reference's way: GraphQL's own checks of the input, the gate of authorization modes, the rules,
//!    the data source, the fields of the result. The records are those of the case, held in memory.
//! 2. Whatever the rules decide is decided by [`portcullis_rules::Authorizer`]; nothing of them is repeated here.
//! 3. A setting of a project that is not known is answered `unsupported` and never guessed.
//! 4. A line that is no case is answered `malformed`, and the run goes on. Blank lines are passed over.
//! 5. The same input gives the same output: made ids are `auto-1`, `auto-2`, and it is always 2024-01-01.
//!
//! | field of a case | holds |
//! | --- | --- |
//! | `id` | any value; the answer repeats it |
//! | `op` | `validate` to check the schema alone, `expand` for the API that it makes |
//! | `schemaId` or `schema` | a name in the file of `--schemas`, or the text of a schema |
//! | `auth`, `synth`, `params` | settings of the project, over those of the named schema |
//! | `field` | `Mutation.createNote`, `Query.getNote`, `Query.listNotes`, `Subscription.onCreateNote`, `Note.title`, and custom fields |
//! | `identity` | `{kind: userPools or oidc, claims}`, `{kind: iam, role or userArn, cognitoIdentity..}`, `{kind: apiKey}`, `{kind: function, resolverContext}` |
//! | `args` | the arguments of the field |
//! | `existing` | the stored records: a list, one record, or lists by model; for a field the parent object; for a subscription the events; for a custom field what its function returns |
//! | `selection` | what the client wants to see, as GraphQL; without it every field that is neither a relation nor an object |
//!
//! | field of an answer | holds |
//! | --- | --- |
//! | `decision` | `allow`, `deny`, `error` (allowed, and then the data source refused), `invalid` (GraphQL refused), `unsupported`, `malformed`; for a schema `valid` or `invalid-schema` |
//! | `error` | `type`, `message`, and for a refusal `layer`: `api`, `directive` (the gate) or `vtl` (the rules) |
//! | `effective` | `written`, `deleted`, `authFilter`, `subscriptionFilter`, `reads`, `invoked`, and `nested`: what the rules make of relations |
//! | `data`, `fieldErrors` | what the client sees |
//! | `delivered` | the ids of the events that a subscriber gets |
//! | `sdl` | the API that a schema makes, in GraphQL's language |

mod answer;
mod api;
mod caller;
mod case;
mod catalogue;
mod coercion;
mod custom;
mod endpoint;
mod field;
mod filter_input;
mod gate;
mod key;
mod mutation;
mod query;
mod records;
mod refusal;
mod related;
mod request;
mod settings;
mod shape;
mod sort_condition;
mod subscription;
mod view;
mod why;

use std::{
    fs,
    io::{self, BufRead, BufWriter, Write},
    path::PathBuf,
};

use clap::Args;
use thiserror::Error;

use self::answer::Answer;
#[cfg(test)]
pub(crate) use self::{
    caller::read as read_caller,
    endpoint::{Ready, shape},
};
pub(crate) use self::{case::Case, catalogue::Catalogue, endpoint::Endpoint, settings::read_project};

/// What a case and its answer look like, for `--help`.
const EXAMPLE: &str = r#"A case is a schema, a caller and a request, on one line of standard input:

  {"id": 1, "schema": "type Note @model @auth(rules: [{allow: owner}]) { title: String }",
   "identity": {"kind": "userPools", "claims": {"sub": "u1", "username": "ann"}},
   "field": "Mutation.createNote", "args": {"input": {"title": "Milk"}}, "existing": []}

The answer holds the decision, what is written or read, and what the client sees:

  {"id": 1, "decision": "allow", "effective": {"written": {"id": "auto-1", "owner": "u1::ann", ..}},
   "data": {"id": "auto-1", "owner": "ann", ..}}

With {"op": "validate"} the schema alone is checked, and {"op": "expand"} answers with the GraphQL API that it makes. A setting that is not known is answered "unsupported"."#;

/// What `portcullis decide` is told.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXAMPLE)]
pub struct DecideArgs {
    /// The schemas that cases name by "schemaId": a JSON object of {"schema", "auth"?, "synth"?, "params"?} by name
    #[arg(long, value_name = "FILE")]
    pub schemas: Option<PathBuf>,
    /// Answers by the GraphQL endpoint itself, on records in an embedded DynamoDB, and not by a simulation of Amplify's.
    /// Nothing is said about what reaches the data source; of a subscription, by which filter AppSync would tell events
    #[arg(long)]
    pub through_endpoint: bool,
}

/// Why `portcullis decide` ended before its input did.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DecideError {
    /// The file of schemas cannot be read.
    #[error("cannot read the schemas in {}: {problem}", path.display())]
    Schemas {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The input ended with a mistake.
    #[error("cannot read the cases: {0}")]
    Input(io::Error),
    /// The endpoint cannot be started.
    #[error("the GraphQL endpoint cannot be started: {0}")]
    Endpoint(String),
    /// Nobody takes the answers.
    #[error("cannot write the answers: {0}")]
    Output(io::Error),
}

/// Answers every case of standard input on standard output.
///
/// # Errors
///
/// When the schemas or the cases cannot be read, or an answer cannot be written.
pub(crate) fn run(args: &DecideArgs) -> Result<(), DecideError> {
    let catalogue = match &args.schemas {
        Some(path) => read_schemas(path.clone())?,
        None => Catalogue::default(),
    };
    let (cases, answers) = (io::stdin().lock(), BufWriter::new(io::stdout().lock()));
    if args.through_endpoint {
        return answer_through_endpoint(catalogue, cases, answers);
    }
    answer_lines(catalogue, cases, answers)
}

fn answer_through_endpoint(
    mut catalogue: Catalogue,
    cases: impl BufRead,
    answers: impl Write,
) -> Result<(), DecideError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| DecideError::Endpoint(error.to_string()))?;
    let mut endpoint = runtime.block_on(Endpoint::start()).map_err(DecideError::Endpoint)?;
    each_line(cases, answers, |line| match Case::parse(line) {
        Ok(case) => runtime.block_on(endpoint.answer_line(&mut catalogue, &case)),
        Err(malformed) => Answer::malformed(malformed.problem).into_json(malformed.id),
    })
}

/// Reads a file of schemas by name.
pub(crate) fn read_schemas(path: PathBuf) -> Result<Catalogue, DecideError> {
    let text = fs::read(&path).map_err(|error| error.to_string());
    text.and_then(|text| Catalogue::parse(&text)).map_err(|problem| DecideError::Schemas { path, problem })
}

fn answer_lines(
    mut catalogue: Catalogue,
    cases: impl BufRead,
    answers: impl Write,
) -> Result<(), DecideError> {
    each_line(cases, answers, |line| answer_line(&mut catalogue, line))
}

fn each_line(
    mut cases: impl BufRead,
    mut answers: impl Write,
    mut answer_line: impl FnMut(&[u8]) -> serde_json::Value,
) -> Result<(), DecideError> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if cases.read_until(b'\n', &mut line).map_err(DecideError::Input)? == 0 {
            return answers.flush().map_err(DecideError::Output);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let answer = answer_line(&line);
        writeln!(answers, "{answer}").map_err(DecideError::Output)?;
    }
}

fn answer_line(catalogue: &mut Catalogue, line: &[u8]) -> serde_json::Value {
    let case = match Case::parse(line) {
        Ok(case) => case,
        Err(malformed) => return Answer::malformed(malformed.problem).into_json(malformed.id),
    };
    case.answer_line(catalogue)
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SCHEMAS: &str =
        r#"{"notes": {"schema": "type Note @model @auth(rules: [{allow: owner}]) { title: String! }"}}"#;

    fn answers(cases: &str) -> Vec<Value> {
        let mut out = Vec::new();
        answer_lines(Catalogue::parse(SCHEMAS.as_bytes()).unwrap(), cases.as_bytes(), &mut out).unwrap();
        out.split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .map(|line| serde_json::from_slice(line).unwrap())
            .collect()
    }

    /// The answer to one case that brings its own schema.
    pub(crate) fn answer_of(case: Value) -> Value {
        answers(&case.to_string()).remove(0)
    }

    fn answer(field: &str, args: Value, existing: Value) -> Value {
        let identity = json!({"kind": "userPools", "claims": {"sub": "u1", "username": "ann"}});
        let case = json!({"id": 1, "schemaId": "notes", "field": field, "identity": identity, "args": args, "existing": existing});
        answers(&case.to_string()).remove(0)
    }

    fn note(id: &str, owner: &str) -> Value {
        let time = "2023-01-01T00:00:00.000Z";
        json!({"id": id, "title": "a", "owner": owner, "createdAt": time, "updatedAt": time})
    }

    #[test]
    fn a_new_record_is_written_with_its_owner_and_shown_without_the_sub() {
        let answer = answer("Mutation.createNote", json!({"input": {"title": "Milk"}}), json!([]));
        assert_eq!(answer["decision"], "allow");
        assert_eq!(answer["effective"]["written"]["owner"], "u1::ann");
        assert_eq!(answer["effective"]["written"]["id"], "auto-1");
        assert_eq!(answer["data"]["owner"], "ann");
        assert_eq!(answer["data"]["createdAt"], "2024-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_belongs_to_another_is_refused_and_what_is_not_there_is_null() {
        let existing = json!([note("1", "u2::bob")]);
        let refused = answer("Query.getNote", json!({"id": "1"}), existing.clone());
        assert_eq!(refused["decision"], "deny");
        assert_eq!(refused["error"]["message"], "Not Authorized to access getNote on type Query");
        assert_eq!(refused["error"]["layer"], "vtl");
        let absent = answer("Query.getNote", json!({"id": "2"}), existing);
        assert_eq!((&absent["decision"], &absent["data"]), (&json!("allow"), &json!(null)));
    }

    #[test]
    fn a_page_is_cut_before_it_is_filtered() {
        let existing = json!([note("1", "u1::ann"), note("2", "u2::bob"), note("3", "ann")]);
        let answer = answer("Query.listNotes", json!({"limit": 2}), existing);
        let items = answer["data"]["items"].as_array().unwrap();
        assert_eq!(items.iter().map(|item| &item["id"]).collect::<Vec<_>>(), ["1"]);
        assert_eq!(answer["data"]["nextToken"], "2");
    }

    #[test]
    fn what_stands_in_front_of_the_rules_refuses_first() {
        let ask = |identity: Value, field: &str, input: Value| {
            let case = json!({"id": 1, "schemaId": "notes", "field": field, "identity": identity, "args": {"input": input}});
            answers(&case.to_string()).remove(0)
        };
        let key = json!({"kind": "apiKey"});
        assert_eq!(
            ask(key.clone(), "Mutation.createNote", json!({"title": "x"}))["error"]["layer"],
            "directive"
        );
        assert_eq!(ask(key.clone(), "Mutation.createNote", json!({"titel": "x"}))["decision"], "invalid");
        assert_eq!(ask(key, "Mutation.publishNote", json!({}))["decision"], "invalid");
    }

    #[test]
    fn a_line_that_is_no_case_is_answered_and_the_run_goes_on() {
        let lines = answers(
            "{\n[]\n\n{\"id\": 7}\n{\"id\": 8, \"schemaId\": \"none\", \"field\": \"Query.x\"}\n\u{0}\n",
        );
        let decisions: Vec<_> = lines.iter().map(|line| (&line["id"], &line["decision"])).collect();
        let (null, malformed) = (Value::Null, json!("malformed"));
        let expected = [&null, &null, &json!(7), &json!(8), &null].map(|id| (id.clone(), malformed.clone()));
        assert_eq!(decisions, expected.iter().map(|(id, word)| (id, word)).collect::<Vec<_>>());
        assert!(lines.iter().all(|line| line["error"]["message"].is_string()));
    }

    #[test]
    fn a_schema_that_cannot_be_read_is_told_for_each_of_its_cases() {
        let case = json!({"id": 1, "schema": "type Note @model {", "field": "Query.getNote", "identity": {"kind": "apiKey"}});
        assert_eq!(answers(&case.to_string())[0]["decision"], "invalid-schema");
    }
}
