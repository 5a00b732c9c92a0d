//! GraphQL's own rules for directives: how often they may stand, where, and with which arguments.

use std::collections::HashMap;

use apollo_compiler::{
    Node,
    ast::{Directive, DirectiveList, DirectiveLocation, Value},
};

use crate::{
    definitions::MAX_MEMBERS,
    report::shortened,
    sdl::Walk,
    source::Span,
    suggestion::did_you_mean,
    syntax::{directive_span, name_span},
};

impl<'d> Walk<'d, '_, '_> {
    /// A type and its extensions share their directives.
    pub(crate) fn unique_type_directives(&mut self, of: &'d str, directives: &'d DirectiveList) {
        let mut seen = std::mem::take(&mut self.seen.type_directives);
        for directive in directives.iter() {
            let first =
                seen.entry((of, directive.name.as_str())).or_insert_with(|| directive_span(directive));
            self.unique_directive(first, directive);
        }
        self.seen.type_directives = seen;
    }

    pub(crate) fn unique_directives(&mut self, directives: &'d DirectiveList) {
        let mut seen = HashMap::new();
        for directive in directives.iter() {
            let first = seen.entry(directive.name.as_str()).or_insert_with(|| directive_span(directive));
            self.unique_directive(first, directive);
        }
    }

    pub(crate) fn unique_directive(&mut self, first: &Span, directive: &'d Node<Directive>) {
        let span = directive_span(directive);
        let unique =
            self.definitions.directive(&directive.name).is_some_and(|definition| !definition.repeatable);
        if unique && *first != span {
            let message =
                format!("The directive \"@{}\" can only be used once at this location.", directive.name);
            self.report.clash(first.clone(), span, message);
        }
    }

    pub(crate) fn directives(&mut self, directives: &'d DirectiveList, location: DirectiveLocation) {
        for directive in directives.iter() {
            self.directives.push(directive);
            self.directive(directive, location);
        }
    }

    pub(crate) fn directive(&mut self, directive: &'d Node<Directive>, location: DirectiveLocation) {
        let name = &directive.name;
        let definition = self.definitions.directive(name);
        match definition {
            None => {
                let message = format!("Unknown directive \"@{}\".", shortened(name));
                self.report.validation(directive_span(directive), message);
            }
            Some(definition) if !definition.locations.contains(&location) => {
                let message = format!("Directive \"@{name}\" may not be used on {}.", location.name());
                self.report.validation(directive_span(directive), message);
            }
            Some(_) => {}
        }
        let definition = definition.filter(|definition| definition.arguments.len() <= MAX_MEMBERS);
        let known = || definition.iter().flat_map(|definition| &definition.arguments);
        for argument in directive.arguments.iter().filter(|_| definition.is_some()) {
            if !known().any(|known| known.name == argument.name) {
                let guess = self.report.guesses();
                let names = known().map(|known| known.name.as_str());
                let meant = if guess { did_you_mean("", &argument.name, names) } else { String::new() };
                let argument_name = shortened(&argument.name);
                let message =
                    format!("Unknown argument \"{argument_name}\" on directive \"@{name}\".{meant}");
                self.report.validation(name_span(&argument.name), message);
            }
        }
        let mut seen: HashMap<&str, Span> = HashMap::new();
        for argument in &directive.arguments {
            let span = name_span(&argument.name);
            if let Some(first) = seen.insert(&argument.name, span.clone()) {
                let message =
                    format!("There can be only one argument named \"{}\".", shortened(&argument.name));
                self.report.clash(first, span, message);
            }
            self.input_fields(&argument.value);
        }
        for required in known().filter(|known| known.ty.is_non_null() && known.default_value.is_none()) {
            if !seen.contains_key(required.name.as_str()) {
                let message = format!(
                    "Directive \"@{name}\" argument \"{}\" of type \"{}\" is required, but it was not provided.",
                    required.name, required.ty
                );
                self.report.validation(directive_span(directive), message);
            }
        }
    }

    /// The fields of an object stand once each.
    pub(crate) fn input_fields(&mut self, value: &Value) {
        match value {
            Value::List(items) => items.iter().for_each(|item| self.input_fields(item)),
            Value::Object(fields) => {
                let mut seen: HashMap<&str, Span> = HashMap::new();
                for (name, value) in fields {
                    let span = name_span(name);
                    if let Some(first) = seen.get(name.as_str()) {
                        let message =
                            format!("There can be only one input field named \"{}\".", shortened(name));
                        self.report.clash(first.clone(), span, message);
                    } else {
                        seen.insert(name, span);
                    }
                    self.input_fields(value);
                }
            }
            _ => {}
        }
    }
}
