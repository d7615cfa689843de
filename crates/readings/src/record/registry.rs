//! A schema registry: schemas by number, over the REST interface that Confluent's has and Apicurio's and Karapace's too.
//!
//! Source: Confluent's "Schema Registry API Reference": `GET /schemas/ids/{id}` and, for what a schema refers to,
//! `GET /subjects/{subject}/versions/{version}`; `POST /subjects/{subject}/versions` adds one, or finds that it is there. Limits: an answer of [`MAX_ANSWER_BYTES`], [`MOST_REFERENCES`]
//! references in all, however they are nested.

use serde::Deserialize;

use super::avro_schema::Schema;
use crate::error::{Error, ErrorKind};

/// The longest answer that is read, in bytes.
#[cfg_attr(not(feature = "kafka"), allow(dead_code))]
pub(crate) const MAX_ANSWER_BYTES: u64 = 4 << 20;

/// The most schemas that one may refer to.
const MOST_REFERENCES: usize = 64;

/// Why a registry gave no schema, or took none.
#[cfg_attr(
    not(feature = "kafka"),
    allow(dead_code, unreachable_pub, reason = "only a build with Kafka asks registries")
)]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// It has none of that number, or not of Avro; or it does not want the one it was given.
    #[error("{0}")]
    Unusable(String),
    /// It cannot be asked.
    #[error("{0}")]
    Unreachable(String),
}

/// Gives schemas by number.
pub(crate) trait Registry {
    /// The schema of that number.
    fn schema(&self, id: u32) -> Result<Schema, RegistryError>;
}

/// Gives the answer to a path of the REST interface.
#[cfg_attr(
    not(feature = "kafka"),
    allow(dead_code, unreachable_pub, reason = "only a build with Kafka asks registries")
)]
pub(crate) trait Rest {
    /// The status and the text.
    fn get(&self, path: &str) -> Result<(u16, String), RegistryError>;

    /// Likewise, of what is sent there.
    fn post(&self, path: &str, body: &str) -> Result<(u16, String), RegistryError>;
}

impl<R: Rest> Registry for R {
    fn schema(&self, id: u32) -> Result<Schema, RegistryError> {
        let answer = ask(self, &format!("schemas/ids/{id}"))?;
        let (mut referred, mut left) = (Vec::new(), MOST_REFERENCES);
        refer(self, &answer.references, &mut referred, &mut left)?;
        Schema::parse_with(&answer.schema, &referred).map_err(RegistryError::Unusable)
    }
}

#[derive(Deserialize)]
struct Answer {
    schema: String,
    #[serde(rename = "schemaType")]
    of: Option<String>,
    #[serde(default)]
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Reference {
    subject: String,
    version: i64,
}

fn ask(rest: &impl Rest, path: &str) -> Result<Answer, RegistryError> {
    let (status, text) = rest.get(path)?;
    match status {
        200..300 => {}
        404 => return Err(RegistryError::Unusable(format!("the registry has no {path}"))),
        401 | 403 => return Err(refuses(status)),
        _ => {
            let said = crate::message::show(text.as_bytes());
            return Err(RegistryError::Unreachable(format!("it answers {status} to {path}: {said}")));
        }
    }
    let answer: Answer = serde_json::from_str(&text)
        .map_err(|error| RegistryError::Unreachable(format!("its answer to {path} is no schema: {error}")))?;
    match answer.of.as_deref() {
        None | Some("AVRO") => Ok(answer),
        Some(of) => {
            let of = crate::message::show(of.as_bytes());
            Err(RegistryError::Unusable(format!("of type {of}; only Avro and JSON are read")))
        }
    }
}

/// Adds an Avro schema to a subject, unless it is there; gives its number.
#[cfg_attr(
    not(feature = "kafka"),
    allow(dead_code, unreachable_pub, reason = "only a build with Kafka asks registries")
)]
pub(crate) fn register(rest: &impl Rest, subject: &str, schema: &str) -> Result<u32, RegistryError> {
    #[derive(Deserialize)]
    struct Registered {
        id: u32,
    }
    let path = format!("subjects/{}/versions", percent_encoded(subject));
    let body = serde_json::json!({ "schemaType": "AVRO", "schema": schema }).to_string();
    let (status, text) = rest.post(&path, &body)?;
    let said = || crate::message::show(text.as_bytes());
    match status {
        200..300 => {}
        401 | 403 => return Err(refuses(status)),
        404 | 409 | 422 => {
            return Err(RegistryError::Unusable(format!(
                "it does not take the schema for {subject} ({status}): {}",
                said()
            )));
        }
        _ => return Err(RegistryError::Unreachable(format!("it answers {status} to {path}: {}", said()))),
    }
    let registered: Registered = serde_json::from_str(&text)
        .map_err(|error| RegistryError::Unreachable(format!("its answer to {path} is no number: {error}")))?;
    Ok(registered.id)
}

fn refuses(status: u16) -> RegistryError {
    RegistryError::Unreachable(format!(
        "it refuses ({status}): put user and password into the URL, https://USER:PASSWORD@HOST"
    ))
}

