//! What a schema means: rules with their defaults, fields, checks of input, JSON Schema.
#![expect(clippy::unwrap_used, reason = "tests")]

use portcullis_rules::{GroupName, IdentityClaim, Operation, Operations, Provider, Rule, Strategy};
use portcullis_schema::{ModelType, Origin, Schema, Shape};
use serde_json::{Value, json};

fn model(source: &str, name: &str) -> ModelType {
    Schema::parse(source, "schema.graphql").unwrap().model(name).unwrap().clone()
}

fn rule(text: &str) -> Rule {
    let fields = "id: ID! editors: [String!]! grp: String mail: AWSEmail";
    let source = format!("type Note @model @auth(rules: [{text}]) {{ {fields} }}");
    model(&source, "Note").rules().rules().first().unwrap().clone()
}

fn owner(field: &str, claim: &str) -> Strategy {
    Strategy::Owner { field: field.to_owned(), claim: IdentityClaim::new(claim) }
}

fn static_groups(groups: &[&str], claim: &str) -> Strategy {
    let groups = groups.iter().map(|group| GroupName::literal(*group)).collect();
    Strategy::StaticGroups { groups, claim: claim.to_owned() }
}

fn dynamic_groups(field: &str, claim: &str) -> Strategy {
    Strategy::DynamicGroups { field: field.to_owned(), claim: claim.to_owned() }
}

#[test]
fn the_arguments_of_a_rule_and_their_defaults_are_amplifys() {
    for (text, strategy, provider) in [
        ("{allow: owner}", owner("owner", "sub::username"), Provider::UserPools),
        ("{allow: owner, provider: oidc}", owner("owner", "sub::username"), Provider::Oidc),
        ("{allow: owner, ownerField: \"editors\"}", owner("editors", "sub::username"), Provider::UserPools),
        (
            "{allow: owner, ownerField: \"mail\", identityClaim: \"email\"}",
            owner("mail", "email"),
            Provider::UserPools,
        ),
        (
            "{allow: owner, identityClaim: \"custom:tenant\"}",
            owner("owner", "custom:tenant"),
            Provider::UserPools,
        ),
        (
            "{allow: groups, groups: [\"A\", \"B\"]}",
            static_groups(&["A", "B"], "cognito:groups"),
            Provider::UserPools,
        ),
        ("{allow: groups, groups: \"A\"}", static_groups(&["A"], "cognito:groups"), Provider::UserPools),
        (
            "{allow: groups, groups: [\"A\"], groupClaim: \"roles\", provider: oidc}",
            static_groups(&["A"], "roles"),
            Provider::Oidc,
        ),
        (
            "{allow: groups, groupsField: \"grp\"}",
            dynamic_groups("grp", "cognito:groups"),
            Provider::UserPools,
        ),
        (
            "{allow: groups, groupsField: \"editors\", groupClaim: \"roles\"}",
            dynamic_groups("editors", "roles"),
            Provider::UserPools,
        ),
        ("{allow: private}", Strategy::Private, Provider::UserPools),
        ("{allow: private, provider: oidc}", Strategy::Private, Provider::Oidc),
        ("{allow: private, provider: identityPool}", Strategy::Private, Provider::IdentityPool),
        ("{allow: private, provider: iam}", Strategy::Private, Provider::IdentityPool),
        ("{allow: public}", Strategy::Public, Provider::ApiKey),
        ("{allow: public, provider: apiKey}", Strategy::Public, Provider::ApiKey),
        ("{allow: public, provider: iam}", Strategy::Public, Provider::IdentityPool),
        ("{allow: custom}", Strategy::Custom, Provider::Function),
        ("{allow: custom, provider: function}", Strategy::Custom, Provider::Function),
    ] {
        let expected = Rule { strategy, provider, operations: Operations::ALL };
        assert_eq!(rule(text), expected, "{text}");
    }
}

