//! A JSON object on the command line, or in a file.

use std::{convert::Infallible, fmt, fs, str::FromStr};

use serde_json::{Map, Value};

/// A JSON object as it was given: itself, or the name of a file that holds it.
///
/// `Debug` hides it, for it holds claims or a record.
#[derive(Clone, PartialEq, Eq)]
pub struct Document(String);

impl Document {
    /// Reads the object. The text of an error never repeats what the object holds.
    pub(crate) fn read(&self) -> Result<Map<String, Value>, String> {
        let given = self.0.trim_start();
        // Nobody's file is named like a list or a string; taken for one, its content would be in the error.
        let parsed = if given.starts_with(['{', '[', '"']) {
            serde_json::from_str(given)
        } else {
            let text = fs::read_to_string(&self.0).map_err(|error| format!("{}: {error}", self.0))?;
            serde_json::from_str(&text)
        };
        match parsed {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) => Err("it is not a JSON object".to_owned()),
            Err(error) => Err(format!("it is not JSON (line {}, column {})", error.line(), error.column())),
        }
    }
}

impl FromStr for Document {
    type Err = Infallible;

    fn from_str(given: &str) -> Result<Self, Infallible> {
        Ok(Self(given.to_owned()))
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Document(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_does_not_repeat_the_content() {
        for (given, said) in [
            ("[\"ann@example.com\"]", "it is not a JSON object"),
            ("\"ann@example.com\"", "it is not a JSON object"),
            ("{\"email\": ann@example.com}", "it is not JSON (line 1, column 11)"),
        ] {
            let document: Document = given.parse().unwrap();
            assert_eq!(document.read().unwrap_err(), said);
            assert!(!format!("{document:?}").contains("ann"));
        }
    }

    #[test]
    fn an_object_is_read_from_a_file_as_well() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), " {\"sub\": \"u1\"}\n").unwrap();
        let document: Document = file.path().to_str().unwrap().parse().unwrap();
        assert_eq!(document.read().unwrap().len(), 1);
        let missing: Document = "no/such.json".parse().unwrap();
        assert!(missing.read().unwrap_err().starts_with("no/such.json: "));
    }
}