/// What the references stand for, each after what it refers to itself.
fn refer(
    rest: &impl Rest,
    references: &[Reference],
    referred: &mut Vec<String>,
    left: &mut usize,
) -> Result<(), RegistryError> {
    for Reference { subject, version } in references {
        *left = left.checked_sub(1).ok_or_else(|| {
            RegistryError::Unusable(format!("it refers to more than {MOST_REFERENCES} others"))
        })?;
        let answer = ask(rest, &format!("subjects/{}/versions/{version}", percent_encoded(subject)))?;
        refer(rest, &answer.references, referred, left)?;
        if !referred.contains(&answer.schema) {
            referred.push(answer.schema);
        }
    }
    Ok(())
}

fn percent_encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

/// A registry at a URL.
#[cfg(not(feature = "kafka"))]
pub(crate) fn connect(_: &str) -> Result<Box<dyn Registry>, Error> {
    Err(Error::new("the schema registry", ErrorKind::WithoutKafka))
}

/// A registry at a URL.
#[cfg(feature = "kafka")]
pub(crate) fn connect(url: &str) -> Result<Box<dyn Registry>, Error> {
    Ok(Box::new(http(url)?))
}

#[cfg(feature = "kafka")]
fn http(url: &str) -> Result<http::Http, Error> {
    let address = address::Address::parse(url);
    let address = address.ok_or_else(|| Error::new("the schema registry", ErrorKind::RegistryUrl))?;
    Ok(http::Http::new(address))
}

/// A schema registry that schemas are added to, for what is written.
#[cfg(feature = "kafka")]
pub struct SchemaRegistry(http::Http);

#[cfg(feature = "kafka")]
impl SchemaRegistry {
    /// A registry at a URL, which may hold user and password; nothing is asked yet. Fails where that is no URL.
    pub fn new(url: &str) -> Result<Self, Error> {
        http(url).map(Self)
    }

    /// Adds an Avro schema to a subject, unless it is there; gives the number that values begin with.
    pub fn register(&self, subject: &str, schema: &str) -> Result<u32, RegistryError> {
        register(&self.0, subject, schema)
    }
}

/// A registry's URL, and the user and password in it.
#[cfg(any(feature = "kafka", test))]
mod address {
    /// Printed, it is without the password.
    pub(super) struct Address {
        /// Without user, password and closing slash.
        pub(super) base: String,
        /// For HTTP's basic authentication.
        pub(super) authorization: Option<String>,
    }

    impl Address {
        pub(super) fn parse(url: &str) -> Option<Self> {
            let (scheme, rest) = url.trim().split_once("://")?;
            if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
                return None;
            }
            let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            let (user, host) = match authority.rsplit_once('@') {
                Some((user, host)) => (Some(user), host),
                None => (None, authority),
            };
            if host.is_empty() || path.contains(['?', '#']) {
                return None;
            }
            let authorization = user.map(|user| format!("Basic {}", base64(&percent_decoded(user))));
            Some(Self { base: format!("{scheme}://{host}{}", path.trim_end_matches('/')), authorization })
        }
    }

    fn percent_decoded(text: &str) -> Vec<u8> {
        let (mut rest, mut bytes) = (text.as_bytes(), Vec::new());
        while let Some((&first, after)) = rest.split_first() {
            let hex = after.get(..2).filter(|_| first == b'%');
            let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
            let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
            bytes.push(byte.unwrap_or(first));
            rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
        }
        bytes
    }

    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let three = [0, 1, 2].map(|at| chunk.get(at).copied().unwrap_or_default());
            let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
            for at in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
                text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
            }
        }
        text
    }
}

#[cfg(feature = "kafka")]
mod http {
    use std::time::Duration;

    use super::{MAX_ANSWER_BYTES, RegistryError, Rest, address::Address};

    pub(super) struct Http {
        address: Address,
        agent: ureq::Agent,
    }

    impl Http {
        pub(super) fn new(address: Address) -> Self {
            // The machine's own certificates, as a company's registry needs them.
            let roots = ureq::tls::RootCerts::PlatformVerifier;
            let agent = ureq::Agent::config_builder()
                .timeout_connect(Some(Duration::from_secs(5)))
                .timeout_global(Some(Duration::from_secs(15)))
                .http_status_as_error(false)
                .max_redirects(3)
                .tls_config(ureq::tls::TlsConfig::builder().root_certs(roots).build())
                .build()
                .into();
            Self { address, agent }
        }
    }

    impl Rest for Http {
        fn get(&self, path: &str) -> Result<(u16, String), RegistryError> {
            let answer = self.with_headers(self.agent.get(self.url(path))).call();
            self.answer(path, answer)
        }

        fn post(&self, path: &str, body: &str) -> Result<(u16, String), RegistryError> {
            let request = self.with_headers(self.agent.post(self.url(path)));
            let answer = request.header("Content-Type", "application/vnd.schemaregistry.v1+json").send(body);
            self.answer(path, answer)
        }
    }

    impl Http {
        fn url(&self, path: &str) -> String {
            format!("{}/{path}", self.address.base)
        }

