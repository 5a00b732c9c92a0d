//! What a request asks for.

use http::{HeaderMap, Method};

use super::{Parameters, headers};

/// The operations that there are. Of every other one of S3 it is said that the policies do not allow it, which is true of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    AbortMultipartUpload,
    CompleteMultipartUpload,
    CopyObject,
    CreateMultipartUpload,
    DeleteObject,
    DeleteObjects,
    GetObject,
    HeadBucket,
    HeadObject,
    ListObjects,
    ListObjectsV2,
    ListParts,
    PutObject,
    UploadPart,
}

impl Operation {
    /// The operation of a request to the bucket, or to an object of it.
    pub(super) fn of(
        method: &Method,
        to_object: bool,
        query: &Parameters,
        headers: &HeaderMap,
    ) -> Option<Self> {
        let copies = headers.contains_key(headers::COPY_SOURCE);
        let uploads = query.has("uploadId");
        let operation = match (method.as_str(), to_object) {
            ("GET", false) if query.get("list-type") == Some("2") => Self::ListObjectsV2,
            ("GET", false) => Self::ListObjects,
            ("HEAD", false) => Self::HeadBucket,
            ("POST", false) if query.has("delete") => Self::DeleteObjects,
            ("GET", true) if uploads => Self::ListParts,
            ("GET", true) => Self::GetObject,
            ("HEAD", true) => Self::HeadObject,
            ("PUT", true) if uploads && !copies => Self::UploadPart,
            ("PUT", true) if copies => Self::CopyObject,
            ("PUT", true) => Self::PutObject,
            ("POST", true) if query.has("uploads") => Self::CreateMultipartUpload,
            ("POST", true) if uploads => Self::CompleteMultipartUpload,
            ("DELETE", true) if uploads => Self::AbortMultipartUpload,
            ("DELETE", true) => Self::DeleteObject,
            _ => return None,
        };
        // A parameter that says something else, such as `acl` or `versionId`, makes another operation of it.
        let knows = |name: &str| {
            operation.parameters().contains(&name)
                || name.eq_ignore_ascii_case("x-id")
                || name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
                // Amplify puts the headers of an upload into a presigned URL.
                || headers::is_kept(name)
        };
        query.names().all(knows).then_some(operation)
    }

