use std::io::{Read as _, Write as _};

use knowatt_stream::socket_address;

use super::*;
use crate::hour::Hour;

fn at(address: &str) -> SocketAddr {
    socket_address("--listen", address, 8765).unwrap()
}

fn page(board: Option<Board>, token: Option<&str>) -> SocketAddr {
    let token = token.map(|token| Token::new(token).unwrap());
    serve(at("0"), Page { html: "<p>the page".into(), model: "ab".into(), board, token }).unwrap()
}

/// The answer to a request; of one that does not end, what comes within a moment.
fn ask(at: SocketAddr, head: &str) -> String {
    let mut stream = std::net::TcpStream::connect(at).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    write!(stream, "{head}\r\nConnection: close\r\n\r\n").unwrap();
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    while let Ok(read @ 1..) = stream.read(&mut part) {
        answer.extend_from_slice(&part[..read]);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn the_page_is_served_with_headers_that_let_nothing_in_and_nothing_else_is() {
    let at = page(Some(Board::default()), None);
    let answer = ask(at, "GET / HTTP/1.1\r\nHost: localhost");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("<p>the page"), "{answer}");
    for header in [
        "x-frame-options: DENY",
        "x-content-type-options: nosniff",
        "cache-control: no-store",
        "content-security-policy: frame-ancestors 'none'",
        "cross-origin-resource-policy: same-origin",
    ] {
        assert!(answer.contains(header), "{header} is not in {answer}");
    }
    assert!(!answer.contains("access-control-allow-origin"));
    for path in ["/../etc/passwd", "/model.json", "//", "/events/", "/%2e%2e/x", "/favicon.ico"] {
        let answer = ask(at, &format!("GET {path} HTTP/1.1\r\nHost: localhost"));
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
        let answer = ask(at, &format!("{method} / HTTP/1.1\r\nHost: localhost"));
        assert!(answer.starts_with("HTTP/1.1 405"), "{method}: {answer}");
    }
}

#[test]
fn a_name_that_leads_to_the_loopback_from_elsewhere_is_refused() {
    let at = page(Some(Board::default()), None);
    for path in ["/", "/events", "/healthz"] {
        let answer = ask(at, &format!("GET {path} HTTP/1.1\r\nHost: evil.example:{}", at.port()));
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    }
}

#[test]
fn with_a_token_only_who_knows_it_sees_anything() {
    let at = page(Some(Board::default()), Some("0123456789abcdef"));
    for path in ["/", "/events", "/healthz", "/nowhere"] {
        let answer = ask(at, &format!("GET {path} HTTP/1.1\r\nHost: home.example"));
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
        assert!(answer.contains("www-authenticate: Basic"), "{answer}");
        let known = "Host: home.example\r\nAuthorization: Bearer 0123456789abcdef";
        let answer = ask(at, &format!("GET {path} HTTP/1.1\r\n{known}"));
        assert!(
            answer.starts_with(if path == "/nowhere" { "HTTP/1.1 404" } else { "HTTP/1.1 200" }),
            "{answer}"
        );
    }
}

#[test]
fn an_address_that_others_reach_is_refused_without_a_token() {
    for address in ["0.0.0.0:0", "[::]:0", "192.168.1.2:8765"] {
        let page = Page { html: "".into(), model: "".into(), board: None, token: None };
        let said = serve(at(address), page).unwrap_err().to_string();
        assert!(said.contains("can be reached by others") && said.contains("--token-file"), "{said}");
    }
    assert!(socket_address("--listen", "everywhere", 8765).is_err());
}

#[test]
fn a_page_is_told_all_that_is_known_and_then_what_changes() {
    let board = Board::default();
    let hour = |start_s, wh| Hour {
        meter: "a\n</script>".to_owned(),
        start_s,
        wh,
        low_wh: 0.0,
        high_wh: 1.0,
        score: wh,
        feature: "level".to_owned(),
        is_open: false,
        heard_s: 0,
    };
    _ = board.take(&hour(0, 0.5));
    let at = page(Some(board.clone()), None);
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        _ = board.take(&hour(3600, 0.75));
    });
    let answer = ask(at, "GET /events HTTP/1.1\r\nHost: 127.0.0.1");
    later.join().unwrap();
    assert!(answer.contains("content-type: text/event-stream"), "{answer}");
    assert!(answer.contains("event: model\n") && answer.contains("data: ab\n"), "{answer}");
    let told: Vec<Vec<Hour>> = answer
        .lines()
        .filter_map(|line| line.strip_prefix("data: ").filter(|data| *data != "ab"))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    assert_eq!(told, [vec![hour(0, 0.5)], vec![hour(3600, 0.75)]]);
    let still = page(None, None);
    assert!(ask(still, "GET /events HTTP/1.1\r\nHost: localhost").starts_with("HTTP/1.1 404"));
}
