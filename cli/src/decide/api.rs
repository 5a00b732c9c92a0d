//! The API that a schema makes, in a project.

use portcullis_rules::{Authorizer, Identity, IdentityPool, Item, Model, Operation};
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

    /// Whether the caller has an administrator's role. The reference answers such a caller before it looks at what
    /// subscribers may see.
    pub(crate) fn is_administrator(&self, caller: &Identity, rules: &Model) -> bool {
        let could_be = matches!(caller, Identity::Iam(_)) && !self.settings.admin_roles.is_empty();
        could_be
            && !self.settings.iam_access
            && self.authorizer.explain(caller, Operation::Get, rules, &Item::new()).unrestricted
    }

    /// A record as clients see it. Only where the default claim has the `sub` does the reference reduce owners to their last
    /// segment.
    pub(crate) fn present(&self, rules: &Model, record: Item) -> Item {
        if self.settings.project.default_claim_has_sub { rules.present(record) } else { record }
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

/// The API that a schema makes.
pub(crate) fn expand(entry: &Item) -> Result<Answer, Refusal> {
    let settings = Settings::read(entry)?;
    let expanded = Schema::read(source(entry)?, FILE, &settings.project)?.expand();
    match expanded.omitted() {
        [] => Ok(Answer::expanded(expanded.to_sdl())),
        omitted => Err(Refusal::unsupported(format!("an API with {}", omitted.join(", ")))),
    }
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
    let mut authorizer = Authorizer::new()
        .identity_pool(pool)
        // The reference knows nothing of the ARN of a role, and would admit nobody by it.
        .admin_roles(
            settings.admin_roles.iter().filter(|name| !name.starts_with("arn:") || !name.contains(":iam:")),
        )
        .populate_owner_for_static_groups(settings.populates_owner);
    if settings.iam_access {
        authorizer = authorizer.admit_account();
    }
    if settings.sandbox { authorizer.insecure_sandbox() } else { authorizer }
}
