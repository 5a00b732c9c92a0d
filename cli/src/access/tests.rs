use portcullis_rules::{Authorizer, Field, Operation, Operations, Provider, Rule};

use super::{
    caller::Caller,
    grants::{Action, Grants, Level},
    role::Role,
    *,
};

fn note(fields: Vec<Field>, rules: Vec<Rule>) -> Arc<Model> {
    Arc::new(Model::new("Note", fields, rules).unwrap())
}

fn matrix_of(model: &Arc<Model>) -> AccessMatrix {
    AccessMatrix::of([model], &Audience::of([model]).unwrap())
}

/// The tables without their legend.
fn tables(model: &Arc<Model>) -> String {
    let written = table::matrix(&matrix_of(model), Style::Text);
    let (tables, _) = written.split_once("\nyes  ").unwrap();
    tables.trim_end().to_owned()
}

/// Each line of a table that grants something: `who: create read update delete`.
fn granted(model: &Arc<Model>) -> Vec<String> {
    let lines = tables(model);
    let cells =
        lines.lines().map(|line| line.trim().split("  ").map(str::trim).filter(|cell| !cell.is_empty()));
    cells
        .map(|mut cells| (cells.next().unwrap_or_default(), cells.collect::<Vec<_>>()))
        .filter(|(_, levels)| levels.iter().any(|level| *level != "no"))
        .filter(|(_, levels)| levels.first() != Some(&"create"))
        .map(|(who, levels)| format!("{who}: {}", levels.join(" ")))
        .collect()
}

fn field(name: &str) -> Field {
    Field::new(name)
}

#[test]
fn each_rule_gives_its_role_what_it_says_and_nothing_more() {
    let read = Operations::READ;
    let pool = Provider::IdentityPool;
    let table: Vec<(Vec<Field>, Vec<Rule>, &[&str])> = vec![
        (vec![], vec![], &[]),
        (vec![], vec![Rule::owner()], &["owner: own own own own"]),
        (
            vec![Field::list("editors")],
            vec![Rule::owner_in("editors"), Rule::owner_in("tenant").claim("custom:tenant").operations(read)],
            &["owner in editors: own own own own", "owner in tenant by custom:tenant: no own no no"],
        ),
        (
            vec![],
            vec![Rule::owner(), Rule::groups(["a", "b"]).operations(Operation::Update)],
            &["owner: own own own own", "group a: no no yes no", "group b: no no yes no"],
        ),
        (
            vec![],
            vec![Rule::groups_in("team"), Rule::private().operations(read)],
            &["group in team: own yes own own", "signed in: no yes no no"],
        ),
        (vec![Field::list("teams")], vec![Rule::groups_in("teams")], &["group in teams: own own own own"]),
        (
            vec![],
            vec![
                Rule::owner().operations([Operation::Create, Operation::Get]),
                Rule::public().operations(Operation::List),
            ],
            &["owner: own own (get) no no", "API key: no yes (list) no no"],
        ),
        (
            vec![],
            vec![Rule::owner().operations(read), Rule::private().operations(Operation::Get)],
            &["owner: no yes (get), own (list, sync, listen, search) no no", "signed in: no yes (get) no no"],
        ),
        (
            vec![],
            vec![Rule::private().provider(pool), Rule::public().provider(pool).operations(read)],
            &["signed in, identity pool: yes yes yes yes", "guest, identity pool: no yes no no"],
        ),
        (
            vec![],
            vec![Rule::private().provider(Provider::Oidc).operations(read), Rule::custom()],
            &["signed in, OpenID Connect: no yes no no", "Lambda authorizer: yes yes yes yes"],
        ),
        (vec![], vec![Rule::owner().operations(Operations::NONE)], &[]),
        // A rule that only reads makes nobody an owner, though another one would.
        (
            vec![],
            vec![Rule::owner().operations(read), Rule::owner_in("author")],
            &["owner: no own no no", "owner in author: own own own own"],
        ),
    ];
    for (fields, rules, expected) in table {
        let said: Vec<String> = rules.iter().map(ToString::to_string).collect();
        assert_eq!(granted(&note(fields, rules)), expected, "{said:?}");
    }
}

