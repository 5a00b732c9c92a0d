//! What the rules say about records themselves: a route is open to a caller if there is a record that the evaluator would allow, and
//! the record that names the caller in every way is as good as any.
//!
//! Only whether a record may be made is screened besides, as the API itself screens it before it reads an input: no input may exist
//! that names the caller in a field that the same rule lets them write.

use portcullis::rules::{
    Authorizer, Claims, FunctionCaller, Identity, Item, Operation, Operations, Provider, Screening, User,
    VerifiedBy,
};
use portcullis_schema::Schema;
use serde_json::{Value, json};

use crate::gateway::{Call, Does};

pub(crate) struct Oracle {
    caller: Identity,
    authorizer: Authorizer,
    /// A record, and inputs, that name the caller.
    record: Item,
    inputs: Vec<Item>,
}

impl Oracle {
    pub(crate) fn new(schema: &Schema, as_function: bool, groups: &[&str]) -> Self {
        let claims =
            json!({ "sub": "u1", "username": "u1", "email": "ann@example.com", "cognito:groups": groups });
        let claims: Claims = claims.as_object().unwrap().clone().into();
        let caller = match as_function {
            true => Identity::Function(FunctionCaller::default()),
            false => User::user_pools(claims, VerifiedBy::Portcullis).into(),
        };
        let record = json!({
            "k": "1", "l": "1", "owner": "u1::u1", "author": "ann@example.com", "helpers": ["u1::u1"],
            "team": groups.first().copied().unwrap_or("nobody"),
        });
        let record = record.as_object().unwrap().clone();
        // Nothing, everything that names the caller, and each field by itself.
        let mut inputs = vec![Item::new(), record.clone()];
        let fields = schema.models().iter().flat_map(|model| model.fields()).map(|field| field.name());
        for field in fields {
            let value = record.get(field).cloned().unwrap_or_else(|| Value::from("x"));
            inputs.push(Item::from_iter([(field.to_owned(), value.clone())]));
            let mut named = Item::from_iter([(field.to_owned(), value)]);
            named.insert("team".to_owned(), record["team"].clone());
            inputs.push(named);
        }
        Self { caller, authorizer: Authorizer::new(), record, inputs }
    }

    /// Whether the rules would say yes to something that this call could be about.
    pub(crate) fn could_admit(&self, schema: &Schema, call: &Call) -> bool {
        let rules = |model: &str| schema.model(model).unwrap().rules();
        let may = |model: &str, operation: Operation, item: &Item| {
            self.authorizer.authorize(&self.caller, operation, rules(model), item).is_allowed()
        };
        match &call.does {
            Does::Operate { model, operation: Operation::Create } => {
                let screened = self.authorizer.screen(&self.caller, Operation::Create, rules(model));
                self.inputs.iter().any(|input| may(model, Operation::Create, input))
                    || screened != Screening::Denied
            }
            Does::Operate { model, operation } => may(model, *operation, &self.record),
            Does::Follow { model, field } => {
                let withheld = self.authorizer.withheld(&self.caller, rules(model), &self.record);
                let related = &schema.model(model).unwrap().connection(field).unwrap().model;
                may(model, Operation::Get, &self.record)
                    && !withheld.contains(&field.as_str())
                    && Operations::READ.iter().any(|operation| may(related, operation, &self.record))
            }
            Does::Invoke { of, field } => {
                let field = schema.custom_field(of, field).unwrap();
                self.authorizer.permit_invoke(&self.caller, field.rules(), Provider::UserPools).is_ok()
            }
            Does::Nothing => false,
        }
    }
}
