//! What the buffer promises, also when the process is killed.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Command, Stdio},
    time::Duration,
};

use proptest::prelude::*;

use super::*;

fn reading(number: u64) -> Measured {
    let kind = [Kind::Energy, Kind::Power, Kind::Register][usize::try_from(number % 3).unwrap()];
    let hour = number.is_multiple_of(5).then_some(u8::try_from(number % 24).unwrap());
    let at_ms = i64::try_from(number * 1000).unwrap();
    Measured { meter: format!("meter {}", number % 7).into(), at_ms, value: number as f64 / 8.0, kind, hour }
}

fn at(position: u64) -> Kept {
    Kept { position: Some(position.to_string()), meters: Vec::new() }
}

fn keep(buffer: &mut Buffer, delivered: u64, readings: std::ops::Range<u64>) {
    let position = at(readings.end);
    let readings: Vec<_> = readings.map(|number| (number, reading(number))).collect();
    let all = readings.iter().map(|(number, reading)| (*number, reading));
    assert_eq!(buffer.keep(delivered, all, &position).unwrap(), Keeping::Done);
}

fn all(buffer: &Buffer) -> Vec<(u64, Option<Measured>)> {
    buffer.read(0, usize::MAX).unwrap()
}

#[test]
fn what_was_kept_is_there_in_order_until_it_is_delivered() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("buffer");
    let mut buffer = Buffer::open(&path, "a", 1 << 20).unwrap();
    assert_eq!((buffer.oldest(), buffer.load().unwrap()), (None, None));
    keep(&mut buffer, 0, 1..6);
    drop(buffer);
    let mut buffer = Buffer::open(&path, "a", 1 << 20).unwrap();
    keep(&mut buffer, 2, 6..8);
    assert_eq!(all(&buffer), (3..8).map(|number| (number, Some(reading(number)))).collect::<Vec<_>>());
    assert_eq!((buffer.oldest(), buffer.newest()), (Some(3), Some(7)));
    assert_eq!(buffer.read(4, 2).unwrap().iter().map(|(number, _)| *number).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(buffer.load().unwrap(), Some(at(8)));
    keep(&mut buffer, 7, 8..8);
    assert_eq!((buffer.oldest(), buffer.newest()), (None, None));
}

#[test]
fn it_is_full_at_its_bound_and_what_is_delivered_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("buffer");
    let mut buffer = Buffer::open(&path, "a", 200_000).unwrap();
    let mut next = 1;
    while !buffer.is_full() {
        keep(&mut buffer, 0, next..next + 100);
        next += 100;
    }
    for round in 0..5 {
        assert!(buffer.is_full(), "round {round}");
        keep(&mut buffer, next - 100, next..next + 100);
        assert!(!buffer.is_full());
        while !buffer.is_full() {
            next += 100;
            keep(&mut buffer, 0, next..next + 100);
        }
        next += 100;
    }
    drop(buffer);
    let size = std::fs::metadata(&path).unwrap().len();
    assert!(size < 250_000, "it has grown to {size} bytes");
}

#[test]
fn a_reading_that_is_not_as_it_was_written_is_none_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("buffer");
    let mut buffer = Buffer::open(&path, "a", 1 << 20).unwrap();
    keep(&mut buffer, 0, 1..5);
    drop(buffer);
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute("UPDATE waiting SET value = value + 1 WHERE id = 2", []).unwrap();
    other.execute("UPDATE waiting SET hour = 1000 WHERE id = 3", []).unwrap();
    drop(other);
    let buffer = Buffer::open(&path, "a", 1 << 20).unwrap();
    let expected = [(1, Some(reading(1))), (2, None), (3, None), (4, Some(reading(4)))];
    assert_eq!(all(&buffer), expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_is_a_queue(steps in prop::collection::vec((0_u64..20, 0_u64..20, any::<bool>()), 1..12)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("buffer");
        let mut buffer = Buffer::open(&path, "a", 1 << 20).unwrap();
        let (mut oldest, mut next) = (1, 1);
        for (kept, delivered, is_opened_anew) in steps {
            let delivered = (oldest + delivered).min(next) - 1;
            keep(&mut buffer, delivered, next..next + kept);
            (oldest, next) = (delivered + 1, next + kept);
            if is_opened_anew {
                drop(buffer);
                buffer = Buffer::open(&path, "a", 1 << 20).unwrap();
            }
            let expected: Vec<_> = (oldest..next).map(|number| (number, Some(reading(number)))).collect();
            prop_assert_eq!(all(&buffer), expected);
            prop_assert_eq!(buffer.load().unwrap(), Some(at(next)));
        }
    }
}

const CHILD: &str = "KNOWATT_TEST_BUFFER";

/// Run by the test below in a process of its own: keeps readings and says which, until it is killed.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CHILD) else { return };
    let mut buffer = Buffer::open(Path::new(&path), "a", 1 << 30).unwrap();
    let mut next = buffer.newest().map_or(1, |newest| newest + 1);
    loop {
        let end = next + 1 + next % 50;
        // As much is delivered as keeps some hundred waiting.
        keep(&mut buffer, next.saturating_sub(300), next..end);
        next = end;
        println!("kept {}", next - 1);
        std::io::stdout().flush().unwrap();
    }
}

#[test]
fn what_was_said_to_be_kept_is_there_after_a_kill_at_any_point() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("buffer");
    let mut last = 0;
    for round in 0..20 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "buffer::tests::child", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("kept ") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0);
        }
        std::thread::sleep(Duration::from_micros(round * 1700));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        // The last line may be half.
        let whole = rest.rfind('\n').map_or("", |end| &rest[..end]);
        let kept = whole.lines().last().unwrap_or(line.trim()).strip_prefix("kept ").unwrap();
        let kept: u64 = kept.parse().unwrap();

        let buffer = Buffer::open(&path, "a", 1 << 30).unwrap();
        let (oldest, newest) = (buffer.oldest().unwrap(), buffer.newest().unwrap());
        assert!(newest >= kept && kept > last, "{kept} were kept after {last}, and {newest} are there");
        let expected: Vec<_> = (oldest..=newest).map(|number| (number, Some(reading(number)))).collect();
        assert_eq!(all(&buffer), expected);
        assert_eq!(buffer.load().unwrap(), Some(at(newest + 1)));
        last = newest;
    }
}