#[test]
fn operations_are_all_if_left_out_none_if_empty_and_read_is_five() {
    let read = [Operation::Get, Operation::List, Operation::Sync, Operation::Listen, Operation::Search];
    for (operations, expected) in [
        ("", Operation::ALL.to_vec()),
        (", operations: []", vec![]),
        (", operations: [read]", read.to_vec()),
        (", operations: [create, create]", vec![Operation::Create]),
        (", operations: [get, list]", vec![Operation::Get, Operation::List]),
        (", operations: [create, update, delete, sync, listen, search]", {
            let mut all = Operation::ALL.to_vec();
            all.retain(|operation| !matches!(operation, Operation::Get | Operation::List));
            all
        }),
    ] {
        let text = format!("{{allow: private{operations}}}");
        assert_eq!(rule(&text).operations, Operations::from_iter(expected), "{text}");
    }
}

#[test]
fn a_model_without_rules_grants_nothing() {
    assert!(model("type Note @model { title: String }", "Note").rules().rules().is_empty());
}

#[test]
fn rules_see_the_declared_fields_alone_and_know_lists() {
    let note =
        model("type Note @model @auth(rules: [{allow: owner}]) { title: String tags: [String!] }", "Note");
    let seen: Vec<_> = note.rules().fields().iter().map(|field| (field.name.as_str(), field.list)).collect();
    assert_eq!(seen, [("title", false), ("tags", true)]);
}

#[test]
fn fields_keep_their_types_and_what_every_model_has_is_added() {
    let source = r#"
        "What people write down."
        type Note @model @auth(rules: [{allow: owner, ownerField: "author"}, {allow: owner}]) {
          "In short."
          title: String!
          kind: Kind
          place: Place!
          tags: [String!]
          seen: [AWSDateTime]!
          owner: ID
        }
        enum Kind { SHORT LONG }
        type Place { street: String }
    "#;
    let schema = Schema::parse(source, "schema.graphql").unwrap();
    let note = schema.model("Note").unwrap();
    let fields: Vec<_> =
        note.fields().iter().map(|field| (field.name(), field.kind().to_string(), field.origin())).collect();
    let declared = |name, kind: &str| (name, kind.to_owned(), Origin::Declared);
    assert_eq!(
        fields,
        [
            declared("title", "String!"),
            declared("kind", "Kind"),
            declared("place", "Place!"),
            declared("tags", "[String!]"),
            declared("seen", "[AWSDateTime]!"),
            declared("owner", "ID"),
            ("id", "ID!".to_owned(), Origin::ImpliedId),
            ("createdAt", "AWSDateTime!".to_owned(), Origin::ImpliedTimestamp),
            ("updatedAt", "AWSDateTime!".to_owned(), Origin::ImpliedTimestamp),
            ("author", "String".to_owned(), Origin::ImpliedOwner),
        ]
    );
    assert_eq!(note.description(), Some("What people write down."));
    assert_eq!(note.field("title").and_then(|title| title.description()), Some("In short."));
    let enums: Vec<_> = schema.enums().iter().map(|kind| (kind.name(), kind.values().to_vec())).collect();
    assert_eq!(enums, [("Kind", vec!["SHORT".to_owned(), "LONG".to_owned()])]);
    assert_eq!(schema.objects().map(|object| object.name()).collect::<Vec<_>>(), ["Place"]);
}

#[test]
fn a_primary_key_on_id_is_the_default_and_accepted() {
    assert_eq!(model("type Note @model { id: ID! @primaryKey }", "Note").path(), "notes");
}

