use portcullis_events::{Attributes, CustomMessage};
use thiserror::Error;

/// A text with placeholders in double braces. Single braces are text: style sheets are full of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    /// `{{code}}`
    Code,
    /// `{{link}}`
    Link,
    /// `{{username}}`
    Username,
    /// `{{user.NAME}}`, or `{{user.NAME|OTHERWISE}}`.
    Attribute {
        name: String,
        otherwise: String,
    },
}

/// What a value goes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Html,
    Text,
}

/// What is wrong with a template, in words that do not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum TemplateError {
    #[error("a `{{{{` has no `}}}}`")]
    Unclosed,
    #[error(
        "the placeholder that begins at character {0} is none of `{{{{code}}}}`, `{{{{link}}}}`, `{{{{username}}}}`, `{{{{user.NAME}}}}`"
    )]
    Unknown(usize),
    #[error(
        "the placeholder that begins at character {0} names an attribute that USER_ATTRIBUTES does not list"
    )]
    NotAllowed(usize),
}

/// The longest value that is put into a message, in characters.
const LONGEST_VALUE: usize = 40;
/// How many characters a character of a value can become in HTML.
const LONGEST_ESCAPE: usize = "&quot;".len();
/// What Cognito's placeholders are long, with some room.
const LONGEST_CODE: usize = "{####}".len();
const LONGEST_USERNAME: usize = "{username}".len();
const LONGEST_LINK: usize = 100;

impl Template {
    /// Reads a template, which may show these attributes of the user and no other.
    pub(crate) fn parse(text: &str, attributes: &[String]) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let position = text.chars().count() - after.chars().count() - 1;
            let (inside, behind) = after.split_once("}}").ok_or(TemplateError::Unclosed)?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::parse(inside, position, attributes)?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    pub(crate) fn has_code(&self) -> bool {
        self.0.contains(&Part::Code)
    }

    pub(crate) fn has_link(&self) -> bool {
        self.0.contains(&Part::Link)
    }

    pub(crate) fn has_username(&self) -> bool {
        self.0.contains(&Part::Username)
    }

    /// If there is nothing to read in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.0.iter().all(|part| matches!(part, Part::Text(text) if text.trim().is_empty()))
    }

    pub(crate) fn has_control_characters(&self) -> bool {
        self.0.iter().any(|part| match part {
            Part::Text(text) | Part::Attribute { otherwise: text, .. } => text.contains(char::is_control),
            Part::Code | Part::Link | Part::Username => false,
        })
    }

    /// How many characters a message can become.
    pub(crate) fn longest(&self, format: Format) -> usize {
        let value = match format {
            Format::Html => LONGEST_VALUE * LONGEST_ESCAPE,
            Format::Text => LONGEST_VALUE,
        };
        let longest = |part: &Part| match part {
            Part::Text(text) => text.chars().count(),
            Part::Code => LONGEST_CODE,
            Part::Link => LONGEST_LINK,
            Part::Username => LONGEST_USERNAME,
            Part::Attribute { otherwise, .. } => value.max(otherwise.chars().count()),
        };
        self.0.iter().map(longest).sum()
    }

    /// The message. `None` if it wants a link where the pool sends codes.
    pub(crate) fn render(&self, message: &CustomMessage<'_>, format: Format) -> Option<String> {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Code => text.push_str(message.code_parameter()),
                Part::Link => text.push_str(message.link_parameter()?),
                Part::Username => text.push_str(message.username_parameter()),
                Part::Attribute { name, otherwise } => match usable(message.user_attributes(), name) {
                    Some(value) => push_value(&mut text, value, format),
                    None => text.push_str(otherwise),
                },
            }
        }
        Some(text)
    }
}

