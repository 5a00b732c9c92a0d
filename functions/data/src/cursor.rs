//! Places in a list as they are given to clients: sealed, so that nobody reads one or makes one up.

use std::{fmt, sync::Arc};

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use portcullis_rules::Identity;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::{
    DataError, Ids, StoreError, Table,
    index_row::Place,
    layout::{self, CURSOR_KEY, MAX_SK, PK, Row},
};

/// Bound into every token, changed when its form changes.
const VERSION: &str = "2";
const KEY: usize = 32;
const NONCE: usize = 24;
const TAG: usize = 16;
/// Places are padded to a multiple of this many bytes, for their length would tell that of a key.
const BLOCK: usize = 64;
/// Pads. No byte of UTF-8 is this one.
const PAD: u8 = 0xff;
/// Bytes of a token at most; longer ones are not even decoded. It has four characters for three bytes.
const MAX_TOKEN: usize = (NONCE + MAX_SK + BLOCK + TAG) * 4 / 3 + 4;

/// The attribute that holds the key.
const ATTRIBUTE: &str = "key";

/// Seals and opens tokens with the key that lies in the table: made by whoever needs it first, read once in a process.
#[derive(Clone)]
pub(crate) struct Cursors {
    table: Table,
    ids: Arc<dyn Ids>,
    cipher: Arc<OnceCell<XChaCha20Poly1305>>,
}

/// What a token is good for: this query, of this caller.
#[derive(Clone, Copy)]
pub(crate) struct Purpose<'a> {
    /// Names what is listed.
    pub(crate) of: &'a str,
    pub(crate) caller: &'a Identity,
}

impl Cursors {
    pub(crate) fn new(table: Table, ids: Arc<dyn Ids>) -> Self {
        Self { table, ids, cipher: Arc::default() }
    }

    pub(crate) async fn seal(&self, purpose: Purpose<'_>, place: &Place) -> Result<String, DataError> {
        let cipher = self.cipher().await?;
        let mut nonce = [0; NONCE];
        self.fill(&mut nonce);
        let mut padded = place.as_str().as_bytes().to_vec();
        padded.resize(padded.len().next_multiple_of(BLOCK), PAD);
        let (aad, msg) = (purpose.to_bytes(), padded.as_slice());
        let sealed = cipher.encrypt(&XNonce::from(nonce), Payload { msg, aad: &aad });
        // It fails for texts of many gigabytes alone.
        let sealed = sealed.map_err(|_| StoreError::unexpected("Seal", "TooLong"))?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// # Errors
    ///
    /// [`DataError::InvalidCursor`] for what was not sealed here for this purpose.
    pub(crate) async fn open(&self, purpose: Purpose<'_>, token: &str) -> Result<Place, DataError> {
        let bytes = if token.len() > MAX_TOKEN { None } else { URL_SAFE_NO_PAD.decode(token).ok() };
        let bytes = bytes.ok_or(DataError::InvalidCursor)?;
        let (nonce, msg) = bytes.split_first_chunk::<NONCE>().ok_or(DataError::InvalidCursor)?;
        let (cipher, aad) = (self.cipher().await?, purpose.to_bytes());
        let padded = cipher.decrypt(&XNonce::from(*nonce), Payload { msg, aad: &aad });
        padded.ok().and_then(read).ok_or(DataError::InvalidCursor)
    }

    async fn cipher(&self) -> Result<&XChaCha20Poly1305, StoreError> {
        let made = self.cipher.get_or_try_init(|| async {
            let key = match self.stored().await? {
                Some(key) => key,
                None => self.make().await?,
            };
            Ok::<_, StoreError>(XChaCha20Poly1305::new(&Key::from(key)))
        });
        made.await
    }

    async fn stored(&self) -> Result<Option<[u8; KEY]>, StoreError> {
        let unreadable = || StoreError::unexpected("GetItem", "UnreadableRow");
        let Some(row) = self.table.get(layout::key(CURSOR_KEY, CURSOR_KEY)).await? else {
            return Ok(None);
        };
        let key = row.get(ATTRIBUTE).and_then(|key| key.as_b().ok()).ok_or_else(unreadable)?;
        key.as_ref().try_into().map(Some).map_err(|_| unreadable())
    }

    /// Makes the key, unless somebody else is faster: then it is theirs.
    async fn make(&self) -> Result<[u8; KEY], StoreError> {
        let mut key = [0; KEY];
        self.fill(&mut key);
        let mut row: Row = layout::key(CURSOR_KEY, CURSOR_KEY);
        row.insert(ATTRIBUTE.to_owned(), AttributeValue::B(Blob::new(key)));
        let put = self.table.client().await.put_item().table_name(self.table.name()).set_item(Some(row));
        let put = put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK);
        match put.send().await {
            Ok(_) => Ok(key),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                self.stored().await?.ok_or_else(|| StoreError::unexpected("GetItem", "MissingRow"))
            }
            Err(error) => Err(StoreError::new("PutItem", error)),
        }
    }

    /// Random bytes. An identifier has 122 random bits, so that four of them fill a hash of 256.
    fn fill(&self, bytes: &mut [u8]) {
        let mut hasher = Sha256::new();
        for _ in 0..4 {
            hasher.update(self.ids.next_id().as_bytes());
        }
        for (byte, random) in bytes.iter_mut().zip(hasher.finalize()) {
            *byte = random;
        }
    }
}

