//! Files with a secret in them.

use std::{fs, path::Path};

/// What a file holds, without a line's end after it; refused if every user can read it.
pub fn read(path: &Path) -> Result<String, String> {
    check_mode(path)?;
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// Refuses a file that every user can read.
#[cfg(unix)]
pub fn check_mode(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;

    let named = path.display();
    let about = fs::metadata(path).map_err(|error| format!("{named}: {error}"))?;
    let mode = about.permissions().mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(format!(
            "every user of this machine can read {named} (mode {mode:o}): chmod 600 {named}"
        ));
    }
    Ok(())
}

/// Who can read a file cannot be told here.
#[cfg(not(unix))]
pub fn check_mode(_: &Path) -> Result<(), String> {
    Ok(())
}
