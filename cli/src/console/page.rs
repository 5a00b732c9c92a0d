//! The two pages, and what a browser may do in them.

use aws_lc_rs::rand;
use axum::response::{Html, IntoResponse, Response};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderValue, StatusCode, header::CONTENT_SECURITY_POLICY};

use super::problem;

const CONSOLE: &str = include_str!("../../assets/console/index.html");
const GRAPHIQL: &str = include_str!("../../assets/graphiql/index.html");

/// Where the nonce of a page goes.
const NONCE: &str = "NONCE";

/// What a browser may do in the pages.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// Where the user pool answers.
    pool: String,
}

impl Policy {
    pub(super) fn new(pool: Option<&str>) -> Self {
        Self { pool: pool.unwrap_or_default().to_owned() }
    }

    /// The console: its own scripts and styles, its own API, and the user pool. Text never becomes markup.
    pub(super) fn console(&self) -> Response {
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {}; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
            self.pool
        );
        with_policy(CONSOLE.to_owned(), &policy)
    }

    /// GraphiQL: its own scripts, its own API, and styles that a script adds if it knows the nonce.
    pub(super) fn graphiql(&self) -> Response {
        let mut random = [0_u8; 18];
        if rand::fill(&mut random).is_err() {
            return problem(StatusCode::INTERNAL_SERVER_ERROR, "the system gave no random numbers");
        }
        let nonce = URL_SAFE_NO_PAD.encode(random);
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; connect-src 'self'; \
             base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
        with_policy(GRAPHIQL.replace(NONCE, &nonce), &policy)
    }
}

fn with_policy(page: String, policy: &str) -> Response {
    let mut response = Html(page).into_response();
    match HeaderValue::from_str(policy) {
        Ok(policy) => {
            response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
            response
        }
        Err(_) => problem(StatusCode::INTERNAL_SERVER_ERROR, "the page has no policy"),
    }
}
