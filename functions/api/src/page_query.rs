//! `?limit=&nextToken=`: which page of a list is wanted.

use axum::extract::{Query, rejection::QueryRejection};

use portcullis_data::PageRequest;

use crate::problem::{Mistake, Problem};

/// How many items a page holds when nobody says, as in Amplify.
const DEFAULT_LIMIT: u32 = 100;

/// How many items a page holds at most, as in Amplify.
const MAX_LIMIT: u32 = 1000;

/// Name and value.
pub(crate) type Pair = (String, String);

/// Parameters in the order in which they stand; a name may stand twice.
pub(crate) type Parameters = Result<Query<Vec<Pair>>, QueryRejection>;

/// Which page of a list is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PageQuery {
    /// From 1 to 1000.
    pub(crate) limit: u32,
    /// Where the page before this one ended.
    pub(crate) next_token: Option<String>,
}

impl PageQuery {
    /// Reads the parameters and names everything that is wrong with them.
    pub(crate) fn read(parameters: Parameters) -> Result<Self, Problem> {
        let (page, ()) = Self::read_with(parameters, |others, mistakes| {
            mistakes.extend(others.into_iter().map(|(name, _)| unknown(name)));
        })?;
        Ok(page)
    }

    /// As [`read`](Self::read), for a path that has other parameters too.
    pub(crate) fn read_with<T>(
        parameters: Parameters,
        read_others: impl FnOnce(Vec<Pair>, &mut Vec<Mistake>) -> T,
    ) -> Result<(Self, T), Problem> {
        let mut mistakes = Vec::new();
        let (mut limit, mut next_token, mut others) = (None, None, Vec::new());
        for (name, value) in pairs(parameters)? {
            let slot = match name.as_str() {
                "limit" => &mut limit,
                "nextToken" => &mut next_token,
                _ => {
                    others.push((name, value));
                    continue;
                }
            };
            if slot.replace(value).is_some() {
                mistakes.push(Mistake { field: name, problem: "stands twice".into() });
            }
        }
        let limit = limit.map_or(Ok(DEFAULT_LIMIT), |text| parse_limit(&text)).unwrap_or_else(|mistake| {
            mistakes.push(mistake);
            DEFAULT_LIMIT
        });
        let others = read_others(others, &mut mistakes);
        if mistakes.is_empty() {
            Ok((Self { limit, next_token }, others))
        } else {
            Err(Problem::bad_query(mistakes))
        }
    }
}

impl From<PageQuery> for PageRequest {
    fn from(query: PageQuery) -> Self {
        Self { limit: Some(query.limit), next_token: query.next_token }
    }
}

/// For routes that take no parameters: what is not understood is refused, not ignored.
pub(crate) fn expect_no_parameters(parameters: Parameters) -> Result<(), Problem> {
    let mistakes: Vec<_> = pairs(parameters)?.into_iter().map(|(name, _)| unknown(name)).collect();
    if mistakes.is_empty() { Ok(()) } else { Err(Problem::bad_query(mistakes)) }
}

fn pairs(parameters: Parameters) -> Result<Vec<Pair>, Problem> {
    parameters.map(|Query(pairs)| pairs).map_err(|_| Problem::bad_request("the query cannot be read"))
}

fn parse_limit(text: &str) -> Result<u32, Mistake> {
    // `parse` would take a sign too.
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.filter(|number| (1..=MAX_LIMIT).contains(number)).ok_or_else(|| Mistake {
        field: "limit".to_owned(),
        problem: "must be a whole number from 1 to 1000".into(),
    })
}

pub(crate) fn unknown(name: String) -> Mistake {
    Mistake { field: name.chars().take(40).collect(), problem: "is not a parameter of this path".into() }
}

#[cfg(test)]
mod tests {
    use http::Uri;

    use super::*;

    fn read(query: &str) -> Result<PageQuery, String> {
        let uri: Uri = format!("/notes?{query}").parse().unwrap();
        PageQuery::read(Query::try_from_uri(&uri)).map_err(|problem| problem.body())
    }

    #[test]
    fn a_page_is_chosen_by_limit_and_token() {
        for (query, limit, next_token) in [
            ("", 100, None),
            ("limit=1", 1, None),
            ("limit=1000", 1000, None),
            ("nextToken=a%2Bb&limit=7", 7, Some("a+b")),
            ("nextToken=", 100, Some("")),
        ] {
            let expected = PageQuery { limit, next_token: next_token.map(str::to_owned) };
            assert_eq!(read(query), Ok(expected), "{query}");
        }
    }

    #[test]
    fn anything_else_is_named() {
        for (query, word) in [
            ("limit=0", "from 1 to 1000"),
            ("limit=1001", "from 1 to 1000"),
            ("limit=-1", "from 1 to 1000"),
            ("limit=%2B1", "from 1 to 1000"),
            ("limit=1.0", "from 1 to 1000"),
            ("limit=", "from 1 to 1000"),
            ("limit=99999999999999999999", "from 1 to 1000"),
            ("limit=1&limit=1", "twice"),
            ("filter=x", "filter"),
            ("Limit=1", "not a parameter"),
        ] {
            let body = read(query).unwrap_err();
            assert!(body.contains(word), "{query}: {body}");
        }
        let all = read("limit=x&a=1&b=2").unwrap_err();
        assert!(["limit", "\"a\"", "\"b\""].iter().all(|name| all.contains(name)), "{all}");
    }
}