    /// The name at AWS.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::AbortMultipartUpload => "AbortMultipartUpload",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::CopyObject => "CopyObject",
            Self::CreateMultipartUpload => "CreateMultipartUpload",
            Self::DeleteObject => "DeleteObject",
            Self::DeleteObjects => "DeleteObjects",
            Self::GetObject => "GetObject",
            Self::HeadBucket => "HeadBucket",
            Self::HeadObject => "HeadObject",
            Self::ListObjects => "ListObjects",
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::ListParts => "ListParts",
            Self::PutObject => "PutObject",
            Self::UploadPart => "UploadPart",
        }
    }

    /// The action that the policies must allow. A copy needs another one on its source, and a deletion of several this one on each.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html>
    pub(super) fn action(self) -> &'static str {
        match self {
            Self::AbortMultipartUpload => "s3:AbortMultipartUpload",
            Self::CompleteMultipartUpload
            | Self::CopyObject
            | Self::CreateMultipartUpload
            | Self::PutObject
            | Self::UploadPart => "s3:PutObject",
            Self::DeleteObject | Self::DeleteObjects => "s3:DeleteObject",
            Self::GetObject | Self::HeadObject => "s3:GetObject",
            Self::HeadBucket | Self::ListObjects | Self::ListObjectsV2 => "s3:ListBucket",
            Self::ListParts => "s3:ListMultipartUploadParts",
        }
    }

    fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::AbortMultipartUpload | Self::CompleteMultipartUpload => &["uploadId"],
            Self::CreateMultipartUpload => &["uploads"],
            Self::CopyObject | Self::DeleteObject | Self::HeadBucket | Self::PutObject => &[],
            Self::DeleteObjects => &["delete"],
            Self::GetObject | Self::HeadObject => &[
                "response-cache-control",
                "response-content-disposition",
                "response-content-encoding",
                "response-content-language",
                "response-content-type",
                "response-expires",
            ],
            Self::ListObjects => &["delimiter", "encoding-type", "marker", "max-keys", "prefix"],
            Self::ListObjectsV2 => &[
                "continuation-token",
                "delimiter",
                "encoding-type",
                "fetch-owner",
                "list-type",
                "max-keys",
                "prefix",
                "start-after",
            ],
            Self::ListParts => &["max-parts", "part-number-marker", "uploadId"],
            Self::UploadPart => &["partNumber", "uploadId"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(method: &str, to_object: bool, query: &str, copies: bool) -> Option<Operation> {
        let mut headers = HeaderMap::new();
        if copies {
            headers.insert(headers::COPY_SOURCE, "files/a".parse().unwrap());
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        Operation::of(&method, to_object, &Parameters::parse(query).unwrap(), &headers)
    }

    #[test]
    fn an_operation_is_told_by_method_path_and_query() {
        for (method, to_object, query, copies, name, action) in [
            ("GET", true, "x-id=GetObject", false, "GetObject", "s3:GetObject"),
            ("GET", true, "response-content-type=text/html", false, "GetObject", "s3:GetObject"),
            ("HEAD", true, "response-cache-control=no-store", false, "HeadObject", "s3:GetObject"),
            ("PUT", true, "x-id=PutObject", false, "PutObject", "s3:PutObject"),
            (
                "PUT",
                true,
                "content-type=a&x-amz-meta-b=c&x-amz-user-agent=d",
                false,
                "PutObject",
                "s3:PutObject",
            ),
            ("PUT", true, "", true, "CopyObject", "s3:PutObject"),
            ("DELETE", true, "x-id=DeleteObject", false, "DeleteObject", "s3:DeleteObject"),
            ("POST", true, "uploads", false, "CreateMultipartUpload", "s3:PutObject"),
            ("PUT", true, "partNumber=1&uploadId=u", false, "UploadPart", "s3:PutObject"),
            ("POST", true, "uploadId=u", false, "CompleteMultipartUpload", "s3:PutObject"),
            ("GET", true, "uploadId=u", false, "ListParts", "s3:ListMultipartUploadParts"),
            ("DELETE", true, "uploadId=u", false, "AbortMultipartUpload", "s3:AbortMultipartUpload"),
            ("GET", false, "list-type=2&prefix=a/", false, "ListObjectsV2", "s3:ListBucket"),
            ("GET", false, "marker=a", false, "ListObjects", "s3:ListBucket"),
            ("HEAD", false, "", false, "HeadBucket", "s3:ListBucket"),
            ("POST", false, "delete", false, "DeleteObjects", "s3:DeleteObject"),
        ] {
            let operation =
                of(method, to_object, query, copies).unwrap_or_else(|| panic!("{method} {query}"));
            assert_eq!((operation.name(), operation.action()), (name, action), "{method} {query}");
        }
    }

    #[test]
    fn whatever_is_not_in_the_table_is_no_operation() {
        for (method, to_object, query, copies) in [
            ("GET", true, "acl", false),
            ("PUT", true, "acl", false),
            ("GET", true, "tagging", false),
            ("PUT", true, "tagging", false),
            ("GET", true, "versionId=1", false),
            ("DELETE", true, "versionId=1", false),
            ("GET", true, "attributes", false),
            ("GET", true, "torrent", false),
            ("GET", true, "partNumber=1", false),
            ("PUT", true, "retention", false),
            ("PUT", true, "legal-hold", false),
            ("POST", true, "restore", false),
            ("POST", true, "select&select-type=2", false),
            ("POST", true, "", false),
            ("PUT", true, "partNumber=1", false),
            ("PUT", true, "partNumber=1&uploadId=u", true),
            ("PATCH", true, "", false),
            ("GET", false, "uploads", false),
            ("GET", false, "versions", false),
            ("GET", false, "location", false),
            ("GET", false, "policy", false),
            ("PUT", false, "policy", false),
            ("PUT", false, "", false),
            ("DELETE", false, "", false),
            ("POST", false, "", false),
            ("GET", false, "list-type=2&versions", false),
            ("GET", false, "list-type=3", false),
        ] {
            assert_eq!(of(method, to_object, query, copies), None, "{method} {query}");
        }
    }
}
