//! What the documents refer to is there: links lead to a file, and to a heading that is in it; the book has
//! every page; and figures are those of the study.

use std::{collections::HashMap, fs, path::Path};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::{documents::documents, support::root};

/// What a document links to, and what in it can be linked to.
struct Document {
    links: Vec<String>,
    anchors: Vec<String>,
}

impl Document {
    fn read(path: &str) -> Self {
        let text = fs::read_to_string(root().join(path)).unwrap();
        let (mut links, mut anchors) = (Vec::new(), Vec::<String>::new());
        let mut heading: Option<String> = None;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    links.push(dest_url.into_string());
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(words) | Event::Code(words) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&words);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let anchor = anchor(&heading.take().unwrap());
                    // A heading that comes again is numbered.
                    let before = anchors.iter().filter(|other| **other == anchor).count();
                    anchors.push(if before == 0 { anchor } else { format!("{anchor}-{before}") });
                }
                _ => {}
            }
        }
        Self { links, anchors }
    }
}

/// What a heading is linked by.
fn anchor(heading: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    heading.to_lowercase().chars().filter(|&c| kept(c)).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// A path from the root for one that is written in a document.
fn resolved(document: &str, path: &str) -> String {
    let mut parts: Vec<&str> = document.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." => {}
            ".." => assert!(parts.pop().is_some(), "{document}: {path} leaves the project"),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn read_all() -> HashMap<String, Document> {
    documents().into_iter().map(|path| (path.clone(), Document::read(&path))).collect()
}

#[test]
fn every_link_between_the_documents_leads_somewhere() {
    let documents = read_all();
    let mut wrong = Vec::new();
    let mut followed = 0;
    for (path, document) in &documents {
        for link in document.links.iter().filter(|link| !link.contains("://")) {
            followed += 1;
            let (target, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if target.is_empty() { path.clone() } else { resolved(path, target) };
            let there = documents.get(&target);
            let known = fragment.is_empty()
                || there.is_some_and(|document| document.anchors.iter().any(|anchor| anchor == fragment));
            if !known || !root().join(&target).exists() {
                wrong.push(format!("{path}: {link}"));
            }
        }
    }
    assert!(wrong.is_empty(), "these links lead nowhere:\n{}", wrong.join("\n"));
    assert!(followed >= 100, "only {followed} links were found");
}

#[test]
fn the_book_has_every_page_that_its_pages_link_to_and_all_of_docs() {
    let documents = read_all();
    let summary = "docs/book/SUMMARY.md";
    let pages: Vec<String> = documents[summary].links.iter().map(|link| resolved(summary, link)).collect();
    let mut missing: Vec<String> = documents
        .keys()
        .filter(|path| path.starts_with("docs/") && *path != summary && !pages.contains(path))
        .cloned()
        .collect();
    for page in &pages {
        for link in
            documents[page].links.iter().filter(|link| !link.contains("://") && !link.starts_with('#'))
        {
            let target = resolved(page, link.split('#').next().unwrap());
            // The book takes pictures along, and nothing else.
            let picture = Path::new(&target)
                .extension()
                .is_some_and(|extension| extension == "svg" || extension == "webp");
            if !picture && !pages.contains(&target) {
                missing.push(format!("{target}, to which {page} links"));
            }
        }
    }
    assert!(missing.is_empty(), "not in {summary}:\n{}", missing.join("\n"));
}

/// What stands between `<!-- figure NAME -->` and `<!-- end -->`, by its name.
fn figures(path: &str) -> HashMap<String, String> {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let parts = text.split("<!-- figure ").skip(1);
    parts
        .map(|part| {
            let (name, rest) = part.split_once(" -->").unwrap();
            (name.to_owned(), rest.split("<!-- end -->").next().unwrap().to_owned())
        })
        .collect()
}

#[test]
fn the_comparison_has_the_figures_of_the_study() {
    let (told, measured) = (figures("COMPARE.md"), figures("reports/models/README.md"));
    assert!(!told.is_empty());
    for (name, figure) in told {
        assert_eq!(Some(&figure), measured.get(&name), "COMPARE.md: {name}");
    }
}
