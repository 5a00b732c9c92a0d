//! RSA keys of a chip whose primes can be guessed.
//!
//! Infineon's RSALib made primes of the form `k * M + (65537^a mod M)`, where `M` is the product of the first primes. Such a modulus can be
//! factored, and leaves a trace: its remainder by each of those primes is a power of 65537. "The Return of Coppersmith's
//! Attack" (ROCA), Nemec et al., 2017; CVE-2017-15361.

/// `M` has the primes up to this one for keys of 1,984 bits and more.
const LARGEST: u32 = 701;

/// Whether a modulus bears the trace. Another one bears it by chance less than once in 10^50.
pub(super) fn is_traced(modulus: &[u8]) -> bool {
    (3..=LARGEST)
        .filter(|number| is_prime(*number))
        .all(|prime| is_power_of_65537(remainder(modulus, prime), prime))
}

fn is_prime(number: u32) -> bool {
    (2..).take_while(|factor| factor * factor <= number).all(|factor| !number.is_multiple_of(factor))
}

/// What is left of a number, the most significant byte first.
fn remainder(number: &[u8], divisor: u32) -> u32 {
    number.iter().fold(0, |rest, byte| (rest << 8 | u32::from(*byte)) % divisor)
}

fn is_power_of_65537(number: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == number {
            return true;
        }
        power = power * (65537 % prime) % prime;
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;
    use crate::{JwkSet, UnusableKey, token::base64url::encode};

    /// The product of the primes that the chip used.
    fn product() -> BigUint {
        (2..=LARGEST).filter(|number| is_prime(*number)).map(BigUint::from).product()
    }

    /// A number of the chip's form. Whether it is prime makes no difference to the trace.
    fn of_the_chip(factor: u64, exponent: u32) -> BigUint {
        let product = product();
        BigUint::from(factor) * &product + BigUint::from(65537_u32).modpow(&exponent.into(), &product)
    }

    #[test]
    fn a_modulus_of_the_chip_is_known_by_its_trace() {
        for (one, other) in [
            ((0x9abc_def1_2345_6789, 1234), (0xfedc_ba97_8123_4567, 77)),
            ((0x8000_0001_0000_0001, 0), (u64::MAX, 65_537)),
        ] {
            let modulus = of_the_chip(one.0, one.1) * of_the_chip(other.0, other.1);
            assert!(modulus.bits() >= 2048 && modulus.bit(0));
            assert!(is_traced(&modulus.to_bytes_be()));
            let jwk = serde_json::json!({"kty": "RSA", "kid": "k", "n": encode(modulus.to_bytes_be()), "e": "AQAB"});
            let set = JwkSet::from_json(&serde_json::json!({"keys": [jwk]}).to_string()).unwrap();
            assert_eq!(set.dropped()[0].reason(), UnusableKey::Weak);
            assert!(!is_traced(&(modulus + 2_u32).to_bytes_be()), "its neighbour");
        }
    }

    #[test]
    fn other_numbers_bear_no_trace() {
        for seed in 1..=50_u32 {
            let number = BigUint::from(seed * 2 + 1).pow(200);
            assert!(!is_traced(&number.to_bytes_be()), "{seed}");
        }
    }

    #[test]
    fn there_are_as_many_primes_as_the_attack_says() {
        assert_eq!((2..=LARGEST).filter(|number| is_prime(*number)).count(), 126);
    }
}
