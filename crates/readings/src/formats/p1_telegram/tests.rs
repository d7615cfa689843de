use super::{super::sink::Found, telegram::Checksum, *};

fn found(text: &str, kind: Option<Kind>) -> (String, Vec<String>) {
    let mut found = Found::default();
    let input = Input::from_reader("p1.log", std::io::Cursor::new(text.as_bytes().to_vec())).unwrap();
    (read(input, kind, false, &mut found).unwrap(), found.0)
}

/// A telegram of these lines with the right checksum.
fn telegram(lines: &[&str]) -> String {
    let body = format!("/XMX5LGBBFG1009394887\r\n\r\n{}\r\n!", lines.join("\r\n"));
    let mut checksum = Checksum(0);
    checksum.add(body.as_bytes());
    format!("{body}{:04X}\r\n", checksum.0)
}

const DUTCH: [&str; 9] = [
    "1-3:0.2.8(42)",
    "0-0:1.0.0(241027023000S)",
    "0-0:96.1.1(4530303331)",
    "1-0:1.8.1(001000.500*kWh)",
    "1-0:1.8.2(002000.250*kWh)",
    "1-0:2.8.1(000009.000*kWh)",
    "0-0:96.14.0(0002)",
    "1-0:1.7.0(00.400*kW)",
    "0-1:24.2.1(241027020000S)(00012.345*m3)",
];

#[test]
fn the_checksum_is_the_catalogued_one() {
    let mut checksum = Checksum(0);
    checksum.add(b"123456789");
    assert_eq!(checksum.0, 0xBB3D);
}

#[test]
fn tariffs_are_added_up_at_the_meters_own_time() {
    let mut winter = DUTCH;
    winter[1] = "0-0:1.0.0(241027023000W)";
    let (what, found) = found(&format!("{}\n{}", telegram(&DUTCH), telegram(&winter)), None);
    assert_eq!(what, "2 telegrams, the counters of what was taken from the grid (1-0:1.8.1 + 1-0:1.8.2)");
    let expected = [
        "1 E0031/ register 2024-10-27T00:30:00Z = 3000750",
        "14 E0031/ register 2024-10-27T01:30:00Z = 3000750",
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_total_goes_before_tariffs_and_power_is_read_where_it_is_asked_for() {
    let swedish = ["0-0:1.0.0(240115120000W)", "1-0:1.8.0(00006678.394*kWh)", "1-0:1.7.0(0001.727*kW)"];
    let (what, rows) = found(&telegram(&swedish), None);
    assert_eq!(what, "1 telegrams, the counter of what was taken from the grid (1-0:1.8.0)");
    assert_eq!(rows, ["1 / register 2024-01-15T11:00:00Z = 6678394"]);
    let (_, rows) = found(&telegram(&swedish), Some(Kind::Power));
    assert_eq!(rows, ["1 / power 2024-01-15T11:00:00Z = 1727"]);
    let (_, rows) = found(&telegram(&[swedish[0], swedish[2]]), None);
    assert_eq!(rows, ["1 / power 2024-01-15T11:00:00Z = 1727"]);
}

#[test]
fn a_log_with_line_feeds_only_and_one_without_checksums_are_read() {
    let (_, rows) = found(&telegram(&DUTCH).replace("\r\n", "\n"), None);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].ends_with("= 3000750"), "{rows:?}");
    let without = telegram(&DUTCH);
    let (_, rows) = found(&without[..without.len() - 6], None);
    assert!(rows[0].ends_with("= 3000750"), "{rows:?}");
}

#[test]
fn telegrams_that_are_spoilt_are_left_out_with_a_reason() {
    let whole = telegram(&DUTCH);
    let spoilt = whole.replace("001000.500", "009000.500");
    let broken_off = &whole[..100];
    let timeless = telegram(&DUTCH[2..]);
    let one_tariff = telegram(&[&DUTCH[..4], &DUTCH[5..]].concat());
    let text =
        format!("{whole}a line of the logger's\n{spoilt}{broken_off}\n{timeless}{one_tariff}{broken_off}");
    let (_, rows) = found(&text, None);
    assert_eq!(rows.len(), 6, "{rows:#?}");
    assert!(rows[1].contains("bad-row: the telegram's checksum is"), "{}", rows[1]);
    assert!(rows[2].ends_with("a telegram that breaks off before its `!`; left out"), "{}", rows[2]);
    assert!(rows[3].ends_with("a telegram without a time (0-0:1.0.0); left out"), "{}", rows[3]);
    assert!(rows[4].contains("missing: the telegram has not the values"), "{}", rows[4]);
    assert!(rows[5].ends_with("breaks off before its `!`; left out"), "{}", rows[5]);
}

