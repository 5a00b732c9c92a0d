/// Undoes the HTML escapes that Cognito puts into a temporary password (`&lt;` for `<`). Once: what comes out is not looked at
/// again.
pub(crate) fn unescape(text: &str) -> String {
    const ESCAPES: [(&str, char); 7] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&apos;", '\''),
        ("&#39;", '\''),
        ("&#x27;", '\''),
    ];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, _)) = rest.split_once('&') {
        plain.push_str(before);
        let (_, at) = rest.split_at(before.len());
        let found = ESCAPES
            .iter()
            .find_map(|(escape, character)| at.strip_prefix(escape).map(|behind| (*character, behind)));
        let (character, behind) = found.unwrap_or(('&', at.strip_prefix('&').unwrap_or_default()));
        plain.push(character);
        rest = behind;
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_once_and_all_else_is_kept() {
        for (text, expected) in [
            ("", ""),
            ("Aa1!plain", "Aa1!plain"),
            ("&lt;Aa1&gt;", "<Aa1>"),
            ("&amp;lt;", "&lt;"),
            ("a&b", "a&b"),
            ("&", "&"),
            ("&&amp;&", "&&&"),
            ("&quot;&#39;&#x27;&apos;", "\"'''"),
            ("\u{e9}&amp;\u{e9}", "\u{e9}&\u{e9}"),
            ("&nbsp;", "&nbsp;"),
        ] {
            assert_eq!(unescape(text), expected, "{text}");
        }
    }
}
