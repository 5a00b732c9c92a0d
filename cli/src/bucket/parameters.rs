//! The query of a request.

use super::Refusal;

/// The most parameters. A presigned URL has a dozen, and one for each entry of metadata.
const MAX_PARAMETERS: usize = 128;

/// The parameters of a query, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(super) fn parse(query: &str) -> Result<Self, Refusal> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if pairs.len() == MAX_PARAMETERS {
                return Err(Refusal::InvalidArgument("The query has too many parameters."));
            }
            // Two values of one name could be read in two ways.
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(Refusal::InvalidArgument("A parameter of the query is there twice."));
            }
            pairs.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(pairs))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// A number from nought up; nothing if it is not there.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_number => Ok(Some(number)),
            _ => Err(Refusal::InvalidArgument("A parameter of the query is no number that it can be.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_has_not_too_many_parameters() {
        let query = |count: usize| (0..count).map(|place| format!("p{place}&")).collect::<String>();
        assert!(Parameters::parse(&query(MAX_PARAMETERS)).is_ok());
        assert!(Parameters::parse(&query(MAX_PARAMETERS + 1)).is_err());
    }
}
