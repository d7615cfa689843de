//! How a broker is reached: its address, who we are, and whom we trust.

use std::{fmt, sync::Arc, time::Duration};

use rumqttc::{TlsConfiguration, Transport, v5::MqttOptions};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use super::MAX_PACKET_BYTES;
use crate::{config::MqttConfig, error::Error};

/// How long a connection may be quiet before the broker is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Where the user and the password are, if neither the address nor the configuration has them.
const USER_VARIABLE: &str = "KNOWATT_MQTT_USER";
const PASSWORD_VARIABLE: &str = "KNOWATT_MQTT_PASSWORD";

/// `mqtt://[user@]host[:port][/topic]`, or `mqtts://` for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_tls: bool,
    pub(crate) user: Option<String>,
    pub(crate) topic: Option<String>,
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let (is_tls, rest) = match (text.strip_prefix("mqtt://"), text.strip_prefix("mqtts://")) {
            (Some(rest), _) => (false, rest),
            (_, Some(rest)) => (true, rest),
            _ => {
                return Err(Error::change(
                    "an address of MQTT is mqtt://host:1883/topic or mqtts://host:8883/topic",
                ));
            }
        };
        let (place, topic) = rest.split_once('/').map_or((rest, None), |(place, topic)| (place, Some(topic)));
        let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        if user.is_some_and(|user| user.contains(':')) {
            return Err(Error::change(format!(
                "the address mqtt://…@{place} holds a password, which every user of the machine could see: put it in {PASSWORD_VARIABLE} or a \
                 `password-file` instead"
            )));
        }
        // The last colon, but not one within an IPv6 address.
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        };
        let port = port.map_or(Ok(if is_tls { 8883 } else { 1883 }), str::parse);
        let Ok(port @ 1..) = port else {
            return Err(Error::change(format!("`{place}` is not a host and a port, as in hub:1883")));
        };
        if host.is_empty() || host.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
            return Err(Error::change(format!(
                "`{place}` names no host; an address is mqtt://host:1883/topic"
            )));
        }
        let owned = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let (user, topic) = (user.and_then(owned), topic.and_then(owned));
        Ok(Self { host: host.to_owned(), port, is_tls, user, topic })
    }

    /// Without user and topic.
    pub(crate) fn broker(&self) -> String {
        let scheme = if self.is_tls { "mqtts" } else { "mqtt" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

/// What the client needs to know, but for what is different for source and sink.
pub(crate) fn settings(
    address: &Address,
    config: &MqttConfig,
    client_id: &str,
) -> Result<MqttOptions, Error> {
    let mut settings = MqttOptions::new(client_id, &address.host, address.port);
    settings.set_keep_alive(KEEP_ALIVE).set_max_packet_size(Some(MAX_PACKET_BYTES));
    let mut network = settings.network_options();
    network.set_tcp_nodelay(true);
    settings.set_network_options(network);
    let broker = address.broker();
    if address.is_tls {
        settings.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls(config)?))));
    } else if config.ca_file.is_some() || config.certificate_file.is_some() {
        return Err(Error::change(format!(
            "certificates are for TLS, and {broker} has none: write mqtts://"
        )));
    }
    match (user(address, config), password(config)?) {
        (Some(user), password) => _ = settings.set_credentials(user, password.unwrap_or_default()),
        (None, Some(_)) => {
            return Err(Error::change(format!(
                "a password for {broker} and no user: give `user`, or {USER_VARIABLE}"
            )));
        }
        (None, None) => {}
    }
    Ok(settings)
}

pub(crate) fn user(address: &Address, config: &MqttConfig) -> Option<String> {
    let said = address.user.clone().or_else(|| config.user.clone());
    said.or_else(|| std::env::var(USER_VARIABLE).ok()).filter(|user| !user.is_empty())
}

fn password(config: &MqttConfig) -> Result<Option<String>, Error> {
    if let Some(password) = &config.password {
        return Ok(Some(password.reveal().to_owned()));
    }
    let Some(path) = &config.password_file else {
        return Ok(std::env::var(PASSWORD_VARIABLE).ok().filter(|password| !password.is_empty()));
    };
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned())),
        Err(error) => {
            Err(Error::change(format!("the password file {} cannot be read: {error}", path.display())))
        }
    }
}

