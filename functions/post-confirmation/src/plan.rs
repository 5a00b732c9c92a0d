use portcullis_directory::PoolUser;
use portcullis_events::{
    Event, PostAuthentication, PostConfirmation, PostConfirmationSource, PublicError, TriggerError,
};

/// What an event asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// A sign-up was confirmed: the user gets what each user has.
    Enroll(PoolUser),
    /// A user has signed in: they get it if they have not yet.
    EnrollIfNew(PoolUser),
}

/// What the event asks for: nothing, unless a sign-up was confirmed or a user has signed in.
///
/// # Errors
///
/// [`PublicError::MALFORMED_EVENT`] if the event does not say who it was, and where.
pub fn decide(event: &Event) -> Result<Option<Plan>, TriggerError> {
    if PostAuthentication::of(event).is_some() {
        return Ok(Some(Plan::EnrollIfNew(user(event)?)));
    }
    match PostConfirmation::of(event).map(|confirmation| confirmation.source()) {
        Some(PostConfirmationSource::ConfirmSignUp) => Ok(Some(Plan::Enroll(user(event)?))),
        _ => Ok(None),
    }
}

fn user(event: &Event) -> Result<PoolUser, TriggerError> {
    let sub = event.user_attributes().sub().ok_or_else(|| missing("request.userAttributes.sub"))?;
    let username = event.user_name().filter(|name| !name.is_empty()).ok_or_else(|| missing("userName"))?;
    let user_pool_id =
        event.user_pool_id().filter(|id| !id.is_empty()).ok_or_else(|| missing("userPoolId"))?;
    Ok(PoolUser { sub: sub.to_owned(), username: username.to_owned(), user_pool_id: user_pool_id.to_owned() })
}

fn missing(field: &str) -> TriggerError {
    PublicError::MALFORMED_EVENT.with_detail(format!("the event has no {field}"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn plan(event: Value) -> Result<Option<Plan>, TriggerError> {
        decide(&Event::new(event).unwrap())
    }

    fn event(source: &str) -> Value {
        json!({
            "triggerSource": source,
            "userPoolId": "p",
            "userName": "ann@example.com",
            "request": {"userAttributes": {"sub": "s-1"}},
        })
    }

    #[test]
    fn a_confirmed_sign_up_and_a_sign_in_are_told_apart_and_nothing_else_asks_for_anything() {
        let user =
            || PoolUser { sub: "s-1".into(), username: "ann@example.com".into(), user_pool_id: "p".into() };
        for (source, expected) in [
            ("PostConfirmation_ConfirmSignUp", Some(Plan::Enroll(user()))),
            ("PostAuthentication_Authentication", Some(Plan::EnrollIfNew(user()))),
            ("PostConfirmation_ConfirmForgotPassword", None),
            ("PostConfirmation_Tomorrow", None),
            ("PreAuthentication_Authentication", None),
            ("PreSignUp_SignUp", None),
        ] {
            let plan = plan(event(source)).unwrap();
            assert_eq!(plan, expected, "{source}");
            assert!(!format!("{plan:?}").contains("ann"));
        }
    }

    #[test]
    fn an_event_that_does_not_say_who_is_malformed() {
        for source in ["PostConfirmation_ConfirmSignUp", "PostAuthentication_Authentication"] {
            for (pointer, odd) in [
                ("/request", json!(null)),
                ("/request/userAttributes", json!({})),
                ("/request/userAttributes/sub", json!("")),
                ("/request/userAttributes/sub", json!(7)),
                ("/userName", json!(null)),
                ("/userName", json!("")),
                ("/userPoolId", json!([])),
            ] {
                let mut event = event(source);
                *event.pointer_mut(pointer).unwrap() = odd.clone();
                let error = plan(event).unwrap_err();
                assert_eq!(error.code(), "E_MALFORMED_EVENT", "{pointer} {odd}");
                assert!(!error.detail().unwrap().contains("ann"));
            }
        }
    }
}