/// Without the key.
impl fmt::Debug for Cursors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cursors").finish_non_exhaustive()
    }
}

impl Purpose<'_> {
    /// Callers without a name share the tokens of their provider.
    fn to_bytes(self) -> Vec<u8> {
        let by_credentials = match self.caller {
            Identity::Iam(caller) => caller.identity_id.as_deref().or(caller.user_arn.as_deref()),
            _ => None,
        };
        let name = self.caller.sub().or(by_credentials);
        let parts = [Some(VERSION), Some(self.of), Some(self.caller.provider().name()), name];
        let mut bytes = Vec::new();
        for part in parts {
            let length = part.map_or(u64::MAX, |part| u64::try_from(part.len()).unwrap_or(u64::MAX));
            bytes.extend(length.to_be_bytes());
            bytes.extend(part.unwrap_or_default().as_bytes());
        }
        bytes
    }
}

fn read(mut padded: Vec<u8>) -> Option<Place> {
    let end = padded.iter().rposition(|byte| *byte != PAD)?;
    padded.truncate(end + 1);
    let place = Place::parse(&String::from_utf8(padded).ok()?)?;
    (place.as_str().len() <= MAX_SK).then_some(place)
}

#[cfg(test)]
mod tests {
    use portcullis_rules::{Claims, IamCaller, User, VerifiedBy};

    use super::*;
    use crate::{System, position::Position, record_key::MAX_ID, record_layout::MAX_SORT, testkit};

    const LISTED: &str = "Note";

    fn place(text: &str) -> Place {
        Place::parse(text).unwrap()
    }

    fn user(sub: &str) -> User {
        User::user_pools(Claims::from_iter([("sub", sub)]), VerifiedBy::Portcullis)
    }

