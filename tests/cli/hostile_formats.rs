//! A file of each format that is cut off, or is none of it: refused, or the ledger says what became of every row.

use std::fs;

use knowatt_readings::formats::Format;

use crate::support::{Folder, home_assistant_database, root};

const P1: &str = "/ISK5\\2M550T-1012\n\n0-0:1.0.0(240115120000W)\n1-0:1.8.1(000100.000*kWh)\n1-0:1.7.0(00.400*kW)\n!\n/ISK5\\2M550T-1012\n\n0-0:1.0.0(240115130000W)\n1-0:1.8.1(000100.500*kWh)\n1-0:1.7.0(00.400*kW)\n!\n";
const VALUE: &str = r#"{"meter": "a", "timestamp": 1700002800000, "wh": 1.5}"#;

/// A small file of a format.
fn sample(format: &str) -> Vec<u8> {
    let of_broker =
        |name: &str| fs::read(root().join("crates/readings/src/formats/testdata").join(name)).unwrap();
    let text = match format {
        "csv" => "timestamp,wh\n2024-01-01T00:00Z,120\n2024-01-01T01:00Z,130\n".to_owned(),
        "dsmr-reader" => "Hour Start,Electricity 1 (Low),Electricity 2 (Normal),Electricity 1 Returned (Low),Electricity 2 Returned (Normal),Gas\n2024-01-01T06:00:00+01:00,0.2,0,0,0,0.03\n2024-01-01T07:00:00+01:00,0.1,0.35,0.5,0,0.05\n".to_owned(),
        "homewizard" => "time,Import T1 kWh,Import T2 kWh,Export T1 kWh,Export T2 kWh\n2022-09-01 00:00,8350.000,4650.000,3095.077,7450.128\n2022-09-01 01:00,8350.100,4650.000,3095.078,7450.301\n".to_owned(),
        "fluvius" => "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;Eenheid;Validatiestatus\r\n12-10-2021;20:00:00;12-10-2021;20:15:00;=\"5414\";1SAG1;Digitale Meter;Afname Dag;0,125;kWh;Gevalideerd\r\n12-10-2021;20:00:00;12-10-2021;20:15:00;=\"5414\";1SAG1;Digitale Meter;Injectie Dag;;kWh;Geen verbruik\r\n".to_owned(),
        "enphase" => "Date/Time,Energy Produced (Wh),Energy Consumed (Wh),Exported to Grid (Wh),Imported from Grid (Wh)\n10/12/2022 00:00,0,343,0,343\n10/12/2022 01:00,5,333,0,328\n".to_owned(),
        "shelly" => "Date/time UTC,Active energy Wh (B),Returned energy Wh (B)\n2024-12-26 00:00,12.25,0\n2024-12-26 00:10,12.25,0\n".to_owned(),
        "united-power" => "Usage Information\nEnergy consumption time period,Usage(Real energy in kilowatt-hours),Events occurred\n2025-10-19 00:00 to 2025-10-19 01:00,0.970,,\n2025-10-19 01:00 to 2025-10-19 02:00,0.020,,\nEnergy consumption time period,Usage(Real energy in kilowatt-hours),Events occurred\n2025-10-19 00:00 to 2025-10-19 01:00,-0.1,,\n".to_owned(),
        "octopus" => "Consumption (kwh), Estimated Cost Inc. Tax (p), Start, End\n0.125,2.1,2023-07-01T00:00:00+01:00,2023-07-01T00:30:00+01:00\n0.375,6.2,2023-07-01T00:30:00+01:00,2023-07-01T01:00:00+01:00\n".to_owned(),
        "home-assistant-statistics" => "statistic_id\tunit\tstart\tstate\tsum\nsensor.a\tkWh\t07.01.2024 03:00\t274,6\t16,5\nsensor.a\tkWh\t07.01.2024 02:00\t274,1\t16,0\n".to_owned(),
        "home-assistant-history" => "entity_id,state,last_changed\nsensor.a_kwh,100.1,2024-01-01T00:00:00.000Z\nsensor.a_kwh,100.2,2024-01-01T01:00:00.000Z\n".to_owned(),
        "influx-csv" => "#group,false,false,true,true\n,result,table,_time,_value,_field\n,,0,2024-01-01T00:00:00Z,0.5,energy_kwh\n,,0,2024-01-01T01:00:00Z,0.25,energy_kwh\n".to_owned(),
        "green-button" => "<feed xmlns=\"http://naesb.org/espi\"><entry><content><ReadingType><uom>72</uom><powerOfTenMultiplier>0</powerOfTenMultiplier></ReadingType></content></entry><entry><content><IntervalBlock><IntervalReading><timePeriod><duration>3600</duration><start>1430377200</start></timePeriod><value>86</value></IntervalReading></IntervalBlock></content></entry></feed>".to_owned(),
        "nem12" => format!("200,61,E1,1,E1,,,kWh,60,\n300,20240301,{}A,,,,\n400,1,24,A,,\n", "0.1,".repeat(24)),
        "solaredge" => "{\"energyDetails\":{\"timeUnit\":\"HOUR\",\"unit\":\"Wh\",\"meters\":[{\"type\":\"Consumption\",\"values\":[{\"date\":\"2024-10-01 00:00:00\",\"value\":1.5},{\"date\":\"2024-10-01 01:00:00\",\"value\":null}]}]}}".to_owned(),
        "p1-telegram" => P1.to_owned(),
        "influx-line" => "W,entity_id=a value=400 1700000000000000000\nW,entity_id=a value=300 1700003600000000000\n".to_owned(),
        "kcat" => format!("{{\"topic\":\"t\",\"partition\":0,\"offset\":0,\"tstype\":\"create\",\"ts\":1700002800000,\"key\":\"k\",\"payload\":{VALUE:?}}}\n").repeat(2),
        "dump-log" => format!("baseOffset: 0 lastOffset: 0 count: 1 producerId: -1 isTransactional: false isControl: false\n| offset: 0 CreateTime: 1700002800000 keySize: 1 valueSize: {} headerKeys: [] key: a payload: {VALUE}\n", VALUE.len()),
        "console-consumer" => format!("CreateTime:1700002800000\tPartition:0\tOffset:1\tNO_HEADERS\tk\t{VALUE}\n").repeat(2),
        "log-segment" => return of_broker("json.log"),
        "avro" => return of_broker("full.null.avro"),
        "home-assistant-database" => return home_assistant_database(&[1.5, 1.75]),
        other => panic!("a format without a sample: {other}"),
    };
    text.into_bytes()
}

