//! Cases answered by the GraphQL endpoint itself, on records in an embedded DynamoDB, and not by the simulation.
//!
//! A case becomes a GraphQL request with variables; a field of a type other than `Query` and `Mutation` becomes a selection of
//! the parent object. What reached the data source is not part of such an answer. To a subscription the events are told as the
//! changes that mutations have made.

use std::{collections::HashMap, rc::Rc};

use portcullis_data::{
    ConnectOptions, Connection, Functions, Table, TableDefinition, Timestamp, connect, testkit::plant,
};
use portcullis_resolvers::{GraphQl, Resolvers, graphql::Change};
use portcullis_rules::{Identity, Item, Operation, Provider};
use portcullis_schema::{AuthMode, ExpandedField, ExpandedSchema};
use serde_json::{Value, json};

use super::{Case, Catalogue, answer::Answer, api::Api, caller, records::Tables, refusal::Refusal};
use crate::local::{Listener, Servers, dynamodb};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The endpoint of each schema, and the tables behind them.
pub(crate) struct Endpoint {
    connection: Connection,
    definition: TableDefinition,
    /// Tables so far.
    tables: usize,
    endpoints: HashMap<*const Api, (Rc<Api>, Result<GraphQl, String>)>,
    /// The last table, and what is in it: cases that only read share it.
    last: Option<(*const Api, Value, Table)>,
    _servers: Servers,
}

/// A case that can be asked.
pub(crate) struct Ready<'c> {
    pub(crate) endpoint: GraphQl,
    pub(crate) api: Rc<Api>,
    pub(crate) asked: Asked<'c>,
}

/// A case as far as it has been read.
pub(crate) struct Asked<'c> {
    pub(crate) of: &'c str,
    pub(crate) field: &'c str,
    pub(crate) identity: Identity,
    pub(crate) args: Item,
    existing: Value,
    selection: Option<&'c str>,
}

impl Endpoint {
    pub(crate) async fn start() -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| error.to_string();
        let definition = TableDefinition::from_template(TEMPLATE, "Table").map_err(|error| failed(&error))?;
        let listener = Listener::bind(0, "DynamoDB", "").await.map_err(|error| failed(&error))?;
        let connection = connect(&ConnectOptions::local(listener.url()));
        let mut servers = Servers::default();
        let database = dynamodb::open(None).map_err(|error| failed(&error))?;
        servers.serve(listener, dynamodb::router(database));
        Ok(Self {
            connection,
            definition,
            tables: 0,
            endpoints: HashMap::new(),
            last: None,
            _servers: servers,
        })
    }

    /// The answer to a case as a line of output.
    pub(crate) async fn answer_line(&mut self, catalogue: &mut Catalogue, case: &Case) -> Value {
        match self.answer(catalogue, case).await {
            Ok(mut answer) => {
                if let Some(answer) = answer.as_object_mut() {
                    answer.insert("id".to_owned(), case.id.clone());
                }
                answer
            }
            Err(refusal) => Answer::from(refusal).into_json(case.id.clone()),
        }
    }

    async fn answer(&mut self, catalogue: &mut Catalogue, case: &Case) -> Result<Value, Refusal> {
        let ready = self.ready(catalogue, case).await?;
        match ready.api.settings.modes.contains(&ready.asked.identity.provider()) {
            true => ready.answer().await,
            false => Err(Answer::unknown_mode().into()),
        }
    }

    /// The endpoint over the records of a case.
    pub(crate) async fn ready<'c>(
        &mut self,
        catalogue: &mut Catalogue,
        case: &'c Case,
    ) -> Result<Ready<'c>, Refusal> {
        let asked = read(case.body())?;
        let api = catalogue.api(case.body())?;
        let endpoint = self.endpoint(&api)?;
        if asked.of == "Subscription" {
            return Ok(Ready { endpoint, api, asked });
        }
        let custom = api.schema.custom_field(asked.of, asked.field).is_some();
        let model = endpoint.resolvers().expanded().field(asked.of, asked.field);
        let model = model.and_then(|field| field.source.as_ref()).and_then(|source| source.model());
        let records = match (custom, model) {
            (false, Some(model)) => Tables::read(&asked.existing, model, &api.schema)?,
            _ => Tables::default(),
        };
        let records = if asked.is_root() { records } else { Tables::default() };
        let table = self.table(&api, &asked, &records).await?;
        let mut functions = Functions::default();
        for name in api.schema.custom_fields().iter().flat_map(|field| field.functions()) {
            let returned = asked.existing.clone();
            functions = functions.function(name.clone(), move |_| {
                let returned = returned.clone();
                async move { Ok(returned) }
            });
        }
        let resolvers = endpoint.resolvers().clone().on_table(table).functions(functions);
        let endpoint = endpoint.over(resolvers);
        if asked.of == "Mutation" {
            self.last = None;
        }
        Ok(Ready { endpoint, api, asked })
    }

    fn endpoint(&mut self, api: &Rc<Api>) -> Result<GraphQl, Refusal> {
        let known = self.endpoints.entry(Rc::as_ptr(api)).or_insert_with(|| {
            let mut functions = Functions::default();
            let names = api.schema.custom_fields().iter().flat_map(|field| field.functions());
            let names: std::collections::BTreeSet<&String> = names.collect();
            for name in names {
                functions = functions.function(name.clone(), async |_| Ok(Value::Null));
            }
            let table = Table::new(self.connection.clone(), "none");
            let resolvers = Resolvers::new(api.schema.clone(), table, api.authorizer.clone(), functions);
            let endpoint = resolvers.map_err(|error| error.to_string()).and_then(|resolvers| {
                let resolvers = resolvers
                    .default_mode(mode(api.settings.default_mode))
                    .owners_as_stored(!api.settings.project.default_claim_has_sub)
                    .listeners_inherit(api.settings.listeners_inherit);
                GraphQl::new(resolvers).map_err(|error| error.to_string())
            });
            (Rc::clone(api), endpoint)
        });
        known.1.clone().map_err(Refusal::unsupported)
    }

    /// A table with the records of a case.
    async fn table(&mut self, api: &Rc<Api>, asked: &Asked<'_>, records: &Tables) -> Result<Table, Refusal> {
        if let Some((known, existing, table)) = &self.last
            && *known == Rc::as_ptr(api)
            && *existing == asked.existing
        {
            return Ok(table.clone());
        }
        self.tables += 1;
        let table = Table::new(self.connection.clone(), format!("case-{}", self.tables));
        let failed = |error: &dyn std::fmt::Display| Refusal::unsupported(format!("its records: {error}"));
        table.create_if_missing(&self.definition).await.map_err(|error| failed(&error))?;
        let start = Timestamp::UNIX_EPOCH;
        for model in api.schema.models() {
            let items = records.of(model.name()).to_vec();
            if !items.is_empty() {
                plant(&table, model, &api.authorizer, start, items).await.map_err(|error| failed(&error))?;
            }
        }
        self.last = asked.is_root().then(|| (Rc::as_ptr(api), asked.existing.clone(), table.clone()));
        Ok(table)
    }
}

