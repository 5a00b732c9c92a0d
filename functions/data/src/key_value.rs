//! Values as they stand in keys: as text that is the same for equal values, and as text that sorts as values do.

use jiff::Timestamp;
use portcullis_schema::{FieldType, InvalidField, NamedType, Scalar, TypeRef};
use serde_json::{Number, Value};

/// Ends a value within a key. It sorts before all that a longer value goes on with, and no [escaped](escaped) value
/// holds it.
pub(crate) const END: char = '\u{1}';
/// Sorts after [`END`] and before all that a longer value goes on with: an escaped value never ends with it.
pub(crate) const AFTER_END: char = '\u{2}';

/// Begins the place of a character that keys need for themselves.
const ESCAPE: char = '\u{2}';

/// Reads a value of this field from text, such as a segment of a path or a parameter of a query.
///
/// # Errors
///
/// When the text is no value of the type. The answer does not repeat it.
///
/// ```
/// # use portcullis_data::{schema::Schema, value_from_text};
/// let source = "type Note @model @auth(rules: [{allow: owner}]) { words: Int }";
/// let schema = Schema::parse(source, "schema.graphql")?;
/// let words = schema.model("Note").and_then(|note| note.field("words")).ok_or("no such field")?;
/// assert_eq!(value_from_text(words, "12"), Ok(12.into()));
/// assert_eq!(value_from_text(words, "dozen").unwrap_err().to_string(), "`words` must be a whole number of 32 bits");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn value_from_text(field: &FieldType, text: &str) -> Result<Value, InvalidField> {
    let value = match kind_of(field.kind()) {
        Kind::Text | Kind::DateTime | Kind::Time => Some(Value::from(text)),
        Kind::Int | Kind::Seconds => text.parse::<i64>().ok().map(Value::from),
        Kind::Float => text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number),
        Kind::Boolean => text.parse::<bool>().ok().map(Value::from),
        Kind::None => None,
    };
    let checked = value.ok_or(problem(field.kind())).and_then(|value| {
        canonical(field.kind(), &value)?;
        match &field.kind().named {
            NamedType::Scalar(scalar) => scalar.check(&value).map(|()| value),
            _ => Ok(value),
        }
    });
    checked.map_err(|problem| invalid(field.name(), problem))
}

/// Reads the beginning of a value of this field, for [`SortCondition::BeginsWith`](crate::SortCondition::BeginsWith).
///
/// # Errors
///
/// When values of the type are no texts.
pub fn beginning_from_text(field: &FieldType, text: &str) -> Result<Value, InvalidField> {
    let value = Value::from(text);
    match sortable_beginning(field.kind(), &value) {
        Some(_) => Ok(value),
        None => Err(invalid(field.name(), "has no beginning: it is no text")),
    }
}

/// What distinguishes values in keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Int,
    Seconds,
    Float,
    Boolean,
    DateTime,
    Time,
    /// A list or an object, which no key holds.
    None,
}

fn kind_of(kind: &TypeRef) -> Kind {
    match &kind.named {
        _ if kind.list => Kind::None,
        NamedType::Scalar(Scalar::Int) => Kind::Int,
        NamedType::Scalar(Scalar::AwsTimestamp) => Kind::Seconds,
        NamedType::Scalar(Scalar::Float) => Kind::Float,
        NamedType::Scalar(Scalar::Boolean) => Kind::Boolean,
        NamedType::Scalar(Scalar::AwsDateTime) => Kind::DateTime,
        NamedType::Scalar(Scalar::AwsTime) => Kind::Time,
        NamedType::Scalar(_) | NamedType::Enum(_) => Kind::Text,
        _ => Kind::None,
    }
}

fn problem(kind: &TypeRef) -> &'static str {
    match kind_of(kind) {
        Kind::Text | Kind::Time => "must be a string",
        Kind::Int => "must be a whole number of 32 bits",
        Kind::Seconds => "must be a whole number of seconds",
        Kind::Float => "must be a finite number",
        Kind::Boolean => "must be `true` or `false`",
        Kind::DateTime => "must be a date and time with an offset",
        Kind::None => "cannot stand in a key",
    }
}

pub(crate) fn invalid(field: &str, problem: &str) -> InvalidField {
    InvalidField { field: field.to_owned(), problem: problem.to_owned() }
}

