//! The table as template.yaml declares it, so that the local table cannot drift from the deployed one.

mod node;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use thiserror::Error;

use self::node::{Map, Node};

/// What `CreateTable` needs of a resource of type `AWS::DynamoDB::Table`. Settings that change
/// nothing about how the table answers (tags, encryption, backups) are left out.
#[derive(Clone, Debug, PartialEq)]
pub struct TableDefinition {
    key_schema: Vec<KeySchemaElement>,
    attributes: Vec<AttributeDefinition>,
    billing_mode: BillingMode,
}

/// A template from which no table can be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text is not YAML.
    #[error("the template is not valid YAML: {0}")]
    Yaml(String),
    /// There is no such resource.
    #[error("the template has no resource `{0}`")]
    NoResource(String),
    /// A property of the resource is missing or has a form that cannot be used here.
    #[error("`{path}` in the template {problem}")]
    Property {
        /// Where the property stands, such as `Table.KeySchema[0].KeyType`.
        path: String,
        /// What is wrong, in words that fit after the path.
        problem: &'static str,
    },
}

impl TableDefinition {
    /// Reads the resource with this logical id. CloudFormation's tags (`!Ref`, `!Sub`, ..) may stand
    /// anywhere in the template but in the keys of this table, where their value would be unknown.
    ///
    /// # Errors
    ///
    /// When the template is not YAML, or has no such table, or the table needs what the local one
    /// cannot have.
    ///
    /// ```
    /// # use portcullis_data::TableDefinition;
    /// let template = "
    /// Resources:
    ///   Table:
    ///     Type: AWS::DynamoDB::Table
    ///     Properties:
    ///       TableName: !Sub '${AWS::StackName}-table'
    ///       BillingMode: PAY_PER_REQUEST
    ///       AttributeDefinitions:
    ///         - { AttributeName: pk, AttributeType: S }
    ///         - { AttributeName: sk, AttributeType: S }
    ///       KeySchema:
    ///         - { AttributeName: pk, KeyType: HASH }
    ///         - { AttributeName: sk, KeyType: RANGE }
    /// ";
    /// assert!(TableDefinition::from_template(template, "Table").is_ok());
    /// let error = TableDefinition::from_template(template, "Tabel").unwrap_err();
    /// assert_eq!(error.to_string(), "the template has no resource `Tabel`");
    /// ```
    pub fn from_template(yaml: &str, logical_id: &str) -> Result<Self, TemplateError> {
        let template = Node::parse(yaml)?;
        let resource = template
            .map("Resources")?
            .get("Resources")
            .map(|resources| resources.map("Resources"))
            .transpose()?
            .and_then(|resources| resources.get(logical_id))
            .ok_or_else(|| TemplateError::NoResource(logical_id.to_owned()))?
            .map(logical_id)?;
        if text(resource, logical_id, "Type")? != "AWS::DynamoDB::Table" {
            return Err(problem(logical_id, "Type", "is not `AWS::DynamoDB::Table`"));
        }
        let properties = resource
            .get("Properties")
            .ok_or_else(|| problem(logical_id, "Properties", "is missing"))?
            .map(&join(logical_id, "Properties"))?;
        for index in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
            if properties.contains_key(index) {
                return Err(problem(logical_id, index, "is not supported: everything is found by pk and sk"));
            }
        }
        let key_schema = entries(properties, logical_id, "KeySchema", |entry, path| {
            let key_type = match text(entry, path, "KeyType")? {
                "HASH" => KeyType::Hash,
                "RANGE" => KeyType::Range,
                _ => return Err(problem(path, "KeyType", "is neither HASH nor RANGE")),
            };
            let element = KeySchemaElement::builder()
                .attribute_name(text(entry, path, "AttributeName")?)
                .key_type(key_type);
            element.build().map_err(|_| problem(path, "AttributeName", "is missing"))
        })?;
        let mut attributes = entries(properties, logical_id, "AttributeDefinitions", |entry, path| {
            let attribute_type = match text(entry, path, "AttributeType")? {
                "S" => ScalarAttributeType::S,
                "N" => ScalarAttributeType::N,
                "B" => ScalarAttributeType::B,
                _ => return Err(problem(path, "AttributeType", "is none of S, N and B")),
            };
            let definition = AttributeDefinition::builder()
                .attribute_name(text(entry, path, "AttributeName")?)
                .attribute_type(attribute_type);
            definition.build().map_err(|_| problem(path, "AttributeName", "is missing"))
        })?;
        attributes.sort_by(|a, b| a.attribute_name.cmp(&b.attribute_name));
        match text(properties, logical_id, "BillingMode")? {
            "PAY_PER_REQUEST" => {
                Ok(Self { key_schema, attributes, billing_mode: BillingMode::PayPerRequest })
            }
            _ => Err(problem(logical_id, "BillingMode", "is not PAY_PER_REQUEST")),
        }
    }

    pub(crate) fn key_schema(&self) -> &[KeySchemaElement] {
        &self.key_schema
    }

    /// In the order of their names.
    pub(crate) fn attributes(&self) -> &[AttributeDefinition] {
        &self.attributes
    }

    pub(crate) fn billing_mode(&self) -> &BillingMode {
        &self.billing_mode
    }
}

