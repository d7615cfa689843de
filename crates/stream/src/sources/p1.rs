//! A smart meter's P1 port: telegrams as they come, from a serial port or from a reader that gives them over TCP.
//!
//! Source: Netbeheer Nederland, *P1 Companion Standard*: 115200 baud, 8 data bits, no parity, 1 stop bit (section 5.6 of DSMR 5); meters of DSMR 2 and 3
//! 9600 baud, 7 bits, even parity. What a telegram says, and how it is checked, is told in `knowatt-readings`, whose parser
//! this is. TCP is plain bytes, as `ser2net` in its mode `raw` and readers on the home's network give them.
//!
//! - Samples are the counter's state (or the power, where there is no counter). Of a **counter** only the first in each
//!   [`P1Options::every`] of the meter's clock is given: what was used between two is their difference, so nothing is lost, and there is one at each full hour.
//! - A cable that is pulled or a peer that goes is said once, as is its return; in between it is tried again, after 1 s and then ever
//!   more rarely, half a minute at most. Over TCP a minute without a telegram counts as gone. What the meter says meanwhile is lost, but not what was used:
//!   its counter goes on, and pauses up to an hour are bridged by it.
//! - A telegram that is spoilt or breaks off is poison. What comes between telegrams is not read.

use std::{
    io::{self, Read as _},
    net::{TcpStream, ToSocketAddrs as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use knowatt_readings::{Kind, Live, LiveSample, P1Telegrams};
use serde::Deserialize;

use crate::{
    clock,
    error::Error,
    pause::jittered,
    source::{Body, Incoming, Message, Place, Read, Repeats, Source},
    span::Span,
};

/// How long a read waits, and so how long closing may take.
const READ: Duration = Duration::from_millis(200);
const CONNECT: Duration = Duration::from_secs(3);
/// After so long without a telegram something is wrong.
const SILENT: Duration = Duration::from_secs(60);
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Of a counter one sample in so long, unless it is said otherwise.
const EVERY_MS: i64 = 10_000;
/// So many samples wait to be taken.
const WAITING: usize = 1024;
/// The longest line and the longest telegram: a text message is 2 KiB, a telegram some KiB.
const MAX_LINE_BYTES: usize = 8 << 10;
const MAX_TELEGRAM_BYTES: usize = 64 << 10;

/// `[source.p1]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct P1Options {
    /// How the serial port is set.
    pub serial: SerialSettings,
    /// Of a counter one sample in so long [default: 10s].
    pub every: Option<Span>,
}

/// A port, and what is read of it.
#[derive(Debug, Clone)]
struct Port {
    /// `/dev/ttyUSB0`, or `host:port` of a reader that gives telegrams over TCP.
    name: String,
    serial: SerialSettings,
}

/// How a serial port is set: speed, bits, parity, stop bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum SerialSettings {
    /// Meters of DSMR 4 and 5, and those of Belgium, Luxembourg and Sweden.
    #[default]
    #[serde(rename = "115200-8n1")]
    Baud115200,
    /// Meters of DSMR 2 and 3.
    #[serde(rename = "9600-7e1")]
    Baud9600,
}

/// What comes of the port.
#[derive(Debug, PartialEq)]
enum Heard {
    Sample(LiveSample<'static>),
    Poison(Vec<u8>, String),
}

/// Telegrams as they come.
pub struct P1 {
    port: String,
    /// None once it is closed.
    heard: Option<Receiver<Heard>>,
    current: Option<Heard>,
    samples: i64,
    is_closing: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl P1 {
    /// Opens a port, which must be there: `/dev/ttyUSB0`, or `host:port` of a reader that gives telegrams over TCP. Of the
    /// telegrams the counter is read, or the power if that is asked for; with `net` less what was given to the grid.
    pub fn open(port: &str, options: &P1Options, kind: Option<Kind>, net: bool) -> Result<Self, Error> {
        let port = Port { name: port.to_owned(), serial: options.serial };
        let wire = Wire::open(&port).map_err(|why| Error::outside(format!("{why}; nothing was read")))?;
        let name = port.name.clone();
        let (sender, heard) = sync_channel(WAITING);
        let is_closing = Arc::new(AtomicBool::new(false));
        let ear = Ear::new(P1Telegrams::new(kind, net), options.every);
        let reader = Reader { port, ear, sender, is_closing: is_closing.clone() };
        let thread = Some(thread::spawn(move || reader.run(wire)));
        Ok(Self { port: name, heard: Some(heard), current: None, samples: 0, is_closing, thread })
    }
}

impl Drop for P1 {
    /// Waits until the port is closed, so that it can be opened again.
    fn drop(&mut self) {
        self.is_closing.store(true, Ordering::Relaxed);
        self.heard = None;
        if let Some(thread) = self.thread.take() {
            _ = thread.join();
        }
    }
}

impl Source for P1 {
    fn next(&mut self, patience: Duration) -> Result<Incoming<'_>, Error> {
        let Some(heard) = &self.heard else { return Ok(Incoming::End) };
        match heard.recv_timeout(patience) {
            Ok(heard) => self.current = Some(heard),
            Err(RecvTimeoutError::Timeout) => return Ok(Incoming::Nothing),
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::again(format!("reading {} ended unexpectedly", self.port)));
            }
        }
        self.samples += 1;
        let body = match &self.current {
            Some(Heard::Sample(sample)) => Body::Sample(sample.clone()),
            Some(Heard::Poison(bytes, why)) => Body::Poison { bytes, why: why.clone() },
            None => return Ok(Incoming::Nothing),
        };
        let place = Place { partition: 0, offset: self.samples };
        Ok(Incoming::Message(Message { place, is_committed: false, body }))
    }

    fn commit(&mut self, _read: &[Read]) -> Result<(), Error> {
        Ok(())
    }

    fn repeats(&self) -> Repeats {
        Repeats::Never
    }

    fn name(&self) -> String {
        format!("the P1 port {}", self.port)
    }
}

