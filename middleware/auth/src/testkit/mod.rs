//! For tests: an issuer with keys of its own, and a clock that stands still.
//!
//! ```
//! use portcullis::{Clock, testkit::ManualClock};
//! use std::time::Duration;
//!
//! let clock = ManualClock::at(1_700_000_000);
//! let before = clock.now();
//! clock.advance(Duration::from_secs(60));
//! assert_eq!(clock.now(), before + Duration::from_secs(60));
//! ```

mod clock;
mod issuer;
mod proof;
mod token;

pub use self::{
    clock::ManualClock,
    issuer::TestIssuer,
    proof::{ProofKey, TestProof},
    token::TestToken,
};
