//! JSON with one meaning, read once: no name twice in an object, nothing after the value, a bounded depth.
//!
//! 1. The text is one object, in UTF-8, of the grammar of RFC 8259. White space may stand around it, and a byte order mark may not.
//! 2. No object has a name twice; names are compared after their escapes have been resolved.
//! 3. Escapes make whole characters: no half of a surrogate pair stands alone.
//! 4. Numbers are finite: `1e999` is not one.
//! 5. Objects and lists are nested at most [`MAX_DEPTH`] deep.
//!
//! What comes out are places in the text, so that reading a member later takes neither another pass nor memory of its own.

use memchr::memchr;

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

/// From here to there, in bytes or elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A number below 64 that most names of an object do not share.
#[inline]
pub(crate) fn digest(name: &[u8]) -> u8 {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    ((name.len() as u8) ^ first.wrapping_mul(5) ^ last.wrapping_mul(3)) % 64
}

/// Reads one object.
pub(crate) fn index(text: &str) -> Option<Index> {
    let is_plain =
        text.bytes().fold(u8::MAX, u8::min) >= PRINTABLE && memchr(b'\\', text.as_bytes()).is_none();
    let mut reader = Reader { text, at: 0, is_plain, index: Index::default() };
    // A token has about so many claims.
    reader.index.members.reserve(20);
    (reader.token()? == b'{').then_some(())?;
    reader.object(MAX_DEPTH)?;
    (reader.token().is_none()).then_some(reader.index)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Whether there is no escape in the text, and nothing that would have to be escaped: hardly ever is it otherwise.
    is_plain: bool,
    /// While an object or list within a member is read, its own members or elements stand at the end; they are dropped after it.
    index: Index,
}

