//! The reference's verdict on all of the language: its classes, its words, its order, its warnings.

use portcullis_schema::{AuthMode, Project, RelationKind, Schema, Validation};

fn validate(source: &str) -> Validation {
    Schema::validate(source, "schema.graphql", &Project::default())
}

/// What the reference refuses: the class and the words.
fn refused(source: &str) -> Vec<String> {
    let errors = validate(source);
    errors.errors().iter().map(|error| format!("{}: {}", error.kind().class(), error.message())).collect()
}

/// Each schema is refused for one reason, in one place or on both sides.
fn check(class: &str, table: &[(&str, &str)]) {
    for (source, message) in table {
        let mut refused = refused(source);
        refused.dedup();
        assert_eq!(refused, [format!("{class}: {message}")], "{source}");
    }
}

#[test]
fn a_provider_that_is_not_configured_is_refused() {
    use AuthMode::{ApiKey, Function, Iam, Oidc, UserPools};
    let all = [UserPools, ApiKey, Iam, Oidc, Function];
    for (rule, mode, provider, called) in [
        ("owner", UserPools, "userPools", "Cognito User Pools"),
        ("owner, provider: oidc", Oidc, "oidc", "OPENID_CONNECT"),
        ("public", ApiKey, "apiKey", "API Key"),
        ("public, provider: iam", Iam, "iam", "IAM"),
        ("private, provider: identityPool", Iam, "identityPool", "IAM"),
        ("custom", Function, "function", "Lambda"),
    ] {
        let source = format!("type A @model @auth(rules: [{{allow: {rule}}}]) {{ a: Int }}");
        for default_mode in all.into_iter().filter(|other| *other != mode) {
            let additional_modes = all.into_iter().filter(|other| *other != mode).collect();
            let project = Project { default_mode, additional_modes, ..Project::default() };
            let validation = Schema::validate(&source, "schema.graphql", &project);
            let messages: Vec<_> = validation.errors().iter().map(|error| error.message()).collect();
            let expected = format!(
                "@auth directive with '{provider}' provider found, but the project has no {called} authentication \
                 provider configured."
            );
            assert_eq!(messages, [expected]);
        }
        let project = Project { default_mode: mode, additional_modes: vec![], ..Project::default() };
        assert_eq!(Schema::validate(&source, "schema.graphql", &project).errors(), []);
    }
}

#[test]
fn the_mistake_at_which_the_reference_stops_comes_first() {
    for (source, first) in [
        // GraphQL's rules, then the values, then the transformers in their order, then what needs the whole schema.
        (
            "type A @model @auth(rules: [{allow: owner, operations: [reed]}]) { a: Int @index }\ntype B { b: Intt }",
            "Unknown type \"Intt\". Did you mean \"Int\"?",
        ),
        (
            "type A @model @auth(rules: [{allow: groups}]) { a: Int b: [A] @index(name: \"byB\") }",
            "Index 'byB' on type 'A.b' cannot be a non-scalar.",
        ),
        (
            "type A @model @auth(rules: [{allow: owner, provider: iam}, {allow: owner, operations: [read, get]}]) { a: Int }",
            "'get' operations are specified in addition to 'read'. Either remove 'read' to limit access only to 'get' \
             or only keep 'read' to grant all get,list,search,listen,sync access.",
        ),
        (
            "type Mutation { a: Int @auth(rules: [{allow: private, operations: [get]}]) }",
            "'get' operation is not allowed at the field level.",
        ),
        (
            "type A @model { a: Int @auth(rules: []) }\ntype B @auth(rules: [{allow: private}]) { b: Int }",
            "@auth on a does not have any auth rules.",
        ),
    ] {
        let validation = validate(source);
        assert_eq!(validation.errors().first().map(|error| error.message()), Some(first), "{source}");
        assert!(validation.schema().is_none());
    }
}

