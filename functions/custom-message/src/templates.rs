use portcullis_events::MessageSource;
use portcullis_trigger::ConfigErrors;
use serde_json::error::Category;

use crate::{Language, members::Members, message_template::MessageTemplate};

/// The messages that Cognito lets a function write.
const SOURCES: [(&str, MessageSource); 7] = [
    ("SignUp", MessageSource::SignUp),
    ("AdminCreateUser", MessageSource::AdminCreateUser),
    ("ResendCode", MessageSource::ResendCode),
    ("ForgotPassword", MessageSource::ForgotPassword),
    ("UpdateUserAttribute", MessageSource::UpdateUserAttribute),
    ("VerifyUserAttribute", MessageSource::VerifyUserAttribute),
    ("Authentication", MessageSource::Authentication),
];

type InLanguage = Members<Members<Members<String>>>;

/// All templates, by language and by message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Templates {
    // INVARIANT: the first is the default.
    languages: Vec<LanguageTemplates>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct LanguageTemplates {
    language: Language,
    messages: Vec<(MessageSource, MessageTemplate)>,
}

impl Templates {
    /// Reads the JSON that `variable` holds or leads to. What is wrong is pushed, all of it; there are templates nevertheless.
    pub(crate) fn read(
        variable: &'static str,
        json: &str,
        default: Option<&str>,
        attributes: &[String],
        errors: &mut ConfigErrors,
    ) -> Self {
        let members: InLanguage = match serde_json::from_str(json) {
            Ok(members) => members,
            Err(error) => {
                // serde's own words may repeat what is there.
                let problem = match error.classify() {
                    Category::Data => "is not languages of messages of texts",
                    Category::Eof => "ends too early",
                    Category::Syntax | Category::Io => "is no JSON",
                };
                errors
                    .push(variable, format!("{problem} at line {}, column {}", error.line(), error.column()));
                return Self { languages: Vec::new() };
            }
        };
        let mut languages: Vec<LanguageTemplates> = Vec::new();
        for (index, (tag, messages)) in members.0.into_iter().enumerate() {
            let Some(language) = Language::parse(&tag) else {
                errors.push(variable, format!("member {} is no language tag, such as `en`", index + 1));
                continue;
            };
            if languages.iter().any(|earlier| earlier.language == language) {
                errors.push(variable, format!("has the language {} twice", language.as_str()));
            }
            let messages = read_messages(variable, &language, messages, attributes, errors);
            languages.push(LanguageTemplates { language, messages });
        }
        if languages.is_empty() {
            errors.push(variable, "has no language");
        }
        put_first(default, &mut languages, errors);
        Self { languages }
    }

    /// The template of a message, and its language: the first of these languages that has one, each as narrow as it is written
    /// and then wider, and the default at last.
    pub(crate) fn find<'w>(
        &self,
        source: MessageSource,
        wanted: impl IntoIterator<Item = &'w Language>,
    ) -> Option<(&Language, &MessageTemplate)> {
        let known = |tag: &str| self.languages.iter().find(|known| known.language.as_str() == tag);
        wanted
            .into_iter()
            .flat_map(Language::widening)
            .find_map(|tag| known(tag)?.message(source))
            .or_else(|| self.languages.first()?.message(source))
    }
}

impl LanguageTemplates {
    fn message(&self, source: MessageSource) -> Option<(&Language, &MessageTemplate)> {
        let (_, template) = self.messages.iter().find(|(known, _)| *known == source)?;
        Some((&self.language, template))
    }
}

fn read_messages(
    variable: &'static str,
    language: &Language,
    members: Members<Members<String>>,
    attributes: &[String],
    errors: &mut ConfigErrors,
) -> Vec<(MessageSource, MessageTemplate)> {
    let language = language.as_str();
    let mut messages: Vec<(MessageSource, MessageTemplate)> = Vec::new();
    for (index, (name, texts)) in members.0.into_iter().enumerate() {
        let Some((name, source)) = SOURCES.into_iter().find(|(known, _)| *known == name) else {
            let known = SOURCES.map(|(known, _)| known).join(", ");
            errors.push(variable, format!("in {language}: member {} is none of {known}", index + 1));
            continue;
        };
        if messages.iter().any(|(earlier, _)| *earlier == source) {
            errors.push(variable, format!("in {language}: {name} is there twice"));
        }
        let before = errors.errors().len();
        let template = MessageTemplate::read(source, texts, attributes, |member, problem| {
            let place = if member.is_empty() { name.to_owned() } else { format!("{name}.{member}") };
            errors.push(variable, format!("in {language}.{place}: {problem}"));
        });
        if template.is_empty() && errors.errors().len() == before {
            errors.push(variable, format!("in {language}.{name}: there is neither `email` nor `sms`"));
        }
        messages.push((source, template));
    }
    messages
}

/// Puts the default language first.
fn put_first(default: Option<&str>, languages: &mut [LanguageTemplates], errors: &mut ConfigErrors) {
    let Some(default) = default else {
        if languages.len() > 1 {
            errors.push("DEFAULT_LANGUAGE", "is missing: there are several languages");
        }
        return;
    };
    let language = Language::parse(default);
    match languages.iter().position(|known| Some(&known.language) == language.as_ref()) {
        Some(position) => {
            if let Some(before) = languages.get_mut(..=position) {
                before.rotate_right(1);
            }
        }
        None => errors.push("DEFAULT_LANGUAGE", "is none of the languages of the templates"),
    }
}
