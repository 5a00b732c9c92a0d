use serde_json::Value;

/// A step of a custom sign-in, by the names that Cognito uses.
///
/// Source: "Define Auth challenge Lambda trigger", Amazon Cognito developer guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChallengeName {
    /// `CUSTOM_CHALLENGE`: what the create and verify triggers make of it.
    Custom,
    /// `SRP_A`: the user has named themself with the first message of SRP.
    SrpA,
    /// `PASSWORD_VERIFIER`: the password, by SRP.
    PasswordVerifier,
    /// `SMS_MFA`: a code by text message.
    SmsMfa,
    /// `EMAIL_OTP`: a code by e-mail.
    EmailOtp,
    /// `SOFTWARE_TOKEN_MFA`: a code of an authenticator app.
    SoftwareTokenMfa,
    /// `DEVICE_SRP_AUTH`: a remembered device has named itself.
    DeviceSrpAuth,
    /// `DEVICE_PASSWORD_VERIFIER`: a remembered device, by SRP.
    DevicePasswordVerifier,
    /// `ADMIN_NO_SRP_AUTH`: the password, from a server.
    AdminNoSrpAuth,
    /// `NEW_PASSWORD_REQUIRED`: a temporary password is to be replaced.
    NewPasswordRequired,
}

impl ChallengeName {
    const ALL: [(Self, &'static str); 10] = [
        (Self::Custom, "CUSTOM_CHALLENGE"),
        (Self::SrpA, "SRP_A"),
        (Self::PasswordVerifier, "PASSWORD_VERIFIER"),
        (Self::SmsMfa, "SMS_MFA"),
        (Self::EmailOtp, "EMAIL_OTP"),
        (Self::SoftwareTokenMfa, "SOFTWARE_TOKEN_MFA"),
        (Self::DeviceSrpAuth, "DEVICE_SRP_AUTH"),
        (Self::DevicePasswordVerifier, "DEVICE_PASSWORD_VERIFIER"),
        (Self::AdminNoSrpAuth, "ADMIN_NO_SRP_AUTH"),
        (Self::NewPasswordRequired, "NEW_PASSWORD_REQUIRED"),
    ];

    /// The name in events.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(name, _)| *name == self).map_or("", |(_, text)| text)
    }

    pub(crate) fn of(value: Option<&Value>) -> Option<Self> {
        let text = value?.as_str()?;
        Self::ALL.iter().find(|(_, name)| *name == text).map(|(name, _)| *name)
    }
}

/// A challenge of this sign-in that has been answered, as `request.session` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChallengeResult<'e> {
    /// Which it was; `None` if this version does not know it.
    pub name: Option<ChallengeName>,
    /// If the answer was right. What does not say so is no.
    pub passed: bool,
    /// What the create trigger wrote to it.
    pub metadata: Option<&'e str>,
}

/// The list in its order. An entry of an odd shape stays in it, as one that was not passed, so that rounds are counted right.
pub(crate) fn session(list: Option<&Value>) -> Vec<ChallengeResult<'_>> {
    let entries = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let result = |entry| {
        let field = |name| Value::get(entry, name);
        ChallengeResult {
            name: ChallengeName::of(field("challengeName")),
            passed: field("challengeResult") == Some(&Value::Bool(true)),
            metadata: field("challengeMetadata").and_then(Value::as_str),
        }
    };
    entries.iter().map(result).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for (name, text) in ChallengeName::ALL {
            assert_eq!(name.as_str(), text);
            assert_eq!(ChallengeName::of(Some(&json!(text))), Some(name));
        }
        for odd in [json!("custom_challenge"), json!(null), json!(7)] {
            assert_eq!(ChallengeName::of(Some(&odd)), None, "{odd}");
        }
    }

    #[test]
    fn a_round_of_an_odd_shape_counts_and_is_not_passed() {
        let list = json!([
            {"challengeName": "SRP_A", "challengeResult": true, "challengeMetadata": null},
            {"challengeName": "CUSTOM_CHALLENGE", "challengeResult": "true", "challengeMetadata": "CODE"},
            {"challengeName": "TOMORROW", "challengeResult": true},
            null,
        ]);
        let result = |name, passed, metadata| ChallengeResult { name, passed, metadata };
        let expected = [
            result(Some(ChallengeName::SrpA), true, None),
            result(Some(ChallengeName::Custom), false, Some("CODE")),
            result(None, true, None),
            result(None, false, None),
        ];
        assert_eq!(session(Some(&list)), expected);
        for odd in [json!(null), json!({}), json!("x")] {
            assert_eq!(session(Some(&odd)), []);
        }
    }
}
