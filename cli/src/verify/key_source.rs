//! Where the keys come from.

use std::{convert::Infallible, io::Read, path::PathBuf, str::FromStr};

use portcullis::{HttpFetch, Issuer, JwkSet};

use super::{Profile, VerifyError};

/// What `--keys` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// Standard input.
    Input,
    /// A URL.
    Url(String),
    /// A file.
    File(PathBuf),
}

impl FromStr for KeySource {
    type Err = Infallible;

    fn from_str(given: &str) -> Result<Self, Infallible> {
        Ok(match given {
            "-" => Self::Input,
            url if url.starts_with("https://") || url.starts_with("http://") => Self::Url(url.to_owned()),
            path => Self::File(path.into()),
        })
    }
}

/// The URL of an issuer that may have been named by the id of its user pool.
pub(crate) fn issuer_url(given: &str) -> String {
    let is_pool = |(region, id): &(&str, &str)| {
        region.contains('-') && !id.is_empty() && !given.contains(['/', ':', '.'])
    };
    match given.split_once('_').filter(is_pool) {
        Some((region, _)) => {
            let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
            format!("https://cognito-idp.{region}.{domain}/{given}")
        }
        None => given.to_owned(),
    }
}

/// The local pool, and user pools of Amazon, issue tokens as Amazon Cognito does.
pub(super) fn likely_profile(issuer: Option<&str>) -> Profile {
    let cognito = ["https://cognito-idp.", "http://127.0.0.1:", "http://localhost:", "http://[::1]:"];
    match issuer {
        Some(url) if !cognito.iter().any(|start| url.starts_with(start)) => Profile::Oidc,
        Some(_) | None => Profile::Cognito,
    }
}

/// The issuer whose keys are asked for.
pub(crate) fn issuer(url: &str, profile: Profile) -> Issuer {
    match profile {
        Profile::Cognito => Issuer::cognito_at(url),
        Profile::Oidc | Profile::Alb | Profile::Jws => Issuer::oidc(url),
    }
}

/// The keys of `--keys`, else those of the issuer.
pub(super) fn load(
    source: Option<&KeySource>,
    issuer_url: Option<&str>,
    profile: Profile,
) -> Result<JwkSet, VerifyError> {
    let unusable = |place: &str, problem: String| VerifyError::Keys { place: place.to_owned(), problem };
    match (source, issuer_url) {
        (Some(KeySource::File(path)), _) => JwkSet::from_file(path)
            .map_err(|error| unusable(&path.display().to_string(), error.problem().to_string())),
        (Some(KeySource::Input), _) => {
            let mut text = String::new();
            let limit = portcullis::MAX_SET_BYTES as u64 + 1;
            std::io::stdin()
                .lock()
                .take(limit)
                .read_to_string(&mut text)
                .map_err(|error| unusable("standard input", error.to_string()))?;
            JwkSet::from_json(&text).map_err(|error| unusable("standard input", error.to_string()))
        }
        (Some(KeySource::Url(url)), _) => {
            fetch(&issuer(url, profile).keys_url(url)).map_err(|error| unusable(url, error))
        }
        (None, Some(url)) => fetch(&issuer(url, profile)).map_err(|error| unusable(url, error)),
        (None, None) => Err(VerifyError::Options("name the --issuer or the --keys".to_owned())),
    }
}

/// Fetches as a service would: https only, by a deadline, without redirects, and no more than a key set may have.
pub(crate) fn fetch(issuer: &Issuer) -> Result<JwkSet, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(JwkSet::fetch(issuer, &HttpFetch::new())).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_pool_may_be_named_by_its_id() {
        for (given, url) in [
            ("eu-west-1_AbC", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"),
            ("cn-north-1_AbC", "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_AbC"),
            ("https://a.example/eu-west-1_AbC", "https://a.example/eu-west-1_AbC"),
            ("https://login.example/", "https://login.example/"),
        ] {
            assert_eq!(issuer_url(given), url);
        }
    }

    #[test]
    fn what_kind_of_issuer_it_is_can_be_seen() {
        for (url, profile) in [
            (Some("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"), Profile::Cognito),
            (Some("http://127.0.0.1:9229/local_1"), Profile::Cognito),
            (Some("https://login.example"), Profile::Oidc),
            (Some("https://login.example/cognito-idp."), Profile::Oidc),
            (None, Profile::Cognito),
        ] {
            assert_eq!(likely_profile(url), profile, "{url:?}");
        }
    }
}
