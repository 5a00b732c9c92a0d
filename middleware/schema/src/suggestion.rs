//! What somebody may have meant by a name that does not exist, as graphql-js guesses it.

/// So many names are suggested at most.
const MAX_SUGGESTIONS: usize = 5;
/// Among more names than these nothing is sought, and nothing for a longer one: guessing takes time.
const MAX_NAMES: usize = 1000;
const MAX_LENGTH: usize = 64;

/// ` Did you mean "a" or "b"?`, or nothing. `kind` is written before the names.
pub(crate) fn did_you_mean<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.take(MAX_NAMES + 1).collect();
    if known.len() > MAX_NAMES || name.len() > MAX_LENGTH {
        return String::new();
    }
    let threshold = name.chars().count() * 2 / 5 + 1;
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .filter(|known| known.len() <= 2 * MAX_LENGTH)
        .filter_map(|known| distance(name, known).filter(|far| *far <= threshold).map(|far| (far, known)))
        .collect();
    near.sort_by_cached_key(|(far, name)| (*far, name.to_lowercase(), (*name).to_owned()));
    near.dedup();
    let mut names: Vec<String> =
        near.iter().take(MAX_SUGGESTIONS).map(|(_, name)| format!("\"{name}\"")).collect();
    let Some(last) = names.pop() else {
        return String::new();
    };
    let kind = if kind.is_empty() { String::new() } else { format!("{kind} ") };
    match names.len() {
        0 => format!(" Did you mean {kind}{last}?"),
        1 => format!(" Did you mean {kind}{} or {last}?", names.join("")),
        _ => format!(" Did you mean {kind}{}, or {last}?", names.join(", ")),
    }
}

/// How many letters have to be added, taken away, replaced or exchanged with their neighbour; a difference of case
/// alone counts as one.
fn distance(name: &str, known: &str) -> Option<usize> {
    if name == known {
        return Some(0);
    }
    let (name, known) = (name.to_lowercase(), known.to_lowercase());
    if name == known {
        return Some(1);
    }
    let name: Vec<char> = name.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=name.len()).collect();
    let mut previous = None;
    for (row, letter) in known.chars().enumerate() {
        let mut current = vec![row + 1];
        for (column, other) in name.iter().enumerate() {
            let [left, up, diagonal] =
                [current.get(column), above.get(column + 1), above.get(column)].map(|cell| cell.copied());
            let mut cell = (left? + 1).min(up? + 1).min(diagonal? + usize::from(*other != letter));
            let exchanged = column > 0 && previous == Some(*other) && name.get(column - 1) == Some(&letter);
            if exchanged && let Some(two_back) = before.get(column - 1) {
                cell = cell.min(two_back + 1);
            }
            current.push(cell);
        }
        before = std::mem::replace(&mut above, current);
        previous = Some(letter);
    }
    above.last().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested_the_nearest_first() {
        let operations = ["create", "update", "delete", "read", "list", "get", "sync", "listen", "search"];
        for (name, suggestion) in [
            ("reed", " Did you mean \"read\"?"),
            ("READ", " Did you mean \"read\"?"),
            ("raed", " Did you mean \"read\"?"),
            ("liste", " Did you mean \"list\" or \"listen\"?"),
            ("bogus", ""),
            ("", ""),
        ] {
            assert_eq!(did_you_mean("", name, operations.into_iter()), suggestion, "{name}");
        }
        assert_eq!(
            did_you_mean("the enum value", "x", ["a", "b", "c", "d", "e", "f"].into_iter()),
            " Did you mean the enum value \"a\", \"b\", \"c\", \"d\", or \"e\"?"
        );
    }

    #[test]
    fn nothing_is_sought_among_too_many_names() {
        let many: Vec<String> = (0..2000).map(|index| format!("a{index}")).collect();
        assert_eq!(did_you_mean("", "a1", many.iter().map(String::as_str)), "");
    }
}
