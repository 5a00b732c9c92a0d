//! A backend as the local system that runs it describes it.

use std::time::Duration;

use reqwest::{Client, Url, redirect::Policy};

use super::{
    ClientConfigError,
    backend::{BACKEND_PATH, Backend},
};
use crate::loopback::is_loopback_host;

/// How long the local system may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Asks the running system.
pub(super) fn read(url: &Url) -> Result<Backend, ClientConfigError> {
    let host = url.host_str().unwrap_or_default();
    if url.scheme() != "http" || !is_loopback_host(host) {
        return Err(ClientConfigError::NotLocal(url.to_string()));
    }
    let failed = |reason: String| ClientConfigError::Unreachable { url: url.to_string(), reason };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| failed(error.to_string()))?.block_on(async {
        // A loopback address is never reached through a proxy, and sends nobody on.
        let client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE).build();
        let client = client.map_err(|error| failed(error.to_string()))?;
        let place = url.join(BACKEND_PATH).map_err(|error| failed(error.to_string()))?;
        let answer = client.get(place).send().await.map_err(|_| failed("nobody answers".to_owned()))?;
        if !answer.status().is_success() {
            return Err(failed(format!("it answers {}", answer.status().as_u16())));
        }
        let text = answer.text().await.map_err(|_| failed("the answer ends early".to_owned()))?;
        serde_json::from_str(&text).map_err(|_| failed("it answers something else".to_owned()))
    })
}
