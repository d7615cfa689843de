//! The server: the page, its events, and nothing else.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
    routing::get,
};
use futures_util::{StreamExt as _, stream};
use knowatt_stream::{Error, http};
use tokio::sync::broadcast::error::RecvError;
use tracing::error;

use crate::{
    access::{Token, is_for_loopback},
    board::Board,
};

/// So long a page waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);
/// How often a page that nothing is told to hears that there is somebody.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// More pages than these are turned away.
const MOST_PAGES: usize = 500;

/// What is served.
#[derive(Clone)]
pub struct Page {
    /// The page.
    pub html: Bytes,
    /// The SHA-256 of its model: an open page of another one loads itself anew.
    pub model: Arc<str>,
    /// What it is told, if it is live.
    pub board: Option<Board>,
    /// What whoever looks must know; nothing, on the loopback.
    pub token: Option<Token>,
}

#[derive(Clone)]
struct Served {
    page: Page,
    pages: Arc<AtomicUsize>,
}

/// Serves from a thread of its own, for as long as the process lives; gives the address. Refuses an address that others can reach
/// where no token is asked for.
pub fn serve(socket: SocketAddr, page: Page) -> Result<SocketAddr, Error> {
    if !socket.ip().is_loopback() && page.token.is_none() {
        return Err(Error::change(format!(
            "{socket} can be reached by others, who would see when someone is at home: name a file with a token (--token-file), or listen on 127.0.0.1:{}",
            socket.port()
        )));
    }
    let failed = |why: std::io::Error| Error::change(format!("nothing can be served at {socket}: {why}"));
    let served = Served { page, pages: Arc::default() };
    let app = Router::new()
        .route("/", get(html))
        .route("/events", get(events))
        .route("/healthz", get(async || "ok\n"))
        .layer(middleware::from_fn_with_state(served.clone(), guard))
        .with_state(served);
    let ended = |why| error!("the page is no longer served: {why}");
    http::serve(socket, app, "pages", ended).map_err(failed)
}

/// Lets in who may look, and says in every answer what a browser may do with it.
async fn guard(State(served): State<Served>, request: Request, next: Next) -> Response {
    let mut answer = match &served.page.token {
        None if !is_for_loopback(request.headers()) => {
            (StatusCode::FORBIDDEN, "this is served to this machine only: ask for localhost\n")
                .into_response()
        }
        Some(token) if !token.is_known(request.headers()) => {
            let ask = [(header::WWW_AUTHENTICATE, "Basic realm=\"knowatt: the token is the password\"")];
            (StatusCode::UNAUTHORIZED, ask, "the token is asked for\n").into_response()
        }
        _ => next.run(request).await,
    };
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Beside the page's own, which a page cannot say of itself.
        (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in headers {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

async fn html(State(served): State<Served>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], served.page.html)
}

/// The model, all that is known, and then what changes.
async fn events(State(served): State<Served>) -> Response {
    let Some(board) = served.page.board else { return StatusCode::NOT_FOUND.into_response() };
    let Some(open) = OpenPage::count(served.pages) else {
        return (StatusCode::SERVICE_UNAVAILABLE, format!("{MOST_PAGES} pages are open; close some\n"))
            .into_response();
    };
    // In this order: what comes in between is told twice, not never.
    let listening = board.listen();
    let model = Event::default().event("model").retry(RETRY).data(&*served.page.model);
    let all = Event::default().data(&*board.all());
    let changes = stream::unfold((board, listening, open), |(board, mut listening, open)| async {
        let told = match listening.recv().await {
            Ok(told) => told,
            Err(RecvError::Lagged(_)) => {
                // What lies between is in it.
                listening = board.listen();
                board.all()
            }
            Err(RecvError::Closed) => return None,
        };
        Some((Event::default().data(&*told), (board, listening, open)))
    });
    let told = stream::iter([model, all]).chain(changes).map(Ok::<_, Infallible>);
    Sse::new(told).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

/// One of the pages that are open, for as long as it is.
struct OpenPage(Arc<AtomicUsize>);

impl OpenPage {
    /// None where there are too many.
    fn count(pages: Arc<AtomicUsize>) -> Option<Self> {
        let before = pages.fetch_add(1, Ordering::Relaxed);
        let page = Self(pages);
        (before < MOST_PAGES).then_some(page)
    }
}

impl Drop for OpenPage {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
