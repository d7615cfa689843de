//! Where everything in the picture is, and how it is drawn.

use std::ops::Range as Span;

use knowatt_score::HOURS;
use plotters::{
    coord::{Shift, types::RangedCoordf64},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use super::{Plot, scale};
use crate::{Range, viridis};

/// What `sans-serif` is, the viewer knows.
pub(super) const FONT: &str = "sans-serif";

/// The green band, as it would be with half its colour: it is seen in grey too.
const BAND: RGBColor = RGBColor(0xa6, 0xdd, 0xce);
const LINE: RGBColor = RGBColor(0x00, 0x5c, 0x43);
const TEXT: RGBColor = RGBColor(0x22, 0x22, 0x22);
const FAINT: RGBColor = RGBColor(0x55, 0x55, 0x55);
/// What lies behind a panel's band, and lines over it.
const PAPER: RGBColor = RGBColor(0xf7, 0xf7, 0xf7);
const GRID: RGBColor = RGBColor(0xdd, 0xdd, 0xdd);

const WIDTH: u32 = 960;
/// The hours of a day, as a number of columns.
#[allow(clippy::cast_possible_truncation, reason = "24")]
const COLUMNS: u32 = HOURS as u32;
const CELL_WIDTH: u32 = 35;
/// Left of the panels, for Wh and the names of the day classes.
const LEFT: u32 = 96;
/// From there to the right edge of the panels and of the heat map.
const INNER: u32 = CELL_WIDTH * COLUMNS;
const TOP: u32 = 122;
/// Between panels, across: at least.
const GAP: u32 = 8;
/// Between panels, down: with a name and the hours.
const BETWEEN: u32 = 46;
/// Between the panels and the heat map, and between that and its scale.
const HEAT_GAP: u32 = 78;
const SCALE_GAP: u32 = 34;
const SCALE_WIDTH: u32 = 360;
const SCALE_HEIGHT: u32 = 12;
const SHADES: u32 = 120;
const BOTTOM: u32 = 40;

/// The size of letters, and their colour.
type Letters = (u32, RGBColor);
const TITLE: Letters = (22, TEXT);
const NAME: Letters = (14, TEXT);
const NOTE: Letters = (12, TEXT);
const LABEL: Letters = (12, FAINT);

/// How panels and heat map are arranged, in pixels of the SVG.
pub(super) struct Layout {
    panels: u32,
    columns: u32,
    panel_width: u32,
    panel_height: u32,
    /// Hours between those that are named.
    hours_step: usize,
    /// How many Wh are named besides 0, at most.
    most_ticks: u32,
    row_height: u32,
}

/// From left to right and from top to bottom.
type Area = (Span<u32>, Span<u32>);

fn area(left: u32, top: u32, width: u32, height: u32) -> Area {
    (left..left + width, top..top + height)
}

impl Layout {
    /// For so many day classes.
    #[allow(clippy::cast_possible_truncation, reason = "there are at most 31 day classes")]
    pub(super) fn of(days: usize) -> Self {
        let panels = days as u32;
        let (columns, panel_height, hours_step, most_ticks, row_height) = match panels {
            0..=2 => (panels.max(1), 250, 3, 5, 28),
            3..=8 => (4, 130, 6, 5, 22),
            _ => (8, 66, 12, 2, 14),
        };
        // An hour has a whole number of pixels.
        let panel_width = (INNER - GAP * (columns - 1)) / columns / COLUMNS * COLUMNS;
        Self { panels, columns, panel_width, panel_height, hours_step, most_ticks, row_height }
    }

    fn panel(&self, number: u32) -> Area {
        let gap = (INNER - self.columns * self.panel_width) / (self.columns - 1).max(1);
        let left = LEFT + (number % self.columns) * (self.panel_width + gap);
        let top = TOP + (number / self.columns) * (self.panel_height + BETWEEN);
        area(left, top, self.panel_width, self.panel_height)
    }

    fn heat_map(&self) -> Area {
        let rows = self.panels.div_ceil(self.columns);
        let top = TOP + rows * self.panel_height + (rows - 1) * BETWEEN + HEAT_GAP;
        area(LEFT, top, INNER, self.panels * self.row_height)
    }

    fn scale(&self) -> Area {
        area(LEFT, self.heat_map().1.end + SCALE_GAP, SCALE_WIDTH, SCALE_HEIGHT)
    }

    pub(super) fn size(&self) -> (u32, u32) {
        (WIDTH, self.scale().1.end + BOTTOM)
    }
}

type Result<DB> = std::result::Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;
type Coordinates<DB> = DrawingArea<DB, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// How a sheet differs from that of the SVG.
#[derive(Clone, Copy)]
pub(super) struct Surface {
    /// Each length is so many times as long.
    pub(super) density: u32,
    /// Words are drawn lower, by this share of a line's height: the crate puts them too high in a bitmap.
    pub(super) lower: f64,
}

/// Draws the whole picture.
pub(super) fn draw<DB: DrawingBackend>(
    plot: &Plot,
    sheet: &DrawingArea<DB, Shift>,
    surface: Surface,
) -> Result<DB> {
    let layout = Layout::of(plot.normal.days.len());
    let highest_wh = plot.normal.highest_wh().clamp(1.0, MOST_WH);
    let painter = Painter { sheet, surface, layout, highest_wh };
    sheet.fill(&WHITE)?;
    painter.heading(plot)?;
    for ((number, day), hours) in (0..).zip(plot.normal.days).zip(&plot.normal.ranges) {
        painter.panel(number, day, hours)?;
    }
    painter.heat_map(plot)?;
    painter.scale()?;
    sheet.present()
}

struct Painter<'a, DB: DrawingBackend> {
    sheet: &'a DrawingArea<DB, Shift>,
    surface: Surface,
    layout: Layout,
    /// What the heat map's scale goes up to.
    highest_wh: f64,
}

