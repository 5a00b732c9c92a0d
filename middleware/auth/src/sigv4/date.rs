//! Dates as signatures have them: `20261129T120000Z`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;

/// A time to the second, and the text that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedDate {
    text: String,
    time: SystemTime,
}

impl SignedDate {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_digits =
            |part: Option<&str>| part.is_some_and(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        let good = text.len() == 16
            && is_digits(text.get(..8))
            && text.get(8..9) == Some("T")
            && is_digits(text.get(9..15))
            && text.get(15..) == Some("Z");
        if !good {
            return None;
        }
        let read = DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
        let seconds = read.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
        let time = UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))?;
        Some(Self { text: text.to_owned(), time })
    }

    /// `20261129T120000Z`
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// `20261129`
    pub(super) fn day(&self) -> &str {
        self.text.get(..8).unwrap_or_default()
    }

    pub(super) fn time(&self) -> SystemTime {
        self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_has_one_form() {
        let date = SignedDate::parse("20150830T123600Z").unwrap();
        assert_eq!(date.time(), UNIX_EPOCH + Duration::from_secs(1_440_938_160));
        assert_eq!((date.text(), date.day()), ("20150830T123600Z", "20150830"));
        for bad in [
            "",
            "20150830",
            "20150830T123600",
            "20150830T123600z",
            "20150830t123600Z",
            "20150830T123600ZZ",
            "2015083OT123600Z",
            "20151330T123600Z",
            "20150230T123600Z",
            "20150830T246000Z",
            "+2015083T123600Z",
            "18000101T000000Z",
            "2015-08-30T12:36",
        ] {
            assert_eq!(SignedDate::parse(bad), None, "{bad}");
        }
    }
}
