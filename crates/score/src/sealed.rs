//! JSON documents that can be trusted: a format, a version, and a digest of every byte before it.
//!
//! One object with its keys in a fixed order, each on its own line: `format`, `version`, the parts, and last
//! `sha256`, the SHA-256 in lower-case hexadecimal of every byte of the file before the line that holds it. The
//! digest covers the bytes as they stand, so it can be checked without this program, and a file that was edited
//! or reformatted is refused like one that was damaged. Numbers are the shortest decimals that give the same
//! double again.

use std::{fmt::Write as _, io::Read};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// The digest at the end of a document's bytes, if that is what stands there.
pub(crate) fn digest(bytes: &[u8]) -> Option<&str> {
    let end = bytes.strip_suffix(DIGEST_TAIL.as_bytes())?;
    std::str::from_utf8(end.get(end.len().checked_sub(DIGEST_HEX)?..)?).ok()
}

/// What stands before and after the digest, which is of all that comes before.
pub(crate) const DIGEST_HEAD: &str = "  \"sha256\": \"";
pub(crate) const DIGEST_TAIL: &str = "\"\n}\n";
pub(crate) const DIGEST_HEX: usize = 64;

/// A kind of sealed document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedKind {
    /// The value of its key `format`.
    pub format: &'static str,
    /// The version that is written, and the newest that is read; the oldest is 1.
    pub version: u32,
    /// The largest file that is read, in bytes.
    pub most_bytes: usize,
    /// What a person calls it, with its article.
    pub called: &'static str,
}

/// Why a document was refused. Nothing of a refused document is used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealedError {
    /// It could not be read.
    #[error("cannot be read")]
    Io(#[from] std::io::Error),
    /// Larger than its kind may be.
    #[error("is larger than {} MiB, the most {} may have", .0.most_bytes >> 20, .0.called)]
    TooLarge(SealedKind),
    /// Ends too early.
    #[error("is cut off: it ends after {0} bytes, within the document. Copy it again, or train again")]
    Truncated(usize),
    /// Something else.
    #[error("is not {}: {why}", .kind.called)]
    Other {
        /// What was expected.
        kind: SealedKind,
        /// Why it is not.
        why: String,
    },
    /// From a newer program.
    #[error("has version {found} of the format; this program knows versions up to {}. Upgrade knowatt", .kind.version)]
    Newer {
        /// What was expected.
        kind: SealedKind,
        /// The version it has.
        found: u64,
    },
    /// The digest does not match.
    #[error(
        "was changed or damaged after it was written: its SHA-256 does not match. A model file is not edited or reformatted; copy it again, or train again"
    )]
    Damaged,
    /// The digest matches, but the content breaks a rule of the format.
    #[error("breaks a rule of the format: {0}")]
    Content(String),
}

impl SealedError {
    /// That a rule of the format is broken.
    pub fn content(what: impl Into<String>) -> Self {
        Self::Content(printable(&what.into()))
    }
}

/// Just enough to tell what a document is; anything else in it may be newer than this program.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

impl SealedKind {
    /// The bytes of a document with these parts, each a key with its JSON, in this order.
    pub fn seal(&self, parts: &[(&str, String)]) -> Vec<u8> {
        let mut text = String::from("{\n");
        let head = [("format", json(&self.format)), ("version", json(&self.version))];
        for (key, value) in head.iter().chain(parts) {
            _ = writeln!(text, "  \"{key}\": {value},"); // writing to a String cannot fail
        }
        let digest = sha256_hex(text.as_bytes());
        text.push_str(DIGEST_HEAD);
        text.push_str(&digest);
        text.push_str(DIGEST_TAIL);
        text.into_bytes()
    }

    /// Whether some bytes begin as such a document does.
    pub fn begins(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(format!("{{\n  \"format\": \"{}\"", self.format).as_bytes())
    }

    /// The document in some bytes, once format, version and digest are found good.
    pub fn open<Document: DeserializeOwned>(self, bytes: &[u8]) -> Result<Document, SealedError> {
        if bytes.len() > self.most_bytes {
            return Err(SealedError::TooLarge(self));
        }
        let other = |why: String| SealedError::Other { kind: self, why };
        let head: Head = serde_json::from_slice(bytes).map_err(|error| {
            if bytes.is_empty() {
                other("it is empty".to_owned())
            } else if error.is_eof() || (self.begins(bytes) && !bytes.ends_with(DIGEST_TAIL.as_bytes())) {
                SealedError::Truncated(bytes.len())
            } else {
                other(printable(&error.to_string()))
            }
        })?;
        if head.format != self.format {
            return Err(other(format!("its format is `{}`, not `{}`", printable(&head.format), self.format)));
        }
        if head.version > u64::from(self.version) {
            return Err(SealedError::Newer { kind: self, found: head.version });
        }
        check_digest(bytes)?;
        if head.version < 1 {
            return Err(SealedError::content(format!("version {} does not exist", head.version)));
        }
        serde_json::from_slice(bytes).map_err(|error| SealedError::content(error.to_string()))
    }

    /// Reads a whole document, at most so much of it as its kind may have.
    pub fn read<Opened>(
        self,
        source: impl Read,
        open: impl FnOnce(&[u8]) -> Result<Opened, SealedError>,
    ) -> Result<Opened, SealedError> {
        let mut bytes = Vec::new();
        source.take(self.most_bytes as u64 + 1).read_to_end(&mut bytes)?;
        open(&bytes)
    }
}

/// The last line must hold the digest of every byte before it.
fn check_digest(bytes: &[u8]) -> Result<(), SealedError> {
    let ending = DIGEST_HEAD.len() + DIGEST_HEX + DIGEST_TAIL.len();
    let split = bytes.len().checked_sub(ending).ok_or(SealedError::Damaged)?;
    let (content, ending) = bytes.split_at(split);
    let expected = format!("{DIGEST_HEAD}{}{DIGEST_TAIL}", sha256_hex(content));
    if ending == expected.as_bytes() { Ok(()) } else { Err(SealedError::Damaged) }
}

/// The SHA-256 of some bytes, in lower-case hexadecimal.
pub fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(DIGEST_HEX), |mut hex, byte| {
        _ = write!(hex, "{byte:02x}"); // writing to a String cannot fail
        hex
    })
}

/// Compact JSON of a part that is plain data.
pub fn json(part: &impl Serialize) -> String {
    // Serializing numbers, texts and lists into memory has no way to fail.
    serde_json::to_string(part).unwrap_or_default()
}

/// Text from outside, made fit for a message.
fn printable(text: &str) -> String {
    const MOST: usize = 200;
    let mut shown = String::new();
    for character in text.chars().take(MOST) {
        if character.is_control() {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(MOST).is_some() {
        shown.push('…');
    }
    shown
}
