//! Outside text in messages.

/// A field from outside, made fit for a message.
pub(crate) fn show(field: &[u8]) -> String {
    const MOST: usize = 60;
    let text = String::from_utf8_lossy(&field[..field.len().min(4 * MOST)]);
    let mut shown: String = text.trim().escape_debug().take(MOST).collect();
    if text.chars().count() > MOST || field.len() > 4 * MOST {
        shown.push('…');
    }
    shown
}
