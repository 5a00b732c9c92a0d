//! Reading: `getNote`, `listNotes`, and the queries of indexes.

use portcullis_data::{
    DataError, Filter, Found, IndexQuery, ListQuery, Page, PageRequest, SOURCE, Shown,
    rules::{Item, Operation},
    schema::{KeyArguments, ModelType},
};
use serde_json::{Value, json};

use crate::{Call, FieldError, Resolvers, sort_condition::SortArgumentValue};

/// Records on a page at most, however many are asked for.
const MAX_LIMIT: u64 = 1000;

/// One record by its key.
pub(crate) async fn get(
    resolvers: &Resolvers,
    call: Call<'_>,
    model: &ModelType,
) -> Result<Value, FieldError> {
    let found = resolvers.records.look_up(call.identity, Operation::Get, model, call.arguments).await;
    match found.map_err(|error| call.failed(error))? {
        Found::Record(shown) => Ok(shown.into_item().into()),
        Found::Absent => Ok(Value::Null),
        Found::Hidden => Err(call.refused()),
    }
}

/// A page of the records of a model, or of those with a value in their key.
pub(crate) async fn list(
    resolvers: &Resolvers,
    call: Call<'_>,
    model: &ModelType,
    key: Option<&KeyArguments>,
) -> Result<Value, FieldError> {
    let asked = Asked::read(call, key, true)?;
    let partition = key.and_then(|key| call.argument(&key.partition));
    let page = match partition {
        None => {
            let query = match asked.filter {
                Some(filter) => ListQuery::default().filter(filter),
                None => ListQuery::default(),
            };
            resolvers.records.list_by(call.identity, model, &query, &asked.page).await
        }
        Some(_) if model.key().sort_fields.is_empty() => {
            let found = resolvers.records.look_up(call.identity, Operation::List, model, call.arguments);
            return match found.await.map_err(|error| call.failed(error))? {
                Found::Record(shown) => {
                    let meets = asked.filter.as_ref().is_none_or(|filter| filter.matches(shown.item()));
                    let items = meets.then(|| Shown::into_item(shown)).into_iter().collect();
                    Ok(page_value(Page { items, next_token: None }))
                }
                Found::Hidden | Found::Absent => Ok(page_value(Page::default())),
            };
        }
        Some(value) => asked.query(resolvers, call, model, None, value).await,
    };
    page.map(page_value).map_err(|error| call.failed(error))
}

/// A page of the records that an index finds.
pub(crate) async fn index(
    resolvers: &Resolvers,
    call: Call<'_>,
    model: &ModelType,
    index: &str,
    key: &KeyArguments,
) -> Result<Value, FieldError> {
    let asked = Asked::read(call, Some(key), false)?;
    let value = call.argument(&key.partition).cloned().unwrap_or_default();
    let page = asked.query(resolvers, call, model, Some(index), &value).await;
    page.map(page_value).map_err(|error| call.failed(error))
}

/// What the arguments of a page ask for.
struct Asked {
    page: PageRequest,
    filter: Option<Filter>,
    sort: SortArgumentValue,
    descending: bool,
}

impl Asked {
    fn read(call: Call<'_>, key: Option<&KeyArguments>, is_list: bool) -> Result<Self, FieldError> {
        let partition = key.is_some_and(|key| call.argument(&key.partition).is_some());
        let direction = call.argument("sortDirection");
        let sort_argument = key.and_then(|key| key.sort.as_ref());
        let sort = sort_argument.and_then(|sort| Some((sort, call.argument(&sort.name)?)));
        let named = key.map(|key| key.partition.as_str()).unwrap_or_default();
        let message = match sort_argument {
            None if direction.is_some() => {
                "sortDirection is not supported for List operations without a Sort key defined.".to_owned()
            }
            Some(_) if direction.is_some() && !partition && is_list => {
                format!("When providing argument 'sortDirection' you must also provide argument '{named}'.")
            }
            Some(argument) if sort.is_some() && !partition => match argument.fields.len() {
                1 => format!(
                    "When providing argument '{}' you must also provide arguments {named}",
                    argument.name
                ),
                _ => format!("When providing argument '{}' you must also provide '{named}'.", argument.name),
            },
            _ => String::new(),
        };
        if !message.is_empty() {
            return Err(FieldError::arguments(message));
        }
        Ok(Self {
            page: page_request(call)?,
            filter: filter(call.arguments, "filter")?,
            sort: SortArgumentValue::read(sort)?,
            descending: direction.is_some_and(|word| word == "DESC"),
        })
    }

    async fn query(
        self,
        resolvers: &Resolvers,
        call: Call<'_>,
        model: &ModelType,
        index: Option<&str>,
        value: &Value,
    ) -> Result<Page, DataError> {
        let mut query = IndexQuery::new(index, value.clone());
        if self.descending {
            query = query.descending();
        }
        if let Some(filter) = self.filter {
            query = query.filter(filter);
        }
        match self.sort {
            SortArgumentValue::Condition(condition) => query = query.sort(condition),
            SortArgumentValue::Nothing => {
                // The rules are asked all the same.
                resolvers.records.query(call.identity, model, &query, &self.page).await?;
                return Ok(Page::default());
            }
        }
        resolvers.records.query(call.identity, model, &query, &self.page).await
    }
}

/// Which page the arguments ask for.
pub(crate) fn page_request(call: Call<'_>) -> Result<PageRequest, FieldError> {
    let limit = match call.argument("limit") {
        None => None,
        Some(limit) => {
            let limit = limit.as_u64().filter(|limit| *limit > 0);
            let limit =
                limit.ok_or_else(|| FieldError::new("ValidationError", "limit must be at least 1"))?;
            u32::try_from(limit.min(MAX_LIMIT)).ok()
        }
    };
    let next_token = call.argument("nextToken").and_then(Value::as_str).map(str::to_owned);
    Ok(PageRequest { limit, next_token })
}

/// The filter or condition among the arguments.
pub(crate) fn filter(arguments: &Item, name: &str) -> Result<Option<Filter>, FieldError> {
    match arguments.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(filter) => {
            let filter = Filter::parse(filter);
            filter.map(Some).map_err(|error| FieldError::new("ValidationError", error.to_string()))
        }
    }
}

/// A page as GraphQL has it.
pub(crate) fn page_value(page: Page) -> Value {
    json!({ "items": page.items, "nextToken": page.next_token })
}

impl Call<'_> {
    /// What the data layer says about the field.
    pub(crate) fn failed(&self, error: DataError) -> FieldError {
        FieldError::of_data(self.of, self.field, error)
    }
}

/// Whether a record is part of what a mutation answers.
pub(crate) fn is_of_mutation(source: &Item) -> bool {
    let told = source.get(SOURCE).and_then(|told| told.get("operation"));
    told.or_else(|| source.get("__operation")).is_some_and(|operation| operation == "Mutation")
}
