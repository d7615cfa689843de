//! A score table made into what other engines run.
//!
//! Whatever the engine, the same [`functions`](#functions) come out, in the same arithmetic, so their results are
//! those of [`knowatt_score`] to the last bit; [`vectors`](targets) are the inputs and scores that show it. A
//! [`Target`] is one engine, one file in `targets/`; all take the table as an [`Export`], plain arrays of numbers that are
//! ready to be written down.
//!
//! # Functions
//! | function | of | gives |
//! |---|---|---|
//! | `score` | day, hour, Wh | the level: the reading by itself |
//! | `score_hour` | hour, Wh | the lowest level over all day classes: the talk's function |
//! | `score_at` | instant in ms since 1970, UTC; Wh | the level, the local day class and hour being found by the [`Clock`] inside |
//! | `floor` | day, hour, the lowest Wh of the last hours for each [floor](knowatt_score::Feature::Floor) | the highest score of the floors |
//! | `step` | day, hour, how many Wh more than the hour before | the score of the step |
//! | `rise` | day, hour, how many Wh each floor is higher than a day before | the highest score of the rises |
//! | `push` | instant, Wh, and the hours before, which it keeps | score, level, floor, step, rise |
//!
//! A day is the index of its class, an hour is 0 to 23. There is *no score* for a day or an hour that the table does not
//! have, for a Wh that is NaN, infinite or negative, and for an instant outside [`Clock`]'s years: SQL's NULL, Java's
//! `null` or NaN, whatever the engine has. In `floor` and `rise` such a Wh is left out, as one that is not known; with none left
//! there is no score. `floor`, `step` and `rise` exist where the table has curves for them.

mod clock;
mod error;
mod export;
mod flat;
mod name;
pub mod targets;
mod template;

pub use clock::{Clock, Span};
pub use error::Error;
pub use export::{Cell, Export, FeatureCurves};
pub use name::{Name, NameError};
pub use targets::{Target, all};
