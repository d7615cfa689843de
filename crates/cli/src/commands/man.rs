//! `knowatt man`: the manual, made from the flags' definitions.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::{
    args::{Args, ManArgs},
    output,
};

pub(crate) fn run(args: &ManArgs) -> Result<ExitCode> {
    let command = Args::command();
    if let Some(folder) = &args.output {
        std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
        clap_mangen::generate_to(command, folder).with_context(|| folder.display().to_string())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    output::print(|out| out.write_all(&page))?;
    Ok(ExitCode::SUCCESS)
}
