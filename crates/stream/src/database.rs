//! A small file of SQLite that one process keeps for itself.
//!
//! What was committed survives the process being killed and the power being cut, as far as the disk keeps its word: each commit is
//! written to the write-ahead log and synchronised (`synchronous=FULL`), which is one small write and no new file, as an SD card likes it
//! best. The file is locked for as long as it is open, so that no second process runs with it.
//!
//! An SD card can give back what was never written, and SQLite notices only what breaks its own structure; so what is kept
//! carries a [`digest`], and a file that does not hold what was written is refused, and never begun anew by itself.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, config::DbConfig};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// How long is waited for another process to let go of the file, as one that is just ending does.
const PATIENCE: Duration = Duration::from_secs(2);

/// What kind of file it is.
pub(crate) struct Sort {
    /// SQLite keeps it in the file's head.
    pub(crate) application_id: i32,
    /// Of the tables; a newer one is refused.
    pub(crate) version: i32,
    /// Makes the tables.
    pub(crate) tables: &'static str,
    /// For people: what it keeps.
    pub(crate) what: &'static str,
    /// For people: what is lost without it.
    pub(crate) loss: &'static str,
}

/// An open file.
pub(crate) struct Database {
    connection: Connection,
    path: String,
    sort: &'static Sort,
}

impl Database {
    /// Opens a file, and makes it if there is none.
    pub(crate) fn open(path: &Path, sort: &'static Sort) -> Result<Self, Error> {
        let named = path.display().to_string();
        // Names such as `:memory:` mean something to SQLite; with a folder before them they do not.
        let absolute =
            std::path::absolute(path).map_err(|error| Error::change(format!("{named}: {error}")))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(absolute, flags).map_err(|error| told(&named, sort, &error))?;
        let mut database = Self { connection, path: named, sort };
        let is_new = database.check_sort()?;
        database.begin(is_new).map_err(|error| database.failed(&error))?;
        database.check_whole()?;
        Ok(database)
    }

    /// Whether it is an empty file; one of another kind is refused before anything is written to it.
    fn check_sort(&self) -> Result<bool, Error> {
        let Self { connection, path, sort } = self;
        let ask = || -> rusqlite::Result<(i32, i32, i64)> {
            connection.busy_timeout(PATIENCE)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA cell_size_check = ON;")?;
            let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
            let objects = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok((number("application_id")?, number("user_version")?, objects))
        };
        let (id, version, objects) = ask().map_err(|error| self.failed(&error))?;
        if (id, version, objects) == (0, 0, 0) {
            return Ok(true);
        }
        if id != sort.application_id {
            return Err(Error::change(format!(
                "{path} is a database of something else, and was left as it is; name another file for {}",
                sort.what
            )));
        }
        if version > sort.version {
            return Err(Error::change(format!(
                "{path} was written by a newer knowatt (version {version} of {}, this one knows {}) and was left as it is; \
                 run that one, or name another file",
                sort.what, sort.version
            )));
        }
        Ok(false)
    }

    fn begin(&mut self, is_new: bool) -> rusqlite::Result<()> {
        self.connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")?;
        let Sort { application_id, version, tables, .. } = self.sort;
        // Also where it is not new: the lock is taken with it.
        let transaction = self.transaction()?;
        if is_new {
            transaction.execute_batch(tables)?;
            transaction.pragma_update(None, "application_id", application_id)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
        transaction.commit()
    }

    /// Has SQLite look through the whole file once.
    fn check_whole(&self) -> Result<(), Error> {
        let said = self.connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        match said.map_err(|error| self.failed(&error))?.as_str() {
            "ok" => Ok(()),
            what => Err(self.damaged(what)),
        }
    }

    /// Begins to write.
    pub(crate) fn transaction(&mut self) -> rusqlite::Result<Transaction<'_>> {
        Transaction::new(&mut self.connection, TransactionBehavior::Immediate)
    }

    /// To read.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// For people.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// What went wrong, and what to do.
    pub(crate) fn failed(&self, error: &rusqlite::Error) -> Error {
        told(&self.path, self.sort, error)
    }

    /// The file does not hold what was written to it.
    pub(crate) fn damaged(&self, what: &str) -> Error {
        damaged(&self.path, self.sort, what)
    }
}

/// 64 bits of the SHA-256 of what is kept, each part behind its length.
pub(crate) fn digest(parts: &[&[u8]]) -> i64 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    let digest: [u8; 32] = sha.finalize().into();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// Whether the disk, or what the file may hold, is full.
pub(crate) fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

fn damaged(path: &str, sort: &Sort, what: &str) -> Error {
    Error::change(format!(
        "{path} ({}) is damaged: {what}. It was left as it is. Restore it from a backup; or move it away, with {path}-wal if there \
         is one, and start again: {}",
        sort.what, sort.loss
    ))
}

fn told(path: &str, sort: &Sort, error: &rusqlite::Error) -> Error {
    use ErrorCode::{CannotOpen, DatabaseBusy, DatabaseCorrupt, DatabaseLocked, NotADatabase, ReadOnly};
    match error.sqlite_error_code() {
        Some(DatabaseBusy | DatabaseLocked) => Error::change(format!(
            "{path} is in use: another process runs with it. Stop that one, or name another file for {} here",
            sort.what
        )),
        Some(DatabaseCorrupt | NotADatabase) => damaged(path, sort, &error.to_string()),
        Some(CannotOpen | ReadOnly) => Error::change(format!(
            "{path} cannot be opened to be written ({error}): its folder must be there, and both must be writable"
        )),
        _ => Error::outside(format!("{path} ({}): {error}", sort.what)),
    }
}
