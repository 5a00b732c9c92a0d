//! Which ways to come in a client is told about.

/// How a token was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Scheme {
    #[default]
    Bearer,
    Dpop,
}

/// What a service accepts, as far as its challenges say it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) bearer: bool,
    /// The algorithms of proofs, separated by spaces.
    pub(crate) dpop: Option<String>,
    /// Where the metadata of RFC 9728 is.
    pub(crate) resource_metadata: Option<String>,
}

impl Offer {
    pub(crate) const BEARER: Self = Self { bearer: true, dpop: None, resource_metadata: None };

    /// One challenge for each scheme that is accepted (RFC 9449, 7.2). The parameters that say what is wrong stand with the
    /// scheme that was used, which comes first.
    pub(crate) fn challenges(&self, used: Scheme, wrong: &[(&str, &str)]) -> String {
        let algorithms = self.dpop.as_deref();
        let mut schemes = Vec::with_capacity(2);
        if self.bearer {
            schemes.push(Scheme::Bearer);
        }
        if algorithms.is_some() {
            schemes.push(Scheme::Dpop);
        }
        schemes.sort_by_key(|scheme| *scheme != used);
        let challenges = schemes.into_iter().enumerate().map(|(index, scheme)| {
            let mut parameters: Vec<(&str, &str)> = if index == 0 { wrong.to_vec() } else { Vec::new() };
            let name = match scheme {
                Scheme::Bearer => "Bearer",
                Scheme::Dpop => {
                    parameters.extend(algorithms.map(|algorithms| ("algs", algorithms)));
                    "DPoP"
                }
            };
            parameters.extend(self.resource_metadata.as_deref().map(|url| ("resource_metadata", url)));
            let parameters: Vec<String> =
                parameters.into_iter().map(|(name, value)| format!(r#"{name}="{value}""#)).collect();
            if parameters.is_empty() { name.to_owned() } else { format!("{name} {}", parameters.join(", ")) }
        });
        challenges.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_scheme_that_is_accepted_has_its_challenge() {
        let dpop = || Some("ES256 EdDSA".to_owned());
        let metadata = || Some("https://a/b".to_owned());
        let (wrong, nothing): (&[_], &[_]) = (&[("error", "e"), ("error_description", "d")], &[]);
        for (offer, used, wrong, expected) in [
            (Offer::BEARER, Scheme::Bearer, nothing, "Bearer"),
            (Offer::BEARER, Scheme::Bearer, wrong, r#"Bearer error="e", error_description="d""#),
            (
                Offer { dpop: dpop(), ..Offer::BEARER },
                Scheme::Bearer,
                nothing,
                r#"Bearer, DPoP algs="ES256 EdDSA""#,
            ),
            (
                Offer { dpop: dpop(), ..Offer::BEARER },
                Scheme::Bearer,
                wrong,
                r#"Bearer error="e", error_description="d", DPoP algs="ES256 EdDSA""#,
            ),
            (
                Offer { dpop: dpop(), ..Offer::BEARER },
                Scheme::Dpop,
                wrong,
                r#"DPoP error="e", error_description="d", algs="ES256 EdDSA", Bearer"#,
            ),
            (
                Offer { bearer: false, dpop: dpop(), resource_metadata: None },
                Scheme::Bearer,
                wrong,
                r#"DPoP error="e", error_description="d", algs="ES256 EdDSA""#,
            ),
            (
                Offer { bearer: true, dpop: dpop(), resource_metadata: metadata() },
                Scheme::Bearer,
                nothing,
                r#"Bearer resource_metadata="https://a/b", DPoP algs="ES256 EdDSA", resource_metadata="https://a/b""#,
            ),
        ] {
            assert_eq!(offer.challenges(used, wrong), expected);
        }
    }
}
