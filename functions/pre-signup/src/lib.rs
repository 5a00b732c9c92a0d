//! Amazon Cognito pre-sign-up trigger: who may become a user, by the domain of their e-mail
//! address.
//!
//! 1. The denied list is asked first and wins. Then, if there is an allowed list, the domain must
//!    be on it.
//! 2. An entry covers the domain itself and every domain below it: `example.com` covers
//!    `mail.example.com` and not `evil-example.com`.
//! 3. The lists hold for everyone: those who sign up, those whom an administrator creates, and
//!    those who come from another provider. For the last this is the only moment to refuse them
//!    without leaving a user behind.
//! 4. Where a list is configured, a user without an e-mail address is refused (`E_EMAIL_REQUIRED`):
//!    otherwise signing up with a phone number alone would be the way around the list. A pool of
//!    phone numbers configures no lists.
//! 5. Where a list is configured, an address that can be read in two ways is refused: quoted local
//!    parts, a second `@`, blanks, control characters, anything but ASCII. Internationalized
//!    domains are compared in their ASCII form (`xn--`).
//! 6. Whoever comes from another provider passes an allowed list only with an address that the provider
//!    calls verified (`email_verified` is `true`), else they are refused (`E_EMAIL_NOT_VERIFIED`): Cognito
//!    sends them no code, and at some providers anybody can enter any address.
//!    `INSECURE_TRUST_PROVIDER_EMAIL=true` waives this for pools all of whose providers vouch for every
//!    address without saying so, as SAML providers do that map no such attribute.
//! 7. Users who sign up with a domain of the auto-confirm list are confirmed without a code. Their
//!    address counts as verified only if `AUTO_VERIFY_EMAIL=true` says so aloud.
//! 8. An event of another trigger comes back unchanged.
//!
//! # Caveats
//!
//! Auto-confirm lets anyone in who can type an address of such a domain; it is for development and
//! for networks where that is no harm. `AUTO_VERIFY_EMAIL` is worse: in a pool where the address is
//! an alias, the alias moves to the newest user who claims it, and with it the account. Nothing
//! here stops users from changing their address later: make it immutable in the pool, or judge it
//! again when tokens are made.
//!
//! The lists believe the address of someone who signs up because a code will be sent to it. Where a pool
//! verifies phone numbers as well (`AutoVerifiedAttributes` has both), Cognito sends the code of a user who
//! gives both to the phone alone: the user is confirmed and the address has been proven by nobody. With lists,
//! let the pool verify e-mail addresses alone, or ask for `email_verified` before an address is relied on.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `ALLOWED_EMAIL_DOMAINS` | optional: domains, separated by commas; no other may sign up |
//! | `DENIED_EMAIL_DOMAINS` | optional: domains, separated by commas, that may not sign up; a whole top-level domain can be one |
//! | `AUTO_CONFIRM_DOMAINS` | optional: domains, separated by commas, whose users need no code |
//! | `AUTO_VERIFY_EMAIL` | optional: `true` to mark the addresses of users who need no code as verified; `false` is the default |
//! | `INSECURE_TRUST_PROVIDER_EMAIL` | optional: `true` to let addresses that a provider does not call verified pass the allowed list; `false` is the default |
//!
//! A variable that is set and empty is a mistake: an allowed list that got lost on its way must not
//! let everybody in.
//!
//! # Example
//!
//! ```
//! use portcullis_pre_signup::{Config, handle};
//! use portcullis_trigger::events::Event;
//! use serde_json::json;
//!
//! let config = Config::from_env(|name| (name == "ALLOWED_EMAIL_DOMAINS").then(|| "example.com".to_owned()))?;
//! let event = |email: &str| Event::new(json!({
//!     "version": "1", "triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": {"email": email}}, "response": {},
//! }));
//!
//! assert_eq!(handle(event("ann@example.com")?, &config)?.event(), &event("ann@example.com")?);
//! let refused = handle(event("eve@evil-example.com")?, &config).unwrap_err();
//! assert_eq!(refused.to_string(), "E_DOMAIN_NOT_ALLOWED: this e-mail domain may not sign up");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod config;
mod decide;
mod domain;
mod handle;

pub use portcullis_trigger::{ConfigError, ConfigErrors};

pub use self::{
    config::Config,
    decide::{DOMAIN_NOT_ALLOWED, EMAIL_MALFORMED, EMAIL_NOT_VERIFIED, EMAIL_REQUIRED, Verdict, decide},
    domain::{Domain, InvalidDomain},
    handle::handle,
};
