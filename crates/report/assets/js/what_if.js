// What if: the score of any day, hour and Wh, by the model's own curves; and the score matrix.

const whatIf = { day: 0, hour: 4, wh: 1500 };
let drawWhatIf = () => {};

/** Asks about a cell, from wherever on the page. */
function askWhatIf(day, hour) {
  Object.assign(whatIf, { day, hour });
  byId("what-if").scrollIntoView();
  tellWhatIf();
}

function showWhatIf() {
  const [day, hour, used] = ["day", "hour", "wh"].map((name) => byId(`what-if-${name}`));
  const [hourSlide, whSlide] = [byId("what-if-hour-slide"), byId("what-if-wh-slide")];
  options(day, days.map((_, day) => dayText(day)));
  whSlide.max = ticks(Math.max(...content.normal.high_wh.flat(), 1000) * 1.5).at(-1);
  const take = () => {
    Object.assign(whatIf, { day: Number(day.value), hour: hour.value === "" ? NaN : Number(hour.value), wh: used.value === "" ? NaN : Number(used.value) });
    tellWhatIf("typed");
  };
  for (const input of [day, hour, used]) input.addEventListener("input", take);
  hourSlide.addEventListener("input", () => { whatIf.hour = Number(hourSlide.value); tellWhatIf(); });
  whSlide.addEventListener("input", () => { whatIf.wh = Number(whSlide.value); tellWhatIf(); });
  for (const form of document.querySelectorAll("form")) form.addEventListener("submit", (event) => event.preventDefault());
  drawWhatIf = showCurve(byId("what-if-curve"), Number(whSlide.max));
  tellWhatIf();
  byId("matrix-wh").addEventListener("input", showMatrix);
  showMatrix();
}

/** Says the score; what was typed is left as it was typed. */
function tellWhatIf(how) {
  const { day, hour, wh: used } = whatIf;
  byId("what-if-day").value = day;
  if (how !== "typed") {
    byId("what-if-hour").value = hour;
    byId("what-if-wh").value = used;
  }
  byId("what-if-hour-slide").value = hour;
  byId("what-if-wh-slide").value = used;
  const score = model.score(day, hour, used);
  const output = byId("what-if-score");
  output.dataset.score = score === null ? "" : String(score);
  if (score === null) output.textContent = "There is no score: an hour is 0 to 23, a reading 0 Wh or more.";
  else {
    const found = html("span", { class: scoreClass(score) }, `Score ${fourDecimals(score)} for ${used} Wh: ${verdict(score)}.`);
    output.replaceChildren(found, ` Up to ${wh(content.normal.high_wh[day][hour])} is normal at ${hourText(hour)} ${onDay(day)}.`);
  }
  drawWhatIf();
}

const verdict = (score) => (score > 1 ? "unusual, someone should look" : score < 0 ? "less than is usual" : "normal");

/** The curve of the hour, with the reading on it, which can be dragged. */
function showCurve(element, most) {
  let parts = null;
  const again = drawn(element, (width) => {
    const { day, hour, wh: used } = whatIf;
    const points = [];
    for (let at = 0; at <= 200; at++) points.push([(most * at) / 200, model.score(day, hour, (most * at) / 200)]);
    if (points[0][1] === null) return element.replaceChildren();
    const yTicks = ticks(Math.max(points.at(-1)[1], 1.5), 4);
    const label = `The score at ${hourText(hour)} ${onDay(day)}, from 0 to ${wh(most)}`;
    const xTicks = ticks(most, Math.min(Math.max(Math.floor(width / (120 * LARGER)), 1), 6)).filter((tick) => tick <= most);
    parts = frame({ width, height: 260, label, xMost: most, xTicks, xText: (at) => (at === xTicks.at(-1) ? `${tickText(at)} Wh` : tickText(at)), yTicks, yText: "Score", yLow: Math.min(0, points[0][1]) });
    const { root, x, y } = parts;
    root.append(
      svg("line", { class: "limit", x1: x(0), x2: x(most), y1: y(1), y2: y(1) }),
      svg("path", { class: "use", d: points.map(([wh, score], at) => `${at ? "L" : "M"}${x(wh)} ${y(score)}`).join("") }),
    );
    const score = model.score(day, hour, used);
    if (score !== null && used <= most) root.append(svg("circle", { class: "handle", cx: x(used), cy: y(score), r: 9 }));
    element.replaceChildren(root);
  });
  const drag = (event) => {
    const share = (event.clientX - element.getBoundingClientRect().left - parts.left) / (parts.width - parts.left - parts.right);
    whatIf.wh = Math.round((Math.min(Math.max(share, 0), 1) * most) / 10) * 10;
    tellWhatIf();
  };
  element.addEventListener("pointerdown", (event) => {
    if (!parts) return;
    element.setPointerCapture(event.pointerId);
    drag(event);
  });
  element.addEventListener("pointermove", (event) => element.hasPointerCapture(event.pointerId) && drag(event));
  element.after(key(["var(--use)", "the score of a reading at that hour; drag along it"], ["var(--alert)", "1.0, the most that is normal"]));
  return again;
}

function showMatrix() {
  const texts = byId("matrix-wh").value.split(/[\s,;]+/).filter((text) => text !== "");
  const readings = texts.map(Number);
  const wrong = texts.find((_, at) => !(readings[at] >= 0 && readings[at] <= Number.MAX_VALUE));
  byId("matrix-wh").setAttribute("aria-invalid", String(wrong !== undefined));
  byId("matrix-wrong").textContent = wrong === undefined ? "" : `${wrong} is not a number of Wh`;
  if (wrong !== undefined || readings.length === 0) return;
  const tables = days.map((_, day) => {
    const rows = Array.from({ length: 24 }, (_, hour) => [rowHead(hourText(hour)), ...readings.map((used) => {
      const score = model.score(day, hour, used);
      return cell(fourDecimals(score), { class: scoreClass(score), "data-score": score });
    })]);
    return table(days.length > 1 ? `Scores: ${dayText(day)}` : "Scores", ["Hour", ...readings.map((used) => `${used} Wh`)], rows);
  });
  byId("matrix").replaceChildren(...(tables.length > 7 ? tables.map((one, day) => html("details", {}, html("summary", {}, dayText(day)), one)) : tables));
}
