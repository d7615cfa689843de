//! A small file of SQLite that one process keeps for itself.
//!
//! What was committed survives the process being killed and the power being cut, as far as the disk keeps its word: each commit is
//! written to the write-ahead log and synchronised (`synchronous=FULL`), which is one small write and no new file, as an SD card likes it
//! best. The file is locked for as long as it is open, so that no second process runs with it; one that others may look into has a lock beside it,
//! `FILE-lock`.
//!
//! An SD card can give back what was never written, and SQLite notices only what breaks its own structure; so what is kept
//! carries a [`digest`], and a file that does not hold what was written is refused, and never begun anew by itself.

use std::{
    fs::{File, TryLockError},
    io::Write as _,
    path::Path,
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, config::DbConfig};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// How long is waited for another process to let go of the file, as one that is just ending does.
const PATIENCE: Duration = Duration::from_secs(2);

/// What kind of file it is.
pub struct Sort {
    /// SQLite keeps it in the file's head.
    pub application_id: i32,
    /// Of the tables; a newer one is refused.
    pub version: i32,
    /// Makes the tables.
    pub tables: &'static str,
    /// For people: what it keeps.
    pub what: &'static str,
    /// For people: what is lost without it.
    pub loss: &'static str,
    /// Whether other processes may look into it meanwhile.
    pub is_open_to_readers: bool,
}

/// An open file.
pub struct Database {
    connection: Connection,
    path: String,
    sort: &'static Sort,
    /// Given back when it is closed.
    _lock: Option<File>,
}

impl Database {
    /// Opens a file, and makes it if there is none.
    pub fn open(path: &Path, sort: &'static Sort) -> Result<Self, Error> {
        let named = path.display().to_string();
        // Names such as `:memory:` mean something to SQLite; with a folder before them they do not.
        let absolute =
            std::path::absolute(path).map_err(|error| Error::change(format!("{named}: {error}")))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let lock = if sort.is_open_to_readers { Some(lock(path, sort)?) } else { None };
        let connection =
            Connection::open_with_flags(absolute, flags).map_err(|error| told(&named, sort, &error))?;
        let mut database = Self { connection, path: named, sort, _lock: lock };
        let is_new = database.check_sort()?;
        database.begin(is_new).map_err(|error| database.unopened(&error))?;
        database.check_whole()?;
        Ok(database)
    }

    /// Looks into a file that another process may have open; nothing is made.
    pub fn look_into(path: &Path, sort: &'static Sort) -> Result<Self, Error> {
        let named = path.display().to_string();
        let absolute =
            std::path::absolute(path).map_err(|error| Error::change(format!("{named}: {error}")))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection =
            Connection::open_with_flags(absolute, flags).map_err(|error| told(&named, sort, &error))?;
        let database = Self { connection, path: named, sort, _lock: None };
        if database.check_sort()? {
            return Err(Error::change(format!("{} is empty", database.path)));
        }
        Ok(database)
    }

    /// Nothing on a disk: it is gone with this.
    pub fn in_memory(sort: &'static Sort) -> Result<Self, Error> {
        let named = "memory".to_owned();
        let connection = Connection::open_in_memory().map_err(|error| told(&named, sort, &error))?;
        let mut database = Self { connection, path: named, sort, _lock: None };
        database.begin(true).map_err(|error| database.unopened(&error))?;
        Ok(database)
    }

    /// Whether it is an empty file; one of another kind is refused before anything is written to it.
    fn check_sort(&self) -> Result<bool, Error> {
        let Self { connection, path, sort, .. } = self;
        let ask = || -> rusqlite::Result<(i32, i32, i64)> {
            connection.busy_timeout(PATIENCE)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
            connection.execute_batch("PRAGMA cell_size_check = ON;")?;
            if !sort.is_open_to_readers {
                connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE;")?;
            }
            let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get(0));
            let objects = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok((number("application_id")?, number("user_version")?, objects))
        };
        let (id, version, objects) = ask().map_err(|error| self.unopened(&error))?;
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
        match said.map_err(|error| self.unopened(&error))?.as_str() {
            "ok" => Ok(()),
            what => Err(self.damaged(what)),
        }
    }

    /// Begins to write.
    pub fn transaction(&mut self) -> rusqlite::Result<Transaction<'_>> {
        Transaction::new(&mut self.connection, TransactionBehavior::Immediate)
    }

    /// To read.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// For people.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What went wrong with the open file, and what to do. That another process holds it for a while passes.
    pub fn failed(&self, error: &rusqlite::Error) -> Error {
        if is_busy(error) {
            return Error::again(format!("{} is held by another process", self.path));
        }
        told(&self.path, self.sort, error)
    }

    /// Likewise, while it is opened.
    fn unopened(&self, error: &rusqlite::Error) -> Error {
        told(&self.path, self.sort, error)
    }

    /// The file does not hold what was written to it.
    pub fn damaged(&self, what: &str) -> Error {
        damaged(&self.path, self.sort, what)
    }
}

/// 64 bits of the SHA-256 of what is kept, each part behind its length.
pub fn digest(parts: &[&[u8]]) -> i64 {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    let digest: [u8; 32] = sha.finalize().into();
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// Whether the disk, or what the file may hold, is full.
pub fn is_full(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// Takes the lock beside a file.
fn lock(path: &Path, sort: &Sort) -> Result<File, Error> {
    let mut beside = path.as_os_str().to_owned();
    beside.push("-lock");
    let named = path.display();
    let file = File::options().create(true).append(true).open(&beside).map_err(|error| {
        Error::change(format!("{named} cannot be opened to be written ({error}): its folder must be there, and both must be writable"))
    })?;
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock() {
            Ok(()) => {
                // For whoever wants to know who has it; it is the lock that counts.
                _ = file
                    .set_len(0)
                    .and_then(|()| (&file).write_all(std::process::id().to_string().as_bytes()));
                return Ok(file);
            }
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(PATIENCE / 40),
            Err(TryLockError::WouldBlock) => {
                let who = std::fs::read_to_string(&beside).ok().filter(|who| !who.is_empty());
                let who = who.map(|who| format!("another process ({who})"));
                return Err(in_use(&named.to_string(), sort, who.as_deref()));
            }
            Err(TryLockError::Error(error)) => {
                return Err(Error::outside(format!("{named} cannot be locked: {error}")));
            }
        }
    }
}

fn in_use(path: &str, sort: &Sort, who: Option<&str>) -> Error {
    let who = who.unwrap_or("another process");
    Error::change(format!(
        "{path} is in use: {who} runs with it. Stop that one, or name another file for {} here",
        sort.what
    ))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn damaged(path: &str, sort: &Sort, what: &str) -> Error {
    Error::change(format!(
        "{path} ({}) is damaged: {what}. It was left as it is. Restore it from a backup; or move it away, with {path}-wal if there \
         is one, and start again: {}",
        sort.what, sort.loss
    ))
}

fn told(path: &str, sort: &Sort, error: &rusqlite::Error) -> Error {
    use ErrorCode::{CannotOpen, DatabaseCorrupt, NotADatabase, ReadOnly};
    match error.sqlite_error_code() {
        _ if is_busy(error) => in_use(path, sort, None),
        Some(DatabaseCorrupt | NotADatabase) => damaged(path, sort, &error.to_string()),
        Some(CannotOpen | ReadOnly) => Error::change(format!(
            "{path} cannot be opened to be written ({error}): its folder must be there, and both must be writable"
        )),
        _ => Error::outside(format!("{path} ({}): {error}", sort.what)),
    }
}
