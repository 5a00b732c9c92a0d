//! The documents of S3.

use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use quick_xml::{de, se};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Refusal;

pub(super) const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// What a client wants to be deleted.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Delete {
    #[serde(rename = "Object", default)]
    pub(super) objects: Vec<ObjectIdentifier>,
    #[serde(rename = "Quiet", default)]
    pub(super) quiet: bool,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ObjectIdentifier {
    pub(super) key: String,
    pub(super) version_id: Option<String>,
    #[serde(rename = "ETag")]
    pub(super) etag: Option<String>,
    pub(super) last_modified_time: Option<String>,
    pub(super) size: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct DeleteResult {
    #[serde(rename = "@xmlns")]
    pub(super) namespace: &'static str,
    #[serde(rename = "Deleted")]
    pub(super) deleted: Vec<Deleted>,
    #[serde(rename = "Error")]
    pub(super) errors: Vec<DeleteError>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Deleted {
    pub(super) key: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteError {
    pub(super) key: String,
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// The parts that an object is made of.
#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct CompleteMultipartUpload {
    #[serde(rename = "Part", default)]
    pub(super) parts: Vec<CompletedPart>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(super) struct CompletedPart {
    #[serde(rename = "PartNumber")]
    pub(super) number: u64,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct InitiateMultipartUploadResult<'a> {
    #[serde(rename = "@xmlns")]
    pub(super) namespace: &'static str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) upload_id: &'a str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CompleteMultipartUploadResult<'a> {
    #[serde(rename = "@xmlns")]
    pub(super) namespace: &'static str,
    pub(super) location: String,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
}

#[derive(Debug, Serialize)]
pub(super) struct CopyObjectResult {
    #[serde(rename = "@xmlns")]
    pub(super) namespace: &'static str,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
    #[serde(rename = "LastModified")]
    pub(super) last_modified: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListPartsResult<'a> {
    #[serde(rename = "@xmlns")]
    pub(super) namespace: &'static str,
    pub(super) bucket: &'a str,
    pub(super) key: &'a str,
    pub(super) upload_id: &'a str,
    pub(super) part_number_marker: u64,
    pub(super) next_part_number_marker: u64,
    pub(super) max_parts: u64,
    pub(super) is_truncated: bool,
    #[serde(rename = "Part")]
    pub(super) parts: Vec<ListedPart>,
}

#[derive(Debug, Serialize)]
pub(super) struct ListedPart {
    #[serde(rename = "PartNumber")]
    pub(super) number: u64,
    #[serde(rename = "LastModified")]
    pub(super) last_modified: String,
    #[serde(rename = "ETag")]
    pub(super) etag: String,
    #[serde(rename = "Size")]
    pub(super) size: u64,
}

/// Reads a document of a client. What is not known in it is passed over, as S3 does.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::MalformedXml)?;
    de::from_str(text).map_err(|_| Refusal::MalformedXml)
}

/// An answer that is a document.
pub(super) fn answer(name: &str, document: &impl Serialize) -> Result<Response, Refusal> {
    let body = se::to_string_with_root(name, document).map_err(|error| Refusal::internal(&error))?;
    let text = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{body}");
    Ok(([(CONTENT_TYPE, "application/xml")], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_clients_are_read() {
        let delete = r#"<?xml version="1.0" encoding="UTF-8"?>
            <Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>
            <Object><Key>a &amp; b &#252; &lt;c&gt;</Key></Object><Object><Key>d</Key><VersionId>1</VersionId></Object></Delete>"#;
        let delete: Delete = read(delete.as_bytes()).unwrap();
        assert!(delete.quiet);
        let keys: Vec<&str> = delete.objects.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(keys, ["a & b ü <c>", "d"]);
        assert_eq!(delete.objects[1].version_id.as_deref(), Some("1"));
        let complete = "<CompleteMultipartUpload><Part><ETag>\"a\"</ETag><PartNumber>1</PartNumber><ChecksumCRC32>x</ChecksumCRC32>\
            </Part><Part><PartNumber>2</PartNumber><ETag>&quot;b&quot;</ETag></Part></CompleteMultipartUpload>";
        let complete: CompleteMultipartUpload = read(complete.as_bytes()).unwrap();
        let parts: Vec<(u64, &str)> =
            complete.parts.iter().map(|part| (part.number, part.etag.as_str())).collect();
        assert_eq!(parts, [(1, "\"a\""), (2, "\"b\"")]);
    }

    #[test]
    fn what_is_no_such_document_is_refused() {
        let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><Delete><Object><Key>&b;</Key></Object></Delete>";
        for text in ["", "<", "<Delete><Object></Delete>", "<Delete><Object></Object></Delete>", bomb] {
            assert_eq!(read::<Delete>(text.as_bytes()), Err(Refusal::MalformedXml), "{text}");
        }
        assert_eq!(read::<Delete>(b"<Delete>\xff</Delete>"), Err(Refusal::MalformedXml));
    }

    #[test]
    fn a_document_may_be_as_deep_as_it_is_long() {
        let deep = format!("{}{}", "<a>".repeat(200_000), "</a>".repeat(200_000));
        for text in [deep.clone(), format!("<Delete>{deep}</Delete>")] {
            assert!(read::<Delete>(text.as_bytes()).unwrap().objects.is_empty());
        }
        let key = format!("<Delete><Object><Key>{deep}</Key></Object></Delete>");
        assert_eq!(read::<Delete>(key.as_bytes()), Err(Refusal::MalformedXml));
    }

    #[tokio::test]
    async fn what_a_key_has_in_it_is_escaped() {
        let document = DeleteResult {
            namespace: NAMESPACE,
            deleted: vec![Deleted { key: "a<b>&\"c\"".to_owned() }],
            errors: Vec::new(),
        };
        let response = answer("DeleteResult", &document).unwrap();
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        let text = std::str::from_utf8(&body).unwrap();
        assert!(text.contains("<Key>a&lt;b&gt;&amp;"), "{text}");
        assert!(text.contains("<DeleteResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"), "{text}");
    }
}
