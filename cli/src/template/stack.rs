//! The template with its parameters and its names on this machine.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{TemplateMistake, document};

/// The account of everything on this machine.
pub(crate) const ACCOUNT: &str = "000000000000";
/// The region of everything on this machine.
pub(crate) const REGION: &str = "us-east-1";

/// A template whose values can be asked for.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    template: Value,
    parameters: BTreeMap<String, String>,
    names: BTreeMap<String, String>,
}

impl Stack {
    /// Reads a template. Its parameters have their defaults where `parameters` says nothing.
    pub(crate) fn new(yaml: &str, parameters: &[(String, String)]) -> Result<Self, TemplateMistake> {
        let template = document::parse(yaml)?;
        let mut values = BTreeMap::new();
        let declared = template.get("Parameters").and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, declaration) in &declared {
            if let Some(default) = declaration.get("Default") {
                values.insert(name.clone(), plain(default));
            }
        }
        for (name, value) in parameters {
            let place = format!("the parameter {name}");
            let declaration =
                declared.get(name).ok_or_else(|| TemplateMistake::new(&place, "is none of template.yaml"))?;
            let allowed = declaration.get("AllowedValues").and_then(Value::as_array);
            if allowed.is_some_and(|allowed| !allowed.iter().any(|one| plain(one) == *value)) {
                return Err(TemplateMistake::new(place, "may not have this value"));
            }
            values.insert(name.clone(), value.clone());
        }
        Ok(Self { template, parameters: values, names: BTreeMap::new() })
    }

    /// Says what a resource is called on this machine. One of which nothing is said is called by its id in the template.
    pub(crate) fn name(&mut self, id: impl Into<String>, name: impl Into<String>) {
        self.names.insert(id.into(), name.into());
    }

    /// The ids of the resources of this type that there are.
    pub(crate) fn ids(&self, kind: &str) -> Result<Vec<String>, TemplateMistake> {
        let mut ids = Vec::new();
        for (id, resource) in self.resources() {
            if resource.get("Type").and_then(Value::as_str) == Some(kind) && self.exists(resource)? {
                ids.push(id.clone());
            }
        }
        Ok(ids)
    }

    /// The properties of a resource, with their values.
    pub(crate) fn properties(&self, id: &str) -> Result<Value, TemplateMistake> {
        let place = format!("{id}.Properties");
        match self.at(&["Resources", id, "Properties"]) {
            Some(properties) => Ok(self.resolve(properties, &place)?.unwrap_or_default()),
            None => Ok(json!({})),
        }
    }

    pub(super) fn at(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(&self.template, |value, name| value.get(name))
    }

    fn resources(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.at(&["Resources"]).and_then(Value::as_object).into_iter().flatten()
    }

    fn exists(&self, resource: &Value) -> Result<bool, TemplateMistake> {
        resource.get("Condition").and_then(Value::as_str).map_or(Ok(true), |name| self.condition(name))
    }

    /// The value with its functions replaced by what they give; nothing for `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Value, place: &str) -> Result<Option<Value>, TemplateMistake> {
        match value {
            Value::Array(entries) => {
                let mut resolved = Vec::with_capacity(entries.len());
                for entry in entries {
                    resolved.extend(self.resolve(entry, place)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            Value::Object(members) => match function(members) {
                Some((name, argument)) => self.call(name, argument, place),
                None => {
                    let mut resolved = Map::new();
                    for (name, member) in members {
                        if let Some(member) = self.resolve(member, &format!("{place}.{name}"))? {
                            resolved.insert(name.clone(), member);
                        }
                    }
                    Ok(Some(Value::Object(resolved)))
                }
            },
            plain => Ok(Some(plain.clone())),
        }
    }

    fn call(&self, function: &str, argument: &Value, place: &str) -> Result<Option<Value>, TemplateMistake> {
        let unusable = || TemplateMistake::new(place, format!("has a {function} that cannot be used here"));
        match (function, argument) {
            ("Ref", Value::String(name)) if name == "AWS::NoValue" => Ok(None),
            ("Ref", Value::String(name)) => self.reference(name, place).map(|text| Some(json!(text))),
            ("Fn::GetAtt", Value::Array(path)) => match path.as_slice() {
                [Value::String(id), Value::String(attribute)] => {
                    self.attribute(id, attribute, place).map(|text| Some(json!(text)))
                }
                _ => Err(unusable()),
            },
            ("Fn::Sub", Value::String(text)) => {
                self.substitute(text, &Map::new(), place).map(|text| Some(json!(text)))
            }
            ("Fn::Sub", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(text), Value::Object(local)] => {
                    let local = self.resolve(&Value::Object(local.clone()), place)?;
                    let local = local.as_ref().and_then(Value::as_object).ok_or_else(unusable)?;
                    self.substitute(text, local, place).map(|text| Some(json!(text)))
                }
                _ => Err(unusable()),
            },
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => {
                    let chosen = if self.condition(condition)? { yes } else { no };
                    self.resolve(chosen, place)
                }
                _ => Err(unusable()),
            },
            ("Fn::Join", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(between), list] => {
                    let list = self.resolve(list, place)?.unwrap_or_default();
                    let texts: Option<Vec<&str>> =
                        list.as_array().and_then(|list| list.iter().map(Value::as_str).collect());
                    Ok(Some(json!(texts.ok_or_else(unusable)?.join(between))))
                }
                _ => Err(unusable()),
            },
            _ => Err(unusable()),
        }
    }

    fn substitute(
        &self,
        text: &str,
        local: &Map<String, Value>,
        place: &str,
    ) -> Result<String, TemplateMistake> {
        let mut parts = text.split("${");
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, behind) = part
                .split_once('}')
                .ok_or_else(|| TemplateMistake::new(place, "has a substitution without an end"))?;
            match (name.strip_prefix('!'), local.get(name), name.split_once('.')) {
                (Some(literal), _, _) => result.push_str(&format!("${{{literal}}}")),
                (None, Some(value), _) => result.push_str(&plain(value)),
                // Variables of a policy have a colon, and what is left of a dot is no resource.
                (None, None, Some((id, attribute))) => {
                    result.push_str(&self.attribute(id, attribute, place)?)
                }
                (None, None, None) => result.push_str(&self.reference(name, place)?),
            }
            result.push_str(behind);
        }
        Ok(result)
    }

    fn reference(&self, name: &str, place: &str) -> Result<String, TemplateMistake> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        Ok(match name {
            "AWS::AccountId" => ACCOUNT.to_owned(),
            "AWS::Region" => REGION.to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => "portcullis".to_owned(),
            id if self.at(&["Resources", id]).is_some() => {
                self.names.get(id).cloned().unwrap_or_else(|| id.to_owned())
            }
            _ => {
                return Err(TemplateMistake::new(
                    place,
                    format!("refers to {name}, which has no value here"),
                ));
            }
        })
    }

    fn attribute(&self, id: &str, attribute: &str, place: &str) -> Result<String, TemplateMistake> {
        let kind = self.at(&["Resources", id, "Type"]).and_then(Value::as_str);
        let name = self.reference(id, place)?;
        Ok(match (kind, attribute) {
            (Some("AWS::IAM::Role"), "Arn") => format!("arn:aws:iam::{ACCOUNT}:role/{name}"),
            (Some("AWS::S3::Bucket"), "Arn") => format!("arn:aws:s3:::{name}"),
            (Some("AWS::AppSync::GraphQLApi"), "Arn") => {
                format!("arn:aws:appsync:{REGION}:{ACCOUNT}:apis/{name}")
            }
            (Some("AWS::AppSync::GraphQLApi"), "ApiId") => name,
            // Of a part that is no part of this machine: what is said about it is said about nothing here.
            (Some(_), _) => format!("arn:aws:none:{REGION}:{ACCOUNT}:{name}/{attribute}"),
            (None, _) => {
                return Err(TemplateMistake::new(place, format!("refers to {id}, which is not there")));
            }
        })
    }
}

