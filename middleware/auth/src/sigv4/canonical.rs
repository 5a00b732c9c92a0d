//! The one form of a request that is signed.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use http::{HeaderMap, HeaderName, Uri, header::HOST};

use super::{SignatureError, authorization::incomplete};

/// The parameters that a presigned URL carries its signature in.
const SIGNATURE_PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    "X-Amz-Security-Token",
];

/// What is done with `.`, `..` and empty segments of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dots {
    /// A path that has any is refused: what is signed is then what is routed.
    Refuse,
    /// They are resolved before the path is signed, as most services do.
    Resolve,
    /// They are signed as they are, as S3 does.
    Keep,
}

/// The query, in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    /// Decoded.
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// A query that could be read in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ambiguous;

impl Query {
    /// Digits of percent-encodings must be in upper case, so that there is one way to write each. A `+` is the space that it is to those who
    /// read forms.
    pub(super) fn parse(uri: &Uri) -> Result<Self, Ambiguous> {
        let query = uri.query().unwrap_or_default();
        if query.is_empty() {
            return Ok(Self { pairs: Vec::new() });
        }
        let pairs = query.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        Ok(Self { pairs: pairs.collect::<Result<_, _>>()? })
    }

    /// Whether a query that cannot be read has one of these parameters nevertheless.
    pub(super) fn seems_to_have(uri: &Uri, names: &[&str]) -> bool {
        uri.query().unwrap_or_default().split('&').any(|pair| {
            let name = decode(pair.split('=').next().unwrap_or_default());
            name.is_ok_and(|name| names.iter().any(|known| known.as_bytes() == name))
        })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.pairs.iter().any(|(known, _)| known == name.as_bytes())
    }

    /// The value of a parameter that may be there once.
    pub(super) fn one(&self, name: &str) -> Result<Option<String>, Ambiguous> {
        let mut values = self.pairs.iter().filter(|(known, _)| known == name.as_bytes());
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some((_, value)), None) => String::from_utf8(value.clone()).map(Some).map_err(|_| Ambiguous),
            (Some(_), Some(_)) => Err(Ambiguous),
        }
    }

    /// Encoded and in order, without the signature itself.
    pub(super) fn canonical(&self) -> String {
        let encoded = |bytes: &[u8]| {
            let mut text = String::with_capacity(bytes.len());
            encode(bytes, false, &mut text);
            text
        };
        let mut pairs: Vec<(String, String)> = self
            .pairs
            .iter()
            .filter(|(name, _)| name != b"X-Amz-Signature")
            .map(|(name, value)| (encoded(name), encoded(value)))
            .collect();
        pairs.sort();
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }
}

/// A presigned URL without its signature; nothing if that is no URI.
pub(super) fn without_signature(uri: &Uri) -> Option<Uri> {
    let is_signature = |pair: &&str| {
        let name = decode(pair.split('=').next().unwrap_or_default()).unwrap_or_default();
        SIGNATURE_PARAMETERS.iter().any(|known| known.as_bytes() == name)
    };
    let pairs: Vec<&str> =
        uri.query().unwrap_or_default().split('&').filter(|pair| !is_signature(pair)).collect();
    let query = pairs.join("&");
    let target = if query.is_empty() { uri.path().to_owned() } else { format!("{}?{query}", uri.path()) };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The path as it is signed.
pub(super) fn path(uri: &Uri, encode_again: bool, dots: Dots) -> Result<String, SignatureError> {
    let sent = match uri.path() {
        "" => "/",
        path => path,
    };
    let path = match dots {
        Dots::Keep => sent.to_owned(),
        Dots::Resolve => resolve(sent),
        Dots::Refuse if resolve(sent) == sent && !hides_a_letter(sent) => sent.to_owned(),
        Dots::Refuse => return Err(SignatureError::Mismatch),
    };
    if !encode_again {
        return Ok(path);
    }
    let mut text = String::with_capacity(path.len() + 16);
    encode(path.as_bytes(), true, &mut text);
    Ok(text)
}

/// Whether a character is encoded that need not be (RFC 3986, 2.3): policies are asked about the path as it was sent, and routes
/// about the one that it stands for.
fn hides_a_letter(path: &str) -> bool {
    path.split('%').skip(1).any(|rest| {
        let byte = rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
    })
}

/// Without `.`, `..` and empty segments (RFC 3986, 5.2.4).
fn resolve(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let is_folder =
        segments.is_empty() || path.ends_with('/') || path.ends_with("/.") || path.ends_with("/..");
    let end = if is_folder && !segments.is_empty() { "/" } else { "" };
    format!("/{}{end}", segments.join("/"))
}

/// The signed headers, a line each.
pub(super) fn headers(
    headers: &HeaderMap,
    uri: &Uri,
    signed: &[HeaderName],
    text: &mut Vec<u8>,
) -> Result<(), SignatureError> {
    for name in signed {
        text.extend(name.as_str().bytes());
        text.push(b':');
        let mut values = headers.get_all(name).iter().peekable();
        match (values.peek(), uri.authority()) {
            (Some(_), _) => {}
            // HTTP/2 tells the host in the URI.
            (None, Some(authority)) if name == HOST => text.extend(authority.as_str().bytes()),
            (None, _) => return Err(SignatureError::Mismatch),
        }
        for (index, value) in values.enumerate() {
            if index > 0 {
                text.push(b',');
            }
            trimmed(value.as_bytes(), text);
        }
        text.push(b'\n');
    }
    Ok(())
}

/// Each header of the request that says something to AWS must be signed.
pub(super) fn check_signed(headers: &HeaderMap, signed: &[HeaderName]) -> Result<(), SignatureError> {
    let says_something = |name: &HeaderName| name == HOST || name.as_str().starts_with("x-amz-");
    match headers.keys().find(|name| says_something(name) && !signed.contains(name)) {
        Some(_) => Err(incomplete("There were headers present in the request which were not signed.")),
        None => Ok(()),
    }
}

/// Without spaces at the ends, and one where there were several.
fn trimmed(value: &[u8], text: &mut Vec<u8>) {
    let words = value.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend(word);
    }
}

