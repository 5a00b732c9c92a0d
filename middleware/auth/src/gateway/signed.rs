//! Callers whose signature AWS has checked.

use std::sync::Arc;

use portcullis_rules::IamCaller;

use super::SignIns;

/// The longest ARN or id that is believed, in bytes. AWS allows role names of 64 and paths of 512 characters.
pub(super) const MAX_NAME: usize = 2048;

/// Which callers with AWS credentials are believed, and whose users they may be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SignedCallers {
    pub(super) user_pool: Option<Arc<str>>,
    pub(super) identity_pool: Option<Arc<str>>,
}

/// What a service says about who has signed a request.
#[derive(Default)]
pub(super) struct Signed<'a> {
    pub(super) user_arn: Option<&'a str>,
    pub(super) identity_pool_id: Option<&'a str>,
    pub(super) identity_id: Option<&'a str>,
    pub(super) authenticated: Option<bool>,
    pub(super) sign_ins: SignIns,
}

impl SignedCallers {
    /// The caller, unless nobody has a name or they come from another identity pool than the one that is expected.
    pub(super) fn caller(&self, signed: Signed<'_>) -> Option<IamCaller> {
        let user_arn = name(signed.user_arn)?;
        let identity_pool_id = name(signed.identity_pool_id);
        if let (Some(expected), Some(told)) = (&self.identity_pool, &identity_pool_id)
            && **expected != **told
        {
            return None;
        }
        let pool = self.user_pool.as_deref().filter(|_| signed.authenticated == Some(true));
        Some(IamCaller {
            user_arn: Some(user_arn),
            identity_pool_id,
            identity_id: name(signed.identity_id),
            authenticated: signed.authenticated,
            sub: pool.and_then(|pool| signed.sign_ins.user_of(pool)).map(str::to_owned),
        })
    }
}

/// An ARN or an id of AWS.
fn name(text: Option<&str>) -> Option<String> {
    let good = |text: &&str| {
        (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    text.filter(good).map(str::to_owned)
}

/// Whether an identity of a pool has signed in or is a guest; nothing if AWS says neither or both.
pub(super) fn standing<'a>(words: impl Iterator<Item = &'a str>) -> Option<bool> {
    let (mut member, mut guest) = (false, false);
    for word in words {
        member |= word == "authenticated";
        guest |= word == "unauthenticated";
    }
    (member != guest).then_some(member)
}
