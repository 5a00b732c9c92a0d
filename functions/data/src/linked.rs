//! Records one step away, as GraphQL asks for them: by a record that a client has been shown.

use futures_util::{StreamExt, stream};
use portcullis_rules::{Denied, Identity, Item, KeyTerm, Lookup, Operation, Permit, Read};
use portcullis_schema::{Connection, ModelType, RelationKind, Schema, Through};
use serde_json::Value;

use crate::{
    AuthorizedRepository, DataError, Filter, IndexQuery, Page, PageRequest, RecordKey, Shown, SortCondition,
    listing::CONCURRENCY, repository::Sought, source::Source,
};

/// One record, told apart from one that is there and hidden, as Amplify tells them.
///
/// *Caveat.* A door that answers so tells whoever knows the key of a hidden record that it exists.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// The record.
    Record(Shown),
    /// There is one that the caller may not see.
    Hidden,
    /// There is none.
    Absent,
}

/// What a relation leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Linked {
    /// The record.
    One(Found),
    /// A page of the records that the caller may see. Of a `@manyToMany` they are the pairs.
    Many(Page),
}

/// Which of the related records, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LinkedQuery {
    /// Only records that meet this.
    pub filter: Option<Filter>,
    /// Only records whose sort key meets this, where the relation leaves that open.
    pub sort: SortCondition,
    /// The last first.
    pub descending: bool,
}

/// A relation of a model, one step away: of a `@manyToMany` it leads to the join model.
struct Link<'a> {
    model: &'a ModelType,
    connection: &'a Connection,
    related: &'a ModelType,
    pairs: &'a [(String, String)],
    index: Option<&'a str>,
}

/// The way from one record: nowhere, or by a permit to what has these values.
type Way = Option<(Permit<Read>, Option<RecordKey>)>;

impl AuthorizedRepository {
    /// The record with the key that is among these arguments, for an operation that reads.
    ///
    /// # Errors
    ///
    /// [`DataError::Forbidden`] when the caller may read no record with this key, whether or not there is one,
    /// [`DataError::Unavailable`].
    pub async fn look_up(
        &self,
        identity: &Identity,
        operation: Operation,
        model: &ModelType,
        arguments: &Item,
    ) -> Result<Found, DataError> {
        let term = |field: &String| match arguments.get(field) {
            Some(Value::String(value)) => KeyTerm::Equals(value.clone()),
            _ => KeyTerm::Other,
        };
        let key = model.key();
        let lookup = Lookup::by_key(&key.field, term(&key.field));
        let lookup = match key.sort_fields.as_slice() {
            [field] => lookup.sorted(field, term(field)),
            _ => lookup,
        };
        let permit = self.authorizer.permit_query(identity, operation, model.rules(), &lookup)?;
        let Ok(key) = RecordKey::from_item(model, arguments) else {
            return Ok(Found::Absent);
        };
        let sought = self.repository.seek(&permit, model, &key).await?;
        Ok(self.found(identity, model, sought))
    }

    /// What a relation leads to from each of these records of one model, in their order. Where it leads to single records by
    /// their key, these are read in batches. What goes wrong with one is its own answer and not that of the others.
    ///
    /// The records are such as the caller has been shown before ([`for_resolvers`](Self::for_resolvers)), or whole ones.
    ///
    /// # Errors
    ///
    /// [`DataError::NotFound`] when there is no such relation, [`DataError::Unavailable`]. For one record
    /// [`DataError::Forbidden`] when the field is withheld from the caller or they may read no record that it leads to,
    /// [`DataError::Invalid`], [`DataError::InvalidCursor`].
    pub async fn linked(
        &self,
        identity: &Identity,
        schema: &Schema,
        (model, field): (&ModelType, &str),
        sources: &[Item],
        query: &LinkedQuery,
        request: &PageRequest,
    ) -> Result<Vec<Result<Linked, DataError>>, DataError> {
        let link = Link::of(schema, model, field)?;
        let records: Vec<(Vec<String>, Item)> =
            sources.iter().map(|source| self.source(identity, model, source)).collect();
        if link.leads_by_key() {
            return self.linked_by_key(identity, &link, &records).await;
        }
        let answers = records.iter().map(async |(withheld, record)| {
            self.linked_to(identity, &link, withheld, record, query, request).await
        });
        Ok(stream::iter(answers.collect::<Vec<_>>()).buffered(CONCURRENCY).collect().await)
    }

