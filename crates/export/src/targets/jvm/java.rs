//! `java`: one class for Java 8 and later, without dependencies: the very source that the jar's class is compiled from, the curves written
//! into it.
//!
//! A method has at most 65,535 bytes, a text constant as many, and a class as many constants (*The Java Virtual Machine Specification*, 4.7.3, 4.4.7, 4.1), so
//! the curves are long texts, which the class reads when it is loaded, and not numbers of Java's.

use std::fmt::Write as _;

use knowatt_score::Feature;

use super::{numbers, renamed};
use crate::{
    error::Error,
    export::{Cell, Export},
    targets::Target,
};

const CLASS: &str = include_str!("../../../java/knowatt/KNOWATT_NAME.java");

pub(in crate::targets) struct Java;

impl Target for Java {
    fn name(&self) -> &'static str {
        "java"
    }

    fn summary(&self) -> &'static str {
        "the source of a Java class that needs nothing"
    }

    fn extension(&self) -> &'static str {
        "java"
    }

    fn has_seed_compatible(&self) -> bool {
        true
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let (before, after) = CLASS.split_once("        // @NUMBERS\n").unwrap_or((CLASS, ""));
        let (_, after) = after.split_once("        // NUMBERS@\n").unwrap_or(("", after));
        let text = format!("{before}{}{after}", texts(export));
        let heading = export.heading().join("\n// ");
        Ok(renamed(&text, &[("@HEADING@", &heading), ("KNOWATT_NAME", export.name.as_given())]).into_bytes())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let name = export.name.as_given();
        format!(
            "{file} is a class for Java 8 and later. Put it into your sources as knowatt/{name}.java:\n\n{}",
            super::explain::plain(export)
        )
    }
}

/// The most bytes of a text constant; there may be 65,535.
const TEXT: usize = 30_000;
/// The most numbers on a line.
const ON_A_LINE: usize = 128;

/// `return String.join(…)` of as few texts as there may be.
fn texts(export: &Export<'_>) -> String {
    let mut texts = Texts { code: "        return String.join(\" \"".to_owned(), room: 0 };
    for (numbers, what) in numbers::head(export).iter().zip(HEAD) {
        texts.add(what, numbers);
    }
    for set in export.features() {
        for cell in &set.cells {
            texts.add(&place(export, set.feature, cell), &numbers::curve(cell));
        }
    }
    texts.code + ");\n"
}

/// What the lines of [`numbers::head`] are.
const HEAD: [&str; 8] = [
    "the rule of days, how many classes of them, the score of an hour that does not exist",
    "how many floors, and their hours",
    "how many steps",
    "how many rises, and their hours",
    "how many changes of the clocks, and the seconds since 1970 that they are at",
    "as many offsets from UTC in seconds",
    "how many holidays, and the days since 1970 that they are",
    "how many knots in all; then curve by curve how many, and the Wh and the score of each",
];

fn place(export: &Export<'_>, feature: Feature, cell: &Cell<'_>) -> String {
    let day = export.clock.day_classes.class_name(cell.slot.day).unwrap_or_default();
    format!("{feature}, {day}, {:02}:00", cell.slot.hour)
}

struct Texts {
    code: String,
    /// The bytes that the text has room for.
    room: usize,
}

impl Texts {
    fn add(&mut self, comment: &str, numbers: &str) {
        _ = write!(self.code, "\n            // {comment}"); // writing to a String cannot fail
        let numbers: Vec<_> = numbers.split(' ').collect();
        for line in numbers.chunks(ON_A_LINE) {
            let line = line.join(" ");
            let (sign, room) = if self.room > line.len() { ('+', self.room) } else { (',', TEXT) };
            _ = write!(self.code, "\n            {sign} \"{line} \"");
            self.room = room.saturating_sub(line.len() + 1);
        }
    }
}
