//! Claims of a token as API Gateway hands them on: every one a string.

use serde_json::Value;

use crate::{Rejection, clock::unix_seconds};

/// How a kind of API makes strings of claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flattening {
    /// A list is `[a b]`, an object `map[..]`, a time a number of seconds.
    HttpApi,
    /// A list is `a,b`, a time `Fri Jul 29 18:52:53 UTC 2016`.
    RestApi,
}

/// What comparing a claim of a token with what the gateway says it is comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Agreement {
    Same,
    Different,
    /// It is not known how the gateway would write it.
    Unknown,
}

impl Flattening {
    /// The claims that a list was made of; `None` if the text can be read in more than one way.
    ///
    /// | text | HTTP API | REST API |
    /// |---|---|---|
    /// | `[a b]` | `a`, `b` | refused |
    /// | `a,b` | refused | `a`, `b` |
    /// | `a` | not a list, but that string | `a` |
    /// | `[]`, empty | none | none |
    /// | `[a,b]`, `[a  b]`, `a b`, `a,,b`, quotation marks, more brackets | refused | refused |
    pub(super) fn list(self, text: &str) -> Option<Value> {
        if matches!(text, "" | "[]") {
            return Some(Value::Array(Vec::new()));
        }
        let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_name = |name: &str| {
            !name.is_empty()
                && !name.contains(['[', ']', ',', '"'])
                && !name.contains(|char: char| char.is_whitespace() || char.is_control())
        };
        let list = |separator: char, text: &str| {
            let names: Option<Vec<Value>> =
                text.split(separator).map(|name| is_name(name).then(|| name.into())).collect();
            names.map(Value::Array)
        };
        match (self, inside) {
            (Self::HttpApi, Some(inside)) => list(' ', inside),
            (Self::HttpApi, None) => is_name(text).then(|| text.into()),
            (Self::RestApi, None) => list(',', text),
            (Self::RestApi, Some(_)) => None,
        }
    }

    /// Whether a string may have been a list or an object before the gateway made a string of it.
    pub(super) fn may_be_more(self, text: &str) -> bool {
        match self {
            Self::HttpApi => text.ends_with(']') && (text.starts_with('[') || text.starts_with("map[")),
            Self::RestApi => text.contains(',') || text.starts_with(['[', '{']),
        }
    }

    /// A time as a number of seconds after 1970.
    pub(super) fn seconds(self, text: &str) -> Result<f64, Rejection> {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b".eE+".contains(&byte))
            && text.starts_with(|first: char| first.is_ascii_digit());
        let number = if is_number { text.parse().ok() } else { None };
        let date = || (self == Self::RestApi).then(|| seconds_of_date(text)).flatten();
        number.filter(|seconds: &f64| seconds.is_finite()).or_else(date).ok_or(Rejection::TimeClaim)
    }

    /// Whether the gateway says of a claim what the token says.
    pub(super) fn compare(self, name: &str, told: &Value, claim: &Value) -> Agreement {
        let told = match told {
            Value::String(told) => told,
            told if told == claim => return Agreement::Same,
            _ => return Agreement::Different,
        };
        let same = |is_same: bool| if is_same { Agreement::Same } else { Agreement::Different };
        match claim {
            Value::String(claim) => same(claim == told),
            Value::Bool(claim) => same(*told == claim.to_string()),
            Value::Number(number) if is_time(name) => {
                same(self.seconds(told).is_ok_and(|seconds| number.as_f64() == Some(seconds)))
            }
            Value::Number(number) if *told == number.to_string() => Agreement::Same,
            Value::Array(list) => match list.iter().map(Value::as_str).collect::<Option<Vec<_>>>() {
                Some(list) if list.is_empty() => same(matches!(told.as_str(), "" | "[]")),
                Some(list) => same(*told == self.join(&list)),
                None => Agreement::Unknown,
            },
            Value::Null | Value::Number(_) | Value::Object(_) => Agreement::Unknown,
        }
    }

    fn join(self, list: &[&str]) -> String {
        match self {
            Self::HttpApi => format!("[{}]", list.join(" ")),
            Self::RestApi => list.join(","),
        }
    }
}

/// A date as Java writes it: that of `asctime`, with the time zone before the year.
fn seconds_of_date(text: &str) -> Option<f64> {
    let (date, year) = text.split_once(" UTC ")?;
    httpdate::parse_http_date(&format!("{date} {year}")).ok().map(unix_seconds)
}

