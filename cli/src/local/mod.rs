//! The whole system on this machine, on loopback only.
//!
//! One process: the API with the same router as the Lambda function, a user pool that speaks Cognito's wire protocol and
//! calls the same trigger code, and the wire protocols of DynamoDB and of Amazon S3 on SQLite files. Parts talk over HTTP wherever they do when
//! deployed, so that what works here has gone through the same code. Requests that are signed with AWS credentials go through what API Gateway and
//! AppSync would do with them, by the roles and policies of `template.yaml`.

mod api_key;
mod attached_function;
mod banner;
mod courier;
mod data_folder;
mod drain;
pub(crate) mod dynamodb;
mod environment;
mod error;
mod example;
mod gateway;
mod identity;
mod listener;
mod patience;
mod policies;
mod realtime;
mod remote_function;
mod servers;
mod shutdown;
mod system;
mod triggers;

pub use self::{attached_function::AttachedFunction, error::StartError};
pub(crate) use self::{
    banner::Banner,
    data_folder::OpenFolder,
    environment::TABLE_NAME,
    example::{Example, example},
    listener::Listener,
    servers::Servers,
    shutdown::signal,
    system::System,
};
