//! The score matrix: hours down, readings across, as in the talk.

use std::io::{self, Write};

use knowatt_score::{DayClass, ScoreError, ScoreTable, Slot};
use serde::Serialize;

use crate::text::{BOLD, DIM, score_style};

/// What a reading of `wh` scores on a day of that class at that hour.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) day: &'static str,
    pub(crate) hour: u8,
    pub(crate) wh: f64,
    pub(crate) score: f64,
}

/// Every combination, day by day, hour by hour.
pub(crate) fn cells(
    table: &ScoreTable,
    days: &[DayClass],
    hours: &[u8],
    wh: &[f64],
) -> Result<Vec<Cell>, ScoreError> {
    let mut cells = Vec::with_capacity(days.len() * hours.len() * wh.len());
    for &day in days {
        let name = table.calendar().day_classes().class_name(day).unwrap_or_default();
        for &hour in hours {
            for &wh in wh {
                let score = table.score(Slot { day, hour }, wh)?;
                cells.push(Cell { day: name, hour, wh, score });
            }
        }
    }
    Ok(cells)
}

/// A table to read: above 1.0 stands out.
pub(crate) fn print(
    out: &mut dyn Write,
    cells: &[Cell],
    wh: &[f64],
    name_days: bool,
    indent: &str,
) -> io::Result<()> {
    let width = wh.iter().map(|wh| format!("{wh} Wh").len()).max().unwrap_or_default().max(9) + 2;
    let mut day = "";
    for row in cells.chunks(wh.len().max(1)) {
        let first = &row[0];
        if first.day != day {
            let title = if name_days { first.day } else { "" };
            let space = if day.is_empty() { "" } else { "\n" };
            write!(out, "{space}{indent}{BOLD}{title:<12}{BOLD:#}")?;
            for wh in wh {
                write!(out, "{DIM}{:>width$}{DIM:#}", format!("{wh} Wh"))?;
            }
            writeln!(out)?;
            day = first.day;
        }
        write!(out, "{indent}{DIM}{:>9}{DIM:#}   ", format!("{:02}:00", first.hour))?;
        for cell in row {
            let style = score_style(cell.score);
            write!(out, "{style}{:>width$.4}{style:#}", cell.score)?;
        }
        writeln!(out)?;
    }
    Ok(())
}
