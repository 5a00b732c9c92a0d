//! Screen, validate, load, authorize, write: the one way by which doors reach records.

use std::time::Duration;

use portcullis_rules::{Authorizer, Denied, Identity, Item, Operation, Permit, Read, Screening};
use portcullis_schema::ModelType;

use crate::{
    DataError, Expected, Filter, IndexQuery, ListQuery, Page, PageRequest, RecordKey, Repository, SOURCE,
    Shown,
    listing::Verdict,
    record_layout::RecordLayout,
    repository::{Sieve, StoredPage, no_such_index},
    source::Source,
    stored::Stored,
};

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
///
/// Where the authorizer lets callers in whatever the rules say, every record has a further index row by which they list
/// it: all doors to one table are to have the same authorizer.
///
/// ```compile_fail,E0061
/// # async fn forgetful(data: portcullis_data::AuthorizedRepository, note: &portcullis_data::schema::ModelType) {
/// data.get(note, &portcullis_data::RecordKey::id("n")).await; // nobody asks for it
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AuthorizedRepository {
    pub(crate) repository: Repository,
    pub(crate) authorizer: Authorizer,
    pub(crate) for_resolvers: bool,
    pub(crate) owners_as_stored: bool,
}

impl AuthorizedRepository {
    /// Records behind this authorizer.
    #[must_use]
    pub fn new(repository: Repository, authorizer: Authorizer) -> Self {
        Self { repository, authorizer, for_resolvers: false, owners_as_stored: false }
    }

    /// The same for a door that answers a record field by field, as GraphQL does:
    ///
    /// 1. each record has a member [`SOURCE`](crate::SOURCE) that says what the fields of this record come from, and
    ///    it is for the resolvers of these fields and not for a client;
    /// 2. whoever may write a record is shown it as Amplify does, also where they may not read it, but for fields that are
    ///    withheld from them.
    #[must_use]
    pub fn for_resolvers(mut self) -> Self {
        self.for_resolvers = true;
        self
    }

    /// The same door to other records.
    #[must_use]
    pub fn on(self, repository: Repository) -> Self {
        Self { repository, ..self }
    }

    /// Shows owners as they are stored, and not their last segment alone: so does Amplify where the flag
    /// `useSubUsernameForDefaultIdentityClaim` is off.
    #[must_use]
    pub fn owners_as_stored(mut self, as_stored: bool) -> Self {
        self.owners_as_stored = as_stored;
        self
    }

    /// A record with its owners as this door shows them.
    #[must_use]
    pub fn present(&self, model: &ModelType, item: Item) -> Item {
        if self.owners_as_stored { item } else { model.rules().present(item) }
    }

    /// The evaluator of the rules.
    #[must_use]
    pub fn authorizer(&self) -> &Authorizer {
        &self.authorizer
    }

    /// Makes a record. Fields that are `null` are not stored; defaults, `id` and the times of creation and change are added.
    ///
    /// # Errors
    ///
    /// [`DataError::Forbidden`], with the names of the fields if it is for these that the caller may not, [`DataError::Invalid`], [`DataError::AlreadyExists`], [`DataError::Unavailable`].
    pub async fn create(
        &self,
        identity: &Identity,
        model: &ModelType,
        input: Item,
    ) -> Result<Shown, DataError> {
        self.create_if(identity, model, input, None).await
    }

    /// The same under a condition on what is stored, which is nothing: one that some field exists never holds.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create), and [`DataError::ConditionFailed`].
    pub async fn create_if(
        &self,
        identity: &Identity,
        model: &ModelType,
        mut input: Item,
        condition: Option<&Filter>,
    ) -> Result<Shown, DataError> {
        self.screen(identity, Operation::Create, model)?;
        model.validate_create(&input).map_err(DataError::Invalid)?;
        // As in Amplify, the rules see what the schema fills in as if the client had sent it.
        model.fill_defaults(&mut input);
        let permit = self.authorizer.permit_create(identity, model.rules(), input)?;
        if condition.is_some_and(|condition| !condition.matches(&Item::new())) {
            return Err(DataError::ConditionFailed);
        }
        let stored = self.repository.create(permit, self.layout(model)).await?;
        Ok(self.show(identity, model, stored))
    }

