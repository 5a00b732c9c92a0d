//! Cases in, verdicts out, one JSON object a line.

use std::{
    collections::BTreeMap,
    io::{BufRead, Write},
};

use portcullis::JwkSet;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use super::{
    VerifyError,
    case::{Case, Jwks, Malformed, VerifyOptions},
    judge::{Keys, Refused, Verdict, judge},
};

/// Key sets by name.
#[derive(Debug)]
pub(super) struct KeySets(BTreeMap<String, Result<JwkSet, String>>);

#[derive(Serialize)]
struct Answer {
    name: Value,
    verdict: Verdict,
    reason: Option<String>,
}

impl KeySets {
    /// Reads `{name: JWKS}`. A set that cannot be used is told to the cases that name it.
    pub(super) fn parse(text: &[u8]) -> Result<Self, String> {
        let sets: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(text)
            .map_err(|error| format!("not a JSON object of key sets: {error}"))?;
        let read = |set: Box<RawValue>| JwkSet::from_json(set.get()).map_err(|error| error.to_string());
        Ok(Self(sets.into_iter().map(|(name, set)| (name, read(set))).collect()))
    }

    fn of(&self, options: &VerifyOptions) -> Result<Keys, Refused> {
        match &options.jwks {
            None => Err(Refused::malformed("`jwks` is missing")),
            Some(Jwks::Name(name)) => self.set(name).map(Keys::Shared),
            Some(Jwks::ByIssuer(names)) => {
                let sets = names.iter().map(|(issuer, name)| Ok((issuer.clone(), self.set(name)?)));
                sets.collect::<Result<_, _>>().map(Keys::ByIssuer)
            }
        }
    }

    fn set(&self, name: &str) -> Result<JwkSet, Refused> {
        match self.0.get(name) {
            None => Err(Refused::malformed(format!("there is no key set `{name}`"))),
            Some(Err(problem)) => Err(Refused::malformed(format!("key set `{name}`: {problem}"))),
            Some(Ok(keys)) => Ok(keys.clone()),
        }
    }

    fn answer(&self, line: &[u8]) -> Answer {
        let (name, outcome) = match Case::read(line) {
            Ok((name, Case { token, options })) => {
                (name, self.of(&options).and_then(|keys| judge(&token, &options, &keys)))
            }
            Err(Malformed { name, reason }) => (name, Err(Refused::malformed(reason))),
        };
        let verdict = if outcome.is_ok() { Verdict::Accept } else { Verdict::Reject };
        Answer { name, verdict, reason: outcome.err().map(|refused| refused.reason) }
    }
}

/// Answers every line. A line that is no case is answered with `reject`; blank lines are passed over.
pub(super) fn answer_lines(
    sets: &KeySets,
    mut cases: impl BufRead,
    mut answers: impl Write,
) -> Result<(), VerifyError> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if cases.read_until(b'\n', &mut line).map_err(VerifyError::Input)? == 0 {
            return answers.flush().map_err(VerifyError::Output);
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        serde_json::to_writer(&mut answers, &sets.answer(&line))
            .map_err(|error| VerifyError::Output(error.into()))?;
        answers.write_all(b"\n").map_err(VerifyError::Output)?;
    }
}
