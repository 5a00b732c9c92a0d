//! The pool through its HTTP side: every operation, every refusal.

mod administration;
mod browser;
mod federation;
mod harness;
mod passwords;
mod profile;
mod provider;
mod redirects;
mod restart;
mod sign_in;
mod sign_up;
mod tokens;
mod triggers;
mod wire;
