//! `--trigger`: a function in another process, attached in place of one that is built in.

use std::str::FromStr;

use reqwest::Url;

use crate::{loopback::is_loopback_host, pool::Trigger};

/// A trigger, and the URL at which its function is invoked: `PreSignUp=http://127.0.0.1:9000/2015-03-31/functions/mine/invocations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFunction {
    pub(crate) trigger: Trigger,
    pub(crate) url: Url,
}

impl AttachedFunction {
    /// Whether the function is on this machine, and nobody in between reads what it is sent.
    pub(crate) fn is_local(&self) -> bool {
        self.url.host_str().is_some_and(is_loopback_host)
    }

    /// All that is wrong with these functions taken together.
    pub(crate) fn mistakes(functions: &[Self], any_host: bool) -> Vec<String> {
        let mut mistakes = Vec::new();
        for (index, function) in functions.iter().enumerate() {
            let name = function.trigger.name();
            if functions.iter().take(index).any(|earlier| earlier.trigger == function.trigger) {
                mistakes.push(format!("--trigger {name} is given twice"));
            }
            if !any_host && !function.is_local() {
                mistakes.push(format!(
                    "--trigger {name} names another machine, which would be sent passwords and codes; \
                     --insecure-remote-triggers allows it"
                ));
            }
        }
        mistakes
    }
}

impl FromStr for AttachedFunction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, url) = text.split_once('=').ok_or("it is a trigger and a URL: TRIGGER=URL")?;
        let trigger = Trigger::named(name).ok_or_else(|| {
            let names: Vec<&str> = Trigger::ALL.iter().map(|trigger| trigger.name()).collect();
            format!("there is no such trigger; there are {}", names.join(", "))
        })?;
        let url = Url::parse(url).map_err(|_| "what follows the trigger is no URL")?;
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !is_plain {
            return Err(
                "the URL is not one of http or https without a name, a password and a fragment".to_owned()
            );
        }
        Ok(Self { trigger, url })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://127.0.0.1:9000/2015-03-31/functions/mine/invocations";

    fn function(name: &str, url: &str) -> AttachedFunction {
        format!("{name}={url}").parse().unwrap()
    }

    #[test]
    fn a_function_is_a_trigger_and_a_url() {
        for trigger in Trigger::ALL {
            let function = function(trigger.name(), URL);
            assert_eq!((function.trigger, function.url.as_str()), (trigger, URL));
        }
        for (text, problem) in [
            ("", "it is a trigger and a URL"),
            ("PreSignUp", "it is a trigger and a URL"),
            (
                "PreSignup=http://127.0.0.1:9000/",
                "there is no such trigger; there are PreSignUp, PostConfirmation,",
            ),
            ("=http://127.0.0.1:9000/", "there is no such trigger"),
            ("PreSignUp=", "is no URL"),
            ("PreSignUp=127.0.0.1:9000", "is no URL"),
            ("PreSignUp=file:///etc/passwd", "not one of http or https"),
            ("PreSignUp=http://me:secret@127.0.0.1/", "without a name, a password"),
            ("PreSignUp=http://127.0.0.1/#x", "and a fragment"),
        ] {
            let error = text.parse::<AttachedFunction>().unwrap_err();
            assert!(error.contains(problem) && !error.contains("secret"), "{text}: {error}");
        }
    }

    #[test]
    fn only_this_machine_is_sent_events_unless_it_is_said_aloud() {
        for (url, local) in [
            (URL, true),
            ("http://localhost:9000/", true),
            ("http://[::1]:9000/", true),
            ("http://127.0.0.1.example.com/", false),
            ("https://functions.example.com/", false),
            ("http://10.0.0.1/", false),
        ] {
            let functions = [function("PreSignUp", url)];
            assert_eq!(AttachedFunction::mistakes(&functions, false).is_empty(), local, "{url}");
            assert!(AttachedFunction::mistakes(&functions, true).is_empty(), "{url}");
        }
        let twice = [function("PreSignUp", URL), function("PreSignUp", "http://10.0.0.1/")];
        assert_eq!(AttachedFunction::mistakes(&twice, false).len(), 2, "all at once");
    }
}
