//! What calls have cost, as DynamoDB counts it.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::{
    config::{
        ConfigBag, Intercept, RuntimeComponents,
        interceptors::{AfterDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextMut},
    },
    error::BoxError,
    operation::{
        batch_get_item::{BatchGetItemInput, BatchGetItemOutput},
        batch_write_item::{BatchWriteItemInput, BatchWriteItemOutput},
        delete_item::{DeleteItemInput, DeleteItemOutput},
        get_item::{GetItemInput, GetItemOutput},
        put_item::{PutItemInput, PutItemOutput},
        query::{QueryInput, QueryOutput},
        scan::{ScanInput, ScanOutput},
        transact_write_items::{TransactWriteItemsInput, TransactWriteItemsOutput},
    },
    types::{ConsumedCapacity, ReturnConsumedCapacity},
};

/// Adds up the capacity that the calls of a connection consume: see [`ConnectOptions::meter`](crate::ConnectOptions::meter).
///
/// The figures are those of DynamoDB's `ConsumedCapacity`, in capacity units: one read unit is a strongly consistent read of
/// up to 4 KB, one write unit a write of up to 1 KB, and either costs twice as much in a transaction. Calls that fail are not
/// counted.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    total: Arc<Mutex<Consumed>>,
}

/// Capacity units, and the calls they were spent in.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Consumed {
    /// Units of reads.
    pub read: f64,
    /// Units of writes.
    pub write: f64,
    /// Calls that were answered.
    pub calls: u64,
}

enum Kind {
    Read,
    Write,
}

impl Meter {
    /// What was consumed since this was asked before, or since the beginning.
    #[must_use]
    pub fn take(&self) -> Consumed {
        std::mem::take(&mut *self.total.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add<'a>(&self, kind: &Kind, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
        let mut total = self.total.lock().unwrap_or_else(PoisonError::into_inner);
        total.calls += 1;
        match kind {
            Kind::Read => total.read += units,
            Kind::Write => total.write += units,
        }
    }
}

/// Asks each call for its cost, and reads it from each answer.
#[derive(Debug)]
pub(crate) struct Reading(pub(crate) Meter);

macro_rules! metered {
    ($($input:ident => $output:ident: $kind:ident,)*) => {
        impl Intercept for Reading {
            fn name(&self) -> &'static str {
                "Meter"
            }

            fn modify_before_serialization(
                &self,
                context: &mut BeforeSerializationInterceptorContextMut<'_>,
                _: &RuntimeComponents,
                _: &mut ConfigBag,
            ) -> Result<(), BoxError> {
                $(if let Some(input) = context.input_mut().downcast_mut::<$input>() {
                    input.return_consumed_capacity = Some(ReturnConsumedCapacity::Total);
                })*
                Ok(())
            }

            fn read_after_deserialization(
                &self,
                context: &AfterDeserializationInterceptorContextRef<'_>,
                _: &RuntimeComponents,
                _: &mut ConfigBag,
            ) -> Result<(), BoxError> {
                if let Ok(output) = context.output_or_error() {
                    $(if let Some(output) = output.downcast_ref::<$output>() {
                        self.0.add(&Kind::$kind, output.consumed_capacity());
                    })*
                }
                Ok(())
            }
        }
    };
}

metered! {
    GetItemInput => GetItemOutput: Read,
    BatchGetItemInput => BatchGetItemOutput: Read,
    QueryInput => QueryOutput: Read,
    ScanInput => ScanOutput: Read,
    PutItemInput => PutItemOutput: Write,
    DeleteItemInput => DeleteItemOutput: Write,
    BatchWriteItemInput => BatchWriteItemOutput: Write,
    TransactWriteItemsInput => TransactWriteItemsOutput: Write,
}
