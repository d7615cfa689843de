//! Input as it really comes: broken, mixed up, too little. Each case says where, what and what to do,
//! and leaves no half-written file.

use crate::support::{Folder, column, history, history_of, last_line};

const TRAIN: &str = "train in.csv --tz UTC -o m.json --table t.csv";

/// A good history with one line replaced (counted from 1), read with a ledger; gives the entry's rule and text.
fn entry_for(line: usize, replaced: &[u8]) -> (String, String) {
    let good = history(30);
    let mut lines: Vec<&[u8]> = good.as_bytes().split_inclusive(|&byte| byte == b'\n').collect();
    lines[line - 1] = replaced;
    let folder = Folder::with("in.csv", lines.concat());
    let outcome = folder.knowatt("train in.csv --tz UTC -o m.json --ledger ledger.csv");
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains(" 1 doubted and left out; all in ledger.csv"), "{}", outcome.stderr);
    let ledger = folder.read("ledger.csv");
    assert_eq!(column(&ledger, "line")[0], line.to_string(), "{ledger}");
    assert_eq!(column(&ledger, "input")[0], "in.csv");
    (column(&ledger, "rule")[0].clone(), column(&ledger, "what")[0].clone())
}

fn refused(content: impl AsRef<[u8]>) -> String {
    last_line(&Folder::with("in.csv", content).refuses(TRAIN)).to_owned()
}

#[test]
fn an_empty_file_is_said_to_be_empty() {
    assert_eq!(
        refused(""),
        "knowatt: in.csv: is empty: a line with the columns' names is expected first, then one row a reading"
    );
}

#[test]
fn a_header_alone_holds_no_complete_hour() {
    let message = refused("timestamp,wh\n");
    assert_eq!(
        message,
        "knowatt: in.csv: holds no complete hour in its 0 usable rows; a reading needs the whole hour"
    );
}

#[test]
fn a_directory_is_not_read() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path("in.csv")).unwrap();
    assert_eq!(last_line(&folder.refuses(TRAIN)), "knowatt: in.csv: is a directory; name the files in it");
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let message = Folder::new().refuses(TRAIN);
    assert_eq!(
        last_line(&message),
        "knowatt: in.csv: cannot be read: No such file or directory (os error 2)"
    );
}

#[test]
fn a_missing_column_is_answered_with_those_there_are() {
    let message = refused("when,wh\n2024-01-01T00:00:00Z,1\n");
    assert_eq!(
        message,
        "knowatt: in.csv:1: no column is known as the time. The columns are `when`, `wh`; name it with --time-column NAME"
    );
    let message = refused("timestamp,reading\n2024-01-01T00:00:00Z,1\n");
    assert_eq!(
        message,
        "knowatt: in.csv:1: no column is known as the value (its name tells no unit). The columns are `timestamp`, \
         `reading`; name it with --value-column NAME --unit UNIT"
    );
    let folder = Folder::with("in.csv", history(30));
    let message = folder.refuses("train in.csv --tz UTC -o m.json --value-column kwh");
    assert_eq!(
        last_line(&message),
        "knowatt: in.csv:1: there is no column `kwh`, asked for with --value-column. The columns are `timestamp`, `wh`"
    );
}

#[test]
fn a_file_without_a_header_is_told_from_one_with_other_names() {
    let message = refused("2024-01-01T00:00:00Z,120\n2024-01-01T01:00:00Z,130\n");
    assert!(message.starts_with("knowatt: in.csv:1: the first line looks like a reading"), "{message}");
}

#[test]
fn a_price_is_no_energy() {
    let message = refused(history(30).replace("timestamp,wh", "timestamp,price_eur_per_kwh"));
    assert!(message.contains("no column is known as the value"), "{message}");
}

#[test]
fn a_unit_is_never_guessed() {
    let folder = Folder::with("in.csv", history(30).replace("timestamp,wh", "timestamp,usage"));
    let message = folder.refuses("train in.csv --tz UTC -o m.json --value-column usage");
    assert_eq!(
        last_line(&message),
        "knowatt: in.csv:1: the name of column `usage` does not tell its unit; give it with --unit Wh, kWh, W or kW"
    );
}

