use portcullis_directory::{OldUser, SecondFactor, SignIn};
use portcullis_events::{FinalUserStatus, MigratedUser, UserMigrationSource};

use crate::Config;

/// Decides about a user who was found. `sign_in` is what became of their password, `None` if they have forgotten it.
///
/// # Errors
///
/// Why they stay unknown, for the log. Nobody else may learn it.
pub fn decide(
    name: &str,
    sign_in: Option<SignIn>,
    user: &OldUser,
    config: &Config,
) -> Result<MigratedUser, &'static str> {
    if !user.enabled {
        return Err("is disabled");
    }
    if is_of_somebody_else(name, user) {
        return Err("has another address than the one that was typed");
    }
    let is_reachable = ["email", "phone_number"]
        .into_iter()
        .any(|address| config.attributes.has(user, address) && user.is_verified(address));
    let status = match sign_in {
        Some(SignIn::Refused) => return Err("was not let in"),
        Some(SignIn::Accepted | SignIn::Challenged(_)) => FinalUserStatus::Confirmed,
        // It is not theirs until they have changed it, for which they need a code.
        Some(SignIn::Temporary) if is_reachable => FinalUserStatus::ResetRequired,
        None if is_reachable && user.confirmed => FinalUserStatus::ResetRequired,
        None if is_reachable => return Err("was never confirmed"),
        Some(SignIn::Temporary) | None => return Err("has no verified address for a code"),
    };
    if config.attributes.is_empty_for(user) {
        return Err("has none of the attributes that come along");
    }
    let migrated = config.attributes.apply(user).final_status(status).suppress_message();
    let migrated = second_factor(migrated, sign_in, user, config)?;
    Ok(match config.insecure_force_alias {
        true => migrated.insecure_force_alias(),
        false => migrated,
    })
}

/// Whether a password comes with an event of this source. `None` if the source is not known.
pub(crate) fn asks_for_password(source: UserMigrationSource) -> Option<bool> {
    match source {
        UserMigrationSource::Authentication => Some(true),
        UserMigrationSource::ForgotPassword => Some(false),
        UserMigrationSource::Other => None,
    }
}

/// If the name reads as an address and is not the user's own: a name that somebody chose in the old pool because it looks like
/// another's address must not become that address's account.
fn is_of_somebody_else(name: &str, user: &OldUser) -> bool {
    let differs = |attribute| user.get(attribute).is_none_or(|own| !own.eq_ignore_ascii_case(name));
    (name.contains('@') && differs("email")) || (name.starts_with('+') && differs("phone_number"))
}

/// Keeps the second factor, or refuses the user: without it their account would be easier to enter than before.
fn second_factor(
    migrated: MigratedUser,
    sign_in: Option<SignIn>,
    user: &OldUser,
    config: &Config,
) -> Result<MigratedUser, &'static str> {
    let challenged = match sign_in {
        Some(SignIn::Challenged(factor)) => Some(factor),
        _ => None,
    };
    let mut factors = user.second_factors.iter().copied().chain(challenged).peekable();
    if factors.peek().is_none() {
        return Ok(migrated);
    }
    let can_text = config.attributes.has(user, "phone_number") && user.is_verified("phone_number");
    if can_text && factors.any(|factor| factor == SecondFactor::Sms) {
        return Ok(migrated.sms_mfa(true));
    }
    match config.insecure_drop_second_factor {
        true => Ok(migrated),
        false => Err("has a second factor that cannot come along"),
    }
}