#[test]
fn fields_with_rules_of_their_own_have_tables_of_their_own() {
    let secret =
        field("secret").guarded(vec![Rule::owner(), Rule::groups(["admins"]).operations(Operations::READ)]);
    let rules = vec![Rule::owner(), Rule::private().operations(Operations::READ)];
    let expected = "\
Note            create  read  update  delete
  owner         own     yes*  own     own
  group admins  no      yes   no      no
  signed in     no      yes*  no      no
  API key       no      no    no      no
  nobody        no      no    no      no

Note { title, body }  create  read  update  delete
  owner               own     yes   own     own
  group admins        no      yes   no      no
  signed in           no      yes   no      no
  API key             no      no    no      no
  nobody              no      no    no      no

Note { secret }  create  read  update  delete
  owner          own     own   own     own
  group admins   no      yes   no      no
  signed in      no      no    no      no
  API key        no      no    no      no
  nobody         no      no    no      no";
    assert_eq!(tables(&note(vec![field("title"), secret, field("body")], rules)), expected);
}

#[test]
fn a_protected_owner_field_cannot_be_given_away() {
    let owner = field("owner")
        .guarded(vec![Rule::owner().operations(Operations::READ.union(Operation::Delete.into()))]);
    let expected = ["owner: own* own own* own", "owner: own own own own", "owner: no own no no"];
    assert_eq!(granted(&note(vec![field("title"), owner], vec![Rule::owner()])), expected);
}

#[test]
fn two_roles_that_may_do_more_together_have_a_line() {
    let change = Rule::groups(["a"]).operations(Operation::Update);
    let remove = Rule::groups(["b"]).operations(Operation::Delete);
    // Without rules of fields the legend says it: to remove a value takes both.
    let as_record = granted(&note(vec![field("title")], vec![change.clone(), remove.clone()]));
    assert_eq!(as_record, ["group a: no no yes no", "group b: no no no yes"]);

    let body = field("body").guarded(vec![change, remove]);
    let guarded = granted(&note(vec![field("title"), body], vec![]));
    let expected = [
        "group a: no no yes* no",
        "group a + group b: no no yes* no",
        "group a: no no yes no",
        "group a + group b: no no yes yes",
    ];
    assert_eq!(guarded, expected);
}

/// Why pairs are enough: the most that a combination of roles may do, two of them may.
#[test]
fn three_roles_do_nothing_that_no_two_of_them_do() {
    let grants: [Operations; 4] = [
        Operation::Update.into(),
        Operation::Delete.into(),
        [Operation::Create, Operation::Get].into(),
        Operations::ALL,
    ];
    let rules = [Rule::owner(), Rule::groups(["a"]), Rule::groups_in("team")];
    // Each digit of a number chooses what one rule grants, or that it is not there.
    let chosen = |mut number: usize| {
        let mut chosen = Vec::new();
        for rule in &rules {
            chosen.extend(grants.get(number % 5).map(|granted| rule.clone().operations(*granted)));
            number /= 5;
        }
        chosen
    };
    let mut asked = 0;
    for on_model in (0..125).step_by(3) {
        for on_field in (0..125).step_by(7) {
            let fields = vec![field("title"), field("body").guarded(chosen(on_field))];
            let model = note(fields, chosen(on_model));
            let matrix = matrix_of(&model);
            let access = matrix.model("Note").unwrap();
            let known = Role::named_by(&model).unwrap();
            if known.len() < 3 {
                continue;
            }
            asked += 1;
            let together = Caller::in_roles(&known).unwrap();
            let together = Grants::of(&Authorizer::new().trust_identity_pool(), &model, &together, &known);
            for deed in access.deeds() {
                let level = |row: &matrix::Row| row.grants.level(&deed);
                let best = access.rows.iter().map(level).max().unwrap_or(Level::No);
                assert!(together.level(&deed) <= best, "{deed:?} of {model:?}");
            }
        }
    }
    assert!(asked > 500, "{asked}");
}

