//! Which bucket and which object a request names.

use http::{HeaderValue, Uri, header::HOST, request::Parts};
use percent_encoding::percent_decode_str;

use super::{Key, Refusal};
use crate::{loopback::is_loopback_host, template::stack::REGION};

/// Behind a name that is none of this machine, so that it leads here nevertheless: browsers take `*.localhost` for this machine.
const LOCALHOST: &str = ".localhost";

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) bucket: Option<String>,
    pub(super) key: Option<Key>,
}

impl Address {
    /// The bucket is the first segment of the path, or it begins the name of the host. After this the request has the host that was signed.
    ///
    /// | `Host` | bucket | signed for |
    /// | --- | --- | --- |
    /// | `localhost:20005`, `127.0.0.1:20005` | in the path | the same |
    /// | `BUCKET.localhost:20005` | in the host | the same |
    /// | `BUCKET.s3.us-east-1.amazonaws.com.localhost:20005` | in the host | `BUCKET.s3.us-east-1.amazonaws.com` |
    /// | `s3.us-east-1.amazonaws.com.localhost:20005` | in the path | `s3.us-east-1.amazonaws.com` |
    ///
    /// The last two are for clients that sign for S3 and can only be sent here afterwards, as Amplify's in a browser.
    pub(super) fn read(parts: &mut Parts) -> Result<Self, Refusal> {
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned();
        if is_loopback_host(&host) {
            return Self::in_path(&parts.uri);
        }
        let name = host.split_once(':').map_or(host.as_str(), |(name, _)| name);
        let Some(name) = name.strip_suffix(LOCALHOST) else { return Err(Refusal::AccessDenied) };
        let service = format!("s3.{REGION}.amazonaws.com");
        let bucket = match name.strip_suffix(&service) {
            None => Some(name.to_owned()),
            Some("") => None,
            Some(bucket) => Some(bucket.strip_suffix('.').ok_or(Refusal::AccessDenied)?.to_owned()),
        };
        if name.ends_with(&service) {
            let signed = HeaderValue::from_str(name).map_err(|_| Refusal::InvalidUri)?;
            parts.headers.insert(HOST, signed);
        }
        match bucket {
            None => Self::in_path(&parts.uri),
            Some(bucket) => Ok(Self { bucket: Some(bucket), key: key(parts.uri.path())? }),
        }
    }

    fn in_path(uri: &Uri) -> Result<Self, Refusal> {
        let path = uri.path().strip_prefix('/').unwrap_or_default();
        let (bucket, rest) = path.find('/').map_or((path, ""), |end| path.split_at(end));
        let bucket = decode(bucket)?;
        Ok(Self { bucket: (!bucket.is_empty()).then_some(bucket), key: key(rest)? })
    }

    /// What `x-amz-copy-source` names: a bucket and a key, with or without a slash before them.
    pub(super) fn of_copy_source(text: &str) -> Result<(String, Key), Refusal> {
        // A version is asked for behind a question mark, and there are none here.
        if text.contains('?') {
            return Err(Refusal::AccessDenied);
        }
        let source = decode(text.strip_prefix('/').unwrap_or(text))?;
        let (bucket, key) =
            source.split_once('/').ok_or(Refusal::InvalidArgument("Invalid copy source object key"))?;
        Ok((bucket.to_owned(), Key::parse(key)?))
    }
}

/// The key in a path that begins with a slash.
fn key(path: &str) -> Result<Option<Key>, Refusal> {
    match decode(path.strip_prefix('/').unwrap_or_default())?.as_str() {
        "" => Ok(None),
        key => Key::parse(key).map(Some),
    }
}

