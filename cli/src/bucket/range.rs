//! Which bytes of an object are asked for.

use super::Refusal;

/// Bytes of an object: where they begin, and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ByteRange {
    pub(super) start: u64,
    pub(super) length: u64,
}

impl ByteRange {
    /// What a header `Range` asks for of so many bytes. A header that cannot be read, and one for several ranges, asks for nothing: S3
    /// answers the whole object (RFC 9110, 14.2).
    pub(super) fn read(header: &str, size: u64) -> Result<Option<Self>, Refusal> {
        let Some((first, last)) = header.strip_prefix("bytes=").and_then(|range| range.split_once('-'))
        else {
            return Ok(None);
        };
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
        };
        let (start, end) = match (number(first), number(last)) {
            (Some(first), Some(last)) if first <= last => (first, last.saturating_add(1).min(size)),
            (Some(first), None) if last.is_empty() => (first, size),
            (None, Some(last)) if first.is_empty() => match last {
                0 => return Err(Refusal::InvalidRange),
                last => (size.saturating_sub(last), size),
            },
            _ => return Ok(None),
        };
        match end.checked_sub(start) {
            None | Some(0) => Err(Refusal::InvalidRange),
            Some(length) => Ok(Some(Self { start, length })),
        }
    }

    /// The header `Content-Range`.
    pub(super) fn content_range(self, size: u64) -> String {
        let last = self.start.saturating_add(self.length).saturating_sub(1);
        format!("bytes {}-{last}/{size}", self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_within_the_object() {
        let range = |start, length| Ok(Some(ByteRange { start, length }));
        for (header, size, expected) in [
            ("bytes=0-4", 10, range(0, 5)),
            ("bytes=5-", 10, range(5, 5)),
            ("bytes=5-99", 10, range(5, 5)),
            ("bytes=-3", 10, range(7, 3)),
            ("bytes=-99", 10, range(0, 10)),
            ("bytes=9-9", 10, range(9, 1)),
            ("bytes=0-18446744073709551615", 10, range(0, 10)),
            ("bytes=10-", 10, Err(Refusal::InvalidRange)),
            ("bytes=99999999999999999999-", 10, Err(Refusal::InvalidRange)),
            ("bytes=-0", 10, Err(Refusal::InvalidRange)),
            ("bytes=0-0", 0, Err(Refusal::InvalidRange)),
            ("bytes=-1", 0, Err(Refusal::InvalidRange)),
            ("bytes=4-2", 10, Ok(None)),
            ("bytes=0-1,3-4", 10, Ok(None)),
            ("bytes=+1-2", 10, Ok(None)),
            ("bytes=-", 10, Ok(None)),
            ("lines=0-4", 10, Ok(None)),
            ("", 10, Ok(None)),
        ] {
            assert_eq!(ByteRange::read(header, size), expected, "{header} of {size}");
        }
        assert_eq!(ByteRange { start: 5, length: 5 }.content_range(10), "bytes 5-9/10");
    }
}
