//! An Atom feed of ESPI entries, read as a stream into what is needed of it.
//!
//! Elements are known by their names without the prefix, as every utility has prefixes of its own. No entity but the
//! five of XML is expanded, and a document type is refused. Limits: the text is UTF-8, an element's tag or text is at most
//! [`MAX_EVENT_BYTES`], elements are nested at most [`MAX_DEPTH`] deep, the feed has at most [`MAX_READINGS`] readings
//! of 24 bytes, [`MAX_ENTRIES`] other entries and [`MAX_LINK_BYTES`] of links.

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, BufRead, BufReader, Read},
};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use super::WHAT;
use crate::{
    error::{Error, ErrorKind},
    formats::sink::{Sink, broken},
    input::Input,
    message::show,
    number::{self, Number},
};

/// The longest tag or text.
const MAX_EVENT_BYTES: usize = 256 << 10;
const MAX_DEPTH: usize = 64;
/// 96 MB of readings.
const MAX_READINGS: usize = 4_000_000;
/// Usage points, meter readings, reading types, and paths of interval blocks.
const MAX_ENTRIES: usize = 2000;
const MAX_LINK_BYTES: usize = 1 << 20;
/// Of a text no more is kept, as all that is read is numbers.
const MAX_TEXT_BYTES: usize = 64;

/// What a feed holds.
#[derive(Debug, Default)]
pub(super) struct Feed {
    pub(super) usage_points: Vec<UsagePoint>,
    pub(super) meter_readings: Vec<Links>,
    pub(super) reading_types: Vec<ReadingType>,
    pub(super) blocks: Vec<Blocks>,
}

impl Feed {
    /// As entries have no order, their readings have none either; of one time the first is first.
    fn in_order(mut self) -> Self {
        for blocks in &mut self.blocks {
            blocks.readings.sort_by_key(|reading| reading.start_s);
        }
        self
    }
}

/// Where an entry is, and what it belongs to: paths without scheme, host and outer slashes.
#[derive(Debug, Default, Clone)]
pub(super) struct Links {
    pub(super) own: String,
    pub(super) up: String,
    pub(super) related: Vec<String>,
}

#[derive(Debug, Default)]
pub(super) struct UsagePoint {
    pub(super) links: Links,
    /// 0 is electricity.
    pub(super) service: Option<i64>,
}

/// What the values are, by the codes of ESPI.
#[derive(Debug, Default, Clone)]
pub(super) struct ReadingType {
    pub(super) links: Links,
    pub(super) accumulation: Option<i64>,
    pub(super) commodity: Option<i64>,
    pub(super) flow: Option<i64>,
    pub(super) interval_s: Option<i64>,
    pub(super) power_of_ten: Option<i64>,
    pub(super) unit: Option<i64>,
}

/// The readings of all interval blocks of one meter reading.
#[derive(Debug)]
pub(super) struct Blocks {
    /// The path of the meter reading.
    pub(super) path: String,
    pub(super) readings: Vec<IntervalReading>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct IntervalReading {
    /// Seconds since 1970.
    pub(super) start_s: i64,
    /// NaN where there is none.
    pub(super) value: f64,
    pub(super) duration_s: u32,
    pub(super) line: u32,
}

/// Reads a feed to its end. Readings that cannot be read are handed over at once.
pub(super) fn read(input: Input, sink: &mut dyn Sink) -> Result<Feed, Error> {
    let Input { name, reader, .. } = input;
    let source = Counted { inner: BufReader::with_capacity(64 << 10, reader), left: 0, line: 1 };
    let mut xml = Reader::from_reader(source);
    let mut parser = Parser::default();
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        xml.get_mut().left = MAX_EVENT_BYTES;
        let event = xml.read_event_into(&mut buffer);
        let line = xml.get_ref().line;
        let failed = |what: String| broken(&name, WHAT, what).at(line);
        let taken = match event {
            Ok(Event::Start(tag)) => parser.open(&tag, line),
            Ok(Event::Empty(tag)) => parser.open(&tag, line).and_then(|()| parser.close(sink)),
            Ok(Event::End(_)) => parser.close(sink),
            Ok(Event::Text(text)) => parser.text(&text.into_inner()),
            Ok(Event::CData(text)) => parser.text(&text.into_inner()),
            Ok(Event::DocType(_)) => Err("it has a document type, which is not read".to_owned()),
            Ok(Event::Eof) if parser.open.is_empty() => return Ok(parser.feed.in_order()),
            Ok(Event::Eof) => Err("it breaks off".to_owned()),
            Ok(_) => Ok(()),
            Err(quick_xml::Error::Io(_)) if xml.get_ref().left == 0 => {
                Err(format!("an element is longer than {} KiB", MAX_EVENT_BYTES >> 10))
            }
            Err(quick_xml::Error::Io(error)) => {
                let error = io::Error::new(error.kind(), error.to_string());
                return Err(Error::new(&name, ErrorKind::Io(error)));
            }
            Err(error) => Err(show(error.to_string().as_bytes())),
        };
        taken.map_err(failed)?;
    }
}

