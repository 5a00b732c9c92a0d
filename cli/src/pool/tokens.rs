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
    /// A sign-in by redirect.
    Hosted,
}

impl Occasion {
    fn source(self) -> &'static str {
        match self {
            Self::Authentication => "TokenGeneration_Authentication",
            Self::NewPassword => "TokenGeneration_NewPasswordChallenge",
            Self::Refresh => "TokenGeneration_RefreshTokens",
            Self::Hosted => "TokenGeneration_HostedAuth",
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
        let scopes = vec![USER_SCOPE.to_owned()];
        let session = Session::begin(&*self.pool.random, &user.sub, scopes, self.now)?;
        self.open_session(user, &session, occasion, with_metadata)
    }

    /// The three tokens of a new session, as `AuthenticationResult`, and keeps it.
    pub(crate) fn open_session(
        &self,
        user: &User,
        session: &Session,
        occasion: Occasion,
        with_metadata: bool,
    ) -> Result<Value, ServiceError> {
        let mut result = self.make_tokens(user, session, occasion, with_metadata)?;
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
        let overrides = self.token_overrides(user, session, &groups, occasion, with_metadata)?;
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

    /// The access token of a client that acts for itself.
    pub(crate) fn machine_token(&self, client_id: &str, scopes: &[String]) -> Result<String, ServiceError> {
        let overrides = self.machine_overrides(scopes)?;
        let expires = self.now.saturating_add_signed(SignedDuration::from_secs(TOKEN_SECONDS));
        let mut claims = Map::from_iter(
            [
                ("sub", json!(client_id)),
                ("client_id", json!(client_id)),
                ("iss", json!(self.pool.settings.issuer)),
                ("token_use", json!("access")),
                ("version", json!(2)),
                ("auth_time", json!(self.now.as_second())),
                ("exp", json!(expires.as_second())),
                ("iat", json!(self.now.as_second())),
                ("jti", json!(self.pool.random.uuid()?)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        overrides.edit_access_token(&mut claims, client_id);
        claims.insert("scope".to_owned(), json!(overrides.scopes(scopes).join(" ")));
        Ok(self.pool.key.sign(&claims)?)
    }

    /// Only version 3 of the trigger's event speaks of clients that act for themselves.
    fn machine_overrides(&self, scopes: &[String]) -> Result<Overrides, ServiceError> {
        if self.pool.token_version != Version::V3 {
            return Ok(Overrides::default());
        }
        let mut request = json!({ "userAttributes": {}, "groupConfiguration": null, "scopes": scopes });
        self.put_client_metadata(&mut request)?;
        let response = self.invoke(Invocation {
            trigger: Trigger::PreTokenGeneration,
            source: "TokenGeneration_ClientCredentials",
            // There is no user.
            username: "",
            request,
            response: json!({ overrides::root(Version::V3): null }),
        })?;
        response.map_or_else(
            || Ok(Overrides::default()),
            |response| Overrides::from_response(Version::V3, &response),
        )
    }

    fn token_overrides(
        &self,
        user: &User,
        session: &Session,
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
            request.insert("scopes".to_owned(), json!(session.scopes));
        }
        if with_metadata {
            self.put_client_metadata(&mut request)?;
        }
        let response = self.invoke(Invocation {
            trigger: Trigger::PreTokenGeneration,
            source: occasion.source(),
            username: user.username(),
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
        claims.insert("username".to_owned(), json!(user.username()));
        overrides.edit_access_token(&mut claims, &self.pool.settings.client_id);
        claims.insert("scope".to_owned(), json!(overrides.scopes(&session.scopes).join(" ")));
        Ok(claims)
    }

    fn id_claims(
        &self,
        user: &User,
        session: &Session,
        groups: &GroupConfiguration,
        overrides: &Overrides,
    ) -> Result<Map<String, Value>, ServiceError> {
        let mut claims = user.attributes.readable().within(&session.scopes).claims();
        claims.append(&mut self.common_claims(user, session, groups, "id")?);
        claims.insert("aud".to_owned(), json!(self.pool.settings.client_id));
        claims.insert("cognito:username".to_owned(), json!(user.username()));
        if let Some(nonce) = &session.nonce {
            claims.insert("nonce".to_owned(), json!(nonce));
        }
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
        self.bearer(self.input.string("AccessToken")?, USER_SCOPE).map(|(user, _scopes)| user)
    }

    /// The user of an access token that has this scope, and all its scopes.
    pub(crate) fn bearer(&self, token: &str, scope: &str) -> Result<(User, Vec<String>), ServiceError> {
        let invalid = || ServiceError::not_authorized("Invalid Access Token");
        let claims = self.pool.key.verify(token).ok_or_else(invalid)?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).ok_or_else(invalid);
        if text("token_use")? != "access" || text("iss")? != self.pool.settings.issuer {
            return Err(invalid());
        }
        let expires = claims.get("exp").and_then(Value::as_i64).ok_or_else(invalid)?;
        if Timestamp::from_second(expires).is_ok_and(|expires| expires <= self.now) {
            return Err(ServiceError::not_authorized("Access Token has expired"));
        }
        let scopes: Vec<String> = text("scope")?.split(' ').map(str::to_owned).collect();
        if !scopes.iter().any(|granted| granted == scope) {
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
        Ok((user, scopes))
    }
}

/// The user may not sign in now.
pub(crate) fn disabled() -> ServiceError {
    ServiceError::not_authorized("User is disabled.")
}
