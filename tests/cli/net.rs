//! The net, where it is asked for: what was taken from the grid less what was given back, hour by hour.

use crate::support::{Folder, column, history_of, last_line, numbers, root, use_in_hour};

/// Imports a file with `--net`; gives the hours as `start wh`, the rules of the ledger, and what was said.
fn net(content: &str, flags: &str) -> (Vec<String>, Vec<String>, String) {
    let folder = Folder::with("in", content);
    let outcome = folder.knowatt(&format!("import in --net {flags} -o out.csv --ledger l.csv"));
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let out = folder.read("out.csv");
    let hours = column(&out, "start").into_iter().zip(numbers(&out, "wh"));
    let hours = hours.map(|(start, wh)| format!("{start} {wh}")).collect();
    (hours, column(&folder.read("l.csv"), "rule"), outcome.stderr)
}

/// What the ledger says of all rows.
fn rows(said: &str) -> &str {
    said.lines().find_map(|line| line.strip_prefix("ledger    ")).unwrap_or_default()
}

#[test]
fn dsmr_reader_returned_tariffs_are_taken_off_and_an_hour_below_zero_counts_as_zero() {
    let content = "\
Hour Start,Electricity 1 (Dutch Users: Low Tariff),Electricity 2 (Dutch Users: Normal Tariff),Electricity 1 Returned (Dutch Users: Low Tariff),Electricity 2 Returned (Dutch Users: Normal Tariff),Gas
2024-06-01T06:00:00+02:00,0.2,0,0,0,0.03
2024-06-01T07:00:00+02:00,0.1,0.35,0.5,0.25,0.05
2024-06-01T08:00:00+02:00,0,0.4,0.05,0.1,0.01
";
    let (hours, rules, said) = net(content, "");
    assert_eq!(hours, ["2024-06-01T04:00:00Z 200", "2024-06-01T05:00:00Z 0", "2024-06-01T06:00:00Z 250"]);
    assert_eq!(rules, ["net-export"]);
    // A row tells both, and each is read.
    assert_eq!(rows(&said), "6 rows: 6 used as read; all in l.csv");
    assert!(said.contains("what is returned is taken off"), "{said}");
    assert!(
        said.contains("300.000 Wh more were given to the grid than taken; the hour counts as 0"),
        "{said}"
    );
}

#[test]
fn homewizard_exported_registers_are_taken_off() {
    let content = "\
time,Import T1 kWh,Import T2 kWh,Export T1 kWh,Export T2 kWh
2022-09-01 00:00,8350.000,4650.000,3095.000,7450.000
2022-09-01 00:15,8350.100,4650.000,3095.050,7450.000
2022-09-01 00:30,8350.100,4650.200,3095.050,7450.100
2022-09-01 00:45,8350.150,4650.250,3095.050,7450.100
2022-09-01 01:00,8350.200,4650.300,3095.050,7450.125
";
    let (hours, rules, _) = net(content, "--tz Europe/Amsterdam");
    assert_eq!((hours, rules), (vec!["2022-08-31T22:00:00Z 325".to_owned()], vec![]));
}

#[test]
fn fluvius_injection_is_taken_off_by_the_tariff() {
    let header = "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus\n";
    let row = |hour: i32, minute: i32, register: &str, volume: &str| {
        format!(
            "12-10-2021;{hour}:{minute:02}:00;12-10-2021;;=\"541448\";1SAG1;Digitale Meter;{register};{volume};kWh;Gevalideerd\n"
        )
    };
    let mut content = header.to_owned();
    for (hour, tariff, given) in [(20, "Dag", "0,050"), (21, "Dag", "0,500"), (22, "Nacht", "0,000")] {
        for minute in [0, 15, 30, 45] {
            content += &row(hour, minute, &format!("Afname {tariff}"), "0,125");
            content += &row(hour, minute, &format!("Injectie {tariff}"), given);
        }
    }
    let (hours, rules, said) = net(&content, "--tz Europe/Brussels");
    assert_eq!(hours, ["2021-10-12T18:00:00Z 300", "2021-10-12T19:00:00Z 0", "2021-10-12T20:00:00Z 500"]);
    assert_eq!(rules, ["net-export"]);
    assert_eq!(rows(&said), "24 rows: 24 used as read; all in l.csv");
}

#[test]
fn enphase_net_is_what_was_imported_less_what_was_exported() {
    let content = "\
Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),Imported from Grid (Wh)
10/12/2022 10:00,500,343,257,100
10/12/2022 11:00,5,333,10,338
";
    let (hours, _, said) = net(content, "--tz America/New_York");
    assert_eq!(hours, ["2022-10-12T14:00:00Z 0", "2022-10-12T15:00:00Z 328"]);
    assert!(said.contains("energy imported less energy exported"), "{said}");
}

