//! A client of the REST API.

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use crate::{Answer, Result};

/// The API of a running system, with what the caller shows it.
#[derive(Clone, Debug)]
pub struct Rest {
    http: Client,
    address: String,
    headers: Vec<(&'static str, String)>,
}

impl Rest {
    pub(crate) fn new(address: &str) -> Self {
        Self { http: Client::new(), address: address.trim_end_matches('/').to_owned(), headers: Vec::new() }
    }

    /// The same API, called with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header("Authorization", format!("Bearer {token}"))
    }

    /// The same API, called with this API key.
    #[must_use]
    pub fn with_api_key(&self, key: &str) -> Self {
        self.with_header("x-api-key", key.to_owned())
    }

    /// The same API, called with this header.
    #[must_use]
    pub fn with_header(&self, name: &'static str, value: String) -> Self {
        let mut caller = self.clone();
        caller.headers.push((name, value));
        caller
    }

    /// `GET`.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        Answer::read(self.request(Method::GET, path).send().await?).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        Answer::read(self.request(Method::POST, path).json(body).send().await?).await
    }

    /// `PATCH` of JSON.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn patch(&self, path: &str, body: &Value) -> Result<Answer> {
        Answer::read(self.request(Method::PATCH, path).json(body).send().await?).await
    }

    /// `DELETE`.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        Answer::read(self.request(Method::DELETE, path).send().await?).await
    }

    /// `POST` of bytes that are said to be JSON.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn post_bytes(&self, path: &str, body: Vec<u8>) -> Result<Answer> {
        let request = self.request(Method::POST, path).header("Content-Type", "application/json").body(body);
        Answer::read(request.send().await?).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.address));
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }
}