/// The machine's certificates, or those of a file; and our own, if there is one.
fn tls(config: &MqttConfig) -> Result<ClientConfig, Error> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &config.ca_file {
        let unusable = |what: &dyn fmt::Display| {
            Error::change(format!("the certificates of {} cannot be used: {what}", path.display()))
        };
        let found = CertificateDer::pem_file_iter(path).map_err(|error| unusable(&error))?;
        for certificate in found {
            let certificate = certificate.map_err(|error| unusable(&error))?;
            roots.add(certificate).map_err(|error| unusable(&error))?;
        }
        if roots.is_empty() {
            return Err(unusable(&"no certificate in PEM is in it"));
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(Error::outside(
                "this machine has no certificates to know a broker by: name them with `ca-file`, or install ca-certificates",
            ));
        }
    }
    let unusable = |what: &dyn fmt::Display| Error::change(format!("TLS cannot be used: {what}"));
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?
        .with_root_certificates(roots);
    match (&config.certificate_file, &config.key_file) {
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(certificate), Some(key)) => {
            let chain = CertificateDer::pem_file_iter(certificate).and_then(Iterator::collect);
            let chain =
                chain.map_err(|error| unusable(&format_args!("{}: {error}", certificate.display())))?;
            let private = PrivateKeyDer::from_pem_file(key);
            let private = private.map_err(|error| unusable(&format_args!("{}: {error}", key.display())))?;
            builder.with_client_auth_cert(chain, private).map_err(|error| unusable(&error))
        }
        _ => Err(Error::change("a certificate of our own needs both `certificate-file` and `key-file`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    #[test]
    fn an_address_is_a_broker_and_a_topic() {
        let parsed = |text: &str| {
            let Address { host, port, is_tls, user, topic } = Address::parse(text).unwrap();
            format!("{host}|{port}|{is_tls}|{}|{}", user.unwrap_or_default(), topic.unwrap_or_default())
        };
        assert_eq!(parsed("mqtt://hub"), "hub|1883|false||");
        assert_eq!(parsed("mqtts://hub/"), "hub|8883|true||");
        assert_eq!(parsed("mqtt://home@hub:1884/tele/+/SENSOR"), "hub|1884|false|home|tele/+/SENSOR");
        assert_eq!(parsed("mqtt://[::1]:1884/#"), "[::1]|1884|false||#");
        assert_eq!(parsed("mqtt://[::1]/a"), "[::1]|1883|false||a");
        assert_eq!(parsed("mqtt://hub//a"), "hub|1883|false||/a");
    }

    #[test]
    fn what_is_no_address_says_so_and_shows_no_password() {
        let refused = |text: &str| Address::parse(text).unwrap_err().to_string();
        for text in
            ["mqtt://", "mqtt://:1883", "mqtt://hub:0", "mqtt://hub:70000", "mqtt://hub:x/t", "mqtt://a b"]
        {
            assert!(!refused(text).is_empty(), "{text}");
        }
        let said = refused("mqtt://home:hunter2@hub:1883/t");
        assert!(said.contains("KNOWATT_MQTT_PASSWORD") && !said.contains("hunter2"), "{said}");
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "**REDACTED**");
    }

    #[test]
    fn a_password_wants_a_user_and_certificates_want_tls() {
        let address = Address::parse("mqtt://hub").unwrap();
        let refused = |config: MqttConfig| settings(&address, &config, "id").err().unwrap().to_string();
        let config = MqttConfig { password: Some(Secret::from("hunter2")), ..MqttConfig::default() };
        assert_eq!(
            refused(config),
            "a password for mqtt://hub:1883 and no user: give `user`, or KNOWATT_MQTT_USER"
        );
        let config = MqttConfig { ca_file: Some("ca.pem".into()), ..MqttConfig::default() };
        assert!(refused(config).contains("write mqtts://"));
        let config = MqttConfig { password_file: Some("/nowhere/password".into()), ..MqttConfig::default() };
        assert!(refused(config).starts_with("the password file /nowhere/password cannot be read"));
    }
}