#[test]
fn shelly_returned_energy_is_taken_off() {
    let rows = (0..6).map(|place| format!("2024-12-26 00:{place}0,12.25,2.25\n")).collect::<String>();
    let content = format!("Date/time UTC,Active energy Wh (B),Returned energy Wh (B)\n{rows}");
    assert_eq!(net(&content, "").0, ["2024-12-26T00:00:00Z 60"]);
}

#[test]
fn united_power_tables_of_what_was_given_are_taken_off_and_a_net_table_alone_is_the_net() {
    let table = |values: [&str; 3]| {
        let hour =
            |(hour, value)| format!(" 2025-10-19 0{hour}:00 to 2025-10-19 0{}:00,{value},,\n", hour + 1);
        let rows: String = (0..).zip(values).map(hour).collect();
        format!(
            " ====\n Energy consumption time period,Usage(Real energy in kilowatt-hours),Events occurred\n{rows}\n"
        )
    };
    let (given, taken) = (table(["0.000", "-0.040", "-0.010"]), table(["0.970", "0.020", "0.050"]));
    let of_both = table(["0.970", "-0.020", "0.040"]);
    let expected = ["2025-10-19T06:00:00Z 970", "2025-10-19T07:00:00Z 0", "2025-10-19T08:00:00Z 40"];
    let (hours, rules, said) = net(&format!("{given}{taken}{of_both}"), "--tz America/Denver");
    assert_eq!(hours, expected);
    assert_eq!(rules, ["export", "export", "export", "net-export"]);
    assert_eq!(rows(&said), "9 rows: 6 used as read, 3 not needed; all in l.csv");
    let (hours, rules, said) = net(&of_both, "--tz America/Denver");
    assert_eq!((hours, rules), (expected.map(str::to_owned).to_vec(), vec!["net-export".to_owned()]));
    assert_eq!(rows(&said), "3 rows: 3 used as read; all in l.csv");
}

#[test]
fn green_button_flows_are_netted_and_a_flow_that_is_the_net_goes_before_them() {
    let of_flow = |flow: u8, values: [i32; 2]| {
        let reading = |(place, value): (i32, i32)| {
            let start = 1_430_377_200 + 3600 * place;
            format!(
                "<IntervalReading><timePeriod><duration>3600</duration><start>{start}</start></timePeriod><value>{value}</value></IntervalReading>"
            )
        };
        let readings: String = (0..).zip(values).map(reading).collect();
        let at = format!("UsagePoint/7/MeterReading/{flow}");
        format!(
            "<entry><link rel=\"self\" href=\"{at}\"/><link rel=\"related\" href=\"ReadingType/{flow}\"/><content><MeterReading/></content></entry>\
             <entry><link rel=\"self\" href=\"ReadingType/{flow}\"/><content><ReadingType><flowDirection>{flow}</flowDirection><powerOfTenMultiplier>0</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>\
             <entry><link rel=\"up\" href=\"{at}/IntervalBlock\"/><content><IntervalBlock>{readings}</IntervalBlock></content></entry>"
        )
    };
    let feed =
        |entries: &[String]| format!("<feed xmlns=\"http://naesb.org/espi\">{}</feed>", entries.concat());
    let (taken, given) = (of_flow(1, [500, 200]), of_flow(19, [100, 350]));
    let (hours, rules, said) = net(&feed(&[taken.clone(), given.clone()]), "");
    assert_eq!(hours, ["2015-04-30T07:00:00Z 400", "2015-04-30T08:00:00Z 0"]);
    assert_eq!(rules, ["net-export"]);
    assert_eq!(rows(&said), "4 rows: 4 used as read; all in l.csv");
    let (hours, rules, said) = net(&feed(&[taken, given, of_flow(4, [410, -130])]), "");
    assert_eq!(hours, ["2015-04-30T07:00:00Z 410", "2015-04-30T08:00:00Z 0"]);
    assert_eq!(rules, [&["other-quantity"; 4][..], &["net-export"]].concat());
    assert_eq!(rows(&said), "6 rows: 2 used as read, 4 not needed; all in l.csv");
}

