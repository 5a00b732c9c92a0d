//! The type of a field or an argument.

use std::fmt;

use apollo_compiler::ast::Type;

/// The type of a field or an argument, as GraphQL writes it: `[Note]!`.
///
/// ```
/// use portcullis_schema::TypeExpression;
///
/// let items = TypeExpression::named("Note").list().required();
/// assert_eq!(items.to_string(), "[Note]!");
/// assert_eq!(items.base(), "Note");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TypeExpression {
    /// The name of a type.
    Named(String),
    /// A list of values of a type.
    List(Box<Self>),
    /// A type whose value may not be null.
    Required(Box<Self>),
}

impl TypeExpression {
    /// The type of this name.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::Named(name.into())
    }

    /// A list of values of this type.
    #[must_use]
    pub fn list(self) -> Self {
        Self::List(Box::new(self))
    }

    /// The type without null.
    #[must_use]
    pub fn required(self) -> Self {
        match self {
            Self::Required(_) => self,
            other => Self::Required(Box::new(other)),
        }
    }

    /// The type with null; items of a list stay as they are.
    #[must_use]
    pub fn nullable(self) -> Self {
        match self {
            Self::Required(inner) => *inner,
            other => other,
        }
    }

    /// The name of the type within lists and `!`.
    #[must_use]
    pub fn base(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::List(inner) | Self::Required(inner) => inner.base(),
        }
    }

    /// Whether it is a list, with or without null.
    #[must_use]
    pub fn is_list(&self) -> bool {
        match self {
            Self::Named(_) => false,
            Self::List(_) => true,
            Self::Required(inner) => inner.is_list(),
        }
    }

    /// Whether the value may not be null.
    #[must_use]
    pub fn is_required(&self) -> bool {
        matches!(self, Self::Required(_))
    }

    /// The same lists and `!` around another name.
    pub(crate) fn with_base(&self, name: String) -> Self {
        match self {
            Self::Named(_) => Self::Named(name),
            Self::List(inner) => inner.with_base(name).list(),
            Self::Required(inner) => inner.with_base(name).required(),
        }
    }
}

impl From<&Type> for TypeExpression {
    fn from(ty: &Type) -> Self {
        match ty {
            Type::Named(name) => Self::named(name.as_str()),
            Type::NonNullNamed(name) => Self::named(name.as_str()).required(),
            Type::List(inner) => Self::from(&**inner).list(),
            Type::NonNullList(inner) => Self::from(&**inner).list().required(),
        }
    }
}

impl fmt::Display for TypeExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::List(inner) => write!(f, "[{inner}]"),
            Self::Required(inner) => write!(f, "{inner}!"),
        }
    }
}
