//! `template.yaml`, as far as this machine is set up from it: resources with the values that they would have when deployed.

mod conditions;
mod document;
mod error;
pub(crate) mod stack;

pub(crate) use self::{error::TemplateMistake, stack::Stack};
