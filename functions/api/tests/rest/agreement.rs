//! REST and GraphQL agree about every caller, rule and operation: the same requests through both doors, each to a table of its own
//! that began like the other, get the same decisions, show the same fields and leave the same records.

use std::{collections::BTreeSet, fmt};

use http::{Method, StatusCode};
use portcullis_data::{Table, Timestamp, rules::Authorizer, schema::Schema, testkit};
use serde_json::{Map, Value, json};

use crate::support::{Caller, House};

/// Rules of the model. Two of one role and provider are refused by the schema; those pairs are left out.
const RULES: [&str; 14] = [
    "{ allow: owner }",
    "{ allow: owner, operations: [create, read] }",
    "{ allow: owner, operations: [update] }",
    "{ allow: owner, ownerField: \"members\" }",
    "{ allow: groups, groups: [\"editors\"] }",
    "{ allow: groups, groups: [\"editors\"], operations: [read] }",
    "{ allow: groups, groups: [\"admins\"], operations: [update, delete] }",
    "{ allow: groups, groupsField: \"team\" }",
    "{ allow: private }",
    "{ allow: private, operations: [get] }",
    "{ allow: private, operations: [list] }",
    "{ allow: private, operations: [create, delete] }",
    "{ allow: public }",
    "{ allow: public, operations: [read] }",
];

/// Rules of the field `note`, besides none.
const FIELD_RULES: [&str; 4] = [
    "",
    "@auth(rules: [{ allow: owner }])",
    "@auth(rules: [{ allow: groups, groups: [\"editors\"] }, { allow: owner, operations: [read] }])",
    "@auth(rules: [{ allow: private, operations: [read, update] }, { allow: public, operations: [read] }])",
];

const FIELDS: [&str; 6] = ["id", "name", "note", "owner", "members", "team"];

const CALLERS: [Caller; 5] = [Caller::Key, Caller::Ann, Caller::Bob, Caller::Eve, Caller::Adam];

/// What a door says.
#[derive(Debug, PartialEq)]
enum Decision {
    /// Nobody has come in.
    Unknown,
    Refused,
    /// What is shown: the fields of a record, or the ids of a list.
    Allowed(Value),
}

/// A request that both doors understand.
enum Request {
    Get(String),
    List,
    Create(Map<String, Value>),
    Update(String, Map<String, Value>),
    Delete(String),
}

/// Tasks that compare at once.
const TASKS: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn rest_and_graphql_decide_alike_about_every_caller_rule_and_operation() {
    let mut schemas: [Vec<String>; TASKS] = Default::default();
    let mut next = (0..TASKS).cycle();
    for (place, rule) in RULES.iter().enumerate() {
        // Alone, and with every third of those that follow; the rules of the field in turn.
        let pairs = RULES.iter().skip(place + 1).step_by(3).map(|other| format!("{rule} {other}"));
        for (turn, rules) in std::iter::once((*rule).to_owned()).chain(pairs).enumerate() {
            let of_field = FIELD_RULES[(place + turn) % FIELD_RULES.len()];
            let schema = format!(
                "type Thing @model @auth(rules: [{rules}]) {{
                    name: String note: String {of_field} owner: String members: [String] team: String }}"
            );
            if Schema::parse(&schema, "test.graphql").is_ok() {
                schemas[next.next().unwrap()].push(schema);
            }
        }
    }
    let tasks = schemas.map(|schemas| {
        tokio::spawn(async move {
            let mut compared = Compared::default();
            for schema in &schemas {
                compare(schema, &mut compared).await;
            }
            compared
        })
    });
    let mut compared = Compared::default();
    for task in tasks {
        let Compared { allowed, refused } = task.await.unwrap();
        compared.allowed += allowed;
        compared.refused += refused;
    }
    assert!(compared.allowed > 500 && compared.refused > 500, "{compared:?}");
}

#[tokio::test]
async fn rest_and_graphql_know_nobody_without_a_good_token_or_key() {
    let door = Door::new("type Thing @model @auth(rules: [{ allow: public }, { allow: private }]) { name: String note: String owner: String members: [String] team: String }").await;
    for caller in [Caller::Nobody, Caller::BadToken] {
        for (request, what) in requests(caller) {
            let decided = [door.by_rest(caller, &request).await, door.by_graphql(caller, &request).await];
            assert_eq!(decided, [Decision::Unknown, Decision::Unknown], "{caller}: {what}");
        }
    }
}