/// Reads some bytes as a format: refused, or every row is accounted for. Gives the exit code.
fn read_as(format: &str, bytes: &[u8]) -> i32 {
    let folder = Folder::with("in", bytes);
    let outcome = folder.knowatt(&format!("import in --format {format} --tz Europe/Paris -o out.csv"));
    let said = &outcome.stderr;
    assert!([0, 2].contains(&outcome.code) && !said.contains("panicked"), "{format}: {said}");
    assert_eq!(folder.path("out.csv").exists(), outcome.code == 0, "{format}: {said}");
    if let Some(rows) = said.lines().find_map(|line| line.strip_prefix("ledger    ")) {
        let rows = rows.split(';').next().unwrap().replace(',', " ");
        let counts: Vec<u64> = rows.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        assert_eq!(counts[0], counts[1..].iter().sum::<u64>(), "{format}: {said}");
    }
    outcome.code
}

#[test]
fn a_file_of_any_format_that_is_cut_off_is_refused_or_its_rows_add_up() {
    for format in Format::ALL {
        let whole = sample(format.name);
        for cut in (0..16).map(|part| whole.len() * part / 16) {
            read_as(format.name, &whole[..cut]);
        }
    }
}

#[test]
fn what_cannot_be_cut_off_without_loss_is_refused() {
    for format in ["green-button", "solaredge", "avro", "home-assistant-database"] {
        let whole = sample(format);
        assert_eq!(read_as(format, &whole[..whole.len() - whole.len() / 3]), 2, "{format}");
    }
}

#[test]
fn a_file_that_is_none_of_the_format_is_refused() {
    let picture = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\x01\0\x08\x06\0\0\0".repeat(40);
    for format in Format::ALL {
        assert_eq!(read_as(format.name, &picture), 2, "{}", format.name);
        for other in Format::ALL.iter().filter(|other| other.name != format.name) {
            read_as(format.name, &sample(other.name));
        }
    }
}
