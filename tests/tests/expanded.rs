//! The files that `portcullis expand --write` makes are those of the schema.

use std::{
    fs,
    process::{Command, Output},
};

use portcullis_tests::{Result, binary, repository};

/// What is made, and what it is made from.
const FILES: [&str; 3] = ["schema.graphql", "appsync.graphql", "template.yaml"];

#[test]
fn the_api_and_its_resolvers_are_up_to_date() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for file in FILES {
        fs::copy(repository().join(file), folder.path().join(file))?;
    }
    write(folder.path())?;
    for file in FILES {
        let (kept, made) = (fs::read(repository().join(file))?, fs::read(folder.path().join(file))?);
        assert!(kept == made, "{file} is stale: run `cargo run -- expand --write`");
    }
    Ok(())
}

#[test]
fn resolvers_go_between_the_markers_of_a_template_and_nowhere_else() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("schema.graphql"),
        "type Note @model @auth(rules: [{allow: owner}]) { title: String }",
    )?;
    let said = write(folder.path())?;
    assert!(said.contains("there is no ") && said.contains("no resolvers are written"), "{said}");

    let template = folder.path().join("template.yaml");
    fs::write(&template, "Resources: {}\n")?;
    let said = write(folder.path())?;
    assert!(said.contains("has no line `# portcullis expand: begin`"), "{said}");
    assert_eq!(fs::read_to_string(&template)?, "Resources: {}\n");

    fs::write(
        &template,
        "Resources:\n  # portcullis expand: begin\n  # portcullis expand: end\n  Other:\n    Type: AWS::SNS::Topic\n",
    )?;
    write(folder.path())?;
    let read: serde_json::Value =
        serde_saphyr::from_str(&fs::read_to_string(&template)?.replace("!GetAtt ", ""))?;
    let resources = read.get("Resources").and_then(serde_json::Value::as_object).ok_or("no resources")?;
    // Two queries, three mutations, three subscriptions, and what stood there before.
    assert_eq!(resources.len(), 2 + 3 + 3 + 1);
    let create =
        resources.get("MutationCreateNoteResolver").and_then(|it| it.pointer("/Properties/FieldName"));
    assert_eq!(create, Some(&"createNote".into()));
    let listen =
        resources.get("SubscriptionOnCreateNoteResolver").and_then(|it| it.pointer("/Properties/Code"));
    assert!(listen.and_then(|code| code.as_str()).is_some_and(|code| code.contains("setSubscriptionFilter")));
    Ok(())
}

#[test]
fn each_model_has_a_template_of_its_own_where_the_section_asks_for_stacks() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let model = |number: usize| {
        format!("type Note{number} @model @auth(rules: [{{allow: owner}}]) {{ title: String }}\n")
    };
    fs::write(folder.path().join("schema.graphql"), (1..=70).map(model).collect::<String>())?;
    let template = folder.path().join("template.yaml");
    let inline = "Resources:\n  # portcullis expand: begin\n  # portcullis expand: end\n";
    fs::write(&template, inline)?;
    let refused = write(folder.path()).unwrap_err().to_string();
    assert!(refused.contains("it would hold 560 resources, and CloudFormation takes 500"), "{refused}");
    assert_eq!(fs::read_to_string(&template)?, inline);
    assert!(!folder.path().join("appsync.graphql").exists());

    fs::write(&template, inline.replace("begin", "begin stacks"))?;
    let said = write(folder.path())?;
    assert!(said.contains("in 70 templates"), "{said}");
    let text = fs::read_to_string(&template)?;
    assert_eq!(text.matches("Type: AWS::CloudFormation::Stack\n").count(), 70);
    assert!(text.contains("      TemplateURL: appsync-resolvers/Note7Resolvers.yaml\n"), "{text}");
    let of_one = fs::read_to_string(folder.path().join("appsync-resolvers/Note7Resolvers.yaml"))?;
    let read: serde_json::Value = serde_saphyr::from_str(&of_one.replace("!Ref ", ""))?;
    let resources = read.get("Resources").and_then(serde_json::Value::as_object).ok_or("no resources")?;
    let names: Vec<&String> = resources.keys().collect();
    let expected = [
        "QueryGetNote7Resolver",
        "QueryListNote7sResolver",
        "MutationCreateNote7Resolver",
        "MutationUpdateNote7Resolver",
        "MutationDeleteNote7Resolver",
        "SubscriptionOnCreateNote7Resolver",
        "SubscriptionOnUpdateNote7Resolver",
        "SubscriptionOnDeleteNote7Resolver",
    ];
    assert_eq!(names.len(), expected.len());
    assert!(expected.iter().all(|name| resources.contains_key(*name)), "{names:?}");
    // Written again, nothing changes.
    write(folder.path())?;
    assert_eq!((fs::read_to_string(&template)?, resources.len()), (text, 8));
    Ok(())
}

