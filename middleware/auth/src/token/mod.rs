//! Reading a token: what is read before its signature has been checked is called unverified.

pub(crate) mod base64url;
mod checks;
mod header;
mod parts;
mod signer;
pub(crate) mod strict_json;
mod unverified;
mod verified;

pub use self::verified::VerifiedToken;
pub(crate) use self::{
    checks::{Checks, Lifetime, Terms},
    header::{Header, media_type},
    parts::{Parts, SignatureBuffer},
    signer::{KnownSigners, Signer},
    unverified::UnverifiedToken,
};