#[test]
fn nobody_may_do_anything_under_any_rules() {
    let open = [Rule::owner(), Rule::private(), Rule::public(), Rule::custom(), Rule::groups(["a"])];
    let matrix = matrix_of(&note(vec![field("title")], open.to_vec()));
    let nobody = Caller::in_roles(&[Role::Nobody]).unwrap();
    let access = matrix.model("Note").unwrap();
    let row = access.row(&nobody).unwrap();
    assert!(access.deeds().all(|deed| row.grants.level(&deed) == Level::No));
}

/// What changed, one line each: `opened where, who, what: before -> after`.
fn changed(old: &[Arc<Model>], new: &[Arc<Model>]) -> Vec<String> {
    let changes = compare(old, new).unwrap();
    let line = |way: &str, change: &changes::Change| {
        let who = change.caller.roles().iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ");
        let field = change.field.as_ref().map(|field| format!(".{field}")).unwrap_or_default();
        format!(
            "{way} {}{field}, {who}, {}: {} -> {}",
            change.model, change.what, change.before, change.after
        )
    };
    let opened = changes.opened.iter().map(|change| line("opened", change));
    opened.chain(changes.closed.iter().map(|change| line("closed", change))).collect()
}

#[test]
fn what_changed_is_said_once_where_it_changed() {
    let read = Operations::READ;
    let title = || vec![field("title"), field("body")];
    let guarded = |rules| vec![field("title"), field("body").guarded(rules)];
    let owner = Rule::owner;
    let table: Vec<(Arc<Model>, Arc<Model>, &[&str])> = vec![
        (note(title(), vec![owner()]), note(title(), vec![owner()]), &[]),
        // One more reader, for all fields and all that read.
        (
            note(title(), vec![owner()]),
            note(title(), vec![owner(), Rule::public().operations(read)]),
            &["opened Note, API key, read: no -> yes"],
        ),
        (
            note(title(), vec![Rule::private().operations(read)]),
            note(title(), vec![Rule::private().operations(Operation::Get)]),
            &[
                "closed Note, signed in, list: yes -> no",
                "closed Note, signed in, sync: yes -> no",
                "closed Note, signed in, listen: yes -> no",
                "closed Note, signed in, search: yes -> no",
            ],
        ),
        // A role that one of the schemas does not know is asked about in both.
        (
            note(title(), vec![Rule::groups(["a"]).operations(read)]),
            note(title(), vec![Rule::groups(["b"]).operations(read)]),
            &["opened Note, group b, read: no -> yes", "closed Note, group a, read: yes -> no"],
        ),
        (
            note(title(), vec![owner()]),
            note(title(), vec![Rule::private()]),
            &[
                "opened Note, owner, create: own -> yes",
                "opened Note, owner, update: own -> yes",
                "opened Note, owner, delete: own -> yes",
                "opened Note, owner, read: own -> yes",
                "opened Note, signed in, create: no -> yes",
                "opened Note, signed in, update: no -> yes",
                "opened Note, signed in, delete: no -> yes",
                "opened Note, signed in, read: no -> yes",
            ],
        ),
        // The same rules in another order and another notation.
        (
            note(title(), vec![owner(), Rule::groups(["a", "b"])]),
            note(title(), vec![Rule::groups(["b"]), owner(), Rule::groups(["a"])]),
            &[],
        ),
        // One field.
        (
            note(guarded(vec![owner()]), vec![Rule::private().operations(read), owner()]),
            note(title(), vec![Rule::private().operations(read), owner()]),
            &["opened Note.body, owner, read: own -> yes", "opened Note.body, signed in, read: no -> yes"],
        ),
        (
            note(title(), vec![owner()]),
            note(guarded(vec![owner().operations(read)]), vec![owner()]),
            &[
                "closed Note, owner, delete: own -> no",
                "closed Note.body, owner, create: own -> no",
                "closed Note.body, owner, update: own -> no",
            ],
        ),
        // A new field goes with its record.
        (note(vec![field("title")], vec![owner()]), note(title(), vec![owner()]), &[]),
        // But not if it lets somebody in who was outside.
        (
            note(vec![field("title")], vec![owner()]),
            note(guarded(vec![Rule::public().operations(read)]), vec![owner()]),
            &["opened Note, API key, read: no -> yes", "closed Note, owner, delete: own -> no"],
        ),
        // What two roles may do together.
        (
            note(guarded(vec![Rule::groups(["a"]).operations(Operation::Update)]), vec![]),
            note(
                guarded(vec![
                    Rule::groups(["a"]).operations(Operation::Update),
                    Rule::groups(["b"]).operations(Operation::Delete),
                ]),
                vec![],
            ),
            &["opened Note.body, group a + group b, delete: no -> yes"],
        ),
    ];
    for (index, (old, new, expected)) in table.iter().enumerate() {
        assert_eq!(changed(&[Arc::clone(old)], &[Arc::clone(new)]), *expected, "case {index}");
    }
}

