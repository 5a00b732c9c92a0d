//! Checksums that clients send along.

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use base64::{Engine, engine::general_purpose::STANDARD};
use crc::{CRC_32_ISCSI, CRC_32_ISO_HDLC, CRC_64_NVME, Crc, Digest, Table};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::Refusal;

static CRC32: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISO_HDLC);
static CRC32C: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&CRC_32_ISCSI);
static CRC64_NVME: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_NVME);

/// The algorithms, by the ends of the headers.
const ALGORITHMS: [(&str, Algorithm); 5] = [
    ("x-amz-checksum-crc32", Algorithm::Crc32),
    ("x-amz-checksum-crc32c", Algorithm::Crc32c),
    ("x-amz-checksum-crc64nvme", Algorithm::Crc64Nvme),
    ("x-amz-checksum-sha1", Algorithm::Sha1),
    ("x-amz-checksum-sha256", Algorithm::Sha256),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// A checksum as a client tells it: the name of a header, and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Checksum {
    algorithm: Algorithm,
    header: &'static str,
    value: String,
}

/// A checksum in the making.
pub(super) enum Computing {
    Crc32(Digest<'static, u32, Table<16>>),
    Crc64(Digest<'static, u64, Table<16>>),
    Sha(digest::Context),
}

impl Checksum {
    /// The checksum in these headers, if there is one.
    pub(super) fn read(headers: &HeaderMap) -> Result<Option<Self>, Refusal> {
        let mut found = None;
        for (header, algorithm) in ALGORITHMS {
            let Some(value) = headers.get(header) else { continue };
            if found.is_some() {
                return Err(Refusal::InvalidRequest("Expecting a single x-amz-checksum- header."));
            }
            let value = value.to_str().map_err(|_| Refusal::InvalidDigest)?;
            let length = STANDARD.decode(value).map_err(|_| Refusal::InvalidDigest)?.len();
            if length != algorithm.length() {
                return Err(Refusal::InvalidDigest);
            }
            found = Some(Self { algorithm, header, value: value.to_owned() });
        }
        Ok(found)
    }

    /// Leaves out what is told of something else than the body.
    pub(super) fn forget(headers: &mut HeaderMap) {
        for (header, _) in ALGORITHMS {
            headers.remove(header);
        }
    }

    /// What was kept with an object.
    pub(super) fn of(header: &str, value: String) -> Option<Self> {
        let (header, algorithm) = ALGORITHMS.into_iter().find(|(known, _)| *known == header)?;
        Some(Self { algorithm, header, value })
    }

    pub(super) fn header(&self) -> &'static str {
        self.header
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }

    pub(super) fn tell(&self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.value) {
            headers.insert(HeaderName::from_static(self.header), value);
        }
    }

    pub(super) fn compute(&self) -> Computing {
        match self.algorithm {
            Algorithm::Crc32 => Computing::Crc32(CRC32.digest()),
            Algorithm::Crc32c => Computing::Crc32(CRC32C.digest()),
            Algorithm::Crc64Nvme => Computing::Crc64(CRC64_NVME.digest()),
            Algorithm::Sha1 => Computing::Sha(digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY)),
            Algorithm::Sha256 => Computing::Sha(digest::Context::new(&SHA256)),
        }
    }

    /// Whether this is what was computed.
    pub(super) fn check(&self, computed: Computing) -> Result<(), Refusal> {
        if computed.finish() == self.value { Ok(()) } else { Err(Refusal::BadDigest) }
    }
}

impl Algorithm {
    /// In bytes.
    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

impl Computing {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Crc32(digest) => digest.update(bytes),
            Self::Crc64(digest) => digest.update(bytes),
            Self::Sha(context) => context.update(bytes),
        }
    }

    fn finish(self) -> String {
        match self {
            Self::Crc32(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            Self::Crc64(digest) => STANDARD.encode(digest.finalize().to_be_bytes()),
            Self::Sha(context) => STANDARD.encode(context.finish()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The checksums of `123456789`, which catalogues of CRCs call the check; those of SHA by `sha1sum` and `sha256sum`.
    const KNOWN: [(&str, &str); 5] = [
        ("x-amz-checksum-crc32", "y/Q5Jg=="),
        ("x-amz-checksum-crc32c", "4waSgw=="),
        ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="),
        ("x-amz-checksum-sha1", "98O8HYCOBHMq32eZZczDTKeuNEE="),
        ("x-amz-checksum-sha256", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="),
    ];

    #[test]
    fn a_checksum_is_that_of_the_bytes() {
        for (header, value) in KNOWN {
            let headers = [(HeaderName::from_static(header), value.parse().unwrap())];
            let checksum = Checksum::read(&headers.into_iter().collect()).unwrap().unwrap();
            let computed = |parts: &[&str]| {
                let mut computing = checksum.compute();
                parts.iter().for_each(|part| computing.update(part.as_bytes()));
                checksum.check(computing)
            };
            assert_eq!(computed(&["12345", "6789"]), Ok(()), "{header}");
            assert_eq!(computed(&["12345", "678"]), Err(Refusal::BadDigest), "{header}");
        }
    }

    #[test]
    fn what_is_no_checksum_is_refused() {
        let one = |name: &'static str, value: &str| (HeaderName::from_static(name), value.parse().unwrap());
        for headers in [
            vec![one("x-amz-checksum-crc32", "y/Q5")],
            vec![one("x-amz-checksum-crc32", "?")],
            vec![one("x-amz-checksum-sha256", "y/Q5Jg==")],
        ] {
            assert_eq!(Checksum::read(&headers.into_iter().collect()), Err(Refusal::InvalidDigest));
        }
        let two = [one("x-amz-checksum-crc32", "y/Q5Jg=="), one("x-amz-checksum-crc32c", "4waSgw==")];
        assert!(matches!(Checksum::read(&two.into_iter().collect()), Err(Refusal::InvalidRequest(_))));
        assert_eq!(Checksum::read(&HeaderMap::new()), Ok(None));
    }
}
