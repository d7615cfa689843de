//! One command a file.

pub(crate) mod backtest;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod demo_live;
pub(crate) mod distil;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod holidays;
pub(crate) mod import;
pub(crate) mod inspect;
pub(crate) mod man;
pub(crate) mod measure;
pub(crate) mod notify;
pub(crate) mod report;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod train;
pub(crate) mod watch;
