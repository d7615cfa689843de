//! What the exported function is called.
//!
//! One rule for all engines, so that a function has the same name everywhere and nothing has to be escaped anywhere: ASCII
//! letters, digits and `_`, not beginning with a digit, none of the words that some engine keeps for itself, and no ending that exports add.

mod reserved;

use std::{fmt, str::FromStr};

use self::reserved::{BEGINNINGS, ENDINGS, RESERVED};

/// The name of an exported function, class or module: safe to write into any language as it is.
///
/// ```
/// use knowatt_export::Name;
///
/// let name: Name = "ANOMOLY_POWER".parse()?;
/// assert_eq!((name.as_given(), name.lower()), ("ANOMOLY_POWER", "anomoly_power"));
/// assert!("f'); DROP TABLE readings; --".parse::<Name>().is_err());
/// assert!("select".parse::<Name>().is_err());
/// # Ok::<(), knowatt_export::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    given: String,
    lower: String,
}

/// Why a text is no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Other characters, or none.
    #[error("a name is made of the letters A to Z, digits and `_`, and does not begin with a digit")]
    Characters,
    /// Databases cut names at 63 bytes, and endings are added.
    #[error("a name has at most {} characters", Name::MOST)]
    Long,
    /// A word that means something already.
    #[error("this is a word of {0} already; take another name")]
    Reserved(&'static str),
    /// It looks like one of the functions that are made for another name.
    #[error("a name does not end in `{0}`, which is put behind names; take another name")]
    Ending(&'static str),
    /// It looks like something that is not the user's.
    #[error("a name does not begin with `{0}`; take another name")]
    Beginning(&'static str),
}

impl Name {
    /// The talk's function, which is the default.
    pub const DEFAULT: &'static str = "ANOMOLY_POWER";
    /// The most characters.
    pub const MOST: usize = 48;

    /// As it was given.
    pub fn as_given(&self) -> &str {
        &self.given
    }

    /// In lower case, where a language's custom wants that.
    pub fn lower(&self) -> &str {
        &self.lower
    }
}

impl Default for Name {
    fn default() -> Self {
        Self { given: Self::DEFAULT.to_owned(), lower: Self::DEFAULT.to_ascii_lowercase() }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if text.is_empty() || text.as_bytes()[0].is_ascii_digit() || !text.bytes().all(is_inside) {
            return Err(NameError::Characters);
        }
        if text.len() > Self::MOST {
            return Err(NameError::Long);
        }
        let lower = text.to_ascii_lowercase();
        if let Some(ending) = ENDINGS.into_iter().find(|ending| lower.ends_with(ending)) {
            return Err(NameError::Ending(ending));
        }
        if let Some(beginning) = BEGINNINGS.into_iter().find(|beginning| lower.starts_with(beginning)) {
            return Err(NameError::Beginning(beginning));
        }
        let language = RESERVED.iter().find(|(_, words)| words.split_whitespace().any(|word| word == lower));
        match language {
            Some((language, _)) => Err(NameError::Reserved(language)),
            None => Ok(Self { given: text.to_owned(), lower }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_string_a_comment_or_a_line_is_no_name() {
        let hostile = [
            "",
            " ",
            "a b",
            "a-b",
            "a.b",
            "a/b",
            "../../a",
            "a'b",
            "a\"b",
            "a`b",
            "a;b",
            "*/",
            "a*/b",
            "--",
            "a--b",
            "';--",
            "a\nb",
            "a\0b",
            "a\\b",
            "$$",
            "{{a}}",
            "{% a %}",
            "é",
            "naïve",
            "ａ",
            "А",
            "1a",
            "a\u{202e}b",
            "<script>",
            "a%s",
            "#a",
        ];
        for text in hostile {
            assert_eq!(text.parse::<Name>(), Err(NameError::Characters), "{text:?}");
        }
        assert_eq!("a".repeat(49).parse::<Name>(), Err(NameError::Long));
        assert!("a".repeat(48).parse::<Name>().is_ok());
    }

    #[test]
    fn a_word_that_some_engine_keeps_for_itself_is_no_name_in_any_case() {
        for (text, language) in [
            ("select", "SQL"),
            ("Select", "SQL"),
            ("CLASS", "Java"),
            ("lambda", "Python"),
            ("typeof", "JavaScript"),
            ("inline", "C"),
            ("_", "Java"),
        ] {
            assert_eq!(text.parse::<Name>(), Err(NameError::Reserved(language)));
        }
        for (text, language) in [
            ("coalesce", "SQL, where it is a function"),
            ("String", "Java, where it is a class"),
            ("datetime", "Python, where it is a module"),
            ("stdint", "C, where it is a header"),
            ("pivot", "SQL (PostgreSQL's and DuckDB's)"),
        ] {
            assert_eq!(text.parse::<Name>(), Err(NameError::Reserved(language)));
        }
        for text in ["ANOMOLY_POWER", "score", "_x1", "kitchen_2"] {
            assert_eq!(text.parse::<Name>().unwrap().as_given(), text);
        }
    }

    #[test]
    fn a_name_that_could_be_taken_for_a_function_of_another_is_refused() {
        assert_eq!("heating_FLOOR".parse::<Name>(), Err(NameError::Ending("_floor")));
        assert_eq!("KNOWATT_DIGEST".parse::<Name>(), Err(NameError::Beginning("knowatt_")));
        assert!("floor_heating".parse::<Name>().is_ok());
    }
}
