//! E-mail over SMTP, by `lettre`.
//!
//! At least once; the `Message-ID` is the message's key, by which many servers and readers drop what comes again.

use std::time::Duration;

use knowatt_stream::{Error, config::Secret};
use lettre::{
    Message as Letter, SmtpTransport, Transport as _,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use serde::Deserialize;

use super::Access;
use crate::{
    channel::{Channel, Failure},
    message::Message,
    secret::SecretSource,
};

/// `kind = "mail"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MailConfig {
    /// The server that takes the mail.
    pub host: String,
    /// 587, with `tls = "tls"` 465, with `tls = "none"` 25.
    pub port: Option<u16>,
    /// How the way there is kept private.
    #[serde(default)]
    pub tls: MailTls,
    /// Who we are there.
    pub user: Option<String>,
    /// How we prove it.
    pub password: Option<SecretSource>,
    /// The sender.
    pub from: String,
    /// Who gets it.
    pub to: Vec<String>,
}

/// How the way to the mail server is kept private.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From the server's first answer on; without it nothing is sent.
    #[default]
    Starttls,
    /// From the beginning.
    Tls,
    /// Not at all: for a server on this machine.
    None,
}

/// Sends mail.
pub struct Mail {
    transport: SmtpTransport,
    from: Mailbox,
    to: Vec<Mailbox>,
    domain: String,
}

impl Mail {
    /// Nothing is asked yet.
    pub fn new(config: &MailConfig, password: Option<&Secret>, access: &Access) -> Result<Self, Error> {
        let mailbox = |address: &String| {
            address
                .parse::<Mailbox>()
                .map_err(|error| Error::change(format!("`{address}` is no address of mail: {error}")))
        };
        let from = mailbox(&config.from)?;
        let to = config.to.iter().map(mailbox).collect::<Result<Vec<_>, _>>()?;
        if to.is_empty() {
            return Err(Error::change("no `to`: name who gets the mail"));
        }
        let tls = || -> Result<TlsParameters, Error> {
            let mut tls = TlsParameters::builder(config.host.clone());
            if let Some(path) = &access.ca_file {
                let wrong = |why: String| Error::change(format!("ca-file {}: {why}", path.display()));
                let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                tls = tls.add_root_certificate(
                    Certificate::from_pem(&pem).map_err(|error| wrong(error.to_string()))?,
                );
            }
            tls.build().map_err(|error| Error::outside(format!("TLS cannot be used: {error}")))
        };
        let (tls, port) = match config.tls {
            MailTls::Starttls => (Tls::Required(tls()?), 587),
            MailTls::Tls => (Tls::Wrapper(tls()?), 465),
            MailTls::None => (Tls::None, 25),
        };
        let timeout: Duration = access.timeout;
        let mut transport = SmtpTransport::builder_dangerous(&config.host)
            .port(config.port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(timeout));
        match (&config.user, password) {
            (Some(user), Some(password)) => {
                if config.tls == MailTls::None {
                    return Err(Error::change(
                        "a password is not sent without TLS: take `tls` away, or the password",
                    ));
                }
                transport =
                    transport.credentials(Credentials::new(user.clone(), password.reveal().to_owned()));
            }
            (None, None) => {}
            _ => return Err(Error::change("`user` and `password` go together")),
        }
        let domain = from.email.domain().to_owned();
        Ok(Self { transport: transport.build(), from, to, domain })
    }
}

impl Channel for Mail {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let mut letter = Letter::builder()
            .from(self.from.clone())
            .message_id(Some(format!("<{}@{}>", message.key, self.domain)))
            .subject(&message.title)
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            letter = letter.to(to.clone());
        }
        let letter = letter.body(message.text.clone());
        let letter = letter.map_err(|error| Failure::never(format!("no mail can be made of it: {error}")))?;
        match self.transport.send(&letter) {
            Ok(response) => {
                Ok(format!("{} {}", response.code(), response.message().collect::<Vec<_>>().join(" ")))
            }
            Err(error) => {
                let why = told(&error);
                Err(if error.is_permanent() { Failure::never(why) } else { Failure::again(why) })
            }
        }
    }
}

/// An error with what caused it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}
