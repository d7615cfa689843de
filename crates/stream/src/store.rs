//! What `watch` keeps over a restart, where the source cannot give it again: how far was read, and each meter's state.
//!
//! One file of SQLite, for one stream, whose name stands in it. A save is one transaction: after a crash or a power cut all of the last
//! save is there, or all of the one before. It writes the meters that have changed and no others: a page (4 KiB) each, and one for
//! the position; a save that changes nothing writes nothing. How often a card is written to is the caller's choice: with
//! one meter a save writes 12 kB (measured over 1,000), which every ten seconds is 0.1 GB a day.

use std::path::Path;

use rusqlite::{OptionalExtension as _, Transaction, params};

use crate::{
    database::{Database, Sort, digest},
    error::Error,
    keep::{Keep, Kept},
};

/// The tables, which the buffer has too.
macro_rules! tables {
    () => {
        "CREATE TABLE about (name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, digest INTEGER NOT NULL) STRICT;
         CREATE TABLE meters (name BLOB PRIMARY KEY NOT NULL, state BLOB NOT NULL, digest INTEGER NOT NULL) STRICT;"
    };
}
pub(crate) use tables;

static SORT: Sort = Sort {
    application_id: 0x6b6e_7773,
    version: 1,
    tables: tables!(),
    what: "the stream's state",
    loss: "the source is then read from where it is begun without state, and hours that were open are scored by what is read of them",
    is_open_to_readers: false,
};

/// The stream whose state it is, in `about`.
const STREAM: &str = "stream";
const POSITION: &str = "position";

/// The file.
pub struct Store {
    database: Database,
}

/// Name, state, digest.
type MeterRow = (Vec<u8>, Vec<u8>, i64);

impl Store {
    /// Opens the file of a stream, or makes it. `what_for` names the stream, as [`crate::Source::name`] does: the file
    /// of another one is refused, and so is one that another process has open, that a newer knowatt wrote, or that is damaged.
    pub fn open(path: &Path, what_for: &str) -> Result<Self, Error> {
        let mut database = Database::open(path, &SORT)?;
        belongs_to(&mut database, what_for)?;
        Ok(Self { database })
    }
}

impl Keep for Store {
    fn load(&self) -> Result<Option<Kept>, Error> {
        load(&self.database)
    }

    fn save(&mut self, kept: &Kept) -> Result<(), Error> {
        let mut save = || {
            let transaction = self.database.transaction()?;
            write(&transaction, kept)?;
            transaction.commit()
        };
        save().map_err(|error: rusqlite::Error| self.database.failed(&error))
    }
}

/// Refuses a file of another stream; a new one is this one's from now on.
pub(crate) fn belongs_to(database: &mut Database, what_for: &str) -> Result<(), Error> {
    match about(database, STREAM)? {
        Some(stream) if stream == what_for => Ok(()),
        Some(stream) => Err(Error::change(format!(
            "{} is of {stream}, and this stream reads {what_for}: name another file for it, or delete this one if that stream is no more",
            database.path()
        ))),
        None => {
            let mut write = || {
                let transaction = database.transaction()?;
                set(&transaction, STREAM, what_for)?;
                transaction.commit()
            };
            write().map_err(|error: rusqlite::Error| database.failed(&error))
        }
    }
}

pub(crate) fn load(database: &Database) -> Result<Option<Kept>, Error> {
    let position = about(database, POSITION)?;
    let meters = meters(database).map_err(|error| database.failed(&error))?;
    let is_new = position.is_none() && meters.is_empty();
    let mut kept = Kept { position, meters: Vec::with_capacity(meters.len()) };
    for (name, state, sum) in meters {
        if sum != digest(&[&name, &state]) {
            let what = format!("the state of meter {} is not what was saved", name.escape_ascii());
            return Err(database.damaged(&what));
        }
        kept.meters.push((name, state));
    }
    Ok(if is_new { None } else { Some(kept) })
}

