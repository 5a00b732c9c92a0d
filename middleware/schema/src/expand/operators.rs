//! The inputs that ask something of a single value: `ModelStringInput`, `ModelIDKeyConditionInput`, those of enums.

use super::{
    TypeExpression,
    definition::{ExpandedType, InputValue},
};

/// The scalars by whose inputs all others are asked.
const BASES: [Base; 5] = [Base::String, Base::Int, Base::Float, Base::Boolean, Base::Id];

const ATTRIBUTE_TYPES: [&str; 10] =
    ["binary", "binarySet", "bool", "list", "map", "number", "numberSet", "string", "stringSet", "_null"];
const EQUAL: [&str; 2] = ["ne", "eq"];
const ORDER: [&str; 4] = ["le", "lt", "ge", "gt"];
const PARTS: [&str; 2] = ["contains", "notContains"];

/// A scalar of GraphQL itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    String,
    Int,
    Float,
    Boolean,
    Id,
}

/// What asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// The filter of a query, or the condition of a mutation.
    Records,
    /// The filter of a subscription.
    Events,
}

impl Base {
    /// The scalar as which one of AppSync, or of the reference, is asked.
    pub(crate) fn of(scalar: &str) -> Option<Self> {
        match scalar {
            "String" | "AWSDate" | "AWSTime" | "AWSDateTime" | "AWSEmail" | "AWSJSON" | "AWSURL"
            | "AWSPhone" | "AWSIPAddress" => Some(Self::String),
            "Int" | "BigInt" | "AWSTimestamp" => Some(Self::Int),
            "Float" | "Double" => Some(Self::Float),
            "Boolean" => Some(Self::Boolean),
            "ID" => Some(Self::Id),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::String => "String",
            Self::Int => "Int",
            Self::Float => "Float",
            Self::Boolean => "Boolean",
            Self::Id => "ID",
        }
    }

    fn is_text(self) -> bool {
        matches!(self, Self::String | Self::Id)
    }

    fn is_ordered(self) -> bool {
        self != Self::Boolean
    }

    /// `ModelStringInput` or `ModelSubscriptionStringInput`.
    fn input(self, asking: Asking) -> ExpandedType {
        let name = self.name();
        let mut fields: Vec<InputValue> = EQUAL.iter().map(|word| InputValue::of(*word, name)).collect();
        if self.is_ordered() {
            fields.extend(ORDER.iter().map(|word| InputValue::of(*word, name)));
        }
        if self.is_text() {
            fields.extend(PARTS.iter().map(|word| InputValue::of(*word, name)));
        }
        if self.is_ordered() {
            fields.push(many("between", name));
        }
        if self.is_text() {
            fields.push(InputValue::of("beginsWith", name));
        }
        match asking {
            Asking::Records => {
                fields.push(InputValue::of("attributeExists", "Boolean"));
                fields.push(InputValue::of("attributeType", "ModelAttributeTypes"));
                if self.is_text() {
                    fields.push(InputValue::of("size", "ModelSizeInput"));
                }
            }
            Asking::Events if self.is_ordered() => {
                fields.extend(["in", "notIn"].map(|word| many(word, name)));
            }
            Asking::Events => {}
        }
        let input = match asking {
            Asking::Records => filter_name(name),
            Asking::Events => event_filter_name(name),
        };
        ExpandedType::input(input, fields)
    }
}

/// The name of the scalar as which a type is asked; that of an enum stays.
pub(crate) fn base_name(type_name: &str) -> &str {
    match Base::of(type_name) {
        Some(base) => base.name(),
        None => type_name,
    }
}

/// What every API has, whatever its models ask.
pub(crate) fn all() -> impl Iterator<Item = ExpandedType> {
    let inputs = |asking| BASES.map(|base| base.input(asking));
    let mut size: Vec<InputValue> =
        EQUAL.iter().chain(&ORDER).map(|word| InputValue::of(*word, "Int")).collect();
    size.push(many("between", "Int"));
    inputs(Asking::Records).into_iter().chain(inputs(Asking::Events)).chain([
        ExpandedType::enumeration("ModelAttributeTypes", &ATTRIBUTE_TYPES),
        ExpandedType::input("ModelSizeInput", size),
        ExpandedType::enumeration("ModelSortDirection", &["ASC", "DESC"]),
    ])
}

/// The input that asks a value of this type: `ModelStringInput`, or `ModelColorInput` of an enum.
pub(crate) fn filter_name(type_name: &str) -> String {
    format!("Model{}Input", base_name(type_name))
}

/// The input by which the filter of a subscription asks it.
pub(crate) fn event_filter_name(type_name: &str) -> String {
    format!("ModelSubscription{}Input", base_name(type_name))
}

/// The input that asks a list of an enum.
pub(crate) fn enum_list_name(enum_name: &str) -> String {
    format!("Model{enum_name}ListInput")
}

/// `ModelColorInput`, or `ModelColorListInput` of a list.
pub(crate) fn of_enum(enum_name: &str, is_list: bool) -> ExpandedType {
    if !is_list {
        let fields = ["eq", "ne"].map(|word| InputValue::of(word, enum_name));
        return ExpandedType::input(filter_name(enum_name), fields.into());
    }
    let equal = ["eq", "ne"].map(|word| many(word, enum_name));
    let parts = PARTS.map(|word| InputValue::of(word, enum_name));
    ExpandedType::input(enum_list_name(enum_name), equal.into_iter().chain(parts).collect())
}

/// The input that asks a sort key of a scalar: `ModelIntKeyConditionInput`. A truth value is no sort key.
pub(crate) fn key_condition(base: Base) -> Option<ExpandedType> {
    if !base.is_ordered() {
        return None;
    }
    let kind = TypeExpression::named(base.name());
    Some(ExpandedType::input(key_condition_name(base.name()), conditions(&kind, base.is_text())))
}

/// The input that asks a sort key of several fields.
pub(crate) fn composite_condition(name: &str, value: &str) -> ExpandedType {
    ExpandedType::input(name, conditions(&TypeExpression::named(value), true))
}

/// The name of the input that asks a sort key of this type.
pub(crate) fn key_condition_name(type_name: &str) -> String {
    format!("Model{}KeyConditionInput", base_name(type_name))
}

fn conditions(kind: &TypeExpression, has_beginning: bool) -> Vec<InputValue> {
    let one = |word: &str| InputValue::new(word, kind.clone());
    let mut fields: Vec<InputValue> = ["eq", "le", "lt", "ge", "gt"].map(one).into();
    fields.push(InputValue::new("between", kind.clone().list()));
    if has_beginning {
        fields.push(one("beginsWith"));
    }
    fields
}

fn many(word: &str, type_name: &str) -> InputValue {
    InputValue::new(word, TypeExpression::named(type_name).list())
}
