//! Whether a JSON value is one of a scalar.
//!
//! The formats are those of [AWS AppSync](https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html), taken
//! strictly: what passes here is stored and later read by clients that parse it.

use jiff::{
    Timestamp,
    civil::{Date, Time},
};
use serde_json::Value;

use crate::{
    Scalar,
    address_check::{is_email, is_ip_address, is_phone, is_url},
};

/// DynamoDB's numbers reach from 1E-130 to 9.9E+125.
const NUMBERS: std::ops::Range<f64> = 1e-130..9.9e125;
/// The reason why a value is not one of the scalar.
pub(crate) fn check(scalar: Scalar, value: &Value) -> Result<(), &'static str> {
    let text = |problem: &'static str, fits: fn(&str) -> bool| {
        value.as_str().is_some_and(fits).then_some(()).ok_or(problem)
    };
    match scalar {
        Scalar::Id | Scalar::String => text("must be a string", |_| true),
        Scalar::Int => {
            let fits = value.as_i64().is_some_and(|number| i32::try_from(number).is_ok());
            fits.then_some(()).ok_or("must be a whole number from -2147483648 to 2147483647")
        }
        Scalar::Float => {
            let fits = value.as_f64().is_some_and(|number| number == 0.0 || NUMBERS.contains(&number.abs()));
            fits.then_some(()).ok_or("must be 0 or a number from 1e-130 to 9.9e+125 in size")
        }
        Scalar::Boolean => value.is_boolean().then_some(()).ok_or("must be `true` or `false`"),
        Scalar::AwsDate => text("must be a date such as `2024-05-31`", is_date),
        Scalar::AwsTime => text("must be a time such as `13:45:00`", is_time),
        Scalar::AwsDateTime => {
            text("must be a date and time with an offset, such as `2024-05-31T13:45:00Z`", is_date_time)
        }
        Scalar::AwsTimestamp => {
            let fits = value.as_i64().is_some_and(|seconds| Timestamp::from_second(seconds).is_ok());
            fits.then_some(()).ok_or("must be a whole number of seconds since 1970-01-01T00:00:00Z")
        }
        Scalar::AwsEmail => text("must be an e-mail address", is_email),
        Scalar::AwsJson => text("must be a string that holds JSON", is_json),
        Scalar::AwsUrl => text("must be a URL such as `https://example.com/path`", is_url),
        Scalar::AwsPhone => text("must be a phone number such as `+12065550100`", is_phone),
        Scalar::AwsIpAddress => {
            text("must be an IP address or a range such as `192.0.2.0/24`", is_ip_address)
        }
    }
}

/// `YYYY-MM-DD`, then nothing or an offset.
fn is_date(text: &str) -> bool {
    let Some((date, offset)) = text.split_at_checked(10) else {
        return false;
    };
    is_plain_date(date) && (offset.is_empty() || is_offset(offset, true))
}

/// `hh:mm:ss`, perhaps a fraction, then nothing or an offset.
fn is_time(text: &str) -> bool {
    let (time, offset) = split_offset(text);
    is_plain_time(time) && (offset.is_empty() || is_offset(offset, true))
}

/// RFC 3339, 5.6, with capital letters.
fn is_date_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else {
        return false;
    };
    let (time, offset) = split_offset(time);
    is_plain_date(date)
        && is_plain_time(time)
        && is_offset(offset, false)
        && text.parse::<Timestamp>().is_ok()
}

/// Parts a time from what may follow it.
fn split_offset(text: &str) -> (&str, &str) {
    let offset = text.find(['Z', '+', '-']).unwrap_or(text.len());
    text.split_at_checked(offset).unwrap_or((text, ""))
}

fn is_plain_date(text: &str) -> bool {
    has_shape(text, "dddd-dd-dd") && text.parse::<Date>().is_ok()
}

fn is_plain_time(text: &str) -> bool {
    let (time, fraction) = text.split_once('.').map_or((text, None), |(time, rest)| (time, Some(rest)));
    let fraction = fraction.is_none_or(|digits| {
        (1..=9).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    });
    // A leap second cannot be kept: neither clients nor the parser know one.
    has_shape(time, "dd:dd:dd") && !time.ends_with("60") && fraction && time.parse::<Time>().is_ok()
}

/// `Z`, `+hh:mm`, and with seconds where AppSync knows them.
fn is_offset(text: &str, seconds: bool) -> bool {
    let Some(clock) = text.strip_prefix(['+', '-']) else {
        return text == "Z";
    };
    match clock.len() {
        5 => is_plain_time(&format!("{clock}:00")),
        8 => seconds && is_plain_time(clock),
        _ => false,
    }
}

