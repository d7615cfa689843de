//! The picture of what is normal: a green band over the hours of the day, and a heat map of its upper edge.
//!
//! A panel for each day class shows the band from the low to the high edge of normal, hour by hour, and the typical
//! reading as a line; below them, the highest normal Wh of each hour and day class in colours. All panels have the same scale.
//!
//! Promise: the same model gives the same bytes on every machine: no font of the machine is looked at. The SVG has its
//! words as text, in whatever the viewer's `sans-serif` is; the PNG is drawn with the font in `fonts/`, and so shows a box for a
//! letter of a meter's name that is not Latin, Greek or Cyrillic.

mod panels;
mod scale;

use knowatt_score::{DayClass, ModelFile};
use plotters::prelude::*;

use self::panels::{Layout, Surface};
use crate::Normal;

/// Pixels of the PNG to one of the SVG: for screens of twice the density, and for print.
const DENSITY: u32 = 2;
/// The PNG is drawn so many times as large, and then made smaller, so that edges are smooth and letters evenly apart.
const FINER: u32 = 2;
/// An inch has 96 pixels of an SVG, so a metre so many.
const PIXELS_PER_M: u32 = 3780;

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("the picture could not be drawn: {0}")]
pub struct PlotError(String);

impl PlotError {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// The picture of what a model holds to be normal.
pub struct Plot {
    title: String,
    about: String,
    /// What the line in the band is.
    line: &'static str,
    normal: Normal,
}

impl Plot {
    /// The picture of a model, with all its day classes.
    pub fn of(model: &ModelFile) -> Self {
        let ModelFile { provenance, table, population, .. } = model;
        let calendar = table.calendar();
        let title = match provenance.options.get("meter") {
            Some(meter) => format!("What is normal for {}", shown(meter)),
            None => "What is normal".to_owned(),
        };
        let learned =
            provenance.first.zip(provenance.last_instant()).map_or_else(String::new, |(first, last)| {
                format!(", learned from {} to {}", calendar.local(first).date(), calendar.local(last).date())
            });
        let line = if population.is_some() { "typical" } else { "half-way between the edges" };
        Self {
            title,
            about: format!("Wh in each hour of the day, time zone {}{learned}", calendar.zone_name()),
            line,
            normal: Normal::of(model),
        }
    }

    /// The same with one of the day classes only.
    #[must_use]
    pub fn only(mut self, day: DayClass) -> Self {
        self.normal = self.normal.only(day);
        self
    }

    /// As SVG.
    pub fn svg(&self) -> Result<Vec<u8>, PlotError> {
        let mut svg = String::new();
        let backend = SVGBackend::with_string(&mut svg, self.size());
        panels::draw(self, &backend.into_drawing_area(), Surface { density: 1, lower: 0.0 })
            .map_err(PlotError::new)?;
        Ok(svg.into_bytes())
    }

    /// As PNG, in twice the density of the SVG.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        let font = include_bytes!("../fonts/sans.ttf");
        plotters::style::register_font(panels::FONT, FontStyle::Normal, font)
            .map_err(|_| PlotError::new("its font is damaged"))?;
        let (width, height) = self.size();
        let (width, height) = (width * DENSITY, height * DENSITY);
        let large = (width * FINER, height * FINER);
        let mut pixels = vec![0; large.0 as usize * large.1 as usize * RGB];
        let backend = BitMapBackend::with_buffer(&mut pixels, large);
        let surface = Surface { density: DENSITY * FINER, lower: 0.2 };
        panels::draw(self, &backend.into_drawing_area(), surface).map_err(PlotError::new)?;

        let mut png = Vec::new();
        let mut encoder = png::Encoder::new(&mut png, width, height);
        encoder.set_color(png::ColorType::Rgb);
        let per_m = PIXELS_PER_M * DENSITY;
        encoder.set_pixel_dims(Some(png::PixelDimensions {
            xppu: per_m,
            yppu: per_m,
            unit: png::Unit::Meter,
        }));
        let mut writer = encoder.write_header().map_err(PlotError::new)?;
        writer.write_image_data(&smaller(&pixels, large.0 as usize)).map_err(PlotError::new)?;
        writer.finish().map_err(PlotError::new)?;
        Ok(png)
    }

    /// Width and height of the SVG, in its pixels.
    fn size(&self) -> (u32, u32) {
        Layout::of(self.normal.days.len()).size()
    }
}

/// Bytes of a pixel.
const RGB: usize = 3;

/// Each square of [`FINER`] pixels a side made one, of their mean colour.
fn smaller(pixels: &[u8], width: usize) -> Vec<u8> {
    let finer = FINER as usize;
    let mut small = Vec::with_capacity(pixels.len() / (finer * finer));
    for rows in pixels.chunks_exact(width * RGB * finer) {
        for column in 0..width / finer {
            for part in 0..RGB {
                let places = (0..finer * finer)
                    .map(|place| ((place / finer) * width + column * finer + place % finer) * RGB + part);
                let sum: u32 = places.map(|place| u32::from(rows[place])).sum();
                #[allow(clippy::cast_possible_truncation, reason = "the mean of bytes is one")]
                small.push((sum / (FINER * FINER)) as u8);
            }
        }
    }
    small
}

/// The longest name of a meter that has room in the title, in letters.
const MOST_LETTERS: usize = 40;

/// A meter's name for people: what is not seen, or turns the direction of writing, is written as `\u{202e}`.
fn shown(meter: &str) -> String {
    let name = meter.escape_debug().to_string().replace("\\'", "'").replace("\\\"", "\"");
    if name.chars().count() <= MOST_LETTERS {
        return name;
    }
    name.chars().take(MOST_LETTERS - 1).chain(['…']).collect()
}
