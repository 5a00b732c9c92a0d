//! Subscribing: `onCreateNote`, `onUpdateNote`, `onDeleteNote`.

use std::fmt;

use portcullis_data::{
    Filter,
    rules::{Item, Listen, Operation, Permit},
    schema::FieldSource,
};
use serde_json::{Value, json};

use crate::{Call, FieldError, Resolvers, event_filter::EventFilter, query::filter};

/// The argument that holds the client's own filter.
const FILTER: &str = "filter";

/// A subscription that a caller may have, decided once for as long as it lasts.
///
/// # What AppSync can filter, and what it cannot
///
/// 1. It filters by an enhanced filter: groups of tests joined by OR, the tests of a group by AND. Ours is made of what the rules let
///    the caller know of, of the client's own `filter`, and of the arguments (`owner: ..`): beside an enhanced filter AppSync
///    looks at no arguments. Without one it compares them itself.
/// 2. Tests are `eq`, `ne`, `le`, `lt`, `ge`, `gt`, `contains`, `notContains`, `beginsWith`, `in`, `notIn`, `between` and
///    `containsAny`. There is no `not`, and no test for a field that is missing.
/// 3. There are at most 10 groups and 5 different fields in all, each field once in a group, 5 values of `in` and `notIn`, 20 of
///    `containsAny`. More groups of a caller than that become more groups of the filter. What does not fit is refused
///    (`BadRequest`, in AppSync's words) and never cut: somebody in more than 50 groups cannot listen by a `groupsField` that
///    holds one group.
/// 4. It sees what the mutation asked to see and nothing else. A mutation that does not select `owner` is told to nobody who may
///    know of their own records alone. The mutations that Amplify generates select every field.
/// 5. It asks once, when a client subscribes. Whoever leaves a group goes on listening until their token or the connection ends; in
///    AppSync that is at most 24 hours.
///
/// [AWS: enhanced subscription filters](https://docs.aws.amazon.com/appsync/latest/devguide/aws-appsync-real-time-enhanced-filtering.html)
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// use portcullis_data::{Functions, rules::{Authorizer, Claims, Identity, Item, User, VerifiedBy}, schema::Schema, testkit};
/// use portcullis_resolvers::{Call, Resolvers};
/// use serde_json::json;
///
/// let source = "type Note @model @auth(rules: [{ allow: owner }]) { title: String }";
/// let schema = Schema::parse(source, "schema.graphql")?;
/// let resolvers = Resolvers::new(schema, testkit::table().await?, Authorizer::new(), Functions::default())?;
///
/// let ann = Claims::from_iter([("sub", "u1"), ("username", "ann")]);
/// let ann = Identity::from(User::user_pools(ann, VerifiedBy::Portcullis));
/// let call = Call { identity: &ann, of: "Subscription", field: "onCreateNote", arguments: &Item::new() };
/// let subscription = resolvers.subscribe(call)?;
///
/// let filters = json!([{ "filters": [{ "fieldName": "owner", "operator": "eq", "value": "ann" }] }]);
/// assert_eq!(subscription.to_answer(), json!({ "filter": { "filterGroup": filters } }));
/// let event = |owner: &str| Item::from_iter([("owner".to_owned(), owner.into())]);
/// assert!(subscription.delivers(&event("ann")) && !subscription.delivers(&event("bob")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct Subscription {
    model: String,
    changes: Vec<Operation>,
    /// `None` where `@model(subscriptions: {level: public})` says that no rule restricts what is told.
    permit: Option<Permit<Listen>>,
    client: Option<Filter>,
    /// Arguments that are there and `null`.
    nulls: Vec<String>,
    filter: Option<EventFilter>,
}

impl Resolvers {
    /// Whether the caller may have a subscription, and to which events: the answer to a field of `Subscription`.
    ///
    /// 1. The rules decide, as [`permit_listen`](portcullis_data::rules::Authorizer::permit_listen) says.
    /// 2. An argument that is `null` narrows nothing where a filter is set, as in AppSync.
    ///
    /// # Errors
    ///
    /// `Unauthorized`, `ValidationError` for a filter that is none, and `BadRequest` for one that AppSync would not take.
    pub fn subscribe(&self, call: Call<'_>) -> Result<Subscription, FieldError> {
        let source = self.expanded.field(call.of, call.field).and_then(|field| field.source.as_ref());
        let Some(FieldSource::Subscription { model, changes, guarded, .. }) = source else {
            return Err(call.refused());
        };
        let model = self.schema.model(model).ok_or_else(|| call.refused())?;
        let client = filter(call.arguments, FILTER)?;
        let mut arguments = call.arguments.clone();
        arguments.retain(|name, value| !value.is_null() || name == FILTER);
        let permit = if *guarded {
            let permit = self.records.authorizer().permit_listen(call.identity, model.rules(), &arguments);
            Some(permit.map_err(|_| call.refused())?)
        } else if call.identity.provider() == self.default_provider {
            None
        } else {
            return Err(call.refused());
        };
        let asked = arguments.remove(FILTER).unwrap_or_default();
        let key = model.key().fields().next().unwrap_or("id");
        let filter = EventFilter::new(permit.as_ref().map(Permit::<Listen>::scope), &asked, &arguments, key)?;
        let nulls = call.arguments.iter().filter(|(name, value)| value.is_null() && *name != FILTER);
        Ok(Subscription {
            model: model.name().to_owned(),
            changes: changes.clone(),
            permit,
            client,
            nulls: nulls.map(|(name, _)| name.clone()).collect(),
            filter,
        })
    }
}

impl Subscription {
    /// The answer for AppSync: `{"filter": ..}` with what `extensions.setSubscriptionFilter` takes, or with `null` if nothing
    /// restricts what is told.
    #[must_use]
    pub fn to_answer(&self) -> Value {
        json!({ "filter": self.filter.as_ref().map(EventFilter::to_value) })
    }

    /// The model whose changes are told.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Whether it tells of changes of this sort.
    #[must_use]
    pub fn tells_of(&self, change: Operation) -> bool {
        self.changes.contains(&change)
    }

    /// Whether an event is told, given the fields that the mutation asked to see, with their values as the mutation answered
    /// them.
    #[must_use]
    pub fn delivers(&self, event: &Item) -> bool {
        let is_null = |name: &String| event.get(name).is_none_or(Value::is_null);
        self.permit.as_ref().is_none_or(|permit| permit.delivers(event))
            && self.client.as_ref().is_none_or(|filter| filter.matches(event))
            && (self.filter.is_some() || self.nulls.iter().all(is_null))
    }
}

/// Whose events are told, and which, is people's data.
impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("model", &self.model)
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}
