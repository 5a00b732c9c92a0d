//! The gate of authorization modes, which stands in front of the rules.
//!
//! AppSync marks each field with the modes of the rules that speak of it, and refuses every other caller before a rule
//! is looked at. A field that no rule speaks of is open to the default mode alone.

use portcullis_rules::{Identity, Provider};

use super::{
    answer::{Answer, Layer},
    refusal::Refusal,
    request::Request,
    settings::Settings,
};

/// Lets the request through. `providers` are those of the rules that speak of the field.
pub(crate) fn pass(request: &Request<'_>, providers: Vec<Provider>) -> Result<(), Refusal> {
    let settings = &request.api.settings;
    let mode = request.caller.provider();
    if !settings.modes.contains(&mode) {
        Err(Answer::unknown_mode().into())
    } else if is_open(settings, request.caller, &providers) {
        Ok(())
    } else {
        Err(Answer::deny(request.parent, request.field, Layer::Directive).into())
    }
}

fn is_open(settings: &Settings, caller: &Identity, providers: &[Provider]) -> bool {
    let mode = caller.provider();
    let administered = !settings.admin_roles.is_empty() || settings.iam_access;
    providers.contains(&mode)
        || providers.is_empty() && mode == settings.default_mode
        || administered && mode == Provider::IdentityPool
}
