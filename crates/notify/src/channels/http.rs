//! A request over HTTP, and what its answer means for the message.
//!
//! | answer | |
//! |---|---|
//! | 2xx | sent |
//! | none, or half of one; 408, 425, 429, 5xx | again, not before `Retry-After` |
//! | 3xx | never: a redirection would be given the secrets too |
//! | any other | never |

use std::{io::ErrorKind, time::Duration};

use jiff::fmt::rfc2822;
use knowatt_stream::{Error, clock};
use ureq::{
    Agent, Body, RequestBuilder,
    http::{HeaderMap, Response},
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
    typestate::WithBody,
};

use super::Access;
use crate::channel::{Failure, LONGEST_WAIT, Then};

/// So much of an answer is read, in bytes.
const MAX_ANSWER_BYTES: u64 = 64 << 10;
/// Asks servers.
pub(super) struct Http {
    agent: Agent,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
    headers: HeaderMap,
}

impl Http {
    pub(super) fn new(access: &Access) -> Result<Self, Error> {
        let roots = match &access.ca_file {
            None => RootCerts::PlatformVerifier,
            Some(path) => {
                let wrong = |why: String| Error::change(format!("ca-file {}: {why}", path.display()));
                let pem = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
                let certificates = parse_pem(&pem).filter_map(|item| match item {
                    Ok(PemItem::Certificate(certificate)) => Some(certificate),
                    _ => None,
                });
                let certificates: Vec<Certificate<'static>> = certificates.collect();
                if certificates.is_empty() {
                    return Err(wrong("no certificate in PEM is in it".to_owned()));
                }
                RootCerts::from(certificates)
            }
        };
        let agent = Agent::config_builder()
            .timeout_global(Some(access.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .user_agent(concat!("knowatt/", env!("CARGO_PKG_VERSION")))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        Ok(Self { agent: agent.into() })
    }

    /// A request with a body.
    pub(super) fn post(&self, url: &str) -> RequestBuilder<WithBody> {
        self.agent.post(url).content_type("application/json")
    }

    /// Likewise, which replaces what is there.
    pub(super) fn put(&self, url: &str) -> RequestBuilder<WithBody> {
        self.agent.put(url).content_type("application/json")
    }

    /// Asks, with a token.
    pub(super) fn get(&self, url: &str, authorization: &str) -> Result<Answer, Failure> {
        answer(self.agent.get(url).header("Authorization", authorization).call())
    }
}

/// Sends a request.
pub(super) fn send(request: RequestBuilder<WithBody>, body: &str) -> Result<Answer, Failure> {
    answer(request.send(body))
}

fn answer(answer: Result<Response<Body>, ureq::Error>) -> Result<Answer, Failure> {
    let failed = |error: ureq::Error| match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::RequireHttpsOnly(_) => {
            Failure::never(format!("it cannot be asked: {error}"))
        }
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed => {
            Failure::again(format!("it cannot be reached: {error}"))
        }
        ureq::Error::Io(error) if error.kind() == ErrorKind::ConnectionRefused => {
            Failure::again(format!("it cannot be reached: {error}"))
        }
        ureq::Error::Timeout(_) => Failure::again(format!("no answer in time: {error}")),
        error => Failure::again(format!("no whole answer: {error}")),
    };
    let mut answer = answer.map_err(failed)?;
    let status = answer.status().as_u16();
    let headers = answer.headers().clone();
    let text = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).lossy_utf8(true).read_to_string();
    let text = match text {
        Ok(text) => text,
        // It was taken, or refused: how, nobody needs to know.
        Err(ureq::Error::BodyExceedsLimit(_)) => String::new(),
        Err(error) => return Err(failed(error)),
    };
    let answer = Answer { status, text, headers };
    let (why, then) = match status {
        200..=299 => return Ok(answer),
        408 | 425 | 429 | 500..=599 => (format!("answer {status}"), Then::Again(answer.retry_after())),
        300..=399 => {
            let why = format!(
                "answer {status}, a redirection, which is not followed: name the address that it leads to"
            );
            let said = answer.header("location").unwrap_or_default().to_owned();
            return Err(Failure { why, said, then: Then::Never });
        }
        _ => (format!("answer {status}"), Then::Never),
    };
    Err(Failure { why, said: answer.text, then })
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// How long it wants us to wait: in seconds, or until a date; or as Pushbullet says it, until so many seconds since 1970.
    fn retry_after(&self) -> Option<Duration> {
        let until = |at_s: i64| Some(at_s.saturating_sub(clock::now().as_second()));
        let seconds = match self.header("retry-after").map(str::trim) {
            Some(text) => {
                let date = || until(rfc2822::parse(text).ok()?.timestamp().as_second());
                text.parse().ok().or_else(date)
            }
            None if self.status == 429 => until(self.header("x-ratelimit-reset")?.trim().parse().ok()?),
            None => None,
        };
        Some(Duration::from_secs(u64::try_from(seconds?).unwrap_or(0)).min(LONGEST_WAIT))
    }

