//! What sources and sinks of MQTT share: the way to a broker, the connection that is made again, topics, and publishing ([`Publisher`]).
//!
//! Source: MQTT Version 5.0 (OASIS Standard, 2019). Version 5 and not 3.1.1, because only there a broker says that it did *not* take a
//! message (`PUBACK` with a reason), that another client took over the session, and is told how much may be on the way
//! (`Receive Maximum`) and how long a session lasts. Mosquitto speaks it from 1.6, and so do EMQX, HiveMQ, VerneMQ, NanoMQ and RabbitMQ
//! from 3.13.

pub(crate) mod access;
#[cfg(test)]
pub(crate) mod fake_broker;
pub(crate) mod link;
mod outbox;
mod publisher;
pub(crate) mod topic;

pub use self::publisher::{Letter, Publisher};

/// The name of the user property that everything from here bears, so that it is never read as a reading.
pub(crate) const MADE_BY: (&str, &str) = ("made-by", "knowatt");

/// The longest packet that a broker may send, and that is sent, in bytes.
pub(crate) const MAX_PACKET_BYTES: u32 = 1 << 20;