/// Counts lines, and gives no more than it may between two events.
struct Counted {
    inner: BufReader<Box<dyn Read>>,
    left: usize,
    line: u64,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(buffer)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Counted {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.left == 0 {
            return Err(io::Error::other("too long"));
        }
        let buffered = self.inner.fill_buf()?;
        Ok(&buffered[..buffered.len().min(self.left)])
    }

    fn consume(&mut self, count: usize) {
        let consumed = self.inner.buffer().iter().take(count);
        self.line += consumed.filter(|byte| **byte == b'\n').count() as u64;
        self.left = self.left.saturating_sub(count);
        self.inner.consume(count);
    }
}

/// The elements that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    Entry,
    UsagePoint,
    ServiceCategory,
    MeterReading,
    ReadingType,
    IntervalBlock,
    IntervalReading,
    Interval,
    TimePeriod,
    /// A number in one of the elements above.
    Number(Field),
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Kind,
    Accumulation,
    Commodity,
    Flow,
    IntervalLength,
    PowerOfTen,
    Unit,
    Start,
    Duration,
    Value,
}

impl Tag {
    fn named(name: &str) -> Self {
        match name {
            "entry" => Self::Entry,
            "UsagePoint" => Self::UsagePoint,
            "ServiceCategory" => Self::ServiceCategory,
            "MeterReading" => Self::MeterReading,
            "ReadingType" => Self::ReadingType,
            "IntervalBlock" => Self::IntervalBlock,
            "IntervalReading" => Self::IntervalReading,
            "interval" => Self::Interval,
            "timePeriod" => Self::TimePeriod,
            "kind" => Self::Number(Field::Kind),
            "accumulationBehaviour" => Self::Number(Field::Accumulation),
            "commodity" => Self::Number(Field::Commodity),
            "flowDirection" => Self::Number(Field::Flow),
            "intervalLength" => Self::Number(Field::IntervalLength),
            "powerOfTenMultiplier" => Self::Number(Field::PowerOfTen),
            "uom" => Self::Number(Field::Unit),
            "start" => Self::Number(Field::Start),
            "duration" => Self::Number(Field::Duration),
            "value" => Self::Number(Field::Value),
            _ => Self::Other,
        }
    }
}

/// Where the stream is, and what is known of the entry there.
#[derive(Default)]
struct Parser {
    feed: Feed,
    open: Vec<Tag>,
    text: String,
    links: Links,
    /// Of the links of this entry, and of those that were kept.
    link_bytes: usize,
    kept_link_bytes: usize,
    entries: usize,
    readings: usize,
    usage_point: Option<UsagePoint>,
    is_meter_reading: bool,
    reading_type: Option<ReadingType>,
    /// The readings of this entry's interval block, and the length it states.
    block: Vec<IntervalReading>,
    block_duration_s: Option<i64>,
    reading: Reading,
    /// Where in the feed the blocks of a path are.
    known: HashMap<String, usize>,
}

