//! The records that a relation leads to.

use std::cmp::Ordering;

use portcullis_data::Filter;
use portcullis_rules::{Item, Scope};
use portcullis_schema::{Connection, ModelType, RelationKind, SelectedField};
use serde_json::{Value, json};

use super::{
    gate,
    key::Key,
    query::{PAGE, auth_filter},
    shape,
    sort_condition::SortCondition,
    view::View,
};

impl View<'_> {
    /// What a client sees of a relation of a record, at a path. The field itself is not withheld.
    pub(super) fn related(
        &mut self,
        model: &ModelType,
        connection: &Connection,
        record: &Item,
        wanted: &SelectedField,
        path: &str,
    ) -> Value {
        let api = self.api;
        let schema = &api.schema;
        let Some((target, key)) = shape::target(schema, connection).zip(shape::key_of(schema, connection))
        else {
            return Value::Null;
        };
        let rules = target.rules();
        let permit = api.authorizer.permit_related(self.caller, &connection.pairs, record, rules);
        let Ok(permit) = permit else {
            // The reference guards no relation of a model without rules, and then the type of the page refuses.
            let guarded = gate::has_rules(model);
            if connection.many && !guarded && !gate::shows_page(api, self.caller, target) {
                return self.page_of(target, &[], None, wanted.selection(), path);
            }
            self.deny(path, model.name(), &connection.field);
            return Value::Null;
        };
        let nothing = |view: &mut Self| match connection.many {
            true => view.page_of(target, &[], None, wanted.selection(), path),
            false => Value::Null,
        };
        if self.is_redacted(model, connection, target) {
            self.note(path, json!({"deniedField": true}));
            return nothing(self);
        }
        if let Scope::Any(conditions) = permit.scope() {
            self.note(path, json!({"authFilter": auth_filter(target, conditions)}));
        }
        let records = self.tables.of(target.name());
        let own = permit.narrowing().get(key.partition).filter(|_| is_looked_up_by_caller(model, connection));
        let found = match own {
            Some(own) => {
                Some(records.iter().filter(|other| other.get(key.partition) == Some(own)).cloned().collect())
            }
            None => find(records, connection, &key, record),
        };
        let Some(found) = found else {
            return nothing(self);
        };
        if connection.many {
            let sort = shape::sort_argument(connection, &key).and_then(|name| wanted.arguments().get(&name));
            let (records, next) = page(found, &key, permit.scope(), sort, wanted.arguments());
            return self.page_of(target, &records.iter().collect::<Vec<_>>(), next, wanted.selection(), path);
        }
        match found.iter().find(|related| permit.scope().matches(related)) {
            Some(related) => self.record_of(target, related, wanted.selection(), path),
            None => {
                if !found.is_empty() {
                    self.deny(path, model.name(), &connection.field);
                }
                Value::Null
            }
        }
    }

    /// Whether subscribers get the same result and not all of them may see the related records.
    fn is_redacted(&self, model: &ModelType, connection: &Connection, target: &ModelType) -> bool {
        let rules = model.rules();
        let inherits = self.api.settings.listeners_inherit;
        let may_be_null = !connection.required || connection.many;
        // The reference lets an administrator through before it looks at the rules of the field.
        let is_kept =
            rules.is_kept_from_some(&connection.field) && !self.api.is_administrator(self.caller, rules);
        self.origin.has_listeners(model)
            && (is_kept || may_be_null && !inherits && rules.redacts(&connection.field, target.rules()))
    }
}

/// Whether the reference looks up the caller's own records where the key names somebody else: for a `@hasMany` that says
/// which fields or which index it goes by.
fn is_looked_up_by_caller(model: &ModelType, connection: &Connection) -> bool {
    let relation = model.relations().iter().find(|relation| relation.field == connection.field);
    relation.is_some_and(|relation| {
        let is_explicit = relation.index_name.is_some() || !relation.fields.is_empty();
        relation.kind == RelationKind::HasMany && relation.references.is_empty() && is_explicit
    })
}

/// The records whose fields equal those of this record; `None` if this record says of no other.
fn find(records: &[Item], connection: &Connection, key: &Key<'_>, record: &Item) -> Option<Vec<Item>> {
    let mut wanted = Vec::new();
    for (own, theirs) in &connection.pairs {
        wanted.push((theirs, record.get(own).filter(|value| !value.is_null())?));
    }
    let is_wanted = |other: &&Item| {
        let in_index = key.sort_fields.is_empty() || key.sort_value(other).is_some();
        in_index && wanted.iter().all(|(theirs, value)| other.get(*theirs) == Some(value))
    };
    Some(records.iter().filter(is_wanted).cloned().collect())
}

