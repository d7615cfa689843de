// Elements, drawings and the axes they share. Text is only ever set as text.

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) if (value !== null) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}
const html = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) => fill(document.createElementNS(SVG, name), attributes, children);

function options(select, texts) {
  select.replaceChildren(...texts.map((text, value) => html("option", { value }, text)));
}

/** A table that scrolls by itself where it is too wide; as `cards` its rows are cards on a narrow screen. */
function table(caption, heads, rows, look = null) {
  const [first] = rows;
  const head = html("tr", {}, ...heads.map((text, at) => html("th", { scope: "col", class: first?.[at].className === "words" ? "words" : null }, text)));
  const body = rows.map((cells) => tableRow(heads, cells));
  return scrolling(caption, html("table", { class: look }, html("caption", {}, caption), html("thead", {}, head), html("tbody", {}, ...body)));
}
/** A row whose cells know their heads, for cards. */
function tableRow(heads, cells) {
  cells.forEach((cell, at) => { cell.dataset.head = heads[at]; });
  return html("tr", {}, ...cells);
}
const scrolling = (label, child) => html("div", { class: "scroll", role: "region", "aria-label": label, tabindex: 0 }, child);
const cell = (text, attributes = {}) => html("td", attributes, text);
const rowHead = (text) => html("th", { scope: "row" }, text);

/** Drawings that are still to be made for the first time. */
let undrawn = 0;

/** Draws anew whenever the width changes. All first drawings fall due in one frame, so each is a task of its own. */
function drawn(element, draw) {
  let width = 0;
  undrawn++;
  const again = () => {
    if (width > 0) draw(width);
  };
  new ResizeObserver(() => {
    const now = Math.floor(element.clientWidth);
    if (now === width) return;
    const isFirst = width === 0;
    width = now;
    if (!isFirst) return again();
    setTimeout(() => {
      again();
      undrawn--;
    });
  }).observe(element);
  return again;
}

/** How much larger than usual text is: what stands beside text in a drawing is as much larger. */
const LARGER = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

/** Hours of the day that have a mark, so that their texts do not touch. */
function hourMarks(width) {
  const step = [1, 3, 6, 12].find((step) => (24 / step) * 60 * LARGER <= width) ?? 24;
  return Array.from({ length: 24 / step }, (_, at) => at * step);
}

/** Round numbers from 0 on, up to at least `most`. */
function ticks(most, count = 5) {
  const rough = Math.max(most, 1e-9) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((step) => step >= rough * 0.999);
  const found = [];
  for (let at = 0; found.length === 0 || found.at(-1) < most; at++) found.push(Number((at * step).toPrecision(12)));
  return found;
}

/** A drawing with its axes: `x` and `y` turn values into places. */
function frame({ width, height, label, xTicks, xMost, xText, yTicks, yText, yLow = 0, leftSide = 58 }) {
  const [left, right, top, bottom] = [leftSide, 12, 22, 26].map((side) => side * LARGER);
  const yHigh = yTicks.at(-1);
  const x = (value) => left + (value / xMost) * (width - left - right);
  const y = (value) => top + (1 - (value - yLow) / (yHigh - yLow)) * (height - top - bottom);
  const root = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  for (const tick of yTicks) {
    root.append(
      svg("line", { class: "grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      svg("text", { x: left - 6, y: y(tick) + 4 * LARGER, "text-anchor": "end" }, tickText(tick)),
    );
  }
  for (const tick of xTicks) root.append(svg("text", { x: x(tick), y: height - 8 * LARGER, "text-anchor": tick === xMost ? "end" : "middle" }, xText(tick)));
  root.append(svg("text", { x: 4, y: 12 * LARGER }, yText));
  return { root, x, y, left, right, top, bottom, width, height };
}
const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 2 });
const tickText = (tick) => (Math.abs(tick) >= 1e5 ? compact.format(tick) : Number.isInteger(tick) ? grouped.format(tick) : String(tick));

/** A line in steps, an hour wide, over the hours of a day. */
const steps = (x, y, values) => values.map((value, hour) => `${hour ? "L" : "M"}${x(hour)} ${y(value)}L${x(hour + 1)} ${y(value)}`).join("");

const key = (...entries) =>
  html("ul", { class: "key" }, ...entries.map(([colour, text]) => {
    const mark = html("span", { "aria-hidden": "true" });
    mark.style.background = colour;
    return html("li", {}, mark, text);
  }));

/** A colour of the theme, as canvas takes it. */
function colour(name) {
  const probe = html("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

/** A colour from pale to deep (ColorBrewer's YlGnBu, which prints and is seen by the colour-blind), and that of text on it. */
const RAMP = [[255, 255, 217], [237, 248, 177], [199, 233, 180], [127, 205, 187], [65, 182, 196], [29, 145, 192], [34, 94, 168], [12, 44, 132]];
function ramp(share) {
  const at = Math.min(Math.max(share, 0), 1) * (RAMP.length - 1);
  const [from, to] = [RAMP[Math.floor(at)], RAMP[Math.ceil(at)]];
  const mixed = from.map((part, place) => Math.round(part + (to[place] - part) * (at % 1)));
  const light = mixed.map((part) => (part / 255) ** 2.2);
  const isDark = 0.2126 * light[0] + 0.7152 * light[1] + 0.0722 * light[2] < 0.2;
  return { fill: `rgb(${mixed.join(" ")})`, text: isDark ? "#ffffff" : "#10181f" };
}
