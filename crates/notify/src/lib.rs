//! Tells people of unusual use of power: once an episode, in time, and never silently not.
//!
//! ```text
//! anomalies ──► episodes ──► manners ──► words ──► outbox ──► channels
//!               (one a meter) (when)              (SQLite)    (a thread each)
//! ```
//!
//! One file a channel ([`channels`]), all behind one trait ([`Channel`]).

mod channel;
pub mod channels;
pub mod config;
mod feed;
pub mod hour;
pub mod locale;
pub mod manners;
pub mod message;
mod notifier;
pub mod open;
pub mod outbox;
mod run;
pub mod secret;
#[cfg(feature = "mqtt")]
pub mod sensors;
mod sink;
mod trial;
pub mod words;

pub use channel::{Channel, Failure, Then};
pub use notifier::{Counts, GIVE_UP_AFTER, Notifier};
pub use run::{FAREWELL, Notify};
pub use sink::beside;
pub use trial::{Trial, trial};