/// The name and the argument of a call, if the object is one.
fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
Parameters:
  Guests: { Type: String, Default: "false", AllowedValues: ["true", "false"] }
  Free: { Type: Number, Default: 8 }
  Needed: { Type: String }
Conditions:
  HasGuests: !Equals [!Ref Guests, "true"]
  HasNone: !Not [!Condition HasGuests]
  Both: !And [!Condition HasGuests, !Or [!Condition HasNone, !Equals [!Ref Free, "8"]]]
  Circle: !Condition Circle
Resources:
  Pool: { Type: AWS::Cognito::UserPool }
  Bucket: { Type: AWS::S3::Bucket }
  Role:
    Type: AWS::IAM::Role
    Properties:
      A: !Ref Pool
      B: !GetAtt Role.Arn
      C: !Sub "arn:${AWS::Partition}:s3:::${Bucket}/private/${!cognito-identity.amazonaws.com:sub}/*"
      D: !Sub ["${Local}/${Role.Arn}", { Local: !If [HasGuests, guests, !Ref Free] }]
      E: [!If [HasGuests, one, !Ref AWS::NoValue], two]
      F: !If [HasGuests, !Ref AWS::NoValue, 7]
      G: !Join ["-", [a, !Ref Pool]]
  Guest:
    Type: AWS::IAM::Role
    Condition: Both
