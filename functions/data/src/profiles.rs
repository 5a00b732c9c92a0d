//! The profiles of users: one item for each, keyed by `sub`, written when the sign-up is confirmed or, for users who never
//! confirm one, when they first sign in.

use std::{fmt, time::Duration};

use aws_sdk_dynamodb::{
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, CancellationReason, Put, TransactWriteItem},
};
use jiff::Timestamp;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::{
    StoreError, Table,
    layout::{self, PK, Row, SK},
    position::instant,
};

/// How often an enrollment is tried again when others enroll at the same moment.
const ATTEMPTS: u32 = 8;

const SUB: &str = "sub";
const GROUPS: &str = "groups";
/// There until the user has all that they get besides the profile.
const INCOMPLETE: &str = "incomplete";

/// Reads and writes profiles.
#[derive(Clone, Debug)]
pub struct Profiles {
    table: Table,
    elect_admin: bool,
}

/// A user whose sign-up has just been confirmed.
#[derive(Clone, PartialEq, Eq)]
pub struct NewProfile {
    /// The `sub` of the user: the only name that never changes and is never given to another.
    pub sub: String,
    /// The name by which the user pool knows the user.
    pub username: String,
    /// When the profile is made.
    pub created_at: Timestamp,
}

/// What an enrollment came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrollment {
    /// This call wrote the profile; false if it was there.
    pub created: bool,
    /// The user is the first since the table was made. The same on every repeat, so that an effect which was cut
    /// short can be repeated. Always false unless the election is on.
    pub first_admin: bool,
}

/// The profile of a user.
#[derive(Clone, PartialEq)]
pub struct Profile {
    /// The `sub` of the user.
    pub sub: String,
    /// The groups that the profile adds to those of the user pool.
    pub groups: Vec<String>,
    /// Whether the user has all that they get besides the profile; see [`Profiles::complete`].
    pub complete: bool,
    /// All other attributes of the profile, save those with a number that is not exact in 64 bits: a rounded one could be
    /// somebody else's.
    pub claims: Map<String, Value>,
}

/// A profile that could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// The `sub` is empty or too long to be one.
    #[error("the user has no valid sub")]
    InvalidSub,
    /// DynamoDB did not answer or refused.
    #[error("the profile store is unavailable")]
    Unavailable(#[from] StoreError),
}

impl Profiles {
    /// The profiles in this table. Nothing is called yet.
    #[must_use]
    pub fn new(table: Table) -> Self {
        Self { table, elect_admin: false }
    }

    /// Whether the first user is told apart from the others ([`Enrollment::first_admin`]).
    ///
    /// The first is who enrolls first in this table. The first user is remembered either way: switching the election on
    /// later does not make an administrator of whoever happens to sign up next.
    ///
    /// *Caveat:* a table does not know who was in the pool before it. Leave the election off for a pool that has users
    /// already: the next to sign up would win it.
    #[must_use]
    pub fn elect_admin(mut self, elect: bool) -> Self {
        self.elect_admin = elect;
        self
    }

    /// Writes the profile unless it is there. May be repeated, also at the same time.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer; nothing is written by halves then.
    pub async fn enroll(&self, profile: &NewProfile) -> Result<Enrollment, ProfileError> {
        check(&profile.sub)?;
        for attempt in 0..ATTEMPTS {
            // The outcome and whether the user is the first; nothing if others were at it.
            let outcome = match self.first_sub().await? {
                Some(first) => match self.put_profile(profile).await {
                    Err(error) if error.code() == Some("TransactionConflictException") => None,
                    created => Some((created?, first == profile.sub)),
                },
                None => self.put_first(profile).await?.map(|created| (created, created)),
            };
            if let Some((created, first)) = outcome {
                return Ok(Enrollment { created, first_admin: self.elect_admin && first });
            }
            tokio::time::sleep(Duration::from_millis(10 << attempt)).await;
        }
        Err(StoreError::unexpected("TransactWriteItems", "TransactionConflict").into())
    }

    /// Notes that the user has all that they get besides the profile. Until then [`Profile::complete`] is false, so that
    /// whoever reads the profile knows that something was cut short. May be repeated.
    ///
    /// # Errors
    ///
    /// When there is no profile, or DynamoDB refuses or does not answer.
    pub async fn complete(&self, sub: &str) -> Result<(), ProfileError> {
        check(sub)?;
        let answer = self
            .table
            .client()
            .await
            .update_item()
            .table_name(self.table.name())
            .set_key(Some(profile_key(sub)))
            .update_expression("REMOVE #incomplete")
            // Else the update would make an item that is nobody's profile.
            .condition_expression("attribute_exists(#pk)")
            .expression_attribute_names("#incomplete", INCOMPLETE)
            .expression_attribute_names("#pk", PK)
            .send()
            .await;
        answer.map(drop).map_err(|error| StoreError::new("UpdateItem", error).into())
    }

