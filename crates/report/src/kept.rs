//! What became of the rows of the inputs.

use knowatt_readings::{Ledger, Rule};
use serde::Serialize;

/// A ledger, for people.
#[derive(Debug, Serialize)]
pub(crate) struct Kept {
    read: u64,
    used: u64,
    repaired: u64,
    quarantined: u64,
    ignored: u64,
    rules: Vec<RuleCount>,
}

#[derive(Debug, Serialize)]
struct RuleCount {
    name: &'static str,
    count: u64,
    /// Where it is found first, and what was there.
    first: String,
}

impl Kept {
    pub(crate) fn of(ledger: &Ledger<'_>) -> Self {
        let rows = ledger.rows();
        let rules = Rule::ALL.into_iter().filter(|&rule| ledger.count(rule) > 0).map(|rule| RuleCount {
            name: rule.name(),
            count: ledger.count(rule),
            first: ledger.first(rule).map(ToString::to_string).unwrap_or_default(),
        });
        Self {
            read: rows.read,
            used: rows.used,
            repaired: rows.repaired,
            quarantined: rows.quarantined,
            ignored: rows.ignored,
            rules: rules.collect(),
        }
    }
}
