//! `portcullis client-config`: what an app reads to find its backend.
//!
//! It is made from the outputs of a deployed stack, or from the running local system.

mod amplify_js;
mod amplify_outputs;
mod backend;
mod running;
mod stack;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Read},
    path::PathBuf,
    process::ExitCode,
};

use clap::ValueEnum;
use reqwest::Url;
use serde::Serialize;
use serde_json::Value;
use thiserror::Error;

pub(crate) use self::backend::{
    BACKEND_PATH, Backend, Bucket, GraphQlApi, IdentityPool, Mfa, Mode, UserPool,
};
use crate::output;

/// What the REST API is called in a client's configuration.
const NAME: &str = "portcullis";
/// How people sign in, and what is verified: template.yaml and the local pool have it so.
const SIGN_IN_BY: [&str; 1] = ["email"];

/// What `portcullis client-config` is told.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "\
Exit status:
  0  printed
  1  the outputs cannot be read or are not those of template.yaml, or no local system answers
  2  the command line is wrong

$ portcullis client-config --format amplify-js > src/amplify_outputs.json
$ aws cloudformation describe-stacks --stack-name NAME | portcullis client-config --stack-outputs - > src/amplify_outputs.json")]
pub struct ClientConfigArgs {
    /// The running local system
    #[arg(
        long,
        default_value = "http://127.0.0.1:3000",
        value_name = "URL",
        conflicts_with = "stack_outputs"
    )]
    pub running: Url,
    /// What `aws cloudformation describe-stacks` or `sam list stack-outputs --output json` has printed; - reads it here
    #[arg(long, value_name = "FILE")]
    pub stack_outputs: Option<PathBuf>,
    /// For which libraries
    #[arg(long, value_enum, default_value_t)]
    pub format: ClientFormat,
}

/// The form of a client's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[non_exhaustive]
pub enum ClientFormat {
    /// amplify_outputs.json, for JavaScript, Swift and Android; it cannot name the address of a local user pool
    #[default]
    AmplifyOutputs,
    /// Amplify.configure(..) of JavaScript, which can
    AmplifyJs,
}

/// Why there is no configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientConfigError {
    /// The outputs cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The outputs are no JSON.
    #[error("the stack's outputs are not JSON (line {line}, column {column})")]
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// The outputs are not what the commands print.
    #[error(
        "this is not what `aws cloudformation describe-stacks` or `sam list stack-outputs --output json` prints"
    )]
    NoOutputs,
    /// There are outputs of several stacks.
    #[error("there are outputs of several stacks ({}); name one with --stack-name", .0.join(", "))]
    SeveralStacks(Vec<String>),
    /// The stack has not the outputs of template.yaml.
    #[error("the stack has no output {}; is it one of template.yaml, and deployed to its end?", .0.join(", "))]
    Missing(Vec<&'static str>),
    /// An output has a value that it cannot have.
    #[error("cannot understand the value of the output {}", .0.join(", "))]
    Unreadable(Vec<&'static str>),
    /// Only a system of this machine is asked.
    #[error("{0} is not on this machine; --running takes an address such as http://127.0.0.1:3000")]
    NotLocal(String),
    /// The local system gives no answer.
    #[error(
        "no local system at {url}: {reason}; start one with `cargo run`, or name another with --running URL"
    )]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// Why.
        reason: String,
    },
    /// The configuration could not be printed.
    #[error("cannot print the configuration: {0}")]
    Print(#[source] io::Error),
}

/// Prints the configuration.
pub(crate) fn run(args: &ClientConfigArgs) -> Result<ExitCode, ClientConfigError> {
    let backend = match &args.stack_outputs {
        Some(path) => stack::read(&text_of(path)?)?,
        None => running::read(&args.running)?,
    };
    let config = match args.format {
        ClientFormat::AmplifyOutputs => {
            if backend.user_pool.endpoint.is_some() {
                eprintln!(
                    "portcullis: amplify_outputs.json has no place for the address of a local user pool, so an app would \
                     look for it at AWS; --format amplify-js has one"
                );
            }
            amplify_outputs::of(&backend)
        }
        ClientFormat::AmplifyJs => {
            if let Some(endpoint) = backend.bucket.as_ref().and_then(|bucket| bucket.endpoint.as_ref()) {
                eprintln!(
                    "portcullis: Amplify's Storage has no place for the address of a local bucket, {endpoint}; the README says how \
                     a page sends its requests there"
                );
            }
            amplify_js::of(&backend)
        }
    };
    output::print(&format!("{config:#}\n")).map_err(ClientConfigError::Print)?;
    Ok(ExitCode::SUCCESS)
}

fn text_of(path: &PathBuf) -> Result<String, ClientConfigError> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        io::stdin().lock().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    text.map_err(|source| ClientConfigError::Read { path: path.clone(), source })
}

/// Adds a member that not every backend has.
fn insert_if(object: &mut Value, name: &str, value: Option<impl Serialize>) {
    if let (Some(object), Some(value)) = (object.as_object_mut(), value)
        && let Ok(value) = serde_json::to_value(value)
    {
        object.insert(name.to_owned(), value);
    }
}