/// An interval reading as far as it is read.
#[derive(Default)]
struct Reading {
    line: u64,
    start: Option<i64>,
    duration: Option<i64>,
    value: Option<String>,
}

impl Parser {
    fn open(&mut self, tag: &BytesStart<'_>, line: u64) -> Result<(), String> {
        if self.open.len() == MAX_DEPTH {
            return Err(format!("elements are nested more than {MAX_DEPTH} deep"));
        }
        self.text.clear();
        let name = tag.local_name();
        let element = Tag::named(name.as_ref());
        match element {
            Tag::Entry => (self.links, self.link_bytes) = (Links::default(), 0),
            Tag::UsagePoint => self.usage_point = Some(UsagePoint::default()),
            Tag::MeterReading => self.is_meter_reading = true,
            Tag::ReadingType => self.reading_type = Some(ReadingType::default()),
            Tag::IntervalBlock => self.block_duration_s = None,
            Tag::IntervalReading => self.reading = Reading { line, ..Reading::default() },
            Tag::Other if name.as_ref() == "link" => self.link(tag)?,
            _ => {}
        }
        self.open.push(element);
        Ok(())
    }

    /// Keeps a text as far as it could be a number; there is nothing that can be wrong with it.
    #[expect(clippy::unnecessary_wraps, reason = "as the other events have it")]
    fn text(&mut self, text: &str) -> Result<(), String> {
        let room = MAX_TEXT_BYTES.saturating_sub(self.text.len());
        self.text.extend(text.chars().filter(|letter| !letter.is_whitespace()).take(room));
        Ok(())
    }

    fn close(&mut self, sink: &mut dyn Sink) -> Result<(), String> {
        let closed = self.open.pop();
        let parent = self.open.last().copied();
        match (parent, closed) {
            (Some(parent), Some(Tag::Number(field))) => self.number(parent, field),
            (_, Some(Tag::IntervalReading)) => self.end_reading(sink)?,
            (None, Some(Tag::IntervalBlock)) | (_, Some(Tag::Entry)) => self.end_entry()?,
            _ => {}
        }
        self.text.clear();
        Ok(())
    }

    fn number(&mut self, parent: Tag, field: Field) {
        let number = self.text.parse().ok();
        let of_block = !self.open.contains(&Tag::IntervalReading);
        match (parent, field) {
            (Tag::ServiceCategory, Field::Kind) => {
                if let Some(usage_point) = &mut self.usage_point {
                    usage_point.service = number;
                }
            }
            (Tag::ReadingType, field) => {
                if let Some(reading_type) = &mut self.reading_type {
                    reading_type.set(field, number);
                }
            }
            (Tag::Interval, Field::Duration) if of_block => self.block_duration_s = number,
            (Tag::TimePeriod, Field::Start) => self.reading.start = number,
            (Tag::TimePeriod, Field::Duration) => self.reading.duration = number,
            (Tag::IntervalReading, Field::Value) => self.reading.value = Some(std::mem::take(&mut self.text)),
            _ => {}
        }
    }

    fn link(&mut self, tag: &BytesStart<'_>) -> Result<(), String> {
        let attribute = |name| match tag.try_get_attribute(name) {
            Ok(Some(attribute)) => {
                let value = attribute.normalized_value(XmlVersion::Implicit1_0);
                value.map(Cow::into_owned).map_err(|error| show(error.to_string().as_bytes()))
            }
            Ok(None) => Ok(String::new()),
            Err(error) => Err(show(error.to_string().as_bytes())),
        };
        let (relation, path) = (attribute("rel")?, path(&attribute("href")?).to_owned());
        self.link_bytes += path.len() + size_of::<String>();
        if self.kept_link_bytes + self.link_bytes > MAX_LINK_BYTES {
            return Err(format!("its links are longer than {} MiB", MAX_LINK_BYTES >> 20));
        }
        match relation.as_str() {
            "self" => self.links.own = path,
            "up" => self.links.up = path,
            "related" => self.links.related.push(path),
            _ => {}
        }
        Ok(())
    }

