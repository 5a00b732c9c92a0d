//! JSON with one meaning, read once: no name twice in an object, nothing after the value, a bounded depth.
//!
//! 1. The text is one object, in UTF-8, of the grammar of RFC 8259. White space may stand around it, and a byte order mark may not.
//! 2. No object has a name twice; names are compared after their escapes have been resolved.
//! 3. Escapes make whole characters: no half of a surrogate pair stands alone.
//! 4. Numbers are finite: `1e999` is not one.
//! 5. Objects and lists are nested at most [`MAX_DEPTH`] deep.
//!
//! What comes out are places in the text, so that reading a member later takes neither another pass nor memory of its own.

use std::ops::Range;

/// How deep objects and lists may be nested, the outermost included.
pub(crate) const MAX_DEPTH: usize = 16;

/// So many names are compared one by one in the time that it takes to sort them.
const FEW: usize = 24;

/// So many digits make a number that is exact however it is read.
const EXACT_DIGITS: usize = 15;

/// The first byte that stands for itself in a string.
const PRINTABLE: u8 = 0x20;

/// The outermost object of a text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Index {
    pub(crate) members: Vec<Member>,
    /// The elements of all lists that are members, list by list: the place of a string, nothing for another value.
    pub(crate) elements: Vec<Option<Span>>,
    /// The strings that are written with escapes, resolved. In places they follow the text.
    pub(crate) resolved: String,
}

/// A name and what stands under it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) name: Span,
    /// What [`digest`] says about the name.
    pub(crate) digest: u8,
    pub(crate) shape: Shape,
}

/// What kind of value it is, and where it is if more need be known.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shape {
    Null,
    Bool(bool),
    Number(f64),
    Text(Span),
    /// The place of its elements among all of them.
    List(Span),
    Object,
}

/// From here to there, in bytes or elements. Half as large as a range, for a token has dozens of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// INVARIANT: no place is beyond [`FURTHEST`]. [`index`] refuses texts of which one could be; whoever makes spans of another
    /// text sees to it as well.
    #[inline(always)]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start: start as u32, end: end as u32 }
    }

    #[inline(always)]
    pub(crate) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    pub(crate) fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// The last place that a [`Span`] can tell.
pub(crate) const FURTHEST: usize = u32::MAX as usize;

/// How many digests there are.
pub(crate) const DIGESTS: usize = 64;

/// A number below [`DIGESTS`] that names of one object seldom share; the claims of an access token of Amazon Cognito do not.
#[inline(always)]
pub(crate) fn digest(name: &[u8]) -> u8 {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    (name.len() as u8).wrapping_add(first.wrapping_mul(5)).wrapping_add(last.wrapping_mul(50)) % DIGESTS as u8
}

/// Reads one object.
pub(crate) fn index(text: &str) -> Option<Index> {
    // Spans reach so far, with room for as much again that is resolved.
    (text.len() <= FURTHEST / 2).then_some(())?;
    // Without a way out in the middle, so that the compiler can look at many bytes at once.
    let is_special = |byte: u8| byte < PRINTABLE || byte == b'\\';
    if text.bytes().fold(false, |special, byte| special | is_special(byte)) {
        Reader::<false>::read(text)
    } else {
        Reader::<true>::read(text)
    }
}

/// `PLAIN`: there is no escape in the text, and nothing that would have to be escaped. Hardly ever is it otherwise.
struct Reader<'a, const PLAIN: bool> {
    text: &'a str,
    /// While an object or list within a member is read, its own members or elements stand at the end; they are dropped after it.
    index: Index,
}

/// A place in the text is handed on as a value and comes back, so that it need not be kept in memory: what is read is returned
/// with the place after it.
impl<'a, const PLAIN: bool> Reader<'a, PLAIN> {
    fn read(text: &'a str) -> Option<Index> {
        // A token has about so many claims.
        let index = Index { members: Vec::with_capacity(20), ..Index::default() };
        let mut reader = Self { text, index };
        let (opening, at) = token(text.as_bytes(), 0)?;
        (opening == b'{').then_some(())?;
        let end = reader.object(at, MAX_DEPTH)?;
        token(text.as_bytes(), end).is_none().then_some(reader.index)
    }

