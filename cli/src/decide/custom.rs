//! Fields that a function answers: custom queries, mutations and subscriptions. What the function returns is part of the
//! case.

use portcullis_rules::{Identity, Item, Provider};
use portcullis_schema::{CustomField, Selection};
use serde_json::{Value, json};

use super::{
    answer::{Answer, Layer},
    api::Api,
    coercion, gate,
    refusal::Refusal,
    view::View,
};

/// Where a test's callers call from.
const SOURCE_IP: &str = "127.0.0.1";
/// The account of the project.
const ACCOUNT: &str = "123456789012";

/// A request to a field that a function answers.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) api: &'a Api,
    pub(crate) caller: &'a Identity,
    pub(crate) field: &'a CustomField,
    pub(crate) args: &'a Item,
    pub(crate) selection: Option<Selection>,
    /// What every function returns; for a field of an object, the object.
    pub(crate) existing: &'a Value,
}

impl Call<'_> {
    /// Calls the functions of the field, one after the other; a field of an object without a function is read from it.
    pub(crate) fn answer(&self) -> Result<Answer, Refusal> {
        let (api, field) = (self.api, self.field);
        let (parent, name) = (field.type_name(), field.name());
        let mut args = self.args.clone();
        coercion::members(&api.schema, field.inputs(), &mut args);
        if let Err(mistakes) = field.validate_arguments(&args) {
            let mistakes: Vec<String> = mistakes.iter().map(ToString::to_string).collect();
            let message = format!("Field \"{name}\" got invalid arguments; {}", mistakes.join("; "));
            return Ok(Answer::invalid(message));
        }
        let rules = field.rules();
        gate::pass_function(api, self.caller, (parent, name), rules.map(|rules| &**rules))?;
        let permit = api.authorizer.permit_invoke(self.caller, rules, api.settings.default_mode);
        let _permit = permit.map_err(|_| Answer::deny(parent, name, Layer::Vtl))?;
        let returned = match (field.functions(), self.existing) {
            ([], Value::Object(object)) if !gate::ROOTS.contains(&parent) => object.get(name),
            ([], _) => None,
            (_, returned) => Some(returned),
        };
        let returned = returned.cloned().unwrap_or_default();
        let mut view = View::of_function(api, self.caller, name, self.selection.as_ref());
        let data = match field.output() {
            Some(kind) => view.returned(kind, returned),
            None => returned,
        };
        let answer = view.answer(data);
        let calls = self.calls(args);
        Ok(if calls.is_empty() { answer } else { answer.with_effect("invoked", calls.into()) })
    }

    /// What the functions are told.
    fn calls(&self, mut arguments: Item) -> Vec<Value> {
        let field = self.field;
        field.fill_defaults(&mut arguments);
        let calls = field.functions().iter().enumerate().map(|(place, name)| {
            let before = if place == 0 { json!({}) } else { self.existing.clone() };
            json!({
                "ds": data_source(name),
                "payload": {
                    "typeName": field.type_name(),
                    "fieldName": field.name(),
                    "arguments": arguments,
                    "identity": identity(self.caller),
                    "source": null,
                    "request": {"headers": {}},
                    "prev": {"result": before},
                },
            })
        });
        calls.collect()
    }
}

/// The name that the reference gives to the data source of a function.
fn data_source(function: &str) -> String {
    let mut name = String::new();
    let function = function.trim_start_matches(|letter: char| !letter.is_ascii_alphabetic() && letter != '_');
    let words = function.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
    for word in words {
        let mut letters = word.chars();
        name.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        name.push_str(letters.as_str());
    }
    name + "LambdaDataSource"
}

