//! What the text of a schema says, as far as deviations speak of it.

use portcullis_schema::{Project, Schema};

/// The rules of a schema, each as its text without the braces. In the reference's language no rule holds another.
pub(crate) fn rules(schema: &str) -> Vec<String> {
    let starts = schema.match_indices('{').map(|(start, _)| start);
    let texts = starts.filter_map(|start| {
        let (inner, _) = schema.get(start + 1..)?.split_once('}')?;
        let is_rule = !inner.contains('{') && inner.contains("allow");
        is_rule.then(|| inner.split_whitespace().collect::<Vec<_>>().join(" "))
    });
    texts.collect()
}

/// The value of an argument of a rule, as it is written: a name, a text without its quotes, or all of a list.
pub(crate) fn argument<'a>(rule: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = rule.split_once(&format!("{name}:")).filter(|(before, _)| {
        before.chars().next_back().is_none_or(|letter| !letter.is_ascii_alphanumeric())
    })?;
    let value = value.trim_start();
    let end = |close: char| value.get(1..).and_then(|rest| rest.split_once(close)).map(|(inner, _)| inner);
    match value.chars().next()? {
        '[' => end(']'),
        '"' => end('"'),
        _ => value.split([',', ' ']).next(),
    }
}

/// The texts in a list, or the only one.
pub(crate) fn texts(value: &str) -> Vec<&str> {
    if value.contains('"') { value.split('"').skip(1).step_by(2).collect() } else { vec![value] }
}

/// The schema, if it stands for itself in a project with every way in.
pub(crate) fn read(schema: &str) -> Option<Schema> {
    let project = Project { extensions: false, ..Project::default() };
    Schema::read(schema, "schema.graphql", &project).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_and_their_arguments_are_found_in_the_text() {
        let schema = "type N @model @auth(rules: [{allow: groups, groups: [\"A\", \"B\"], groupClaim: \"g\"},\n {allow:owner ownerField: \"o\"}])
            { s: String @auth(rules: [{allow: groups, groups: [\"A\"], groupClaim: \"g\"}]) }";
        let rules = rules(schema);
        assert_eq!(rules.len(), 3);
        assert_eq!(argument(&rules[0], "groups").map(texts), Some(vec!["A", "B"]));
        assert_eq!(argument(&rules[0], "groupClaim"), Some("g"));
        assert_eq!(argument(&rules[0], "allow"), Some("groups"));
        assert_eq!(argument(&rules[1], "allow"), Some("owner"));
        assert_eq!(argument(&rules[1], "ownerField"), Some("o"));
        assert_eq!(argument(&rules[1], "groups"), None);
        assert!(read(schema).is_some() && read("type N @model {").is_none());
    }
}
