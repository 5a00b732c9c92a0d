//! The resolvers of an API, as resources of a CloudFormation template.
//!
//! Each field that has an answer of its own is answered by one Lambda function. The names of what the resolvers refer to
//! are `GraphqlApi`, `GraphqlSchema` and `ResolversDataSource`.
//!
//! 1. Operations and functions are direct Lambda resolvers: the function gets AppSync's context, and its answer is the
//!    field's.
//! 2. Fields with related records are too, and get the contexts of many records at once.
//! 3. A subscription's resolver gets the same context. It answers `{"filter": ..}`, which AppSync then applies to every
//!    event: only a response handler can set it.

use std::{collections::HashSet, fmt::Write as _};

use portcullis_schema::{ExpandedSchema, FieldSource};

/// How many records' relations are asked for in one call. AppSync takes up to 2000; an answer has a limit of size.
const BATCH: u32 = 100;

/// Sets the filter that the function answers.
const SUBSCRIBE: &str = "      Runtime:
        Name: APPSYNC_JS
        RuntimeVersion: 1.0.0
      Code: |
        import { extensions, util } from '@aws-appsync/utils';
        export function request(ctx) {
          const { args, identity, source, request, info, stash } = ctx;
          const payload = { arguments: args, identity, source, request, info, stash, prev: null };
          return { operation: 'Invoke', payload };
        }
        export function response(ctx) {
          if (ctx.error) {
            util.error(ctx.error.message, ctx.error.type);
          }
          // A function that says nothing is not understood: nobody listens unfiltered by mistake.
          if (!ctx.result || ctx.result.filter === undefined) {
            util.error('The subscription could not be checked.', 'InternalFailure');
          }
          if (ctx.result.filter) {
            extensions.setSubscriptionFilter(ctx.result.filter);
          }
          return null;
        }
";

/// The resources, two spaces in.
pub(crate) fn section(expanded: &ExpandedSchema) -> String {
    let mut text = String::new();
    let mut names = HashSet::new();
    for (of, field, source) in expanded.sources() {
        let name = logical_id(of, &field.name, &mut names);
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "  {name}:
    Type: AWS::AppSync::Resolver
    DependsOn: GraphqlSchema
    Properties:
      ApiId: !GetAtt GraphqlApi.ApiId
      TypeName: {of}
      FieldName: {}
      Kind: UNIT
      DataSourceName: !GetAtt ResolversDataSource.Name
",
            field.name
        );
        match source {
            FieldSource::Relation { .. } => {
                let _ = writeln!(text, "      MaxBatchSize: {BATCH}");
            }
            FieldSource::Subscription { .. } => text.push_str(SUBSCRIBE),
            _ => {}
        }
    }
    text
}

/// A name of letters and digits for the resolver of a field, unlike the others.
fn logical_id(of: &str, field: &str, names: &mut HashSet<String>) -> String {
    let capital = |word: &str| -> String {
        let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    };
    let name = format!("{}{}Resolver", capital(of), capital(field));
    let mut candidate = name.clone();
    let mut number = 2;
    while !names.insert(candidate.clone()) {
        candidate = format!("{name}{number}");
        number += 1;
    }
    candidate
}

#[cfg(test)]
mod tests {
    use portcullis_schema::Schema;

    use super::*;

    fn of(source: &str) -> String {
        section(&Schema::parse(source, "schema.graphql").unwrap().expand())
    }

    #[test]
    fn each_field_with_an_answer_of_its_own_has_a_resolver() {
        let section = of("type Blog @model(mutations: {update: null}) @auth(rules: [{allow: owner}]) {
                name: String posts: [Post] @hasMany }
            type Post @model(queries: null, mutations: null) @auth(rules: [{allow: owner}]) {
                text: String kind: ID @index(name: \"byKind\", queryField: \"postsOfKind\") blog: Blog @belongsTo }
            type Query { hello(name: String): String @function(name: \"hello\") @auth(rules: [{allow: private}]) }");
        let names: Vec<&str> = section
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .map(|line| line.trim().trim_end_matches(':'))
            .collect();
        let expected = [
            "BlogPostsResolver",
            "PostBlogResolver",
            "QueryHelloResolver",
            "QueryGetBlogResolver",
            "QueryListBlogsResolver",
            "QueryPostsOfKindResolver",
            "MutationCreateBlogResolver",
            "MutationDeleteBlogResolver",
            "SubscriptionOnCreateBlogResolver",
            "SubscriptionOnDeleteBlogResolver",
        ];
        assert_eq!(names, expected);
        assert_eq!(section.matches("MaxBatchSize: 100\n").count(), 2);
        assert_eq!(section.matches("extensions.setSubscriptionFilter").count(), 2);
        assert!(section.contains("ResolversDataSource.Name\n      Runtime:\n        Name: APPSYNC_JS\n"));
    }

    #[test]
    fn a_resolver_is_written_like_this() {
        let section =
            of("type Query { hello: String @function(name: \"hello\") @auth(rules: [{allow: private}]) }");
        assert_eq!(
            section,
            "  QueryHelloResolver:
    Type: AWS::AppSync::Resolver
    DependsOn: GraphqlSchema
    Properties:
      ApiId: !GetAtt GraphqlApi.ApiId
      TypeName: Query
      FieldName: hello
      Kind: UNIT
      DataSourceName: !GetAtt ResolversDataSource.Name
"
        );
    }

    #[test]
    fn names_that_differ_in_what_cloudformation_does_not_take_stay_apart() {
        let mut names = HashSet::new();
        let made = [("Query", "get_note"), ("Query", "getnote"), ("Query", "getNote")]
            .map(|(of, field)| logical_id(of, field, &mut names));
        assert_eq!(made, ["QueryGetnoteResolver", "QueryGetnoteResolver2", "QueryGetNoteResolver"]);
    }
}
