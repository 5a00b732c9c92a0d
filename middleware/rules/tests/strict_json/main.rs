//! Claims are read with one meaning or not at all, and as a second reader reads them that is written on top of `serde_json`.

mod reference;

use std::fmt::Write;

use portcullis_rules::{Claim, Claims};
use proptest::prelude::*;
use reference::{MAX_DEPTH, parse_object};
use serde_json::{Map, Value};

fn nested(depth: usize) -> String {
    format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth))
}

#[test]
fn what_has_one_meaning_is_read() {
    let many: Vec<String> = (0..100).map(|number| format!(r#""claim {number}":{number}"#)).collect();
    for text in [
        "{}",
        " \t\r\n{ } \t\r\n",
        r#" {"a": [1, -2, 3.5, "x", true, null, {}], "b": {"a": 1}} "#,
        r#"{"a":"\ud83d\ude00\"\\\/\b\f\n\r\t\u0000","é":"\u00e9\u00E9"}"#,
        r#"{"a":"0123456\"7","b":"01234567\n","c":"0123456789abcde\\"}"#,
        "{\"a\":\"\u{7f}\u{80}\u{2028}\u{fffe}\u{10ffff}\"}",
        r#"{"a":0,"b":-0,"c":0.0e0,"d":1E+2,"e":1e-400,"f":123456789012345678901234567890,"g":18446744073709551615}"#,
        r#"{"a":-9223372036854775808,"b":0e999,"c":1.7e308,"d":4.9E-324}"#,
        r#"{"a":{"x":1},"b":{"x":1},"x":[{"x":1},{"x":1}]}"#,
        r#"{"":"","a":[[[]]],"A":{}}"#,
        r#"{"a":["x",["y"],{"z":"z"},"\u0061"]}"#,
        &format!("{{{}}}", many.join(",")),
        &nested(MAX_DEPTH),
    ] {
        assert!(parse_object(text.as_bytes()).is_some(), "the reference: {text}");
        agree(text.as_bytes());
    }
}

#[test]
fn what_has_two_meanings_or_none_is_refused() {
    let mut many: Vec<String> = (0..100).map(|number| format!(r#""claim {number}":{number}"#)).collect();
    many.push(r#""claim \u0034\u0032":1"#.to_owned());
    for text in [
        r#"{"a":1,"a":1}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"\u0061":1,"\u0061":2}"#,
        r#"{"":1,"":2}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":[{"b":1,"b":2}]}"#,
        &format!("{{{}}}", many.join(",")),
        r#"{"a":NaN}"#,
        r#"{"a":Infinity}"#,
        r#"{"a":-Infinity}"#,
        r#"{"a":1e999}"#,
        r#"{"a":-1e999}"#,
        r#"{"a":01}"#,
        r#"{"a":-01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.1}"#,
        r#"{"a":+1}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":1e+}"#,
        r#"{"a":0x1}"#,
        r#"{"a":1_0}"#,
        r#"{"a":1,}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1 2]}"#,
        r#"{,"a":1}"#,
        r#"{"a" 1}"#,
        r#"{"a":}"#,
        r#"{"a":1 "b":2}"#,
        r#"{'a':1}"#,
        r#"{a:1}"#,
        r#"{"a":tru}"#,
        r#"{"a":True}"#,
        r#"{"a":nul}"#,
        r#"{"a":undefined}"#,
        r#"{"a":1}/* b */"#,
        r#"{"a":1} // b"#,
        r#"{"a":1}{"a":1}"#,
        r#"{"a":1} x"#,
        r#"{"a":1}}"#,
        r#"{"a":[1}"#,
        r#"{"a":"x"#,
        r#"{"a":"x\"}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12"}"#,
        r#"{"a":"\u+123"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\ud800"}"#,
        r#"{"a":"\ud800x"}"#,
        r#"{"a":"\ud800\n"}"#,
        r#"{"a":"\ud800\ud800"}"#,
        r#"{"a":"\udc00\ud800"}"#,
        r#"{"a":"\udfff"}"#,
        r#"{"\ud800":1}"#,
        "{\"a\":\"\n\"}",
        "{\"a\":\"01234567\u{1f}\"}",
        "{\"a\":\"\0\"}",
        "{\"a\":1}\0",
        "{\u{a0}}",
        "{\u{b}}",
        "\u{feff}{}",
        "[]",
        "[{}]",
        "1",
        "null",
        "\"a\"",
        "",
        " ",
        "{",
        &nested(MAX_DEPTH + 1),
        &format!(r#"{{"a":{}{}}}"#, "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH)),
        &nested(100_000),
        &"[".repeat(100_000),
        &r#"{"a":["#.repeat(100_000),
    ] {
        let shown = text.get(..40).unwrap_or(text);
        assert_eq!(parse_object(text.as_bytes()), None, "the reference: {shown}");
        assert!(Claims::from_json(text).is_err(), "{shown}");
    }
    for bytes in [
        &b"{\"a\":\"\xff\"}"[..],
        b"{\"a\":\"\xed\xa0\x80\"}",
        b"{\"a\":\"\xc0\x80\"}",
        b"{\"a\":\"\xf5\x80\x80\x80\"}",
        b"{\"a\":\"\xe2\x82\"}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
    ] {
        assert_eq!(parse_object(bytes), None, "the reference: {bytes:x?}");
        assert!(Claims::from_json(bytes).is_err(), "{bytes:x?}");
    }
}

/// Both readers take the text or neither does, and then they have read the same.
#[track_caller]
fn agree(text: &[u8]) {
    let expected = parse_object(text);
    let claims = Claims::from_json(text).ok();
    let shown = String::from_utf8_lossy(text);
    assert_eq!(claims.as_ref().map(Claims::as_map), expected.as_ref(), "{shown}");
    let (Some(claims), Some(expected)) = (claims, expected) else { return };
    assert_eq!(Claims::from(expected.clone()), claims, "{shown}");
    for (name, value) in &expected {
        let read = claims.value(name);
        let is_same = match (read, value) {
            (Some(Claim::Null), Value::Null) | (Some(Claim::Object), Value::Object(_)) => true,
            (Some(Claim::Bool(read)), Value::Bool(value)) => read == *value,
            (Some(Claim::Number(read)), Value::Number(number)) => {
                // serde_json may be off by the last bit of a fraction.
                number.as_f64().is_some_and(|number| (read - number).abs() <= number.abs() * 1e-15)
            }
            (Some(Claim::Text(read)), Value::String(text)) => read == text,
            (Some(Claim::List(read)), Value::Array(list)) => {
                read.len() == list.len()
                    && read.is_all_texts() == list.iter().all(Value::is_string)
                    && read.texts().eq(list.iter().filter_map(Value::as_str))
            }
            _ => false,
        };
        assert!(is_same, "{name:?} in {shown}: {value} was read as {read:?}");
        assert_eq!(claims.text(name), value.as_str());
    }
}

fn value() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from)
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number,
        text().prop_map(Value::String)
    ];
    leaf.prop_recursive(18, 60, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ab]{0,2}",
        "\\PC{0,20}",
        prop::collection::vec(any::<char>(), 0..12).prop_map(String::from_iter)
    ]
}

/// Writes a value in one of the many ways in which it can be written, as the dice fall.
fn write(value: &Value, dice: &mut impl FnMut() -> u8, out: &mut String) {
    let space = |dice: &mut dyn FnMut() -> u8, out: &mut String| {
        let roll = dice();
        out.push_str(match roll {
            0..=240 => "",
            241..=245 => " ",
            246..=250 => "\n\t",
            _ => "\r\n ",
        });
    };
    let string = |text: &str, dice: &mut dyn FnMut() -> u8, out: &mut String| {
        out.push('"');
        for character in text.chars() {
            if dice() > 220 || matches!(character, '"' | '\\' | ..' ') {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").unwrap_or_default();
                }
            } else {
                out.push(character);
            }
        }
        out.push('"');
    };
    space(dice, out);
    match value {
        Value::String(text) => string(text, dice, out),
        Value::Array(list) => {
            out.push('[');
            for (index, element) in list.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write(element, dice, out);
            }
            out.push(']');
        }
        Value::Object(object) => {
            out.push('{');
            for (index, (name, element)) in object.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                space(dice, out);
                string(name, dice, out);
                space(dice, out);
                out.push(':');
                write(element, dice, out);
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
    space(dice, out);
}

fn written(members: Vec<(String, Value)>, rolls: &[u8]) -> String {
    let mut rolls = rolls.iter().copied().cycle();
    let mut out = String::new();
    write(
        &Value::Object(members.into_iter().collect::<Map<_, _>>()),
        &mut || rolls.next().unwrap_or(0),
        &mut out,
    );
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn both_readers_agree_on_objects(
        members in prop::collection::vec((text(), value()), 0..40),
        rolls in prop::collection::vec(any::<u8>(), 1..50),
    ) {
        agree(written(members, &rolls).as_bytes());
    }

    #[test]
    fn both_readers_agree_on_spoilt_objects(
        members in prop::collection::vec((text(), value()), 0..6),
        rolls in prop::collection::vec(any::<u8>(), 1..50),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..3, any::<u8>()), 1..3),
    ) {
        let mut text = written(members, &rolls).into_bytes();
        for (place, kind, byte) in edits {
            let place = place.index(text.len());
            let byte = if byte < 200 { br#"{}[]",:\0eu-+.1 ax"#[usize::from(byte) % 18] } else { byte };
            match kind {
                0 => text[place] = byte,
                1 => text.insert(place, byte),
                _ if text.len() > 1 => drop(text.remove(place)),
                _ => {}
            }
        }
        agree(&text);
    }

    #[test]
    fn both_readers_agree_on_heaps_of_tokens(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"\\u0061\"", "\"b\"", "1", "-0", "1e5", "true", "null", " ", "\"", "\\",
        ]), 0..12),
    ) {
        agree(format!("{{{}}}", tokens.concat()).as_bytes());
    }
}
