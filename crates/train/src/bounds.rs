//! A file of bounds: the lowest and highest normal Wh of each hour, given instead of learned.
//!
//! CSV with the columns `hour`, `min_wh` and `max_wh`, and `day` where days differ (the names of one
//! way to group days: `working-day` and `day-off`, or `monday` to `sunday`, or `1` to `31`). Each cell
//! once. It is the form of the talk's model: 24 pairs of numbers.

use std::io::Read;

use knowatt_score::{
    Calendar, CalendarError, Curve, CurveError, DayClasses, HOURS, Knot, ScoreTable, TableError, sha256_hex,
};

/// The lowest and highest normal Wh of each cell.
#[derive(Debug, Clone, PartialEq)]
pub struct Bounds {
    day_classes: DayClasses,
    /// `(min_wh, max_wh)`, day class by day class, hour by hour.
    cells: Vec<(f64, f64)>,
}

/// Why a file of bounds was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BoundsError {
    /// It could not be read as CSV.
    #[error("cannot be read as CSV")]
    Csv(#[from] csv::Error),
    /// A column is not there.
    #[error(
        "there is no column `{0}`; the columns hour, min_wh and max_wh are expected, and day where days differ"
    )]
    MissingColumn(&'static str),
    /// A field is not what it should be.
    #[error("line {line}: {column} is `{found}`; expected {expected}")]
    Field {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// What stands there.
        found: String,
        /// What should.
        expected: &'static str,
    },
    /// The maximum is not above the minimum.
    #[error("line {0}: max_wh must be above min_wh")]
    NotAbove(u64),
    /// The names in `day` are those of no way to group days.
    #[error("the days named are none of: working-day and day-off; monday to sunday; 1 to 31; any")]
    Days,
    /// A cell is there twice.
    #[error("line {0}: this day and hour was given before")]
    Twice(u64),
    /// A cell is not there.
    #[error("{day}, hour {hour} is missing")]
    Missing {
        /// The day class.
        day: &'static str,
        /// The hour.
        hour: usize,
    },
    /// The bounds of a cell make no curve.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// The cells do not fill a table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The zone is not known.
    #[error(transparent)]
    Zone(#[from] CalendarError),
}

struct Row {
    line: u64,
    day: String,
    hour: usize,
    bounds: (f64, f64),
}

impl Bounds {
    /// Reads the CSV.
    ///
    /// ```
    /// use knowatt_train::Bounds;
    ///
    /// let hours: String = (0..24).map(|hour| format!("{hour},100,{}\n", 500 + hour)).collect();
    /// let bounds = Bounds::read(format!("hour,min_wh,max_wh\n{hours}").as_bytes())?;
    /// assert_eq!(bounds.rows(), 24);
    ///
    /// let error = Bounds::read("hour,min_wh,max_wh\n0,100,100\n".as_bytes()).unwrap_err();
    /// assert_eq!(error.to_string(), "line 2: max_wh must be above min_wh");
    /// # Ok::<(), knowatt_train::BoundsError>(())
    /// ```
    pub fn read(source: impl Read) -> Result<Self, BoundsError> {
        let rows = read_rows(source)?;
        let names_all = |classes: &DayClasses| rows.iter().all(|row| classes.class_named(&row.day).is_some());
        let day_classes = DayClasses::ALL.into_iter().find(names_all).ok_or(BoundsError::Days)?;
        let mut cells = vec![None; day_classes.count() * HOURS];
        for row in &rows {
            let day = day_classes.class_named(&row.day).ok_or(BoundsError::Days)?;
            if cells[day.index() * HOURS + row.hour].replace(row.bounds).is_some() {
                return Err(BoundsError::Twice(row.line));
            }
        }
        let cell = |(index, cell): (usize, Option<(f64, f64)>)| {
            let day = day_classes.class_names()[index / HOURS];
            cell.ok_or(BoundsError::Missing { day, hour: index % HOURS })
        };
        let cells = cells.into_iter().enumerate().map(cell).collect::<Result<_, _>>()?;
        Ok(Self { day_classes, cells })
    }

    /// How many cells there are.
    pub fn rows(&self) -> usize {
        self.cells.len()
    }

    /// The SHA-256 of the bounds: per cell the two numbers as little-endian doubles.
    pub fn sha256(&self) -> String {
        let bytes = self.cells.iter().flat_map(|(min, max)| [min.to_le_bytes(), max.to_le_bytes()]);
        sha256_hex(bytes.collect::<Vec<_>>().as_flattened())
    }

    /// The table of these bounds: 0 at the minimum and 1 at the maximum, exactly.
    pub fn table(&self, zone: &str) -> Result<ScoreTable, BoundsError> {
        let calendar = Calendar::new(zone, self.day_classes)?;
        let curve = |&(min, max): &(f64, f64)| {
            Curve::new(vec![Knot { wh: min, score: 0.0 }, Knot { wh: max, score: 1.0 }])
        };
        let curves = self.cells.iter().map(curve).collect::<Result<_, _>>()?;
        Ok(ScoreTable::new(calendar, curves)?)
    }
}

/// The line of the first character at or after a place; the reader's own count is off after CRLF and blank lines.
fn line_of(content: &[u8], byte: u64) -> u64 {
    let (before, after) = content.split_at(usize::try_from(byte).unwrap_or(usize::MAX).min(content.len()));
    let blank = after.iter().take_while(|byte| byte.is_ascii_whitespace());
    let feeds = before.iter().chain(blank).filter(|&&byte| byte == b'\n').count();
    1 + feeds as u64
}

fn read_rows(mut source: impl Read) -> Result<Vec<Row>, BoundsError> {
    let mut content = Vec::new();
    source.read_to_end(&mut content).map_err(csv::Error::from)?;
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(content.as_slice());
    let header = reader.headers()?.clone();
    let column = |name: &'static str| {
        header.iter().position(|column| column == name).ok_or(BoundsError::MissingColumn(name))
    };
    let (hour, min, max) = (column("hour")?, column("min_wh")?, column("max_wh")?);
    let day = column("day").ok();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, |position| line_of(&content, position.byte()));
        let field = |column, at: usize, expected| BoundsError::Field {
            line,
            column,
            found: record[at].escape_debug().take(40).collect(),
            expected,
        };
        let number = |column, at: usize| {
            let parsed = record[at].parse::<f64>().ok().filter(|wh| (0.0..=Curve::MAX_WH).contains(wh));
            parsed.ok_or_else(|| field(column, at, "a number of Wh, 0 or more"))
        };
        let parsed = record[hour].parse::<usize>().ok().filter(|hour| *hour < HOURS);
        let row = Row {
            line,
            day: day.map_or("any", |at| &record[at]).to_owned(),
            hour: parsed.ok_or_else(|| field("hour", hour, "a whole number from 0 to 23"))?,
            bounds: (number("min_wh", min)?, number("max_wh", max)?),
        };
        if row.bounds.0 >= row.bounds.1 {
            return Err(BoundsError::NotAbove(line));
        }
        rows.push(row);
    }
    Ok(rows)
}
