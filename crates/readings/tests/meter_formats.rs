//! What meters, utilities and hubs write, told by its content and read to hours of Wh.

#![allow(clippy::unwrap_used, reason = "a test ends where something is not as it should be")]

use std::io::Cursor;

use knowatt_readings::{Input, Intake, Kind, Ledger, Meter, Options, Rule, formats};
use knowatt_score::{Calendar, DayClasses};

fn intake() -> Intake<'static> {
    let calendar = Calendar::new("Europe/Paris", DayClasses::None).unwrap();
    Intake::new(calendar.zone().clone(), Ledger::default())
}

/// The format, what was said of it, and the meters with their hours.
fn read(text: &str, intake: Intake<'static>) -> (&'static str, String, Vec<Meter>, Ledger<'static>) {
    let mut intake = intake;
    let input = Input::from_reader("input", Cursor::new(text.as_bytes().to_vec())).unwrap();
    let understood = formats::read(input, None, &Options::default(), &mut intake).unwrap();
    let (meters, ledger) = intake.finish();
    (understood.format.name, understood.what, meters.unwrap(), ledger)
}

fn hours(meter: &Meter) -> Vec<(String, f64)> {
    meter.readings.rows.iter().map(|row| (row.start.to_string(), row.wh)).collect()
}

#[test]
fn green_button_blocks_that_repeat_give_each_hour_once() {
    let reading = |start: u32, value: &str| {
        format!(
            "<IntervalReading><timePeriod><duration>3600</duration><start>{start}</start></timePeriod><value>{value}</value></IntervalReading>"
        )
    };
    let block = |readings: &str| {
        format!("<entry><content><IntervalBlock>{readings}</IntervalBlock></content></entry>")
    };
    let (first, second) = (reading(1_430_377_200, "86400"), reading(1_430_380_800, "33000"));
    let text = format!(
        "<feed xmlns=\"http://naesb.org/espi\">{}{}</feed>",
        block(&first),
        block(&format!("{first}{second}"))
    );
    let (format, what, meters, ledger) = read(&text, intake());
    assert_eq!(format, "green-button");
    assert!(what.contains("read as thousandths of a Wh"), "{what}");
    let expected = [("2015-04-30T07:00:00Z".to_owned(), 86.4), ("2015-04-30T08:00:00Z".to_owned(), 33.0)];
    assert_eq!(hours(&meters[0]), expected);
    assert_eq!((ledger.count(Rule::Duplicate), ledger.count(Rule::OutOfOrder)), (1, 0));
}

#[test]
fn nem12_registers_of_a_meter_are_added_up() {
    let day = |value: &str| format!("300,20240301,{}A,,,,\n", format!("{value},").repeat(96));
    let head = |suffix: &str| format!("200,6123456789,E1E2B1,1,{suffix},,,kWh,15,\n");
    let text = format!("{}{}{}{}{}{}", head("E1"), day("0.1"), head("E2"), day("0.2"), head("B1"), day("9"));
    let (format, _, meters, ledger) = read(&text, intake());
    assert_eq!((format, meters.len(), meters[0].name.as_str()), ("nem12", 1, "6123456789"));
    let hours = hours(&meters[0]);
    assert_eq!((hours.len(), hours[0].clone()), (24, ("2024-02-29T14:00:00Z".to_owned(), 1200.0)));
    assert_eq!(ledger.count(Rule::Export), 1);
}

#[test]
fn solaredge_wall_clock_times_are_those_of_the_zone() {
    let value = |date: &str, value: f64| format!("{{\"date\":\"{date}\",\"value\":{value}}}");
    let values = [
        value("2024-10-27 02:00:00", 1.0),
        value("2024-10-27 02:00:00", 2.0),
        value("2024-10-27 03:00:00", 3.0),
    ];
    let text = format!(
        "{{\"energyDetails\":{{\"timeUnit\":\"HOUR\",\"unit\":\"Wh\",\"meters\":[{{\"type\":\"Consumption\",\"values\":[{}]}},{{\"type\":\"FeedIn\",\"values\":[{}]}}]}}}}",
        values.join(","),
        values[0]
    );
    let (format, _, meters, ledger) = read(&text, intake());
    assert_eq!((format, meters[0].name.as_str()), ("solaredge", "Consumption"));
    let starts = ["2024-10-27T00:00:00Z", "2024-10-27T01:00:00Z", "2024-10-27T02:00:00Z"];
    assert_eq!(
        hours(&meters[0]),
        starts.map(str::to_owned).into_iter().zip([1.0, 2.0, 3.0]).collect::<Vec<_>>()
    );
    assert_eq!(ledger.count(Rule::Export), 1);
    let (_, _, meters, _) = read(&text, intake().only("FeedIn"));
    assert_eq!((meters.len(), meters[0].name.as_str()), (1, "FeedIn"));
}

