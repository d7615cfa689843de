//! One file a channel.

pub mod command;
pub mod home_assistant;
mod http;
pub mod log;
pub mod mail;
pub mod ntfy;
pub mod pushbullet;
pub mod webhook;

use std::{path::PathBuf, time::Duration};

/// What the channels that ask somebody else have in common.
#[derive(Debug, Clone)]
pub struct Access {
    /// How long an answer may take.
    pub timeout: Duration,
    /// Whom to trust beside those whom the machine trusts, in PEM.
    pub ca_file: Option<PathBuf>,
}
