//! Tokens that are bound to the certificate of a connection (RFC 8705).

use super::*;

const DER: &[u8] = b"the certificate of the connection";

fn x5t(der: &[u8]) -> Value {
    json!({"x5t#S256": ClientCertificate::from_der(der).thumbprint().to_string()})
}

/// The status, and the reason if it was refused.
async fn ask(layer: &AuthenticateLayer, request: Request<String>) -> (u16, String) {
    let inner = service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    let response = layer.layer(inner).oneshot(request).await.unwrap();
    let reason = response.extensions().get().map_or("", Refusal::reason);
    (response.status().as_u16(), reason.to_owned())
}

fn bearer(token: &str) -> Request<String> {
    Request::get("/notes").header("authorization", format!("Bearer {token}")).body(String::new()).unwrap()
}

fn over(mut request: Request<String>, der: &[u8]) -> Request<String> {
    request.extensions_mut().insert(ClientCertificate::from_der(der));
    request
}

#[tokio::test]
async fn a_bound_token_is_accepted_over_its_connection() {
    let layer = AuthenticateLayer::new(verifier()).dpop(dpop());
    let token = bound(x5t(DER));
    let mut both = x5t(DER);
    both["jkt"] = KEY.confirmation()["jkt"].clone();
    let both = bound(both);
    let proven = |token: &str| {
        let mut request = bearer(token);
        let proof = KEY.proof("GET", URL, token).sign();
        request.headers_mut().insert("authorization", format!("DPoP {token}").parse().unwrap());
        request.headers_mut().insert("dpop", proof.parse().unwrap());
        request
    };
    let in_a_header = |name: &'static str| {
        let mut request = bearer(&token);
        request.headers_mut().insert(name, STANDARD.encode(DER).parse().unwrap());
        request
    };
    for (name, request, status, reason) in [
        ("over its connection", over(bearer(&token), DER), 200, ""),
        ("over another", over(bearer(&token), b"another"), 401, "certificate_binding"),
        ("over one without a certificate", bearer(&token), 401, "sender_constrained"),
        (
            "with the certificate in a header",
            in_a_header("x-amzn-mtls-clientcert"),
            401,
            "sender_constrained",
        ),
        ("with the certificate in another header", in_a_header("client-cert"), 401, "sender_constrained"),
        ("with a proof instead", proven(&token), 401, "token_not_bound"),
        ("not bound", bearer(&unbound()), 200, ""),
        ("not bound, over a connection with a certificate", over(bearer(&unbound()), DER), 200, ""),
        ("bound to both, with both", over(proven(&both), DER), 200, ""),
        ("bound to both, with a proof", proven(&both), 401, "sender_constrained"),
        ("bound to both, over its connection", over(bearer(&both), DER), 401, "sender_constrained"),
        ("bound to both, over another", over(proven(&both), b"another"), 401, "certificate_binding"),
        (
            "bound in a way that is not known",
            over(bearer(&bound(json!({"x5t": "x"}))), DER),
            401,
            "sender_constrained",
        ),
    ] {
        assert_eq!(ask(&layer, request).await, (status, reason.to_owned()), "{name}");
    }
}

#[tokio::test]
async fn without_a_layer_the_sender_shows_the_certificate() {
    let verified = verifier().verify(&bound(x5t(DER))).await.unwrap();
    let shown = |der| Possession::default().certificate(ClientCertificate::from_der(der));
    let sub = |shown| verified.clone().into_sender(shown).map(|identity| identity.sub().map(str::to_owned));
    assert_eq!(sub(shown(DER)), Ok(Some("ada".to_owned())));
    assert_eq!(sub(shown(b"another")), Err(Rejection::CertificateBinding));
    assert_eq!(sub(Possession::default()), Err(Rejection::SenderConstrained));
    assert_eq!(
        sub(Possession::default().key(Thumbprint::from_bytes([0; 32]))),
        Err(Rejection::SenderConstrained)
    );
}

#[tokio::test]
async fn a_gateway_tells_of_the_certificate_where_it_is_trusted() {
    let pem = |der: &[u8]| {
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(der))
    };
    let event = |der: Option<&[u8]>| {
        let authentication = der.map(|der| {
            let validity = json!({"notBefore": "May 28 12:30:02 2019 GMT", "notAfter": "Aug  5 09:36:04 2021 GMT"});
            json!({"clientCert": {"clientCertPem": pem(der), "subjectDN": "a", "issuerDN": "b", "serialNumber": "1", "validity": validity}})
        });
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/notes", "rawQueryString": "",
            "headers": {"authorization": format!("Bearer {}", bound(x5t(DER)))},
            "requestContext": {
                "http": {"method": "GET", "path": "/notes"}, "stage": "$default", "authentication": authentication,
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap().map(|_| String::new())
    };
    let careful = AuthenticateLayer::new(verifier());
    let trusting = careful.clone().gateway_certificates();
    for (name, layer, request, expected) in [
        ("trusted", &trusting, event(Some(DER)), (200, "")),
        ("not trusted", &careful, event(Some(DER)), (401, "sender_constrained")),
        ("another certificate", &trusting, event(Some(b"another")), (401, "certificate_binding")),
        ("none", &trusting, event(None), (401, "sender_constrained")),
        (
            "the server's word first",
            &trusting,
            over(event(Some(DER)), b"another"),
            (401, "certificate_binding"),
        ),
    ] {
        assert_eq!(ask(layer, request).await, (expected.0, expected.1.to_owned()), "{name}");
    }
}