#[test]
fn nem12_registers_of_what_was_given_are_taken_off() {
    let day = |value: &str| format!("300,20240301,{}A,,,,\n", format!("{value},").repeat(48));
    let head = |suffix: &str| format!("200,6123456789,E1E2B1,1,{suffix},,,kWh,30,\n");
    let content = [head("E1"), day("0.1"), head("E2"), day("0.2"), head("B1"), day("0.05")].concat();
    let (hours, rules, said) = net(&content, "");
    assert_eq!((hours.len(), hours[0].as_str()), (24, "2024-02-29T14:00:00Z 500"));
    assert_eq!(rules, [""; 0]);
    assert!(said.contains("less what was given to it in B1 of 30 minutes"), "{said}");
}

#[test]
fn solaredge_net_is_what_was_purchased_less_what_was_fed_in() {
    let meter = |name: &str, wh: [i32; 2]| {
        let value = |(hour, wh)| format!("{{\"date\":\"2024-10-01 0{hour}:00:00\",\"value\":{wh}}}");
        let values: Vec<String> = (0..).zip(wh).map(value).collect();
        format!("{{\"type\":\"{name}\",\"values\":[{}]}}", values.join(","))
    };
    let meters = [meter("FeedIn", [100, 0]), meter("Purchased", [50, 300]), meter("Consumption", [600, 300])];
    let content = format!(
        "{{\"energyDetails\":{{\"timeUnit\":\"HOUR\",\"unit\":\"Wh\",\"meters\":[{}]}}}}",
        meters.join(",")
    );
    let (hours, rules, said) = net(&content, "--tz UTC");
    assert_eq!(hours, ["2024-10-01T00:00:00Z 0", "2024-10-01T01:00:00Z 300"]);
    assert_eq!(rules, ["other-quantity", "other-quantity", "net-export"]);
    assert_eq!(rows(&said), "6 rows: 4 used as read, 2 not needed; all in l.csv");
}

#[test]
fn telegrams_counters_of_what_was_given_are_taken_off_and_so_is_its_power() {
    let telegram = |minute: i32| {
        let kwh = |at: i32, step: i32| f64::from(at + minute / 15 * step) / 1000.0;
        let (taken, given) = (kwh(1000, 100), kwh(2000, 30));
        let time = format!("24011512{minute:02}00W").replace("1260", "1300");
        format!(
            "/ISK5\\2M550T-1012\n\n0-0:1.0.0({time})\n1-0:1.8.1({taken:010.3}*kWh)\n1-0:1.8.2(000007.000*kWh)\n1-0:2.8.1({given:010.3}*kWh)\n1-0:2.8.2(000003.000*kWh)\n1-0:1.7.0(00.400*kW)\n1-0:2.7.0(00.150*kW)\n!\n"
        )
    };
    let content: String = [0, 15, 30, 45, 60].map(telegram).concat();
    let (hours, _, said) = net(&content, "");
    assert_eq!(hours, ["2024-01-15T11:00:00Z 280"]);
    assert!(said.contains("less that of what was given to it (1-0:2.8)"), "{said}");
    let (hours, _, said) = net(&content, "--kind power");
    assert_eq!(hours[0], "2024-01-15T11:00:00Z 250");
    assert!(said.contains("less that given to it (1-0:2.7.0)"), "{said}");
}

#[test]
fn a_power_below_zero_is_taken_off_within_its_hour() {
    // Half an hour at 900 W taken, a quarter at 400 W given, a quarter at nothing; then an hour of nothing but sun.
    let quarter = |(place, watts): (i32, i32)| {
        format!("2024-06-01T{:02}:{:02}:00Z,{watts}\n", 10 + place / 4, place % 4 * 15)
    };
    let quarters: String = (0..).zip([900, 900, -400, 0, -400, -400, -400, -400]).map(quarter).collect();
    let content = format!("timestamp,net_w\n{quarters}");
    let (hours, rules, said) = net(&content, "");
    assert_eq!(hours, ["2024-06-01T10:00:00Z 350", "2024-06-01T11:00:00Z 0"]);
    assert_eq!(rules, ["net-export"]);
    assert_eq!(rows(&said), "8 rows: 8 used as read; all in l.csv");
    let folder = Folder::with("in", &content);
    assert!(folder.refuses("import in -o out.csv").contains("5 of 8 rows could not be used"));
}

#[test]
fn the_net_of_what_tells_of_nothing_given_is_refused_with_the_way_out() {
    let content = "\
Consumption (kwh), Start, End
0.125,2023-07-01T00:00:00+01:00,2023-07-01T00:30:00+01:00
0.375,2023-07-01T00:30:00+01:00,2023-07-01T01:00:00+01:00
";
    let message = Folder::with("in.csv", content).refuses("import in.csv --net -o out.csv");
    assert_eq!(
        last_line(&message),
        "knowatt: in.csv: --net takes off what was given back to the grid, and nothing that is read tells of any: no register of it, and no value below zero. Without --net what was taken is read"
    );
}

