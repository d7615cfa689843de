//! What hubs and utilities export, as they export it: small files of the same shape, without a flag but the zone's.

use std::path::PathBuf;

use crate::support::{Folder, column, home_assistant_database, numbers, root};

/// Imports a file; gives the hours as `start wh`, and what was said.
fn imported(name: &str, content: &(impl AsRef<[u8]> + ?Sized), flags: &str) -> (Vec<String>, String) {
    let folder = Folder::with(name, content);
    let outcome = folder.knowatt(&format!("import {name} {flags} -o out.csv"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let out = folder.read("out.csv");
    let hours = column(&out, "start").into_iter().zip(numbers(&out, "wh"));
    (hours.map(|(start, wh)| format!("{start} {wh}")).collect(), outcome.stderr)
}

#[test]
fn dsmr_reader_tariffs_are_added_up_and_what_is_returned_is_not() {
    let content = "\
Hour Start,Electricity 1 (Dutch Users: Low Tariff),Electricity 2 (Dutch Users: Normal Tariff),Electricity 1 Returned (Dutch Users: Low Tariff),Electricity 2 Returned (Dutch Users: Normal Tariff),Gas
2024-01-01T06:00:00+01:00,0.2,0,0,0,0.03
2024-01-01T07:00:00+01:00,0.1,0.35,0.5,0,0.05
2024-01-01T08:00:00+01:00,0,0.4,0,0.1,0.01
";
    let (hours, said) = imported("in.csv", content, "");
    assert_eq!(hours, ["2024-01-01T05:00:00Z 200", "2024-01-01T06:00:00Z 450", "2024-01-01T07:00:00Z 400"]);
    assert!(said.contains("DSMR-reader: energy per hour in kWh, both tariffs added up"), "{said}");
}

#[test]
fn homewizard_registers_of_two_tariffs_are_one() {
    let content = "\
time,Import T1 kWh,Import T2 kWh,Export T1 kWh,Export T2 kWh
2022-09-01 00:00,8350.000,4650.000,3095.077,7450.128
2022-09-01 00:15,8350.100,4650.000,3095.078,7450.301
2022-09-01 00:30,8350.100,4650.200,3095.197,7450.502
2022-09-01 00:45,8350.150,4650.250,3095.33,7450.507
2022-09-01 01:00,8350.200,4650.300,3095.456,7450.687
";
    assert_eq!(imported("in.csv", content, "--tz Europe/Amsterdam").0, ["2022-08-31T22:00:00Z 500"]);
}

#[test]
fn fluvius_tariffs_take_turns_and_injection_is_not_counted() {
    let row = |time: &str, end: &str, register: &str, volume: &str| {
        format!(
            "12-10-2021;{time};12-10-2021;{end};=\"541448\";1SAG1;Digitale Meter;{register};{volume};kWh;Gevalideerd\r\n"
        )
    };
    let mut content = String::from(
        "\u{feff}Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus\r\n",
    );
    for (hour, tariff) in [(20, "Dag"), (21, "Dag"), (22, "Nacht"), (23, "Nacht")] {
        for minute in [0, 15, 30, 45] {
            let time = format!("{hour}:{minute:02}:00");
            content += &row(&time, &time, &format!("Afname {tariff}"), "0,125");
            content += &row(&time, &time, &format!("Injectie {tariff}"), "1,000");
        }
    }
    let (hours, said) = imported("in.csv", &content, "--tz Europe/Brussels");
    let expected = ["18", "19", "20", "21"].map(|hour| format!("2021-10-12T{hour}:00:00Z 500"));
    assert_eq!(hours, expected, "{said}");
    assert!(said.contains("16 used as read, 16 not needed"), "{said}");
}

#[test]
fn enphase_reports_have_american_dates() {
    let content = "\
Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),Imported from Grid (Wh)
10/12/2022 00:00,0,343,0,343
10/12/2022 01:00,5,333,0,328
";
    let (hours, _) = imported("in.csv", content, "--tz America/New_York");
    assert_eq!(hours, ["2022-10-12T04:00:00Z 343", "2022-10-12T05:00:00Z 333"]);
}

#[test]
fn shelly_times_are_those_of_utc_whatever_the_zone() {
    let rows =
        |wh: &str| (0..6).map(|place| format!("2024-12-26 00:{place}0,{wh},9.99\n")).collect::<String>();
    let content = format!("Date/time UTC,Active energy Wh (B),Returned energy Wh (B)\n{}", rows("12.25"));
    assert_eq!(imported("in.csv", &content, "--tz Europe/Rome").0, ["2024-12-26T00:00:00Z 73.5"]);
}

#[test]
fn united_power_tables_are_told_apart_by_their_signs() {
    let table = |values: [&str; 3]| {
        let hour =
            |(hour, value)| format!(" 2025-10-19 0{hour}:00 to 2025-10-19 0{}:00,{value},,\n", hour + 1);
        let rows: String = (0..).zip(values).map(hour).collect();
        format!(
            " ====\n Energy consumption time period,Usage(Real energy in kilowatt-hours),Events occurred\n{rows}\n Meter Reading Information\n"
        )
    };
    let given = table(["0.000", "-0.040", "-0.010"]);
    let taken = table(["0.970", "0.020", "0.000"]);
    let net = table(["0.970", "-0.020", "-0.010"]);
    let (hours, said) =
        imported("in.csv", &format!(" Usage Information\n{given}{taken}{net}"), "--tz America/Denver");
    assert_eq!(hours, ["2025-10-19T06:00:00Z 970", "2025-10-19T07:00:00Z 20", "2025-10-19T08:00:00Z 0"]);
    assert!(said.contains("3 used as read, 6 not needed"), "{said}");
    // A home without panels: the net is what was taken, and counts once.
    let (hours, said) = imported("in.csv", &format!("{taken}{taken}"), "--tz America/Denver");
    assert_eq!(hours[0], "2025-10-19T06:00:00Z 970");
    assert!(said.contains("3 used as read, 3 not needed"), "{said}");
}

#[test]
fn octopus_half_hours_make_hours() {
    let content = "\
Consumption (kwh), Estimated Cost Inc. Tax (p), Standing Charge Inc. Tax (p), Start, End
0.125,2.1,45.1,2023-07-01T00:00:00+01:00,2023-07-01T00:30:00+01:00
0.375,6.2,,2023-07-01T00:30:00+01:00,2023-07-01T01:00:00+01:00
";
    assert_eq!(imported("in.csv", content, "").0, ["2023-06-30T23:00:00Z 500"]);
}

#[test]
fn home_assistant_statistics_are_read_from_new_to_old_with_a_comma() {
    let content = "\
statistic_id\tunit\tstart\tstate\tsum
sensor.meter_energy\tkWh\t07.01.2024 03:00\t274,6\t16,5
sensor.meter_energy\tkWh\t07.01.2024 02:00\t274,1\t16,0
sensor.meter_energy\tkWh\t07.01.2024 01:00\t273,9\t-1,5
sensor.outside\t°C\t07.01.2024 01:00\t3,5\t
";
    let (hours, said) = imported("in.tsv", content, "--tz Europe/Berlin");
    assert_eq!(hours, ["2024-01-07T01:00:00Z 17500", "2024-01-07T02:00:00Z 500"], "{said}");
    assert!(said.contains("other-quantity"), "{said}");
    let delta = "statistic_id\tstart\tunit\tdelta\nsensor.a\t30.12.2025 09:00\tkWh\t1,5\nsensor.a\t30.12.2025 10:00\tkWh\t2\n";
    assert_eq!(
        imported("in.tsv", delta, "--tz UTC").0,
        ["2025-12-30T09:00:00Z 1500", "2025-12-30T10:00:00Z 2000"]
    );
}

#[test]
fn home_assistant_history_is_of_registers_unless_the_unit_is_one_of_power() {
    let state = |place: i32| {
        if place == 4 { "unavailable".to_owned() } else { format!("{:.2}", 100.0 + f64::from(place) / 12.0) }
    };
    let row = |place| {
        format!(
            "sensor.house_energy_kwh,{},2024-01-01T0{}:{:02}:00.000Z\n",
            state(place),
            place / 6,
            place % 6 * 10
        )
    };
    let content = format!("entity_id,state,last_changed\n{}", (0..7).map(row).collect::<String>());
    let content = content.as_str();
    assert_eq!(imported("in.csv", content, "").0, ["2024-01-01T00:00:00Z 500"]);
    let power = "entity_id,state,last_changed\nsensor.p,600,2024-01-01T00:00:00Z\nsensor.p,1200,2024-01-01T00:30:00Z\nsensor.p,600,2024-01-01T01:00:00Z\n";
    assert_eq!(imported("in.csv", power, "--unit W").0[0], "2024-01-01T00:00:00Z 900");
}

#[test]
fn influxdb_annotations_are_passed_over() {
    let content = "\
#group,false,false,true,true,false,false,true,true
#datatype,string,long,dateTime:RFC3339,dateTime:RFC3339,dateTime:RFC3339,double,string,string
#default,mean,,,,,,,
,result,table,_start,_stop,_time,_value,_field,_measurement
,,0,2024-01-01T00:00:00Z,2024-01-02T00:00:00Z,2024-01-01T00:00:00Z,0.5,energy_kwh,house
,,0,2024-01-01T00:00:00Z,2024-01-02T00:00:00Z,2024-01-01T01:00:00Z,0.25,energy_kwh,house
";
    assert_eq!(imported("in.csv", content, "").0, ["2024-01-01T00:00:00Z 500", "2024-01-01T01:00:00Z 250"]);
}

#[test]
fn green_button_values_are_wh_times_their_power_of_ten_and_export_is_left_out() {
    let reading = |(hour, value): (i32, i32)| {
        let start = 1_704_067_200 + 3600 * hour;
        format!(
            "<IntervalReading><timePeriod><duration>3600</duration><start>{start}</start></timePeriod><value>{value}</value></IntervalReading>"
        )
    };
    let entry = |flow: i32, power: i32, values: [i32; 3]| {
        let readings: String = (0..).zip(values).map(reading).collect();
        format!(
            "<entry><link rel=\"self\" href=\"https://utility/UsagePoint/9/MeterReading/{flow}\"/><link rel=\"related\" href=\"https://utility/ReadingType/{flow}\"/><content><MeterReading/></content></entry>
<entry><link rel=\"self\" href=\"https://utility/ReadingType/{flow}\"/><content><ReadingType><flowDirection>{flow}</flowDirection><powerOfTenMultiplier>{power}</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>
<entry><link rel=\"up\" href=\"https://utility/UsagePoint/9/MeterReading/{flow}/IntervalBlock\"/><content><IntervalBlock>{readings}</IntervalBlock></content></entry>"
        )
    };
    let feed = format!(
        "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:espi=\"http://naesb.org/espi\">{}{}</feed>",
        entry(1, -3, [500_000, 250_000, 1_250_500]),
        entry(19, 0, [10, 20, 30])
    );
    let (hours, said) = imported("in.xml", &feed, "");
    // 500 + 250 + 1250.5 Wh.
    assert_eq!(
        hours,
        ["2024-01-01T00:00:00Z 500", "2024-01-01T01:00:00Z 250", "2024-01-01T02:00:00Z 1250.5"]
    );
    assert!(said.contains("6 rows: 3 used as read, 3 not needed"), "{said}");
}

#[test]
fn nem12_days_begin_at_midnight_of_the_market() {
    let day = |value: &str| format!("300,20240301,{}A,,,,\n", format!("{value},").repeat(48));
    let head = |suffix: &str| format!("200,6123456789,E1E2B1,1,{suffix},,,kWh,30,\n");
    let content = [
        "100,NEM12,202403020000,A,B\n",
        &head("E1"),
        &day("0.1"),
        &head("E2"),
        &day("0.15"),
        &head("B1"),
        &day("9"),
    ]
    .concat();
    let (hours, said) = imported("in.csv", &(content + "900\n"), "");
    assert_eq!((hours.len(), hours[0].as_str()), (24, "2024-02-29T14:00:00Z 500"));
    // 48 × (0.1 + 0.15) kWh.
    assert!(said.contains("imported  24 hours, 12.000 kWh"), "{said}");
}

#[test]
fn solaredge_reads_what_the_home_used() {
    let value = |(hour, wh): (i32, f64)| format!("{{\"date\":\"2024-10-01 0{hour}:00:00\",\"value\":{wh}}}");
    let values = |wh: [f64; 3]| (0..).zip(wh).map(value).collect::<Vec<_>>().join(",");
    let content = format!(
        "{{\"energyDetails\":{{\"timeUnit\":\"HOUR\",\"unit\":\"Wh\",\"meters\":[{{\"type\":\"Production\",\"values\":[{}]}},{{\"type\":\"Consumption\",\"values\":[{}]}}]}}}}",
        values([0.0, 0.0, 900.0]),
        values([120.0, 80.5, 300.0])
    );
    let (hours, said) = imported("in.json", &content, "--tz Europe/Madrid");
    let expected = ["2024-09-30T22:00:00Z 120", "2024-09-30T23:00:00Z 80.5", "2024-10-01T00:00:00Z 300"];
    assert_eq!(hours, expected);
    assert!(said.contains("6 rows: 3 used as read, 3 not needed"), "{said}");
}

#[test]
fn telegrams_counters_of_two_tariffs_make_the_hours_between_them() {
    let telegram = |(quarter, low, normal): (i32, &str, &str)| {
        let (hour, minute) = (12 + quarter / 4, quarter % 4 * 15);
        format!(
            "/ISK5\\2M550T-1012\r\n\r\n0-0:1.0.0(240115{hour}{minute:02}00W)\r\n0-0:96.1.1(4530303331)\r\n1-0:1.8.1({low}*kWh)\r\n1-0:1.8.2({normal}*kWh)\r\n1-0:2.8.1(000009.000*kWh)\r\n!\r\n"
        )
    };
    let counters = [
        (0, "000100.000", "000200.000"),
        (1, "000100.000", "000200.125"),
        (2, "000100.000", "000200.250"),
        (3, "000100.050", "000200.300"),
        (4, "000100.100", "000200.300"),
    ];
    let (hours, said) = imported("in.log", &counters.map(telegram).concat(), "");
    // 100 Wh of the one and 300 Wh of the other.
    assert_eq!(hours, ["2024-01-15T11:00:00Z 400"]);
    assert!(said.contains("5 telegrams"), "{said}");
}

#[test]
fn line_protocol_has_power_by_the_quarter_and_other_measurements() {
    let line = |(quarter, watts): (i64, i32)| {
        let at = (1_704_067_200 + 900 * quarter) * 1_000_000_000;
        format!("W,domain=sensor,entity_id=house value={watts} {at}\n°C,entity_id=attic value=20 {at}\n")
    };
    let lines: String = (0..).zip([400, 800, 1200, 1600, 100, 100, 100, 100]).map(line).collect();
    let (hours, said) = imported("in.lp", &lines, "");
    // (400 + 800 + 1200 + 1600) / 4 and 4 × 100 / 4 Wh.
    assert_eq!(hours, ["2024-01-01T00:00:00Z 1000", "2024-01-01T01:00:00Z 100"]);
    assert!(said.contains("16 rows: 8 used as read, 8 not needed"), "{said}");
}

#[test]
#[cfg_attr(not(feature = "sqlite"), ignore = "this build reads no databases")]
fn home_assistant_s_database_has_sums_at_the_ends_of_their_hours() {
    let (hours, said) = imported("home-assistant_v2.db", &home_assistant_database(&[1.5, 1.75, 2.75]), "");
    // 1.75 − 1.5 and 2.75 − 1.75 kWh; the sum of an hour is the counter's at its end.
    assert_eq!(hours, ["2024-01-01T01:00:00Z 250", "2024-01-01T02:00:00Z 1000"]);
    assert!(said.contains("the statistic `sensor.attic` (in `°C`); left out"), "{said}");
}

#[test]
fn tables_of_one_s_own_may_have_their_times_and_decimals_as_is_usual_there() {
    let german = "Datum;Verbrauch (kWh)\n31.01.2024 18:00;1,5\n31.01.2024 19:00;2,25\n";
    let (hours, _) = imported("in.csv", german, "--tz Europe/Berlin --time-column Datum");
    assert_eq!(hours, ["2024-01-31T17:00:00Z 1500", "2024-01-31T18:00:00Z 2250"]);
    let american = "date,time,kwh\n01/31/2024,6:00 PM,1.5\n01/31/2024,7:00 PM,2\n";
    assert_eq!(imported("in.csv", american, "--tz America/Chicago").0[0], "2024-02-01T00:00:00Z 1500");
    let epoch = "ts,wh\n1704067200,10\n1704070800,20\n";
    assert_eq!(imported("in.csv", epoch, "").0, ["2024-01-01T00:00:00Z 10", "2024-01-01T01:00:00Z 20"]);
    let doubtful = "time,kwh\n01/02/2024 00:00,1\n01/02/2024 01:00,2\n";
    let folder = Folder::with("in.csv", doubtful);
    assert!(folder.refuses("import in.csv --tz UTC -o out.csv").contains("--date-order day-first"));
    assert_eq!(
        imported("in.csv", doubtful, "--tz UTC --date-order day-first").0[0],
        "2024-02-01T00:00:00Z 1000"
    );
}

#[test]
fn the_autumn_hour_is_read_twice_from_new_to_old_too() {
    let times = ["03:00", "02:30", "02:00", "02:30", "02:00", "01:30", "01:00"];
    let rows: String = times.iter().map(|time| format!("2024-10-27 {time},100\n")).collect();
    let (hours, _) = imported("in.csv", &format!("time,wh\n{rows}"), "--tz Europe/Paris");
    assert_eq!(hours, ["2024-10-26T23:00:00Z 200", "2024-10-27T00:00:00Z 200"]);
}

/// The real exports beside the project, where they are; each with the zone it needs, its hours and its kWh as added up by
/// other means (see docs/formats.md).
const REAL: [(&str, &str, u64, f64); 11] = [
    ("green-button-pge.xml", "America/Los_Angeles", 2280, 496.406),
    ("nem12-5min.csv", "Australia/Brisbane", 2544, 560.512),
    ("solaredge-hour.json", "Europe/Amsterdam", 420, 390.099),
    ("dsmr-reader-hour.csv", "UTC", 8754, 3743.131),
    ("homewizard-15min-registers.csv", "Europe/Amsterdam", 719, 1354.878),
    ("fluvius-quarter-hour.csv", "Europe/Brussels", 197, 17.332),
    ("enphase-hourly.csv", "Europe/Amsterdam", 16296, 10014.152),
    ("shelly-em3-phase-b.csv", "UTC", 3333, 618.147),
    ("united-power-hourly.csv", "America/Denver", 48, 72.610),
    ("home-assistant-statistics-state-sum.tsv", "Europe/Berlin", 37, 56.7),
    ("home-assistant-statistics-delta.tsv", "Europe/Berlin", 6, 120.0),
];

#[test]
fn real_exports_import_to_the_totals_that_were_added_up_by_other_means() {
    let formats: PathBuf = root().join("../shared/data/formats");
    if !formats.is_dir() {
        println!("skipped: {} is not there", formats.display());
        return;
    }
    for (name, zone, hours, kwh) in REAL {
        let folder = Folder::new();
        let outcome =
            folder.knowatt(&format!("import {} --tz {zone} -o out.csv", formats.join(name).display()));
        assert_eq!(outcome.code, 0, "{name}: {}", outcome.stderr);
        let wh = numbers(&folder.read("out.csv"), "wh");
        assert_eq!(wh.len() as u64, hours, "{name}: {}", outcome.stderr);
        assert!(
            (wh.iter().sum::<f64>() / 1000.0 - kwh).abs() < 0.001,
            "{name}: {} kWh",
            wh.iter().sum::<f64>() / 1000.0
        );
    }
}
