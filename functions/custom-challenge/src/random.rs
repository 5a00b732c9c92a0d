use thiserror::Error;

/// A source of randomness that nobody can guess.
pub trait Random {
    /// Fills the buffer.
    ///
    /// # Errors
    ///
    /// When the source fails: there is no code then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source of randomness failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no randomness could be had")]
pub struct RandomError;

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        getrandom::fill(bytes).map_err(|_| RandomError)
    }
}
