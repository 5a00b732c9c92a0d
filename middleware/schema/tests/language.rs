//! The whole language at the doors: every strategy and provider, keys, defaults, custom fields, extensions.
#![expect(clippy::unwrap_used, reason = "tests")]

use portcullis_rules::{GroupName, Operation, Provider, Rule, Strategy};
use portcullis_schema::{ModelType, NamedType, Project, Schema, Shape};
use serde_json::{Value, json};

fn parse(source: &str) -> Schema {
    Schema::parse(source, "schema.graphql").unwrap()
}

fn model(source: &str) -> ModelType {
    parse(source).models().first().unwrap().clone()
}

fn created(model: &ModelType, input: Value) -> Vec<String> {
    told(model.validate_create(input.as_object().unwrap()))
}

fn updated(model: &ModelType, input: Value) -> Vec<String> {
    told(model.validate_update(input.as_object().unwrap()))
}

fn told(result: Result<(), Vec<portcullis_schema::InvalidField>>) -> Vec<String> {
    result.err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_composite_key_is_sent_to_make_a_record_and_never_changes() {
    let event = model(
        "type Event @model @auth(rules: [{allow: owner, ownerField: \"user\"}]) {
           user: ID! @primaryKey(sortKeyFields: [\"at\", \"kind\"])
           at: AWSDateTime! kind: Kind! text: String @index(sortKeyFields: [\"at\"])
         }
         enum Kind { A B }",
    );
    assert_eq!(event.key().fields().collect::<Vec<_>>(), ["user", "at", "kind"]);
    let names: Vec<_> = event.fields().iter().map(|field| field.name()).collect();
    assert_eq!(names, ["user", "at", "kind", "text", "createdAt", "updatedAt"]);
    let good = json!({ "user": "ann", "at": "2024-01-01T00:00:00Z", "kind": "A" });
    assert_eq!(created(&event, good), Vec::<String>::new());
    assert_eq!(created(&event, json!({})), ["`user` is required", "`at` is required", "`kind` is required"]);
    let bad = json!({ "user": "a/b", "at": "now", "kind": null });
    let mut mistakes = created(&event, bad);
    mistakes.sort();
    assert_eq!(
        mistakes,
        [
            "`at` must be a date and time with an offset, such as `2024-05-31T13:45:00Z`",
            "`kind` must not be null",
            "`user` must not have any of `/ \\ % ? #`",
        ]
    );
    assert_eq!(updated(&event, json!({ "text": "a" })), Vec::<String>::new());
    assert_eq!(updated(&event, json!({ "kind": "B" })), ["`kind` cannot be changed"]);
    let schema = event.json_schema(Shape::Update);
    assert_eq!(schema["properties"].as_object().unwrap().keys().collect::<Vec<_>>(), ["text"]);
}

#[test]
fn all_parts_of_a_key_fit_together() {
    let pair = model("type Pair @model { a: ID! @primaryKey(sortKeyFields: [\"b\"]) b: String! }");
    let half = "x".repeat(256);
    assert_eq!(created(&pair, json!({ "a": half, "b": half })), Vec::<String>::new());
    let told = created(&pair, json!({ "a": format!("{half}x"), "b": half }));
    assert_eq!(told, ["`a` and the sort key must not be longer than 512 bytes together"]);
}

#[test]
fn an_identifier_that_is_no_key_is_a_field_like_others() {
    let item = model("type Item @model { code: Int! @primaryKey id: ID! }");
    assert_eq!(created(&item, json!({ "code": 5 })), Vec::<String>::new());
    assert_eq!(updated(&item, json!({ "id": "2" })), Vec::<String>::new());
    assert_eq!(created(&item, json!({ "code": "5" })).len(), 1);
    let number = model("type Item @model { id: Int! a: Int }");
    assert_eq!(created(&number, json!({})), ["`id` is required"]);
}

#[test]
fn defaults_are_filled_in_where_nothing_is_sent() {
    let note = model(
        "type Note @model {
           title: String! @default(value: \"none\") stars: Int @default(value: \"3\") open: Boolean @default(value: \"TRUE\")
           kind: Kind @default(value: \"B\") text: String
         }
         enum Kind { A B }",
    );
    assert_eq!(created(&note, json!({})), Vec::<String>::new());
    let mut input = json!({ "stars": null, "kind": "A" }).as_object().unwrap().clone();
    note.fill_defaults(&mut input);
    assert_eq!(Value::Object(input), json!({ "title": "none", "stars": 3, "open": true, "kind": "A" }));
    let loose =
        Schema::parse("type A @model { a: AWSTimestamp @default(value: \"12abc\") }", "schema.graphql");
    assert!(
        loose.unwrap_err().to_string().contains("the value of `@default` must be a whole number of seconds")
    );
}

#[test]
fn timestamps_and_operations_are_as_the_model_says() {
    let note = model(
        "type Note @model(
           timestamps: {createdAt: \"made\", updatedAt: null}, queries: null, mutations: {delete: null}, subscriptions: null
         ) { text: String }",
    );
    assert_eq!((note.created_at(), note.updated_at()), (Some("made"), None));
    assert_eq!(note.fields().iter().map(|field| field.name()).collect::<Vec<_>>(), ["text", "id", "made"]);
    let offered = [Operation::Get, Operation::List, Operation::Create, Operation::Update, Operation::Delete]
        .map(|operation| note.api().of(operation).is_some());
    assert_eq!(offered, [false, false, true, true, false]);
    assert!(!note.has_subscriptions() && note.api().on_create.is_empty());
}

#[test]
fn custom_fields_check_their_arguments() {
    let schema = parse(
        "input Where { street: String! zip: Int = 5 inner: [Where!] }
         enum Kind { A B }
         type Answer { text: String secret: String @auth(rules: [{allow: groups, groups: [\"A\"]}]) notes: [Note] }
         type Note @model @auth(rules: [{allow: owner}]) { text: String }
         type Query {
           find(where: Where!, kinds: [Kind!] = [A], limit: Int): Answer @function(name: \"find-${env}\")
             @auth(rules: [{allow: private}, {allow: groups, groups: [\"A\"]}, {allow: public}, {allow: custom}])
         }
         extend type Query { more: [Note!]! @function(name: \"a\") @function(name: \"b\") }",
    );
    let find = schema.custom_field("Query", "find").unwrap();
    assert_eq!(find.functions(), ["find"]);
    assert!(
        matches!(find.output().map(|kind| &kind.named), Some(NamedType::Object(name)) if name == "Answer")
    );
    let check = |arguments: Value| told(find.validate_arguments(arguments.as_object().unwrap()));
    assert_eq!(
        check(json!({ "where": { "street": "s", "inner": [{ "street": "t" }] } })),
        Vec::<String>::new()
    );
    assert_eq!(check(json!({})), ["`where` is required"]);
    let mut mistakes = check(json!({ "where": { "inner": [{ "zip": "5" }] }, "kinds": ["C"], "other": 1 }));
    mistakes.sort();
    assert_eq!(
        mistakes,
        [
            "`kinds[0]` must be a value of Kind",
            "`other` is not a field of find",
            "`where.inner[0].street` is required",
            "`where.inner[0].zip` must be a whole number from -2147483648 to 2147483647",
            "`where.street` is required",
        ]
    );
    let mut arguments = json!({ "where": { "street": "s" } }).as_object().unwrap().clone();
    find.fill_defaults(&mut arguments);
    assert_eq!(arguments["kinds"], json!(["A"]));
    assert_eq!(find.arguments_schema()["required"], json!(["where"]));
    let more = schema.custom_field("Query", "more").unwrap();
    assert_eq!((more.functions().len(), more.rules().is_none()), (2, true));
    assert!(matches!(more.output().map(|kind| &kind.named), Some(NamedType::Model(name)) if name == "Note"));
    assert!(schema.custom_field("Answer", "secret").unwrap().rules().is_some());
    assert!(schema.object("Where").unwrap().is_input() && schema.objects().all(|object| !object.is_input()));
}

const EXTENDED: &str = "
    type Note @model @auth(rules: [
      { and: [
          {allow: owner, ownerField: \"tenant\", identityClaim: \"custom:tenant\"}
          {allow: groups, groups: [\"editors\", \"{custom:role}-{{x}}\"]}
        ], operations: [read, update] }
      { allow: groups, groups: [\"tenant-{custom:tenant}-editors\"], provider: oidc }
    ]) { text: String }";

#[test]
fn rules_that_must_all_hold_and_templates_are_read_as_extensions() {
    let note = model(EXTENDED);
    let tenant = Rule::owner_in("tenant").claim("custom:tenant").strategy;
    let groups = ["editors", "{custom:role}-{{x}}"].map(|name| GroupName::parse(name).unwrap());
    let [all, templated] = note.rules().rules() else { panic!("two rules") };
    let parts = vec![tenant, Rule::groups(groups).strategy];
    assert_eq!(all.strategy, Strategy::All(parts));
    assert_eq!(all.provider, Provider::UserPools);
    assert!(all.operations.contains(Operation::Update) && !all.operations.contains(Operation::Create));
    let Strategy::StaticGroups { groups, .. } = &templated.strategy else { panic!("a group rule") };
    assert_eq!(groups.iter().map(|group| group.as_literal()).collect::<Vec<_>>(), [None]);
    // The owner of a part is added to the type.
    assert!(note.field("tenant").is_some_and(|tenant| !tenant.in_create()));
}

#[test]
fn without_the_extensions_the_language_is_amplifys() {
    let plain = Project { extensions: false, ..Project::default() };
    let errors = Schema::read(EXTENDED, "schema.graphql", &plain).unwrap_err();
    let messages: Vec<_> = errors.errors().iter().map(|error| error.message()).collect();
    assert_eq!(
        messages,
        [
            "Field \"AuthRule.allow\" of required type \"AuthStrategy!\" was not provided.",
            "Field \"and\" is not defined by type \"AuthRule\".",
        ]
    );
    let braces = "type Note @model @auth(rules: [{allow: groups, groups: [\"a-{\"]}]) { text: String }";
    let schema = Schema::read(braces, "schema.graphql", &plain).unwrap();
    let note = schema.model("Note").unwrap();
    let Some(Strategy::StaticGroups { groups, .. }) = note.rules().rules().first().map(|rule| &rule.strategy)
    else {
        panic!("a group rule")
    };
    assert_eq!(groups, &[GroupName::literal("a-{")]);
}

#[test]
fn a_time_never_stands_where_a_key_does() {
    let told = |source: &str| {
        let errors = Schema::parse(source, "schema.graphql");
        errors
            .err()
            .map(|errors| errors.errors().iter().map(|it| it.message().to_owned()).collect::<Vec<_>>())
    };
    let blog = "type Blog @model { notes: [Note] @hasMany }";
    let table = [
        ("updatedAt: \"id\"", "text: String", Some("`id` cannot be a timestamp: it is part of the key")),
        ("createdAt: \"id\"", "text: String", Some("`id` cannot be a timestamp: it is part of the key")),
        ("createdAt: \"id\"", "id: ID! text: String", None),
        (
            "updatedAt: \"at\"",
            "at: String! @primaryKey",
            Some("`at` cannot be a timestamp: it is part of the key"),
        ),
        (
            "updatedAt: \"at\"",
            "a: ID! @primaryKey(sortKeyFields: [\"at\"]) at: AWSDateTime!",
            Some("`at` cannot be a timestamp: it is part of the key"),
        ),
        (
            "updatedAt: \"blogNotesId\"",
            "text: String",
            Some(
                "`blogNotesId` cannot be a timestamp: it says to which record of a relation this one belongs",
            ),
        ),
        (
            "createdAt: \"made\", updatedAt: \"made\"",
            "text: String",
            Some("`made` cannot be a timestamp: it would hold both, so that the time of creation is lost"),
        ),
        ("createdAt: \"made\", updatedAt: \"changed\"", "text: String", Some("")),
        // A client chooses the time that is part of a key, and it never changes.
        ("createdAt: \"made\"", "a: ID! @primaryKey(sortKeyFields: [\"made\"]) made: AWSDateTime!", Some("")),
    ];
    for (timestamps, fields, expected) in table {
        let source = format!("type Note @model(timestamps: {{ {timestamps} }}) {{ {fields} }} {blog}");
        match (told(&source), expected) {
            (None, Some("")) => {}
            (Some(told), Some(expected)) => assert_eq!(told, [expected], "{source}"),
            // Refused for its type as well.
            (Some(told), None) => {
                assert!(told.iter().any(|told| told.contains("part of the key")), "{source}")
            }
            (None, _) => panic!("{source}"),
        }
        assert!(Schema::read(&source, "schema.graphql", &Project::default()).is_ok(), "{source}");
    }
}

#[test]
fn a_default_that_shuts_others_out_is_refused() {
    let told = |rules: &str, fields: &str| {
        let source = format!("type Note @model @auth(rules: [{rules}]) {{ {fields} }}");
        assert!(Schema::read(&source, "schema.graphql", &Project::default()).is_ok(), "{source}");
        let errors = Schema::parse(&source, "schema.graphql").err();
        errors.map(|errors| errors.errors().iter().map(|it| it.message().to_owned()).collect::<Vec<_>>())
    };
    let owner = "`owner` names the owner, and whoever is not called like that could not make a record, since `@default` sets \
                 it for everybody";
    let kind = "`kind` has rules of its own, and whoever they do not admit could not make a record, since `@default` sets it \
                for everybody";
    let table = [
        ("{allow: owner}", "owner: String @default(value: \"x\")", Some(owner)),
        (
            "{allow: private}",
            "owner: String @default(value: \"x\") text: String @auth(rules: [{allow: owner}])",
            Some(owner),
        ),
        (
            "{allow: private}",
            "kind: String @default(value: \"x\") @auth(rules: [{allow: groups, groups: [\"A\"]}])",
            Some(kind),
        ),
        ("{allow: owner}", "kind: String @default(value: \"x\")", None),
        ("{allow: groups, groupsField: \"team\"}", "team: String @default(value: \"x\")", None),
    ];
    for (rules, fields, expected) in table {
        assert_eq!(
            told(rules, fields).unwrap_or_default(),
            expected.into_iter().collect::<Vec<_>>(),
            "{fields}"
        );
    }
}

#[test]
fn defaults_of_arguments_have_the_types_of_the_arguments() {
    let parse = |arguments: &str, again: &str| {
        let source = format!(
            "type Query {{ find({arguments}): String @function(name: \"find\") }} enum Kind {{ A B }}
             input Where {{ kind: Kind! = B near: Where zip: Int! size: Int = 3 days: [AWSDate!] }}
             {again} input Many {{ a: More = {{}} b: More = {{}} }}
             input More {{ a: Most = {{}} b: Most = {{}} c: Most = {{}} d: Most = {{}} e: Most = {{}} f: Most = {{}} }}
             input Most {{ a: [Int] = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25] }}"
        );
        // The reference does not look at them.
        assert!(Schema::read(&source, "schema.graphql", &Project::default()).is_ok(), "{source}");
        Schema::parse(&source, "schema.graphql")
    };
    for (arguments, problem) in [
        ("a: Int = \"x\"", "the default value must be a whole number from -2147483648 to 2147483647"),
        ("a: Int = 2147483648", "the default value must be a whole number from -2147483648 to 2147483647"),
        ("a: String = A", "the default value must be one of the type String"),
        ("a: Kind = C", "the default value must be a value of Kind"),
        ("a: Kind = \"A\"", "the default value must be a value of Kind"),
        ("a: Int! = null", "the default value must not be null"),
        ("a: [Int!] = [1, null]", "the default value must not be null"),
        ("a: Int = [1]", "the default value must be one of the type Int"),
        ("a: AWSDate = \"soon\"", "the default value must be a date such as `2024-05-31`"),
        ("a: Where = {}", "the default value lacks a member that Where requires"),
        ("a: Where = {zip: 1, near: {kind: A}}", "the default value lacks a member that Where requires"),
        ("a: Where = {zip: 1, town: \"x\"}", "the default value has a member that Where does not have"),
        ("a: Where = 5", "the default value must be a value of Where"),
        ("a: Many = {}", "the default value is too large"),
    ] {
        let told = parse(arguments, "").unwrap_err();
        assert!(told.errors().iter().any(|it| it.message() == problem), "{arguments}: {told}");
    }
    let again = parse("a: Int", "input Again { again: Again = {} }").unwrap_err();
    let told: Vec<_> = again.errors().iter().map(|it| it.message()).collect();
    assert_eq!(told, ["the default value is nested too deep"]);
}

#[test]
fn defaults_are_filled_in_at_every_depth() {
    let source = "
        type Query { find(where: Where, kinds: [Kind!] = A, ids: ID = 5, at: Where = {zip: 1, near: {zip: 2, size: 7}}): String
            @function(name: \"find\") }
        enum Kind { A B }
        input Where { kind: Kind! = B near: Where others: [Where] zip: Int size: Int = 3 }";
    let schema = Schema::parse(source, "schema.graphql").unwrap();
    let find = schema.custom_field("Query", "find").unwrap();
    let filled = |arguments: Value| {
        let mut arguments = arguments.as_object().unwrap().clone();
        assert!(find.validate_arguments(&arguments).is_ok());
        find.fill_defaults(&mut arguments);
        assert!(find.validate_arguments(&arguments).is_ok(), "{arguments:?}");
        Value::Object(arguments)
    };
    let at = json!({
        "kind": "B", "zip": 1, "size": 3, "near": { "kind": "B", "zip": 2, "size": 7 },
    });
    assert_eq!(filled(json!({})), json!({ "kinds": ["A"], "ids": "5", "at": at }));
    let sent = json!({
        "kinds": null, "ids": "6", "at": null,
        "where": { "size": null, "near": { "kind": "A" }, "others": [null, {}] },
    });
    assert_eq!(
        filled(sent),
        json!({
            "kinds": null, "ids": "6", "at": null,
            "where": {
                "kind": "B", "size": null, "near": { "kind": "A", "size": 3 },
                "others": [null, { "kind": "B", "size": 3 }],
            },
        })
    );
}