#[test]
fn telegrams_become_hours_by_the_meters_own_clock() {
    let telegram = |time: &str, kwh: &str| {
        format!(
            "/ISK5\\2M550T-1012\r\n\r\n0-0:1.0.0({time})\r\n1-0:1.8.1({kwh}*kWh)\r\n1-0:1.8.2(000001.000*kWh)\r\n!\r\n"
        )
    };
    let times = ["241027020000S", "241027023000S", "241027020000W", "241027023000W", "241027030000W"];
    let text: Vec<String> =
        (0..).zip(times).map(|(at, time)| telegram(time, &format!("000100.{at}00"))).collect();
    let (format, _, meters, _) = read(&text.concat(), intake());
    assert_eq!(format, "p1-telegram");
    let expected = [("2024-10-27T00:00:00Z".to_owned(), 200.0), ("2024-10-27T01:00:00Z".to_owned(), 200.0)];
    assert_eq!(hours(&meters[0]), expected);
}

#[test]
fn line_protocol_of_home_assistant_is_a_meter_an_entity() {
    let mut text = "°C,entity_id=attic value=20 1700000000000000000\n".to_owned();
    for quarter in 0_u64..9 {
        let time = (1_699_999_200 + 900 * quarter) * 1_000_000_000;
        let lines = format!(
            "W,domain=sensor,entity_id=fridge value=100 {time}\nW,domain=sensor,entity_id=oven value=2000 {time}\n"
        );
        text.push_str(&lines);
    }
    let (format, what, meters, ledger) = read(&text, intake());
    assert_eq!((format, what.as_str()), ("influx-line", "power in `value` of `W` (W)"));
    let names: Vec<&str> = meters.iter().map(|meter| meter.name.as_str()).collect();
    assert_eq!(names, ["fridge", "oven"]);
    let expected = [("2023-11-14T22:00:00Z".to_owned(), 2000.0), ("2023-11-14T23:00:00Z".to_owned(), 2000.0)];
    assert_eq!(hours(&meters[1]), expected);
    assert_eq!(ledger.count(Rule::OtherQuantity), 1);
}

#[test]
fn a_database_on_standard_input_or_in_a_build_without_sqlite_is_an_error_with_the_way_out() {
    let input = Input::from_reader("-", Cursor::new(b"SQLite format 3\0".to_vec())).unwrap();
    let error = formats::read(input, None, &Options::default(), &mut intake()).unwrap_err();
    assert!(error.to_string().contains("name the file itself"), "{error}");
}

#[test]
fn a_kind_that_is_asked_for_is_read_where_there_is_a_choice() {
    let telegram = |minute: u32| {
        format!(
            "/ISK5\\2M550T-1012\n\n0-0:1.0.0(24011512{minute:02}00W)\n1-0:1.8.0(000001.000*kWh)\n1-0:1.7.0(00.500*kW)\n!\n"
        )
    };
    let text = [telegram(0), telegram(15), telegram(30), telegram(45), telegram(59)].concat();
    let mut intake = intake();
    let options = Options { kind: Some(Kind::Power), ..Options::default() };
    let input = Input::from_reader("p1.log", Cursor::new(text.into_bytes())).unwrap();
    let understood = formats::read(input, None, &options, &mut intake).unwrap();
    assert_eq!(understood.what, "5 telegrams, the power taken from the grid (1-0:1.7.0)");
    assert_eq!(intake.finish().0.unwrap()[0].readings.rows[0].wh, 500.0);
}
