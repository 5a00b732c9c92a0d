//! Where things are.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::Result;

/// The root of the repository.
#[must_use]
pub fn repository() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package)
}

/// The folder that Cargo builds into, where the clients are installed too.
///
/// # Errors
///
/// When the test was not started from Cargo's build folder.
pub fn build_folder() -> Result<PathBuf> {
    let folder = profile_folder()?;
    Ok(folder.parent().ok_or("the build folder has no parent")?.to_owned())
}

/// The built `portcullis`, of the same profile as the running test.
///
/// # Errors
///
/// When it has not been built.
pub fn binary() -> Result<PathBuf> {
    let binary = profile_folder()?.join(format!("portcullis{}", env::consts::EXE_SUFFIX));
    if binary.is_file() {
        Ok(binary)
    } else {
        Err(format!(
            "{} is not built: run `cargo test --workspace`, or `cargo build` before the tests of this package alone",
            binary.display()
        )
        .into())
    }
}

// A test runs as target/PROFILE/deps/NAME-HASH.
fn profile_folder() -> Result<PathBuf> {
    let test = env::current_exe()?;
    Ok(test.ancestors().nth(2).ok_or("the test does not run from Cargo's build folder")?.to_owned())
}
