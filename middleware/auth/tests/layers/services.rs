//! The layers around services of every kind.

use super::*;

#[tokio::test]
async fn a_model_is_screened_before_a_record_is_loaded() {
    let rule = Rule {
        strategy: Strategy::StaticGroups { groups: vec!["editors".into()], claim: "cognito:groups".into() },
        provider: Provider::UserPools,
        operations: Operations::ALL,
    };
    let model = Arc::new(Model::new("Article", Vec::new(), vec![rule]).unwrap());
    let screen = Screen::new(Authorizer::default(), Arc::clone(&model), Operation::Create);
    let service = ServiceBuilder::new().layer(layer()).layer(AuthorizeLayer::new(screen)).service(
        service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new("made".to_owned()))),
    );
    let editor = Request::get("/").header(AUTHORIZATION, bearer("bob", &["editors"])).body(String::new());
    assert_eq!(service.clone().oneshot(editor.unwrap()).await.unwrap().body(), "made");
    let reader =
        Request::get("/").header(AUTHORIZATION, bearer("ada", &["readers"])).body(String::new()).unwrap();
    assert_eq!(service.clone().oneshot(reader).await.unwrap().status(), StatusCode::FORBIDDEN);
    let key = Request::get("/").header("x-api-key", "da2-key").body(String::new()).unwrap();
    assert_eq!(service.oneshot(key).await.unwrap().status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_closure_decides() {
    let service = ServiceBuilder::new()
        .layer(layer())
        .layer(AuthorizeLayer::new(|identity: &Identity| match identity.sub() {
            Some("ada") => Ok(()),
            _ => Err(Forbidden::because("not_ada")),
        }))
        .service(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::default()))
        }));
    for (sub, status) in [("ada", 200), ("bob", 403)] {
        let request = Request::get("/").header(AUTHORIZATION, bearer(sub, &[])).body(()).unwrap();
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), status);
    }
}

#[tokio::test]
async fn a_lambda_http_handler_is_protected() {
    async fn handler(
        request: lambda_http::Request,
    ) -> Result<Response<lambda_http::Body>, lambda_http::Error> {
        Ok(Response::new(request.identity().and_then(Identity::sub).unwrap_or("nobody").into()))
    }
    let service = layer().layer(lambda_http::service_fn(handler));
    let event = |authorization: &str| {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": "/notes", "rawQueryString": "",
            "headers": {"authorization": authorization, "host": "api.example.com"},
            "requestContext": {"http": {"method": "GET", "path": "/notes"}, "stage": "$default"},
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    };
    let response = service.clone().oneshot(event(&bearer("ada", &[]))).await.unwrap();
    assert_eq!(response.body(), &lambda_http::Body::from("ada"));
    let response = service.oneshot(event("Bearer a.b.c")).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_body_that_is_not_made_from_text_has_its_own_answer() {
    let inner = service_fn(async |_: Request<()>| Ok::<_, Infallible>(Response::new(200_u16)));
    let answer = |refusal: Refusal| {
        assert_eq!(refusal.kind(), &RefusalKind::MissingCredentials);
        Response::new(refusal.status().as_u16())
    };
    let service = layer().answer(answer).layer(inner);
    assert_eq!(service.oneshot(Request::new(())).await.unwrap().into_body(), 401);
}

/// Hands out a key set when it is told to.
#[derive(Clone, Debug)]
pub(crate) struct Gate(pub(crate) Arc<tokio::sync::Semaphore>);

impl Fetch for Gate {
    fn fetch(&self, _url: &str) -> Fetching {
        let gate = Arc::clone(&self.0);
        Box::pin(async move {
            gate.acquire().await.map_err(|_| FetchError::Status(500))?.forget();
            Ok(POOL.jwk_set_json().to_string().into())
        })
    }
}

/// A service that may be called only after it was polled ready, like any that has a limit.
#[derive(Default)]
struct Strict {
    ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<String>> for Strict {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without having been polled ready");
        Box::pin(async { Ok(Response::new("ok".to_owned())) })
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    let gate = Gate(Arc::new(tokio::sync::Semaphore::new(0)));
    let issuer = Issuer::cognito_at(POOL.url()).insecure_any_client().token_use(TokenUse::Access);
    let verifier =
        Verifier::builder().issuer(issuer).clock(POOL.clock()).fetcher(gate.clone()).build().unwrap();
    let mut service =
        AuthenticateLayer::new(verifier).layer(AuthorizeLayer::new(require()).layer(Strict::default()));
    let request = || Request::get("/").header(AUTHORIZATION, bearer("ada", &[])).body(String::new()).unwrap();
    let cold = service.ready().await.unwrap().call(request());
    let mut cold = Box::pin(cold);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), &mut cold).await.is_err(),
        "it waits for the keys"
    );
    gate.0.add_permits(1);
    assert_eq!(cold.await.unwrap().status(), StatusCode::OK);
    let warm = service.ready().await.unwrap().call(request());
    assert_eq!(warm.await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn without_keys_the_answer_is_503() {
    #[derive(Debug)]
    struct Down;
    impl Fetch for Down {
        fn fetch(&self, _url: &str) -> Fetching {
            Box::pin(async { Err(FetchError::Status(500)) })
        }
    }
    let issuer = Issuer::cognito_at(POOL.url()).insecure_any_client().token_use(TokenUse::Access);
    let verifier = Verifier::builder().issuer(issuer).clock(POOL.clock()).fetcher(Down).build().unwrap();
    let service = AuthenticateLayer::new(verifier).layer(Strict::default());
    let request = Request::get("/").header(AUTHORIZATION, bearer("ada", &[])).body(String::new()).unwrap();
    let response = service.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.headers()[RETRY_AFTER], "1");
    assert!(!response.headers().contains_key(WWW_AUTHENTICATE));
}
