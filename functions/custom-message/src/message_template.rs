use portcullis_events::{CustomMessage, MessageSource};

use crate::{
    Words,
    members::Members,
    template::{Format, Template},
};

/// How many characters Cognito takes.
const LONGEST_SUBJECT: usize = 140;
const LONGEST_EMAIL: usize = 20_000;
const LONGEST_SMS: usize = 140;

/// The words of one message in one language: by e-mail, by text message, or both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MessageTemplate {
    email: Option<(Template, Template)>,
    sms: Option<Template>,
}

impl MessageTemplate {
    /// Reads the members of a message. Mistakes are pushed, each with its member.
    pub(crate) fn read(
        source: MessageSource,
        members: Members<String>,
        attributes: &[String],
        mut mistake: impl FnMut(&str, String),
    ) -> Self {
        let (mut subject, mut email, mut sms) = (None, None, None);
        for (index, (name, text)) in members.0.into_iter().enumerate() {
            let (name, slot) = match name.as_str() {
                "subject" => ("subject", &mut subject),
                "email" => ("email", &mut email),
                "sms" => ("sms", &mut sms),
                _ => {
                    mistake("", format!("member {} is none of `subject`, `email`, `sms`", index + 1));
                    continue;
                }
            };
            if slot.is_some() {
                mistake(name, "is there twice".to_owned());
            }
            match Template::parse(&text, attributes) {
                Ok(template) => *slot = Some(template),
                Err(error) => mistake(name, error.to_string()),
            }
        }
        let problems = [
            ("subject", subject.as_ref().map(subject_problems)),
            ("email", email.as_ref().map(|body| email_problems(body, source))),
            ("sms", sms.as_ref().map(|text| sms_problems(text, source))),
        ];
        for (name, problems) in problems {
            problems.into_iter().flatten().for_each(|problem| mistake(name, problem));
        }
        let email = match (subject, email) {
            (Some(subject), Some(body)) => Some((subject, body)),
            (None, None) => None,
            (Some(_), None) => {
                mistake("subject", "needs an `email`".to_owned());
                None
            }
            (None, Some(_)) => {
                mistake("email", "needs a `subject`".to_owned());
                None
            }
        };
        Self { email, sms }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.email.is_none() && self.sms.is_none()
    }

    /// The words for an event. `None` if they want a link and the pool sends codes.
    pub(crate) fn render(&self, message: &CustomMessage<'_>) -> Option<Words> {
        let email = match &self.email {
            Some((subject, body)) => {
                Some((subject.render(message, Format::Text)?, body.render(message, Format::Html)?))
            }
            None => None,
        };
        let sms = match &self.sms {
            Some(text) => Some(text.render(message, Format::Text)?),
            None => None,
        };
        Some(Words { email, sms })
    }
}

/// A subject is seen on locked screens, so there is no code in it.
fn subject_problems(subject: &Template) -> Vec<String> {
    let mut problems = Vec::new();
    if subject.is_blank() {
        problems.push("is blank".to_owned());
    }
    if subject.has_control_characters() {
        problems.push("has a line end or another control character".to_owned());
    }
    if subject.has_code() || subject.has_link() || subject.has_username() {
        problems.push("has a placeholder that is for the e-mail only".to_owned());
    }
    problems.extend(length_problem(subject, Format::Text, LONGEST_SUBJECT));
    problems
}

fn email_problems(body: &Template, source: MessageSource) -> Vec<String> {
    let mut problems = placeholder_problems(body, source);
    if source != MessageSource::AdminCreateUser && !body.has_code() && !body.has_link() {
        problems.push("has neither `{{code}}` nor `{{link}}`".to_owned());
    }
    problems.extend(length_problem(body, Format::Html, LONGEST_EMAIL));
    problems
}

fn sms_problems(text: &Template, source: MessageSource) -> Vec<String> {
    let mut problems = placeholder_problems(text, source);
    if text.has_link() {
        problems.push("has `{{link}}`, which is for e-mails".to_owned());
    }
    if source != MessageSource::AdminCreateUser && !text.has_code() {
        problems.push("has no `{{code}}`".to_owned());
    }
    problems.extend(length_problem(text, Format::Text, LONGEST_SMS));
    problems
}

fn placeholder_problems(template: &Template, source: MessageSource) -> Vec<String> {
    match source {
        MessageSource::AdminCreateUser if !template.has_code() || !template.has_username() => {
            vec!["needs both `{{code}}` and `{{username}}`".to_owned()]
        }
        MessageSource::AdminCreateUser => Vec::new(),
        _ if template.has_username() => {
            vec!["has `{{username}}`, which Cognito replaces for AdminCreateUser alone".to_owned()]
        }
        _ => Vec::new(),
    }
}

fn length_problem(template: &Template, format: Format, limit: usize) -> Option<String> {
    let longest = template.longest(format);
    (longest > limit).then(|| format!("can become {longest} characters long; {limit} is the limit"))
}
