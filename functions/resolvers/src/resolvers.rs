//! The answer to each field of the expanded API.

use std::{fmt, sync::Arc};

use portcullis_data::{
    AuthorizedRepository, Functions, FunctionsError, Repository, SOURCE, Table,
    rules::{Authorizer, Identity, Item, Model, Operation, Provider},
    schema::{AuthMode, ExpandedSchema, FieldSource, ModelType, Schema},
};
use serde_json::Value;

use crate::{
    FieldError, custom, mutation,
    query::{self, is_of_mutation},
    relation,
};

/// The types whose fields are requests.
pub(crate) const ROOTS: [&str; 3] = ["Query", "Mutation", "Subscription"];

/// The resolvers of an API: what answers each of its fields, for AppSync and for the endpoint of this crate alike.
///
/// A field is authorized here, whatever stands in front of it. What it answers is for a client but for one member of each
/// record, [`SOURCE`], which the resolvers of the record's own fields are given back.
#[derive(Clone)]
pub struct Resolvers {
    pub(crate) schema: Arc<Schema>,
    pub(crate) expanded: Arc<ExpandedSchema>,
    pub(crate) records: AuthorizedRepository,
    pub(crate) functions: Functions,
    pub(crate) default_provider: Provider,
    pub(crate) listeners_inherit: bool,
}

/// A field that is to be answered.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// Who asks.
    pub identity: &'a Identity,
    /// The type that has the field: `Query`.
    pub of: &'a str,
    /// The field: `getNote`.
    pub field: &'a str,
    /// The arguments, of the types that the schema declares.
    pub arguments: &'a Item,
}

impl Resolvers {
    /// Resolvers for a schema, its records in a table.
    ///
    /// # Errors
    ///
    /// When the handlers do not fit the schema.
    pub fn new(
        schema: Schema,
        table: Table,
        authorizer: Authorizer,
        functions: Functions,
    ) -> Result<Self, FunctionsError> {
        functions.check(&schema)?;
        let records = AuthorizedRepository::new(Repository::new(table), authorizer).for_resolvers();
        let expanded = Arc::new(schema.expand());
        Ok(Self {
            schema: Arc::new(schema),
            expanded,
            records,
            functions,
            default_provider: Provider::UserPools,
            listeners_inherit: false,
        })
    }

    /// How callers come in to a field without rules; by tokens of a user pool unless this says otherwise.
    #[must_use]
    pub fn default_mode(mut self, mode: AuthMode) -> Self {
        self.default_provider = match mode {
            AuthMode::UserPools => Provider::UserPools,
            AuthMode::Oidc => Provider::Oidc,
            AuthMode::Iam => Provider::IdentityPool,
            AuthMode::ApiKey => Provider::ApiKey,
            AuthMode::Function => Provider::Function,
        };
        self
    }

    /// Shows owners as they are stored, where the flag `useSubUsernameForDefaultIdentityClaim` is off.
    #[must_use]
    pub fn owners_as_stored(mut self, as_stored: bool) -> Self {
        self.records = self.records.owners_as_stored(as_stored);
        self
    }

    /// Shows related records in what mutations answer also where some of those who listen to the changes may not read them.
    /// Amplify's flag `subscriptionsInheritPrimaryAuth`.
    #[must_use]
    pub fn listeners_inherit(mut self, inherit: bool) -> Self {
        self.listeners_inherit = inherit;
        self
    }

    /// The same over the records of another table.
    #[must_use]
    pub fn on_table(mut self, table: Table) -> Self {
        self.records = self.records.on(Repository::new(table));
        self
    }

    /// The same with other handlers. What the schema names and they lack is answered by an error.
    #[must_use]
    pub fn functions(mut self, functions: Functions) -> Self {
        self.functions = functions;
        self
    }

    /// The API that is answered.
    #[must_use]
    pub fn expanded(&self) -> &Arc<ExpandedSchema> {
        &self.expanded
    }

    /// Whether a field has an answer of its own, and is not just a part of its parent's.
    #[must_use]
    pub fn has_resolver(&self, of: &str, field: &str) -> bool {
        let is_root = || ROOTS.contains(&of);
        let is_guarded = || self.schema.is_guarded(of, field);
        is_root()
            || is_guarded()
            || self.expanded.field(of, field).is_some_and(|field| field.source.is_some())
    }

    /// The answer to a field of `Query`, `Mutation` or `Subscription`; of the last what [`Subscription::to_answer`] says.
    ///
    /// [`Subscription::to_answer`]: crate::Subscription::to_answer
    ///
    /// # Errors
    ///
    /// What the client is told.
    pub async fn answer(&self, call: Call<'_>) -> Result<Value, FieldError> {
        let source = self.expanded.field(call.of, call.field).and_then(|field| field.source.as_ref());
        let model = |name: &str| self.schema.model(name).ok_or_else(|| call.refused());
        let answer = match source {
            Some(FieldSource::Get { model: name }) => query::get(self, call, model(name)?).await,
            Some(FieldSource::List { model: name, key }) => {
                query::list(self, call, model(name)?, key.as_ref()).await
            }
            Some(FieldSource::Index { model: name, index, key }) => {
                query::index(self, call, model(name)?, index, key).await
            }
            Some(FieldSource::Create { model: name }) => mutation::create(self, call, model(name)?).await,
            Some(FieldSource::Update { model: name }) => mutation::update(self, call, model(name)?).await,
            Some(FieldSource::Delete { model: name }) => mutation::delete(self, call, model(name)?).await,
            Some(FieldSource::Subscription { .. }) => self.subscribe(call).map(|allowed| allowed.to_answer()),
            Some(FieldSource::Functions { .. }) => custom::invoke(self, call).await,
            None if ["Query", "Mutation"].contains(&call.of) => custom::invoke(self, call).await,
            _ => Err(call.refused()),
        };
        answer.inspect_err(|error| {
            tracing::debug!(of = call.of, field = call.field, error_type = error.kind(), "field refused");
        })
    }

