//! Segments of a real broker, and segments made here, right and wrong.

#![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

use proptest::prelude::*;

use super::*;
use crate::record::{
    Record,
    tests::{Listed, input},
    tests_of_avro::{sized, zigzag},
    unpack::{Packing, tests::pack},
};

fn listed(bytes: &[u8]) -> Result<(Vec<String>, String), Error> {
    let mut listed = Listed::default();
    parse(input(bytes), &mut listed).map(|told| (listed.0, told))
}

fn refused(bytes: &[u8]) -> String {
    listed(bytes).unwrap_err().to_string()
}

/// A record as it stands in a batch.
fn record(delta: i64, key: Option<&[u8]>, value: Option<&[u8]>, headers: &[u8]) -> Vec<u8> {
    let nullable = |bytes: Option<&[u8]>| bytes.map_or(zigzag(-1), sized);
    sized(
        &[vec![0], zigzag(delta * 1000), zigzag(delta), nullable(key), nullable(value), headers.to_vec()]
            .concat(),
    )
}

/// What a batch is made of.
struct Made {
    base_offset: i64,
    attributes: i16,
    producer: i64,
    count: i32,
    records: Vec<u8>,
}

impl Made {
    fn of(records: &[Vec<u8>]) -> Self {
        Self {
            base_offset: 0,
            attributes: 0,
            producer: -1,
            count: records.len() as i32,
            records: records.concat(),
        }
    }

    fn packed(mut self, packing: Packing) -> Self {
        self.records = pack(packing, &self.records);
        self.attributes |= match packing {
            Packing::None | Packing::Deflate => 0,
            Packing::Gzip => 1,
            Packing::Snappy => 2,
            Packing::Lz4 => 3,
            Packing::Zstd => 4,
        };
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let summed = [
            &self.attributes.to_be_bytes()[..],
            &(self.count - 1).to_be_bytes(),
            &1_700_002_800_000_i64.to_be_bytes(),
            &1_700_009_999_000_i64.to_be_bytes(),
            &self.producer.to_be_bytes(),
            &0_i16.to_be_bytes(),
            &0_i32.to_be_bytes(),
            &self.count.to_be_bytes(),
            &self.records,
        ]
        .concat();
        let crc = Crc32c::new().add(&summed).value();
        let length = (summed.len() + 9) as i32;
        [
            &self.base_offset.to_be_bytes()[..],
            &length.to_be_bytes(),
            &0_i32.to_be_bytes(),
            &[2],
            &crc.to_be_bytes(),
            &summed,
        ]
        .concat()
    }
}

/// A batch of these values, each a second later, with this key.
pub(crate) fn segment(packing: Packing, key: &[u8], values: &[Vec<u8>]) -> Vec<u8> {
    let record = |(at, value): (usize, &Vec<u8>)| record(at as i64, Some(key), Some(value), &[0]);
    Made::of(&values.iter().enumerate().map(record).collect::<Vec<_>>()).packed(packing).bytes()
}

const ODD: &[u8] = include_bytes!("../testdata/odd.log");
const JSON: &[u8] = include_bytes!("../testdata/json.log");
const ABORT: &[u8] = include_bytes!("../testdata/abort.log");

#[test]
fn a_brokers_segments_are_the_same_however_they_are_packed() {
    let (json, _) = listed(JSON).unwrap();
    assert_eq!(json.len(), 6);
    assert_eq!(
        json[5],
        r#"5: 0/5 @1700018000000 "meter2" "{\"meter\": \"meter2\", \"timestamp\": 1700018000000, \"wh\": 205.5}""#
    );
    let packed = [
        &include_bytes!("../testdata/gzip.log")[..],
        include_bytes!("../testdata/snappy.log"),
        include_bytes!("../testdata/lz4.log"),
        include_bytes!("../testdata/zstd.log"),
    ];
    for packed in packed {
        assert!(detect(&Head::new(packed)));
        let (found, told) = listed(packed).unwrap();
        assert_eq!((found.len(), told.as_str()), (40, ""));
        assert_eq!(found[..6], json);
        assert_eq!(found, listed(packed[0..].to_vec().as_slice()).unwrap().0);
    }
    let (appended, _) = listed(include_bytes!("../testdata/lat-zstd.log")).unwrap();
    assert!(appended.len() == 20 && appended.iter().all(|record| record.contains(" @1795471626255 ")));
}

