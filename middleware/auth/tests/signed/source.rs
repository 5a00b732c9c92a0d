//! A source of two keys: one that lasts, and a temporary one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use portcullis::{
    AccessKey, CredentialSource, CredentialsUnavailable, FindingCredentials, SigV4Verifier,
    SigV4VerifierBuilder, SigningCredentials, rules::IamCaller, testkit::ManualClock,
};

/// 2026-11-29T12:00:00Z
pub(crate) const NOW: u64 = 1_795_953_600;
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
pub(crate) const LASTING: &str = "AKIDEXAMPLE";
pub(crate) const TEMPORARY: &str = "ASIAEXAMPLE";
pub(crate) const TOKEN: &str = "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVzLWVhc3QtMSJ==";

#[derive(Clone, Debug, Default)]
pub(crate) struct TwoKeys {
    pub(crate) asked: Arc<AtomicUsize>,
    pub(crate) is_down: bool,
}

/// Stands in the extensions of requests that are signed with the temporary key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session(pub(crate) &'static str);

pub(crate) fn member() -> IamCaller {
    IamCaller {
        user_arn: Some("arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials".to_owned()),
        identity_pool_id: Some("eu-west-1:pool".to_owned()),
        identity_id: Some("eu-west-1:ada".to_owned()),
        authenticated: Some(true),
        sub: Some("ada".to_owned()),
    }
}

impl CredentialSource for TwoKeys {
    fn find(&self, key: AccessKey<'_>) -> FindingCredentials {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let found = match (key.id, key.session_token) {
            (LASTING, None) => Some(SigningCredentials::new(SECRET, IamCaller::default())),
            (TEMPORARY, Some(TOKEN)) => Some(
                SigningCredentials::new(SECRET, member())
                    .expires_at(UNIX_EPOCH + Duration::from_secs(NOW + 3600))
                    .extension(Session("one")),
            ),
            _ => None,
        };
        let answer = if self.is_down { Err(CredentialsUnavailable::default()) } else { Ok(found) };
        Box::pin(async { answer })
    }
}

pub(crate) fn verifier(source: TwoKeys, clock: &ManualClock) -> SigV4VerifierBuilder {
    SigV4Verifier::builder(Arc::new(source), "eu-west-1", "execute-api")
        .service("appsync")
        .clock(clock.clone())
}
