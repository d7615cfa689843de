//! Avro object container files (`.avro`), as Kafka Connect's sinks write topics to disk.
//!
//! Source: the Apache Avro 1.12 specification, "Object Container Files": `Obj`, 1, a map with `avro.schema` and
//! `avro.codec`, 16 bytes that stand between the blocks; each block is a count of values, a length, the values,
//! packed, and those 16 bytes. Packed with `null`, `deflate`, `snappy` or `zstandard`.
//!
//! The line of the ledger is the number of the value. Limits: 4 MiB before the blocks, 64 MiB a block,
//! packed and unpacked; those of the schema and of values in `record::avro`.

use std::io::{BufReader, Read};

use super::{Format, Head, Options};
use crate::{
    error::{Error, ErrorKind},
    input::Input,
    intake::Intake,
    message::show,
    record::{
        Records, Schema, Sink,
        unpack::{MAX_UNPACKED_BYTES, Packing, unpack},
    },
};

/// The format.
pub(crate) const FORMAT: Format =
    Format { name: "avro", about: "Avro container", is_fixed_table: false, detect, read };

const MAGIC: &[u8; 4] = b"Obj\x01";

/// The most that may stand before the blocks, in bytes.
const MAX_HEADER_BYTES: usize = 4 << 20;

/// Stands before each block.
type Marker = [u8; 16];

fn detect(head: &Head<'_>) -> bool {
    head.bytes().starts_with(MAGIC)
}

fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<String, Error> {
    let mut records = Records::begin(&input.name, options, intake)?;
    parse(input, &mut records)?;
    records.end("")
}

/// Passes on every value.
pub(crate) fn parse(input: Input, sink: &mut impl Sink) -> Result<(), Error> {
    let mut container =
        Container { name: input.name, reader: BufReader::with_capacity(64 << 10, input.reader) };
    let Header { schema, packing, marker } = container.header()?;
    let (mut packed, mut unpacked, mut line) = (Vec::new(), Vec::new(), 0_u64);
    while let Some(count) = container.block_count()? {
        let length = container.length(MAX_UNPACKED_BYTES, "a block")?;
        container.fill(length, &mut packed)?;
        if container.array()? != marker {
            return Err(
                container.broken(&format!("the block behind value {line} is not where it should end"))
            );
        }
        let values = match packing {
            // Its sum follows.
            Packing::Snappy => packed.len().checked_sub(4).and_then(|end| packed.split_at_checked(end)),
            _ => Some((packed.as_slice(), &[][..])),
        };
        let (values, sum) = values.ok_or_else(|| container.broken("a block without its sum"))?;
        let mut values = unpack(packing, values, &mut unpacked)
            .map_err(|what| container.broken(&format!("the block behind value {line}: {what}")))?;
        if packing == Packing::Snappy {
            let mut crc = flate2::Crc::new();
            crc.update(values);
            if crc.sum().to_be_bytes() != sum {
                return Err(container.broken(&format!("the block behind value {line}: its sum is wrong")));
            }
        }
        for _ in 0..count {
            line += 1;
            let rest = match sink.avro(line, &schema, values)? {
                Ok(rest) => rest,
                Err(error) => return Err(container.broken(&format!("value {line}: {error}"))),
            };
            // A count may be as large as it likes, if values take no room.
            if rest.len() == values.len() {
                return Err(container.broken(&format!("value {line} is of no length")));
            }
            values = rest;
        }
        if !values.is_empty() {
            return Err(
                container.broken(&format!("{} bytes are left over behind value {line}", values.len()))
            );
        }
    }
    Ok(())
}

struct Header {
    schema: Schema,
    packing: Packing,
    marker: Marker,
}

struct Container {
    name: String,
    reader: BufReader<Box<dyn Read>>,
}

