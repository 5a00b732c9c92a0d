//! Who may come in to what, as the reference works it out from the rules.

use portcullis_rules::{Operation, Provider};

use super::definition::AppliedDirective;
use crate::{
    AuthMode, Project,
    access_matrix::{AccessMatrix, Row},
    auth_rule::AuthRules,
    auth_words::Allow,
    report::Report,
    types,
};
use apollo_compiler::ast::ObjectTypeDefinition;

/// The ways in, in the order in which the reference names them.
const ORDER: [(AuthMode, &str); 5] = [
    (AuthMode::ApiKey, "aws_api_key"),
    (AuthMode::Iam, "aws_iam"),
    (AuthMode::Oidc, "aws_oidc"),
    (AuthMode::UserPools, "aws_cognito_user_pools"),
    (AuthMode::Function, "aws_lambda"),
];

/// The roles of a model or of a field.
#[derive(Debug)]
pub(crate) struct Roles<'a> {
    matrix: AccessMatrix<'a>,
    /// The fields of owners that are only a part of a rule.
    partial_owners: Vec<String>,
}

impl<'a> Roles<'a> {
    /// The roles of a model with rules, or with rules on its fields.
    pub(crate) fn of_model(
        object: &'a ObjectTypeDefinition,
        rules: Option<&AuthRules>,
        of_fields: &[(&str, &AuthRules)],
        overwrite: bool,
        project: &Project,
    ) -> Self {
        let columns = types::fields(object).map(|field| field.name.as_str());
        let mut matrix = AccessMatrix::new(&object.name, columns);
        // What contradicts itself has been told of.
        let mut unseen = Report::new("");
        if let Some(rules) = rules {
            matrix.add_model_rules(rules, overwrite, project, &mut unseen);
        }
        for (field, rules) in of_fields {
            matrix.add_field_rules(field, rules, project);
        }
        let all = rules.into_iter().chain(of_fields.iter().map(|(_, rules)| *rules));
        let parts = all.flat_map(|rules| &rules.rules).flat_map(|rule| &rule.parts);
        let owners = parts.filter(|part| part.allow.value == Allow::Owner);
        let partial_owners = owners.map(|part| part.owner_field().to_owned()).collect();
        Self { matrix, partial_owners }
    }

    /// The roles of a field that no record stands behind: rules that look into one admit nobody.
    pub(crate) fn of_field(name: &'a str, rules: &AuthRules, project: &Project) -> Self {
        let rules = AuthRules {
            rules: rules.rules.iter().filter(|rule| !rule.needs_record()).cloned().collect(),
            ..AuthRules::default()
        };
        let mut matrix = AccessMatrix::new(name, std::iter::once(name));
        matrix.add_model_rules(&rules, true, project, &mut Report::new(""));
        Self { matrix, partial_owners: Vec::new() }
    }

    /// The fields that hold an owner.
    pub(crate) fn owner_fields(&self) -> Vec<String> {
        let owners = self.matrix.rows().iter().filter(|row| row.allow == Allow::Owner);
        let mut fields: Vec<String> = Vec::new();
        for field in owners.filter_map(|row| row.entity.as_ref()).chain(&self.partial_owners) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        fields
    }

    /// The fields that rules about tokens look into.
    pub(crate) fn looked_into(&self) -> impl Iterator<Item = &str> {
        let by_token = |row: &&Row| matches!(row.provider.provider(), Provider::UserPools | Provider::Oidc);
        let dynamic = self.matrix.rows().iter().filter(|row| row.is_dynamic).filter(by_token);
        dynamic.filter_map(|row| row.entity.as_deref())
    }

    /// The fields of owners who may listen.
    pub(crate) fn listening_owners(&self) -> Vec<String> {
        let listening = self.with(Operation::Listen).into_iter().filter(|row| row.allow == Allow::Owner);
        let mut fields: Vec<String> = Vec::new();
        for field in listening.filter_map(|row| row.entity.as_ref()) {
            if !fields.contains(field) {
                fields.push(field.clone());
            }
        }
        fields
    }

    /// The ways in of all roles.
    pub(crate) fn modes(&self, project: &Project) -> Vec<AuthMode> {
        modes(self.matrix.rows().iter(), project)
    }

    /// The directives of an operation.
    pub(crate) fn directives_of(&self, operation: Operation, project: &Project) -> Vec<AppliedDirective> {
        let rows = self.with(operation);
        let has_default = rows.iter().any(|row| mode(row) == project.default_mode);
        let with_default = has_default || rows.is_empty() && opens_to_signed(project);
        directives(&modes(rows.into_iter(), project), project.default_mode, with_default)
    }

    /// The roles that have an operation: on some field, and if it removes the record on all of them.
    fn with(&self, operation: Operation) -> Vec<&Row> {
        let has = |row: &&Row| match operation {
            Operation::Delete => row.has_everywhere(operation.into()),
            _ => row.touches(operation.into()),
        };
        self.matrix.rows().iter().filter(has).collect()
    }
}

/// The directives that open these ways in. The default one stands among them only beside others: where it is one of
/// them, or `with_default`.
pub(crate) fn directives(
    modes: &[AuthMode],
    default_mode: AuthMode,
    with_default: bool,
) -> Vec<AppliedDirective> {
    let has_others = modes.iter().any(|mode| *mode != default_mode);
    let with_default = has_others && (with_default || modes.contains(&default_mode));
    let opens = |mode: AuthMode| if mode == default_mode { with_default } else { modes.contains(&mode) };
    let open = ORDER.iter().filter(|(mode, _)| opens(*mode));
    open.map(|(_, name)| AppliedDirective::plain(name)).collect()
}

/// The directive that opens a way in.
pub(crate) fn directive(mode: AuthMode) -> AppliedDirective {
    let name = ORDER.iter().find(|(known, _)| *known == mode).map_or("aws_iam", |(_, name)| name);
    AppliedDirective::plain(name)
}

/// Whether signed requests come in everywhere.
fn comes_in_signed(project: &Project) -> bool {
    project.iam_access || project.admin_roles && project.has(AuthMode::Iam)
}

/// Whether they come in beside another default.
fn opens_to_signed(project: &Project) -> bool {
    comes_in_signed(project) && project.default_mode != AuthMode::Iam
}

fn modes<'r>(rows: impl Iterator<Item = &'r Row>, project: &Project) -> Vec<AuthMode> {
    let mut modes: Vec<AuthMode> = rows.map(mode).collect();
    if comes_in_signed(project) {
        modes.push(AuthMode::Iam);
    }
    modes
}

fn mode(row: &Row) -> AuthMode {
    match row.provider.provider() {
        Provider::ApiKey => AuthMode::ApiKey,
        Provider::IdentityPool => AuthMode::Iam,
        Provider::Oidc => AuthMode::Oidc,
        Provider::UserPools => AuthMode::UserPools,
        Provider::Function => AuthMode::Function,
    }
}
