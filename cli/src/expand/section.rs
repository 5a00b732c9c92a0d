//! The part of a template that is made.

use thiserror::Error;

/// The line that begins it, whatever stands before it.
pub(crate) const BEGIN: &str = "# portcullis expand: begin";
/// The line that begins it where each model is to have a stack of its own.
pub(crate) const BEGIN_STACKS: &str = "# portcullis expand: begin stacks";
/// The line that ends it.
const END: &str = "# portcullis expand: end";

/// Resources in a template at most.
const MOST: usize = 500;

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
    /// CloudFormation would not take the template.
    #[error(
        "it would hold {0} resources, and CloudFormation takes {MOST}; with the line `{BEGIN_STACKS}` each model gets a stack of its own"
    )]
    TooMany(usize),
}

/// A section of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    begin: usize,
    end: usize,
    /// Whether each model is to have a stack of its own.
    pub(crate) stacks: bool,
}

impl Section {
    /// The section of a template, if it has one.
    pub(crate) fn find(template: &str) -> Result<Option<Self>, SectionError> {
        let places = |markers: &[&str]| -> Vec<(usize, bool)> {
            let lines = template.lines().map(str::trim).enumerate();
            let lines = lines.filter(|(_, line)| markers.contains(line));
            lines.map(|(place, line)| (place, line == BEGIN_STACKS)).collect()
        };
        match (places(&[BEGIN, BEGIN_STACKS]).as_slice(), places(&[END]).as_slice()) {
            ([], []) => Ok(None),
            ([], [_]) | ([_], []) => Err(SectionError::OneMarker),
            ([(begin, stacks)], [(end, _)]) if begin < end => {
                Ok(Some(Self { begin: *begin, end: *end, stacks: *stacks }))
            }
            ([_], [_]) => Err(SectionError::Reversed),
            _ => Err(SectionError::Several),
        }
    }

    /// The template with other text in this section.
    pub(crate) fn replace(self, template: &str, section: &str) -> Result<String, SectionError> {
        let mut text = String::with_capacity(template.len() + section.len());
        for (place, line) in template.split_inclusive('\n').enumerate() {
            if place <= self.begin || place >= self.end {
                text.push_str(line);
            }
            if place == self.begin {
                text.push_str(section);
            }
        }
        match resources(&text) {
            count if count > MOST => Err(SectionError::TooMany(count)),
            _ => Ok(text),
        }
    }
}

/// How many resources a template has that is written as ours is, two spaces in.
fn resources(template: &str) -> usize {
    let begins = |line: &&str| line.starts_with(|first: char| first.is_ascii_alphabetic());
    let lines = template.lines().skip_while(|line| !line.starts_with("Resources:")).skip(1);
    let of_resources = lines.take_while(|line| !begins(line));
    let is_name = |line: &&str| {
        let name = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'));
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    };
    of_resources.filter(is_name).count()
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
            (format!("{BEGIN_STACKS}\nold\n{end}b"), Ok(Some(format!("{BEGIN_STACKS}\nnew\n{end}b")))),
            (format!("{BEGIN_STACKS}\n{begin}{end}"), Err(SectionError::Several)),
            (format!("{begin}{end}"), Ok(Some(format!("{begin}new\n{end}")))),
            (format!("{begin}x\n"), Err(SectionError::OneMarker)),
            (format!("{end}x\n"), Err(SectionError::OneMarker)),
            (format!("{end}x\n{begin}"), Err(SectionError::Reversed)),
            (format!("{begin}x\n{end}{begin}{end}"), Err(SectionError::Several)),
        ] {
            assert_eq!(replace(&template), expected, "{template}");
        }
        assert_eq!(Section::find(BEGIN_STACKS), Err(SectionError::OneMarker));
        for (begin, stacks) in [(BEGIN, false), (BEGIN_STACKS, true)] {
            let section = Section::find(&format!("{begin}\n{END}\n")).unwrap();
            assert_eq!(section.map(|section| section.stacks), Some(stacks), "{begin}");
        }
    }

    fn replace(template: &str) -> Result<Option<String>, SectionError> {
        Section::find(template)?.map(|section| section.replace(template, "new\n")).transpose()
    }

    #[test]
    fn a_section_that_is_up_to_date_stays_as_it_is() {
        let template = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = replace(&template).unwrap().unwrap();
        assert_eq!(replace(&once), Ok(Some(once.clone())));
    }

    #[test]
    fn more_resources_than_cloudformation_takes_are_refused() {
        let template = |made: usize| {
            let more: String =
                (0..made).map(|it| format!("  Made{it}:\n    Type: AWS::SNS::Topic\n")).collect();
            (format!("Parameters:\n  A:\nResources:\n  Own:\n  {BEGIN}\n  {END}\nOutputs:\n  B:\n"), more)
        };
        for (made, expected) in [(499, Ok(())), (500, Err(SectionError::TooMany(501)))] {
            let (template, more) = template(made);
            let section = Section::find(&template).unwrap().unwrap();
            assert_eq!(section.replace(&template, &more).map(drop), expected, "{made}");
        }
    }
}
