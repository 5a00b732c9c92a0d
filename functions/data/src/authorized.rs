//! Screen, validate, load, authorize, write: the one way by which doors reach records.

use std::time::Duration;

use portcullis_rules::{Authorizer, Denied, Identity, Item, Operation, Screening};
use portcullis_schema::ModelType;

use crate::{DataError, Page, PageRequest, Repository, Revision, Stored};

/// How often a change is decided anew when others change the record at the same time.
const ATTEMPTS: u32 = 10;

/// The records of all models, for callers who are known and rules that are kept.
///
/// Every operation takes the same steps. Whoever may not do it to any record is refused before anything is
/// said about the input; then the input is checked; then the record is loaded and the rules decide; then it is
/// written under the condition that it is still the record that was decided on. When it is not, all of it is
/// decided anew.
///
/// A record that the caller may not read is [`DataError::NotFound`], whether or not it exists. One that they
/// may read and not change is [`DataError::Forbidden`].
///
/// What is returned lacks the fields that the caller may not read in this record, whichever operation returns
/// it. The revision is that of the whole record: it tells that something has changed, not what.
#[derive(Clone, Debug)]
pub struct AuthorizedRepository {
    repository: Repository,
    authorizer: Authorizer,
}

impl AuthorizedRepository {
    /// Records behind this authorizer.
    #[must_use]
    pub fn new(repository: Repository, authorizer: Authorizer) -> Self {
        Self { repository, authorizer }
    }

    /// Makes a record. Fields that are `null` are not stored; `id`, `createdAt` and `updatedAt` are added.
    ///
    /// # Errors
    ///
    /// [`DataError::Forbidden`], with the names of the fields if it is for these that the caller may not, [`DataError::Invalid`], [`DataError::AlreadyExists`], [`DataError::Unavailable`].
    pub async fn create(
        &self,
        identity: &Identity,
        model: &ModelType,
        input: Item,
    ) -> Result<Stored, DataError> {
        self.screen(identity, Operation::Create, model)?;
        model.validate_create(&input).map_err(DataError::Invalid)?;
        let permit = self.authorizer.permit_create(identity, model.rules(), input)?;
        let stored = self.repository.create(permit).await?;
        Ok(self.show(identity, model, stored))
    }

    /// The record with this id.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`], [`DataError::Forbidden`] when the caller may read no record of this model,
    /// [`DataError::Unavailable`].
    pub async fn get(&self, identity: &Identity, model: &ModelType, id: &str) -> Result<Stored, DataError> {
        let permit = self.authorizer.permit_read(identity, Operation::Get, model.rules())?;
        let stored = self.repository.get(&permit, id).await?.ok_or(DataError::NotFound)?;
        Ok(self.show(identity, model, stored))
    }

    /// A page of the records that the caller may list, oldest first.
    ///
    /// # Errors
    ///
    /// [`DataError::Forbidden`] when the caller may list no record of this model, [`DataError::Invalid`] for the
    /// limit, [`DataError::InvalidCursor`], [`DataError::Unavailable`].
    pub async fn list(
        &self,
        identity: &Identity,
        model: &ModelType,
        request: &PageRequest,
    ) -> Result<Page, DataError> {
        let permit = self.authorizer.permit_read(identity, Operation::List, model.rules())?;
        let page = self.repository.list(&permit, request).await?;
        let items = page.records.into_iter().map(|stored| self.show(identity, model, stored).item).collect();
        Ok(Page { items, next_token: page.next_token })
    }

    /// Changes fields of a record; `null` removes one, for which the caller needs delete on it besides update. With
    /// `expected`, only if the record still has this revision.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`], [`DataError::Forbidden`], [`DataError::Invalid`],
    /// [`DataError::PreconditionFailed`], [`DataError::Conflict`], [`DataError::Unavailable`].
    pub async fn update(
        &self,
        identity: &Identity,
        model: &ModelType,
        id: &str,
        mut changes: Item,
        expected: Option<&Revision>,
    ) -> Result<Stored, DataError> {
        let load = self.authorizer.permit_load(identity, Operation::Update, model.rules())?;
        // Amplify's clients send the key along with the changes.
        if changes.get("id").is_some_and(|sent| sent == id) {
            changes.remove("id");
        }
        model.validate_update(&changes).map_err(DataError::Invalid)?;
        for attempt in 0..ATTEMPTS {
            let stored = self.repository.load(&load, id).await?.ok_or(DataError::NotFound)?;
            let permit = self
                .authorizer
                .permit_update(identity, model.rules(), &stored.item, changes.clone())
                .map_err(|denied| self.refusal(identity, Operation::Update, model, &stored, denied))?;
            require(expected, &stored)?;
            match self.repository.update(permit, &stored).await {
                Err(DataError::Conflict) => self.wait(attempt).await,
                Err(error) => return Err(error),
                Ok(stored) => return Ok(self.show_writer(identity, model, stored, &changes)),
            }
        }
        Err(DataError::Conflict)
    }

