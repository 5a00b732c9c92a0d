//! The answer about one token.

use std::{
    fmt::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use jiff::Timestamp;
use portcullis::{JwkSet, SignatureVerifier};
use serde_json::{Map, Value, json};

use super::{
    case::{Profile, VerifyOptions},
    judge::{Keys, Refused, judge},
};
use crate::output;

/// For showing what nobody vouches for, not for verifying.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What is said about a token.
pub(super) struct Report {
    refusals: Vec<Refused>,
    /// Whether the keys at hand have signed it.
    is_signed: bool,
    header: Option<Value>,
    claims: Option<Value>,
    unchecked: Vec<&'static str>,
    now: SystemTime,
}

impl Report {
    pub(super) fn of(token: &str, mut options: VerifyOptions, keys: &Keys, set: &JwkSet) -> Self {
        let now = options.clock().0;
        options.now = Some(now);
        let unchecked = unchecked(&options);
        let is_alb = options.profile == Profile::Alb;
        let refusals = refusals(token, options, keys);
        let signature =
            SignatureVerifier::insecure_signature_only(set.clone()).max_token_bytes(token.len().max(1));
        // The padding of a load balancer is no token's.
        let is_signed = if is_alb {
            refusals
                .iter()
                .all(|refused| ["expired", "not_yet_valid", "issuer"].contains(&refused.reason.as_str()))
        } else {
            signature.verify(token).is_ok()
        };
        let mut parts = token.split('.').map(decoded);
        let (header, claims) = (parts.next().flatten(), parts.next().flatten());
        Self { refusals, is_signed, header, claims, unchecked, now }
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.refusals.is_empty()
    }

    pub(super) fn json(&self) -> Value {
        let reasons =
            self.refusals.iter().map(|refused| json!({"reason": refused.reason, "text": refused.text}));
        json!({
            "verdict": if self.is_accepted() { "accept" } else { "reject" },
            "reason": self.refusals.first().map(|refused| &refused.reason),
            "reasons": reasons.collect::<Vec<_>>(),
            "verified": self.is_signed,
            "header": self.header,
            "claims": self.claims,
            "unchecked": self.unchecked,
        })
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        match self.refusals.split_first() {
            None => text.push_str("accepted\n"),
            Some((first, others)) => {
                // Writing to a string cannot fail.
                let _ = writeln!(
                    text,
                    "refused: {} ({})",
                    output::visible(&first.text),
                    output::visible(&first.reason)
                );
                for other in others {
                    let _ = writeln!(
                        text,
                        "and: {} ({})",
                        output::visible(&other.text),
                        output::visible(&other.reason)
                    );
                }
            }
        }
        if !self.unchecked.is_empty() {
            let _ = writeln!(text, "not checked: {}", self.unchecked.join(", "));
        }
        let trust = if self.is_signed { "" } else { " (UNVERIFIED: anybody can have written this)" };
        for (title, part) in [("header", &self.header), ("claims", &self.claims)] {
            let _ = writeln!(text, "\n{title}{trust}");
            match part {
                Some(Value::Object(members)) => self.show_members(&mut text, members),
                Some(other) => {
                    let _ = writeln!(text, "  {}", output::visible(&other.to_string()));
                }
                None => text.push_str("  cannot be read\n"),
            }
        }
        text
    }

    fn show_members(&self, text: &mut String, members: &Map<String, Value>) {
        for (name, value) in members {
            let shown = match value {
                Value::String(value) => value.clone(),
                value => value.to_string(),
            };
            let is_time = ["exp", "nbf", "iat", "auth_time"].contains(&name.as_str());
            let time =
                value.as_f64().filter(|_| is_time).map(|seconds| self.moment(seconds)).unwrap_or_default();
            let _ = writeln!(text, "  {}: {}{time}", output::visible(name), output::visible(&shown));
        }
    }

    /// A time in words, such as ` (2026-01-31T12:00:00Z, 3 minutes ago)`.
    fn moment(&self, seconds: f64) -> String {
        let Ok(time) = Timestamp::from_second(seconds as i64) else { return String::new() };
        let now = self.now.duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let distance = (seconds - now).abs();
        let (count, unit) = match distance {
            distance if distance < 120.0 => (distance, "seconds"),
            distance if distance < 7_200.0 => (distance / 60.0, "minutes"),
            distance if distance < 172_800.0 => (distance / 3_600.0, "hours"),
            distance => (distance / 86_400.0, "days"),
        };
        let count = count.floor();
        if seconds > now {
            format!(" ({time}, in {count} {unit})")
        } else {
            format!(" ({time}, {count} {unit} ago)")
        }
    }
}

/// Every reason that can be found by leaving out the check that gave the one before.
fn refusals(token: &str, mut options: VerifyOptions, keys: &Keys) -> Vec<Refused> {
    let mut found: Vec<Refused> = Vec::new();
    while let Err(refused) = judge(token, &options, keys) {
        let is_new = found.iter().all(|known| known.reason != refused.reason);
        let leave_out = is_new && leave_out(&refused.reason, &mut options, token, keys);
        if is_new {
            found.push(refused);
        }
        if !leave_out {
            break;
        }
    }
    found
}

/// Leaves out the check that has refused; `false` if it cannot be left out.
fn leave_out(reason: &str, options: &mut VerifyOptions, token: &str, keys: &Keys) -> bool {
    match reason {
        "too_long" => options.max_bytes = Some(token.len()),
        "issuer" if matches!(keys, Keys::Shared(_)) => options.issuer = None,
        "client" if options.profile == Profile::Alb => options.client = None,
        "client" => options.client_id = None,
        "signer" => options.signer = None,
        "audience" => options.audience = None,
        "token_use" if options.token_use.is_some() => options.token_use = None,
        "sender_constrained" => options.sender_constrained = Some(true),
        // A time within its limits, and no other claim depends on the time.
        "expired" => options.now = UNIX_EPOCH.checked_add(std::time::Duration::from_secs(1)),
        _ => return false,
    }
    true
}

fn unchecked(options: &VerifyOptions) -> Vec<&'static str> {
    let tokens = matches!(options.profile, Profile::Cognito | Profile::Oidc);
    let is_alb = options.profile == Profile::Alb;
    [
        ("who issued it (--issuer)", options.issuer.is_none() && options.profile != Profile::Jws),
        ("for which client (--client-id)", tokens && options.client_id.is_none()),
        ("for which client (--client-id)", is_alb && options.client.is_none()),
        ("for which audience (--audience)", options.profile == Profile::Oidc && options.audience.is_none()),
        ("for which use (--token-use)", tokens && options.token_use.is_none()),
        ("which load balancer has signed it (--signer)", is_alb && options.signer.is_none()),
        ("everything but the signature", options.profile == Profile::Jws),
    ]
    .into_iter()
    .filter_map(|(what, is_unchecked)| is_unchecked.then_some(what))
    .collect()
}

fn decoded(part: &str) -> Option<Value> {
    let bytes = LENIENT.decode(part.trim()).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(value) => Some(value),
        Err(_) => String::from_utf8(bytes).ok().map(Value::String),
    }
}
