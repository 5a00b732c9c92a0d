//! Why rules do not make a model.

use thiserror::Error;

use crate::Provider;

/// A model whose rules contradict themselves.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidModel {
    /// The same role is granted twice; the reference refuses it too.
    #[error("@auth {role} already exists for {model}")]
    RoleTwice {
        /// The role, as the reference names it.
        role: String,
        /// The model.
        model: String,
    },
    /// A rule asks for a provider that cannot prove what its strategy needs.
    #[error("a rule of {model} with `allow: {strategy}` does not support the provider `{provider}`")]
    UnsupportedProvider {
        /// The model.
        model: String,
        /// The strategy.
        strategy: &'static str,
        /// The provider.
        provider: Provider,
    },
    /// Two fields have the same name, so that the rules of one would not guard the other.
    #[error("the field `{field}` of {model} is declared twice")]
    FieldTwice {
        /// The model.
        model: String,
        /// The field.
        field: String,
    },
    /// A rule with `and` has fewer than two parts: without any it would admit everybody.
    #[error("a rule of {model} with `and` has fewer than two parts")]
    TooFewParts {
        /// The model.
        model: String,
    },
    /// A part of a rule with `and` is such a rule itself.
    #[error("a rule of {model} has an `and` within an `and`")]
    NestedParts {
        /// The model.
        model: String,
    },
    /// The groups of the parts of a rule with `and` can be combined in too many ways.
    #[error("a rule of {model} with `and` combines groups in more than {limit} ways")]
    TooManyCombinations {
        /// The model.
        model: String,
        /// How many are allowed.
        limit: usize,
    },
}