impl Part {
    fn parse(inside: &str, position: usize, attributes: &[String]) -> Result<Self, TemplateError> {
        match inside.trim() {
            "code" => return Ok(Self::Code),
            "link" => return Ok(Self::Link),
            "username" => return Ok(Self::Username),
            _ => {}
        }
        let (name, otherwise) = inside.split_once('|').unwrap_or((inside, ""));
        let name = name.trim().strip_prefix("user.").ok_or(TemplateError::Unknown(position))?;
        if !attributes.iter().any(|allowed| allowed == name) {
            return Err(TemplateError::NotAllowed(position));
        }
        Ok(Self::Attribute { name: name.to_owned(), otherwise: otherwise.trim().to_owned() })
    }
}

/// The value of an attribute, if it can be shown.
///
/// Whoever signs up writes the values and chooses to whom the message goes: a name that reads like an advertisement would be
/// sent by us to a stranger. So values are short, hold no line ends, nothing that turns the direction of writing, no braces
/// (Cognito's own placeholders have them), and nothing that mail programs make a link of, which an e-mail address may be.
fn usable<'e>(attributes: Attributes<'e>, name: &str) -> Option<&'e str> {
    let value = attributes.get(name)?.trim();
    let length = value.chars().count();
    let fits = (1..=LONGEST_VALUE).contains(&length) && !value.contains(is_odd);
    (fits && (name == "email" || !is_link(value))).then_some(value)
}

