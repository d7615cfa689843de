//! The flags of `knowatt notify`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use super::live::LogFormat;

#[derive(clap::Args)]
#[allow(clippy::doc_markdown, reason = "help shows addresses as they are typed")]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Channels, their manners and their words are in the file (see docs/notify.md); tokens and passwords in the environment or in files of their own.

Examples:
  knowatt notify test --config knowatt.toml
  knowatt notify --config knowatt.toml
  knowatt notify --config knowatt.toml --dry-run --from - < anomalies.jsonl
  knowatt notify status --config knowatt.toml"
)]
pub(crate) struct NotifyArgs {
    #[command(subcommand)]
    pub(crate) action: Option<NotifyAction>,

    /// The file with the channels, under `notify`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,

    /// Where anomalies come from: kafka://broker:9092/topic, mqtt://hub:1883, a file that is followed as it grows, or `-`, standard input
    /// [default: where `knowatt watch` sends them by the same file]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) from: Option<String>,

    /// Print what would be sent, send nothing, keep nothing, commit nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Serve metrics and health over HTTP, at 127.0.0.1:9464, say
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) metrics: Option<String>,

    /// How the log is written to standard error
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_format: LogFormat,
}

#[derive(Subcommand)]
pub(crate) enum NotifyAction {
    /// Send a message marked as a test to each channel, and say what came back
    Test(NotifyTestArgs),
    /// Say what was delivered, what waits, what is held back and why, and what could not be delivered
    Status(NotifyStatusArgs),
    /// Try again what could not be delivered
    Retry(NotifyRetryArgs),
}

#[derive(clap::Args)]
pub(crate) struct NotifyTestArgs {
    /// The file with the channels, under `notify`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,

    /// Only this channel
    #[arg(value_name = "CHANNEL")]
    pub(crate) channel: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct NotifyStatusArgs {
    /// The file with the channels, under `notify`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,

    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: StatusFormat,
}

#[derive(clap::Args)]
pub(crate) struct NotifyRetryArgs {
    /// The file with the channels, under `notify`
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,

    /// Only this channel
    #[arg(value_name = "CHANNEL")]
    pub(crate) channel: Option<String>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum StatusFormat {
    /// To be read
    #[default]
    Text,
    /// For programs
    Json,
}