    /// What came back.
    pub(super) fn told(&self) -> String {
        format!("answer {} {}", self.status, self.text)
    }
}

/// An address of HTTP, without the slash at its end.
pub(super) fn address(url: &str, what: &str) -> Result<String, Error> {
    let is_one = (url.starts_with("http://") || url.starts_with("https://"))
        && url.parse::<ureq::http::Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    let has_password = url
        .split_once("://")
        .is_some_and(|(_, rest)| rest.split('/').next().is_some_and(|place| place.contains('@')));
    if has_password {
        return Err(Error::change(format!(
            "{what}: an address with a user or a password in it is shown in messages: give them otherwise"
        )));
    }
    if !is_one {
        return Err(Error::change(format!(
            "{what} is not an address such as http://homeassistant.local:8123"
        )));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

/// JSON that cannot fail to be made.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Failure::never(format!("no JSON can be made of it: {error}")))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
    };

    use super::*;

    /// Asks a server that gives this answer.
    fn asked(answer: &'static str) -> Result<String, Failure> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4096];
            _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let access = Access { timeout: Duration::from_secs(5), ca_file: None };
        let came = send(Http::new(&access).unwrap().post(&url), "{}").map(|answer| answer.told());
        server.join().unwrap();
        came
    }

    fn again(answer: &'static str) -> Option<u64> {
        match asked(answer) {
            Err(Failure { then: Then::Again(after), .. }) => after.map(|after| after.as_secs()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_is_taken_tried_again_or_given_up_by_its_status() {
        assert_eq!(asked("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{ }"), Ok("answer 200 { }".to_owned()));
        let refused = asked("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
        assert_eq!(refused, Err(Failure { said: "no".to_owned(), ..Failure::never("answer 403") }));
        let redirected =
            asked("HTTP/1.1 301 Moved\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n");
        assert!(
            matches!(redirected, Err(Failure { said, then: Then::Never, .. }) if said == "http://elsewhere/")
        );
        assert_eq!(again("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"), None);
        assert_eq!(again("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n{\"half"), None);
        assert_eq!(again(""), None);
    }

    #[test]
    fn how_long_to_wait_is_taken_from_the_answer() {
        assert_eq!(again("HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"), Some(7));
        assert_eq!(
            again(
                "HTTP/1.1 503 No\r\nRetry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\nContent-Length: 0\r\n\r\n"
            ),
            Some(0)
        );
        assert_eq!(
            again("HTTP/1.1 429 Slow\r\nRetry-After: 99999999\r\nContent-Length: 0\r\n\r\n"),
            Some(86_400)
        );
        assert_eq!(again("HTTP/1.1 429 Slow\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n"), None);
        assert_eq!(again("HTTP/1.1 429 Slow\r\nX-Ratelimit-Reset: 1\r\nContent-Length: 0\r\n\r\n"), Some(0));
    }

    #[test]
    fn an_address_has_no_password_and_no_slash_at_its_end() {
        assert_eq!(address("http://hub:8123/", "url").unwrap(), "http://hub:8123");
        for wrong in ["hub:8123", "ftp://hub", "http://", "http://a b/"] {
            assert!(address(wrong, "url").is_err(), "{wrong}");
        }
        let said = address("http://bob:hunter2@hub/", "url").unwrap_err().to_string();
        assert!(said.contains("password") && !said.contains("hunter2"), "{said}");
    }
}
