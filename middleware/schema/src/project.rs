//! What a schema is read for: the settings of an Amplify project that decide what a rule means.

/// A way for callers to come in that a project can configure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMode {
    /// Tokens of a Cognito user pool.
    UserPools,
    /// Tokens of another OpenID Connect issuer.
    Oidc,
    /// Signed requests.
    Iam,
    /// An API key.
    ApiKey,
    /// A Lambda authorizer.
    Function,
}

/// The settings of a project.
///
/// The default is what this project's doors serve and what Amplify assumes: every way to come in is configured, user
/// pools by default, and the feature flags are as in a new project.
///
/// ```
/// use portcullis_schema::{AuthMode, Project, Schema};
///
/// let schema = "type Note @model @auth(rules: [{allow: public}]) { title: String }";
/// let project = Project { additional_modes: vec![AuthMode::Oidc], ..Project::default() };
/// let validation = Schema::validate(schema, "schema.graphql", &project);
/// assert_eq!(
///     validation.errors().first().map(|error| error.message()),
///     Some("@auth directive with 'apiKey' provider found, but the project has no API Key authentication provider configured.")
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// How callers come in unless a rule says otherwise.
    pub default_mode: AuthMode,
    /// The other ways to come in.
    pub additional_modes: Vec<AuthMode>,
    /// Whether an owner rule without `identityClaim` means `sub::username`; else `username`, as in older projects
    /// (the flag `useSubUsernameForDefaultIdentityClaim`).
    pub default_claim_has_sub: bool,
    /// Whether an `@index` without `queryField` gets a query (the flag `enableAutoIndexQueryNames`).
    pub auto_index_queries: bool,
    /// Whether an index on the partition key of the table is a global one (the flag `secondaryKeyAsGSI`).
    pub secondary_key_as_gsi: bool,
    /// Whether the columns that a relation adds have the names and the types of the key fields that they hold; else the
    /// first is called after `id` and is an `ID`, as in older projects (the flag
    /// `respectPrimaryKeyAttributesOnConnectionField`).
    pub connections_follow_keys: bool,
    /// Whether rules that must all hold (`and`) and group names that hold claims (`"tenant-{custom:tenant}"`) are part
    /// of the language. Amplify does not know them: without them the language is exactly Amplify's.
    pub extensions: bool,
    /// Whether some roles are allowed everything, so that signed requests come in everywhere (`adminRoles`).
    pub admin_roles: bool,
    /// Whether AWS principals that come from no identity pool are allowed everything (`enableIamAccess`).
    pub iam_access: bool,
    /// Whether whoever has the API key is admitted to models without rules (`sandboxModeEnabled`).
    pub sandbox: bool,
    /// Whether the models are kept in a SQL database. A schema cannot say so itself.
    pub sql: bool,
}

impl Project {
    /// Whether callers can come in this way.
    #[must_use]
    pub fn has(&self, mode: AuthMode) -> bool {
        self.default_mode == mode || self.additional_modes.contains(&mode)
    }
}

impl Default for Project {
    fn default() -> Self {
        Self {
            default_mode: AuthMode::UserPools,
            additional_modes: vec![AuthMode::ApiKey, AuthMode::Iam, AuthMode::Oidc, AuthMode::Function],
            default_claim_has_sub: true,
            auto_index_queries: true,
            secondary_key_as_gsi: true,
            connections_follow_keys: true,
            extensions: true,
            admin_roles: false,
            iam_access: false,
            sandbox: false,
            sql: false,
        }
    }
}
