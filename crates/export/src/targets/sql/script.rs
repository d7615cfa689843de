//! The text of a script as it is written: one `String`, which never becomes longer than [`MOST`].
//!
//! A number can take hundreds of characters in an engine that reads decimals inexactly, so a model of some megabytes can make a script of
//! gigabytes. Such a script is refused while it is written, before it takes more memory than the limit.

use crate::{error::Error, template::fill};

/// The most bytes of a script: far more than of any model that was learnt, and as much as the engines' clients take well.
const MOST: usize = 256 << 20;

/// Writes something that may be large.
pub(super) type Write<'a> = &'a dyn Fn(&mut Script) -> Result<(), Error>;

/// A script that is being written.
pub(super) struct Script {
    target: &'static str,
    most: usize,
    text: String,
}

impl Script {
    /// The script of a template, whose places are filled in with values and with what is written there, which may be large.
    pub(super) fn fill(
        target: &'static str,
        template: &str,
        values: &[(&str, &str)],
        large: &[(&str, Write<'_>)],
    ) -> Result<Vec<u8>, Error> {
        let mut script = Self { target, most: MOST, text: String::new() };
        script.write(template, values, large)?;
        Ok(script.text.into_bytes())
    }

    fn write(
        &mut self,
        template: &str,
        values: &[(&str, &str)],
        large: &[(&str, Write<'_>)],
    ) -> Result<(), Error> {
        let mut rest = template;
        loop {
            let places = large.iter().filter_map(|(word, write)| {
                rest.split_once(&format!("@{word}@")).map(|(before, after)| (before, write, after))
            });
            let Some((before, write, after)) = places.min_by_key(|(before, ..)| before.len()) else {
                return self.push(&fill(rest, values));
            };
            self.push(&fill(before, values))?;
            write(self)?;
            rest = after;
        }
    }

    /// Writes some text, if there is room for it.
    pub(super) fn push(&mut self, text: &str) -> Result<(), Error> {
        if text.len() > self.most - self.text.len() {
            let what = format!("its script would have more than {} MiB", self.most >> 20);
            return Err(Error::TooLarge { target: self.target, what });
        }
        self.text += text;
        Ok(())
    }

    /// Writes several, with a text between each two.
    pub(super) fn join<T>(
        &mut self,
        between: &str,
        items: impl IntoIterator<Item = T>,
        mut one: impl FnMut(&mut Self, T) -> Result<(), Error>,
    ) -> Result<(), Error> {
        for (place, item) in items.into_iter().enumerate() {
            self.push(if place == 0 { "" } else { between })?;
            one(self, item)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(most: usize) -> Script {
        Script { target: "sqlite", most, text: String::new() }
    }

    #[test]
    fn what_is_large_is_written_at_each_of_its_places() {
        let mut script = script(100);
        let write: Write<'_> = &|script| script.join(", ", 1..4, |script, one| script.push(&one.to_string()));
        script
            .write("@A@ (@ROWS@) @A@ @B@ (@ROWS@)", &[("A", "a@B@")], &[("B", &|_| Ok(())), ("ROWS", write)])
            .unwrap();
        assert_eq!(script.text, "a@B@ (1, 2, 3) a@B@  (1, 2, 3)");
    }

    #[test]
    fn a_script_ends_where_it_would_become_too_long() {
        let mut script = script(2 << 20);
        let mut rows = 0;
        let refused = script.join("", 0.., |script, _: u32| {
            rows += 1;
            script.push(&"x".repeat(1 << 18))
        });
        let what = "its script would have more than 2 MiB".to_owned();
        assert_eq!((refused, rows), (Err(Error::TooLarge { target: "sqlite", what }), 9));
        assert_eq!(script.text.len(), 2 << 20);
    }
}
