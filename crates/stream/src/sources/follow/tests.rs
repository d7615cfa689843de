#![allow(clippy::disallowed_methods, reason = "a test's files may be cut")]

use std::io::Write as _;

use proptest::prelude::*;

use super::*;
use crate::source::Body;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn add(&self, name: &str, text: &str) {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.at(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn open(&self, position: Option<&str>) -> Follow {
        let mut source = Follow::open(&self.at("meter.csv"), position).unwrap();
        source.look_every = Duration::from_millis(10);
        source
    }
}

/// The next `count` messages.
fn take(source: &mut Follow, count: usize) -> Vec<String> {
    let mut found = Vec::new();
    for _ in 0..400 {
        if found.len() == count {
            break;
        }
        if let Incoming::Message(Message { body, .. }) = source.next(Duration::from_millis(50)).unwrap() {
            found.push(match body {
                Body::Row { columns, fields, .. } => format!("{} {}", columns.join("|"), fields.join("|")),
                Body::Record { record, .. } => String::from_utf8_lossy(record.value.unwrap()).into_owned(),
                Body::Poison { why, .. } => why,
                Body::Sample(_) => String::new(),
            });
        }
    }
    found
}

#[test]
fn a_file_is_followed_as_it_grows_and_a_line_waits_for_its_end() {
    let folder = Folder::new();
    folder.add("meter.csv", "\u{feff}t,wh\r\n1,2\r\n");
    let mut source = folder.open(None);
    assert_eq!(take(&mut source, 1), ["t|wh 1|2"]);
    folder.add("meter.csv", "3,4\n5,");
    assert_eq!(take(&mut source, 1), ["t|wh 3|4"]);
    assert!(matches!(source.next(Duration::from_millis(100)).unwrap(), Incoming::Nothing));
    folder.add("meter.csv", "6\n\n7\n");
    assert_eq!(take(&mut source, 2), ["t|wh 5|6", "1 field where the header has 2"]);
}

#[test]
fn a_line_that_was_there_before_has_no_time_of_arrival() {
    let folder = Folder::new();
    folder.add("meter.csv", "t,wh\n1,2\n");
    let mut source = folder.open(None);
    let came = |source: &mut Follow| loop {
        if let Incoming::Message(Message { body: Body::Row { timestamp_ms, .. }, .. }) =
            source.next(Duration::from_secs(1)).unwrap()
        {
            break timestamp_ms;
        }
    };
    assert_eq!(came(&mut source), None);
    folder.add("meter.csv", "3,4\n");
    assert!(came(&mut source).is_some());
}

#[test]
fn a_rotated_file_is_read_to_its_end_and_the_new_one_from_its_beginning() {
    let folder = Folder::new();
    folder.add("meter.csv", "t,wh\n1,2\n");
    let mut source = folder.open(None);
    assert_eq!(take(&mut source, 1), ["t|wh 1|2"]);
    fs::rename(folder.at("meter.csv"), folder.at("meter.csv.1")).unwrap();
    folder.add("meter.csv.1", "3,4\n5,6"); // its writer has it still open
    folder.add("meter.csv", "t,wh\n7,8\n");
    assert_eq!(take(&mut source, 3), ["t|wh 3|4", "t|wh 5|6", "t|wh 7|8"]);
    folder.add("meter.csv", "9,10\n");
    assert_eq!(take(&mut source, 1), ["t|wh 9|10"]);
    // A new one without a header, and one with another.
    fs::rename(folder.at("meter.csv"), folder.at("meter.csv.1")).unwrap();
    folder.add("meter.csv", "11,12\n");
    assert_eq!(take(&mut source, 1), ["t|wh 11|12"]);
    fs::rename(folder.at("meter.csv"), folder.at("meter.csv.1")).unwrap();
    folder.add("meter.csv", "t,kwh\n13,14\n");
    assert_eq!(take(&mut source, 1), ["t|kwh 13|14"]);
}

#[test]
fn a_truncated_file_is_read_from_its_beginning_be_it_longer_already() {
    let folder = Folder::new();
    folder.add("meter.csv", "t,wh\n1,2\n");
    let mut source = folder.open(None);
    assert_eq!(take(&mut source, 1), ["t|wh 1|2"]);
    fs::write(folder.at("meter.csv"), "").unwrap();
    assert!(matches!(source.next(Duration::from_millis(100)).unwrap(), Incoming::Nothing));
    folder.add("meter.csv", "t,wh\n3,4\n");
    assert_eq!(take(&mut source, 1), ["t|wh 3|4"]);
    fs::write(folder.at("meter.csv"), "t,wh\n5,6\n7,8\n9,10\n").unwrap();
    assert_eq!(take(&mut source, 3), ["t|wh 5|6", "t|wh 7|8", "t|wh 9|10"]);
}

#[test]
fn of_a_file_that_was_copied_and_truncated_the_copy_is_read_to_its_end() {
    let folder = Folder::new();
    folder.add("meter.csv", "t,wh\n1,2\n");
    let mut source = folder.open(None);
    assert_eq!(take(&mut source, 1), ["t|wh 1|2"]);
    fs::write(folder.at("meter.csv.1"), "t,wh\n1,2\n3,4\n").unwrap();
    fs::write(folder.at("meter.csv"), "t,wh\n5,6\n").unwrap();
    assert_eq!(take(&mut source, 2), ["t|wh 3|4", "t|wh 5|6"]);
}

#[test]
fn after_a_restart_it_goes_on_behind_what_was_committed() {
    let folder = Folder::new();
    folder.add("meter.csv", "t,wh\n1,2\n3,4\n5,6\n");
    let mut source = folder.open(None);
    assert_eq!(take(&mut source, 2), ["t|wh 1|2", "t|wh 3|4"]);
    let position = source.position().unwrap();
    _ = source.next(Duration::ZERO).unwrap(); // what is given later is not kept
    drop(source);
    assert_eq!(take(&mut folder.open(Some(&position)), 1), ["t|wh 5|6"]);
    // It was rotated meanwhile.
    fs::rename(folder.at("meter.csv"), folder.at("meter.csv-20240131")).unwrap();
    folder.add("meter.csv", "t,wh\n7,8\n");
    let mut source = folder.open(Some(&position));
    assert_eq!(take(&mut source, 2), ["t|wh 5|6", "t|wh 7|8"]);
    let new = source.position().unwrap();
    assert_eq!(serde_json::from_str::<Position>(&new).unwrap().offset, 9);
    assert!(take(&mut folder.open(Some(&new)), 0).is_empty());
    // It was copied and truncated.
    fs::copy(folder.at("meter.csv"), folder.at("meter.csv.1")).unwrap();
    folder.add("meter.csv.1", "9,10\n");
    fs::write(folder.at("meter.csv"), "t,wh\n11,12\n").unwrap();
    assert_eq!(take(&mut folder.open(Some(&new)), 2), ["t|wh 9|10", "t|wh 11|12"]);
    // It is gone: the one of that name is read from its beginning.
    fs::remove_file(folder.at("meter.csv.1")).unwrap();
    assert_eq!(take(&mut folder.open(Some(&new)), 1), ["t|wh 11|12"]);
}

#[test]
fn a_file_that_was_rotated_twice_before_it_was_read_is_told_of() {
    let folder = Folder::new();
    folder.add("meter.csv", "t,wh\n1,2\n");
    let mut source = folder.open(None);
    assert_eq!(take(&mut source, 1).len(), 1);
    assert!(source.missed().is_empty());
    let read = fs::File::options().append(true).open(folder.at("meter.csv")).unwrap();
    read.set_modified(std::time::SystemTime::UNIX_EPOCH).unwrap();
    fs::rename(folder.at("meter.csv"), folder.at("meter.csv.2")).unwrap();
    folder.add("meter.csv.1", "t,wh\n3,4\n");
    folder.add("meter.csv", "t,wh\n5,6\n");
    folder.add("meter-2.csv", "another meter's");
    assert_eq!(source.missed(), [folder.at("meter.csv.1")]);
    assert_eq!(take(&mut source, 1), ["t|wh 5|6"]);
}

#[test]
fn json_and_its_position_are_known_again() {
    let folder = Folder::new();
    folder.add("meter.csv", "{\"wh\":1}\n{\"wh\":2}\n");
    let mut source = folder.open(None);
    let start = source.position().unwrap();
    assert_eq!(take(&mut source, 1), ["{\"wh\":1}"]);
    assert_eq!(take(&mut folder.open(source.position().as_deref()), 1), ["{\"wh\":2}"]);
    assert_eq!(take(&mut folder.open(Some(&start)), 2).len(), 2);
}

#[test]
fn what_cannot_be_followed_says_why() {
    let folder = Folder::new();
    let open = |position| Follow::open(&folder.at("meter.csv"), position);
    let error = open(None).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("there is no such file"), "{error}");
    fs::create_dir(folder.at("meter.csv")).unwrap();
    assert!(open(None).map(|_| ()).unwrap_err().to_string().contains("is a folder"));
    fs::remove_dir(folder.at("meter.csv")).unwrap();
    if Path::new("/dev/null").exists() {
        let error = Follow::open(Path::new("/dev/null"), None).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("is no file"), "{error}");
    }
    for head in [&b"\x1f\x8b\x08\0"[..], b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xfd7zXZ\0", b"BZh9"] {
        fs::write(folder.at("meter.csv"), head).unwrap();
        let error = open(None).unwrap().next(Duration::ZERO).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("which cannot be followed; nothing was read"), "{error}");
    }
    fs::write(folder.at("meter.csv"), "2024-01-01,5\n").unwrap();
    let error = open(None).unwrap().next(Duration::ZERO).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("neither JSON nor the header"), "{error}");
    assert!(open(Some("{}")).map(|_| ()).unwrap_err().to_string().contains("is none"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn no_row_is_lost_or_given_twice_through_restarts_and_rotations(steps in prop::collection::vec(0..6_u8, 1..30)) {
        let folder = Folder::new();
        folder.add("meter.csv", "t,wh\n");
        let (mut source, mut written, mut read, mut files) = (folder.open(None), 0, 0, 0);
        let mut kept = (source.position(), 0);
        for step in steps {
            match step {
                0 | 1 => {
                    folder.add("meter.csv", &format!("{written},{}\n", written + 1));
                    written += 1;
                }
                2 => kept = (source.position(), read),
                3 => {
                    source = folder.open(kept.0.as_deref());
                    read = kept.1;
                }
                4 => {
                    // What was rotated a second time before it is read would be out of reach.
                    expect(&mut source, &mut read, written);
                    kept = (source.position(), read);
                    files += 1;
                    fs::rename(folder.at("meter.csv"), folder.at(&format!("meter.csv.{files}"))).unwrap();
                    folder.add("meter.csv", "t,wh\n");
                }
                _ => {
                    let to = written.min(read + 2);
                    expect(&mut source, &mut read, to);
                }
            }
        }
        expect(&mut source, &mut read, written);
    }
}

/// Reads rows up to that number.
fn expect(source: &mut Follow, read: &mut usize, to: usize) {
    let expected: Vec<_> = (*read..to).map(|row| format!("t|wh {row}|{}", row + 1)).collect();
    assert_eq!(take(source, to - *read), expected);
    *read = to;
}
