//! Whether a text is an address of some kind: of mail, of the web, of a phone, of a host.

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest address that mail can be sent to (RFC 5321, 4.5.3.1.3).
const MAX_EMAIL: usize = 254;
/// The longest URL that is accepted, in bytes.
pub(crate) const MAX_URL: usize = 2048;
/// The schemes of RFC 1738, and `https`. Others, such as `javascript:`, run code where a link is expected.
const SCHEMES: [&str; 11] =
    ["file", "ftp", "gopher", "http", "https", "mailto", "news", "nntp", "prospero", "telnet", "wais"];

/// An address that is deliverable in practice: no quotes, no comments, a domain with a dot.
pub(crate) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_atom = |character: char| {
        !character.is_ascii() && is_visible(character)
            || character.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~".contains(character)
    };
    let is_local = |part: &str| !part.is_empty() && part.chars().all(is_atom);
    text.len() <= MAX_EMAIL
        && local.len() <= 64
        && local.split('.').all(is_local)
        && domain.contains('.')
        && domain.split('.').all(is_label)
}

/// A label of a domain name; letters beyond ASCII are left to whoever looks the name up.
fn is_label(label: &str) -> bool {
    let is_letter = |character: char| {
        !character.is_ascii() && is_visible(character)
            || character.is_ascii_alphanumeric()
            || character == '-'
    };
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(is_letter)
}

/// Whether somebody who reads the text sees the character where it stands. What is invisible, or turns the direction of
/// the text around, makes one address look like another.
fn is_visible(character: char) -> bool {
    let invisible = matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{600}'..='\u{605}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
    );
    !invisible && !character.is_control() && !character.is_whitespace()
}

pub(crate) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let is_allowed = |character: char| is_visible(character) && !"<>\"{}|\\^`".contains(character);
    let scheme = scheme.to_ascii_lowercase();
    text.len() <= MAX_URL
        && SCHEMES.contains(&scheme.as_str())
        && text.chars().all(is_allowed)
        && match scheme.as_str() {
            "mailto" => is_email(rest.split('?').next().unwrap_or_default()),
            "news" => !rest.is_empty(),
            "file" => rest.strip_prefix("//").is_some_and(|path| path.len() > 1),
            _ => rest.strip_prefix("//").is_some_and(has_host),
        }
}

/// What follows `//`: perhaps a user, a host, perhaps a port; then a path without two slashes in a row, which AppSync
/// does not take.
fn has_host(rest: &str) -> bool {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let path = after.split(['?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, port)) if address.parse::<Ipv6Addr>().is_ok() => ("", port),
        Some(_) => return false,
        None => {
            let (host, port) = host.split_at(host.find(':').unwrap_or(host.len()));
            // A last label of digits alone makes it a number, not a name.
            let is_number =
                host.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
            let host = host.strip_suffix('.').unwrap_or(host);
            let fits =
                if is_number { host.parse::<Ipv4Addr>().is_ok() } else { host.split('.').all(is_label) };
            if !fits {
                return false;
            }
            (host, port)
        }
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    host.len() <= 253
        && (port.is_empty() || port.strip_prefix(':').is_some_and(is_port))
        && !path.contains("//")
}

/// With `+`, seven to fifteen digits that begin with a country's code (E.164); without, a number of North America, as
/// AppSync reads it. Between groups of digits may stand a space or a hyphen; one group may stand in brackets.
pub(crate) fn is_phone(text: &str) -> bool {
    let (number, international) = text.strip_prefix('+').map_or((text, false), |number| (number, true));
    let digits: Vec<u8> = number.bytes().filter(u8::is_ascii_digit).collect();
    let is_known = if international {
        (7..=15).contains(&digits.len()) && digits.first() != Some(&b'0')
    } else {
        let national = if digits.len() == 11 { digits.strip_prefix(b"1") } else { Some(digits.as_slice()) };
        // Neither the area's code nor the exchange's begins with 0 or 1.
        let opens = |place: usize| national.and_then(|it| it.get(place)).is_some_and(|digit| *digit > b'1');
        national.is_some_and(|it| it.len() == 10) && opens(0) && opens(3)
    };
    is_known && is_grouped(number)
}

fn is_grouped(number: &str) -> bool {
    let bracketed = match number.split_once('(') {
        None => !number.contains(')'),
        Some((before, rest)) => rest.split_once(')').is_some_and(|(group, after)| {
            !before.contains(')')
                && !after.contains(['(', ')'])
                && !group.is_empty()
                && group.bytes().all(|byte| byte.is_ascii_digit())
        }),
    };
    let plain = number.replace(['(', ')'], "");
    // A bracket may have a space beside it.
    bracketed
        && plain
            .split([' ', '-'])
            .all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()))
}

pub(crate) fn is_ip_address(text: &str) -> bool {
    let (address, prefix) =
        text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let bits = if address.parse::<Ipv4Addr>().is_ok() {
        32
    } else if address.parse::<Ipv6Addr>().is_ok() {
        128
    } else {
        return false;
    };
    prefix.is_none_or(|prefix| {
        let digits = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
        digits
            && !(prefix.len() > 1 && prefix.starts_with('0'))
            && prefix.parse::<u8>().is_ok_and(|n| n <= bits)
    })
}
