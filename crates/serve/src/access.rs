//! Who may look: on the loopback whoever is there, elsewhere who knows the token.
//!
//! Any site that a browser has open can send it to an address of the loopback, by a name of its own that leads there (DNS
//! rebinding); so without a token only names of the loopback are answered. The token is asked for as a password (RFC 7617,
//! which browsers know, with any user's name) or sent as a bearer (RFC 6750).

use axum::http::{HeaderMap, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use knowatt_stream::Error;
use sha2::{Digest as _, Sha256};

/// Shorter tokens can be guessed.
const LEAST_TOKEN_BYTES: usize = 16;

/// What whoever looks must know. Only its digest is kept.
#[derive(Clone)]
pub struct Token([u8; 32]);

impl Token {
    /// A token; refused if it is short.
    pub fn new(text: &str) -> Result<Self, Error> {
        let text = text.trim();
        if text.len() < LEAST_TOKEN_BYTES {
            return Err(Error::change(format!(
                "the token has {} bytes; take {LEAST_TOKEN_BYTES} and more, of openssl rand -hex 16, say",
                text.len()
            )));
        }
        Ok(Self(digest(text.as_bytes())))
    }

    /// Whether a request knows it. Digests are compared, so that the time it takes tells nothing of the token.
    pub(crate) fn is_known(&self, headers: &HeaderMap) -> bool {
        let Some((scheme, given)) = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
        else {
            return false;
        };
        let given = given.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return digest(given.as_bytes()) == self.0;
        }
        let decoded = STANDARD.decode(given).unwrap_or_default();
        let password = decoded.iter().position(|byte| *byte == b':').map(|colon| &decoded[colon + 1..]);
        scheme.eq_ignore_ascii_case("basic") && password.is_some_and(|password| digest(password) == self.0)
    }
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Whether a request is for a name of the loopback.
pub(crate) fn is_for_loopback(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or("", |(address, _)| address),
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn the_token_is_known_as_a_password_or_a_bearer_and_not_otherwise() {
        let token = Token::new("0123456789abcdef\n").unwrap();
        let is_known = |value: &str| token.is_known(&headers(header::AUTHORIZATION, value));
        assert!(is_known("Bearer 0123456789abcdef"));
        assert!(is_known(&format!("Basic {}", STANDARD.encode("any one:0123456789abcdef"))));
        for wrong in [
            "Bearer 0123456789abcde",
            "Bearer",
            "Bearer ",
            "Digest 0123456789abcdef",
            "Basic 0123456789abcdef",
            &format!("Basic {}", STANDARD.encode("0123456789abcdef")),
            &format!("Basic {}", STANDARD.encode("a:b:0123456789abcdef")),
        ] {
            assert!(!is_known(wrong), "{wrong}");
        }
        assert!(!token.is_known(&HeaderMap::new()));
        assert!(Token::new("0123456789abcde").is_err());
    }

    #[test]
    fn only_names_of_the_loopback_are_of_it() {
        for host in ["localhost", "localhost:8765", "127.0.0.1:8765", "127.9.9.9", "[::1]:8765", "LOCALHOST"]
        {
            assert!(is_for_loopback(&headers(header::HOST, host)), "{host}");
        }
        for host in
            ["evil.example", "localhost.evil.example", "192.168.1.2:8765", "[::2]", "127.0.0.1.evil", ""]
        {
            assert!(!is_for_loopback(&headers(header::HOST, host)), "{host}");
        }
    }
}
