//! The rules of a model, asked before a record is loaded.

use std::sync::Arc;

use portcullis_rules::{Authorizer, Identity, Model, Operation, Screening};

use super::{Authorize, Forbidden};

/// Refuses callers whom no rule of a model could ever admit to an operation.
#[derive(Clone, Debug)]
pub struct Screen {
    authorizer: Authorizer,
    model: Arc<Model>,
    operation: Operation,
}

impl Screen {
    /// Screens callers of this operation on this model.
    #[must_use]
    pub fn new(authorizer: Authorizer, model: Arc<Model>, operation: Operation) -> Self {
        Self { authorizer, model, operation }
    }
}

impl Authorize for Screen {
    fn authorize(&self, identity: &Identity) -> Result<(), Forbidden> {
        match self.authorizer.screen(identity, self.operation, &self.model) {
            Screening::Allowed | Screening::NeedsItem => Ok(()),
            Screening::Denied => Err(Forbidden::because("screened")),
        }
    }
}
