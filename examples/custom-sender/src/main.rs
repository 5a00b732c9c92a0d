//! The custom sender triggers as a Lambda function.

use std::process::ExitCode;

use portcullis_custom_sender::{Config, EsdkDecrypter, SentCodes, SesSender, handle};
use portcullis_trigger::{TriggerLayer, run, service_fn, start};

const NAME: &str = "custom-sender";

// Several threads: the Encryption SDK waits for AWS KMS within a synchronous call, and on a runtime of one thread it would make
// a new runtime for each, whose connections die with it.
#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    let Some(config) = start(NAME, Config::from_env) else {
        return ExitCode::FAILURE;
    };
    let decrypter = match EsdkDecrypter::with_kms_key(&config.kms_key_arn).await {
        Ok(decrypter) => decrypter,
        Err(error) => {
            eprintln!("{NAME}: {error}");
            return ExitCode::FAILURE;
        }
    };
    let (sender, sent) = (SesSender::new(&config.sender_address).await, SentCodes::default());
    let handler = service_fn(|event| handle(event, &config, &decrypter, &sender, &sent));
    run(TriggerLayer::new(NAME), handler).await
}
