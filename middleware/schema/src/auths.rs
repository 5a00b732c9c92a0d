//! Every `@auth` directive of a document, read once.

use std::collections::{HashMap, HashSet};

use apollo_compiler::ast::{Definition, DirectiveList, Document, ObjectTypeDefinition};

use crate::{
    access_matrix::{MAX_CELLS, MAX_ROLES, count_roles},
    auth_rule::AuthRules,
    definitions::Definitions,
    syntax::{directive_span, name_span},
};

/// The rules of a document, by the place of their directive.
#[derive(Debug, Default)]
pub(crate) struct Auths {
    by_start: HashMap<usize, AuthRules>,
    /// Where the rules of a type stand.
    types: HashMap<String, usize>,
    /// The types that have more roles than can be looked at, by the place of their name.
    too_many: HashSet<usize>,
}

impl Auths {
    pub(crate) fn read(document: &Document, definitions: &Definitions<'_>) -> Self {
        let mut auths = Self::default();
        for definition in &document.definitions {
            let (directives, fields) = match definition {
                Definition::ObjectTypeDefinition(object) => (&object.directives, &object.fields),
                Definition::ObjectTypeExtension(object) => (&object.directives, &object.fields),
                _ => continue,
            };
            if let Definition::ObjectTypeDefinition(object) = definition
                && let Some(directive) = directives.get("auth")
            {
                auths.types.entry(object.name.to_string()).or_insert(directive_span(directive).start);
            }
            let of_fields = fields.iter().flat_map(|field| field.directives.get_all("auth"));
            for directive in directives.get_all("auth").chain(of_fields) {
                let rules = AuthRules::read(directive, definitions);
                auths.by_start.insert(directive_span(directive).start, rules);
            }
            if let Definition::ObjectTypeDefinition(object) = definition
                && auths.count_too_many(object)
            {
                auths.too_many.insert(name_span(&object.name).start);
            }
        }
        auths
    }

    /// The rules of a type or a field. Of several directives, which is a mistake, the first counts.
    pub(crate) fn of(&self, directives: &DirectiveList) -> Option<&AuthRules> {
        let directive = directives.get("auth")?;
        self.by_start.get(&directive_span(directive).start)
    }

    /// The rules of the type of this name.
    pub(crate) fn of_type(&self, name: &str) -> Option<&AuthRules> {
        self.by_start.get(self.types.get(name)?)
    }

    /// Whether a type has more roles than can be looked at.
    pub(crate) fn are_too_many(&self, object: &ObjectTypeDefinition) -> bool {
        self.too_many.contains(&name_span(&object.name).start)
    }

    /// Looks at every field of the type, which is done once: whoever asks looks at each field as well.
    fn count_too_many(&self, object: &ObjectTypeDefinition) -> bool {
        let fields = object.fields.iter().map(|field| &field.directives);
        let all = std::iter::once(&object.directives).chain(fields);
        let roles: usize =
            all.filter_map(|directives| self.of(directives)).map(count_roles).fold(0, usize::saturating_add);
        roles > MAX_ROLES || roles.saturating_mul(object.fields.len()) > MAX_CELLS
    }
}
