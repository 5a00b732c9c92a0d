//! What a project has settled besides its schema.

use portcullis_rules::{Item, Provider};
use portcullis_schema::{AuthMode, Project};
use serde_json::Value;

use super::refusal::Refusal;
use crate::output::visible;

/// Flags of the reference that decide how it deploys or searches, and nothing that a caller may do.
const WITHOUT_EFFECT: [&str; 9] = [
    "allowDestructiveGraphqlSchemaUpdates",
    "allowGen1Patterns",
    "disableResolverDeduping",
    "enableSearchEncryptionAtRest",
    "enableSearchNodeToNodeEncryption",
    "enableTransformerCfnOutputs",
    "replaceTableUponGsiUpdate",
    "shouldDeepMergeDirectiveConfigDefaults",
    "suppressApiKeyGeneration",
];
/// Settings of the reference that are names and nothing else.
const NAMES: [&str; 6] = [
    "amplifyEnvironmentName",
    "apiName",
    "authenticatedUserRoleName",
    "provisionHotswapFriendlyResources",
    "unauthenticatedUserRoleName",
    "userPoolId",
];

/// The settings of an Amplify project, as `auth`, `synth` and `params` of a case say them.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The way in that a field without rules is open to.
    pub(crate) default_mode: Provider,
    /// All ways in, the default among them.
    pub(crate) modes: Vec<Provider>,
    /// Names of roles to which everything is allowed.
    pub(crate) admin_roles: Vec<String>,
    /// Whether AWS principals that come from no identity pool are allowed everything.
    pub(crate) iam_access: bool,
    /// The identity pool of the project.
    pub(crate) identity_pool_id: Option<String>,
    /// `populateOwnerFieldForStaticGroupAuth`.
    pub(crate) populates_owner: bool,
    /// `sandboxModeEnabled`: whoever has the API key is admitted to models without rules.
    pub(crate) sandbox: bool,
    /// `subscriptionsInheritPrimaryAuth`: results of mutations are not cut for the sake of subscribers who may not read related
    /// records.
    pub(crate) listeners_inherit: bool,
    /// What decides how the schema is read.
    pub(crate) project: Project,
}

impl Settings {
    /// Reads the settings out of an entry of the file of schemas or out of a case.
    pub(crate) fn read(entry: &Item) -> Result<Self, Refusal> {
        let mut settings = Self::default();
        if let Some(auth) = object(entry, "auth")? {
            settings.read_modes(auth)?;
        }
        for (name, value) in object(entry, "synth")?.into_iter().flatten() {
            match (name.as_str(), value) {
                ("adminRoles", Value::Array(names)) => settings.admin_roles = texts(name, names)?,
                ("identityPoolId", Value::String(id)) => settings.identity_pool_id = Some(id.clone()),
                ("enableIamAccess", Value::Bool(enabled)) => settings.iam_access = *enabled,
                (_, Value::Null) => {}
                (name, Value::String(_) | Value::Bool(_)) if NAMES.contains(&name) => {}
                _ => return Err(Refusal::unsupported(format!("`synth.{name}` with this value"))),
            }
        }
        for (name, value) in object(entry, "params")?.into_iter().flatten() {
            let on = match value {
                Value::Null => continue,
                Value::Bool(on) => *on,
                _ => return Err(Refusal::unsupported(format!("`params.{name}` with this value"))),
            };
            match name.as_str() {
                "useSubUsernameForDefaultIdentityClaim" => settings.project.default_claim_has_sub = on,
                "enableAutoIndexQueryNames" => settings.project.auto_index_queries = on,
                "secondaryKeyAsGSI" => settings.project.secondary_key_as_gsi = on,
                "populateOwnerFieldForStaticGroupAuth" => settings.populates_owner = on,
                "sandboxModeEnabled" => settings.sandbox = on,
                "subscriptionsInheritPrimaryAuth" => settings.listeners_inherit = on,
                "respectPrimaryKeyAttributesOnConnectionField" => {
                    settings.project.connections_follow_keys = on
                }
                "extensions" => settings.project.extensions = on,
                _ if WITHOUT_EFFECT.contains(&name.as_str()) => {}
                _ => return Err(Refusal::unsupported(format!("`params.{name}`"))),
            }
        }
        settings.project.admin_roles = !settings.admin_roles.is_empty();
        settings.project.iam_access = settings.iam_access;
        settings.project.sandbox = settings.sandbox;
        settings.project.default_mode = auth_mode(settings.default_mode);
        settings.project.additional_modes = settings.modes.iter().copied().map(auth_mode).collect();
        Ok(settings)
    }

    fn read_modes(&mut self, auth: &Item) -> Result<(), Refusal> {
        let mode = |value: &Value| {
            let mode = value.as_str().and_then(mode_named);
            mode.ok_or_else(|| Refusal::malformed("`auth` names a mode that does not exist"))
        };
        if let Some(default) = auth.get("default") {
            self.default_mode = mode(default)?;
        }
        let additional = match auth.get("additional") {
            None | Some(Value::Null) => &[],
            Some(Value::Array(modes)) => modes.as_slice(),
            Some(_) => return Err(Refusal::malformed("`auth.additional` is not a list")),
        };
        self.modes = vec![self.default_mode];
        for additional in additional {
            self.modes.push(mode(additional)?);
        }
        Ok(())
    }
}

