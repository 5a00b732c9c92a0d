//! A client of the user pool, speaking Cognito's wire protocol.

use reqwest::Client;
use serde_json::{Value, json};

use crate::{Answer, CODE, Result, form_encoded};

/// The user pool of a running system.
#[derive(Clone, Debug)]
pub struct Pool {
    http: Client,
    address: String,
    pool_id: String,
    client_id: String,
}

/// What a sign-in gives.
#[derive(Clone)]
pub struct Tokens {
    /// For the API.
    pub access: String,
    /// About the user.
    pub id: String,
    /// For new tokens.
    pub refresh: String,
}

impl Pool {
    pub(crate) fn new(address: &str, pool_id: &str, client_id: &str) -> Self {
        Self {
            http: Client::new(),
            address: address.trim_end_matches('/').to_owned(),
            pool_id: pool_id.to_owned(),
            client_id: client_id.to_owned(),
        }
    }

    /// Calls an operation, with the pool's and the client's id put in where the request names neither.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn call(&self, operation: &str, mut request: Value) -> Result<Answer> {
        let admin = operation.starts_with("Admin") || operation.contains("Group") || operation == "ListUsers";
        if let Some(members) = request.as_object_mut() {
            if admin {
                members.entry("UserPoolId").or_insert_with(|| json!(self.pool_id));
            }
            // A token names its client.
            let named = members.contains_key("AccessToken");
            if !(admin || named) || operation == "AdminInitiateAuth" {
                members.entry("ClientId").or_insert_with(|| json!(self.client_id));
            }
        }
        self.send(&format!("AWSCognitoIdentityProviderService.{operation}"), request.to_string()).await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn send(&self, target: &str, body: impl Into<reqwest::Body>) -> Result<Answer> {
        let request = self
            .http
            .post(format!("{}/", self.address))
            .header("X-Amz-Target", target)
            .header("Content-Type", "application/x-amz-json-1.1")
            .body(body);
        Answer::read(request.send().await?).await
    }

    /// Sends a form to one of the endpoints of a sign-in with a redirect.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn form(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer> {
        let request = self
            .http
            .post(format!("{}{path}", self.address))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(form_encoded(form)?);
        Answer::read(request.send().await?).await
    }

    /// Signs up.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn sign_up(&self, email: &str, password: &str) -> Result<Answer> {
        let attributes = json!([{ "Name": "email", "Value": email }]);
        self.call("SignUp", json!({ "Username": email, "Password": password, "UserAttributes": attributes }))
            .await
    }

    /// Confirms a sign-up with the code that every user of a system under test gets.
    ///
    /// # Errors
    ///
    /// When there is no answer.
    pub async fn confirm(&self, email: &str) -> Result<Answer> {
        self.call("ConfirmSignUp", json!({ "Username": email, "ConfirmationCode": CODE })).await
    }

    /// Signs in with the password.
    ///
    /// # Errors
    ///
    /// When the pool refuses.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Tokens> {
        let parameters = json!({ "USERNAME": email, "PASSWORD": password });
        let request = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        let answer = self.call("InitiateAuth", request).await?;
        let token = |name: &str| {
            let token = answer.text(&format!("/AuthenticationResult/{name}"));
            if token.is_empty() {
                Err(format!("no {name} for {email}: {} {}", answer.status, answer.body))
            } else {
                Ok(token.to_owned())
            }
        };
        Ok(Tokens { access: token("AccessToken")?, id: token("IdToken")?, refresh: token("RefreshToken")? })
    }

    /// Signs up, confirms and signs in.
    ///
    /// # Errors
    ///
    /// When the pool refuses one of them.
    pub async fn enroll(&self, email: &str, password: &str) -> Result<Tokens> {
        for answer in [self.sign_up(email, password).await?, self.confirm(email).await?] {
            if answer.status != 200 {
                return Err(format!("{email} was not enrolled: {} {}", answer.status, answer.body).into());
            }
        }
        self.sign_in(email, password).await
    }

    /// Puts a user into a group, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// When the pool refuses.
    pub async fn join(&self, email: &str, group: &str) -> Result<()> {
        let made = self.call("CreateGroup", json!({ "GroupName": group })).await?;
        if made.status != 200 && made.exception() != "GroupExistsException" {
            return Err(format!("no group {group}: {} {}", made.status, made.body).into());
        }
        let joined =
            self.call("AdminAddUserToGroup", json!({ "Username": email, "GroupName": group })).await?;
        match joined.status {
            200 => Ok(()),
            status => Err(format!("{email} did not join {group}: {status} {}", joined.body).into()),
        }
    }
}

// Tokens are secrets, of a test too.
impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens(..)")
    }
}
