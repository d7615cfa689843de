//! A message that is marked as a test, to see what comes back.

use knowatt_stream::{Error, clock};

use crate::{channel::Then, message::MessageEvent, open::Sender, outbox::Rules, words::example};

/// What became of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// Whether it was sent, and if not, what would become of an alert.
    pub outcome: Result<(), Then>,
    /// What came back, without secrets.
    pub answer: String,
}

/// Sends a test: the talk's 1500 Wh at four in the morning. Nothing of it is kept.
pub fn trial(sender: &mut Sender, rules: &Rules) -> Result<Trial, Error> {
    let own = rules.channels.iter().find(|channel| channel.name == sender.name);
    let words = own.map_or(&rules.usual, |channel| &channel.words);
    // Each test is another one, also for whoever drops what comes again.
    let key = format!("test-{}-{}", clock::now_ms(), sender.name);
    let message = words.message(key, example(MessageEvent::Test))?;
    let came = sender.channel.check().and_then(|()| sender.channel.send(&message));
    Ok(match came {
        Ok(answer) => Trial { outcome: Ok(()), answer: sender.shown(&answer) },
        Err(failure) => Trial { outcome: Err(failure.then), answer: sender.shown(&failure.told()) },
    })
}
