//! The pool through its HTTP side: every operation, every refusal.

mod administration;
mod authentication;
mod browser;
mod custom_auth;
mod custom_message;
mod custom_sender;
mod federation;
mod handle;
mod harness;
mod linked_users;
mod migration;
mod passwordless;
mod passwords;
mod profile;
mod provider;
mod redirect_triggers;
mod redirects;
mod restart;
mod sign_in;
mod sign_in_page;
mod sign_up;
mod token_versions;
mod tokens;
mod triggers;
mod wire;
