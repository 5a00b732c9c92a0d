//! The resolvers of an API, as resources of a CloudFormation template.
//!
//! Each field that has an answer of its own is answered by one Lambda function. The names of what the resolvers refer to
//! are `GraphqlApi`, `GraphqlSchema` and `ResolversDataSource`.
//!
//! 1. Operations and functions are direct Lambda resolvers: the function gets AppSync's context, and its answer is the
//!    field's.
//! 2. Fields with related records are too, and get the contexts of many records at once; so are fields that rules keep from
//!    some of those who get the record.
//! 3. A subscription's resolver gets the same context. It answers `{"filter": ..}`, which AppSync then applies to every
//!    event: only a response handler can set it.
//!
//! CloudFormation takes 500 resources and 1 MB in a template. A model takes eight of them (two queries, three mutations, three
//! subscriptions), and one more for each index, relation and guarded field. Where that is too much, each model gets a
//! [stack of its own](super::stacks).

use std::{collections::HashSet, fmt::Write as _};

use portcullis_schema::{ExpandedField, ExpandedSchema, FieldSource, Schema};

/// How many records' relations are asked for in one call. AppSync takes up to 2000; an answer has a limit of size.
const BATCH: u32 = 100;

/// Sets the filter that the function answers. The function is asked for a list of one: of a list each answer says its own error,
/// where a handler learns of a failed call no more than its text.
const SUBSCRIBE: &str = "      Runtime:
        Name: APPSYNC_JS
        RuntimeVersion: 1.0.0
      Code: |
        import { extensions, util } from '@aws-appsync/utils';
        export function request(ctx) {
          const { args, identity, source, request, info, stash } = ctx;
          const context = { arguments: args, identity, source, request, info, stash, prev: null };
          return { operation: 'Invoke', payload: [context] };
        }
        export function response(ctx) {
          if (ctx.error) {
            util.error(ctx.error.message, ctx.error.type);
          }
          const answer = ctx.result ? ctx.result[0] : null;
          if (answer && answer.errorMessage) {
            util.error(answer.errorMessage, answer.errorType);
          }
          // A function that says nothing is not understood: nobody listens unfiltered by mistake.
          if (!answer || !answer.data || answer.data.filter === undefined) {
            util.error('The subscription could not be checked.', 'InternalFailure');
          }
          if (answer.data.filter) {
            extensions.setSubscriptionFilter(answer.data.filter);
          }
          return null;
        }
";

/// A field that has an answer of its own.
pub(crate) struct Resolver<'a> {
    /// The name of the resource.
    name: String,
    of: &'a str,
    field: &'a str,
    kind: Kind,
    /// The model that it is about, if it is about one.
    pub(crate) model: Option<&'a str>,
}

/// How a field is answered.
#[derive(Clone, Copy)]
enum Kind {
    /// For one object.
    Direct,
    /// For many objects at once.
    Batch,
    /// By a filter of events.
    Subscription,
}

/// What a resolver refers to, as the template that holds it names it.
pub(crate) struct References {
    /// The id of the API.
    pub(crate) api_id: &'static str,
    /// The name of the data source.
    pub(crate) data_source: &'static str,
    /// A line that has the resolver wait for the schema.
    pub(crate) wait: &'static str,
}

/// In the template of the API itself.
const BESIDE_THE_API: References = References {
    api_id: "!GetAtt GraphqlApi.ApiId",
    data_source: "!GetAtt ResolversDataSource.Name",
    wait: "    DependsOn: GraphqlSchema\n",
};

impl Kind {
    fn of(schema: &Schema, of: &str, field: &ExpandedField) -> Option<Self> {
        match &field.source {
            Some(FieldSource::Relation { .. }) => Some(Self::Batch),
            Some(FieldSource::Subscription { .. }) => Some(Self::Subscription),
            Some(_) => Some(Self::Direct),
            None if ["Query", "Mutation", "Subscription"].contains(&of) => None,
            None => schema.is_guarded(of, &field.name).then_some(Self::Batch),
        }
    }
}

