//! Stored records as the explanation needs them: whole, whichever caller it is about.

use portcullis_data::{AuthorizedRepository, DataError, RecordKey, Repository, Table};
use portcullis_rules::{Authorizer, IamCaller, Identity, Item};
use portcullis_schema::ModelType;

/// A name in AWS's form for whoever plays the administrator of this machine.
const CONSOLE: &str = "arn:aws:iam::000000000000:role/console";

/// Reads records to explain decisions about them. No value of them leaves with an explanation.
#[derive(Debug)]
pub(super) struct Records(AuthorizedRepository);

impl Records {
    pub(super) fn new(table: Table) -> Self {
        let everything = Authorizer::new().admit_account();
        Self(AuthorizedRepository::new(Repository::new(table), everything).owners_as_stored(true))
    }

    /// The record; none if there is none.
    pub(super) async fn find(&self, model: &ModelType, key: &RecordKey) -> Result<Option<Item>, DataError> {
        let console = IamCaller { user_arn: Some(CONSOLE.to_owned()), ..IamCaller::default() };
        match self.0.get(&Identity::Iam(console), model, key).await {
            Ok(record) => Ok(Some(record.into_item())),
            Err(DataError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