/// Telegrams out of bytes.
struct Ear {
    telegrams: P1Telegrams,
    line: Vec<u8>,
    /// The telegram as it came so far.
    telegram: Vec<u8>,
    every_ms: i64,
    /// The stretch of time of the counter's sample before.
    stretch: Option<i64>,
}

impl Ear {
    fn new(telegrams: P1Telegrams, every: Option<Span>) -> Self {
        let every_ms = every.map_or(EVERY_MS, |every| every.millis().max(1));
        Self { telegrams, line: Vec::new(), telegram: Vec::new(), every_ms, stretch: None }
    }

    /// Takes what came; gives whether a telegram ended.
    fn hear(&mut self, bytes: &[u8], came_ms: i64, heard: &mut impl FnMut(Heard)) -> bool {
        let mut has_ended = false;
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            // Noise without a line feed must not fill the memory: its beginning goes.
            if self.line.len() + piece.len() > MAX_LINE_BYTES {
                self.line.clear();
            }
            self.line.extend_from_slice(&piece[..piece.len().min(MAX_LINE_BYTES)]);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                has_ended |= self.line(&line, came_ms, heard);
            }
        }
        has_ended
    }

    fn line(&mut self, line: &[u8], came_ms: i64, heard: &mut impl FnMut(Heard)) -> bool {
        let was_within = self.telegrams.is_within();
        let told = self.telegrams.push(line.strip_suffix(b"\n").unwrap_or(line), Some(came_ms));
        let is_end = was_within && !self.telegrams.is_within();
        if is_end {
            self.keep(line);
        }
        let telegram = if told.is_some() { std::mem::take(&mut self.telegram) } else { Vec::new() };
        if self.telegrams.is_within() {
            self.keep(line);
        }
        match told {
            Some(Live::Sample(sample)) if self.is_wanted(&sample) => heard(Heard::Sample(sample)),
            Some(Live::Poison(why)) => heard(Heard::Poison(telegram, why)),
            _ => {}
        }
        is_end
    }

    fn keep(&mut self, line: &[u8]) {
        let room = MAX_TELEGRAM_BYTES.saturating_sub(self.telegram.len());
        self.telegram.extend_from_slice(&line[..line.len().min(room)]);
    }

    /// Of a counter the first in each stretch of time; of power all, for each stands until the next.
    fn is_wanted(&mut self, sample: &LiveSample<'_>) -> bool {
        let stretch = sample.at_ms.div_euclid(self.every_ms);
        sample.kind != Kind::Register || self.stretch.replace(stretch) != Some(stretch)
    }

    /// The line went dead.
    fn hang_up(&mut self, heard: &mut impl FnMut(Heard)) {
        self.line.clear();
        let telegram = std::mem::take(&mut self.telegram);
        if let Some(Live::Poison(why)) = self.telegrams.break_off() {
            heard(Heard::Poison(telegram, why));
        }
    }
}

/// Reads the port, opens it again when it is gone, and hands over what is heard.
struct Reader {
    port: Port,
    ear: Ear,
    sender: SyncSender<Heard>,
    is_closing: Arc<AtomicBool>,
}

impl Reader {
    fn run(mut self, mut wire: Wire) {
        while let Some(why) = self.listen(wire) {
            tracing::warn!(port = %self.port.name, "{why}; it is opened again as soon as it is back");
            let Some(again) = self.open_again() else { return };
            tracing::info!(port = %self.port.name, "the P1 port is back");
            wire = again;
        }
    }

