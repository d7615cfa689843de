//! The fields of a record's value, laid flat: each with its dotted path (`after.energy_kwh`) and what it holds.
//!
//! Whatever the value is written in, JSON or Avro, this is what is seen of it. Fields within a list have
//! no name that could be given, and are left out; so are those whose path is longer than [`PATH_BYTES`].
//! A value of more than [`MOST_FIELDS`] fields is refused, so that memory does not grow with what a
//! hostile value nests.

use std::ops::Range;

use super::{
    leaf::Leaf,
    template::{Template, Token},
};

/// The most fields that a value may have.
pub(crate) const MOST_FIELDS: usize = 1024;

/// The longest path of a field that is kept.
const PATH_BYTES: usize = 512;

/// A value that has more fields than are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManyFields;

/// The fields of one value. It is used again for the next, so that its memory is.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    /// The path of the field that is being read.
    path: String,
    /// How many lists it is within.
    lists: usize,
    shape: Shape,
    leaves: Vec<Leaf>,
    texts: String,
    /// What the text was like that they are of, if it was JSON.
    template: Template,
    /// The number of the Avro schema whose values all have this shape, if it is one's.
    schema: Option<u64>,
    /// Whether the shape is there already, and only what the fields hold is taken.
    is_alike: bool,
    /// Whether the shape was not touched since [`Self::know_shape`].
    is_known: bool,
}

/// The paths of all fields in their order, which most values of a topic have in common.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    paths: String,
    /// Where each path ends.
    ends: Vec<usize>,
}

impl Shape {
    /// How many fields there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The path of a field; empty for a value that is no more than a number or a text.
    pub(crate) fn path(&self, at: usize) -> &str {
        self.paths.get(self.start(at)..self.ends.get(at).copied().unwrap_or_default()).unwrap_or_default()
    }

    /// The paths in order.
    pub(crate) fn paths(&self) -> impl DoubleEndedIterator<Item = &str> {
        (0..self.len()).map(|at| self.path(at))
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or_default()
    }

    fn push(&mut self, path: &str) {
        self.paths.push_str(path);
        self.ends.push(self.paths.len());
    }

    /// Takes a range of bytes out of the path of every field from `first` on.
    fn cut(&mut self, first: usize, range: Range<usize>) {
        if first >= self.len() {
            return;
        }
        let mut rest = Self::default();
        for path in (first..self.len()).map(|at| self.path(at)) {
            let (before, after) = (path.get(..range.start), path.get(range.end..));
            rest.push(&[before.unwrap_or(path), after.unwrap_or_default()].concat());
        }
        self.paths.truncate(self.start(first));
        self.ends.truncate(first);
        for path in rest.paths() {
            self.push(path);
        }
    }
}

/// Where a field was entered, to leave it again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entered {
    path_bytes: usize,
    leaves: usize,
}

impl Fields {
    /// Forgets the value before.
    pub(crate) fn clear(&mut self) {
        self.path.clear();
        self.lists = 0;
        self.shape.paths.clear();
        self.shape.ends.clear();
        self.leaves.clear();
        self.texts.clear();
        self.template.forget();
        (self.schema, self.is_alike, self.is_known) = (None, false, false);
    }

    /// Forgets the value before, but for its shape if that is of the same schema.
    pub(crate) fn begin_alike(&mut self, schema: u64) {
        if self.schema != Some(schema) {
            return self.clear();
        }
        self.leaves.clear();
        self.texts.clear();
        self.is_alike = true;
    }

    /// Remembers that every value of a schema has this shape, if no field was left out.
    pub(crate) fn remember_schema(&mut self, schema: u64, leaves: usize) {
        self.schema = (self.leaves.len() == leaves).then_some(schema);
    }

    /// Whether the shape is the one that was known before.
    pub(crate) fn is_known(&self) -> bool {
        self.is_known
    }

    /// Notes that it is.
    pub(crate) fn know_shape(&mut self) {
        self.is_known = true;
    }

    /// Takes the values of a JSON text that has the names of the one before, if it looks so; else what is in here is of no use.
    pub(crate) fn read_alike(&mut self, text: &[u8]) -> bool {
        let Self { leaves, texts, template, .. } = self;
        leaves.clear();
        texts.clear();
        template.read(text, |token| {
            leaves.push(match token {
                Token::Leaf(leaf) => leaf,
                Token::Text(text) => {
                    let start = texts.len();
                    texts.push_str(text);
                    Leaf::Text(start..texts.len())
                }
            });
        })
    }

