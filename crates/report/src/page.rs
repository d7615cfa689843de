//! The page: one HTML file that needs nothing else and may ask for nothing else.
//!
//! Nothing of a meter, a file or a model is written as HTML or script: all of it is in one JSON text, and the page's script
//! sets it as text. What may run and what may be loaded is said by a content security policy in the page, by the SHA-256 of
//! each script and style (W3C, *Content Security Policy Level 3*), so not even a mistake of ours could run what a name says.
//! The score that the page computes is that of the `javascript` export: the same curves, the same arithmetic, the same bits.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use knowatt_export::{Error, Export, Name, Target as _, targets::JavaScript};
use knowatt_score::{ModelFile, ScoreTable};
use sha2::{Digest as _, Sha256};

use crate::{Report, content::Content};

const BODY: &str = include_str!("../assets/page.html");
const STYLE: &str =
    concat!(include_str!("../assets/uplot/uPlot.min.css"), include_str!("../assets/page.css"));
const UPLOT: &str = include_str!("../assets/uplot/uPlot.iife.min.js");
/// The page's script, a file a subject; they share one scope.
const SCRIPT: &str = concat!(
    include_str!("../assets/js/content.js"),
    include_str!("../assets/js/text.js"),
    include_str!("../assets/js/draw.js"),
    include_str!("../assets/js/normal.js"),
    include_str!("../assets/js/unusual.js"),
    include_str!("../assets/js/trust.js"),
    include_str!("../assets/js/what_if.js"),
    include_str!("../assets/js/live.js"),
    include_str!("../assets/js/main.js"),
);
/// What the page's script takes of the exported module.
const MODEL_ENDS: &str = "globalThis.model = Object.freeze({ DAY_CLASSES, slot, score });\n";

/// The whole page.
pub(crate) fn html(report: &Report<'_>) -> Result<String, Error> {
    let model = module(report.model, report.sha256)?;
    let content = json(&Content::of(report));
    let connect = if report.is_live { "; connect-src 'self'" } else { "" };
    let scripts = [UPLOT, &model, SCRIPT].map(|script| format!("'{}'", digest(script))).join(" ");
    let policy = format!(
        "default-src 'none'; script-src {scripts}; style-src '{}'; img-src data:{connect}; base-uri 'none'; form-action 'none'",
        digest(STYLE)
    );
    Ok(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>What is normal here?</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>{STYLE}</style>\n</head>\n{BODY}\
         <script type=\"application/json\" id=\"content\">{content}</script>\n\
         <script>{UPLOT}</script>\n<script type=\"module\">{model}</script>\n<script type=\"module\">{SCRIPT}</script>\n</body>\n</html>\n"
    ))
}

/// The model as an ES module with the curves of the reading by itself, which are all that the page asks about.
fn module(model: &ModelFile, sha256: &str) -> Result<String, Error> {
    let level = model.table.cells().map(|(_, curve)| curve.clone()).collect();
    let table =
        ScoreTable::new(model.table.calendar().clone(), level).unwrap_or_else(|_| model.table.clone());
    let level = ModelFile { table, ..model.clone() };
    let export = Export::new(&level, sha256.to_owned(), Name::default());
    let mut module = String::from_utf8_lossy(&JavaScript.export(&export)?).into_owned();
    module.push_str(MODEL_ENDS);
    Ok(module)
}

/// A value as JSON that may stand in a script element: `<` is written `\u003c`, so that nothing in it ends the element.
fn json(content: &Content<'_>) -> String {
    serde_json::to_string(content).unwrap_or_default().replace('<', "\\u003c")
}

/// A script or style as the policy names it.
fn digest(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

#[cfg(test)]
mod tests;
