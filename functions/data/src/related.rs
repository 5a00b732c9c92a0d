//! The records that a field of a record stands for.

use futures_util::{StreamExt, TryStreamExt, stream};
use portcullis_rules::{Denied, Identity, Item, Operation, Permit, Read, Scope};
use portcullis_schema::{Connection, ModelType, Schema, Through};
use serde_json::Value;

use crate::{
    AuthorizedRepository, DataError, IndexQuery, Page, PageRequest, RecordKey, Related, SortCondition,
    layout::SPARE,
    listing::{CONCURRENCY, MAX_PAGE},
    repository::StoredPage,
    stored::{Stored, answer_bytes},
};

/// Pairs of a `@manyToMany` that are followed at once.
const BATCH: usize = 25;

type Pairs = [(String, String)];

impl AuthorizedRepository {
    /// What a relation of a record leads to, as far as the caller may see it. A single record that does not exist or may
    /// not be seen is none, and so is one that is found by a field which is withheld from the caller. Related records come in the order of the index by which they are found; those of a
    /// `@manyToMany` in the order in which they were brought together.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`] when the caller may not see the record or there is no such relation,
    /// [`DataError::Forbidden`] when they may read no record of this model, not this field, or no record of the model
    /// that the relation leads to many of, [`DataError::Invalid`] for the limit, [`DataError::InvalidCursor`],
    /// [`DataError::Unavailable`].
    pub async fn related(
        &self,
        identity: &Identity,
        schema: &Schema,
        model: &ModelType,
        key: &RecordKey,
        field: &str,
        request: &PageRequest,
    ) -> Result<Related, DataError> {
        let permit = self.authorizer.permit_read(identity, Operation::Get, model.rules())?;
        let connection = model.connection(field).ok_or(DataError::NotFound)?;
        let related = schema.model(&connection.model).ok_or(DataError::NotFound)?;
        let record = self.repository.get(&permit, model, key).await?.ok_or(DataError::NotFound)?;
        let withheld = self.authorizer.withheld(identity, model.rules(), &record.item);
        if withheld.contains(&field) {
            return Err(Denied::Fields(vec![field.to_owned()]).into());
        }
        let pairs = match &connection.through {
            Through::Join { here, .. } => here,
            _ => &connection.pairs,
        };
        // Where it leads to tells what is in these fields.
        if pairs.iter().any(|(own, _)| withheld.contains(&own.as_str())) {
            return Ok(if connection.many { Related::Many(Page::default()) } else { Related::One(None) });
        }
        if let Through::Join { model: join, index, here, there, .. } = &connection.through {
            let join = schema.model(join).ok_or(DataError::NotFound)?;
            let way = Way { join, index, here, there, far: related };
            return self.joined(identity, &way, &record.item, request).await.map(Related::Many);
        }
        let permit =
            self.authorizer.permit_related(identity, &connection.pairs, &record.item, related.rules());
        let permit = match permit {
            Err(_) if !connection.many => return Ok(Related::One(None)),
            permit => permit?,
        };
        let one = PageRequest { limit: Some(1), next_token: None };
        let request = if connection.many { request } else { &one };
        let page = self.reached(identity, &permit, connection, related, &record.item, request).await?;
        if connection.many {
            return Ok(Related::Many(self.show_page(identity, related, page)));
        }
        let first = page.records.into_iter().next();
        Ok(Related::One(first.map(|stored| self.show(identity, related, stored))))
    }

    /// The records that a connection leads to, other than through a join model.
    async fn reached(
        &self,
        identity: &Identity,
        permit: &Permit<Read>,
        connection: &Connection,
        related: &ModelType,
        record: &Item,
        request: &PageRequest,
    ) -> Result<StoredPage, DataError> {
        request.limit()?;
        let nothing = StoredPage { records: Vec::new(), next_token: None };
        let Some(values) = values_of(&connection.pairs, record) else {
            return Ok(nothing);
        };
        let index = match &connection.through {
            Through::Index(name) => Some(name.as_str()),
            _ if connection.pairs.len() == related.key().fields().count() => {
                let found = self.by_key(permit, related, &connection.pairs, record).await?;
                return Ok(StoredPage { records: found.into_iter().collect(), ..nothing });
            }
            _ => None,
        };
        match self.by_index(identity, permit, related, index, values, request).await {
            // No record was ever written with such values.
            Err(DataError::Invalid(_)) => Ok(nothing),
            page => page,
        }
    }

    async fn by_key(
        &self,
        permit: &Permit<Read>,
        related: &ModelType,
        pairs: &Pairs,
        record: &Item,
    ) -> Result<Option<Stored>, DataError> {
        let theirs =
            pairs.iter().filter_map(|(own, theirs)| Some((theirs.clone(), record.get(own)?.clone())));
        // What cannot be a key leads nowhere.
        let Ok(key) = RecordKey::from_item(related, &theirs.collect()) else {
            return Ok(None);
        };
        Ok(self.repository.get(permit, related, &key).await?)
    }

