//! The routes of the REST API, and who could be let in to each.

use std::sync::Arc;

use portcullis::rules::{Authorizer, Identity, Item, Model, Operation, Provider, Screening};
use portcullis_schema::{Connection, ModelType, Schema, Through};

/// How callers come in where a field has no rules, as the REST API has it.
const DEFAULT_PROVIDER: Provider = Provider::UserPools;

/// Everything that the REST API serves for a schema, path by path.
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    paths: Vec<RoutePath>,
    /// The models whose changes are told to whoever may listen.
    heard: Vec<Arc<Model>>,
}

/// A path, and what each method does there.
#[derive(Clone, Debug)]
pub(crate) struct RoutePath {
    pub(crate) segments: Vec<Segment>,
    pub(crate) routes: Vec<Route>,
}

/// A part of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    Literal(String),
    /// A part of a record's key.
    Parameter,
}

#[derive(Clone, Debug)]
pub(crate) struct Route {
    pub(crate) method: &'static str,
    action: Action,
}

/// What the rules are asked about.
#[derive(Clone, Debug)]
enum Action {
    /// Nothing: everybody may see it.
    Open,
    Operate {
        rules: Arc<Model>,
        operation: Operation,
    },
    Follow {
        rules: Arc<Model>,
        field: String,
        related: Arc<Model>,
    },
    Invoke {
        rules: Option<Arc<Model>>,
    },
    /// Anything of the GraphQL API, which is behind one route.
    Ask,
}

/// Which routes a caller could be let in to, in the order of the paths and their methods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grants(pub(crate) Vec<Vec<bool>>);

impl Routes {
    pub(crate) fn of(schema: &Schema) -> Self {
        let mut paths = vec![
            RoutePath::new([literal("health")], read(Action::Open)),
            RoutePath::new([literal("openapi.json")], read(Action::Open)),
        ];
        for model in schema.models() {
            paths.extend(of_model(schema, model));
        }
        for field in schema.custom_fields() {
            let root = match field.type_name() {
                "Query" => "queries",
                "Mutation" => "mutations",
                _ => continue,
            };
            let action = Action::Invoke { rules: field.rules().cloned() };
            let invoke = vec![Route { method: "POST", action }];
            paths.push(RoutePath::new([literal(root), literal(field.name())], invoke));
        }
        paths.retain(|path| !path.routes.is_empty());
        let heard = schema.models().iter().filter(|model| model.has_subscriptions());
        Self { paths, heard: heard.map(|model| Arc::clone(model.rules())).collect() }
    }

    /// The same with the GraphQL API.
    pub(crate) fn with_graphql(mut self) -> Self {
        let ask = vec![Route { method: "POST", action: Action::Ask }];
        self.paths.push(RoutePath::new([literal("graphql")], ask));
        self
    }

    pub(crate) fn paths(&self) -> &[RoutePath] {
        &self.paths
    }

    /// Which routes the rules could let the caller in to. What depends on a record is for the function behind to decide.
    pub(crate) fn grants(&self, authorizer: &Authorizer, identity: &Identity) -> Grants {
        let is_granted = |route: &Route| match route.action {
            Action::Ask => self.has_something_for(authorizer, identity),
            _ => route.action.is_granted(authorizer, identity),
        };
        let of_path = |path: &RoutePath| path.routes.iter().map(is_granted).collect();
        Grants(self.paths.iter().map(of_path).collect())
    }

    /// Whether the rules could let the caller do or hear anything at all.
    pub(crate) fn has_something_for(&self, authorizer: &Authorizer, identity: &Identity) -> bool {
        let mut actions = self.paths.iter().flat_map(|path| &path.routes).map(|route| &route.action);
        let hears =
            |rules: &Arc<Model>| authorizer.screen(identity, Operation::Listen, rules) != Screening::Denied;
        actions.any(|action| {
            !matches!(action, Action::Open | Action::Ask) && action.is_granted(authorizer, identity)
        }) || self.heard.iter().any(hears)
    }

