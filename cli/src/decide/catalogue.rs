//! The schemas of a run, each read once.

use std::{collections::HashMap, rc::Rc};

use portcullis_rules::Item;
use serde_json::Value;

use super::{
    answer::Answer,
    api::{self, Api},
    refusal::Refusal,
};

/// What a case may say of its schema and project.
const PARTS: [&str; 4] = ["schema", "auth", "synth", "params"];

/// The schemas of a run.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    named: Item,
    /// For cases that name no schema.
    default: Item,
    /// By name and what the case says besides.
    read: HashMap<String, Result<Rc<Api>, Refusal>>,
}

impl Catalogue {
    /// Reads the file of schemas. The schemas in it are read when a case asks for them.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(text) {
            Ok(Value::Object(named)) => Ok(Self { named, ..Self::default() }),
            Ok(_) => Err("not a JSON object of schemas by name".to_owned()),
            Err(error) => Err(format!("not JSON: {error}")),
        }
    }

    /// The same with an entry for cases that name no schema.
    pub(crate) fn with_default(self, default: Item) -> Self {
        Self { default, ..self }
    }

    /// What the reference says about the schema of a case alone.
    pub(crate) fn validate(&self, case: &Item) -> Result<Answer, Refusal> {
        let (id, own) = own_parts(case)?;
        api::validate(&self.entry(id, own)?)
    }

    /// The API that the schema of a case makes.
    pub(crate) fn expand(&self, case: &Item) -> Result<Answer, Refusal> {
        let (id, own) = own_parts(case)?;
        api::expand(&self.entry(id, own)?)
    }

    /// The API that a case speaks of.
    pub(crate) fn api(&mut self, case: &Item) -> Result<Rc<Api>, Refusal> {
        let (id, own) = own_parts(case)?;
        let key = match (id, own.is_empty()) {
            (Some(id), true) => format!("={id}"),
            _ => format!("{}:{}", id.unwrap_or_default(), Value::Object(own.clone())),
        };
        if let Some(api) = self.read.get(&key) {
            return api.clone();
        }
        let api = self.entry(id, own).and_then(|entry| Api::read(&entry)).map(Rc::new);
        self.read.insert(key, api.clone());
        api
    }

    /// The entry of a name, overlaid by what the case says itself.
    fn entry(&self, id: Option<&str>, own: Item) -> Result<Item, Refusal> {
        let mut entry = match id.map(|id| self.named.get(id)) {
            None if own.contains_key("schema") => Item::new(),
            None => self.default.clone(),
            Some(Some(Value::Object(entry))) => entry.clone(),
            Some(Some(_)) => return Err(Refusal::malformed("the schema of this name is not an object")),
            Some(None) => return Err(Refusal::malformed("`schemaId` names no schema")),
        };
        for (part, value) in own {
            match (entry.get_mut(&part), value) {
                (Some(Value::Object(named)), Value::Object(own)) if part != "auth" => named.extend(own),
                (_, value) => {
                    entry.insert(part, value);
                }
            }
        }
        Ok(entry)
    }
}

/// The name of the schema, and what the case says itself.
fn own_parts(case: &Item) -> Result<(Option<&str>, Item), Refusal> {
    let id = match case.get("schemaId") {
        None | Some(Value::Null) => None,
        Some(Value::String(id)) => Some(id.as_str()),
        Some(_) => return Err(Refusal::malformed("`schemaId` is not a name")),
    };
    let own = PARTS.iter().filter_map(|part| Some(((*part).to_owned(), case.get(*part)?.clone())));
    Ok((id, own.collect()))
}
