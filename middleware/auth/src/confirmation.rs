//! Tokens that are bound to a key of their sender, and what a sender can show to be that one.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, digest};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use portcullis_rules::Claims;
use serde_json::Value;

use crate::Rejection;

/// What the `cnf` claim of a token asks of whoever sends it (RFC 7800).
///
/// Two ways are understood: `jkt`, a key that signs a proof for each request (DPoP, RFC 9449), and `x5t#S256`, a certificate of
/// the TLS connection (RFC 8705). A token may ask for both.
///
/// 1. A `cnf` that asks for anything else, or for nothing, can never be proven: `jwk`, `jwe`, `jku`, `kid`, thumbprints of
///    another length or type, `{}`, `null`.
/// 2. Members that no specification of these gives a meaning are ignored, as RFC 7800 wants it, beside one that is proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Confirmation {
    key: Option<Thumbprint>,
    certificate: Option<Thumbprint>,
    /// Something else is asked for, or it cannot be read.
    unprovable: bool,
}

/// A SHA-256 thumbprint: of a public key (RFC 7638) or of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Thumbprint([u8; 32]);

/// The client certificate of a TLS connection, known by its thumbprint.
///
/// The server that ends the TLS connection puts it into the extensions of each request, and only if that server has seen proof
/// of the private key, which is what a TLS handshake is. Nothing here reads it from a header.
///
/// ```
/// use portcullis::ClientCertificate;
///
/// # fn certificate_of_this_connection() -> Option<Vec<u8>> { Some(vec![0x30, 0]) }
/// # let mut request = http::Request::new(());
/// if let Some(der) = certificate_of_this_connection() {
///     request.extensions_mut().insert(ClientCertificate::from_der(&der));
/// }
/// # assert!(request.extensions().get::<ClientCertificate>().is_some());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    thumbprint: Thumbprint,
}

/// What the sender of a token has shown to hold. Nothing, for a plain bearer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Possession {
    key: Option<Thumbprint>,
    certificate: Option<ClientCertificate>,
}

impl Confirmation {
    /// Reads a `cnf` claim. What cannot be read can never be proven.
    #[must_use]
    pub fn from_claim(claim: &Value) -> Self {
        const UNPROVABLE: Confirmation = Confirmation { key: None, certificate: None, unprovable: true };
        let Some(members) = claim.as_object() else {
            return UNPROVABLE;
        };
        let thumbprint =
            |name| match members.get(name).map(|value| value.as_str().and_then(Thumbprint::parse)) {
                None => Ok(None),
                Some(Some(thumbprint)) => Ok(Some(thumbprint)),
                Some(None) => Err(()),
            };
        let (Ok(key), Ok(certificate)) = (thumbprint("jkt"), thumbprint("x5t#S256")) else {
            return UNPROVABLE;
        };
        let other = ["jwk", "jwe", "jku", "kid"].iter().any(|name| members.contains_key(*name));
        Self { key, certificate, unprovable: other || (key.is_none() && certificate.is_none()) }
    }

    /// Reads the claim of a token. One that is not made as RFC 7800 has it makes the token unusable.
    pub(crate) fn of(claims: &Claims) -> Result<Option<Self>, Rejection> {
        if !claims.has("cnf") {
            return Ok(None);
        }
        let claim = claims.get("cnf").ok_or(Rejection::SenderConstrained)?;
        let members = claim.as_object().filter(|members| !members.is_empty());
        let members = members.ok_or(Rejection::SenderConstrained)?;
        let is_text = |name| members.get(name).is_none_or(Value::is_string);
        if !is_text("jkt") || !is_text("x5t#S256") {
            return Err(Rejection::SenderConstrained);
        }
        Ok(Some(Self::from_claim(claim)))
    }

    /// The key that the token is bound to, by `jkt`.
    #[must_use]
    pub fn key(&self) -> Option<&Thumbprint> {
        self.key.as_ref()
    }

    /// The certificate that the token is bound to, by `x5t#S256`.
    #[must_use]
    pub fn certificate(&self) -> Option<&Thumbprint> {
        self.certificate.as_ref()
    }

