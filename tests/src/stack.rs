//! The template with values for its parameters: what CloudFormation makes of it.

mod literal;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{Result, Template};

/// A template and the values of its parameters. Names of things that AWS makes up are made up too.
#[derive(Clone, Debug)]
pub struct Stack<'a> {
    template: &'a Template,
    parameters: BTreeMap<&'a str, String>,
}

impl<'a> Stack<'a> {
    /// The template with its defaults, and with these values in place of some of them.
    ///
    /// # Errors
    ///
    /// When there is no such parameter, or its value is none of those that are allowed.
    pub fn new(template: &'a Template, values: &[(&str, &str)]) -> Result<Self> {
        let declared = template.at("/Parameters").as_object().ok_or("the template has no parameters")?;
        let mut parameters = BTreeMap::new();
        for (name, parameter) in declared {
            let given = values.iter().find(|(given, _)| given == name).map(|(_, value)| (*value).to_owned());
            let value = given.or_else(|| text(parameter.get("Default")?));
            let value = value.ok_or_else(|| format!("`{name}` has no value"))?;
            let allowed = parameter.get("AllowedValues").and_then(Value::as_array);
            if allowed.is_some_and(|allowed| !allowed.iter().any(|it| text(it).as_ref() == Some(&value))) {
                return Err(format!("`{name}` cannot be `{value}`").into());
            }
            parameters.insert(name.as_str(), value);
        }
        match values.iter().find(|(name, _)| !declared.contains_key(*name)) {
            Some((name, _)) => Err(format!("there is no parameter `{name}`").into()),
            None => Ok(Self { template, parameters }),
        }
    }

    /// Whether a condition holds.
    ///
    /// # Errors
    ///
    /// When there is no such condition, or it uses a function that is not known here.
    pub fn holds(&self, condition: &str) -> Result<bool> {
        self.is_true(self.template.at(&format!("/Conditions/{condition}")))
            .map_err(|error| format!("condition `{condition}`: {error}").into())
    }

    /// What the rules say against these values. CloudFormation makes nothing while there is something.
    ///
    /// # Errors
    ///
    /// When a rule uses a function that is not known here.
    pub fn refusals(&self) -> Result<Vec<&'a str>> {
        let mut refusals = Vec::new();
        for rule in self.template.at("/Rules").as_object().into_iter().flat_map(Map::values) {
            if !rule.get("RuleCondition").map_or(Ok(true), |it| self.is_true(it))? {
                continue;
            }
            for assertion in rule.get("Assertions").and_then(Value::as_array).into_iter().flatten() {
                if !self.is_true(assertion.get("Assert").unwrap_or(&Value::Null))? {
                    let description = assertion.get("AssertDescription").and_then(Value::as_str);
                    refusals.push(description.ok_or("an assertion has no description")?);
                }
            }
        }
        Ok(refusals)
    }

    /// The resources that are made, with each `Fn::If` decided.
    ///
    /// # Errors
    ///
    /// As for [`holds`](Self::holds).
    pub fn resources(&self) -> Result<BTreeMap<&'a str, Value>> {
        let mut made = BTreeMap::new();
        for (id, resource) in self.template.resources() {
            if resource.get("Condition").and_then(Value::as_str).map_or(Ok(true), |it| self.holds(it))? {
                made.insert(id, self.decided(resource)?.unwrap_or_default());
            }
        }
        Ok(made)
    }

    /// The values of the outputs that there are, with each `Fn::If` decided.
    ///
    /// # Errors
    ///
    /// As for [`holds`](Self::holds).
    pub fn outputs(&self) -> Result<BTreeMap<&'a str, Value>> {
        let mut told = BTreeMap::new();
        for (name, output) in self.template.at("/Outputs").as_object().into_iter().flatten() {
            let condition = output.get("Condition").and_then(Value::as_str);
            if condition.map_or(Ok(true), |it| self.holds(it))? {
                let value = self.decided(output.get("Value").unwrap_or(&Value::Null))?;
                told.insert(name.as_str(), value.unwrap_or_default());
            }
        }
        Ok(told)
    }

    fn is_true(&self, expression: &Value) -> Result<bool> {
        let one = expression.as_object().filter(|members| members.len() == 1);
        let (function, argument) = one.and_then(|it| it.iter().next()).ok_or("no expression")?;
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function.as_str(), parts) {
            ("Condition", _) => self.holds(argument.as_str().ok_or("no name of a condition")?),
            ("Fn::Equals", [left, right]) => Ok(self.text_of(left)? == self.text_of(right)?),
            ("Fn::Not", [inner]) => Ok(!self.is_true(inner)?),
            ("Fn::And", [_, _, ..]) => {
                parts.iter().try_fold(true, |all, part| Ok(self.is_true(part)? && all))
            }
            ("Fn::Or", [_, _, ..]) => {
                parts.iter().try_fold(false, |any, part| Ok(self.is_true(part)? || any))
            }
            ("Fn::Contains", [Value::Array(list), one]) => {
                let one = self.text_of(one)?;
                list.iter().try_fold(false, |any, it| Ok(self.text_of(it)? == one || any))
            }
            _ => Err(format!("`{function}` is not known here").into()),
        }
    }

    fn text_of(&self, value: &Value) -> Result<String> {
        if let Some(parameter) = value.get("Ref").and_then(Value::as_str) {
            let value = self.parameters.get(parameter);
            return value.cloned().ok_or_else(|| format!("there is no parameter `{parameter}`").into());
        }
        text(value).ok_or_else(|| format!("{value} is no text").into())
    }

    /// The value with each `Fn::If` decided; nothing if it is left out.
    fn decided(&self, value: &Value) -> Result<Option<Value>> {
        match value {
            Value::Array(entries) => {
                let mut kept = Vec::new();
                for entry in entries {
                    kept.extend(self.decided(entry)?);
                }
                Ok(Some(Value::Array(kept)))
            }
            Value::Object(members) => {
                match members.get("Fn::If").and_then(Value::as_array).map(Vec::as_slice) {
                    Some([condition, then, otherwise]) => {
                        let condition = condition.as_str().ok_or("Fn::If names no condition")?;
                        self.decided(if self.holds(condition)? { then } else { otherwise })
                    }
                    Some(_) => Err("Fn::If has not three parts".into()),
                    None if members.get("Ref").is_some_and(|it| it == "AWS::NoValue") => Ok(None),
                    None => {
                        let mut kept = Map::new();
                        for (name, member) in members {
                            if let Some(member) = self.decided(member)? {
                                kept.insert(name.clone(), member);
                            }
                        }
                        Ok(Some(Value::Object(kept)))
                    }
                }
            }
            _ => Ok(Some(value.clone())),
        }
    }
}

