//! What the local system prints for the person who started it.

use std::fmt;

use serde_json::{Value, json};

use crate::local::Example;

/// Where everything is, and commands that work as printed.
#[derive(Debug)]
pub(crate) struct Banner {
    pub(crate) api: String,
    pub(crate) pool: String,
    pub(crate) dynamodb: String,
    pub(crate) pool_id: String,
    pub(crate) client_id: String,
    pub(crate) api_key: String,
    /// The id of the identity pool, if there is one.
    pub(crate) identity_pool: Option<String>,
    /// The address of the bucket, if there is one.
    pub(crate) bucket: Option<String>,
    /// Where a browser begins to sign in, if an app may have people sent back.
    pub(crate) sign_in: Option<String>,
    /// The id and the secret of the client for machines, if there is one.
    pub(crate) machine_client: Option<String>,
    /// The key that a custom sender decrypts codes with, if there is one.
    pub(crate) kms_key: Option<String>,
    pub(crate) data: String,
    /// A domain that the pre-signup trigger refuses, if it refuses any.
    pub(crate) denied_domain: Option<String>,
    /// A group that the rules know.
    pub(crate) group: Option<String>,
    /// The REST path of a model that its owner may write, with a record of it.
    pub(crate) example: Option<Example>,
}

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";
const PASSWORD: &str = "Correct-horse-1";

impl fmt::Display for Banner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in [
            ("API", &self.api),
            ("GraphQL", &format!("{}/graphql", self.api)),
            ("console", &format!("{}/", self.api)),
            ("GraphiQL", &format!("{}/graphiql", self.api)),
            ("user pool", &self.pool),
            ("DynamoDB", &self.dynamodb),
            ("user pool id", &self.pool_id),
            ("client id", &self.client_id),
            ("API key", &self.api_key),
            ("data", &self.data),
        ] {
            writeln!(f, "{name:<14} {value}")?;
        }
        for (name, value) in [
            ("identity pool", &self.identity_pool),
            ("bucket", &self.bucket),
            ("machine client", &self.machine_client),
            ("KMS key", &self.kms_key),
            ("sign in at", &self.sign_in),
        ] {
            if let Some(value) = value {
                writeln!(f, "{name:<14} {value}")?;
            }
        }
        let list = |path: &str, person: &str| {
            format!("curl -sw '\\n' {}/{path} -H \"Authorization: Bearer ${person}\"", self.api)
        };
        writeln!(
            f,
            "\n# two people sign up; the command that confirms each is printed when the code is \"sent\""
        )?;
        writeln!(f, "{}", self.sign_up(ALICE))?;
        writeln!(f, "{}", self.sign_up(BOB))?;
        if let Some(domain) = &self.denied_domain {
            writeln!(f, "# somebody whom the pre-signup trigger refuses")?;
            writeln!(f, "{}", self.sign_up(&format!("mallory@{domain}")))?;
        }
        writeln!(f, "# they sign in")?;
        writeln!(f, "{}", self.sign_in("ALICE", ALICE))?;
        writeln!(f, "{}", self.sign_in("BOB", BOB))?;
        if let Some(Example { path, record }) = &self.example {
            writeln!(f, "# alice writes a record; each sees their own")?;
            let record = quoted(&record.to_string());
            writeln!(f, "{} -H 'Content-Type: application/json' -d {record}", list(path, "ALICE"))?;
            writeln!(f, "{}", list(path, "ALICE"))?;
            writeln!(f, "{}", list(path, "BOB"))?;
        }
        if let Some(group) = &self.group {
            writeln!(f, "# bob joins the {group} and signs in again")?;
            let request = json!({ "UserPoolId": self.pool_id, "Username": BOB, "GroupName": group });
            writeln!(f, "{}", pool_command(&self.pool, "AdminAddUserToGroup", &request))?;
            writeln!(f, "{}", self.sign_in("BOB", BOB))?;
            if let Some(Example { path, .. }) = &self.example {
                writeln!(f, "{}", list(path, "BOB"))?;
            }
        }
        writeln!(f, "# everything else that the API can do")?;
        write!(f, "curl -s {}/openapi.json", self.api)
    }
}

impl Banner {
    fn sign_up(&self, email: &str) -> String {
        let request = json!({
            "ClientId": self.client_id,
            "Username": email,
            "Password": PASSWORD,
            "UserAttributes": [{ "Name": "email", "Value": email }],
        });
        pool_command(&self.pool, "SignUp", &request)
    }

    fn sign_in(&self, variable: &str, email: &str) -> String {
        let request = json!({
            "ClientId": self.client_id,
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": { "USERNAME": email, "PASSWORD": PASSWORD },
        });
        let command = pool_command(&self.pool, "InitiateAuth", &request);
        format!(r#"{variable}=$({command} | sed 's/.*"AccessToken":"\([^"]*\)".*/\1/')"#)
    }
}

/// A command that calls an operation of the user pool.
pub(crate) fn pool_command(pool: &str, operation: &str, request: &Value) -> String {
    let request = quoted(&request.to_string());
    format!(
        "curl -sw '\\n' {pool}/ -H 'X-Amz-Target: AWSCognitoIdentityProviderService.{operation}' \
         -H 'Content-Type: application/x-amz-json-1.1' -d {request}"
    )
}

/// The text as one word of a shell, which ends single quotes at the first quote inside.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_a_request_cannot_leave_its_quotes() {
        let command = pool_command("http://127.0.0.1:1", "SignUp", &json!({ "Username": "o'hara; id" }));
        assert!(command.ends_with(r#"-d '{"Username":"o'\''hara; id"}'"#), "{command}");
    }
}
