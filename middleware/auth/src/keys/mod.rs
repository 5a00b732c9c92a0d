//! The keys of an issuer: parsed once, fetched seldom, swapped whole.

mod discovery;
mod ed25519;
mod fetch;
mod given;
#[cfg(feature = "fetch")]
mod http;
mod jwk;
mod policy;
mod roca;
mod set;
mod store;

#[cfg(feature = "fetch")]
pub use self::http::HttpFetch;
pub(crate) use self::{
    discovery::Source,
    fetch::is_safe_url,
    jwk::VerifyingKey,
    store::{KeyStore, LookUp},
};
pub use self::{
    fetch::{Fetch, FetchError, Fetching, MAX_SET_BYTES},
    given::JwkSetError,
    jwk::UnusableKey,
    policy::KeyPolicy,
    set::{DroppedKey, InvalidJwkSet, JwkSet},
};