/// The text of a value, the same for equal values: a number without what does not count, and everything else as it is
/// written (two dates and times that name one moment in different offsets are two keys, as in DynamoDB).
pub(crate) fn canonical(kind: &TypeRef, value: &Value) -> Result<String, &'static str> {
    let problem = problem(kind);
    let whole = |value: &Value| value.as_i64().ok_or(problem);
    match kind_of(kind) {
        Kind::Text => match (&kind.named, value) {
            (NamedType::Enum(names), Value::String(text)) => names
                .values()
                .iter()
                .any(|name| name == text)
                .then(|| text.clone())
                .ok_or("is no value of the enum"),
            (NamedType::Scalar(Scalar::Id), Value::Number(number)) => Ok(number.to_string()),
            (_, Value::String(text)) => Ok(text.clone()),
            _ => Err(problem),
        },
        Kind::Int => i32::try_from(whole(value)?).map(|number| number.to_string()).map_err(|_| problem),
        Kind::Seconds => whole(value).map(|number| number.to_string()),
        Kind::Float => number(value).map(|number| number.to_string()).ok_or(problem),
        Kind::Boolean => value.as_bool().map(|truth| truth.to_string()).ok_or(problem),
        Kind::DateTime => moment(value).ok_or(problem).and(value.as_str().map(str::to_owned).ok_or(problem)),
        Kind::Time => value.as_str().map(str::to_owned).ok_or(problem),
        Kind::None => Err(problem),
    }
}

/// Text that sorts, byte by byte, as the values do: numbers by size, dates and times by the moment, others as text. It
/// is [escaped], so that [`END`] can follow.
pub(crate) fn sortable(kind: &TypeRef, value: &Value) -> Result<String, &'static str> {
    let text = canonical(kind, value)?;
    match kind_of(kind) {
        Kind::Int | Kind::Seconds | Kind::Float => number(value).map(in_order).ok_or(problem(kind)),
        // Nine digits of a fraction are all that there can be.
        Kind::DateTime => moment(value).map(|moment| format!("{moment:.9}")).ok_or(problem(kind)),
        Kind::Time => Ok(escaped(&with_fraction(&text))),
        Kind::Text | Kind::Boolean | Kind::None => Ok(escaped(&text)),
    }
}

/// What the sortable text of every value begins with whose text begins with this; `None` for numbers, which have no
/// beginnings.
pub(crate) fn sortable_beginning(kind: &TypeRef, value: &Value) -> Option<String> {
    match kind_of(kind) {
        Kind::Text | Kind::DateTime | Kind::Time => value.as_str().map(escaped),
        Kind::Int | Kind::Seconds | Kind::Float | Kind::Boolean | Kind::None => None,
    }
}

/// The text without the characters that keys need for themselves, in the same order.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\0' => escaped.extend([ESCAPE, '\u{3}']),
            END => escaped.extend([ESCAPE, '\u{4}']),
            ESCAPE => escaped.extend([ESCAPE, '\u{5}']),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Negative zero is zero.
fn number(value: &Value) -> Option<f64> {
    value.as_f64().filter(|number| number.is_finite()).map(|number| number + 0.0)
}

