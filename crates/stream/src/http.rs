//! Metrics and health over HTTP: `/metrics` for Prometheus (`OpenMetrics` text), `/healthz` for whoever restarts what hangs.
//!
//! Off unless asked for. A port without an address is one of the loopback. Nothing can be changed over it, and nothing of a
//! reading is told by it.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};
use tracing::{error, info};

use crate::{error::Error, metrics::Metric, socket::socket_address};

/// A stream that has not looked at the clock for so long hangs.
const HANGS: Duration = Duration::from_secs(60);
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is served.
#[derive(Clone)]
pub struct Health(Arc<Mutex<Snapshot>>);

#[derive(Debug)]
struct Snapshot {
    metrics: Vec<Metric>,
    alive: Instant,
}

impl Health {
    /// Serves at `address`, which is `PORT` or `ADDRESS:PORT`, from a thread of its own.
    pub fn serve(address: &str) -> Result<Self, Error> {
        let socket = socket_address("metrics", address, 9464)?;
        let failed = |why: io::Error| Error::change(format!("metrics cannot be served at {socket}: {why}"));
        let health = Self(Arc::new(Mutex::new(Snapshot { metrics: Vec::new(), alive: Instant::now() })));
        let app = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(healthz))
            .with_state(health.clone());
        let ended = |why| error!("metrics are no longer served: {why}");
        let at = serve(socket, app, "metrics", ended).map_err(failed)?;
        info!("metrics at http://{at}/metrics");
        Ok(health)
    }

    /// Takes what is to be told from now on, and notes that the stream is alive.
    pub fn tell(&self, metrics: Vec<Metric>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Snapshot { metrics, alive: Instant::now() };
    }
}

/// Serves over HTTP from a thread of that name, for as long as the process lives; gives the address. `ended` is told why, should it end.
pub fn serve(
    socket: SocketAddr,
    app: Router,
    thread: &str,
    ended: impl FnOnce(io::Error) + Send + 'static,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(socket)?;
    listener.set_nonblocking(true)?;
    let at = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let serve = move || {
        let served =
            runtime.block_on(async { axum::serve(tokio::net::TcpListener::from_std(listener)?, app).await });
        if let Err(why) = served {
            ended(why);
        }
    };
    std::thread::Builder::new().name(thread.to_owned()).spawn(serve)?;
    Ok(at)
}

async fn metrics(State(health): State<Health>) -> impl IntoResponse {
    let metrics = health.0.lock().unwrap_or_else(PoisonError::into_inner).metrics.clone();
    let mut registry = Registry::with_prefix("knowatt");
    registry.register_collector(Box::new(Told(metrics)));
    let mut told = String::new();
    match text::encode(&mut told, &registry) {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], told).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn healthz(State(health): State<Health>) -> impl IntoResponse {
    let silent = health.0.lock().unwrap_or_else(PoisonError::into_inner).alive.elapsed();
    if silent < HANGS {
        (StatusCode::OK, "ok\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, format!("nothing has gone on for {} s\n", silent.as_secs()))
    }
}

#[derive(Debug)]
struct Told(Vec<Metric>);

impl Collector for Told {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        for Metric { name, help, is_counter, label, values } in &self.0 {
            let kind = if *is_counter { MetricType::Counter } else { MetricType::Gauge };
            let mut family = encoder.encode_descriptor(name, help, None, kind)?;
            for (labelled, value) in values {
                let labels = [(*label, *labelled)];
                let labels: &[(&str, &str)] = if label.is_empty() { &[] } else { &labels };
                let one = family.encode_family(&labels)?;
                if *is_counter {
                    ConstCounter::new(*value).encode(one)?;
                } else {
                    ConstGauge::new(*value).encode(one)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;
    use crate::Counts;

    fn get(at: u16, path: &str) -> String {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", at)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn what_a_stream_did_is_told_as_metrics() {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let health = Health::serve(&port.to_string()).unwrap();
        health.tell(
            Counts { messages: 7, anomalies: [2, 0, 1], newest_ms: Some(1_500), ..Counts::default() }
                .metrics(),
        );
        let told = get(port, "/metrics");
        for line in [
            "# TYPE knowatt_messages counter",
            "knowatt_messages_total 7.0",
            "knowatt_anomalies_total{kind=\"level\"} 2.0",
            "knowatt_anomalies_total{kind=\"early\"} 1.0",
            "knowatt_left_out_total{reason=\"late\"} 0.0",
            "knowatt_newest_sample_timestamp_seconds 1.5",
            "# EOF",
        ] {
            assert!(told.lines().any(|told| told == line), "{line} is not in:\n{told}");
        }
        assert!(get(port, "/healthz").starts_with("HTTP/1.1 200 OK"));
        assert!(get(port, "/../etc/passwd").starts_with("HTTP/1.1 404"));
    }

    #[test]
    fn an_address_that_is_none_or_taken_is_said() {
        let said = |address: &str| match Health::serve(address) {
            Ok(_) => panic!("{address} is served"),
            Err(error) => error.to_string(),
        };
        assert!(said("everywhere").contains("is not a port (9464)"));
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(
            said(&port.to_string()).starts_with(&format!("metrics cannot be served at 127.0.0.1:{port}: "))
        );
    }
}
