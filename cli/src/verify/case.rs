//! One case: a token, and what is expected of it.

use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis::TokenUse;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::{Value, value::RawValue};

/// A line as it stands, read as far as it can be.
#[derive(Deserialize)]
pub(super) struct Line<'a> {
    #[serde(default)]
    name: Value,
    #[serde(borrow, default)]
    token: Option<&'a RawValue>,
    #[serde(borrow, default)]
    verify_options: Option<&'a RawValue>,
}

/// A token, and how it is to be verified.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) token: String,
    pub(super) options: VerifyOptions,
}

/// What is expected of a token. What is absent is not checked; what is not known is a mistake.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyOptions {
    pub(super) profile: Profile,
    #[serde(default)]
    pub(super) jwks: Option<Jwks>,
    #[serde(default, deserialize_with = "list")]
    pub(super) issuer: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    pub(super) client_id: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    pub(super) audience: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    pub(super) scope: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    pub(super) groups: Option<Vec<String>>,
    #[serde(default, deserialize_with = "token_use")]
    pub(super) token_use: Option<TokenUse>,
    #[serde(default, deserialize_with = "list")]
    pub(super) typ: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    pub(super) algorithms: Option<Vec<String>>,
    #[serde(default, deserialize_with = "duration")]
    pub(super) leeway: Option<Duration>,
    #[serde(default, deserialize_with = "time")]
    pub(super) now: Option<SystemTime>,
    #[serde(default)]
    pub(super) max_bytes: Option<usize>,
    /// Whether the sender has proven to have the key that the token is bound to.
    #[serde(default)]
    pub(super) sender_constrained: Option<bool>,
    #[serde(default, deserialize_with = "list")]
    pub(super) signer: Option<Vec<String>>,
    #[serde(default, deserialize_with = "list")]
    pub(super) client: Option<Vec<String>>,
}

/// What kind of token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// A token of an Amazon Cognito user pool
    Cognito,
    /// A token of another OpenID Connect issuer
    Oidc,
    /// The header x-amzn-oidc-data of an Application Load Balancer
    Alb,
    /// Anything signed: the signature alone is looked at
    Jws,
}

/// Which key sets there are.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Jwks {
    /// One, whoever the issuer is.
    Name(String),
    /// One for each issuer.
    ByIssuer(BTreeMap<String, String>),
}

/// Why a line is no case.
pub(super) struct Malformed {
    pub(super) name: Value,
    pub(super) reason: String,
}

impl Case {
    /// Reads a line; the name is found wherever the line is an object at all.
    pub(super) fn read(line: &[u8]) -> Result<(Value, Self), Malformed> {
        let malformed = |name: &Value, reason: String| Malformed { name: name.clone(), reason };
        let line: Line<'_> =
            serde_json::from_slice(line).map_err(|error| malformed(&Value::Null, place(&error)))?;
        let name = line.name;
        let token = line.token.ok_or_else(|| malformed(&name, "`token` is missing".to_owned()))?;
        let token = serde_json::from_str(token.get());
        let token = token.map_err(|_| malformed(&name, "`token` is not a string".to_owned()))?;
        let options =
            line.verify_options.ok_or_else(|| malformed(&name, "`verify_options` is missing".to_owned()))?;
        let options: VerifyOptions = serde_json::from_str(options.get())
            .map_err(|error| malformed(&name, format!("`verify_options`: {error}")))?;
        if let Some(reason) = options.contradiction() {
            return Err(malformed(&name, reason));
        }
        Ok((name, Self { token, options }))
    }
}

impl VerifyOptions {
    /// Nothing is checked but what has no option.
    pub(super) fn new(profile: Profile) -> Self {
        Self {
            profile,
            jwks: None,
            issuer: None,
            client_id: None,
            audience: None,
            scope: None,
            groups: None,
            token_use: None,
            typ: None,
            algorithms: None,
            leeway: None,
            now: None,
            max_bytes: None,
            sender_constrained: None,
            signer: None,
            client: None,
        }
    }

    /// A check that the profile knows nothing of must not be passed over.
    pub(super) fn contradiction(&self) -> Option<String> {
        let given = [
            ("issuer", self.issuer.is_some(), self.profile != Profile::Jws),
            ("client_id", self.client_id.is_some(), matches!(self.profile, Profile::Cognito | Profile::Oidc)),
            ("audience", self.audience.is_some(), matches!(self.profile, Profile::Cognito | Profile::Oidc)),
            ("scope", self.scope.is_some(), self.profile != Profile::Jws),
            ("groups", self.groups.is_some(), self.profile != Profile::Jws),
            ("token_use", self.token_use.is_some(), matches!(self.profile, Profile::Cognito | Profile::Oidc)),
            ("signer", self.signer.is_some(), self.profile == Profile::Alb),
            ("client", self.client.is_some(), self.profile == Profile::Alb),
        ];
        let (option, ..) = given.into_iter().find(|(_, given, known)| *given && !known)?;
        Some(format!("`{option}` means nothing to this profile"))
    }
}

/// Where a text stops being JSON, without what it holds.
fn place(error: &serde_json::Error) -> String {
    format!("not a JSON object (column {})", error.column())
}

fn list<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Vec<String>>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    Ok(Option::<OneOrMany>::deserialize(value)?.map(|given| match given {
        OneOrMany::One(value) => vec![value],
        OneOrMany::Many(values) => values,
    }))
}

fn token_use<'de, D: Deserializer<'de>>(value: D) -> Result<Option<TokenUse>, D::Error> {
    match Option::<String>::deserialize(value)?.as_deref() {
        None => Ok(None),
        Some("access") => Ok(Some(TokenUse::Access)),
        Some("id") => Ok(Some(TokenUse::Id)),
        Some(_) => Err(D::Error::custom("`token_use` is `access` or `id`")),
    }
}

fn duration<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Duration>, D::Error> {
    let seconds = Option::<f64>::deserialize(value)?;
    seconds.map(|seconds| Duration::try_from_secs_f64(seconds).map_err(D::Error::custom)).transpose()
}

fn time<'de, D: Deserializer<'de>>(value: D) -> Result<Option<SystemTime>, D::Error> {
    let since = duration(value)?;
    since
        .map(|since| UNIX_EPOCH.checked_add(since).ok_or_else(|| D::Error::custom("`now` is out of range")))
        .transpose()
}
