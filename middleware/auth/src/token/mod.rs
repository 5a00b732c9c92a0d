//! Reading a token: what is read before its signature has been checked is called unverified.

pub(crate) mod base64url;
mod checks;
pub(crate) mod strict_json;
mod unverified;

pub(crate) use self::{
    checks::{Checks, Terms},
    unverified::UnverifiedToken,
};
