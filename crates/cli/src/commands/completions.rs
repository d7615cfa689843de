//! `knowatt completions`: what a shell needs to complete the flags.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory as _;

use crate::{
    args::{Args, CompletionsArgs},
    output,
};

pub(crate) fn run(args: &CompletionsArgs) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "knowatt", &mut script);
    output::print(|out| out.write_all(&script))?;
    Ok(ExitCode::SUCCESS)
}
