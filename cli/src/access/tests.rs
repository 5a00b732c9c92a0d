use std::sync::Arc;

use portcullis_rules::{Authorizer, Field, GroupName, Model, Operation, Operations, Provider, Rule};

use super::{
    call::Call,
    caller::Caller,
    grants::{Action, Grants, Level},
    role::Role,
    *,
};

fn note(fields: Vec<Field>, rules: Vec<Rule>) -> Arc<Model> {
    Arc::new(Model::new("Note", fields, rules).unwrap())
}

fn guarded(models: &[Arc<Model>]) -> Guarded {
    Guarded { models: models.to_vec(), calls: Vec::new() }
}

fn matrix_of(model: &Arc<Model>) -> AccessMatrix {
    let guarded = guarded(std::slice::from_ref(model));
    AccessMatrix::of(&guarded, &Audience::of([&guarded]).unwrap())
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
        // A group that is named by a claim of its members.
        (
            vec![],
            vec![Rule::groups([GroupName::parse("tenant-{custom:tenant}").unwrap()]).operations(read)],
            &["group tenant-{custom:tenant}: no yes no no"],
        ),
        // Each part alone is nothing.
        (
            vec![],
            vec![Rule::all([
                Rule::owner_in("tenant").claim("custom:tenant").strategy,
                Rule::groups(["editors", "admins"]).strategy,
            ])],
            &[
                "owner in tenant by custom:tenant + group editors: own own own own",
                "owner in tenant by custom:tenant + group admins: own own own own",
            ],
        ),
        (
            vec![Field::list("teams")],
            vec![
                Rule::all([
                    Rule::owner().strategy,
                    Rule::groups(["a"]).strategy,
                    Rule::groups_in("teams").strategy,
                ])
                .operations([Operation::Create, Operation::Update]),
                Rule::groups(["a"]).operations(read),
            ],
            &["group a: no yes no no", "owner + group a + group in teams: own yes own no"],
        ),
        // To change takes one rule, to remove another; the legend says it.
        (
            vec![],
            vec![
                Rule::all([Rule::private().strategy, Rule::groups(["a"]).strategy]),
                Rule::all([Rule::public().provider(pool).strategy, Rule::private().strategy]).provider(pool),
            ],
            &["group a: yes yes yes yes"],
        ),
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

/// Why pairs are enough: the most that a combination of roles may do, some caller may whom two rules admit.
#[test]
fn whoever_is_in_all_roles_does_nothing_that_no_row_does() {
    let grants: [Operations; 4] = [
        Operation::Update.into(),
        Operation::Delete.into(),
        [Operation::Create, Operation::Get].into(),
        Operations::ALL,
    ];
    let together = Rule::all([Rule::owner().strategy, Rule::groups_in("team").strategy]);
    let rules = [Rule::owner(), Rule::groups(["a"]), Rule::groups_in("team"), together];
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
    for on_model in (0..625).step_by(11) {
        for on_field in (0..625).step_by(23) {
            let fields = vec![field("title"), field("body").guarded(chosen(on_field))];
            let model = note(fields, chosen(on_model));
            let matrix = matrix_of(&model);
            let access = matrix.model("Note").unwrap();
            let mut known = Vec::new();
            role::add(&mut known, Role::named_by(&model).unwrap().concat());
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
    changes_between(&guarded(old), &guarded(new))
}

fn changes_between(old: &Guarded, new: &Guarded) -> Vec<String> {
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
fn what_an_and_opens_is_said_for_those_in_all_of_its_roles() {
    let editors = || Rule::groups(["editors"]).strategy;
    let of_tenant = |operations: Operations| {
        let tenant = Rule::owner_in("tenant").claim("custom:tenant").strategy;
        Rule::all([tenant, editors()]).operations(operations)
    };
    let read = Operations::READ;
    let models = |rules: Vec<Rule>| [note(vec![field("title")], rules)];
    let both = "owner in tenant by custom:tenant + group editors";
    let table: Vec<(Vec<Rule>, Vec<Rule>, Vec<String>)> = vec![
        (vec![], vec![of_tenant(read)], vec![format!("opened Note, {both}, read: no -> own")]),
        (vec![of_tenant(read)], vec![], vec![format!("closed Note, {both}, read: own -> no")]),
        (
            vec![of_tenant(read)],
            vec![Rule { strategy: editors(), ..of_tenant(read) }],
            vec![
                "opened Note, group editors, read: no -> yes".to_owned(),
                format!("opened Note, {both}, read: own -> yes"),
            ],
        ),
        // What one of the roles may do alone, it may do together with others.
        (vec![Rule::private()], vec![Rule::private(), of_tenant(read)], vec![]),
        (
            vec![Rule::groups(["editors"])],
            vec![Rule::groups([GroupName::parse("{custom:tenant}-editors").unwrap()]).operations(read)],
            vec![
                "opened Note, group {custom:tenant}-editors, read: no -> yes".to_owned(),
                "closed Note, group editors, create: yes -> no".to_owned(),
                "closed Note, group editors, update: yes -> no".to_owned(),
                "closed Note, group editors, delete: yes -> no".to_owned(),
                "closed Note, group editors, read: yes -> no".to_owned(),
            ],
        ),
    ];
    for (old, new, expected) in table {
        assert_eq!(changed(&models(old), &models(new)), expected);
    }
}

fn call(type_name: &str, field: &str, rules: Option<Vec<Rule>>) -> Call {
    let model = |rules| Arc::new(Model::new(format!("{type_name}:{field}"), vec![], rules).unwrap());
    Call { type_name: type_name.to_owned(), field: field.to_owned(), rules: rules.map(model) }
}

#[test]
fn a_custom_field_has_a_table_of_who_may_call_it() {
    let both = Rule::all([Rule::groups(["a"]).strategy, Rule::groups(["b"]).strategy]);
    let calls = vec![
        call("Query", "open", None),
        call("Mutation", "closed", Some(vec![])),
        call("Query", "hello", Some(vec![both, Rule::groups(["c"]), Rule::public()])),
        call("Report", "secret", Some(vec![Rule::private()])),
    ];
    let guarded = Guarded { models: vec![], calls };
    let matrix = AccessMatrix::of(&guarded, &Audience::of([&guarded]).unwrap());
    let written = table::matrix(&matrix, Style::Text);
    let (tables, _) = written.split_once("\n\nyes  ").unwrap();
    let expected = "\
Query.open   call
  signed in  yes
  API key    no
  nobody     no

Mutation.closed  call
  signed in      no
  API key        no
  nobody         no

Query.hello          call
  group a            no
  group b            no
  group c            yes
  signed in          no
  API key            yes
  nobody             no
  group a + group b  yes

Report.secret  read
  signed in    yes
  API key      no
  nobody       no";
    assert_eq!(tables, expected);
    let json = json::matrix(&matrix);
    let hello = &json["customFields"][2];
    assert_eq!((hello["type"].as_str(), hello["field"].as_str()), (Some("Query"), Some("hello")));
    let both =
        hello["callers"].as_array().unwrap().iter().find(|row| row["roles"].as_array().unwrap().len() == 2);
    assert_eq!(both.unwrap()["call"], "yes");
    assert_eq!(json["customFields"][3]["callers"][0]["read"], "yes");
}

#[test]
fn a_custom_field_that_more_may_call_has_opened() {
    let calls = |calls: Vec<Call>| Guarded { models: vec![], calls };
    let hello = |rules: Option<Vec<Rule>>| calls(vec![call("Query", "hello", rules)]);
    let both = || Rule::all([Rule::groups(["a"]).strategy, Rule::groups(["b"]).strategy]);
    let admins = || Rule::groups(["admins"]);
    let table: [(Guarded, Guarded, &[&str]); 8] = [
        (hello(None), hello(None), &[]),
        (hello(None), hello(Some(vec![Rule::private()])), &[]),
        (hello(Some(vec![])), hello(None), &["opened Query.hello, signed in, call: no -> yes"]),
        (hello(Some(vec![admins()])), hello(None), &["opened Query.hello, signed in, call: no -> yes"]),
        (hello(Some(vec![admins()])), hello(Some(vec![admins(), Rule::owner()])), &[]),
        (
            hello(Some(vec![])),
            hello(Some(vec![both()])),
            &["opened Query.hello, group a + group b, call: no -> yes"],
        ),
        (calls(vec![]), hello(Some(vec![Rule::public()])), &["opened Query.hello, API key, call: no -> yes"]),
        (hello(Some(vec![Rule::public()])), calls(vec![]), &["closed Query.hello, API key, call: yes -> no"]),
    ];
    for (index, (old, new, expected)) in table.iter().enumerate() {
        assert_eq!(changes_between(old, new), *expected, "case {index}");
    }
}

#[test]
fn a_new_model_is_open_to_whoever_may_use_it_and_one_that_went_is_closed() {
    let public = note(vec![field("title")], vec![Rule::public().operations(Operations::READ)]);
    let closed = note(vec![field("title")], vec![]);
    assert_eq!(changed(&[], std::slice::from_ref(&public)), ["opened Note, API key, read: no -> yes"]);
    assert_eq!(changed(std::slice::from_ref(&public), &[]), ["closed Note, API key, read: yes -> no"]);
    assert_eq!(changed(&[], &[closed]), [""; 0]);
    let written = table::changes(&compare(&guarded(&[]), &guarded(&[public])).unwrap(), Style::Text);
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
            let (old, new) = (guarded(&[Arc::clone(old)]), guarded(&[Arc::clone(new)]));
            let (there, back) = (compare(&old, &new).unwrap(), compare(&new, &old).unwrap());
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
    let changes = json::changes(&compare(&guarded(&[]), &guarded(&[model])).unwrap());
    let opened = changes["opened"].as_array().unwrap();
    assert!(opened.iter().any(|change| change["in"] == "new"
        && change["field"].is_null()
        && change["roles"][0]["kind"] == "owner"
        && (change["operation"].as_str(), change["before"].as_str(), change["after"].as_str())
            == (Some("create"), Some("no"), Some("own"))));
    assert_eq!(changes["closed"], serde_json::json!([]));
}

#[test]
fn where_very_many_roles_are_named_callers_in_two_are_left_out_and_told_of() {
    let owners = |count: usize| -> Vec<Rule> {
        (0..count).map(|number| Rule::owner_in(format!("o{number}"))).collect()
    };
    // Three roles are asked about everywhere.
    let most = matrix::MAX_COMBINED - 3;
    let few = matrix_of(&note(vec![], owners(most)));
    assert!(few.only_alone.is_empty() && few.models[0].rows.len() > most + 3);
    let many = matrix_of(&note(vec![], owners(most + 1)));
    assert_eq!((many.only_alone.as_slice(), many.models[0].rows.len()), (&["Note".to_owned()][..], most + 4));
    let written = table::matrix(&many, Style::Text);
    assert!(written.ends_with("callers in two roles at once of Note.\n"), "{written}");
    assert_eq!(json::matrix(&many)["rolesNotCombined"], serde_json::json!(["Note"]));
    let changes = Changes::between(&many, &few);
    assert!(table::changes(&changes, Style::Text).ends_with("of Note.\n"));
}

#[test]
fn forty_roles_on_twenty_fields_are_answered() {
    let fields: Vec<Field> = (0..20).map(|number| field(&format!("f{number}"))).collect();
    let rules = (0..40).map(|number| Rule::owner_in(format!("o{number}"))).collect();
    assert_eq!(matrix_of(&note(fields, rules)).models[0].telling_rows().count(), 43);
}