"#;

    fn stack(parameters: &[(&str, &str)]) -> Result<Stack, TemplateMistake> {
        let parameters: Vec<(String, String)> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Stack::new(TEMPLATE, &parameters)
    }

    #[test]
    fn functions_give_what_they_would_when_deployed() {
        let mut stack = stack(&[]).unwrap();
        stack.name("Pool", "us-east-1_Local");
        assert_eq!(
            stack.properties("Role").unwrap(),
            json!({
                "A": "us-east-1_Local",
                "B": "arn:aws:iam::000000000000:role/Role",
                "C": "arn:aws:s3:::Bucket/private/${cognito-identity.amazonaws.com:sub}/*",
                "D": "8/arn:aws:iam::000000000000:role/Role",
                "E": ["two"],
                "F": 7,
                "G": "a-us-east-1_Local",
            })
        );
        assert_eq!(stack.ids("AWS::IAM::Role").unwrap(), ["Role"]);
    }

    #[test]
    fn a_parameter_decides_what_there_is() {
        let stack = stack(&[("Guests", "true")]).unwrap();
        assert_eq!(stack.ids("AWS::IAM::Role").unwrap(), ["Guest", "Role"]);
        let properties = stack.properties("Role").unwrap();
        assert_eq!((properties.get("E"), properties.get("F")), (Some(&json!(["one", "two"])), None));
    }

    #[test]
    fn what_the_template_does_not_have_is_a_mistake() {
        for (parameters, place) in [
            (&[("Guest", "true")][..], "the parameter Guest"),
            (&[("Guests", "perhaps")][..], "the parameter Guests"),
        ] {
            let mistake = stack(parameters).unwrap_err().to_string();
            assert!(mistake.starts_with(place) && !mistake.contains("perhaps"), "{mistake}");
        }
        for (value, problem) in [
            (json!({ "Ref": "Nothing" }), "refers to Nothing"),
            (json!({ "Ref": "Needed" }), "refers to Needed"),
            (json!({ "Fn::GetAtt": ["Nothing", "Arn"] }), "refers to Nothing"),
            (json!({ "Fn::Sub": "${Nothing.Arn}" }), "refers to Nothing"),
            (json!({ "Fn::Sub": "${cognito-identity.amazonaws.com:sub}" }), "refers to cognito-identity"),
            (json!({ "Fn::ImportValue": "x" }), "Fn::ImportValue"),
            (json!({ "Fn::If": ["None", 1, 2] }), "Conditions.None"),
            (json!({ "Fn::If": ["Circle", 1, 2] }), "Conditions.Circle"),
        ] {
            let mistake = stack(&[]).unwrap().resolve(&value, "here").unwrap_err().to_string();
            assert!(mistake.contains(problem), "{value}: {mistake}");
        }
        assert!(Stack::new("a: [", &[]).is_err());
    }
}
