//! Amazon Cognito custom message trigger: what the messages say that carry a code, a link or a temporary password, in one's own
//! words and in the user's language.
//!
//! 1. Words come from templates, by language and by message (`SignUp`, `AdminCreateUser`, `ResendCode`, `ForgotPassword`,
//!    `UpdateUserAttribute`, `VerifyUserAttribute`, `Authentication`). A message without a template is left to Cognito.
//! 2. The language is that of the client's metadata (`locale`), else that of the user's attribute `locale`, else the default:
//!    the first that has the message, `de-CH` before `de`.
//! 3. `{{code}}`, `{{link}}` and `{{username}}` become the placeholders that Cognito replaces; this function never sees a code.
//!    `{{user.given_name|there}}` becomes an attribute of the user, or what stands behind the bar. No attribute is shown that
//!    `USER_ATTRIBUTES` does not list.
//! 4. Values of attributes are written by whoever signs up, and that may be in a stranger's name. They are escaped in the
//!    e-mail, which is HTML, and left out if they are longer than 40 characters, have line ends, braces or characters that
//!    cannot be seen, or read like a link. (`email` may be an address.)
//! 5. Templates are checked at start: placeholders that the message needs and those it cannot have, and that no values make it
//!    longer than Cognito takes (140 characters of subject and of text message, 20,000 of e-mail).
//! 6. Should a message be refused nevertheless, the user gets Cognito's words, and the log knows.
//! 7. An event of another trigger comes back unchanged.
//!
//! # Caveats
//!
//! Escaping is for text and for quoted attributes of HTML, not for scripts, style sheets or addresses of links: put no
//! attribute there. A pool that sends e-mails by itself (`COGNITO_DEFAULT`) may refuse words of one's own; let it send through
//! Amazon SES. Users of another provider get no messages.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `TEMPLATES` | the templates as JSON, see below. All variables of a function together may be 4 KB long |
//! | `TEMPLATES_FILE` | or the path of a file that holds them, in the function's own package: relative paths begin there |
//! | `DEFAULT_LANGUAGE` | the language of those who have none of the others; may be left out if there is only one |
//! | `USER_ATTRIBUTES` | optional: attributes that templates may show, separated by commas |
//!
//! ```json
//! {
//!   "en": {
//!     "SignUp": {
//!       "subject": "Welcome to Notes",
//!       "email": "<p>Hello {{user.given_name|there}},</p><p>your code is <b>{{code}}</b>.</p>",
//!       "sms": "Your code for Notes is {{code}}."
//!     }
//!   }
//! }
//! ```
//!
//! # Example
//!
//! ```
//! use portcullis_custom_message::{Config, handle};
//! use portcullis_trigger::events::Event;
//! use serde_json::json;
//!
//! let templates = r#"{"en": {"SignUp": {"subject": "Welcome", "email": "Hello {{user.name|you}}: {{code}}"}}}"#;
//! let config = Config::from_env(|name| match name {
//!     "TEMPLATES" => Some(templates.to_owned()),
//!     "USER_ATTRIBUTES" => Some("name".to_owned()),
//!     _ => None,
//! })?;
//! let event = Event::new(json!({
//!     "triggerSource": "CustomMessage_SignUp",
//!     "request": {"userAttributes": {"name": "Ann & Co"}, "codeParameter": "{####}"},
//!     "response": {"smsMessage": null, "emailMessage": null, "emailSubject": null},
//! }))?;
//! let answer = handle(event, &config)?.into_value();
//! assert_eq!(answer["response"]["emailMessage"], "Hello Ann &amp; Co: {####}");
//! assert_eq!(answer["response"]["smsMessage"], json!(null));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![deny(missing_docs)]

mod config;
mod decide;
mod handle;
mod language;
mod members;
mod message_template;
mod template;
mod templates;

pub use portcullis_trigger::{ConfigError, ConfigErrors};

pub use self::{
    config::Config,
    decide::{Verdict, Words, decide},
    handle::{NO_LINK, handle},
    language::Language,
    templates::Templates,
};