impl Container {
    fn header(&mut self) -> Result<Header, Error> {
        if self.array::<4>()? != *MAGIC {
            return Err(self.broken("it does not begin with Obj, 1"));
        }
        let (mut schema, mut codec) = (None, b"null".to_vec());
        let mut left = MAX_HEADER_BYTES;
        loop {
            let count = self.number()?;
            if count < 0 {
                self.number()?; // the length of this part of the map
            } else if count == 0 {
                break;
            }
            for _ in 0..count.unsigned_abs() {
                let (mut name, mut value) = (Vec::new(), Vec::new());
                for part in [&mut name, &mut value] {
                    let length = self.length(left, "what stands before the blocks")?;
                    // With what it takes beside, for a map may have many empty entries.
                    left = left.saturating_sub(length + 16);
                    self.fill(length, part)?;
                }
                match name.as_slice() {
                    b"avro.schema" => schema = Some(value),
                    b"avro.codec" => codec = value,
                    _ => {}
                }
                if left == 0 {
                    return Err(self.broken("too much stands before the blocks"));
                }
            }
        }
        let packing = self.packing(&codec)?;
        let schema = schema.ok_or_else(|| self.broken("it has no schema"))?;
        let schema = String::from_utf8(schema).map_err(|_| self.broken("its schema is not UTF-8"))?;
        let schema = Schema::parse(&schema).map_err(|what| self.broken(&format!("its schema: {what}")))?;
        Ok(Header { schema, packing, marker: self.array()? })
    }

    fn packing(&self, codec: &[u8]) -> Result<Packing, Error> {
        let not_read = |what| Error::new(&self.name, ErrorKind::NotText(what));
        Ok(match codec {
            b"null" | b"" => Packing::None,
            b"deflate" => Packing::Deflate,
            b"snappy" => Packing::Snappy,
            b"zstandard" => Packing::Zstd,
            b"bzip2" => {
                return Err(not_read(
                    "an Avro container packed with bzip2; write it with deflate, snappy, zstandard or null",
                ));
            }
            b"xz" => {
                return Err(not_read(
                    "an Avro container packed with xz; write it with deflate, snappy, zstandard or null",
                ));
            }
            other => return Err(self.broken(&format!("it is packed with `{}`", show(other)))),
        })
    }

