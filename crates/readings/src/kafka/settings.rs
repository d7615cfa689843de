//! Settings of a Kafka client, by the names that Kafka's users know.
//!
//! Those of librdkafka's `CONFIGURATION.md` are passed on as they are. Of the Java clients' those that mean something
//! else, or nothing, there are translated: `sasl.jaas.config` to user and password, a PEM truststore to
//! `ssl.ca.location`. A file of them is a Java properties file, `name=value` a line.

use std::{collections::BTreeMap, fmt, path::Path};

use rdkafka::config::ClientConfig;

/// Settings by name; secrets are not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Settings(BTreeMap<String, String>);

/// A setting that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// No `name=value`.
    #[error("line {0}: expected name=value")]
    NoValue(usize),
    /// A keystore of Java, which nothing but Java reads.
    #[error(
        "{0} names a Java keystore; export it as PEM (keytool -exportcert -rfc) and set ssl.ca.location to that file"
    )]
    JavaKeystore(String),
    /// A login module without user and password.
    #[error("sasl.jaas.config has no username=\"…\" and password=\"…\"; set sasl.username and sasl.password")]
    NoLogin,
}

impl Settings {
    /// Reads a properties file.
    pub fn from_properties(text: &str) -> Result<Self, SettingsError> {
        let mut settings = Self::default();
        let mut lines = (1..).zip(text.lines());
        while let Some((number, line)) = lines.next() {
            let mut line = line.trim().to_owned();
            // A backslash at the end joins the next line.
            while line.ends_with('\\') {
                line.pop();
                let Some((_, next)) = lines.next() else { break };
                line.push_str(next.trim());
            }
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let (name, value) = line.split_once('=').ok_or(SettingsError::NoValue(number))?;
            settings.set(name, value)?;
        }
        Ok(settings)
    }

    /// Sets one; a later one replaces an earlier one.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), SettingsError> {
        let (name, value) = (name.trim(), value.trim());
        match name {
            "sasl.jaas.config" => {
                let login = quoted(value, "username=").zip(quoted(value, "password="));
                let (user, password) = login.ok_or(SettingsError::NoLogin)?;
                self.0.insert("sasl.username".to_owned(), user);
                self.0.insert("sasl.password".to_owned(), password);
            }
            "ssl.truststore.location" | "ssl.keystore.location" if is_java_keystore(value) => {
                return Err(SettingsError::JavaKeystore(name.to_owned()));
            }
            "ssl.truststore.location" => {
                self.0.insert("ssl.ca.location".to_owned(), value.to_owned());
            }
            "ssl.truststore.certificates" => {
                self.0.insert("ssl.ca.pem".to_owned(), value.to_owned());
            }
            // Of the Java clients alone.
            "ssl.truststore.type" | "ssl.truststore.password" | "key.deserializer" | "value.deserializer" => {
            }
            _ => {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
        Ok(())
    }

    /// All of another too, which go before these.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// What a setting is set to.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets them, in place of what was set before.
    pub fn apply(&self, config: &mut ClientConfig) {
        for (name, value) in self.iter() {
            config.set(name, value);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// A message without the values that are secret.
    pub fn redacted(&self, message: &str) -> String {
        let secrets = self.0.iter().filter(|(name, value)| is_secret(name) && !value.is_empty());
        secrets.fold(message.to_owned(), |message, (_, secret)| message.replace(secret.as_str(), "…"))
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            |name: &str, value: &str| if is_secret(name) { "…".to_owned() } else { value.to_owned() };
        f.debug_map().entries(self.iter().map(|(name, value)| (name, shown(name, value)))).finish()
    }
}

fn is_java_keystore(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jks"))
}

fn is_secret(name: &str) -> bool {
    ["password", "secret", "jaas", "pem", "oauthbearer.config"].iter().any(|word| name.contains(word))
}

/// The text in quotation marks after a name.
fn quoted(text: &str, name: &str) -> Option<String> {
    let after = &text[text.find(name)? + name.len()..];
    let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let value = &after[1..];
    Some(value[..value.find(quote)?].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, String)> {
        let settings = Settings::from_properties(text).unwrap();
        settings.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn what_is_of_java_is_translated() {
        let text = "# ours\nsecurity.protocol=SASL_SSL\nsasl.mechanism = PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \\\n  username=\"me\" password=\"a=b\";\nssl.truststore.location=/etc/ca.pem\nssl.truststore.type=PEM\n";
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            of(text),
            [
                pair("sasl.mechanism", "PLAIN"),
                pair("sasl.password", "a=b"),
                pair("sasl.username", "me"),
                pair("security.protocol", "SASL_SSL"),
                pair("ssl.ca.location", "/etc/ca.pem"),
            ]
        );
        assert_eq!(Settings::from_properties("x"), Err(SettingsError::NoValue(1)));
        let error = Settings::from_properties("ssl.truststore.location=/a/trust.jks").unwrap_err();
        assert!(error.to_string().contains("keytool"), "{error}");
    }

    #[test]
    fn secrets_are_never_shown() {
        let settings = Settings::from_properties("sasl.username=me\nsasl.password=hunter2").unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
        assert_eq!(settings.redacted("cannot use hunter2"), "cannot use …");
    }
}