    /// The profile of this user, as it is now.
    ///
    /// # Errors
    ///
    /// When DynamoDB refuses or does not answer.
    pub async fn get(&self, sub: &str) -> Result<Option<Profile>, ProfileError> {
        check(sub)?;
        let Some(item) = self.table.get(profile_key(sub)).await? else {
            return Ok(None);
        };
        let mut profile =
            Profile { sub: sub.to_owned(), groups: Vec::new(), complete: true, claims: Map::new() };
        for (name, value) in item {
            match name.as_str() {
                PK | SK | SUB => {}
                GROUPS => profile.groups = texts(value),
                INCOMPLETE => profile.complete = false,
                _ if !is_exact(&value) => {
                    tracing::warn!(
                        attribute = name,
                        "profile attribute has a number that JSON readers would round"
                    );
                }
                _ => match serde_dynamo::from_attribute_value::<_, Value>(value) {
                    Ok(value) => {
                        profile.claims.insert(name, value);
                    }
                    Err(error) => {
                        tracing::warn!(attribute = name, %error, "profile attribute has no JSON form")
                    }
                },
            }
        }
        Ok(Some(profile))
    }

    /// The first user, if the election is over.
    async fn first_sub(&self) -> Result<Option<String>, StoreError> {
        let row = self.table.get(first_key()).await?;
        // A row without a readable sub still means that the election is over.
        Ok(row.map(|mut row| match row.remove(SUB) {
            Some(AttributeValue::S(sub)) => sub,
            _ => String::new(),
        }))
    }

    /// Whether the profile is new.
    async fn put_profile(&self, profile: &NewProfile) -> Result<bool, StoreError> {
        self.put_if_new(profile_row(profile)).await
    }

