//! The callers of Amplify's own decisions who have AWS credentials, through every door that such callers come by.
//!
//! Each case is answered in this process first, which `tests/conformance` compares with the reference in every detail. A door must give
//! that answer again, and what it decides is compared with the reference once more: it may only be stricter, and only where the lists in
//! `tests/conformance` say so.

mod cases;
mod doors;

use std::collections::BTreeMap;

use portcullis_rules::Provider;
use serde_json::Value;

use self::{
    cases::{Cases, Line},
    doors::{AppSyncDoor, Event, EventDoor, SignedDoor},
};
use crate::decide::{Endpoint, Ready};

/// How the cases of a door have ended.
#[derive(Debug, Default)]
struct Verdict {
    /// By decision.
    told: BTreeMap<String, usize>,
    /// How many decisions differ from those of the reference, as listed.
    listed: usize,
    /// How many are refused because the door tells less about the caller.
    refused_more: usize,
    /// How many the door refuses before this project is asked.
    kept_out: usize,
    mistakes: Vec<String>,
}

impl Verdict {
    /// Compares what a door has told with what was told in this process, and with the reference.
    fn judge(&mut self, cases: &Cases, line: &Line, in_process: &Value, told: &Value) {
        let (in_process, told) = (comparable(in_process), comparable(told));
        if in_process != told {
            self.mistakes.push(format!("{}: {told}, but in this process {in_process}", line.id));
        }
        self.judge_decision(cases, line, decision(&told));
    }

    fn judge_decision(&mut self, cases: &Cases, line: &Line, told: &str) {
        *self.told.entry(told.to_owned()).or_default() += 1;
        let expected = decision(&line.expected);
        if told == expected {
            return;
        }
        let openness = |word: &str| ["allow", "error"].iter().position(|it| *it == word).unwrap_or(2);
        if openness(told) < openness(expected) {
            self.mistakes.push(format!("{}: MORE OPEN: {told}, but {}", line.id, line.expected));
        } else if cases.is_listed(&line.id) {
            self.listed += 1;
        } else {
            self.mistakes.push(format!("{}: {told}, not listed, but {}", line.id, line.expected));
        }
    }

    fn summary(self) -> String {
        let Self { told, listed, refused_more, kept_out, mistakes } = self;
        let told: Vec<String> = told.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let mut text = format!("{}; {listed} of them stricter, as listed", told.join(", "));
        for (count, why) in
            [(refused_more, "refused, for the door tells less"), (kept_out, "refused by the door itself")]
        {
            if count > 0 {
                text.push_str(&format!("; {count} {why}"));
            }
        }
        if !mistakes.is_empty() {
            let shown: Vec<&str> = mistakes.iter().take(20).map(String::as_str).collect();
            text.push_str(&format!("; {} mistakes:\n{}\n", mistakes.len(), shown.join("\n")));
        }
        text
    }
}

