//! Amazon Cognito triggers for signing in without a password: with a code that comes by e-mail.
//!
//! One function answers the three triggers of the custom flow: define, create and verify auth challenge.
//!
//! 1. A code has six to eight digits from a cryptographic source, each equally likely. It is good for one sign-in, a few
//!    minutes and three tries. A wrong try asks for the same code again; no second e-mail is sent.
//! 2. It goes to the user's `email` if the pool calls it verified, and nowhere else.
//! 3. What Cognito keeps between the calls is a salted digest of the code, bound to the user and to the time at which it
//!    expires; the code itself is in the e-mail alone. Answers are compared in constant time.
//! 4. Whoever is not in the pool (`userNotFound`), or has no verified address, is asked for a code in the same words and
//!    after the same time. Nothing is sent, and no answer is right. A message that cannot be sent is answered so too: the log
//!    knows.
//! 5. Tokens are issued for a passed `CUSTOM_CHALLENGE` alone. A session that holds any other challenge is refused: the result
//!    of `SRP_A`, for one, is always good and proves nothing.
//! 6. An event of another trigger comes back unchanged.
//!
//! # Caveats
//!
//! Each sign-in that is begun sends an e-mail and gives three guesses. Eight digits, the default, make that three in a
//! hundred million; with six, somebody who may begin a hundred thousand sign-ins gets into an account more often than one in
//! four times. Limit how often they may be begun: AWS WAF can be attached to a user pool.
//!
//! Cognito does not run this flow in managed login, nor for users of another provider, and does not call the
//! pre-authentication trigger in it. A client begins it with `AuthFlow: CUSTOM_AUTH` and the user name alone (in aws-amplify,
//! `authFlowType: 'CUSTOM_WITHOUT_SRP'`). Cognito has e-mail codes of its own (`EMAIL_OTP` in the flow `USER_AUTH`) in its
//! dearer plans; this is for pools without them, and for messages of one's own.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `SENDER_ADDRESS` | the address that e-mails come from: a verified identity in Amazon SES |
//! | `APP_NAME` | optional: what the e-mail calls the place one signs in to |
//! | `CODE_DIGITS` | optional: 6, 7 or 8; 8 is the default |
//! | `CODE_SECONDS` | optional: how long a code is good, 60 to 900; 180 is the default. Cognito's own limit for an answer (`AuthSessionValidity`, three minutes unless set) should not be shorter |
//!
//! The function's role needs `ses:SendEmail` on that identity. Its timeout is five seconds, Cognito's own.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use portcullis_custom_challenge::{Config, Letter, SendError, Sender, SystemRandom, handle};
//! use portcullis_trigger::events::Event;
//! use serde_json::json;
//! use std::time::{Duration, SystemTime};
//!
//! struct Printer;
//!
//! impl Sender for Printer {
//!     async fn send(&self, letter: &Letter) -> Result<(), SendError> {
//!         println!("{}", letter.text());
//!         Ok(())
//!     }
//! }
//!
//! let config = Config::from_env(|name| (name == "SENDER_ADDRESS").then(|| "sign-in@example.com".to_owned()))?;
//! let config = Config { answer_after: Duration::ZERO, ..config };
//! let event = Event::new(json!({
//!     "triggerSource": "CreateAuthChallenge_Authentication",
//!     "userName": "u-1",
//!     "request": {
//!         "userAttributes": {"email": "ann@example.com", "email_verified": "true"},
//!         "challengeName": "CUSTOM_CHALLENGE",
//!         "session": [],
//!     },
//!     "response": {},
//! }))?;
//! let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
//! let answer = handle(event, &config, &Printer, &SystemRandom, now).await?.into_value();
//! assert_eq!(
//!     answer["response"]["publicChallengeParameters"],
//!     json!({"medium": "EMAIL", "digits": "8", "triesLeft": "3"}),
//! );
//! # Ok(())
//! # }
//! ```
#![deny(missing_docs)]

mod challenge;
mod code;
mod config;
mod decide;
mod handle;
mod letter;
mod random;
mod sender;
#[cfg(feature = "ses")]
mod ses;

#[cfg(feature = "ses")]
pub use self::ses::SesSender;
pub use self::{
    config::Config,
    decide::{MAX_TRIES, Verdict, decide},
    handle::handle,
    letter::Letter,
    random::{Random, RandomError, SystemRandom},
    sender::{SendError, Sender},
};
