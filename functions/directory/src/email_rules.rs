use portcullis_events::{Attributes, PublicError, TriggerError};

use crate::{Domain, InvalidDomain};

/// The domain is denied, or is not on the allowed list. The client does not learn which.
pub const DOMAIN_NOT_ALLOWED: PublicError =
    PublicError::new("E_DOMAIN_NOT_ALLOWED", "this e-mail domain may not sign up");

/// An e-mail address is needed to decide, and there is none.
pub const EMAIL_REQUIRED: PublicError =
    PublicError::new("E_EMAIL_REQUIRED", "signing up needs an e-mail address");

/// There is a list, and the e-mail address has no domain that could be compared.
pub const EMAIL_MALFORMED: PublicError =
    PublicError::new("E_EMAIL_MALFORMED", "this e-mail address cannot be used");

/// The provider does not vouch for the e-mail address, and something rests on it.
pub const EMAIL_NOT_VERIFIED: PublicError =
    PublicError::new("E_EMAIL_NOT_VERIFIED", "the provider has not verified this e-mail address");

/// The e-mail domains whose users may come in.
///
/// | variable | meaning |
/// |---|---|
/// | `ALLOWED_EMAIL_DOMAINS` | domains, separated by commas; no other may |
/// | `DENIED_EMAIL_DOMAINS` | domains, separated by commas, that may not; a whole top-level domain can be one |
/// | `INSECURE_TRUST_PROVIDER_EMAIL` | `true`: an address that a provider does not call verified passes the allowed list |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailRules {
    /// If there are any, no other domain may come in.
    pub allowed: Vec<Domain>,
    /// These may not come in, allowed or not.
    pub denied: Vec<Domain>,
    /// An address that another provider does not call verified counts for the allowed list.
    pub insecure_trust_provider_email: bool,
}

impl EmailRules {
    /// Reads the variables through `lookup`, and tells `mistake` each mistake: the variable, and what is wrong in words
    /// that fit after its name.
    pub fn from_env(
        lookup: impl Fn(&str) -> Option<String>,
        mistake: &mut impl FnMut(&'static str, String),
    ) -> Self {
        let mut list = |variable, top_level| match lookup(variable) {
            Some(text) => Domain::list(&text, top_level, |problem| mistake(variable, problem)),
            None => Vec::new(),
        };
        let allowed = list("ALLOWED_EMAIL_DOMAINS", false);
        let denied = list("DENIED_EMAIL_DOMAINS", true);
        const TRUST: &str = "INSECURE_TRUST_PROVIDER_EMAIL";
        let insecure_trust_provider_email = match lookup(TRUST).as_deref() {
            None | Some("false") => false,
            Some("true") => {
                if lookup("ALLOWED_EMAIL_DOMAINS").is_none() {
                    mistake(TRUST, "does nothing without ALLOWED_EMAIL_DOMAINS".to_owned());
                }
                true
            }
            Some(_) => {
                mistake(TRUST, "is neither `true` nor `false`".to_owned());
                false
            }
        };
        Self { allowed, denied, insecure_trust_provider_email }
    }

    /// If there is no list, and nobody is judged.
    pub fn is_empty(&self) -> bool {
        self.allowed.is_empty() && self.denied.is_empty()
    }

    /// If the user may come in. `federated`: if another provider says what their address is.
    ///
    /// # Errors
    ///
    /// They may not: [`DOMAIN_NOT_ALLOWED`], [`EMAIL_REQUIRED`], [`EMAIL_MALFORMED`], [`EMAIL_NOT_VERIFIED`].
    pub fn judge(&self, attributes: Attributes<'_>, federated: bool) -> Result<(), TriggerError> {
        if self.is_empty() {
            return Ok(());
        }
        let address = attributes.email().ok_or(EMAIL_REQUIRED)?;
        let domain = Domain::of_address(address).ok_or(EMAIL_MALFORMED)?;
        if domain.is_covered_by(&self.denied) {
            return Err(DOMAIN_NOT_ALLOWED.with_detail("the domain is on the denied list"));
        }
        if !self.allowed.is_empty() && !domain.is_covered_by(&self.allowed) {
            return Err(DOMAIN_NOT_ALLOWED.with_detail("the domain is not on the allowed list"));
        }
        // Nobody sends a federated user a code: who may enter an address at the provider would be let in by it.
        let vouched = attributes.is_true("email_verified") || self.insecure_trust_provider_email;
        if federated && !self.allowed.is_empty() && !vouched {
            return Err(EMAIL_NOT_VERIFIED.into());
        }
        Ok(())
    }
}

impl Domain {
    /// Reads a list, separated by commas. `top_level`: if an entry may be a top-level domain, which covers everything
    /// below it. `mistake` is told what is wrong, in words that fit after a variable's name.
    pub fn list(text: &str, top_level: bool, mut mistake: impl FnMut(String)) -> Vec<Self> {
        if text.trim().is_empty() {
            mistake("is set and empty: leave it out if there is no list".to_owned());
            return Vec::new();
        }
        let mut found = Vec::new();
        for (index, entry) in text.split(',').enumerate() {
            let problem = match Self::parse(entry.trim()) {
                Ok(domain) if top_level || !domain.is_top_level() => {
                    found.push(domain);
                    continue;
                }
                Ok(_) => InvalidDomain::TopLevel,
                Err(problem) => problem,
            };
            mistake(format!("entry {} {problem}", index + 1));
        }
        found
    }
}
