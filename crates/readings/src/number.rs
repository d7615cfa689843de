//! A field as a number, or as one of the ways in which files say "none".

/// What a field that should be a number holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    /// A finite number.
    Finite(f64),
    /// NaN, or too large for a double.
    NotFinite,
    /// Nothing, in one of the usual spellings.
    Missing,
    /// Something else.
    Bad,
}

/// What meters, hubs and spreadsheets write where there is no value.
const MISSING: [&str; 9] = ["", "?", "-", "null", "none", "n/a", "na", "unavailable", "unknown"];

pub(crate) fn parse(field: &[u8]) -> Number {
    let Ok(text) = std::str::from_utf8(field.trim_ascii()) else { return Number::Bad };
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Number::Finite(number),
        Ok(_) => Number::NotFinite,
        Err(_) if MISSING.iter().any(|missing| missing.eq_ignore_ascii_case(text)) => Number::Missing,
        Err(_) => Number::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_apart() {
        assert_eq!(parse(b" 1.5 "), Number::Finite(1.5));
        assert_eq!(parse(b"-0"), Number::Finite(-0.0));
        assert_eq!(parse(b"NaN"), Number::NotFinite);
        assert_eq!(parse(b"1e400"), Number::NotFinite);
        assert_eq!(parse(b"?"), Number::Missing);
        assert_eq!(parse(b"Unavailable"), Number::Missing);
        assert_eq!(parse(b"1,5"), Number::Bad);
        assert_eq!(parse(b"1\x005"), Number::Bad);
        assert_eq!(parse(b"\xff"), Number::Bad);
    }
}