#[test]
fn records_without_key_or_value_and_of_any_bytes_come_through() {
    assert_eq!(
        listed(ODD).unwrap().0,
        [
            r#"0: 0/0 @1700000000000 - "{\"a\":1}""#,
            r#"1: 0/1 @1700000001000 "k1" -"#,
            r#"2: 0/2 @1700000002000 "k2" """#,
            r#"3: 0/3 @1700000003000 "" "empty key""#,
            r#"4: 0/4 @1700000004000 "k4" "tab\there nl\nthere quote\" back\\slash""#,
            r#"5: 0/5 @1700000005000 "k5" "gr\xc3\xbcn \xe2\x9c\x93""#,
            r#"6: 0/6 @1700000006000 "k6" "\x00\x00\x00\x00\x01\x0c\xff\xfe\x80\x07""#,
            r#"7: 0/7 @1700000007000 "\x00\x01\x02\xff" "bin key""#,
            r#"8: 0/8 @1700000008000 "k8" "hdr""#,
        ]
    );
}

#[test]
fn transactions_that_were_given_up_are_dropped() {
    let found = listed(ABORT).unwrap();
    assert_eq!(
        found.0,
        [
            r#"0: 0/0 @1700000000000 "k" "txn0-0""#,
            r#"1: 0/1 @1700000000001 "k" "txn0-1""#,
            "3: aborted",
            "4: aborted",
            r#"6: 0/6 @1700000000000 "k" "txn2-0""#,
            r#"7: 0/7 @1700000000001 "k" "txn2-1""#,
        ]
    );
    // The segment may end before the last marker, of 78 bytes.
    let (open, told) = listed(&ABORT[..ABORT.len() - 78]).unwrap();
    assert_eq!(open, found.0);
    assert_eq!(told, "transactions that do not end in it, taken as committed");
}

#[test]
fn compacted_segments_keep_their_offsets() {
    let (found, _) = listed(include_bytes!("../testdata/compacted.log")).unwrap();
    let offsets: Vec<_> = found.iter().map(|record| record.split(' ').next().unwrap()).collect();
    assert_eq!(offsets, ["27:", "30:", "31:"]);
}

#[test]
fn a_segment_cut_at_any_byte_gives_what_is_whole_and_says_so() {
    let ends = [0, 89, 167, 256, 334, 423, ABORT.len()];
    for length in 0..ABORT.len() {
        let whole = ends.iter().rev().find(|end| **end <= length).copied().unwrap();
        let (found, told) = listed(&ABORT[..length]).unwrap();
        let cut = found.iter().filter(|record| record.contains("bad the file ends within the batch")).count();
        // Zeros alone could have been allocated ahead: the first bytes of a segment are its offset, 0.
        let is_zeros = ABORT[whole..length].iter().all(|byte| *byte == 0);
        assert_eq!(cut, usize::from(length != whole && !is_zeros), "{length}: {found:?}");
        assert_eq!(told.contains("it ends within a batch"), cut == 1, "{length}: {told}");
    }
}

#[test]
fn zeros_at_the_end_are_said() {
    let padded = [JSON.to_vec(), vec![0; 200_000]].concat();
    let (found, told) = listed(&padded).unwrap();
    assert_eq!((found.len(), told.as_str()), (6, "zeros at the end, allocated ahead"));
    assert!(refused(&[padded, vec![1]].concat()).contains("something behind zeros"));
}

#[test]
fn older_formats_and_other_files_are_refused() {
    let mut message = vec![1, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, b'x'];
    let mut crc = flate2::Crc::new();
    crc.update(&message);
    let mut older =
        [&[0; 8][..], &(message.len() as i32 + 4).to_be_bytes(), &crc.sum().to_be_bytes()].concat();
    older.append(&mut message);
    assert!(detect(&Head::new(&older)));
    assert!(refused(&older).contains("a message format before that of Kafka 0.11"));
    assert!(
        refused(&[JSON, b"another thing, and long enough to be a head"].concat())
            .contains("a batch of message format")
    );
    for other in [&b""[..], b"timestamp,wh\n", &[0; 100], &[0xff; 100], b"Obj\x01"] {
        assert!(!detect(&Head::new(other)), "{other:?}");
    }
}

