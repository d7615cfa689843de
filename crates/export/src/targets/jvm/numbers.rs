//! A model as numbers in ASCII with spaces between, as `KNOWATT_NAME.java` reads them.
//!
//! In the shortest decimals that give the same doubles again, which `Double.parseDouble` reads exactly: curves are made of round
//! numbers, so that these take less room, packed, than doubles of eight bytes, and one can read them.

use knowatt_score::{DayClasses, Knot};

use crate::{
    clock::Clock,
    export::{Cell, Export, hours},
};

/// What comes before the curves, a line each.
pub(super) fn head(export: &Export<'_>) -> Vec<String> {
    let Clock { spans, day_classes, holidays } = &export.clock;
    let rule = match day_classes {
        DayClasses::None => 0,
        DayClasses::DayType => 1,
        DayClasses::DayOfWeek => 2,
        DayClasses::DayOfMonth => 3,
    };
    let no_such_hour = if export.seed_compatible { "-1" } else { "NaN" };
    let knots: usize =
        export.features().iter().flat_map(|set| &set.cells).map(|cell| cell.knots().len()).sum();
    vec![
        format!("{rule} {} {no_such_hour}", export.days()),
        list(hours(&export.floors())),
        usize::from(export.step().is_some()).to_string(),
        list(hours(&export.rises())),
        list(spans.iter().map(|span| span.from_s)),
        list(spans.iter().map(|span| span.offset_s)),
        list(holidays),
        knots.to_string(),
    ]
}

/// A curve: how many knots, then the Wh and the score of each.
pub(super) fn curve(cell: &Cell<'_>) -> String {
    let count = cell.knots().len().to_string();
    let knots =
        cell.knots().iter().map(|Knot { wh, score }| format!("{} {}", shortest(*wh), shortest(*score)));
    std::iter::once(count).chain(knots).collect::<Vec<_>>().join(" ")
}

fn list(items: impl IntoIterator<Item = impl ToString>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    [vec![items.len().to_string()], items].concat().join(" ")
}

fn shortest(number: f64) -> String {
    let (plain, scientific) = (number.to_string(), format!("{number:e}"));
    if scientific.len() < plain.len() { scientific } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_double_is_spelt_so_that_it_is_read_again() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (11.185, "11.185"),
            (-1e-7, "-1e-7"),
            (1e12, "1e12"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(shortest(number), text);
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), number.to_bits());
        }
    }
}