#[tokio::test]
async fn callers_with_credentials_get_the_decisions_of_the_reference_at_every_door() {
    let mut run = Run { cases: Cases::read(), endpoint: Endpoint::start().await.unwrap() };
    let (signed, events) = (SignedDoor::open(&run.cases.callers()).await, EventDoor::open());
    let (mut requests, mut subscriptions, mut resolvers) =
        (Verdict::default(), Verdict::default(), Verdict::default());
    let [mut rest, mut http, mut url] = [(); 3].map(|()| Verdict::default());
    for line in run.cases.take() {
        let mut ready = run.ready(&line).await;
        let in_process = in_process(&ready).await;
        if line.is_subscription() {
            let told = signed.subscribe(&ready).await;
            match &in_process {
                // Which events are told is asked in this process.
                Some(in_process) => subscriptions.judge(&run.cases, &line, in_process, &told),
                None => subscriptions.judge_decision(&run.cases, &line, decision(&told)),
            }
        }
        match &in_process {
            Some(in_process) if line.is_request() => {
                ready = run.again(&line, ready, in_process).await;
                let (status, mut last) = signed.ask(&ready).await;
                assert_eq!(status, 200, "{}: {last}", line.id);
                requests.judge(&run.cases, &line, in_process, &last);
                // The others would say no more about events: who is told of in them, they tell of as well.
                if line.is_given() {
                    for (event, verdict) in [(Event::RestApi, &mut rest), (Event::HttpApi, &mut http)] {
                        ready = run.again(&line, ready, &last).await;
                        last = events.ask(&ready, event).await;
                        verdict.judge(&run.cases, &line, in_process, &last);
                    }
                    ready = run.again(&line, ready, &last).await;
                    last = events.ask(&ready, Event::FunctionUrl).await;
                    // It says nothing of identity pools: who is not known by the role is refused.
                    match decision(&last) == "deny" && decision(in_process) != "deny" {
                        true => url.refused_more += 1,
                        false => url.judge_decision(&run.cases, &line, decision(&last)),
                    }
                }
                ready = run.again(&line, ready, &last).await;
            }
            None if line.is_request() => {
                // An API without this way in says so before it looks at the request. No function would be asked.
                assert_eq!(signed.ask(&ready).await, (401, Value::Null), "{}", line.id);
                requests.judge_decision(&run.cases, &line, "deny");
            }
            _ => {}
        }
        match line.is_kept_out() {
            true => resolvers.kept_out += 1,
            false => {
                let told = AppSyncDoor::ask(&ready).await;
                resolvers.judge_decision(&run.cases, &line, told);
            }
        }
    }
    let told = [
        ("signed requests", requests),
        ("signed subscriptions", subscriptions),
        ("events of a REST API", rest),
        ("events of an HTTP API", http),
        ("events of a function URL", url),
        ("events of AppSync", resolvers),
    ]
    .map(|(door, verdict)| format!("{door}: {}", verdict.summary()));
    told.iter().for_each(|line| println!("{line}"));
    // Every case is where it was, and none is lost.
    let expected = [
        "signed requests: 228 allow, 538 deny, 46 error; 34 of them stricter, as listed",
        "signed subscriptions: 86 allow, 132 deny; 0 of them stricter, as listed",
        "events of a REST API: 71 allow, 240 deny, 6 error; 0 of them stricter, as listed",
        "events of an HTTP API: 71 allow, 240 deny, 6 error; 0 of them stricter, as listed",
        "events of a function URL: 61 allow, 240 deny, 6 error; 0 of them stricter, as listed; 10 refused, for the door tells less",
        "events of AppSync: 327 allow, 318 deny, 46 error; 35 of them stricter, as listed; 389 refused by the door itself",
    ];
    assert_eq!(told, expected);
}

struct Run {
    cases: Cases,
    endpoint: Endpoint,
}

impl Run {
    async fn ready<'c>(&mut self, line: &'c Line) -> Ready<'c> {
        self.endpoint.ready(self.cases.catalogue(line), &line.case).await.unwrap()
    }

    /// The same once more: on new records, if the last answer may have changed them.
    async fn again<'c>(&mut self, line: &'c Line, ready: Ready<'c>, last: &Value) -> Ready<'c> {
        match ready.asked.of == "Mutation" && !["deny", "invalid"].contains(&decision(last)) {
            true => self.ready(line).await,
            false => ready,
        }
    }
}

/// The answer in this process; nothing if the API has no such way in.
async fn in_process(ready: &Ready<'_>) -> Option<Value> {
    match ready.api.settings.modes.contains(&Provider::IdentityPool) {
        true => Some(ready.answer().await.unwrap()),
        false => None,
    }
}

fn decision(answer: &Value) -> &str {
    answer["decision"].as_str().unwrap_or_default()
}

/// What is the same each time: without made ids, times, tokens of pages, and what only this process tells.
fn comparable(answer: &Value) -> Value {
    let mut answer = plain(answer);
    if let Some(answer) = answer.as_object_mut() {
        answer.retain(|name, _| !["effective", "delivered", "id"].contains(&name.as_str()));
    }
    answer
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept =
                members.iter().filter(|(name, _)| !["createdAt", "updatedAt"].contains(&name.as_str()));
            kept.map(|(name, value)| match (name.as_str(), value) {
                ("nextToken", Value::String(_)) => (name.clone(), "token".into()),
                _ => (name.clone(), plain(value)),
            })
            .collect()
        }
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok() => "made".into(),
        value => value.clone(),
    }
}
