//! A record's value in Avro's binary encoding, laid flat with the schema it was written with.
//!
//! Source: the Apache Avro 1.12 specification, "Binary Encoding". Nothing is allocated by what a value
//! declares: every length is taken from the bytes that are there. Values nest [`MAX_DEPTH`] deep at the
//! most, and their parts are counted, for a list may declare any number of parts that take no bytes.

use jiff::{Timestamp, civil, tz::TimeZone};

use super::{
    avro_schema::{Logical, MAX_DEPTH, Schema, Type},
    bytes::{self, Cut},
    fields::{Fields, MOST_FIELDS, TooManyFields},
    leaf::Leaf,
};

/// So many parts a value may have, and [`PARTS_A_BYTE`] more for each of its bytes.
const PARTS: usize = 4096;
const PARTS_A_BYTE: usize = 4;

/// Why a value could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AvroError {
    #[error("it ends within a field")]
    Cut,
    #[error("a number longer than 64 bits")]
    LongNumber,
    #[error("a negative length")]
    NegativeLength,
    #[error("a text that is not UTF-8")]
    NotText,
    #[error("a choice that its schema does not have")]
    NoSuchChoice,
    #[error("nested more than {MAX_DEPTH} deep")]
    TooDeep,
    #[error("too many parts for its length")]
    TooManyParts,
    #[error("more than {MOST_FIELDS} fields")]
    TooManyFields,
    #[error("{0} bytes are left over: another schema wrote it")]
    LeftOver(usize),
}

impl From<TooManyFields> for AvroError {
    fn from(_: TooManyFields) -> Self {
        Self::TooManyFields
    }
}

impl From<Cut> for AvroError {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Short => Self::Cut,
            Cut::LongNumber => Self::LongNumber,
            Cut::NegativeLength => Self::NegativeLength,
        }
    }
}

/// Lays a value that takes all of `datum` flat into `fields`.
pub(crate) fn read(schema: &Schema, datum: &[u8], fields: &mut Fields) -> Result<(), AvroError> {
    match read_next(schema, datum, fields)? {
        [] => Ok(()),
        rest => Err(AvroError::LeftOver(rest.len())),
    }
}

/// Lays the value at the start of `data` flat into `fields`; gives what follows it.
pub(crate) fn read_next<'a>(
    schema: &Schema,
    data: &'a [u8],
    fields: &mut Fields,
) -> Result<&'a [u8], AvroError> {
    fields.begin_alike(schema.number());
    let parts = PARTS.saturating_add(data.len().saturating_mul(PARTS_A_BYTE));
    let mut datum = Datum { schema, rest: data, parts, fields };
    datum.value(schema.root(), 0)?;
    let rest = datum.rest;
    if let Some(leaves) = schema.leaves() {
        fields.remember_schema(schema.number(), leaves);
    }
    Ok(rest)
}

struct Datum<'s, 'a, 'f> {
    schema: &'s Schema,
    rest: &'a [u8],
    /// How many parts are still allowed.
    parts: usize,
    fields: &'f mut Fields,
}

impl<'a> Datum<'_, 'a, '_> {
    fn value(&mut self, at: usize, depth: usize) -> Result<(), AvroError> {
        if depth > MAX_DEPTH {
            return Err(AvroError::TooDeep);
        }
        self.parts = self.parts.checked_sub(1).ok_or(AvroError::TooManyParts)?;
        let schema = self.schema;
        match schema.get(at) {
            Type::Null => self.fields.take(Leaf::Null)?,
            Type::Boolean => {
                bytes::take(&mut self.rest, 1)?;
                self.fields.take(Leaf::Other)?;
            }
            Type::Long(logical) => {
                let number = bytes::zigzag(&mut self.rest)?;
                self.whole_number(number, *logical)?;
            }
            Type::Float => {
                let number = f32::from_le_bytes(bytes::array(&mut self.rest)?);
                // As it is written out in decimals, so that it is the same number as by way of JSON.
                let number = number.to_string().parse().unwrap_or(f64::from(number));
                self.fields.take(Leaf::Number(number))?;
            }
            Type::Double => {
                let number = f64::from_le_bytes(bytes::array(&mut self.rest)?);
                self.fields.take(Leaf::Number(number))?;
            }
            Type::Bytes(logical) => {
                let number = bytes::sized(&mut self.rest)?;
                self.number_in_bytes(number, *logical)?;
            }
            Type::Fixed(size, logical) => {
                let size = usize::try_from(*size).map_err(|_| AvroError::Cut)?;
                let number = bytes::take(&mut self.rest, size)?;
                self.number_in_bytes(number, *logical)?;
            }
            Type::String => {
                let text = self.string()?;
                self.fields.take_text(text)?;
            }
            Type::Enum(symbols) => {
                let symbol = self.choice(symbols)?;
                self.fields.take_text(symbol)?;
            }
            Type::Union(types) => {
                let of = *self.choice(types)?;
                self.value(of, depth + 1)?;
            }
            Type::Record(of) => {
                for (name, of) in of {
                    self.field(name, *of, depth)?;
                }
            }
            Type::Array(of) => self.blocks(*of, depth, false)?,
            Type::Map(of) => self.blocks(*of, depth, true)?,
        }
        Ok(())
    }

