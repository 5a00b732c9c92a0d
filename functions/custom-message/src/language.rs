/// A language as RFC 5646 writes it (`de`, `pt-BR`), in lower case: tags are the same in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Language(String);

/// No tag that anybody uses is longer, and a client may send anything.
const LONGEST: usize = 35;

impl Language {
    /// Reads a tag. `_` is taken for `-`: the claim `locale` is written in both ways (OpenID Connect Core 1.0, section 5.1).
    ///
    /// ```
    /// use portcullis_custom_message::Language;
    ///
    /// assert_eq!(Language::parse("pt_BR").unwrap().as_str(), "pt-br");
    /// assert_eq!(Language::parse("Portuguese (Brazil)"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let tag = text.replace('_', "-").to_ascii_lowercase();
        let mut parts = tag.split('-');
        let language = parts.next().unwrap_or_default();
        let is_language =
            matches!(language.len(), 2..=8) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
        let rest =
            |part: &str| matches!(part.len(), 1..=8) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        (is_language && parts.all(rest)).then_some(Self(tag))
    }

    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tag, and what is left of it as its end is cut off part by part: the "lookup" of RFC 4647, section 3.4.
    pub(crate) fn widening(&self) -> impl Iterator<Item = &str> {
        std::iter::successors(Some(self.0.as_str()), |tag| {
            let (mut shorter, _) = tag.rsplit_once('-')?;
            // A part of one letter introduces what follows it, and means nothing at the end.
            while let Some((before, single)) = shorter.rsplit_once('-')
                && single.len() == 1
            {
                shorter = before;
            }
            Some(shorter)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_widens_part_by_part() {
        for (tag, expected) in [
            ("de", &["de"][..]),
            ("DE_ch", &["de-ch", "de"]),
            ("zh-Hant-CN-x-private1", &["zh-hant-cn-x-private1", "zh-hant-cn", "zh-hant", "zh"]),
        ] {
            assert_eq!(Language::parse(tag).unwrap().widening().collect::<Vec<_>>(), expected, "{tag}");
        }
    }

    #[test]
    fn what_is_no_tag_is_none() {
        for text in [
            "",
            "d",
            "-",
            "de-",
            "-de",
            "de--ch",
            "de ch",
            "d1",
            "de-\u{e9}",
            "\u{e4}\u{e4}",
            &"de-".repeat(20),
        ] {
            assert_eq!(Language::parse(text), None, "{text}");
        }
    }
}