impl Asked<'_> {
    fn is_root(&self) -> bool {
        ["Query", "Mutation"].contains(&self.of)
    }

    /// The object that a field is asked of, which is none of the root.
    pub(crate) fn source(&self) -> Item {
        match &self.existing {
            Value::Object(source) => source.clone(),
            Value::Array(records) => records.first().and_then(Value::as_object).cloned().unwrap_or_default(),
            _ => Item::new(),
        }
    }
}

impl Ready<'_> {
    pub(crate) async fn answer(&self) -> Result<Value, Refusal> {
        let Self { endpoint, api, asked } = self;
        if asked.of == "Subscription" {
            return listen(endpoint, api, asked).await;
        }
        if asked.is_root() {
            return Ok(shape(endpoint.answer(&asked.identity, &self.request()).await, asked.field));
        }
        let expanded = endpoint.resolvers().expanded();
        let mut selection = asked.field.to_owned();
        if let Some(field) = expanded.field(asked.of, asked.field) {
            selection.push_str(&selected(expanded, field, asked.selection));
        }
        let answer = endpoint.answer_part(&asked.identity, asked.of, asked.source(), &selection).await;
        Ok(shape(answer, asked.field))
    }

    /// The case as a client would send it.
    pub(crate) fn request(&self) -> Item {
        request(self.endpoint.resolvers().expanded(), &self.asked)
    }
}

/// Which of the events a subscriber is told.
async fn listen(endpoint: &GraphQl, api: &Api, asked: &Asked<'_>) -> Result<Value, Refusal> {
    let request = request(endpoint.resolvers().expanded(), asked);
    let subscribed = match endpoint.subscribe(&asked.identity, &request) {
        Ok(subscribed) => subscribed,
        Err(errors) => return Ok(shape(json!({ "errors": errors }), asked.field)),
    };
    let subscription = subscribed.subscription();
    let model = subscription.model().to_owned();
    let changes = [Operation::Create, Operation::Update, Operation::Delete];
    let told = changes.into_iter().find(|change| subscription.tells_of(*change));
    let operation = told.ok_or_else(|| Refusal::unsupported("a subscription to nothing"))?;
    let events = Tables::read(&asked.existing, &model, &api.schema)?;
    let mut delivered = Vec::new();
    for item in events.of(&model) {
        let change = Change { model: model.clone(), operation, item: item.clone() };
        if subscribed.tell(&change).await.is_some() {
            delivered.push(item.get("id").cloned().unwrap_or_default());
        }
    }
    let effective = json!({ "enhancedFilter": subscription.to_answer().get("filter") });
    Ok(json!({ "decision": "allow", "delivered": delivered, "effective": effective }))
}

