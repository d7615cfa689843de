//! Numbers and lengths at the start of a slice, which is moved on. Avro and Kafka write both alike.

/// Why a part could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Cut {
    #[error("it ends within a field")]
    Short,
    #[error("a number longer than 64 bits")]
    LongNumber,
    #[error("a negative length")]
    NegativeLength,
}

/// So many bytes.
#[inline]
pub(crate) fn take<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], Cut> {
    let (taken, rest) = bytes.split_at_checked(count).ok_or(Cut::Short)?;
    *bytes = rest;
    Ok(taken)
}

/// The same as an array, for a number of that many bytes.
#[inline]
pub(crate) fn array<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], Cut> {
    let (taken, rest) = bytes.split_first_chunk().ok_or(Cut::Short)?;
    *bytes = rest;
    Ok(*taken)
}

/// A whole number of variable length, its sign in the lowest bit.
#[inline]
pub(crate) fn zigzag(bytes: &mut &[u8]) -> Result<i64, Cut> {
    let mut number = 0_u64;
    for at in 0..10 {
        let (&byte, rest) = bytes.split_first().ok_or(Cut::Short)?;
        *bytes = rest;
        number |= u64::from(byte & 127) << (7 * at);
        if byte < 128 {
            return Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
    Err(Cut::LongNumber)
}

/// Bytes with their length before them.
#[inline]
pub(crate) fn sized<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], Cut> {
    let length = usize::try_from(zigzag(bytes)?).map_err(|_| Cut::NegativeLength)?;
    take(bytes, length)
}

/// The same, where a length of -1 stands for none.
#[inline]
pub(crate) fn nullable<'a>(bytes: &mut &'a [u8]) -> Result<Option<&'a [u8]>, Cut> {
    match zigzag(bytes)? {
        -1 => Ok(None),
        length => take(bytes, usize::try_from(length).map_err(|_| Cut::NegativeLength)?).map(Some),
    }
}