    /// The answers to a field of these objects, in their order. Those of a relation are read together; what goes wrong with
    /// one is its own answer.
    pub async fn answer_all(&self, call: Call<'_>, sources: &[Item]) -> Vec<Result<Value, FieldError>> {
        let field = self.expanded.field(call.of, call.field);
        match field.and_then(|field| field.source.as_ref()) {
            Some(FieldSource::Relation { many, sort, .. }) => {
                relation::answer(self, call, *many, sort.as_ref(), sources).await
            }
            Some(_) => {
                let mut answers = Vec::with_capacity(sources.len());
                for _ in sources {
                    answers.push(self.answer(call).await);
                }
                answers
            }
            None => sources.iter().map(|source| self.part(call, source)).collect(),
        }
    }

    /// A field that is part of its parent's answer, if the caller may read it.
    fn part(&self, call: Call<'_>, source: &Item) -> Result<Value, FieldError> {
        if self.withholds(call, source) {
            return Err(call.refused());
        }
        let value = || source.get(call.field).cloned().unwrap_or_default();
        let Some(model) = self.schema.model(call.of).filter(|_| !source.contains_key(SOURCE)) else {
            return Ok(value());
        };
        // A whole record, as it is stored.
        let listened = is_of_mutation(source) && model.has_subscriptions();
        if listened
            && model.rules().is_kept_from_some(call.field)
            && !self.is_administrator(call.identity, model.rules())
        {
            return Ok(Value::Null);
        }
        let one = Item::from_iter([(call.field.to_owned(), value())]);
        Ok(self.records.present(model, one).remove(call.field).unwrap_or_default())
    }

    fn withholds(&self, call: Call<'_>, source: &Item) -> bool {
        let told = source.get(SOURCE).and_then(|told| told.get("withheld")).and_then(Value::as_array);
        if let Some(withheld) = told {
            return withheld.iter().any(|field| field == call.field);
        }
        match self.schema.model(call.of) {
            Some(model) => {
                self.records.authorizer().withheld(call.identity, model.rules(), source).contains(&call.field)
            }
            None => self.schema.custom_field(call.of, call.field).is_some_and(|field| {
                let authorizer = self.records.authorizer();
                authorizer.permit_invoke(call.identity, field.rules(), self.default_provider).is_err()
            }),
        }
    }

    /// Whether records have this type.
    pub(crate) fn is_record(&self, of: &str) -> bool {
        self.schema.model(of).is_some()
    }

    /// What a mutation has made of a record, for the client and for those who listen to the changes: without what is kept from
    /// some of them.
    pub(crate) fn of_mutation(&self, identity: &Identity, model: &ModelType, mut item: Item) -> Value {
        if let Some(source) = item.get_mut(SOURCE).and_then(Value::as_object_mut) {
            source.insert("operation".to_owned(), "Mutation".into());
        }
        if model.has_subscriptions() && !self.is_administrator(identity, model.rules()) {
            item.retain(|field, _| field == SOURCE || !model.rules().is_kept_from_some(field));
        }
        item.into()
    }

    /// Whether rules keep a field of an object from some of those who listen to changes. An administrator is answered it, and
    /// the others are not told.
    pub(crate) fn is_kept_from_listeners(&self, of: &str, field: &str) -> bool {
        match self.schema.model(of) {
            Some(model) => model.rules().is_kept_from_some(field),
            // Of an object within a record: nobody asks again for whom an event is.
            None => !ROOTS.contains(&of) && self.schema.is_guarded(of, field),
        }
    }

    /// Whether the caller has an administrator's role, to whom Amplify answers before it looks at what subscribers may see.
    pub(crate) fn is_administrator(&self, identity: &Identity, rules: &Model) -> bool {
        matches!(identity, Identity::Iam(_))
            && self.records.authorizer().explain(identity, Operation::Get, rules, &Item::new()).unrestricted
    }
}

impl Call<'_> {
    /// The rules refuse the field.
    pub(crate) fn refused(self) -> FieldError {
        FieldError::unauthorized(self.of, self.field)
    }

    /// An argument that is not `null`.
    pub(crate) fn argument(&self, name: &str) -> Option<&Value> {
        self.arguments.get(name).filter(|value| !value.is_null())
    }
}

/// The caller and the arguments are people's data.
impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("of", &self.of).field("field", &self.field).finish_non_exhaustive()
    }
}

impl fmt::Debug for Resolvers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let models: Vec<_> = self.schema.models().iter().map(ModelType::name).collect();
        f.debug_struct("Resolvers").field("models", &models).finish_non_exhaustive()
    }
}
