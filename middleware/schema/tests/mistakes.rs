//! Every mistake in a schema is told with its place, its class and its words.

use portcullis_schema::{Schema, SchemaErrors};

fn mistakes(source: &str) -> Vec<String> {
    let errors = Schema::parse(source, "schema.graphql").err();
    let tell = |errors: &SchemaErrors| {
        let errors = errors.errors().iter();
        errors
            .map(|error| {
                let place = format!("{}:{}", error.line(), error.column());
                format!("{place} {}: {}", error.kind().class(), error.message())
            })
            .collect()
    };
    errors.as_ref().map(tell).unwrap_or_default()
}

fn check(table: &[(&str, &[&str])]) {
    for (source, expected) in table {
        assert_eq!(mistakes(source), *expected, "{source}");
    }
}

#[test]
fn text_that_is_not_graphql_is_refused_in_plain_words() {
    check(&[
        ("", &["1:1 GraphQLError: the schema is empty"]),
        ("# nothing\n", &["2:1 GraphQLError: the schema is empty"]),
        ("type", &["1:5 GraphQLError: expected a name, found the end of the file"]),
        ("type A {", &["1:9 GraphQLError: expected a field, `name: Type`, found the end of the file"]),
        ("type A {}", &["1:9 GraphQLError: expected a field, `name: Type`, found `}`"]),
        ("type A { a }", &["1:12 GraphQLError: expected a type, found `}`"]),
        ("type A { a: [String }", &["1:21 GraphQLError: expected `]`, found `}`"]),
        ("type A { a: [] }", &["1:14 GraphQLError: expected the type of the items, found `]`"]),
        ("type A { a: Int", &["1:16 GraphQLError: expected `}`, found the end of the file"]),
        ("type A @ { a: Int }", &["1:10 GraphQLError: expected a name, found `{`"]),
        ("type A @model() { a: Int }", &["1:15 GraphQLError: expected an argument, found `)`"]),
        ("type A @x(y:) { a: Int }", &["1:13 GraphQLError: expected a value, found `)`"]),
        ("type A @x(y: $z) { a: Int }", &["1:14 GraphQLError: a variable cannot stand here"]),
        ("type A @x(y: 1 { a: Int }", &["1:16 GraphQLError: expected `)`, found `{`"]),
        (
            "tpye A { a: Int }",
            &["1:1 GraphQLError: expected a definition such as `type` or `enum`, found `tpye`"],
        ),
        (
            "type A { a: Int } }",
            &["1:19 GraphQLError: expected a definition such as `type` or `enum`, found `}`"],
        ),
        ("enum E { }", &["1:10 GraphQLError: expected a value of the enum, found `}`"]),
        ("type A { \"never closed }", &["1:10 GraphQLError: unterminated string value"]),
        ("type é { a: Int }", &["1:6 GraphQLError: Unexpected character \"é\""]),
        (
            "type A {\n  a Int\n  b: Int\n}\ntype B { b: Int }\ntype C {\n  c Int\n}",
            &[
                "2:5 GraphQLError: expected a type, found `Int`",
                "7:5 GraphQLError: expected a type, found `Int`",
            ],
        ),
    ]);
}

#[test]
fn a_word_that_the_parser_passes_over_is_refused() {
    // Each of these would otherwise grant more than its author meant.
    check(&[
        (
            "type A @model @auth(rules: [{allow: owner, operations read}]) { a: Int }",
            &["1:44 GraphQLError: unexpected `operations`"],
        ),
        (
            "type A @model @auth(rules: [{allow: owner}], more) { a: Int }",
            &["1:46 GraphQLError: unexpected `more`"],
        ),
        (
            "type A @model { a: Int @auth(rules: [{allow: owner ops}]) }",
            &["1:52 GraphQLError: unexpected `ops`"],
        ),
    ]);
}