#[test]
fn a_batch_that_is_wrong_is_left_out_alone() {
    let right = segment(Packing::None, b"k", &[b"1".to_vec()]);
    let mut changed = right.clone();
    *changed.last_mut().unwrap() ^= 1;
    let with = |wrong: Vec<u8>| listed(&[wrong, right.clone()].concat()).unwrap().0;
    let expected = r#"0: 0/0 @1700002800000 "k" "1""#;
    assert_eq!(with(changed), ["0: bad a batch of 1 records, whose sum is wrong; left out", expected]);
    let made = |records: Vec<u8>, count: i32, attributes: i16| {
        Made { base_offset: 5, attributes, producer: -1, count, records }.bytes()
    };
    let one = record(0, None, Some(b"v"), &[0]);
    for (wrong, why) in [
        (made(one.clone(), i32::MAX, 0), "ends within a field"),
        (made(one.clone(), -1, 0), "a negative length"),
        (made(one.clone(), 1, 7), "packed with something unknown"),
        (made(one.clone(), 1, 1), "a batch of 1 records"),
        (made([&[1], &one[1..]].concat(), 1, 0), "a negative length"),
        (made(vec![0xff; 12], 1, 0), "longer than 64 bits"),
        (made(sized(&[&[0, 0, 0, 1][..], &zigzag(i64::MAX)].concat()), 1, 0), "ends within a field"),
        (made(sized(&[&[0, 0, 0][..], &zigzag(-2)].concat()), 1, 0), "a negative length"),
    ] {
        let found = with(wrong);
        assert!(found[0].starts_with("5: bad a batch of ") && found[0].contains(why), "{why}: {found:?}");
        assert_eq!(found[1..], [expected]);
    }
}

#[test]
fn what_unpacks_to_gigabytes_is_left_out() {
    for packing in [Packing::Gzip, Packing::Lz4, Packing::Zstd] {
        let bomb = Made { records: vec![0; 80 << 20], ..Made::of(&[Vec::new()]) }.packed(packing).bytes();
        let (found, _) = listed(&bomb).unwrap();
        assert!(found[0].contains("unpacks to more than 64 MiB"), "{found:?}");
    }
}

#[test]
fn declared_lengths_take_no_memory() {
    let mut batch = segment(Packing::None, b"k", &[b"1".to_vec()]);
    batch[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(refused(&batch).contains("a batch of 2147483647 bytes"));
    batch[8..12].copy_from_slice(&(-5_i32).to_be_bytes());
    assert!(refused(&batch).contains("a batch of -5 bytes"));
    batch[8..12].copy_from_slice(&(60_i32 << 20).to_be_bytes());
    assert!(listed(&batch).unwrap().1.contains("ends within a batch"));
}

type KeyAndValue = (Option<Vec<u8>>, Option<Vec<u8>>);

proptest! {
    #[test]
    fn what_was_put_into_a_batch_is_read(
        records in prop::collection::vec(
            (prop::option::of(prop::collection::vec(any::<u8>(), 0..9)), prop::option::of(prop::collection::vec(any::<u8>(), 0..40))),
            0..30,
        ),
        packing in prop::sample::select(vec![Packing::None, Packing::Gzip, Packing::Snappy, Packing::Lz4, Packing::Zstd]),
    ) {
        let encode = |(at, (key, value)): (usize, &KeyAndValue)| {
            record(at as i64, key.as_deref(), value.as_deref(), &[2, 2, b'h', 1])
        };
        let batch = Made::of(&records.iter().enumerate().map(encode).collect::<Vec<_>>()).packed(packing).bytes();
        let mut expected = Listed::default();
        for (at, (key, value)) in records.iter().enumerate() {
            let offset = at as i64;
            let timestamp_ms = Some(1_700_002_800_000 + 1000 * offset);
            let record = Record { partition: 0, offset, timestamp_ms, key: key.as_deref(), value: value.as_deref() };
            expected.record(at as u64, &record).unwrap();
        }
        prop_assert_eq!(listed(&batch).unwrap().0, expected.0);
    }

    #[test]
    fn a_changed_byte_never_panics(at in 0..ABORT.len(), to in any::<u8>()) {
        let mut changed = ABORT.to_vec();
        changed[at] = to;
        let _ = listed(&changed);
    }
}
