//! Which fields a role may send.

use crate::{Model, Operation, matrix::Row};

impl Model {
    /// Names the fields that relations add to the inputs, such as `blogPostsId`. Whoever may send anything at all may send
    /// them: no rule can speak of a field that the schema does not declare. A declared field of the same name keeps
    /// its rules, and one that names the owner or a group of the record, so that it decides whose the record is, takes
    /// a grant on every field.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use portcullis_rules::{Authorizer, Field, Identity, InvalidModel, Item, Model, Operation, Rule};
    ///
    /// let text = Field::new("text").guarded(vec![Rule::public().operations(Operation::Create)]);
    /// let post = Model::new("Post", vec![Field::new("id"), text], vec![])?;
    /// let (post, open) = (Arc::new(post.clone()), Arc::new(post.with_foreign_keys(["blogPostsId"])));
    ///
    /// let input = Item::from_iter([("text".to_owned(), "a".into()), ("blogPostsId".to_owned(), "1".into())]);
    /// let create = |model| Authorizer::new().permit_create(&Identity::ApiKey, model, input.clone()).is_ok();
    /// assert!(!create(&post) && create(&open));
    /// # Ok::<(), InvalidModel>(())
    /// ```
    #[must_use]
    pub fn with_foreign_keys(mut self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let open = fields.into_iter().map(Into::into).filter(|field| !self.is_decided_by(field));
        let open: Vec<String> = open.collect();
        self.implied.foreign_keys.extend(open);
        self
    }

    /// Names a column that the server joins from several fields, such as `year#month` of a composite sort key. A role may
    /// write it that may write each of its parts.
    #[must_use]
    pub fn with_composite_column(
        mut self,
        column: impl Into<String>,
        parts: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let parts = parts.into_iter().map(Into::into).collect();
        self.implied.composites.push((column.into(), parts));
        self
    }

    /// Names the partition key, which stands in the changes of an update only to say which record is meant, so that no rule
    /// refuses it there. Sort keys are fields like others.
    #[must_use]
    pub fn with_partition_key(mut self, field: impl Into<String>) -> Self {
        self.implied.set_key(field.into());
        self
    }

    /// Whether this is the [partition key](Self::with_partition_key), which no update changes.
    #[must_use]
    pub fn is_partition_key(&self, field: &str) -> bool {
        self.implied.is_key(field)
    }

    /// Whether some rule looks into this field of the record to know whom it admits.
    fn is_decided_by(&self, field: &str) -> bool {
        self.matrix().rows().iter().any(|row| row.role.deciding_fields().any(|decides| decides == field))
    }

    /// Whether the role of a row may do this to a field: by its rules, or because the field is implied. To remove the value of
    /// an implied field is not implied.
    pub(crate) fn admits(&self, row: &Row, field: &str, operation: Operation) -> bool {
        match self.matrix().column(field) {
            Some(column) if row.allows(column, operation) => true,
            Some(_) => operation == Operation::Update && self.implied.is_key(field),
            None => self.implies(row, field, operation),
        }
    }