#[test]
fn the_references_text_is_told_to_the_letter() {
    for (source, text) in [
        (
            "type A @model @auth(rules: [{allow: groups, groups: \"A\", identityClaim: \"sub\"}]) { a: Int }",
            "\n          @auth identityClaim can only be used for 'allow: owner'",
        ),
        (
            "type A @model @auth(rules: [{allow: owner, groupClaim: \"sub\"}]) { a: Int }",
            "\n          @auth groupClaim can only be used 'allow: groups'",
        ),
        (
            "type A @model {\n  a: Intt\n}\ntype A {\n  b: Int @key\n}",
            "Your GraphQL Schema is using \"@key\" directive from an older version of the GraphQL Transformer. Visit \
             https://docs.amplify.aws/cli/migration/transformer-migration/ to learn how to migrate your GraphQL schema. \
             There are additional validation errors listed below \n\n Unknown type \"Intt\". Did you mean \"Int\"?\n\n\
             GraphQL request:2:6\n1 | type A @model {\n2 |   a: Intt\n  |      ^\n3 | }\n\n\
             There can be only one type named \"A\".\n\nGraphQL request:1:6\n1 | type A @model {\n  |      ^\n2 |   a: Intt\n\n\
             GraphQL request:4:6\n3 | }\n4 | type A {\n  |      ^\n5 |   b: Int @key",
        ),
        (
            "type A @modle { a: Int }",
            "Schema validation failed.\n\nUnknown directive \"@modle\".\n\nGraphQL request:1:8\n1 | type A @modle { a: Int }\n  \
             |        ^ ",
        ),
    ] {
        let validation = validate(source);
        let told = validation.errors().first().map(|error| error.reference_message());
        assert_eq!(told, Some(text), "{source}");
    }
}

#[test]
fn places_where_auth_cannot_stand_are_told_of() {
    check(
        "InvalidDirectiveError",
        &[
            (
                "interface I { a: Int @auth(rules: [{allow: owner}]) }",
                "The @auth directive cannot be placed on an interface's field. See I.a",
            ),
            (
                "type A @model { a: Int } extend type A @auth(rules: [{allow: owner}]) { b: Int }",
                "Directives are not supported on object or interface extensions. See the '@auth' directive on 'A'",
            ),
            (
                "type A @model { a: Int } extend type A { b: Int @auth(rules: [{allow: owner}]) }",
                "The '@auth' directive cannot be used on fields of type extensions other than 'Query', 'Mutation', and \
                 'Subscription'. See A.b",
            ),
            (
                "type Query { a: Int } extend type Query { b: Int @auth(rules: [{allow: private, operations: [read]}]) }",
                "@auth rules on fields within Query, Mutation, Subscription cannot specify 'operations' argument as \
                 these rules are already on an operation already.",
            ),
            (
                "type Query @model { a: Int }",
                "'Query' is a reserved type name and currently in use within the default schema element.",
            ),
        ],
    );
    check(
        "InvalidTransformerError",
        &[(
            "type A @model { a: Int } extend type A { b: Int @index }",
            "The '@index' directive is not supported on fields of extended types",
        )],
    );
    check(
        "TransformerContractError",
        &[(
            "type A @auth(rules: [{allow: owner}]) { a: Int }",
            "Types annotated with @auth must also be annotated with @model.",
        )],
    );
    check(
        "UnknownDirectiveError",
        &[(
            "directive @mine on OBJECT type A @mine { a: Int }",
            "Unknown directive 'mine'. Either remove the directive from the schema or add a transformer to handle it.",
        )],
    );
    check(
        "TypeError",
        &[(
            "type A @model @auth(rules: [{allow: owner, operations: read}]) { a: Int }",
            "`operations` must be a list, with brackets",
        )],
    );
    check(
        "SchemaValidationError",
        &[
            (
                "interface I @auth(rules: [{allow: owner}]) { a: Int }",
                "Directive \"@auth\" may not be used on INTERFACE.",
            ),
            (
                "type A @model { a: Int @primaryKey(sortKeyFields: [5]) }",
                "String cannot represent a non string value: 5",
            ),
            (
                "type A @model(subscriptions: {level: offf}) { a: Int }",
                "Value \"offf\" does not exist in \"ModelSubscriptionLevel\" enum. Did you mean the enum value \"off\"?",
            ),
            ("type A @model { a: Int @hasMany(limit: 1.5) }", "Int cannot represent non-integer value: 1.5"),
        ],
    );
}

