//! Every flag, once: help, man page, completions and parsing all come from here.

mod export;
mod input;
mod live;
mod measure;
mod notify;
mod report;
mod serve;
mod watch;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use clap_complete::Shell;
use knowatt_readings::formats::Format as InputFormat;
use knowatt_score::{Calendar, DayClasses};
use knowatt_train::{Choice, ModelName, Region, UnknownRegion, is_askable};

use self::input::format_parser;
#[cfg(feature = "notify")]
pub(crate) use self::notify::{
    NotifyAction, NotifyRetryArgs, NotifyStatusArgs, NotifyTestArgs, StatusFormat,
};
pub(crate) use self::{
    export::ExportArgs,
    input::{ColumnArgs, InputArgs},
    live::LogFormat,
    measure::MeasureArgs,
    notify::NotifyArgs,
    report::ReportArgs,
    serve::ServeArgs,
    watch::WatchArgs,
};

/// Learns what is normal for a home from a few months of meter readings, and scores readings against it
///
/// A score of 1.0 is the most that is normal for that day and hour; above it, someone should look.
#[derive(Parser)]
#[command(name = "knowatt", version, max_term_width = 100, disable_help_subcommand = true)]
#[command(
    after_help = "Exit codes: 0 done; 1 done, and what was asked about is there (score --fail-above); \
                        2 wrong usage or input; 3 outside failure (a disk that is full, say)."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Learn what is normal from readings, and write it as a model file
    Train(TrainArgs),
    /// Print the score matrix: what a reading of so many Wh scores at which hour
    Evaluate(EvaluateArgs),
    /// Make a model file of a fitted model, for another number of alerts
    Distil(DistilArgs),
    /// Judge models on the readings' own history: what they would have found, and how often they would have told
    Backtest(BacktestArgs),
    /// Score readings against a model
    Score(ScoreArgs),
    /// Put readings on a topic as they come, and lose none while the broker is away
    Measure(MeasureArgs),
    /// Score readings as they come, and send on what is not normal
    Watch(WatchArgs),
    /// Tell people of what is not normal, once an episode: phone, voice, mail, Home Assistant
    Notify(NotifyArgs),
    /// Make a table of hours of a meter's history, whatever it comes as: meter,start,wh
    Import(ImportArgs),
    /// Make of a model what another engine runs: ksqlDB, Flink, a database, a browser
    Export(ExportArgs),
    /// Make a page that shows what is normal, what was unusual, and whether to trust it
    Report(ReportArgs),
    /// Serve the page of `report` live to a browser: how the hour stands, and what was unusual of late
    Serve(ServeArgs),
    /// Say what a model file holds and where it came from
    Inspect(InspectArgs),
    /// List the places whose public holidays are known, or the dates of some
    Holidays(HolidaysArgs),
    /// Train on a real home's three months, and show what the month after would have told you
    Demo(DemoArgs),
    /// Print the completions of a shell
    Completions(CompletionsArgs),
    /// Print the manual, or write one page a command into a directory
    Man(ManArgs),
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt train meter.csv --tz Europe/Paris -o model.json
  knowatt train meter.csv --tz Australia/Sydney --holidays AU-NSW -o model.json
  knowatt train meter.csv --tz Europe/Paris --exclude away.csv -o model.json
  knowatt train meter.csv --tz Europe/Paris -o model.json --plot model.svg
  knowatt train meter.csv --tz Europe/Paris --was-fine 2007-12-29T02:00:00Z -o model.json
  knowatt train jan.csv.gz feb.csv.gz --tz Europe/Paris -o model.json --table table.csv
  knowatt train kafka://broker:9092/raw_power --tz Australia/Sydney -o model.json
  knowatt train counter.csv --tz Asia/Tokyo --unit kWh --kind register -o model.json
  knowatt train october.csv --from fitted.json --last-days 90 --fitted fitted.json -o model.json
  knowatt train --bounds bounds.csv --tz Australia/Sydney -o model.json")]
pub(crate) struct TrainArgs {
    /// Files in any format that is read (see --format), plain, gzip or zstd; `-` is standard input; `kafka://broker:9092/topic`
    #[arg(required_unless_present_any = ["bounds", "from"], conflicts_with = "bounds", value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Time zone of the home, whose hours are learned, such as Europe/Paris
    #[arg(long, value_name = "ZONE", value_parser = parse_zone, required_unless_present_any = ["bounds", "from"])]
    pub(crate) tz: Option<Zone>,

    /// Where to write the model file; `-` is standard output; in a directory each meter gets one
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Also write the score table of the level, as CSV: day,hour,wh,score
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,

    /// Also draw what is normal: a .svg or .png; `-` is standard output, as SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,

    /// The model to fit; auto takes the best on the home's own history [default: auto]
    #[arg(long, value_name = "MODEL", value_parser = choice_parser())]
    pub(crate) model: Option<Choice>,

    #[command(flatten)]
    pub(crate) learn: LearnArgs,

