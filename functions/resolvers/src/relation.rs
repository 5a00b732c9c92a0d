//! Related records: `Blog.posts`.

use portcullis_data::{
    Found, Linked, LinkedQuery, Page, SOURCE,
    rules::Item,
    schema::{Connection, ModelType, SortArgument, Through},
};
use serde_json::{Value, json};

use crate::{
    Call, FieldError, Resolvers,
    query::{filter, is_of_mutation, page_request, page_value},
    sort_condition::SortArgumentValue,
};

/// The answers for these records, in their order.
pub(crate) async fn answer(
    resolvers: &Resolvers,
    call: Call<'_>,
    many: bool,
    sort: Option<&SortArgument>,
    sources: &[Item],
) -> Vec<Result<Value, FieldError>> {
    let refused = |error: FieldError| sources.iter().map(|_| Err(error.clone())).collect();
    let Some((model, connection)) = found(resolvers, call) else {
        return refused(call.refused());
    };
    let (query, page) = match (read(call, sort), page_request(call)) {
        (Ok(Some(query)), Ok(page)) => (query, page),
        (Ok(None), Ok(_)) => return sources.iter().map(|_| Ok(page_value(Page::default()))).collect(),
        (Err(error), _) | (_, Err(error)) => return refused(error),
    };
    let linked = resolvers.records.linked(
        call.identity,
        &resolvers.schema,
        (model, call.field),
        sources,
        &query,
        &page,
    );
    let linked = match linked.await {
        Ok(linked) => linked,
        Err(error) => return refused(call.failed(error)),
    };
    let redacts = resolvers.redacts(call, model, connection);
    let answers = sources.iter().zip(linked).map(|(source, linked)| {
        let of_mutation = is_of_mutation(source);
        let nothing = if many { page_value(Page::default()) } else { Value::Null };
        match linked.map_err(|error| call.failed(error))? {
            _ if of_mutation && redacts => Ok(nothing),
            Linked::One(Found::Record(shown)) => Ok(told(shown.into_item(), of_mutation)),
            Linked::One(Found::Absent) => Ok(Value::Null),
            Linked::One(Found::Hidden) => Err(call.refused()),
            Linked::Many(page) => {
                let items: Vec<Value> = page.items.into_iter().map(|item| told(item, of_mutation)).collect();
                Ok(json!({ "items": items, "nextToken": page.next_token }))
            }
        }
    });
    answers.collect()
}

fn found<'a>(resolvers: &'a Resolvers, call: Call<'_>) -> Option<(&'a ModelType, &'a Connection)> {
    let model = resolvers.schema.model(call.of)?;
    Some((model, model.connection(call.field)?))
}

/// What the arguments ask for; `None` if no record can meet it.
fn read(call: Call<'_>, sort: Option<&SortArgument>) -> Result<Option<LinkedQuery>, FieldError> {
    let sort = sort.and_then(|sort| Some((sort, call.argument(&sort.name)?)));
    let SortArgumentValue::Condition(sort) = SortArgumentValue::read(sort)? else {
        return Ok(None);
    };
    let descending = call.argument("sortDirection").is_some_and(|word| word == "DESC");
    Ok(Some(LinkedQuery { filter: filter(call.arguments, "filter")?, sort, descending }))
}

/// A related record, which is part of what a mutation answers if the record that it belongs to is.
fn told(mut item: Item, of_mutation: bool) -> Value {
    if of_mutation && let Some(source) = item.get_mut(SOURCE).and_then(Value::as_object_mut) {
        source.insert("operation".to_owned(), "Mutation".into());
    }
    item.into()
}

impl Resolvers {
    /// Whether subscribers get what a mutation answers and not all of them may see the related records.
    fn redacts(&self, call: Call<'_>, model: &ModelType, connection: &Connection) -> bool {
        let related = match &connection.through {
            Through::Join { model, .. } => model,
            Through::Key | Through::Index(_) => &connection.model,
        };
        let Some(related) = self.schema.model(related) else {
            return true;
        };
        let rules = model.rules();
        let may_be_null = !connection.required || connection.many;
        let is_kept = || rules.is_kept_from_some(call.field) && !self.is_administrator(call.identity, rules);
        let differs = || may_be_null && !self.listeners_inherit && rules.redacts(call.field, related.rules());
        model.has_subscriptions() && (is_kept() || differs())
    }
}