    /// Removes a record and returns what it was, for which the caller needs delete on every field. With `expected`, only if it still has this revision.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`], [`DataError::Forbidden`], [`DataError::PreconditionFailed`],
    /// [`DataError::Conflict`], [`DataError::Unavailable`].
    pub async fn delete(
        &self,
        identity: &Identity,
        model: &ModelType,
        id: &str,
        expected: Option<&Revision>,
    ) -> Result<Stored, DataError> {
        let load = self.authorizer.permit_load(identity, Operation::Delete, model.rules())?;
        for attempt in 0..ATTEMPTS {
            let stored = self.repository.load(&load, id).await?.ok_or(DataError::NotFound)?;
            let permit = self
                .authorizer
                .permit_delete(identity, model.rules(), &stored.item)
                .map_err(|denied| self.refusal(identity, Operation::Delete, model, &stored, denied))?;
            require(expected, &stored)?;
            match self.repository.delete(permit, &stored).await {
                Err(DataError::Conflict) => self.wait(attempt).await,
                Err(error) => return Err(error),
                Ok(()) => return Ok(self.show_writer(identity, model, stored, &Item::new())),
            }
        }
        Err(DataError::Conflict)
    }

    fn screen(&self, identity: &Identity, operation: Operation, model: &ModelType) -> Result<(), DataError> {
        match self.authorizer.screen(identity, operation, model.rules()) {
            Screening::Denied => Err(Denied::Operation { operation, model: model.name().to_owned() }.into()),
            Screening::Allowed | Screening::NeedsItem => Ok(()),
        }
    }

    /// Whoever may not know of the record does not hear that it exists. One who may do it to other fields knows.
    fn refusal(
        &self,
        identity: &Identity,
        operation: Operation,
        model: &ModelType,
        stored: &Stored,
        denied: Denied,
    ) -> DataError {
        if tracing::enabled!(tracing::Level::DEBUG) {
            let rules = self.authorizer.explain(identity, operation, model.rules(), &stored.item).rules;
            tracing::debug!(sub = identity.sub(), model = model.name(), %operation, ?rules, "refused");
        }
        let may = |operation| {
            self.authorizer.authorize(identity, operation, model.rules(), &stored.item).is_allowed()
        };
        if may(Operation::Get) || may(operation) { DataError::Forbidden(denied) } else { DataError::NotFound }
    }

    /// The record as this client sees it. What they may not read is judged by the record that is stored.
    ///
    /// An attribute that the schema no longer declares may have had rules of its own; it stays stored and is not shown.
    fn show(&self, identity: &Identity, model: &ModelType, mut stored: Stored) -> Stored {
        for field in self.authorizer.withheld(identity, model.rules(), &stored.item) {
            stored.item.remove(field);
        }
        stored.item.retain(|name, _| model.field(name).is_some());
        stored.item = model.rules().present(stored.item);
        stored
    }

    /// Whoever may write a record and not read it gets back its id and, unless it is withheld from them, what they
    /// have just sent.
    fn show_writer(&self, identity: &Identity, model: &ModelType, stored: Stored, sent: &Item) -> Stored {
        let reads = self.authorizer.authorize(identity, Operation::Get, model.rules(), &stored.item);
        let mut shown = self.show(identity, model, stored);
        if !reads.is_allowed() {
            shown.item.retain(|field, _| field == "id" || sent.contains_key(field));
        }
        shown
    }

    /// Lets the others finish: up to 1, 2, 4, .. 64 ms, a different time for each who waits.
    async fn wait(&self, attempt: u32) {
        let limit = 1000_u64 << attempt.min(6);
        tokio::time::sleep(Duration::from_micros(self.repository.jitter() % limit)).await;
    }
}

/// The expectation is judged after the decision, so that it tells nothing to whom the record is hidden.
fn require(expected: Option<&Revision>, stored: &Stored) -> Result<(), DataError> {
    match expected {
        Some(expected) if *expected != stored.revision => Err(DataError::PreconditionFailed),
        _ => Ok(()),
    }
}
