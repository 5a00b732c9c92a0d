//! `portcullis keys`: the key set of an issuer, fetched and checked, to be given to a service at start.

use std::{fs, io, path::PathBuf, process::ExitCode};

use clap::Args;
use portcullis::{Issuer, JwkSet};
use thiserror::Error;

use crate::{
    output,
    verify::{fetch, issuer_url},
};

/// What `portcullis keys` is told.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exit status:
  0  the set is written
  1  it cannot be fetched or written, or has no usable key
  2  the command line is wrong

Only the usable keys are written, with their public members. A service that is given them at start (JwkSet::from_file,
JwkSet::from_env) fetches nothing before its first request.")]
pub struct KeysArgs {
    /// The issuer: a URL as in `iss`, or the id of a user pool such as eu-west-1_AbCdEfGhI
    #[arg(value_name = "URL|POOL")]
    pub issuer: String,
    /// Where the key set is, if not where the issuer's discovery document says
    #[arg(long, value_name = "URL")]
    pub keys_url: Option<String>,
    /// Write the set to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Why no key set was written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The set cannot be had.
    #[error("cannot get the keys of {issuer}: {problem}")]
    Fetch {
        /// The issuer.
        issuer: String,
        /// What is wrong.
        problem: String,
    },
    /// The set cannot be written.
    #[error("cannot write the keys: {0}")]
    Write(#[from] io::Error),
}

/// Fetches the set, says what is wrong with it, and writes it.
pub(crate) fn run(args: &KeysArgs) -> Result<ExitCode, KeysError> {
    let url = issuer_url(&args.issuer);
    let mut issuer =
        if url.starts_with("https://cognito-idp.") { Issuer::cognito_at(&url) } else { Issuer::oidc(&url) };
    if let Some(keys_url) = &args.keys_url {
        issuer = issuer.keys_url(keys_url);
    }
    let keys = fetch(&issuer).map_err(|problem| KeysError::Fetch { issuer: url.clone(), problem })?;
    let document = format!("{:#}\n", keys.to_json());
    match &args.output {
        Some(path) => fs::write(path, document)?,
        None => output::print(&document)?,
    }
    eprint!("{}", summary(&url, &keys));
    Ok(ExitCode::SUCCESS)
}

/// What there is in the set, a line each.
fn summary(url: &str, keys: &JwkSet) -> String {
    let mut lines = format!(
        "{} usable {} of {}\n",
        keys.len(),
        if keys.len() == 1 { "key" } else { "keys" },
        output::visible(url)
    );
    for dropped in keys.dropped() {
        let id = dropped.key_id().map(|id| format!(" (kid `{}`)", output::visible(id))).unwrap_or_default();
        lines.push_str(&format!("left out: key {}{id}: {}\n", dropped.position() + 1, dropped.reason()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_left_out_is_named() {
        let keys = JwkSet::from_json(r#"{"keys":[{"kty":"oct","kid":"a\u001b[2J","k":"AA"},7]}"#).unwrap();
        assert_eq!(
            summary("https://a.example", &keys),
            "0 usable keys of https://a.example\n\
             left out: key 1 (kid `a\\u{1b}[2J`): its type, curve or algorithm is not supported\n\
             left out: key 2: it is not a strict JSON object with the members of a key\n"
        );
    }
}
