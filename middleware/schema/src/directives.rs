//! What becomes of directives that are known and not enforced.

use apollo_compiler::ast::{Definition, Directive, DirectiveList};

use crate::{prelude, report::Report, syntax::directive_span};

/// Directives that make a field a relation to a model.
pub(crate) const RELATIONS: [&str; 4] = ["hasOne", "hasMany", "belongsTo", "manyToMany"];

/// Refuses every directive but those that are read elsewhere: none is ignored. One that nobody knows has been told of.
pub(crate) fn refuse_others(directives: &DirectiveList, read: &[&str], report: &mut Report<'_>) {
    for directive in directives.iter().filter(|directive| !read.contains(&directive.name.as_str())) {
        if is_known(directive) {
            report.unsupported(directive_span(directive), format!("`@{}` here", directive.name));
        }
    }
}

fn is_known(directive: &Directive) -> bool {
    let is_it = |definition: &Definition| {
        definition.as_directive_definition().is_some_and(|known| known.name == directive.name)
    };
    prelude::document().definitions.iter().any(is_it)
}
