//! `prometheus`: recording rules that score a counter's hours, and an alerting rule.
//!
//! One file for `rule_files`, for Prometheus 2.42 and later (*Recording rules*, *Alerting rules*, *Querying: Operators,
//! Functions* of its documentation). `PromQL`'s numbers are doubles and its literals are read exactly; each operator is evaluated
//! by itself, so none is fused with another, and the arithmetic is that of `knowatt_score::Curve`.
//!
//! - `increase` and `delta` extrapolate. The difference of the counter's values at the two ends of the hour does not, and a subquery of
//!   one minute's step, `[1m:1m]`, takes them where the minute begins, whenever in it the rules are evaluated.
//! - There are no zones: local time is a sum of comparisons with the instants at which the clocks change ([`Clock`]).
//! - All is of clock hours, so all but the counter exists in one evaluation an hour only. Ranges of half an hour less than whole hours hold
//!   just so many of them, and `count_over_time` finds the gaps.
//! - Each curve is a rule: its segments, of which a reading is in one, joined by `or`, for the cell of the hour alone. So two
//!   curves never write one series at once.
//! - A rule without a result records nothing: that is *no score*. As the rules follow a clock, hours come in order and once.

use std::{collections::BTreeMap, fmt::Write as _};

use knowatt_score::{DayClasses, Feature};

use super::Target;
use crate::{
    clock::Clock,
    error::Error,
    export::{Cell, Export, FeatureCurves},
    template::fill,
};

const RULES: &str = include_str!("../../templates/rules.yml");

pub(super) struct Prometheus;

impl Target for Prometheus {
    fn name(&self) -> &'static str {
        "prometheus"
    }

    fn summary(&self) -> &'static str {
        "recording rules that score a counter's hours, and an alerting rule, for Prometheus"
    }

    fn extension(&self) -> &'static str {
        "rules.yml"
    }

    fn export(&self, export: &Export<'_>) -> Result<Vec<u8>, Error> {
        let heading: String = export.heading().map(|line| format!("# {line}\n")).concat();
        let edge = |score: f64| {
            let terms = export.level().cells.iter().enumerate();
            let terms = terms
                .map(|(place, cell)| format!("{:?} * (@NAME@:cell == bool {place})", cell.curve.wh(score)));
            sum(&terms.collect::<Vec<_>>(), 10)
        };
        let parts = export.features().iter().map(|curves| part_rules(export, curves)).collect::<String>();
        let text = fill(
            RULES,
            &[
                ("HEADING", heading.trim_end()),
                ("LOCAL", &local(&export.clock)),
                ("END_S", &Clock::END_S.to_string()),
                ("CELL", &cell(&export.clock)),
                ("LOW", &edge(0.0)),
                ("HIGH", &edge(1.0)),
                ("LOOKING_BACK", &looking_back(export)),
                ("PARTS", parts.trim_end()),
                ("ALERT", export.name.as_given()),
                ("NAME", export.name.lower()),
            ],
        );
        Ok(text.into_bytes())
    }

    fn explain(&self, export: &Export<'_>, file: &str) -> String {
        let name = export.name.lower();
        format!(
            "{file} has rules for Prometheus 2.42 and later. Put your counter of Wh in the line marked EDIT, and look whether all is right:\n\
             \n\
             sed -i '/EDIT/s/energy_wh_total/YOUR_COUNTER/g' {file}\n\
             promtool check rules {file}\n\
             \n\
             Name the file in prometheus.yml, and let Prometheus read it (systemctl reload prometheus):\n\
             \n\
             rule_files:\n\
             - {file}\n\
             \n\
             A minute after each hour it is scored; floors and rises follow when enough hours are known. Ask for what is known:\n\
             \n\
             last_over_time({name}:score[1h])                     # of the last hour\n\
             max_over_time({name}:score[1d])                      # the highest of a day\n\
             last_over_time({name}:part[1h])                      # what it is the largest of\n\
             \n\
             Above 1.0 the alert {} fires, once an episode; send it on with an Alertmanager.\n",
            export.name
        )
    }
}

/// Terms added up, a line each.
fn sum(terms: &[String], indent: usize) -> String {
    format!("{:indent$}{}", "", terms.join(&format!("\n{:indent$}+ ", "")))
}

/// Local time, given when the hour starts: for each offset from UTC the spans of time in which it is valid, and
/// the most frequent of them for the rest.
fn local(clock: &Clock) -> String {
    let ends = clock.spans.iter().skip(1).map(|span| span.from_s).chain([Clock::END_S]);
    let mut by_offset: BTreeMap<i32, Vec<String>> = BTreeMap::new();
    for (span, end_s) in clock.spans.iter().zip(ends) {
        let spans = by_offset.entry(span.offset_s).or_default();
        spans.push(format!("@NAME@:start >= {} < {end_s}", span.from_s));
    }
    let usual = by_offset.iter().max_by_key(|(_, spans)| spans.len()).map_or(0, |(offset, _)| *offset);
    by_offset.remove(&usual);
    let offsets = by_offset.iter().map(|(offset, spans)| {
        format!(
            "            (\n              {}\n            ) + {offset} or\n",
            spans.join("\n              or ")
        )
    });
    format!("{}            @NAME@:start + {usual}", offsets.collect::<String>())
}

