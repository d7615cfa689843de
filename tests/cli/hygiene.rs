//! What meters and hubs get wrong: each with the rule that finds it, and what becomes of the rows.

use crate::support::{Folder, column, numbers};

/// Three days and more of rows, an hour apart, in a column; value by the hour since the beginning.
fn rows(header: &str, hours: i64, value: impl Fn(i64) -> String) -> String {
    let start: jiff::Timestamp = "2024-03-01T00:00:00Z".parse().unwrap();
    let row = |hour: i64| format!("{},{}\n", start + jiff::SignedDuration::from_hours(hour), value(hour));
    format!("timestamp,{header}\n{}", (0..hours).map(row).collect::<String>())
}

/// A home's kWh in an hour.
fn kwh(hour: i64) -> f64 {
    [0.213, 0.187, 0.402, 1.35, 0.871, 0.296, 0.55][usize::try_from(hour.rem_euclid(7)).unwrap()]
}

/// The Wh of hours since the beginning.
type Hours = Vec<(i64, f64)>;
/// A rule and a line.
type Entry = (String, String);

/// Imports some content; gives the Wh of each hour, by hours since the beginning, and the ledger's rules with their lines.
fn imported(content: &str, flags: &str) -> (Hours, Vec<Entry>) {
    let folder = Folder::with("in.csv", content);
    folder.succeeds(&format!("import in.csv {flags} -o out.csv --ledger l.csv"));
    let start: jiff::Timestamp = "2024-03-01T00:00:00Z".parse().unwrap();
    let out = folder.read("out.csv");
    let hour = |time: String| time.parse::<jiff::Timestamp>().unwrap().duration_since(start).as_hours();
    let hours = column(&out, "start").into_iter().map(hour).zip(numbers(&out, "wh")).collect();
    let ledger = folder.read("l.csv");
    (hours, column(&ledger, "rule").into_iter().zip(column(&ledger, "line")).collect())
}

fn entry(rule: &str, line: i64) -> Entry {
    (rule.to_owned(), line.to_string())
}

fn wh_at(hours: &[(i64, f64)], hour: i64) -> Option<f64> {
    hours.iter().find(|(at, _)| *at == hour).map(|(_, wh)| *wh)
}

#[test]
fn watt_hours_written_for_kilowatt_hours_are_divided_by_a_thousand() {
    // The firmware wrote Wh for three hours.
    let content = rows("kwh", 300, |h| {
        if (280..283).contains(&h) { format!("{:.0}", kwh(h) * 1000.0) } else { kwh(h).to_string() }
    });
    let (hours, entries) = imported(&content, "");
    assert_eq!(entries, [entry("unit-slip", 282), entry("unit-slip", 283), entry("unit-slip", 284)]);
    assert_eq!(hours.len(), 300);
    assert!(hours.iter().all(|&(hour, wh)| (wh - 1000.0 * kwh(hour)).abs() < 1e-6));
}

#[test]
fn a_digit_that_slipped_is_doubted_and_a_car_that_charges_is_not() {
    let content = rows("kwh", 300, |h| match h {
        270..274 => "11".to_owned(), // a car
        290 => "110.3".to_owned(),   // 11.03 kWh, a digit off
        _ => kwh(h).to_string(),
    });
    let (hours, entries) = imported(&content, "");
    assert_eq!(entries, [entry("digit-slip", 292), entry("gap", 293)]);
    assert_eq!(wh_at(&hours, 271), Some(11_000.0));
    assert_eq!(wh_at(&hours, 290), None);
}

#[test]
fn a_clamp_the_wrong_way_round_is_turned_and_a_single_negative_hour_is_not() {
    let (hours, entries) = imported(&rows("kw", 60, |h| (-kwh(h)).to_string()), "");
    assert_eq!(entries.len(), 60);
    assert!(entries.iter().all(|(rule, _)| rule == "sign-flipped"));
    assert_eq!(wh_at(&hours, 3), Some(1350.0));
    let one = rows("kw", 60, |h| if h == 30 { "-0.4".to_owned() } else { kwh(h).to_string() });
    let (hours, entries) = imported(&one, "");
    assert_eq!(entries[0], entry("negative", 32));
    assert_eq!(wh_at(&hours, 30), None);
}

#[test]
fn a_value_that_hangs_for_days_is_doubted_and_a_coarse_meter_in_an_empty_home_is_not() {
    let content =
        rows("kwh", 200, |h| if (100..170).contains(&h) { "0.127".to_owned() } else { kwh(h).to_string() });
    let (hours, entries) = imported(&content, "");
    assert!(entries.iter().all(|(rule, _)| rule == "stuck" || rule == "gap"), "{entries:?}");
    assert_eq!(entries.iter().filter(|(rule, _)| rule == "stuck").count(), 22);
    assert_eq!(
        (wh_at(&hours, 147), wh_at(&hours, 148), wh_at(&hours, 170)),
        (Some(127.0), None, Some(1000.0 * kwh(170)))
    );
    let coarse =
        rows("kwh", 200, |h| if (100..170).contains(&h) { "0.1".to_owned() } else { kwh(h).to_string() });
    assert_eq!(imported(&coarse, "").1, []);
}