    fn field(&mut self, name: &str, of: usize, depth: usize) -> Result<(), AvroError> {
        let entered = self.fields.enter(name);
        self.value(of, depth + 1)?;
        self.fields.leave(entered);
        Ok(())
    }

    /// The parts of an array or a map: blocks of so many, until one of none.
    fn blocks(&mut self, of: usize, depth: usize, is_map: bool) -> Result<(), AvroError> {
        loop {
            let count = bytes::zigzag(&mut self.rest)?;
            if count < 0 {
                bytes::zigzag(&mut self.rest)?; // its length in bytes, for those who skip it
            } else if count == 0 {
                return Ok(());
            }
            for _ in 0..count.unsigned_abs() {
                if is_map {
                    let name = self.string()?;
                    self.field(name, of, depth)?;
                } else {
                    self.fields.enter_list();
                    self.value(of, depth + 1)?;
                    self.fields.leave_list();
                }
            }
        }
    }

    fn string(&mut self) -> Result<&'a str, AvroError> {
        std::str::from_utf8(bytes::sized(&mut self.rest)?).map_err(|_| AvroError::NotText)
    }

    fn choice<'c, T>(&mut self, of: &'c [T]) -> Result<&'c T, AvroError> {
        let at = usize::try_from(bytes::zigzag(&mut self.rest)?).map_err(|_| AvroError::NoSuchChoice)?;
        of.get(at).ok_or(AvroError::NoSuchChoice)
    }

    fn whole_number(&mut self, number: i64, logical: Logical) -> Result<(), AvroError> {
        let wall_clock = match logical {
            Logical::Instant(a_second) => {
                self.fields.take(Leaf::Instant(number.div_euclid(a_second / 1000)))?;
                return Ok(());
            }
            Logical::WallClock(a_second) => {
                let at = Timestamp::from_millisecond(number.div_euclid(a_second / 1000)).ok();
                at.map(|at| TimeZone::UTC.to_datetime(at).to_string())
            }
            Logical::Date => date(number).map(|date| date.to_string()),
            Logical::None | Logical::Decimal(_) => None,
        };
        match wall_clock {
            Some(text) => self.fields.take_text(&text)?,
            None => self.fields.take(Leaf::Integer(number))?,
        }
        Ok(())
    }

    /// A decimal number of at most 128 bits; other bytes are nothing that is looked for.
    fn number_in_bytes(&mut self, number: &[u8], logical: Logical) -> Result<(), AvroError> {
        let leaf = match (logical, number) {
            (Logical::Decimal(scale), [first, ..]) if number.len() <= 16 => {
                let sign = if first & 0x80 == 0 { 0 } else { -1_i128 };
                let digits = number.iter().fold(sign, |digits, byte| digits << 8 | i128::from(*byte));
                format!("{digits}e-{scale}").parse().map_or(Leaf::Other, Leaf::Number)
            }
            _ => Leaf::Other,
        };
        Ok(self.fields.take(leaf)?)
    }
}