const INPUTS: &str = "
    type Note @model @auth(rules: [{allow: owner}, {allow: owner, ownerField: \"editors\"}]) {
      title: String!
      words: Int
      tags: [String!]
      marks: [Int]!
      kind: Kind
      place: Place
      places: [Place!]
      editors: [String]
    }
    type Dated @model { createdAt: AWSDateTime! updatedAt: AWSDateTime! at: AWSDate! }
    enum Kind { SHORT LONG }
    type Place { street: String! inner: Place }
";

fn told(result: Result<(), Vec<portcullis_schema::InvalidField>>) -> Vec<String> {
    result.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn an_input_that_makes_a_record_is_checked_and_every_mistake_named() {
    let note = model(INPUTS, "Note");
    for (input, expected) in [
        (json!({ "title": "a", "marks": [] }), vec![]),
        (
            json!({ "id": "1", "title": "a", "words": 5, "tags": ["x"], "marks": [1, null], "kind": "LONG",
                    "place": { "street": "s", "inner": { "street": "t", "inner": null } }, "places": [],
                    "editors": ["e", null] }),
            vec![],
        ),
        (json!({ "title": "a", "marks": [1], "words": null, "kind": null, "place": null }), vec![]),
        (json!({}), vec!["`title` is required", "`marks` is required"]),
        (
            json!({ "title": null, "marks": [], "tags": ["a", null], "words": "5" }),
            vec![
                "`tags[1]` must not be null",
                "`title` must not be null",
                "`words` must be a whole number from -2147483648 to 2147483647",
            ],
        ),
        (
            json!({ "title": ["a"], "marks": 1, "kind": "short", "place": "here", "places": [{}, 1] }),
            vec![
                "`kind` must be a value of Kind",
                "`marks` must be a list",
                "`place` must be an object of the type Place",
                "`places[0].street` is required",
                "`places[1]` must be an object of the type Place",
                "`title` must be a string",
            ],
        ),
        (
            json!({ "title": "a", "marks": [], "titel": "a", "no name": 1, "": 1,
                    "place": { "street": 1, "zip": 1 } }),
            vec![
                "`?` is a name that no field of Note has",
                "`?` is a name that no field of Note has",
                "`place.street` must be a string",
                "`place.zip` is not a field of Place",
                "`titel` is not a field of Note",
            ],
        ),
        (
            json!({ "title": "a", "marks": [], "owner": "me", "createdAt": "2024-01-01T00:00:00Z", "updatedAt": null }),
            vec![
                "`createdAt` is set by the server and cannot be sent",
                "`owner` is set by the server and cannot be sent",
                "`updatedAt` is set by the server and cannot be sent",
            ],
        ),
    ] {
        let mut names = told(note.validate_create(input.as_object().unwrap()));
        names.sort();
        let mut expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
        expected.sort();
        assert_eq!(names, expected, "{input}");
    }
}

#[test]
fn an_input_that_changes_a_record_needs_no_field_and_cannot_change_the_key() {
    let note = model(INPUTS, "Note");
    for (input, expected) in [
        (json!({}), vec![]),
        (json!({ "words": 5 }), vec![]),
        (json!({ "words": null, "tags": null }), vec![]),
        (json!({ "title": null }), vec!["`title` must not be null"]),
        (json!({ "marks": null }), vec!["`marks` must not be null"]),
        (json!({ "id": "2" }), vec!["`id` cannot be changed"]),
        (json!({ "owner": "me" }), vec!["`owner` is set by the server and cannot be sent"]),
        (json!({ "place": {} }), vec!["`place.street` is required"]),
        (json!({ "nothing": 1 }), vec!["`nothing` is not a field of Note"]),
    ] {
        assert_eq!(told(note.validate_update(input.as_object().unwrap())), expected, "{input}");
    }
}

#[test]
fn an_id_may_be_chosen_within_bounds() {
    let note = model("type Note @model { title: String }", "Note");
    let [longest, longer] = [512, 513].map(|length| json!("i".repeat(length)));
    let good = [json!("1"), json!("'; DROP TABLE notes --"), json!("é"), longest];
    let bad = [
        json!(""),
        json!(1),
        Value::Null,
        json!("a\nb"),
        json!("."),
        json!(".."),
        json!("a/b"),
        json!("a#"),
        longer,
    ];
    let accepted = |id: &Value| note.validate_create(json!({ "id": id }).as_object().unwrap()).is_ok();
    assert_eq!(good.iter().filter(|id| !accepted(id)).collect::<Vec<_>>(), Vec::<&Value>::new());
    assert_eq!(bad.iter().filter(|id| accepted(id)).collect::<Vec<_>>(), Vec::<&Value>::new());
}

#[test]
fn timestamps_that_a_model_declares_may_be_sent_and_left_out() {
    let dated = model(INPUTS, "Dated");
    for (input, expected) in [
        (json!({ "at": "2024-01-01" }), vec![]),
        (json!({ "at": "2024-01-01", "createdAt": "2024-01-01T00:00:00Z" }), vec![]),
        (
            json!({ "at": "2024-01-01", "createdAt": "now" }),
            vec!["`createdAt` must be a date and time with an offset, such as `2024-05-31T13:45:00Z`"],
        ),
        (json!({ "updatedAt": "2024-01-01T00:00:00Z" }), vec!["`at` is required"]),
    ] {
        assert_eq!(told(dated.validate_create(input.as_object().unwrap())), expected, "{input}");
    }
}

#[test]
fn hostile_inputs_cost_little_and_are_refused() {
    let note = model(INPUTS, "Note");
    let mut nested = json!({ "street": "s" });
    for _ in 0..40 {
        nested = json!({ "street": "s", "inner": nested });
    }
    let deep = told(note.validate_update(json!({ "place": nested }).as_object().unwrap()));
    assert_eq!(deep.len(), 1);
    assert!(deep.iter().all(|told| told.ends_with("is nested too deep")), "{deep:?}");

    let large = json!({ "title": "a".repeat(400 * 1024), "marks": [] });
    assert_eq!(told(note.validate_create(large.as_object().unwrap())), ["the input is too large"]);

    let many = (0..10_000).map(|index| (format!("f{index}"), json!(1))).collect();
    assert_eq!(told(note.validate_update(&many)).len(), 100);
    let list = json!({ "tags": vec![0; 10_000] });
    assert_eq!(told(note.validate_update(list.as_object().unwrap())).len(), 100);
}

#[test]
fn no_message_repeats_a_value() {
    let note = model(INPUTS, "Note");
    let secret = "s3cr3t";
    let input = json!({ "id": format!("{secret}\n"), "title": [secret], "words": secret, "tags": secret,
                        "kind": secret, "place": secret, "owner": secret, "nothing": secret });
    let told = told(note.validate_create(input.as_object().unwrap()));
    assert_eq!(told.len(), 9, "{told:?}");
    assert!(!told.iter().any(|told| told.contains(secret)), "{told:?}");
}

#[test]
fn json_schema_describes_what_is_sent_and_what_is_seen() {
    let source = r#"
        "A note."
        type Note @model @auth(rules: [{allow: owner}]) {
          "In short."
          title: String!
          words: Int
          tags: [String!]
          kind: Kind
          place: Place
        }
        enum Kind { SHORT LONG }
        "Where."
        type Place { street: String! seen: AWSDateTime! }
    "#;
    let note = model(source, "Note");
    let declared = |suffix: &str| {
        json!({
            "title": { "type": "string", "description": "In short." },
            "words": { "type": ["integer", "null"], "format": "int32", "minimum": i32::MIN, "maximum": i32::MAX },
            "tags": { "type": ["array", "null"], "items": { "type": "string" } },
            "kind": { "anyOf": [{ "$ref": "#/components/schemas/Kind" }, { "type": "null" }] },
            "place": { "anyOf": [{ "$ref": format!("#/components/schemas/Place{suffix}") }, { "type": "null" }] }
        })
    };
    let id = json!({ "type": "string", "minLength": 1, "maxLength": 512 });
    let mut create = declared(".Input");
    create["id"] = id.clone();
    assert_eq!(
        note.json_schema(Shape::Create),
        json!({
            "type": "object", "description": "A note.", "properties": create, "required": ["title"],
            "additionalProperties": false
        })
    );
    assert_eq!(
        note.json_schema(Shape::Update),
        json!({
            "type": "object", "description": "A note.", "properties": declared(".Input"), "additionalProperties": false
        })
    );
    let mut output = declared("");
    output["id"] = id;
    for name in ["createdAt", "updatedAt"] {
        output[name] = json!({ "type": "string", "format": "date-time", "readOnly": true });
    }
    output["owner"] = json!({ "type": ["string", "null"], "readOnly": true });
    assert_eq!(
        note.json_schema(Shape::Output),
        json!({
            "type": "object", "description": "A note.", "properties": output,
            "required": ["title", "id", "createdAt", "updatedAt"]
        })
    );
}

#[test]
fn what_several_fields_share_is_described_once() {
    let source = r#"
        type Note @model { kind: Kind place: Place! places: [Place!]! kinds: [Kind] }
        "How long."
        enum Kind { SHORT LONG }
        "Where."
        type Place { street: String! seen: AWSDateTime around: Place }
        type Query { find(where: Where! = {}): Place @function(name: "find") }
        input Where { kind: Kind! = SHORT }
    "#;
    let schema = Schema::parse(source, "schema.graphql").unwrap();
    let reference = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let place = |closed: bool| {
        let around = reference(if closed { "Place.Input" } else { "Place" });
        let mut place = json!({
            "type": "object",
            "description": "Where.",
            "properties": {
                "street": { "type": "string" },
                "seen": { "type": ["string", "null"], "format": "date-time" },
                "around": { "anyOf": [around, { "type": "null" }] },
            },
            "required": ["street"]
        });
        if closed {
            place["additionalProperties"] = json!(false);
        }
        place
    };
    assert_eq!(
        Value::Object(schema.shared_json_schemas()),
        json!({
            "Kind": { "type": "string", "enum": ["SHORT", "LONG"], "description": "How long." },
            "Place": place(false),
            "Place.Input": place(true),
            "Where.Input": {
                "type": "object",
                "properties": { "kind": { "$ref": "#/components/schemas/Kind", "default": "SHORT" } },
                "additionalProperties": false
            },
        })
    );
    let note = schema.model("Note").unwrap().json_schema(Shape::Update);
    assert_eq!(note["properties"]["place"], reference("Place.Input"));
    assert_eq!(note["properties"]["places"], json!({ "type": "array", "items": reference("Place.Input") }));
    assert_eq!(
        note["properties"]["kinds"]["items"],
        json!({ "anyOf": [reference("Kind"), { "type": "null" }] })
    );
    let find = schema.custom_field("Query", "find").unwrap();
    assert_eq!(find.output_schema(), json!({ "anyOf": [reference("Place"), { "type": "null" }] }));
}

#[test]
fn a_description_grows_with_the_schema_and_not_faster() {
    let described = |count: usize| {
        let names = |prefix: &str| (0..count).map(|index| format!("{prefix}{index} ")).collect::<String>();
        let fields: String = (0..count).map(|index| format!("f{index}: Kind t{index}: Tree ")).collect();
        let models: String =
            (0..count).map(|index| format!("type M{index} @model {{ tree: Tree }} ")).collect();
        let source = format!(
            "type Note @model {{ {fields} }} enum Kind {{ {} }} type Tree {{ {fields} }} {models}",
            names("V")
        );
        let schema = Schema::parse(&source, "schema.graphql").unwrap();
        let shapes = [Shape::Create, Shape::Update, Shape::Output];
        let of_models = schema.models().iter().flat_map(|model| shapes.map(|shape| model.json_schema(shape)));
        of_models
            .chain(schema.shared_json_schemas().into_iter().map(|(_, schema)| schema))
            .map(|it| it.to_string().len())
            .sum::<usize>()
    };
    let (once, twice) = (described(100), described(200));
    assert!(twice < once * 5 / 2, "{once} {twice}");
}
