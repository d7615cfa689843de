//! A segment of a partition as it lies on a broker's disk: `TOPIC-0/00000000000000000000.log`.
//!
//! Batches of records one after the other (see [`batch`]), of Kafka 0.11 and later; older message formats are
//! refused. A batch whose sum is wrong or that cannot be unpacked is left out as one row. An active segment may
//! end within a batch, or in zeros where it was allocated ahead: both are accepted and said. Control batches are
//! no records; those of transactions that were given up are dropped. The line of the ledger is the offset.
//!
//! Limits: a batch of 64 MiB, packed and unpacked.

mod batch;
mod crc32c;

use std::io::{self, Read};

use self::{
    batch::{HEAD_BYTES, Head as BatchHead},
    crc32c::Crc32c,
};
use super::{Format, Head, Options};
use crate::{
    error::{Error, ErrorKind},
    input::Input,
    intake::Intake,
    record::{
        Records, Sink,
        transactions::{MAX_HELD_BYTES, Transactions},
        unpack::unpack,
    },
};

/// The format.
pub(crate) const FORMAT: Format = Format {
    name: "log-segment",
    about: "Kafka records (a log segment)",
    is_fixed_table: false,
    detect,
    read,
};

/// Where the sum's bytes begin.
const SUMMED_FROM: usize = 21;

fn detect(head: &Head<'_>) -> bool {
    let bytes = head.bytes();
    let Some(first) = bytes.first_chunk::<HEAD_BYTES>() else { return is_older(bytes) };
    let batch = BatchHead::new(first);
    if batch.format != 2 || batch.base_offset < 0 {
        return is_older(bytes);
    }
    let Some(length) = batch.records_bytes() else { return false };
    match bytes.get(..HEAD_BYTES + length) {
        Some(whole) => sum(whole) == batch.crc,
        None => batch.packing().is_some() && batch.count > 0,
    }
}

/// Whether it begins with a message of the formats before, 0 or 1: offset, length, CRC-32, format.
fn is_older(bytes: &[u8]) -> bool {
    let part = |start: usize| bytes.get(start..)?.first_chunk().map(|part| u32::from_be_bytes(*part));
    let (Some(length), Some(crc)) = (part(8), part(12)) else { return false };
    let message = bytes.get(16..12 + length as usize);
    message.is_some_and(|message| {
        let mut sum = flate2::Crc::new();
        sum.update(message);
        matches!(message.first(), Some(0 | 1)) && sum.sum() == crc
    })
}

fn sum(batch: &[u8]) -> u32 {
    Crc32c::new().add(batch.get(SUMMED_FROM..).unwrap_or_default()).value()
}

fn read(input: Input, options: &Options, intake: &mut Intake<'_>) -> Result<String, Error> {
    let mut records = Records::begin(&input.name, options, intake)?;
    let what = parse(input, &mut records)?;
    records.end(&what)
}

/// Passes on every record; gives what else there is to say.
pub(crate) fn parse(input: Input, sink: &mut impl Sink) -> Result<String, Error> {
    let mut segment = Segment::new(input);
    let mut notes = Vec::new();
    loop {
        match segment.next()? {
            Next::Batch => segment.take(sink)?,
            Next::End => break,
            Next::Zeros => {
                notes.push("zeros at the end, allocated ahead".to_owned());
                break;
            }
            Next::Cut => {
                let offset = segment.offset();
                sink.bad(offset, "the file ends within the batch that begins here; left out".to_owned());
                notes.push(format!("it ends within a batch, at offset {offset}"));
                break;
            }
        }
    }
    let Segment { transactions, mut unpacked, .. } = segment;
    let mut undecided = 0;
    for batch in transactions.rest() {
        undecided += 1;
        pass_on(&batch, &mut unpacked, true, sink)?;
    }
    if undecided > 0 {
        notes.push("transactions that do not end in it, taken as committed".to_owned());
    }
    Ok(notes.join("; "))
}

/// A batch that was read whole.
struct Batch {
    head: BatchHead,
    bytes: Vec<u8>,
}

/// What comes next.
enum Next {
    /// A batch, whole.
    Batch,
    /// Nothing.
    End,
    /// Zeros to the end.
    Zeros,
    /// The beginning of a batch.
    Cut,
}

struct Segment {
    name: String,
    reader: Box<dyn Read>,
    batch: Batch,
    unpacked: Vec<u8>,
    transactions: Transactions<Batch>,
}

impl Segment {
    fn new(input: Input) -> Self {
        Self {
            name: input.name,
            reader: Box::new(io::BufReader::with_capacity(256 << 10, input.reader)),
            batch: Batch { head: BatchHead::new(&[0; HEAD_BYTES]), bytes: Vec::new() },
            unpacked: Vec::new(),
            transactions: Transactions::new(|batch: &Batch| batch.bytes.len()),
        }
    }

    /// The offset of the batch last read, as the ledger's line.
    fn offset(&self) -> u64 {
        self.batch.head.base_offset.unsigned_abs()
    }

    /// Reads so many bytes more of the batch, or as many as there are.
    fn fill(&mut self, count: usize) -> Result<(), Error> {
        let read = self.reader.by_ref().take(count as u64).read_to_end(&mut self.batch.bytes);
        read.map_err(|error| Error::new(&self.name, ErrorKind::Io(error)))?;
        Ok(())
    }

