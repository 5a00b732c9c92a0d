//! Reading one field of a parent object: `Note.secret`.

use serde_json::Value;

use super::{
    answer::{Answer, Layer},
    gate,
    refusal::Refusal,
    request::Request,
    view::Origin,
};

/// One field of a record that the caller holds already.
pub(crate) fn read(request: &Request<'_>) -> Result<Answer, Refusal> {
    let rules = request.model.rules();
    gate::pass(request, rules.providers())?;
    let record = request.records.first().cloned().unwrap_or_default();
    let withheld = request.api.authorizer.withheld(request.caller, rules, &record);
    if withheld.contains(&request.field) {
        return Ok(Answer::deny(request.parent, request.field, Layer::Vtl));
    }
    let origin = Origin::of(&record);
    let value = if rules.is_kept_from_some(request.field) && origin.has_listeners(request.model) {
        Value::Null
    } else {
        rules.present(record).remove(request.field).unwrap_or_default()
    };
    Ok(Answer::allow(value, Vec::new()))
}
