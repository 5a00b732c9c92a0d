//! A backend as the outputs of its stack describe it.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    ClientConfigError,
    backend::{Backend, Bucket, GraphQlApi, IdentityPool, Mfa, Mode, Redirects, UserPool},
};

/// What `aws cloudformation describe-stacks` prints, or `sam list stack-outputs --output json`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Printed {
    Stacks {
        #[serde(rename = "Stacks")]
        stacks: Vec<Stack>,
    },
    Outputs(Vec<Output>),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stack {
    stack_name: String,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    output_key: String,
    output_value: String,
}

/// The outputs of one stack, and what was looked for and not found.
struct Outputs {
    values: HashMap<String, String>,
    missing: Vec<&'static str>,
    unreadable: Vec<&'static str>,
}

/// Reads the outputs. All that is missing is told at once.
pub(super) fn read(text: &str) -> Result<Backend, ClientConfigError> {
    let json: Value = serde_json::from_str(text)
        .map_err(|error| ClientConfigError::Malformed { line: error.line(), column: error.column() })?;
    let printed = serde_json::from_value(json).map_err(|_| ClientConfigError::NoOutputs)?;
    let outputs = match printed {
        Printed::Outputs(outputs) => outputs,
        Printed::Stacks { mut stacks } => {
            if stacks.len() > 1 {
                let names = stacks.into_iter().map(|stack| stack.stack_name).collect();
                return Err(ClientConfigError::SeveralStacks(names));
            }
            stacks.pop().map(|stack| stack.outputs).unwrap_or_default()
        }
    };
    let values = outputs.into_iter().map(|output| (output.output_key, output.output_value)).collect();
    let mut outputs = Outputs { values, missing: Vec::new(), unreadable: Vec::new() };
    let backend = backend(&mut outputs);
    if !outputs.missing.is_empty() {
        return Err(ClientConfigError::Missing(outputs.missing));
    }
    if !outputs.unreadable.is_empty() {
        return Err(ClientConfigError::Unreadable(outputs.unreadable));
    }
    Ok(backend)
}

/// The names are those of template.yaml.
fn backend(outputs: &mut Outputs) -> Backend {
    let password_length = outputs.read("PasswordMinimumLength", |text| text.parse().ok());
    let mfa = outputs.read("MfaConfiguration", |text| match text {
        "OFF" => Some(Mfa::Off),
        "OPTIONAL" => Some(Mfa::Optional),
        "ON" => Some(Mfa::Required),
        _ => None,
    });
    let redirects = outputs.get("SignInDomain").map(|domain| Redirects {
        domain,
        scopes: outputs.list("OAuthScopes"),
        sign_in: outputs.list("CallbackUrls"),
        sign_out: outputs.list("LogoutUrls"),
        providers: outputs.list("IdentityProviders"),
    });
    // Without an address to come back to nobody can be sent away.
    let redirects = redirects.filter(|it| !it.sign_in.is_empty() && !it.sign_out.is_empty());
    let guests = outputs.read("GuestsEnabled", |text| text.parse().ok()).unwrap_or(false);
    let modes = outputs.read("GraphqlAuthModes", |text| {
        split(text).map(|mode| serde_json::from_value(mode.into()).ok()).collect::<Option<Vec<Mode>>>()
    });
    Backend {
        region: outputs.need("Region"),
        user_pool: UserPool {
            id: outputs.need("UserPoolId"),
            client_id: outputs.need("UserPoolClientId"),
            endpoint: None,
            password_length,
            mfa,
            redirects,
        },
        identity_pool: outputs.get("IdentityPoolId").map(|id| IdentityPool { id, endpoint: None, guests }),
        rest: outputs.need("ApiUrl"),
        graphql: outputs.get("GraphqlUrl").map(|url| {
            let api_key = outputs.get("GraphqlApiKey");
            // A user pool's tokens are the usual way in, and a key is another.
            let known = || [Some(Mode::AmazonCognitoUserPools), api_key.as_ref().map(|_| Mode::ApiKey)];
            GraphQlApi {
                url,
                modes: modes.unwrap_or_else(|| known().into_iter().flatten().collect()),
                api_key,
            }
        }),
        bucket: outputs.get("BucketName").map(|name| Bucket { name, endpoint: None }),
    }
}

impl Outputs {
    fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }

    fn need(&mut self, name: &'static str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.missing.push(name);
            String::new()
        })
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.get(name).map(|text| split(&text).map(str::to_owned).collect()).unwrap_or_default()
    }

    fn read<T>(&mut self, name: &'static str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.get(name)?;
        let value = parse(text.trim());
        if value.is_none() {
            self.unreadable.push(name);
        }
        value
    }
}

fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}
