//! What a pool is opened with, and why opening it can fail.

use std::{fmt, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use portcullis_data::{Clock, System};
use portcullis_events::Version;
use thiserror::Error;

use crate::pool::{CallbackUrl, IdentityProvider, Random, RandomError, ResourceScope, SystemRandom};

/// Where a pool keeps its users, groups, keys and sessions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PoolStorage {
    /// Nowhere: everything is gone when the process ends.
    Memory,
    /// In this SQLite file, made with mode 0600 if it is not there.
    File(PathBuf),
}

/// What a pool is opened with. Every field has a default in [`PoolConfig::new`].
#[derive(Clone)]
#[non_exhaustive]
pub struct PoolConfig {
    /// The address the pool is served on. It is part of the issuer, so tokens made under another port are void.
    pub address: SocketAddr,
    /// Where the pool keeps its state.
    pub storage: PoolStorage,
    /// The AWS region in the pool's id and in events. Only read when the pool is made.
    pub region: String,
    /// The pool's name, as `DescribeUserPool` shows it.
    pub name: String,
    /// Six digits to be every confirmation code; `None` makes each one at random.
    pub code: Option<String>,
    /// Groups that are made at start if they are missing.
    pub groups: Vec<String>,
    /// Roles of groups, for groups that have neither role nor precedence yet.
    pub group_roles: Vec<GroupRole>,
    /// Where the web client may have people sent after they have signed in with a redirect.
    pub callback_urls: Vec<CallbackUrl>,
    /// Where the web client may have people sent after they have signed out.
    pub logout_urls: Vec<CallbackUrl>,
    /// Scopes of resource servers, for the web client and for a client for machines, which there is if there are any.
    pub resource_scopes: Vec<ResourceScope>,
    /// Other providers with which people may sign in.
    pub providers: Vec<IdentityProvider>,
    /// How long a trigger may take. Cognito waits five seconds.
    pub trigger_timeout: Duration,
    /// The version of the event that the pre-token-generation trigger gets; the version says what its answer can change.
    /// Version 2, which template.yaml has too, unless it is set.
    pub token_version: Version,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
}

/// The role that a group gives in an identity pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRole {
    /// The name of the group.
    pub group: String,
    /// The ARN of the role.
    pub role_arn: String,
    /// Which of several groups of a user comes first: the one with the lowest number.
    pub precedence: Option<i64>,
}

// A code is a secret: it opens an account.
impl fmt::Debug for PoolConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PoolConfig")
            .field("address", &self.address)
            .field("storage", &self.storage)
            .field("groups", &self.groups)
            .finish_non_exhaustive()
    }
}

impl PoolConfig {
    /// A pool in `us-east-1` named `portcullis`, with random codes, no groups and no redirects.
    #[must_use]
    pub fn new(address: SocketAddr, storage: PoolStorage) -> Self {
        Self {
            address,
            storage,
            region: "us-east-1".to_owned(),
            name: "portcullis".to_owned(),
            code: None,
            groups: Vec::new(),
            group_roles: Vec::new(),
            callback_urls: Vec::new(),
            logout_urls: Vec::new(),
            resource_scopes: Vec::new(),
            providers: Vec::new(),
            trigger_timeout: Duration::from_secs(5),
            token_version: Version::V2,
            clock: Arc::new(System),
            random: Arc::new(SystemRandom),
        }
    }
}

/// Why a pool could not be opened, or an in-process call on it failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PoolError {
    /// A field of the configuration has a value that no pool can have.
    #[error("{0}")]
    Config(&'static str),
    /// The file cannot be made or opened.
    #[error("cannot open {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file was written by a version that this one does not understand.
    #[error("the user pool's file has format {found}, and this version reads {expected}")]
    Format {
        /// The format of the file.
        found: i64,
        /// The format that this version reads.
        expected: i64,
    },
    /// The database failed.
    #[error("the user pool's database failed: {0}")]
    Database(#[from] rusqlite::Error),
    /// The signing key cannot be made or read.
    #[error("the user pool's signing key cannot be {0}")]
    SigningKey(&'static str),
    /// The key that codes are encrypted under for custom senders cannot be read.
    #[error("the user pool's encryption key cannot be read")]
    EncryptionKey,
    /// There was no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// An identity provider cannot be used as it is configured.
    #[error("identity provider {name}: {detail}")]
    Provider {
        /// The name of the provider.
        name: String,
        /// What is wrong.
        detail: String,
    },
    /// The user does not exist.
    #[error("the user does not exist")]
    UserNotFound,
    /// Somebody has the name already.
    #[error("the user exists already")]
    UserExists,
    /// The identity was not linked; why.
    #[error("{0}")]
    Link(String),
    /// The group does not exist.
    #[error("the group does not exist")]
    GroupNotFound,
    /// Something else failed, and the log says what.
    #[error("the user pool failed")]
    Internal,
    /// The process is ending.
    #[error("the user pool has stopped")]
    Stopped,
}
