//! A layer that finds out who calls: layer, service, future, and the decision that they carry.

mod authenticator;
mod completion;
mod future;
mod layer;
mod record;
mod service;

use self::{
    authenticator::{Admitted, Authenticator, Check, Verified},
    completion::Completion,
    record::Record,
};
pub use self::{future::AuthenticateFuture, layer::AuthenticateLayer, service::AuthenticateService};