    /// The record with this key.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`], [`DataError::Forbidden`] when the caller may read no record of this model,
    /// [`DataError::Unavailable`].
    pub async fn get(
        &self,
        identity: &Identity,
        model: &ModelType,
        key: &RecordKey,
    ) -> Result<Shown, DataError> {
        let permit = self.authorizer.permit_read(identity, Operation::Get, model.rules())?;
        let stored = self.repository.get(&permit, model, key).await?.ok_or(DataError::NotFound)?;
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
        self.list_by(identity, model, &ListQuery::default(), request).await
    }

    /// A page of those of the records that the caller may list which they ask for, in the order that they ask for.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub async fn list_by(
        &self,
        identity: &Identity,
        model: &ModelType,
        query: &ListQuery,
        request: &PageRequest,
    ) -> Result<Page, DataError> {
        let permit = self.authorizer.permit_read(identity, Operation::List, model.rules())?;
        let judge = |item: &Item| self.sift(identity, model, query.filter.as_ref(), item);
        let sieve = query.filter.as_ref().map(|_| Sieve { judge: &judge, hides: false });
        let layout = self.layout(model);
        let page = self.repository.list(&permit, layout, query.descending, request, identity, sieve).await?;
        Ok(self.show_page(identity, model, page))
    }

    /// The records with these keys, in the order of the keys: `None` where there is no such record, or none that the caller
    /// may see. A key may stand there several times. Costs as many reads as there are different keys, in batches of a
    /// hundred.
    ///
    /// # Errors
    ///
    /// [`DataError::Forbidden`] when the caller may read no record of this model, [`DataError::Unavailable`].
    pub async fn get_all(
        &self,
        identity: &Identity,
        model: &ModelType,
        keys: &[RecordKey],
    ) -> Result<Vec<Option<Shown>>, DataError> {
        let permit = self.authorizer.permit_read(identity, Operation::Get, model.rules())?;
        let wanted: Vec<_> = keys.iter().map(|key| (&permit, Some(key.clone()))).collect();
        let found = self.repository.get_all(model, &wanted).await?;
        Ok(found.into_iter().map(|stored| Some(self.show(identity, model, stored?))).collect())
    }

    /// Changes fields of a record; `null` removes one, for which the caller needs delete on it besides update. With
    /// `expected`, only if the record still has this revision, or meets this condition.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`], [`DataError::Forbidden`], [`DataError::Invalid`],
    /// [`DataError::PreconditionFailed`], [`DataError::ConditionFailed`], [`DataError::Conflict`],
    /// [`DataError::Unavailable`].
    pub async fn update(
        &self,
        identity: &Identity,
        model: &ModelType,
        key: &RecordKey,
        changes: Item,
        expected: impl Into<Expected<'_>>,
    ) -> Result<Shown, DataError> {
        let expected = expected.into();
        let load = self.authorizer.permit_load(identity, Operation::Update, model.rules())?;
        // Amplify's clients send the key along with the changes.
        let mut to_check = changes.clone();
        to_check.retain(|field, value| !key.holds(model, field, value));
        model.validate_update(&to_check).map_err(DataError::Invalid)?;
        for attempt in 0..ATTEMPTS {
            let stored = self.repository.load(&load, model, key).await?.ok_or(DataError::NotFound)?;
            let permit = self
                .authorizer
                .permit_update(identity, model.rules(), &stored.item, changes.clone())
                .map_err(|denied| self.refusal(identity, Operation::Update, model, &stored, denied))?;
            self.require(identity, model, expected, &stored)?;
            match self.repository.update(permit, self.layout(model), &stored).await {
                Err(DataError::Conflict) => self.wait(attempt).await,
                Err(error) => return Err(error),
                Ok(stored) => return Ok(self.show_writer(identity, model, stored, &changes)),
            }
        }
        Err(DataError::Conflict)
    }

    /// Removes a record and returns what it was, for which the caller needs delete on every field. With `expected`, only
    /// if it still has this revision, or meets this condition.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`], [`DataError::Forbidden`], [`DataError::PreconditionFailed`],
    /// [`DataError::ConditionFailed`], [`DataError::Conflict`], [`DataError::Unavailable`].
    pub async fn delete(
        &self,
        identity: &Identity,
        model: &ModelType,
        key: &RecordKey,
        expected: impl Into<Expected<'_>>,
    ) -> Result<Shown, DataError> {
        let expected = expected.into();
        let load = self.authorizer.permit_load(identity, Operation::Delete, model.rules())?;
        for attempt in 0..ATTEMPTS {
            let stored = self.repository.load(&load, model, key).await?.ok_or(DataError::NotFound)?;
            let permit = self
                .authorizer
                .permit_delete(identity, model.rules(), &stored.item)
                .map_err(|denied| self.refusal(identity, Operation::Delete, model, &stored, denied))?;
            self.require(identity, model, expected, &stored)?;
            match self.repository.delete(permit, &stored).await {
                Err(DataError::Conflict) => self.wait(attempt).await,
                Err(error) => return Err(error),
                Ok(()) => return Ok(self.show_writer(identity, model, stored, &Item::new())),
            }
        }
        Err(DataError::Conflict)
    }

    /// A page of the records that have a value in an index, in the order of its sort fields, then by the time of their
    /// creation. A record that the caller may see is left out if a field of the index is withheld from them in it: which
    /// query finds it would tell what is there. For the same reason only rules that let the caller read all fields of the
    /// index count: see [`Lookup::reading`](crate::rules::Lookup::reading).
    ///
    /// # Errors
    ///
    /// [`DataError::Forbidden`] when the caller may list no record that is asked for, [`DataError::Invalid`] for the
    /// query or the limit, [`DataError::InvalidCursor`], [`DataError::Unavailable`].
    pub async fn query(
        &self,
        identity: &Identity,
        model: &ModelType,
        query: &IndexQuery,
        request: &PageRequest,
    ) -> Result<Page, DataError> {
        self.screen(identity, Operation::List, model)?;
        let layout = self.layout(model);
        let index = layout.index(query.index()).ok_or_else(|| no_such_index(model))?;
        // What is no value of the field is a mistake, and no question to the rules.
        query.value(model, &index)?;
        query.range(model, &index)?;
        let lookup = query.lookup(&index).reading(index.fields());
        let permit = self.authorizer.permit_query(identity, Operation::List, model.rules(), &lookup)?;
        let query = query.clone().narrowed(&index, permit.narrowing());
        let page = self.find(identity, &permit, model, &query, request).await?;
        Ok(self.show_page(identity, model, page))
    }

    /// What a query finds, without the records in which a field of the index is withheld from the caller.
    pub(crate) async fn find(
        &self,
        identity: &Identity,
        permit: &Permit<Read>,
        model: &ModelType,
        query: &IndexQuery,
        request: &PageRequest,
    ) -> Result<StoredPage, DataError> {
        let layout = self.layout(model);
        let index = layout.index(query.index()).ok_or_else(|| no_such_index(model))?;
        let guarded = index.fields().any(|field| model.rules().may_withhold(field));
        let judge = |item: &Item| {
            let withheld =
                if guarded { self.authorizer.withheld(identity, model.rules(), item) } else { Vec::new() };
            if index.fields().any(|field| withheld.contains(&field)) {
                return Verdict::Hidden;
            }
            self.sift(identity, model, query.filtered(), item)
        };
        let sieve =
            (guarded || query.filtered().is_some()).then_some(Sieve { judge: &judge, hides: guarded });
        self.repository.query(permit, layout, query, request, identity, sieve).await
    }

    pub(crate) fn layout<'m>(&self, model: &'m ModelType) -> RecordLayout<'m> {
        RecordLayout { model, for_everybody: self.authorizer.admits_beyond_rules(model.rules()) }
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
    pub(crate) fn show(&self, identity: &Identity, model: &ModelType, stored: Stored) -> Shown {
        let Stored { item, revision, .. } = stored;
        let key = RecordKey::from_item(model, &item).ok();
        let item = self.show_item(identity, model, item);
        let key = key.filter(|_| model.key().fields().all(|field| item.contains_key(field)));
        Shown { item, revision, key }
    }

    /// A record that came from elsewhere, such as from a handler, as this client sees it.
    #[must_use]
    pub fn show_item(&self, identity: &Identity, model: &ModelType, mut item: Item) -> Item {
        let withheld = self.authorizer.withheld(identity, model.rules(), &item);
        for field in &withheld {
            item.remove(*field);
        }
        item.retain(|name, _| model.field(name).is_some());
        let source = self.for_resolvers.then(|| Source::new(model, &item, &withheld));
        let mut item = self.present(model, item);
        if let Some(source) = source {
            item.insert(SOURCE.to_owned(), source.into_value(&item));
        }
        item
    }

    pub(crate) fn show_page(&self, identity: &Identity, model: &ModelType, page: StoredPage) -> Page {
        let items = page.records.into_iter().map(|stored| self.show(identity, model, stored).item).collect();
        Page { items, next_token: page.next_token }
    }

    /// Whoever may write a record and not read it gets back its key and, unless it is withheld from them, what they
    /// have just sent.
    fn show_writer(&self, identity: &Identity, model: &ModelType, stored: Stored, sent: &Item) -> Shown {
        let reads = self.authorizer.authorize(identity, Operation::Get, model.rules(), &stored.item);
        let mut shown = self.show(identity, model, stored);
        if !reads.is_allowed() && !self.for_resolvers {
            let in_key = |field: &str| model.key().fields().any(|key| key == field);
            shown.item.retain(|field, _| in_key(field) || sent.contains_key(field));
        }
        shown
    }

    /// What is expected is judged after the decision, so that it tells nothing to whom the record is hidden; and a condition on
    /// a field that is withheld from the caller would tell what is in it. Whoever may not read the record knows its key alone.
    fn require(
        &self,
        identity: &Identity,
        model: &ModelType,
        expected: Expected<'_>,
        stored: &Stored,
    ) -> Result<(), DataError> {
        if expected.revision.is_some_and(|revision| *revision != stored.revision) {
            return Err(DataError::PreconditionFailed);
        }
        let Some(condition) = expected.condition else {
            return Ok(());
        };
        let withheld = self.authorizer.withheld(identity, model.rules(), &stored.item);
        let reads = self.authorizer.authorize(identity, Operation::Get, model.rules(), &stored.item);
        // What the schema no longer declares is shown to nobody.
        let may_ask = |field: &&str| {
            model.field(field).is_some()
                && !withheld.contains(field)
                && (reads.is_allowed() || model.key().fields().any(|key| key == *field))
        };
        let asked = condition.fields().into_iter().filter(|field| !may_ask(field));
        let asked: Vec<String> = asked.map(str::to_owned).collect();
        if !asked.is_empty() {
            return Err(Denied::Fields(asked).into());
        }
        if condition.matches(&stored.item) { Ok(()) } else { Err(DataError::ConditionFailed) }
    }

    /// Whether a record that the caller may see is one that they ask for. What they may not see in it is absent from it.
    fn sift(&self, identity: &Identity, model: &ModelType, filter: Option<&Filter>, item: &Item) -> Verdict {
        let Some(filter) = filter else {
            return Verdict::Shown;
        };
        let withheld = self.authorizer.withheld(identity, model.rules(), item);
        let visible = |field: &str| {
            let shown = model.field(field).is_some() && !withheld.contains(&field);
            item.get(field).filter(|_| shown)
        };
        if filter.matches_by(&visible) { Verdict::Shown } else { Verdict::Passed }
    }

    /// Lets the others finish: up to 1, 2, 4, .. 64 ms, a different time for each who waits.
    async fn wait(&self, attempt: u32) {
        let limit = 1000_u64 << attempt.min(6);
        tokio::time::sleep(Duration::from_micros(self.repository.jitter() % limit)).await;
    }
}
