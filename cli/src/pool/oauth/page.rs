//! The pages that a person sees: plain HTML that needs no script, and the headers that go with it.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{IntoResponse, Response};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;max-width:24rem;margin:3rem auto;padding:0 1rem}\
                     label{display:block;margin-top:1rem}\
                     input,button{font:inherit;box-sizing:border-box;width:100%;padding:.5rem}\
                     button{margin-top:1.5rem}[role=alert]{border-left:.25rem solid;padding-left:.75rem}";

/// What a sign-in page shows.
#[derive(Debug, Default)]
pub(super) struct SignInPage<'a> {
    /// Where the form is sent.
    pub(super) action: &'a str,
    pub(super) form_token: &'a str,
    /// What was typed before, to be corrected.
    pub(super) username: &'a str,
    /// Why the last attempt did not succeed.
    pub(super) problem: Option<&'a str>,
    /// Other providers: their names, and where to begin with each.
    pub(super) providers: &'a [(String, String)],
    /// Where the answer to the form may lead, for the content security policy.
    pub(super) destinations: &'a [String],
}

impl SignInPage<'_> {
    pub(super) fn into_response(self) -> Response {
        let problem = self.problem.map_or_else(String::new, |problem| {
            format!("<p role=\"alert\" id=\"problem\">{}</p>\n", escaped(problem))
        });
        let described = if self.problem.is_some() { " aria-describedby=\"problem\"" } else { "" };
        let providers: String = self
            .providers
            .iter()
            .map(|(name, url)| {
                format!("<p><a href=\"{}\">Continue with {}</a></p>\n", escaped(url), escaped(name))
            })
            .collect();
        let body = format!(
            "<h1>Sign in</h1>\n{problem}<form method=\"post\" action=\"{action}\">\n\
             <input type=\"hidden\" name=\"_csrf\" value=\"{token}\">\n\
             <label for=\"username\">E-mail address</label>\n\
             <input id=\"username\" name=\"username\" type=\"text\" inputmode=\"email\" autocomplete=\"username\" \
             autocapitalize=\"none\" spellcheck=\"false\" required value=\"{username}\"{described}>\n\
             <label for=\"password\">Password</label>\n\
             <input id=\"password\" name=\"password\" type=\"password\" autocomplete=\"current-password\" \
             required{described}>\n\
             <button type=\"submit\">Sign in</button>\n</form>\n{providers}\
             <p>No account yet? Sign up in the app.</p>",
            action = escaped(self.action),
            token = escaped(self.form_token),
            username = escaped(self.username),
        );
        // Browsers hold the redirect that answers a form to this list too.
        let form_action = format!("form-action 'self' {}", self.destinations.join(" "));
        let status = if self.problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        page(status, "Sign in", &body, form_action.trim_end())
    }
}

/// A page that says one thing.
pub(super) fn message(status: StatusCode, text: &str) -> Response {
    page(
        status,
        "Sign in",
        &format!("<h1>Sign in</h1>\n<p role=\"alert\">{}</p>", escaped(text)),
        "form-action 'none'",
    )
}

fn page(status: StatusCode, title: &str, body: &str, form_action: &str) -> Response {
    static STYLE_HASH: LazyLock<String> =
        LazyLock::new(|| STANDARD.encode(digest(&SHA256, STYLE.as_bytes()).as_ref()));
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; {form_action}; base-uri 'none'; frame-ancestors 'none'",
        STYLE_HASH.as_str()
    );
    let mut response = (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    let headers = response.headers_mut();
    // A policy that could not be said must not be left out silently.
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    for (name, value) in PRIVATE {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

// The address of a page holds `state`. It is told to this pool alone, whose form check needs the `Origin` that the strictest
// policy would take away.
const PRIVATE: [(HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "same-origin"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
];

fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            '\'' => result.push_str("&#39;"),
            character => result.push(character),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_that_was_sent_becomes_markup() {
        let hostile = "\"'><script>alert(1)</script>&";
        let response = SignInPage {
            action: hostile,
            form_token: hostile,
            username: hostile,
            problem: Some(hostile),
            providers: &[(hostile.to_owned(), hostile.to_owned())],
            destinations: &[],
        }
        .into_response();
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();
        assert!(!html.contains("<script") && !html.contains("'>"), "{html}");
        assert_eq!(html.matches("&lt;script&gt;").count(), 6, "{html}");
    }
}
