//! Objects that are read strictly, member by member.

use portcullis_rules::Claims;
use serde_json::{Map, Value};

/// Reads one object as claims are read: no name twice, nothing after it, a bounded depth.
pub(crate) fn parse_object(text: &[u8]) -> Option<Map<String, Value>> {
    Claims::from_json(text).ok().map(|members| members.as_map().clone())
}
