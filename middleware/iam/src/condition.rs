//! Under which conditions a statement applies.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::Value;

use crate::{
    Context, InvalidPolicy,
    context::Entry,
    document::{join, object},
    ip_range::IpRange,
    operator::{Comparison, Operator, Order, Quantifier},
    pattern::{Pattern, Resolved, Syntax},
    resource::{Found, ResourcePattern},
};

/// One operator, one key, and the values that the key is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Condition {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    /// Whether the key must have no value.
    Null(bool),
    Compare {
        expected: Vec<Expected>,
        negated: bool,
        if_exists: bool,
        quantifier: Option<Quantifier>,
    },
}

/// A value that a key is compared with.
#[derive(Clone, Debug, PartialEq)]
enum Expected {
    Text(Pattern),
    TextIgnoringCase(Pattern),
    Arn(ResourcePattern),
    Number(Order, f64),
    Date(Order, Timestamp),
    Bool(bool),
    Binary(Vec<u8>),
    Range(IpRange),
}

/// How a value compares with an expected one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    /// What is expected is a variable that has no value.
    Valueless,
}

/// What can be said of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Holds,
    Fails,
    NotKnown,
}

impl Condition {
    /// The conditions of the element `Condition`, all of which must hold.
    pub(crate) fn read_all(value: &Value, path: &str) -> Result<Vec<Self>, InvalidPolicy> {
        let mut conditions = Vec::new();
        for (name, keys) in object(value, path)? {
            let path = join(path, name);
            let operator = Operator::named(name)
                .ok_or_else(|| InvalidPolicy::new(&path, "is no operator that is known here"))?;
            for (key, values) in object(keys, &path)? {
                let path = join(&path, key);
                let test = match operator {
                    Operator::Null => match scalars(values, &path)?.as_slice() {
                        [one] => Test::Null(truth(one).ok_or_else(|| not(&path, "true or false"))?),
                        _ => return Err(not(&path, "true or false")),
                    },
                    Operator::Compare { comparison, negated, if_exists, quantifier } => {
                        let values = scalars(values, &path)?;
                        let expected = values.iter().map(|value| Expected::read(comparison, value, &path));
                        let expected = expected.collect::<Result<_, _>>()?;
                        Test::Compare { expected, negated, if_exists, quantifier }
                    }
                };
                conditions.push(Self { key: key.clone(), test });
            }
        }
        Ok(conditions)
    }

    pub(crate) fn outcome(&self, context: &Context) -> Outcome {
        if context.is_unknown(&self.key) {
            return Outcome::NotKnown;
        }
        let entry = context.get(&self.key);
        let (expected, negated, if_exists, quantifier) = match &self.test {
            Test::Null(absent) => return Outcome::of(entry.is_none() == *absent),
            Test::Compare { expected, negated, if_exists, quantifier } => {
                (expected, *negated, *if_exists, *quantifier)
            }
        };
        let Some(entry) = entry else {
            return match quantifier {
                // The suffix says that this holds, and the prefix that it does not.
                Some(Quantifier::ForAnyValue) if if_exists => Outcome::NotKnown,
                _ if if_exists => Outcome::Holds,
                Some(Quantifier::ForAllValues) => Outcome::Holds,
                Some(Quantifier::ForAnyValue) => Outcome::Fails,
                // What is not there is not equal to anything.
                None => Outcome::of(negated),
            };
        };
        let each = |value: &String| {
            let (mut any, mut is_valueless) = (false, false);
            for expected in expected {
                match expected.compare(value, context)? {
                    Match::Yes => any = true,
                    Match::No => {}
                    Match::Valueless => is_valueless = true,
                }
            }
            // Of several expected values one is enough, and to a negation each counts. Whether a value differs from one that is not there
            // is not said.
            let is_open = negated && !any && is_valueless;
            (!is_open).then_some(any != negated)
        };
        let outcomes: Option<Vec<bool>> = entry.values().iter().map(each).collect();
        let Some(outcomes) = outcomes else { return Outcome::NotKnown };
        match (quantifier, entry) {
            (Some(Quantifier::ForAllValues), _) | (None, Entry::One(_)) => {
                Outcome::of(outcomes.iter().all(|holds| *holds))
            }
            (Some(Quantifier::ForAnyValue), _) => Outcome::of(outcomes.iter().any(|holds| *holds)),
            // IAM does not say what a comparison without a quantifier does with several values.
            (None, Entry::Several(_)) => Outcome::NotKnown,
        }
    }
}

