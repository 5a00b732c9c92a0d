//! What became of a write that did not happen.

use aws_sdk_dynamodb::{
    error::SdkError, operation::transact_write_items::TransactWriteItemsError, types::CancellationReason,
};

use crate::{StoreError, layout::Row, store_error::is_throttling};

pub(super) enum Failure {
    /// A condition failed; the record as it is, if there is one.
    Condition(Option<Row>),
    Conflict,
    Store(StoreError),
}

impl Failure {
    pub(super) fn build(operation: &'static str) -> Self {
        Self::Store(StoreError::unexpected(operation, "BuildError"))
    }
}

/// Why a transaction did not happen.
pub(super) fn cancelled<R: std::fmt::Debug + Send + Sync + 'static>(
    error: SdkError<TransactWriteItemsError, R>,
) -> Failure {
    let reasons = match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(error)) => error.cancellation_reasons(),
        _ => &[],
    };
    match verdict(reasons) {
        Verdict::Condition(row) => Failure::Condition(row),
        Verdict::Conflict => Failure::Conflict,
        Verdict::Other(Some(code)) => {
            Failure::Store(StoreError::cancelled("TransactWriteItems", &code, error))
        }
        Verdict::Other(None) => Failure::Store(StoreError::new("TransactWriteItems", error)),
    }
}

/// Says which lists are written to faster than their partitions take, for whoever can spread them. The first write of a
/// transaction is that of the record, and the lists are those of the others.
pub(super) fn warn_of_hot_lists<R>(error: &SdkError<TransactWriteItemsError, R>, lists: &[String]) {
    if let Some(TransactWriteItemsError::TransactionCanceledException(error)) = error.as_service_error() {
        for list in hot(error.cancellation_reasons(), lists) {
            tracing::warn!(list, "a list takes no more writes; `portcullis shards` can spread it");
        }
    }
}

fn hot<'l>(reasons: &[CancellationReason], lists: &'l [String]) -> Vec<&'l str> {
    let of_lists = reasons.iter().skip(1).zip(lists);
    let throttled = of_lists.filter(|(reason, _)| reason.code().is_some_and(is_throttling));
    let mut hot: Vec<&str> = throttled.map(|(_, list)| list.as_str()).collect();
    hot.dedup();
    hot
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Condition(Option<Row>),
    Conflict,
    Other(Option<String>),
}

/// One verdict from the reasons, of which there is one for each write. A failed condition is final and wins over
/// a conflict, which may be gone in a moment; anything else is no answer about the record.
fn verdict(reasons: &[CancellationReason]) -> Verdict {
    let with = |code: &str| reasons.iter().find(|reason| reason.code() == Some(code));
    if let Some(reason) = with("ConditionalCheckFailed") {
        return Verdict::Condition(reason.item().cloned());
    }
    if with("TransactionConflict").is_some() {
        return Verdict::Conflict;
    }
    Verdict::Other(
        reasons.iter().filter_map(CancellationReason::code).find(|code| *code != "None").map(str::to_owned),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    #[test]
    fn a_list_that_is_written_too_fast_is_named_and_not_whose_it_is() {
        let row = |pk: &str| crate::layout::list_of(&crate::layout::key(pk, "sk"));
        let lists: Vec<String> =
            ["Note@#3", "Note@owner#ann", "Note@3#owner#ann", "Note@@byMail@ann@x.io\u{1}owner#ann"]
                .map(row)
                .into();
        assert_eq!(lists, ["Note", "Note by owner", "Note by owner", "Note by the index byMail"]);
        let with = |codes: [&str; 5]| codes.map(reason);
        let (hot_one, none) = ("ProvisionedThroughputExceeded", "None");
        for (codes, expected) in [
            ([none, hot_one, none, "ThrottlingError", none], vec!["Note", "Note by owner"]),
            // That of the record is no list's.
            (["ThrottlingError", none, none, none, none], vec![]),
            ([none, "TransactionConflict", none, none, hot_one], vec!["Note by the index byMail"]),
        ] {
            assert_eq!(hot(&with(codes), &lists), expected);
        }
    }

    #[test]
    fn a_cancelled_transaction_is_told_by_its_gravest_reason() {
        let verdicts = [
            (vec!["None", "ConditionalCheckFailed"], Verdict::Condition(None)),
            (vec!["TransactionConflict", "ConditionalCheckFailed"], Verdict::Condition(None)),
            (vec!["None", "TransactionConflict", "None"], Verdict::Conflict),
            (vec!["ThrottlingError", "None"], Verdict::Other(Some("ThrottlingError".to_owned()))),
            (vec!["None", "ValidationError"], Verdict::Other(Some("ValidationError".to_owned()))),
            (vec![], Verdict::Other(None)),
        ];
        for (codes, expected) in verdicts {
            let reasons: Vec<_> = codes.iter().map(|code| reason(code)).collect();
            assert_eq!(verdict(&reasons), expected, "{codes:?}");
        }
    }
}
