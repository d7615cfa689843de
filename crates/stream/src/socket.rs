//! Where to listen.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::error::Error;

/// `PORT`, which is one of the loopback, or `ADDRESS:PORT`. `what` and the usual port are for the message if it is neither.
pub fn socket_address(what: &str, text: &str, usual: u16) -> Result<SocketAddr, Error> {
    match text.parse::<u16>() {
        Ok(port) => Ok(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)),
        Err(_) => text.parse().map_err(|_| {
            Error::change(format!(
                "{what}: `{text}` is not a port ({usual}) or address and port (127.0.0.1:{usual})"
            ))
        }),
    }
}
