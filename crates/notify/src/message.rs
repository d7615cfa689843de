//! What is sent to a person.

use serde::{Deserialize, Serialize};

/// A message, as all channels take it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Names it for whoever can tell that it comes again: the same for each try, and after a restart; another for each channel. At most 64
    /// letters, digits, `-` and `_`.
    pub key: String,
    /// What it is about.
    pub event: MessageEvent,
    /// A line.
    pub title: String,
    /// A few sentences.
    pub text: String,
    /// The same to be spoken.
    pub spoken: String,
    /// What the words were made of, for programs.
    pub facts: Facts,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageEvent {
    /// An episode has begun.
    Alert,
    /// An episode that was told has ended.
    End,
    /// What was held back.
    Digest,
    /// Nothing has happened: it is tried whether messages come.
    Test,
}

impl MessageEvent {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::End => "end",
            Self::Digest => "digest",
            Self::Test => "test",
        }
    }
}

/// What templates are given, and what programs are: of a digest, of its highest episode.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// What the message is about.
    pub event: MessageEvent,
    /// The meter's name; empty where none is given.
    pub meter: String,
    /// When the hour begins, RFC 3339.
    pub timestamp: String,
    /// The day in words, if the zone is known.
    pub day: String,
    /// The local hour, 0 to 23.
    pub hour: u8,
    /// Energy of the hour in Wh; so far, if it has not ended.
    pub wh: f64,
    /// What alerts above 1.0.
    pub score: f64,
    /// `level`, `floor` or `early`.
    pub kind: String,
    /// Which feature has that score.
    pub feature: String,
    /// The edges of what is normal at that hour, in Wh.
    pub normal_low_wh: Option<f64>,
    /// Likewise.
    pub normal_high_wh: Option<f64>,
    /// In words.
    pub how_unusual: String,
    /// How many hours the episode has had so far.
    pub hours: u32,
    /// How much more energy than usual the episode took so far, in Wh.
    pub extra_wh: Option<f64>,
    /// Likewise, in kWh.
    pub extra_kwh: Option<f64>,
    /// What that costs, if a tariff is given.
    pub cost: Option<f64>,
    /// In this currency.
    pub currency: String,
    /// Whether the episode has ended.
    pub is_over: bool,
    /// Whether it is told long after it happened.
    pub is_late: bool,
    /// `alert_id` of the episode's first hour.
    pub alert_id: String,
    /// Of a digest: how many episodes it tells of.
    pub count: u32,
    /// Of a digest: the episodes, at most [`MOST_LISTED`].
    pub episodes: Vec<Facts>,
}

/// The most episodes that a digest lists.
pub const MOST_LISTED: usize = 20;
