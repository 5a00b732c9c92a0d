/// What the configuration gives to names: groups or clients. The order is that of the variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping(Vec<(String, Vec<String>)>);

impl Mapping {
    /// Reads `name=value value,name=value`. `check` says what is wrong with a name or a value, and `mistake` is told of it in
    /// words that fit after the variable's name. Neither repeats a value.
    pub(crate) fn parse(
        text: &str,
        check_name: impl Fn(&str) -> Result<(), String>,
        check_value: impl Fn(&str) -> Result<(), String>,
        mut mistake: impl FnMut(String),
    ) -> Self {
        let mut entries = Vec::new();
        for (index, entry) in text.split(',').enumerate() {
            let Some((name, values)) = entry.split_once('=') else {
                mistake(format!("entry {} is not `name=value`", index + 1));
                continue;
            };
            let name = name.trim();
            let values: Vec<String> = values.split_whitespace().map(str::to_owned).collect();
            let checked = match values.as_slice() {
                [] => Err("names no value".to_owned()),
                values => {
                    check_name(name).and_then(|()| values.iter().try_for_each(|value| check_value(value)))
                }
            };
            match checked {
                Ok(()) => entries.push((name.to_owned(), values)),
                Err(problem) => mistake(format!("entry {} {problem}", index + 1)),
            }
        }
        Self(entries)
    }

    /// What these names get, each value once, in the order of the variable.
    pub(crate) fn of(&self, has: impl Fn(&str) -> bool) -> Vec<&str> {
        let mut found = Vec::new();
        for value in self.0.iter().filter(|(name, _)| has(name)).flat_map(|(_, values)| values) {
            if !found.contains(&value.as_str()) {
                found.push(value.as_str());
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Mapping, String> {
        let check = |text: &str| match text {
            "bad" | "" => Err("is bad".to_owned()),
            _ => Ok(()),
        };
        let mut mistakes = Vec::new();
        let mapping = Mapping::parse(text, check, check, |problem| mistakes.push(problem));
        if mistakes.is_empty() { Ok(mapping) } else { Err(mistakes.join("; ")) }
    }

    #[test]
    fn names_get_values_in_the_order_of_the_variable() {
        let mapping =
            parse(" editors = notes/write notes/read , admins=notes/delete notes/read,b==c").unwrap();
        assert_eq!(mapping.of(|name| name == "editors"), ["notes/write", "notes/read"]);
        assert_eq!(mapping.of(|name| name != "b"), ["notes/write", "notes/read", "notes/delete"]);
        assert_eq!(mapping.of(|name| name == "b"), ["=c"]);
        assert_eq!(mapping.of(|_| false), [""; 0]);
    }

    #[test]
    fn every_wrong_entry_is_named_by_its_place() {
        let expected = "entry 1 is not `name=value`; entry 3 names no value; entry 4 is bad; entry 5 is bad; \
            entry 6 is not `name=value`";
        assert_eq!(parse("editors,a=b,c= ,bad=a,a=b bad,").unwrap_err(), expected);
    }
}