    /// Whether the sender has shown everything that is asked for.
    ///
    /// # Errors
    ///
    /// [`Rejection::SenderConstrained`] when something was not shown, [`Rejection::KeyBinding`] or
    /// [`Rejection::CertificateBinding`] when another key or certificate was.
    pub fn check(&self, shown: Possession) -> Result<(), Rejection> {
        if self.unprovable {
            return Err(Rejection::SenderConstrained);
        }
        let check = |wanted: Option<Thumbprint>, shown: Option<Thumbprint>, other| match (wanted, shown) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(Rejection::SenderConstrained),
            (Some(wanted), Some(shown)) if wanted.is(&shown) => Ok(()),
            (Some(_), Some(_)) => Err(other),
        };
        check(self.key, shown.key, Rejection::KeyBinding)?;
        let certificate = shown.certificate.map(|certificate| certificate.thumbprint);
        check(self.certificate, certificate, Rejection::CertificateBinding)
    }
}

impl Possession {
    /// The sender's key has signed a proof for this request. The thumbprint is that of
    /// [`AcceptedProof::key`](crate::AcceptedProof::key), or of a proof that somebody else has checked.
    pub fn key(mut self, thumbprint: Thumbprint) -> Self {
        self.key = Some(thumbprint);
        self
    }

    /// The request came over a connection with this certificate.
    pub fn certificate(mut self, certificate: ClientCertificate) -> Self {
        self.certificate = Some(certificate);
        self
    }
}

impl Thumbprint {
    /// From its 32 bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// From its 43 characters of base64url. There is one spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 43 {
            return None;
        }
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Its 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut thumbprint = [0; 32];
        for (to, from) in thumbprint.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()) {
            *to = *from;
        }
        Self(thumbprint)
    }

    /// Compares in constant time.
    pub(crate) fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl ClientCertificate {
    /// From the certificate as it stands in the TLS handshake.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Self {
        Self { thumbprint: Thumbprint::of(der) }
    }

    /// From its thumbprint, which somebody else has computed.
    #[must_use]
    pub fn from_thumbprint(thumbprint: Thumbprint) -> Self {
        Self { thumbprint }
    }

    /// From one certificate in PEM, such as API Gateway's `clientCertPem`; `None` when it is not one.
    #[must_use]
    pub fn from_pem(pem: &str) -> Option<Self> {
        let body = pem.trim().strip_prefix("-----BEGIN CERTIFICATE-----")?;
        let body = body.strip_suffix("-----END CERTIFICATE-----")?;
        let base64: String = body.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(base64).ok().filter(|der| !der.is_empty())?;
        Some(Self::from_der(&der))
    }

    /// What API Gateway says about the connection: `authentication.clientCert` of payload 2.0. The context of payload 1.0 loses its
    /// `identity.clientCert` before it comes here.
    #[cfg(feature = "lambda")]
    pub(crate) fn told_by_gateway(context: &lambda_http::request::RequestContext) -> Option<Self> {
        let lambda_http::request::RequestContext::ApiGatewayV2(context) = context else {
            return None;
        };
        Self::from_pem(context.authentication.as_ref()?.client_cert.as_ref()?.client_cert_pem.as_deref()?)
    }

    /// Its thumbprint, as in `x5t#S256`.
    #[must_use]
    pub fn thumbprint(&self) -> &Thumbprint {
        &self.thumbprint
    }
}

