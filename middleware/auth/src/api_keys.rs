//! API keys, compared in constant time.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    constant_time,
    digest::{Digest, SHA256, digest},
};

/// The accepted API keys, as SHA-256 digests: comparing digests says nothing about a key, not even its length.
#[derive(Clone, Default)]
pub(crate) struct ApiKeys(Arc<[Digest]>);

impl ApiKeys {
    /// An empty key, such as an unset variable, is not a key.
    pub(crate) fn new(keys: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let keys = keys.into_iter();
        Self(
            keys.filter(|key| !key.as_ref().is_empty())
                .map(|key| digest(&SHA256, key.as_ref().as_bytes()))
                .collect(),
        )
    }

    pub(crate) fn contain(&self, key: &[u8]) -> bool {
        let key = digest(&SHA256, key);
        self.0.iter().fold(false, |found, known| {
            constant_time::verify_slices_are_equal(known.as_ref(), key.as_ref()).is_ok() | found
        })
    }
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} keys", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_as_a_whole_or_not_at_all() {
        let keys = ApiKeys::new(["da2-first", "", "da2-second"]);
        for (key, known) in [
            ("da2-first", true),
            ("da2-second", true),
            ("", false),
            ("da2", false),
            ("DA2-FIRST", false),
            ("da2-first ", false),
        ] {
            assert_eq!(keys.contain(key.as_bytes()), known, "{key:?}");
        }
        assert!(!ApiKeys::default().contain(b""));
        assert_eq!(format!("{keys:?}"), "2 keys");
    }
}
