//! The API that a schema makes, in a project.

use portcullis_rules::{Authorizer, IdentityPool, Item};
use portcullis_schema::Schema;
use serde_json::Value;

use super::{
    answer::Answer,
    caller::{GUEST_SESSION, MEMBER_SESSION},
    refusal::Refusal,
    settings::Settings,
};

/// What stands in the messages about a schema, for it is in no file.
const FILE: &str = "schema.graphql";

/// The API that a schema makes, in a project.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) schema: Schema,
    pub(crate) settings: Settings,
    pub(crate) authorizer: Authorizer,
}

impl Api {
    /// Reads an entry of the file of schemas.
    pub(crate) fn read(entry: &Item) -> Result<Self, Refusal> {
        let source = source(entry)?;
        let settings = Settings::read(entry)?;
        let schema = Schema::read(source, FILE, &settings.project)?;
        let authorizer = authorizer(&settings);
        Ok(Self { schema, settings, authorizer })
    }
}

/// What the reference says about a schema alone.
pub(crate) fn validate(entry: &Item) -> Result<Answer, Refusal> {
    let settings = Settings::read(entry)?;
    let validation = Schema::validate(source(entry)?, FILE, &settings.project);
    let warnings = validation.warnings().to_vec();
    validation.into_accepted()?;
    Ok(Answer::valid(warnings))
}

fn source(entry: &Item) -> Result<&str, Refusal> {
    let source = entry.get("schema").and_then(Value::as_str);
    source.ok_or_else(|| Refusal::malformed("there is no schema"))
}

fn authorizer(settings: &Settings) -> Authorizer {
    let mut pool = IdentityPool::new().authenticated_role(MEMBER_SESSION).guest_role(GUEST_SESSION);
    if let Some(id) = &settings.identity_pool_id {
        pool = pool.id(id);
    }
    let authorizer = Authorizer::new()
        .identity_pool(pool)
        .admin_roles(&settings.admin_roles)
        .populate_owner_for_static_groups(settings.populates_owner);
    if settings.iam_access { authorizer.admit_account() } else { authorizer }
}