    fn next(&mut self) -> Result<Next, Error> {
        self.batch.bytes.clear();
        self.fill(HEAD_BYTES)?;
        let read = self.batch.bytes.len();
        if read == 0 {
            return Ok(Next::End);
        }
        if self.batch.bytes.iter().all(|byte| *byte == 0) {
            return self.zeros();
        }
        let before = self.batch.head.base_offset;
        let mut head = [0; HEAD_BYTES];
        head.iter_mut().zip(&self.batch.bytes).for_each(|(to, from)| *to = *from);
        self.batch.head = BatchHead::new(&head);
        if read >= 17 {
            match self.batch.head.format {
                2 => {}
                0 | 1 => return Err(Error::new(&self.name, ErrorKind::NotText(OLDER))),
                other => {
                    return Err(self
                        .broken(before, &format!("a batch of message format {other}, where 2 is the last")));
                }
            }
        }
        if read < HEAD_BYTES {
            return Ok(Next::Cut);
        }
        let Some(length) = self.batch.head.records_bytes() else {
            let length = self.batch.head.declared_bytes();
            return Err(self.broken(before, &format!("a batch of {length} bytes")));
        };
        self.fill(length)?;
        Ok(if self.batch.bytes.len() == HEAD_BYTES + length { Next::Batch } else { Next::Cut })
    }

    /// Whether zeros follow to the end.
    fn zeros(&mut self) -> Result<Next, Error> {
        let offset = self.batch.head.base_offset;
        loop {
            self.batch.bytes.clear();
            self.fill(64 << 10)?;
            if self.batch.bytes.is_empty() {
                return Ok(Next::Zeros);
            }
            if self.batch.bytes.iter().any(|byte| *byte != 0) {
                return Err(self.broken(offset, "something behind zeros"));
            }
        }
    }

    fn broken(&self, offset: i64, what: &str) -> Error {
        let what = format!("behind the batch of offset {offset} comes {what}; nothing was used of it");
        Error::new(&self.name, ErrorKind::Broken { format: "Kafka log segment", what })
    }

    /// Passes the batch last read on, holds it back or ends its transaction.
    fn take(&mut self, sink: &mut impl Sink) -> Result<(), Error> {
        let head = self.batch.head;
        // Sums would keep a fuzzer from what is behind them.
        if sum(&self.batch.bytes) != head.crc && !cfg!(fuzzing) {
            sink.bad(
                self.offset(),
                format!("a batch of {} records, whose sum is wrong; left out", head.count),
            );
            return Ok(());
        }
        if head.is_control() {
            let Some(is_commit) = marker(&self.batch, &mut self.unpacked) else { return Ok(()) };
            for batch in self.transactions.end(head.producer) {
                pass_on(&batch, &mut self.unpacked, is_commit, sink)?;
            }
            return Ok(());
        }
        if !head.is_transactional() {
            return pass_on(&self.batch, &mut self.unpacked, true, sink);
        }
        let batch = Batch { head, bytes: std::mem::take(&mut self.batch.bytes) };
        self.transactions.hold(head.producer, batch).map_err(|_| {
            let what = format!("transactions without an end of more than {} MiB", MAX_HELD_BYTES >> 20);
            self.broken(head.base_offset, &what)
        })
    }
}

const OLDER: &str = "a Kafka log segment in a message format before that of Kafka 0.11, which is not read; \
    let kcat or kafka-console-consumer read it";

/// Passes a batch's records on; or that they were given up.
fn pass_on(
    batch: &Batch,
    unpacked: &mut Vec<u8>,
    is_committed: bool,
    sink: &mut impl Sink,
) -> Result<(), Error> {
    let line = batch.head.base_offset.unsigned_abs();
    let whole = match records_of(batch, unpacked) {
        Ok(records) => batch::records(&batch.head, records, |record| {
            let line = record.offset.unsigned_abs();
            if is_committed {
                sink.record(line, record)
            } else {
                sink.aborted(line);
                Ok(())
            }
        })
        .map_err(|cut| cut.to_string()),
        Err(what) => Err(what),
    };
    match whole {
        Ok(passed_on) => passed_on,
        Err(what) => {
            sink.bad(line, format!("a batch of {} records: {what}; left out", batch.head.count));
            Ok(())
        }
    }
}

fn records_of<'b>(batch: &'b Batch, unpacked: &'b mut Vec<u8>) -> Result<&'b [u8], String> {
    let packing = batch.head.packing().ok_or("packed with something unknown")?;
    unpack(packing, batch.bytes.get(HEAD_BYTES..).unwrap_or_default(), unpacked)
}

/// Whether a control batch commits (or gives up) its producer's transaction; none if it is not about one.
fn marker(batch: &Batch, unpacked: &mut Vec<u8>) -> Option<bool> {
    let mut found = None;
    let records = records_of(batch, unpacked).ok()?;
    let each = |record: &crate::record::Record<'_>| {
        // Its version, then what it is.
        if let Some([_, _, 0, what @ (0 | 1), ..]) = record.key {
            found = Some(*what == 1);
        }
        Ok::<(), ()>(())
    };
    batch::records(&batch.head, records, each).ok()?.ok()?;
    found
}

#[cfg(test)]
pub(crate) mod tests;
