//! Signing in by custom challenges: three trigger functions say what is asked, how it is asked, and whether the answer is
//! right.
//!
//! 1. Each answer opens a session of its own, which is used once and lasts as long as other challenges.
//! 2. What the function keeps to judge an answer by (`privateChallengeParameters`) stays here and is shown to the verifying
//!    function alone.
//! 3. For nobody the same functions run and are told so (`userNotFound`); whatever they say, nobody gets tokens.
//! 4. A sign-in takes a bounded number of answers.
//! 5. The flow may begin with the password (SRP). Its failures are counted and answered as everywhere else.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{
    new_password::ask_for_new_password,
    sign_in::{Claimed, Parameters, admit, parameter},
    srp_sign_in::ask_for_password,
};
use crate::pool::{
    authentication::attributes_of,
    call::Call,
    challenges::Challenge,
    custom_flow::CustomFlow,
    error::ServiceError,
    input::check_username,
    triggers::{Invocation, Trigger, flag, unrecognizable},
    users::{Status, User},
};

type Result<T> = std::result::Result<T, ServiceError>;

pub(super) fn begin(call: &Call<'_>, parameters: &Parameters) -> Result<Value> {
    if call.pool.triggers_for(Trigger::DefineAuthChallenge).is_none() {
        return Err(ServiceError::invalid("CUSTOM_AUTH flow not enabled for this client"));
    }
    let name = check_username("username", parameter(parameters, "USERNAME")?)?;
    let srp_a = match parameters.get("CHALLENGE_NAME").map(String::as_str) {
        None => None,
        Some(CustomFlow::SRP_A) => Some(parameter(parameters, "SRP_A")?),
        Some(_) => return Err(ServiceError::invalid("CHALLENGE_NAME can only be SRP_A")),
    };
    let Claimed { user, user_id, subject, .. } = Claimed::load(call, name)?;
    let sub = user.as_ref().map(|user| user.sub.clone());
    let mut flow = CustomFlow { sub, user_id, subject, rounds: Vec::new(), proven: None };
    if srp_a.is_some() {
        flow.add(CustomFlow::SRP_A, true, None);
    }
    advance(call, flow, user.as_ref(), srp_a, false)
}

pub(super) fn respond(call: &Call<'_>, responses: &Parameters) -> Result<Value> {
    let invalid = || ServiceError::not_authorized("Invalid session for the user, session is expired.");
    let name = check_username("username", parameter(responses, "USERNAME")?)?;
    let answer = parameter(responses, "ANSWER")?;
    let session = STANDARD.decode(call.input.string("Session")?).map_err(|_| invalid())?;
    // Once taken it is gone, so a guess cannot be made twice in one session.
    let Some(Challenge::Custom { mut flow, private, metadata }) =
        call.pool.challenges.take(&session, call.now)
    else {
        return Err(invalid());
    };
    let (user, named) = call.pool.store.read(|connection| {
        let user = match &flow.sub {
            Some(sub) => User::find(connection, sub)?,
            None => None,
        };
        Ok::<_, ServiceError>((user, User::find(connection, name)?))
    })?;
    if name != flow.user_id && call.subject(named.as_ref(), name) != flow.subject {
        return Err(invalid());
    }
    if let Some(user) = &user {
        call.acts_for(&user.sub);
    }
    if let Some(proven) = &flow.proven
        && user.as_ref().is_none_or(|user| user.verifier != *proven)
    {
        return Err(ServiceError::wrong_password());
    }
    let mut request = request(call, user.as_ref(), true)?;
    request.insert("privateChallengeParameters".to_owned(), Value::Object(private));
    request.insert("challengeAnswer".to_owned(), json!(answer));
    let response = invoke(
        call,
        Trigger::VerifyAuthChallengeResponse,
        "VerifyAuthChallengeResponse_Authentication",
        &flow,
        request,
        json!({ "answerCorrect": null }),
    )?;
    flow.add(CustomFlow::CUSTOM_CHALLENGE, flag(&response, "answerCorrect")?, metadata);
    advance(call, flow, user.as_ref(), None, true)
}