fn meters(database: &Database) -> rusqlite::Result<Vec<MeterRow>> {
    let mut query = database.connection().prepare("SELECT name, state, digest FROM meters ORDER BY name")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

pub(crate) fn write(transaction: &Transaction<'_>, kept: &Kept) -> rusqlite::Result<()> {
    match &kept.position {
        Some(position) => set(transaction, POSITION, position)?,
        None => _ = transaction.execute("DELETE FROM about WHERE name = ?1", [POSITION])?,
    }
    let mut statement = transaction.prepare(
        "INSERT INTO meters VALUES (?1, ?2, ?3) ON CONFLICT (name) \
         DO UPDATE SET state = ?2, digest = ?3 WHERE state <> ?2",
    )?;
    for (name, state) in &kept.meters {
        statement.execute(params![name, state, digest(&[name, state])])?;
    }
    Ok(())
}

fn about(database: &Database, name: &str) -> Result<Option<String>, Error> {
    let found = database
        .connection()
        .query_row("SELECT value, digest FROM about WHERE name = ?1", [name], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()
        .map_err(|error| database.failed(&error))?;
    match found {
        Some((value, sum)) if sum != digest(&[name.as_bytes(), value.as_bytes()]) => {
            Err(database.damaged(&format!("its {name} is not what was saved")))
        }
        found => Ok(found.map(|(value, _)| value)),
    }
}

fn set(transaction: &Transaction<'_>, name: &str, value: &str) -> rusqlite::Result<()> {
    let sum = digest(&[name.as_bytes(), value.as_bytes()]);
    transaction.execute(
        "INSERT INTO about VALUES (?1, ?2, ?3) ON CONFLICT (name) \
         DO UPDATE SET value = ?2, digest = ?3 WHERE value <> ?2",
        params![name, value, sum],
    )?;
    Ok(())
}

#[cfg(test)]
// Half a file is what some of these tests want.
#[allow(clippy::disallowed_methods)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;
    use crate::error::Remedy;

    fn meter(name: &str, state: &str) -> (Vec<u8>, Vec<u8>) {
        (name.into(), state.into())
    }

    fn refused(path: &Path, what_for: &str) -> String {
        let Err(error) = Store::open(path, what_for) else { panic!("{} was opened", path.display()) };
        assert_eq!(error.remedy(), Remedy::Change);
        error.to_string()
    }

    #[test]
    fn what_was_saved_is_loaded_and_other_meters_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut store = Store::open(&path, "a").unwrap();
        assert_eq!(store.load().unwrap(), None);
        let position = Some("12 of file".to_owned());
        store
            .save(&Kept { position: position.clone(), meters: vec![meter("b", "1"), meter("a", "2")] })
            .unwrap();
        store.save(&Kept { position: None, meters: vec![meter("b", "3")] }).unwrap();
        drop(store);
        let mut store = Store::open(&path, "a").unwrap();
        let meters = vec![meter("a", "2"), meter("b", "3")];
        assert_eq!(store.load().unwrap(), Some(Kept { position: None, meters: meters.clone() }));
        store.save(&Kept { position: position.clone(), meters: Vec::new() }).unwrap();
        assert_eq!(store.load().unwrap(), Some(Kept { position, meters }));
    }

    #[test]
    fn a_file_of_another_stream_another_process_another_program_or_a_newer_version_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let store = Store::open(&path, "stream a").unwrap();
        assert!(refused(&path, "stream a").contains("another process runs with it"));
        drop(store);
        let error = refused(&path, "stream b");
        assert!(error.contains("is of stream a, and this stream reads stream b"), "{error}");

        let change = |sql: &str| rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        change("PRAGMA user_version = 2");
        assert!(refused(&path, "stream a").contains("written by a newer knowatt (version 2"));
        change("PRAGMA application_id = 7");
        let before = fs::read(&path).unwrap();
        assert!(refused(&path, "stream a").contains("is a database of something else"));
        assert_eq!(fs::read(&path).unwrap(), before);

        assert!(refused(&folder.path().join("no/folder"), "a").contains("cannot be opened to be written"));
    }

    #[test]
    fn a_damaged_file_is_refused_with_what_to_do_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state");
        let mut store = Store::open(&path, "a").unwrap();
        let state = |at| if at == 100 { "needle".to_owned() } else { "x".repeat(300) };
        let meters = (0..200).map(|at| meter(&format!("meter {at}"), &state(at))).collect();
        store.save(&Kept { position: Some("7".to_owned()), meters }).unwrap();
        drop(store);
        let whole = fs::read(&path).unwrap();

        let wrong = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            let error = match Store::open(&path, "a") {
                Err(error) => error,
                Ok(store) => store.load().map(|kept| kept.is_some()).unwrap_err(),
            };
            assert_eq!(fs::read(&path).unwrap(), bytes);
            let said = error.to_string();
            assert!(said.contains("is damaged") && said.contains("move it away"), "{said}");
        };
        wrong(b"this was never a database, but a text of some length");
        wrong(&whole[..whole.len() / 2]);
        // What no structure of SQLite's is broken by.
        let mut flipped = whole.clone();
        for at in 0..whole.len() {
            if whole[at..].starts_with(b"needle") {
                flipped[at] ^= 1;
            }
        }
        assert_ne!(flipped, whole);
        wrong(&flipped);
        fs::write(&path, &whole).unwrap();
        assert_eq!(Store::open(&path, "a").unwrap().load().unwrap().unwrap().meters.len(), 200);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn the_last_state_of_each_meter_is_kept_whatever_is_in_it(
            saves in prop::collection::vec(
                (prop::option::of(".{0,20}"), prop::collection::vec((0_u8..4, prop::collection::vec(any::<u8>(), 0..50)), 0..5)), 1..8
            )
        ) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("state");
            let mut expected = std::collections::BTreeMap::new();
            for (position, meters) in &saves {
                let mut store = Store::open(&path, "").unwrap();
                let meters: Vec<_> = meters.iter().map(|(name, state)| (vec![*name], state.clone())).collect();
                expected.extend(meters.clone());
                store.save(&Kept { position: position.clone(), meters }).unwrap();
            }
            let kept = Store::open(&path, "").unwrap().load().unwrap().unwrap_or_default();
            prop_assert_eq!(&kept.position, &saves.last().unwrap().0);
            prop_assert_eq!(kept.meters, expected.into_iter().collect::<Vec<_>>());
        }
    }
}