fn join(path: &str, name: &str) -> String {
    format!("{path}.{name}")
}

fn problem(path: &str, name: &str, problem: &'static str) -> TemplateError {
    TemplateError::Property { path: join(path, name), problem }
}

fn text<'a>(map: &'a Map, path: &str, name: &str) -> Result<&'a str, TemplateError> {
    map.get(name).ok_or_else(|| problem(path, name, "is missing"))?.text(&join(path, name))
}

fn entries<T>(
    properties: &Map,
    path: &str,
    name: &str,
    read: impl Fn(&Map, &str) -> Result<T, TemplateError>,
) -> Result<Vec<T>, TemplateError> {
    let path = join(path, name);
    let list = properties.get(name).map(|node| node.list(&path)).transpose()?.unwrap_or_default();
    if list.is_empty() {
        return Err(TemplateError::Property { path, problem: "is missing" });
    }
    let read_entry = |(index, entry): (usize, &Node)| {
        let path = format!("{path}[{index}]");
        read(entry.map(&path)?, &path)
    };
    list.iter().enumerate().map(read_entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Conditions:
  Prod: !Equals [!Ref Stage, prod]
Globals: { Function: { Runtime: provided.al2023, Timeout: !If [Prod, 5, 10] } }
Resources:
  Api:
    Type: AWS::Serverless::HttpApi
    Properties:
      Role: !GetAtt Role.Arn
      Body:
        Fn::Transform: { Name: AWS::Include, Parameters: { Location: !Sub "s3://${Bucket}/x" } }
      Policy: !Sub
        - "arn:aws:iam::${Account}:role/x"
        - { Account: !Ref AWS::AccountId }
      Choice: !If
        - Prod
        - !Select [0, !Split [",", !ImportValue names]]
        - !Ref AWS::NoValue
      Encoded: !Base64 { "Fn::Sub": "x" }
      Text: !Join ["", [a, !FindInMap [A, B, c]]]
      Block: |
        #!/bin/sh
        !Ref
  Table:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: Retain
    Properties:
      TableName: !Sub "${AWS::StackName}-table"
      BillingMode: PAY_PER_REQUEST
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: !If [Prod, true, false] }
      AttributeDefinitions:
        - AttributeName: sk
          AttributeType: S
        - AttributeName: pk
          AttributeType: S
      KeySchema:
        - AttributeName: pk
          KeyType: HASH
        - AttributeName: sk
          KeyType: RANGE
"#;

    #[test]
    fn a_table_is_read_from_a_template_full_of_tags() {
        let definition = TableDefinition::from_template(TEMPLATE, "Table").unwrap();
        let names: Vec<&str> =
            definition.key_schema().iter().map(|key| key.attribute_name.as_str()).collect();
        assert_eq!(names, ["pk", "sk"]);
        let types: Vec<_> = definition
            .attributes()
            .iter()
            .map(|a| (a.attribute_name.as_str(), a.attribute_type.as_str()))
            .collect();
        assert_eq!(types, [("pk", "S"), ("sk", "S")]);
    }

    #[test]
    fn each_mistake_is_named_with_its_place() {
        for (from, to, message) in [
            ("  Table:", "  Tisch:", "the template has no resource `Table`"),
            (
                "Type: AWS::DynamoDB::Table",
                "Type: AWS::S3::Bucket",
                "`Table.Type` in the template is not `AWS::DynamoDB::Table`",
            ),
            (
                "    Type: AWS::DynamoDB::Table",
                "    DependsOn: Api",
                "`Table.Type` in the template is missing",
            ),
            (
                "BillingMode: PAY_PER_REQUEST",
                "BillingMode: PROVISIONED",
                "`Table.BillingMode` in the template is not PAY_PER_REQUEST",
            ),
            (
                "BillingMode: PAY_PER_REQUEST",
                "BillingMode: !Ref Mode",
                "`Table.BillingMode` in the template is an intrinsic, whose value is known only when deployed",
            ),
            (
                "KeyType: RANGE",
                "KeyType: RANG",
                "`Table.KeySchema[1].KeyType` in the template is neither HASH nor RANGE",
            ),
            ("      KeySchema:", "      Keys:", "`Table.KeySchema` in the template is missing"),
            (
                "AttributeType: S",
                "AttributeType: [S]",
                "`Table.AttributeDefinitions[0].AttributeType` in the template is not a text",
            ),
            (
                "      KeySchema:",
                "      GlobalSecondaryIndexes: []\n      KeySchema:",
                "`Table.GlobalSecondaryIndexes` in the template is not supported: everything is found by pk and sk",
            ),
            ("Resources:", "Resource:", "the template has no resource `Table`"),
        ] {
            assert!(TEMPLATE.contains(from), "{from}");
            let error = TableDefinition::from_template(&TEMPLATE.replacen(from, to, 1), "Table").unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn what_is_not_yaml_is_refused_without_a_panic() {
        for text in ["", "a: [", "- 1\n- 2", "\t", "*x", "Resources: !Ref x", "Resources: {Table: }"] {
            assert!(TableDefinition::from_template(text, "Table").is_err(), "{text:?}");
        }
    }
}