#[test]
fn a_required_field_that_not_everybody_reads_is_refused() {
    let message = |fields: &str| {
        format!(
            "InvalidDirectiveError: When using field-level authorization rules you need to add rules to all of the \
             model's required fields with at least read permissions. Found model \"A\" with required fields [{fields}] \
             missing field-level authorization rules.\n\nFor more information visit \
             https://docs.amplify.aws/cli/graphql/authorization-rules/#field-level-authorization-rules"
        )
    };
    for (source, fields) in [
        // A role that comes with a field reads nothing else.
        (
            "type A @model { id: ID! a: Int! @auth(rules: [{allow: owner}]) b: Int! @auth(rules: [{allow: owner}]) }",
            "\"id\"",
        ),
        (
            "type A @model @auth(rules: [{allow: owner}]) { id: ID! a: Int! @auth(rules: [{allow: public}]) }",
            "\"id\",\"a\"",
        ),
        // The rules of the field leave reading out.
        (
            "type A @model @auth(rules: [{allow: owner}]) { b: Int a: Int! @auth(rules: [{allow: owner, operations: [update]}]) }",
            "\"a\"",
        ),
        // Everybody who signed in, and yet an API key as well.
        (
            "type A @model @auth(rules: [{allow: private}, {allow: public}]) { b: Int a: [Int]! @auth(rules: [{allow: private}]) }",
            "\"a\"",
        ),
    ] {
        assert_eq!(refused(source), [message(fields)], "{source}");
        for level in ["off", "public"] {
            let silent = source.replace("@model", &format!("@model(subscriptions: {{level: {level}}})"));
            assert_eq!(refused(&silent), Vec::<String>::new(), "{silent}");
        }
    }
    for accepted in [
        "type A @model @auth(rules: [{allow: owner}]) { a: Int @auth(rules: [{allow: public, operations: [update]}]) }",
        "type A @model @auth(rules: [{allow: private}]) { a: Int! @auth(rules: [{allow: private}, {allow: owner}]) }",
        // Whoever has signed in reads the field, owners among them.
        "type A @model @auth(rules: [{allow: private}, {allow: owner}]) { b: Int a: Int! @auth(rules: [{allow: private}]) }",
        // Who only lists is not asked for.
        "type A @model @auth(rules: [{allow: private}, {allow: public, operations: [list]}]) { b: Int a: Int! @auth(rules: [{allow: private}]) }",
        // A page of related records may be missing.
        "type A @model @auth(rules: [{allow: private}, {allow: public}]) { a: Int b: [B]! @hasMany @auth(rules: [{allow: private}]) }
         type B @model { b: Int }",
    ] {
        assert_eq!(refused(accepted), Vec::<String>::new(), "{accepted}");
    }
}