/// How often both doors said the same.
#[derive(Debug, Default)]
struct Compared {
    allowed: usize,
    refused: usize,
}

/// Asks both doors everything.
async fn compare(schema: &str, compared: &mut Compared) {
    let (rest, graphql) = (Door::new(schema).await, Door::new(schema).await);
    for caller in CALLERS {
        for (request, what) in requests(caller) {
            let decided = [rest.by_rest(caller, &request).await, graphql.by_graphql(caller, &request).await];
            assert_eq!(decided[0], decided[1], "{caller}: {what}\n{schema}");
            match decided[0] {
                Decision::Allowed(_) => compared.allowed += 1,
                Decision::Unknown | Decision::Refused => compared.refused += 1,
            }
        }
    }
    let left = [rest.left(schema).await, graphql.left(schema).await];
    assert_eq!(left[0], left[1], "{schema}");
}

/// Writes come after reads, and each caller has a record of ann's and one of bob's to change and to remove.
fn requests(caller: Caller) -> Vec<(Request, String)> {
    let fields = |value: Value| value.as_object().cloned().unwrap_or_default();
    let name = name_of(caller);
    let mut requests = vec![Request::List];
    for of in ["ann", "bob"] {
        let id = format!("{of}-for-{name}");
        requests.push(Request::Get(id.clone()));
        requests.push(Request::Update(id.clone(), fields(json!({ "name": "changed" }))));
        requests.push(Request::Update(id.clone(), fields(json!({ "note": "changed" }))));
        requests.push(Request::Delete(id));
    }
    requests.push(Request::Get("absent".to_owned()));
    for (kind, input) in [
        ("plain", json!({ "name": "new" })),
        ("noted", json!({ "name": "new", "note": "new" })),
        ("foreign", json!({ "name": "new", "owner": Caller::Bob.owner(), "team": "editors" })),
    ] {
        let mut input = fields(input);
        input.insert("id".to_owned(), format!("{kind}-by-{name}").into());
        requests.push(Request::Create(input));
    }
    requests.push(Request::List);
    requests
        .into_iter()
        .map(|request| {
            let what = request.to_string();
            (request, what)
        })
        .collect()
}

fn name_of(caller: Caller) -> String {
    caller.to_string().replace(' ', "-")
}

/// A house with records that no rule was asked about.
struct Door {
    house: House,
    table: Table,
}

impl Door {
    async fn new(schema: &str) -> Self {
        let table = testkit::table().await.unwrap();
        let read = Schema::parse(schema, "test.graphql").unwrap();
        let model = read.model("Thing").unwrap();
        let items = CALLERS.iter().flat_map(|caller| {
            [("ann", Caller::Ann, "editors"), ("bob", Caller::Bob, "admins")].map(|(of, owner, team)| {
                let item = json!({
                    "id": format!("{of}-for-{}", name_of(*caller)), "name": "old", "note": "old",
                    "owner": owner.owner(), "members": [Caller::Adam.owner(), owner.owner()], "team": team,
                    "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
                });
                item.as_object().cloned().unwrap()
            })
        });
        let from = Timestamp::from_millisecond(1_767_225_600_000).unwrap();
        testkit::plant(&table, model, &Authorizer::new(), from, items).await.unwrap();
        Self { house: House::with_graphql(schema, table.clone()), table }
    }

    async fn by_rest(&self, caller: Caller, request: &Request) -> Decision {
        let body = |body: &Map<String, Value>| Value::Object(body.clone());
        let call = |method: Method, path: &str| self.house.call(caller, method, path);
        let answer = match request {
            Request::Get(id) => call(Method::GET, &format!("/things/{id}")).await,
            Request::List => call(Method::GET, "/things?limit=100").await,
            Request::Create(input) => call(Method::POST, "/things").json(&body(input)).await,
            Request::Update(id, changes) => {
                call(Method::PATCH, &format!("/things/{id}")).json(&body(changes)).await
            }
            Request::Delete(id) => call(Method::DELETE, &format!("/things/{id}")).await,
        };
        match answer.status {
            StatusCode::UNAUTHORIZED => Decision::Unknown,
            StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => Decision::Refused,
            status if status.is_success() => Decision::Allowed(request.shown(&answer.body)),
            status => panic!("{status}: {}", answer.body),
        }
    }

