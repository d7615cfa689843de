//! Where files are kept that nobody has named.

use std::{env, fs, path::PathBuf};

use crate::error::Error;

/// The folder for what is kept (systemd's, or that of the XDG base directories), made if it is not there. `option` is what names a file instead.
pub fn state_folder(option: &str) -> Result<PathBuf, Error> {
    let folder = |name: &str| env::var_os(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    let state = folder("STATE_DIRECTORY")
        .or_else(|| Some(folder("XDG_STATE_HOME")?.join("knowatt")))
        .or_else(|| Some(folder("HOME")?.join(".local/state/knowatt")));
    let state = state.ok_or_else(|| {
        Error::change(format!("there is no folder for what is kept: name a file with {option}"))
    })?;
    fs::create_dir_all(&state)
        .map_err(|error| Error::change(format!("{}: {error}; name a file with {option}", state.display())))?;
    Ok(state)
}
