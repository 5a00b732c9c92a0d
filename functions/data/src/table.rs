//! The one table in which everything is stored.

use std::{sync::Arc, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, KeySchemaElement, TableStatus},
};
use thiserror::Error;

use crate::{Connection, StoreError, TableDefinition, layout::Row};

/// How often and how long to wait for a new table: a few seconds at AWS, nothing locally.
const POLLS: u32 = 120;
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// A DynamoDB table with the string keys `pk` and `sk`.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) connection: Connection,
    name: Arc<str>,
}

/// A table that could not be prepared.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// A table of this name exists and has other keys than the template says.
    #[error("the table `{name}` exists with keys that differ from the template's")]
    Different {
        /// The name of the table.
        name: String,
    },
    /// The table has not become usable in time.
    #[error("the table `{name}` is not ready yet")]
    NotReady {
        /// The name of the table.
        name: String,
    },
    /// DynamoDB did not answer or refused.
    #[error("the table could not be prepared")]
    Store(#[from] StoreError),
}

impl Table {
    /// The table of this name. Nothing is called yet.
    pub fn new(connection: impl Into<Connection>, name: impl Into<String>) -> Self {
        Self { connection: connection.into(), name: name.into().into() }
    }

    /// The name of the table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn client(&self) -> &Client {
        self.connection.client().await
    }

    /// Creates the table unless it exists; true if this call created it. Returns when it is usable.
    ///
    /// # Errors
    ///
    /// When a table of this name has other keys, or DynamoDB refuses or does not answer.
    pub async fn create_if_missing(&self, definition: &TableDefinition) -> Result<bool, TableError> {
        let mut created = false;
        for _ in 0..POLLS {
            match self.describe().await? {
                Some(found)
                    if found.keys != definition.key_schema()
                        || found.attributes != definition.attributes() =>
                {
                    return Err(TableError::Different { name: self.name.to_string() });
                }
                Some(found) if found.usable => return Ok(created),
                Some(_) => tokio::time::sleep(POLL_INTERVAL).await,
                None => created |= self.create(definition).await?,
            }
        }
        Err(TableError::NotReady { name: self.name.to_string() })
    }

    /// One row by its key, as it is now.
    pub(crate) async fn get(&self, key: Row) -> Result<Option<Row>, StoreError> {
        let answer = self
            .client()
            .await
            .get_item()
            .table_name(self.name())
            .set_key(Some(key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::new("GetItem", error))?;
        Ok(answer.item)
    }

    /// About how many rows there are.
    pub(crate) async fn row_count(&self) -> Result<Option<u64>, StoreError> {
        let answer = self.client().await.describe_table().table_name(self.name()).send().await;
        let answer = answer.map_err(|error| StoreError::new("DescribeTable", error))?;
        Ok(answer.table.and_then(|table| table.item_count).and_then(|count| u64::try_from(count).ok()))
    }

    async fn describe(&self) -> Result<Option<Found>, StoreError> {
        let answer = self.client().await.describe_table().table_name(self.name()).send().await;
        let table = match answer {
            Ok(answer) => answer.table,
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_not_found_exception()) => {
                return Ok(None);
            }
            Err(error) => return Err(StoreError::new("DescribeTable", error)),
        };
        let table = table.ok_or_else(|| StoreError::unexpected("DescribeTable", "EmptyAnswer"))?;
        let mut attributes = table.attribute_definitions.unwrap_or_default();
        attributes.sort_by(|a, b| a.attribute_name.cmp(&b.attribute_name));
        Ok(Some(Found {
            usable: matches!(table.table_status, Some(TableStatus::Active | TableStatus::Updating)),
            keys: table.key_schema.unwrap_or_default(),
            attributes,
        }))
    }

    /// False if somebody else was faster.
    async fn create(&self, definition: &TableDefinition) -> Result<bool, StoreError> {
        let answer = self
            .client()
            .await
            .create_table()
            .table_name(self.name())
            .set_key_schema(Some(definition.key_schema().to_vec()))
            .set_attribute_definitions(Some(definition.attributes().to_vec()))
            .billing_mode(definition.billing_mode().clone())
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_resource_in_use_exception()) => {
                Ok(false)
            }
            Err(error) => Err(StoreError::new("CreateTable", error)),
        }
    }
}

struct Found {
    usable: bool,
    keys: Vec<KeySchemaElement>,
    attributes: Vec<AttributeDefinition>,
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;
    use crate::{ConnectOptions, connect, testkit};

    #[tokio::test]
    async fn a_table_is_created_once_and_one_with_other_keys_is_refused() {
        let table = testkit::table().await.unwrap();
        let definition = TableDefinition::from_template(testkit::TEMPLATE, "Table").unwrap();
        assert!(!table.create_if_missing(&definition).await.unwrap());

        let other = Table::new(table.connection.clone(), "other");
        let both = tokio::join!(other.create_if_missing(&definition), other.create_if_missing(&definition));
        assert_eq!(u8::from(both.0.unwrap()) + u8::from(both.1.unwrap()), 1);

        let other = "Resources: { Table: { Type: 'AWS::DynamoDB::Table', Properties: {
            BillingMode: PAY_PER_REQUEST,
            AttributeDefinitions: [{ AttributeName: id, AttributeType: S }],
            KeySchema: [{ AttributeName: id, KeyType: HASH }] } } }";
        let other = TableDefinition::from_template(other, "Table").unwrap();
        let error = table.create_if_missing(&other).await.unwrap_err();
        assert_eq!(error.to_string(), "the table `test` exists with keys that differ from the template's");
    }

    #[tokio::test]
    async fn nothing_is_dialled_before_the_first_call() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let options = ConnectOptions::local(endpoint).attempts(1).attempt_timeout(Duration::from_millis(100));
        let table = Table::new(connect(&options), "test");
        let early = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(early.is_err());
        let (dialled, answer) = tokio::join!(listener.accept(), table.get(Row::new()));
        assert!(dialled.is_ok());
        assert_eq!(answer.unwrap_err().to_string(), "dynamodb GetItem failed: no answer");
    }
}
