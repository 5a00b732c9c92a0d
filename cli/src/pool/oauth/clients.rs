//! The pool's two clients: the web client, which is public, and one for machines, which has a secret.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};

use super::{
    failure::Failure,
    parameters::Parameters,
    state::{machine_secret, same_secret},
};
use crate::pool::Inner;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Client {
    /// The app that people use.
    Web,
    /// A program that acts for itself.
    Machine,
}

impl Client {
    fn of_id(pool: &Inner, id: &str) -> Option<Self> {
        if id == pool.settings.client_id {
            Some(Self::Web)
        } else if id == pool.settings.machine_client_id && !pool.oauth.resource_scopes.is_empty() {
            Some(Self::Machine)
        } else {
            None
        }
    }

    /// Its id.
    pub(super) fn id(self, pool: &Inner) -> &str {
        match self {
            Self::Web => &pool.settings.client_id,
            Self::Machine => &pool.settings.machine_client_id,
        }
    }
}

/// The client that makes a request: by its id if it is public, by its secret if it has one, which is sent as HTTP Basic or in the
/// body (RFC 6749, 2.3.1), and not as both.
pub(super) fn authenticate(
    pool: &Inner,
    headers: &HeaderMap,
    parameters: &Parameters<'_>,
    refused: StatusCode,
) -> Result<Client, Failure> {
    let invalid = || Failure::Client { status: refused, error: "invalid_client", description: None };
    let (id, secret) = match headers.get(AUTHORIZATION) {
        None => {
            let id = parameters
                .get("client_id")
                .ok_or_else(|| Failure::invalid_request("client_id is missing"))?;
            (id.to_owned(), parameters.get("client_secret").map(str::to_owned))
        }
        Some(header) => {
            let (id, secret) = header.to_str().ok().and_then(read_basic).ok_or_else(invalid)?;
            let contradicts = parameters.get("client_id").is_some_and(|named| named != id);
            if contradicts || parameters.get("client_secret").is_some() {
                return Err(Failure::invalid_request("the client is named in two ways"));
            }
            (id, Some(secret))
        }
    };
    let client = Client::of_id(pool, &id).ok_or_else(invalid)?;
    let proven = match (client, secret) {
        (Client::Web, secret) => secret.is_none(),
        (Client::Machine, None) => false,
        (Client::Machine, Some(secret)) => same_secret(&machine_secret(&pool.secret, &id), &secret),
    };
    if proven { Ok(client) } else { Err(invalid()) }
}

/// The id and the secret. Ours are letters and digits, which need none of the encoding that RFC 6749 asks for.
fn read_basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    let credentials = STANDARD.decode(credentials.trim()).ok()?;
    let credentials = String::from_utf8(credentials).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    scheme.eq_ignore_ascii_case("basic").then(|| (id.to_owned(), secret.to_owned()))
}