    /// The fields that are withheld from the caller in a record, and the record as far as they may see it.
    fn source(&self, identity: &Identity, model: &ModelType, source: &Item) -> (Vec<String>, Item) {
        match Source::of(source) {
            Some(of) => of.into_parts(source),
            None => {
                let withheld = self.authorizer.withheld(identity, model.rules(), source);
                let mut record = source.clone();
                record.retain(|field, _| !withheld.contains(&field.as_str()));
                (withheld.into_iter().map(str::to_owned).collect(), record)
            }
        }
    }

    async fn linked_by_key(
        &self,
        identity: &Identity,
        link: &Link<'_>,
        records: &[(Vec<String>, Item)],
    ) -> Result<Vec<Result<Linked, DataError>>, DataError> {
        let ways: Vec<Result<Way, DataError>> = records
            .iter()
            .map(|(withheld, record)| {
                let permit = self.permit_link(identity, link, withheld, record)?;
                Ok(permit.map(|permit| (permit, link.key(record))))
            })
            .collect();
        let wanted: Vec<_> =
            ways.iter().flatten().flatten().map(|(permit, key)| (permit, key.clone())).collect();
        let mut sought = self.repository.seek_all(link.related, &wanted).await?.into_iter();
        let sought = ways.iter().map(|way| match way {
            Ok(Some(_)) => sought.next().unwrap_or(Sought::Absent),
            Ok(None) | Err(_) => Sought::Absent,
        });
        let sought: Vec<Sought> = sought.collect();
        let answers = ways.into_iter().zip(sought);
        Ok(answers
            .map(|(way, sought)| way.map(|_| Linked::One(self.found(identity, link.related, sought))))
            .collect())
    }

    async fn linked_to(
        &self,
        identity: &Identity,
        link: &Link<'_>,
        withheld: &[String],
        record: &Item,
        query: &LinkedQuery,
        request: &PageRequest,
    ) -> Result<Linked, DataError> {
        let one = PageRequest { limit: Some(1), next_token: None };
        let request = if link.connection.many { request } else { &one };
        let limit = request.limit()?;
        let nothing = || match link.connection.many {
            true => Linked::Many(Page::default()),
            false => Linked::One(Found::Absent),
        };
        let Some(permit) = self.permit_link(identity, link, withheld, record)? else {
            return Ok(nothing());
        };
        let mut values = link.values(record);
        // Amplify looks up the caller's own records where the key names somebody else.
        if let (Some(own), true) = (link.own_key(&permit), link.is_looked_up_by_caller()) {
            values = Some(vec![own]);
        }
        let Some(mut values) = values else {
            return Ok(nothing());
        };
        if link.index.is_none() && link.pairs.len() == link.related.key().fields().count() {
            let keyed = link.pairs.iter().map(|(_, theirs)| theirs.clone()).zip(values).collect();
            let found = match RecordKey::from_item(link.related, &keyed) {
                Ok(key) => self.repository.get(&permit, link.related, &key).await?,
                Err(_) => None,
            };
            let shown = found.map(|stored| self.show(identity, link.related, stored));
            let meets = |shown: &Shown| query.filter.as_ref().is_none_or(|it| it.matches(shown.item()));
            let items = shown.into_iter().filter(meets).map(Shown::into_item).take(limit).collect();
            return Ok(Linked::Many(Page { items, next_token: None }));
        }
        let rest = values.split_off(values.len().min(1));
        let sort = if rest.is_empty() { query.sort.clone() } else { SortCondition::Eq(rest) };
        let mut asked = IndexQuery::new(link.index, values.pop().unwrap_or_default()).sort(sort);
        if query.descending {
            asked = asked.descending();
        }
        if let Some(filter) = &query.filter {
            asked = asked.filter(filter.clone());
        }
        let page = match self.find(identity, &permit, link.related, &asked, request).await {
            // No record was ever written with such values.
            Err(DataError::Invalid(_)) if query.sort == SortCondition::Any => return Ok(nothing()),
            page => page?,
        };
        if link.connection.many {
            return Ok(Linked::Many(self.show_page(identity, link.related, page)));
        }
        let first = page.records.into_iter().next();
        Ok(Linked::One(
            first.map_or(Found::Absent, |stored| Found::Record(self.show(identity, link.related, stored))),
        ))
    }

