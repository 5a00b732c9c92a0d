use lambda_runtime::{Context, LambdaEvent};
use portcullis_events::Payload;
use serde_json::Value;

/// An event as the Lambda runtime hands it over, without a deadline of its own. For tests, and for systems that run trigger
/// functions without Lambda.
pub fn invocation(event: Value) -> LambdaEvent<Payload> {
    LambdaEvent::new(Payload::from(event), Context::default())
}
