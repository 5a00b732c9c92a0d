//! The pool's tokens: what they say, and reading them again.

use jiff::{SignedDuration, Timestamp};
use portcullis_events::Version;
use serde_json::{Map, Value, json};

use crate::pool::{
    call::Call,
    error::ServiceError,
    groups::{Group, GroupConfiguration},
    limits::SaturatingAdd,
    overrides::{self, Overrides},
    sessions::{Session, refresh_token},
    triggers::{Invocation, Trigger},
    users::User,
};

/// How long ID and access tokens last, in seconds.
pub(crate) const TOKEN_SECONDS: i64 = 3600;

/// The scope of a sign-in through the API: the user's own operations.
pub(crate) const USER_SCOPE: &str = "aws.cognito.signin.user.admin";

/// Why tokens are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Occasion {
    Authentication,
    NewPassword,
    Refresh,
}

impl Occasion {
    fn source(self) -> &'static str {
        match self {
            Self::Authentication => "TokenGeneration_Authentication",
            Self::NewPassword => "TokenGeneration_NewPasswordChallenge",
            Self::Refresh => "TokenGeneration_RefreshTokens",
        }
    }
}

impl Call<'_> {
    /// Signs a user in: a new session and its three tokens, as `AuthenticationResult`.
    pub(crate) fn begin_session(
        &self,
        user: &User,
        occasion: Occasion,
        with_metadata: bool,
    ) -> Result<Value, ServiceError> {
        let session = Session::begin(&*self.pool.random, &user.sub, self.now)?;
        let mut result = self.make_tokens(user, &session, occasion, with_metadata)?;
        let token = refresh_token(&*self.pool.random)?;
        self.pool.store.write(|tx| {
            // The trigger took its time. Meanwhile the user may have been deleted or disabled, or the password changed.
            match User::find(tx, &user.sub)? {
                Some(current) if !current.enabled => return Err(disabled()),
                Some(current) if current.verifier == user.verifier => {}
                _ => return Err(ServiceError::wrong_password()),
            }
            Ok(session.insert(tx, &token)?)
        })?;
        if let Value::Object(result) = &mut result {
            result.insert("RefreshToken".to_owned(), json!(token));
        }
        Ok(result)
    }

    /// An ID and an access token of a session, as `AuthenticationResult`.
    pub(crate) fn make_tokens(
        &self,
        user: &User,
        session: &Session,
        occasion: Occasion,
        with_metadata: bool,
    ) -> Result<Value, ServiceError> {
        let groups = self.pool.store.read(|connection| Group::of_user(connection, &user.sub))?;
        let groups = GroupConfiguration::of(&groups);
        let overrides = self.token_overrides(user, &groups, occasion, with_metadata)?;
        let groups = overrides.groups(groups);
        let access = self.access_claims(user, session, &groups, &overrides)?;
        let id = self.id_claims(user, session, &groups, &overrides)?;
        Ok(json!({
            "AccessToken": self.pool.key.sign(&access)?,
            "ExpiresIn": TOKEN_SECONDS,
            "IdToken": self.pool.key.sign(&id)?,
            "TokenType": "Bearer",
        }))
    }

    fn token_overrides(
        &self,
        user: &User,
        groups: &GroupConfiguration,
        occasion: Occasion,
        with_metadata: bool,
    ) -> Result<Overrides, ServiceError> {
        let mut request = json!({
            "userAttributes": user.trigger_attributes(),
            "groupConfiguration": groups.to_json(),
        });
        let version = self.pool.token_version;
        if version != Version::V1
            && let Value::Object(request) = &mut request
        {
            request.insert("scopes".to_owned(), json!([USER_SCOPE]));
        }
        if with_metadata {
            self.put_client_metadata(&mut request)?;
        }
        let response = self.invoke(Invocation {
            trigger: Trigger::PreTokenGeneration,
            source: occasion.source(),
            username: &user.sub,
            request,
            response: json!({ overrides::root(version): null }),
        })?;
        response
            .map_or_else(|| Ok(Overrides::default()), |response| Overrides::from_response(version, &response))
    }

    fn access_claims(
        &self,
        user: &User,
        session: &Session,
        groups: &GroupConfiguration,
        overrides: &Overrides,
    ) -> Result<Map<String, Value>, ServiceError> {
        let mut claims = self.common_claims(user, session, groups, "access")?;
        claims.insert("client_id".to_owned(), json!(self.pool.settings.client_id));
        claims.insert("username".to_owned(), json!(user.sub));
        overrides.edit_access_token(&mut claims, &self.pool.settings.client_id);
        claims.insert("scope".to_owned(), json!(overrides.scopes(&[USER_SCOPE]).join(" ")));
        Ok(claims)
    }

    fn id_claims(
        &self,
        user: &User,
        session: &Session,
        groups: &GroupConfiguration,
        overrides: &Overrides,
    ) -> Result<Map<String, Value>, ServiceError> {
        let mut claims = user.attributes.readable().claims();
        claims.append(&mut self.common_claims(user, session, groups, "id")?);
        claims.insert("aud".to_owned(), json!(self.pool.settings.client_id));
        claims.insert("cognito:username".to_owned(), json!(user.sub));
        if !groups.roles.is_empty() {
            claims.insert("cognito:roles".to_owned(), json!(groups.roles));
        }
        if let Some(role) = &groups.preferred_role {
            claims.insert("cognito:preferred_role".to_owned(), json!(role));
        }
        overrides.edit_id_token(&mut claims);
        Ok(claims)
    }

    fn common_claims(
        &self,
        user: &User,
        session: &Session,
        groups: &GroupConfiguration,
        token_use: &str,
    ) -> Result<Map<String, Value>, ServiceError> {
        let expires = self.now.saturating_add_signed(SignedDuration::from_secs(TOKEN_SECONDS));
        let mut claims = Map::from_iter(
            [
                ("sub", json!(user.sub)),
                ("iss", json!(self.pool.settings.issuer)),
                ("origin_jti", json!(session.origin_jti)),
                ("event_id", json!(self.event_id)),
                ("token_use", json!(token_use)),
                ("auth_time", json!(session.auth_time.as_second())),
                ("exp", json!(expires.as_second())),
                ("iat", json!(self.now.as_second())),
                ("jti", json!(self.pool.random.uuid()?)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        if !groups.names.is_empty() {
            claims.insert("cognito:groups".to_owned(), json!(groups.names));
        }
        Ok(claims)
    }

    /// The user of the request's access token, which must be one of ours, in time and not revoked.
    pub(crate) fn signed_in(&self) -> Result<User, ServiceError> {
        let invalid = || ServiceError::not_authorized("Invalid Access Token");
        let claims = self.pool.key.verify(self.input.string("AccessToken")?).ok_or_else(invalid)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).ok_or_else(invalid);
        if text("token_use")? != "access" || text("iss")? != self.pool.settings.issuer {
            return Err(invalid());
        }
        let expires = claims.get("exp").and_then(Value::as_i64).ok_or_else(invalid)?;
        if Timestamp::from_second(expires).is_ok_and(|expires| expires <= self.now) {
            return Err(ServiceError::not_authorized("Access Token has expired"));
        }
        if !text("scope")?.split(' ').any(|scope| scope == USER_SCOPE) {
            return Err(ServiceError::not_authorized("Access Token does not have required scopes"));
        }
        let (sub, origin_jti) = (text("sub")?, text("origin_jti")?);
        let (user, live) = self.pool.store.read(|connection| {
            Ok::<_, ServiceError>((User::find(connection, sub)?, Session::is_live(connection, origin_jti)?))
        })?;
        let user = user.ok_or_else(ServiceError::user_not_found)?;
        self.acts_for(&user.sub);
        if !live {
            return Err(ServiceError::not_authorized("Access Token has been revoked"));
        }
        if !user.enabled {
            return Err(disabled());
        }
        Ok(user)
    }
}

/// The user may not sign in now.
pub(crate) fn disabled() -> ServiceError {
    ServiceError::not_authorized("User is disabled.")
}
