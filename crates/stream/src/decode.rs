//! From what a message is to what it says, and what it was for whoever cannot read it.

use std::borrow::Cow;

use knowatt_readings::{Live, LiveDecoder, LiveSample};

use crate::source::Body;

/// What a message was, as it came.
#[derive(Debug)]
pub(crate) struct Raw<'m> {
    pub(crate) timestamp_ms: Option<i64>,
    pub(crate) key: Option<&'m [u8]>,
    pub(crate) value: Option<Cow<'m, [u8]>>,
}

impl Body<'_> {
    /// What it says, by the decoder that is its own; rows are read by the first.
    pub(crate) fn decode<'m>(&'m self, decoders: &'m mut [LiveDecoder]) -> Live<'m> {
        match self {
            Self::Sample(sample) => {
                Live::Sample(LiveSample { meter: Cow::Borrowed(&sample.meter), ..*sample })
            }
            Self::Poison { why, .. } => Live::Poison(why.clone()),
            Self::Row { columns, fields, timestamp_ms } => match decoders.first_mut() {
                Some(decoder) => {
                    decoder.decode_row(columns, fields.iter().map(String::as_str), *timestamp_ms)
                }
                None => Live::Poison("there is no decoder for rows".to_owned()),
            },
            Self::Record { decoder, record } => match decoders.get_mut(*decoder) {
                Some(decoder) => decoder.decode(record),
                None => Live::Poison(format!("there is no decoder {decoder}")),
            },
        }
    }

    /// When it was made or came, where that is known apart from what it says.
    pub(crate) fn timestamp_ms(&self) -> Option<i64> {
        match self {
            Self::Record { record, .. } => record.timestamp_ms,
            Self::Row { timestamp_ms, .. } => *timestamp_ms,
            Self::Sample(_) | Self::Poison { .. } => None,
        }
    }

    /// As it came; of a row its fields between commas.
    pub(crate) fn raw(&self) -> Raw<'_> {
        let (key, value) = match self {
            Self::Record { record, .. } => (record.key, record.value.map(Cow::Borrowed)),
            Self::Row { fields, .. } => (None, Some(Cow::Owned(fields.join(",").into_bytes()))),
            Self::Poison { bytes, .. } => (None, Some(Cow::Borrowed(*bytes))),
            Self::Sample(_) => (None, None),
        };
        Raw { timestamp_ms: self.timestamp_ms(), key, value }
    }
}