    fn end_reading(&mut self, sink: &mut dyn Sink) -> Result<(), String> {
        let reading = std::mem::take(&mut self.reading);
        let value = reading.value.as_deref().unwrap_or_default();
        let value = match number::parse(value.as_bytes()) {
            Number::Finite(value) => value,
            Number::Missing => f64::NAN,
            Number::NotFinite => f64::INFINITY,
            Number::Bad => {
                sink.bad_row(reading.line, &|| {
                    format!("`{}` is not a number; left out", show(value.as_bytes()))
                });
                return Ok(());
            }
        };
        let Some(start_s) = reading.start else {
            sink.bad_row(reading.line, &|| "a reading without a start; left out".to_owned());
            return Ok(());
        };
        if self.readings == MAX_READINGS {
            return Err(format!("it has more than {MAX_READINGS} readings; cut it"));
        }
        self.readings += 1;
        let duration_s = reading.duration.and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default();
        let line = u32::try_from(reading.line).unwrap_or(u32::MAX);
        self.block.push(IntervalReading { start_s, value, duration_s, line });
        Ok(())
    }

    /// Files what the entry held, whatever the order of its links and its content was.
    fn end_entry(&mut self) -> Result<(), String> {
        let links = std::mem::take(&mut self.links);
        let before = self.entries;
        if let Some(usage_point) = self.usage_point.take() {
            self.feed.usage_points.push(UsagePoint { links: links.clone(), ..usage_point });
            self.entries += 1;
        }
        if std::mem::take(&mut self.is_meter_reading) {
            self.feed.meter_readings.push(links.clone());
            self.entries += 1;
        }
        if let Some(reading_type) = self.reading_type.take() {
            self.feed.reading_types.push(ReadingType { links: links.clone(), ..reading_type });
            self.entries += 1;
        }
        self.end_block(&links);
        if self.entries > MAX_ENTRIES {
            return Err(format!("it has more than {MAX_ENTRIES} entries besides interval blocks"));
        }
        // Links that are not kept, as those of most interval blocks, cost nothing.
        self.kept_link_bytes += if self.entries > before { self.link_bytes } else { 0 };
        self.link_bytes = 0;
        Ok(())
    }

    fn end_block(&mut self, links: &Links) {
        let mut block = std::mem::take(&mut self.block);
        if block.is_empty() {
            return;
        }
        if let ([only], Some(duration)) = (block.as_mut_slice(), self.block_duration_s)
            && only.duration_s == 0
        {
            only.duration_s = u32::try_from(duration).unwrap_or_default();
        }
        let path = meter_reading(links);
        if let Some(blocks) = self.known.get(path).and_then(|&at| self.feed.blocks.get_mut(at)) {
            blocks.readings.append(&mut block);
        } else {
            self.known.insert(path.to_owned(), self.feed.blocks.len());
            self.feed.blocks.push(Blocks { path: path.to_owned(), readings: block });
            self.entries += 1;
        }
    }
}

impl ReadingType {
    fn set(&mut self, field: Field, number: Option<i64>) {
        let own = match field {
            Field::Accumulation => &mut self.accumulation,
            Field::Commodity => &mut self.commodity,
            Field::Flow => &mut self.flow,
            Field::IntervalLength => &mut self.interval_s,
            Field::PowerOfTen => &mut self.power_of_ten,
            Field::Unit => &mut self.unit,
            Field::Kind | Field::Start | Field::Duration | Field::Value => return,
        };
        *own = number;
    }
}

/// A link without scheme, host and outer slashes, for some entries of a feed have them and others not.
fn path(href: &str) -> &str {
    let href = href.trim();
    let path = match href.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => href,
    };
    path.trim_matches('/')
}

/// The path of the meter reading that an interval block belongs to.
fn meter_reading(block: &Links) -> &str {
    let of = |path: &str| path.rfind("/IntervalBlock");
    match (of(&block.up), of(&block.own)) {
        (Some(end), _) => &block.up[..end],
        (None, Some(end)) => &block.own[..end],
        (None, None) => &block.up,
    }
}
