//! What is normal, as a picture in the terminal: of each day class a row of colours, the highest normal Wh hour by hour, and
//! below it a line of what is typical. It is at most 79 columns wide.

use std::{
    env,
    io::{self, Write},
};

use anstyle::{Ansi256Color, Color, RgbColor, Style};
use knowatt_report::{Normal, viridis};
use knowatt_score::{DayClass, ModelFile};

use crate::text::{BOLD, DIM, wh};

/// Of a line of text an eighth to all of its height.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The green of normal scores.
const GREEN: [u8; 3] = [0x3a, 0x9d, 0x5d];
/// Columns of an hour: about as wide as high.
const HOUR: usize = 2;
/// Columns of the scale of colours.
const SCALE: u8 = 12;

/// Viridis as near as the 256 colours come to it that nearly every terminal has, and rising in brightness as it does.
const VIRIDIS_256: [u8; 9] = [53, 54, 24, 30, 36, 72, 77, 149, 226];
const GREEN_256: u8 = 71;

/// How many colours the terminal has.
#[derive(Clone, Copy)]
enum Colours {
    /// All of 24 bits.
    All,
    /// The 256 that nearly every terminal has.
    Some256,
}

impl Colours {
    /// As the terminal tells.
    fn told() -> Self {
        match env::var("COLORTERM").as_deref() {
            Ok("truecolor" | "24bit") => Self::All,
            _ => Self::Some256,
        }
    }

    /// That of a share of the highest.
    fn heat(self, share: f64) -> Style {
        let colour = match self {
            Self::All => rgb(viridis(share)),
            Self::Some256 => Ansi256Color(VIRIDIS_256[place(share, VIRIDIS_256.len())]).into(),
        };
        Style::new().bg_color(Some(colour))
    }

    fn green(self) -> Style {
        let colour = match self {
            Self::All => rgb(GREEN),
            Self::Some256 => Ansi256Color(GREEN_256).into(),
        };
        Style::new().fg_color(Some(colour))
    }
}

fn rgb([red, green, blue]: [u8; 3]) -> Color {
    RgbColor(red, green, blue).into()
}

/// Which of so many steps a share of the highest is.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates; of no number the lowest"
)]
fn place(share: f64, steps: usize) -> usize {
    ((share * (steps - 1) as f64).round() as usize).min(steps - 1)
}

/// Draws what a model, or one of its day classes, holds to be normal.
pub(crate) fn print(
    out: &mut dyn Write,
    model: &ModelFile,
    only: Option<DayClass>,
    indent: &str,
) -> io::Result<()> {
    let normal = Normal::of(model);
    let normal = if let Some(day) = only { normal.only(day) } else { normal };
    let highest_wh = normal.highest_wh();
    let typical_wh = normal.ranges.iter().flatten().map(|range| range.typical_wh).fold(0.0, f64::max);
    let colours = Colours::told();
    let green = colours.green();

    write!(out, "{indent}{BOLD}{:<13}{BOLD:#}{DIM}", "normal")?;
    for hour in (0..24).step_by(6) {
        write!(out, "{:<width$}", format!("{hour:02}:00"), width = 6 * HOUR)?;
    }
    writeln!(out, "{DIM:#}")?;
    for (day, hours) in normal.days.iter().zip(&normal.ranges) {
        write!(out, "{indent}{day:<13}")?;
        for range in hours {
            let style = colours.heat(range.high_wh / highest_wh);
            write!(out, "{style}{:HOUR$}{style:#}", "")?;
        }
        let typical = hours.iter().map(|range| BARS[place(range.typical_wh / typical_wh, BARS.len())]);
        let bars: String = typical.flat_map(|bar| [bar; HOUR]).collect();
        writeln!(out, "\n{indent}{:13}{green}{bars}{green:#}", "")?;
    }
    write!(out, "{indent}{:13}{DIM}highest 0 {DIM:#}", "")?;
    for step in 0..SCALE {
        let style = colours.heat(f64::from(step) / f64::from(SCALE - 1));
        write!(out, "{style} {style:#}")?;
    }
    let bars: String = BARS.iter().collect();
    let (highest, typical) = (wh(highest_wh), wh(typical_wh));
    let line = if model.population.is_some() { "typical" } else { "half-way" };
    writeln!(out, "{DIM} {highest}, {line} 0 {DIM:#}{green}{bars}{green:#}{DIM} {typical}{DIM:#}")
}
