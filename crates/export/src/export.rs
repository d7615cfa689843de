//! What is exported, as every target takes it.

use knowatt_score::{Curve, Feature, Knot, ModelFile, ScoreTable, Slot};

use crate::{clock::Clock, name::Name};

/// One curve with its place.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'a> {
    /// The day class and hour.
    pub slot: Slot,
    /// The curve.
    pub curve: &'a Curve,
}

impl<'a> Cell<'a> {
    /// The curve's knots.
    pub fn knots(&self) -> &'a [Knot] {
        self.curve.knots()
    }
}

/// The curves of a feature, day class by day class, hour by hour.
#[derive(Debug, Clone)]
pub struct FeatureCurves<'a> {
    /// What they take.
    pub feature: Feature,
    /// The curve of day · 24 + hour.
    pub cells: Vec<Cell<'a>>,
}

/// How many hours each floor or rise looks at.
pub(crate) fn hours(sets: &[&FeatureCurves<'_>]) -> Vec<u8> {
    let hours = sets.iter().filter_map(|set| match set.feature {
        Feature::Floor { hours } | Feature::Rise { hours } => Some(hours),
        Feature::Level | Feature::Step => None,
    });
    hours.collect()
}

/// What an argument or a column with a feature's Wh is called: `wh`, `low_3h`, `step_wh`, `rise_3h`.
pub(crate) fn argument_name(feature: Feature) -> String {
    match feature {
        Feature::Level => "wh".to_owned(),
        Feature::Floor { hours } => format!("low_{hours}h"),
        Feature::Step => "step_wh".to_owned(),
        Feature::Rise { hours } => format!("rise_{hours}h"),
    }
}

/// A model, the name to give it, and what was asked for.
#[derive(Debug)]
pub struct Export<'a> {
    /// The model.
    pub model: &'a ModelFile,
    /// The SHA-256 at the end of its file.
    pub sha256: String,
    /// What the functions are called.
    pub name: Name,
    /// Whether an hour that does not exist scores −1, as in the talk, where only the hour and Wh are given.
    pub seed_compatible: bool,
    /// Its calendar.
    pub clock: Clock,
    features: Vec<FeatureCurves<'a>>,
}

impl<'a> Export<'a> {
    /// A model, with the digest of its file, under a name.
    pub fn new(model: &'a ModelFile, sha256: String, name: Name) -> Self {
        let features = model.table.features().map(|(feature, cells)| {
            let cells = cells.map(|(slot, curve)| Cell { slot, curve }).collect();
            FeatureCurves { feature, cells }
        });
        let (clock, features) = (Clock::new(model.table.calendar()), features.collect());
        Self { model, sha256, name, seed_compatible: false, clock, features }
    }

    /// The score table.
    pub fn table(&self) -> &'a ScoreTable {
        &self.model.table
    }

    /// All features: the level first, then floors, the step, rises.
    pub fn features(&self) -> &[FeatureCurves<'a>] {
        &self.features
    }

    /// The curves for the reading itself.
    pub fn level(&self) -> &FeatureCurves<'a> {
        &self.features[0] // every table has it
    }

    /// Those of the floors, the shortest first.
    pub fn floors(&self) -> Vec<&FeatureCurves<'a>> {
        self.of(|feature| matches!(feature, Feature::Floor { .. }))
    }

    /// Those of the step, if it has any.
    pub fn step(&self) -> Option<&FeatureCurves<'a>> {
        self.of(|feature| feature == Feature::Step).first().copied()
    }

    /// Those of the rises, the shortest first.
    pub fn rises(&self) -> Vec<&FeatureCurves<'a>> {
        self.of(|feature| matches!(feature, Feature::Rise { .. }))
    }

    fn of(&self, is: impl Fn(Feature) -> bool) -> Vec<&FeatureCurves<'a>> {
        self.features.iter().filter(|curves| is(curves.feature)).collect()
    }

    /// How many classes of days there are.
    pub fn days(&self) -> usize {
        self.clock.day_classes.count()
    }

    /// What stands at the head of every text that is exported, a line each: nothing in it but names that were checked, digits
    /// and this program's own words.
    pub fn heading(&self) -> [String; 3] {
        let calendar = self.table().calendar();
        let classes: Vec<_> = calendar
            .day_classes()
            .class_names()
            .iter()
            .enumerate()
            .map(|(day, name)| format!("{day} {name}"))
            .collect();
        [
            format!(
                "{}: scores of a meter's hours, 1.0 being the most that is normal. Made by knowatt {}; do not edit.",
                self.name,
                env!("CARGO_PKG_VERSION")
            ),
            format!("Model file SHA-256 {}.", self.sha256),
            format!("Time zone {}; day classes: {}.", calendar.zone_name(), classes.join(", ")),
        ]
    }
}