#[test]
fn a_new_model_is_open_to_whoever_may_use_it_and_one_that_went_is_closed() {
    let public = note(vec![field("title")], vec![Rule::public().operations(Operations::READ)]);
    let closed = note(vec![field("title")], vec![]);
    assert_eq!(changed(&[], std::slice::from_ref(&public)), ["opened Note, API key, read: no -> yes"]);
    assert_eq!(changed(std::slice::from_ref(&public), &[]), ["closed Note, API key, read: yes -> no"]);
    assert_eq!(changed(&[], &[closed]), [""; 0]);
    let written = table::changes(&compare(&[], &[public]).unwrap(), Style::Text);
    let expected = "\
opened        who      what  before  after
  Note (new)  API key  read  no      yes

1 opened, nothing closed
";
    assert_eq!(written, expected);
}

#[test]
fn what_opened_on_the_way_there_closes_on_the_way_back() {
    let schemas = [
        note(vec![field("title")], vec![Rule::owner()]),
        note(vec![field("title")], vec![Rule::owner(), Rule::groups(["a"]).operations(Operations::READ)]),
        note(vec![field("title").guarded(vec![Rule::owner()]), field("body")], vec![Rule::private()]),
        note(vec![], vec![Rule::groups_in("team")]),
    ];
    for old in &schemas {
        for new in &schemas {
            let there = compare(&[Arc::clone(old)], &[Arc::clone(new)]).unwrap();
            let back = compare(&[Arc::clone(new)], &[Arc::clone(old)]).unwrap();
            assert_eq!(there.opened.len(), back.closed.len());
            assert_eq!(there.closed.len(), back.opened.len());
        }
    }
}

#[test]
fn a_bar_in_a_name_does_not_end_a_cell_of_markdown() {
    let written = table::matrix(&matrix_of(&note(vec![], vec![Rule::groups(["a|b"])])), Style::Markdown);
    assert!(written.contains("\n| group a\\|b | yes | yes | yes | yes |\n"), "{written}");
}

#[test]
fn json_has_every_operation_and_every_field() {
    let secret = field("secret").guarded(vec![Rule::owner()]);
    let model =
        note(vec![field("title"), secret], vec![Rule::owner(), Rule::private().operations(Operations::READ)]);
    let json = json::matrix(&matrix_of(&model));
    let signed_in = json["models"][0]["callers"].as_array().unwrap();
    let signed_in = signed_in.iter().find(|row| row["roles"][0]["kind"] == "signedIn").unwrap();
    assert_eq!(json["models"][0]["model"], "Note");
    assert_eq!(signed_in["roles"][0]["provider"], "userPools");
    for operation in Operation::ALL {
        let expected = if operation.is_read() { "yes" } else { "no" };
        assert_eq!(signed_in["operations"][operation.name()], expected, "{operation}");
    }
    for action in Action::ALL {
        let title = if action == Action::Read { "yes" } else { "no" };
        assert_eq!(signed_in["fields"]["title"][action.name()], title);
        assert_eq!(signed_in["fields"]["secret"][action.name()], "no");
    }
    let changes = json::changes(&compare(&[], &[model]).unwrap());
    let opened = changes["opened"].as_array().unwrap();
    assert!(opened.iter().any(|change| change["in"] == "new"
        && change["field"].is_null()
        && change["roles"][0]["kind"] == "owner"
        && (change["operation"].as_str(), change["before"].as_str(), change["after"].as_str())
            == (Some("create"), Some("no"), Some("own"))));
    assert_eq!(changes["closed"], serde_json::json!([]));
}