/// Asks the defining function what comes next, and does that.
pub(super) fn advance(
    call: &Call<'_>,
    flow: CustomFlow,
    user: Option<&User>,
    srp_a: Option<&str>,
    with_metadata: bool,
) -> Result<Value> {
    let mut request = request(call, user, with_metadata)?;
    request.insert("session".to_owned(), flow.session());
    let response = invoke(
        call,
        Trigger::DefineAuthChallenge,
        "DefineAuthChallenge_Authentication",
        &flow,
        request,
        json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null }),
    )?;
    // A function that says both yes and no has said no.
    if flag(&response, "failAuthentication")? {
        return Err(ServiceError::wrong_password());
    }
    if flag(&response, "issueTokens")? {
        return finish(call, &flow, user, with_metadata);
    }
    match (response.get("challengeName").and_then(Value::as_str), srp_a) {
        (Some(CustomFlow::CUSTOM_CHALLENGE), _) => ask(call, flow, user, with_metadata),
        // The client's public number came with this request, or there is none.
        (Some(CustomFlow::PASSWORD_VERIFIER), Some(srp_a)) => {
            let claimed = Claimed::of(call, user.cloned(), flow.user_id.clone(), flow.subject.clone());
            ask_for_password(call, claimed, srp_a, Some(flow))
        }
        _ => Err(unrecognizable()),
    }
}

/// Asks the creating function for a question, and the client the question.
fn ask(call: &Call<'_>, flow: CustomFlow, user: Option<&User>, with_metadata: bool) -> Result<Value> {
    if flow.rounds.len() >= CustomFlow::MAX_ROUNDS {
        return Err(ServiceError::wrong_password());
    }
    let mut request = request(call, user, with_metadata)?;
    request.insert("challengeName".to_owned(), json!(CustomFlow::CUSTOM_CHALLENGE));
    request.insert("session".to_owned(), flow.session());
    let response = invoke(
        call,
        Trigger::CreateAuthChallenge,
        "CreateAuthChallenge_Authentication",
        &flow,
        request,
        json!({
            "publicChallengeParameters": null,
            "privateChallengeParameters": null,
            "challengeMetadata": null,
        }),
    )?;
    let mut public = strings(&response, "publicChallengeParameters")?;
    let private = strings(&response, "privateChallengeParameters")?;
    let metadata = match response.get("challengeMetadata") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(_) => return Err(unrecognizable()),
    };
    public.insert("USERNAME".to_owned(), json!(flow.user_id));
    let session = call.pool.random.bytes::<64>()?;
    call.pool.challenges.put(session.to_vec(), Challenge::Custom { flow, private, metadata }, call.now);
    Ok(json!({
        "ChallengeName": CustomFlow::CUSTOM_CHALLENGE,
        "ChallengeParameters": public,
        "Session": STANDARD.encode(session),
    }))
}

// Only whom the functions let through learns in what state they are.
fn finish(call: &Call<'_>, flow: &CustomFlow, user: Option<&User>, with_metadata: bool) -> Result<Value> {
    let user = user.ok_or_else(ServiceError::wrong_password)?;
    // Who came with a temporary password must still choose another one. Who never needed it need not.
    if user.enabled && user.status == Status::ForceChangePassword && flow.proven.is_some() {
        return ask_for_new_password(call, user);
    }
    admit(call, user, with_metadata)
}

fn request(call: &Call<'_>, user: Option<&User>, with_metadata: bool) -> Result<Map<String, Value>> {
    let mut request = json!({ "userAttributes": attributes_of(user), "userNotFound": user.is_none() });
    if with_metadata {
        call.put_client_metadata(&mut request)?;
    }
    match request {
        Value::Object(request) => Ok(request),
        _ => Ok(Map::new()),
    }
}

fn invoke(
    call: &Call<'_>,
    trigger: Trigger,
    source: &'static str,
    flow: &CustomFlow,
    request: Map<String, Value>,
    response: Value,
) -> Result<Map<String, Value>> {
    let request = Value::Object(request);
    call.invoke(Invocation { trigger, source, username: &flow.user_id, request, response })?.ok_or_else(
        || ServiceError::invalid("Custom auth lambda trigger is not configured for the user pool."),
    )
}

/// A map from strings to strings; null and missing are empty.
fn strings(response: &Map<String, Value>, name: &str) -> Result<Map<String, Value>> {
    match response.get(name) {
        None | Some(Value::Null) => Ok(Map::new()),
        Some(Value::Object(map)) if map.values().all(Value::is_string) => Ok(map.clone()),
        Some(_) => Err(unrecognizable()),
    }
}
