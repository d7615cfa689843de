//! Shows what is normal for a home, and what was not.

mod normal;

pub use normal::{Normal, Range};
