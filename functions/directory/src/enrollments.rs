use std::future::Future;

use portcullis_data::{Enrollment, NewProfile, Profile, ProfileError, Profiles};

/// Where profiles are read: [`Profiles`], and something simpler in tests.
pub trait ProfileReader: Sync {
    /// The profile of the user with this `sub`, if there is one.
    fn get(&self, sub: &str) -> impl Future<Output = Result<Option<Profile>, ProfileError>> + Send;
}

/// Where profiles are written: [`Profiles`], and something simpler in tests.
pub trait Enrollments: Sync {
    /// Writes the profile unless it is there. May be repeated, also at the same time.
    fn enroll(&self, profile: &NewProfile) -> impl Future<Output = Result<Enrollment, ProfileError>> + Send;

    /// Notes that the user has all that they get. May be repeated.
    fn complete(&self, sub: &str) -> impl Future<Output = Result<(), ProfileError>> + Send;
}

impl ProfileReader for Profiles {
    async fn get(&self, sub: &str) -> Result<Option<Profile>, ProfileError> {
        Profiles::get(self, sub).await
    }
}

impl Enrollments for Profiles {
    async fn enroll(&self, profile: &NewProfile) -> Result<Enrollment, ProfileError> {
        Profiles::enroll(self, profile).await
    }

    async fn complete(&self, sub: &str) -> Result<(), ProfileError> {
        Profiles::complete(self, sub).await
    }
}
