//! The way to DynamoDB, opened when it is first needed.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    config::{BehaviorVersion, Config, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
};
use tokio::sync::OnceCell;

use crate::{Meter, meter::Reading};

/// Where DynamoDB is, and how long to wait for it.
#[derive(Clone, Debug)]
pub struct ConnectOptions {
    endpoint: Option<String>,
    attempts: u32,
    connect_timeout: Duration,
    attempt_timeout: Duration,
    operation_timeout: Duration,
    meter: Option<Meter>,
}

/// A client of DynamoDB that is made at the first call: until then nothing is dialled, no
/// configuration is read and no root certificate is parsed, so that a cold start pays for nothing it
/// does not use. Clones share the client.
#[derive(Clone, Debug)]
pub struct Connection {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: ConnectOptions,
    client: OnceCell<Client>,
}

/// Prepares a connection; see [`Connection`] for when it is opened.
#[must_use]
pub fn connect(options: &ConnectOptions) -> Connection {
    Connection { shared: Arc::new(Shared { options: options.clone(), client: OnceCell::new() }) }
}

impl ConnectOptions {
    /// DynamoDB of the account that the SDK's default chain finds: the environment, a profile, or
    /// the role of the function. The time limits leave room within the five seconds of a trigger.
    #[must_use]
    pub fn aws() -> Self {
        Self {
            endpoint: None,
            attempts: 3,
            connect_timeout: Duration::from_secs(1),
            attempt_timeout: Duration::from_secs(2),
            operation_timeout: Duration::from_secs(4),
            meter: None,
        }
    }

    /// A stand-in for DynamoDB at this address, such as `http://127.0.0.1:8000`. It is called with
    /// fixed made-up credentials, so that no real ones leave the machine, and given more time.
    #[must_use]
    pub fn local(endpoint: impl Into<String>) -> Self {
        Self {
            endpoint: Some(endpoint.into()),
            attempts: 3,
            connect_timeout: Duration::from_secs(5),
            attempt_timeout: Duration::from_secs(15),
            operation_timeout: Duration::from_secs(30),
            meter: None,
        }
    }

    /// How often a call is made before it counts as failed; at least 1.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long one attempt may take.
    #[must_use]
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How long a call may take with all its attempts.
    #[must_use]
    pub fn operation_timeout(mut self, timeout: Duration) -> Self {
        self.operation_timeout = timeout;
        self
    }

    /// Adds up the capacity that all calls consume. Every answer then says what it cost.
    ///
    /// ```
    /// use portcullis_data::{ConnectOptions, Meter};
    ///
    /// let meter = Meter::default();
    /// let options = ConnectOptions::aws().meter(&meter);
    /// assert_eq!(meter.take().read, 0.0);
    /// # let _ = options;
    /// ```
    #[must_use]
    pub fn meter(mut self, meter: &Meter) -> Self {
        self.meter = Some(meter.clone());
        self
    }

    async fn open(&self) -> Client {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(self.connect_timeout)
            .operation_attempt_timeout(self.attempt_timeout)
            .operation_timeout(self.operation_timeout)
            .build();
        let retries = RetryConfig::standard().with_max_attempts(self.attempts);
        let mut config = match &self.endpoint {
            Some(endpoint) => Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .endpoint_url(endpoint)
                .region(Region::from_static("us-east-1"))
                .credentials_provider(Credentials::new("local", "local", None, None, "local")),
            None => {
                let shared = aws_config::defaults(BehaviorVersion::latest()).load().await;
                aws_sdk_dynamodb::config::Builder::from(&shared)
            }
        };
        if let Some(meter) = &self.meter {
            config = config.interceptor(Reading(meter.clone()));
        }
        Client::from_conf(config.timeout_config(timeouts).retry_config(retries).build())
    }
}

impl Connection {
    pub(crate) async fn client(&self) -> &Client {
        self.shared.client.get_or_init(|| self.shared.options.open()).await
    }
}

impl From<Client> for Connection {
    /// A connection that is open already.
    fn from(client: Client) -> Self {
        let shared = Shared { options: ConnectOptions::aws(), client: OnceCell::new_with(Some(client)) };
        Self { shared: Arc::new(shared) }
    }
}
