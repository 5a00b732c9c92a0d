//! Amazon Cognito custom sender triggers: codes and temporary passwords come encrypted, and one's own service sends them.
//!
//! An example to start from, not one of the functions of Portcullis: it is a workspace of its own, for the AWS Encryption SDK
//! takes minutes to build, and brings an older TLS stack and a second copy of AWS-LC.
//!
//! 1. A code is a message of the AWS Encryption SDK under the pool's own key. It is decrypted under that key alone
//!    (`KMS_KEY_ARN`), and is used only if it was encrypted for the pool that the event names (`userpool-id` of the encryption
//!    context, which is signed with it).
//! 2. A temporary password is HTML-escaped, and is unescaped.
//! 3. Cognito does not wait, and Lambda delivers again what failed. A code that this process has sent is not sent again.
//! 4. No code, password, address or name is in the log.
//! 5. An event of another trigger comes back unchanged.
//!
//! # Caveats
//!
//! Give the function a queue for what fails at last: nobody else hears of it. What has been sent is remembered in memory, so a
//! second delivery to another copy of the function sends the same code again.
//!
//! # On this machine
//!
//! The local user pool encrypts codes as Cognito does, and plays AWS KMS for them: `cargo run -- --trigger CustomEmailSender=URL`
//! prints its `KMS key`, which is `KMS_KEY_ARN` here, and `AWS_ENDPOINT_URL_KMS=http://127.0.0.1:9229` has it asked.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `KMS_KEY_ARN` | the key of the pool's `LambdaConfig.KMSKeyID` |
//! | `SENDER_ADDRESS` | the address that e-mails come from: a verified identity in Amazon SES |
//! | `APP_NAME` | what messages call the place one signs in to |
//!
//! The pool's setting is `CustomEmailSender: {LambdaArn, LambdaVersion: V1_0}` beside `KMSKeyID`. The key's policy lets
//! `cognito-idp.amazonaws.com` make grants; the function's role needs `kms:Decrypt` on the key and `ses:SendEmail`. For
//! `CustomSMSSender`, bring a [`Sender`] of text messages.
#![deny(missing_docs)]

mod config;
mod decrypter;
mod esdk;
mod handle;
mod message;
mod sender;
mod sent_codes;
mod ses;
mod unescape;

pub use self::{
    config::Config,
    decrypter::{DecryptError, Decrypter, Secret},
    esdk::{EsdkDecrypter, SetUpError},
    handle::{NO_ADDRESS, NOT_SENT, handle},
    message::Message,
    sender::{SendError, Sender},
    sent_codes::SentCodes,
    ses::SesSender,
};