/// In base64url, as tokens have it.
impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Without the value: a thumbprint follows a person from token to token.
impl fmt::Debug for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Thumbprint(..)")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn thumbprint(byte: u8) -> Thumbprint {
        Thumbprint::from_bytes([byte; 32])
    }

    #[test]
    fn everything_that_is_asked_for_must_be_shown() {
        let (one, two) = (thumbprint(1), thumbprint(2));
        let (nothing, key) = (Possession::default(), Possession::default().key(one));
        let certificate = nothing.certificate(ClientCertificate::from_thumbprint(two));
        let both = certificate.key(one);
        let crossed = nothing.key(two).certificate(ClientCertificate::from_thumbprint(one));
        let (jkt, x5t) = (json!({"jkt": one.to_string()}), json!({"x5t#S256": two.to_string()}));
        let asks_for_both = json!({"jkt": one.to_string(), "x5t#S256": two.to_string()});
        const UNSHOWN: Result<(), Rejection> = Err(Rejection::SenderConstrained);
        for (claim, shown, expected) in [
            (&jkt, key, Ok(())),
            (&jkt, both, Ok(())),
            (&jkt, nothing, UNSHOWN),
            (&jkt, certificate, UNSHOWN),
            (&jkt, crossed, Err(Rejection::KeyBinding)),
            (&x5t, certificate, Ok(())),
            (&x5t, both, Ok(())),
            (&x5t, nothing, UNSHOWN),
            (&x5t, key, UNSHOWN),
            (&x5t, crossed, Err(Rejection::CertificateBinding)),
            (&asks_for_both, both, Ok(())),
            (&asks_for_both, key, UNSHOWN),
            (&asks_for_both, certificate, UNSHOWN),
            (&asks_for_both, crossed, Err(Rejection::KeyBinding)),
        ] {
            assert_eq!(Confirmation::from_claim(claim).check(shown), expected, "{claim} {shown:?}");
        }
    }

    #[test]
    fn what_is_not_understood_cannot_be_shown() {
        let one = thumbprint(1);
        let everything = Possession::default().key(one).certificate(ClientCertificate::from_thumbprint(one));
        let text = one.to_string();
        for (claim, provable) in [
            (json!({"jkt": text}), true),
            (json!({"jkt": text, "extension": 1}), true),
            (json!({"jkt": text, "x5t#S256": text}), true),
            (json!({"jkt": text, "jwk": {}}), false),
            (json!({"jkt": text, "jwe": "a.b.c.d.e"}), false),
            (json!({"jkt": text, "jku": "https://example.com"}), false),
            (json!({"jkt": text, "kid": "k"}), false),
            (json!({"jkt": text, "x5t#S256": null}), false),
            (json!({"jkt": [text]}), false),
            (json!({"jkt": ""}), false),
            (json!({"jkt": text.get(1..)}), false),
            (json!({"jkt": format!("{text}=")}), false),
            (json!({"jkt": format!("{}F", text.get(..42).unwrap())}), false),
            (json!({"x5t": text}), false),
            (json!({"x5t#s256": text}), false),
            (json!({"extension": 1}), false),
            (json!({}), false),
            (json!(null), false),
            (json!(text), false),
            (json!([{"jkt": text}]), false),
        ] {
            let expected = if provable { Ok(()) } else { Err(Rejection::SenderConstrained) };
            assert_eq!(Confirmation::from_claim(&claim).check(everything), expected, "{claim}");
            let claims: Claims = [("cnf".to_owned(), claim.clone())].into_iter().collect();
            let of_token = Confirmation::of(&claims).and_then(|found| found.unwrap().check(everything));
            assert_eq!(of_token, expected, "{claim}");
        }
        assert_eq!(Confirmation::of(&Claims::default()), Ok(None));
    }

    #[test]
    fn a_certificate_is_the_same_in_pem_and_der() {
        let der = [0x30, 3, 2, 1, 7];
        let base64 = STANDARD.encode(der);
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        let expected = Some(ClientCertificate::from_der(&der));
        for pem in [
            format!("{begin}\n{base64}\n{end}\n"),
            format!("{begin}\r\n{}\r\n{}\r\n{end}", &base64[..4], &base64[4..]),
            format!("{begin}{base64}{end}"),
        ] {
            assert_eq!(ClientCertificate::from_pem(&pem), expected, "{pem}");
        }
        let private = format!("-----BEGIN PRIVATE KEY-----\n{base64}\n-----END PRIVATE KEY-----");
        let two = format!("{begin}\n{base64}\n{end}\n{begin}\n{base64}\n{end}");
        for pem in ["", &base64, &format!("{begin}\n{end}"), &format!("{begin}\n*\n{end}"), &private, &two] {
            assert_eq!(ClientCertificate::from_pem(pem), None, "{pem}");
        }
    }
}
