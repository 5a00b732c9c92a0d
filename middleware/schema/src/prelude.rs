//! The directives that Amplify and AppSync define, as GraphQL writes them.

use std::sync::LazyLock;

use apollo_compiler::{ast::Document, parser::Parser};

/// What every schema is read against.
static PRELUDE: LazyLock<Document> =
    LazyLock::new(|| Parser::new().parse_ast(TEXT, "").unwrap_or_else(|with_errors| with_errors.partial));

/// The same, with what this project adds.
static EXTENDED: LazyLock<Document> = LazyLock::new(|| {
    let text =
        TEXT.replace("operations: [ModelOperation]\n", "operations: [ModelOperation] and: [AuthRule!]\n");
    Parser::new().parse_ast(text, "").unwrap_or_else(|with_errors| with_errors.partial)
});

/// The definitions that a schema need not repeat, and those of the extensions of this project.
pub(crate) fn extended() -> &'static Document {
    &EXTENDED
}

/// The definitions that a schema need not repeat.
pub(crate) fn document() -> &'static Document {
    &PRELUDE
}

/// Interfaces as AWS publishes them, shortened to what checks need.
const TEXT: &str = r"
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
directive @aws_auth(cognito_groups: [String!]!) on FIELD_DEFINITION
directive @aws_api_key on FIELD_DEFINITION | OBJECT
directive @aws_iam on FIELD_DEFINITION | OBJECT
directive @aws_oidc on FIELD_DEFINITION | OBJECT
directive @aws_cognito_user_pools(cognito_groups: [String!]) on FIELD_DEFINITION | OBJECT
directive @aws_lambda on FIELD_DEFINITION | OBJECT
directive @deprecated(reason: String) on FIELD_DEFINITION | INPUT_FIELD_DEFINITION | ENUM | ENUM_VALUE
directive @skip(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @include(if: Boolean!) on FIELD | FRAGMENT_SPREAD | INLINE_FRAGMENT
directive @specifiedBy(url: String!) on SCALAR

directive @model(
  queries: ModelQueryMap, mutations: ModelMutationMap, subscriptions: ModelSubscriptionMap
  timestamps: TimestampConfiguration
) on OBJECT
input ModelMutationMap { create: String update: String delete: String }
input ModelQueryMap { get: String list: String }
input ModelSubscriptionMap {
  onCreate: [String] onUpdate: [String] onDelete: [String] level: ModelSubscriptionLevel
}
enum ModelSubscriptionLevel { off public on }
input TimestampConfiguration { createdAt: String updatedAt: String }

directive @function(
  name: String!, region: String, accountId: String, invocationType: InvocationType = RequestResponse
) repeatable on FIELD_DEFINITION
enum InvocationType { RequestResponse Event }

directive @http(method: HttpMethod = GET, url: String!, headers: [HttpHeader] = []) on FIELD_DEFINITION
enum HttpMethod { GET POST PUT DELETE PATCH }
input HttpHeader { key: String value: String }

directive @predictions(actions: [PredictionsActions!]!) on FIELD_DEFINITION
enum PredictionsActions { identifyText identifyLabels convertTextToSpeech translateText }

directive @primaryKey(sortKeyFields: [String]) on FIELD_DEFINITION
directive @index(
  name: String, sortKeyFields: [String], queryField: String, projection: ProjectionInput
) repeatable on FIELD_DEFINITION
input ProjectionInput { type: ProjectionType nonKeyAttributes: [String] }
enum ProjectionType { ALL KEYS_ONLY INCLUDE }

directive @hasMany(
  indexName: String, fields: [String!], references: [String!], limit: Int = 100
) on FIELD_DEFINITION
directive @hasOne(fields: [String!], references: [String!]) on FIELD_DEFINITION
directive @manyToMany(relationName: String!, limit: Int = 100) on FIELD_DEFINITION
directive @belongsTo(
  fields: [String!], references: [String!], overrideIndexName: String
) on FIELD_DEFINITION

directive @conversation(
  aiModel: String!, systemPrompt: String!, auth: ConversationAuth!, functionName: String
  handler: ConversationHandlerFunctionConfiguration, tools: [ToolMap]
  inferenceConfiguration: ConversationInferenceConfiguration
) on FIELD_DEFINITION
input ConversationAuth { strategy: ConversationAuthStrategy! provider: ConversationAuthProvider! }
enum ConversationAuthStrategy { owner }
enum ConversationAuthProvider { userPools }
input ConversationHandlerFunctionConfiguration { functionName: String! eventVersion: String! }
input ToolMap {
  name: String! description: String! queryName: String modelName: String
  modelOperation: ConversationToolModelOperation
}
enum ConversationToolModelOperation { list }
input ConversationInferenceConfiguration { maxTokens: Int temperature: Float topP: Float }

directive @generation(
  aiModel: String!, systemPrompt: String!, inferenceConfiguration: GenerationInferenceConfiguration
) on FIELD_DEFINITION
input GenerationInferenceConfiguration { maxTokens: Int temperature: Float topP: Float }

directive @default(value: String) on FIELD_DEFINITION

directive @auth(rules: [AuthRule!]!) on OBJECT | FIELD_DEFINITION
input AuthRule {
  allow: AuthStrategy! provider: AuthProvider identityClaim: String groupClaim: String ownerField: String
  groupsField: String groups: [String] operations: [ModelOperation]
}
enum AuthStrategy { owner groups private public custom }
enum AuthProvider { apiKey iam identityPool oidc userPools function }
enum ModelOperation { create update delete read list get sync listen search }

directive @mapsTo(name: String!) on OBJECT
directive @sql(statement: String, reference: String) on FIELD_DEFINITION
directive @refersTo(name: String!) on OBJECT | FIELD_DEFINITION
directive @searchable(queries: SearchableQueryMap) on OBJECT
input SearchableQueryMap { search: String }
directive @validate(type: ValidationType!, value: String!, errorMessage: String) repeatable on FIELD_DEFINITION
enum ValidationType { gt lt gte lte minLength maxLength startsWith endsWith matches }

scalar AWSDate
scalar AWSTime
scalar AWSDateTime
scalar AWSTimestamp
scalar AWSEmail
scalar AWSJSON
scalar AWSURL
scalar AWSPhone
scalar AWSIPAddress
scalar BigInt
scalar Double
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definitions_are_graphql() {
        assert_eq!(
            Parser::new().parse_ast(TEXT, "").map(|document| document.definitions.len()).ok(),
            Some(66)
        );
    }
}
