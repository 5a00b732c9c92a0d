//! How much a query asks for, fragments written out, before anything is looked up.

use apollo_compiler::{
    ExecutableDocument,
    executable::{Operation, Selection, SelectionSet},
};

/// Fields of a query at most.
const MAX_FIELDS: usize = 2000;
/// Levels of fields within each other at most. Amplify's own statements have four.
const MAX_LEVELS: usize = 30;

/// Says why a query asks for too much. Its fragments have been checked: none holds itself.
pub(crate) fn measure(document: &ExecutableDocument, operation: &Operation) -> Result<(), &'static str> {
    let mut fields = 0;
    walk(document, &operation.selection_set, 0, &mut fields)
}

fn walk(
    document: &ExecutableDocument,
    set: &SelectionSet,
    level: usize,
    fields: &mut usize,
) -> Result<(), &'static str> {
    if level > MAX_LEVELS {
        return Err("A query has at most 30 levels of fields");
    }
    for selection in &set.selections {
        *fields += 1;
        if *fields > MAX_FIELDS {
            return Err("A query has at most 2000 fields, those of fragments counted wherever they stand");
        }
        match selection {
            Selection::Field(field) => walk(document, &field.selection_set, level + 1, fields)?,
            Selection::InlineFragment(inline) => walk(document, &inline.selection_set, level, fields)?,
            Selection::FragmentSpread(spread) => {
                if let Some(fragment) = document.fragments.get(&spread.fragment_name) {
                    walk(document, &fragment.selection_set, level, fields)?;
                }
            }
        }
    }
    Ok(())
}
