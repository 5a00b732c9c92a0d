//! Documents that are almost right.

use crate::dice::Dice;

/// What has been misread somewhere.
const PIECES: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"null",
    b"true",
    b"0",
    b"-1",
    b"1e400",
    b"1e9",
    b"1.5",
    b"NaN",
    b"\0",
    b" ",
    b"\n",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xc3",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00",
    b"/**/",
    b"//",
    b"[[[[[[[[[[[[[[[[[[",
    b"]]]]]]]]]]]]]]]]]]",
    b"{\"a\":",
    b"\"alg\":\"none\",",
    b"\"alg\":\"HS256\",",
    b"\"a\\u006cg\":\"none\",",
    b"\"kid\":null,",
    b"\"kid\":\"../x\",",
    b"\"crit\":[\"exp\"],",
    b"\"b64\":false,",
    b"\"jwk\":{},",
    b"\"typ\":\"at+jwt\",",
    b"\"typ\":7,",
    b"\"cty\":\"JWT\",",
    b"\"exp\":4000000000,",
    b"\"exp\":\"4000000000\",",
    b"\"exp\":null,",
    b"\"nbf\":1,",
    b"\"nbf\":\"1\",",
    b"\"iat\":-1e3,",
    b"\"iss\":[\"https://a.example\"],",
    b"\"sub\":\"\",",
    b"\"s\\u0075b\":\"bob\",",
    b"\"aud\":[\"api\",7],",
    b"\"cnf\":{},",
    b"\"cnf\":{\"jkt\":\"x\"},",
    b"\"x\":\"\\ud83d\\ude00\",",
    b"\"x\":{\"x\":[]},",
    b"\"kty\":\"oct\",",
    b"\"crv\":\"P-521\",",
    b"\"use\":\"enc\",",
    b"\"key_ops\":[],",
    b"\"x\":\"AAAA\",",
    b"\"e\":\"AQ\",",
    b"=",
    b"==",
    b".",
    b"..",
    b"+",
    b"/",
    b"A",
    b"%2E",
];

/// Spoils a document now and then, in up to a few places.
pub(crate) fn spoiled(dice: &mut Dice<'_>, document: &[u8]) -> Vec<u8> {
    let mut text = document.to_vec();
    for _ in 0..dice.below(5) {
        let at = dice.below(text.len() + 1);
        match dice.below(8) {
            0 | 1 => {
                text.splice(at..at, dice.one_of(PIECES).iter().copied());
            }
            // Where a member may stand, so that more of them get past the first check.
            2 | 3 => {
                if text.first() == Some(&b'{') {
                    text.splice(1..1, dice.one_of(PIECES).iter().copied());
                }
            }
            4 => {
                let end = (at + 1 + dice.below(8)).min(text.len());
                text.drain(at.min(end)..end);
            }
            5 => {
                if let Some(byte) = text.get_mut(at) {
                    *byte ^= 1 << dice.below(8);
                }
            }
            6 => {
                let end = (at + dice.below(40)).min(text.len());
                let copy = text[at..end].to_vec();
                let to = dice.below(text.len() + 1);
                text.splice(to..to, copy);
            }
            _ => {
                if let Some(byte) = text.get_mut(at) {
                    *byte = dice.below(256) as u8;
                }
            }
        }
    }
    text
}
