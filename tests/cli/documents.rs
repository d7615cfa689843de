//! The documents are true: their commands are run, their output is what they show, every command has a
//! page, and the picture is what the demo prints.
//!
//! A fenced block marked `console` holds commands after `$ ` and what they print (standard output and
//! error together). Lines of `...` stand for anything. Blocks of a file run in order, in one folder that
//! has the project's `data`; what a reader need not see of them stands in an HTML comment. A block marked
//! `console kafka` wants a broker: `tests/guide/run` runs it.

use std::{fs, num::NonZeroUsize, path::Path, process::Command, sync::Mutex, thread};

use crate::support::{Folder, root};

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
}

/// Every Markdown file of the checkout, by its path from the root.
pub fn documents() -> Vec<String> {
    fn walk(folder: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                walk(&path, found);
            } else if Path::new(name).extension().is_some_and(|extension| extension == "md") {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(&root(), &mut found);
    found.sort();
    found
}

/// The commands of a document with what they should print.
fn steps(document: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut inside = false;
    for (number, line) in document.lines().enumerate() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside {
            match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => {
                    steps.push(Step { line: number + 1, command: command.to_owned(), expected: Vec::new() });
                }
                (None, Some(step)) => step.expected.push(line.to_owned()),
                (None, None) => panic!("line {}: a console block begins with a command", number + 1),
            }
        }
    }
    steps
}

/// Whether the lines are those expected, `...` standing for any number of them.
fn matches(expected: &[String], actual: &[&str]) -> bool {
    match expected.split_first() {
        None => actual.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=actual.len()).any(|skip| matches(rest, &actual[skip..]))
        }
        Some((first, rest)) => {
            actual.split_first().is_some_and(|(line, more)| line.trim_end() == first && matches(rest, more))
        }
    }
}

/// Runs a document's commands; gives how many there were, and what was wrong with the first that was.
fn follow(document: &str) -> Result<usize, String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_knowatt"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let folder = Folder::new();
    std::os::unix::fs::symlink(root().join("data"), folder.path("data")).unwrap();
    let steps = steps(&fs::read_to_string(root().join(document)).unwrap());
    for Step { line, command, expected } in &steps {
        let output = Command::new("sh")
            .arg("-c")
            .arg(format!("exec 2>&1; {command}"))
            .current_dir(folder.path(""))
            .env("PATH", &path)
            // What is kept without being named is kept there.
            .env("HOME", folder.path(""))
            .env_remove("STATE_DIRECTORY")
            .env_remove("XDG_STATE_HOME")
            .env("NO_COLOR", "1")
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<&str> = printed.lines().collect();
        // A command shown without its output has only to work.
        let shown = expected.iter().any(|line| !line.is_empty());
        let expected: Vec<_> = expected.iter().map(|line| line.trim_end().to_owned()).collect();
        if shown && !matches(&expected, &lines) {
            return Err(format!("{document}:{line}: `{command}` prints\n{printed}"));
        }
        if !shown && !output.status.success() {
            return Err(format!("{document}:{line}: `{command}` fails\n{printed}"));
        }
    }
    Ok(steps.len())
}

#[test]
fn the_commands_in_the_documents_print_what_they_show() {
    let waiting = Mutex::new(documents());
    let outcomes = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZeroUsize::get) {
            scope.spawn(|| {
                loop {
                    let Some(document) = waiting.lock().unwrap().pop() else { break };
                    let outcome = follow(&document);
                    outcomes.lock().unwrap().push(outcome);
                }
            });
        }
    });
    let (right, wrong): (Vec<_>, Vec<_>) =
        outcomes.into_inner().unwrap().into_iter().partition(Result::is_ok);
    let wrong: Vec<String> = wrong.into_iter().filter_map(Result::err).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let ran: usize = right.into_iter().flatten().sum();
    assert!(ran >= 100, "only {ran} commands were found");
}

/// The commands that there are, as the manual has a page each: `train`, `notify-test`.
fn commands(folder: &Folder) -> Vec<String> {
    folder.succeeds("man -o pages");
    let pages = fs::read_dir(folder.path("pages")).unwrap();
    let names = pages.map(|page| page.unwrap().file_name().into_string().unwrap());
    let commands: Vec<String> = names
        .filter_map(|name| Some(name.strip_prefix("knowatt-")?.strip_suffix(".1")?.to_owned()))
        .collect();
    assert!(commands.len() >= 18, "{commands:?}");
    commands
}

#[test]
fn every_command_has_a_page_in_the_book() {
    let documents = documents();
    let overview = fs::read_to_string(root().join("docs/commands/README.md")).unwrap();
    let missing: Vec<String> = commands(&Folder::new())
        .into_iter()
        // `notify test` is told of on the page of `notify`.
        .filter(|command| !command.contains('-'))
        .filter(|command| {
            !documents.contains(&format!("docs/commands/{command}.md"))
                || !overview.contains(&format!("({command}.md)"))
        })
        .collect();
    assert!(
        missing.is_empty(),
        "no docs/commands/NAME.md, or no line in docs/commands/README.md, of {}",
        missing.join(", ")
    );
}

#[test]
fn the_picture_in_the_readme_is_what_the_demo_prints() {
    let output = Folder::new()
        .command()
        .arg("demo")
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .env("COLORTERM", "truecolor")
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let prompt = format!("$ cargo run --release --no-default-features -- demo\n{printed}");
    let drawn = anstyle_svg::Term::new().render_svg(&prompt);
    // What is dimmed is to be read.
    is_drawn("docs/demo.svg", &drawn.replace("opacity: 0.4", "opacity: 0.8"));
}

#[test]
fn the_picture_in_the_documents_is_what_is_drawn() {
    let folder = Folder::new();
    let history = root().join("data/home/learn-hourly.csv");
    folder.succeeds(&format!("train {} --tz Europe/Paris -o m.json --plot m.svg", history.display()));
    is_drawn("docs/normal.svg", &folder.read("m.svg"));
}

/// Set `KNOWATT_UPDATE=1` to draw it anew.
#[allow(clippy::disallowed_methods, reason = "the picture is an input of the repository, not a result")]
fn is_drawn(name: &str, drawn: &str) {
    let path = root().join(name);
    if std::env::var_os("KNOWATT_UPDATE").is_some() {
        fs::write(&path, drawn).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == drawn,
        "{name} is not what is drawn: KNOWATT_UPDATE=1 cargo test -p knowatt the_picture"
    );
}

#[test]
fn every_flag_and_command_is_in_the_manual() {
    let folder = Folder::new();
    for command in commands(&folder) {
        let page = folder.read(&format!("pages/knowatt-{command}.1"));
        let help = folder.succeeds(&format!("{} --help", command.replace('-', " ")));
        for flag in help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
            let flag = flag.trim_end_matches([',', '.', ')', ':', ';']);
            let name = flag[2..].replace('-', "\\-");
            assert!(
                page.contains(&format!("\\-\\-{name}")),
                "{flag} of {command} is not on its page of the manual"
            );
        }
    }
}