fn is_odd(character: char) -> bool {
    character.is_control()
        || matches!(character, '{' | '}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(character, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// If a mail program could make a link of it: something before and behind a dot without a blank, or what stands only in
/// addresses. `J. R. Smith` is a name.
fn is_link(value: &str) -> bool {
    let dotted = value.split_whitespace().any(|word| {
        let mut labels = word.trim_matches(|character: char| !character.is_alphanumeric()).split(is_dot);
        labels.next().is_some_and(|first| !first.is_empty()) && labels.next().is_some()
    });
    dotted || value.contains(['@', '/', ':', '\\'])
}

/// What stands for a dot in a domain (RFC 3490, section 3.1).
fn is_dot(character: char) -> bool {
    matches!(character, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}')
}

fn push_value(text: &mut String, value: &str, format: Format) {
    for character in value.chars() {
        match (format, character) {
            (Format::Html, '&') => text.push_str("&amp;"),
            (Format::Html, '<') => text.push_str("&lt;"),
            (Format::Html, '>') => text.push_str("&gt;"),
            (Format::Html, '"') => text.push_str("&quot;"),
            (Format::Html, '\'') => text.push_str("&#39;"),
            _ => text.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_events::Event;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn names() -> Vec<String> {
        ["given_name", "email", "custom:plan"].map(str::to_owned).to_vec()
    }

    fn render(template: &str, attributes: Value, format: Format) -> Option<String> {
        let template = Template::parse(template, &names()).unwrap();
        let mut event = Event::new(json!({
            "triggerSource": "CustomMessage_SignUp",
            "request": {"userAttributes": attributes, "codeParameter": "{####}", "usernameParameter": "{username}"},
        }))
        .unwrap();
        template.render(&CustomMessage::of(&mut event).unwrap(), format)
    }

    #[test]
    fn placeholders_are_replaced_and_single_braces_are_text() {
        let ann = || json!({"given_name": "Ann", "email": "ann@example.com", "custom:plan": "gold"});
        for (template, expected) in [
            ("", Some("")),
            ("p { color: red } a{{{code}}}", None),
            ("p { color: red }} {{code}}", Some("p { color: red }} {####}")),
            ("{{ code }}{{username}}", Some("{####}{username}")),
            (
                "{{user.given_name}}, {{ user.email }}, {{user.custom:plan}}",
                Some("Ann, ann@example.com, gold"),
            ),
            ("{{user.given_name|you}}", Some("Ann")),
        ] {
            match expected {
                Some(expected) => {
                    assert_eq!(
                        render(template, ann(), Format::Text).as_deref(),
                        Some(expected),
                        "{template}"
                    );
                }
                None => assert!(Template::parse(template, &names()).is_err(), "{template}"),
            }
        }
        assert_eq!(render("{{link}}", ann(), Format::Html), None, "the event has no link");
    }

    #[test]
    fn what_is_no_placeholder_is_said_with_its_place() {
        for (template, expected) in [
            ("{{", TemplateError::Unclosed),
            ("{{code}} {{code", TemplateError::Unclosed),
            ("\u{e9}\u{e9} {{cod}}", TemplateError::Unknown(4)),
            ("{{}}", TemplateError::Unknown(1)),
            ("{{given_name}}", TemplateError::Unknown(1)),
            ("{{code|123456}}", TemplateError::Unknown(1)),
            ("{{code}}{{user.sub}}", TemplateError::NotAllowed(9)),
            ("{{user.}}", TemplateError::NotAllowed(1)),
        ] {
            assert_eq!(Template::parse(template, &names()), Err(expected), "{template}");
        }
    }

    #[test]
    fn values_are_escaped_in_html_and_in_nothing_else() {
        let name = json!({"given_name": r#"<b>"A" & 'B'</b>"#});
        let name_only = json!({"given_name": r#"<"A" & 'B'>"#});
        assert_eq!(render("{{user.given_name|you}}", name, Format::Html).as_deref(), Some("you"), "a slash");
        for (format, expected) in
            [(Format::Html, "&lt;&quot;A&quot; &amp; &#39;B&#39;&gt;"), (Format::Text, r#"<"A" & 'B'>"#)]
        {
            assert_eq!(render("{{user.given_name}}", name_only.clone(), format).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_value_that_is_no_name_is_not_sent_to_a_stranger() {
        for (value, shown) in [
            ("Ann", true),
            ("  Ann  ", true),
            ("J. R. Smith", true),
            ("Dr. Ann Smith, Jr.", true),
            ("Zo\u{eb} \u{674e}", true),
            (&"x".repeat(40), true),
            (&"x".repeat(41), false),
            ("", false),
            ("   ", false),
            ("win at evil.example", false),
            ("win at (evil.example)", false),
            ("evil\u{3002}example", false),
            ("https://evil.example/", false),
            ("mail eve@evil", false),
            ("Ann\nBcc: eve", false),
            ("{####}", false),
            ("{username}", false),
            ("\u{202e}nnA", false),
            ("A\u{200b}nn", false),
        ] {
            let rendered = render("{{user.given_name|you}}", json!({"given_name": value}), Format::Text);
            assert_eq!(rendered.as_deref(), Some(if shown { value.trim() } else { "you" }), "{value:?}");
        }
        for odd in [json!(null), json!(7), json!(["Ann"])] {
            let rendered = render("{{user.given_name|you}}", json!({"given_name": odd}), Format::Text);
            assert_eq!(rendered.as_deref(), Some("you"));
        }
        // An address is shown where the template asks for it, and only as `email`.
        let address = json!({"given_name": "ann@example.com", "email": "ann@example.com"});
        let rendered = render("{{user.given_name}}{{user.email}}", address, Format::Text);
        assert_eq!(rendered.as_deref(), Some("ann@example.com"));
    }

    proptest! {
        #[test]
        fn no_value_opens_markup_or_is_longer_than_was_counted(value in any::<String>(), email in any::<bool>()) {
            let name = if email { "email" } else { "given_name" };
            let text = format!("{{{{user.{name}|you}}}}");
            let template = Template::parse(&text, &names()).unwrap();
            for format in [Format::Html, Format::Text] {
                let rendered = render(&text, json!({name: value}), format).unwrap();
                prop_assert!(rendered.chars().count() <= template.longest(format));
                let whole = !rendered.contains(['{', '}', '\n', '\r']);
                prop_assert!(whole, "{rendered:?}");
                let escaped = format == Format::Text || !rendered.contains(['<', '>', '"', '\'']);
                prop_assert!(escaped, "{rendered:?}");
            }
        }
    }
}
