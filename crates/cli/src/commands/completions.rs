//! `knowatt completions`: what a shell needs to complete the flags.

use std::{io::Write as _, process::ExitCode};

use anyhow::Result;
use clap::CommandFactory as _;

use crate::args::{Args, CompletionsArgs};

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "knowatt", &mut script);
    std::io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
