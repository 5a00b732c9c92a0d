//! `portcullis verify`: whether a token would be accepted, and why not.
//!
//! 1. Whatever is decided is decided by the library that the layers use; nothing of it is repeated here.
//! 2. Of several reasons the first decides, as in a service. The others are found by leaving out the check that refused, and
//!    asking again; a wrong form or signature cannot be left out.
//! 3. What a token says is shown as unverified unless its signature held.
//! 4. With `--jsonl` a line that is no case, or asks for what is not known, is answered with `reject` and a reason that begins
//!    with `malformed_case`.
//!
//! A case is `{name, token, verify_options}`, an answer `{name, verdict, reason}`; `verdict` is `accept` or `reject`, and `reason`
//! null or a word.
//!
//! | option of a case | holds |
//! | --- | --- |
//! | `profile` | `cognito`, `oidc`, `alb` (the header `x-amzn-oidc-data`), or `jws` (the signature alone) |
//! | `jwks` | the name of a key set, or `{issuer: name}`, which also says which issuers there are |
//! | `issuer`, `client_id`, `audience`, `scope`, `groups` | what is allowed, a list or one; any one suffices; absent: not checked |
//! | `token_use` | `access` or `id` |
//! | `typ`, `algorithms` | the values that are allowed |
//! | `leeway`, `now` | in seconds; `now` counts from 1970 |
//! | `max_bytes` | the longest token that is read |
//! | `sender_constrained` | true if the proof that a bound token asks for was given; else it is a plain bearer token |
//! | `signer`, `client` | the load balancers and clients that are allowed (`alb`) |

mod case;
mod cases;
mod judge;
mod key_source;
mod report;

use std::{
    convert::Infallible,
    fmt, fs,
    io::{self, BufWriter, Read},
    process::ExitCode,
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap::Args;
use portcullis::TokenUse;
use thiserror::Error;

pub(crate) use self::key_source::{fetch, issuer_url};
pub use self::{case::Profile, key_source::KeySource};
use self::{case::VerifyOptions, cases::KeySets, judge::Keys, report::Report};
use crate::output;

/// The longest input that is read as a token. A verifier's own limit is far below it.
const MAX_INPUT: u64 = 1024 * 1024;

/// What `portcullis verify` is told.
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Exit status:
  0  accepted; with --jsonl: every line is answered
  1  refused
  2  the command line is wrong, or the keys cannot be had

A token on the command line stays in the shell's history; with `-` it is read from standard input:
  portcullis verify - --issuer eu-west-1_AbCdEfGhI --client-id web --token-use access < token.txt")]
pub struct VerifyArgs {
    /// The token, or - to read it from standard input
    #[arg(required_unless_present = "jsonl")]
    pub token: Option<Token>,
    /// Who must have issued it: a URL as in `iss`, or the id of a user pool. Keys are fetched there unless --keys is given
    #[arg(long, value_name = "URL|POOL", required_unless_present = "keys")]
    pub issuer: Option<String>,
    /// What kind of token it is [default: cognito for a user pool of Amazon or an issuer on this machine, else oidc]
    #[arg(long, value_enum, conflicts_with = "jsonl")]
    pub profile: Option<Profile>,
    /// A client it may be issued to; may be repeated
    #[arg(long, value_name = "ID", conflicts_with = "jsonl")]
    pub client_id: Vec<String>,
    /// An audience it may be meant for; may be repeated
    #[arg(long, value_name = "AUD", conflicts_with = "jsonl")]
    pub audience: Vec<String>,
    /// What it must be for: access or id
    #[arg(long, value_name = "USE", value_parser = token_use, conflicts_with = "jsonl")]
    pub token_use: Option<TokenUse>,
    /// A load balancer that may have signed it (profile alb); may be repeated
    #[arg(long, value_name = "ARN", conflicts_with = "jsonl")]
    pub signer: Vec<String>,
    /// The key set: a file, a URL, or - for standard input; with --jsonl a file of {name: key set}
    #[arg(long, value_name = "FILE|URL|-")]
    pub keys: Option<KeySource>,
    /// The time to judge by, as 2026-01-31T12:00:00Z or in Unix seconds; now unless given
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "jsonl")]
    pub at: Option<SystemTime>,
    /// By how many seconds clocks may differ
    #[arg(long, value_name = "SECONDS", default_value_t = 0, conflicts_with = "jsonl")]
    pub leeway: u32,
    /// Print the answer for a program
    #[arg(long, conflicts_with = "jsonl")]
    pub json: bool,
    /// Answer cases from standard input, one JSON object a line
    #[arg(long, requires = "keys", conflicts_with_all = ["token", "issuer"])]
    pub jsonl: bool,
}

