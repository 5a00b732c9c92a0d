//! The custom challenge triggers as a Lambda function.

use std::{process::ExitCode, time::SystemTime};

use portcullis_custom_challenge::{Config, SesSender, SystemRandom, handle};
use portcullis_trigger::{TriggerLayer, run, service_fn, start};

const NAME: &str = "custom-challenge";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let sender = SesSender::new(&config.sender_address);
    let handler = service_fn(|event| handle(event, &config, &sender, &SystemRandom, now()));
    run(TriggerLayer::new(NAME), handler).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this function asks the system for the time"
)]
fn now() -> SystemTime {
    SystemTime::now()
}
