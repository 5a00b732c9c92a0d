//! Reading one field of a parent object: `Note.secret`.

use portcullis_schema::SelectedField;
use serde_json::Value;

use super::{
    answer::{Answer, Layer},
    gate,
    refusal::Refusal,
    request::Request,
    view::{Origin, View},
};

/// One field of a record that the caller holds already.
pub(crate) fn read(request: &Request<'_>) -> Result<Answer, Refusal> {
    let (model, rules) = (request.model, request.model.rules());
    gate::pass(request, gate::marks_of_model(&request.api.settings, model))?;
    let record = request.records().first().cloned().unwrap_or_default();
    let withheld = request.api.authorizer.withheld(request.caller, rules, &record);
    if withheld.contains(&request.field) {
        return Ok(Answer::deny(request.parent, request.field, Layer::Vtl));
    }
    let origin = Origin::of(&record);
    let mut view = View::new(request, origin);
    let selection = request.selection.as_ref();
    let value = if let Some(connection) = model.connection(request.field) {
        let arguments = request.args.clone();
        let wanted = SelectedField::new(request.field, arguments, selection.cloned());
        let value = view.related(model, connection, &record, &wanted, "");
        if view.is_refused("") {
            return Ok(Answer::deny(request.parent, request.field, Layer::Vtl));
        }
        value
    } else if rules.is_kept_from_some(request.field)
        && origin.has_listeners(model)
        && !request.api.is_administrator(request.caller, rules)
    {
        Value::Null
    } else {
        let value = request.api.present(rules, record).remove(request.field).unwrap_or_default();
        match model.field(request.field) {
            Some(field) => view.value(field.kind(), value, selection, ""),
            None => value,
        }
    };
    Ok(view.answer(value))
}
