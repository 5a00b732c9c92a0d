//! The command line.

use std::{fmt, path::PathBuf, str::FromStr};

use clap::{Parser, Subcommand};

use crate::{
    access::AccessArgs,
    client_config::ClientConfigArgs,
    decide::DecideArgs,
    expand::ExpandArgs,
    explain::ExplainArgs,
    identity_pool::OidcLogin,
    keys::KeysArgs,
    local::AttachedFunction,
    policy_test::TestArgs,
    pool::{CallbackUrl, ResourceScope},
    reindex::ReindexArgs,
    shards::ShardsArgs,
    verify::VerifyArgs,
};

/// Runs the whole system on this machine: the API, a user pool, a bucket and DynamoDB, on loopback only.
///
/// The commands answer questions about the rules of a schema, a token or its keys, or tend a table.
#[derive(Clone, Debug, Parser)]
#[command(name = "portcullis", version, about, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    /// What to do; without a command the system runs.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How the system runs.
    #[command(flatten)]
    pub local: Args,
}

/// What to do instead of running the system.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Tells whether a caller may do something, and what each rule says about it
    Explain(ExplainArgs),
    /// Prints who may do what, or what changed between two schemas
    Access(AccessArgs),
    /// Prints what an app reads to find its backend: the running local system, or a deployed stack
    ClientConfig(Box<ClientConfigArgs>),
    /// Answers cases, one JSON object a line
    Decide(DecideArgs),
    /// Prints the GraphQL API that AppSync serves for a schema, or writes it and its resolvers
    Expand(ExpandArgs),
    /// Runs a file of cases with expectations, like tests
    Test(TestArgs),
    /// Tells whether a token would be accepted, and why not
    Verify(Box<VerifyArgs>),
    /// Fetches the key set of an issuer, to be given to a service at start
    Keys(KeysArgs),
    /// Makes index rows anew after the rules or indexes have changed, while others write
    Reindex(Box<ReindexArgs>),
    /// Tells or sets over how many partitions a hot list is spread
    Shards(Box<ShardsArgs>),
}

/// How the system on this machine runs.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Port of the API; 0 picks a free one
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Port of the user pool; 0 picks a free one
    #[arg(long, default_value_t = 9229)]
    pub pool_port: u16,
    /// Port of DynamoDB; 0 picks a free one
    #[arg(long, default_value_t = 8000)]
    pub dynamodb_port: u16,
    /// Port of the bucket; 0 picks a free one
    #[arg(long, default_value_t = 20_005)]
    pub storage_port: u16,
    /// Folder that keeps users, keys and records; ":memory:" keeps nothing
    #[arg(long, default_value = ".portcullis", value_name = "DIR")]
    pub data: DataFolder,
    /// The models and their rules
    #[arg(long, default_value = "schema.graphql", value_name = "FILE")]
    pub schema: PathBuf,
    /// Six digits to be every confirmation code; without it codes are random and printed when "sent"
    #[arg(long, value_name = "123456")]
    pub code: Option<ConfirmationCode>,
    /// Where an app may have people sent after they have signed in with a redirect; may be repeated
    #[arg(long, default_value = "http://localhost:5173/", value_name = "URL")]
    pub callback_url: Vec<CallbackUrl>,
    /// Where an app may have people sent after they have signed out; may be repeated
    #[arg(long, default_value = "http://localhost:5173/", value_name = "URL")]
    pub logout_url: Vec<CallbackUrl>,
    /// Another OpenID Connect provider with which people may sign in, as JSON of CreateIdentityProvider; may be repeated
    #[arg(long, value_name = "FILE")]
    pub provider: Vec<PathBuf>,
    /// A scope of a resource server, for apps and for a client for machines; may be repeated
    #[arg(long, value_name = "SERVER/NAME")]
    pub scope: Vec<ResourceScope>,
    /// A trigger function of yours that runs in another process, such as one that cargo lambda watch serves at
    /// http://127.0.0.1:9000/2015-03-31/functions/NAME/invocations; in place of the one built in; may be repeated
    #[arg(long, value_name = "TRIGGER=URL")]
    pub trigger: Vec<AttachedFunction>,
    /// Lets --trigger name functions on other machines, which are sent passwords and codes
    #[arg(long)]
    pub insecure_remote_triggers: bool,
    /// A parameter of template.yaml, for the identity pool, its roles and who may sign: Guests=true; may be repeated
    #[arg(long, value_name = "NAME=VALUE")]
    pub parameter: Vec<TemplateParameter>,
    /// An OpenID Connect provider whose users get AWS credentials directly, and the client its tokens are for; may be repeated
    #[arg(long, value_name = "ISSUER=CLIENT")]
    pub login: Vec<OidcLogin>,
    /// How long AWS credentials are good, in seconds
    #[arg(long, default_value_t = 3600, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..=43_200))]
    pub credential_seconds: u32,
}

/// A parameter of `template.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateParameter {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl FromStr for TemplateParameter {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: value.to_owned() })
            }
            _ => Err("name a parameter and its value: Guests=true"),
        }
    }
}

/// Where the local system keeps its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataFolder {
    /// Nowhere: everything is gone when the process ends.
    Memory,
    /// In files of this folder.
    Folder(PathBuf),
}

/// A confirmation code: six digits, as Cognito sends them.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfirmationCode(String);

impl ConfirmationCode {
    /// The six digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

// A code is a secret: it opens an account.
impl fmt::Debug for ConfirmationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ConfirmationCode(..)")
    }
}

impl FromStr for ConfirmationCode {
    type Err = &'static str;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        if code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(code.to_owned()))
        } else {
            Err("a confirmation code is six digits")
        }
    }
}

impl FromStr for DataFolder {
    type Err = &'static str;

    fn from_str(folder: &str) -> Result<Self, Self::Err> {
        match folder {
            "" => Err("name a folder, or :memory:"),
            ":memory:" => Ok(Self::Memory),
            folder => Ok(Self::Folder(PathBuf::from(folder))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confirmation_code_is_six_digits() {
        for (code, good) in
            [("123456", true), ("000000", true), ("12345", false), ("12345a", false), ("١٢٣٤٥٦", false)]
        {
            assert_eq!(code.parse::<ConfirmationCode>().is_ok(), good, "{code}");
        }
    }

    #[test]
    fn the_arguments_are_what_clap_allows() {
        use clap::CommandFactory;
        CommandLine::command().debug_assert();
    }

    #[test]
    fn without_arguments_the_ports_are_the_documented_ones() {
        let args = CommandLine::parse_from(["portcullis"]).local;
        assert_eq!(
            (args.port, args.pool_port, args.dynamodb_port, args.storage_port),
            (3000, 9229, 8000, 20_005)
        );
        assert_eq!(args.data, DataFolder::Folder(PathBuf::from(".portcullis")));
    }
}