#[test]
fn a_schema_beyond_the_bounds_is_refused() {
    let long = "#".repeat((1 << 20) + 1);
    assert_eq!(mistakes(&long), ["1:1 GraphQLError: a schema cannot be longer than 1048576 bytes"]);
    let many = "a ".repeat(250_000);
    assert_eq!(mistakes(&many).last().map(|last| last.contains("GraphQLError")), Some(true));
    for (open, close) in [("{ a: ", "}"), ("[", "]")] {
        let value = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let source = format!("type A @x(y: {value}) {{ a: Int }}");
        let told = mistakes(&source);
        assert!(told.iter().any(|told| told.ends_with("the schema is nested too deep")), "{told:?}");
    }
    let deep = format!("type A {{ a: {}Int{} }}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(mistakes(&deep).iter().any(|told| told.ends_with("the schema is nested too deep")));
}

#[test]
fn types_fields_and_values_are_declared_once_and_exist() {
    check(&[
        (
            "type A @model { a: Int }\nenum A { B }",
            &["2:6 SchemaValidationError: There can be only one type named \"A\"."],
        ),
        (
            "type String { a: Int }",
            &["1:6 SchemaValidationError: There can be only one type named \"String\"."],
        ),
        (
            "type A { a: Int a: String }",
            &["1:17 SchemaValidationError: Field \"A.a\" can only be defined once."],
        ),
        ("enum E { A B A }", &["1:14 SchemaValidationError: Enum value \"E.A\" can only be defined once."]),
        (
            "type A { a: Intt b: [string!]! }",
            &[
                "1:13 SchemaValidationError: Unknown type \"Intt\". Did you mean \"Int\"?",
                "1:22 SchemaValidationError: Unknown type \"string\". Did you mean \"String\"?",
            ],
        ),
        ("type A", &["1:6 SchemaValidationError: Type A must define one or more fields."]),
        ("enum E", &["1:6 SchemaValidationError: Enum type E must define one or more values."]),
        (
            "type __A { a: Int } type B { __b: Int } enum E { __C }",
            &[
                "1:6 SchemaValidationError: Name \"__A\" must not begin with \"__\", which is reserved by GraphQL \
                 introspection.",
                "1:30 SchemaValidationError: Name \"__b\" must not begin with \"__\", which is reserved by GraphQL \
                 introspection.",
                "1:50 SchemaValidationError: Name \"__C\" must not begin with \"__\", which is reserved by GraphQL \
                 introspection.",
            ],
        ),
        (
            "type Url @model { a: Int } type URL @model { a: Int }",
            &["1:33 SchemaValidationError: the models `Url` and `URL` have the same REST path `/urls`"],
        ),
        ("query { a }", &["1:1 SchemaValidationError: a schema holds types, not operations"]),
        ("{ a }", &["1:1 SchemaValidationError: a schema holds types, not operations"]),
        (
            "type A @modle { a: Int @defualt }",
            &[
                "1:8 SchemaValidationError: Unknown directive \"@modle\".",
                "1:24 SchemaValidationError: Unknown directive \"@defualt\".",
            ],
        ),
        (
            "type A @model(querys: null) @model { a: Int }",
            &[
                "1:15 SchemaValidationError: Unknown argument \"querys\" on directive \"@model\". Did you mean \"queries\"?",
                "1:29 SchemaValidationError: The directive \"@model\" can only be used once at this location.",
            ],
        ),
    ]);
    let long = "a".repeat(129);
    assert_eq!(
        mistakes(&format!("type A {{ {long}: Int }}")),
        ["1:10 SchemaValidationError: a name cannot be longer than 128 characters"]
    );
}

/// The mistakes of one rule on a model, without the place.
fn rule_mistakes(rule: &str) -> Vec<String> {
    let fields = "id: ID! owner: String grp: String grps: [String] n: Int at: AWSDate";
    let told = mistakes(&format!("type Note @model @auth(rules: [{rule}]) {{ {fields} }}"));
    told.iter().map(|told| told.split_once(' ').unwrap_or_default().1.to_owned()).collect()
}

#[test]
fn the_arguments_of_a_rule_are_checked_in_amplifys_words() {
    for (rule, expected) in [
        ("{}", "Field \"AuthRule.allow\" of required type \"AuthStrategy!\" was not provided."),
        ("owner", "Expected value of type \"AuthRule!\", found owner."),
        ("null", "Expected value of type \"AuthRule!\", found null."),
        ("{allow: everyone}", "Value \"everyone\" does not exist in \"AuthStrategy\" enum."),
        (
            "{allow: \"owner\"}",
            "Enum \"AuthStrategy\" cannot represent non-enum value: \"owner\". Did you mean the enum value \"owner\"?",
        ),
        ("{allow: owner, allow: public}", "There can be only one input field named \"allow\"."),
        ("{allow: owner, provider: cognito}", "Value \"cognito\" does not exist in \"AuthProvider\" enum."),
        ("{allow: owner, field: \"x\"}", "Field \"field\" is not defined by type \"AuthRule\"."),
        ("{allow: owner, ownerField: [\"a\"]}", "String cannot represent a non string value: [\"a\"]"),
        ("{allow: owner, identityClaim: 5}", "String cannot represent a non string value: 5"),
        ("{allow: groups, groupsField: true}", "String cannot represent a non string value: true"),
        ("{allow: groups, groups: [1]}", "String cannot represent a non string value: 1"),
        ("{allow: owner, operations: [bogus]}", "Value \"bogus\" does not exist in \"ModelOperation\" enum."),
        (
            "{allow: owner, operations: \"read\"}",
            "Enum \"ModelOperation\" cannot represent non-enum value: \"read\". Did you mean the enum value \"read\" or \"create\"?",
        ),
    ] {
        assert_eq!(rule_mistakes(rule), [format!("SchemaValidationError: {expected}")], "{rule}");
    }
    check(&[
        (
            "type A @model @auth { a: Int }",
            &[
                "1:15 SchemaValidationError: Directive \"@auth\" argument \"rules\" of type \"[AuthRule!]!\" is required, \
               but it was not provided.",
            ],
        ),
        (
            "type A @model @auth(rules: 5) { a: Int }",
            &["1:28 SchemaValidationError: Expected value of type \"[AuthRule!]!\", found 5."],
        ),
        (
            "type A @model @auth(rules: [{allow: owner}], rules: [{allow: public}], role: 1) { a: Int }",
            &[
                "1:46 SchemaValidationError: There can be only one argument named \"rules\".",
                "1:72 SchemaValidationError: Unknown argument \"role\" on directive \"@auth\". Did you mean \"rules\"?",
            ],
        ),
        (
            "type A @model @auth(rules: [{allow: owner}]) @auth(rules: [{allow: public}]) { a: Int }",
            &["1:46 SchemaValidationError: The directive \"@auth\" can only be used once at this location."],
        ),
    ]);
}

#[test]
fn a_rule_that_contradicts_itself_is_refused_in_amplifys_words() {
    let providers = |strategy: &str, supported: &str, provider: &str| {
        format!(
            "@auth directive with '{strategy}' strategy only supports {supported}, but found '{provider}' assigned."
        )
    };
    let mut table = Vec::new();
    for (strategy, supported, refused) in [
        (
            "owner",
            "'userPools' (default) and 'oidc' providers",
            &["iam", "identityPool", "apiKey", "function"][..],
        ),
        (
            "groups, groups: [\"A\"]",
            "'userPools' and 'oidc' providers",
            &["iam", "identityPool", "apiKey", "function"],
        ),
        ("private", "'userPools' (default) and 'identityPool' providers", &["apiKey", "function"]),
        ("public", "'apiKey' (default) and 'identityPool' providers", &["userPools", "oidc", "function"]),
        ("custom", "'function' (default) provider", &["userPools", "oidc", "iam", "identityPool", "apiKey"]),
    ] {
        for provider in refused {
            let name = strategy.split(',').next().unwrap_or_default();
            table.push((
                format!("{{allow: {strategy}, provider: {provider}}}"),
                providers(name, supported, provider),
            ));
        }
    }
    for (rule, expected) in [
        (
            "{allow: groups}",
            "@auth directive with 'groups' should have a defined groups list or a groupsField.",
        ),
        ("{allow: groups, groups: []}", "@auth rules using groups cannot have an empty list"),
        (
            "{allow: groups, groups: [\"A\"], groupsField: \"grp\"}",
            "This rule has groupsField and groups, please use one or the other",
        ),
        (
            "{allow: groups, groups: [\"A\"], identityClaim: \"sub\"}",
            "@auth identityClaim can only be used for 'allow: owner'",
        ),
        ("{allow: owner, groupClaim: \"x\"}", "@auth groupClaim can only be used 'allow: groups'"),
        (
            "{allow: owner, operations: [read, get]}",
            "'get' operations are specified in addition to 'read'. Either remove 'read' to limit access only to \
             'get' or only keep 'read' to grant all get,list,search,listen,sync access.",
        ),
    ] {
        table.push((rule.to_owned(), expected.to_owned()));
    }
    for (rule, expected) in table {
        assert_eq!(rule_mistakes(&rule), [format!("InvalidDirectiveError: {expected}")], "{rule}");
    }
}

#[test]
fn a_rule_in_the_wrong_place_is_refused_in_amplifys_words() {
    check(&[
        (
            "type A @model @auth(rules: []) { a: Int }",
            &["1:15 InvalidDirectiveError: @auth on A does not have any auth rules."],
        ),
        (
            "type A @auth(rules: [{allow: owner}]) { a: Int }",
            &["1:8 TransformerContractError: Types annotated with @auth must also be annotated with @model."],
        ),
        (
            "type A @model @auth(rules: [{allow: private}, {allow: private, operations: [read]}]) { a: Int }",
            &["1:47 InvalidDirectiveError: @auth A:userPools:private already exists for A"],
        ),
        (
            "type A @model @auth(rules: [{allow: groups, groups: [\"A\", \"A\"]}, {allow: owner}, {allow: owner}]) { a: Int }",
            &[
                "1:29 InvalidDirectiveError: @auth A:userPools:staticGroup:A:cognito:groups already exists for A",
                "1:82 InvalidDirectiveError: @auth A:userPools:owner:owner:sub::username already exists for A",
            ],
        ),
        (
            "type A @model { a: Int }\nextend type A @auth(rules: [{allow: owner}]) { b: Int @auth(rules: [{allow: owner}]) }",
            &[
                "2:1 NotSupportedError: `extend` is not supported yet",
                "2:15 InvalidDirectiveError: Directives are not supported on object or interface extensions. See the \
                 '@auth' directive on 'A'",
                "2:55 InvalidDirectiveError: The '@auth' directive cannot be used on fields of type extensions other \
                 than 'Query', 'Mutation', and 'Subscription'. See A.b",
            ],
        ),
        (
            "interface I { a: Int @auth(rules: [{allow: owner}]) }",
            &[
                "1:11 NotSupportedError: an interface is not supported yet",
                "1:22 InvalidDirectiveError: The @auth directive cannot be placed on an interface's field. See I.a",
            ],
        ),
        (
            "type Query { a: Int @auth(rules: [{allow: private, operations: [read]}]) }",
            &[
                "1:14 SchemaValidationError: nobody answers `a`: give it a `@function`",
                "1:64 InvalidDirectiveError: @auth rules on fields within Query, Mutation, Subscription cannot specify \
                 'operations' argument as these rules are already on an operation already.",
            ],
        ),
        (
            "type A { a: Int @auth(rules: [{allow: private, operations: [read]}]) }",
            &[
                "1:60 InvalidDirectiveError: @auth rules on fields within types that does not have @model directive \
                 cannot specify 'operations' argument as there are operations will be generated by the CLI.",
            ],
        ),
        (
            "type A @model { a: Int @auth(rules: []) b: Int @auth(rules: [{allow: owner, operations: [read, get]}]) }",
            &[
                "1:24 InvalidDirectiveError: @auth on a does not have any auth rules.",
                "1:89 InvalidDirectiveError: 'get' operation is not allowed at the field level.",
            ],
        ),
    ]);
}

#[test]
fn what_is_not_enforced_yet_is_refused_and_never_ignored() {
    for (source, place, what) in [
        ("type A @model @searchable { a: Int }", "1:15", "`@searchable` here"),
        ("type A @model @mapsTo(name: \"B\") { a: Int }", "1:15", "`@mapsTo` here"),
        ("type A @model { a: Int @validate(type: gt, value: \"1\") }", "1:24", "`@validate` here"),
        ("type A @model { a: [[Int]] }", "1:22", "a list of lists"),
        ("type A @model { a(b: Int): Int }", "1:19", "an argument of a field"),
        ("type A { a(b: Int): Int }", "1:12", "an argument of a field"),
        ("type A @aws_iam { a: Int }", "1:8", "`@aws_iam` here"),
        ("type A { a: Int @function(name: \"x\") }", "1:17", "`@function` here"),
        (
            "type Mutation { a: Int @function(name: \"x\", invocationType: Event) }",
            "1:24",
            "`invocationType: Event`",
        ),
        ("type Query { a: Int @function(name: \"x\") @aws_iam }", "1:42", "`@aws_iam` here"),
        ("type Subscription { a: Int }", "1:21", "a custom subscription"),
        (
            "schema { query: Query query: Q } type Q { a: Int }",
            "1:1",
            "`schema` with other types than `Query`, `Mutation` and `Subscription`",
        ),
        (
            "type A @model { b: B } type B { c: C } type C { d: [D] } type D @model { e: Int }",
            "1:20",
            "a record that holds records of `D` (in `C`)",
        ),
        (
            "type A @model { b: B } type B { c: Int @auth(rules: [{allow: private}]) }",
            "1:20",
            "a rule of a field of `B` inside a record",
        ),
        ("union U = A type A { a: U }", "1:7", "a union"),
        ("scalar Date type A { a: Date }", "1:8", "a custom scalar"),
        ("directive @x on OBJECT", "1:12", "a directive definition"),
        ("enum E { A } extend enum E { B }", "1:14", "`extend`"),
    ] {
        let expected = format!("{place} NotSupportedError: {what} is not supported yet");
        let told = mistakes(source);
        assert!(told.contains(&expected), "{source}: {told:?}");
    }
}

#[test]
fn what_is_easily_misread_is_refused() {
    for (source, place, what) in [
        (
            "type A @model { a: ID! @default(value: \"a\") @index(sortKeyFields: [\"b\"]) b: AWSJSON }",
            "1:68",
            "`b: AWSJSON` cannot be part of a key",
        ),
        ("type A @model { a: AWSJSON! @primaryKey }", "1:29", "`a: AWSJSON!` cannot be part of a key"),
        ("type A @model { id: AWSJSON }", "1:17", "`id` cannot be of the type `AWSJSON`"),
        (
            "type A @model { createdAt: AWSTimestamp }",
            "1:17",
            "`createdAt` is set by the server and must be an `AWSDateTime` or a `String`",
        ),
        (
            "type A @model(timestamps: {updatedAt: \"changed\"}) { changed: [String] }",
            "1:53",
            "`changed` is set by the server and must be an `AWSDateTime` or a `String`",
        ),
        (
            "type A @model { b: B } type B @model { a: Int }",
            "1:20",
            "which records of `B` are meant? Say so with `@hasOne`, `@hasMany`, `@belongsTo` or `@manyToMany`",
        ),
        ("input I { a: Int } type A { a: I }", "1:32", "an `input` type holds arguments alone"),
        (
            "type A { a: Int } type Query { a(b: A): Int @function(name: \"x\") }",
            "1:37",
            "an argument is a scalar, an enum or an `input` type",
        ),
        ("type Query { a: Int }", "1:14", "nobody answers `a`: give it a `@function`"),
        (
            "type Query { a: Int @function(name: \"x\") @auth(rules: [{allow: owner}]) }",
            "1:64",
            "no record stands behind this field, so that the rule would admit nobody",
        ),
    ] {
        let expected = format!("{place} SchemaValidationError: {what}");
        assert_eq!(mistakes(source), [expected], "{source}");
    }
    let nothing = |argument: &str, allow: &str, of: &str| {
        format!("`{argument}` says nothing in an `allow: {allow}` rule; it belongs to `allow: {of}`")
    };
    let turns = |allow: &str| {
        format!(
            "`groups` turns an `allow: {allow}` rule into one for these groups; write `allow: groups` if that is meant"
        )
    };
    for (rule, what) in [
        ("{allow: owner, ownerField: null}", "`ownerField: null` means as much as leaving it out".to_owned()),
        (
            "{allow: owner, ownerField: \"\"}",
            "an empty `ownerField` means as much as leaving it out".to_owned(),
        ),
        ("{allow: owner, ownerField: \"createdAt\"}", "`createdAt` cannot name an owner".to_owned()),
        ("{allow: owner, ownerField: \"__o\"}", "`__o` cannot name an owner".to_owned()),
        ("{allow: owner, ownerField: \"a b\"}", "`a b` cannot name an owner".to_owned()),
        ("{allow: owner, ownerField: \"n\"}", "`n` is of the type `Int` and cannot name an owner".to_owned()),
        (
            "{allow: groups, groupsField: \"at\"}",
            "`at` is of the type `AWSDate` and cannot name a group".to_owned(),
        ),
        (
            "{allow: groups, groupsField: \"nowhere\"}",
            "no field of the type is called `nowhere`: the rule would admit nobody".to_owned(),
        ),
        ("{allow: owner, operations: null}", "`operations: null` means as much as leaving it out".to_owned()),
        ("{allow: owner, groups: []}", turns("owner")),
        ("{allow: private, groups: [\"A\"]}", turns("private")),
        ("{allow: public, groupsField: \"grp\"}", nothing("groupsField", "public", "groups")),
        ("{allow: private, ownerField: \"grp\"}", nothing("ownerField", "private", "owner")),
        ("{allow: groups, groups: [\"A\"], ownerField: \"grp\"}", nothing("ownerField", "groups", "owner")),
        ("{allow: public, identityClaim: \"sub\"}", nothing("identityClaim", "public", "owner")),
        ("{allow: custom, groupClaim: \"sub\"}", nothing("groupClaim", "custom", "groups")),
        ("{allow: groups, groups: null}", "`groups: null` means as much as leaving it out".to_owned()),
        (
            "{allow: owner, identityClaim: \"sub::\"}",
            "an `identityClaim` with an empty part admits nobody".to_owned(),
        ),
    ] {
        let told = rule_mistakes(rule);
        let expected = format!("SchemaValidationError: {what}");
        assert!(told.contains(&expected), "{rule}: {told:?}");
    }
}

#[test]
fn an_extension_that_contradicts_itself_is_refused() {
    let owner = "{allow: owner}";
    let editors = "{allow: groups, groups: [\"editors\"]}";
    for (rule, what) in [
        (format!("{{and: [{owner}]}}"), "`and` needs at least two parts"),
        ("{and: []}".to_owned(), "`and` needs at least two parts"),
        (
            format!("{{and: [{owner}, {editors}], allow: owner}}"),
            "a rule with `and` takes `operations` alone; everything else stands in its parts",
        ),
        (
            format!("{{and: [{owner}, {{and: [{owner}, {editors}]}}]}}"),
            "a part of `and` cannot be an `and` itself",
        ),
        (
            format!("{{and: [{editors}, {{allow: owner, operations: [read]}}]}}"),
            "a part of `and` has no `operations`; they stand beside `and`",
        ),
        (
            format!("{{and: [{owner}, {{allow: public}}]}}"),
            "the parts of `and` ask for different providers: nobody comes in by both",
        ),
        (
            "{allow: groups, groups: [\"tenant-{custom:tenant\"]}".to_owned(),
            "`{` is not closed in the group `tenant-{custom:tenant`; write `{{` for a brace",
        ),
    ] {
        let told = rule_mistakes(&rule);
        let expected = format!("InvalidDirectiveError: {what}");
        assert!(told.contains(&expected), "{rule}: {told:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let source = "type Note @model\n  @auth(rules: [\n    { allow: owner, operations: [reed] }\n    { alow: private }\n  ]) {\n  \
                  title: Sting!\n  title: Int\n}\ntype Note { a: Int }\n";
    let errors = Schema::parse(source, "api/schema.graphql").unwrap_err();
    assert_eq!(
        errors.to_string(),
        "api/schema.graphql:3:34: Value \"reed\" does not exist in \"ModelOperation\" enum. Did you mean the enum value \"read\"?
    3 |     { allow: owner, operations: [reed] }
      |                                  ^^^^
api/schema.graphql:4:5: Field \"AuthRule.allow\" of required type \"AuthStrategy!\" was not provided.
    4 |     { alow: private }
      |     ^^^^^^^^^^^^^^^^^
api/schema.graphql:4:7: Field \"alow\" is not defined by type \"AuthRule\". Did you mean \"allow\"?
    4 |     { alow: private }
      |       ^^^^
api/schema.graphql:6:10: Unknown type \"Sting\". Did you mean \"String\" or \"Int\"?
    6 |   title: Sting!
      |          ^^^^^
api/schema.graphql:7:3: Field \"Note.title\" can only be defined once.
    7 |   title: Int
      |   ^^^^^
api/schema.graphql:9:6: There can be only one type named \"Note\".
    9 | type Note { a: Int }
      |      ^^^^"
    );
    assert_eq!(errors.omitted(), 0);
}

#[test]
fn a_hundred_mistakes_are_shown_and_the_rest_are_counted() {
    let fields: String = (0..130).map(|index| format!("f{index}: Nothing\n")).collect();
    let errors = Schema::parse(&format!("type A {{ {fields} }}"), "schema.graphql").unwrap_err();
    assert_eq!((errors.errors().len(), errors.omitted()), (100, 30));
    assert!(errors.to_string().ends_with("\n... and 30 more"));
}