#[test]
fn nul_bytes_make_a_bad_row_not_a_bad_file() {
    let (rule, what) = entry_for(5, b"\0\0\0\0\0\0\0\0,\0\0\0\n");
    assert_eq!(rule, "bad-row");
    assert!(what.starts_with("`\\0\\0\\0\\0\\0\\0\\0\\0` is not a time"), "{what}");
}

#[test]
fn a_byte_order_mark_is_no_part_of_the_first_name() {
    let folder = Folder::with("in.csv", format!("\u{feff}{}", history(30)));
    folder.succeeds(TRAIN);
}

#[test]
fn crlf_ends_a_row_as_lf_does() {
    let with = |content: String| {
        let folder = Folder::with("in.csv", content);
        folder.succeeds(TRAIN);
        folder.bytes("m.json")
    };
    assert!(with(history(30)) == with(history(30).replace('\n', "\r\n")));
}

#[test]
fn utf_16_is_named() {
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(history(1).encode_utf16().flat_map(u16::to_le_bytes)).collect();
    assert_eq!(refused(utf16), "knowatt: in.csv: is UTF-16 text; save it as UTF-8");
}

#[test]
fn a_workbook_is_named() {
    let message = refused(b"PK\x03\x04........");
    assert_eq!(
        message,
        "knowatt: in.csv: is a zip archive or an Excel workbook; unpack it, or export it as CSV"
    );
}

#[test]
fn a_damaged_zstd_file_is_an_error_not_another_history() {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, history(30).as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for place in (8..packed.len()).step_by(packed.len() / 40) {
        let mut damaged = packed.clone();
        damaged[place] ^= 1;
        let message = refused(&damaged);
        assert!(message.starts_with("knowatt: in.csv"), "byte {place}: {message}");
    }
    refused(&packed[..packed.len() / 2]);
}

#[test]
fn a_broken_archive_is_an_error_not_a_short_history() {
    use std::io::Write as _;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(history(60).as_bytes()).unwrap();
    let packed = gzip.finish().unwrap();
    let folder = Folder::with("in.csv", &packed);
    folder.succeeds(TRAIN);
    let folder = Folder::with("in.csv", &packed[..packed.len() / 2]);
    let message = folder.refuses(TRAIN);
    assert!(message.contains("knowatt: in.csv:") && message.contains("cannot be read"), "{message}");
}

#[test]
fn invalid_utf_8_makes_a_bad_row() {
    let (rule, what) = entry_for(5, b"2024-01-01T03:00:00Z,\xff\xfe12\n");
    assert_eq!((rule.as_str(), what.as_str()), ("bad-row", "`\u{fffd}\u{fffd}12` is not a number; left out"));
}

#[test]
fn a_ragged_row_is_not_read_as_if_it_were_whole() {
    let (rule, what) = entry_for(5, b"2024-01-01T03:00:00Z,12,13\n");
    assert_eq!((rule.as_str(), what.as_str()), ("bad-row", "3 fields where the header has 2; left out"));
    let (rule, what) = entry_for(5, b"2024-01-01T03:00:00Z\n");
    assert_eq!((rule.as_str(), what.as_str()), ("bad-row", "1 field where the header has 2; left out"));
}

