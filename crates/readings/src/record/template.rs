//! JSON records of a topic mostly differ in nothing but their values. What stands between the values of one is remembered, so that the
//! next is compared with it instead of being read name by name, which takes a third of the time.
//!
//! A text that agrees between its values, and has a number, a text, `true`, `false` or `null` for each of them, has the names that
//! the text before had. Whatever else stands there is left to `serde_json`: texts with escapes, exponents, whole numbers beyond 18 digits,
//! a minus before a zero.

use super::leaf::Leaf;

/// So many digits are exact in a double.
const EXACT_DIGITS: usize = 15;
const POWERS: [f64; EXACT_DIGITS + 1] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

/// A value as it stands in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token<'t> {
    Leaf(Leaf),
    Text(&'t str),
}

/// What stands before each value, and behind the last one; nothing where nothing is known.
#[derive(Debug, Default)]
pub(super) struct Template {
    between: Vec<Box<[u8]>>,
}

impl Template {
    pub(super) fn forget(&mut self) {
        self.between.clear();
    }

    /// Gives each value of a text that is like the one before to `take`; says whether it is.
    #[inline]
    pub(super) fn read<'t>(&self, text: &'t [u8], mut take: impl FnMut(Token<'t>)) -> bool {
        let Some((end, before)) = self.between.split_last() else { return false };
        let mut rest = text;
        for before in before {
            let Some(value) = rest.strip_prefix(&**before) else { return false };
            let Some((token, behind)) = token(value) else { return false };
            take(token);
            rest = behind;
        }
        rest == &**end
    }

    /// Remembers a text that is JSON and has so many values, each behind a name.
    pub(super) fn learn(&mut self, text: &[u8], values: usize) {
        self.forget();
        let (mut start, mut at) = (0, 0);
        while let Some(&byte) = text.get(at) {
            at += match byte {
                b'"' => match token(&text[at..]) {
                    Some((_, behind)) => text.len() - behind.len() - at,
                    None => return self.forget(),
                },
                b':' => {
                    let value = text[at + 1..].trim_ascii_start();
                    let begins = text.len() - value.len();
                    if matches!(value, [b'{' | b'[', ..]) {
                        begins - at
                    } else if let Some((_, behind)) = token(value) {
                        self.between.push(text[start..begins].into());
                        start = text.len() - behind.len();
                        start - at
                    } else {
                        return self.forget();
                    }
                }
                _ => 1,
            };
        }
        if self.between.len() == values && values > 0 {
            self.between.push(text[start..].into());
        } else {
            self.forget();
        }
    }
}

/// The value at the start of a text, and what follows it.
#[inline]
fn token(text: &[u8]) -> Option<(Token<'_>, &[u8])> {
    match text.first()? {
        b'"' => {
            let text = &text[1..];
            let length = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=31))?;
            let (text, behind) = text.split_at(length);
            let behind = behind.strip_prefix(b"\"")?;
            Some((Token::Text(std::str::from_utf8(text).ok()?), behind))
        }
        b'n' => Some((Token::Leaf(Leaf::Null), text.strip_prefix(b"null")?)),
        b't' => Some((Token::Leaf(Leaf::Other), text.strip_prefix(b"true")?)),
        b'f' => Some((Token::Leaf(Leaf::Other), text.strip_prefix(b"false")?)),
        _ => number(text),
    }
}

/// A number, rounded as `serde_json` rounds it: correctly.
#[inline]
fn number(text: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let unsigned = text.strip_prefix(b"-").unwrap_or(text);
    let is_negative = unsigned.len() < text.len();
    let (whole, mut digits, mut behind) = digits(0, unsigned);
    let leads_with_zero = unsigned.first() == Some(&b'0');
    if digits == 0 || digits > 18 || (leads_with_zero && digits > 1) {
        return None;
    }
    let leaf = if let [b'.', fraction @ ..] = behind {
        let (all, places, rest) = self::digits(whole, fraction);
        (digits, behind) = (digits + places, rest);
        if places == 0 {
            return None;
        }
        let number = if digits <= EXACT_DIGITS {
            // Both are exact, so this is rounded once.
            let number = all as f64 / POWERS[places];
            if is_negative { -number } else { number }
        } else {
            std::str::from_utf8(&text[..text.len() - rest.len()]).ok()?.parse().ok()?
        };
        Leaf::Number(number)
    } else if leads_with_zero && is_negative {
        return None;
    } else {
        Leaf::Integer(if is_negative { -whole } else { whole })
    };
    let is_over = !matches!(behind, [b'e' | b'E' | b'.' | b'0'..=b'9', ..]);
    is_over.then_some((Token::Leaf(leaf), behind))
}

