use portcullis_events::{ChallengeName, ChallengeResult};

/// How often a code may be typed.
pub const MAX_TRIES: usize = 3;

/// What comes next in a sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Ask for the code.
    Ask,
    /// Give tokens.
    Admit,
    /// End it.
    Refuse,
}

/// Decides what comes after these challenges.
///
/// Somebody who does not exist goes through the same steps and is never admitted.
///
/// ```
/// use portcullis_custom_challenge::{Verdict, decide};
/// use portcullis_trigger::events::{ChallengeName, ChallengeResult};
///
/// let round = |name| ChallengeResult { name: Some(name), passed: true, metadata: None };
/// assert_eq!(decide(&[], false), Verdict::Ask);
/// assert_eq!(decide(&[round(ChallengeName::Custom)], false), Verdict::Admit);
/// // It is passed by whoever sends a number.
/// assert_eq!(decide(&[round(ChallengeName::SrpA)], false), Verdict::Refuse);
/// ```
#[must_use]
pub fn decide(rounds: &[ChallengeResult<'_>], user_not_found: bool) -> Verdict {
    let is_foreign = |round: &ChallengeResult<'_>| round.name != Some(ChallengeName::Custom);
    if rounds.iter().any(is_foreign) || rounds.len() > MAX_TRIES {
        return Verdict::Refuse;
    }
    let Some((last, earlier)) = rounds.split_last() else { return Verdict::Ask };
    // Who has passed is not asked again: a session that says so is not of our making.
    if earlier.iter().any(|round| round.passed) {
        return Verdict::Refuse;
    }
    match last.passed {
        true if user_not_found => Verdict::Refuse,
        true => Verdict::Admit,
        false if rounds.len() < MAX_TRIES => Verdict::Ask,
        false => Verdict::Refuse,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_and_nothing_else_lets_in_and_only_who_exists() {
        use ChallengeName::{Custom, PasswordVerifier, SmsMfa, SrpA};
        use Verdict::{Admit, Ask, Refuse};
        let custom =
            |passed: &[bool]| passed.iter().map(|passed| (Some(Custom), *passed)).collect::<Vec<_>>();
        for (rounds, somebody, nobody) in [
            (custom(&[]), Ask, Ask),
            (custom(&[false]), Ask, Ask),
            (custom(&[false, false]), Ask, Ask),
            (custom(&[false, false, false]), Refuse, Refuse),
            (custom(&[true]), Admit, Refuse),
            (custom(&[false, true]), Admit, Refuse),
            (custom(&[false, false, true]), Admit, Refuse),
            (custom(&[false, false, false, true]), Refuse, Refuse),
            (custom(&[true, false]), Refuse, Refuse),
            (custom(&[true, true]), Refuse, Refuse),
            (vec![(Some(SrpA), true)], Refuse, Refuse),
            (vec![(Some(SrpA), true), (Some(PasswordVerifier), true)], Refuse, Refuse),
            (vec![(Some(SrpA), true), (Some(Custom), true)], Refuse, Refuse),
            (vec![(Some(Custom), false), (Some(SmsMfa), true)], Refuse, Refuse),
            (vec![(None, true)], Refuse, Refuse),
            (vec![(None, false)], Refuse, Refuse),
        ] {
            let list: Vec<ChallengeResult<'_>> = rounds
                .iter()
                .map(|(name, passed)| ChallengeResult { name: *name, passed: *passed, metadata: None })
                .collect();
            assert_eq!(decide(&list, false), somebody, "{rounds:?}");
            assert_eq!(decide(&list, true), nobody, "{rounds:?} of nobody");
        }
    }
}
