//! Source texts with places to fill in.

/// Fills in each `@WORD@` of a source text, which lies beside the target's code as a file of its own language.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = template.to_owned();
    for (word, value) in values {
        filled = filled.replace(&format!("@{word}@"), value);
    }
    filled
}
