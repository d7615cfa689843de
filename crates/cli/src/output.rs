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

/// Says a line on standard error. If nobody can hear it, that is no reason to stop.
macro_rules! say {
    ($($message:tt)*) => {{
        use std::io::Write as _;
        _ = writeln!(anstream::stderr(), $($message)*);
    }};
}
pub(crate) use say;

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
        if is_stdout(path) {
            return Ok(Self::Stdout(io::BufWriter::new(io::stdout())));
        }
        let (path, named) = (resolved(path), path.display());
        let wrong = || format!("{named}: cannot be written to");
        match fs::metadata(&path) {
            Ok(meta) if meta.is_dir() => anyhow::bail!("{named} is a directory; name a file in it"),
            Ok(meta) if !meta.is_file() || is_device(&path) => {
                let file = fs::OpenOptions::new().append(true).open(&path).with_context(wrong)?;
                Ok(Self::Direct { file: io::BufWriter::new(file), path })
            }
            before => {
                let folder = folder_of(&path);
                let is_folder = fs::metadata(folder).with_context(wrong)?.is_dir();
                anyhow::ensure!(
                    is_folder,
                    "{named}: cannot be written to: {} is no directory",
                    folder.display()
                );
                anyhow::ensure!(!ends_in_slash(&path), "{named}: there is no such directory");
                let file = new_file_in(folder, before.ok()).map_err(plain).with_context(wrong)?;
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

impl Output {
    fn sink(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(stdout) => stdout,
            Self::Whole { file, .. } => file,
            Self::Direct { file, .. } => file,
        }
    }
}

impl Write for Output {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.sink().write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink().flush()
    }
}

/// Whether standard output is in colour: on a terminal, unless `NO_COLOR` is set, and where colour is forced.
pub(crate) fn is_coloured() -> bool {
    anstream::AutoStream::choice(&io::stdout()) != anstream::ColorChoice::Never
}

/// Writes a whole file, and says so.
pub(crate) fn write(what: &str, path: &Path, bytes: &[u8]) -> Result<()> {
    write_to(Output::create(path)?, what, path, bytes)
}

/// The same to what was opened before the work, to know that it can be written to.
pub(crate) fn write_to(mut output: Output, what: &str, path: &Path, bytes: &[u8]) -> Result<()> {
    output.write_all(bytes).with_context(|| OutputError(path.to_owned()))?;
    output.finish()?;
    if path != Path::new("-") {
        say!("{what:<9} {} ({} KB)", path.display(), bytes.len().div_ceil(1000));
    }
    Ok(())
}

/// Writes to standard output, in colour where that is wanted.
pub(crate) fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut stdout = anstream::stdout().lock();
    write(&mut stdout).and_then(|()| stdout.flush()).with_context(|| OutputError("-".into()))
}

/// Sees to it that no output is an input, or the same as another output, and that standard input is read once.
pub(crate) fn distinct(outputs: &[(&str, Option<&Path>)], inputs: &[&Path]) -> Result<()> {
    let times_stdin = inputs.iter().filter(|input| **input == Path::new("-")).count();
    anyhow::ensure!(times_stdin < 2, "standard input (-) can be read only once");
    let outputs: Vec<_> = outputs.iter().filter_map(|(flag, path)| Some((*flag, (*path)?))).collect();
    let same = |a: &Path, b: &Path| resolved(a) == resolved(b) && !is_device(&resolved(a));
    for (place, (flag, path)) in outputs.iter().enumerate() {
        if let Some((other, _)) = outputs[..place].iter().find(|(_, other)| same(path, other)) {
            anyhow::bail!("{other} and {flag} name the same file, {}", path.display());
        }
        let is_input = |input: &&&Path| **input != Path::new("-") && same(path, input);
        if let Some(input) = inputs.iter().find(is_input) {
            anyhow::bail!("{flag} would replace the input {}; name another file", input.display());
        }
    }
    Ok(())
}

fn is_stdout(path: &Path) -> bool {
    path == Path::new("-") || path == Path::new("/dev/stdout")
}

/// Whether the path leads into what is not a disk, such as `/dev/null` or `/dev/fd/3`.
fn is_device(path: &Path) -> bool {
    path.starts_with("/dev") || path.starts_with("/proc")
}

/// Where a path leads, links followed: also those to a file that is not there yet.
fn resolved(path: &Path) -> PathBuf {
    if is_stdout(path) {
        return "-".into();
    }
    if is_device(path) {
        return path.to_owned();
    }
    if let Ok(found) = fs::canonicalize(path) {
        return found;
    }
    let folder = fs::canonicalize(folder_of(path)).unwrap_or_else(|_| folder_of(path).to_owned());
    match (fs::read_link(path), path.file_name()) {
        (Ok(target), _) => folder.join(target),
        (Err(_), Some(name)) if !ends_in_slash(path) => folder.join(name),
        (Err(_), _) => path.to_owned(),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// A file beside the one to be, with the permissions of the one before it or of any new file.
fn new_file_in(folder: &Path, before: Option<fs::Metadata>) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".knowatt-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let file = builder.tempfile_in(folder)?;
    if let Some(before) = before {
        file.as_file().set_permissions(before.permissions())?;
    }
    Ok(file)
}

/// The error without the name of the temporary file, which nobody asked about.
fn plain(error: io::Error) -> io::Error {
    match std::error::Error::source(&error) {
        Some(cause) => io::Error::new(error.kind(), cause.to_string()),
        None => error,
    }
}