    /// Remembers the JSON text that was read.
    pub(crate) fn remember(&mut self, text: &[u8]) {
        self.template.learn(text, self.leaves.len());
    }

    /// The names.
    pub(crate) fn shape(&self) -> &Shape {
        &self.shape
    }

    /// What a field holds.
    pub(crate) fn leaf(&self, at: usize) -> &Leaf {
        self.leaves.get(at).unwrap_or(&Leaf::Null)
    }

    /// The text of [`Leaf::Text`].
    pub(crate) fn text(&self, range: &Range<usize>) -> &str {
        self.texts.get(range.clone()).unwrap_or_default()
    }

    /// Goes into the field of that name.
    #[inline]
    pub(crate) fn enter(&mut self, name: &str) -> Entered {
        let entered = Entered { path_bytes: self.path.len(), leaves: self.leaves.len() };
        if !self.is_alike {
            self.go_into(name);
        }
        entered
    }

    fn go_into(&mut self, name: &str) {
        // A path that is too long already need not grow further.
        if self.path.len() <= PATH_BYTES {
            if !self.path.is_empty() {
                self.path.push('.');
            }
            // One byte more than may be kept tells that it is too long.
            let most = (0..=name.len().min(PATH_BYTES + 4)).rev().find(|&most| name.is_char_boundary(most));
            self.path.push_str(most.and_then(|most| name.get(..most)).unwrap_or_default());
        }
    }

    /// Comes back out of it.
    pub(crate) fn leave(&mut self, entered: Entered) {
        self.path.truncate(entered.path_bytes);
    }

    /// Comes out of it as if it had not been there: the name of a type, not of a field.
    pub(crate) fn leave_unnamed(&mut self, entered: Entered) {
        let range = entered.path_bytes..self.path.len();
        self.shape.cut(entered.leaves, range);
        self.leave(entered);
    }

    /// Whether there is a field above the one that is being read.
    pub(crate) fn is_nested(&self) -> bool {
        !self.path.is_empty()
    }

    /// Goes into a list.
    pub(crate) fn enter_list(&mut self) {
        self.lists += 1;
    }

    /// Comes back out of it.
    pub(crate) fn leave_list(&mut self) {
        self.lists = self.lists.saturating_sub(1);
    }

    /// Takes what the field that was gone into holds.
    #[inline]
    pub(crate) fn take(&mut self, leaf: Leaf) -> Result<(), TooManyFields> {
        if self.is_alike {
            self.leaves.push(leaf);
            return Ok(());
        }
        self.take_anew(leaf)
    }

    fn take_anew(&mut self, leaf: Leaf) -> Result<(), TooManyFields> {
        if !self.is_kept() {
            return Ok(());
        }
        if self.leaves.len() == MOST_FIELDS {
            return Err(TooManyFields);
        }
        self.shape.push(&self.path);
        self.leaves.push(leaf);
        Ok(())
    }

    /// Takes a text.
    pub(crate) fn take_text(&mut self, text: &str) -> Result<(), TooManyFields> {
        if !self.is_kept() {
            return Ok(());
        }
        let start = self.texts.len();
        self.texts.push_str(text);
        self.take(Leaf::Text(start..self.texts.len()))
    }

    fn is_kept(&self) -> bool {
        self.lists == 0 && self.path.len() <= PATH_BYTES
    }
}

#[cfg(test)]
impl Fields {
    /// Every field as `path=value`.
    pub(crate) fn listed(&self) -> Vec<String> {
        let one = |(path, leaf): (&str, &Leaf)| match leaf {
            Leaf::Null => format!("{path}=null"),
            Leaf::Integer(number) => format!("{path}={number}"),
            Leaf::Number(number) => format!("{path}={number:?}"),
            Leaf::Instant(at) => format!("{path}=@{at}"),
            Leaf::Text(range) => format!("{path}={:?}", self.text(range)),
            Leaf::Other => format!("{path}=…"),
        };
        self.shape.paths().zip(&self.leaves).map(one).collect()
    }
}
