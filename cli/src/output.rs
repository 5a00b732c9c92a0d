//! Answers on standard output.

use std::io::{self, Write};

/// Prints an answer. Whoever reads only its beginning (`| head`) has done nothing wrong.
pub(crate) fn print(answer: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(answer.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// A name of a schema as a terminal may show it: a schema from somebody else must not move the cursor.
pub(crate) fn visible(name: &str) -> String {
    let mut shown = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor() {
        for (name, shown) in
            [("editors", "editors"), ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"), ("a\nb", "a\\nb"), ("é", "é")]
        {
            assert_eq!(visible(name), shown);
        }
    }
}
