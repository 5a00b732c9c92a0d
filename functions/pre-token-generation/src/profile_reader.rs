use std::future::Future;

use portcullis_data::{Profile, ProfileError, Profiles};

/// Where profiles are read: [`Profiles`], and something simpler in tests.
pub trait ProfileReader: Sync {
    /// The profile of the user with this `sub`, if there is one.
    fn get(&self, sub: &str) -> impl Future<Output = Result<Option<Profile>, ProfileError>> + Send;
}

impl ProfileReader for Profiles {
    async fn get(&self, sub: &str) -> Result<Option<Profile>, ProfileError> {
        Profiles::get(self, sub).await
    }
}
