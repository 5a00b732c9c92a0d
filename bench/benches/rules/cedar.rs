//! The same questions to Cedar. Entities are as small as the policies allow. Unless a policy says otherwise, owners are
//! compared as references, which is the cheapest way Cedar has.

use std::collections::{HashMap, HashSet};

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};

/// Policies, and the facts of one question about them.
pub(crate) struct Cedar {
    authorizer: Authorizer,
    policies: PolicySet,
    question: Question,
    request: Request,
    entities: Entities,
}

/// Who asks about what.
pub(crate) struct Question {
    principal: EntityUid,
    action: EntityUid,
    resource: EntityUid,
    groups: Vec<EntityUid>,
    /// What the caller may be called in a record, for policies that ask for it.
    names: Vec<String>,
    attributes: Vec<(String, Attribute)>,
}

/// A fact about the record.
#[derive(Clone)]
pub(crate) enum Attribute {
    One(EntityUid),
    Set(Vec<EntityUid>),
    Text(String),
}

pub(crate) fn user(name: &str) -> EntityUid {
    uid("User", name)
}

pub(crate) fn group(name: &str) -> EntityUid {
    uid("Group", name)
}

fn uid(kind: &str, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.parse::<EntityTypeName>().unwrap(), EntityId::new(id))
}

impl Question {
    /// A user with groups reads a note with attributes.
    pub(crate) fn new(sub: &str, groups: &[String], attributes: Vec<(String, Attribute)>) -> Self {
        Self {
            principal: user(sub),
            action: uid("Action", "get"),
            resource: uid("Note", "01J9Z3K8Q4"),
            groups: groups.iter().map(|name| group(name)).collect(),
            names: Vec::new(),
            attributes,
        }
    }

    /// The names by which the caller owns records.
    pub(crate) fn called(mut self, names: Vec<String>) -> Self {
        self.names = names;
        self
    }

    fn request(&self) -> Request {
        let (principal, action, resource) =
            (self.principal.clone(), self.action.clone(), self.resource.clone());
        Request::new(principal, action, resource, Context::empty(), None).unwrap()
    }

    fn entities(&self) -> Entities {
        let parents: HashSet<EntityUid> = self.groups.iter().cloned().collect();
        let attributes: HashMap<String, RestrictedExpression> = self
            .attributes
            .iter()
            .map(|(name, value)| {
                let reference = |uid: &EntityUid| RestrictedExpression::new_entity_uid(uid.clone());
                let value = match value {
                    Attribute::One(uid) => reference(uid),
                    Attribute::Set(uids) => RestrictedExpression::new_set(uids.iter().map(reference)),
                    Attribute::Text(text) => RestrictedExpression::new_string(text.clone()),
                };
                (name.clone(), value)
            })
            .collect();
        let groups = self.groups.iter().cloned().map(Entity::with_uid);
        let record = Entity::new(self.resource.clone(), attributes, HashSet::new()).unwrap();
        let names = self.names.iter().cloned().map(RestrictedExpression::new_string);
        let names = HashMap::from([("names".to_owned(), RestrictedExpression::new_set(names))]);
        let principal = Entity::new(self.principal.clone(), names, parents).unwrap();
        let entities = groups.chain([principal, record]);
        Entities::from_entities(entities, None).unwrap()
    }
}

impl Cedar {
    pub(crate) fn new(policies: &str, question: Question) -> Self {
        let (request, entities) = (question.request(), question.entities());
        Self {
            authorizer: Authorizer::new(),
            policies: policies.parse().unwrap(),
            question,
            request,
            entities,
        }
    }

    /// A decision with request and entities at hand.
    pub(crate) fn is_allowed(&self) -> bool {
        let answer = self.authorizer.is_authorized(&self.request, &self.policies, &self.entities);
        assert!(answer.diagnostics().errors().next().is_none(), "a policy that fails is no fair comparison");
        answer.decision() == Decision::Allow
    }

    /// A decision that makes its request and entities first, as a service does for each call.
    pub(crate) fn is_allowed_from_scratch(&self) -> bool {
        let (request, entities) = (self.question.request(), self.question.entities());
        self.authorizer.is_authorized(&request, &self.policies, &entities).decision() == Decision::Allow
    }
}
