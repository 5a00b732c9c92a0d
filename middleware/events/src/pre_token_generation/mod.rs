mod claim;
mod group;
mod role;
mod version;

use serde_json::{Map, Value};

pub use self::{
    claim::{Token, check_claim_name, check_scope, check_suppressed_claim_name},
    group::check_group_name,
    role::check_role,
    version::Version,
};
use crate::{
    Attributes, EditError, Event,
    event::{add_to_list, edit_object},
};

/// A pre-token-generation event: Cognito is about to sign tokens. An error refuses them, so the
/// user cannot sign in.
///
/// A response that says nothing leaves the tokens as they are. Suppressing a claim beats setting
/// it.
///
/// Source: "Pre token generation Lambda trigger", Amazon Cognito developer guide.
///
/// ```
/// use portcullis_events::{Event, PreTokenGeneration};
/// use serde_json::json;
///
/// let mut event = Event::new(json!({
///     "version": "1",
///     "triggerSource": "TokenGeneration_Authentication",
///     "request": {"groupConfiguration": {"groupsToOverride": ["readers"], "iamRolesToOverride": [], "preferredRole": null}},
///     "response": {"claimsOverrideDetails": null},
/// }))?;
/// let mut tokens = PreTokenGeneration::of(&mut event).ok_or("another trigger's event")?;
/// tokens.add_group("editors")?;
/// assert_eq!(tokens.groups(), ["readers", "editors"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PreTokenGeneration<'e> {
    event: &'e mut Event,
}

/// Why tokens are made. A refresh cannot be told by it alone: `GetTokensFromRefreshToken` comes as
/// [`Authentication`](Self::Authentication).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSource {
    /// A sign-in on the managed login pages: `TokenGeneration_HostedAuth`.
    HostedAuth,
    /// A sign-in: `TokenGeneration_Authentication`.
    Authentication,
    /// A user has replaced a temporary password: `TokenGeneration_NewPasswordChallenge`.
    NewPasswordChallenge,
    /// A device has signed in: `TokenGeneration_AuthenticateDevice`.
    AuthenticateDevice,
    /// A refresh: `TokenGeneration_RefreshTokens`.
    RefreshTokens,
    /// A machine, no user: `TokenGeneration_ClientCredentials`, in version 3 only.
    ClientCredentials,
    /// A source that this version does not know.
    Other,
}

impl<'e> PreTokenGeneration<'e> {
    /// The view, if the event's source begins with `TokenGeneration_`.
    pub fn of(event: &'e mut Event) -> Option<Self> {
        event.source().starts_with("TokenGeneration_").then_some(Self { event })
    }

    /// Why tokens are made.
    pub fn source(&self) -> TokenSource {
        match self.event.source() {
            "TokenGeneration_HostedAuth" => TokenSource::HostedAuth,
            "TokenGeneration_Authentication" => TokenSource::Authentication,
            "TokenGeneration_NewPasswordChallenge" => TokenSource::NewPasswordChallenge,
            "TokenGeneration_AuthenticateDevice" => TokenSource::AuthenticateDevice,
            "TokenGeneration_RefreshTokens" => TokenSource::RefreshTokens,
            "TokenGeneration_ClientCredentials" => TokenSource::ClientCredentials,
            _ => TokenSource::Other,
        }
    }

    /// If the token is for a machine: client credentials, which have no user.
    pub fn is_machine(&self) -> bool {
        self.source() == TokenSource::ClientCredentials
    }

    /// The event's version, if it is known; it decides the response's shape.
    pub fn version(&self) -> Option<Version> {
        Version::of(self.event)
    }

