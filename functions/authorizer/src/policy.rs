//! The answer of an authorizer to API Gateway: one policy for the whole API.
//!
//! A gateway keeps the policy for as long as it is told to, and asks it about every request with the same token. So it names
//! every route that the rules could let this caller in to, and nothing else.

use serde_json::{Value, json};

use crate::{
    pattern::Pattern,
    routes::{Grants, Routes, Segment},
    stage_arn::StageArn,
};

/// The methods that the API serves.
const METHODS: [&str; 5] = ["GET", "HEAD", "POST", "PATCH", "DELETE"];

/// What a caller may invoke. There is no way to one that allows anything but from the decisions of the rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    allowed: Vec<Pattern>,
    /// What an allowed pattern would let through besides. A denial outweighs whatever allows.
    denied: Vec<Pattern>,
}

/// How much is said at once. Each level lets the same routes through as the one before, and is shorter where many are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// A resource for each method of each path.
    Routes,
    /// One for a method on all that lies below the first part of a path, where all of it is granted.
    Models,
    /// One for a method on every path, and what is refused besides, where that is shorter. It lets through what the schema does not
    /// know, for the function behind to refuse.
    Api,
}

impl Level {
    pub(crate) const ALL: [Self; 3] = [Self::Routes, Self::Models, Self::Api];
}

impl Policy {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self { allowed: Vec::new(), denied: vec![Pattern::everything()] }
    }

    /// A connection to a WebSocket API, if the rules have something for the caller.
    pub(crate) fn of_connection(granted: bool) -> Self {
        if granted {
            Self { allowed: vec![Pattern::connection()], denied: Vec::new() }
        } else {
            Self::nothing()
        }
    }

    /// The routes that are granted.
    pub(crate) fn of_routes(routes: &Routes, grants: &Grants, level: Level) -> Self {
        let mut policy = Self { allowed: Vec::new(), denied: Vec::new() };
        for method in METHODS {
            let served = Served::by(method, routes, grants);
            if !served.iter().any(|path| path.granted) {
                continue;
            }
            let listed = listed(method, &served, level != Level::Routes);
            let said = match except(method, &served).filter(|_| level == Level::Api) {
                Some(except) if except.len() < listed.len() => except,
                _ => listed,
            };
            policy.allowed.extend(said.allowed);
            policy.denied.extend(said.denied);
        }
        if policy.allowed.is_empty() { Self::nothing() } else { policy }
    }

    /// The same for a gateway that may ask by the name of its route, `GET/{proxy+}`, and not by the path of the request. If it does it cannot
    /// tell paths apart, and what is granted by some method is all that there is to say.
    pub(crate) fn also_of_route(mut self, variable: &str) -> Self {
        let is_granted = |method: &&str| {
            let mut allowed = self.allowed.iter().map(|pattern| pattern.as_str().split('/').next());
            allowed.any(|it| it == Some(*method))
        };
        let mut methods: Vec<&str> = METHODS.into_iter().filter(is_granted).collect();
        if !methods.is_empty() {
            methods.push("ANY");
        }
        self.allowed.extend(methods.into_iter().map(|method| Pattern::of_route(method, variable)));
        self
    }

    /// The document for this stage.
    pub(crate) fn to_json(&self, stage: &StageArn) -> Value {
        let statement = |effect: &str, patterns: &[Pattern]| {
            let resources: Vec<String> = patterns.iter().map(|pattern| stage.resource(pattern)).collect();
            (!resources.is_empty())
                .then(|| json!({ "Action": "execute-api:Invoke", "Effect": effect, "Resource": resources }))
        };
        let statements = [statement("Allow", &self.allowed), statement("Deny", &self.denied)];
        json!({ "Version": "2012-10-17", "Statement": statements.into_iter().flatten().collect::<Vec<_>>() })
    }
}

impl Policy {
    fn len(&self) -> usize {
        self.allowed.len() + self.denied.len()
    }
}

/// A path that one method is served at.
struct Served<'a> {
    segments: &'a [Segment],
    granted: bool,
}

impl<'a> Served<'a> {
    fn by(method: &str, routes: &'a Routes, grants: &Grants) -> Vec<Self> {
        let mut served = Vec::new();
        for (place, path) in routes.paths().iter().enumerate() {
            let route = path.routes.iter().position(|route| route.method == method);
            let granted = route.map(|route| grants.at((place, route)));
            served.extend(granted.map(|granted| Self { segments: &path.segments, granted }));
        }
        served
    }

    fn is_below(&self, first: &[Segment]) -> bool {
        self.segments.len() > 1 && self.segments.starts_with(first)
    }
}

/// Paths that are all granted or all refused, in as few patterns as can be.
struct Summed<'a> {
    /// The first parts below which everything is so.
    below: Vec<&'a [Segment]>,
    rest: Vec<&'a [Segment]>,
}

