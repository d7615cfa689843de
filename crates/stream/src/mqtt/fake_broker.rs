//! A broker for tests that does what a real one does at the wrong moment: packets of MQTT 5, written and read byte by byte.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    time::Duration,
};

/// Listens on the loopback.
pub(crate) struct Broker {
    listener: TcpListener,
}

/// A client that is let in.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What it asked for when it came.
    pub(crate) client_id: String,
    /// Its last will: topic, payload, and whether it is to be retained.
    pub(crate) will: Option<(String, String, bool)>,
}

/// What a client sends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Packet {
    Publish { topic: String, payload: String, identifier: u16, properties: String, is_retained: bool },
    Ack(u16),
    Subscribe { identifier: u16, filters: Vec<String> },
    Disconnect,
    Other(u8),
    End,
}

impl Broker {
    pub(crate) fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").unwrap() }
    }

    pub(crate) fn address(&self) -> String {
        format!("mqtt://{}", self.listener.local_addr().unwrap())
    }

    /// Lets the next client in.
    pub(crate) fn accept(&self, session_present: bool) -> Connection {
        let mut connection = self.meet();
        connection.write(&[0x20, 3, u8::from(session_present), 0, 0]);
        connection
    }

    /// Answers the next client with that reason, and ends the connection.
    pub(crate) fn refuse(&self, reason: u8) {
        self.meet().write(&[0x20, 3, 0, reason, 0]);
    }

    /// Lets the next client in, and takes its subscription.
    pub(crate) fn accept_subscriber(&self, session_present: bool) -> Connection {
        let mut connection = self.accept(session_present);
        connection.grant(1);
        connection
    }

    fn meet(&self) -> Connection {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut connection = Connection { stream, client_id: String::new(), will: None };
        let (head, body) = connection.read_packet().unwrap();
        assert_eq!((head, &body[..7]), (0x10, &b"\0\x04MQTT\x05"[..]));
        let properties = usize::from(body[10]);
        let rest = &body[11 + properties..];
        connection.client_id = text(rest);
        let (has_will, is_retained) = (body[7] & 4 != 0, body[7] & 0x20 != 0);
        if has_will {
            let rest = &rest[2 + connection.client_id.len()..];
            let rest = &rest[1 + usize::from(rest[0])..];
            let topic = text(rest);
            let payload = text(&rest[2 + topic.len()..]);
            connection.will = Some((topic, payload, is_retained));
        }
        connection
    }
}

impl Connection {
    pub(crate) fn read(&mut self) -> Packet {
        let Some((head, body)) = self.read_packet() else { return Packet::End };
        match head >> 4 {
            3 => {
                let topic = text(&body);
                let rest = &body[2 + topic.len()..];
                let properties = usize::from(rest[2]);
                Packet::Publish {
                    topic,
                    is_retained: head & RETAIN != 0,
                    identifier: u16::from_be_bytes([rest[0], rest[1]]),
                    properties: String::from_utf8_lossy(&rest[3..3 + properties]).into_owned(),
                    payload: String::from_utf8(rest[3 + properties..].to_vec()).unwrap(),
                }
            }
            4 => Packet::Ack(u16::from_be_bytes([body[0], body[1]])),
            8 => {
                let mut filters = Vec::new();
                let mut rest = &body[3 + usize::from(body[2])..];
                while !rest.is_empty() {
                    filters.push(text(rest));
                    rest = &rest[3 + filters[filters.len() - 1].len()..];
                }
                Packet::Subscribe { identifier: u16::from_be_bytes([body[0], body[1]]), filters }
            }
            14 => Packet::Disconnect,
            other => Packet::Other(other),
        }
    }

    /// Reads a subscription and answers it, each filter with that code.
    pub(crate) fn grant(&mut self, code: u8) -> Vec<String> {
        let Packet::Subscribe { identifier, filters } = self.read() else { panic!("no subscription") };
        let [high, low] = identifier.to_be_bytes();
        let mut packet = vec![0x90, u8::try_from(3 + filters.len()).unwrap(), high, low, 0];
        packet.resize(packet.len() + filters.len(), code);
        self.write(&packet);
        filters
    }

    /// Sends a message; of QoS 0 if its identifier is 0.
    pub(crate) fn publish(&mut self, topic: &[u8], payload: &[u8], identifier: u16, flags: u8) {
        let qos = if identifier == 0 { 0 } else { 2 };
        let mut body = u16::try_from(topic.len()).unwrap().to_be_bytes().to_vec();
        body.extend_from_slice(topic);
        if identifier != 0 {
            body.extend_from_slice(&identifier.to_be_bytes());
        }
        body.push(0);
        body.extend_from_slice(payload);
        let mut packet = vec![0x30 | qos | flags];
        let mut left = body.len();
        loop {
            let digit = u8::try_from(left % 128).unwrap();
            left /= 128;
            packet.push(digit | if left > 0 { 0x80 } else { 0 });
            if left == 0 {
                break;
            }
        }
        packet.extend_from_slice(&body);
        self.write(&packet);
    }

    pub(crate) fn acknowledge(&mut self, identifier: u16, reason: u8) {
        let [high, low] = identifier.to_be_bytes();
        self.write(&[0x40, 4, high, low, reason, 0]);
    }

    /// Says that it ends, and why.
    pub(crate) fn disconnect(&mut self, reason: u8) {
        self.write(&[0xe0, 2, reason, 0]);
    }

    /// Ends it as a broker that is killed.
    pub(crate) fn close(self) {
        drop(self.stream);
    }

    fn write(&mut self, packet: &[u8]) {
        self.stream.write_all(packet).unwrap();
    }

    fn read_packet(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut byte = [0];
        self.stream.read_exact(&mut byte).ok()?;
        let head = byte[0];
        let (mut length, mut shift) = (0, 0);
        loop {
            self.stream.read_exact(&mut byte).ok()?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        Some((head, body))
    }
}

/// A text with its length before it.
fn text(bytes: &[u8]) -> String {
    let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    String::from_utf8(bytes[2..2 + length].to_vec()).unwrap()
}

/// The bits of a message that is sent again, or was retained.
pub(crate) const DUP: u8 = 8;
pub(crate) const RETAIN: u8 = 1;