        fn with_headers<B>(&self, request: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
            let request =
                request.header("Accept", "application/vnd.schemaregistry.v1+json, application/json");
            match &self.address.authorization {
                Some(authorization) => request.header("Authorization", authorization),
                None => request,
            }
        }

        fn answer(
            &self,
            path: &str,
            answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
        ) -> Result<(u16, String), RegistryError> {
            let failed =
                |error: ureq::Error| RegistryError::Unreachable(format!("{}: {error}", self.url(path)));
            let mut answer = answer.map_err(failed)?;
            let status = answer.status().as_u16();
            let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_string();
            Ok((status, text.map_err(failed)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{address::Address, *};

    /// Answers from a list; anything else is not there.
    struct Canned(HashMap<&'static str, (u16, &'static str)>);

    impl Rest for Canned {
        fn get(&self, path: &str) -> Result<(u16, String), RegistryError> {
            let (status, text) = self.0.get(path).copied().unwrap_or((404, ""));
            Ok((status, text.to_owned()))
        }

        fn post(&self, path: &str, body: &str) -> Result<(u16, String), RegistryError> {
            assert_eq!(body, r#"{"schema":"\"int\"","schemaType":"AVRO"}"#);
            self.get(path)
        }
    }

    fn schema(answers: &[(&'static str, u16, &'static str)], id: u32) -> Result<Schema, RegistryError> {
        Canned(answers.iter().map(|(path, status, text)| (*path, (*status, *text))).collect()).schema(id)
    }

    #[test]
    fn a_schema_comes_with_what_it_refers_to() {
        let answers = [
            (
                "schemas/ids/1",
                200,
                r#"{"schema":"\"lab.B\"","references":[{"name":"x","subject":"b/ü","version":2}]}"#,
            ),
            (
                "subjects/b%2F%C3%BC/versions/2",
                200,
                r#"{"schema":"{\"type\":\"fixed\",\"name\":\"lab.B\",\"size\":2}","schemaType":"AVRO"}"#,
            ),
        ];
        assert!(schema(&answers, 1).is_ok());
        assert!(
            matches!(schema(&answers[..1], 1), Err(RegistryError::Unusable(why)) if why.contains("subjects/b"))
        );
    }

    #[test]
    fn a_registry_that_gives_no_schema_says_why() {
        let error = |status, text| match schema(&[("schemas/ids/7", status, text)], 7).unwrap_err() {
            RegistryError::Unusable(why) => format!("unusable: {why}"),
            RegistryError::Unreachable(why) => format!("unreachable: {why}"),
        };
        assert_eq!(error(404, ""), "unusable: the registry has no schemas/ids/7");
        assert!(error(401, "").contains("USER:PASSWORD"));
        assert_eq!(error(500, "oops"), "unreachable: it answers 500 to schemas/ids/7: oops");
        assert!(error(200, "<html>").contains("is no schema"));
        assert!(
            error(200, r#"{"schema":"message M {}","schemaType":"PROTOBUF"}"#).contains("of type PROTOBUF")
        );
        assert!(error(200, r#"{"schema":"\"lab.Missing\""}"#).contains("unknown type"));
        let round = r#"{"schema":"\"int\"","references":[{"name":"x","subject":"s","version":1}]}"#;
        let endless = schema(&[("schemas/ids/1", 200, round), ("subjects/s/versions/1", 200, round)], 1);
        assert!(matches!(endless, Err(RegistryError::Unusable(why)) if why.contains("more than 64")));
    }

    #[test]
    fn a_schema_is_added_or_it_is_said_why_not() {
        let added = |status, text| {
            let rest = Canned([("subjects/raw%2Fpower-value/versions", (status, text))].into());
            register(&rest, "raw/power-value", "\"int\"")
        };
        assert_eq!(added(200, r#"{"id": 7}"#), Ok(7));
        let refused = added(409, "incompatible");
        assert!(matches!(&refused, Err(RegistryError::Unusable(why)) if why.contains("incompatible")));
        for (status, text) in [(401, ""), (500, "oops"), (200, "<html>")] {
            assert!(matches!(added(status, text), Err(RegistryError::Unreachable(_))), "{status}");
        }
    }

    #[test]
    fn user_and_password_are_taken_out_of_the_url() {
        let parsed = |url| Address::parse(url).map(|found| (found.base, found.authorization));
        let basic = |text: &str| Some(format!("Basic {text}"));
        assert_eq!(parsed("http://h:8081/"), Some(("http://h:8081".to_owned(), None)));
        let with = parsed("https://bob:p%40ss@h/apis/ccompat/v7");
        assert_eq!(with, Some(("https://h/apis/ccompat/v7".to_owned(), basic("Ym9iOnBAc3M="))));
        assert_eq!(parsed("http://a:b@c@h").unwrap(), ("http://h".to_owned(), basic("YTpiQGM=")));
        assert!(
            ["", "h:8081", "file:///x", "http://", "http://u@/x", "http://h/?x"]
                .iter()
                .all(|url| parsed(url).is_none())
        );
    }
}
