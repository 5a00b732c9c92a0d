//! Behaviour over the real engine: one world for all tests, and the tests by their subject.

mod fields;
mod filters;
mod hidden;
mod hostile;
mod index_rows;
mod indexes;
mod keys;
mod lists;
mod races;
mod records;
mod reindex;
mod relations;
mod sharding;
mod unrestricted;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicI64, Ordering},
};

use jiff::Timestamp;
use portcullis_rules::{Authorizer, Claims, Identity, Item, User, VerifiedBy};
use portcullis_schema::{ModelType, Schema};
use serde_json::{Value, json};

use crate::{
    AuthorizedRepository, DataError, IndexQuery, PageRequest, RecordKey, Repository, Shown, SortCondition,
    Table,
    index_row::IndexRow,
    layout::{self, PK, Row, SK},
    position::Position,
    record_layout::RecordLayout,
    stored::Stored,
    testkit,
};

const SCHEMA: &str = r#"
type Note @model @auth(rules: [
  { allow: owner }
  { allow: groups, groups: ["editors"], operations: [read, update] }
]) {
  title: String!
  body: String
  tags: [String!]
  pinned: Boolean
  words: Int
  score: Float
}

type Article @model @auth(rules: [
  { allow: groups, groups: ["editors"] }
  { allow: private, operations: [read] }
  { allow: public, operations: [read] }
]) { headline: String! }

type Comment @model @auth(rules: [
  { allow: owner, ownerField: "author" }
  { allow: private, operations: [read] }
]) { text: String! }

type Doc @model @auth(rules: [
  { allow: owner }
  { allow: owner, ownerField: "editors", operations: [read, update] }
]) {
  title: String
  editors: [String]
  words: Int @index(name: "byWords", sortKeyFields: ["title"])
}

type Box @model @auth(rules: [{ allow: owner, operations: [create, update, delete] }]) {
  text: String
  stamp: String
}

type Dated @model @auth(rules: [{ allow: owner }]) {
  createdAt: AWSDateTime
  updatedAt: String
}

type Odd @model @auth(rules: [{ allow: owner }]) {
  size: Int
  name: String
  status: String
  value: [Float]
  attribute_not_exists: String
}
"#;

/// A fresh table, and a clock that moves on by a millisecond whenever it is asked.
struct World {
    table: Table,
    repository: Repository,
    data: AuthorizedRepository,
    schema: Schema,
}

async fn world() -> World {
    world_of(SCHEMA).await
}

async fn world_of(schema: &str) -> World {
    let table = testkit::table().await.unwrap();
    let time = AtomicI64::new(1_767_225_600_000);
    let clock = move || Timestamp::from_millisecond(time.fetch_add(1, Ordering::Relaxed)).unwrap();
    let repository = Repository::new(table.clone()).clock(clock);
    let data = AuthorizedRepository::new(repository.clone(), Authorizer::default());
    World { table, repository, data, schema: Schema::parse(schema, "schema.graphql").unwrap() }
}

impl World {
    fn model(&self, name: &str) -> &ModelType {
        self.schema.model(name).unwrap()
    }

    fn layout(&self, model: &str) -> RecordLayout<'_> {
        self.data.layout(self.model(model))
    }

    async fn create(&self, who: &Identity, model: &str, input: Value) -> Result<Shown, DataError> {
        self.data.create(who, self.model(model), fields(input)).await
    }

    async fn get(&self, who: &Identity, model: &str, id: &str) -> Result<Shown, DataError> {
        self.data.get(who, self.model(model), &RecordKey::id(id)).await
    }

    async fn update(
        &self,
        who: &Identity,
        model: &str,
        id: &str,
        changes: Value,
    ) -> Result<Shown, DataError> {
        self.data.update(who, self.model(model), &RecordKey::id(id), fields(changes), None).await
    }

    async fn delete(&self, who: &Identity, model: &str, id: &str) -> Result<Shown, DataError> {
        self.data.delete(who, self.model(model), &RecordKey::id(id), None).await
    }

    /// The pages of a list to the end.
    async fn pages(&self, who: &Identity, model: &str, limit: u32) -> Vec<Vec<Item>> {
        let mut request = PageRequest { limit: Some(limit), next_token: None };
        let mut pages = Vec::new();
        loop {
            let page = self.data.list(who, self.model(model), &request).await.unwrap();
            pages.push(page.items);
            request.next_token = page.next_token;
            if request.next_token.is_none() {
                return pages;
            }
        }
    }

    async fn ids(&self, who: &Identity, model: &str) -> Vec<String> {
        self.pages(who, model, 7).await.concat().iter().map(|item| text(item, "id")).collect()
    }

    /// The rows of records and of indexes.
    async fn rows(&self) -> Vec<Row> {
        let (mut rows, mut start) = (Vec::new(), None);
        loop {
            let answer = self
                .table
                .client()
                .await
                .scan()
                .table_name(self.table.name())
                .set_exclusive_start_key(start)
                .send()
                .await
                .unwrap();
            let found = answer.items.unwrap_or_default();
            rows.extend(found.into_iter().filter(|row| row[PK].as_s().unwrap().contains(['#', '@'])));
            start = answer.last_evaluated_key;
            if start.is_none() {
                return rows;
            }
        }
    }

    /// The records by model and id, after checking that every index row has its record and the other way round.
    async fn records(&self) -> BTreeMap<(String, String), Stored> {
        let key = |row: &Row| (row[PK].as_s().unwrap().clone(), row[SK].as_s().unwrap().clone());
        let (records, index): (Vec<Row>, Vec<Row>) =
            self.rows().await.into_iter().partition(|row| row.contains_key(layout::REVISION));
        let found: BTreeSet<_> = index.iter().map(key).collect();
        assert_eq!(found.len(), index.len());
        let (mut expected, mut stored_by_id) = (BTreeSet::new(), BTreeMap::new());
        for row in records {
            let model = row[SK].as_s().unwrap().clone();
            let stored = Stored::from_row("Scan", row).unwrap();
            let rows = self.layout(&model).rows_of(&stored.item).unwrap();
            assert_eq!(rows, stored.rows);
            expected.extend(rows.into_iter().map(|row| (row.partition.clone(), row.place(&stored.position))));
            stored_by_id.insert((model, stored.id.clone()), stored);
        }
        assert_eq!(found, expected);
        stored_by_id
    }
}

fn list_row(partition: &str, position: &Position) -> Row {
    layout::index_row(&IndexRow { partition: partition.to_owned(), sort: None }, position)
}

fn user(sub: &str, username: &str, groups: &[&str]) -> Identity {
    let claims = json!({"sub": sub, "username": username, "cognito:groups": groups});
    Identity::User(User::user_pools(Claims::from(fields(claims)), VerifiedBy::Portcullis))
}

fn ann() -> Identity {
    user("u1", "ann", &[])
}

fn bob() -> Identity {
    user("u2", "bob", &[])
}

fn editor() -> Identity {
    user("u3", "eve", &["editors"])
}

fn fields(value: Value) -> Item {
    value.as_object().unwrap().clone()
}

fn text(item: &Item, field: &str) -> String {
    item[field].as_str().unwrap().to_owned()
}