#[test]
fn nothing_is_written_when_something_is_wrong() -> Result<()> {
    for (schema, template, problem) in [
        ("type Note @model @auth(rules: [{allow: anyone}]) { title: String }", "", "the schema has mistakes"),
        (
            "type Note @model { title: String }",
            "  # portcullis expand: begin\n",
            "the lines `# portcullis expand: begin` and `# portcullis expand: end` stand both, or neither",
        ),
    ] {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("schema.graphql"), schema)?;
        fs::write(folder.path().join("template.yaml"), template)?;
        let output =
            Command::new(binary()?).args(["expand", "--write"]).current_dir(folder.path()).output()?;
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr)?;
        assert!(said.contains(problem), "{said}");
        assert!(!folder.path().join("appsync.graphql").exists());
        assert_eq!(fs::read_to_string(folder.path().join("template.yaml"))?, template);
    }
    Ok(())
}

#[test]
fn what_amplify_takes_and_no_door_serves_is_printed_with_a_warning_and_not_written() -> Result<()> {
    for (schema, is_printed, problem) in [
        (
            "type Note @model @auth(rules: [{allow: groups, groupsField: \"teams\"}]) { title: String }",
            true,
            "Amplify takes this schema, but no door serves all of it",
        ),
        (
            "scalar Colour type Note @model { title: String }",
            false,
            "what no door serves is not expanded: Colour",
        ),
        ("type Note @model { title: Strin }", false, "Unknown type \"Strin\""),
    ] {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("schema.graphql"), schema)?;
        let expand = |more: &[&str]| -> Result<Output> {
            Ok(Command::new(binary()?).arg("expand").args(more).current_dir(folder.path()).output()?)
        };
        let printed = expand(&[])?;
        assert_eq!(printed.status.success(), is_printed, "{schema}");
        assert_eq!(String::from_utf8(printed.stdout)?.contains("getNote"), is_printed, "{schema}");
        let said = String::from_utf8(printed.stderr)?;
        assert!(said.contains(problem), "{said}");
        assert!(
            !expand(&["--write"])?.status.success() && !folder.path().join("appsync.graphql").exists(),
            "{schema}"
        );
    }
    Ok(())
}

#[test]
fn the_default_way_in_is_that_of_the_project() -> Result<()> {
    let folder = tempfile::tempdir()?;
    fs::write(
        folder.path().join("schema.graphql"),
        "type Note @model @auth(rules: [{allow: owner}]) { title: String }",
    )?;
    fs::write(
        folder.path().join("project.json"),
        r#"{"auth": {"default": "apiKey", "additional": ["userPools"]}}"#,
    )?;
    let expand = |project: &[&str]| -> Result<(bool, String, String)> {
        let output =
            Command::new(binary()?).arg("expand").args(project).current_dir(folder.path()).output()?;
        let (out, err) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        Ok((output.status.success(), out, err))
    };
    assert!(expand(&[])?.1.contains("\n  getNote(id: ID!): Note\n"));
    let with_key = expand(&["--project", "project.json"])?.1;
    assert!(with_key.contains("\n  getNote(id: ID!): Note @aws_cognito_user_pools\n"), "{with_key}");
    fs::write(folder.path().join("project.json"), r#"{"auth": {"default": "magic"}}"#)?;
    let (fine, _, problem) = expand(&["--project", "project.json"])?;
    assert!(
        !fine && problem.contains("cannot read the project in project.json: `auth` names a mode"),
        "{problem}"
    );
    Ok(())
}

fn write(folder: &std::path::Path) -> Result<String> {
    let output = Command::new(binary()?).args(["expand", "--write"]).current_dir(folder).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
