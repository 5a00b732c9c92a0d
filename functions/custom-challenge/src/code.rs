use std::fmt;

use crate::{Random, RandomError};

/// Bytes from here on would favour the first digits: 250 is the last multiple of ten.
const FAIR: u8 = 250;

/// A code. Its `Debug` form does not show it.
pub(crate) struct Code(String);

impl Code {
    /// So many random digits, each equally likely.
    pub(crate) fn random(digits: usize, random: &impl Random) -> Result<Self, RandomError> {
        let mut code = String::with_capacity(digits);
        while code.len() < digits {
            let mut bytes = [0; 16];
            random.fill(&mut bytes)?;
            let fair = bytes.iter().filter(|byte| **byte < FAIR);
            code.extend(fair.map(|byte| char::from(b'0' + byte % 10)).take(digits - code.len()));
        }
        Ok(Self(code))
    }

    /// What somebody typed, without the blanks that mail programs and people put between digits.
    pub(crate) fn typed(text: &str) -> Self {
        // More than any code has, so that a long text is neither copied nor mistaken for its beginning.
        const LONGEST: usize = 16;
        Self(text.chars().filter(|character| !character.is_whitespace()).take(LONGEST).collect())
    }

    pub(crate) fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::SystemRandom;

    /// Counts upwards from a byte.
    struct Counting(Cell<u8>);

    impl Random for Counting {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
            for byte in bytes {
                *byte = self.0.get();
                self.0.set(byte.wrapping_add(1));
            }
            Ok(())
        }
    }

    #[test]
    fn digits_are_even_and_bytes_that_would_favour_some_are_passed_over() {
        let random = Counting(Cell::new(245));
        // 245 to 249 are 5 to 9, 250 to 255 are passed over, and 0 follows.
        assert_eq!(Code::random(8, &random).unwrap().digits(), "56789012");
        let mut counts = [0; 10];
        for _ in 0..2000 {
            for digit in Code::random(8, &SystemRandom).unwrap().digits().bytes() {
                counts[usize::from(digit - b'0')] += 1;
            }
        }
        // 16000 digits: each 1600 times, with a standard deviation of 38. Six of them either way.
        assert!(counts.iter().all(|count| (1372..=1828).contains(count)), "{counts:?}");
    }

    #[test]
    fn blanks_mean_nothing_and_the_code_is_not_shown() {
        let code = Code::typed(" 1234\u{a0}56 78\n");
        assert_eq!(code.digits(), "12345678");
        assert_eq!(format!("{code:?}"), "Code(..)");
        assert_eq!(Code::typed(&"1".repeat(99)).digits().len(), 16);
    }
}