fn mode(provider: Provider) -> AuthMode {
    match provider {
        Provider::UserPools => AuthMode::UserPools,
        Provider::Oidc => AuthMode::Oidc,
        Provider::IdentityPool => AuthMode::Iam,
        Provider::ApiKey => AuthMode::ApiKey,
        Provider::Function => AuthMode::Function,
    }
}

fn read(body: &Item) -> Result<Asked<'_>, Refusal> {
    let field = body.get("field").and_then(Value::as_str);
    let field = field.ok_or_else(|| Refusal::malformed("`field` is missing"))?;
    let (of, field) =
        field.split_once('.').ok_or_else(|| Refusal::malformed("`field` is not `Type.field`"))?;
    let identity = caller::read(body.get("identity").unwrap_or(&Value::Null))?;
    let args = body.get("args").and_then(Value::as_object).cloned().unwrap_or_default();
    let existing = body.get("existing").cloned().unwrap_or_default();
    let selection = body.get("selection").and_then(Value::as_str);
    Ok(Asked { of, field, identity, args, existing, selection })
}

/// The case as a client would send it.
fn request(expanded: &ExpandedSchema, asked: &Asked<'_>) -> Item {
    let (mut declared, mut given, mut variables) = (Vec::new(), Vec::new(), Item::new());
    let field = expanded.field(asked.of, asked.field);
    for (name, value) in &asked.args {
        match field.and_then(|field| field.argument(name)) {
            Some(argument) => {
                declared.push(format!("${name}: {}", argument.kind));
                given.push(format!("{name}: ${name}"));
                variables.insert(name.clone(), value.clone());
            }
            None => given.push(format!("{name}: null")),
        }
    }
    let list = |items: Vec<String>| match items.is_empty() {
        true => String::new(),
        false => format!("({})", items.join(", ")),
    };
    let selection = field.map(|field| selected(expanded, field, asked.selection)).unwrap_or_default();
    let word = match asked.of {
        "Mutation" => "mutation",
        "Subscription" => "subscription",
        _ => "query",
    };
    let query = format!("{word} Case{} {{ {}{}{selection} }}", list(declared), asked.field, list(given));
    Item::from_iter([("query".to_owned(), query.into()), ("variables".to_owned(), variables.into())])
}

/// What the client wants to see: what the case says, or every field that is neither a relation nor an object.
fn selected(expanded: &ExpandedSchema, field: &ExpandedField, selection: Option<&str>) -> String {
    if let Some(selection) = selection {
        return format!(" {selection}");
    }
    let leaves = |name: &str| -> Option<String> {
        let object = expanded.type_named(name).filter(|object| !object.fields().is_empty())?;
        let is_leaf = |field: &&ExpandedField| {
            expanded.type_named(field.kind.base()).is_none_or(|object| object.fields().is_empty())
        };
        let names = object.fields().iter().filter(is_leaf).map(|field| field.name.as_str());
        Some(names.collect::<Vec<_>>().join(" "))
    };
    let base = field.kind.base();
    let page = expanded.field(base, "items").filter(|_| base.ends_with("Connection"));
    match page.and_then(|items| leaves(items.kind.base())) {
        Some(items) => format!(" {{ items {{ {items} }} nextToken }}"),
        None => leaves(base).map(|leaves| format!(" {{ {leaves} }}")).unwrap_or_default(),
    }
}

/// The answer of the endpoint as an answer to a case.
pub(crate) fn shape(answer: Value, field: &str) -> Value {
    let errors = answer.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |error: &Value, name: &str| error.get(name).cloned().unwrap_or_default();
    let told = |error: &Value| json!({"type": text(error, "errorType"), "message": text(error, "message")});
    if let Some(error) = errors.iter().find(|error| text(error, "path").is_null()) {
        return json!({"decision": "invalid", "error": told(error)});
    }
    let path = |error: &Value| -> Vec<String> {
        let steps = text(error, "path");
        let steps = steps.as_array().into_iter().flatten();
        steps.map(|step| step.as_str().map_or_else(|| step.to_string(), str::to_owned)).collect()
    };
    let is_graphql = |error: &Value| text(error, "errorType") == "GraphQL";
    let root = errors.iter().find(|error| path(error).len() == 1 && !is_graphql(error));
    if let Some(error) = root {
        let decision = if text(error, "errorType") == "Unauthorized" { "deny" } else { "error" };
        return json!({"decision": decision, "error": told(error), "data": null});
    }
    let data = answer.get("data").and_then(|data| data.get(field)).cloned().unwrap_or_default();
    let field_errors = errors.iter().map(|error| {
        let below: Vec<String> = path(error).into_iter().skip(1).collect();
        json!({"path": below.join("."), "type": text(error, "errorType"), "message": text(error, "message")})
    });
    let field_errors: Vec<Value> = field_errors.collect();
    let mut line = json!({"decision": "allow", "data": data});
    if let (false, Some(line)) = (field_errors.is_empty(), line.as_object_mut()) {
        line.insert("fieldErrors".to_owned(), field_errors.into());
    }
    line
}
