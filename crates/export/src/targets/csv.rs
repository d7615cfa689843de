//! `csv`: the score table itself, a row a knot.
//!
//! RFC 4180 with the columns `feature,day,hour,wh,score`; the rows of one feature, day and hour are in the order of
//! their Wh. Numbers are the shortest decimals that give the same double again. `knowatt train --table` writes the level alone,
//! without the first column.

use std::fmt::Write as _;

use super::Target;
use crate::{error::Error, export::Export};

pub(super) struct Csv;

impl Target for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn summary(&self) -> &'static str {
        "the score table, a row a knot: feature,day,hour,wh,score"
    }

    fn extension(&self) -> &'static str {
        "csv"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let classes = export.clock.day_classes;
        let mut text = String::from("feature,day,hour,wh,score\n");
        for curves in export.features() {
            for cell in &curves.cells {
                let day = classes.class_name(cell.slot.day).unwrap_or_default();
                for knot in cell.knots() {
                    // Writing to a String cannot fail.
                    _ = writeln!(
                        text,
                        "{},{day},{},{},{}",
                        curves.feature, cell.slot.hour, knot.wh, knot.score
                    );
                }
            }
        }
        Ok(text.into_bytes())
    }

    fn explain(&self, _export: &Export<'_>, file: &str) -> String {
        format!(
            "{file} has a row for each knot: feature,day,hour,wh,score.\n\
             To score x Wh, take the knots of its feature, day class and hour, in order:\n\
             \n\
             1. i = the number of knots with wh <= x, kept between 1 and the number of knots less one\n\
             2. s = score[i-1] + (x - wh[i-1]) * (score[i] - score[i-1]) / (wh[i] - wh[i-1])\n\
             3. unless i is the last knot, at most score[i]\n"
        )
    }
}