fn decode(text: &str) -> Result<String, Refusal> {
    // A percent sign that begins nothing could be read in two ways.
    let mut rest = text.split('%').skip(1);
    let is_code =
        |part: &str| part.as_bytes().get(..2).is_some_and(|code| code.iter().all(u8::is_ascii_hexdigit));
    if !rest.all(is_code) {
        return Err(Refusal::InvalidUri);
    }
    percent_decode_str(text).decode_utf8().map(Into::into).map_err(|_| Refusal::InvalidUri)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bucket and the key.
    type Named = (Option<String>, Option<String>);

    fn read(host: &str, path: &str) -> (Result<Named, Refusal>, String) {
        let request = http::Request::get(path).header(HOST, host).body(()).unwrap();
        let (mut parts, ()) = request.into_parts();
        let address = Address::read(&mut parts);
        let key = |address: Address| (address.bucket, address.key.map(|key| key.as_str().to_owned()));
        (address.map(key), parts.headers[HOST].to_str().unwrap().to_owned())
    }

    #[test]
    fn a_bucket_is_named_in_the_path_or_in_the_host() {
        for (host, path, bucket, key) in [
            ("localhost:20005", "/", None, None),
            ("localhost:20005", "/files", Some("files"), None),
            ("127.0.0.1:20005", "/files/", Some("files"), None),
            ("localhost:20005", "/files/a/b%20c+d", Some("files"), Some("a/b c+d")),
            ("localhost:20005", "/files//a", Some("files"), Some("/a")),
            ("localhost:20005", "/files/../a", Some("files"), Some("../a")),
            ("localhost:20005", "/files/%2e%2e%2fa", Some("files"), Some("../a")),
            ("localhost:20005", "/files/%C3%BC/", Some("files"), Some("ü/")),
            ("files.localhost:20005", "/a/b", Some("files"), Some("a/b")),
            ("files.localhost", "/", Some("files"), None),
        ] {
            let expected = (bucket.map(str::to_owned), key.map(str::to_owned));
            assert_eq!(read(host, path), (Ok(expected), host.to_owned()), "{host} {path}");
        }
    }

    #[test]
    fn what_was_signed_for_s3_itself_is_read_as_it_was_signed() {
        for (host, path, bucket, signed) in [
            (
                "files.s3.us-east-1.amazonaws.com.localhost:20005",
                "/a",
                "files",
                "files.s3.us-east-1.amazonaws.com",
            ),
            ("s3.us-east-1.amazonaws.com.localhost:1", "/files/a", "files", "s3.us-east-1.amazonaws.com"),
        ] {
            let expected = (Some(bucket.to_owned()), Some("a".to_owned()));
            assert_eq!(read(host, path), (Ok(expected), signed.to_owned()), "{host}");
        }
    }

    #[test]
    fn what_names_nothing_is_refused() {
        let long = format!("/files/{}", "k".repeat(1025));
        for (host, path, refusal) in [
            ("example.com", "/files/a", Refusal::AccessDenied),
            ("files.s3.us-east-1.amazonaws.com", "/a", Refusal::AccessDenied),
            ("xs3.us-east-1.amazonaws.com.localhost", "/a", Refusal::AccessDenied),
            ("localhost", "/files/%ff", Refusal::InvalidUri),
            ("localhost", "/files/%zz", Refusal::InvalidUri),
            ("localhost", "/files/100%", Refusal::InvalidUri),
            ("localhost", "/files/a%00b", Refusal::InvalidUri),
            ("localhost", &long, Refusal::KeyTooLong),
        ] {
            assert_eq!(read(host, path).0, Err(refusal), "{host} {path}");
        }
    }

    #[test]
    fn a_source_of_a_copy_is_a_bucket_and_a_key() {
        for source in ["/files/a%20b/c", "files/a%20b/c", "files/a b/c"] {
            let (bucket, key) = Address::of_copy_source(source).unwrap();
            assert_eq!((bucket.as_str(), key.as_str()), ("files", "a b/c"), "{source}");
        }
        for (source, refusal) in [
            ("files", Refusal::InvalidArgument("Invalid copy source object key")),
            ("files/", Refusal::InvalidUri),
            ("files/a?versionId=1", Refusal::AccessDenied),
            ("files/%ff", Refusal::InvalidUri),
        ] {
            assert_eq!(Address::of_copy_source(source), Err(refusal), "{source}");
        }
    }
}
