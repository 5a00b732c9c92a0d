//! Signing in: by password, and the table of the other ways and of the challenges on the way.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use serde_json::{Value, json};
use uuid::{Uuid, fmt::Hyphenated};

use super::{
    custom_auth, migration,
    new_password::{ask_for_new_password, choose_password},
    refresh::refresh,
    srp_sign_in,
};
use crate::pool::{
    call::Call,
    error::{Exception, ServiceError},
    input::{check_password, check_username, constraint},
    limits::{Judgement, judge_password},
    random::uuid_of,
    srp::Verifier,
    tokens::{Occasion, disabled},
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;
pub(super) type Parameters = BTreeMap<String, String>;

const FLOWS: &str = "Member must satisfy enum value set: [USER_SRP_AUTH, REFRESH_TOKEN_AUTH, REFRESH_TOKEN, \
                     CUSTOM_AUTH, ADMIN_NO_SRP_AUTH, USER_PASSWORD_AUTH, ADMIN_USER_PASSWORD_AUTH, USER_AUTH]";

pub(super) fn initiate_auth(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    match call.input.string("AuthFlow")? {
        "USER_PASSWORD_AUTH" => by_password(call, &auth_parameters(call)?),
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" => {
            Err(ServiceError::invalid("Initiate Auth method not supported."))
        }
        flow => by_common_flow(call, flow),
    }
}

pub(super) fn admin_initiate_auth(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    call.check_client()?;
    match call.input.string("AuthFlow")? {
        "ADMIN_USER_PASSWORD_AUTH" | "ADMIN_NO_SRP_AUTH" | "USER_PASSWORD_AUTH" => {
            by_password(call, &auth_parameters(call)?)
        }
        flow => by_common_flow(call, flow),
    }
}

fn by_common_flow(call: &Call<'_>, flow: &str) -> Result<Value> {
    match flow {
        "USER_SRP_AUTH" => srp_sign_in::begin(call, &auth_parameters(call)?),
        "REFRESH_TOKEN_AUTH" | "REFRESH_TOKEN" => {
            let result =
                refresh(call, parameter(&auth_parameters(call)?, "REFRESH_TOKEN")?, Occasion::Refresh)?;
            Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
        }
        "CUSTOM_AUTH" => custom_auth::begin(call, &auth_parameters(call)?),
        "USER_AUTH" => Err(ServiceError::invalid("USER_AUTH flow not enabled for this client")),
        _ => Err(constraint("AuthFlow", FLOWS)),
    }
}

pub(super) fn respond_to_auth_challenge(call: &Call<'_>) -> Result<Value> {
    call.check_client()?;
    let responses = call.input.string_map("ChallengeResponses")?.unwrap_or_default();
    match call.input.string("ChallengeName")? {
        "PASSWORD_VERIFIER" => srp_sign_in::prove_password(call, &responses),
        "NEW_PASSWORD_REQUIRED" => choose_password(call, &responses),
        "CUSTOM_CHALLENGE" => custom_auth::respond(call, &responses),
        _ => Err(ServiceError::invalid("The challenge is not one that this pool asks")),
    }
}

pub(super) fn admin_respond_to_auth_challenge(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    respond_to_auth_challenge(call)
}

/// Who a client says it is, and what to check the password of nobody with.
pub(super) struct Claimed {
    pub(super) user: Option<User>,
    pub(super) user_id: String,
    pub(super) decoy: Verifier,
    pub(super) subject: String,
}

impl Claimed {
    pub(super) fn load(call: &Call<'_>, name: &str) -> Result<Self> {
        let user = call.pool.store.read(|connection| User::find(connection, name))?;
        let subject = call.subject(user.as_ref(), name);
        let user_id = match &user {
            Some(user) => {
                call.acts_for(&user.sub);
                user.sub.clone()
            }
            None => decoy_id(call, &subject, name),
        };
        Ok(Self::of(call, user, user_id, subject))
    }

    /// Who has been found before.
    pub(super) fn of(call: &Call<'_>, user: Option<User>, user_id: String, subject: String) -> Self {
        Self { user, user_id, decoy: Verifier::decoy(&call.pool.secret, &subject), subject }
    }

    pub(super) fn verifier(&self) -> &Verifier {
        self.user.as_ref().map_or(&self.decoy, |user| &user.verifier)
    }
}