#[test]
fn keys_are_checked() {
    check(
        "InvalidDirectiveError",
        &[
            (
                "type A @model { a: ID! @primaryKey b: ID! @primaryKey }",
                "You may only supply one primary key on type 'A'.",
            ),
            (
                "type A @model { a: ID @primaryKey }",
                "The primary key on type 'A' must reference non-null fields.",
            ),
            (
                "type A @model { a: [ID]! @primaryKey }",
                "The primary key on type 'A.a' cannot be a non-scalar.",
            ),
            (
                "type A @model { a: ID! @primaryKey(sortKeyFields: [\"a\"]) }",
                "@primaryKey field 'a' cannot reference itself.",
            ),
            (
                "type A @model { a: ID! @primaryKey(sortKeyFields: \"b\") }",
                "Can't find field 'b' in A, but it was specified in the primary key.",
            ),
            (
                "type A { a: ID! @primaryKey }",
                "The @primaryKey directive may only be added to object definitions annotated with @model.",
            ),
            (
                "type A @model @auth(rules: [{allow: owner, ownerField: \"who\", identityClaim: \"a::b\"}]) \
                 { a: ID! @primaryKey(sortKeyFields: [\"who\"]) who: ID! }",
                "The primary key's sort key type 'who' cannot be used as an owner @auth field too. Please use another \
                 field for the sort key.",
            ),
            (
                "type A @model { a: ID! @primaryKey @index(name: \"byA\") }",
                "Invalid @index 'byA'. You may not create an index where the partition key is the same as that of the \
                 primary key unless the primary key has a sort field. You cannot have a local secondary index without \
                 a sort key in the primary key.",
            ),
            (
                "type A @model { a: ID @index(sortKeyFields: [\"b\"]) }",
                "Can't find field 'b' in A, but it was specified in index 'aSByAAndB'.",
            ),
        ],
    );
    let twice = "You may only supply one @index with the name 'byA' on type 'A'.";
    assert_eq!(
        refused("type A @model { a: ID @index(name: \"byA\") b: ID @index(name: \"byA\") }"),
        [format!("InvalidDirectiveError: {twice}"), format!("InvalidDirectiveError: {twice}")]
    );
    check(
        "Error",
        &[(
            "type A @model { a: ID @index(name: \"a\") }",
            "The indexName is invalid. It should be between 3 and 255 characters. Only A\u{2013}Z, a\u{2013}z, \
             0\u{2013}9, underscore characters, hyphens, and periods allowed.",
        )],
    );
    let single = "type A @model @auth(rules: [{allow: owner}]) { a: ID! @primaryKey(sortKeyFields: [\"owner\"]) owner: ID! }";
    let older = Project { default_claim_has_sub: false, ..Project::default() };
    assert_eq!(Schema::validate(single, "schema.graphql", &older).errors(), []);
}

#[test]
fn relations_are_checked() {
    check(
        "InvalidDirectiveError",
        &[
            (
                "type A @model { b: B @hasMany } type B @model { a: Int }",
                "@hasMany must be used with a list. Use @hasOne for non-list types.",
            ),
            (
                "type A @model { b: [B] @hasOne } type B @model { a: Int }",
                "@hasOne cannot be used with lists. Use @hasMany instead.",
            ),
            (
                "type A @model { b: B @hasOne } type B { a: Int }",
                "Object type B must be annotated with @model.",
            ),
            (
                "type A { b: B @hasOne } type B @model { a: Int }",
                "@hasOne must be on an @model object type field.",
            ),
            (
                "type A @model { b: B @belongsTo } type B @model { a: Int }",
                "B must have a relationship with A in order to use @belongsTo.",
            ),
            (
                "type A @model { b: B @hasOne(fields: [\"c\"]) } type B @model { a: Int }",
                "c is not a field in A",
            ),
            (
                "type A @model { b: [B] @hasMany(indexName: \"byC\", fields: [\"id\"]) id: ID! } type B @model { a: Int }",
                "Index byC does not exist for model B",
            ),
            (
                "type A @model { c: Int b: B @hasOne(fields: [\"c\"]) } type B @model { a: Int }",
                "c field is not of type ID",
            ),
            (
                "type A @model { c: ID d: ID b: B @hasOne(fields: [\"c\", \"d\"]) } type B @model { a: Int }",
                "Invalid @hasOne directive on b. Partial sort keys are not accepted.",
            ),
            (
                "type A @model { b: [B] @hasMany(references: [\"aId\"]) } type B @model { a: Int }",
                "aId is not a field in B",
            ),
            (
                "type A @model { b: [B] @hasMany(references: [\"aId\"]) } type B @model { aId: ID }",
                "Uni-directional relationships are not supported. Add a @belongsTo field in B to match the @hasMany \
                 field A.b, and ensure the number and type of reference fields match the number and type of primary \
                 key fields in A.",
            ),
            (
                "type A @model { b: [B!] @hasMany(references: [\"aId\"]) } type B @model { aId: ID a: A @belongsTo(references: [\"aId\"]) }",
                "@hasMany fields must not be required. Change 'A.b: [B!]' to 'A.b: [B]'",
            ),
            (
                "type A @model { b: [B] @hasMany(references: [\"aId\"]) } type B @model { aId: Int a: A @belongsTo(references: [\"aId\"]) }",
                "Type mismatch between primary key field(s) of A and reference fields of B. Type of A.id does not match \
                 type of B.aId",
            ),
            (
                "type A @model { b: [B] @manyToMany(relationName: \"AB\") } type B @model { b: Int }",
                "@manyToMany relation 'AB' must be used in exactly two locations.",
            ),
            (
                "type A @model { b: [B] @manyToMany(relationName: \"AB\") } type B @model { a: [B] @manyToMany(relationName: \"AB\") }",
                "@manyToMany relation 'AB' expects 'B' but got 'A'.",
            ),
        ],
    );
    assert_eq!(
        refused("type A @model { b: [B] @hasMany } type B { a: Int }"),
        ["TypeError: Object type B must be annotated with @model."]
    );
}

