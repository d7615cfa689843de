//! The models a stream scores by: one for all meters, or one for each, read again when their files change.
//!
//! A model's file is looked at every second. A new one is taken once it is whole and valid, between two records; one that is
//! not is refused, said, and the old one kept. In a folder each file `METER.json` is the model of that meter, as
//! `knowatt train -o FOLDER/` writes them. In a compacted topic the key is the meter (see `tables/topic.rs`).

#[cfg(feature = "kafka")]
mod topic;

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use jiff::tz::TimeZone;
use knowatt_score::{ModelFile, ScoreTable};
use tracing::{info, warn};

use crate::error::Error;

/// How many digits of a model's digest name it.
const ID_DIGITS: usize = 16;

/// A model that is in use.
#[derive(Debug)]
pub struct Model {
    /// Its table.
    pub table: ScoreTable,
    /// The first digits of its file's digest.
    pub id: String,
}

impl Model {
    /// Reads a model file.
    pub fn read(path: &Path) -> Result<Self, String> {
        let file = fs::File::open(path).map_err(|error| error.to_string())?;
        let (model, digest) = ModelFile::read_with_digest(file).map_err(|error| error.to_string())?;
        Ok(Self::new(model.table, &digest))
    }

    /// Reads a model file's bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let (model, digest) = ModelFile::read_with_digest(bytes).map_err(|error| error.to_string())?;
        Ok(Self::new(model.table, &digest))
    }

    fn new(table: ScoreTable, digest: &str) -> Self {
        Self { table, id: digest.chars().take(ID_DIGITS).collect() }
    }
}

/// The models by meter.
#[derive(Debug, Default)]
pub struct Tables {
    /// Where they are read from.
    origin: Origin,
    by_meter: HashMap<Box<[u8]>, Arc<Model>>,
    /// For every meter that has none of its own.
    default: Option<Arc<Model>>,
    files: HashMap<PathBuf, Seen>,
    /// Counts changes, so that what has looked up a model can tell whether to look again.
    generation: u64,
}

#[derive(Debug, Default)]
enum Origin {
    /// Given, not read.
    #[default]
    Given,
    /// One file for all meters.
    File(PathBuf),
    /// A folder, and a file for the meters that have none there.
    Folder(PathBuf, Option<PathBuf>),
    /// A topic, and a file for the meters that have none there.
    #[cfg(feature = "kafka")]
    Topic(topic::ModelTopic, Option<PathBuf>),
}

/// A file as it was when it was last looked at, so that it is read only when it has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl Seen {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        Some(Self { bytes: metadata.len(), modified: metadata.modified().ok() })
    }
}

impl Tables {
    /// One model for all meters.
    pub fn of(model: Model) -> Self {
        Self { default: Some(Arc::new(model)), ..Self::default() }
    }

    /// Reads a model file, or all of a folder and a default.
    pub fn open(path: &Path, default: Option<&Path>) -> Result<Self, Error> {
        let origin = if path.is_dir() {
            Origin::Folder(path.to_owned(), default.map(Path::to_owned))
        } else {
            Origin::File(path.to_owned())
        };
        let mut tables = Self { origin, ..Self::default() };
        let unread = |error: std::io::Error| Error::change(format!("{}: {error}", path.display()));
        for (path, meter) in tables.paths().map_err(unread)? {
            tables
                .take(&path, meter.as_deref())
                .map_err(|why| Error::change(format!("{}: {why}", path.display())))?;
        }
        if tables.default.is_none() && tables.by_meter.is_empty() {
            return Err(Error::change(format!("{}: there is no model in it (METER.json)", path.display())));
        }
        tables.zone_name().map_err(Error::change)?;
        Ok(tables)
    }

    /// Reads a topic of models to its end, and a default.
    #[cfg(feature = "kafka")]
    pub fn open_topic(
        topic: knowatt_readings::kafka::Topic,
        settings: &knowatt_readings::kafka::Settings,
        default: Option<&Path>,
    ) -> Result<Self, Error> {
        let mut tables = Self::default();
        if let Some(path) = default {
            tables.take(path, None).map_err(|why| Error::change(format!("{}: {why}", path.display())))?;
        }
        let name = topic.to_string();
        let opened = topic::ModelTopic::open(topic, settings, |said| tables.take_said(said))?;
        if tables.count() == 0 {
            return Err(Error::change(format!("{name}: there is no valid model in it, and no default")));
        }
        tables.origin = Origin::Topic(opened, default.map(Path::to_owned));
        Ok(tables)
    }

    /// Takes what a topic says of a meter.
    #[cfg(feature = "kafka")]
    fn take_said(&mut self, (meter, model): topic::Said<'_>) {
        let name = String::from_utf8_lossy(meter);
        let Some(model) = model else {
            info!(meter = %name, "its model was taken away");
            self.by_meter.remove(meter);
            self.generation += 1;
            return;
        };
        match Model::from_bytes(model)
            .and_then(|model| self.put(model, Some(meter).filter(|meter| !meter.is_empty())))
        {
            Ok(id) => info!(meter = %name, model_id = id, "a new model is in use"),
            Err(why) => warn!(meter = %name, "the new model is refused and the old one kept: {why}"),
        }
    }

