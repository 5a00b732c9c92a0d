use portcullis_directory::{DirectoryError, OldUsers, SignIn};
use portcullis_events::{Event, MigratedUser, PublicError, TriggerError, UserMigration};
use portcullis_trigger::Answer;

use crate::{
    Config,
    decide::{asks_for_password, decide},
};

/// The other directory could not be asked. Cognito hides it from the user: the sign-in fails.
pub const DIRECTORY_UNAVAILABLE: PublicError =
    PublicError::fault("E_DIRECTORY_UNAVAILABLE", "users cannot be looked up elsewhere, try again later");

/// Answers an event: with the user, or as it came, and then they stay unknown. A wrong password, a user whom nobody knows and
/// one who may not come over are answered alike.
///
/// # Errors
///
/// [`DIRECTORY_UNAVAILABLE`].
pub async fn handle(
    mut event: Event,
    config: &Config,
    directory: &impl OldUsers,
) -> Result<Answer, TriggerError> {
    let Some(migration) = UserMigration::of(&mut event) else {
        return Ok(Answer::new(event, "not ours"));
    };
    let Some(asks_for_password) = asks_for_password(migration.source()) else {
        return Ok(Answer::new(event, "not ours"));
    };
    let name = migration.event().user_name().unwrap_or_default();
    let password = match asks_for_password {
        true => Some(migration.password().unwrap_or_default()),
        false => None,
    };
    match look_up(name, password, config, directory).await? {
        Ok(user) => {
            if let Some(mut migration) = UserMigration::of(&mut event) {
                migration.set_user(&user)?;
            }
            Ok(Answer::new(event, "migrated"))
        }
        Err(reason) => Ok(Answer::new(event, "stays unknown").detail(reason)),
    }
}

/// The user, or why they stay unknown.
async fn look_up(
    name: &str,
    password: Option<&str>,
    config: &Config,
    directory: &impl OldUsers,
) -> Result<Result<MigratedUser, &'static str>, TriggerError> {
    if name.is_empty() || password == Some("") {
        return Ok(Err("has no name or no password"));
    }
    let sign_in = match password {
        Some(password) => Some(directory.sign_in(name, password).await.map_err(unavailable)?),
        None => None,
    };
    if sign_in == Some(SignIn::Refused) {
        return Ok(Err("was not let in"));
    }
    match directory.find(name).await.map_err(unavailable)? {
        Some(user) => Ok(decide(name, sign_in, &user, config)),
        None => Ok(Err("is not there")),
    }
}

fn unavailable(error: DirectoryError) -> TriggerError {
    DIRECTORY_UNAVAILABLE.with_detail(error.to_string())
}
