//! With what an identity of an identity pool has signed in.

use std::fmt;

use thiserror::Error;

/// More than this nobody signs in with at once.
const MAX_SIGN_INS: usize = 32;

/// The longest text that is read, in bytes.
const MAX_BYTES: usize = 16 * 1024;

/// With what an identity of an Amazon Cognito identity pool has signed in, as AWS tells it.
///
/// | who tells | where | form |
/// |---|---|---|
/// | REST API | `requestContext.identity.cognitoAuthenticationProvider` | `PROVIDER,PROVIDER:CognitoSignIn:SUB` |
/// | AppSync | `identity.cognitoIdentityAuthProvider` | the same, each part in quotation marks |
/// | HTTP API | `requestContext.authorizer.iam.cognitoIdentity.amr` | the same as a list, after `authenticated` |
///
/// 1. A user pool is `cognito-idp.REGION.amazonaws.com/REGION_ID`, in China `cognito-idp.REGION.amazonaws.com.cn/REGION_ID`, and a
///    user of it stands behind `:CognitoSignIn:`.
/// 2. An OpenID Connect provider is an ARN, which has colons of its own, and its user stands behind `:OIDC:`.
/// 3. Whatever cannot be read, names a provider with two subjects, or is longer than any that AWS writes, says nothing at all.
///
/// ```
/// use portcullis::SignIns;
///
/// let told = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI,\
///             cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI:CognitoSignIn:5d2d0b1e-0c9b-4d2f-9a52-5c5d2ad7c7aa";
/// let sign_ins = SignIns::parse(told)?;
/// assert_eq!(sign_ins.user_of("eu-west-1_AbCdEfGhI"), Some("5d2d0b1e-0c9b-4d2f-9a52-5c5d2ad7c7aa"));
/// assert_eq!(sign_ins.user_of("eu-west-1_SomeOther"), None);
/// # Ok::<(), portcullis::InvalidSignIns>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SignIns {
    each: Vec<SignIn>,
}

/// One provider, and who the caller is there.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    provider: SignInProvider,
    subject: Option<String>,
}

/// Somebody whom an identity pool lets people sign in with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignInProvider {
    /// A user pool of Amazon Cognito.
    UserPool {
        /// The id of the pool, which begins with its region.
        id: String,
    },
    /// An OpenID Connect provider that is registered with IAM.
    Oidc {
        /// The ARN, such as `arn:aws:iam::111122223333:oidc-provider/sign-in.example.com`.
        arn: String,
    },
    /// Any other, such as `graph.facebook.com`, `accounts.google.com`, or a SAML provider by its ARN.
    Other(String),
}

/// A text that does not say who has signed in, or says it in more than one way.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not a list of sign-ins of one meaning")]
#[non_exhaustive]
pub struct InvalidSignIns;

impl SignIns {
    /// Reads what a REST API or AppSync tells; nothing for an empty text.
    ///
    /// # Errors
    ///
    /// When any part of it cannot be read.
    pub fn parse(text: &str) -> Result<Self, InvalidSignIns> {
        if text.len() > MAX_BYTES {
            return Err(InvalidSignIns);
        }
        if text.is_empty() {
            return Ok(Self::default());
        }
        let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        match quoted {
            Some(inside) => Self::of(inside.split(r#"",""#)),
            None => Self::of(text.split(',')),
        }
    }

    /// Reads what an HTTP API tells: `amr`, whose other words are passed over.
    ///
    /// # Errors
    ///
    /// When any part of it cannot be read.
    pub fn from_amr<'a>(amr: impl IntoIterator<Item = &'a str>) -> Result<Self, InvalidSignIns> {
        Self::of(amr.into_iter().filter(|word| !matches!(*word, "authenticated" | "unauthenticated")))
    }

    /// Each provider, in the order in which they were told.
    pub fn iter(&self) -> impl Iterator<Item = &SignIn> {
        self.each.iter()
    }

    /// The `sub` of the user of this user pool who has signed in, if it is this pool and nobody else that they have signed in with.
    ///
    /// Where several providers are told, the name that one of them gave could be made to look like a part of the list.
    /// No such caller is taken for a user of the pool.
    #[must_use]
    pub fn user_of(&self, user_pool_id: &str) -> Option<&str> {
        match self.each.as_slice() {
            [SignIn { provider: SignInProvider::UserPool { id }, subject }] if id == user_pool_id => {
                subject.as_deref()
            }
            _ => None,
        }
    }

    fn of<'a>(parts: impl Iterator<Item = &'a str>) -> Result<Self, InvalidSignIns> {
        let mut each: Vec<SignIn> = Vec::new();
        for part in parts {
            let next = SignIn::read(part).ok_or(InvalidSignIns)?;
            let Some(known) = each.iter_mut().find(|known| known.provider == next.provider) else {
                if each.len() == MAX_SIGN_INS {
                    return Err(InvalidSignIns);
                }
                each.push(next);
                continue;
            };
            match (&known.subject, &next.subject) {
                (_, None) => {}
                (None, Some(_)) => known.subject = next.subject,
                (Some(known), Some(next)) if known == next => {}
                (Some(_), Some(_)) => return Err(InvalidSignIns),
            }
        }
        Ok(Self { each })
    }
}

