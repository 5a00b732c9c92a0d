//! The ways to verify a token. Each is asked once before the race whether it accepts the token and refuses one that is spoilt.

use std::convert::Infallible;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::FutureExt;
use http::{HeaderValue, Request, Response, StatusCode, header::AUTHORIZATION};
use jsonwebtoken::{DecodingKey, Validation, jwk::Jwk};
use portcullis::{Algorithm, AuthenticateLayer, Issuer, JwkSet, TokenUse, Verifier};
use portcullis_bench::Contender;
use serde::Deserialize;
use tower::{Layer, Service, service_fn};

use crate::setting::{CLIENT, Setting};

pub(crate) const NAMES: &[&str] = &[
    "aws-lc alone, key parsed once",
    "portcullis, verifier",
    "portcullis, layer without cache",
    "portcullis, layer",
    "jsonwebtoken, decode",
    #[cfg(feature = "peers")]
    "jwt-authorizer, layer",
    #[cfg(feature = "peers")]
    "tower-oauth2-resource-server, layer",
];

pub(crate) fn contender<'a>(name: &str, setting: &Setting) -> Contender<'a> {
    match name {
        "aws-lc alone, key parsed once" => raw(setting),
        "portcullis, verifier" => bare(setting),
        "portcullis, layer without cache" => {
            through(setting, &AuthenticateLayer::new(verifier(setting)).without_cache())
        }
        "portcullis, layer" => through(setting, &AuthenticateLayer::new(verifier(setting))),
        "jsonwebtoken, decode" => decode(setting),
        #[cfg(feature = "peers")]
        "jwt-authorizer, layer" => through(setting, &peers::jwt_authorizer(setting)),
        #[cfg(feature = "peers")]
        _ => through(setting, &peers::resource_server(setting)),
        #[cfg(not(feature = "peers"))]
        _ => unreachable!("{name}"),
    }
}

/// What of the claims of an access token a program would read.
#[derive(Clone, Deserialize)]
#[expect(dead_code, reason = "it is read for the sake of the time that takes")]
pub(crate) struct Known {
    sub: String,
    iss: String,
    client_id: String,
    token_use: String,
    scope: String,
    username: String,
    #[serde(rename = "cognito:groups")]
    groups: Vec<String>,
    exp: u64,
}

/// The same token with another signature, which nobody may accept.
fn spoilt(token: &str) -> String {
    let (input, signature) = token.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{input}.{other}{}", signature.get(1..).unwrap())
}

fn of<'a>(setting: &Setting, verify: impl Fn(&str) -> bool + 'a) -> Contender<'a> {
    let token = setting.token.clone();
    assert!(verify(&token) && !verify(&spoilt(&token)), "a contender is wrong");
    Contender::new(move || verify(&token))
}

fn raw<'a>(setting: &Setting) -> Contender<'a> {
    let text = |name| setting.jwk().get(name).and_then(|value| value.as_str()).unwrap().to_owned();
    let member = |name| URL_SAFE_NO_PAD.decode(text(name)).unwrap();
    let key = if setting.algorithm == Algorithm::Rs256 {
        let components = RsaPublicKeyComponents { n: member("n"), e: member("e") };
        components.to_parsed_public_key(&RSA_PKCS1_2048_8192_SHA256).unwrap()
    } else {
        let point = [&[4][..], &member("x"), &member("y")].concat();
        ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).unwrap()
    };
    let (input, signature) = setting.token.rsplit_once('.').unwrap();
    let (input, signature) = (input.to_owned(), URL_SAFE_NO_PAD.decode(signature).unwrap());
    assert!(key.verify_sig(input.as_bytes(), &signature).is_ok(), "a contender is wrong");
    Contender::new(move || key.verify_sig(input.as_bytes(), &signature).is_ok())
}

fn verifier(setting: &Setting) -> Verifier {
    let keys = JwkSet::from_json(&setting.jwks.to_string()).unwrap();
    let issuer = Issuer::cognito_at(setting.issuer.as_str()).keys(keys);
    Verifier::builder().issuer(issuer.client_ids([CLIENT]).token_use(TokenUse::Access)).build().unwrap()
}

fn bare<'a>(setting: &Setting) -> Contender<'a> {
    let verifier = verifier(setting);
    of(setting, move |token| verifier.authenticate_now(token).unwrap().is_ok())
}

fn decode<'a>(setting: &Setting) -> Contender<'a> {
    let jwk: Jwk = serde_json::from_value(setting.jwk().clone()).unwrap();
    let key = DecodingKey::from_jwk(&jwk).unwrap();
    let mut validation = Validation::new(setting.algorithm.name().parse().unwrap());
    validation.set_issuer(&[&setting.issuer]);
    validation.set_audience(&[CLIENT]);
    of(setting, move |token| jsonwebtoken::decode::<Known>(token, &key, &validation).is_ok())
}

/// A request through a layer to a service that answers at once.
fn through<'a, L, S>(setting: &Setting, layer: &L) -> Contender<'a>
where
    L: Layer<Inner, Service = S>,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + 'a,
{
    let service = layer.layer(inner());
    let answer = move |authorization: &HeaderValue| {
        let mut request = Request::new(Body::default());
        request.headers_mut().insert(AUTHORIZATION, authorization.clone());
        // Keys are at hand, so that nothing waits.
        service.clone().call(request).now_or_never().unwrap().unwrap().status()
    };
    let header = |token: &str| HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    let (good, bad) = (header(&setting.token), header(&spoilt(&setting.token)));
    assert_eq!(
        (answer(&good), answer(&bad)),
        (StatusCode::OK, StatusCode::UNAUTHORIZED),
        "a contender is wrong"
    );
    Contender::new(move || answer(&good))
}

#[cfg(not(feature = "peers"))]
type Body = String;
#[cfg(feature = "peers")]
type Body = peers::Body;
type Inner =
    tower::util::ServiceFn<fn(Request<Body>) -> std::future::Ready<Result<Response<Body>, Infallible>>>;

fn inner() -> Inner {
    service_fn(|_| std::future::ready(Ok(Response::new(Body::default()))))
}

#[cfg(feature = "peers")]
mod peers {
    use jwt_authorizer::{IntoLayer, JwtAuthorizer, Validation, layer::AuthorizationLayer};
    use tower_oauth2_resource_server::{
        layer::OAuth2ResourceServerLayer, server::OAuth2ResourceServer, tenant::TenantConfiguration,
        validation::ClaimsValidationSpec,
    };

    use super::{CLIENT, Known, Setting};

    pub(super) type Body = axum_core_04::body::Body;

    fn wait<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    pub(super) fn jwt_authorizer(setting: &Setting) -> AuthorizationLayer<Known> {
        let validation = Validation::new().iss(&[&setting.issuer]).aud(&[CLIENT]);
        let builder =
            JwtAuthorizer::<Known>::from_jwks_text(&setting.jwks.to_string()).validation(validation);
        wait(builder.build()).unwrap().into_layer()
    }

    pub(super) fn resource_server(setting: &Setting) -> OAuth2ResourceServerLayer<Body, Known> {
        let audiences = vec![CLIENT.to_owned()];
        let tenant = TenantConfiguration::static_builder(setting.jwks.to_string())
            .identifier(&setting.issuer)
            .audiences(&audiences)
            // Amazon Cognito writes no `nbf`, which is required otherwise.
            .claims_validation(ClaimsValidationSpec::recommended(&setting.issuer, &audiences).nbf(false))
            .build()
            .unwrap();
        wait(OAuth2ResourceServer::<Known>::builder().add_tenant(tenant).build()).unwrap().into_layer()
    }
}