impl<DB: DrawingBackend> Painter<'_, DB> {
    fn heading(&self, plot: &Plot) -> Result<DB> {
        self.words(&plot.title, (16, 26), TITLE)?;
        self.words(&plot.about, (16, 52), LABEL)?;
        let sample = |left: u32| self.coordinates(&area(left, 70, 24, 16), 0.0..1.0, 0.0..1.0);
        sample(LEFT).draw(&Rectangle::new([(0.0, 0.0), (1.0, 1.0)], BAND.filled()))?;
        self.words("normal: from the low to the high edge", (LEFT + 32, 78), NOTE)?;
        sample(LEFT + 310).draw(&PathElement::new([(0.0, 0.5), (1.0, 0.5)], self.pen(LINE, 2)))?;
        self.words(plot.line, (LEFT + 342, 78), NOTE)
    }

    /// What is normal on one kind of day, hour by hour.
    fn panel(&self, number: u32, day: &str, hours: &[Range; HOURS]) -> Result<DB> {
        let Layout { panels, columns, hours_step, most_ticks, .. } = self.layout;
        let place = self.layout.panel(number);
        let top_wh = ROOM * self.highest_wh;
        let panel = self.coordinates(&place, 0.0..HOURS as f64, top_wh..0.0);
        panel.draw(&Rectangle::new([(0.0, 0.0), (HOURS as f64, top_wh)], PAPER.filled()))?;
        let low = steps(hours, |range| range.low_wh);
        let high = steps(hours, |range| range.high_wh);
        let typical = steps(hours, |range| range.typical_wh.min(range.high_wh));
        panel.draw(&Polygon::new(
            high.into_iter().chain(low.into_iter().rev()).collect::<Vec<_>>(),
            BAND.filled(),
        ))?;
        for wh in scale::ticks(self.highest_wh, most_ticks) {
            panel.draw(&PathElement::new([(0.0, wh), (HOURS as f64, wh)], self.pen(GRID, 1)))?;
            if number.is_multiple_of(columns) {
                let at = panel.map_coordinate(&(0.0, wh));
                self.label(&scale::named(wh), at, (-6, 0), (HPos::Right, VPos::Center))?;
            }
        }
        panel.draw(&PathElement::new(typical, self.pen(LINE, 2)))?;
        let is_lowest = number + columns >= panels;
        self.hours(&panel, 0.0, hours_step, is_lowest)?;
        self.words(day, (place.0.start, place.1.start - 12), NAME)
    }

    /// Marks below the x axis, with the hours if these are wanted: not the last, which is where the next panel begins.
    fn hours(&self, over: &Coordinates<DB>, bottom: f64, step: usize, named: bool) -> Result<DB> {
        for hour in (0..=HOURS).step_by(step) {
            let at = over.map_coordinate(&(hour as f64, bottom));
            let mark = [at, (at.0, at.1 + self.pixels(4))];
            self.sheet.draw(&PathElement::new(mark, self.pen(FAINT, 1)))?;
            if named && hour < HOURS {
                self.label(&format!("{hour:02}:00"), at, (0, 7), (HPos::Center, VPos::Top))?;
            }
        }
        Ok(())
    }

    /// The high edge of every day class and hour as a colour.
    fn heat_map(&self, plot: &Plot) -> Result<DB> {
        let place = self.layout.heat_map();
        let rows = plot.normal.days.len() as f64;
        let map = self.coordinates(&place, 0.0..HOURS as f64, 0.0..rows);
        let title = "The highest normal Wh by day class and hour";
        self.words(title, (LEFT, place.1.start - 16), NAME)?;
        for (row, (day, hours)) in plot.normal.days.iter().zip(&plot.normal.ranges).enumerate() {
            let row = row as f64;
            for (hour, range) in hours.iter().enumerate() {
                let cell = [(hour as f64, row), (hour as f64 + 1.0, row + 1.0)];
                map.draw(&Rectangle::new(cell, self.heat(range.high_wh).filled()))?;
            }
            let at = map.map_coordinate(&(0.0, row + 0.5));
            self.label(day, at, (-6, 0), (HPos::Right, VPos::Center))?;
        }
        self.hours(&map, rows, 3, true)
    }

    /// Which colour is how many Wh.
    fn scale(&self) -> Result<DB> {
        let top = self.highest_wh;
        let scale = self.coordinates(&self.layout.scale(), 0.0..top, 0.0..1.0);
        let wh = |number: u32| f64::from(number) / f64::from(SHADES) * top;
        for number in 0..SHADES {
            let (from, to) = (wh(number), wh(number + 1));
            scale.draw(&Rectangle::new([(from, 0.0), (to, 1.0)], self.heat(from).filled()))?;
        }
        for wh in scale::ticks(top, 5) {
            let at = scale.map_coordinate(&(wh, 1.0));
            self.label(&scale::named(wh), at, (0, 5), (HPos::Center, VPos::Top))?;
        }
        Ok(())
    }

    fn heat(&self, wh: f64) -> RGBColor {
        let [red, green, blue] = viridis(wh / self.highest_wh);
        RGBColor(red, green, blue)
    }

    /// A part of the sheet, to be drawn on by the ranges given: from left to right and from top to bottom.
    fn coordinates(&self, place: &Area, across: Span<f64>, down: Span<f64>) -> Coordinates<DB> {
        let pixels = |span: &Span<u32>| self.pixels(span.start)..self.pixels(span.end);
        let places = (pixels(&place.0), pixels(&place.1));
        self.sheet.clone().apply_coord_spec(Cartesian2d::new(across, down, places))
    }

    /// Words to the right of a place on the sheet.
    fn words(&self, words: &str, at: (u32, u32), letters: Letters) -> Result<DB> {
        self.text(words, (self.pixels(at.0), self.pixels(at.1)), letters, (HPos::Left, VPos::Center))
    }

    /// What an axis says: away from a point of it by so many pixels of the SVG.
    fn label(&self, words: &str, point: (i32, i32), away: (i32, i32), anchor: (HPos, VPos)) -> Result<DB> {
        let density = self.pixels(1);
        self.text(words, (point.0 + away.0 * density, point.1 + away.1 * density), LABEL, anchor)
    }

    fn text(
        &self,
        words: &str,
        at: (i32, i32),
        (size, color): Letters,
        (across, down): (HPos, VPos),
    ) -> Result<DB> {
        // The crate takes the height of a line.
        let line_height = 1.24 * f64::from(size * self.surface.density);
        let style = TextStyle::from((FONT, line_height)).color(&color).pos(Pos::new(across, down));
        #[allow(clippy::cast_possible_truncation, reason = "some pixels")]
        let lower = (self.surface.lower * line_height).round() as i32;
        self.sheet.draw_text(words, &style, (at.0, at.1 + lower))
    }

    fn pen(&self, color: RGBColor, width: u32) -> ShapeStyle {
        color.stroke_width(width * self.surface.density)
    }

    /// A length of the SVG, in pixels of this sheet.
    fn pixels(&self, length: u32) -> i32 {
        (length * self.surface.density).cast_signed()
    }
}

/// Beyond this no scale is drawn; no meter reads as much.
const MOST_WH: f64 = 1e100;
/// Above the highest, in a panel.
const ROOM: f64 = 1.04;

/// A value of each hour as what it is, one for the whole hour.
fn steps(hours: &[Range; HOURS], wh: impl Fn(&Range) -> f64) -> Vec<(f64, f64)> {
    let ends = |(hour, range): (usize, &Range)| [(hour as f64, wh(range)), (hour as f64 + 1.0, wh(range))];
    hours.iter().enumerate().flat_map(ends).collect()
}
