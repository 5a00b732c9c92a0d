//! Reading the identity from a request.

use http::{Extensions, Request, request::Parts};
use portcullis_rules::Identity;
use serde::de::DeserializeOwned;

use crate::{ClaimsError, typed_claims};

/// Reads the identity that an [`AuthenticateLayer`](crate::AuthenticateLayer) has put into a request: axum's, `lambda_http`'s
/// and any other that is an [`http::Request`]. An [`Identity`] has it too, for its claims.
///
/// ```
/// use portcullis::{ClaimsError, IdentityExt};
/// use serde::Deserialize;
///
/// #[derive(Deserialize)]
/// struct Member {
///     sub: String,
///     #[serde(rename = "custom:tenant")]
///     tenant: String,
/// }
///
/// fn greeting<B>(request: &http::Request<B>) -> Result<String, ClaimsError> {
///     let Member { sub, tenant } = request.claims_as()?;
///     Ok(format!("hello {sub} of {tenant}"))
/// }
/// # assert!(greeting(&http::Request::new(())).is_err());
/// ```
pub trait IdentityExt: sealed::Sealed {
    /// Who calls; `None` when nobody was authenticated.
    ///
    /// *Caveat:* it is `None` too when there is no [`AuthenticateLayer`](crate::AuthenticateLayer) at all, or when the layer is
    /// [optional](crate::AuthenticateLayer::optional). [`AuthorizeLayer`](crate::AuthorizeLayer) and the extractor `Caller` answer
    /// a missing layer with 500; whoever asks here must refuse `None` where a caller is needed.
    fn identity(&self) -> Option<&Identity>;

    /// The claims of the caller's token as a type of one's own.
    ///
    /// # Errors
    ///
    /// [`ClaimsError::NoToken`] when nobody was authenticated or the caller has no token, [`ClaimsError::Mismatch`] if the claims
    /// do not fit.
    fn claims_as<T: DeserializeOwned>(&self) -> Result<T, ClaimsError> {
        typed_claims::of_caller(self.identity().ok_or(ClaimsError::NoToken)?)
    }
}

impl IdentityExt for Identity {
    fn identity(&self) -> Option<&Identity> {
        Some(self)
    }
}

impl<B> IdentityExt for Request<B> {
    fn identity(&self) -> Option<&Identity> {
        self.extensions().get()
    }
}

impl IdentityExt for Parts {
    fn identity(&self) -> Option<&Identity> {
        self.extensions.get()
    }
}

/// Stands in the extensions of a request that an [`AuthenticateLayer`](crate::AuthenticateLayer) has let through, so that a
/// caller without credentials can be told from a service without the layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authenticated;

/// Replaces what an outer layer may have found.
pub(crate) fn admit(extensions: &mut Extensions, identity: Option<Identity>) {
    extensions.insert(Authenticated);
    match identity {
        Some(identity) => extensions.insert(identity),
        None => extensions.remove::<Identity>(),
    };
}

mod sealed {
    pub trait Sealed {}

    impl<B> Sealed for http::Request<B> {}
    impl Sealed for http::request::Parts {}
    impl Sealed for portcullis_rules::Identity {}
}