    /// Reads what has changed. What is not valid is refused and said, and what was there before stays.
    pub fn refresh(&mut self) {
        #[cfg(feature = "kafka")]
        if let Origin::Topic(..) = self.origin {
            // Out of the way, so that it can be read while what is read is taken.
            let origin = std::mem::take(&mut self.origin);
            if let Origin::Topic(topic, _) = &origin {
                topic.refresh(|said| self.take_said(said));
            }
            self.origin = origin;
        }
        let Ok(paths) = self.paths() else { return }; // a folder that cannot be read now says nothing of what was in it
        for (path, meter) in &paths {
            let seen = Seen::of(path);
            if seen.is_none() || self.files.get(path) == seen.as_ref() {
                continue;
            }
            let name = path.display();
            match self.take(path, meter.as_deref()) {
                Ok(id) => info!(model = %name, model_id = id, "a new model is in use"),
                Err(why) => warn!(model = %name, "the new model is refused and the old one kept: {why}"),
            }
        }
        if let Origin::Folder(..) = self.origin {
            // One that comes back may look as it did.
            self.files.retain(|path, _| paths.iter().any(|(there, _)| there == path));
            self.forget(&paths.into_iter().filter_map(|(_, meter)| meter).collect::<Vec<_>>());
        }
    }

    /// Takes out the models whose files are gone.
    fn forget(&mut self, there: &[String]) {
        let is_there = |meter: &[u8]| there.iter().any(|there| there.as_bytes() == meter);
        let gone: Vec<_> = self.by_meter.keys().filter(|meter| !is_there(meter)).cloned().collect();
        for meter in gone {
            info!(meter = %String::from_utf8_lossy(&meter), "its model is gone and no longer in use");
            self.by_meter.remove(&meter);
            self.generation += 1;
        }
    }

    /// The model of a meter.
    pub fn of_meter(&self, meter: &[u8]) -> Option<&Arc<Model>> {
        self.by_meter.get(meter).or(self.default.as_ref())
    }

    /// Counts changes.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// How many models there are, the default included.
    pub fn count(&self) -> usize {
        self.by_meter.len() + usize::from(self.default.is_some())
    }

    /// The one zone that all models are of.
    pub fn zone_name(&self) -> Result<&str, String> {
        let mut zones =
            self.by_meter.values().chain(&self.default).map(|model| model.table.calendar().zone_name());
        let first = zones.next().unwrap_or("UTC");
        match zones.find(|zone| *zone != first) {
            None => Ok(first),
            Some(other) => {
                Err(format!("the models are of several zones, {first} and {other}: run one `watch` for each"))
            }
        }
    }

    /// The rules of that zone.
    pub fn zone(&self) -> TimeZone {
        let any = self.by_meter.values().chain(&self.default).next();
        any.map_or(TimeZone::UTC, |model| model.table.calendar().zone().clone())
    }

    /// The files there are now, each with its meter.
    fn paths(&self) -> std::io::Result<Vec<(PathBuf, Option<String>)>> {
        Ok(match &self.origin {
            Origin::Given => Vec::new(),
            Origin::File(path) => vec![(path.clone(), None)],
            #[cfg(feature = "kafka")]
            Origin::Topic(_, default) => default.iter().map(|path| (path.clone(), None)).collect(),
            Origin::Folder(folder, default) => {
                let entries = fs::read_dir(folder)?.flatten().map(|entry| entry.path());
                let models = entries.filter(|path| {
                    path.extension().is_some_and(|extension| extension == "json") && path.is_file()
                });
                let named = models.filter_map(|path| {
                    let meter = path.file_stem()?.to_str()?.to_owned();
                    Some((path, Some(meter)))
                });
                named.chain(default.iter().map(|path| (path.clone(), None))).collect()
            }
        })
    }

    fn take(&mut self, path: &Path, meter: Option<&str>) -> Result<String, String> {
        // First, so that a file that changes while it is read is read again.
        let seen = Seen::of(path);
        let read = Model::read(path);
        self.files.extend(seen.map(|seen| (path.to_owned(), seen)));
        self.put(read?, meter.map(str::as_bytes))
    }

    /// Puts a model in the place of a meter's, or of the default; gives its name.
    fn put(&mut self, model: Model, meter: Option<&[u8]>) -> Result<String, String> {
        let (zone, new) = (self.zone_name()?, model.table.calendar().zone_name());
        if self.count() > 0 && zone != new {
            return Err(format!("it is of the zone {new}, not {zone}; start anew with it"));
        }
        let id = model.id.clone();
        self.generation += 1;
        match meter {
            Some(meter) => _ = self.by_meter.insert(meter.into(), Arc::new(model)),
            None => self.default = Some(Arc::new(model)),
        }
        Ok(id)
    }
}