    /// How many values the next block has; none at the end.
    fn block_count(&mut self) -> Result<Option<u64>, Error> {
        let mut first = [0];
        loop {
            match self.reader.read(&mut first) {
                Ok(0) => return Ok(None),
                Ok(_) => break,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::new(&self.name, ErrorKind::Io(error))),
            }
        }
        let count = self.number_from(first[0])?;
        let count = u64::try_from(count).map_err(|_| self.broken("a block of fewer values than none"))?;
        Ok(Some(count))
    }

    fn length(&mut self, most: usize, of: &str) -> Result<usize, Error> {
        let length = self.number()?;
        let fits = usize::try_from(length).ok().filter(|length| *length <= most);
        fits.ok_or_else(|| self.broken(&format!("{of} of {length} bytes")))
    }

    fn number(&mut self) -> Result<i64, Error> {
        let [first] = self.array()?;
        self.number_from(first)
    }

    /// A number whose first byte was read already.
    fn number_from(&mut self, first: u8) -> Result<i64, Error> {
        let (mut bytes, mut count) = ([0; 10], 1);
        bytes[0] = first;
        while count < bytes.len() && bytes.get(count - 1).is_some_and(|byte| *byte >= 128) {
            let [next] = self.array()?;
            if let Some(byte) = bytes.get_mut(count) {
                *byte = next;
            }
            count += 1;
        }
        let mut bytes = bytes.get(..count).unwrap_or_default();
        crate::record::bytes::zigzag(&mut bytes).map_err(|cut| self.broken(&cut.to_string()))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes).map_err(|error| self.cut(error))?;
        Ok(bytes)
    }

    /// Reads so many bytes, which take no memory before they are there.
    fn fill(&mut self, count: usize, bytes: &mut Vec<u8>) -> Result<(), Error> {
        bytes.clear();
        let read = self.reader.by_ref().take(count as u64).read_to_end(bytes);
        match read.map_err(|error| self.cut(error))? {
            read if read == count => Ok(()),
            _ => Err(self.cut(std::io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn cut(&self, error: std::io::Error) -> Error {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                self.broken("it ends within a block: a part of it is missing")
            }
            _ => Error::new(&self.name, ErrorKind::Io(error)),
        }
    }

    fn broken(&self, what: &str) -> Error {
        let what = format!("{what}; nothing was used of it");
        Error::new(&self.name, ErrorKind::Broken { format: "Avro container", what })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

    use proptest::prelude::*;

    use super::*;
    use crate::record::{
        tests::{Listed, input, readings},
        tests_of_avro::{sized, zigzag},
        unpack::tests::pack,
    };

    const SCHEMA: &str = r#"{"type":"record","name":"R","fields":[{"name":"meter","type":"string"},
        {"name":"timestamp","type":{"type":"long","logicalType":"timestamp-millis"}},{"name":"wh","type":["null","double"]}]}"#;

    fn value(meter: &str, at: i64, wh: Option<f64>) -> Vec<u8> {
        let wh = wh.map_or(vec![0], |wh| [vec![2], wh.to_le_bytes().to_vec()].concat());
        [sized(meter.as_bytes()), zigzag(at), wh].concat()
    }

    /// A container of blocks of values.
    fn container(schema: &str, codec: &str, packing: Packing, blocks: &[Vec<Vec<u8>>]) -> Vec<u8> {
        let entry = |name: &str, value: &str| [sized(name.as_bytes()), sized(value.as_bytes())].concat();
        let header = [entry("avro.codec", codec), entry("avro.schema", schema)].concat();
        let mut file =
            [&MAGIC[..], &zigzag(-2), &zigzag(header.len() as i64), &header, &[0], &[7; 16]].concat();
        for values in blocks {
            let bytes = values.concat();
            let mut block = pack(packing, &bytes);
            if packing == Packing::Snappy {
                let mut crc = flate2::Crc::new();
                crc.update(&bytes);
                block.extend(crc.sum().to_be_bytes());
            }
            file.extend([zigzag(values.len() as i64), sized(&block), vec![7; 16]].concat());
        }
        file
    }

    /// A meter's times and Wh.
    pub(crate) fn of_readings(meter: &str, readings: &[(i64, f64)]) -> Vec<u8> {
        let values: Vec<_> = readings.iter().map(|(at, wh)| value(meter, *at, Some(*wh))).collect();
        container(SCHEMA, "zstandard", Packing::Zstd, &[values[..10].to_vec(), values[10..].to_vec()])
    }

    #[test]
    fn the_containers_of_avros_own_library_are_read() {
        let null = listed(include_bytes!("testdata/full.null.avro")).unwrap();
        assert_eq!(null.len(), 6);
        assert_eq!(
            null[0],
            r#"1: meter="meter0" timestamp=@1700000000000 wh=200.5 q="OK" raw=… fx=… at=@1700000000000 tags.room="küche""#
        );
        assert!(null[2].contains(" wh=null ") && null[4].contains(" wh=NaN "), "{null:?}");
        for packed in [
            &include_bytes!("testdata/full.deflate.avro")[..],
            include_bytes!("testdata/full.snappy.avro"),
            include_bytes!("testdata/full.zstandard.avro"),
        ] {
            assert_eq!(listed(packed).unwrap(), null);
        }
    }

    fn listed(bytes: &[u8]) -> Result<Vec<String>, Error> {
        let mut listed = Listed::default();
        parse(input(bytes), &mut listed).map(|()| listed.0)
    }

    #[test]
    fn every_packing_gives_the_same_values() {
        let blocks =
            [vec![value("a", 5, Some(1.5)), value("b", 6, None)], vec![value("a", 7, Some(f64::NAN))]];
        for (codec, packing) in [
            ("null", Packing::None),
            ("deflate", Packing::Deflate),
            ("snappy", Packing::Snappy),
            ("zstandard", Packing::Zstd),
        ] {
            let file = container(SCHEMA, codec, packing, &blocks);
            assert!(detect(&Head::new(&file)));
            assert_eq!(
                listed(&file).unwrap(),
                [
                    r#"1: meter="a" timestamp=@5 wh=1.5"#,
                    r#"2: meter="b" timestamp=@6 wh=null"#,
                    r#"3: meter="a" timestamp=@7 wh=NaN"#
                ]
            );
            for length in 0..file.len() {
                let whole = listed(&file[..length]).map(|found| found.len());
                let first_block = container(SCHEMA, codec, packing, &blocks[..1]).len();
                let header = container(SCHEMA, codec, packing, &[]).len();
                let expected = [(header, 0), (first_block, 2)].into_iter().find(|(end, _)| *end == length);
                assert_eq!(whole.ok(), expected.map(|(_, count)| count), "{codec} {length}");
            }
        }
    }

    #[test]
    fn other_packings_are_refused_by_name() {
        for (codec, why) in [
            ("bzip2", "is an Avro container packed with bzip2"),
            ("xz", "packed with xz"),
            ("lzo", "packed with `lzo`"),
        ] {
            let error = listed(&container(SCHEMA, codec, Packing::None, &[])).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn hostile_containers_are_refused_in_bounded_memory() {
        let null = container(r#""null""#, "null", Packing::None, &[]);
        let with = |more: &[&[u8]]| listed(&[&null[..], &more.concat()].concat()).unwrap_err().to_string();
        assert!(with(&[&zigzag(i64::MAX), &sized(b""), &[7; 16]]).contains("value 1 is of no length"));
        assert!(with(&[&zigzag(-1)]).contains("fewer values than none"));
        assert!(with(&[&zigzag(1), &zigzag(i64::MAX)]).contains("a block of 9223372036854775807 bytes"));
        assert!(with(&[&zigzag(0), &sized(b"a"), &[7; 16]]).contains("1 bytes are left over"));
        assert!(with(&[&zigzag(0), &sized(b""), &[8; 16]]).contains("not where it should end"));
        assert!(with(&[&[0xff; 11]]).contains("longer than 64 bits"));
        let head = |more: &[&[u8]]| listed(&[&MAGIC[..], &more.concat()].concat()).unwrap_err().to_string();
        assert!(
            head(&[&zigzag(1), &zigzag(1 << 40)]).contains("what stands before the blocks of 1099511627776")
        );
        let entries = [sized(b""), sized(b"")].concat().repeat(200_000);
        assert!(head(&[&zigzag(200_000), &entries]).contains("before the blocks"));
        assert!(head(&[&[0]]).contains("it has no schema"));
        let bomb = container(SCHEMA, "deflate", Packing::Deflate, &[vec![vec![0; MAX_UNPACKED_BYTES + 1]]]);
        assert!(listed(&bomb).unwrap_err().to_string().contains("unpacks to more than 64 MiB"));
    }

    #[test]
    fn values_become_readings() {
        let hour = |hour: i64| value("a", 1_700_002_800_000 + 3_600_000 * hour, Some(hour as f64));
        let file = container(SCHEMA, "null", Packing::None, &[(0..5).map(hour).collect()]);
        let (found, told) = readings(&FORMAT, &file, &Options::default());
        assert_eq!(found["a"].iter().map(|(_, wh)| *wh).collect::<Vec<_>>()[..4], [0.0, 1.0, 2.0, 3.0]);
        assert_eq!(told, "time in `timestamp`, energy per interval in `wh` (Wh), meter in `meter`");
    }

    proptest! {
        #[test]
        fn a_changed_byte_never_panics(at in 0..400_usize, to in any::<u8>()) {
            let mut file = container(SCHEMA, "deflate", Packing::Deflate, &[vec![value("a", 5, Some(1.5)); 20]]);
            let at = at % file.len();
            file[at] = to;
            let _ = listed(&file);
        }
    }
}