    /// Hours that alerted and were fine, as `knowatt score` prints them or by the home's clock: they score 1.0 at most
    #[arg(long, value_name = "TIMESTAMP", value_delimiter = ',')]
    pub(crate) was_fine: Vec<String>,

    /// Also write the fitted model, with the readings it was fitted to: for distil and --from
    #[arg(long, value_name = "FILE")]
    pub(crate) fitted: Option<PathBuf>,

    /// Carry on from a fitted model: its readings and options, with the inputs' readings added
    #[arg(long, value_name = "FITTED", conflicts_with_all = ["tz", "day_class", "holidays"])]
    pub(crate) from: Option<PathBuf>,

    /// Take the edges of normal, an envelope, from a CSV of `hour,min_wh,max_wh` (and `day`) instead of learning
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["alerts_per_month", "day_class", "holidays", "exclude", "was_fine", "seed", "fitted", "from", "last_days", "ledger", "time_column", "value_column", "unit", "kind", "net", "meter_column", "meter"]
    )]
    pub(crate) bounds: Option<PathBuf>,

    /// The format of the inputs [default: told by their content]
    #[arg(long, value_name = "FORMAT", requires = "inputs", value_parser = format_parser(), help_heading = "Input")]
    pub(crate) format: Option<&'static InputFormat>,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt distil fitted.json --alerts-per-month 1 -o model.json")]
pub(crate) struct DistilArgs {
    /// The fitted model, as train --fitted writes it
    #[arg(value_name = "FITTED")]
    pub(crate) fitted: PathBuf,

    /// Where to write the model file; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,

    /// Also write the score table of the level, as CSV: day,hour,wh,score
    #[arg(long, value_name = "FILE")]
    pub(crate) table: Option<PathBuf>,

    /// Alerts wanted in a month of 30 days [default: as it was trained for]
    #[arg(long, value_name = "N", value_parser = parse_alerts)]
    pub(crate) alerts_per_month: Option<f64>,
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt backtest meter.csv --tz Europe/Paris
  knowatt backtest meter.csv --tz Europe/Paris --models zscore,envelope --format json -o backtest.json")]
pub(crate) struct BacktestArgs {
    /// Files in any format that is read (see --format), plain, gzip or zstd; `-` is standard input; `kafka://broker:9092/topic`
    #[arg(required = true, value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,

    /// Time zone of the home, such as Europe/Paris
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    pub(crate) tz: Zone,

    /// The models to judge, the one to beat first, or all [default: those of auto]
    #[arg(long, value_name = "MODELS", value_delimiter = ',', value_parser = models_parser())]
    pub(crate) models: Vec<Models>,

    #[command(flatten)]
    pub(crate) learn: LearnArgs,

    /// Where to write the figures; `-` is standard output
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,

    /// How to write them
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// The format of the inputs [default: told by their content]
    #[arg(long = "input-format", value_name = "FORMAT", requires = "inputs", value_parser = format_parser(), help_heading = "Input")]
    pub(crate) input_format: Option<&'static InputFormat>,

    #[command(flatten)]
    pub(crate) columns: ColumnArgs,
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt evaluate model.json --hours 4,9,20 --wh 150,1500,3000
  knowatt evaluate model.json --day working-day --format csv
  knowatt evaluate model.json --plot model.svg")]
pub(crate) struct EvaluateArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    /// Hours of the day, 0 to 23 [default: all]
    #[arg(long, value_name = "HOURS", value_delimiter = ',', value_parser = clap::value_parser!(u8).range(0..24))]
    pub(crate) hours: Vec<u8>,

    /// Readings, in Wh
    #[arg(long, value_name = "WH", value_delimiter = ',', default_values = ["150", "500", "1500", "3000"], value_parser = parse_wh)]
    pub(crate) wh: Vec<f64>,

    /// Only this day class, such as day-off [default: all]
    #[arg(long, value_name = "CLASS")]
    pub(crate) day: Option<String>,

    /// How to print it
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// Also draw what is normal at all hours: a .svg or .png; `-` is standard output, as SVG and without the matrix
    #[arg(long, value_name = "FILE")]
    pub(crate) plot: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt score model.json yesterday.csv
  knowatt score model.json yesterday.csv -o scored.jsonl --fail-above 1 || echo 'someone should look'")]
pub(crate) struct ScoreArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,

    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Where to write the scores, as .csv or .jsonl; `-` is standard output, as CSV
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,

    /// Exit with code 1 if a reading scores above this
    #[arg(long, value_name = "SCORE", value_parser = parse_score, allow_negative_numbers = true)]
    pub(crate) fail_above: Option<f64>,
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt import green-button.xml -o readings.csv
  knowatt import export.csv --tz Europe/Brussels -o readings.jsonl --ledger ledger.csv")]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    pub(crate) input: InputArgs,

    /// Time zone of the home: whose hours are meant, and the times that have no offset [default: UTC, and times need one]
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    pub(crate) tz: Option<Zone>,

