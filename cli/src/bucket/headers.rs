//! The headers that are kept with an object, and those that are not obeyed.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Parameters, Refusal};
use crate::template::stack::ACCOUNT;

pub(super) const COPY_SOURCE: HeaderName = HeaderName::from_static("x-amz-copy-source");
const METADATA: &str = "x-amz-meta-";
/// How large the metadata of an object may be, in bytes of names and values.
const MAX_METADATA: usize = 2048;
const CONTENT_TYPE: &str = "content-type";
/// What an object is of which nothing is said.
const DEFAULT_TYPE: &str = "binary/octet-stream";

const KEPT: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", CONTENT_TYPE, "expires"];

/// What may be said in `x-amz-..` besides. Of other things an object would be made that is not the one that was asked for.
const KNOWN: [&str; 26] = [
    "x-amz-checksum-algorithm",
    "x-amz-checksum-crc32",
    "x-amz-checksum-crc32c",
    "x-amz-checksum-crc64nvme",
    "x-amz-checksum-mode",
    "x-amz-checksum-sha1",
    "x-amz-checksum-sha256",
    "x-amz-checksum-type",
    "x-amz-content-sha256",
    "x-amz-copy-source",
    "x-amz-copy-source-if-match",
    "x-amz-copy-source-if-modified-since",
    "x-amz-copy-source-if-none-match",
    "x-amz-copy-source-if-unmodified-since",
    "x-amz-date",
    "x-amz-expected-bucket-owner",
    "x-amz-metadata-directive",
    "x-amz-mp-object-size",
    "x-amz-request-payer",
    "x-amz-sdk-checksum-algorithm",
    "x-amz-security-token",
    "x-amz-server-side-encryption",
    "x-amz-source-expected-bucket-owner",
    "x-amz-storage-class",
    // There are no tags that could be copied or replaced.
    "x-amz-tagging-directive",
    "x-amz-user-agent",
];

/// What is said with a word of which one alone is true here.
const FIXED: [(&str, &str); 2] =
    [("x-amz-server-side-encryption", "AES256"), ("x-amz-storage-class", "STANDARD")];

/// What whoever asks for an entity tag must be allowed besides.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html>
pub(super) const OF_CONDITION: &str = "s3:GetObject";

/// Headers, or the beginnings of them, that need an action of their own, for they say more than the object, or ask what it is.
const ACTIONS: [(&str, &str); 5] = [
    ("if-match", OF_CONDITION),
    ("x-amz-acl", "s3:PutObjectAcl"),
    ("x-amz-grant-", "s3:PutObjectAcl"),
    ("x-amz-object-lock-", "s3:PutObjectRetention"),
    ("x-amz-tagging", "s3:PutObjectTagging"),
];

/// The parameters that a presigned URL carries its signature in.
const SIGNATURE: [&str; 7] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// The headers of an object.
pub(super) type Kept = BTreeMap<String, String>;

/// Whether a header of this name is kept with an object.
pub(super) fn is_kept(name: &str) -> bool {
    KEPT.iter().any(|kept| name.eq_ignore_ascii_case(kept)) || name.eq_ignore_ascii_case("content-md5")
}

/// The headers of a request that are kept with the object which it makes.
pub(super) fn kept(headers: &HeaderMap) -> Result<Kept, Refusal> {
    let mut kept = Kept::new();
    let mut metadata = 0;
    for name in headers.keys() {
        let is_metadata = name.as_str().starts_with(METADATA);
        if !is_metadata && !KEPT.contains(&name.as_str()) {
            continue;
        }
        let mut values = Vec::new();
        for value in headers.get_all(name) {
            values.push(std::str::from_utf8(value.as_bytes()).map_err(|_| {
                Refusal::InvalidArgument("A header that is kept with the object is no UTF-8.")
            })?);
        }
        let value = values.join(",");
        if is_metadata {
            metadata += name.as_str().len() - METADATA.len() + value.len();
        }
        kept.insert(name.as_str().to_owned(), value);
    }
    if metadata > MAX_METADATA {
        return Err(Refusal::MetadataTooLarge);
    }
    kept.entry(CONTENT_TYPE.to_owned()).or_insert_with(|| DEFAULT_TYPE.to_owned());
    Ok(kept)
}

/// Puts the headers of an object into an answer.
pub(super) fn tell(kept: &Kept, headers: &mut HeaderMap) {
    for (name, value) in kept {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes()))
        {
            headers.insert(name, value);
        }
    }
}

/// The actions that headers ask for.
pub(super) fn actions(headers: &HeaderMap) -> impl Iterator<Item = &'static str> {
    let names = |header: &str| {
        let is = |name: &str| name == header || header.ends_with('-') && name.starts_with(header);
        headers.keys().any(|name| is(name.as_str()))
    };
    ACTIONS.into_iter().filter(move |(header, _)| names(header)).map(|(_, action)| action)
}

