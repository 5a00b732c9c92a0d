//! Values of a template as AWS sees them, once its references are resolved.

use serde_json::{Map, Value};

use super::{Stack, text};
use crate::Result;

const PARTITION: &str = "aws";
const REGION: &str = "eu-west-1";
const ACCOUNT: &str = "111122223333";

impl Stack<'_> {
    /// A value of which each `Fn::If` is decided, with its references resolved.
    ///
    /// # Errors
    ///
    /// When it refers to nothing, or uses a function that is not known here.
    pub fn literal(&self, value: &Value) -> Result<Value> {
        match value {
            Value::Array(entries) => entries.iter().map(|entry| self.literal(entry)).collect(),
            Value::Object(members) => match members.iter().next().filter(|_| members.len() == 1) {
                Some((function, argument)) if function == "Ref" || function.starts_with("Fn::") => {
                    self.called(function, argument)
                }
                _ => {
                    let mut resolved = Map::new();
                    for (name, member) in members {
                        resolved.insert(name.clone(), self.literal(member)?);
                    }
                    Ok(Value::Object(resolved))
                }
            },
            _ => Ok(value.clone()),
        }
    }

    fn called(&self, function: &str, argument: &Value) -> Result<Value> {
        let parts = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, argument, parts) {
            ("Ref", Value::String(name), _) => self.reference(name).map(Value::String),
            ("Fn::GetAtt", _, [Value::String(id), Value::String(attribute)]) => {
                self.attribute(id, attribute).map(Value::String)
            }
            ("Fn::Sub", Value::String(template), _) => self.substituted(template, &Map::new()),
            ("Fn::Sub", _, [Value::String(template), Value::Object(local)]) => {
                self.substituted(template, local)
            }
            ("Fn::Split", _, [Value::String(separator), whole]) => {
                let whole = self.word(whole)?;
                Ok(whole.split(separator.as_str()).map(Value::from).collect())
            }
            ("Fn::Select", _, [Value::Number(index), list]) => {
                let list = self.literal(list)?;
                let index =
                    index.as_u64().and_then(|index| usize::try_from(index).ok()).unwrap_or(usize::MAX);
                list.get(index).cloned().ok_or_else(|| "Fn::Select finds nothing".into())
            }
            _ => Err(format!("`{function}` is not known here, or not with {argument}").into()),
        }
    }

    fn word(&self, value: &Value) -> Result<String> {
        let literal = self.literal(value)?;
        text(&literal).ok_or_else(|| format!("{literal} is no text").into())
    }

    fn reference(&self, name: &str) -> Result<String> {
        if let Some(value) = self.parameters.get(name) {
            return Ok(value.clone());
        }
        let pseudo = match name {
            "AWS::AccountId" => ACCOUNT,
            "AWS::Partition" => PARTITION,
            "AWS::Region" => REGION,
            "AWS::StackName" => "portcullis",
            "AWS::URLSuffix" => "amazonaws.com",
            _ => "",
        };
        if !pseudo.is_empty() {
            return Ok(pseudo.to_owned());
        }
        let lower = name.to_lowercase();
        Ok(match self.kind(name)? {
            "AWS::S3::Bucket" => lower,
            "AWS::Cognito::UserPool" => format!("{REGION}_{name}"),
            "AWS::Cognito::IdentityPool" => format!("{REGION}:9b0ed3f4-7b6e-4ee4-a3b1-d8e7a1f0c2aa"),
            _ => name.to_owned(),
        })
    }

    fn attribute(&self, id: &str, attribute: &str) -> Result<String> {
        let here = format!("{REGION}:{ACCOUNT}");
        let name = self.reference(id)?;
        Ok(match (self.kind(id)?, attribute) {
            ("AWS::S3::Bucket", "Arn") => format!("arn:{PARTITION}:s3:::{name}"),
            ("AWS::IAM::Role", "Arn") => format!("arn:{PARTITION}:iam::{ACCOUNT}:role/{name}"),
            ("AWS::DynamoDB::Table", "Arn") => format!("arn:{PARTITION}:dynamodb:{here}:table/{name}"),
            ("AWS::Cognito::UserPool", "Arn") => {
                format!("arn:{PARTITION}:cognito-idp:{here}:userpool/{name}")
            }
            ("AWS::Serverless::Function", "Arn") => format!("arn:{PARTITION}:lambda:{here}:function:{name}"),
            ("AWS::AppSync::GraphQLApi", "Arn") => format!("arn:{PARTITION}:appsync:{here}:apis/{name}"),
            // The ARN of a group ends like this, so that it covers the streams in it.
            ("AWS::Logs::LogGroup", "Arn") => {
                let group =
                    self.word(self.template.at(&format!("/Resources/{id}/Properties/LogGroupName")))?;
                format!("arn:{PARTITION}:logs:{here}:log-group:{group}:*")
            }
            (kind, _) => return Err(format!("`{attribute}` of {kind} is not known here").into()),
        })
    }

    fn kind(&self, id: &str) -> Result<&str> {
        let kind = self.template.at(&format!("/Resources/{id}/Type")).as_str();
        kind.ok_or_else(|| format!("there is no `{id}`").into())
    }

    fn substituted(&self, template: &str, local: &Map<String, Value>) -> Result<Value> {
        let mut pieces = template.split("${");
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').ok_or("`${` is not closed")?;
            whole += &match (name.strip_prefix('!'), local.get(name), name.split_once('.')) {
                // `${!name}` is the text `${name}`: a variable of IAM, for one.
                (Some(escaped), ..) => format!("${{{escaped}}}"),
                (_, Some(value), _) => self.word(value)?,
                (.., Some((id, attribute))) => self.attribute(id, attribute)?,
                _ => self.reference(name)?,
            };
            whole += rest;
        }
        Ok(Value::String(whole))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Template;

    #[test]
    fn references_become_what_aws_would_put_in_their_place() {
        let template = Template::parse(
            "
            Parameters: { Old: { Type: String, Default: eu-central-1_x } }
            Resources:
              Files: { Type: AWS::S3::Bucket }
              Logs: { Type: AWS::Logs::LogGroup, Properties: { LogGroupName: !Sub '/aws/${AWS::StackName}' } }
              Members: { Type: AWS::Cognito::IdentityPool }
            Values:
              - !Sub '${Files.Arn}/private/${!cognito-identity.amazonaws.com:sub}/*'
              - !GetAtt Logs.Arn
              - !Sub ['${Region}/${Old}', { Region: !Select [0, !Split [_, !Ref Old]] }]
              - { x: [!Ref Files] }
            ",
        )
        .unwrap();
        let stack = Stack::new(&template, &[]).unwrap();
        assert_eq!(
            stack.literal(template.at("/Values")).unwrap(),
            json!([
                "arn:aws:s3:::files/private/${cognito-identity.amazonaws.com:sub}/*",
                "arn:aws:logs:eu-west-1:111122223333:log-group:/aws/portcullis:*",
                "eu-central-1/eu-central-1_x",
                { "x": ["files"] },
            ])
        );
        for wrong in [
            json!({ "Ref": "Nothing" }),
            json!({ "Fn::GetAtt": ["Files", "Size"] }),
            json!({ "Fn::Cidr": [] }),
        ] {
            assert!(stack.literal(&wrong).is_err(), "{wrong}");
        }
    }
}