fn date(days: i64) -> Option<civil::Date> {
    let days = jiff::Span::new().try_days(days).ok()?;
    civil::date(1970, 1, 1).checked_add(days).ok()
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

    use proptest::prelude::*;

    use super::*;

    /// A number as Avro and Kafka write it.
    pub(crate) fn zigzag(number: i64) -> Vec<u8> {
        let mut left = (number << 1 ^ number >> 63) as u64;
        let mut bytes = Vec::new();
        while left > 127 {
            bytes.push(left as u8 | 128);
            left >>= 7;
        }
        bytes.push(left as u8);
        bytes
    }

    /// A text or bytes with their length.
    pub(crate) fn sized(bytes: &[u8]) -> Vec<u8> {
        [zigzag(bytes.len() as i64), bytes.to_vec()].concat()
    }

    fn listed(schema: &str, datum: &[u8]) -> Result<Vec<String>, AvroError> {
        let mut fields = Fields::default();
        read(&Schema::parse(schema).unwrap(), datum, &mut fields)?;
        Ok(fields.listed())
    }

    const FULL: &str = r#"{"type":"record","name":"Full","namespace":"lab","fields":[
        {"name":"meter","type":"string"},
        {"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"}},
        {"name":"us","type":["null",{"type":"long","logicalType":"timestamp-micros"}]},
        {"name":"local","type":{"type":"long","logicalType":"local-timestamp-millis"}},
        {"name":"day","type":{"type":"int","logicalType":"date"}},
        {"name":"wh","type":["null","double"]},
        {"name":"w","type":"float"},
        {"name":"kwh","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":3}},
        {"name":"q","type":{"type":"enum","name":"Q","symbols":["OK","BAD"]}},
        {"name":"id","type":{"type":"fixed","name":"F4","size":4}},
        {"name":"tags","type":{"type":"map","values":"string"}},
        {"name":"list","type":{"type":"array","items":"int"}},
        {"name":"ok","type":"boolean"},
        {"name":"next","type":["null","Full"]}]}"#;

    fn full(wh: Option<f64>) -> Vec<u8> {
        [
            sized(b"meter0"),
            zigzag(1_700_000_000_000),
            [zigzag(1), zigzag(1_700_000_000_000_001)].concat(),
            zigzag(1_700_000_000_000),
            zigzag(19_675),
            wh.map_or(vec![0], |wh| [vec![2], wh.to_le_bytes().to_vec()].concat()),
            0.1_f32.to_le_bytes().to_vec(),
            sized(&(-1500_i16).to_be_bytes()),
            vec![2, 1, 2, 3, 4],
            [zigzag(-1), zigzag(99), sized(b"room"), sized("Küche".as_bytes()), vec![0]].concat(),
            vec![4, 2, 4, 0],
            vec![1],
            vec![0],
        ]
        .concat()
    }

    #[test]
    fn every_type_is_read() {
        let expected = [
            "meter=\"meter0\"",
            "ts=@1700000000000",
            "us=@1700000000000",
            "local=\"2023-11-14T22:13:20\"",
            "day=\"2023-11-14\"",
            "wh=-0.5",
            "w=0.1",
            "kwh=-1.5",
            "q=\"BAD\"",
            "id=…",
            "tags.room=\"Küche\"",
            "ok=…",
            "next=null",
        ];
        assert_eq!(listed(FULL, &full(Some(-0.5))).unwrap(), expected);
        assert_eq!(listed(FULL, &full(None)).unwrap()[5], "wh=null");
        assert_eq!(listed(FULL, &full(Some(f64::NAN))).unwrap()[5], "wh=NaN");
    }

    #[test]
    fn a_value_cut_at_any_byte_or_too_long_is_refused() {
        let datum = full(Some(1.0));
        for length in 0..datum.len() {
            assert!(listed(FULL, &datum[..length]).is_err(), "{length}");
        }
        assert_eq!(listed(FULL, &[datum, vec![0]].concat()), Err(AvroError::LeftOver(1)));
    }

    #[test]
    fn hostile_values_are_refused_in_bounded_time() {
        let list = r#"{"type":"array","items":"null"}"#;
        assert_eq!(listed(list, &zigzag(i64::MAX)), Err(AvroError::TooManyParts));
        assert_eq!(listed(list, &[zigzag(i64::MIN), zigzag(0)].concat()), Err(AvroError::TooManyParts));
        let linked = r#"{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}"#;
        assert_eq!(listed(linked, &[2; 1000]), Err(AvroError::TooDeep));
        let endless = r#"{"type":"record","name":"R","fields":[{"name":"r","type":"R"}]}"#;
        assert_eq!(listed(endless, &[]), Err(AvroError::TooDeep));
        assert_eq!(listed(r#""string""#, &zigzag(i64::MAX)), Err(AvroError::Cut));
        assert_eq!(listed(r#""string""#, &zigzag(-1)), Err(AvroError::NegativeLength));
        assert_eq!(listed(r#""string""#, &sized(b"\xff")), Err(AvroError::NotText));
        assert_eq!(listed(r#""long""#, &[0xff; 11]), Err(AvroError::LongNumber));
        assert_eq!(listed(r#"["null"]"#, &zigzag(1)), Err(AvroError::NoSuchChoice));
        assert_eq!(listed(r#"["null"]"#, &zigzag(-1)), Err(AvroError::NoSuchChoice));
        let fixed = r#"{"type":"fixed","name":"F","size":18446744073709551615}"#;
        assert_eq!(listed(fixed, &[0; 9]), Err(AvroError::Cut));
        let map = r#"{"type":"map","values":"null"}"#;
        let many = [zigzag(2000), sized(b"a").repeat(2000), vec![0]].concat();
        assert_eq!(listed(map, &many), Err(AvroError::TooManyFields));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(
            meter in "\\PC{0,12}",
            at in any::<i64>(),
            wh in any::<f64>(),
            count in any::<i64>(),
            has in any::<bool>(),
        ) {
            let schema = r#"{"type":"record","name":"R","fields":[{"name":"m","type":"string"},
                {"name":"ts","type":{"type":"long","logicalType":"timestamp-millis"}},
                {"name":"wh","type":["null","double"]},{"name":"n","type":"long"}]}"#;
            let value = if has { [vec![2], wh.to_le_bytes().to_vec()].concat() } else { vec![0] };
            let datum = [sized(meter.as_bytes()), zigzag(at), value, zigzag(count)].concat();
            let wh = if has { format!("wh={wh:?}") } else { "wh=null".to_owned() };
            let expected = [format!("m={meter:?}"), format!("ts=@{at}"), wh, format!("n={count}")];
            prop_assert_eq!(listed(schema, &datum).unwrap(), expected);
        }

        #[test]
        fn any_bytes_are_a_value_or_an_error(datum in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = listed(FULL, &datum);
        }
    }

    proptest! {
        #[test]
        fn values_that_follow_one_another_are_read_as_each_by_itself(
            values in prop::collection::vec(
                (any::<bool>(), "[a-z]{0,9}", any::<i64>(), prop::option::of(any::<f64>()), 0..99_usize),
                1..20,
            ),
        ) {
            // The first has one shape for all values, the second has not.
            let schemas = [
                r#"{"type":"record","name":"A","fields":[{"name":"meter","type":"string"},{"name":"in","type":
                    {"type":"record","name":"B","fields":[{"name":"n","type":"long"},{"name":"x","type":["null","double"]}]}}]}"#,
                r#"{"type":"record","name":"C","fields":[{"name":"meter","type":"string"},
                    {"name":"n","type":["long",{"type":"map","values":"int"}]},{"name":"x","type":["null","double"]}]}"#,
            ]
            .map(|schema| Schema::parse(schema).unwrap());
            prop_assert_eq!(schemas.each_ref().map(Schema::leaves), [Some(3), None]);
            let mut again = Fields::default();
            for (is_second, meter, n, x, cut) in values {
                let mut datum = sized(meter.as_bytes());
                if is_second {
                    datum.extend(zigzag(0));
                }
                datum.extend(zigzag(n));
                datum.extend(x.map_or(zigzag(0), |x| [zigzag(1), x.to_le_bytes().to_vec()].concat()));
                datum.truncate(if cut < 30 { cut } else { usize::MAX });
                let schema = &schemas[usize::from(is_second)];
                let mut alone = Fields::default();
                let read_alone = read(schema, &datum, &mut alone);
                prop_assert_eq!(read(schema, &datum, &mut again), read_alone);
                if read_alone.is_ok() {
                    prop_assert_eq!(again.listed(), alone.listed());
                }
            }
        }
    }
}