    /// Writes the row; false if there is one.
    async fn put_if_new(&self, row: Row) -> Result<bool, StoreError> {
        let answer = self
            .table
            .client()
            .await
            .put_item()
            .table_name(self.table.name())
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .send()
            .await;
        match answer {
            Ok(_) => Ok(true),
            Err(error)
                if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) =>
            {
                Ok(false)
            }
            Err(error) => Err(StoreError::new("PutItem", error)),
        }
    }

    /// Writes the profile and the mark of the first user, both or neither. `None`: look again.
    async fn put_first(&self, profile: &NewProfile) -> Result<Option<bool>, StoreError> {
        let mut mark = first_key();
        mark.insert(SUB.to_owned(), AttributeValue::S(profile.sub.clone()));
        let answer = self
            .table
            .client()
            .await
            .transact_write_items()
            .transact_items(self.put_new(mark)?)
            .transact_items(self.put_new(profile_row(profile))?)
            .send()
            .await;
        let error = match answer {
            Ok(_) => return Ok(Some(true)),
            Err(error) => error,
        };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
                cancelled.cancellation_reasons()
            }
            _ => &[],
        };
        let codes: Vec<&str> = reasons.iter().filter_map(CancellationReason::code).collect();
        match codes.as_slice() {
            // The profile was there before any first user was remembered. There have been users, so nobody is the first.
            ["None", "ConditionalCheckFailed"] => Ok(self.close_election().await?.then_some(false)),
            _ if codes
                .iter()
                .any(|code| matches!(*code, "ConditionalCheckFailed" | "TransactionConflict")) =>
            {
                Ok(None)
            }
            _ => Err(StoreError::new("TransactWriteItems", error)),
        }
    }

    /// Writes a mark that names nobody, so that nobody is ever elected; false if a first user was faster.
    async fn close_election(&self) -> Result<bool, StoreError> {
        match self.put_if_new(first_key()).await {
            Err(error) if error.code() == Some("TransactionConflictException") => Ok(false),
            outcome => outcome,
        }
    }

    fn put_new(&self, row: Row) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(self.table.name())
            .set_item(Some(row))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PK)
            .build()
            .map_err(|_| StoreError::unexpected("TransactWriteItems", "BuildError"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// A `sub` is a UUID at Amazon Cognito; other issuers may use up to 255 ASCII characters (OpenID Connect Core 1.0, section 2).
fn check(sub: &str) -> Result<(), ProfileError> {
    if sub.is_empty() || sub.len() > 1024 { Err(ProfileError::InvalidSub) } else { Ok(()) }
}

fn profile_key(sub: &str) -> Row {
    layout::key(format!("USER#{sub}"), "PROFILE")
}

fn first_key() -> Row {
    layout::key("SETTINGS", "FIRST_ADMIN")
}

fn profile_row(profile: &NewProfile) -> Row {
    let mut row = profile_key(&profile.sub);
    let created_at = instant(profile.created_at);
    for (name, text) in [(SUB, &profile.sub), ("username", &profile.username), ("createdAt", &created_at)] {
        row.insert(name.to_owned(), AttributeValue::S(text.clone()));
    }
    row.insert(INCOMPLETE.to_owned(), AttributeValue::Bool(true));
    row
}

/// Whether every number in it stays what it is: DynamoDB keeps 38 digits, and `serde_json` 64 bits.
fn is_exact(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::N(number) => is_exact_number(number),
        AttributeValue::Ns(numbers) => numbers.iter().all(|number| is_exact_number(number)),
        AttributeValue::L(values) => values.iter().all(is_exact),
        AttributeValue::M(values) => values.values().all(is_exact),
        _ => true,
    }
}

fn is_exact_number(number: &str) -> bool {
    if !number.contains(['.', 'e', 'E']) {
        return number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    }
    let digits = |text: &str| {
        let (mantissa, _) = text.split_once(['e', 'E']).unwrap_or((text, ""));
        let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
        digits.trim_matches('0').to_owned()
    };
    number.parse::<f64>().is_ok_and(|float| digits(&format!("{float:e}")) == digits(number))
}

/// The strings of a list or a set; whatever else stands there names no group.
fn texts(value: AttributeValue) -> Vec<String> {
    match value {
        AttributeValue::Ss(texts) => texts,
        AttributeValue::L(values) => values
            .into_iter()
            .filter_map(|value| match value {
                AttributeValue::S(text) => Some(text),
                _ => None,
            })
            .collect(),
        AttributeValue::S(text) => vec![text],
        _ => Vec::new(),
    }
}

impl fmt::Debug for NewProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewProfile")
            .field("sub", &self.sub)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.claims.keys().collect();
        f.debug_struct("Profile")
            .field("sub", &self.sub)
            .field("groups", &self.groups)
            .field("complete", &self.complete)
            .field("claims", &names)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::JoinSet;

    use super::*;
    use crate::testkit;

    fn profile(sub: &str) -> NewProfile {
        NewProfile {
            sub: sub.to_owned(),
            username: format!("name of {sub}"),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_concurrent_deliveries_one_creates_and_all_agree_who_is_first() {
        for _ in 0..5 {
            let profiles = Profiles::new(testkit::table().await.unwrap()).elect_admin(true);
            let mut deliveries = JoinSet::new();
            for delivery in 0..9 {
                let (profiles, sub) = (profiles.clone(), format!("u{}", delivery % 3));
                deliveries
                    .spawn(async move { (sub.clone(), profiles.enroll(&profile(&sub)).await.unwrap()) });
            }
            let answers = deliveries.join_all().await;
            assert_eq!(answers.iter().filter(|(_, enrollment)| enrollment.created).count(), 3);
            let mut first: Vec<&String> =
                answers.iter().filter(|(_, enrollment)| enrollment.first_admin).map(|(sub, _)| sub).collect();
            first.sort();
            first.dedup();
            assert_eq!(first.len(), 1);
            let on_repeat = profiles.enroll(&profile(first[0])).await.unwrap();
            assert_eq!(on_repeat, Enrollment { created: false, first_admin: true });
        }
    }

    #[tokio::test]
    async fn switching_the_election_on_later_does_not_elect_the_next_to_come() {
        let profiles = Profiles::new(testkit::table().await.unwrap());
        let enrollment = profiles.enroll(&profile("u1")).await.unwrap();
        assert_eq!(enrollment, Enrollment { created: true, first_admin: false });
        let profiles = profiles.elect_admin(true);
        assert_eq!(
            profiles.enroll(&profile("u2")).await.unwrap(),
            Enrollment { created: true, first_admin: false }
        );
        assert_eq!(
            profiles.enroll(&profile("u1")).await.unwrap(),
            Enrollment { created: false, first_admin: true }
        );
    }

    #[tokio::test]
    async fn a_profile_from_before_any_election_is_not_the_first_and_neither_is_who_comes_after() {
        let table = testkit::table().await.unwrap();
        let row = profile_row(&profile("u1"));
        table.client().await.put_item().table_name(table.name()).set_item(Some(row)).send().await.unwrap();
        let profiles = Profiles::new(table).elect_admin(true);
        assert_eq!(
            profiles.enroll(&profile("u1")).await.unwrap(),
            Enrollment { created: false, first_admin: false }
        );
        for created in [true, false] {
            let enrollment = profiles.enroll(&profile("u2")).await.unwrap();
            assert_eq!(enrollment, Enrollment { created, first_admin: false });
        }
    }

    #[tokio::test]
    async fn an_enrollment_that_is_repeated_changes_nothing() {
        let profiles = Profiles::new(testkit::table().await.unwrap());
        profiles.enroll(&profile("u1")).await.unwrap();
        let later = NewProfile { username: "other".to_owned(), ..profile("u1") };
        assert!(!profiles.enroll(&later).await.unwrap().created);
        let found = profiles.get("u1").await.unwrap().unwrap();
        assert_eq!(found.claims["username"], "name of u1");
        assert_eq!(found.claims["createdAt"], "1970-01-01T00:00:00.000Z");
    }

    #[tokio::test]
    async fn a_profile_is_incomplete_until_it_is_said_to_be_complete() {
        let profiles = Profiles::new(testkit::table().await.unwrap());
        assert!(profiles.complete("u1").await.is_err(), "there is nobody yet");
        assert_eq!(profiles.get("u1").await.unwrap(), None);
        profiles.enroll(&profile("u1")).await.unwrap();
        assert!(!profiles.get("u1").await.unwrap().unwrap().complete);
        for _ in 0..2 {
            profiles.complete("u1").await.unwrap();
            assert!(profiles.get("u1").await.unwrap().unwrap().complete);
            // A late delivery of the same event takes nothing back.
            profiles.enroll(&profile("u1")).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_profile_is_read_with_its_groups_and_all_other_attributes() {
        let table = testkit::table().await.unwrap();
        let profiles = Profiles::new(table.clone());
        assert_eq!(profiles.get("u1").await.unwrap(), None);
        let text = |text: &str| AttributeValue::S(text.to_owned());
        for (groups, expected) in [
            (AttributeValue::Ss(vec!["a".to_owned(), "b".to_owned()]), vec!["a", "b"]),
            (AttributeValue::L(vec![text("a"), AttributeValue::N("1".to_owned())]), vec!["a"]),
            (text("a"), vec!["a"]),
            (AttributeValue::Null(true), vec![]),
        ] {
            let mut row = profile_row(&profile("u1"));
            row.insert(GROUPS.to_owned(), groups);
            row.insert("tenant".to_owned(), text("acme"));
            row.insert("seats".to_owned(), AttributeValue::N("3".to_owned()));
            table
                .client()
                .await
                .put_item()
                .table_name(table.name())
                .set_item(Some(row))
                .send()
                .await
                .unwrap();
            let found = profiles.get("u1").await.unwrap().unwrap();
            assert_eq!(found.groups, expected);
            assert_eq!((&found.claims["tenant"], &found.claims["seats"]), (&"acme".into(), &3.into()));
            let names: Vec<&String> = found.claims.keys().collect();
            assert_eq!(names, ["createdAt", "seats", "tenant", "username"]);
        }
    }

    #[tokio::test]
    async fn a_number_that_would_be_rounded_is_left_out() {
        let table = testkit::table().await.unwrap();
        let number = |number: &str| AttributeValue::N(number.to_owned());
        let mut row = profile_row(&profile("u1"));
        for (name, value) in [
            ("largest", number("18446744073709551615")),
            ("least", number("-9223372036854775808")),
            ("part", number("-0.125")),
            ("tenant", number("18446744073709551616")),
            ("debt", number("-9223372036854775809")),
            ("finer", number("0.12345678901234567890123")),
            ("list", AttributeValue::L(vec![number("1"), number("12345678901234567890123")])),
            ("set", AttributeValue::Ns(vec!["12345678901234567890123".to_owned()])),
            ("map", AttributeValue::M([("n".to_owned(), number("12345678901234567890123"))].into())),
        ] {
            row.insert(name.to_owned(), value);
        }
        table.client().await.put_item().table_name(table.name()).set_item(Some(row)).send().await.unwrap();
        let claims = Profiles::new(table).get("u1").await.unwrap().unwrap().claims;
        let names: Vec<&String> = claims.keys().collect();
        assert_eq!(names, ["createdAt", "largest", "least", "part", "username"]);
        assert_eq!((&claims["largest"], &claims["least"]), (&u64::MAX.into(), &i64::MIN.into()));
    }

    #[tokio::test]
    async fn what_cannot_be_a_sub_is_refused_before_anything_is_written() {
        let profiles = Profiles::new(testkit::table().await.unwrap());
        for sub in [String::new(), "s".repeat(5000)] {
            assert!(matches!(profiles.enroll(&profile(&sub)).await, Err(ProfileError::InvalidSub)));
            assert!(matches!(profiles.get(&sub).await, Err(ProfileError::InvalidSub)));
        }
    }
}
