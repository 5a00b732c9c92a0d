//! The part of a template that is made.

use thiserror::Error;

/// The line that begins it, whatever stands before it.
pub(crate) const BEGIN: &str = "# portcullis expand: begin";
/// The line that ends it.
const END: &str = "# portcullis expand: end";

/// Why the section cannot be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SectionError {
    /// There is only one of the two markers.
    #[error("the lines `{BEGIN}` and `{END}` stand both, or neither")]
    OneMarker,
    /// There are several sections.
    #[error("the lines `{BEGIN}` and `{END}` stand once each")]
    Several,
    /// The end stands before the beginning.
    #[error("the line `{END}` stands before `{BEGIN}`")]
    Reversed,
}

/// The template with another section; nothing if it has none.
pub(crate) fn replace(template: &str, section: &str) -> Result<Option<String>, SectionError> {
    let places = |marker: &str| -> Vec<usize> {
        let lines = template.lines().enumerate();
        lines.filter(|(_, line)| line.trim() == marker).map(|(place, _)| place).collect()
    };
    let (begin, end) = match (places(BEGIN).as_slice(), places(END).as_slice()) {
        ([], []) => return Ok(None),
        ([], [_]) | ([_], []) => return Err(SectionError::OneMarker),
        ([begin], [end]) if begin < end => (*begin, *end),
        ([_], [_]) => return Err(SectionError::Reversed),
        _ => return Err(SectionError::Several),
    };
    let mut text = String::with_capacity(template.len() + section.len());
    for (place, line) in template.split_inclusive('\n').enumerate() {
        if place <= begin || place >= end {
            text.push_str(line);
        }
        if place == begin {
            text.push_str(section);
        }
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_between_the_markers_is_replaced_and_nothing_else() {
        let begin = "  # portcullis expand: begin\n";
        let end = "  # portcullis expand: end\n";
        for (template, expected) in [
            ("Resources:\n".to_owned(), Ok(None)),
            (format!("a\n{begin}old\nolder\n{end}b"), Ok(Some(format!("a\n{begin}new\n{end}b")))),
            (format!("{begin}{end}"), Ok(Some(format!("{begin}new\n{end}")))),
            (format!("{begin}x\n"), Err(SectionError::OneMarker)),
            (format!("{end}x\n"), Err(SectionError::OneMarker)),
            (format!("{end}x\n{begin}"), Err(SectionError::Reversed)),
            (format!("{begin}x\n{end}{begin}{end}"), Err(SectionError::Several)),
        ] {
            assert_eq!(replace(&template, "new\n"), expected, "{template}");
        }
    }

    #[test]
    fn a_section_that_is_up_to_date_stays_as_it_is() {
        let template = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = replace(&template, "new\n").unwrap().unwrap();
        assert_eq!(replace(&once, "new\n"), Ok(Some(once.clone())));
    }
}
