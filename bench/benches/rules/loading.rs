//! What it costs to read a schema, which happens once at start.

use std::{fmt::Write, hint::black_box};

use portcullis_bench::{Contender, Table, duration, race};
use portcullis_schema::Schema;

const MODELS: [usize; 4] = [50, 100, 200, 400];

pub(crate) fn print() {
    println!("## Reading a schema\n");
    let mut table = Table::new(["models", "text", "time", "a model"]);
    for count in MODELS {
        let source = schema(count);
        let parse = || Schema::parse(black_box(&source), "schema.graphql");
        assert_eq!(parse().unwrap().models().len(), count);
        let [figure] = race([Contender::new(parse)]);
        table.push([
            count.to_string(),
            format!("{} KiB", source.len() / 1024),
            duration(figure.nanoseconds),
            duration(figure.nanoseconds / count as f64),
        ]);
    }
    println!("{table}");
}

/// As many models, each with eight fields, three rules, a guarded field and an index; every second one belongs to the
/// one before it.
fn schema(count: usize) -> String {
    let mut source = String::from("enum Status { DRAFT PUBLISHED ARCHIVED }\n");
    for n in 0..count {
        let relation = if n % 2 == 0 {
            let next = n + 1;
            if next < count {
                format!("  children: [Model{next}] @hasMany(references: [\"parentId\"])\n")
            } else {
                String::new()
            }
        } else {
            let previous = n - 1;
            format!("  parentId: ID\n  parent: Model{previous} @belongsTo(references: [\"parentId\"])\n")
        };
        let _ = write!(
            source,
            r#"
"""Something with a number"""
type Model{n} @model @auth(rules: [
  {{ allow: owner }},
  {{ allow: groups, groups: ["editors", "admins"] }},
  {{ allow: private, operations: [read] }}
]) {{
  id: ID!
  title: String!
  body: String
  status: Status @index(name: "byStatus{n}", queryField: "model{n}ByStatus", sortKeyFields: ["dueAt"])
  tags: [String!]
  count: Int
  dueAt: AWSDateTime
  secret: String @auth(rules: [{{ allow: owner }}, {{ allow: groups, groups: ["admins"] }}])
{relation}}}
"#
        );
    }
    source
}