    async fn by_index(
        &self,
        identity: &Identity,
        permit: &Permit<Read>,
        related: &ModelType,
        index: Option<&str>,
        mut values: Vec<Value>,
        request: &PageRequest,
    ) -> Result<StoredPage, DataError> {
        let sort = values.split_off(values.len().min(1));
        let value = values.pop().unwrap_or_default();
        let sort = if sort.is_empty() { SortCondition::Any } else { SortCondition::Eq(sort) };
        let query = IndexQuery::new(index, value).sort(sort);
        self.find(identity, permit, related, &query, request).await
    }

    /// The records on the other side of a join model. A pair of which the caller may not see the other side is skipped.
    ///
    /// A page can end only between batches, so one that is too large for an answer is tried again with half of it.
    async fn joined(
        &self,
        identity: &Identity,
        way: &Way<'_>,
        record: &Item,
        request: &PageRequest,
    ) -> Result<Page, DataError> {
        let permit = self.authorizer.permit_related(identity, way.here, record, way.join.rules())?;
        let limit = request.limit()?;
        let Some(values) = values_of(way.here, record) else {
            return Ok(Page::default());
        };
        let (mut items, mut bytes, mut skipped) = (Vec::new(), 0_usize, 0_usize);
        let (mut next_token, mut batch, mut look_ahead) = (request.next_token.clone(), BATCH, 1);
        let sees_all = self.sees_all(identity, way.far);
        loop {
            // A full page looks on for one more that may be seen, for it is that which its token is to tell of.
            let full = items.len() >= limit;
            let wanted = if full { look_ahead } else { batch.min(limit - items.len()) };
            let request = PageRequest { limit: u32::try_from(wanted).ok(), next_token: next_token.clone() };
            let pairs =
                self.by_index(identity, &permit, way.join, Some(way.index), values.clone(), &request).await?;
            let found = pairs.records.iter().map(|pair| self.far_side(identity, way, &pair.item));
            let found: Vec<Option<Stored>> =
                stream::iter(found.collect::<Vec<_>>()).buffered(CONCURRENCY).try_collect().await?;
            if full && found.iter().any(Option::is_some) {
                return Ok(Page { items, next_token });
            }
            let size: usize = found.iter().flatten().map(|stored| answer_bytes(&stored.item)).sum();
            let too_large = bytes.saturating_add(size) > MAX_PAGE;
            if too_large && !items.is_empty() {
                return Ok(Page { items, next_token });
            }
            if too_large && wanted > 1 {
                batch = wanted / 2;
                continue;
            }
            bytes = bytes.saturating_add(size);
            skipped += found.iter().filter(|far| far.is_none()).count();
            items.extend(found.into_iter().flatten().map(|far| self.show(identity, way.far, far).item));
            next_token = pairs.next_token;
            let full_and_certain = sees_all && items.len() >= limit;
            if next_token.is_none() || full_and_certain || skipped >= SPARE {
                return Ok(Page { items, next_token });
            }
            if full {
                look_ahead = (look_ahead * 2).min(BATCH);
            }
        }
    }

    /// Whether the caller may see every record of this model.
    fn sees_all(&self, identity: &Identity, model: &ModelType) -> bool {
        let reads = Operation::ALL.into_iter().filter(|operation| operation.is_read());
        let mut scopes = reads.map(|operation| self.authorizer.scope(identity, operation, model.rules()));
        scopes.any(|scope| scope == Scope::Everything)
    }

    async fn far_side(
        &self,
        identity: &Identity,
        way: &Way<'_>,
        pair: &Item,
    ) -> Result<Option<Stored>, DataError> {
        let withheld = self.authorizer.withheld(identity, way.join.rules(), pair);
        if way.there.iter().any(|(own, _)| withheld.contains(&own.as_str())) {
            return Ok(None);
        }
        match self.authorizer.permit_related(identity, way.there, pair, way.far.rules()) {
            Ok(permit) => self.by_key(&permit, way.far, way.there, pair).await,
            Err(_) => Ok(None),
        }
    }
}

/// The way through a join model.
struct Way<'a> {
    join: &'a ModelType,
    index: &'a str,
    here: &'a Pairs,
    there: &'a Pairs,
    far: &'a ModelType,
}

/// The values by which related records are found; none if the record lacks one.
fn values_of(pairs: &Pairs, record: &Item) -> Option<Vec<Value>> {
    let value = |(own, _): &(String, String)| record.get(own).filter(|value| !value.is_null()).cloned();
    pairs.iter().map(value).collect()
}
