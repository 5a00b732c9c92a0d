//! Reading a token: what is read before its signature has been checked is called unverified.

pub(crate) mod base64url;
mod checks;
mod header;
mod known_headers;
mod parts;
pub(crate) mod strict_json;
mod unverified;
mod verified;

pub use self::verified::VerifiedToken;
pub(crate) use self::{
    checks::{Checks, Lifetime, Terms},
    header::{Header, media_type},
    known_headers::KnownHeaders,
    parts::Parts,
    unverified::UnverifiedToken,
};
