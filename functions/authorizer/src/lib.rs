//! A Lambda authorizer for Amazon API Gateway (REST, HTTP and WebSocket APIs) and AWS AppSync, by the rules of `schema.graphql`.
//!
//! 1. The [`Shape`] of an event is recognized strictly. What is none, or has the marks of two, is an error and never an answer.
//! 2. The token is verified as the REST API verifies it: `Authorization: Bearer`, one header, and nothing that is bound to a key of
//!    its sender, for authorizers are not shown the proof.
//! 3. To API Gateway the answer is one policy for the *whole* API: every route of the schema, method and path, that the rules could let
//!    this caller in to, and nothing else. A gateway keeps it by the token, so that the order of calls must not matter; it does not.
//! 4. A route is granted unless the rules refuse the caller whatever the record is, which is the first question of the REST API too. Which
//!    records are the caller's (`owner`, `groupsField`) and what may be in them is for the function behind to decide, which does so
//!    whatever the gateway let through.
//! 5. To AppSync the answer names the fields that no `allow: custom` rule admits to (`deniedFields`), what the token says
//!    (`resolverContext`), and a time that is never longer than the token is good (`ttlOverride`).
//! 6. Wildcards stand for the values of a record's key, and where an answer would be longer than [`MAX_ANSWER_BYTES`] for whole models or methods:
//!    always whole segments, and never for a route that is refused, which is then denied by name. What is still too long is an error.
//! 7. What the token says goes along as an [`AuthorizerContext`](portcullis::AuthorizerContext).
//!
//! # What each gateway does
//!
//! | | no good token | refused route | how long an answer is kept |
//! |---|---|---|---|
//! | REST API, `TOKEN` and `REQUEST` | the error `Unauthorized`, of which it makes 401 | 403 | a time set in the gateway |
//! | WebSocket API, `$connect` | the same | 403 | while the connection lasts |
//! | HTTP API, formats 1.0 and 2.0 | a policy that denies everything: 403 | 403 | a time set in the gateway |
//! | HTTP API, simple | `isAuthorized: false`: 403 | 403 | a time set in the gateway |
//! | AppSync | `isAuthorized: false`: 401 | the field is `null`, with an error | `ttlOverride` |
//!
//! A gateway of the first four cannot be told how long an answer about *this* token is good. It may keep one for longer than the token
//! lives: set a short time, and have the function behind look at the clock. The REST API does: it verifies the token of each request, or,
//! where it trusts the gateway, refuses a context whose `exp` is over (`portcullis::TrustedGateway`).
//!
//! Keys that cannot be had are an error (500) and no refusal, so that nothing is kept. An HTTP API keeps a refusal like any other answer: a
//! token that becomes good in the meantime, such as one that is not valid yet, is refused for as long.
//!
//! # Set it up
//!
//! `template.yaml` does (`Authorizer=lambda`, `Authorizer=function`, `GraphqlAuthorizer=function`). Elsewhere:
//!
//! 1. The `Authorization` header is the authorizer's identity source, and the only one: the token must be what an answer is kept by. HTTP APIs show
//!    their sources, and a token that is not among them is an error. A REST API does not show them.
//! 2. Simple answers hold for one route. Beside the header, `$context.routeKey` has to be an identity source, and each route of the gateway one of the
//!    API's (`GET /notes/{id}`); or, for `ANY /{proxy+}`, `$context.httpMethod` and `$context.path`. Otherwise there is an error.
//! 3. Put the authorizer before `ANY /{proxy+}`. Before `$default` an HTTP API may ask about no path, which is an error.
//! 4. `OPTIONS`, `/health`, `/openapi.json` and what is for callers with an API key need routes without an authorizer: a gateway refuses a
//!    request without the identity source by itself.
//! 5. Behind it should be this API alone. What is no route of the schema but lies below one (`GET /notes/a/b`) is let through.
//! 6. AppSync hands on tokens of up to 2,048 characters. An access token of a user pool with dozens of groups is longer.
//!
//! *Caveat:* no API of AWS has been asked. The events are those of its documentation, which does not say how the ARN ends on a route `/{proxy+}` of an
//! HTTP API: with the path of the request, as that of a REST API does, or with `{proxy+}`. The policy names both. In the second case it would let through
//! all paths with a method by which something is granted, for the function behind to refuse.
//!
//! # Configuration
//!
//! | variable | meaning |
//! |---|---|
//! | `USER_POOL_ID` | the user pool, such as `eu-west-1_Ab12Cd34E` |
//! | `ISSUER` | in the place of `USER_POOL_ID`: a pool at another address |
//! | `USER_POOL_CLIENT_IDS` | the app clients whose tokens are accepted, separated by commas |
//! | `TOKEN_USE` | `access` (the default) or `id` |
//! | `OIDC_ISSUER`, `OIDC_AUDIENCES`, `OIDC_TOKEN_USE` | optional: an OpenID Connect issuer beside the pool |
//! | `JWKS` | optional: the key set of the pool, so that a cold start fetches nothing |
//! | `IDENTITY` | `token` (the default): the API behind verifies the token itself. `function`: it has `TRUST_GATEWAY=lambda`, and the rules `allow: custom` decide |
//! | `GRAPHQL` | `on` if the API behind serves `POST /graphql` too; `off` is the default |
//! | `HTTP_API_ANSWER` | `policy` (the default) or `simple`, as the authorizer of an HTTP API is set up |
//! | `APPSYNC_TTL` | how many seconds AppSync may keep an answer, 0 to 3600; 300 is the default |
//! | `APPSYNC_TOKEN_PREFIX` | optional: what clients of AppSync put before the token, such as `portcullis-`; needed where the API takes tokens of a user pool as well |
//! | `WEBSOCKET_TOKEN` | optional: the query parameter that holds the token of a WebSocket client, in the place of the header |
//!
//! All but `IDENTITY` and the last four are those of the REST API, and have to say the same.
#![deny(missing_docs)]

mod config;
mod denied_fields;
mod error;
mod lambda_authorizer;
mod log_line;
mod pattern;
mod pinned;
mod policy;
mod presented;
mod routes;
mod shape;
mod stage_arn;

pub use self::{
    config::Config,
    error::AuthorizerError,
    lambda_authorizer::{APP_SYNC_TTL, CallerIdentity, HttpApiAnswer, LambdaAuthorizer, MAX_ANSWER_BYTES},
    shape::Shape,
};
