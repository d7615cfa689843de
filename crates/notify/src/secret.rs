//! Secrets: from a variable of the environment or a file that others cannot read, and never shown.

use std::{env, fmt, path::PathBuf};

use knowatt_stream::{
    Error,
    config::{MqttConfig, Secret},
    secret_file,
};
use serde::{Deserialize, Deserializer, de};

/// What stands for a secret where it is shown.
const REDACTED: &str = "**REDACTED**";
/// A part of an address that is as long as this may be what makes it secret.
const SECRET_PART_BYTES: usize = 8;

/// Where a secret is: `{ env = "NAME" }` or `{ file = "PATH" }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Keys")]
pub enum SecretSource {
    /// In this variable of the environment.
    Env(String),
    /// In this file, which others cannot read; a line's end after it is not part of it.
    File(PathBuf),
}

/// As it is written; so that a secret which stands there itself is not shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "where the secret is, { env = \"NAME\" } or { file = \"PATH\" }")]
struct Keys {
    env: Option<String>,
    file: Option<PathBuf>,
}

impl TryFrom<Keys> for SecretSource {
    type Error = String;

    fn try_from(keys: Keys) -> Result<Self, String> {
        match keys {
            Keys { env: Some(name), file: None } => Ok(Self::Env(name)),
            Keys { env: None, file: Some(path) } => Ok(Self::File(path)),
            _ => Err("a secret is in one of { env = \"NAME\" } and { file = \"PATH\" }".to_owned()),
        }
    }
}

impl SecretSource {
    /// Gets it. `what` is for the message if it cannot be had.
    pub fn get(&self, what: &str) -> Result<Secret, Error> {
        let secret = match self {
            Self::Env(name) => env::var(name).map_err(|_| {
                Error::change(format!("{what}: the variable {name} of the environment has no text in it"))
            })?,
            Self::File(path) => {
                secret_file::read(path).map_err(|why| Error::change(format!("{what}: {why}")))?
            }
        };
        if secret.is_empty() {
            return Err(Error::change(format!("{what}: it is empty")));
        }
        if secret.contains(char::is_control) {
            return Err(Error::change(format!("{what}: it is more than one line")));
        }
        Ok(Secret::from(secret.as_str()))
    }
}

/// Refuses what a broker's password should not be: a text that stands in the file itself, or in one that others can read.
pub(crate) fn check_password(config: &MqttConfig, table: &str) -> Result<(), Error> {
    if config.password.is_some() {
        return Err(Error::change(format!(
            "[{table}]: the password is not put into this file: name one with `password-file`, or give it as KNOWATT_MQTT_PASSWORD"
        )));
    }
    let file = config.password_file.as_deref().map_or(Ok(()), secret_file::check_mode);
    file.map_err(|why| Error::change(format!("[{table}] password-file: {why}")))
}

/// A text that may be secret or not: `"text"`, `{ env = "NAME" }` or `{ file = "PATH" }`.
#[derive(Clone, PartialEq, Eq)]
pub enum Text {
    /// No secret.
    Plain(String),
    /// A secret.
    Secret(SecretSource),
}

impl Text {
    /// Whether it is one.
    pub fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }

    /// Gets it.
    pub fn get(&self, what: &str) -> Result<Secret, Error> {
        match self {
            Self::Plain(text) => Ok(Secret::from(text.as_str())),
            Self::Secret(source) => source.get(what),
        }
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, { env = \"NAME\" } or { file = \"PATH\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::Plain(text.to_owned()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
                SecretSource::deserialize(de::value::MapAccessDeserializer::new(map)).map(Text::Secret)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// So much of what the other side said is shown, in characters.
const SHOWN: usize = 400;

/// What was said by the other side, as it may be shown: in a line, not too long, and with no secret in it, as it is or as JSON writes it.
pub(crate) fn shown(text: &str, secrets: &[Secret]) -> String {
    let hidden = secrets.iter().fold(text.to_owned(), |text, secret| {
        let quoted = serde_json::Value::from(secret.reveal()).to_string();
        let as_json = quoted.trim_start_matches('"').trim_end_matches('"');
        text.replace(secret.reveal(), REDACTED).replace(as_json, REDACTED)
    });
    let line = hidden.split_whitespace().collect::<Vec<_>>().join(" ");
    // After the secrets, so that no half of one is left.
    let cut: String = line.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
    if cut.len() < line.len() { format!("{cut}…") } else { cut }
}

/// The parts of a secret address that would give it away.
pub(crate) fn parts_of_address(url: &Secret) -> Vec<Secret> {
    let rest = url.reveal().split_once("://").map_or(url.reveal(), |(_, rest)| rest);
    let path = rest.split_once('/').map(|(_, path)| path).unwrap_or_default();
    let parts = path.split(['/', '?', '&', '=', '#']).filter(|part| part.len() >= SECRET_PART_BYTES);
    [url.reveal(), path].into_iter().filter(|part| !part.is_empty()).chain(parts).map(Secret::from).collect()
}

#[cfg(test)]
// A file of its own is what these tests want.
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_file_that_everybody_can_read_is_refused_with_what_to_do() {
        use std::{fs, os::unix::fs::PermissionsExt as _};

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "hunter2\n").unwrap();
        let source = SecretSource::File(path.clone());
        let with_mode = |mode| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            source
                .get("the token")
                .map(|secret| secret.reveal().to_owned())
                .map_err(|error| error.to_string())
        };
        for mode in [0o600, 0o400, 0o640] {
            assert_eq!(with_mode(mode).unwrap(), "hunter2");
        }
        let said = with_mode(0o644).unwrap_err();
        assert!(
            said.contains("mode 644") && said.contains("chmod 600") && !said.contains("hunter2"),
            "{said}"
        );
    }

    #[test]
    fn a_secret_that_is_not_there_is_said_by_its_name() {
        let said =
            SecretSource::Env("KNOWATT_NO_SUCH".to_owned()).get("channel `phone`").unwrap_err().to_string();
        assert_eq!(
            said,
            "channel `phone`: the variable KNOWATT_NO_SUCH of the environment has no text in it"
        );
        let said = SecretSource::File("/nowhere".into()).get("x").unwrap_err().to_string();
        assert!(said.starts_with("x: /nowhere: "), "{said}");
    }

    #[test]
    fn a_secret_is_not_shown_in_what_came_back() {
        let secrets = [Secret::from("hunter2"), Secret::from("a \"b\"  \\c")];
        assert_eq!(
            shown("token hunter2\n is wrong: hunter2", &secrets),
            "token **REDACTED** is wrong: **REDACTED**"
        );
        assert_eq!(
            shown(r#"{"x": "a \"b\"  \\c"}, a "b"  \c"#, &secrets),
            r#"{"x": "**REDACTED**"}, **REDACTED**"#
        );
        // Nor is a half of one, where it is cut.
        for place in SHOWN - 10..SHOWN + 2 {
            let cut = shown(&format!("{}hunter2", "x".repeat(place)), &secrets);
            assert!(!cut.contains("hunt"), "{cut}");
        }
        assert_eq!(format!("{:?}", Text::Plain("hunter2".to_owned())), REDACTED);
    }

    #[test]
    fn a_secret_address_is_not_shown_in_part_either() {
        let parts =
            parts_of_address(&Secret::from("https://chat.example/hooks/T0/abcdefghijkl?key=mnopqrstuvwx"));
        assert_eq!(
            shown("Cannot POST /hooks/T0/abcdefghijkl, key mnopqrstuvwx, at chat.example", &parts),
            "Cannot POST /hooks/T0/**REDACTED**, key **REDACTED**, at chat.example"
        );
    }
}