    /// The places of the route that a request asks for.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(usize, usize)> {
        let asked: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let is_it = |path: &RoutePath| {
            let fits = |(segment, asked): (&Segment, &&str)| match segment {
                Segment::Literal(name) => name == asked,
                Segment::Parameter => !asked.is_empty(),
            };
            path.segments.len() == asked.len() && path.segments.iter().zip(&asked).all(fits)
        };
        let place = self.paths.iter().position(is_it)?;
        let route = self.paths.get(place)?.routes.iter().position(|route| route.method == method)?;
        Some((place, route))
    }
}

impl RoutePath {
    fn new(segments: impl Into<Vec<Segment>>, routes: Vec<Route>) -> Self {
        Self { segments: segments.into(), routes }
    }
}

impl Grants {
    pub(crate) fn at(&self, (path, route): (usize, usize)) -> bool {
        self.0.get(path).and_then(|routes| routes.get(route)).copied().unwrap_or(false)
    }

    pub(crate) fn count(&self) -> usize {
        self.0.iter().flatten().filter(|granted| **granted).count()
    }
}

impl Action {
    fn is_granted(&self, authorizer: &Authorizer, identity: &Identity) -> bool {
        match self {
            Self::Open => true,
            Self::Operate { rules, operation } => {
                authorizer.screen(identity, *operation, rules) != Screening::Denied
            }
            Self::Follow { rules, field, related } => {
                let sees = authorizer.permit_read(identity, Operation::Get, rules).is_ok();
                // Without a value of the key that leads there, the answer is for whatever it may be.
                sees && authorizer.screen_field(identity, rules, field) != Screening::Denied
                    && authorizer.permit_related(identity, &[], &Item::new(), related).is_ok()
            }
            Self::Invoke { rules } => {
                authorizer.permit_invoke(identity, rules.as_ref(), DEFAULT_PROVIDER).is_ok()
            }
            // It is for all the others together to say.
            Self::Ask => false,
        }
    }
}

fn of_model(schema: &Schema, model: &ModelType) -> Vec<RoutePath> {
    let operate = |method, operation| {
        let action = Action::Operate { rules: Arc::clone(model.rules()), operation };
        model.api().of(operation).map(|_| Route { method, action })
    };
    let routes = |operations: &[(&'static str, Operation)]| -> Vec<Route> {
        operations.iter().filter_map(|&(method, operation)| operate(method, operation)).collect()
    };
    let collection = vec![literal(model.path())];
    let mut item = collection.clone();
    item.extend(model.key().fields().map(|_| Segment::Parameter));
    let mut paths = vec![
        RoutePath::new(
            collection,
            routes(&[("GET", Operation::List), ("HEAD", Operation::List), ("POST", Operation::Create)]),
        ),
        RoutePath::new(
            item.clone(),
            routes(&[
                ("GET", Operation::Get),
                ("HEAD", Operation::Get),
                ("PATCH", Operation::Update),
                ("DELETE", Operation::Delete),
            ]),
        ),
    ];
    for connection in model.connections() {
        if let Some(action) = follow(schema, model, connection) {
            let mut segments = item.clone();
            segments.push(literal(&connection.field));
            paths.push(RoutePath::new(segments, read(action)));
        }
    }
    paths
}

/// A relation is reading a record and then what it leads to, so `@model` must leave both.
fn follow(schema: &Schema, model: &ModelType, connection: &Connection) -> Option<Action> {
    let related = schema.model(&connection.model)?;
    let reads = if connection.many { Operation::List } else { Operation::Get };
    model.api().of(Operation::Get)?;
    related.api().of(reads)?;
    // Of a `@manyToMany` the rules of the pairs are asked first.
    let first = match &connection.through {
        Through::Join { model: join, .. } => schema.model(join)?,
        Through::Key | Through::Index(_) => related,
    };
    Some(Action::Follow {
        rules: Arc::clone(model.rules()),
        field: connection.field.clone(),
        related: Arc::clone(first.rules()),
    })
}

/// Where there is GET there is HEAD.
fn read(action: Action) -> Vec<Route> {
    ["GET", "HEAD"].map(|method| Route { method, action: action.clone() }).into()
}

fn literal(name: &str) -> Segment {
    Segment::Literal(name.to_owned())
}
