//! Two schemas compared as they are parsed: neither the order of anything nor descriptions matter.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::{
    Node,
    ast::{Definition, DirectiveList, InputValueDefinition},
    parser::Parser,
};
use portcullis_tests::Result;

/// What each type and each member of a type says, by its name.
type Facts = BTreeMap<String, String>;

/// What differs, each in a line.
pub(crate) fn differences(expected: &str, actual: &str) -> Result<Vec<String>> {
    let (expected, actual) = (facts(expected)?, facts(actual)?);
    let names: BTreeSet<&String> = expected.keys().chain(actual.keys()).collect();
    let difference = |name: &String| match (expected.get(name), actual.get(name)) {
        (Some(expected), Some(actual)) if expected == actual => None,
        (Some(expected), Some(actual)) => Some(format!("{name} is {actual} and not {expected}")),
        (Some(expected), None) => Some(format!("{name} is missing: {expected}")),
        (None, actual) => Some(format!("{name} is too much: {}", actual.cloned().unwrap_or_default())),
    };
    Ok(names.into_iter().filter_map(difference).collect())
}

/// What a schema says, each fact under the name of its type or of `Type.member`.
fn facts(sdl: &str) -> Result<Facts> {
    let document = Parser::new().parse_ast(sdl, "").map_err(|error| error.to_string())?;
    let mut facts = Facts::new();
    let mut add = |name: String, fact: String| {
        // The reference repeats an argument or an input field that two rules ask for.
        if facts.insert(name.clone(), fact.clone()).is_some_and(|known| known != fact) {
            return Err(format!("{name} stands twice, and not for the same"));
        }
        Ok(())
    };
    for definition in &document.definitions {
        // Which types are those of the operations goes without saying.
        let Some(name) = definition.name() else {
            continue;
        };
        match definition {
            Definition::ObjectTypeDefinition(object) => {
                add(name.to_string(), format!("type{}", directives(&object.directives)))?;
                for field in &object.fields {
                    let arguments: BTreeSet<String> = field.arguments.iter().map(input).collect();
                    let arguments = arguments.into_iter().collect::<Vec<_>>().join(", ");
                    let fact = format!("({arguments}): {}{}", field.ty, directives(&field.directives));
                    add(format!("{name}.{}", field.name), fact)?;
                }
            }
            Definition::InputObjectTypeDefinition(input_type) => {
                add(name.to_string(), format!("input{}", directives(&input_type.directives)))?;
                for field in &input_type.fields {
                    add(format!("{name}.{}", field.name), input(field))?;
                }
            }
            Definition::EnumTypeDefinition(definition) => {
                add(name.to_string(), format!("enum{}", directives(&definition.directives)))?;
                for value in &definition.values {
                    add(format!("{name}.{}", value.value), directives(&value.directives))?;
                }
            }
            other => add(name.to_string(), other.to_string())?,
        }
    }
    Ok(facts)
}

fn input(input: &Node<InputValueDefinition>) -> String {
    let default = input.default_value.as_ref().map(|default| format!(" = {default}")).unwrap_or_default();
    format!("{}: {}{default}{}", input.name, input.ty, directives(&input.directives))
}

/// The directives in the order of their names, each with its arguments in order.
fn directives(directives: &DirectiveList) -> String {
    let written = |directive: &Node<apollo_compiler::ast::Directive>| {
        let arguments = directive.arguments.iter();
        let arguments: BTreeSet<String> =
            arguments.map(|argument| format!("{}: {}", argument.name, argument.value)).collect();
        format!(" @{}({})", directive.name, arguments.into_iter().collect::<Vec<_>>().join(", "))
    };
    directives.iter().map(written).collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_descriptions_do_not_matter_and_everything_else_does() {
        let base = "type A @x @y(b: 1, a: 2) { a(x: Int = 1, y: [ID!]): String! @z b: Int } enum E { A B } input I { a: Int }";
        for (other, differs) in [
            (
                "enum E { B A } type A @y(a: 2, b: 1) @x { b: Int \"b\" a(y: [ID!], x: Int = 1): String! @z } input I { a: Int }",
                0,
            ),
            (
                "type A @x @y(b: 1, a: 2) { a(x: Int = 2, y: [ID!]): String! @z b: Int } enum E { A B } input I { a: Int }",
                1,
            ),
            (
                "type A @x @y(b: 1, a: 2) { a(x: Int = 1, y: [ID]): String! @z b: Int } enum E { A B } input I { a: Int }",
                1,
            ),
            (
                "type A @x @y(b: 1) { a(x: Int = 1, y: [ID!]): String @z b: Int } enum E { A } input I { a: Int! b: Int }",
                5,
            ),
            ("type A @x @y(b: 1, a: 2) { a(x: Int = 1, y: [ID!]): String! b: Int } enum E { A B }", 3),
        ] {
            assert_eq!(differences(base, other).unwrap().len(), differs, "{other}");
        }
        assert!(differences(base, "type A {").is_err());
    }
}
