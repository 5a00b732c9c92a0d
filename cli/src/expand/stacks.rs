//! The resolvers of a large API: a stack for each model, and one for what is about none.
//!
//! A resolver stays in its stack as long as its model keeps its name. AppSync takes one resolver for a field, and
//! CloudFormation makes what is new before it removes what is old: a resolver cannot move from one stack to another in one
//! deployment.

use std::{collections::HashSet, fmt::Write as _};

use super::resolvers::{References, Resolver, logical_id};

/// The folder of the stacks' templates, beside the template.
pub(crate) const FOLDER: &str = "appsync-resolvers";

/// The stack of what is about no model. No model's ends like this.
const FUNCTIONS: &str = "ResolversOfFunctions";

/// What stands at the top of each of them.
const HEADER: &str =
    "# Made by `portcullis expand --write` from schema.graphql. Change that file, and not this one.
AWSTemplateFormatVersion: \"2010-09-09\"
Parameters:
  ApiId: { Type: String }
  DataSourceName: { Type: String }
Resources:
";

const BY_PARAMETERS: References =
    References { api_id: "!Ref ApiId", data_source: "!Ref DataSourceName", wait: "" };

/// A stack.
pub(crate) struct Stack<'a> {
    model: Option<&'a str>,
    name: String,
    /// Its template.
    pub(crate) text: String,
}

impl Stack<'_> {
    /// The name of the file of its template.
    pub(crate) fn file(&self) -> String {
        format!("{}.yaml", self.name)
    }
}

/// The stacks, in the order in which the API first speaks of them.
pub(crate) fn stacks<'a>(resolvers: &[Resolver<'a>]) -> Vec<Stack<'a>> {
    let mut names = HashSet::new();
    let mut stacks: Vec<Stack<'a>> = Vec::new();
    for resolver in resolvers {
        let place = stacks.iter().position(|stack| stack.model == resolver.model).unwrap_or(stacks.len());
        if place == stacks.len() {
            let name = match resolver.model {
                Some(model) => logical_id([model], "Resolvers", &mut names),
                None => FUNCTIONS.to_owned(),
            };
            stacks.push(Stack { model: resolver.model, name, text: HEADER.to_owned() });
        }
        if let Some(stack) = stacks.get_mut(place) {
            resolver.write(&BY_PARAMETERS, &mut stack.text);
        }
    }
    stacks
}

/// The resources that stand for the stacks, two spaces in.
pub(crate) fn section(stacks: &[Stack<'_>]) -> String {
    let mut text = String::new();
    for stack in stacks {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "  {}:
    Type: AWS::CloudFormation::Stack
    DependsOn: GraphqlSchema
    Properties:
      TemplateURL: {FOLDER}/{}
      Parameters:
        ApiId: !GetAtt GraphqlApi.ApiId
        DataSourceName: !GetAtt ResolversDataSource.Name
",
            stack.name,
            stack.file()
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use portcullis_schema::Schema;

    use super::*;
    use crate::expand::resolvers::resolvers;

    #[test]
    fn each_model_has_a_stack_with_all_that_is_about_it() {
        let schema = Schema::parse(
            "type Blog @model(mutations: null, subscriptions: null) @auth(rules: [{allow: owner}]) {
                name: String posts: [Post] @hasMany secret: String @auth(rules: [{allow: groups, groups: [\"staff\"]}]) }
            type Post @model(queries: {get: \"post\", list: null}, mutations: null, subscriptions: null)
                @auth(rules: [{allow: owner}]) { text: String }
            type Query { hello: String @function(name: \"hello\") @auth(rules: [{allow: private}]) }",
            "schema.graphql",
        );
        let schema = schema.unwrap();
        let expanded = schema.expand();
        let stacks = stacks(&resolvers(&schema, &expanded));
        let fields = |stack: &Stack<'_>| -> Vec<String> {
            let lines = stack.text.lines().filter_map(|line| line.trim().strip_prefix("FieldName: "));
            lines.map(str::to_owned).collect()
        };
        let found: Vec<(String, Vec<String>)> = stacks.iter().map(|it| (it.file(), fields(it))).collect();
        let expected = [
            ("BlogResolvers.yaml", vec!["name", "posts", "secret", "getBlog", "listBlogs"]),
            ("ResolversOfFunctions.yaml", vec!["hello"]),
            ("PostResolvers.yaml", vec!["post"]),
        ];
        let expected =
            expected.map(|(file, fields)| (file.to_owned(), fields.into_iter().map(str::to_owned).collect()));
        assert_eq!(found, expected);
        let section = section(&stacks);
        assert_eq!(section.matches("AWS::CloudFormation::Stack\n    DependsOn: GraphqlSchema\n").count(), 3);
        assert!(section.contains("      TemplateURL: appsync-resolvers/BlogResolvers.yaml\n"), "{section}");
        assert!(!stacks.iter().any(|stack| stack.text.contains("GraphqlApi")));
    }
}
