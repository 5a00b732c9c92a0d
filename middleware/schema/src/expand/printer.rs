//! Definitions as text.

use std::fmt::{self, Display, Write as _};

use super::definition::{AppliedDirective, ExpandedField, ExpandedType, InputValue, TypeBody};

/// The definitions in GraphQL's language, one after the other.
pub(crate) fn print(types: &[ExpandedType]) -> String {
    let mut text = String::new();
    for (place, definition) in types.iter().enumerate() {
        let break_before = if place == 0 { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{break_before}{definition}");
    }
    text
}

impl Display for ExpandedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_description(f, "", self.description.as_deref())?;
        let word = match self.body {
            TypeBody::Object(_) => "type",
            TypeBody::Input(_) => "input",
            TypeBody::Enum(_) => "enum",
        };
        write!(f, "{word} {}{}", self.name, Directives(&self.directives))?;
        let is_empty = match &self.body {
            TypeBody::Object(fields) => fields.is_empty(),
            TypeBody::Input(fields) => fields.is_empty(),
            TypeBody::Enum(values) => values.is_empty(),
        };
        if is_empty {
            return f.write_char('\n');
        }
        f.write_str(" {\n")?;
        match &self.body {
            TypeBody::Object(fields) => fields.iter().try_for_each(|field| {
                write_description(f, "  ", field.description.as_deref())?;
                writeln!(f, "  {field}")
            }),
            TypeBody::Input(fields) => fields.iter().try_for_each(|field| {
                write_description(f, "  ", field.description.as_deref())?;
                writeln!(f, "  {field}")
            }),
            TypeBody::Enum(values) => values.iter().try_for_each(|value| {
                write_description(f, "  ", value.description.as_deref())?;
                writeln!(f, "  {}{}", value.name, Directives(&value.directives))
            }),
        }?;
        f.write_str("}\n")
    }
}

/// On one line; descriptions of arguments are left out.
impl Display for ExpandedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (place, argument) in self.arguments.iter().enumerate() {
            write!(f, "{}{argument}", if place == 0 { "(" } else { ", " })?;
        }
        let close = if self.arguments.is_empty() { "" } else { ")" };
        write!(f, "{close}: {}{}", self.kind, Directives(&self.directives))
    }
}

/// On one line, without its description.
impl Display for InputValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.kind)?;
        if let Some(default) = &self.default {
            write!(f, " = {default}")?;
        }
        write!(f, "{}", Directives(&self.directives))
    }
}

impl Display for AppliedDirective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.name)?;
        for (place, (name, value)) in self.arguments.iter().enumerate() {
            write!(f, "{}{name}: {value}", if place == 0 { "(" } else { ", " })?;
        }
        f.write_str(if self.arguments.is_empty() { "" } else { ")" })
    }
}

/// Directives, each with a space before it.
struct Directives<'a>(&'a [AppliedDirective]);

impl Display for Directives<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|directive| write!(f, " {directive}"))
    }
}

/// A description as a string of GraphQL on a line of its own.
fn write_description(f: &mut fmt::Formatter<'_>, indent: &str, text: Option<&str>) -> fmt::Result {
    let Some(text) = text else {
        return Ok(());
    };
    f.write_str(indent)?;
    f.write_char('"')?;
    for character in text.chars() {
        match character {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            other if other.is_control() => write!(f, "\\u{:04X}", u32::from(other))?,
            other => f.write_char(other)?,
        }
    }
    f.write_str("\"\n")
}
