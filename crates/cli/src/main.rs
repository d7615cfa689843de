//! The `knowatt` command: parses flags, calls the crates, prints.
//!
//! Results go to standard output, progress and messages to standard error. Exit codes: 0 done; 1 done,
//! and what was asked about is there; 2 wrong usage or input; 3 an outside failure.

mod args;
mod commands;
mod drift;
mod excluded;
mod history;
mod inputs;
mod live;
mod matrix;
mod model_output;
mod output;
mod people;
mod picture;
mod plot;
mod text;
mod topics;
mod was_fine;

use std::{io, process::ExitCode};

use clap::Parser;

use crate::{
    args::{Args, Command},
    output::OutputError,
};

/// librdkafka takes memory in one thread and gives it back in another, which takes glibc as long as all else that `watch` does.
#[cfg(feature = "kafka")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let result = match Args::parse().command {
        Command::Train(args) => commands::train::run(&args),
        Command::Evaluate(args) => commands::evaluate::run(&args),
        Command::Distil(args) => commands::distil::run(&args),
        Command::Backtest(args) => commands::backtest::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Score(args) => commands::score::run(&args),
        Command::Measure(args) => commands::measure::run(&args),
        Command::Watch(args) => commands::watch::run(&args),
        Command::Notify(args) => commands::notify::run(&args),
        Command::Import(args) => commands::import::run(&args),
        Command::Export(args) => commands::export::run(&args),
        Command::Inspect(args) => commands::inspect::run(&args),
        Command::Holidays(args) => commands::holidays::run(&args),
        Command::Demo(args) if args.live => commands::demo_live::run(),
        Command::Demo(_) => commands::demo::run(),
        Command::Completions(args) => commands::completions::run(&args),
        Command::Man(args) => commands::man::run(&args),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let red = anstyle::AnsiColor::Red.on_default() | anstyle::Effects::BOLD;
            output::say!("{red}knowatt:{red:#} {error:#}");
            let is_outside = error.is::<OutputError>()
                || error
                    .downcast_ref::<knowatt_readings::Error>()
                    .is_some_and(knowatt_readings::Error::is_outside)
                || error
                    .downcast_ref::<knowatt_stream::Error>()
                    .is_some_and(|error| error.remedy() != knowatt_stream::Remedy::Change);
            ExitCode::from(if is_outside { 3 } else { 2 })
        }
    }
}

/// Whether whoever read our output has had enough of it, as `head` does.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let mut causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    causes.any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