    fn implies(&self, row: &Row, field: &str, operation: Operation) -> bool {
        let implied = &self.implied;
        match operation {
            Operation::Update if implied.is_key(field) => true,
            Operation::Create | Operation::Update => {
                implied.foreign_keys.iter().any(|key| key == field) || {
                    let composite = implied.composites.iter().find(|(column, _)| column == field);
                    composite.is_some_and(|(_, parts)| {
                        parts.iter().all(|part| part != field && self.admits(row, part, operation))
                    })
                }
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use crate::{
        Authorizer, Denied, Field, FunctionCaller, Identity, Item, Model, Operation, Operations, Rule,
    };

    fn item(value: Value) -> Item {
        value.as_object().unwrap().clone()
    }

    /// The key may be read, and `year`, `month` and `day` may be written, the last one by create alone.
    fn model() -> Arc<Model> {
        let write = Operations::from([Operation::Create, Operation::Update]);
        let fields = vec![
            Field::new("id").guarded(vec![Rule::public().operations(Operations::READ)]),
            Field::new("year").guarded(vec![Rule::public().operations(write)]),
            Field::new("month").guarded(vec![Rule::public().operations(write)]),
            Field::new("day").guarded(vec![Rule::public().operations(Operation::Create)]),
            Field::new("blogId").guarded(vec![]),
        ];
        let model = Model::new("Note", fields, vec![]).unwrap();
        let model = model.with_foreign_keys(["blogPostsId", "blogId"]).with_partition_key("id");
        let model = model.with_composite_column("year#month", ["year", "month"]);
        Arc::new(model.with_composite_column("year#day", ["year", "day"]))
    }

    fn refused(outcome: Result<(), Denied>) -> Vec<String> {
        match outcome {
            Ok(()) => Vec::new(),
            Err(Denied::Fields(fields)) => fields,
            Err(denied) => panic!("{denied}"),
        }
    }

    #[test]
    fn implied_fields_go_with_the_declared_ones() {
        let table = [
            (json!({"year": 1, "blogPostsId": "b"}), json!([]), json!([])),
            (json!({"year": 1, "month": 2, "year#month": "1#2"}), json!([]), json!([])),
            (json!({"year": 1, "day": 2, "year#day": "1#2"}), json!([]), json!(["day", "year#day"])),
            (json!({"id": "1", "year": 2}), json!(["id"]), json!([])),
            (json!({"blogId": "1", "year": 2}), json!(["blogId"]), json!(["blogId"])),
            (json!({"other": "1", "year": 2}), json!(["other"]), json!(["other"])),
        ];
        let (authorizer, model) = (Authorizer::new(), model());
        for (input, by_create, by_update) in table {
            let create = authorizer.permit_create(&Identity::ApiKey, &model, item(input.clone()));
            assert_eq!(json!(refused(create.map(drop))), by_create, "{input}");
            let update =
                authorizer.permit_update(&Identity::ApiKey, &model, &Item::new(), item(input.clone()));
            assert_eq!(json!(refused(update.map(drop))), by_update, "{input}");
            let create =
                authorizer.authorize(&Identity::ApiKey, Operation::Create, &model, &item(input.clone()));
            assert_eq!(create.is_allowed(), by_create == json!([]), "{input}");
        }
    }

    #[test]
    fn who_may_only_delete_may_name_the_record_and_change_nothing() {
        let model =
            Model::new("Note", vec![Field::new("id"), Field::new("text")], vec![delete_only()]).unwrap();
        let model = Arc::new(model.with_foreign_keys(["blogId"]).with_partition_key("id"));
        let table = [
            (json!({"id": "1"}), true),
            (json!({}), false),
            (json!({"id": null}), false),
            (json!({"id": "1", "text": "a"}), false),
            (json!({"id": "1", "text": null}), false),
            (json!({"id": "1", "blogId": "b"}), false),
        ];
        for (changes, permitted) in table {
            let update = |identity| {
                Authorizer::new().permit_update(identity, &model, &Item::new(), item(changes.clone()))
            };
            assert_eq!(update(&Identity::ApiKey).is_ok(), permitted, "{changes}");
            assert!(update(&Identity::Function(FunctionCaller::default())).is_err());
        }
    }

    #[test]
    fn a_foreign_key_that_decides_whose_the_record_is_takes_a_grant_on_every_field() {
        let reads = Rule::private().operations(Operations::READ);
        let likes = |operations: Operations| vec![Rule::public().operations(operations)];
        let write = Operations::from([Operation::Create, Operation::Update]);
        for decides in [Rule::owner_in("userNotesId"), Rule::groups_in("userNotesId")] {
            let rules = vec![decides, reads.clone()];
            let part = vec![Field::new("text"), Field::new("likes").guarded(likes(write))];
            let whole = vec![Field::new("likes").guarded(likes(Operations::ALL))];
            for (fields, may) in [(part, false), (whole, true)] {
                let model = Model::new("Note", fields, rules.clone()).unwrap();
                let model = Arc::new(model.with_foreign_keys(["userNotesId", "blogId"]));
                let input = |field: &str| item(json!({ "likes": 1, field: "me" }));
                let update = |field: &str| {
                    let stored = item(json!({ "userNotesId": "you" }));
                    let changes = input(field);
                    Authorizer::new().permit_update(&Identity::ApiKey, &model, &stored, changes).map(drop)
                };
                let create = |field: &str| {
                    Authorizer::new().permit_create(&Identity::ApiKey, &model, input(field)).map(drop)
                };
                let expected: &[&str] = if may { &[] } else { &["userNotesId"] };
                assert_eq!(refused(update("userNotesId")), expected);
                assert_eq!(refused(create("userNotesId")), expected);
                assert!(update("blogId").is_ok() && create("blogId").is_ok());
            }
        }
    }

    fn delete_only() -> Rule {
        Rule::public().operations(Operation::Delete)
    }

    #[test]
    fn to_remove_an_implied_foreign_key_takes_delete_on_the_record() {
        let null = || item(json!({"blogPostsId": null}));
        let update = |model: &Arc<Model>| {
            Authorizer::new().permit_update(&Identity::ApiKey, model, &Item::new(), null()).map(drop)
        };
        assert_eq!(refused(update(&model())), ["blogPostsId"]);
        let open = Model::new("Note", vec![Field::new("text")], vec![Rule::public()]).unwrap();
        assert!(update(&Arc::new(open.with_foreign_keys(["blogPostsId"]))).is_ok());
    }
}