/// A token on the command line, which `Debug` hides.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl FromStr for Token {
    type Err = Infallible;

    fn from_str(given: &str) -> Result<Self, Infallible> {
        Ok(Self(given.to_owned()))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// Why there is no verdict.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The keys cannot be had.
    #[error("cannot get the keys from {place}: {problem}")]
    Keys {
        /// Where they were looked for.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// The token cannot be read.
    #[error("cannot read the token: {0}")]
    Token(String),
    /// The options contradict each other.
    #[error("{0}")]
    Options(String),
    /// The input ended with a mistake.
    #[error("cannot read the cases: {0}")]
    Input(io::Error),
    /// Nobody takes the answer.
    #[error("cannot write the answer: {0}")]
    Output(io::Error),
}

/// Prints the verdict.
pub(crate) fn run(args: &VerifyArgs) -> Result<ExitCode, VerifyError> {
    match (&args.keys, &args.token) {
        (Some(keys), None) => run_cases(keys),
        (_, Some(Token(token))) => run_token(args, token),
        (None, None) => Err(VerifyError::Options("there is no token".to_owned())),
    }
}

fn run_cases(keys: &KeySource) -> Result<ExitCode, VerifyError> {
    let KeySource::File(path) = keys else {
        return Err(VerifyError::Options("with --jsonl, --keys names a file".to_owned()));
    };
    let sets = fs::read(path).map_err(|error| error.to_string()).and_then(|text| KeySets::parse(&text));
    let unusable = |problem| VerifyError::Keys { place: path.display().to_string(), problem };
    let sets = sets.map_err(unusable)?;
    cases::answer_lines(&sets, io::stdin().lock(), BufWriter::new(io::stdout().lock()))?;
    Ok(ExitCode::SUCCESS)
}

fn run_token(args: &VerifyArgs, token: &str) -> Result<ExitCode, VerifyError> {
    if token == "-" && args.keys == Some(KeySource::Input) {
        return Err(VerifyError::Options(
            "the token and the keys cannot both be on standard input".to_owned(),
        ));
    }
    let token = if token == "-" { read_token()? } else { token.to_owned() };
    let issuer = args.issuer.as_deref().map(key_source::issuer_url);
    let profile = args.profile.unwrap_or_else(|| key_source::likely_profile(issuer.as_deref()));
    let given = |values: &[String]| (!values.is_empty()).then(|| values.to_vec());
    let mut options = VerifyOptions::new(profile);
    options.issuer = issuer.clone().map(|issuer| vec![issuer]);
    options.audience = given(&args.audience);
    options.token_use = args.token_use;
    options.leeway = Some(Duration::from_secs(args.leeway.into()));
    options.now = args.at;
    options.signer = given(&args.signer);
    match profile {
        Profile::Alb => options.client = given(&args.client_id),
        _ => options.client_id = given(&args.client_id),
    }
    if profile == Profile::Jws {
        // The issuer is where the keys are, and no more.
        options.issuer = None;
    }
    if let Some(contradiction) = options.contradiction() {
        return Err(VerifyError::Options(contradiction));
    }
    let keys = key_source::load(args.keys.as_ref(), issuer.as_deref(), profile)?;
    let report = Report::of(&token, options, &Keys::Shared(keys.clone()), &keys);
    let shown = if args.json { format!("{:#}\n", report.json()) } else { report.text() };
    output::print(&shown).map_err(VerifyError::Output)?;
    Ok(if report.is_accepted() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A token from standard input, the line end after it taken off.
fn read_token() -> Result<String, VerifyError> {
    let mut token = String::new();
    let unreadable = |problem: String| VerifyError::Token(problem);
    io::stdin()
        .lock()
        .take(MAX_INPUT + 1)
        .read_to_string(&mut token)
        .map_err(|error| unreadable(error.to_string()))?;
    if token.len() as u64 > MAX_INPUT {
        return Err(unreadable(format!("it is longer than {MAX_INPUT} bytes")));
    }
    token.truncate(token.trim_end_matches(['\r', '\n']).len());
    Ok(token)
}

fn token_use(name: &str) -> Result<TokenUse, &'static str> {
    match name {
        "access" => Ok(TokenUse::Access),
        "id" => Ok(TokenUse::Id),
        _ => Err("access or id"),
    }
}

fn time(text: &str) -> Result<SystemTime, String> {
    if let Ok(seconds) = text.parse::<u64>() {
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(seconds));
        return time.ok_or_else(|| "too far in the future".to_owned());
    }
    text.parse::<jiff::Timestamp>()
        .map(SystemTime::from)
        .map_err(|_| "neither a time as 2026-01-31T12:00:00Z nor Unix seconds".to_owned())
}
