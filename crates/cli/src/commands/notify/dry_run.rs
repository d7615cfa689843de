//! `knowatt notify --dry-run`: what would be sent is printed.

use knowatt_notify::{Channel, Failure, config::NotifyConfig, message::Message, open::Sender};

use crate::{
    live, output,
    text::{BOLD, DIM},
};

/// In the place of the channels: what each would send.
pub(super) fn senders(notify: &NotifyConfig, status: &live::Status) -> Vec<Sender> {
    let printer = |name: &String| {
        let channel = Box::new(Printer { name: name.clone(), status: status.clone() });
        Sender { name: name.clone(), channel, secrets: Vec::new() }
    };
    notify.channels.keys().map(printer).collect()
}

struct Printer {
    name: String,
    status: live::Status,
}

impl Channel for Printer {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let Message { title, text, spoken, .. } = message;
        let print = || {
            output::print(|out| {
                writeln!(out, "{BOLD}{}{BOLD:#}: {title}\n{}", self.name, indented(text))?;
                writeln!(out, "{DIM}{}{DIM:#}", indented(&format!("spoken: {spoken}")))
            })
        };
        self.status.aside(print).map_err(|error| Failure::again(error.to_string()))?;
        Ok(String::new())
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
