//! No text makes the reader panic, and whatever it accepts can be used.

use portcullis_schema::{Project, Schema, Shape};
use proptest::prelude::*;

/// Pieces of schemas, so that random texts come near to real ones.
const PIECES: [&str; 68] = [
    "type ",
    "enum ",
    "input ",
    "interface ",
    "union ",
    "scalar ",
    "extend ",
    "schema ",
    "directive ",
    "query ",
    "A",
    "B",
    "Note",
    "owner",
    "String",
    "Int",
    "AWSJSON",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "!",
    ":",
    "=",
    "|",
    "&",
    "@",
    "@model",
    "@auth",
    "@primaryKey",
    "@index",
    "(rules: [",
    "{allow: owner",
    "{allow: groups",
    "groups: [\"A\"]",
    "groupsField: \"a\"",
    "ownerField: \"a\"",
    "operations: [read]",
    "operations: []",
    "provider: oidc",
    "identityClaim: \"a::b\"",
    "])",
    "}])",
    " a: String",
    " b: [Int!]!",
    " id: ID!",
    ", ",
    "\n",
    "#",
    "\"",
    "\"\"\"",
    "\\",
    "\u{1f600}",
    "\u{0}",
    "1",
    "-1.5e3",
    "null",
    " on OBJECT",
    "Query",
    "extend type A ",
    "@hasMany",
    "@hasOne(fields: [\"a\"])",
    "@belongsTo(references: \"a\")",
    "@manyToMany(relationName: \"x\")",
    "@index(sortKeyFields: \"a\")",
    "@auth(rules: {allow: private})",
];

fn use_all_of(schema: &Schema) {
    assert!(schema.expand().to_sdl().contains("enum ModelSortDirection"));
    let input = serde_json::Map::new();
    for model in schema.models() {
        for shape in [Shape::Create, Shape::Update, Shape::Output] {
            assert!(model.json_schema(shape).is_object());
        }
        assert!(model.validate_update(&input).is_ok());
        assert!(!model.path().is_empty() && !model.plural().is_empty());
    }
}

fn read(source: &str) {
    let validation = Schema::validate(source, "schema.graphql", &Project::default());
    assert_eq!(validation.schema().is_some(), validation.errors().is_empty());
    if let Some(schema) = validation.schema() {
        use_all_of(schema);
    }
    match Schema::parse(source, "schema.graphql") {
        Ok(schema) => use_all_of(&schema),
        Err(errors) => {
            assert!(!errors.errors().is_empty());
            assert!(!errors.to_string().is_empty());
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(source in ".{0,200}") {
        read(&source);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_mixture_of_pieces_is_read_or_refused(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES.as_slice()), 0..60),
    ) {
        read(&pieces.concat());
    }

    #[test]
    fn a_schema_with_a_part_cut_out_is_read_or_refused(from in 0_usize..600, length in 0_usize..40) {
        let source = include_str!("../../../schema.graphql");
        let cut = |index: usize| (0..=index.min(source.len())).rev().find(|i| source.is_char_boundary(*i)).unwrap_or(0);
        let (from, to) = (cut(from), cut(from + length));
        read(&format!("{}{}", &source[..from], &source[to..]));
    }
}

#[test]
fn large_texts_are_read_or_refused() {
    for source in [
        "type A { a: Int } ".repeat(8_000),
        "@".repeat(1 << 17),
        "{".repeat(1 << 17),
        format!("type A @model @auth(rules: [{}]) {{ a: Int }}", "{allow: owner},".repeat(8_000)),
        format!("type A @model {{ {} }}", (0..5_000).map(|n| format!("f{n}: Nothing ")).collect::<String>()),
        (0..5_000)
            .map(|n| format!("type T{n} @model @auth(rules: [{{allow: owner}}]) {{ a: Int }} "))
            .collect(),
        (0..500)
            .map(|n| format!("type T{n} @model {{ a: [T{}] @hasMany i: ID @index }} ", (n + 1) % 500))
            .collect(),
        (0..2)
            .map(|n| {
                let fields = (0..900).map(|f| format!("f{f}: String @index "));
                format!("type T{n} @model {{ {} }} ", fields.collect::<String>())
            })
            .collect(),
    ] {
        read(&source);
    }
}

/// Each of these would be looked at for hours if every field were compared with every other, or counted once for each.
#[test]
fn long_types_are_answered() {
    const FIELDS: usize = 16_000;
    for (model, field) in [
        ("@auth(rules: [{allow: owner}])", " @auth(rules: [{allow: owner}])"),
        ("", " @index"),
        (
            "@auth(rules: [{allow: owner, ownerField: \"f7\"}])",
            " @auth(rules: [{allow: owner, ownerField: \"f9\"}])",
        ),
    ] {
        let fields: String = (0..FIELDS).map(|number| format!("f{number}: String{field}\n")).collect();
        let source = format!("type Note @model {model} {{\n{fields}}}");
        read(&source);
    }
}
