//! What a client must know of a backend, wherever that runs.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where the running local system tells it.
pub(crate) const BACKEND_PATH: &str = "/console/backend";

/// What a client must know of a backend. The running local system tells it in this form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Backend {
    pub(crate) region: String,
    pub(crate) user_pool: UserPool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) identity_pool: Option<IdentityPool>,
    /// Where the REST API answers.
    pub(crate) rest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) graphql: Option<GraphQlApi>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bucket: Option<Bucket>,
}

/// The bucket of users' files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// Where it answers, if that is not the region's S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
}

/// The people, and how they come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserPool {
    pub(crate) id: String,
    pub(crate) client_id: String,
    /// Where it answers, if that is not the region's Cognito.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_length: Option<u8>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mfa: Option<Mfa>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redirects: Option<Redirects>,
}

/// Whether a second factor is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Mfa {
    Off,
    Optional,
    Required,
}

/// Signing in with a redirect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Redirects {
    /// The host name, without a scheme.
    pub(crate) domain: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) sign_in: Vec<String>,
    pub(crate) sign_out: Vec<String>,
    /// As the user pool names them.
    pub(crate) providers: Vec<String>,
}

/// Where AWS credentials come from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdentityPool {
    pub(crate) id: String,
    /// Where it answers, if that is not the region's Cognito.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    pub(crate) guests: bool,
}

/// The GraphQL API.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphQlApi {
    pub(crate) url: String,
    /// The ways to come in, the usual one first.
    pub(crate) modes: Vec<Mode>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api_key: Option<String>,
}

/// A way to come in to the GraphQL API, in AppSync's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Mode {
    AmazonCognitoUserPools,
    ApiKey,
    AwsIam,
    AwsLambda,
    OpenidConnect,
}

impl GraphQlApi {
    /// The mode of a request that says nothing else.
    pub(crate) fn default_mode(&self) -> Mode {
        self.modes.first().copied().unwrap_or(Mode::AmazonCognitoUserPools)
    }
}

impl Mode {
    /// As Amplify's JavaScript library calls it.
    pub(crate) fn amplify_name(self) -> &'static str {
        match self {
            Self::AmazonCognitoUserPools => "userPool",
            Self::ApiKey => "apiKey",
            Self::AwsIam => "iam",
            Self::AwsLambda => "lambda",
            Self::OpenidConnect => "oidc",
        }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backend")
            .field("region", &self.region)
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

// The key opens what is public.
impl fmt::Debug for GraphQlApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphQlApi")
            .field("url", &self.url)
            .field("modes", &self.modes)
            .finish_non_exhaustive()
    }
}