/// The id of nobody, the same for the same name.
///
/// Who is named by an id is answered with it, so nobody must be too. Any other id comes from a label of its own: what the
/// client sees besides, such as the salt, must not be the same bytes again.
fn decoy_id(call: &Call<'_>, subject: &str, name: &str) -> String {
    if let Ok(id) = Uuid::try_parse(name)
        && name.len() == Hyphenated::LENGTH
    {
        return id.to_string();
    }
    let digest = hmac::sign(&call.pool.secret, format!("user id {subject}").as_bytes());
    uuid_of(digest.as_ref().first_chunk().copied().unwrap_or_default())
}

fn by_password(call: &Call<'_>, parameters: &Parameters) -> Result<Value> {
    let user = whose_password(call, parameter(parameters, "USERNAME")?, parameter(parameters, "PASSWORD")?)?;
    after_password(call, &user, false)
}

/// The user of this name, if the password is theirs. It says nothing about whether they may sign in.
fn whose_password(call: &Call<'_>, name: &str, typed: &str) -> Result<User> {
    let name = check_username("username", name)?;
    let mut claimed = Claimed::load(call, name)?;
    if claimed.user.is_none() && migration::is_possible(call, name) {
        if !migration::at_sign_in(call, name, typed, &claimed.subject)? {
            call.pre_authentication(&claimed.user_id, None)?;
            return Err(ServiceError::wrong_password());
        }
        claimed = Claimed::load(call, name)?;
    }
    call.pre_authentication(&claimed.user_id, claimed.user.as_ref())?;
    // Longer ones cannot be right; hashing them is work for nothing.
    let right = check_password("password", typed).is_ok()
        && claimed.verifier().accepts(&call.pool.settings.short_name, &claimed.user_id, typed);
    judge(call, claimed.user, &claimed.subject, right)
}

/// The user of this name, who has the right password and nothing else to show before they are signed in: for a sign-in page.
pub(crate) fn sign_in_by_password(call: &Call<'_>, name: &str, typed: &str) -> Result<User> {
    let user = whose_password(call, name, typed)?;
    check_standing(&user)?;
    if user.status == Status::ForceChangePassword {
        return Err(ServiceError::not_authorized(
            "A new password has to be chosen first, which this page cannot do.",
        ));
    }
    call.post_authentication(&user, false)?;
    Ok(user)
}

/// Counts the attempt and gives the user if the password was right.
pub(super) fn judge(call: &Call<'_>, user: Option<User>, subject: &str, right: bool) -> Result<User> {
    let right = right && user.is_some();
    let judgement = call.pool.store.write(|tx| judge_password(tx, subject, call.now, right))?;
    match (judgement, user) {
        (Judgement::Accepted, Some(user)) => Ok(user),
        (Judgement::LockedOut, _) => Err(ServiceError::not_authorized("Password attempts exceeded")),
        _ => Err(ServiceError::wrong_password()),
    }
}

// Only who knows the password learns in what state the user is.
pub(super) fn after_password(call: &Call<'_>, user: &User, with_metadata: bool) -> Result<Value> {
    if user.enabled && user.status == Status::ForceChangePassword {
        return ask_for_new_password(call, user);
    }
    admit(call, user, with_metadata)
}

/// Gives tokens to a user who has passed every challenge, if they may sign in at all.
pub(super) fn admit(call: &Call<'_>, user: &User, with_metadata: bool) -> Result<Value> {
    check_standing(user)?;
    call.post_authentication(user, with_metadata)?;
    let result = call.begin_session(user, Occasion::Authentication, with_metadata)?;
    Ok(json!({ "AuthenticationResult": result, "ChallengeParameters": {} }))
}

fn check_standing(user: &User) -> Result<()> {
    if !user.enabled {
        return Err(disabled());
    }
    match user.status {
        Status::ExternalProvider => Err(ServiceError::wrong_password()),
        Status::Unconfirmed => Err(ServiceError::new(Exception::UserNotConfirmed, "User is not confirmed.")),
        Status::ResetRequired => {
            Err(ServiceError::new(Exception::PasswordResetRequired, "Password reset required for the user"))
        }
        Status::Confirmed | Status::ForceChangePassword => Ok(()),
    }
}

fn auth_parameters(call: &Call<'_>) -> Result<Parameters> {
    Ok(call.input.string_map("AuthParameters")?.unwrap_or_default())
}

pub(super) fn parameter<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str> {
    parameters
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
        .ok_or_else(|| ServiceError::invalid(format!("Missing required parameter {name}")))
}
