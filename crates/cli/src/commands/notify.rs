//! `knowatt notify`: anomalies in, messages to people out.

#[cfg(feature = "notify")]
mod dry_run;
#[cfg(feature = "notify")]
mod run;
#[cfg(feature = "notify")]
mod status;
#[cfg(feature = "notify")]
mod test;

use std::process::ExitCode;

use anyhow::Result;

use crate::args::NotifyArgs;

/// Says that this build tells nobody.
#[cfg(not(feature = "notify"))]
pub(crate) fn run(_: &NotifyArgs) -> Result<ExitCode> {
    anyhow::bail!("this knowatt was built without that; build it with `--features notify`")
}

#[cfg(feature = "notify")]
pub(crate) fn run(args: &NotifyArgs) -> Result<ExitCode> {
    use crate::args::NotifyAction;

    match &args.action {
        Some(NotifyAction::Test(args)) => test::run(args),
        Some(NotifyAction::Status(args)) => status::run(args),
        Some(NotifyAction::Retry(args)) => status::retry(args),
        None => run::run(args),
    }
}