/// The bits of a number, turned so that they sort as numbers do: those of negative ones all, of others the sign.
fn in_order(number: f64) -> String {
    let bits = number.to_bits();
    let turned = if number.is_sign_negative() { !bits } else { bits ^ (1 << 63) };
    format!("{turned:016x}")
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// A time of day with nine digits of a fraction; what stands behind, an offset, stays.
fn with_fraction(time: &str) -> String {
    let (clock, offset) = time.split_at(time.find(['Z', '+', '-']).unwrap_or(time.len()));
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    format!("{whole}.{fraction:0<9}{offset}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn kind(scalar: Scalar) -> TypeRef {
        TypeRef::scalar(scalar)
    }

    #[test]
    fn texts_sort_as_the_values_do() {
        let table = [
            (
                Scalar::Int,
                vec![
                    json!(-2_147_483_648),
                    json!(-7),
                    json!(0),
                    json!(1),
                    json!(9),
                    json!(10),
                    json!(2_147_483_647),
                ],
            ),
            (
                Scalar::Float,
                vec![
                    json!(-1e125),
                    json!(-1.5),
                    json!(-1e-130),
                    json!(0),
                    json!(1e-130),
                    json!(0.5),
                    json!(1),
                    json!(1e125),
                ],
            ),
            (
                Scalar::AwsTimestamp,
                vec![json!(-1), json!(0), json!(1_767_225_600), json!(253_402_300_799_i64)],
            ),
            (
                Scalar::AwsDateTime,
                vec![
                    json!("2024-05-31T13:45:00+02:00"),
                    json!("2024-05-31T12:00:00Z"),
                    json!("2024-05-31T12:00:00.5Z"),
                    json!("2024-05-31T12:00:01Z"),
                ],
            ),
            (
                Scalar::AwsTime,
                vec![json!("09:00:00Z"), json!("13:45:00Z"), json!("13:45:00.25Z"), json!("13:45:01Z")],
            ),
            (Scalar::AwsDate, vec![json!("1999-12-31"), json!("2024-01-01"), json!("2024-05-31")]),
            (
                Scalar::String,
                vec![
                    json!(""),
                    json!("\u{0}"),
                    json!("\u{0}a"),
                    json!("\u{1}"),
                    json!("\u{2}"),
                    json!("\u{3}"),
                    json!("a"),
                    json!("a\u{0}"),
                    json!("a\u{1}"),
                    json!("a\u{2}"),
                    json!("a!"),
                    json!("ab"),
                    json!("\u{e9}"),
                    json!("\u{1F600}"),
                ],
            ),
        ];
        for (scalar, values) in table {
            let texts: Vec<String> = values
                .iter()
                .map(|value| format!("{}{END}", sortable(&kind(scalar), value).unwrap()))
                .collect();
            let mut sorted = texts.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(texts, sorted, "{scalar}");
            assert!(texts.iter().all(|text| text.matches(END).count() == 1), "{scalar}");
        }
    }

    #[test]
    fn equal_values_have_one_text() {
        for (scalar, values, text) in [
            (Scalar::Int, [json!(7), json!(7)], "7"),
            (Scalar::Float, [json!(1), json!(1.0)], "1"),
            (Scalar::Float, [json!(0), json!(-0.0)], "0"),
            (Scalar::Id, [json!("7"), json!(7)], "7"),
        ] {
            for value in values {
                assert_eq!(canonical(&kind(scalar), &value).unwrap(), text, "{scalar} {value}");
            }
        }
        let sortable = |value| sortable(&kind(Scalar::Float), &value).unwrap();
        assert_eq!(sortable(json!(-0.0)), sortable(json!(0)));
    }

    #[test]
    fn what_is_no_value_of_the_type_is_refused() {
        for (scalar, value) in [
            (Scalar::Int, json!("7")),
            (Scalar::Int, json!(1.5)),
            (Scalar::Int, json!(3_000_000_000_i64)),
            (Scalar::Float, json!("x")),
            (Scalar::String, json!(7)),
            (Scalar::String, json!(null)),
            (Scalar::AwsDateTime, json!("2024-05-31")),
            (Scalar::Boolean, json!("true")),
        ] {
            assert!(canonical(&kind(scalar), &value).is_err(), "{scalar} {value}");
        }
        assert!(canonical(&TypeRef { list: true, ..kind(Scalar::String) }, &json!(["a"])).is_err());
    }

    proptest! {
        #[test]
        fn several_values_sort_as_tuples_do(
            one in (".{0,3}|[\0\u{1}\u{2}\u{3}a]{0,4}", any::<i32>()),
            two in (".{0,3}|[\0\u{1}\u{2}\u{3}a]{0,4}", any::<i32>()),
        ) {
            let text = |(name, number): &(String, i32)| {
                let name = sortable(&kind(Scalar::String), &json!(name)).unwrap();
                format!("{name}{END}{}{END}", sortable(&kind(Scalar::Int), &json!(number)).unwrap())
            };
            prop_assert_eq!(text(&one).cmp(&text(&two)), one.cmp(&two));
        }

        #[test]
        fn numbers_of_any_size_sort_as_numbers_do(one in any::<f64>(), two in any::<f64>()) {
            prop_assume!(one.is_finite() && two.is_finite());
            let text = |number: f64| sortable(&kind(Scalar::Float), &json!(number)).unwrap();
            prop_assert_eq!(Some(text(one).cmp(&text(two))), one.partial_cmp(&two));
        }
    }

    #[test]
    fn a_beginning_of_a_text_is_a_beginning_of_what_is_sorted() {
        for (scalar, beginning, whole) in [
            (Scalar::String, "a\u{1}", "a\u{1}b"),
            (Scalar::AwsDate, "2024-", "2024-05-31"),
            (Scalar::AwsDateTime, "2024-05-31T12", "2024-05-31T14:00:00+02:00"),
            (Scalar::AwsTime, "13:45:00", "13:45:00Z"),
        ] {
            let beginning = sortable_beginning(&kind(scalar), &json!(beginning)).unwrap();
            assert!(sortable(&kind(scalar), &json!(whole)).unwrap().starts_with(&beginning), "{whole}");
        }
        assert_eq!(sortable_beginning(&kind(Scalar::Int), &json!(1)), None);
    }
}
