//! The GraphQL API that a schema makes. Whether it is Amplify's is told by `tests/conformance`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use portcullis_rules::Operation;
use portcullis_schema::{AuthMode, ExpandedSchema, FieldSource, KeyArguments, Project, Schema, SortArgument};

fn expand(source: &str) -> ExpandedSchema {
    Schema::parse(source, "schema.graphql").unwrap().expand()
}

fn expand_for(source: &str, project: &Project) -> ExpandedSchema {
    Schema::read(source, "schema.graphql", project).unwrap().expand()
}

/// A field, as it is written.
fn field(expanded: &ExpandedSchema, of: &str, name: &str) -> String {
    expanded.field(of, name).map(ToString::to_string).unwrap_or_default()
}

/// The names and types of the fields of an input.
fn inputs(expanded: &ExpandedSchema, name: &str) -> String {
    let input = expanded.type_named(name).unwrap();
    input.inputs().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

const SHOP: &str = "
    type Shop @model @auth(rules: [{allow: owner, ownerField: \"keeper\"}, {allow: public, operations: [read]}]) {
      region: String! @primaryKey(sortKeyFields: [\"city\", \"number\"])
      city: String!
      number: Int!
      kind: Kind @index(name: \"byKind\", sortKeyFields: [\"opened\"], queryField: \"shopsByKind\")
      opened: AWSDate
      place: Place
      orders: [Order] @hasMany
    }
    type Order @model(subscriptions: {level: public}, timestamps: {updatedAt: null}) @auth(rules: [{allow: private}]) {
      total: Float! @default(value: \"0.5\")
      shop: Shop @belongsTo
    }
    type Place { street: String! inner: [Place!] }
    enum Kind { FOOD TOOLS }";

#[test]
fn every_operation_of_a_model_says_what_answers_it() {
    let expanded = expand(SHOP);
    let shop = || "Shop".to_owned();
    let sort = |name: &str, fields: &[&str]| {
        Some(SortArgument { name: name.to_owned(), fields: fields.iter().map(ToString::to_string).collect() })
    };
    let of_key =
        KeyArguments { partition: "region".to_owned(), sort: sort("cityNumber", &["city", "number"]) };
    let of_index = KeyArguments { partition: "kind".to_owned(), sort: sort("opened", &["opened"]) };
    let told = |of: &str, changes: &[Operation], guarded: bool, owners: &[&str]| FieldSource::Subscription {
        model: of.to_owned(),
        changes: changes.to_vec(),
        guarded,
        owners: owners.iter().map(ToString::to_string).collect(),
    };
    let related = |model: &str, field: &str, many: bool, sort: Option<SortArgument>| FieldSource::Relation {
        model: model.to_owned(),
        field: field.to_owned(),
        many,
        sort,
    };
    for (of, name, source) in [
        ("Query", "getShop", FieldSource::Get { model: shop() }),
        ("Query", "listShops", FieldSource::List { model: shop(), key: Some(of_key) }),
        ("Query", "listOrders", FieldSource::List { model: "Order".to_owned(), key: None }),
        (
            "Query",
            "shopsByKind",
            FieldSource::Index { model: shop(), index: "byKind".to_owned(), key: of_index },
        ),
        ("Mutation", "createShop", FieldSource::Create { model: shop() }),
        ("Mutation", "updateShop", FieldSource::Update { model: shop() }),
        ("Mutation", "deleteShop", FieldSource::Delete { model: shop() }),
        ("Subscription", "onCreateShop", told("Shop", &[Operation::Create], true, &["keeper"])),
        ("Subscription", "onDeleteOrder", told("Order", &[Operation::Delete], false, &[])),
        ("Shop", "orders", related("Shop", "orders", true, None)),
        ("Order", "shop", related("Order", "shop", false, None)),
    ] {
        assert_eq!(
            expanded.field(of, name).and_then(|field| field.source.clone()),
            Some(source),
            "{of}.{name}"
        );
    }
    // A stored value has no answer of its own.
    assert!(expanded.field("Shop", "city").is_some_and(|field| field.source.is_none()));
    assert_eq!(expanded.sources().count(), 5 + 6 + 6 + 2);
}

#[test]
fn arguments_follow_the_key() {
    let expanded = expand(SHOP);
    assert_eq!(
        field(&expanded, "Query", "getShop"),
        "getShop(region: String!, city: String!, number: Int!): Shop @aws_api_key @aws_cognito_user_pools"
    );
    assert_eq!(
        field(&expanded, "Query", "listShops"),
        "listShops(region: String, cityNumber: ModelShopPrimaryCompositeKeyConditionInput, filter: ModelShopFilterInput, \
         limit: Int, nextToken: String, sortDirection: ModelSortDirection): ModelShopConnection @aws_api_key \
         @aws_cognito_user_pools"
    );
    assert_eq!(inputs(&expanded, "ModelShopPrimaryCompositeKeyInput"), "city: String, number: Int");
    assert_eq!(inputs(&expanded, "DeleteShopInput"), "region: String!, city: String!, number: Int!");
    assert!(
        inputs(&expanded, "UpdateShopInput")
            .starts_with("region: String!, city: String!, number: Int!, kind: Kind")
    );
    assert!(!inputs(&expanded, "ModelShopConditionInput").contains("city"));
}

#[test]
fn nested_objects_and_keys_of_related_records_are_part_of_inputs() {
    let expanded = expand(SHOP);
    assert!(inputs(&expanded, "CreateShopInput").ends_with("place: PlaceInput"));
    assert_eq!(inputs(&expanded, "PlaceInput"), "street: String!, inner: [PlaceInput!]");
    assert_eq!(
        inputs(&expanded, "CreateOrderInput"),
        "total: Float!, id: ID, shopOrdersRegion: String, shopOrdersCity: String, shopOrdersNumber: Int"
    );
}

#[test]
fn the_server_sets_times_and_owners() {
    let expanded = expand(SHOP);
    let shop = expanded.type_named("Shop").unwrap();
    assert!(shop.field("createdAt").is_some() && shop.field("keeper").is_some());
    let order = expanded.type_named("Order").unwrap();
    assert!(order.field("createdAt").is_some() && order.field("updatedAt").is_none());
    assert!(!inputs(&expanded, "CreateShopInput").contains("keeper"));
}

#[test]
fn a_way_in_leads_to_what_rules_open_to_it() {
    let expanded = expand(SHOP);
    for (of, name, api_key, user_pools, iam) in [
        ("Query", "getShop", true, true, false),
        ("Mutation", "createShop", false, true, false),
        ("Shop", "city", true, true, false),
        ("ModelShopConnection", "items", true, true, false),
        ("Place", "street", true, true, false),
        ("Query", "listOrders", false, true, false),
        ("Order", "total", false, true, false),
        ("Query", "none", false, false, false),
        ("None", "none", false, false, false),
    ] {
        let admitted = [AuthMode::ApiKey, AuthMode::UserPools, AuthMode::Iam]
            .map(|mode| expanded.admits(mode, of, name));
        assert_eq!(admitted, [api_key, user_pools, iam], "{of}.{name}");
    }
}

#[test]
fn the_default_way_in_decides_which_directives_stand() {
    let source = "type Note @model @auth(rules: [{allow: owner}, {allow: public, operations: [get]}]) { title: String }";
    for (mode, get, create) in [
        (AuthMode::UserPools, "@aws_api_key @aws_cognito_user_pools", ""),
        (AuthMode::ApiKey, "@aws_api_key @aws_cognito_user_pools", " @aws_cognito_user_pools"),
        (AuthMode::Iam, "@aws_api_key @aws_cognito_user_pools", " @aws_cognito_user_pools"),
    ] {
        let additional_modes = vec![AuthMode::ApiKey, AuthMode::UserPools];
        let expanded =
            expand_for(source, &Project { default_mode: mode, additional_modes, ..Project::default() });
        assert_eq!(field(&expanded, "Query", "getNote"), format!("getNote(id: ID!): Note {get}"));
        let arguments = "(input: CreateNoteInput!, condition: ModelNoteConditionInput)";
        assert_eq!(
            field(&expanded, "Mutation", "createNote"),
            format!("createNote{arguments}: Note{create}")
        );
    }
}

#[test]
fn what_a_schema_says_for_clients_is_kept() {
    let expanded = expand(
        "\"A \\\"note\\\"\" type Note @model { \"Its\\ntitle\" title: String @deprecated(reason: \"long\") kind: Kind }
        enum Kind { \"short\" SHORT LONG @deprecated }
        input Where { near: Int = 3 }
        type Query { find(where: Where = {near: 1}, all: Boolean! = true): [String!]! @function(name: \"find-${env}\") }",
    );
    let text = expanded.to_sdl();
    for part in [
        "\"A \\\"note\\\"\"\ntype Note {\n  \"Its\\ntitle\"\n  title: String @deprecated(reason: \"long\")\n",
        "enum Kind {\n  \"short\"\n  SHORT\n  LONG @deprecated\n}\n",
        "input Where {\n  near: Int = 3\n}\n",
        "  find(where: Where = {near: 1}, all: Boolean! = true): [String!]!\n",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let source = expanded.field("Query", "find").and_then(|find| find.source.clone());
    assert_eq!(source, Some(FieldSource::Functions { names: vec!["find".to_owned()] }));
}

#[test]
fn a_rule_of_several_parts_adds_the_field_of_its_owner() {
    let expanded = expand(
        "type Note @model @auth(rules: [{and: [{allow: owner}, {allow: groups, groups: [\"staff\"]}]}]) { title: String }",
    );
    assert_eq!(field(&expanded, "Note", "owner"), "owner: String");
    assert!(inputs(&expanded, "ModelNoteFilterInput").contains("owner: ModelStringInput"));
    // Nobody listens by the name of the owner alone.
    assert!(!field(&expanded, "Subscription", "onCreateNote").contains("owner"));
}

#[test]
fn what_no_door_serves_is_named_and_not_passed_over_in_silence() {
    let source = "interface Named { name: String } scalar Colour
        type Note @model @searchable { name: String }
        type Query { ping: String @http(url: \"https://example.com\") }";
    let expanded = expand_for(source, &Project::default());
    assert_eq!(expanded.omitted(), ["Named", "Colour", "@searchable", "@http"]);
    assert!(expand(SHOP).omitted().is_empty());
}

#[test]
fn types_nested_without_end_and_very_deep_are_expanded() {
    let mut source = "type Note @model @auth(rules: [{allow: public}]) { first: T0 } ".to_owned();
    for depth in 0..5000 {
        source += &format!("type T{depth} {{ a: T{} b: T{depth} }} ", (depth + 1) % 5000);
    }
    let expanded = expand_for(&source, &Project::default());
    assert!(expanded.type_named("T4999Input").is_some());
    assert!(expanded.admits(AuthMode::ApiKey, "T4999", "a"));
}