/// Whether a claim is a time that is looked at.
pub(super) fn is_time(name: &str) -> bool {
    matches!(name, "exp" | "nbf" | "iat" | "auth_time")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{
        Flattening::{HttpApi, RestApi},
        *,
    };

    #[test]
    fn a_list_is_read_in_one_way_or_not_at_all() {
        for (text, by_http, by_rest) in [
            ("[a b]", Some(json!(["a", "b"])), None),
            ("[a]", Some(json!(["a"])), None),
            ("[editors eu-west-1_x_Google]", Some(json!(["editors", "eu-west-1_x_Google"])), None),
            ("a,b", None, Some(json!(["a", "b"]))),
            ("a", Some(json!("a")), Some(json!(["a"]))),
            ("", Some(json!([])), Some(json!([]))),
            ("[]", Some(json!([])), Some(json!([]))),
            ("[a,b]", None, None),
            ("[a, b]", None, None),
            ("[\"a\",\"b\"]", None, None),
            ("[a  b]", None, None),
            ("[ a]", None, None),
            ("[a ]", None, None),
            ("[[a]]", None, None),
            ("[a]b]", None, None),
            ("[a", None, None),
            ("a]", None, None),
            ("a b", None, None),
            ("a, b", None, None),
            ("a,,b", None, None),
            (",a", None, None),
            ("a,", None, None),
            ("a\u{a0}b", None, None),
            ("\"a\"", None, None),
            (" ", None, None),
            ("[a\tb]", None, None),
        ] {
            assert_eq!((HttpApi.list(text), RestApi.list(text)), (by_http, by_rest), "{text:?}");
        }
    }

    #[test]
    fn times_are_seconds_or_the_date_of_a_rest_api() {
        for (text, by_http, by_rest) in [
            ("1700000000", Some(1_700_000_000.0), Some(1_700_000_000.0)),
            ("1.7e9", Some(1_700_000_000.0), Some(1_700_000_000.0)),
            ("1.7e+09", Some(1_700_000_000.0), Some(1_700_000_000.0)),
            ("1700000000.5", Some(1_700_000_000.5), Some(1_700_000_000.5)),
            ("Tue Nov 14 22:13:20 UTC 2023", None, Some(1_700_000_000.0)),
            ("Fri Jul 29 18:52:53 UTC 2016", None, Some(1_469_818_373.0)),
            ("1e999", None, None),
            ("-1", None, None),
            ("+1", None, None),
            ("", None, None),
            (" 1", None, None),
            ("NaN", None, None),
            ("infinity", None, None),
            ("0x10", None, None),
            ("2023-11-14T22:13:20Z", None, None),
        ] {
            assert_eq!(
                (HttpApi.seconds(text).ok(), RestApi.seconds(text).ok()),
                (by_http, by_rest),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_claim_agrees_with_its_string() {
        use Agreement::{Different, Same, Unknown};
        for (name, told, claim, by_http, by_rest) in [
            ("sub", json!("a"), json!("a"), Same, Same),
            ("sub", json!("a"), json!("A"), Different, Different),
            ("sub", json!("1"), json!(1), Same, Same),
            ("level", json!("1"), json!(2), Unknown, Unknown),
            ("email_verified", json!("true"), json!(true), Same, Same),
            ("email_verified", json!("false"), json!(true), Different, Different),
            ("exp", json!("1700000000"), json!(1_700_000_000), Same, Same),
            ("exp", json!("1700000001"), json!(1_700_000_000), Different, Different),
            ("exp", json!("Tue Nov 14 22:13:20 UTC 2023"), json!(1_700_000_000), Different, Same),
            ("g", json!("[a b]"), json!(["a", "b"]), Same, Different),
            ("g", json!("a,b"), json!(["a", "b"]), Different, Same),
            ("g", json!("[]"), json!([]), Same, Same),
            ("g", json!("[a b]"), json!(["a", "c"]), Different, Different),
            ("g", json!("[a b]"), json!(["b", "a"]), Different, Different),
            ("g", json!(["a"]), json!(["a"]), Same, Same),
            ("g", json!(["a"]), json!(["a", "b"]), Different, Different),
            ("x", json!("map[a:1]"), json!({"a": 1}), Unknown, Unknown),
            ("x", json!("[1 2]"), json!([1, 2]), Unknown, Unknown),
            ("x", json!("null"), Value::Null, Unknown, Unknown),
        ] {
            let found = (HttpApi.compare(name, &told, &claim), RestApi.compare(name, &told, &claim));
            assert_eq!(found, (by_http, by_rest), "{name} {told} {claim}");
        }
    }
}