impl<'a> Summed<'a> {
    fn of(served: &'a [Served<'a>], granted: bool) -> Self {
        let mut summed = Self { below: Vec::new(), rest: Vec::new() };
        for path in served.iter().filter(|path| path.granted == granted) {
            let first = path.segments.get(..1).unwrap_or_default();
            let mut below = served.iter().filter(|path| path.is_below(first));
            if path.segments.len() < 2 || !below.all(|path| path.granted == granted) {
                summed.rest.push(path.segments);
            } else if !summed.below.contains(&first) {
                summed.below.push(first);
            }
        }
        summed
    }

    fn patterns(&self, method: &str) -> Vec<Pattern> {
        let below = self.below.iter().map(|first| Pattern::below(method, first));
        below.chain(self.rest.iter().map(|path| Pattern::of_path(method, path))).collect()
    }
}

/// What is granted, and what these patterns let through besides.
fn listed(method: &str, served: &[Served<'_>], sums_up: bool) -> Policy {
    let each =
        || served.iter().filter(|path| path.granted).map(|path| Pattern::of_path(method, path.segments));
    let allowed = if sums_up { Summed::of(served, true).patterns(method) } else { each().collect() };
    let besides = |path: &&Served<'_>| {
        !path.granted && allowed.iter().any(|pattern: &Pattern| pattern.covers(method, path.segments))
    };
    let denied = served.iter().filter(besides).map(|path| Pattern::of_path(method, path.segments)).collect();
    Policy { allowed, denied }
}