    fn of(caller: &Identity) -> Purpose<'_> {
        Purpose { of: LISTED, caller }
    }

    async fn cursors() -> Cursors {
        Cursors::new(testkit::table().await.unwrap(), Arc::new(System))
    }

    #[tokio::test]
    async fn a_token_leads_back_to_the_place_it_was_made_from() {
        let (cursors, ann) = (cursors().await, user("u1").into());
        for id in ["a", "x#y", "ü/ \u{1F600}", &"i".repeat(MAX_ID)] {
            let position = Position::new("2026-01-31T09:30:00.5Z".parse().unwrap(), id);
            let sorted = format!("{}\u{1}{}", "s".repeat(MAX_SORT), position.as_str());
            for text in [position.as_str(), &sorted] {
                let token = cursors.seal(of(&ann), &place(text)).await.unwrap();
                assert!(token.len() <= MAX_TOKEN);
                assert_eq!(cursors.open(of(&ann), &token).await.unwrap(), place(text));
            }
        }
    }

    #[tokio::test]
    async fn a_token_shows_nothing_and_not_how_long_a_key_is() {
        let (cursors, ann) = (cursors().await, user("u1").into());
        let mut lengths = Vec::new();
        for id in ["a", "ann@example.com", "0123456789-0123456789-0123456789-abcde"] {
            let place = place(&format!("2026-01-31T09:30:00.500Z#{id}"));
            let token = cursors.seal(of(&ann), &place).await.unwrap();
            let again = cursors.seal(of(&ann), &place).await.unwrap();
            assert_ne!(token, again, "no nonce is used twice");
            let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            assert!(!bytes.windows(4).any(|window| window == b"2026"));
            lengths.push(token.len());
        }
        assert_eq!(lengths.iter().min(), lengths.iter().max());
    }

    #[tokio::test]
    async fn a_token_is_one_of_its_caller_and_of_what_was_listed() {
        let cursors = cursors().await;
        let iam =
            |arn: &str| Identity::Iam(IamCaller { user_arn: Some(arn.to_owned()), ..IamCaller::default() });
        let callers: Vec<Identity> = vec![
            user("u1").into(),
            user("u2").into(),
            User::user_pools(Claims::default(), VerifiedBy::Portcullis).into(),
            User::oidc(Claims::from_iter([("sub", "u1")]), VerifiedBy::Portcullis).into(),
            iam("arn:a"),
            iam("arn:b"),
            Identity::ApiKey,
        ];
        let there = place("2026-01-31T09:30:00.500Z#a");
        for (at, maker) in callers.iter().enumerate() {
            let token = cursors.seal(of(maker), &there).await.unwrap();
            for (other, user) in callers.iter().enumerate() {
                let opened = cursors.open(of(user), &token).await;
                assert_eq!(opened.is_ok(), at == other, "{at} {other}");
            }
            let elsewhere = cursors.open(Purpose { of: "Notes", caller: maker }, &token).await;
            assert!(matches!(elsewhere, Err(DataError::InvalidCursor)));
        }
    }

    #[tokio::test]
    async fn a_token_in_any_other_form_is_refused() {
        let (cursors, ann) = (cursors().await, user("u1").into());
        let good = cursors.seal(of(&ann), &place("2026-01-31T09:30:00.500Z#a")).await.unwrap();
        let written = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let mut tokens = vec![
            String::new(),
            "%".to_owned(),
            "AAAA".to_owned(),
            format!("{good}="),
            format!("{good} "),
            format!("{good}AAAA"),
            // The form of earlier versions.
            written("1#Note#2026-01-31T09:30:00.500Z#a"),
            "A".repeat(1_000_000),
        ];
        let bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            tokens.push(URL_SAFE_NO_PAD.encode(changed));
            tokens.push(URL_SAFE_NO_PAD.encode(&bytes[..at]));
        }
        for token in tokens {
            let opened = cursors.open(of(&ann), &token).await;
            assert!(matches!(opened, Err(DataError::InvalidCursor)), "{token}");
        }
    }

    #[test]
    fn only_places_that_a_row_can_have_are_read() {
        let long = |length: usize| format!("{}\u{1}2026-01-31T09:30:00.500Z#a", "s".repeat(length - 27));
        for (text, expected) in [
            (long(MAX_SK), true),
            (long(MAX_SK + 1), false),
            ("2026-01-31T09:30:00.500Z#".to_owned(), false),
            ("2026-02-31T09:30:00.500Z#a".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(read(text.clone().into_bytes()).is_some(), expected, "{text}");
        }
        assert!(read(vec![0xc3, PAD, PAD]).is_none());
    }

    #[tokio::test]
    async fn all_processes_use_the_key_that_was_made_first() {
        let table = testkit::table().await.unwrap();
        let process = || Cursors::new(table.clone(), Arc::new(System));
        let (ann, there) = (user("u1").into(), place("2026-01-31T09:30:00.500Z#a"));
        let all = [process(), process(), process(), process()];
        let (a, b, c, d) = tokio::join!(
            all[0].seal(of(&ann), &there),
            all[1].seal(of(&ann), &there),
            all[2].seal(of(&ann), &there),
            all[3].seal(of(&ann), &there),
        );
        for token in [a, b, c, d] {
            assert_eq!(process().open(of(&ann), &token.unwrap()).await.unwrap(), there);
        }
        let other = cursors().await;
        let token = other.seal(of(&ann), &there).await.unwrap();
        assert!(matches!(all[0].open(of(&ann), &token).await, Err(DataError::InvalidCursor)));
        assert_eq!(format!("{other:?}"), "Cursors { .. }");
    }
}