    /// The user's attributes. Client credentials have none.
    pub fn user_attributes(&self) -> Attributes<'_> {
        self.event.user_attributes()
    }

    /// The event.
    pub fn event(&self) -> &Event {
        self.event
    }

    /// The scopes that the access token will have as things stand: none in version 1.
    pub fn scopes(&self) -> Vec<&str> {
        texts(self.event.request("scopes"))
    }

    /// The groups that the tokens will have as things stand: the edited ones, else those of the
    /// pool.
    pub fn groups(&self) -> Vec<&str> {
        texts(self.groups_as_things_stand().and_then(|groups| groups.get(group::GROUPS)))
    }

    /// The IAM roles that the ID token will have as things stand (`cognito:roles`).
    pub fn roles(&self) -> Vec<&str> {
        texts(self.groups_as_things_stand().and_then(|groups| groups.get(role::ROLES)))
    }

    /// The IAM role that an identity pool will prefer as things stand (`cognito:preferred_role`).
    pub fn preferred_role(&self) -> Option<&str> {
        self.groups_as_things_stand()?.get(role::PREFERRED)?.as_str()
    }

    /// Adds a claim to a token, or overrides it.
    ///
    /// In a version 1 event only the ID token can be changed and a value must be a string; convert
    /// others with [`Version::carry`] where that is meant.
    ///
    /// # Errors
    ///
    /// A claim, a value or a token that Cognito does not let a function change.
    pub fn set_claim(&mut self, token: Token, name: &str, value: Value) -> Result<(), EditError> {
        let version = self.changes(token)?;
        if token == Token::Access && name == "aud" {
            if self.event.client_id().is_none_or(|client| value.as_str() != Some(client)) {
                return Err(EditError::ForeignAudience);
            }
        } else {
            check_claim_name(name)?;
        }
        claim::check_value(version, token, name, &value)?;
        self.edit_token(version, token, |details| {
            edit_object(details, "claimsToAddOrOverride", |claims| claims.insert(name.to_owned(), value));
        });
        Ok(())
    }

    /// Takes a claim out of a token. `cognito:groups` takes `cognito:roles` and
    /// `cognito:preferred_role` with it.
    ///
    /// # Errors
    ///
    /// A claim or a token that Cognito does not let a function change.
    pub fn suppress_claim(&mut self, token: Token, name: &str) -> Result<(), EditError> {
        let version = self.changes(token)?;
        check_suppressed_claim_name(name)?;
        self.edit_token(version, token, |details| add_to_list(details, "claimsToSuppress", name));
        Ok(())
    }

    /// Adds a scope to the access token.
    ///
    /// # Errors
    ///
    /// [`EditError::InvalidScope`], and [`EditError::NotInVersion1`].
    pub fn add_scope(&mut self, scope: &str) -> Result<(), EditError> {
        self.edit_scopes("scopesToAdd", scope)
    }

    /// Takes a scope from the access token. Without `aws.cognito.signin.user.admin`, users cannot
    /// read or change their own attributes.
    ///
    /// # Errors
    ///
    /// [`EditError::InvalidScope`], and [`EditError::NotInVersion1`].
    pub fn suppress_scope(&mut self, scope: &str) -> Result<(), EditError> {
        self.edit_scopes("scopesToSuppress", scope)
    }

    /// Adds a group to both tokens and keeps the others. Nothing is written if it is there already.
    ///
    /// # Errors
    ///
    /// [`EditError::InvalidGroup`], [`EditError::NoUser`], [`EditError::UnknownVersion`].
    pub fn add_group(&mut self, name: &str) -> Result<(), EditError> {
        check_group_name(name)?;
        let version = self.has_user()?;
        if !self.groups().contains(&name) {
            self.edit_groups(version, |groups| groups.push(Value::from(name)));
        }
        Ok(())
    }

    /// Takes a group from both tokens and keeps the others. Nothing is written if it is not there.
    ///
    /// # Errors
    ///
    /// [`EditError::NoUser`], [`EditError::UnknownVersion`].
    pub fn remove_group(&mut self, name: &str) -> Result<(), EditError> {
        let version = self.has_user()?;
        if self.groups().contains(&name) {
            self.edit_groups(version, |groups| groups.retain(|group| group.as_str() != Some(name)));
        }
        Ok(())
    }

    /// Replaces the IAM roles that an identity pool may give the user, and says which of them it prefers: the first. Groups stay
    /// as they are; no roles at all takes them from the user.
    ///
    /// # Errors
    ///
    /// [`EditError::InvalidRole`], [`EditError::NoUser`], [`EditError::UnknownVersion`].
    pub fn set_roles(&mut self, roles: &[&str]) -> Result<(), EditError> {
        for role in roles {
            check_role(role)?;
        }
        let version = self.has_user()?;
        self.edit_details(version, |details| role::replace(details, roles));
        Ok(())
    }

    fn changes(&self, token: Token) -> Result<Version, EditError> {
        match (token, self.version().ok_or(EditError::UnknownVersion)?) {
            (Token::Access, Version::V1) => Err(EditError::NotInVersion1),
            (Token::Id, _) if self.is_machine() => Err(EditError::NoUser),
            (_, version) => Ok(version),
        }
    }

    fn has_user(&self) -> Result<Version, EditError> {
        match self.source() {
            TokenSource::ClientCredentials => Err(EditError::NoUser),
            _ => self.version().ok_or(EditError::UnknownVersion),
        }
    }

    fn edit_token(&mut self, version: Version, token: Token, edit: impl FnOnce(&mut Map<String, Value>)) {
        self.edit_root(version, |root| match version.token_field(token) {
            Some(field) => edit_object(root, field, edit),
            None => edit(root),
        });
    }

    fn edit_root(&mut self, version: Version, edit: impl FnOnce(&mut Map<String, Value>)) {
        self.event.edit_response(|response| {
            edit_object(response, version.root(), |root| {
                // INVARIANT: no response that we edited takes the user's groups by an override that
                // says nothing.
                root.retain(|field, value| field != group::OVERRIDE || !group::says_nothing(value));
                edit(root);
            });
        });
    }

    fn edit_scopes(&mut self, list: &str, scope: &str) -> Result<(), EditError> {
        let version = self.changes(Token::Access)?;
        check_scope(scope)?;
        self.edit_token(version, Token::Access, |details| add_to_list(details, list, scope));
        Ok(())
    }

    /// An earlier edit, else what the pool says.
    fn groups_as_things_stand(&self) -> Option<&Map<String, Value>> {
        let edited = self
            .version()
            .and_then(|version| self.event.response(version.root())?.get(group::OVERRIDE))
            .filter(|details| !group::says_nothing(details));
        edited.or_else(|| self.event.request("groupConfiguration"))?.as_object()
    }

    /// Copy, then edit: an override that names only the new group would take all others from the
    /// user, and the roles with them.
    fn edit_groups(&mut self, version: Version, edit: impl FnOnce(&mut Vec<Value>)) {
        self.edit_details(version, |details| group::edit(details, edit));
    }

    fn edit_details(&mut self, version: Version, edit: impl FnOnce(&mut Map<String, Value>)) {
        let mut edited = group::copied(self.groups_as_things_stand());
        edit(&mut edited);
        self.edit_root(version, |root| {
            root.insert(group::OVERRIDE.to_owned(), Value::Object(edited));
        });
    }
}

fn texts(list: Option<&Value>) -> Vec<&str> {
    list.and_then(Value::as_array)
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