    /// What the caller may see of what the relation leads to; `None` if they may not learn where that is.
    fn permit_link(
        &self,
        identity: &Identity,
        link: &Link<'_>,
        withheld: &[String],
        record: &Item,
    ) -> Result<Option<Permit<Read>>, DataError> {
        if withheld.contains(&link.connection.field) {
            return Err(Denied::Fields(vec![link.connection.field.clone()]).into());
        }
        let permit = self.authorizer.permit_related(identity, link.pairs, record, link.related.rules())?;
        // Where it leads to tells what is in these fields.
        Ok(Some(permit).filter(|_| !link.pairs.iter().any(|(own, _)| withheld.contains(own))))
    }

    fn found(&self, identity: &Identity, model: &ModelType, sought: Sought) -> Found {
        match sought {
            Sought::Seen(stored) => Found::Record(self.show(identity, model, *stored)),
            Sought::Hidden => Found::Hidden,
            Sought::Absent => Found::Absent,
        }
    }
}

impl<'a> Link<'a> {
    fn of(schema: &'a Schema, model: &'a ModelType, field: &str) -> Result<Self, DataError> {
        let connection = model.connection(field).ok_or(DataError::NotFound)?;
        let (name, pairs, index) = match &connection.through {
            Through::Join { model, index, here, .. } => (model, here, Some(index.as_str())),
            Through::Index(index) => (&connection.model, &connection.pairs, Some(index.as_str())),
            Through::Key => (&connection.model, &connection.pairs, None),
        };
        let related = schema.model(name).ok_or(DataError::NotFound)?;
        Ok(Self { model, connection, related, pairs, index })
    }

    /// Whether it leads to one record by all of that one's key.
    fn leads_by_key(&self) -> bool {
        let whole = self.pairs.len() == self.related.key().fields().count();
        !self.connection.many && self.index.is_none() && whole
    }

    /// The key that a record names; `None` if what it names cannot be one.
    fn key(&self, record: &Item) -> Option<RecordKey> {
        let theirs = self.pairs.iter().map(|(_, theirs)| theirs.clone()).zip(self.values(record)?);
        RecordKey::from_item(self.related, &theirs.collect()).ok()
    }

    /// The values by which related records are found; none if the record lacks one.
    fn values(&self, record: &Item) -> Option<Vec<Value>> {
        let value = |(own, _): &(String, String)| record.get(own).filter(|value| !value.is_null()).cloned();
        self.pairs.iter().map(value).collect()
    }

    /// The value by which the caller's own records are found, where the key of the record does not name the caller.
    fn own_key(&self, permit: &Permit<Read>) -> Option<Value> {
        let (_, theirs) = self.pairs.first()?;
        permit.narrowing().get(theirs).cloned()
    }

    /// Whether it is a `@hasMany` that says which fields or which index it goes by.
    fn is_looked_up_by_caller(&self) -> bool {
        let relation = self.model.relations().iter().find(|it| it.field == self.connection.field);
        relation.is_some_and(|relation| {
            let is_explicit = relation.index_name.is_some() || !relation.fields.is_empty();
            relation.kind == RelationKind::HasMany && relation.references.is_empty() && is_explicit
        })
    }
}
