use super::{super::sink::Found, *};
use crate::{error::ErrorKind, unit::Unit};

fn found_with(text: &str, options: &Options) -> (Result<String, Error>, Vec<String>) {
    let mut found = Found::default();
    let input = Input::from_reader("feed.xml", std::io::Cursor::new(text.as_bytes().to_vec())).unwrap();
    (read(input, options, &mut found), found.0)
}

fn found(text: &str) -> (Result<String, Error>, Vec<String>) {
    found_with(text, &Options::default())
}

fn feed(entries: &[String]) -> String {
    let entries = entries.join("\n");
    format!(
        "<?xml version=\"1.0\"?>\n<a:feed xmlns:a=\"http://www.w3.org/2005/Atom\" xmlns:e=\"http://naesb.org/espi\">\n{entries}\n</a:feed>"
    )
}

/// What becomes of each, one after the other.
fn each<T>(all: &[T], text: impl Fn(&T) -> String) -> String {
    all.iter().map(text).collect::<Vec<_>>().concat()
}

fn entry(own: &str, up: &str, related: &[&str], content: &str) -> String {
    let related = each(related, |href| format!("<a:link rel=\"related\" href=\"{href}\"/>"));
    format!(
        "<a:entry><a:content>{content}</a:content><a:link rel=\"self\" href=\"{own}\"/><a:link rel=\"up\" href=\"{up}\"/>{related}</a:entry>"
    )
}

fn usage_point(id: &str, service: u8) -> String {
    let content = format!(
        "<e:UsagePoint><e:ServiceCategory><e:kind>{service}</e:kind></e:ServiceCategory></e:UsagePoint>"
    );
    entry(&format!("https://utility.example/UsagePoint/{id}"), "UsagePoint", &[], &content)
}

fn meter_reading(point: &str, id: &str, of: &str) -> String {
    let own = format!("https://utility.example/UsagePoint/{point}/MeterReading/{id}");
    entry(
        &own,
        "MeterReading",
        &[&format!("ReadingType/{of}"), &format!("{own}/IntervalBlock")],
        "<e:MeterReading/>",
    )
}

fn reading_type(id: &str, fields: &[(&str, i32)]) -> String {
    let fields = each(fields, |(name, value)| format!("<e:{name}>{value}</e:{name}>"));
    entry(
        &format!("https://utility.example/ReadingType/{id}/"),
        "ReadingType",
        &[],
        &format!("<e:ReadingType>{fields}</e:ReadingType>"),
    )
}

fn block(point: &str, id: &str, readings: &[(i64, u32, &str)]) -> String {
    let up = format!("https://utility.example/UsagePoint/{point}/MeterReading/{id}/IntervalBlock");
    let readings = each(readings, |(start, duration, value)| {
        format!(
            "<e:IntervalReading><e:timePeriod><e:duration>{duration}</e:duration><e:start>{start}</e:start></e:timePeriod><e:value>{value}</e:value></e:IntervalReading>\n"
        )
    });
    let interval = "<e:interval><e:duration>86400</e:duration><e:start>0</e:start></e:interval>";
    entry(&format!("{up}/1"), &up, &[], &format!("<e:IntervalBlock>{interval}\n{readings}</e:IntervalBlock>"))
}

const WH: [(&str, i32); 4] =
    [("uom", 72), ("powerOfTenMultiplier", 0), ("flowDirection", 1), ("commodity", 1)];

#[test]
fn a_reading_type_is_found_by_its_links_wherever_it_stands() {
    let milli = [("uom", 72), ("powerOfTenMultiplier", -3), ("flowDirection", 1), ("commodity", 1)];
    let export = [("uom", 72), ("powerOfTenMultiplier", -3), ("flowDirection", 19), ("commodity", 1)];
    let text = feed(&[
        block("7", "in", &[(1_430_377_200, 3600, "86400"), (1_430_380_800, 3600, "")]),
        block("7", "out", &[(1_430_377_200, 3600, "5")]),
        meter_reading("7", "in", "delivered"),
        meter_reading("7", "out", "received"),
        reading_type("received", &export),
        reading_type("delivered", &milli),
        usage_point("7", 0),
    ]);
    let (what, found) = found(&text);
    let register = "7/UsagePoint/7/MeterReading/in energy 3600s";
    let expected = [
        format!("4 {register} 2015-04-30T07:00:00Z = 86.4"),
        format!("5 {register} 2015-04-30T08:00:00Z missing: a reading without a value; left out"),
        "8 export: what was given to the grid (flow 19); left out".to_owned(),
    ];
    assert_eq!(found, expected);
    assert_eq!(what.unwrap(), "energy per interval in Wh; 2 meter readings");
}

#[test]
fn gas_and_other_units_are_other_quantities() {
    let text = feed(&[
        usage_point("gas", 1),
        meter_reading("gas", "1", "wh"),
        block("gas", "1", &[(0, 3600, "1")]),
        usage_point("power", 0),
        meter_reading("power", "1", "volts"),
        block("power", "1", &[(0, 3600, "1")]),
        meter_reading("power", "2", "therms"),
        block("power", "2", &[(0, 3600, "1")]),
        reading_type("wh", &WH),
        reading_type("volts", &[("uom", 29)]),
        reading_type("therms", &[("uom", 72), ("commodity", 7)]),
    ]);
    let (what, found) = found(&text);
    assert!(
        found[0].ends_with("other-quantity: another service (1) than electricity; left out"),
        "{}",
        found[0]
    );
    assert!(found[1].ends_with("other-quantity: another unit (uom 29); left out"), "{}", found[1]);
    assert!(found[2].ends_with("other-quantity: another commodity (7); left out"), "{}", found[2]);
    assert_eq!(what.unwrap(), "nothing that the home used; 3 meter readings");
}

