//! `knowatt holidays`: the places whose public holidays are known, and their dates; and what `train` and `score`
//! say of holidays.

use std::{collections::BTreeSet, process::ExitCode};

use anyhow::Result;
use knowatt_readings::Reading;
use knowatt_score::{Calendar, DayClasses};
use knowatt_train::Region;

use crate::{
    args::HolidaysArgs,
    output::{self, say},
    text::counted,
};

/// The most subdivisions that a note names.
const MOST_NAMED: usize = 6;

pub(crate) fn run(args: &HolidaysArgs) -> Result<ExitCode> {
    let dates: BTreeSet<_> = args.codes.iter().flat_map(|region| region.dates(region.years())).collect();
    output::print(|out| {
        if args.codes.is_empty() {
            return Region::all()
                .try_for_each(|region| writeln!(out, "{:<7} {}", region.code(), region.country()));
        }
        dates.iter().try_for_each(|date| writeln!(out, "{date}"))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Holidays are asked for only where they make a difference.
pub(crate) fn check(regions: &[Region], day_classes: DayClasses) -> Result<()> {
    anyhow::ensure!(
        regions.is_empty() || day_classes == DayClasses::DayType,
        "--holidays makes days off, which only --day-class {} has, and {day_classes} was asked for",
        DayClasses::DayType,
    );
    Ok(())
}

/// After training: which dates are days off, and where a subdivision has others than its country.
pub(crate) fn tell(regions: &[Region], calendar: &Calendar) {
    if regions.is_empty() {
        return;
    }
    let codes = regions.iter().map(Region::code).collect::<Vec<_>>().join(", ");
    let (Some(first), Some(last)) = (calendar.holidays().first(), calendar.holidays().last()) else {
        say!("holidays  {codes}: none in those years");
        return;
    };
    let dates = counted(calendar.holidays().len() as u64, "date");
    say!("holidays  {codes}: {dates} are days off, {first} to {last}; the model knows no later ones");
    let years = first.year()..=last.year();
    for region in regions {
        let national = region.dates(years.clone());
        let others: Vec<_> = region
            .subdivisions()
            .filter(|part| !regions.contains(part) && part.dates(years.clone()) != national)
            .map(|part| part.code())
            .collect();
        if !others.is_empty() {
            let named = others.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
            let more = if others.len() > MOST_NAMED { ", …" } else { "" };
            say!("note      {region} has the days kept in all of it; others are kept in {named}{more}");
        }
    }
}

/// Before scoring: whether readings are of years whose holidays the model does not know.
pub(crate) fn tell_unknown_years(calendar: &Calendar, rows: &[Reading]) {
    let year = |reading: &Reading| calendar.local(reading.start).year();
    let ends = (calendar.holidays().first(), calendar.holidays().last(), rows.first(), rows.last());
    if let (Some(from), Some(to), Some(first), Some(last)) = ends
        && (year(first) < from.year() || year(last) > to.year())
    {
        let (from, to) = (from.year(), to.year());
        say!(
            "note      the model knows the holidays of {from} to {to} only; to know more, train again on later readings"
        );
    }
}
