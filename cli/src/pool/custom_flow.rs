//! How far a sign-in by custom challenges has come.

use serde_json::{Value, json};

use crate::pool::srp::Verifier;

/// A sign-in whose challenges trigger functions define.
#[derive(Clone, Debug)]
pub(crate) struct CustomFlow {
    /// Who signs in; `None` for nobody, who is asked the same and never let in.
    pub(crate) sub: Option<String>,
    /// What the client and the functions see as the user's name: the `sub`, or a decoy for nobody.
    pub(crate) user_id: String,
    /// Whom attempts are counted for.
    pub(crate) subject: String,
    pub(crate) rounds: Vec<Round>,
    /// The password that was proven on the way; once there is another one, the proof is worth nothing.
    pub(crate) proven: Option<Verifier>,
}

/// One challenge that was answered. Only together with its name does its result mean anything: that of `SRP_A` is always
/// good and proves nothing.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    name: &'static str,
    passed: bool,
    metadata: Option<String>,
}

impl CustomFlow {
    pub(crate) const SRP_A: &'static str = "SRP_A";
    pub(crate) const PASSWORD_VERIFIER: &'static str = "PASSWORD_VERIFIER";
    pub(crate) const CUSTOM_CHALLENGE: &'static str = "CUSTOM_CHALLENGE";

    /// After so many answers nothing more is asked.
    pub(crate) const MAX_ROUNDS: usize = 10;

    pub(crate) fn add(&mut self, name: &'static str, passed: bool, metadata: Option<String>) {
        self.rounds.push(Round { name, passed, metadata });
    }

    /// The rounds as `session` of the events.
    pub(crate) fn session(&self) -> Value {
        let round = |round: &Round| {
            json!({
                "challengeName": round.name,
                "challengeResult": round.passed,
                "challengeMetadata": round.metadata,
            })
        };
        self.rounds.iter().map(round).collect()
    }
}