#[test]
fn of_one_usage_point_the_finest_energy_is_read_and_equals_are_registers() {
    let text = feed(&[
        usage_point("1", 0),
        meter_reading("1", "day", "wh"),
        meter_reading("1", "a", "wh"),
        meter_reading("1", "b", "wh"),
        meter_reading("1", "w", "watt"),
        meter_reading("1", "bulk", "bulk"),
        block("1", "day", &[(0, 86_400, "100")]),
        block("1", "a", &[(0, 900, "1")]),
        block("1", "b", &[(0, 900, "2")]),
        block("1", "w", &[(0, 900, "3")]),
        block("1", "bulk", &[(0, 900, "4")]),
        reading_type("wh", &WH),
        reading_type("watt", &[("uom", 38), ("powerOfTenMultiplier", 0)]),
        reading_type("bulk", &[("uom", 72), ("powerOfTenMultiplier", 0), ("accumulationBehaviour", 1)]),
    ]);
    let (_, rows) = found(&text);
    let short: Vec<&str> = rows.iter().map(|row| row.split_once(' ').unwrap().1).collect();
    let other = "other-quantity: in another form what the feed has in finer readings; left out";
    let expected = [
        other,
        "1/UsagePoint/1/MeterReading/a energy 900s 1970-01-01T00:00:00Z = 1",
        "1/UsagePoint/1/MeterReading/b energy 900s 1970-01-01T00:00:00Z = 2",
        other,
        other,
    ];
    assert_eq!(short, expected);
    let options = Options { kind: Some(Kind::Power), ..Options::default() };
    let (what, rows) = found_with(&text, &options);
    assert!(rows[3].ends_with("power 900s 1970-01-01T00:00:00Z = 3"), "{rows:?}");
    assert_eq!(what.unwrap(), "power in W; 5 meter readings");
}

#[test]
fn without_a_multiplier_thousandths_are_read_where_wh_cannot_be_and_that_is_said() {
    let hours = [(0, 3600, "86400"), (3600, 3600, "33000"), (7200, 3600, "128999"), (10_800, 3600, "0")];
    let text = feed(&[block("1", "x", &hours)]);
    let (what, rows) = found(&text);
    let expected = "energy per interval in Wh (no reading type says what), read as thousandths of a Wh: \
        no multiplier is stated, and as Wh half of the intervals would be above 86.4 kW; 1 meter reading";
    assert_eq!(what.unwrap(), expected);
    assert!(rows[1].ends_with("1970-01-01T01:00:00Z = 33"), "{rows:?}");
    let quarters = feed(&[block("1", "x", &[(0, 900, "2400"), (900, 900, "2400")])]);
    assert!(found(&quarters).1[0].ends_with("= 2400"));
    let options = Options { unit: Some(Unit::Wh), ..Options::default() };
    let (what, rows) = found_with(&text, &options);
    assert!(what.unwrap().contains("read as Wh, as given"));
    assert!(rows[1].ends_with("= 33000"), "{rows:?}");
    let stated = feed(&[block("1", "x", &hours), reading_type("only", &WH)]);
    assert!(found(&stated).1[1].ends_with("= 33000"));
}

#[test]
fn readings_that_cannot_be_read_are_left_out_with_their_line() {
    let text = feed(&[block("1", "x", &[(0, 3600, "much"), (3600, 3600, "7")])])
        .replace("<e:start>3600</e:start>", "");
    let (_, rows) = found(&text);
    assert_eq!(
        rows,
        ["4 bad-row: `much` is not a number; left out", "5 bad-row: a reading without a start; left out"]
    );
}

#[test]
fn what_is_not_well_formed_is_an_error_with_its_line() {
    let whole = feed(&[block("1", "x", &[(0, 3600, "7")])]);
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE f [<!ENTITY a \"b\"><!ENTITY c \"&a;&a;\">]><f>&c;</f>"
        .to_owned();
    let many = format!("<feed>{}", "<x>".repeat(100));
    let long = format!("<feed><title>{}", "x".repeat(1 << 20));
    let tag = format!("<feed {}", "x".repeat(1 << 20));
    let crossed = "<feed>\n<entry></feed>".to_owned();
    let cases = [
        (whole.replace("</a:feed>", ""), "it breaks off"),
        (bomb, "it has a document type, which is not read"),
        (many, "elements are nested more than 64 deep"),
        (long, "an element is longer than 256 KiB"),
        (tag, "an element is longer than 256 KiB"),
        (crossed, "ill-formed document"),
    ];
    for (text, expected) in cases {
        let error = found(&text).0.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Broken { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.line().is_some());
    }
}

#[test]
fn links_and_entries_are_bounded_and_interval_blocks_are_not() {
    let links = format!("<link rel=\"related\" href=\"{}\"/>", "x".repeat(100_000)).repeat(20);
    let error = found(&format!("<feed><entry>{links}")).0.unwrap_err();
    assert!(error.to_string().contains("its links are longer than 1 MiB"), "{error}");
    let entries = "<entry><ReadingType/></entry>".repeat(3000);
    let error = found(&format!("<feed>{entries}</feed>")).0.unwrap_err();
    assert!(error.to_string().contains("it has more than 2000 entries"), "{error}");
    let blocks: String = (0..5000).map(|day| block("1", "x", &[(86_400 * day, 3600, "7")])).collect();
    assert_eq!(found(&feed(&[blocks])).1.len(), 5000);
}

#[test]
fn it_is_known_by_its_namespace() {
    assert!(detect(feed(&[]).as_bytes()));
    assert!(!detect(b"<feed xmlns=\"http://www.w3.org/2005/Atom\"/>"));
}
