//! A browser without a screen: it keeps cookies, follows redirects when told to, and fills in forms.

use std::collections::BTreeMap;

use reqwest::{
    Client, Method, Url,
    header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, ORIGIN, SET_COOKIE},
    redirect::Policy,
};

use crate::Result;

/// More redirects than any sign-in has.
const MAX_REDIRECTS: usize = 20;

/// A browser of one person. All its cookies are of one host, which ports do not tell apart.
#[derive(Clone, Debug)]
pub struct Browser {
    http: Client,
    cookies: BTreeMap<String, String>,
}

/// What a browser got.
#[derive(Clone, Debug)]
pub struct Page {
    /// Where it is from.
    pub url: Url,
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Browser {
    /// A browser that knows nobody.
    ///
    /// # Errors
    ///
    /// When no client can be made.
    pub fn new() -> Result<Self> {
        let http = Client::builder().redirect(Policy::none()).no_proxy().build()?;
        Ok(Self { http, cookies: BTreeMap::new() })
    }

    /// Opens an address, and follows nothing.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn open(&mut self, url: &str) -> Result<Page> {
        self.send(Method::GET, Url::parse(url)?, None).await
    }

    /// Follows redirects from a page on: to the first page that is none, or to a redirect to an address that begins like this, which is
    /// not opened.
    ///
    /// # Errors
    ///
    /// When there is no answer, or no end.
    pub async fn follow(&mut self, mut page: Page, end: &str) -> Result<Page> {
        for _ in 0..MAX_REDIRECTS {
            match page.location()? {
                Some(url) if !url.as_str().starts_with(end) => {
                    page = self.send(Method::GET, url, None).await?
                }
                _ => return Ok(page),
            }
        }
        Err("the redirects have no end".into())
    }

    /// Sends the first form of a page with these fields filled in, and follows nothing.
    ///
    /// # Errors
    ///
    /// When the page has no form, or there is no answer.
    pub async fn submit(&mut self, page: &Page, fields: &[(&str, &str)]) -> Result<Page> {
        let (_, form) = page.text.split_once("<form").ok_or_else(|| format!("no form:\n{}", page.text))?;
        let (form, _) = form.split_once("</form>").ok_or("the form has no end")?;
        let action = attribute(form, "action").ok_or("the form has no action")?;
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        for input in
            form.split("<input").skip(1).filter(|input| attribute(input, "type").as_deref() == Some("hidden"))
        {
            let name = attribute(input, "name").ok_or("a field has no name")?;
            values.insert(name, attribute(input, "value").unwrap_or_default());
        }
        values.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let body = form_encoded(
            &values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect::<Vec<_>>(),
        )?;
        self.send(Method::POST, page.url.join(&action)?, Some(body)).await
    }

    async fn send(&mut self, method: Method, url: Url, form: Option<String>) -> Result<Page> {
        let mut request = self.http.request(method, url.clone());
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}"));
            request = request.header(COOKIE, cookies.collect::<Vec<_>>().join("; "));
        }
        if let Some(form) = form {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(ORIGIN, url.origin().ascii_serialization())
                .body(form);
        }
        let response = request.send().await?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            let cookie = cookie.to_str()?.split(';').next().unwrap_or_default();
            match cookie.split_once('=') {
                Some((name, "")) => drop(self.cookies.remove(name)),
                Some((name, value)) => drop(self.cookies.insert(name.to_owned(), value.to_owned())),
                None => {}
            }
        }
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Page { url, status, headers, text: response.text().await? })
    }
}

impl Page {
    /// Where it leads, if it is a redirect.
    ///
    /// # Errors
    ///
    /// When it leads to no address.
    pub fn location(&self) -> Result<Option<Url>> {
        match self.headers.get(LOCATION) {
            Some(url) => Ok(Some(self.url.join(url.to_str()?)?)),
            None => Ok(None),
        }
    }

    /// A parameter of the address that it leads to.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        let url = self.location().ok()??;
        url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }
}

/// Names and values as HTML forms encode them.
///
/// # Errors
///
/// Never: what it is built with is an address.
pub fn form_encoded(fields: &[(&str, &str)]) -> Result<String> {
    Ok(Url::parse_with_params("http://form.invalid", fields)?.query().unwrap_or_default().to_owned())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (tag, _) = tag.split_once('>').unwrap_or((tag, ""));
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}
