//! The user migration trigger as a Lambda function.

use std::process::ExitCode;

use portcullis_trigger::{TriggerLayer, run, service_fn, start};
use portcullis_user_migration::{Config, OldPool, handle};

const NAME: &str = "user-migration";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let old_pool = OldPool::new(config.old_region(), &config.old_user_pool_id, &config.old_client_id);
    run(TriggerLayer::new(NAME), service_fn(|event| handle(event, &config, &old_pool))).await
}