/// The caller as AppSync tells a function.
fn identity(caller: &Identity) -> Value {
    match caller {
        Identity::User(user) => {
            let claims = user.claims();
            let text = |name: &str| claims.get(name).cloned().unwrap_or_default();
            let username = claims.get("username").or(claims.get("cognito:username")).cloned();
            let mut identity = json!({
                "sub": text("sub"),
                "issuer": text("iss"),
                "username": username,
                "claims": claims.as_map(),
                "sourceIp": [SOURCE_IP],
                "defaultAuthStrategy": "ALLOW",
                "groups": text("cognito:groups"),
            });
            if let (Provider::Oidc, Some(identity)) = (caller.provider(), identity.as_object_mut()) {
                identity.retain(|name, _| ["sub", "issuer", "claims"].contains(&name.as_str()));
            }
            identity
        }
        Identity::Iam(caller) => json!({
            "accountId": ACCOUNT,
            "userArn": caller.user_arn,
            "cognitoIdentityPoolId": caller.identity_pool_id,
            "cognitoIdentityId": caller.identity_id,
            "cognitoIdentityAuthType": caller.authenticated.map(|known| if known { "authenticated" } else { "unauthenticated" }),
            "sourceIp": [SOURCE_IP],
        }),
        Identity::Function(caller) => json!({"resolverContext": caller.context.as_map()}),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::decide::tests::answer_of;

    fn ask(field: &str, identity: Value, args: Value, returned: Value) -> Value {
        let source = "type Query {
                open: String @function(name: \"a-b\")
                thing(id: ID!): Thing @function(name: \"first\") @function(name: \"second\")
                    @auth(rules: [{allow: groups, groups: [\"A\"]}, {allow: public}])
                mine: String @function(name: \"f\") @auth(rules: [{allow: owner}])
                nothing: String @auth(rules: [{allow: private}])
                list: [String] @function(name: \"f\")
            }
            type Thing { id: ID secret: String @auth(rules: [{allow: groups, groups: [\"A\"]}]) }";
        answer_of(
            json!({"schema": source, "field": field, "identity": identity, "args": args, "existing": returned}),
        )
    }

    fn member(groups: &[&str]) -> Value {
        json!({"kind": "userPools", "claims": {"sub": "u1", "username": "ann", "cognito:groups": groups}})
    }

    #[test]
    fn a_function_is_called_by_whom_the_rules_of_its_field_admit() {
        let key = || json!({"kind": "apiKey"});
        let id = || json!({"id": "1"});
        let table = [
            ("Query.open", member(&[]), json!({}), "allow", ""),
            ("Query.open", key(), json!({}), "deny", "directive"),
            ("Query.thing", member(&["A"]), id(), "allow", ""),
            ("Query.thing", member(&["B"]), id(), "deny", "vtl"),
            ("Query.thing", key(), id(), "allow", ""),
            ("Query.thing", key(), json!({}), "invalid", ""),
            ("Query.thing", key(), json!({"id": "1", "x": 1}), "invalid", ""),
            ("Query.mine", member(&["A"]), json!({}), "deny", "vtl"),
            ("Query.mine", key(), json!({}), "deny", "directive"),
            ("Thing.secret", member(&["B"]), json!({}), "deny", "vtl"),
            ("Thing.secret", member(&["A"]), json!({}), "allow", ""),
        ];
        for (field, identity, args, decision, layer) in table {
            let answer = ask(field, identity.clone(), args, json!({"id": "1", "secret": "s"}));
            assert_eq!(answer["decision"], decision, "{field} {identity}");
            assert_eq!(answer["error"]["layer"].as_str().unwrap_or_default(), layer, "{field} {identity}");
        }
    }

    #[test]
    fn the_functions_are_told_who_asks_for_what() {
        let answer =
            ask("Query.thing", member(&["A"]), json!({"id": "1"}), json!({"id": "1", "secret": "s"}));
        let calls = answer["effective"]["invoked"].as_array().unwrap();
        let names: Vec<&Value> = calls.iter().map(|call| &call["ds"]).collect();
        assert_eq!(names, ["FirstLambdaDataSource", "SecondLambdaDataSource"]);
        let payload = &calls[0]["payload"];
        assert_eq!((&payload["arguments"], &payload["identity"]["sub"]), (&json!({"id": "1"}), &json!("u1")));
        assert_eq!(calls[1]["payload"]["prev"]["result"]["secret"], "s");
        assert_eq!(answer["data"], json!({"id": "1", "secret": "s"}));
        assert_eq!(data_source("a-b"), "ABLambdaDataSource");
    }

    #[test]
    fn what_a_function_returns_is_shown_as_far_as_it_is_of_its_type_and_open() {
        assert_eq!(ask("Query.list", member(&[]), json!({}), json!("text"))["data"], Value::Null);
        assert_eq!(
            ask("Query.list", member(&[]), json!({}), json!([1, {"a": 1}]))["data"],
            json!(["1", null])
        );
        assert_eq!(ask("Query.open", member(&[]), json!({}), json!({"a": 1}))["data"], Value::Null);
        assert_eq!(
            ask("Query.open", member(&[]), json!({}), json!(["a"]))["fieldErrors"][0]["type"],
            "GraphQL"
        );
        assert_eq!(ask("Query.nothing", member(&[]), json!({}), json!("text"))["data"], Value::Null);
        // The type of what is returned is not marked for callers with a key.
        let answer = ask(
            "Query.thing",
            json!({"kind": "apiKey"}),
            json!({"id": "1"}),
            json!({"id": "1", "secret": "s"}),
        );
        assert_eq!(answer["data"], json!({"id": null, "secret": null}));
        assert_eq!(answer["fieldErrors"].as_array().map(Vec::len), Some(2));
    }
}
