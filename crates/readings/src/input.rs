//! An input as plain bytes: a file, standard input or anything readable; gzip and zstd unpacked,
//! told by their first bytes, a UTF-8 byte order mark taken off.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::{Path, PathBuf},
};

use crate::error::{Error, ErrorKind};

/// A named stream of unpacked bytes.
pub struct Input {
    pub(crate) name: String,
    pub(crate) reader: Box<dyn Read>,
    /// The file it is, for what cannot be read as a stream.
    #[allow(dead_code, reason = "a database is read by its path")]
    pub(crate) path: Option<PathBuf>,
}

impl Input {
    /// Opens a file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_watched(path, |_| {})
    }

    /// Opens a file, and calls `progress` with the number of its bytes as they are read.
    pub fn open_watched(path: &Path, progress: impl FnMut(u64) + 'static) -> Result<Self, Error> {
        let name = path.display().to_string();
        let failed = |error: io::Error| Error::new(&name, ErrorKind::Io(error));
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(Error::new(&name, ErrorKind::Directory));
        }
        let input = Self::from_reader(&name, Watched { reader: file, progress })?;
        Ok(Self { path: Some(path.to_owned()), ..input })
    }

    /// Reads from anything; `name` stands in messages and in the ledger.
    pub fn from_reader(name: &str, mut reader: impl Read + 'static) -> Result<Self, Error> {
        let failed = |error: io::Error| Error::new(name, ErrorKind::Io(error));
        let start = peek(&mut reader).map_err(failed)?;
        let packed = Cursor::new(start.clone()).chain(reader);
        let mut unpacked: Box<dyn Read> = match start.as_slice() {
            [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            // A frame, or one to be skipped before the first.
            [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
                Box::new(zstd::stream::read::Decoder::new(packed).map_err(failed)?)
            }
            _ => Box::new(packed),
        };
        let start = peek(&mut unpacked).map_err(failed)?;
        let not_text = match start.as_slice() {
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16 text; save it as UTF-8"),
            [b'P', b'K', 3, 4] => Some("a zip archive or an Excel workbook; unpack it, or export it as CSV"),
            b"PAR1" => Some("a Parquet file; export it as CSV"),
            _ => None,
        };
        if let Some(what) = not_text {
            return Err(Error::new(name, ErrorKind::NotText(what)));
        }
        let text = start.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&start).to_vec();
        Ok(Self { name: name.to_owned(), reader: Box::new(Cursor::new(text).chain(unpacked)), path: None })
    }

    /// The first bytes, `most` of them or all there are; they are read again after.
    pub(crate) fn head(&mut self, most: usize) -> Result<Vec<u8>, Error> {
        let mut head = Vec::new();
        let read = self.reader.by_ref().take(most as u64).read_to_end(&mut head);
        read.map_err(|error| Error::new(&self.name, ErrorKind::Io(error)))?;
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(Cursor::new(head.clone()).chain(rest));
        Ok(head)
    }
}

/// The first four bytes, or fewer where there are no more.
fn peek(reader: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::with_capacity(4);
    reader.take(4).read_to_end(&mut start)?;
    Ok(start)
}

struct Watched<R, F> {
    reader: R,
    progress: F,
}

impl<R: Read, F: FnMut(u64)> Read for Watched<R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        (self.progress)(count as u64);
        Ok(count)
    }
}
