//! `--plot`: what is normal as a picture in a file, if the program was built to draw.

use std::path::Path;

use anyhow::Result;
use knowatt_score::{DayClass, ModelFile};

/// The form of a picture.
enum Form {
    Svg,
    Png,
}

/// Refuses, before any work, a picture that cannot be drawn or has no form.
pub(crate) fn check(path: &Path) -> Result<()> {
    built()?;
    form_of(path).map(drop)
}

fn form_of(path: &Path) -> Result<Form> {
    if path == Path::new("-") {
        return Ok(Form::Svg);
    }
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    match ending.as_deref() {
        Some("svg") => Ok(Form::Svg),
        Some("png") => Ok(Form::Png),
        _ => anyhow::bail!("{}: a picture is drawn as SVG or PNG; name a .svg or .png file", path.display()),
    }
}

/// Whether this build can draw.
#[cfg(feature = "plot")]
#[allow(clippy::unnecessary_wraps, reason = "the other build cannot")]
pub(crate) fn built() -> Result<()> {
    Ok(())
}

/// Says that this build cannot draw.
#[cfg(not(feature = "plot"))]
pub(crate) fn built() -> Result<()> {
    anyhow::bail!("--plot: this knowatt was built without pictures; build it with `--features plot`")
}

/// The bytes of the picture of a model, or of one of its day classes.
#[cfg(feature = "plot")]
pub(crate) fn draw(path: &Path, model: &ModelFile, day: Option<DayClass>) -> Result<Vec<u8>> {
    let mut plot = knowatt_report::Plot::of(model);
    if let Some(day) = day {
        plot = plot.only(day);
    }
    Ok(match form_of(path)? {
        Form::Svg => plot.svg(),
        Form::Png => plot.png(),
    }?)
}

#[cfg(not(feature = "plot"))]
pub(crate) fn draw(path: &Path, _: &ModelFile, _: Option<DayClass>) -> Result<Vec<u8>> {
    check(path).map(|()| Vec::new())
}
