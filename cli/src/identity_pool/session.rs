//! What credentials are about.

use std::collections::BTreeMap;

use jiff::Timestamp;
use portcullis::rules::IamCaller;
use portcullis_iam::Context;
use serde::{Deserialize, Serialize};

use super::amr::user_of;
use crate::template::stack::ACCOUNT;

/// The session of a role that somebody of the pool has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Session {
    /// The name of the role.
    #[serde(rename = "r")]
    pub(super) role: String,
    /// The name of the session, which only STS lets a client choose.
    #[serde(rename = "s")]
    pub(super) name: String,
    #[serde(rename = "i")]
    pub(super) identity: String,
    #[serde(rename = "p")]
    pub(super) pool: String,
    #[serde(rename = "a")]
    pub(super) amr: Vec<String>,
    #[serde(rename = "t")]
    pub(super) tags: BTreeMap<String, String>,
}

impl Session {
    /// The ARN of the role.
    pub(crate) fn role_arn(&self) -> String {
        format!("arn:aws:iam::{ACCOUNT}:role/{}", self.role)
    }

    /// The ARN of the session, by which AWS calls its holder.
    pub(crate) fn user_arn(&self) -> String {
        format!("arn:aws:sts::{ACCOUNT}:assumed-role/{}/{}", self.role, self.name)
    }

    pub(super) fn is_authenticated(&self) -> bool {
        self.amr.iter().any(|word| word == "authenticated")
    }

    /// Who has the session, as API Gateway and AppSync tell it.
    pub(super) fn caller(&self, user_pool_id: &str) -> IamCaller {
        IamCaller {
            user_arn: Some(self.user_arn()),
            identity_pool_id: Some(self.pool.clone()),
            identity_id: Some(self.identity.clone()),
            authenticated: Some(self.is_authenticated()),
            sub: user_of(&self.amr, user_pool_id),
        }
    }

    /// What policies may ask for of a request that is made now.
    pub(crate) fn request_context(&self, now: Timestamp) -> Context {
        self.context()
            .with("aws:CurrentTime", now.to_string())
            .with("aws:PrincipalArn", self.role_arn())
            // Where it is deployed nothing but TLS leads to AWS. Here nothing leads over a network at all.
            .with("aws:SecureTransport", "true")
    }

    /// What policies may ask for of somebody.
    pub(crate) fn context(&self) -> Context {
        let context = Context::new()
            .with("cognito-identity.amazonaws.com:aud", self.pool.as_str())
            .with("cognito-identity.amazonaws.com:sub", self.identity.as_str())
            .with_several("cognito-identity.amazonaws.com:amr", &self.amr)
            // AWS tells more, such as the address that a request came from.
            .knowing_only([
                "cognito-identity.amazonaws.com:",
                "aws:PrincipalTag/",
                "aws:RequestTag/",
                "aws:TagKeys",
            ]);
        self.tags.iter().fold(context, |context, (tag, value)| {
            context
                .with(&format!("aws:PrincipalTag/{tag}"), value.as_str())
                .with(&format!("aws:RequestTag/{tag}"), value.as_str())
        })
    }
}