/// A text, or a number or a flag as CloudFormation compares it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEMPLATE: &str = "
        Parameters:
          Color: { Type: String, Default: red, AllowedValues: [red, blue] }
          Name: { Type: String, Default: '' }
        Rules:
          NamedIfBlue:
            RuleCondition: !Equals [!Ref Color, blue]
            Assertions: [{ Assert: !Not [!Equals [!Ref Name, '']], AssertDescription: Blue needs a name. }]
        Conditions:
          IsRed: !Equals [!Ref Color, red]
          IsNamed: !Not [!Equals [!Ref Name, '']]
          IsPlain: !And [!Condition IsRed, !Not [!Condition IsNamed]]
          IsOdd: !Or [!Condition IsNamed, !Not [!Condition IsRed]]
        Resources:
          Plain: { Condition: IsPlain }
          Both:
            A: !If [IsRed, !Ref Name, !Ref AWS::NoValue]
            B: [!If [IsNamed, 1, !Ref AWS::NoValue], 2]
        Outputs:
          Hue: { Value: !If [IsRed, !Ref Name, none] }
          Name: { Condition: IsNamed, Value: !Ref Name }
        ";

    #[test]
    fn conditions_and_rules_are_decided_by_the_parameters() {
        let template = Template::parse(TEMPLATE).unwrap();
        for (values, plain, odd, refusals) in [
            (&[][..], true, false, &[][..]),
            (&[("Color", "blue")], false, true, &["Blue needs a name."]),
            (&[("Color", "blue"), ("Name", "x")], false, true, &[]),
            (&[("Name", "x")], false, true, &[]),
        ] {
            let stack = Stack::new(&template, values).unwrap();
            assert_eq!(
                (stack.holds("IsPlain").unwrap(), stack.holds("IsOdd").unwrap()),
                (plain, odd),
                "{values:?}"
            );
            assert_eq!(stack.refusals().unwrap(), refusals, "{values:?}");
            assert_eq!(stack.resources().unwrap().contains_key("Plain"), plain, "{values:?}");
        }
        assert!(Stack::new(&template, &[("Color", "green")]).is_err());
        assert!(Stack::new(&template, &[("Size", "1")]).is_err());
        assert!(Stack::new(&template, &[]).unwrap().holds("IsGreen").is_err());
    }

    #[test]
    fn what_has_no_value_is_left_out() {
        let template = Template::parse(TEMPLATE).unwrap();
        let both = |values: &[(&str, &str)]| {
            Stack::new(&template, values).unwrap().resources().unwrap().remove("Both").unwrap()
        };
        assert_eq!(both(&[]), json!({ "A": { "Ref": "Name" }, "B": [2] }));
        assert_eq!(both(&[("Color", "blue"), ("Name", "x")]), json!({ "B": [1, 2] }));
        let stack = Stack::new(&template, &[("Color", "blue")]).unwrap();
        assert_eq!(stack.outputs().unwrap(), [("Hue", json!("none"))].into());
    }
}