impl Outcome {
    fn of(holds: bool) -> Self {
        if holds { Self::Holds } else { Self::Fails }
    }
}

impl Expected {
    fn read(comparison: Comparison, text: &str, path: &str) -> Result<Self, InvalidPolicy> {
        let has_variable = text.contains("${");
        if has_variable
            && matches!(
                comparison,
                Comparison::Numeric(_)
                    | Comparison::Date(_)
                    | Comparison::Bool
                    | Comparison::Binary
                    | Comparison::IpAddress
            )
        {
            return Err(InvalidPolicy::new(path, "has a variable, which this operator does not take"));
        }
        Ok(match comparison {
            Comparison::StringEquals => Self::Text(Pattern::parse(text, Syntax::Variables, path)?),
            Comparison::StringEqualsIgnoreCase => {
                Self::TextIgnoringCase(Pattern::parse(text, Syntax::Variables, path)?)
            }
            Comparison::StringLike => Self::Text(Pattern::parse(text, Syntax::Both, path)?),
            Comparison::Arn => Self::Arn(ResourcePattern::parse(text, path)?),
            Comparison::Numeric(order) => {
                Self::Number(order, number(text).ok_or_else(|| not(path, "a number"))?)
            }
            Comparison::Date(order) => Self::Date(order, date(text).ok_or_else(|| not(path, "a date"))?),
            Comparison::Bool => Self::Bool(truth(text).ok_or_else(|| not(path, "true or false"))?),
            Comparison::Binary => Self::Binary(STANDARD.decode(text).map_err(|_| not(path, "Base64"))?),
            Comparison::IpAddress => {
                Self::Range(IpRange::parse(text).ok_or_else(|| not(path, "a range of addresses"))?)
            }
        })
    }

    /// `None` if the value is none that can be compared like this.
    fn compare(&self, seen: &str, context: &Context) -> Option<Match> {
        let text = |pattern: &Pattern, matches: fn(&Resolved, &str) -> bool| match pattern.resolve(context) {
            Some(pattern) => Match::of(matches(&pattern, seen)),
            None => Match::Valueless,
        };
        Some(match self {
            Self::Text(pattern) => text(pattern, Resolved::matches),
            Self::TextIgnoringCase(pattern) => text(pattern, Resolved::matches_ignoring_case),
            Self::Arn(pattern) => match ResourcePattern::find(std::slice::from_ref(pattern), seen, context) {
                Found::Yes => Match::Yes,
                Found::No => Match::No,
                Found::NotKnown => Match::Valueless,
            },
            Self::Number(order, expected) => Match::of(order.holds(&number(seen)?, expected)),
            Self::Date(order, expected) => Match::of(order.holds(&date(seen)?, expected)),
            Self::Bool(expected) => Match::of(truth(seen)? == *expected),
            Self::Binary(expected) => Match::of(STANDARD.decode(seen).ok()? == *expected),
            Self::Range(range) => Match::of(range.contains(seen.parse::<IpAddr>().ok()?)),
        })
    }
}

impl Match {
    fn of(matches: bool) -> Self {
        if matches { Self::Yes } else { Self::No }
    }
}

fn not(path: &str, what: &'static str) -> InvalidPolicy {
    let problem = match what {
        "a number" => "is not a number",
        "a date" => "is not a date",
        "true or false" => "is neither true nor false",
        "Base64" => "is not Base64",
        _ => "is not a range of addresses",
    };
    InvalidPolicy::new(path, problem)
}

/// Texts, numbers and truth values, one or several: JSON policies have them all.
fn scalars(value: &Value, path: &str) -> Result<Vec<String>, InvalidPolicy> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        one => std::slice::from_ref(one),
    };
    let texts: Option<Vec<String>> = values
        .iter()
        .map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(truth) => Some(truth.to_string()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    match texts {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(InvalidPolicy::new(path, "is neither a value nor a list of values")),
    }
}

fn truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn number(text: &str) -> Option<f64> {
    // Not "inf" and "NaN", which the parser would take.
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// A date as W3C writes it (`2026-11-29T12:00:00Z`, or the day alone), or seconds since 1970.
fn date(text: &str) -> Option<Timestamp> {
    // Four digits alone are a year to some.
    if text.len() == 4 {
        return None;
    }
    if let Ok(seconds) = text.parse::<i64>() {
        return Timestamp::from_second(seconds).ok();
    }
    text.parse().ok().or_else(|| {
        let day: civil::Date = text.parse().ok()?;
        day.to_zoned(TimeZone::UTC).ok().map(|midnight| midnight.timestamp())
    })
}
