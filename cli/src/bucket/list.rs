//! Lists of objects, in both versions of the operation.

use std::sync::Arc;

use axum::response::Response;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;

use super::{
    Parameters, Refusal,
    store::{Listed, Store},
    xml::{self, NAMESPACE},
};

/// The most keys of one page.
const MAX_KEYS: u64 = 1000;
/// How many objects are looked at together.
const STEP: usize = 250;
/// What is left as it is where keys are asked for in the encoding of URLs.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Start {
    /// Behind this key; nothing is before an empty one.
    Key(String),
    /// Behind all keys that begin like this.
    Prefix(String),
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ListQuery {
    prefix: String,
    delimiter: Option<String>,
    max_keys: u64,
    encoded: bool,
    start: Start,
    /// As the client gave it.
    token: Option<String>,
    start_after: Option<String>,
    /// Only in the first version.
    marker: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Page {
    objects: Vec<Listed>,
    prefixes: Vec<String>,
    next: Option<Start>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ListBucketResult<'a> {
    #[serde(rename = "@xmlns")]
    namespace: &'static str,
    name: &'a str,
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_after: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_continuation_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_count: Option<usize>,
    max_keys: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    delimiter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encoding_type: Option<&'static str>,
    is_truncated: bool,
    contents: Vec<Contents>,
    common_prefixes: Vec<CommonPrefix>,
}

#[derive(Debug, Serialize)]
struct Contents {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "LastModified")]
    last_modified: String,
    #[serde(rename = "ETag")]
    etag: String,
    #[serde(rename = "Size")]
    size: u64,
    #[serde(rename = "StorageClass")]
    storage_class: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CommonPrefix {
    prefix: String,
}

impl ListQuery {
    /// The second version has a token that says where to go on, and the first a key.
    pub(super) fn read(query: &Parameters, second: bool) -> Result<Self, Refusal> {
        let text = |name: &str| query.get(name).map(str::to_owned);
        let encoded = match query.get("encoding-type") {
            None | Some("") => false,
            Some("url") => true,
            Some(_) => return Err(Refusal::InvalidArgument("Invalid Encoding Method specified in Request")),
        };
        let (token, start_after) = (text("continuation-token"), text("start-after"));
        let marker = (!second).then(|| text("marker").unwrap_or_default());
        let start = match (&token, &start_after, &marker) {
            (Some(token), _, _) => Start::of_token(token)
                .ok_or(Refusal::InvalidArgument("The continuation token provided is incorrect"))?,
            (None, Some(after), _) => Start::Key(after.clone()),
            (None, None, marker) => Start::Key(marker.clone().unwrap_or_default()),
        };
        Ok(Self {
            prefix: text("prefix").unwrap_or_default(),
            delimiter: text("delimiter").filter(|delimiter| !delimiter.is_empty()),
            max_keys: query.number("max-keys")?.unwrap_or(MAX_KEYS).min(MAX_KEYS),
            encoded,
            start,
            token,
            start_after,
            marker,
        })
    }

    pub(super) async fn answer(self, store: &Arc<Store>, bucket: &str) -> Result<Response, Refusal> {
        let query = self.clone();
        let page = store.run(move |store| query.page(store)).await?;
        let encode = |text: &str| match self.encoded {
            true => utf8_percent_encode(text, ENCODED).to_string(),
            false => text.to_owned(),
        };
        let is_second = self.marker.is_none();
        // The first version names it only where there is a delimiter; without one it is the last key.
        let next_marker = page.next.as_ref().filter(|_| !is_second && self.delimiter.is_some());
        let document = ListBucketResult {
            namespace: NAMESPACE,
            name: bucket,
            prefix: encode(&self.prefix),
            marker: self.marker.as_deref().map(encode),
            next_marker: next_marker.map(|next| encode(next.text())),
            start_after: self.start_after.as_deref().map(encode),
            continuation_token: self.token.as_deref(),
            next_continuation_token: page.next.as_ref().filter(|_| is_second).map(Start::token),
            key_count: is_second.then_some(page.objects.len() + page.prefixes.len()),
            max_keys: self.max_keys,
            delimiter: self.delimiter.as_deref().map(encode),
            encoding_type: self.encoded.then_some("url"),
            is_truncated: page.next.is_some(),
            contents: page
                .objects
                .into_iter()
                .map(|object| Contents {
                    key: encode(&object.key),
                    last_modified: format!("{:.3}", object.modified),
                    etag: format!("\"{}\"", object.etag),
                    size: object.size,
                    storage_class: "STANDARD",
                })
                .collect(),
            common_prefixes: page
                .prefixes
                .iter()
                .map(|prefix| CommonPrefix { prefix: encode(prefix) })
                .collect(),
        };
        xml::answer("ListBucketResult", &document)
    }

    fn page(&self, store: &Store) -> Result<Page, Refusal> {
        let mut page = Page::default();
        if self.max_keys == 0 {
            return Ok(page);
        }
        let mut last: Option<Start> = None;
        // Keys before the prefix need not be looked at.
        let (mut from, mut behind) = match &self.start {
            Start::Key(key) if *key < self.prefix => (self.prefix.clone(), false),
            start => (start.last(), true),
        };
        let mut count = 0_u64;
        'steps: loop {
            let rows = store.following(&from, behind, STEP)?;
            let Some(end) = rows.last().map(|row| row.key.clone()) else { break };
            (from, behind) = (end, true);
            for row in rows {
                let Some(rest) = row.key.strip_prefix(&self.prefix) else {
                    // In order of their keys, those that begin alike stand together.
                    break 'steps;
                };
                let common = self.delimiter.as_ref().and_then(|delimiter| {
                    let end = rest.find(delimiter.as_str())?.checked_add(delimiter.len())?;
                    Some(format!("{}{}", self.prefix, rest.get(..end)?))
                });
                if common.as_ref().is_some_and(|common| self.has_been_told(common, last.as_ref())) {
                    continue;
                }
                if count == self.max_keys {
                    page.next = last;
                    break 'steps;
                }
                count += 1;
                match common {
                    None => {
                        last = Some(Start::Key(row.key.clone()));
                        page.objects.push(row);
                    }
                    Some(common) => {
                        let told = Start::Prefix(common.clone());
                        (from, behind) = (told.last(), true);
                        last = Some(told);
                        page.prefixes.push(common);
                        // The others that begin like this are passed over, however many they are.
                        continue 'steps;
                    }
                }
            }
        }
        Ok(page)
    }

    /// Whether these keys have been told together already, on this page or on one before.
    fn has_been_told(&self, common: &str, last: Option<&Start>) -> bool {
        let start = match last {
            Some(last) => last,
            None => &self.start,
        };
        start.text() == common
    }
}

impl Start {
    fn text(&self) -> &str {
        match self {
            Self::Key(text) | Self::Prefix(text) => text,
        }
    }

    /// The last key before the page, or one that stands before it.
    fn last(&self) -> String {
        match self {
            Self::Key(key) => key.clone(),
            // No character is greater.
            Self::Prefix(prefix) => format!("{prefix}{}", char::MAX),
        }
    }

    fn token(&self) -> String {
        let kind = match self {
            Self::Key(_) => 'k',
            Self::Prefix(_) => 'p',
        };
        URL_SAFE_NO_PAD.encode(format!("{kind}{}", self.text()))
    }

    fn of_token(token: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (kind, text) = text.split_at_checked(1)?;
        match kind {
            "k" => Some(Self::Key(text.to_owned())),
            "p" => Some(Self::Prefix(text.to_owned())),
            _ => None,
        }
    }
}
