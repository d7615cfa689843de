//! A batch of records as it stands in a segment and on the wire: "record batch", message format 2.
//!
//! Source: Kafka's protocol guide, "Record Batch", and KIP-98. Big-endian:
//!
//! ```text
//!  0 base offset, 8 length of what follows, 12 leader epoch, 16 format (2), 17 CRC-32C of what follows,
//! 21 attributes, 23 last offset, 27 first timestamp, 35 largest timestamp, 43 producer, 51 epoch,
//! 53 sequence, 57 number of records, 61 the records, packed as the attributes say
//! ```

use crate::record::{
    Record,
    bytes::{self, Cut},
    unpack::Packing,
};

/// Bytes before the records.
pub(super) const HEAD_BYTES: usize = 61;

/// Of these the length does not count the first.
pub(super) const UNCOUNTED_BYTES: usize = 12;

/// The largest batch that is read, in bytes.
pub(super) const MAX_BATCH_BYTES: usize = 64 << 20;

/// The fewest bytes that a record has.
const LEAST_RECORD_BYTES: usize = 7;

/// What stands before a batch's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) base_offset: i64,
    length: i32,
    pub(super) format: u8,
    pub(super) crc: u32,
    attributes: i16,
    first_timestamp_ms: i64,
    max_timestamp_ms: i64,
    pub(super) producer: i64,
    pub(super) count: i32,
}

impl Head {
    /// Reads it; any bytes are one, so that they have to be looked at.
    pub(super) fn new(head: &[u8; HEAD_BYTES]) -> Self {
        fn at<const N: usize>(head: &[u8; HEAD_BYTES], start: usize) -> [u8; N] {
            head.get(start..).and_then(|part| part.first_chunk()).copied().unwrap_or([0; N])
        }
        Self {
            base_offset: i64::from_be_bytes(at(head, 0)),
            length: i32::from_be_bytes(at(head, 8)),
            format: head[16],
            crc: u32::from_be_bytes(at(head, 17)),
            attributes: i16::from_be_bytes(at(head, 21)),
            first_timestamp_ms: i64::from_be_bytes(at(head, 27)),
            max_timestamp_ms: i64::from_be_bytes(at(head, 35)),
            producer: i64::from_be_bytes(at(head, 43)),
            count: i32::from_be_bytes(at(head, 57)),
        }
    }

    /// How many bytes of records follow; none if that cannot be.
    pub(super) fn records_bytes(&self) -> Option<usize> {
        let length = usize::try_from(self.length).ok()?.checked_sub(HEAD_BYTES - UNCOUNTED_BYTES)?;
        Some(length).filter(|length| *length <= MAX_BATCH_BYTES)
    }

    /// The length as it is declared.
    pub(super) fn declared_bytes(&self) -> i32 {
        self.length
    }

    /// What the records are packed with; none if it is not known.
    pub(super) fn packing(&self) -> Option<Packing> {
        Some(match self.attributes & 7 {
            0 => Packing::None,
            1 => Packing::Gzip,
            2 => Packing::Snappy,
            3 => Packing::Lz4,
            4 => Packing::Zstd,
            _ => return None,
        })
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.attributes & 16 != 0
    }

    pub(super) fn is_control(&self) -> bool {
        self.attributes & 32 != 0
    }

    /// The time of a record that was made so long after the first.
    fn timestamp_ms(&self, delta: i64) -> Option<i64> {
        let is_append_time = self.attributes & 8 != 0;
        let at =
            if is_append_time { self.max_timestamp_ms } else { self.first_timestamp_ms.wrapping_add(delta) };
        Some(at).filter(|at| *at >= 0)
    }
}

/// Calls `each` for every record of a batch, whose records are unpacked.
pub(super) fn records<'a, E>(
    head: &Head,
    mut records: &'a [u8],
    mut each: impl FnMut(&Record<'a>) -> Result<(), E>,
) -> Result<Result<(), E>, Cut> {
    let count = usize::try_from(head.count).map_err(|_| Cut::NegativeLength)?;
    if count > records.len() / LEAST_RECORD_BYTES + 1 {
        return Err(Cut::Short);
    }
    for _ in 0..count {
        let mut record = bytes::sized(&mut records)?;
        bytes::take(&mut record, 1)?; // attributes, of which there are none
        let timestamp_delta = bytes::zigzag(&mut record)?;
        let offset_delta = bytes::zigzag(&mut record)?;
        let key = bytes::nullable(&mut record)?;
        let value = bytes::nullable(&mut record)?;
        // Headers follow, which are not looked at.
        let offset = head.base_offset.wrapping_add(offset_delta);
        let timestamp_ms = head.timestamp_ms(timestamp_delta);
        if let Err(error) = each(&Record { partition: 0, offset, timestamp_ms, key, value }) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}
