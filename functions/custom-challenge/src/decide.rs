use crate::Round;

/// The one challenge of this flow, as Cognito calls it.
pub const CUSTOM_CHALLENGE: &str = "CUSTOM_CHALLENGE";

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
/// use portcullis_custom_challenge::{CUSTOM_CHALLENGE, Round, Verdict, decide};
///
/// let round = |name: &str| Round { name: name.to_owned(), passed: true, metadata: None };
/// assert_eq!(decide(&[], false), Verdict::Ask);
/// assert_eq!(decide(&[round(CUSTOM_CHALLENGE)], false), Verdict::Admit);
/// // It is passed by whoever sends a number.
/// assert_eq!(decide(&[round("SRP_A")], false), Verdict::Refuse);
/// ```
#[must_use]
pub fn decide(rounds: &[Round], user_not_found: bool) -> Verdict {
    if rounds.iter().any(|round| round.name != CUSTOM_CHALLENGE) || rounds.len() > MAX_TRIES {
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
        use Verdict::{Admit, Ask, Refuse};
        let custom =
            |passed: &[bool]| passed.iter().map(|passed| (CUSTOM_CHALLENGE, *passed)).collect::<Vec<_>>();
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
            (vec![("SRP_A", true)], Refuse, Refuse),
            (vec![("SRP_A", true), ("PASSWORD_VERIFIER", true)], Refuse, Refuse),
            (vec![("SRP_A", true), (CUSTOM_CHALLENGE, true)], Refuse, Refuse),
            (vec![(CUSTOM_CHALLENGE, false), ("SMS_MFA", true)], Refuse, Refuse),
            (vec![("custom_challenge", true)], Refuse, Refuse),
            (vec![("", true)], Refuse, Refuse),
        ] {
            let list: Vec<Round> = rounds
                .iter()
                .map(|(name, passed)| Round { name: (*name).to_owned(), passed: *passed, metadata: None })
                .collect();
            assert_eq!(decide(&list, false), somebody, "{rounds:?}");
            assert_eq!(decide(&list, true), nobody, "{rounds:?} of nobody");
        }
    }
}