/// What is told of bytes that come from a port.
fn heard(telegrams: &mut P1Telegrams, bytes: &[u8], came_ms: Option<i64>) -> Vec<String> {
    let told = |live| match live {
        Live::Sample(LiveSample { at_ms, value, kind, .. }) => format!("{at_ms} {value} {kind}"),
        Live::Poison(why) => why,
        other => format!("{other:?}"),
    };
    let lines = bytes.split(|&byte| byte == b'\n');
    lines.filter_map(|line| telegrams.push(line, came_ms)).map(told).collect()
}

#[test]
fn what_comes_from_a_port_is_read_as_a_log_is() {
    let whole = telegram(&DUTCH);
    let spoilt = whole.replace("001000.500", "009000.500");
    let unsigned = &whole[..whole.len() - 6];
    let wire = format!("7*kWh)\r\n{whole}\0\u{fe}{whole}{spoilt}{}\r\n{whole}{unsigned}\n", &whole[..100]);
    let told = heard(&mut P1Telegrams::new(None, false), wire.as_bytes(), None);
    let sample = "1729989000000 3000750 cumulative register";
    assert_eq!(told.len(), 6, "{told:#?}");
    assert_eq!((&*told[0], &*told[1], &*told[4]), (sample, sample, sample));
    assert!(told[2].starts_with("the telegram's checksum is "), "{}", told[2]);
    assert_eq!(told[3], "a telegram that breaks off before its `!`");
    assert!(told[5].starts_with("a telegram whose checksum is missing"), "{}", told[5]);
}

#[test]
fn a_telegram_without_time_or_checksum_counts_when_it_came() {
    let old = "/ISk5\\2ME382-1004\r\n\r\n0-0:96.1.1(4b41)\r\n1-0:1.8.1(00001.000*kWh)\r\n1-0:1.7.0(0000.98*kW)\r\n!\r\n";
    let mut telegrams = P1Telegrams::new(None, false);
    assert_eq!(
        heard(&mut telegrams, old.as_bytes(), Some(1_700_000_000_000)),
        ["1700000000000 1000 cumulative register"]
    );
    assert_eq!(heard(&mut telegrams, old.as_bytes(), None), ["a telegram without a time (0-0:1.0.0)"]);
}

#[test]
fn the_net_is_what_was_taken_less_what_was_given() {
    let mut telegrams = P1Telegrams::new(None, true);
    let told = heard(&mut telegrams, telegram(&DUTCH).as_bytes(), None);
    assert_eq!(told, ["1729989000000 2991750 cumulative register"]);
    let mut telegrams = P1Telegrams::new(None, true);
    let told = heard(&mut telegrams, telegram(&DUTCH[..5]).as_bytes(), None);
    assert!(told[0].starts_with("a telegram that tells of nothing given"), "{told:?}");
}

#[test]
fn a_meter_with_other_registers_is_read_after_some_telegrams() {
    let mut telegrams = P1Telegrams::new(None, false);
    let one_tariff = telegram(&[&DUTCH[..4], &DUTCH[5..]].concat());
    heard(&mut telegrams, one_tariff.as_bytes(), None);
    let told = heard(&mut telegrams, telegram(&DUTCH).repeat(6).as_bytes(), None);
    assert!(told[..5].iter().all(|told| told == NOT_AS_THE_FIRST), "{told:?}");
    assert_eq!(told[5], "1729989000000 3000750 cumulative register");
}

#[test]
fn it_is_known_by_a_telegram_at_its_head() {
    assert!(detect(telegram(&DUTCH).as_bytes()));
    assert!(detect(format!("# my log\n{}", telegram(&DUTCH)).as_bytes()));
    for other in ["", "/", "/usr/bin/python3\n", "/abc5 is a path\ntime,wh\n"] {
        assert!(!detect(other.as_bytes()), "{other}");
    }
}
