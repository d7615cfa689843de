//! Gives a compiled class another name.
//!
//! In a class file every name, descriptor, signature and text stands once, as a `CONSTANT_Utf8` of its constant pool, with its length before it;
//! all else refers to it by its number (*The Java Virtual Machine Specification*, 4.4.7). So a class that was compiled under a
//! placeholder is given its name by writing these constants anew, and copying the rest as it is.

use std::borrow::Cow;

/// The class file with each text replaced by another, wherever it stands in its constants; none if this is no class file.
pub(super) fn rename(class: &[u8], replaced: &[(&str, &str)]) -> Option<Vec<u8>> {
    let mut rest = class;
    let mut renamed = Vec::with_capacity(class.len() + 512);
    let head = take(&mut rest, 10)?; // magic, versions, and one more than there are constants
    if !head.starts_with(&0xCAFE_BABE_u32.to_be_bytes()) {
        return None;
    }
    renamed.extend(head);
    let constants = u16::from_be_bytes([head[8], head[9]]);
    let mut number = 1;
    while number < constants {
        let tag = *rest.first()?;
        if tag == UTF8 {
            let head = take(&mut rest, 3)?;
            let text = take(&mut rest, u16::from_be_bytes([head[1], head[2]]).into())?;
            let text = replace(text, replaced);
            renamed.push(UTF8);
            renamed.extend(u16::try_from(text.len()).ok()?.to_be_bytes());
            renamed.extend(&*text);
        } else {
            renamed.extend(take(&mut rest, 1 + size(tag)?)?);
        }
        number += if matches!(tag, LONG | DOUBLE) { 2 } else { 1 };
    }
    renamed.extend(rest);
    Some(renamed)
}

const UTF8: u8 = 1;
const LONG: u8 = 5;
const DOUBLE: u8 = 6;

/// The bytes of a constant after its tag (table 4.4-A and the sections it names).
fn size(tag: u8) -> Option<usize> {
    match tag {
        7 | 8 | 16 | 19 | 20 => Some(2), // a class, string, method type, module, package
        15 => Some(3),                   // a method handle
        3 | 4 | 9..=12 | 17 | 18 => Some(4), // an int, float, field, method, name and type, dynamic
        LONG | DOUBLE => Some(8),
        _ => None,
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

/// Texts are in a UTF-8 of Java's own, in which what is not ASCII has no byte that is; what is no UTF-8 for us stays.
fn replace<'a>(text: &'a [u8], replaced: &[(&str, &str)]) -> Cow<'a, [u8]> {
    match std::str::from_utf8(text) {
        Ok(utf8) if replaced.iter().any(|(from, _)| utf8.contains(from)) => {
            Cow::Owned(super::renamed(utf8, replaced).into_bytes())
        }
        _ => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: &[u8] = include_bytes!("../../../java/classes/knowatt/KNOWATT_NAME.class");

    #[test]
    fn a_name_of_another_length_changes_nothing_but_the_texts_that_hold_it() {
        let there = rename(CLASS, &[("KNOWATT_NAME", "A_MUCH_LONGER_NAME_THAN_BEFORE")]).unwrap();
        assert!(there.len() > CLASS.len());
        assert!(!there.windows(12).any(|text| text == b"KNOWATT_NAME"));
        assert_eq!(rename(&there, &[("A_MUCH_LONGER_NAME_THAN_BEFORE", "KNOWATT_NAME")]).unwrap(), CLASS);
    }

    #[test]
    fn what_is_no_class_file_is_none() {
        for length in [0, 4, 9, 10, 11, 100, 1000] {
            assert_eq!(rename(&CLASS[..length], &[]), None, "{length} bytes");
        }
        assert_eq!(rename(b"PK\x03\x04 and so on", &[]), None);
    }
}
