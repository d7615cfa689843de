//! What the program writes: whole files or none, and standard output.
//!
//! A file appears under its name once it is complete: it is written beside it and renamed. What is not
//! a regular file (a pipe, a terminal, `/dev/null`) is written to as it is.

use std::{
    fmt, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// Marks a failure to write, which is not the user's fault.
#[derive(Debug)]
pub(crate) struct OutputError(pub(crate) PathBuf);

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == Path::new("-") {
            return f.write_str("standard output could not be written");
        }
        write!(f, "{} could not be written; nothing was left there", self.0.display())
    }
}

impl std::error::Error for OutputError {}

/// Somewhere to write to.
pub(crate) enum Output {
    Stdout(io::BufWriter<io::Stdout>),
    /// Becomes `path` when it is finished.
    Whole {
        file: io::BufWriter<NamedTempFile>,
        path: PathBuf,
    },
    Direct {
        file: io::BufWriter<fs::File>,
        path: PathBuf,
    },
}

impl Output {
    /// Opens `path` for writing, or standard output where it is `-`.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Stdout(io::BufWriter::new(io::stdout())));
        }
        // A link stays a link: the file it leads to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let wrong = || format!("{}: cannot be written to", path.display());
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => {
                anyhow::bail!("{} is a directory; name a file in it", path.display())
            }
            Ok(meta) if !meta.is_file() => {
                let file = fs::OpenOptions::new().write(true).open(&path).with_context(wrong)?;
                Ok(Self::Direct { file: io::BufWriter::new(file), path })
            }
            _ => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new("."));
                fs::metadata(folder).with_context(wrong)?;
                let file = new_file_in(folder).with_context(wrong)?;
                Ok(Self::Whole { file: io::BufWriter::new(file), path })
            }
        }
    }

    /// Completes it: from now on the file is there.
    pub(crate) fn finish(self) -> Result<()> {
        match self {
            Self::Stdout(mut stdout) => stdout.flush().with_context(|| OutputError("-".into())),
            Self::Direct { mut file, path } => file.flush().with_context(|| OutputError(path)),
            Self::Whole { file, path } => {
                let keep = || -> io::Result<()> {
                    let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                    file.as_file().sync_all()?;
                    file.persist(&path)?;
                    Ok(())
                };
                keep().with_context(|| OutputError(path.clone()))
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(stdout) => stdout.write(buffer),
            Self::Whole { file, .. } => file.write(buffer),
            Self::Direct { file, .. } => file.write(buffer),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(stdout) => stdout.flush(),
            Self::Whole { file, .. } => file.flush(),
            Self::Direct { file, .. } => file.flush(),
        }
    }
}

/// Writes all of a file, or nothing.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut output = Output::create(path)?;
    output.write_all(bytes).with_context(|| OutputError(path.to_owned()))?;
    output.finish()
}

/// A file beside the one to be, with the permissions that any new file gets.
fn new_file_in(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".knowatt-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // The error names the temporary file, which nobody asked about.
    builder
        .tempfile_in(folder)
        .map_err(|error| error.raw_os_error().map_or(error, io::Error::from_raw_os_error))
}
