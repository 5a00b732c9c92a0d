//! Amazon Cognito pre-sign-up trigger: who may become a user, by the domain of their e-mail
//! address and the provider they come from, and with which user they become one.
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
//!    address counts as verified only if `AUTO_VERIFY_EMAIL=true` says so aloud, and only if no other user has
//!    verified it: the user pool is asked, and where another has it the newcomer gets a code like everybody else.
//! 8. Whoever comes from another provider may be held to a list of providers (`PROVIDERS`, else
//!    `E_PROVIDER_NOT_ALLOWED`). Cognito calls such users `<provider>_<id>`; the longest listed name that fits, in any
//!    case of its letters, is the provider. A name that fits several is linked only where the event lists the user's
//!    `identities`, which tell: else whoever may choose their id at `Corp` could pass for somebody at `Corp_SAML`.
//! 9. They may become one with a user of the pool who has the same address (`LINK_POLICY`): only if their provider
//!    is trusted to say whose an address is (`LINK_PROVIDERS`), says that it has verified it, and exactly one confirmed user
//!    of the pool has verified it too. Then they are linked and the sign-in ends with `E_LINKED_RETRY`, for Cognito has
//!    begun it for a user of their own; a client that finds this code starts the sign-in again, once, and comes in as the
//!    user of the pool. What is not safe is refused: `E_EMAIL_NOT_VERIFIED`, `E_EMAIL_REQUIRED`, `E_LINK_REFUSED`.
//!    A delivery that comes twice, or died half-way, ends the same.
//! 10. Where the user pool has to be asked and does not answer, nobody is let in: `E_TRY_AGAIN`.
//! 11. An event of another trigger comes back unchanged.
//!
//! | `LINK_POLICY` | the address belongs to one confirmed user, verified | to nobody | to users who have not verified it |
//! |---|---|---|---|
//! | `off` | a user of their own | a user of their own | a user of their own |
//! | `link` | linked, `E_LINKED_RETRY` | a user of their own | a user of their own |
//! | `native` | linked, `E_LINKED_RETRY` | a user of the pool is made and linked, `E_LINKED_RETRY` | `E_LINK_REFUSED` |
//!
//! # Caveats
//!
//! Auto-confirm lets anyone in who can type an address of such a domain; it is for development and
//! for networks where that is no harm. `AUTO_VERIFY_EMAIL` asks for other users first, and two who sign up at the same
//! moment may both be told that the address is free. A pool that tells capital from small letters in names
//! (`UsernameConfiguration.CaseSensitive`) finds another mixture of letters nowhere: leave that off. Nothing here stops users from
//! changing their address later: make it immutable in the pool. Those of other providers are judged again by the pre-token-generation trigger.
//!
//! The lists believe the address of someone who signs up because a code will be sent to it. Where a pool
//! verifies phone numbers as well (`AutoVerifiedAttributes` has both), Cognito sends the code of a user who
//! gives both to the phone alone: the user is confirmed and the address has been proven by nobody. With lists,
//! let the pool verify e-mail addresses alone, or ask for `email_verified` before an address is relied on.
//!
//! *Linking opens an account to another provider.* Who controls a provider of `LINK_PROVIDERS` can come in as every
//! user whose address it names; list those alone that own the addresses or check them. It also rests on the pool's own
//! `email_verified`: it must not be set without proof, so `AUTO_VERIFY_EMAIL` cannot be combined with it, and neither
//! should an administrator's tool set it. At each sign-in Cognito writes what the provider maps over the attributes of the user who
//! is linked, `email` and `email_verified` among them, so what is believed of a user's address rests on the provider from
//! then on: map no attribute that it is not trusted with. Somebody who has signed in through a provider before linking was on keeps their own
//! user: Cognito links nobody who has signed in. Of more than 300 users with one address, which anybody can make, only the one is
//! linked to who signs in with it; where an address is no name to sign in with, `E_LINK_REFUSED` is the answer.
//! Under `native` a temporary password is replaced once its user is linked, and if it cannot be the link is taken back; a delivery that dies between
//! the two and never comes again leaves it good until it expires. `PROVIDERS` must name every provider of the pool, or `Corp` could be taken for
//! a `Corp_SAML` that it does not know.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `ALLOWED_EMAIL_DOMAINS` | optional: domains, separated by commas; no other may sign up |
//! | `DENIED_EMAIL_DOMAINS` | optional: domains, separated by commas, that may not sign up; a whole top-level domain can be one |
//! | `AUTO_CONFIRM_DOMAINS` | optional: domains, separated by commas, whose users need no code |
//! | `AUTO_VERIFY_EMAIL` | optional: `true` to mark the addresses of users who need no code as verified; `false` is the default |
//! | `INSECURE_TRUST_PROVIDER_EMAIL` | optional: `true` to let addresses that a provider does not call verified pass the allowed list; `false` is the default. It does not open linking |
//! | `PROVIDERS` | optional: the providers whose users may come in, separated by commas |
//! | `LINK_POLICY` | optional: `off` (the default), `link` or `native` |
//! | `LINK_PROVIDERS` | with `LINK_POLICY`: the providers that are trusted to say whose an address is |
//!
//! A variable that is set and empty is a mistake: an allowed list that got lost on its way must not
//! let everybody in.
//!
//! `AUTO_VERIFY_EMAIL` and `LINK_POLICY` ask the user pool: the function's role then needs `cognito-idp:ListUsers` and
//! `AdminGetUser` on it; for `link` also `AdminLinkProviderForUser`, for `native` also `AdminCreateUser`, `AdminSetUserPassword` and
//! `AdminDisableProviderForUser`.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use portcullis_directory::Accounts;
//! use portcullis_events::Event;
//! use portcullis_pre_signup::{Config, handle};
//! use serde_json::json;
//!
//! # struct Nobody;
//! # impl Accounts for Nobody {
//! #     async fn users_by_email(&self, _: &str, _: &str) -> Result<Vec<portcullis_directory::Account>, portcullis_directory::DirectoryError> { Ok(vec![]) }
//! #     async fn user(&self, _: &str, _: &str) -> Result<Option<portcullis_directory::Account>, portcullis_directory::DirectoryError> { Ok(None) }
//! #     async fn create_native_user(&self, _: &str, name: &str) -> Result<String, portcullis_directory::DirectoryError> { Ok(name.to_owned()) }
//! #     async fn set_random_password(&self, _: &str, _: &str) -> Result<(), portcullis_directory::DirectoryError> { Ok(()) }
//! #     async fn link_provider(&self, _: &str, _: &str, _: &portcullis_directory::FederatedIdentity) -> Result<(), portcullis_directory::DirectoryError> { Ok(()) }
//! #     async fn unlink_provider(&self, _: &str, _: &portcullis_directory::FederatedIdentity) -> Result<(), portcullis_directory::DirectoryError> { Ok(()) }
//! # }
//! # let accounts = Nobody;
//! let config = Config::from_env(|name| (name == "ALLOWED_EMAIL_DOMAINS").then(|| "example.com".to_owned()))?;
//! let event = |email: &str| Event::new(json!({
//!     "version": "1", "triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": {"email": email}}, "response": {},
//! }));
//!
//! // `accounts` is a `CognitoDirectory` where the function is deployed.
//! assert_eq!(handle(event("ann@example.com")?, &config, &accounts).await?.decision(), "admit");
//! let refused = handle(event("eve@evil-example.com")?, &config, &accounts).await.unwrap_err();
//! assert_eq!(refused.to_string(), "E_DOMAIN_NOT_ALLOWED: this e-mail domain may not sign up");
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod config;
mod decide;
mod handle;
mod link;
mod providers;

pub use portcullis_directory::{DOMAIN_NOT_ALLOWED, EMAIL_MALFORMED, EMAIL_NOT_VERIFIED, EMAIL_REQUIRED};
pub use portcullis_trigger::{ConfigError, ConfigErrors};

pub use self::{
    config::{Config, LinkPolicy, Linking},
    decide::{PROVIDER_NOT_ALLOWED, Verdict, decide},
    handle::handle,
    link::{Address, Destination, LINK_REFUSED, LINKED_RETRY, Newcomer, TRY_AGAIN, destination},
    providers::Providers,
};
