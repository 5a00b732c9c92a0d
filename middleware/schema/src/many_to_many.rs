//! The two sides of a `@manyToMany`, in the reference's words.

use std::collections::HashMap;

use apollo_compiler::{Node, ast::ObjectTypeDefinition};

use crate::{
    Relation,
    plural::with_first,
    relation_checks::Related,
    report::{Report, shortened},
    source::Span,
    syntax::directive_span,
};

/// The two sides of each `@manyToMany`, by name.
#[derive(Default)]
pub(crate) struct ManyToMany<'a> {
    sides: HashMap<String, Vec<Related<'a>>>,
    /// The names, in the order in which they are seen.
    names: Vec<String>,
}

impl<'a> ManyToMany<'a> {
    /// Adds a side; a third one is a mistake.
    pub(crate) fn add(&mut self, side: Related<'a>, report: &mut Report<'_>) {
        let name = Relation::of(side.field).and_then(|relation| relation.relation_name).unwrap_or_default();
        let type_name = type_name(&name);
        let sides = self.sides.entry(type_name.clone()).or_default();
        if sides.is_empty() {
            self.names.push(type_name);
        }
        if sides.len() == 2 {
            let name = shortened(&name);
            let message = format!("@manyToMany relation '{name}' must be used in exactly two locations.");
            report.directive(directive_span(side.directive), message);
        } else {
            sides.push(side);
        }
    }

    /// Checks that the sides belong together.
    pub(crate) fn check(&self, report: &mut Report<'_>) {
        for (name, sides) in self.in_order() {
            let short = shortened(name);
            let at = |side: &Related<'_>| -> Span { directive_span(side.directive) };
            if name.is_empty() {
                let message = "`relationName` has no letter that the name of a type could begin with";
                report.crash(sides.first().map_or(0..0, at), message, "scope.setParameter is not a function");
                continue;
            }
            let [one, two] = sides else {
                let message =
                    format!("@manyToMany relation '{short}' must be used in exactly two locations.");
                report.directive(sides.first().map_or(0..0, at), message);
                continue;
            };
            for (side, other) in [(one, two), (two, one)] {
                let (expected, got) = (side.field.ty.inner_named_type(), &other.object.name);
                if expected != got {
                    let message = format!(
                        "@manyToMany relation '{short}' expects '{}' but got '{}'.",
                        shortened(expected),
                        shortened(got)
                    );
                    report.directive(at(side), message);
                }
            }
            if one.types.object(name).is_some() {
                let written = Relation::of(one.field).and_then(|relation| relation.relation_name);
                let message = format!(
                    "@manyToMany relation name '{short}' (derived from '{}') already exists as a type in the schema.",
                    shortened(&written.unwrap_or_default())
                );
                report.directive(at(one), message);
            }
        }
    }

    /// Checks the indexes of the join models, which are called after the models on both sides.
    pub(crate) fn check_joins(&self, report: &mut Report<'_>) {
        for (name, sides) in self.in_order() {
            if let [one, two] = sides
                && one.object.name == two.object.name
            {
                let (model, join) = (shortened(&one.object.name), shortened(name));
                let message =
                    format!("You may only supply one @index with the name 'by{model}' on type '{join}'.");
                report.directive(directive_span(two.directive), message);
            }
        }
    }

    /// The join models, each with the place of a directive that asks for it.
    pub(crate) fn join_places(&self) -> Vec<(String, Span)> {
        let place = |(name, sides): (&str, &[Related<'_>])| {
            Some((name.to_owned(), directive_span(sides.first()?.directive)))
        };
        self.in_order().filter_map(place).collect()
    }

    /// The models on both sides, by the name of the relation.
    pub(crate) fn pairs(
        &self,
    ) -> impl Iterator<Item = (&str, &'a Node<ObjectTypeDefinition>, &'a Node<ObjectTypeDefinition>)> {
        self.in_order().filter_map(|(name, sides)| match sides {
            [one, two] => Some((name, one.object, two.object)),
            _ => None,
        })
    }

    fn in_order(&self) -> impl Iterator<Item = (&str, &[Related<'a>])> {
        self.names.iter().filter_map(|name| Some((name.as_str(), self.sides.get(name)?.as_slice())))
    }
}

/// The type that a relation of this name makes.
pub(crate) fn type_name(relation: &str) -> String {
    let begins = |letter: char| letter.is_ascii_alphabetic() || letter == '_';
    let upper = with_first(relation, char::to_ascii_uppercase);
    let name = upper.trim_start_matches(|letter| !begins(letter)).chars();
    name.filter(|letter| begins(*letter) || letter.is_ascii_digit()).collect()
}
