//! Home Assistant's database: the long-term statistics, read in place.
//!
//! Source: Home Assistant, `homeassistant/components/recorder/db_schema.py` (schema versions 25 to 50), as kept by
//! SQLite in `home-assistant_v2.db`. `statistics_meta` names each statistic and its unit; `statistics` has a row an hour.
//!
//! - **Value**: of a statistic with sums in Wh, kWh or MWh it is `sum`, a register without resets; of one with means in
//!   W, kW or MW it is `mean`, the power. All others (temperatures, money, gas) are other quantities, one ledger
//!   entry each. The statistics of five minutes, kept for ten days, are not read.
//! - **Time** is `start_ts`, in seconds since 1970, or `start` in UTC in older databases. A mean stands from there on.
//!   A `sum` is the counter's at the *end* of its hour, and so its time is an hour later.
//! - **Meter** is the `statistic_id`.
//!
//! The database may be in use: it is opened to be read only, and waits up to five seconds for a writer. A backup in a
//! `.tar`, a compressed file or standard input cannot be opened in place and is refused. The file is not trusted: its
//! schema runs no code, `statistics` must be a plain table, and no value may be longer than a megabyte. In the ledger a
//! row's line is its number, from 1.

#[cfg(feature = "sqlite")]
mod statistics;

use super::{
    Format,
    sink::{self, Sink, broken},
};
use crate::{error::Error, input::Input};

pub(super) const FORMAT: Format = Format {
    name: "home-assistant-database",
    about: "Home Assistant database",
    is_fixed_table: false,
    detect: |head| detect(head.bytes()),
    read: |input, _, intake| sink::read_into(intake, input, read),
};

const WHAT: &str = "Home Assistant database";
const MAGIC: &[u8] = b"SQLite format 3\0";
const IN_PLACE: &str = "a database is read in place: unpack it, and name the file itself";

/// Whether it is a database of SQLite.
fn detect(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

/// Reads the statistics, and says in a line what there are.
fn read(input: Input, sink: &mut dyn Sink) -> Result<String, Error> {
    let Input { name, path, .. } = input;
    let path = path.ok_or_else(|| broken(&name, WHAT, IN_PLACE))?;
    statistics::read(&name, &path, sink)
}

/// What a build without SQLite says.
#[cfg(not(feature = "sqlite"))]
mod statistics {
    pub(super) fn read(
        name: &str,
        _: &std::path::Path,
        _: &mut dyn super::Sink,
    ) -> Result<String, super::Error> {
        let what = "this build reads no databases (feature `sqlite`); export the statistics as CSV";
        Err(super::broken(name, super::WHAT, what))
    }
}