    #[inline(always)]
    fn value(&mut self, at: usize, depth: usize) -> Option<(Shape, usize)> {
        let (token, at) = token(self.text.as_bytes(), at)?;
        Some(match token {
            b'"' => {
                let (place, at) = self.string(at)?;
                (Shape::Text(place), at)
            }
            b'{' => {
                let (members, elements) = (self.index.members.len(), self.index.elements.len());
                let at = self.object(at, depth)?;
                self.index.members.truncate(members);
                self.index.elements.truncate(elements);
                (Shape::Object, at)
            }
            b'[' => {
                let (place, at) = self.list(at, depth)?;
                (Shape::List(place), at)
            }
            b't' => (Shape::Bool(true), self.literal(at, "rue")?),
            b'f' => (Shape::Bool(false), self.literal(at, "alse")?),
            b'n' => (Shape::Null, self.literal(at, "ull")?),
            first => {
                let (number, at) = self.number(first, at)?;
                (Shape::Number(number), at)
            }
        })
    }

    /// The rest of an object that has been opened.
    fn object(&mut self, at: usize, depth: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let inner = depth.checked_sub(1)?;
        let first = self.index.members.len();
        // The digests of its names so far, a bit for each.
        let mut digests = 0_u64;
        let (mut opening, mut at) = token(bytes, at)?;
        if opening == b'}' {
            return Some(at);
        }
        loop {
            (opening == b'"').then_some(())?;
            let (name, after_name) = self.string(at)?;
            let digest = digest(self.bytes(name));
            if digests >> digest & 1 == 1 && self.repeats(first, name, digest) {
                return None;
            }
            digests |= 1 << digest;
            let (colon, after_colon) = token(bytes, after_name)?;
            (colon == b':').then_some(())?;
            let (shape, after_value) = self.value(after_colon, inner)?;
            self.index.members.push(Member { name, digest, shape });
            let (separator, after) = token(bytes, after_value)?;
            match separator {
                b',' => (opening, at) = token(bytes, after)?,
                b'}' => {
                    at = after;
                    break;
                }
                _ => return None,
            }
        }
        let members = self.index.members.get(first..)?;
        (members.len() <= FEW || self.are_distinct(members)).then_some(at)
    }

    /// The rest of a list that has been opened.
    fn list(&mut self, at: usize, depth: usize) -> Option<(Span, usize)> {
        let bytes = self.text.as_bytes();
        let inner = depth.checked_sub(1)?;
        if self.index.elements.capacity() == 0 {
            // Few people are in more groups.
            self.index.elements = Vec::with_capacity(8);
        }
        let start = self.index.elements.len();
        let mut end = start;
        let mut at = match token(bytes, at)? {
            (b']', after) => return Some((Span::new(start, end), after)),
            _ => at,
        };
        loop {
            let (shape, after_value) = self.value(at, inner)?;
            self.index.elements.truncate(end);
            self.index.elements.push(if let Shape::Text(place) = shape { Some(place) } else { None });
            end += 1;
            let (separator, after) = token(bytes, after_value)?;
            match separator {
                b',' => at = after,
                b']' => return Some((Span::new(start, end), after)),
                _ => return None,
            }
        }
    }

    /// Whether the object whose members begin there has the name already, unless it has so many that they are sorted later.
    fn repeats(&self, first: usize, name: Span, digest: u8) -> bool {
        let members = self.index.members.get(first..).unwrap_or_default();
        let mut alike = members.iter().take(FEW).filter(|member| member.digest == digest);
        alike.any(|member| self.bytes(member.name) == self.bytes(name))
    }

    fn are_distinct(&self, members: &[Member]) -> bool {
        let mut names: Vec<&[u8]> = members.iter().map(|member| self.bytes(member.name)).collect();
        names.sort_unstable();
        names.array_windows().all(|[one, next]| one != next)
    }