#[test]
fn a_meter_that_tells_of_nothing_given_beside_one_that_does_is_noted() {
    let rows =
        ["roof,2024-06-01T10:00:00Z,-300", "roof,2024-06-01T11:00:00Z,200", "flat,2024-06-01T10:00:00Z,50"];
    let (hours, rules, said) = net(&format!("meter,timestamp,wh\n{}\n", rows.join("\n")), "");
    assert_eq!(hours, ["2024-06-01T10:00:00Z 50", "2024-06-01T10:00:00Z 0", "2024-06-01T11:00:00Z 200"]);
    assert_eq!(rules, ["no-export", "net-export"]);
    assert!(said.contains("the meter `flat` tells of nothing given; its net is what was taken"), "{said}");
}

#[test]
fn an_hour_of_which_one_side_is_unknown_is_not_known_but_before_there_were_panels_it_is() {
    // E1 for three days; B1 from the second on, and an hour of it is null.
    let day = |date: &str, value: &str| format!("300,{date},{}A,,,,\n", format!("{value},").repeat(24));
    let head = |suffix: &str| format!("200,6123456789,E1B1,1,{suffix},,,kWh,60,\n");
    let content = [
        head("E1"),
        day("20240301", "0.5"),
        day("20240302", "0.5"),
        day("20240303", "0.5"),
        head("B1"),
        day("20240302", "0.2").replace(",A,", ",V,"),
        "400,1,9,A,,\n400,10,10,N,,\n400,11,24,A,,\n".to_owned(),
        day("20240303", "0.2"),
    ];
    let (hours, rules, _) = net(&content.concat(), "");
    let wh: Vec<&str> = hours.iter().map(|hour| hour.split_once(' ').unwrap().1).collect();
    assert_eq!(wh, [&["500"; 24][..], &["300"; 47]].concat());
    assert!(!hours.iter().any(|hour| hour.starts_with("2024-03-01T23")), "{hours:?}");
    assert_eq!(rules, ["missing-value", "gap", "partial-hour"]);
}

#[test]
fn a_model_says_that_it_is_of_net_readings_and_others_scored_with_it_are_noted() {
    let given = |hour: i64| if hour % 24 == 12 { -400.0 } else { use_in_hour(hour) };
    let folder = Folder::with("in.csv", history_of(30, given));
    folder.succeeds("train in.csv --tz UTC --net -o m.json --fitted f.json");
    let model: serde_json::Value = serde_json::from_str(&folder.read("m.json")).unwrap();
    assert_eq!(model["provenance"]["options"]["net"], "true");
    let outcome = folder.knowatt("score m.json in.csv --net -o s.csv");
    assert!(!outcome.stderr.contains("note"), "{}", outcome.stderr);
    assert!(numbers(&folder.read("s.csv"), "wh").iter().all(|wh| *wh >= 0.0));
    let outcome = folder.knowatt("score m.json in.csv -o s.csv");
    assert!(outcome.stderr.contains("note      the model is of net readings (--net)"), "{}", outcome.stderr);
    folder.succeeds("train in.csv --from f.json --net -o again.json");
    let again: serde_json::Value = serde_json::from_str(&folder.read("again.json")).unwrap();
    assert_eq!(again["provenance"]["options"]["net"], "true");
}

#[test]
fn real_exports_have_the_net_that_was_added_up_by_other_means() {
    let formats = root().join("../shared/data/formats");
    if !formats.is_dir() {
        println!("skipped: {} is not there", formats.display());
        return;
    }
    for (name, zone, hours, kwh) in [
        ("dsmr-reader-hour.csv", "UTC", 8754, 3605.055),
        ("homewizard-15min-registers.csv", "Europe/Amsterdam", 719, 497.653),
        ("nem12-5min.csv", "Australia/Brisbane", 2544, 510.469),
    ] {
        let folder = Folder::new();
        let file = formats.join(name);
        folder.succeeds(&format!("import {} --tz {zone} --net -o out.csv", file.display()));
        let wh = numbers(&folder.read("out.csv"), "wh");
        let sum = wh.iter().sum::<f64>() / 1000.0;
        assert!(wh.len() == hours && (sum - kwh).abs() < 0.001, "{name}: {} hours, {sum} kWh", wh.len());
    }
}