#[test]
fn what_a_sql_database_cannot_do_is_refused() {
    let project = Project { sql: true, ..Project::default() };
    for (source, message) in [
        (
            "type A @model @auth(rules: [{allow: owner, operations: [sync]}]) { a: ID! @primaryKey }",
            "@auth on A cannot specify 'sync' operation as it is not supported for SQL data sources",
        ),
        (
            "type A @model @auth(rules: [{allow: owner, operations: [search]}]) { a: ID! @primaryKey }",
            "@auth on A cannot specify 'search' operation as it is not supported for SQL data sources",
        ),
        ("type A @model { a: ID! }", "SQL model \"A\" must contain a primary key field"),
    ] {
        let validation = Schema::validate(source, "schema.graphql", &project);
        assert_eq!(validation.errors().first().map(|error| error.message()), Some(message));
    }
}

#[test]
fn warnings_are_given_in_the_references_words_and_order() {
    let reassign = |models: &str| {
        format!(
            "WARNING: owners may reassign ownership for the following model(s) and role(s): {models}. If this is not \
             intentional, you may want to apply field-level authorization rules to these fields. To read more: \
             https://docs.amplify.aws/cli/graphql/authorization-rules/#per-user--owner-based-data-access."
        )
    };
    let iam = "WARNING: Schema is using an @auth directive with deprecated provider 'iam'. Replace 'iam' provider with \
               'identityPool' provider.";
    let case = "WARNING: Schema field \"Who\" and ownerField \"who\" in type A are getting added to your schema but could \
                be referencing the same owner field. If this is not intentional, you may want to change one of the \
                fields to the correct name.\n";
    let private_iam = "type B @model @auth(rules: [{allow: private, provider: iam}]) { b: Int }";
    for (source, expected) in [
        ("type A @model @auth(rules: [{allow: private}]) { a: Int }".to_owned(), vec![]),
        // An owner field that is implied can be changed whatever the operations are; a declared one by whoever may.
        (
            "type A @model @auth(rules: [{allow: owner, operations: [read]}]) { a: Int }".to_owned(),
            vec![reassign("A: [owner]")],
        ),
        (
            "type A @model @auth(rules: [{allow: owner, operations: [read]}]) { owner: String }".to_owned(),
            vec![],
        ),
        (
            "type A @model @auth(rules: [{allow: owner, provider: oidc}, {allow: owner, ownerField: \"editors\"}]) \
             { editors: [String] }"
                .to_owned(),
            vec![reassign("A: [owner, editors]")],
        ),
        (
            "type A @model @auth(rules: [{allow: owner, ownerField: \"who\"}]) { a: Int }".to_owned(),
            vec![],
        ),
        // The last model that has rules is the one that is looked at.
        (format!("type A @model @auth(rules: [{{allow: private}}]) {{ a: Int }} {private_iam}"), vec![iam.to_owned()]),
        (format!("{private_iam} type A @model @auth(rules: [{{allow: private}}]) {{ a: Int }}"), vec![]),
        (
            format!("type A @model @auth(rules: [{{allow: owner, ownerField: \"who\"}}, {{allow: owner}}]) {{ Who: String }} {private_iam}"),
            vec![case.to_owned(), reassign("A: [owner]"), iam.to_owned()],
        ),
        // The model between two others has the rules of both.
        (
            "type A @model @auth(rules: [{allow: owner}]) { owner: Int b: [B] @manyToMany(relationName: \"AB\") }
             type B @model @auth(rules: [{allow: private}]) { a: [A] @manyToMany(relationName: \"AB\") }"
                .to_owned(),
            vec![reassign("A: [owner], AB: [owner]")],
        ),
    ] {
        let validation = validate(&source);
        assert_eq!(validation.errors(), [], "{source}");
        assert_eq!(validation.warnings(), expected, "{source}");
    }
    let older = Project { default_claim_has_sub: false, ..Project::default() };
    let source = "type A @model @auth(rules: [{allow: owner}]) { a: Int }";
    let warnings = Schema::validate(source, "schema.graphql", &older).warnings().to_vec();
    assert!(warnings.iter().any(|warning| warning.contains("will change the default identity claim")));
}

#[test]
fn all_of_the_language_is_read_even_where_no_door_serves_it() {
    let source = "
        type Query { hello(to: [String!]): String @function(name: \"greet\") @auth(rules: [{allow: groups, groups: [\"A\", \"A\"]}, {allow: owner}]) open: Int }
        extend type Mutation { go: Int @auth(rules: [{allow: owner}]) }
        type Mutation { stop: Int }
        type Thing { a: Int @auth(rules: [{allow: public}]) b: Int }
        type Blog @model(subscriptions: {level: off}) @auth(rules: [{allow: private, groups: [\"A\"]}]) {
          host: ID! @primaryKey(sortKeyFields: [\"name\"])
          name: String! @index(name: \"byName\", queryField: \"blogsNamed\") @index(sortKeyFields: \"host\", queryField: null)
          posts: [Post] @hasMany(indexName: \"byBlog\", fields: [\"host\"])
        }
        type Post @model { blog: ID! @index(name: \"byBlog\") }";
    let validation = validate(source);
    assert_eq!(validation.errors(), []);
    let Some(schema) = validation.schema() else { panic!("accepted") };
    let fields: Vec<_> = schema
        .custom_fields()
        .iter()
        .map(|field| {
            let rules: Option<Vec<String>> =
                field.rules().map(|model| model.rules().iter().map(ToString::to_string).collect());
            let arguments: Vec<_> = field.arguments().collect();
            format!(
                "{}.{}{arguments:?}: {} {:?} {rules:?}",
                field.type_name(),
                field.name(),
                field.kind(),
                field.functions()
            )
        })
        .collect();
    assert_eq!(
        fields,
        [
            r#"Query.hello[("to", "[String!]")]: String ["greet"] Some(["{ allow: groups, groups: [\"A\"], operations: [read] }"])"#,
            "Query.open[]: Int [] None",
            "Mutation.go[]: Int [] Some([])",
            "Mutation.stop[]: Int [] None",
            r#"Thing.a[]: Int [] Some(["{ allow: public, operations: [read] }"])"#,
        ]
    );
    let Some(blog) = schema.model("Blog") else { panic!("a model") };
    assert_eq!(blog.key().fields().collect::<Vec<_>>(), ["host", "name"]);
    let indexes: Vec<_> =
        blog.indexes().iter().map(|index| (index.name.as_str(), index.query_field.as_deref())).collect();
    assert_eq!(indexes, [("byName", Some("blogsNamed")), ("blogsByNameAndHost", None)]);
    let relations: Vec<_> = blog
        .relations()
        .iter()
        .map(|relation| (relation.field.as_str(), relation.kind, relation.model.as_str()))
        .collect();
    assert_eq!(relations, [("posts", RelationKind::HasMany, "Post")]);
    assert!(!blog.has_subscriptions() && blog.field("id").is_none());
    assert_eq!(
        blog.rules().rules().iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["{ allow: groups, groups: [\"A\"] }"]
    );
    assert!(Schema::read(source, "schema.graphql", &Project::default()).is_ok());
    assert!(Schema::parse(source, "schema.graphql").is_err());
}

#[test]
fn an_owner_rule_of_a_field_alone_adds_the_owner() {
    let source = "type Note @model @auth(rules: [{allow: private, operations: [read]}]) { a: Int @auth(rules: [{allow: owner}]) }";
    let schema = Schema::parse(source, "schema.graphql");
    let owner =
        schema.as_ref().ok().and_then(|schema| schema.model("Note")).and_then(|note| note.field("owner"));
    assert!(owner.is_some_and(|owner| !owner.in_create() && !owner.in_update()));
}

#[test]
fn a_door_refuses_more_than_the_reference() {
    for (source, told) in [
        ("type Query { a: Int }", "nobody answers `a`: give it a `@function`"),
        ("type A @model { a: BigInt }", "the type `BigInt` is not supported yet"),
        (
            "type A @model @auth(rules: [{allow: private, groupsField: \"a\"}]) { a: String }",
            "`groupsField` says nothing in an `allow: private` rule; it belongs to `allow: groups`",
        ),
        (
            "type __A { a: Int }",
            "Name \"__A\" must not begin with \"__\", which is reserved by GraphQL introspection.",
        ),
    ] {
        let validation = validate(source);
        assert_eq!(validation.errors(), [], "{source}");
        let messages: Vec<_> = validation.stricter().iter().map(|error| error.message()).collect();
        assert_eq!(messages, [told], "{source}");
        assert!(validation.into_served().is_err());
    }
}

/// What the reference says, made out by running it.
#[test]
fn what_only_the_api_as_a_whole_shows_is_told_of() {
    for (source, message) in [
        ("extend type B { b: Int } type A @model { a: Int }", "Cannot extend nonexistent type 'B'."),
        (
            "type A @model { a: Int } extend type A { a: Int }",
            "Object type extension 'A' cannot redeclare field a",
        ),
        ("enum E { X } extend enum E { X }", "Enum type extension 'E' cannot redeclare value X"),
        (
            "type Box @model { a: Int } type Boxes @model { a: Int }",
            "Object type extension 'Query' cannot redeclare field listBoxes",
        ),
        (
            "type A @model { a: ID @index(queryField: \"q\") } type Query { q: Int }",
            "Object type extension 'Query' cannot redeclare field q",
        ),
        (
            "type A @model(queries: {get: \"q\", list: \"q\"}) { a: Int }",
            "A resolver for typeName Query fieldName: q already exists",
        ),
        ("type A @model { a: Boolean! @primaryKey }", "Boolean values cannot be used as sort keys."),
        (
            "type A @model { b: B @hasOne @belongsTo } type B @model { a: A @hasOne }",
            "A resolver for typeName A fieldName: b already exists",
        ),
        (
            "type A @model @auth(rules: [{allow: owner, ownerField: \"author\"}, {allow: owner, ownerField: \"Author\"}]) { c: Int }",
            "There is already a Construct with name 'AAuthorDataResolverFn' in TransformerNestedStack [A]",
        ),
        (
            "type A @model @refersTo(name: \"x\") { a: Int }",
            "@refersTo is only supported on SQL models. A is not a SQL model.",
        ),
        ("type Query { a: Int @sql(statement: \"x\") }", "Could not find custom SQL strategy for Query.a"),
    ] {
        let first = refused(source).into_iter().next();
        assert_eq!(first, Some(format!("Error: {message}")), "{source}");
    }
    check(
        "InvalidDirectiveError",
        &[
            (
                "type A @model { a: ID! @primaryKey(sortKeyFields: [\"b\"]) b: Boolean! c: Int @index(sortKeyFields: [\"a\"]) }",
                "Sort Key Condition could not be constructed for field 'b'",
            ),
            (
                "type B @model { bs: [B] @manyToMany(relationName: \"x\") b2: [B] @manyToMany(relationName: \"x\") }",
                "You may only supply one @index with the name 'byB' on type 'X'.",
            ),
            (
                "type A @model @auth(rules: {allow: owner}) { a: Int }",
                "@auth on A does not have any auth rules.",
            ),
        ],
    );
    for (source, words) in [
        ("type A @model { id: [ID!]! a: Int }", "Cannot read properties of undefined (reading 'value')"),
        (
            "type A @model @auth(rules: [{allow: owner, operations: read}]) { a: Int }",
            "operations.some is not a function",
        ),
    ] {
        let validation = validate(source);
        assert_eq!(validation.errors().first().map(|error| error.reference_message()), Some(words));
    }
}

#[test]
fn defaults_are_checked() {
    let field = |field: &str| format!("enum E {{ X Y }} type B {{ b: Int }} type A @model {{ a: {field} }}");
    for good in [
        "Int @default(value: \"1\")",
        "AWSTimestamp @default(value: \"12abc\")",
        "Float @default(value: \".5x\")",
        "Boolean @default(value: \"TRUE\")",
        "E @default(value: \"X\")",
        "AWSTime @default(value: \"12:00:00Z\")",
        "AWSEmail @default(value: \"a@localhost\")",
        "AWSURL @default(value: \"foo:bar\")",
        "AWSPhone @default(value: \"+12065550100\")",
        "AWSIPAddress @default(value: \"::1\")",
    ] {
        assert_eq!(refused(&field(good)), Vec::<String>::new(), "{good}");
    }
    for (bad, message) in [
        ("Int @default(value: \"x\")", "Default value \"x\" is not a valid Int."),
        ("Boolean @default(value: \"yes\")", "Default value \"yes\" is not a valid Boolean."),
        ("E @default(value: \"Z\")", "Default value \"Z\" is not a member of E enum."),
        ("AWSDate @default(value: \"2024-02-29Z\")", "Default value \"2024-02-29Z\" is not a valid AWSDate."),
        ("AWSTime @default(value: \"12:00:00\")", "Default value \"12:00:00\" is not a valid AWSTime."),
        ("AWSEmail @default(value: \"a\")", "Default value \"a\" is not a valid AWSEmail."),
        ("AWSURL @default(value: \"https://\")", "Default value \"https://\" is not a valid AWSURL."),
        (
            "AWSPhone @default(value: \"12065550100\")",
            "Default value \"12065550100\" is not a valid AWSPhone.",
        ),
        (
            "AWSIPAddress @default(value: \"192.0.2.0/24\")",
            "Default value \"192.0.2.0/24\" is not a valid AWSIPAddress.",
        ),
        ("AWSJSON @default(value: \"{\")", "Default value \"{\" is not a valid AWSJSON."),
        ("Int @default", "The @default directive requires a value property on non-Postgres datasources."),
        ("Int @default(value: null)", "The @default directive does not support null values."),
        (
            "[Int] @default(value: \"1\")",
            "The @default directive may only be added to scalar or enum field types.",
        ),
        (
            "B @default(value: \"1\")",
            "The @default directive may only be added to scalar or enum field types.",
        ),
    ] {
        assert_eq!(refused(&field(bad)), [format!("InvalidDirectiveError: {message}")], "{bad}");
    }
}

#[test]
fn other_directives_are_checked() {
    check(
        "InvalidDirectiveError",
        &[
            (
                "type Mutation { a(b: Int): [Int!]! @function(name: \"x\", invocationType: Event) }",
                "Invalid return type [Int!]! for a(b: Int): [Int!]! @function(name: x, invocationType: Event).\nUse return \
                 type 'EventInvocationResponse' and, if necessary, add 'type EventInvocationResponse { success: Boolean! }' \
                 to your model schema.",
            ),
            (
                "type A { a: Int @function(name: \"x\", invocationType: Event) }",
                "@function definition with 'invocationType: Event' must be defined on Query or Mutation field.",
            ),
            (
                "type A @model { a: Int @validate(type: gt, value: \"x\") }",
                "gt value must be a number. Received 'x' for field 'a'",
            ),
            (
                "type A @model { a: String @validate(type: minLength, value: \"-1\") }",
                "minLength value must be a non-negative integer. Received '-1' for field 'a'",
            ),
            (
                "type A @model { a: String @validate(type: minLength, value: \"1\") @default(value: \"a\") }",
                "@validate directive must be specified after @default directive",
            ),
            (
                "type A @model @mapsTo(name: \"B\") { a: Int } type B @model { a: Int }",
                "Cannot apply @mapsTo with name \"B\" on type \"A\" because \"B\" model already exists in the schema.",
            ),
            (
                "type Query { a: String @predictions(actions: [identifyText]) }",
                "Please configure storage in your project in order to use the @predictions directive",
            ),
        ],
    );
}
