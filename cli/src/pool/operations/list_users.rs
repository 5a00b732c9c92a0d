//! Listing and searching users.

use serde_json::{Map, Value, json};

use super::{admin_users::user_to_wire, page};
use crate::pool::{call::Call, error::ServiceError, filter::Filter, users::User};

pub(super) fn list_users(call: &Call<'_>) -> Result<Value, ServiceError> {
    call.check_pool()?;
    let limit = call.input.limit("Limit", page::MAX_PAGE)?;
    let start = page::start(call, "PaginationToken")?;
    let wanted = call.input.string_list("AttributesToGet")?;
    let filter = match call.input.optional_string("Filter")? {
        None | Some("") => None,
        Some(text) => Some(Filter::parse(text)?),
    };
    // One more than the page shows whether there is another page.
    let mut users = call.pool.store.read(|connection| {
        User::list(connection, &start, limit + 1, |user| {
            filter.as_ref().is_none_or(|filter| filter.accepts(user))
        })
    })?;
    let more = users.len() > limit;
    users.truncate(limit);
    let shown: Vec<Value> = users
        .iter()
        .map(|user| user_to_wire(user, "Attributes", selected(user, wanted.as_deref())))
        .collect();
    let mut answer = Map::from_iter([("Users".to_owned(), json!(shown))]);
    if more && let Some(last) = users.last() {
        answer.insert("PaginationToken".to_owned(), json!(page::token(&last.sub)));
    }
    Ok(Value::Object(answer))
}

fn selected(user: &User, wanted: Option<&[String]>) -> Value {
    let mut attributes = user.attribute_list();
    if let (Some(wanted), Value::Array(list)) = (wanted, &mut attributes) {
        list.retain(|pair| wanted.iter().any(|name| pair.get("Name").and_then(Value::as_str) == Some(name)));
    }
    attributes
}
