//! The `knowatt` binary as a person or a script meets it: a file a subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests end where they fail")]
#![allow(clippy::format_collect, clippy::format_push_string, reason = "small made-up files")]
#![allow(missing_docs, unreachable_pub, reason = "a test binary has no users")]

mod architecture;
mod clock_changes;
mod columns;
mod documents;
mod export;
mod formats;
mod holidays;
mod hostile_formats;
mod hostile_input;
mod hygiene;
mod ledger;
mod links;
mod meters;
mod model_file;
mod models;
mod net;
mod plot;
mod reproducible;
mod results;
mod retrain;
mod support;
mod talk;
mod watch;
mod whole_files;