/// What a presigned URL says in its query is as good as a header. Checksums are not: S3 looks at none there, and the SDK for JavaScript
/// puts that of an empty body into a URL for another.
pub(super) fn adopt(query: &Parameters, headers: &mut HeaderMap) -> Result<(), Refusal> {
    for name in query.names() {
        let lower = name.to_ascii_lowercase();
        let is_checksum = lower.starts_with("x-amz-checksum-") || lower == "x-amz-sdk-checksum-algorithm";
        if !lower.starts_with("x-amz-") || SIGNATURE.contains(&lower.as_str()) || is_checksum {
            continue;
        }
        let value = HeaderValue::from_str(query.get(name).unwrap_or_default());
        match (HeaderName::try_from(lower), value) {
            (Ok(name), Ok(value)) => headers.entry(name).or_insert(value),
            _ => return Err(Refusal::InvalidArgument("A parameter of the query is no header.")),
        };
    }
    Ok(())
}

/// Refuses what is said and would not be done.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, value) in headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-")) {
        let name = name.as_str();
        let is_known = name.starts_with(METADATA) || KNOWN.contains(&name);
        let is_true = FIXED.iter().all(|(fixed, word)| *fixed != name || value == word);
        if !is_known || !is_true {
            return Err(Refusal::NotImplemented);
        }
        if name.ends_with("expected-bucket-owner") && value != ACCOUNT {
            return Err(Refusal::AccessDenied);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn an_object_keeps_what_it_is_and_what_is_said_about_it() {
        let given = headers(&[
            ("content-type", "text/plain"),
            ("cache-control", "no-store"),
            ("x-amz-meta-mood", "calm"),
            ("x-amz-date", "20260101T000000Z"),
            ("authorization", "secret"),
        ]);
        let kept = kept(&given).unwrap();
        let names: Vec<&str> = kept.keys().map(String::as_str).collect();
        assert_eq!(names, ["cache-control", "content-type", "x-amz-meta-mood"]);
        let mut told = HeaderMap::new();
        tell(&kept, &mut told);
        assert_eq!(
            told,
            headers(&[
                ("cache-control", "no-store"),
                ("content-type", "text/plain"),
                ("x-amz-meta-mood", "calm"),
            ])
        );
        assert_eq!(super::kept(&HeaderMap::new()).unwrap()["content-type"], "binary/octet-stream");
    }

    #[test]
    fn metadata_is_at_most_two_kilobytes() {
        for (length, good) in [(2044, true), (2045, false)] {
            let value = "v".repeat(length);
            assert_eq!(kept(&headers(&[("x-amz-meta-name", &value)])).is_ok(), good, "{length}");
        }
    }

    #[test]
    fn what_would_not_be_done_is_refused() {
        for (name, value, expected) in [
            ("x-amz-user-agent", "aws-amplify", Ok(())),
            ("x-amz-meta-anything", "a", Ok(())),
            ("x-amz-server-side-encryption", "AES256", Ok(())),
            ("x-amz-server-side-encryption", "aws:kms", Err(Refusal::NotImplemented)),
            ("x-amz-server-side-encryption-customer-key", "a", Err(Refusal::NotImplemented)),
            ("x-amz-storage-class", "STANDARD", Ok(())),
            ("x-amz-storage-class", "GLACIER", Err(Refusal::NotImplemented)),
            ("x-amz-website-redirect-location", "/a", Err(Refusal::NotImplemented)),
            ("x-amz-trailer", "x-amz-checksum-crc32", Err(Refusal::NotImplemented)),
            ("x-amz-acl", "public-read", Err(Refusal::NotImplemented)),
            ("x-amz-expected-bucket-owner", "000000000000", Ok(())),
            ("x-amz-expected-bucket-owner", "111111111111", Err(Refusal::AccessDenied)),
        ] {
            assert_eq!(check(&headers(&[(name, value)])), expected, "{name}: {value}");
        }
    }

    #[test]
    fn a_header_that_says_more_than_the_object_needs_an_action() {
        for (name, action) in [
            ("x-amz-acl", Some("s3:PutObjectAcl")),
            ("x-amz-grant-full-control", Some("s3:PutObjectAcl")),
            ("x-amz-tagging", Some("s3:PutObjectTagging")),
            ("x-amz-object-lock-mode", Some("s3:PutObjectRetention")),
            ("if-match", Some("s3:GetObject")),
            ("if-none-match", None),
            ("x-amz-tagging-directive", None),
            ("x-amz-meta-acl", None),
        ] {
            let given = headers(&[(name, "a")]);
            assert_eq!(actions(&given).collect::<Vec<_>>(), Vec::from_iter(action), "{name}");
        }
    }

    #[test]
    fn a_presigned_url_says_in_its_query_what_headers_say() {
        let query =
            Parameters::parse("X-Amz-Signature=s&X-Amz-Date=d&x-amz-acl=public-read&X-Amz-Meta-A=b").unwrap();
        let mut given = headers(&[("x-amz-meta-a", "c")]);
        adopt(&query, &mut given).unwrap();
        assert_eq!(given, headers(&[("x-amz-acl", "public-read"), ("x-amz-meta-a", "c")]));
        let broken = Parameters::parse("x-amz-meta-a=b%0Ac").unwrap();
        assert!(adopt(&broken, &mut HeaderMap::new()).is_err());
    }
}
