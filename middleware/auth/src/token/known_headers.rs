//! Headers that need not be read again.

use std::sync::{Arc, PoisonError, RwLock};

use super::Header;

/// How many headers are kept. An issuer has one for each of its keys, and few keys.
const CAPACITY: usize = 16;

/// The headers of tokens that were accepted. All tokens that one key signs have the same, letter by letter.
///
/// INVARIANT: only headers of accepted tokens get in, so that nobody without a key can push them out.
#[derive(Debug, Default)]
pub(crate) struct KnownHeaders {
    headers: RwLock<Vec<Arc<Header>>>,
}

impl KnownHeaders {
    pub(crate) fn find(&self, segment: &str) -> Option<Arc<Header>> {
        let headers = self.headers.read().unwrap_or_else(PoisonError::into_inner);
        headers.iter().find(|header| &*header.segment == segment).map(Arc::clone)
    }

    /// Keeps a header in the place of the oldest one, unless that meant to wait.
    pub(crate) fn keep(&self, header: &Arc<Header>) {
        let Ok(mut headers) = self.headers.try_write() else { return };
        if headers.iter().any(|known| known.segment == header.segment) {
            return;
        }
        if headers.len() == CAPACITY {
            headers.remove(0);
        }
        headers.push(Arc::clone(header));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::base64url, *};

    fn header(key_id: usize) -> Arc<Header> {
        let segment = base64url::encode(format!(r#"{{"alg":"RS256","kid":"{key_id}"}}"#));
        Arc::new(Header::read(&segment).unwrap())
    }

    #[test]
    fn the_newest_headers_are_kept_once_each() {
        let known = KnownHeaders::default();
        for key_id in 0..CAPACITY + 3 {
            known.keep(&header(key_id));
            known.keep(&header(key_id));
        }
        let kept: Vec<usize> =
            (0..CAPACITY + 3).filter(|&id| known.find(&header(id).segment).is_some()).collect();
        assert_eq!(kept, (3..CAPACITY + 3).collect::<Vec<_>>());
    }
}
