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

/// Where a record leads by a key, and who lets the caller see what is there.
type Lead = (Permit<Read>, Option<RecordKey>);

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
        let field = RelationField::of(schema, model, field)?;
        let record = self.repository.get(&permit, model, key).await?.ok_or(DataError::NotFound)?;
        self.related_to(identity, schema, &field, &record.item, request).await
    }

    /// The same for many records of one model at once, in their order: the records are read in batches, and so are those that
    /// they lead to by key. What goes wrong with one is its own answer and not that of the others.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`] when there is no such relation, [`DataError::Forbidden`] when the caller may read no record of
    /// this model, [`DataError::Unavailable`].
    pub async fn related_all(
        &self,
        identity: &Identity,
        schema: &Schema,
        model: &ModelType,
        keys: &[RecordKey],
        field: &str,
        request: &PageRequest,
    ) -> Result<Vec<Result<Related, DataError>>, DataError> {
        let permit = self.authorizer.permit_read(identity, Operation::Get, model.rules())?;
        let field = RelationField::of(schema, model, field)?;
        let wanted: Vec<_> = keys.iter().map(|key| (&permit, Some(key.clone()))).collect();
        let records = self.repository.get_all(model, &wanted).await?;
        if field.leads_by_key() {
            return self.related_by_keys(identity, &field, &records).await;
        }
        let answers = records.iter().map(async |record| {
            let record = record.as_ref().ok_or(DataError::NotFound)?;
            self.related_to(identity, schema, &field, &record.item, request).await
        });
        Ok(stream::iter(answers.collect::<Vec<_>>()).buffered(CONCURRENCY).collect().await)
    }

    /// Each record leads to one other, by all of its key.
    async fn related_by_keys(
        &self,
        identity: &Identity,
        field: &RelationField<'_>,
        records: &[Option<Stored>],
    ) -> Result<Vec<Result<Related, DataError>>, DataError> {
        let (pairs, related) = (&field.connection.pairs, field.related);
        let ways = records.iter().map(|record| {
            let record = record.as_ref().ok_or(DataError::NotFound)?;
            if !field.is_open(&self.authorizer.withheld(identity, field.model.rules(), &record.item))? {
                return Ok(None);
            }
            let permit = self.authorizer.permit_related(identity, pairs, &record.item, related.rules()).ok();
            Ok(permit.map(|permit| (permit, key_by(related, pairs, &record.item))))
        });
        let ways: Vec<Result<Option<Lead>, DataError>> = ways.collect();
        let wanted: Vec<_> =
            ways.iter().flatten().flatten().map(|(permit, key)| (permit, key.clone())).collect();
        let mut found = self.repository.get_all(related, &wanted).await?.into_iter();
        let answers = ways.iter().map(|way| way.as_ref().map(Option::is_some)).map(|leads| match leads {
            Ok(true) => found.next().flatten(),
            Ok(false) | Err(_) => None,
        });
        let found: Vec<Option<Stored>> = answers.collect();
        let answers = ways.into_iter().zip(found).map(|(way, stored)| {
            way.map(|_| Related::One(stored.map(|stored| self.show(identity, related, stored))))
        });
        Ok(answers.collect())
    }

    /// What a relation of a record, which the caller may see, leads to.
    async fn related_to(
        &self,
        identity: &Identity,
        schema: &Schema,
        field: &RelationField<'_>,
        record: &Item,
        request: &PageRequest,
    ) -> Result<Related, DataError> {
        let (connection, related) = (field.connection, field.related);
        if !field.is_open(&self.authorizer.withheld(identity, field.model.rules(), record))? {
            return Ok(if connection.many { Related::Many(Page::default()) } else { Related::One(None) });
        }
        if let Through::Join { model: join, index, here, there, .. } = &connection.through {
            let join = schema.model(join).ok_or(DataError::NotFound)?;
            let way = Way { join, index, here, there, far: related };
            return self.joined(identity, &way, record, request).await.map(Related::Many);
        }
        let permit = self.authorizer.permit_related(identity, &connection.pairs, record, related.rules());
        let permit = match permit {
            Err(_) if !connection.many => return Ok(Related::One(None)),
            permit => permit?,
        };
        let one = PageRequest { limit: Some(1), next_token: None };
        let request = if connection.many { request } else { &one };
        let page = self.reached(identity, &permit, connection, related, record, request).await?;
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
        match key_by(related, pairs, record) {
            Some(key) => Ok(self.repository.get(permit, related, &key).await?),
            None => Ok(None),
        }
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

/// A field of a model that stands for other records.
struct RelationField<'a> {
    model: &'a ModelType,
    name: &'a str,
    connection: &'a Connection,
    related: &'a ModelType,
}

impl<'a> RelationField<'a> {
    fn of(schema: &'a Schema, model: &'a ModelType, name: &'a str) -> Result<Self, DataError> {
        let connection = model.connection(name).ok_or(DataError::NotFound)?;
        let related = schema.model(&connection.model).ok_or(DataError::NotFound)?;
        Ok(Self { model, name, connection, related })
    }

    /// Whether it leads to one record by all of that one's key.
    fn leads_by_key(&self) -> bool {
        let whole = self.connection.pairs.len() == self.related.key().fields().count();
        let through = matches!(self.connection.through, Through::Index(_) | Through::Join { .. });
        !self.connection.many && whole && !through
    }

    /// Whether the caller may learn where it leads; an error if they may not ask.
    fn is_open(&self, withheld: &[&str]) -> Result<bool, DataError> {
        if withheld.contains(&self.name) {
            return Err(Denied::Fields(vec![self.name.to_owned()]).into());
        }
        let pairs = match &self.connection.through {
            Through::Join { here, .. } => here,
            _ => &self.connection.pairs,
        };
        // Where it leads to tells what is in these fields.
        Ok(!pairs.iter().any(|(own, _)| withheld.contains(&own.as_str())))
    }
}

/// The key that a record names; `None` if what it names cannot be one.
fn key_by(related: &ModelType, pairs: &Pairs, record: &Item) -> Option<RecordKey> {
    let theirs = pairs.iter().filter_map(|(own, theirs)| Some((theirs.clone(), record.get(own)?.clone())));
    RecordKey::from_item(related, &theirs.collect()).ok()
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