    /// Listens until the line is dead, and tells why it is; nothing once this is closing.
    fn listen(&mut self, mut wire: Wire) -> Option<String> {
        let mut buffer = [0; 4096];
        let (mut last, mut bytes, mut is_said) = (Instant::now(), 0, false);
        let why = loop {
            if self.is_closing() {
                return None;
            }
            match wire.read(&mut buffer) {
                Ok(0) => break "the P1 port was closed by the other side".to_owned(),
                Ok(read) => {
                    bytes += read;
                    let sender = &self.sender;
                    // It fails only while this is closing.
                    if self.ear.hear(&buffer[..read], clock::now_ms(), &mut |heard| drop(sender.send(heard)))
                    {
                        (last, bytes) = (Instant::now(), 0);
                        if std::mem::take(&mut is_said) {
                            tracing::info!(port = %self.port.name, "there are telegrams again");
                        }
                    }
                }
                Err(error) if is_passing(&error) => {}
                Err(error) => break format!("the P1 port cannot be read: {error}"),
            }
            if last.elapsed() >= SILENT && !is_said {
                let silence = silence(bytes);
                if wire.is_tcp() {
                    break silence;
                }
                tracing::warn!(port = %self.port.name, "{silence}");
                is_said = true;
            }
        };
        drop(wire); // before it is opened again
        let sender = &self.sender;
        self.ear.hang_up(&mut |heard| drop(sender.send(heard)));
        Some(why)
    }

    fn open_again(&self) -> Option<Wire> {
        let mut pause = FIRST_PAUSE;
        loop {
            let until = Instant::now() + jittered(pause);
            while Instant::now() < until {
                if self.is_closing() {
                    return None;
                }
                thread::sleep(READ.min(until.saturating_duration_since(Instant::now())));
            }
            match Wire::open(&self.port) {
                Ok(wire) => return Some(wire),
                Err(why) => tracing::debug!("{why}"),
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Relaxed)
    }
}

fn silence(bytes: usize) -> String {
    let seconds = SILENT.as_secs();
    if bytes == 0 {
        return format!(
            "nothing came for {seconds} s: is the meter's P1 port switched on, and the cable whole?"
        );
    }
    format!(
        "{bytes} bytes came in {seconds} s and no telegram among them: an old meter wants `serial = \"9600-7e1\"`, some cables invert the signal"
    )
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// Where bytes come from.
enum Wire {
    #[cfg(feature = "serial")]
    Serial(Box<dyn serialport::SerialPort>),
    Tcp(TcpStream),
}

impl Wire {
    fn open(port: &Port) -> Result<Self, String> {
        let Port { name: port, serial } = port;
        if port.starts_with('/') {
            return Self::serial(port, *serial);
        }
        let failed = |error: io::Error| {
            format!(
                "the P1 reader {port} cannot be reached: {error}; is it on, and is host:port right? Some give telegrams to one client only"
            )
        };
        let mut last = io::Error::other("its name has no address");
        for address in port.to_socket_addrs().map_err(failed)? {
            match TcpStream::connect_timeout(&address, CONNECT) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(READ)).map_err(failed)?;
                    return Ok(Self::Tcp(stream));
                }
                Err(error) => last = error,
            }
        }
        Err(failed(last))
    }

    #[cfg(feature = "serial")]
    fn serial(port: &str, settings: SerialSettings) -> Result<Self, String> {
        use serialport::{DataBits, ErrorKind, Parity};
        let (baud, bits, parity) = match settings {
            SerialSettings::Baud115200 => (115_200, DataBits::Eight, Parity::None),
            SerialSettings::Baud9600 => (9600, DataBits::Seven, Parity::Even),
        };
        let opened = serialport::new(port, baud).data_bits(bits).parity(parity).timeout(READ).open();
        opened.map(Self::Serial).map_err(|error| {
            let way_out = match error.kind() {
                ErrorKind::Io(io::ErrorKind::PermissionDenied) => {
                    "the user that knowatt runs as must be in the group that owns it (`sudo usermod -aG dialout USER`, then log in again)"
                }
                ErrorKind::Io(io::ErrorKind::NotFound) => {
                    "is the cable plugged in? `ls /dev/serial/by-id` lists those that are, by names that stay"
                }
                ErrorKind::NoDevice => "another program has it open; `fuser` tells which",
                _ => "is it a serial port?",
            };
            format!("the P1 port {port} cannot be opened: {error}; {way_out}")
        })
    }

    #[cfg(not(feature = "serial"))]
    fn serial(port: &str, _: SerialSettings) -> Result<Self, String> {
        Err(format!("{port} is a serial port, and this knowatt was built without them (feature `serial`)"))
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            #[cfg(feature = "serial")]
            Self::Serial(port) => port.read(buffer),
            Self::Tcp(stream) => stream.read(buffer),
        }
    }

    fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }
}

#[cfg(test)]
mod tests;
