//! The resources that a policy speaks of.

use serde_json::Value;
use thiserror::Error;

use crate::{Shape, pattern::Pattern};

/// The ARN of a stage of an API, `arn:aws:execute-api:eu-west-1:111122223333:a1b2c3/prod`: the beginning of the ARN of each of
/// its routes. Nothing that a client sends is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StageArn(String);

/// An ARN that is not one of a route of API Gateway.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(crate) enum InvalidArn {
    #[error("it is not the ARN of a method or route of API Gateway")]
    Form,
    /// A gateway that asks about `$default` asks about all paths at once.
    #[error("it names no path: the authorizer stands before the route $default")]
    NoPath,
}

impl StageArn {
    /// Reads `methodArn` or `routeArn` of a request for a path.
    pub(crate) fn of_request(arn: &str) -> Result<Self, InvalidArn> {
        let (stage, asked) = Self::split(arn)?;
        let method = asked.split('/').next().unwrap_or_default();
        match method {
            "$default" => Err(InvalidArn::NoPath),
            _ if !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase()) => Ok(stage),
            _ => Err(InvalidArn::Form),
        }
    }

    /// Reads `methodArn` of a connection.
    pub(crate) fn of_connection(arn: &str) -> Result<Self, InvalidArn> {
        match Self::split(arn)? {
            (stage, "$connect") => Ok(stage),
            _ => Err(InvalidArn::Form),
        }
    }

    /// The resource that a policy names for these routes of the stage.
    pub(crate) fn resource(&self, pattern: &Pattern) -> String {
        format!("{}/{}", self.0, pattern.as_str())
    }

    fn split(arn: &str) -> Result<(Self, &str), InvalidArn> {
        let all = |text: &str, good: fn(u8) -> bool| !text.is_empty() && text.bytes().all(good);
        let of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", partition, "execute-api", region, account, rest] = parts.as_slice() else {
            return Err(InvalidArn::Form);
        };
        let mut rest = rest.splitn(3, '/');
        let (Some(api), Some(stage), Some(asked)) = (rest.next(), rest.next(), rest.next()) else {
            return Err(InvalidArn::Form);
        };
        let is_good = (*partition == "aws" || partition.starts_with("aws-"))
            && all(partition, of_name)
            && all(region, of_name)
            && account.len() == 12
            && all(account, |byte| byte.is_ascii_digit())
            && all(api, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            && (stage == "$default"
                || all(stage, |byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        let stage = format!("arn:{partition}:execute-api:{region}:{account}:{api}/{stage}");
        if is_good { Ok((Self(stage), asked)) } else { Err(InvalidArn::Form) }
    }
}

/// The variable of a route of an HTTP API that takes all paths: `{proxy+}` of `ANY /{proxy+}`. Whoever has set the API up has named it.
pub(crate) fn variable_for_all(shape: Shape, event: &Value) -> Option<&str> {
    let path = match shape {
        Shape::HttpApi1 => event.get("resource")?.as_str()?,
        Shape::HttpApi2 => event.get("routeKey")?.as_str()?.split_once(' ')?.1,
        _ => return None,
    };
    let variable = path.strip_prefix('/')?;
    let name = variable.strip_prefix('{')?.strip_suffix("+}")?;
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    is_name.then_some(variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_a_route_tells_its_stage() {
        let stage = |text: &str| Ok(StageArn(text.to_owned()));
        for (arn, expected) in [
            (
                "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET/request",
                stage("arn:aws:execute-api:us-east-1:123456789012:abcdef123/test"),
            ),
            (
                "arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef123/$default/GET/a:b/*/c",
                stage("arn:aws-cn:execute-api:cn-north-1:123456789012:abcdef123/$default"),
            ),
            (
                "arn:aws:execute-api:us-east-1:123456789012:abcdef123/ESTestInvoke-stage/GET/",
                stage("arn:aws:execute-api:us-east-1:123456789012:abcdef123/ESTestInvoke-stage"),
            ),
            (
                "arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/GET",
                stage("arn:aws:execute-api:us-east-1:123456789012:abcdef123/test"),
            ),
            (
                "arn:aws:execute-api:us-east-1:123456789012:abcdef123/$default/$default",
                Err(InvalidArn::NoPath),
            ),
            ("arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/$connect", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1:123456789012:abcdef123/test/*/request", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1:123456789012:abcdef123/*/GET/request", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1:123456789012:*/test/GET/request", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1:*:abcdef123/test/GET/request", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:*:123456789012:abcdef123/test/GET/request", Err(InvalidArn::Form)),
            ("arn:*:execute-api:us-east-1:123456789012:abcdef123/test/GET/request", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1::abcdef123/test/GET/request", Err(InvalidArn::Form)),
            ("arn:aws:lambda:us-east-1:123456789012:abcdef123/test/GET/request", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1:123456789012:abcdef123/te st/GET/request", Err(InvalidArn::Form)),
            ("arn:aws:execute-api:us-east-1:123456789012:abcdef123", Err(InvalidArn::Form)),
            ("", Err(InvalidArn::Form)),
        ] {
            assert_eq!(StageArn::of_request(arn), expected, "{arn}");
        }
    }

    #[test]
    fn a_connection_is_asked_for_by_its_own_route_alone() {
        let base = "arn:aws:execute-api:us-east-1:123456789012:abcdef123/default";
        assert_eq!(StageArn::of_connection(&format!("{base}/$connect")), Ok(StageArn(base.to_owned())));
        for wrong in ["$disconnect", "$default", "GET/$connect", "$connect/", ""] {
            assert_eq!(StageArn::of_connection(&format!("{base}/{wrong}")), Err(InvalidArn::Form), "{wrong}");
        }
    }
}