/// Everything, and what is not granted. `None` if that cannot be said without taking back something that is.
fn except(method: &str, served: &[Served<'_>]) -> Option<Policy> {
    let denied = Summed::of(served, false).patterns(method);
    let mut granted = served.iter().filter(|path| path.granted);
    let takes_back = granted.any(|path| denied.iter().any(|pattern| pattern.covers(method, path.segments)));
    (!takes_back).then(|| Policy { allowed: vec![Pattern::below(method, &[])], denied })
}

#[cfg(test)]
mod tests {
    use portcullis_schema::Schema;
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    /// Keys of one field and of two, relations in both directions, functions, and names that look like one another.
    const SCHEMA: &str = r#"
        type Blog @model @auth(rules: [{ allow: private }]) { name: String posts: [Post] @hasMany notes: [Note] @hasMany }
        type Post @model @auth(rules: [{ allow: private }]) { text: String blog: Blog @belongsTo }
        type Note @model(mutations: { delete: null }) @auth(rules: [{ allow: private }]) { text: String }
        type Order @model @auth(rules: [{ allow: private }]) {
          customer: ID! @primaryKey(sortKeyFields: ["day"])
          day: String!
          posts: [Line] @hasMany(references: ["customer", "day"])
        }
        type Line @model(queries: { list: "lines", get: null }) @auth(rules: [{ allow: private }]) {
          customer: ID
          day: String
          order: Order @belongsTo(references: ["customer", "day"])
        }
        type Query { notes: String @function(name: "f") health: String @function(name: "f") }
        type Mutation { posts: String @function(name: "f") }
    "#;

    /// What may stand in the place of a key: names of other paths among them.
    const VALUES: [&str; 9] = ["a", "blogs", "posts", "notes", "GET", "*", "health", "queries", "a:b%20c"];

    fn routes() -> Routes {
        let schema = Schema::parse(SCHEMA, "test.graphql");
        Routes::of(&schema.unwrap_or_else(|errors| panic!("{errors}")))
    }

    /// A request for each route, with these values for its parameters.
    fn requests(routes: &Routes, values: &[&str]) -> Vec<(String, (usize, usize))> {
        let mut requests = Vec::new();
        for (place, path) in routes.paths().iter().enumerate() {
            let mut values = values.iter().cycle();
            let segments = path.segments.iter().map(|segment| match segment {
                Segment::Literal(name) => name.as_str(),
                Segment::Parameter => values.next().unwrap(),
            });
            let asked = segments.collect::<Vec<_>>().join("/");
            for (number, route) in path.routes.iter().enumerate() {
                requests.push((format!("{}/{asked}", route.method), (place, number)));
            }
        }
        requests
    }

    /// As IAM decides: a denial outweighs what allows.
    fn lets_through(policy: &Policy, request: &str) -> bool {
        let names = |patterns: &[Pattern]| patterns.iter().any(|pattern| is_named(pattern.as_str(), request));
        names(&policy.allowed) && !names(&policy.denied)
    }

    /// Written straight from the definition of `*`.
    fn is_named(pattern: &str, text: &str) -> bool {
        match pattern.chars().next() {
            None => text.is_empty(),
            Some('*') => (0..=text.len())
                .filter(|end| text.is_char_boundary(*end))
                .any(|end| is_named(&pattern[1..], &text[end..])),
            Some(wanted) => {
                text.strip_prefix(wanted).is_some_and(|rest| is_named(&pattern[wanted.len_utf8()..], rest))
            }
        }
    }

    /// Grants as rules could make them: GET and HEAD are one, and whoever may not see a record follows none of its relations.
    fn grants(routes: &Routes, dice: &[bool]) -> Grants {
        let mut dice = dice.iter().copied().cycle();
        let mut grants: Vec<Vec<bool>> = routes
            .paths()
            .iter()
            .map(|path| path.routes.iter().map(|_| dice.next().unwrap()).collect())
            .collect();
        for (place, path) in routes.paths().iter().enumerate() {
            let parents = routes.paths().iter().position(|parent| {
                path.segments.len() > 2
                    && parent.segments[..] == path.segments[..path.segments.len() - 1]
                    && matches!(path.segments.last(), Some(Segment::Literal(_)))
            });
            let sees = parents.is_none_or(|parent| grants[parent][0]);
            for (number, route) in path.routes.iter().enumerate() {
                if route.method == "HEAD" {
                    grants[place][number] = grants[place][number - 1];
                }
                grants[place][number] &= sees;
            }
        }
        Grants(grants)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases.max(1_000), ..ProptestConfig::default() })]

        #[test]
        fn a_policy_lets_through_what_is_granted_at_every_level(
            dice in prop_oneof![vec(any::<bool>(), 64), vec(prop::bool::weighted(0.9), 64), Just(vec![true]), Just(vec![false])],
            values in vec(select(&VALUES[..]), 2..4),
        ) {
            let routes = routes();
            let grants = grants(&routes, &dice);
            let mut lengths = Vec::new();
            for level in Level::ALL {
                let policy = Policy::of_routes(&routes, &grants, level);
                for (request, place) in requests(&routes, &values) {
                    prop_assert_eq!(lets_through(&policy, &request), grants.at(place), "{} {:?} {:?}", request, level, policy);
                }
                // Of what the schema does not know only the last level may let something through.
                for unknown in ["GET/unknown", "GET/Blogs", "PUT/blogs", "OPTIONS/blogs/a", "GET/", "GET/queries/notes", "$connect"] {
                    prop_assert!(level == Level::Api || !lets_through(&policy, unknown), "{} {:?}", unknown, policy);
                }
                lengths.push(policy.len());
            }
            prop_assert!(lengths.is_sorted_by(|long, short| long >= short), "{:?}", lengths);
        }
    }

    #[test]
    fn the_schema_of_these_tests_has_the_routes_that_they_are_about() {
        let routes = routes();
        let requests: Vec<String> =
            requests(&routes, &["1", "2"]).into_iter().map(|(request, _)| request).collect();
        for route in [
            "GET/blogs/1/posts",
            "HEAD/blogs/1/notes",
            "GET/orders/1/2",
            "GET/orders/1/2/posts",
            "GET/posts/1/blog",
            "PATCH/notes/1",
            "POST/queries/notes",
            "POST/mutations/posts",
        ] {
            assert!(requests.iter().any(|request| request == route), "{route}: {requests:?}");
        }
        // Taken away by `@model`.
        for route in ["DELETE/notes/1", "GET/lines/1", "GET/lines/1/order"] {
            assert!(!requests.iter().any(|request| request == route), "{route}: {requests:?}");
        }
    }

    #[test]
    fn what_a_wildcard_would_let_through_besides_is_denied() {
        let routes = routes();
        let all = Grants(routes.paths().iter().map(|path| vec![true; path.routes.len()]).collect());
        let mut but_posts = all.clone();
        let (posts, _) = routes.find("GET", "/blogs/1/posts").unwrap();
        but_posts.0[posts] = vec![false; 2];
        for level in Level::ALL {
            let policy = Policy::of_routes(&routes, &but_posts, level);
            let denied: Vec<&str> = policy.denied.iter().map(Pattern::as_str).collect();
            assert_eq!(denied, ["GET/blogs/*/posts", "HEAD/blogs/*/posts"], "{level:?}");
        }
        let everything = Policy::of_routes(&routes, &all, Level::Api);
        let allowed: Vec<&str> = everything.allowed.iter().map(Pattern::as_str).collect();
        assert_eq!(allowed, ["GET/*", "HEAD/*", "POST/*", "PATCH/*", "DELETE/*"]);
        assert_eq!(everything.denied, []);
    }

    #[test]
    fn who_is_granted_nothing_is_denied_everything() {
        let routes = routes();
        let none = Grants(routes.paths().iter().map(|path| vec![false; path.routes.len()]).collect());
        let stage =
            StageArn::of_request("arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod/GET/blogs").unwrap();
        for level in Level::ALL {
            assert_eq!(
                Policy::of_routes(&routes, &none, level).to_json(&stage),
                json!({ "Version": "2012-10-17", "Statement": [{
                    "Action": "execute-api:Invoke",
                    "Effect": "Deny",
                    "Resource": ["arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod/*"],
                }] }),
            );
        }
    }
}
