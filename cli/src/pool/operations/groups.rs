//! Groups and their members.

use serde_json::{Map, Value, json};

use super::page;
use crate::pool::{
    call::Call,
    error::{Exception, ServiceError},
    groups::Group,
    input::{check_username, constraint},
    users::User,
};

type Result<T> = std::result::Result<T, ServiceError>;

/// The longest description and role ARN, in characters.
const MAX_TEXT: usize = 2048;

pub(super) fn create_group(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let text = |name: &str| -> Result<Option<String>> {
        match call.input.optional_string(name)? {
            Some(text) if text.chars().count() > MAX_TEXT => {
                Err(constraint(name, &format!("Member must have length less than or equal to {MAX_TEXT}")))
            }
            text => Ok(text.map(str::to_owned)),
        }
    };
    let precedence = call.input.integer("Precedence")?;
    if precedence.is_some_and(i64::is_negative) {
        return Err(constraint("Precedence", "Member must have value greater than or equal to 0"));
    }
    let group = Group {
        description: text("Description")?,
        role_arn: text("RoleArn")?,
        precedence,
        ..Group::named(group_name(call)?, call.now)
    };
    if !call.pool.store.write(|tx| group.insert(tx))? {
        return Err(ServiceError::new(Exception::GroupExists, "A group with the name already exists."));
    }
    Ok(json!({ "Group": group.to_wire(&call.pool.settings.pool_id) }))
}

pub(super) fn list_groups(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let limit = call.input.limit("Limit", page::MAX_PAGE)?;
    let start = page::start(call, "NextToken")?;
    let groups = call.pool.store.read(|connection| Group::list(connection, &start, limit + 1))?;
    Ok(group_page(call, &groups, limit))
}

pub(super) fn admin_list_groups_for_user(call: &Call<'_>) -> Result<Value> {
    call.check_pool()?;
    let limit = call.input.limit("Limit", page::MAX_PAGE)?;
    let start = page::start(call, "NextToken")?;
    let mut groups = call.pool.store.read(|connection| {
        let user = call.named_user(connection)?;
        Ok::<_, ServiceError>(Group::of_user(connection, &user.sub)?)
    })?;
    if let Some(last) = groups.iter().position(|group| group.name == start) {
        groups.drain(..=last);
    }
    Ok(group_page(call, &groups, limit))
}

fn group_page(call: &Call<'_>, groups: &[Group], limit: usize) -> Value {
    let shown = groups.get(..limit).unwrap_or(groups);
    let wire: Vec<Value> = shown.iter().map(|group| group.to_wire(&call.pool.settings.pool_id)).collect();
    let mut answer = Map::from_iter([("Groups".to_owned(), json!(wire))]);
    if shown.len() < groups.len()
        && let Some(last) = shown.last()
    {
        answer.insert("NextToken".to_owned(), json!(page::token(&last.name)));
    }
    Value::Object(answer)
}

pub(super) fn admin_add_user_to_group(call: &Call<'_>) -> Result<Value> {
    with_member(call, |connection, group, user| Group::add(connection, group, &user.sub))
}

pub(super) fn admin_remove_user_from_group(call: &Call<'_>) -> Result<Value> {
    with_member(call, |connection, group, user| Group::remove(connection, group, &user.sub))
}

fn with_member(
    call: &Call<'_>,
    change: impl FnOnce(&rusqlite::Connection, &str, &User) -> rusqlite::Result<()>,
) -> Result<Value> {
    call.check_pool()?;
    let group = group_name(call)?;
    call.pool.store.write(|tx| {
        let user = call.named_user(tx)?;
        if !Group::exists(tx, group)? {
            return Err(ServiceError::new(Exception::ResourceNotFound, "Group not found."));
        }
        Ok(change(tx, group, &user)?)
    })?;
    Ok(json!({}))
}

fn group_name<'a>(call: &'a Call<'_>) -> Result<&'a str> {
    check_username("groupName", call.input.string("GroupName")?)
}
