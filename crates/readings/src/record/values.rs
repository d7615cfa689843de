//! Values one after the other, whatever they are written in, laid flat into fields.

use super::{
    MAX_VALUE_BYTES, avro,
    fields::Fields,
    json,
    leaf::Leaf,
    schemas::{NoSchema, Schemas},
};
use crate::{
    error::ErrorKind,
    message::show,
    number::{self, Number},
};

/// Reads values.
pub(super) struct Values {
    pub(super) schemas: Schemas,
    pub(super) fields: Fields,
}

/// Why the value could not be laid flat.
pub(super) enum Unread {
    Tombstone,
    Bad(String),
    Puzzle(ErrorKind),
    Stop(ErrorKind),
}

impl Values {
    pub(super) fn new(schemas: Schemas) -> Self {
        Self { schemas, fields: Fields::default() }
    }

    /// Lays a value flat: what it holds is then in `fields`.
    pub(super) fn lay_flat(&mut self, value: &[u8]) -> Result<(), Unread> {
        if value.len() > MAX_VALUE_BYTES {
            return Err(Unread::Bad(format!("a value longer than {} KiB", MAX_VALUE_BYTES >> 10)));
        }
        if let [0, a, b, c, d, value @ ..] = value {
            return self.lay_flat_framed(u32::from_be_bytes([*a, *b, *c, *d]), value);
        }
        if let Some(schema) = self.schemas.one()
            && avro::read(schema, value, &mut self.fields).is_ok()
        {
            return Ok(());
        }
        self.lay_flat_json(value)
    }

    /// A value behind the number of its schema.
    fn lay_flat_framed(&mut self, id: u32, value: &[u8]) -> Result<(), Unread> {
        // So are values framed that have a JSON schema.
        if value.first() == Some(&b'{') && json::read(value, &mut self.fields).is_ok() {
            return Ok(());
        }
        let schema = self.schemas.get(id).map_err(|error| match error {
            NoSchema::NotTold => Unread::Puzzle(ErrorKind::NoSchema(id)),
            NoSchema::Unusable(why) => Unread::Bad(why),
            NoSchema::Unreachable(why) => Unread::Stop(ErrorKind::Registry(why)),
        })?;
        avro::read(schema, value, &mut self.fields)
            .map_err(|error| Unread::Bad(format!("not a value of Avro schema {id}: {error}")))
    }

    fn lay_flat_json(&mut self, value: &[u8]) -> Result<(), Unread> {
        let text = value.trim_ascii();
        let leaf = match text {
            b"" => return Err(Unread::Bad("an empty value".to_owned())),
            b"null" => return Err(Unread::Tombstone),
            [b'{' | b'[' | b'"', ..] => None,
            _ => match number::parse(text) {
                Number::Finite(number) => Some(Leaf::Number(number)),
                Number::NotFinite => Some(Leaf::Number(f64::NAN)),
                Number::Missing => Some(Leaf::Null),
                Number::Bad => None,
            },
        };
        if let Some(leaf) = leaf {
            self.fields.clear();
            return self.fields.take(leaf).map_err(|_| Unread::Bad(String::new()));
        }
        json::read(text, &mut self.fields).map_err(|why| {
            Unread::Bad(match self.schemas.one() {
                Some(_) => format!("`{}` is no value of the Avro schema, and not JSON", show(text)),
                None => format!("`{}` is not JSON: {why}", show(text)),
            })
        })
    }
}