fn encode(bytes: &[u8], keeps_slashes: bool, text: &mut String) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digit = |value: u8| DIGITS.get(usize::from(value)).map_or('0', |digit| char::from(*digit));
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(*byte))
            }
            b'/' if keeps_slashes => text.push('/'),
            _ => text.extend(['%', digit(byte >> 4), digit(byte & 15)]),
        }
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Ambiguous> {
    let digit = |byte: Option<u8>| match byte {
        Some(byte @ b'0'..=b'9') => Ok(byte - b'0'),
        Some(byte @ b'A'..=b'F') => Ok(byte - b'A' + 10),
        _ => Err(Ambiguous),
    };
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => digit(bytes.next())? << 4 | digit(bytes.next())?,
            b'+' => b' ',
            byte => byte,
        });
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_put_in_order_and_encoded() {
        for (uri, expected) in [
            ("/", ""),
            ("/?", ""),
            ("/?b=2&a=1", "a=1&b=2"),
            ("/?a=2&a=1", "a=1&a=2"),
            ("/?a", "a="),
            ("/?a=b=c", "a=b%3Dc"),
            ("/?a=1+2", "a=1%202"),
            ("/?a=1%202", "a=1%202"),
            ("/?a=%41", "a=A"),
            ("/?a=/:@", "a=%2F%3A%40"),
            ("/?a=1&&b=2", "=&a=1&b=2"),
            ("/?X-Amz-Signature=x&a=1", "a=1"),
            ("/?-._~=-._~", "-._~=-._~"),
        ] {
            let query = Query::parse(&uri.parse().unwrap()).unwrap();
            assert_eq!(query.canonical(), expected, "{uri}");
        }
        for uri in ["/?a=%2f", "/?a=%", "/?a=%4", "/?a=%GG", "/?%e1=1"] {
            assert_eq!(Query::parse(&uri.parse().unwrap()), Err(Ambiguous), "{uri}");
        }
    }

    #[test]
    fn a_url_is_freed_of_its_signature_and_of_nothing_else() {
        let signature =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2Fb&X-Amz-Date=c&X-Amz-Expires=60";
        let rest = "X-Amz-SignedHeaders=host&X-Amz-Security-Token=t%3D&X%2DAmz-Signature=0";
        for (uri, expected) in [
            (format!("/a?{signature}&{rest}"), "/a"),
            (format!("/a%20b?x=1%2F2&{signature}&y&{rest}&x-amz-date=z"), "/a%20b?x=1%2F2&y&x-amz-date=z"),
            (format!("http://localhost:1/a?x=+&{signature}&{rest}"), "http://localhost:1/a?x=+"),
            ("/a?x".to_owned(), "/a?x"),
        ] {
            let freed = without_signature(&uri.parse().unwrap()).unwrap();
            assert_eq!(freed.to_string(), expected, "{uri}");
        }
    }

    #[test]
    fn a_path_is_taken_as_the_service_takes_it() {
        for (uri, resolved, is_normal) in [
            ("/", "/", true),
            ("/a/b", "/a/b", true),
            ("/a/b/", "/a/b/", true),
            ("/a%20b", "/a%2520b", true),
            ("/a/./b", "/a/b", false),
            ("/a/../b", "/b", false),
            ("/../../b", "/b", false),
            ("//a//", "/a/", false),
            ("/a/..", "/", false),
            ("/a/b/..", "/a/", false),
            ("/.", "/", false),
            ("/a/%2E%2E/b", "/a/%252E%252E/b", false),
            ("/a/%62", "/a/%2562", false),
            ("/a/%2Fb%C3%A9%", "/a/%252Fb%25C3%25A9%25", true),
        ] {
            let uri: Uri = uri.parse().unwrap();
            assert_eq!(path(&uri, true, Dots::Resolve).as_deref(), Ok(resolved), "{uri}");
            assert_eq!(path(&uri, true, Dots::Refuse).is_ok(), is_normal, "{uri}");
            assert_eq!(path(&uri, false, Dots::Keep).as_deref(), Ok(uri.path()), "{uri}");
        }
    }
}
