//! A layer that refuses early who may not call at all: layer, service, future, and the decisions that they carry.

mod decision;
mod future;
mod layer;
mod requirement;
mod screen;
mod service;

pub use self::{
    decision::{Authorize, Forbidden},
    future::AuthorizeFuture,
    layer::AuthorizeLayer,
    requirement::{Requirement, require},
    screen::Screen,
    service::AuthorizeService,
};