    #[inline(always)]
    fn bytes(&self, place: Span) -> &[u8] {
        self.text.as_bytes().get(place.range()).unwrap_or_else(|| self.resolved(place))
    }

    /// A string that does not stand in the text as it is.
    #[cold]
    fn resolved(&self, place: Span) -> &[u8] {
        let Range { start, end } = place.range();
        let length = self.text.len();
        let place = start.checked_sub(length).zip(end.checked_sub(length));
        place.and_then(|(start, end)| self.index.resolved.as_bytes().get(start..end)).unwrap_or_default()
    }

    fn number(&self, first: u8, at: usize) -> Option<(f64, usize)> {
        let bytes = self.text.as_bytes();
        let start = at.checked_sub(1)?;
        let (leading, at) = if first == b'-' { (*bytes.get(at)?, at + 1) } else { (first, at) };
        let (integer, end_of_integer) = match leading {
            b'0' => (0, at),
            b'1'..=b'9' => digits_after(bytes, u64::from(leading & 0xf), at),
            _ => return None,
        };
        let next = bytes.get(end_of_integer);
        if !matches!(next, Some(b'.' | b'e' | b'E')) && at + EXACT_DIGITS > end_of_integer && first != b'-' {
            return Some((integer as f64, end_of_integer));
        }
        let mut at = end_of_integer;
        if bytes.get(at) == Some(&b'.') {
            at = digits(bytes, at + 1)?;
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let is_signed = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
            at = digits(bytes, at + 1 + usize::from(is_signed))?;
        }
        let number: f64 = self.text.get(start..at)?.parse().ok()?;
        number.is_finite().then_some((number, at))
    }

    /// The rest of a word of which the first letter has been read.
    fn literal(&self, at: usize, rest: &str) -> Option<usize> {
        self.text.as_bytes().get(at..)?.starts_with(rest.as_bytes()).then_some(at + rest.len())
    }

    /// The place of what stands between quotation marks, of which the first has been read.
    #[inline(always)]
    fn string(&mut self, start: usize) -> Option<(Span, usize)> {
        let mut end = start;
        if PLAIN {
            // Twice eight bytes at a time.
            while let Some(bytes) = self.text.as_bytes().get(end..).and_then(|rest| rest.first_chunk()) {
                let words = u128::from_le_bytes(*bytes);
                let first = quotes(words as u64);
                if first != 0 {
                    end += first.trailing_zeros() as usize / 8;
                    return Some((Span::new(start, end), end + 1));
                }
                let second = quotes((words >> 64) as u64);
                if second != 0 {
                    end += 8 + second.trailing_zeros() as usize / 8;
                    return Some((Span::new(start, end), end + 1));
                }
                end += bytes.len();
            }
        }
        end = self.end_of_plain(end);
        match self.text.as_bytes().get(end)? {
            b'"' => Some((Span::new(start, end), end + 1)),
            b'\\' => self.rest_of_escaped(start, end + 1),
            _ => None,
        }
    }

    /// The place among the resolved ones of a string whose first backslash has just been read.
    #[cold]
    fn rest_of_escaped(&mut self, start: usize, mut at: usize) -> Option<(Span, usize)> {
        let place = self.text.len() + self.index.resolved.len();
        self.index.resolved.push_str(self.text.get(start..at - 1)?);
        loop {
            let (character, plain) = self.escape(at)?;
            self.index.resolved.push(character);
            let end = self.end_of_plain(plain);
            self.index.resolved.push_str(self.text.get(plain..end)?);
            at = end + 1;
            match self.text.as_bytes().get(end)? {
                b'"' => break,
                b'\\' => {}
                _ => return None,
            }
        }
        Some((Span::new(place, self.text.len() + self.index.resolved.len()), at))
    }

