//! What the exported function is called.
//!
//! One rule for all engines, so that a function has the same name everywhere and nothing has to be escaped anywhere: ASCII
//! letters, digits and `_`, not beginning with a digit, and none of the words that some engine keeps for itself.

use std::{fmt, str::FromStr};

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
    /// A keyword somewhere.
    #[error("this is a reserved word of {0}; take another name")]
    Reserved(&'static str),
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
        let language = RESERVED.iter().find(|(_, words)| words.split_whitespace().any(|word| word == lower));
        match language {
            Some((language, _)) => Err(NameError::Reserved(language)),
            None => Ok(Self { given: text.to_owned(), lower }),
        }
    }
}

/// Words that would not parse as a name, in lower case, whatever case the language wants: from the languages' own
/// lists (ISO/IEC 9075-2 with what Flink, MySQL, ClickHouse and ksqlDB add; JLS 3.9; Python's `keyword.kwlist`; ECMA-262
/// 12.7.2; ISO/IEC 9899 6.4.1).
const RESERVED: &[(&str, &str)] = &[
    (
        "SQL",
        "all alter analyse analyze and any array as asc asymmetric at authorization avg before begin between bigint binary
         blob boolean both by call cascade case cast change char character check collate collation column commit
         concurrently condition constraint continue convert count create cross cube current current_catalog current_date
         current_path current_role current_row current_schema current_time current_timestamp current_user cursor database
         databases date day day_hour day_minute day_second dec decimal declare default deferrable delayed delete dense_rank
         desc describe deterministic distinct distinctrow div do double drop dual each else elseif emit empty enclosed end
         escape escaped except exists exit explain extract false fetch filter first_value float float4 float8 for force
         foreign freeze from full fulltext function generated get glob global grant group grouping groups having
         high_priority hour hour_minute hour_second if ignore ilike import in index infile initially inner inout insert
         int int1 int2 int3 int4 int8 integer intersect interval into is isnull iterate join json_table key keys kill lag
         last_value lateral lead leading leave left like limit linear lines load local localtime localtimestamp lock
         long longblob longtext loop low_priority match materialized max maxvalue mediumblob mediumint mediumtext
         middleint min minute minute_second mod modifies month natural no not notnull nth_value ntile null numeric of
         offset on only optimize option optionally or order out outer outfile over overlaps partition percent_rank
         placing position precision primary procedure purge range rank read reads real recursive references regexp
         release rename repeat replace require resignal restrict return returning revoke right rlike row row_number rows
         schema schemas second select semi sensitive separator session_user set show signal similar smallint some
         spatial specific sql sqlexception sqlstate sqlwarning ssl starting stored straight_join stream streams struct
         sum symmetric system table tables tablesample terminated then time timestamp tinyblob tinyint tinytext to topic
         trailing trigger true truncate undo union unique unlock unnest unsigned update upsert usage use user using
         utc_date utc_time utc_timestamp value values varbinary varchar varcharacter variadic varying verbose view
         virtual when where while window with within without write xor year year_month zerofill",
    ),
    (
        "Java",
        "abstract assert boolean break byte case catch char class const continue default do double else enum extends false
         final finally float for goto if implements import instanceof int interface long native new null package private
         protected public record return short static strictfp super switch synchronized this throw throws transient true
         try var void volatile while yield _",
    ),
    (
        "Python",
        "and as assert async await break class continue def del elif else except false finally for from global if import in
         is lambda match none nonlocal not or pass raise return true try while with yield",
    ),
    (
        "JavaScript",
        "arguments await break case catch class const continue debugger default delete do else enum eval export extends false
         finally for function if implements import in infinity instanceof interface let nan new null package private
         protected public return static super switch this throw true try typeof undefined var void while with yield",
    ),
    (
        "C",
        "alignas alignof auto bool break case char complex const continue default do double else enum extern float for goto
         if imaginary inline int long main register restrict return short signed sizeof static struct switch typedef
         union unsigned void volatile while",
    ),
];

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
        for text in ["ANOMOLY_POWER", "score", "_x1", "kitchen_2"] {
            assert_eq!(text.parse::<Name>().unwrap().as_given(), text);
        }
    }
}
