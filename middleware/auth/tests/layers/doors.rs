//! The layers behind a real connection: axum's server and hyper's.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::*;

/// Sends one request over a connection of its own.
async fn send(address: std::net::SocketAddr, authorization: Option<&str>) -> String {
    let authorization = authorization.map_or(String::new(), |value| format!("authorization: {value}\r\n"));
    let request = format!("GET /me HTTP/1.1\r\nhost: localhost\r\n{authorization}connection: close\r\n\r\n");
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn admits_ada_and_nobody_else(address: std::net::SocketAddr) {
    let ada = bearer("ada", &[]);
    for _ in 0..2 {
        let answer = send(address, Some(&ada)).await;
        assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ada"), "{answer}");
    }
    for authorization in [None, Some("Bearer a.b.c")] {
        let answer = send(address, authorization).await;
        assert!(
            answer.starts_with("HTTP/1.1 401") && answer.contains("www-authenticate: Bearer"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn an_axum_server_is_protected() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async { axum::serve(listener, router(layer())).await });
    admits_ada_and_nobody_else(address).await;
    server.abort();
}

#[tokio::test]
async fn a_hyper_server_is_protected() {
    use hyper::{body::Incoming, server::conn::http1};
    use hyper_util::{rt::TokioIo, service::TowerToHyperService};

    let handler = service_fn(async |request: Request<Incoming>| {
        let sub = request.identity().and_then(Identity::sub).unwrap_or("nobody").to_owned();
        Ok::<_, Infallible>(Response::new(Full::<bytes::Bytes>::from(sub)))
    });
    let service = layer().layer(handler);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(connection), service));
        }
    });
    admits_ada_and_nobody_else(address).await;
    server.abort();
}
