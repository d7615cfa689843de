//! Where the schema comes from that a value was written with.
//!
//! A value in Confluent's wire format says so itself: a zero byte, the schema's number in four bytes, then
//! the value. With a registry the number is asked for, once each. With a schema from a file, that one is
//! taken, whatever the number; values without such a head are read with it too. What a registry has answered is kept from one
//! input to the next.

use std::{fs::File, io::Read, path::Path};

use super::{
    avro_schema::{MAX_SCHEMA_BYTES, Schema},
    registry::{Registry, RegistryError},
};
use crate::{
    error::{Error, ErrorKind},
    options::Options,
};

/// The most schemas of a registry that are kept.
const MOST_SCHEMAS: usize = 1024;

/// Why there is no schema.
#[derive(Debug)]
pub(crate) enum NoSchema {
    /// Nobody said where it is.
    NotTold,
    /// That number has none that can be used.
    Unusable(String),
    /// The registry does not answer, so the other numbers need not be tried.
    Unreachable(String),
}

/// Where writers' schemas come from.
pub(crate) enum Schemas {
    /// From nowhere.
    None,
    /// Always the same.
    One(Schema),
    /// By number.
    Registry {
        /// Its URL.
        url: String,
        /// What is asked.
        registry: Box<dyn Registry>,
        /// What it answered, by number.
        known: Vec<(u32, Result<Schema, String>)>,
        /// The place of the one that was asked for last, and is most likely the next.
        latest: usize,
    },
}

impl Schemas {
    /// The source that the options name, with what an input before has learned of it.
    pub(crate) fn kept_or_new(kept: Option<Self>, options: &Options) -> Result<Self, Error> {
        match (&options.avro_schema, &options.schema_registry, kept) {
            (Some(path), ..) => Self::from_file(path),
            (None, Some(asked), Some(Self::Registry { url, registry, known, latest })) if url == *asked => {
                Ok(Self::Registry { url, registry, known, latest })
            }
            (None, Some(url), _) => Ok(Self::from_registry(url, super::registry::connect(url)?)),
            (None, None, _) => Ok(Self::None),
        }
    }

    /// Asks this registry.
    pub(crate) fn from_registry(url: &str, registry: Box<dyn Registry>) -> Self {
        Self::Registry { url: url.to_owned(), registry, known: Vec::new(), latest: 0 }
    }

    fn from_file(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |error| Error::new(&name, ErrorKind::Io(error));
        let mut text = String::new();
        let file = File::open(path).map_err(failed)?;
        file.take(MAX_SCHEMA_BYTES as u64 + 1).read_to_string(&mut text).map_err(failed)?;
        let schema = Schema::parse(text.trim_start_matches('\u{feff}')).map_err(|what| {
            Error::new(
                &name,
                ErrorKind::Broken { format: "Avro schema", what: format!("{what}; nothing was read") },
            )
        })?;
        Ok(Self::One(schema))
    }

    /// The schema that is taken for every value, if there is one.
    pub(crate) fn one(&self) -> Option<&Schema> {
        if let Self::One(schema) = self { Some(schema) } else { None }
    }

    /// The schema of a number.
    pub(crate) fn get(&mut self, id: u32) -> Result<&Schema, NoSchema> {
        match self {
            Self::None => Err(NoSchema::NotTold),
            Self::One(schema) => Ok(schema),
            Self::Registry { registry, known, latest, .. } => {
                if known.get(*latest).is_none_or(|(of, _)| *of != id) {
                    *latest = match known.iter().position(|(of, _)| *of == id) {
                        Some(place) => place,
                        None => Self::ask(registry.as_mut(), known, id)?,
                    };
                }
                match known.get(*latest) {
                    Some((_, Ok(schema))) => Ok(schema),
                    Some((_, Err(why))) => Err(NoSchema::Unusable(format!("schema {id}: {why}"))),
                    None => Err(NoSchema::NotTold),
                }
            }
        }
    }

    /// Asks for a schema; gives its place.
    fn ask(
        registry: &mut dyn Registry,
        known: &mut Vec<(u32, Result<Schema, String>)>,
        id: u32,
    ) -> Result<usize, NoSchema> {
        if known.len() == MOST_SCHEMAS {
            return Err(NoSchema::Unusable(format!("schema {id}: more than {MOST_SCHEMAS} schemas")));
        }
        let answer = match registry.schema(id) {
            Ok(schema) => Ok(schema),
            Err(RegistryError::Unusable(why)) => Err(why),
            Err(RegistryError::Unreachable(why)) => return Err(NoSchema::Unreachable(why)),
        };
        known.push((id, answer));
        Ok(known.len() - 1)
    }
}