    async fn by_graphql(&self, caller: Caller, request: &Request) -> Decision {
        let fields = FIELDS.join(" ");
        let keyed = |id: &String, changes: &Map<String, Value>| {
            let mut input = changes.clone();
            input.insert("id".to_owned(), id.clone().into());
            input
        };
        let (query, field, variables) = match request {
            Request::Get(id) => (
                format!("query Q($id: ID!) {{ getThing(id: $id) {{ {fields} }} }}"),
                "getThing",
                json!({ "id": id }),
            ),
            Request::List => {
                ("{ listThings(limit: 100) { items { id } } }".to_owned(), "listThings", Value::Null)
            }
            Request::Create(input) => (write("create"), "createThing", json!({ "input": input })),
            Request::Update(id, changes) => {
                (write("update"), "updateThing", json!({ "input": keyed(id, changes) }))
            }
            Request::Delete(id) => (write("delete"), "deleteThing", json!({ "input": { "id": id } })),
        };
        let body = json!({ "query": query, "variables": variables });
        let answer = self.house.call(caller, Method::POST, "/graphql").json(&body).await;
        if answer.status == StatusCode::UNAUTHORIZED {
            return Decision::Unknown;
        }
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        // A field that is kept back has an error of its own, below that of the operation.
        let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
        let whole = errors.iter().find(|error| error["path"].as_array().is_none_or(|path| path.len() < 2));
        match (whole, &answer.body["data"][field]) {
            (Some(error), Value::Null) => {
                // Of a record that is not there to be changed, those are told so whom the rules could admit.
                let kinds = ["Unauthorized", "DynamoDB:ConditionalCheckFailedException"];
                assert!(kinds.contains(&error["errorType"].as_str().unwrap_or_default()), "{error}");
                Decision::Refused
            }
            (None, Value::Null) if matches!(request, Request::Get(_)) => Decision::Refused,
            (None, shown) if !shown.is_null() => Decision::Allowed(request.shown(shown)),
            _ => panic!("{}", answer.body),
        }
    }

    /// The records, but for the times of their making.
    async fn left(&self, schema: &str) -> BTreeSet<String> {
        let open = schema.split_once("@auth").unwrap().0.to_owned()
            + "@auth(rules: [{ allow: private }]) { name: String note: String owner: String members: [String] team: String }";
        let house = House::with_graphql(&open, self.table.clone());
        let mut left = BTreeSet::new();
        for caller in CALLERS {
            let name = name_of(caller);
            for kind in ["ann-for", "bob-for", "plain-by", "noted-by", "foreign-by"] {
                let answer = house.call(Caller::Ann, Method::GET, &format!("/things/{kind}-{name}")).await;
                if answer.status == StatusCode::OK {
                    left.insert(Request::Get(String::new()).shown(&answer.body).to_string());
                }
            }
        }
        left
    }
}

/// What a mutation shows is for those who listen as well, and so is not what the caller may read.
fn write(verb: &str) -> String {
    let kind = format!("{}Thing", verb[..1].to_uppercase() + &verb[1..]);
    format!("mutation M($input: {kind}Input!) {{ {verb}Thing(input: $input) {{ id }} }}")
}

impl Request {
    /// What can be compared of an answer.
    fn shown(&self, answer: &Value) -> Value {
        match self {
            Self::Get(_) => {
                let shown = FIELDS.iter().map(|field| (*field, &answer[*field]));
                let shown = shown.filter(|(_, value)| !value.is_null());
                Value::Object(shown.map(|(field, value)| (field.to_owned(), value.clone())).collect())
            }
            Self::List => {
                let items = answer["items"].as_array().unwrap();
                let ids: BTreeSet<&str> = items.iter().filter_map(|item| item["id"].as_str()).collect();
                json!(ids)
            }
            Self::Create(_) | Self::Update(..) | Self::Delete(_) => Value::Null,
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |fields: &Map<String, Value>| fields.keys().cloned().collect::<Vec<_>>().join(", ");
        match self {
            Self::Get(id) => write!(f, "get {id}"),
            Self::List => f.write_str("list"),
            Self::Create(input) => write!(f, "create {} with {}", input["id"], named(input)),
            Self::Update(id, changes) => write!(f, "update {id} in {}", named(changes)),
            Self::Delete(id) => write!(f, "delete {id}"),
        }
    }
}
