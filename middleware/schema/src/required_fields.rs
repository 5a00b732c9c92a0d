//! Required fields that somebody who may get the record may not read: the reference cannot leave them out of an answer.

use apollo_compiler::{Node, ast::ObjectTypeDefinition};
use portcullis_rules::{Operation, Operations};

use crate::{
    access_matrix::{AccessMatrix, Row},
    auth_words::{Allow, ProviderName},
    auths::Auths,
    relation_checks::check_key_size,
    report::{Report, shortened},
    syntax::name_span,
    types::{Types, fields, has_subscriptions},
};

/// Checks that whoever may get a record may read what it must have, and that relations can be looked up.
pub(crate) fn check(matrix: &AccessMatrix<'_>, types: &Types<'_>, auths: &Auths, report: &mut Report<'_>) {
    let Some(object) = types.object(matrix.model()) else {
        return;
    };
    let getters = Getters::of(matrix);
    let mut unreadable = Vec::new();
    for field in fields(object) {
        // A list of related records is answered as a page, which may be missing.
        let is_page = field.directives.has("hasMany") || field.directives.has("manyToMany");
        if field.ty.is_non_null() && !is_page && getters.do_not_all_read(&field.name) {
            unreadable.push(field);
        }
        let related = types.object(field.ty.inner_named_type());
        let guarded = |object: &Node<ObjectTypeDefinition>| {
            let mut all = object.fields.iter().map(|field| &field.directives);
            auths.of(&object.directives).is_some() || all.any(|directives| auths.of(directives).is_some())
        };
        if related.is_some_and(guarded) {
            check_key_size(types, object, field, report);
        }
    }
    let Some(first) = unreadable.first() else {
        return;
    };
    if has_subscriptions(object) {
        let names: Vec<&str> = unreadable.iter().map(|field| field.name.as_str()).collect();
        report.directive(name_span(&first.name), message(matrix.model(), &names));
    }
}

/// The roles that may get a record.
struct Getters<'m> {
    matrix: &'m AccessMatrix<'m>,
    rows: Vec<&'m Row>,
}

impl<'m> Getters<'m> {
    fn of(matrix: &'m AccessMatrix<'m>) -> Self {
        // The reference means to look at all who read, and looks at those who get.
        let get = Operation::Get.into();
        Self { matrix, rows: matrix.rows().iter().filter(|row| row.touches(get)).collect() }
    }

    /// Whether some of them may not read the field, so that the reference asks who reads it.
    fn do_not_all_read(&self, field: &str) -> bool {
        let granted = |row: &Row| self.matrix.granted(row, field);
        let is_everybody = |row: &&&Row, provider: ProviderName| {
            row.provider == provider && row.allow == Allow::Private && row.entity.is_none()
        };
        // Whoever has signed in reads the field, so that the other roles of that provider do not matter.
        let is_open = |provider: ProviderName| {
            let mut everybody = self.rows.iter().filter(|row| is_everybody(row, provider));
            everybody.any(|row| granted(row).contains_all(Operations::READ))
        };
        let open =
            [ProviderName::UserPools, ProviderName::Oidc].map(|provider| (provider, is_open(provider)));
        let matters = |row: &&&Row| !open.contains(&(row.provider, true)) || is_everybody(row, row.provider);
        self.rows.iter().filter(matters).any(|row| !granted(row).intersects(Operations::READ))
    }
}

/// The reference's words.
fn message(model: &str, fields: &[&str]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| format!("\"{}\"", shortened(field))).collect();
    format!(
        "When using field-level authorization rules you need to add rules to all of the model's required fields with at \
         least read permissions. Found model \"{}\" with required fields [{}] missing field-level authorization \
         rules.\n\nFor more information visit \
         https://docs.amplify.aws/cli/graphql/authorization-rules/#field-level-authorization-rules",
        shortened(model),
        fields.join(",")
    )
}
