//! Records that are no readings, by their fields: what reads a topic of anomalies.

use super::{
    leaf::Leaf,
    schemas::Schemas,
    values::{Unread, Values},
};
use crate::{error::Error, options::Options};

/// Reads the fields of one record after the other, whether it is JSON or Avro.
///
/// A field is asked for by its name, in capitals or not; what is nested has a dotted path (`after.score`).
///
/// ```
/// use knowatt_readings::{FieldReader, Options};
///
/// let mut reader = FieldReader::new(&Options::default())?;
/// reader.read(br#"{"METER": "home", "FN": 5.5, "EVENT_TS": 1536343200000}"#).unwrap();
/// assert_eq!((reader.text("meter"), reader.number("fn"), reader.integer("event_ts")), (Some("home"), Some(5.5), Some(1_536_343_200_000)));
/// assert_eq!(reader.number("meter"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FieldReader {
    values: Values,
}

/// Why a record has no fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoFields {
    /// There is no value, as of a record that deletes its key.
    Nothing,
    /// It cannot be read, and why.
    Poison(String),
    /// It cannot be read now: the schema registry does not answer. To be tried again.
    NotNow(String),
}

impl FieldReader {
    /// With the schemas of the options' file or registry. Fails where the file, or the registry's URL, is none.
    pub fn new(options: &Options) -> Result<Self, Error> {
        Ok(Self { values: Values::new(Schemas::kept_or_new(None, options)?) })
    }

    /// Reads a record's value: its fields can be asked for until the next.
    pub fn read(&mut self, value: &[u8]) -> Result<(), NoFields> {
        self.values.lay_flat(value).map_err(|unread| match unread {
            Unread::Tombstone => NoFields::Nothing,
            Unread::Bad(why) => NoFields::Poison(why),
            Unread::Puzzle(kind) => NoFields::Poison(kind.to_string()),
            Unread::Stop(kind) => NoFields::NotNow(kind.to_string()),
        })
    }

    fn leaf(&self, name: &str) -> Option<&Leaf> {
        let fields = &self.values.fields;
        let at = fields.shape().paths().position(|path| path.eq_ignore_ascii_case(name))?;
        Some(fields.leaf(at))
    }

    /// A field that holds text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.leaf(name)? {
            Leaf::Text(range) => Some(self.values.fields.text(range)),
            _ => None,
        }
    }

    /// A field that holds a finite number.
    pub fn number(&self, name: &str) -> Option<f64> {
        match self.leaf(name)? {
            Leaf::Integer(number) => Some(*number as f64),
            Leaf::Number(number) => Some(*number).filter(|number| number.is_finite()),
            _ => None,
        }
    }

    /// A field that holds a whole number, or an instant in ms since 1970.
    pub fn integer(&self, name: &str) -> Option<i64> {
        match self.leaf(name)? {
            Leaf::Integer(number) | Leaf::Instant(number) => Some(*number),
            _ => None,
        }
    }
}
