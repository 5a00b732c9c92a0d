//! Signing in with another provider.
//!
//! 1. The browser is sent to the provider with a `state`, a `nonce` and a PKCE challenge, and gets a cookie. Who comes back without
//!    that cookie, or with another `state`, has not begun this sign-in.
//! 2. The code is exchanged by the pool itself; the ID token is verified as any token is (signature, `iss`, `aud`, `exp`), and its
//!    `nonce` must be the one of this sign-in. What the userinfo endpoint says must be about the same `sub`.
//! 3. Who is new becomes a user named `<Provider>_<sub>`, once the pre-sign-up trigger has let them in. Whoever is linked to a user of
//!    the pool signs in as that user.
//! 4. The pool links nobody by itself: an administrator does, or a trigger with a policy.

mod arrive;
mod begin;
mod exchange;
mod identity;
mod identity_provider;
mod linking;
mod provider;
mod welcome;

pub use self::identity_provider::{IdentityProvider, ProviderMistakes};
pub(super) use self::{
    arrive::arrive,
    begin::{UnderWay, begin},
};
pub(crate) use self::{
    linking::{LinkError, disable_provider, link},
    provider::Provider,
};
