//! Who signed a token.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use super::Header;
use crate::{keys::VerifyingKey, trusted_issuer::TrustedIssuer};

/// How many signers are kept. An issuer has one for each of its keys, and few keys.
const CAPACITY: usize = 16;

/// What all tokens that one key signs have in common.
pub(crate) struct Signer {
    /// They have it letter by letter, so that it is read once.
    pub(crate) header: Arc<Header>,
    pub(crate) issuer: Arc<TrustedIssuer>,
    pub(crate) key: Arc<VerifyingKey>,
    /// In which the key was found in the set of the issuer; see `KeyStore::generation`.
    pub(crate) generation: u64,
}

/// The signers of tokens that were accepted.
///
/// INVARIANT: only signers of accepted tokens get in, so that nobody without a key can push them out.
#[derive(Default)]
pub(crate) struct KnownSigners {
    signers: RwLock<Vec<Arc<Signer>>>,
}

impl Signer {
    /// Whether the key need not be looked up again.
    #[inline]
    pub(crate) fn holds(&self, now: SystemTime) -> bool {
        self.issuer.keys.still_holds(self.generation, now)
    }

    fn replaces(&self, other: &Self) -> bool {
        self.header.segment == other.header.segment && Arc::ptr_eq(&self.issuer, &other.issuer)
    }
}

impl KnownSigners {
    /// Somebody who has signed a token with this header. Two issuers may have keys of one name, and then the same header.
    pub(crate) fn with_header(&self, segment: &str) -> Option<Arc<Signer>> {
        self.find(|signer| *signer.header.segment == *segment)
    }

    /// Who has signed with a known header for this issuer.
    pub(crate) fn with(&self, header: &Header, issuer: &Arc<TrustedIssuer>) -> Option<Arc<Signer>> {
        self.find(|signer| signer.header.segment == header.segment && Arc::ptr_eq(&signer.issuer, issuer))
    }

    fn find(&self, is_it: impl Fn(&Signer) -> bool) -> Option<Arc<Signer>> {
        let signers = self.signers.read().unwrap_or_else(PoisonError::into_inner);
        signers.iter().find(|signer| is_it(signer)).map(Arc::clone)
    }

    /// Keeps a signer in the place of the one of that header and issuer, or of the oldest, unless that meant to wait.
    pub(crate) fn keep(&self, signer: &Arc<Signer>) {
        let Ok(mut signers) = self.signers.try_write() else { return };
        if let Some(known) = signers.iter_mut().find(|known| known.replaces(signer)) {
            *known = Arc::clone(signer);
            return;
        }
        if signers.len() == CAPACITY {
            signers.remove(0);
        }
        signers.push(Arc::clone(signer));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::base64url, *};
    use crate::{Clock, Issuer, JwkSet, testkit::TestIssuer};

    fn issuer(pool: &TestIssuer) -> Arc<TrustedIssuer> {
        let issuer: Issuer = pool.issuer().insecure_any_client();
        let clock: Arc<dyn Clock> = Arc::new(pool.clock());
        Arc::new(TrustedIssuer::new(issuer, None, &clock, &mut Vec::new()))
    }

    fn signer(key_id: usize, generation: u64, issuer: &Arc<TrustedIssuer>, keys: &JwkSet) -> Arc<Signer> {
        let segment = base64url::encode(format!(r#"{{"alg":"RS256","kid":"{key_id}"}}"#));
        let key = keys.only_one_for(crate::Algorithm::Rs256).unwrap();
        Arc::new(Signer {
            header: Arc::new(Header::read(&segment).unwrap()),
            issuer: Arc::clone(issuer),
            key: Arc::clone(key),
            generation,
        })
    }

    #[test]
    fn the_newest_signers_are_kept_once_each() {
        let pool = TestIssuer::cognito();
        let (issuer, keys) = (issuer(&pool), pool.jwk_set());
        let known = KnownSigners::default();
        for key_id in 0..CAPACITY + 3 {
            known.keep(&signer(key_id, 1, &issuer, &keys));
            known.keep(&signer(key_id, 2, &issuer, &keys));
        }
        let kept = |id: &usize| known.with_header(&signer(*id, 0, &issuer, &keys).header.segment);
        let ids: Vec<usize> = (0..CAPACITY + 3).filter(|id| kept(id).is_some()).collect();
        assert_eq!(ids, (3..CAPACITY + 3).collect::<Vec<_>>());
        assert!(ids.iter().all(|id| kept(id).unwrap().generation == 2), "the newer one of each");
    }

    #[test]
    fn the_same_header_at_two_issuers_is_two_signers() {
        let pools = [TestIssuer::cognito(), TestIssuer::cognito()];
        let issuers = [issuer(&pools[0]), issuer(&pools[1])];
        let known = KnownSigners::default();
        let mut header = None;
        for (number, (pool, issuer)) in pools.iter().zip(&issuers).enumerate() {
            let signer = signer(7, number as u64, issuer, &pool.jwk_set());
            known.keep(&signer);
            header = Some(Arc::clone(&signer.header));
        }
        let header = header.unwrap();
        assert!(known.with_header(&header.segment).is_some());
        for (number, issuer) in issuers.iter().enumerate() {
            assert_eq!(known.with(&header, issuer).unwrap().generation, number as u64);
        }
        assert!(known.with(&header, &self::issuer(&pools[0])).is_none(), "a third issuer has not signed");
    }
}
