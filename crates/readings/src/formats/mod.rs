//! The forms in which a meter's history comes, a file each.

pub mod csv;