/// The day class * 24 + the hour, from local time.
fn cell(clock: &Clock) -> String {
    let day = match clock.day_classes {
        DayClasses::None => return "            hour(@NAME@:local)".to_owned(),
        DayClasses::DayOfWeek => "((@NAME@:date + 3) % 7)".to_owned(),
        DayClasses::DayOfMonth => "(day_of_month(@NAME@:local) - 1)".to_owned(),
        DayClasses::DayType => {
            let weekend = "((@NAME@:date + 3) % 7 >= bool 5)".to_owned();
            let holidays = clock.holidays.iter().map(|date| format!("(@NAME@:date == bool {date})"));
            let terms: Vec<_> = std::iter::once(weekend).chain(holidays).collect();
            format!("clamp_max(\n{},\n              1)", sum(&terms, 14))
        }
    };
    format!("            hour(@NAME@:local) + 24 * {day}")
}

/// The rules for the numbers that are made of a reading and the hours before it.
fn looking_back(export: &Export<'_>) -> String {
    let (floors, rises) = (export.floors(), export.rises());
    let mut text = String::new();
    let mut lows: Vec<_> =
        [&floors, &rises].into_iter().flatten().filter_map(|set| hours(set.feature)).collect();
    lows.sort_unstable();
    lows.dedup();
    for hours in lows.into_iter().filter(|hours| *hours > 1) {
        let range = format!("@NAME@:wh[{}h30m]", hours - 1);
        _ = write!(
            text,
            "\n      # The lowest of the last {hours} hours, if all are known.\n      \
             - record: @NAME@:low_{hours}h\n        \
             expr: min_over_time({range}) and count_over_time({range}) == {hours} and @NAME@:wh\n"
        );
    }
    if export.step().is_some() {
        text.push_str(
            "\n      # How much more than the hour before.\n      \
             - record: @NAME@:step_wh\n        \
             expr: clamp_min(@NAME@:wh - last_over_time(@NAME@:wh[1h] offset 30m), 0)\n",
        );
    }
    for hours in rises.iter().filter_map(|set| hours(set.feature)) {
        let low = if hours == 1 { "@NAME@:wh".to_owned() } else { format!("@NAME@:low_{hours}h") };
        _ = write!(
            text,
            "\n      # How much higher that of {hours} h is than the day before, if all hours since are known.\n      \
             - record: @NAME@:rise_{hours}h\n        \
             expr: clamp_min({low} - min_over_time(@NAME@:wh[{hours}h] offset 23h30m), 0) and count_over_time(@NAME@:wh[{}h30m]) == {}\n",
            hours + 23,
            hours + 24
        );
    }
    text
}

fn hours(feature: Feature) -> Option<u8> {
    match feature {
        Feature::Floor { hours } | Feature::Rise { hours } => Some(hours),
        Feature::Level | Feature::Step => None,
    }
}

/// A rule for each of a feature's curves.
fn part_rules(export: &Export<'_>, curves: &FeatureCurves<'_>) -> String {
    let number = match curves.feature {
        Feature::Level => "@NAME@:wh".to_owned(),
        Feature::Floor { hours } => format!("@NAME@:low_{hours}h"),
        Feature::Step => "@NAME@:step_wh".to_owned(),
        Feature::Rise { hours } => format!("@NAME@:rise_{hours}h"),
    };
    let mut text = String::new();
    for (place, cell) in curves.cells.iter().enumerate() {
        let day = export.clock.day_classes.class_name(cell.slot.day).unwrap_or_default();
        _ = write!(
            text,
            "      - record: @NAME@:part\n        \
             labels: {{part: {}, day: \"{day}\", hour: \"{:02}\"}}\n        \
             expr: |-\n          (\n{}          ) and @NAME@:cell == {place}\n",
            curves.feature,
            cell.slot.hour,
            segments(cell, &number)
        );
    }
    text
}

/// The segments of a curve; the first goes on to 0 Wh, the last without end.
fn segments(cell: &Cell<'_>, number: &str) -> String {
    let last = cell.knots().len().saturating_sub(2);
    let mut text = String::new();
    for (place, pair) in cell.knots().windows(2).enumerate() {
        let [left, right] = [pair[0], pair[1]];
        let from = if place == 0 { 0.0 } else { left.wh };
        let (until, most) = if place == last {
            ("Inf".to_owned(), f64::MAX)
        } else {
            (format!("{:?}", right.wh), right.score)
        };
        _ = writeln!(
            text,
            "            {}clamp_max({:?} + (({number} >= {from:?} < {until}) - {:?}) * {:?} / {:?}, {most:?})",
            if place == 0 { "" } else { "or " },
            left.score,
            left.wh,
            right.score - left.score,
            right.wh - left.wh
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use knowatt_score::{Curve, Knot, Slot};

    use super::*;

    #[test]
    fn a_reading_is_in_one_segment_and_the_last_has_no_end() {
        let knots = [(100.0, 0.0), (200.0, 0.5), (600.0, 1.0)].map(|(wh, score)| Knot { wh, score });
        let curve = Curve::new(knots.to_vec()).unwrap();
        let cell = Cell { slot: Slot { day: knowatt_score::DayClass(0), hour: 0 }, curve: &curve };
        assert_eq!(
            segments(&cell, "x:wh"),
            "            clamp_max(0.0 + ((x:wh >= 0.0 < 200.0) - 100.0) * 0.5 / 100.0, 0.5)\n            \
             or clamp_max(0.5 + ((x:wh >= 200.0 < Inf) - 200.0) * 0.5 / 400.0, 1.7976931348623157e308)\n"
        );
    }

    #[test]
    fn local_time_is_by_the_usual_offset_but_where_another_holds() {
        let spans =
            [(0, 3600), (100, 7200), (200, 3600)].map(|(from_s, offset_s)| crate::Span { from_s, offset_s });
        let clock = Clock { spans: spans.to_vec(), day_classes: DayClasses::None, holidays: Vec::new() };
        assert_eq!(
            local(&clock),
            "            (\n              @NAME@:start >= 100 < 200\n            ) + 7200 or\n            @NAME@:start + 3600"
        );
    }
}