    /// Where to write the hours, as .csv or .jsonl; `-` is standard output, as CSV
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    pub(crate) output: PathBuf,
}

#[derive(clap::Args)]
pub(crate) struct InspectArgs {
    /// The model file
    #[arg(value_name = "MODEL")]
    pub(crate) model: PathBuf,
}

#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  knowatt holidays | grep -i zealand
  knowatt holidays AU-NSW | grep ^2025")]
pub(crate) struct HolidaysArgs {
    /// Codes of ISO 3166, of countries (FR) or of subdivisions (AU-NSW) [default: list all]
    #[arg(value_name = "CODE", value_parser = parse_region)]
    pub(crate) codes: Vec<Region>,
}

#[derive(clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(clap::Args)]
pub(crate) struct ManArgs {
    /// Write the pages into this directory instead
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
}

/// Which readings are learned, by which calendar and for how many alerts.
#[derive(clap::Args)]
pub(crate) struct LearnArgs {
    /// Alerts wanted in a month of 30 days; 1.0 is set so that about so many arise [default: 2]
    #[arg(long, value_name = "N", value_parser = parse_alerts)]
    pub(crate) alerts_per_month: Option<f64>,

    /// How days are grouped, each group with hours of its own [default: day-type]
    #[arg(long, value_name = "CLASSES", value_parser = day_classes_parser())]
    pub(crate) day_class: Option<DayClasses>,

    /// Places whose public holidays are days off, such as FR or AU-NSW; `knowatt holidays` lists them
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = parse_region)]
    pub(crate) holidays: Vec<Region>,

    /// Periods not to be learned (a holiday away, a broken meter), as CSV: start,end,why; an end's date is included
    #[arg(long, value_name = "FILE")]
    pub(crate) exclude: Vec<PathBuf>,

    /// Learn from the last so many days only
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(21..=36500))]
    pub(crate) last_days: Option<u32>,

    /// Seed of every random choice [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// Replay the month after as it would come, an hour every few milliseconds, and say each alert as it arises
    #[arg(long)]
    pub(crate) live: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table to read
    #[default]
    Text,
    /// Rows in full precision
    Csv,
    /// The same, for programs
    Json,
}

/// A time zone known to exist, by its IANA name.
#[derive(Clone)]
pub(crate) struct Zone(pub(crate) String);

fn parse_zone(name: &str) -> Result<Zone, String> {
    let calendar = Calendar::new(name, DayClasses::None).map_err(|error| {
        let wanted = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase().replace(' ', "_");
        let alike = |zone: &String| wanted.len() > 2 && zone.to_ascii_lowercase().contains(&wanted);
        let names = jiff::tz::db().available().map(|zone| zone.to_string());
        let close: Vec<_> = names.filter(alike).take(5).collect();
        if close.is_empty() { error.to_string() } else { format!("{error}; is it {}?", close.join(" or ")) }
    })?;
    Ok(Zone(calendar.zone_name().to_owned()))
}

fn parse_region(code: &str) -> Result<Region, String> {
    code.parse().map_err(|error: UnknownRegion| format!("{error} (`knowatt holidays` lists all)"))
}

fn parse_wh(text: &str) -> Result<f64, String> {
    let wh = text.trim().parse::<f64>().ok().filter(|wh| (0.0..=f64::MAX).contains(wh));
    wh.ok_or_else(|| "a number of Wh, 0 or more, is expected".to_owned())
}

fn parse_alerts(text: &str) -> Result<f64, String> {
    let alerts = text.parse::<f64>().ok().filter(|alerts| is_askable(*alerts));
    alerts.ok_or_else(|| "a number above 0 and at most 30, one a day, is expected".to_owned())
}

fn parse_score(text: &str) -> Result<f64, String> {
    let score = text.parse::<f64>().ok().filter(|score| score.is_finite());
    score.ok_or_else(|| "a score is a number; 1.0 is the most that is normal".to_owned())
}

fn choice_parser() -> impl clap::builder::TypedValueParser<Value = Choice> {
    use clap::builder::TypedValueParser as _;
    let names = ModelName::ALL.map(ModelName::name);
    PossibleValuesParser::new([Choice::Auto.name()].into_iter().chain(names)).try_map(|name| name.parse())
}

/// One model, or all.
#[derive(Clone, Copy)]
pub(crate) enum Models {
    All,
    One(ModelName),
}

fn models_parser() -> impl clap::builder::TypedValueParser<Value = Models> {
    use clap::builder::TypedValueParser as _;
    let names = ModelName::ALL.map(ModelName::name);
    PossibleValuesParser::new(["all"].into_iter().chain(names))
        .try_map(|name| if name == "all" { Ok(Models::All) } else { name.parse().map(Models::One) })
}

fn day_classes_parser() -> impl clap::builder::TypedValueParser<Value = DayClasses> {
    use clap::builder::TypedValueParser as _;
    let named = |name: String| DayClasses::ALL.into_iter().find(|classes| classes.name() == name);
    PossibleValuesParser::new(DayClasses::ALL.map(DayClasses::name))
        .try_map(move |name| named(name).ok_or("unknown"))
}
