//! Fetching with reqwest.

use std::{sync::OnceLock, time::Duration};

use bytes::Bytes;
use http::{StatusCode, Uri, header::ACCEPT, uri::Scheme};
use reqwest::{Client, redirect::Policy};

use super::fetch::{Fetch, FetchError, Fetching, MAX_SET_BYTES, is_safe_url};

/// Fetches key sets over https, by a deadline for each exchange and without following redirects.
///
/// Discovery takes two exchanges; what both may take is [`KeyPolicy::deadline`](crate::KeyPolicy::deadline).
///
/// The client is made at first use: reading the trusted roots costs more than the rest of a cold start.
#[derive(Debug)]
pub struct HttpFetch {
    deadline: Duration,
    /// By way of the proxy that the environment names.
    https: OnceLock<Result<Client, FetchError>>,
    /// For this machine only: past any proxy, and without the trusted roots, which it has no use for.
    http: OnceLock<Result<Client, FetchError>>,
}

impl HttpFetch {
    /// The time that one exchange may take unless [`deadline`](Self::deadline) says otherwise: five seconds.
    pub const DEADLINE: Duration = Duration::from_secs(5);

    /// A fetcher without a connection.
    #[must_use]
    pub fn new() -> Self {
        Self { deadline: Self::DEADLINE, https: OnceLock::new(), http: OnceLock::new() }
    }

    /// The time that one exchange may take, from the first packet to the last.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    fn client(&self, url: &str) -> Result<Client, FetchError> {
        if !is_safe_url(url) {
            return Err(FetchError::Invalid("not an https URL".to_owned()));
        }
        let is_plain = url.parse::<Uri>().is_ok_and(|uri| uri.scheme() == Some(&Scheme::HTTP));
        let (client, builder) = if is_plain {
            (&self.http, Client::builder().no_proxy().tls_certs_only([]))
        } else {
            (&self.https, Client::builder().https_only(true))
        };
        client
            .get_or_init(|| {
                let builder =
                    builder.redirect(Policy::none()).timeout(self.deadline).pool_max_idle_per_host(0);
                builder.build().map_err(|error| unreachable(&error))
            })
            .clone()
    }
}

impl Default for HttpFetch {
    fn default() -> Self {
        Self::new()
    }
}

impl Fetch for HttpFetch {
    fn fetch(&self, url: &str) -> Fetching {
        let client = self.client(url);
        let url = url.to_owned();
        Box::pin(async move { read(&client?, &url).await })
    }
}

async fn read(client: &Client, url: &str) -> Result<Bytes, FetchError> {
    let mut response = client
        .get(url)
        .header(ACCEPT, "application/json")
        .send()
        .await
        .map_err(|error| unreachable(&error))?;
    if response.status() != StatusCode::OK {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    if response.content_length().is_some_and(|length| length > MAX_SET_BYTES as u64) {
        return Err(FetchError::TooLarge);
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(&error))? {
        if document.len() + chunk.len() > MAX_SET_BYTES {
            return Err(FetchError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document.into())
}

fn unreachable(error: &reqwest::Error) -> FetchError {
    let kind = if error.is_timeout() {
        "the deadline has passed"
    } else if error.is_connect() {
        "the connection failed"
    } else {
        "the exchange failed"
    };
    FetchError::Unreachable(kind.to_owned())
}
