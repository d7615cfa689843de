//! The documents are true: their commands are run, their output is what they show, and the picture is
//! what the demo prints.
//!
//! A fenced block marked `console` holds commands after `$ ` and what they print (standard output and
//! error together). Lines of `...` stand for anything. Blocks of a file run in order, in one folder that
//! has the project's `data`.

use std::{fs, process::Command};

use crate::support::{Folder, root};

struct Step {
    line: usize,
    command: String,
    expected: Vec<String>,
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

#[test]
fn the_commands_in_the_documents_print_what_they_show() {
    let documents = [
        "README.md",
        "data/README.md",
        "docs/readings.md",
        "docs/formats.md",
        "docs/export.md",
        "docs/live.md",
        "docs/notify.md",
        "docs/retraining.md",
        "docs/model-file.md",
        "docs/models.md",
    ];
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_knowatt"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut ran = 0;
    for document in documents {
        let folder = Folder::new();
        std::os::unix::fs::symlink(root().join("data"), folder.path("data")).unwrap();
        let text = fs::read_to_string(root().join(document)).unwrap();
        for Step { line, command, expected } in steps(&text) {
            let mut shell = Command::new("sh");
            shell
                .arg("-c")
                .arg(format!("exec 2>&1; {command}"))
                .current_dir(folder.path(""))
                .env("PATH", &path);
            let output = shell.env("NO_COLOR", "1").output().unwrap();
            let printed = String::from_utf8(output.stdout).unwrap();
            let lines: Vec<&str> = printed.lines().collect();
            // A command shown without its output has only to work.
            let shown = expected.iter().any(|line| !line.is_empty());
            let expected: Vec<_> = expected.iter().map(|line| line.trim_end().to_owned()).collect();
            assert!(!shown || matches(&expected, &lines), "{document}:{line}: `{command}` prints\n{printed}");
            assert!(shown || output.status.success(), "{document}:{line}: `{command}` fails\n{printed}");
            ran += 1;
        }
    }
    assert!(ran >= 10, "only {ran} commands were found");
}

/// Set `KNOWATT_UPDATE=1` to draw it anew.
#[test]
#[allow(clippy::disallowed_methods, reason = "the picture is an input of the repository, not a result")]
fn the_picture_in_the_readme_is_what_the_demo_prints() {
    let output = Folder::new()
        .command()
        .arg("demo")
        .env_remove("NO_COLOR")
        .env("CLICOLOR_FORCE", "1")
        .output()
        .unwrap();
    let prompt = format!("$ cargo run --release -- demo\n{}", String::from_utf8(output.stdout).unwrap());
    let drawn = anstyle_svg::Term::new().render_svg(&prompt);
    let path = root().join("docs/demo.svg");
    if std::env::var_os("KNOWATT_UPDATE").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    assert!(
        fs::read_to_string(&path).unwrap_or_default() == drawn,
        "docs/demo.svg is not what the demo prints: KNOWATT_UPDATE=1 cargo test -p knowatt the_picture"
    );
}

#[test]
fn every_flag_and_command_is_in_the_manual() {
    let folder = Folder::new();
    folder.succeeds("man -o pages");
    let pages: String = fs::read_dir(folder.path("pages"))
        .unwrap()
        .map(|page| fs::read_to_string(page.unwrap().path()).unwrap())
        .collect();
    for command in
        ["train", "evaluate", "score", "watch", "inspect", "holidays", "demo", "completions", "man"]
    {
        let help = folder.succeeds(&format!("{command} --help"));
        for flag in help.split_whitespace().filter(|word| word.starts_with("--") && word.len() > 2) {
            let flag = flag.trim_end_matches([',', '.', ')', ':', ';']);
            let name = flag[2..].replace('-', "\\-");
            assert!(
                pages.contains(&format!("\\-\\-{name}")),
                "{flag} of {command} is in no page of the manual"
            );
        }
    }
}