impl Default for Settings {
    /// A project with every way in, the user pool first.
    fn default() -> Self {
        use Provider::{ApiKey, Function, IdentityPool, Oidc, UserPools};
        Self {
            default_mode: UserPools,
            modes: vec![UserPools, ApiKey, IdentityPool, Oidc, Function],
            admin_roles: Vec::new(),
            iam_access: false,
            identity_pool_id: None,
            populates_owner: true,
            sandbox: false,
            listeners_inherit: false,
            // A project is Amplify's unless it says that it uses what Amplify does not have.
            project: Project { extensions: false, ..Project::default() },
        }
    }
}

/// The project of a file of settings: an object of `auth`, `synth` and `params`. It may use what Amplify does not have,
/// unless `params.extensions` says otherwise.
pub(crate) fn read_project(text: &[u8]) -> Result<Project, String> {
    let entry = match serde_json::from_slice(text) {
        Ok(Value::Object(entry)) => entry,
        Ok(_) => return Err("not a JSON object of `auth`, `synth` and `params`".to_owned()),
        Err(error) => return Err(format!("not JSON: {error}")),
    };
    if let Some(other) = entry.keys().find(|name| !["auth", "synth", "params"].contains(&name.as_str())) {
        return Err(format!("`{}` is none of `auth`, `synth` and `params`", visible(other)));
    }
    let says_extensions = entry.get("params").and_then(|params| params.get("extensions")).is_some();
    let settings = Settings::read(&entry).map_err(|refusal| match refusal {
        Refusal::Malformed(problem) => problem,
        Refusal::Unsupported(what) => format!("{what} is not supported"),
        // Neither a schema nor a request has been looked at.
        Refusal::Schema(_) | Refusal::Answered(_) => "the settings cannot be read".to_owned(),
    })?;
    let extensions = settings.project.extensions || !says_extensions;
    Ok(Project { extensions, ..settings.project })
}

/// The way in that a case names so.
pub(crate) fn mode_named(name: &str) -> Option<Provider> {
    match name {
        "userPools" => Some(Provider::UserPools),
        "oidc" => Some(Provider::Oidc),
        "iam" => Some(Provider::IdentityPool),
        "apiKey" => Some(Provider::ApiKey),
        "function" => Some(Provider::Function),
        _ => None,
    }
}

fn auth_mode(mode: Provider) -> AuthMode {
    match mode {
        Provider::UserPools => AuthMode::UserPools,
        Provider::Oidc => AuthMode::Oidc,
        Provider::IdentityPool => AuthMode::Iam,
        Provider::ApiKey => AuthMode::ApiKey,
        Provider::Function => AuthMode::Function,
    }
}

fn object<'a>(entry: &'a Item, name: &str) -> Result<Option<&'a Item>, Refusal> {
    match entry.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object)),
        Some(_) => Err(Refusal::malformed(format!("`{name}` is not an object"))),
    }
}

fn texts(name: &str, values: &[Value]) -> Result<Vec<String>, Refusal> {
    let texts = values.iter().map(|value| value.as_str().map(str::to_owned));
    texts.collect::<Option<_>>().ok_or_else(|| Refusal::malformed(format!("`{name}` is not a list of names")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(entry: Value) -> Result<Settings, Refusal> {
        Settings::read(entry.as_object().unwrap())
    }

    #[test]
    fn a_project_that_says_nothing_has_every_mode_and_the_user_pool_first() {
        let settings = read(json!({})).unwrap();
        assert_eq!((settings.default_mode, settings.modes.len()), (Provider::UserPools, 5));
        assert!(settings.project.default_claim_has_sub && settings.populates_owner && !settings.iam_access);
    }

    #[test]
    fn a_project_has_the_modes_that_it_names_alone() {
        let settings = read(json!({"auth": {"default": "iam", "additional": ["apiKey"]}})).unwrap();
        assert_eq!(settings.modes, [Provider::IdentityPool, Provider::ApiKey]);
        assert!(matches!(read(json!({"auth": {"default": "basic"}})), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn the_language_is_the_references_unless_a_project_says_otherwise() {
        assert!(!read(json!({})).unwrap().project.extensions);
        let settings = read(
            json!({"params": {"extensions": true, "subscriptionsInheritPrimaryAuth": true, "allowGen1Patterns": true}}),
        );
        let settings = settings.unwrap();
        assert!(settings.project.extensions && settings.listeners_inherit);
    }

    #[test]
    fn a_file_of_settings_says_what_is_wrong_with_it() {
        let project = read_project(br#"{"auth": {"default": "apiKey", "additional": ["iam"]}}"#).unwrap();
        assert_eq!((project.default_mode, project.extensions), (AuthMode::ApiKey, true));
        assert!(!read_project(br#"{"params": {"extensions": false}}"#).unwrap().extensions);
        for (text, problem) in [
            ("[]", "not a JSON object of `auth`, `synth` and `params`"),
            (r#"{"schema": "x"}"#, "`schema` is none of `auth`, `synth` and `params`"),
            (r#"{"auth": {"default": "x"}}"#, "`auth` names a mode that does not exist"),
            (r#"{"params": {"x": true}}"#, "`params.x` is not supported"),
        ] {
            assert_eq!(read_project(text.as_bytes()).unwrap_err(), problem, "{text}");
        }
    }

    #[test]
    fn a_setting_that_is_not_known_is_not_passed_over() {
        for entry in [json!({"params": {"sandbox": true}}), json!({"synth": {"other": 1}})] {
            assert!(matches!(read(entry), Err(Refusal::Unsupported(_))));
        }
    }
}
