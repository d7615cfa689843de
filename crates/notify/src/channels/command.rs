//! A command of this machine, with its arguments, and never through a shell.
//!
//! ```toml
//! [notify.channels.desktop]
//! kind = "command"
//! command = ["notify-send", "{{ title }}", "{{ text }}"]
//! ```
//!
//! Each argument is a template of its own, so that what a meter is called can be no other argument. The message is in the environment too:
//! `KNOWATT_KEY`, `KNOWATT_EVENT`, `KNOWATT_TITLE`, `KNOWATT_TEXT`, `KNOWATT_SPOKEN`; the variables that hold channels' secrets are not. Exit code 0 is sent; 64 (wrong usage) or a command that
//! is not there is never; any other is tried again. At least once.

use std::{
    io::ErrorKind,
    process::{Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use knowatt_stream::Error;
use minijinja::Environment;
use serde::Deserialize;

use crate::{
    channel::{Channel, Failure},
    locale::Locale,
    message::Message,
    words::{environment, example_message, values, wrong},
};

/// `EX_USAGE` of sysexits.h.
const WRONG_USAGE: i32 = 64;
/// How often it is looked whether it has ended.
const LOOK: Duration = Duration::from_millis(10);

/// `kind = "command"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CommandConfig {
    /// The program and its arguments.
    pub command: Vec<String>,
}

/// Runs a command.
pub struct Run {
    program: String,
    /// Templates named `argument 1` and so on.
    arguments: Environment<'static>,
    count: usize,
    timeout: Duration,
    /// Variables that it is not given.
    secret_variables: Vec<String>,
}

impl Run {
    /// Nothing is run yet.
    pub fn new(
        config: &CommandConfig,
        locale: Locale,
        timeout: Duration,
        secret_variables: &[String],
    ) -> Result<Self, Error> {
        let [program, templates @ ..] = config.command.as_slice() else {
            return Err(Error::change("`command` is empty"));
        };
        let mut arguments = environment(locale);
        for (at, template) in templates.iter().enumerate() {
            let name = name(at);
            let added = arguments.add_template_owned(name.clone(), template.clone());
            added.map_err(|error| wrong(&name, &error))?;
        }
        let run = Self {
            program: program.clone(),
            arguments,
            count: templates.len(),
            timeout,
            secret_variables: secret_variables.to_vec(),
        };
        run.arguments(&example_message())?;
        Ok(run)
    }

    fn arguments(&self, message: &Message) -> Result<Vec<String>, Error> {
        let values = values(message);
        let argument = |at| {
            let name = name(at);
            let rendered =
                self.arguments.get_template(&name).and_then(|template| template.render(values.clone()));
            // No argument can hold a zero byte.
            rendered.map(|text| text.replace('\0', "")).map_err(|error| wrong(&name, &error))
        };
        (0..self.count).map(argument).collect()
    }
}

fn name(at: usize) -> String {
    format!("argument {}", at + 1)
}

impl Channel for Run {
    fn send(&mut self, message: &Message) -> Result<String, Failure> {
        let arguments = self.arguments(message).map_err(|error| Failure::never(error.to_string()))?;
        let mut command = Command::new(&self.program);
        for secret in &self.secret_variables {
            command.env_remove(secret);
        }
        let mut child = command
            .args(arguments)
            .env("KNOWATT_KEY", &message.key)
            .env("KNOWATT_EVENT", message.event.name())
            .env("KNOWATT_TITLE", message.title.replace('\0', ""))
            .env("KNOWATT_TEXT", message.text.replace('\0', ""))
            .env("KNOWATT_SPOKEN", message.spoken.replace('\0', ""))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| {
                let why = format!("`{}` cannot be run: {error}", self.program);
                let is_there = !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied);
                if is_there { Failure::again(why) } else { Failure::never(why) }
            })?;
        let until = Instant::now() + self.timeout;
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return became(&self.program, status),
                Ok(None) if Instant::now() < until => std::thread::sleep(LOOK),
                Ok(None) => {
                    _ = child.kill();
                    _ = child.wait();
                    return Err(Failure::again(format!(
                        "`{}` took longer than {:?} and was ended",
                        self.program, self.timeout
                    )));
                }
                Err(error) => return Err(Failure::again(format!("`{}`: {error}", self.program))),
            }
        }
    }
}

fn became(program: &str, status: ExitStatus) -> Result<String, Failure> {
    match status.code() {
        Some(0) => Ok("exit code 0".to_owned()),
        Some(code @ WRONG_USAGE) => {
            Err(Failure::never(format!("`{program}` ended with exit code {code}, wrong usage")))
        }
        Some(code) => Err(Failure::again(format!("`{program}` ended with exit code {code}"))),
        None => Err(Failure::again(format!("`{program}` was ended: {status}"))),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use crate::channel::Then;

    fn run(command: &[&str], title: &str) -> Result<String, Failure> {
        let config = CommandConfig { command: command.iter().map(|&part| part.to_owned()).collect() };
        let mut channel =
            Run::new(&config, Locale::default(), Duration::from_millis(300), &["HOME".to_owned()]).unwrap();
        let (key, title, text) = ("k".to_owned(), title.to_owned(), "text".to_owned());
        channel.send(&Message { key, title, text, ..example_message() })
    }

    #[test]
    fn an_argument_is_one_whatever_is_in_it() {
        let hostile = "a b; $(false) 'c' \"d\" {{ e }}";
        assert!(
            run(&["test", "{{ title }}", "=", hostile.replace("{{", "{{ '{{' }}").as_str()], hostile).is_ok()
        );
        assert!(run(&["test", "{{ facts.wh | number }}", "=", "1500"], "").is_ok());
    }

    #[test]
    fn what_becomes_of_it_is_told_by_the_exit_code() {
        assert!(
            matches!(run(&["false"], ""), Err(Failure { why, then: Then::Again(_), .. }) if why.contains("exit code 1"))
        );
        assert!(matches!(run(&["sh", "-c", "exit 64"], ""), Err(Failure { then: Then::Never, .. })));
        assert!(
            matches!(run(&["/no/such/program"], ""), Err(Failure { why, then: Then::Never, .. }) if why.contains("/no/such/program"))
        );
        assert!(
            matches!(run(&["sleep", "5"], ""), Err(Failure { why, then: Then::Again(_), .. }) if why.contains("was ended"))
        );
        assert!(run(&["sh", "-c", "test \"$KNOWATT_KEY$KNOWATT_EVENT\" = kalert"], "").is_ok());
        assert!(
            run(&["sh", "-c", "test -z \"$HOME\" && test -n \"$PATH\""], "").is_ok(),
            "a secret is given on"
        );
    }
}
