//! Serves the page of a home live: how the hour stands against what is normal, and what was unusual today.
//!
//! ```text
//! watch ──► outlets ──► board ──► pages, by server-sent events
//!                         │
//!                       store (what a restart must not lose)
//! ```
//!
//! A page that connects is told every hour of the board, and then each hour that changes; so it has no gap, however long it was
//! away and whoever was restarted meanwhile. Nothing can be changed over it.

mod access;
mod board;
mod hour;
mod http;
mod sink;
mod store;

pub use access::Token;
pub use board::Board;
pub use http::{Page, serve};
pub use sink::outlets;
pub use store::Store;