/// The digits at the start of a text behind others, how many they are, and what follows. Of more than 18 the number is of no use.
#[inline]
fn digits(mut number: i64, text: &[u8]) -> (i64, usize, &[u8]) {
    let mut count = 0;
    while let Some(digit @ b'0'..=b'9') = text.get(count) {
        number = number.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'));
        count += 1;
    }
    (number, count, &text[count..])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::record::{fields::Fields, json};

    /// Whether the second text is not read anew after the first; what it says is the same either way.
    fn after(first: &str, second: &str) -> bool {
        let (mut fields, mut fresh) = (Fields::default(), Fields::default());
        _ = json::read(first.as_bytes(), &mut fields);
        let is_alike = fields.read_alike(second.as_bytes());
        let said = json::read(second.as_bytes(), &mut fields).map(|()| fields.listed());
        let alone = json::read(second.as_bytes(), &mut fresh).map(|()| fresh.listed());
        assert_eq!(said, alone, "{first} {second}");
        assert!(said.is_err() || fields.shape() == fresh.shape(), "{first} {second}");
        is_alike
    }

    #[test]
    fn a_record_that_differs_in_its_values_alone_is_not_read_anew() {
        for (first, second) in [
            (r#"{"hour":4,"kwh":0.412}"#, r#"{"hour":23,"kwh":-12.5000000000000001}"#),
            (r#"{"hour":4,"kwh":0.412}"#, r#"{"hour":null,"kwh":"none"}"#),
            (
                r#" { "a" : {"b:": "x", "c" : true}, "wh": 1 } "#,
                r#" { "a" : {"b:": "Küche", "c" : false}, "wh": -7.0 } "#,
            ),
            (r#"{"wh":{"double":1.5},"l":[1,2]}"#, r#"{"wh":{"double":2.5},"l":[1,2]}"#),
        ] {
            assert!(after(first, second), "{second}");
        }
    }

    #[test]
    fn what_differs_in_more_is_read_anew() {
        let first = r#"{"hour":4,"kwh":0.412}"#;
        for second in [
            "",
            "{",
            r#"{"hour":4,"kwh":}"#,
            r#"{"hour":4,"kwh":1}x"#,
            r#"{"hour":4,"kwh":1"#,
            r#"{"hour":4, "kwh":1}"#,
            r#"{"hour":4,"wh":1}"#,
            r#"{"hour":04,"kwh":1}"#,
            r#"{"hour":-0,"kwh":1}"#,
            r#"{"hour":-,"kwh":1}"#,
            r#"{"hour":4,"kwh":1.}"#,
            r#"{"hour":4,"kwh":.5}"#,
            r#"{"hour":4,"kwh":1e3}"#,
            r#"{"hour":4,"kwh":1.5E3}"#,
            r#"{"hour":4,"kwh":1.5.5}"#,
            r#"{"hour":4,"kwh":"\n"}"#,
            r#"{"hour":4,"kwh":{"a":1}}"#,
            r#"{"hour":4,"kwh":nul}"#,
            r#"{"hour":1000000000000000000,"kwh":1}"#,
            r#"{"hour":9223372036854775808,"kwh":1}"#,
            "{\"hour\":4,\"kwh\":\"\t\"}",
        ] {
            assert!(!after(first, second), "{second}");
        }
        assert!(!after("{", first));
        assert!(!after(r#"{"l":[{"a":1}],"wh":1}"#, r#"{"l":[{"a":1}],"wh":1}"#));
    }

    proptest! {
        #[test]
        fn reading_by_the_record_before_changes_nothing(
            first in r#"\{"(a|é|:)": ?(-?[0-9]{1,3}(\.[0-9]{1,3})?|"[ -~é]{0,4}"|null|true|\[1\]|\{"b":1\})(,"b":(1|""|\{\}))?\}"#,
            second in r#"\{"(a|é|:)": ?(-?[0-9]{0,20}(\.[0-9]{0,20})?(e3)?|"[ -~é]{0,4}"|null|true|\[1\]|\{"b":1\})(,"b":(1|""|\{\}))?\}?"#,
        ) {
            after(&first, &second);
        }

        #[test]
        fn numbers_are_the_same_to_the_last_bit(number in any::<f64>(), whole in any::<i64>(), places in 0..18_usize) {
            for text in [format!("{number}"), format!("{:.places$}", number % 1e9), whole.to_string(), (whole % 1_000_000).to_string()] {
                after(r#"{"wh":1}"#, &format!(r#"{{"wh":{text}}}"#));
            }
        }
    }
}
