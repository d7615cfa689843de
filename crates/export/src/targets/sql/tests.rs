use std::collections::BTreeSet;

use crate::{
    Export, Name,
    targets::{Target, tests::hostile_model},
};

const DATABASES: [&dyn Target; 5] =
    [&super::PostgreSql, &super::DuckDb, &super::Sqlite, &super::MySql, &super::ClickHouse];

fn script(target: &dyn Target, name: &str) -> String {
    let model = hostile_model();
    let export = Export::new(&model, model.sha256(), name.parse().unwrap());
    String::from_utf8(target.export(&export).unwrap()).unwrap()
}

/// Statements without comments and what stands between `$$`; there is no `;` in a text.
fn statements(text: &str) -> Vec<String> {
    let text: String = text.split("$$").step_by(2).collect();
    let lines: Vec<_> = text.lines().map(|line| line.split("--").next().unwrap()).collect();
    let statements = lines.join("\n");
    let statements = statements.split(';').map(|one| one.trim().to_owned());
    statements.filter(|one| !one.is_empty()).collect()
}

#[test]
fn a_script_makes_replaces_and_fills_its_own_tables_and_functions_and_no_other() {
    let of = |word: &str| word.starts_with("KITCHEN") || word.starts_with("kitchen_");
    let own = |word: &str| of(word.split('(').next().unwrap_or_default());
    for target in DATABASES {
        for statement in statements(&script(target, "KITCHEN")) {
            let words: Vec<_> = statement.split_whitespace().collect();
            let expected = match words.as_slice() {
                ["BEGIN" | "COMMIT" | "DO"]
                | ["START", "TRANSACTION"]
                | ["SET", "LOCAL", "client_min_messages", "=", "warning"]
                | ["SET", "max_query_size", "=", _] => true,
                ["ANALYZE", name]
                | ["DELETE", "FROM", name]
                | ["CREATE", "TABLE", "IF", "NOT", "EXISTS", name, ..]
                | ["CREATE", "OR", "REPLACE", "TABLE" | "FUNCTION" | "MACRO", name, ..]
                | ["CREATE", "FUNCTION" | "TABLE", name, ..]
                | ["DROP", "TABLE" | "FUNCTION" | "MACRO", "IF", "EXISTS", name]
                | ["COMMENT", "ON", "FUNCTION", name, ..]
                | ["INSERT", "INTO", name, "VALUES", ..]
                | ["UPDATE", name, ..] => own(name),
                _ => false,
            };
            assert!(expected, "{}: {statement}", target.name());
        }
    }
}

#[test]
fn rows_are_numbers_null_and_names_of_features() {
    let mut texts = BTreeSet::new();
    for target in DATABASES {
        for statement in statements(&script(target, "kitchen")) {
            let Some((_, rows)) = statement.split_once(" VALUES\n") else { continue };
            for value in rows.split([',', '\n', '(', ')']).map(str::trim).filter(|value| !value.is_empty()) {
                if value.starts_with('\'') {
                    texts.insert(value.to_owned());
                } else {
                    let is_number = |byte: u8| byte.is_ascii_digit() || b"-+.e/*".contains(&byte);
                    assert!(value == "NULL" || value.bytes().all(is_number), "{}: {value}", target.name());
                }
            }
        }
    }
    assert_eq!(
        texts.into_iter().collect::<Vec<_>>(),
        ["'floor-12h'", "'floor-3h'", "'level'", "'rise-1h'", "'step'"]
    );
}

#[test]
fn two_models_under_two_names_share_nothing() {
    for target in DATABASES {
        let (one, other) = (script(target, "kitchen"), script(target, "garage"));
        assert!(!one.to_lowercase().contains("garage"));
        let renamed = other.replace("garage", "kitchen");
        assert!(one == renamed, "{}", target.name());
    }
}

#[test]
fn functions_are_those_of_the_table() {
    let model = hostile_model();
    let export = Export::new(&model, model.sha256(), Name::default());
    for target in DATABASES {
        let explained = target.explain(&export, "model.sql");
        for function in
            ["ANOMOLY_POWER_AT(", "ANOMOLY_POWER_FLOOR(", "ANOMOLY_POWER_STEP(", "ANOMOLY_POWER_RISE("]
        {
            assert!(explained.contains(function), "{}: {function}", target.name());
        }
    }
}
