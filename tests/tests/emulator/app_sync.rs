//! The released function of the GraphQL API.

use portcullis_tests::{Template, repository};
use serde_json::Value;

use crate::Ministack;

/// What the template says of each field that the function answers.
fn resolvers() -> String {
    let template = Template::read().unwrap();
    let resolvers = template.of_type("AWS::AppSync::Resolver");
    resolvers.map(|(_, resolver)| resolver["Properties"].clone()).collect::<Value>().to_string()
}

fn run(case: &str) {
    let schema = repository().join("appsync.graphql");
    let variables = [("RESOLVERS", resolvers()), ("SCHEMA", schema.display().to_string())];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    Ministack::start().run_script("app_sync.py", case, &variables);
}

#[test]
fn ministack_which_shows_errors_as_data_and_knows_users_of_the_pool_alone_gets_its_answers_from_direct_lambda_resolvers()
 {
    run("direct");
}

#[test]
fn identities_batches_and_headers_as_documented_which_ministack_does_not_send_are_answered_by_the_released_function()
 {
    run("events");
}

#[test]
fn the_released_function_of_the_http_api_answers_graphql_where_it_is_turned_on() {
    run("http-api");
}