/// Whether a text has digits where the shape has `d`, and else the same characters.
fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, wanted)| match wanted {
            b'd' => byte.is_ascii_digit(),
            other => byte == other,
        })
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::address_check::MAX_URL;

    #[test]
    fn each_scalar_takes_its_values_and_no_others() {
        let long_email = format!("{}@example.com", "a".repeat(65));
        let long_url = format!("https://example.com/{}", "a".repeat(MAX_URL));
        for (scalar, good, bad) in [
            (Scalar::Id, vec![json!("a"), json!("")], vec![json!(1), json!(true), json!({}), json!([])]),
            (Scalar::String, vec![json!(""), json!("é\u{0}")], vec![json!(1), json!(["a"])]),
            (
                Scalar::Int,
                vec![json!(0), json!(-2147483648_i64), json!(2147483647)],
                vec![
                    json!(2147483648_i64),
                    json!(-2147483649_i64),
                    json!(1.5),
                    json!(1.0),
                    json!("1"),
                    json!(u64::MAX),
                ],
            ),
            (
                Scalar::Float,
                vec![
                    json!(0),
                    json!(-0.0),
                    json!(1.5),
                    json!(-3),
                    json!(1e125),
                    json!(1e-130),
                    json!(u64::MAX),
                ],
                vec![json!("1.5"), json!(1e126), json!(1e300), json!(-1e126), json!(1e-131), json!(true)],
            ),
            (Scalar::Boolean, vec![json!(true), json!(false)], vec![json!("true"), json!(0), json!(1)]),
            (
                Scalar::AwsDate,
                vec![
                    json!("2024-02-29"),
                    json!("1970-01-01Z"),
                    json!("1970-01-01+07:00"),
                    json!("1970-01-01-07:00:30"),
                ],
                vec![
                    json!("2023-02-29"),
                    json!("2024-13-01"),
                    json!("24-01-01"),
                    json!("2024-1-1"),
                    json!("20240101"),
                    json!("2024-01-01T00:00:00Z"),
                    json!("2024-01-01 "),
                    json!("2024-01-01z"),
                    json!("2024-01-01+7"),
                    json!("2024-01-0é"),
                    json!(20240101),
                    json!(""),
                ],
            ),
            (
                Scalar::AwsTime,
                vec![
                    json!("12:30:00"),
                    json!("12:30:00.123"),
                    json!("00:00:00Z"),
                    json!("23:59:59.999999999-07:00"),
                ],
                vec![
                    json!("24:00:00"),
                    json!("12:60:00"),
                    json!("12:30:60"),
                    json!("12:30"),
                    json!("1:30:00"),
                    json!("12:30:00."),
                    json!("12:30:00.1234567890"),
                    json!("12:30:00+25:00"),
                    json!("T12:30:00"),
                    json!("12:30:00,5"),
                    json!(""),
                ],
            ),
            (
                Scalar::AwsDateTime,
                vec![
                    json!("2024-05-31T13:45:00Z"),
                    json!("2024-05-31T13:45:00.000Z"),
                    json!("1970-01-01T12:30:00+07:00"),
                    json!("2024-02-29T00:00:00-00:30"),
                ],
                vec![
                    json!("2024-05-31T13:45:00"),
                    json!("2024-05-31 13:45:00Z"),
                    json!("2024-05-31t13:45:00Z"),
                    json!("2024-05-31T13:45:00z"),
                    json!("2024-05-31T13:45Z"),
                    json!("2024-02-30T13:45:00Z"),
                    json!("2024-05-31T25:45:00Z"),
                    json!("2024-05-31T23:59:60Z"),
                    json!("2024-05-31T13:45:00+0700"),
                    json!("2024-05-31T13:45:00+07"),
                    json!("2024-05-31T13:45:00Z[UTC]"),
                    json!("+002024-05-31T13:45:00Z"),
                    json!("20240531T134500Z"),
                    json!("2024-05-31T13:45:00+07:00:30"),
                    json!(1717163100),
                    json!(""),
                    json!("2024-05-31T"),
                    json!("T"),
                ],
            ),
            (
                Scalar::AwsTimestamp,
                vec![json!(0), json!(-1), json!(1717163100)],
                vec![json!("0"), json!(1.5), json!(i64::MAX), json!(u64::MAX)],
            ),
            (
                Scalar::AwsEmail,
                vec![
                    json!("a@example.com"),
                    json!("first.last+tag@sub.example.co.uk"),
                    json!("用户@例え.jp"),
                ],
                vec![
                    json!("a"),
                    json!("@example.com"),
                    json!("a@"),
                    json!("a@localhost"),
                    json!("a b@example.com"),
                    json!("a@b@example.com"),
                    json!("a@example..com"),
                    json!("a@-x.com"),
                    json!(".a@example.com"),
                    json!("a@example.com\r\nBcc: b@example.com"),
                    json!("<a@example.com>"),
                    json!("a\u{200b}b@example.com"),
                    json!("a@exam\u{202e}ple.com"),
                    json!("a\u{feff}@example.com"),
                    json!(long_email),
                    json!(5),
                ],
            ),
            (
                Scalar::AwsJson,
                vec![json!("{}"), json!("[1, \"two\"]"), json!("null"), json!("\"text\""), json!("1")],
                vec![
                    json!({}),
                    json!([]),
                    json!(1),
                    json!(""),
                    json!("{"),
                    json!("{'a': 1}"),
                    json!("[".repeat(100_000)),
                ],
            ),
            (
                Scalar::AwsUrl,
                vec![
                    json!("https://example.com"),
                    json!("HTTP://example.com:8080/a?b=c#d"),
                    json!("mailto:a@example.com"),
                    json!("ftp://user@example.com/x"),
                    json!("file:///etc/hosts"),
                    json!("https://[::1]:8080/"),
                    json!("http://localhost:3000"),
                    json!("http://192.0.2.1/"),
                    json!("https://例え.jp/"),
                    json!("https://example.com/a?u=http://b"),
                    json!("news:comp.lang.rust"),
                ],
                vec![
                    json!("example.com"),
                    json!("/path"),
                    json!("https:"),
                    json!("https://"),
                    json!("https:///path"),
                    json!("https:example.com"),
                    json!("javascript:alert(1)"),
                    json!("data:text/html,x"),
                    json!("mailto:"),
                    json!("https://example.com/a b"),
                    json!("https://exa\nmple.com"),
                    json!("https://:80/"),
                    json!("https://a@/"),
                    json!("https://example.com:port/"),
                    json!("https://example.com:65536/"),
                    json!("https://example.com:/"),
                    json!("https://exa_mple!.com/"),
                    json!("https://-example.com/"),
                    json!("https://a..b/"),
                    json!("https://[::1/"),
                    json!("https://[::x]/"),
                    json!("https://example.com//path"),
                    json!("https://example\u{200b}.com"),
                    json!("https://256.1.1.1/"),
                    json!("mailto:nobody"),
                    json!(long_url),
                    json!(""),
                    json!(1),
                ],
            ),
            (
                Scalar::AwsPhone,
                vec![
                    json!("+12065550100"),
                    json!("206-555-0100"),
                    json!("+44 20 7946 0958"),
                    json!("1-206-555-0100"),
                    json!("(206) 555-0100"),
                ],
                vec![
                    json!("555"),
                    json!("+1234567890123456"),
                    json!("++12065550100"),
                    json!("1206555010x"),
                    json!("+12065550100 "),
                    json!("-2065550100"),
                    json!("+02065550100"),
                    json!("1065550100"),
                    json!("206-155-0100"),
                    json!("22065550100"),
                    json!("206--555-0100"),
                    json!("(206 555-0100"),
                    json!("206) 555-0100"),
                    json!("((206)) 555-0100"),
                    json!("555-0100"),
                    json!(""),
                    json!(12065550100_i64),
                    json!("1                               234567"),
                ],
            ),
            (
                Scalar::AwsIpAddress,
                vec![
                    json!("192.0.2.1"),
                    json!("192.0.2.0/24"),
                    json!("0.0.0.0/0"),
                    json!("2001:db8::1"),
                    json!("2001:db8::/128"),
                    json!("::ffff:192.0.2.1"),
                ],
                vec![
                    json!("192.0.2"),
                    json!("192.0.2.256"),
                    json!("192.0.2.0/33"),
                    json!("192.0.2.0/"),
                    json!("192.0.2.0/+4"),
                    json!("192.0.2.0/024"),
                    json!("2001:db8::/129"),
                    json!("192.0.2.01"),
                    json!("[::1]"),
                    json!("::1%eth0"),
                    json!(""),
                ],
            ),
        ] {
            for value in good {
                assert_eq!(check(scalar, &value), Ok(()), "{scalar} {value}");
            }
            for value in bad.iter().chain([&Value::Null]) {
                assert!(check(scalar, value).is_err(), "{scalar} {value}");
            }
        }
    }

    #[test]
    fn every_scalar_is_found_by_its_name() {
        for scalar in Scalar::ALL {
            assert_eq!(Scalar::from_name(scalar.name()), Some(scalar));
        }
        assert_eq!(Scalar::from_name("string"), None);
    }
}