#[test]
fn a_quotation_mark_never_closed_is_found_out() {
    let good = history(30);
    let cut: usize = good.split_inclusive('\n').take(4).map(str::len).sum();
    let content = format!("{}\"{}", &good[..cut], &good[cut..]);
    let message = Folder::with("in.csv", content).refuses("train in.csv --tz UTC -o m.json");
    let expected =
        "in.csv:5: a quotation mark is never closed: all to line 722, the end, is one row; left out";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn rows_lost_between_two_stray_quotation_marks_are_told_of() {
    let content =
        history(30).replace("timestamp,wh", "timestamp,wh,note").replace("Z,", "Z,1").replace('\n', ",x\n");
    let content = content.replacen("wh,note,x", "wh,note", 1);
    let mut lines: Vec<String> = content.lines().map(str::to_owned).collect();
    lines[9] = lines[9].replace(",x", ",\"x");
    lines[19] = lines[19].replace(",x", ",x\"");
    let folder = Folder::with("in.csv", lines.join("\n"));
    folder.succeeds("train in.csv --tz UTC -o m.json --ledger l.csv");
    let ledger = folder.read("l.csv");
    assert_eq!(column(&ledger, "rule"), ["several-lines", "gap"]);
    assert_eq!(column(&ledger, "line")[0], "10");
    assert!(
        column(&ledger, "what")[0].starts_with("one row to line 20; if a quotation mark is stray"),
        "{ledger}"
    );
}

#[test]
fn a_row_a_megabyte_long_ends_the_reading() {
    let good = history(30);
    let long = format!("2024-01-31T00:00:00Z,{}\n", "1".repeat(1 << 20));
    let message = refused(format!("{good}{long}"));
    assert_eq!(
        message,
        "knowatt: in.csv:722: the row that begins here is longer than 256 KiB: probably a quotation mark that is never closed"
    );
}

#[test]
fn a_row_of_nothing_but_commas_ends_the_reading() {
    let message = refused(format!("{}{}\n", history(30), ",".repeat(1 << 20)));
    assert!(
        message.starts_with("knowatt: in.csv:722: the row that begins here is longer than 256 KiB"),
        "{message}"
    );
}

#[test]
fn lines_are_counted_as_an_editor_counts_them() {
    // CRLF, a blank line and a row of two lines come before the row that is wrong.
    let good = history(30);
    let content =
        good.replacen("timestamp,wh\n", "timestamp,note,wh\r\n\r\n", 1).replace("Z,", "Z,\"two\nlines\",");
    let content = content.replacen("T02:00:00Z", "T02:00:0xZ", 1);
    let folder = Folder::with("in.csv", content.replace('\n', "\r\n").replace("\r\r", "\r"));
    folder.succeeds("train in.csv --tz UTC -o m.json --ledger l.csv");
    let ledger = folder.read("l.csv");
    let bad = column(&ledger, "rule").iter().position(|rule| rule == "bad-row").unwrap();
    assert_eq!(column(&ledger, "line")[bad], "7");
}

#[test]
fn nan_and_too_large_a_number_are_not_finite() {
    for value in ["NaN", "1e400", "-inf"] {
        let (rule, what) = entry_for(5, format!("2024-01-01T03:00:00Z,{value}\n").as_bytes());
        assert_eq!(rule, "not-finite");
        assert_eq!(what, format!("`{value}` is not a finite number; left out"));
    }
}

#[test]
fn negative_energy_is_left_out() {
    let (rule, what) = entry_for(5, b"2024-01-01T03:00:00Z,-120.5\n");
    assert_eq!((rule.as_str(), what.as_str()), ("negative", "-120.5 is below zero; left out"));
}

#[test]
fn more_than_a_home_can_use_is_left_out() {
    let (rule, _) = entry_for(5, b"2024-01-01T03:00:00Z,1e12\n");
    assert_eq!(rule, "implausible");
    let (rule, _) = entry_for(5, b"2999-12-31T03:00:00Z,12\n");
    assert_eq!(rule, "implausible");
}

#[test]
fn a_decimal_comma_is_explained() {
    let (rule, what) = entry_for(5, b"2024-01-01T03:00:00Z,\"120,5\"\n");
    assert_eq!(rule, "bad-row");
    assert_eq!(what, "`120,5` is not a number; decimals are written with a point; left out");
}

#[test]
fn what_a_clock_repeats_that_ran_backwards_is_counted_once() {
    let mut lines: Vec<String> = history(30).lines().map(str::to_owned).collect();
    let repeated: Vec<String> = lines[200..203].to_vec();
    lines.splice(203..203, repeated);
    let folder = Folder::with("in.csv", lines.join("\n"));
    let outcome = folder.knowatt("train in.csv --tz UTC -o m.json --ledger l.csv");
    assert_eq!(outcome.code, 0);
    let ledger = folder.read("l.csv");
    assert_eq!(column(&ledger, "rule"), ["out-of-order", "duplicate", "duplicate", "duplicate"]);
    assert_eq!(column(&ledger, "what")[0], "2 h earlier than line 203; sorted in");
}

#[test]
fn a_file_from_new_to_old_gives_what_the_same_file_gives_from_old_to_new() {
    let good = history(30);
    let mut lines: Vec<&str> = good.lines().collect();
    lines[1..].reverse();
    let folder = Folder::with("reversed.csv", lines.join("\n"));
    folder.write("in.csv", &good);
    folder.succeeds("train in.csv --tz UTC -o m.json");
    folder.succeeds("train reversed.csv --tz UTC -o r.json");
    assert!(folder.read("m.json") == folder.read("r.json"));
}

#[test]
fn two_meters_with_names_are_told_apart() {
    let rows: String = history(30)
        .lines()
        .skip(1)
        .flat_map(|row| [format!("house,{row}\n"), format!("barn,{row}0\n")])
        .collect();
    let folder = Folder::with("in.csv", format!("meter,timestamp,wh\n{rows}"));
    let message = folder.refuses(TRAIN);
    assert_eq!(
        last_line(&message),
        "knowatt: there are 2 meters: `barn`, `house`; choose one with --meter NAME (knowatt train -o DIRECTORY/ makes a model of each)"
    );
    folder.succeeds("train in.csv --tz UTC -o m.json --meter barn");
    folder.write("house.csv", "meter,timestamp,wh\nhouse,2024-02-01T00:00:00Z,1\n");
    folder.write("barn.csv", "meter,timestamp,wh\nbarn,2024-02-01T01:00:00Z,1\n");
    let message = folder.refuses("score m.json house.csv barn.csv");
    assert!(last_line(&message).starts_with("knowatt: there are 2 meters: `barn`, `house`"), "{message}");
    let message = folder.refuses("train in.csv --tz UTC -o n.json --meter shed");
    assert_eq!(last_line(&message), "knowatt: in.csv: holds no meter `shed`; it holds house");
}

#[test]
fn two_meters_without_names_are_suspected() {
    let rows: String =
        history(30).lines().skip(1).flat_map(|row| [format!("{row}\n"), format!("{row}1\n")]).collect();
    let message = refused(format!("timestamp,wh\n{rows}"));
    assert!(
        message.contains("720 of 1440 rows give another value for a time that was given before"),
        "{message}"
    );
    assert!(message.contains("a second value"), "{message}");
    assert!(message.contains("--meter-column"), "{message}");
}

#[test]
fn two_days_are_too_little_and_it_says_how_much_is_needed() {
    assert_eq!(
        refused(history(2)),
        "knowatt: readings of 2 days (48 complete hours) are too few to learn from: at least 21 days are needed, and about 90 are good"
    );
}

#[test]
fn ninety_days_of_zeros_are_nothing_to_learn() {
    assert_eq!(
        refused(history_of(90, |_| 0.0)),
        "knowatt: all 2160 hourly readings are 0 Wh: there is nothing to learn. Is it the right column, and a meter of consumption?"
    );
}

#[test]
fn a_home_that_is_mostly_off_can_be_learned() {
    let folder = Folder::with("in.csv", history_of(90, |hour| if hour % 50 == 0 { 5.0 } else { 0.0 }));
    folder.succeeds(TRAIN);
    folder.succeeds("train in.csv --tz UTC --model envelope -o e.json");
    let constant = Folder::with("in.csv", history_of(90, |_| 42.0));
    // A number that never changes never falls either, but it does not rise.
    constant.succeeds(TRAIN);
    constant.succeeds("train in.csv --tz UTC --model envelope -o e.json");
}

#[test]
fn mostly_unusable_rows_stop_the_reading() {
    let mut content = history(30);
    for hour in 0..800 {
        content.push_str(&format!("yesterday,{hour}\n"));
    }
    let message = refused(content);
    assert!(message.starts_with("knowatt: in.csv: 800 of 1520 rows could not be used, most of them as bad-row, first at in.csv:722: `yesterday` is not a time"), "{message}");
}

#[test]
fn daily_readings_are_too_coarse() {
    let rows: String = (1..=28).map(|day| format!("2024-01-{day:02},{}\n", 4000 + day % 7)).collect();
    let message = refused(format!("date,wh\n{rows}"));
    assert_eq!(
        message,
        "knowatt: in.csv: the rows are mostly 1 d apart; a reading an hour or finer is needed, for the hour is what the model learns"
    );
}

#[test]
fn a_counter_is_not_taken_for_energy() {
    let content = history_of(30, |hour| 1e6 + 300.0 * hour as f64);
    let folder = Folder::with("in.csv", content);
    let message = folder.refuses(TRAIN);
    assert!(
        last_line(&message).contains("hardly ever fall, as a meter's counter does; say --kind register"),
        "{message}"
    );
    folder.succeeds("train in.csv --tz UTC --kind register -o m.json");
}