    /// The character of an escape whose backslash has been read.
    fn escape(&self, at: usize) -> Option<(char, usize)> {
        let character = match self.text.as_bytes().get(at)? {
            byte @ (b'"' | b'\\' | b'/') => char::from(*byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.code_units(at + 1),
            _ => return None,
        };
        Some((character, at + 1))
    }

    /// The character of one code unit, or of a surrogate pair.
    fn code_units(&self, at: usize) -> Option<(char, usize)> {
        let bytes = self.text.as_bytes();
        match code_unit(bytes, at)? {
            high @ 0xd800..0xdc00 => {
                bytes.get(at + 4..)?.starts_with(b"\\u").then_some(())?;
                let low = code_unit(bytes, at + 6)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                Some((char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?, at + 10))
            }
            unit => Some((char::from_u32(unit)?, at + 4)),
        }
    }

    /// The end of those bytes that stand for themselves in a string.
    fn end_of_plain(&self, start: usize) -> usize {
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..PRINTABLE);
        let rest = self.text.as_bytes().get(start..).unwrap_or_default();
        start + rest.iter().position(is_special).unwrap_or(rest.len())
    }
}

/// The next byte that is no white space, and the place after it.
#[inline(always)]
fn token(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    match *bytes.get(at)? {
        token @ b'!'.. => Some((token, at + 1)),
        _ => token_after_space(bytes, at),
    }
}

/// The same where there is white space; what is neither white nor printable is no token that anybody expects.
#[cold]
fn token_after_space(bytes: &[u8], at: usize) -> Option<(u8, usize)> {
    let is_white = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
    let at = at + bytes.get(at..)?.iter().position(|byte| !is_white(byte))?;
    Some((*bytes.get(at)?, at + 1))
}

/// The place after one digit or more.
fn digits(bytes: &[u8], at: usize) -> Option<usize> {
    let (_, end) = digits_after(bytes, 0, at);
    (end > at).then_some(end)
}

/// The number that begins with these digits and goes on with those that follow; wrong if there are more than fit.
#[inline(always)]
fn digits_after(bytes: &[u8], mut number: u64, mut at: usize) -> (u64, usize) {
    // A time of day has ten.
    if let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk()).and_then(eight_digits) {
        number = number.wrapping_mul(100_000_000).wrapping_add(eight);
        at += 8;
    }
    while let Some(digit @ b'0'..=b'9') = bytes.get(at) {
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf));
        at += 1;
    }
    (number, at)
}

/// The number that eight digits make; nothing if they are not all digits.
#[inline(always)]
fn eight_digits(text: &[u8; 8]) -> Option<u64> {
    const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);
    const HIGH: u64 = u64::from_le_bytes([0xf0; 8]);
    let word = u64::from_le_bytes(*text);
    // The high half of a byte is 3 for digits and what follows them, of which six more would carry into it.
    let are_digits = word & HIGH == ZEROS && word.wrapping_add(u64::from_le_bytes([6; 8])) & HIGH == ZEROS;
    are_digits.then_some(())?;
    // Neighbours are put together: digits to pairs, pairs to fours, fours to eight. The first digit stands lowest.
    let pairs = ((word - ZEROS).wrapping_mul(10 << 8 | 1) >> 8) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_ffff_0000_ffff;
    Some(fours.wrapping_mul(10_000 << 32 | 1) >> 32)
}

fn code_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// The high bit of the first quotation mark among eight bytes; those of later bytes mean nothing.
#[inline(always)]
fn quotes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero_where_quoted = word ^ (ONES * b'"' as u64);
    zero_where_quoted.wrapping_sub(ONES) & !zero_where_quoted & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_digits_are_read_as_one_by_one() {
        for text in [b"00000000", b"12345678", b"99999999", b"00000001", b"10000000", b"17649876"] {
            assert_eq!(eight_digits(text), str::from_utf8(text).unwrap().parse().ok());
        }
        for place in 0..8 {
            for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                let mut text = *b"12945670";
                text[place] = byte;
                assert_eq!(eight_digits(&text), None, "{}", text.escape_ascii());
            }
        }
    }
}