/// The page that the arguments ask for, cut before it is filtered. GraphQL has checked the arguments.
fn page(
    mut found: Vec<Item>,
    key: &Key<'_>,
    scope: &Scope,
    sort: Option<&Value>,
    arguments: &Item,
) -> (Vec<Item>, Option<String>) {
    if let Some(condition) = sort.and_then(|condition| SortCondition::read(condition, key)) {
        let meets = |value: Value| condition.holds(&value).unwrap_or(false);
        found.retain(|record| key.sort_value(record).is_some_and(meets));
    }
    found.sort_by(|one, other| {
        let values = key.sort_value(one).zip(key.sort_value(other));
        values.and_then(|(one, other)| portcullis_data::compare(&one, &other)).unwrap_or(Ordering::Equal)
    });
    let argument = |name: &str| arguments.get(name).unwrap_or(&Value::Null);
    if argument("sortDirection") == "DESC" {
        found.reverse();
    }
    let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
    let limit = number(argument("limit")).unwrap_or(PAGE);
    let start = argument("nextToken").as_str().and_then(|token| token.parse().ok()).unwrap_or(0_usize);
    let end = start.saturating_add(limit);
    let next = (end < found.len()).then(|| end.to_string());
    let filter = Filter::parse(argument("filter")).ok();
    let is_shown =
        |record: &Item| scope.matches(record) && filter.as_ref().is_some_and(|filter| filter.matches(record));
    (found.into_iter().skip(start).take(limit).filter(is_shown).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::{Case, Catalogue};

    const TIMES: &str = "2023-01-01T00:00:00.000Z";

    /// The answer to ann, who is in the group `Admin`.
    fn answer(schema: &str, field: &str, args: Value, selection: &str, existing: Value) -> Value {
        let claims = json!({"sub": "u1", "username": "ann", "cognito:groups": ["Admin"]});
        let case = json!({
            "schema": schema, "field": field, "args": args, "selection": selection, "existing": existing,
            "identity": {"kind": "userPools", "claims": claims},
        });
        let case = Case::new(case.as_object().unwrap().clone());
        case.answer_line(&mut Catalogue::default())
    }

    fn record(fields: Value) -> Value {
        let mut record = fields.as_object().unwrap().clone();
        record.extend(["createdAt", "updatedAt"].map(|name| (name.to_owned(), TIMES.into())));
        record.into()
    }

    /// A blog with two posts: one of ann's, and one of bob's.
    fn tables() -> Value {
        json!({
            "Blog": [record(json!({"id": "b1", "name": "B", "owner": "u1::ann"}))],
            "Post": [
                record(json!({"id": "p1", "blogPostsId": "b1", "text": "x", "owner": "u1::ann"})),
                record(json!({"id": "p2", "blogPostsId": "b1", "text": "y", "owner": "u2::bob"})),
            ],
        })
    }

    fn blog_and_post(blog: &str, posts: &str, post: &str) -> String {
        let rules = |rules: &str| match rules {
            "" => String::new(),
            rules => format!("@auth(rules: [{rules}])"),
        };
        format!(
            "type Blog @model {} {{ id: ID! name: String posts: [Post] @hasMany {} }}
             type Post @model {} {{ id: ID! text: String blog: Blog @belongsTo }}",
            rules(blog),
            rules(posts),
            rules(post)
        )
    }

    const PRIVATE: &str = "{allow: private}";
    const OWNER: &str = "{allow: owner}";
    const OTHERS: &str = "{allow: groups, groups: [\"Other\"]}";

    #[test]
    fn related_records_are_those_that_their_own_rules_show() {
        let of_query = |blog: &str, posts: &str, post: &str| {
            let schema = blog_and_post(blog, posts, post);
            answer(&schema, "Query.getBlog", json!({"id": "b1"}), "{ posts { items { id } } }", tables())
        };
        let refused = json!([{"path": "posts", "type": "Unauthorized", "message": "Not Authorized to access posts on type Blog"}]);
        let table = [
            (PRIVATE, "", PRIVATE, json!({"items": [{"id": "p1"}, {"id": "p2"}]}), Value::Null),
            (PRIVATE, "", OWNER, json!({"items": [{"id": "p1"}]}), Value::Null),
            (PRIVATE, "", OTHERS, Value::Null, refused.clone()),
            (PRIVATE, "", "", Value::Null, refused.clone()),
            (PRIVATE, OTHERS, PRIVATE, Value::Null, refused.clone()),
        ];
        for (blog, posts, post, expected, errors) in table {
            let answer = of_query(blog, posts, post);
            let shown = (&answer["data"]["posts"], &answer["fieldErrors"]);
            assert_eq!(shown, (&expected, &errors), "{blog} {posts} {post}");
        }
    }

    #[test]
    fn what_subscribers_may_not_see_is_left_out_of_the_results_of_mutations() {
        let of_mutation = |blog: &str, post: &str, more: &str| {
            let schema = blog_and_post(blog, "", post).replacen("@model", &format!("@model{more}"), 1);
            let args = json!({"input": {"id": "b1", "name": "C"}});
            let answer = answer(&schema, "Mutation.updateBlog", args, "{ posts { items { id } } }", tables());
            answer["data"]["posts"]["items"].as_array().map(Vec::len)
        };
        let admin = "{allow: groups, groups: [\"Admin\"]}";
        let off = "(subscriptions: {level: off})";
        let table = [
            (PRIVATE, PRIVATE, "", 2),
            (admin, admin, "", 2),
            (OWNER, OWNER, "", 0),
            (OWNER, OWNER, off, 1),
            (PRIVATE, OWNER, "", 0),
            ("{allow: public}, {allow: private}", PRIVATE, "", 0),
            ("{allow: public}, {allow: private}", PRIVATE, off, 2),
        ];
        for (blog, post, more, count) in table {
            assert_eq!(of_mutation(blog, post, more), Some(count), "{blog} {post} {more}");
        }
    }

    #[test]
    fn one_related_record_is_shown_refused_or_not_there() {
        let schema = blog_and_post(OWNER, "", PRIVATE);
        let ask = |id: &str, blog: Value| {
            let existing = json!({"Blog": [blog], "Post": [record(json!({"id": "p1", "blogPostsId": id}))]});
            answer(&schema, "Query.getPost", json!({"id": "p1"}), "{ blog { id } }", existing)
        };
        let blog = |owner: &str| record(json!({"id": "b1", "owner": owner}));
        assert_eq!(ask("b1", blog("ann"))["data"]["blog"]["id"], "b1");
        assert_eq!(ask("b1", blog("bob"))["fieldErrors"][0]["path"], "blog");
        let absent = ask("b2", blog("bob"));
        assert_eq!((&absent["data"]["blog"], &absent["fieldErrors"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn a_page_of_related_records_is_sorted_cut_and_filtered() {
        let schema = "
            type Blog @model @auth(rules: [{allow: private}]) { id: ID! posts: [Post] @hasMany(indexName: \"byBlog\", fields: [\"id\"]) }
            type Post @model @auth(rules: [{allow: private}]) { id: ID! blogId: ID! @index(name: \"byBlog\", sortKeyFields: [\"n\"]) n: Int! }";
        let post = |id: &str, n: i32| record(json!({"id": id, "blogId": "b1", "n": n}));
        let existing = json!({"Blog": [record(json!({"id": "b1"}))], "Post": [post("p3", 30), post("p1", 2), post("p2", 10)]});
        let table = [
            ("", "p1 p2 p3", Value::Null),
            ("(sortDirection: DESC)", "p3 p2 p1", Value::Null),
            ("(limit: 2)", "p1 p2", json!("2")),
            ("(nextToken: \"2\")", "p3", Value::Null),
            ("(n: {ge: 10})", "p2 p3", Value::Null),
            ("(filter: {n: {lt: 5}})", "p1", Value::Null),
        ];
        for (arguments, expected, next) in table {
            let selection = format!("{{ posts{arguments} {{ items {{ id }} nextToken }} }}");
            let answer = answer(schema, "Query.getBlog", json!({"id": "b1"}), &selection, existing.clone());
            let page = &answer["data"]["posts"];
            let items = page["items"].as_array().unwrap().iter();
            let ids: Vec<&str> = items.map(|item| item["id"].as_str().unwrap()).collect();
            assert_eq!((ids.join(" ").as_str(), &page["nextToken"]), (expected, &next), "{arguments}");
        }
    }

    #[test]
    fn many_to_many_goes_through_the_join_model() {
        let schema = "
            type Post @model @auth(rules: [{allow: private}]) { id: ID! tags: [Tag] @manyToMany(relationName: \"PostTags\") }
            type Tag @model @auth(rules: [{allow: owner}]) { id: ID! posts: [Post] @manyToMany(relationName: \"PostTags\") }";
        let existing = json!({
            "Post": [record(json!({"id": "p1"}))],
            "Tag": [record(json!({"id": "t1", "owner": "ann"})), record(json!({"id": "t2", "owner": "bob"}))],
            "PostTags": [record(json!({"id": "j1", "postId": "p1", "tagId": "t1"})), record(json!({"id": "j2", "postId": "p1", "tagId": "t2"}))],
        });
        let selection = "{ tags { items { id tag { id } } } }";
        let answer = answer(schema, "Query.getPost", json!({"id": "p1"}), selection, existing);
        // The tag of a join record must have a value, so that one which is withheld takes the join record with it.
        assert_eq!(answer["data"]["tags"]["items"], json!([{"id": "j1", "tag": {"id": "t1"}}, null]));
        assert_eq!(answer["fieldErrors"][0]["path"], "tags.items.1.tag");
    }

    #[test]
    fn a_relation_may_be_asked_for_alone() {
        let parent = json!({"id": "b1", "name": "B", "__operation": "Mutation"});
        let ask = |post: &str| {
            let schema = blog_and_post(PRIVATE, "", post);
            answer(&schema, "Blog.posts", json!({}), "{ items { id } }", parent.clone())
        };
        assert_eq!(ask(PRIVATE)["data"], json!({"items": []}));
        assert_eq!(
            (&ask(OTHERS)["decision"], &ask(OTHERS)["error"]["layer"]),
            (&json!("deny"), &json!("vtl"))
        );
    }
}