impl Reader<'_> {
    #[inline(always)]
    fn value(&mut self, depth: usize) -> Option<Shape> {
        Some(match self.token()? {
            b'"' => Shape::Text(self.string()?),
            b'{' => {
                let (members, elements) = (self.index.members.len(), self.index.elements.len());
                self.object(depth)?;
                self.index.members.truncate(members);
                self.index.elements.truncate(elements);
                Shape::Object
            }
            b'[' => Shape::List(self.list(depth)?),
            b't' => self.literal("true", Shape::Bool(true))?,
            b'f' => self.literal("false", Shape::Bool(false))?,
            b'n' => self.literal("null", Shape::Null)?,
            first => Shape::Number(self.number(first)?),
        })
    }

    /// The rest of an object that has been opened.
    fn object(&mut self, depth: usize) -> Option<()> {
        let inner = depth.checked_sub(1)?;
        let first = self.index.members.len();
        // The digests of its names so far, a bit for each.
        let mut digests = 0_u64;
        let mut token = self.token()?;
        if token == b'}' {
            return Some(());
        }
        loop {
            (token == b'"').then_some(())?;
            let name = self.string()?;
            let digest = digest(self.bytes(name));
            if digests >> digest & 1 == 1 && self.repeats(first, name, digest) {
                return None;
            }
            digests |= 1 << digest;
            (self.token()? == b':').then_some(())?;
            let shape = self.value(inner)?;
            self.index.members.push(Member { name, digest, shape });
            match self.token()? {
                b',' => token = self.token()?,
                b'}' => break,
                _ => return None,
            }
        }
        let members = self.index.members.get(first..)?;
        (members.len() <= FEW || self.are_distinct(members)).then_some(())
    }

    /// The rest of a list that has been opened.
    fn list(&mut self, depth: usize) -> Option<Span> {
        let inner = depth.checked_sub(1)?;
        let start = self.index.elements.len();
        let mut end = start;
        if self.peek_token()? == b']' {
            self.at += 1;
            return Some(Span { start, end });
        }
        loop {
            let shape = self.value(inner)?;
            self.index.elements.truncate(end);
            self.index.elements.push(if let Shape::Text(place) = shape { Some(place) } else { None });
            end += 1;
            match self.token()? {
                b',' => {}
                b']' => return Some(Span { start, end }),
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

    fn bytes(&self, place: Span) -> &[u8] {
        let Index { resolved, .. } = &self.index;
        let range = match place.start.checked_sub(self.text.len()) {
            None => self.text.as_bytes().get(place.start..place.end),
            Some(start) => resolved.as_bytes().get(start..place.end - self.text.len()),
        };
        range.unwrap_or_default()
    }

    fn number(&mut self, first: u8) -> Option<f64> {
        let start = self.at - 1;
        let leading = if first == b'-' { self.next()? } else { first };
        let integer = match leading {
            b'0' => 0,
            b'1'..=b'9' => self.digits_after(u64::from(leading & 0xf)),
            _ => return None,
        };
        let end_of_integer = self.at;
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        let text = self.text.get(start..self.at)?;
        if self.at == end_of_integer && text.len() <= EXACT_DIGITS && first != b'-' {
            return Some(integer as f64);
        }
        text.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        self.digits_after(0);
        (self.at > start).then_some(())
    }

    /// The number that begins with these digits and goes on with those that follow; wrong if there are more than fit.
    #[inline(always)]
    fn digits_after(&mut self, mut number: u64) -> u64 {
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit & 0xf));
            self.at += 1;
        }
        number
    }

    /// The rest of a word of which the first letter has been read.
    fn literal(&mut self, name: &str, shape: Shape) -> Option<Shape> {
        let rest = name.as_bytes().get(1..)?;
        self.text.as_bytes().get(self.at..)?.starts_with(rest).then_some(())?;
        self.at += rest.len();
        Some(shape)
    }

    /// The place of what stands between quotation marks, of which the first has been read.
    #[inline(always)]
    fn string(&mut self) -> Option<Span> {
        let start = self.at;
        self.skip_plain();
        let end = self.at;
        match self.next()? {
            b'"' => Some(Span { start, end }),
            b'\\' => self.rest_of_escaped(start),
            _ => None,
        }
    }

    /// The place among the resolved ones of a string whose first backslash has just been read.
    #[cold]
    fn rest_of_escaped(&mut self, start: usize) -> Option<Span> {
        let place = self.text.len() + self.index.resolved.len();
        self.index.resolved.push_str(self.text.get(start..self.at - 1)?);
        loop {
            let character = self.escape()?;
            self.index.resolved.push(character);
            let plain = self.at;
            self.skip_plain();
            self.index.resolved.push_str(self.text.get(plain..self.at)?);
            match self.next()? {
                b'"' => break,
                b'\\' => {}
                _ => return None,
            }
        }
        Some(Span { start: place, end: self.text.len() + self.index.resolved.len() })
    }

    /// The character of an escape whose backslash has been read.
    fn escape(&mut self) -> Option<char> {
        Some(match self.next()? {
            byte @ (b'"' | b'\\' | b'/') => byte.into(),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => match self.code_unit()? {
                high @ 0xd800..0xdc00 => {
                    self.expect(b'\\')?;
                    self.expect(b'u')?;
                    let low = self.code_unit()?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
                    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + low)?
                }
                unit => char::from_u32(unit)?,
            },
            _ => return None,
        })
    }

    fn code_unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit << 4 | char::from(self.next()?).to_digit(16)?))
    }

    /// Passes over bytes that stand for themselves in a string.
    #[inline(always)]
    fn skip_plain(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..PRINTABLE);
        let (words, last) = if self.is_plain { rest.as_chunks() } else { ([].as_slice(), rest) };
        // Eight at a time.
        let mut quoted = words.iter().map(|word| quotes(u64::from_le_bytes(*word))).enumerate();
        self.at += match quoted.find(|(_, quotes)| *quotes != 0) {
            Some((word, quotes)) => word * 8 + quotes.trailing_zeros() as usize / 8,
            None => words.len() * 8 + last.iter().position(is_special).unwrap_or(last.len()),
        };
    }

    /// The next byte that is no white space, which is then read.
    #[inline(always)]
    fn token(&mut self) -> Option<u8> {
        let token = self.peek_token()?;
        self.at += 1;
        Some(token)
    }

    #[inline(always)]
    fn peek_token(&mut self) -> Option<u8> {
        loop {
            match self.peek()? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                token => return Some(token),
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }
}

/// The high bit of the first quotation mark among eight bytes; those of later bytes mean nothing.
fn quotes(word: u64) -> u64 {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    let zero_where_quoted = word ^ (ONES * b'"' as u64);
    zero_where_quoted.wrapping_sub(ONES) & !zero_where_quoted & (ONES << 7)
}
