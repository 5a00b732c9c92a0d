//! Credentials that are signed: AppSync's `AWS_IAM` over a WebSocket.
//!
//! 1. The object of headers is that of a signed `POST` to the API: of `{}` to `/graphql/connect` by whoever connects, of the request to
//!    `/graphql` by whoever subscribes.
//! 2. The host that was signed is the one that the client has connected to: the API and its real-time endpoint are one here.
//! 3. The policies of the caller's role must allow `appsync:GraphQL` on the field of `Subscription`. To connect takes good credentials.
//! 4. The rules of the schema decide after that.

use http::{
    HeaderMap, HeaderName,
    header::{AUTHORIZATION, HOST},
};
use portcullis::{SigV4Layer, SigV4Verifier, SignatureError};

use super::credentials::NotKnown;
use crate::{
    identity_pool::Session,
    local::{gateway::GRAPHQL, identity::LocalIdentities, policies::Policies},
};

/// What Amplify adds to a `start` after it has signed it. It says nothing about the request.
const USER_AGENT: HeaderName = HeaderName::from_static("x-amz-user-agent");

/// Checks signatures, and asks the policies.
#[derive(Clone, Debug)]
pub(crate) struct Signatures {
    verifier: SigV4Verifier,
    policies: Policies,
}

impl Signatures {
    pub(crate) fn new(verifier: SigV4Verifier, policies: Policies) -> Self {
        Self { verifier, policies }
    }

    /// Those of the local identity pool.
    pub(crate) fn of(identities: &LocalIdentities) -> Self {
        Self::new(identities.verifier(GRAPHQL).build(), Policies::of(identities))
    }

    pub(super) fn layer(&self) -> SigV4Layer {
        SigV4Layer::new(self.verifier.clone()).optional()
    }

    /// Makes of the headers of a client who has connected to this host those of the request that was signed, if one was.
    pub(super) fn prepare(&self, headers: &mut HeaderMap, connected_to: &str) -> Result<(), NotKnown> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let Some(authorization) = authorization.filter(|value| value.starts_with("AWS4-")) else {
            return Ok(());
        };
        let signs_user_agent = authorization.contains(USER_AGENT.as_str());
        if !self.policies.take_graphql() {
            return Err(NotKnown::Refused);
        }
        if headers.get(HOST).is_none_or(|host| host.as_bytes() != connected_to.as_bytes()) {
            return Err(NotKnown::BadSignature(SignatureError::Mismatch));
        }
        if !signs_user_agent {
            headers.remove(USER_AGENT);
        }
        Ok(())
    }

    /// Whether policies allow each of these fields of the root.
    pub(super) fn allow(&self, session: &Session, asked: Vec<(String, String)>) -> bool {
        self.policies.denied_field(session, asked).is_none()
    }
}