impl SignIn {
    /// The provider.
    #[must_use]
    pub fn provider(&self) -> &SignInProvider {
        &self.provider
    }

    /// Who the caller is at this provider; nobody if AWS names the provider alone.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    fn read(part: &str) -> Option<Self> {
        let is_plain = part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b',');
        if part.is_empty() || !is_plain {
            return None;
        }
        let (provider, subject) = match part.starts_with("arn:") {
            true => Self::read_arn(part)?,
            false => Self::read_host(part)?,
        };
        if subject.is_some_and(str::is_empty) {
            return None;
        }
        Some(Self { provider, subject: subject.map(str::to_owned) })
    }

    /// `arn:PARTITION:iam::ACCOUNT:oidc-provider/HOST/PATH`, and `:OIDC:SUBJECT` behind it.
    fn read_arn(part: &str) -> Option<(SignInProvider, Option<&str>)> {
        let resource = part.match_indices(':').nth(4).and_then(|(colon, _)| part.get(colon + 1..))?;
        let (name, marker) = match resource.split_once('/')?.0 {
            "oidc-provider" => (SignInProvider::oidc as fn(&str) -> _, ":OIDC:"),
            _ => (SignInProvider::other as fn(&str) -> _, ":"),
        };
        let (resource, subject) = resource
            .split_once(marker)
            .map_or((resource, None), |(resource, subject)| (resource, Some(subject)));
        let before = part.len() - marker.len() * usize::from(subject.is_some()) - subject.map_or(0, str::len);
        let arn = part.get(..before)?;
        (!resource.ends_with('/')).then(|| (name(arn), subject))
    }

    fn read_host(part: &str) -> Option<(SignInProvider, Option<&str>)> {
        let (provider, rest) =
            part.split_once(':').map_or((part, None), |(provider, rest)| (provider, Some(rest)));
        if provider.starts_with("cognito-idp.") {
            let id = user_pool_id(provider)?.to_owned();
            let subject = match rest {
                Some(rest) => Some(rest.strip_prefix("CognitoSignIn:")?),
                None => None,
            };
            return Some((SignInProvider::UserPool { id }, subject));
        }
        if provider.is_empty() {
            return None;
        }
        // What stands between provider and subject is a word for the kind of sign-in.
        let subject = rest.map(|rest| match rest.split_once(':') {
            Some((kind, subject)) if kind.bytes().all(|byte| byte.is_ascii_alphabetic()) => subject,
            _ => rest,
        });
        Some((SignInProvider::other(provider), subject))
    }
}

impl SignInProvider {
    fn oidc(arn: &str) -> Self {
        Self::Oidc { arn: arn.to_owned() }
    }

    fn other(name: &str) -> Self {
        Self::Other(name.to_owned())
    }
}

/// The id in `cognito-idp.REGION.amazonaws.com/REGION_ID`. Region, domain and id have to fit together.
fn user_pool_id(provider: &str) -> Option<&str> {
    let (host, id) = provider.split_once('/')?;
    let region_and_domain = host.strip_prefix("cognito-idp.")?;
    let (region, domain) = region_and_domain.split_once('.')?;
    let is_of_china = region.starts_with("cn-");
    let is_region = !region.is_empty()
        && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let name = id.strip_prefix(region)?.strip_prefix('_')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_domain = domain == if is_of_china { "amazonaws.com.cn" } else { "amazonaws.com" };
    (is_region && is_name && is_domain).then_some(id)
}