impl Resolver<'_> {
    /// Adds the resource, two spaces in.
    pub(crate) fn write(&self, references: &References, text: &mut String) {
        let Self { name, of, field, .. } = self;
        let References { api_id, data_source, wait } = references;
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "  {name}:
    Type: AWS::AppSync::Resolver
{wait}    Properties:
      ApiId: {api_id}
      TypeName: {of}
      FieldName: {field}
      Kind: UNIT
      DataSourceName: {data_source}
"
        );
        match self.kind {
            Kind::Direct => {}
            Kind::Batch => {
                let _ = writeln!(text, "      MaxBatchSize: {BATCH}");
            }
            Kind::Subscription => text.push_str(SUBSCRIBE),
        }
    }
}

/// The fields that have an answer of their own.
pub(crate) fn resolvers<'a>(schema: &Schema, expanded: &'a ExpandedSchema) -> Vec<Resolver<'a>> {
    let mut names = HashSet::new();
    let fields =
        expanded.types().iter().flat_map(|it| it.fields().iter().map(move |field| (&it.name, field)));
    let resolvers = fields.filter_map(|(of, field)| {
        let kind = Kind::of(schema, of, field)?;
        let model = match &field.source {
            Some(source) => source.model(),
            None => schema.model(of).map(|_| of.as_str()),
        };
        let name = logical_id([of, &field.name], "Resolver", &mut names);
        Some(Resolver { name, of, field: &field.name, kind, model })
    });
    resolvers.collect()
}

/// The resources, two spaces in.
pub(crate) fn section(resolvers: &[Resolver<'_>]) -> String {
    let mut text = String::new();
    resolvers.iter().for_each(|resolver| resolver.write(&BESIDE_THE_API, &mut text));
    text
}

/// A name of letters and digits, made of these words, unlike the others.
pub(crate) fn logical_id<const N: usize>(
    words: [&str; N],
    kind: &str,
    names: &mut HashSet<String>,
) -> String {
    let capital = |word: &str| -> String {
        let mut letters = word.chars().filter(char::is_ascii_alphanumeric);
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
    };
    let name = words.map(capital).concat() + kind;
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
    use super::*;

    fn of(source: &str) -> String {
        let schema = Schema::parse(source, "schema.graphql").unwrap();
        section(&resolvers(&schema, &schema.expand()))
    }

    #[test]
    fn each_field_with_an_answer_of_its_own_has_a_resolver() {
        let section = of("type Blog @model(mutations: {update: null}) @auth(rules: [{allow: owner}]) {
                name: String posts: [Post] @hasMany secret: String @auth(rules: [{allow: groups, groups: [\"staff\"]}]) }
            type Post @model(queries: null, mutations: null) @auth(rules: [{allow: owner}]) {
                text: String kind: ID @index(name: \"byKind\", queryField: \"postsOfKind\") blog: Blog @belongsTo }
            type Query { hello(name: String): Card @function(name: \"hello\") @auth(rules: [{allow: private}]) }
            type Card { text: String hint: String @auth(rules: [{allow: groups, groups: [\"staff\"]}]) }");
        let names: Vec<&str> = section
            .lines()
            .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
            .map(|line| line.trim().trim_end_matches(':'))
            .collect();
        let expected = [
            // Whoever reads the secret alone does not read the name.
            "BlogNameResolver",
            "BlogPostsResolver",
            "BlogSecretResolver",
            "PostBlogResolver",
            "QueryHelloResolver",
            "QueryGetBlogResolver",
            "QueryListBlogsResolver",
            "QueryPostsOfKindResolver",
            "CardHintResolver",
            "MutationCreateBlogResolver",
            "MutationDeleteBlogResolver",
            "SubscriptionOnCreateBlogResolver",
            "SubscriptionOnDeleteBlogResolver",
        ];
        assert_eq!(names, expected);
        assert_eq!(section.matches("MaxBatchSize: 100\n").count(), 5);
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
            .map(|(of, field)| logical_id([of, field], "Resolver", &mut names));
        assert_eq!(made, ["QueryGetnoteResolver", "QueryGetnoteResolver2", "QueryGetNoteResolver"]);
    }
}
