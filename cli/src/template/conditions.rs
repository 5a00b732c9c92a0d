//! Conditions of a template.

use serde_json::Value;

use super::{Stack, TemplateMistake};

/// Conditions that ask for each other in a circle would go on for ever.
const MAX_DEPTH: usize = 32;

impl Stack {
    /// Whether a named condition holds.
    pub(super) fn condition(&self, name: &str) -> Result<bool, TemplateMistake> {
        self.named(name, 0)
    }

    fn named(&self, name: &str, depth: usize) -> Result<bool, TemplateMistake> {
        let place = format!("Conditions.{name}");
        let condition =
            self.at(&["Conditions", name]).ok_or_else(|| TemplateMistake::new(&place, "is not there"))?;
        self.holds(condition, &place, depth)
    }

    fn holds(&self, condition: &Value, place: &str, depth: usize) -> Result<bool, TemplateMistake> {
        if depth > MAX_DEPTH {
            return Err(TemplateMistake::new(place, "asks for too many others"));
        }
        let unknown = || TemplateMistake::new(place, "is no condition that can be decided here");
        let members = condition.as_object().filter(|members| members.len() == 1).ok_or_else(unknown)?;
        let (name, value) = members.iter().next().ok_or_else(unknown)?;
        let each = || -> Result<Vec<bool>, TemplateMistake> {
            let parts = value.as_array().ok_or_else(unknown)?;
            parts.iter().map(|part| self.holds(part, place, depth + 1)).collect()
        };
        match (name.as_str(), value) {
            ("Condition", Value::String(name)) => self.named(name, depth + 1),
            ("Fn::And", _) => Ok(each()?.into_iter().all(|holds| holds)),
            ("Fn::Or", _) => Ok(each()?.into_iter().any(|holds| holds)),
            ("Fn::Not", _) => match each()?.as_slice() {
                [holds] => Ok(!holds),
                _ => Err(unknown()),
            },
            ("Fn::Equals", Value::Array(sides)) => match sides.as_slice() {
                [one, other] => Ok(self.resolve(one, place)? == self.resolve(other, place)?),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}
