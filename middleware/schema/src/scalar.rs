//! The scalars that a schema can use: those of GraphQL and those of AWS AppSync.

use std::fmt;

use serde_json::Value;

use crate::scalar_check;

/// A scalar of GraphQL or of [AWS AppSync](https://docs.aws.amazon.com/appsync/latest/devguide/scalars.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// An opaque identifier, a string.
    Id,
    /// Text.
    String,
    /// A whole number of 32 bits.
    Int,
    /// A finite number of double precision.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A date, `2024-05-31`, with or without an offset.
    AwsDate,
    /// A time of day, `13:45:00.5`, with or without an offset.
    AwsTime,
    /// A moment, as RFC 3339 writes it, with an offset.
    AwsDateTime,
    /// A moment, as whole seconds since 1970-01-01T00:00Z.
    AwsTimestamp,
    /// An e-mail address.
    AwsEmail,
    /// A string that holds a JSON document.
    AwsJson,
    /// A URL.
    AwsUrl,
    /// A phone number.
    AwsPhone,
    /// An IPv4 or IPv6 address, or a range of them in CIDR notation.
    AwsIpAddress,
}

impl Scalar {
    /// Every scalar.
    pub const ALL: [Self; 14] = [
        Self::Id,
        Self::String,
        Self::Int,
        Self::Float,
        Self::Boolean,
        Self::AwsDate,
        Self::AwsTime,
        Self::AwsDateTime,
        Self::AwsTimestamp,
        Self::AwsEmail,
        Self::AwsJson,
        Self::AwsUrl,
        Self::AwsPhone,
        Self::AwsIpAddress,
    ];

    /// The scalar of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scalar| scalar.name() == name)
    }

    /// Checks that a JSON value is one of the scalar.
    ///
    /// # Errors
    ///
    /// What it must be, in words that fit behind the name of a field.
    ///
    /// ```
    /// use portcullis_schema::Scalar;
    ///
    /// assert_eq!(Scalar::AwsDate.check(&"2024-05-31".into()), Ok(()));
    /// assert_eq!(Scalar::AwsDate.check(&"soon".into()), Err("must be a date such as `2024-05-31`"));
    /// ```
    pub fn check(self, value: &Value) -> Result<(), &'static str> {
        scalar_check::check(self, value)
    }

    /// The name that a schema uses.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "ID",
            Self::String => "String",
            Self::Int => "Int",
            Self::Float => "Float",
            Self::Boolean => "Boolean",
            Self::AwsDate => "AWSDate",
            Self::AwsTime => "AWSTime",
            Self::AwsDateTime => "AWSDateTime",
            Self::AwsTimestamp => "AWSTimestamp",
            Self::AwsEmail => "AWSEmail",
            Self::AwsJson => "AWSJSON",
            Self::AwsUrl => "AWSURL",
            Self::AwsPhone => "AWSPhone",
            Self::AwsIpAddress => "AWSIPAddress",
        }
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