/// Without the subject, which at some providers is the name of a person.
impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn").field("provider", &self.provider).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OURS: &str = "eu-west-1_x";
    const POOL: &str = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x";
    const OIDC: &str = "arn:aws:iam::111122223333:oidc-provider/id.example.com";

    fn told(parts: &[&str]) -> [Result<SignIns, InvalidSignIns>; 3] {
        let quoted: Vec<String> = parts.iter().map(|part| format!("\"{part}\"")).collect();
        [
            SignIns::parse(&parts.join(",")),
            SignIns::parse(&quoted.join(",")),
            SignIns::from_amr(["authenticated"].into_iter().chain(parts.iter().copied())),
        ]
    }

    #[test]
    fn a_user_of_our_pool_is_known_in_every_form() {
        let user = |sub: &str| format!("{POOL}:CognitoSignIn:{sub}");
        let other = "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_y";
        let china = "cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_x";
        let (u1, of_other) = (user("u1"), format!("{other}:CognitoSignIn:u1"));
        let table: [(&[&str], Option<&str>); 13] = [
            (&[POOL, &u1], Some("u1")),
            (&[&u1], Some("u1")),
            (&[&u1, POOL], Some("u1")),
            (&[POOL, &u1, &u1], Some("u1")),
            (&[POOL], None),
            (&[], None),
            (&[other, &of_other], None),
            (&[china, &format!("{china}:CognitoSignIn:u1")], None),
            // Several at once: the subject of one could have been made up to look like another part.
            (&[POOL, &u1, other, &of_other], None),
            (&["graph.facebook.com", POOL, &u1], None),
            (&[OIDC, &format!("{OIDC}:OIDC:x"), POOL, &u1], None),
            (&[&format!("{OIDC}:OIDC:x"), &u1], None),
            (&["graph.facebook.com"], None),
        ];
        for (parts, expected) in table {
            for sign_ins in told(parts) {
                assert_eq!(sign_ins.as_ref().map(|it| it.user_of(OURS)), Ok(expected), "{parts:?}");
            }
        }
        let in_china = SignIns::parse(&format!("{china}:CognitoSignIn:u1")).unwrap();
        assert_eq!(in_china.user_of("cn-north-1_x"), Some("u1"));
    }

    #[test]
    fn every_kind_of_provider_is_told_from_its_subject() {
        let pool = SignInProvider::UserPool { id: OURS.to_owned() };
        let other = |name: &str| SignInProvider::Other(name.to_owned());
        let with_path = "arn:aws-cn:iam::111122223333:oidc-provider/id.example.com:8443/realms/a";
        let saml = "arn:aws:iam::111122223333:saml-provider/corp";
        for (part, provider, subject) in [
            (POOL.to_owned(), pool.clone(), None),
            (format!("{POOL}:CognitoSignIn:a:b"), pool, Some("a:b")),
            (OIDC.to_owned(), SignInProvider::oidc(OIDC), None),
            (format!("{OIDC}:OIDC:auth0|1:2:OIDC:3"), SignInProvider::oidc(OIDC), Some("auth0|1:2:OIDC:3")),
            (format!("{with_path}:OIDC:u"), SignInProvider::oidc(with_path), Some("u")),
            (saml.to_owned(), other(saml), None),
            (format!("{saml}:u"), other(saml), Some("u")),
            ("graph.facebook.com".to_owned(), other("graph.facebook.com"), None),
            ("accounts.google.com:OIDC:7".to_owned(), other("accounts.google.com"), Some("7")),
            ("login.example:eu-west-1:i".to_owned(), other("login.example"), Some("eu-west-1:i")),
            ("www.amazon.com:u".to_owned(), other("www.amazon.com"), Some("u")),
        ] {
            for sign_ins in told(&[&part]) {
                let sign_ins = sign_ins.unwrap();
                let each: Vec<_> = sign_ins.iter().map(|it| (it.provider(), it.subject())).collect();
                assert_eq!(each, [(&provider, subject)], "{part}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        let user = format!("{POOL}:CognitoSignIn:u1");
        for text in [
            ",".to_owned(),
            format!("{user},"),
            format!(",{user}"),
            format!("{user}, {POOL}"),
            format!("\"{user}"),
            format!("{user}\""),
            format!("\"{POOL}\",{user}"),
            format!("\"{user}\", \"{POOL}\""),
            "\"".to_owned(),
            "\"\"".to_owned(),
            format!("{user},{POOL}:CognitoSignIn:u2"),
            format!("{POOL}:CognitoSignIn:"),
            format!("{POOL}:cognitosignin:u1"),
            format!("{POOL}:u1"),
            format!("{POOL}:"),
            "cognito-idp.eu-west-1.amazonaws.com.evil.example/eu-west-1_x:CognitoSignIn:u1".to_owned(),
            "cognito-idp.eu-west-1.amazonaws.com.cn/eu-west-1_x:CognitoSignIn:u1".to_owned(),
            "cognito-idp.cn-north-1.amazonaws.com/cn-north-1_x:CognitoSignIn:u1".to_owned(),
            "cognito-idp.us-east-1.amazonaws.com/eu-west-1_x:CognitoSignIn:u1".to_owned(),
            "cognito-idp.EU-WEST-1.amazonaws.com/EU-WEST-1_x:CognitoSignIn:u1".to_owned(),
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_:CognitoSignIn:u1".to_owned(),
            "cognito-idp.eu-west-1.amazonaws.com/eu-west-1_x/y:CognitoSignIn:u1".to_owned(),
            "cognito-idp.eu-west-1.amazonaws.com:CognitoSignIn:u1".to_owned(),
            ":CognitoSignIn:u1".to_owned(),
            "arn:aws:iam::111122223333".to_owned(),
            "arn:aws:iam::111122223333:oidc-provider".to_owned(),
            "arn:aws:iam::111122223333:oidc-provider/:OIDC:u".to_owned(),
            format!("{OIDC}:OIDC:"),
            format!("{POOL}:CognitoSignIn:ü"),
            format!("{POOL}:CognitoSignIn:u 1"),
            (0..=MAX_SIGN_INS).map(|n| format!("p{n}.example")).collect::<Vec<_>>().join(","),
            format!("{POOL}:CognitoSignIn:{}", "u".repeat(MAX_BYTES)),
        ] {
            assert_eq!(SignIns::parse(&text), Err(InvalidSignIns), "{text}");
        }
        assert_eq!(SignIns::parse(""), Ok(SignIns::default()));
        assert_eq!(SignIns::from_amr(["unauthenticated"]), Ok(SignIns::default()));
    }

    #[test]
    fn a_log_line_shows_no_subject() {
        let shown = format!("{:?}", SignIns::parse("graph.facebook.com:Login:ann").unwrap());
        assert!(shown.contains("graph.facebook.com") && !shown.contains("ann"), "{shown}");
    }

    proptest! {
        #[test]
        fn whatever_a_foreign_provider_calls_its_user_nobody_becomes_one_of_ours(subject in r#"[ -~]{0,40}"#) {
            let forged = format!("{subject},{POOL},{POOL}:CognitoSignIn:u1");
            for text in [
                format!("{OIDC},{OIDC}:OIDC:{forged}"),
                format!("\"{OIDC}\",\"{OIDC}:OIDC:{forged}\""),
                format!("graph.facebook.com:{forged}"),
            ] {
                let sign_ins = SignIns::parse(&text).unwrap_or_default();
                prop_assert_eq!(sign_ins.user_of(OURS), None);
            }
        }

        #[test]
        fn a_user_of_our_pool_is_who_the_text_says(sub in "[a-z0-9-]{1,40}", text in r#"["a-z,:/._-]{0,60}"#) {
            let good = format!("{POOL},{POOL}:CognitoSignIn:{sub}");
            let sign_ins = SignIns::parse(&good).unwrap();
            prop_assert_eq!(sign_ins.user_of(OURS), Some(sub.as_str()));
            // Whatever stands before or behind, the user is none or the one who is named there.
            for changed in [format!("{text}{good}"), format!("{good}{text}"), format!("{text},{good}")] {
                if let Ok(sign_ins) = SignIns::parse(&changed)
                    && let Some(user) = sign_ins.user_of(OURS)
                {
                    let named = format!("{}:CognitoSignIn:{}", POOL, user);
                    prop_assert!(changed.contains(&named), "{}", changed);
                }
            }
        }
    }
}
