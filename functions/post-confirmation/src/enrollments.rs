use std::future::Future;

use portcullis_data::{Enrollment, NewProfile, ProfileError, Profiles};

/// Where profiles are written: [`Profiles`], and something simpler in tests.
pub trait Enrollments: Sync {
    /// Writes the profile unless it is there. May be repeated, also at the same time.
    fn enroll(&self, profile: &NewProfile) -> impl Future<Output = Result<Enrollment, ProfileError>> + Send;
}

impl Enrollments for Profiles {
    async fn enroll(&self, profile: &NewProfile) -> Result<Enrollment, ProfileError> {
        Profiles::enroll(self, profile).await
    }
}