#[test]
fn a_register_that_rolls_over_is_counted_on() {
    // Five digits before the point: 99999.9 is followed by 0.
    let at = |h: i64| (0..h).map(kwh).sum::<f64>() + 99_980.0;
    let content = rows("kwh", 100, |h| format!("{:.3}", at(h) % 100_000.0));
    let (hours, entries) = imported(&content, "--kind register");
    assert_eq!(entries.iter().map(|(rule, _)| rule.as_str()).collect::<Vec<_>>(), ["register-rollover"]);
    assert_eq!(hours.len(), 99);
    assert!(hours.iter().all(|&(hour, wh)| (wh - 1000.0 * kwh(hour)).abs() < 1e-3), "{hours:?}");
}

#[test]
fn a_register_that_is_replaced_loses_the_hour_and_no_more() {
    let at = |h: i64| (0..h).map(kwh).sum::<f64>();
    let content =
        rows("kwh", 100, |h| format!("{:.3}", if h < 50 { 5000.0 + at(h) } else { at(h) - at(50) }));
    let (hours, entries) = imported(&content, "--kind register");
    assert_eq!(entries[0], entry("register-reset", 52));
    assert_eq!((wh_at(&hours, 48), wh_at(&hours, 49)), (Some(1000.0 * kwh(48)), None));
    assert!((wh_at(&hours, 50).unwrap() - 1000.0 * kwh(50)).abs() < 1e-3);
}

#[test]
fn a_registers_reading_with_a_digit_too_many_is_doubted_and_its_neighbours_are_not() {
    let at = |h: i64| 8350.0 + (0..h).map(kwh).sum::<f64>();
    let content = rows("kwh", 100, |h| format!("{:.3}", if h == 70 { 10.0 * at(h) } else { at(h) }));
    let (hours, entries) = imported(&content, "--kind register");
    assert_eq!(entries[0], entry("digit-slip", 72));
    let total: f64 = hours.iter().map(|(_, wh)| wh).sum();
    assert!(hours.iter().all(|(_, wh)| *wh < 3000.0) && total < 99.0 * 1000.0, "{total}");
}

#[test]
fn every_row_is_used_repaired_quarantined_or_ignored() {
    let content = rows("kwh", 300, |h| match h {
        60 => "x".to_owned(),
        61 => String::new(),
        62 => "-1".to_owned(),
        270 => "871".to_owned(),
        _ => kwh(h).to_string(),
    });
    let mut lines: Vec<&str> = content.lines().collect();
    lines.swap(20, 21);
    lines.push(lines[300]);
    let folder = Folder::with("in.csv", lines.join("\n"));
    let outcome = folder.knowatt("import in.csv -o out.csv");
    let expected = "ledger    301 rows: 295 used as read, 2 repaired, 3 doubted and left out, 1 not needed; --ledger FILE lists every entry";
    assert!(outcome.stderr.contains(expected), "{}", outcome.stderr);
}

#[test]
fn a_unit_that_changes_for_good_is_left_to_the_user_who_may_name_it() {
    let content = rows("kwh", 500, |h| if h < 300 { "0.04" } else { "45" }.to_owned());
    let folder = Folder::with("in.csv", content);
    let message = folder.refuses("import in.csv -o out.csv");
    assert!(message.contains("a thousand times what they were"), "{message}");
    folder.succeeds("import in.csv --unit kWh -o out.csv");
    assert!(numbers(&folder.read("out.csv"), "wh").contains(&45_000.0));
}

#[test]
fn a_home_that_gives_by_day_is_not_turned_and_a_days_counter_does_not_roll_over() {
    // Power by the minute, from noon: panels give for hours before anything is taken.
    let start: jiff::Timestamp = "2024-03-01T12:00:00Z".parse().unwrap();
    let net = |minute: i64| {
        if (minute + 720) % 1440 < 1080 && (minute + 720) % 1440 > 360 { -900 } else { 350 + minute % 7 }
    };
    let rows_of = |value: &dyn Fn(i64) -> String, step: i64, count: i64| -> String {
        let row = |n: i64| format!("{},{}\n", start + jiff::SignedDuration::from_secs(step * n), value(n));
        (0..count).map(row).collect()
    };
    let (_, entries) = imported(&format!("timestamp,w\n{}", rows_of(&|n| net(n).to_string(), 60, 2880)), "");
    assert!(entries.iter().all(|(rule, _)| rule != "sign-flipped"), "{:?}", &entries[..3]);
    // A counter of the day, in Wh, that ends near 10 kWh.
    let counter = |n: i64| format!("{:.1}", (n % 288) as f64 * 33.5);
    let (_, entries) =
        imported(&format!("timestamp,wh\n{}", rows_of(&counter, 300, 2880)), "--kind register");
    assert!(entries.iter().all(|(rule, _)| rule != "register-rollover"), "{:?}", &entries[..3]);
}
