//! What every type of a document is read with.

use crate::{
    Project, auths::Auths, declarations::Declarations, definitions::Definitions, links::Links,
    named_type::ObjectTypes,
};

/// What is known of a document before its types are read one by one.
pub(crate) struct Context<'a> {
    pub(crate) declarations: &'a Declarations<'a>,
    pub(crate) definitions: &'a Definitions<'a>,
    pub(crate) auths: &'a Auths,
    pub(crate) links: &'a Links,
    pub(crate) project: &'a Project,
    /// Empty until the types without `@model` have been read.
    pub(crate) objects: ObjectTypes,
}
