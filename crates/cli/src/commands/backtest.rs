//! `knowatt backtest`: models judged on the readings' own history.

use std::{
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context as _, Result};
use knowatt_score::{Calendar, Figure};
use knowatt_train::{
    AUTO, BacktestReport, CandidateFigures, ModelName, WindowFigures, backtest, training_set,
};
use serde::Serialize;

use crate::{
    args::{BacktestArgs, Format, Models},
    history::History,
    inputs::Sources,
    output::{self, Output, OutputError},
    text::{BOLD, DIM, date},
};

/// One window's figures of one candidate.
#[derive(Serialize)]
struct Row {
    model: &'static str,
    shares: &'static str,
    window_start: String,
    window_end: String,
    average_precision: f64,
    events: f64,
    alerts_per_month: f64,
    chosen: bool,
}

/// The JSON form; `version` rises when a program that reads it would have to change.
#[derive(Serialize)]
struct Document<'a> {
    format: &'static str,
    version: u32,
    alerts_per_month_asked: f64,
    choice: &'a str,
    nested: &'a knowatt_score::Backtest,
    rows: &'a [Row],
}

pub(crate) fn run(args: &BacktestArgs) -> Result<ExitCode> {
    let files: Vec<_> = args.inputs.iter().chain(&args.learn.exclude).map(PathBuf::as_path).collect();
    let ledger = args.columns.ledger.as_deref();
    output::distinct(&[("--output", Some(&args.output)), ("--ledger", ledger)], &files)?;
    let sources = Sources { inputs: &args.inputs, format: args.input_format, columns: &args.columns };
    let History { readings, options, zone, .. } = History::begin(sources, &args.tz, &args.learn)?;
    let set = training_set(&readings, &zone, &options)?;
    let report = backtest(&set, &models(&args.models), options.alerts_per_month, options.seed)?;
    let rows = rows(&report);
    let write = |out: &mut dyn Write| match args.format {
        Format::Text => print(out, &report, &set.calendar, options.alerts_per_month),
        Format::Csv => print_csv(out, &rows),
        Format::Json => {
            let document = Document {
                format: "knowatt-backtest",
                version: 1,
                alerts_per_month_asked: options.alerts_per_month,
                choice: &report.nested.choice,
                nested: &report.nested,
                rows: &rows,
            };
            writeln!(out, "{}", serde_json::to_string_pretty(&document)?)
        }
    };
    if args.output.as_os_str() == "-" {
        output::print(write)?;
    } else {
        let mut file = Output::create(&args.output)?;
        let mut plain = anstream::StripStream::new(Vec::new());
        write(&mut plain)?;
        file.write_all(&plain.into_inner()).with_context(|| OutputError(args.output.clone()))?;
        file.finish()?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The models asked for, each once, in the order they were named.
fn models(asked: &[Models]) -> Vec<ModelName> {
    let mut models: Vec<ModelName> = Vec::new();
    let named = asked.iter().flat_map(|asked| match asked {
        Models::All => AUTO.into_iter().chain(ModelName::ALL).collect(),
        Models::One(model) => vec![*model],
    });
    for model in if asked.is_empty() { AUTO.to_vec() } else { named.collect() } {
        if !models.contains(&model) {
            models.push(model);
        }
    }
    models
}

fn rows(report: &BacktestReport) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, CandidateFigures { candidate, windows }) in report.candidates.iter().enumerate() {
        for (window, figures) in report.windows.iter().zip(windows) {
            let mean = |value: fn(&knowatt_train::Judgement) -> f64| {
                let WindowFigures { trials, .. } = figures;
                trials.iter().map(value).sum::<f64>() / trials.len().max(1) as f64
            };
            rows.push(Row {
                model: candidate.model.name(),
                shares: candidate.shares.name,
                window_start: window.start.to_string(),
                window_end: window.end.to_string(),
                average_precision: mean(|judgement| judgement.average_precision),
                events: mean(|judgement| judgement.events),
                alerts_per_month: figures.alerts_per_month,
                chosen: index == report.chosen,
            });
        }
    }
    rows
}

/// Names, numbers and instants need no quotation marks.
fn print_csv(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    writeln!(out, "model,shares,window_start,window_end,average_precision,events,alerts_per_month,chosen")?;
    for row in rows {
        let Row {
            model,
            shares,
            window_start,
            window_end,
            average_precision,
            events,
            alerts_per_month,
            chosen,
        } = row;
        writeln!(
            out,
            "{model},{shares},{window_start},{window_end},{average_precision},{events},{alerts_per_month},{chosen}"
        )?;
    }
    Ok(())
}

fn print(out: &mut dyn Write, report: &BacktestReport, calendar: &Calendar, asked: f64) -> io::Result<()> {
    let days: Vec<String> = report
        .windows
        .iter()
        .map(|window| {
            format!("{} to {}", date(window.start, calendar.zone()), date(window.end, calendar.zone()))
        })
        .collect();
    writeln!(out, "{DIM}judged on {}; each time trained on all before{DIM:#}\n", days.join(", "))?;
    writeln!(
        out,
        "{BOLD}{:<30}{:>20}{:>18}{:>20}{BOLD:#}",
        "model, shares", "average precision", "mishaps found", "alerts a month"
    )?;
    let figures = |figures: &knowatt_score::Backtest| {
        let percent = |figure: Figure| format!("{:.0} ± {:.0} %", 100.0 * figure.mean, 100.0 * figure.spread);
        let plain = |figure: Figure, digits| format!("{:.digits$} ± {:.digits$}", figure.mean, figure.spread);
        format!(
            "{:>20}{:>18}{:>20}",
            plain(figures.average_precision, 2),
            percent(figures.events),
            plain(figures.alerts_per_month, 1)
        )
    };
    for (index, candidate) in report.candidates.iter().enumerate() {
        let name = format!("{}, {}", candidate.candidate.model, candidate.candidate.shares.name);
        let style = if index == report.chosen { BOLD } else { anstyle::Style::new() };
        writeln!(out, "{style}{name:<30}{}{style:#}", figures(&candidate.summary()))?;
    }
    writeln!(out, "{:<30}{}", "the choice, nested", figures(&report.nested))?;
    writeln!(out, "\n{BOLD}chosen{BOLD:#}  {}", report.nested.choice)?;
    writeln!(
        out,
        "{DIM}{asked} alerts a month were asked for. Found: with at most four false alerts a month. ± is the spread over\n\
         the windows. Nested: each window judged by what would have been chosen on the others.{DIM:#}"
    )
}
