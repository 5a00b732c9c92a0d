//! What a gateway keeps an answer of an HTTP API by.
//!
//! Such a gateway keeps an answer for the values of the authorizer's identity sources, and shows these in the event. (A REST API does
//! not show them.) Without any it keeps nothing.

use serde_json::Value;

use crate::routes::{RoutePath, Segment};

/// The request that an event of payload format 2.0 tells of.
pub(crate) struct Asked<'e> {
    pub(crate) method: &'e str,
    /// Without the stage.
    pub(crate) path: &'e str,
    raw_path: &'e str,
    route_key: &'e str,
    sources: Vec<&'e str>,
}

impl<'e> Asked<'e> {
    pub(crate) fn of(event: &'e Value) -> Option<Self> {
        let context = event.get("requestContext")?;
        let raw_path = event.get("rawPath")?.as_str()?;
        let stage = context.get("stage").and_then(Value::as_str).filter(|stage| *stage != "$default");
        let after =
            |stage| raw_path.strip_prefix('/')?.strip_prefix(stage).filter(|rest| rest.starts_with('/'));
        Some(Self {
            method: context.get("http")?.get("method")?.as_str()?,
            path: stage.and_then(after).unwrap_or(raw_path),
            raw_path,
            route_key: event.get("routeKey")?.as_str()?,
            sources: sources(event),
        })
    }

    /// Whether the answer about a path is kept for that path alone, if it is kept at all.
    pub(crate) fn is_pinned(&self, path: Option<&RoutePath>) -> bool {
        let has = |value: &str| self.sources.contains(&value);
        let by_request = || has(self.method) && has(self.raw_path);
        let by_route = || has(self.route_key) && path.is_some_and(|path| self.route_means(path));
        self.sources.is_empty() || by_request() || by_route()
    }

    /// Whether the route of the gateway is for one path of the API and no other: it has the same names and parameters in the
    /// same places.
    fn route_means(&self, path: &RoutePath) -> bool {
        let Some((method, template)) = self.route_key.split_once(' ') else {
            return false;
        };
        let parts: Vec<&str> = template.trim_start_matches('/').split('/').collect();
        let is_alike = |(segment, part): (&Segment, &&str)| {
            let is_parameter = part.starts_with('{') && part.ends_with('}') && !part.ends_with("+}");
            match segment {
                Segment::Literal(name) => name == part,
                Segment::Parameter => is_parameter,
            }
        };
        method == self.method
            && parts.len() == path.segments.len()
            && path.segments.iter().zip(&parts).all(is_alike)
    }
}

/// Whether an answer about this token, or about none, is kept for this token alone, if it is kept at all.
pub(crate) fn names_token(event: &Value, authorization: Option<&str>) -> bool {
    let sources = sources(event);
    // Format 1.0 has one text, the values joined with commas; a token has none in it.
    let is_it = |source: &&str| {
        authorization.is_some_and(|it| *source == it || source.split(',').any(|part| part.trim() == it))
    };
    sources.is_empty() || sources.iter().any(is_it)
}

fn sources(event: &Value) -> Vec<&str> {
    match event.get("identitySource") {
        Some(Value::Array(sources)) => sources.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(source)) => vec![source],
        _ => Vec::new(),
    }
}
