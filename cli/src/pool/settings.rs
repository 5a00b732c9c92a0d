//! What a pool is: its ids and addresses, made once and kept.

use jiff::Timestamp;

use crate::pool::{PoolConfig, PoolError, srp, store::Store};

/// The pool's ids and what follows from them.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) pool_id: String,
    /// The pool's name in SRP.
    pub(crate) short_name: String,
    pub(crate) client_id: String,
    /// The id of the client for machines.
    pub(crate) machine_client_id: String,
    pub(crate) region: String,
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) created_at: Timestamp,
}

impl Settings {
    pub(crate) fn open(store: &Store, config: &PoolConfig) -> Result<Self, PoolError> {
        let region_is_one = !config.region.is_empty()
            && config.region.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !region_is_one {
            return Err(PoolError::Config("a region is made of lower-case letters, digits and hyphens"));
        }
        let pool_id = text(store.setting("pool_id", || {
            let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
            let name = config.random.text(alphabet, 9)?;
            Ok(format!("{}_{name}", config.region).into_bytes())
        })?)?;
        let new_client_id =
            || Ok(config.random.text(b"abcdefghijklmnopqrstuvwxyz0123456789", 26)?.into_bytes());
        let client_id = text(store.setting("client_id", new_client_id)?)?;
        let machine_client_id = text(store.setting("machine_client_id", new_client_id)?)?;
        let created_at =
            store.setting("created_at", || Ok(config.clock.now().as_second().to_string().into_bytes()))?;
        let created_at = text(created_at)?
            .parse()
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or(PoolError::Config("the user pool's file has no valid creation time"))?;
        let (region, _) = pool_id.split_once('_').unwrap_or((&config.region, ""));
        Ok(Self {
            short_name: srp::short_name(&pool_id).to_owned(),
            region: region.to_owned(),
            issuer: format!("http://{}/{pool_id}", config.address),
            name: config.name.clone(),
            client_id,
            machine_client_id,
            created_at,
            pool_id,
        })
    }
}

fn text(bytes: Vec<u8>) -> Result<String, PoolError> {
    String::from_utf8(bytes)
        .map_err(|_| PoolError::Config("the user pool's file holds a setting that is no text"))
}
