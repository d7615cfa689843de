// What is normal here: the band with a day drawn on it, and the heat maps.

function bandChart(element, { day, line, words, onHour = null, height = 300 }) {
  const { low_wh, typical_wh, high_wh } = content.normal;
  let mark = null;
  let parts = null;
  const again = drawn(element, (width) => {
    const points = line();
    const most = Math.max(...high_wh[day()], ...points.map((point) => point.wh));
    parts = frame({ width, height, label: words(), xMost: 24, xTicks: hourMarks(width), xText: hourText, yTicks: ticks(most), yText: "Wh in an hour" });
    const { root, x, y } = parts;
    const back = (values) => values.map((value, hour) => `L${x(hour + 1)} ${y(value)}L${x(hour)} ${y(value)}`).reverse().join("");
    root.append(
      svg("path", { class: "band", d: `${steps(x, y, high_wh[day()])}${back(low_wh[day()])}Z` }),
      svg("path", { class: "edge", d: steps(x, y, high_wh[day()]) }),
      svg("path", { class: "typical", d: steps(x, y, typical_wh[day()]) }),
    );
    const pieces = points.map(({ hour, wh, follows }) => `${follows ? "L" : "M"}${x(hour)} ${y(wh)}L${x(hour + 1)} ${y(wh)}`);
    root.append(svg("path", { class: "use", d: pieces.join("") }));
    for (const { hour, wh, score } of points) {
      if (score > 1) root.append(svg("circle", { class: "alert", cx: x(hour + 0.5), cy: y(wh), r: width < 500 ? 4 : 6 }));
    }
    mark = svg("line", { class: "hour", y1: parts.top, y2: height - parts.bottom, visibility: "hidden" });
    root.append(mark);
    element.replaceChildren(root);
  });
  const show = (hour) => {
    mark?.setAttribute("visibility", hour === null ? "hidden" : "visible");
    if (hour === null || !parts) return;
    for (const end of ["x1", "x2"]) mark.setAttribute(end, parts.x(hour + 0.5));
    onHour(hour);
  };
  const point = (event) => {
    if (!parts) return;
    const share = (event.clientX - element.getBoundingClientRect().left - parts.left) / (parts.width - parts.left - parts.right);
    show(share >= 0 && share < 1 ? Math.floor(share * 24) : null);
  };
  if (onHour) {
    // A finger that taps does not move.
    for (const name of ["pointerdown", "pointermove"]) element.addEventListener(name, point);
    element.addEventListener("pointerleave", () => show(null));
  }
  return { again, show };
}

const bandKey = (...more) => key(["var(--band)", "normal"], ["var(--edge)", "the most that is normal; dashed, what is typical"], ...more);
const USED_KEYS = [["var(--use)", "used"], ["var(--alert)", "scored above 1.0, by itself or with the hours before it"]];

/** The readings of a local day, by its first second on the home's clock. */
function dayLine(firstLocal) {
  const { starts, wh, score } = history;
  const ofDay = [];
  for (let at = placeOf(starts, firstLocal - 15 * HOUR_S); at < starts.length; at++) {
    const hour = (localSeconds(starts[at]) - firstLocal) / HOUR_S;
    if (hour > 27) break;
    if (hour >= 0 && hour < 24) ofDay.push({ start: starts[at], wh: wh[at], score: score[at] });
  }
  return drawnLine(firstLocal, ofDay);
}

/** Readings of a local day with the hour at which each is drawn, and whether the line goes on to it. */
function drawnLine(firstLocal, readings) {
  let before = null;
  return readings.map((reading) => {
    const hour = Math.floor((localSeconds(reading.start) - firstLocal) / HOUR_S);
    // An hour that comes twice follows itself; the one after an hour that is skipped follows none.
    const follows = before !== null && reading.start - before.start === HOUR_S && hour - before.hour <= 1;
    before = { ...reading, hour, follows };
    return before;
  });
}

function showNormal() {
  const { high_wh, typical_wh, low_wh } = content.normal;
  const choice = byId("normal-days"), date = byId("normal-date");
  options(choice, days.map((_, day) => dayText(day)));
  let line = [];
  const day = () => Number(choice.value);
  const place = (most, of) => of.reduce((best, value, at) => (most(value, of[best]) ? at : best), 0);
  byId("normal-words").textContent = days.length > 2
    ? `How much is normal depends on the day of the ${days.length === 7 ? "week" : "month"} and the hour.`
    : days.map((_, day) => {
        const least = place((a, b) => a < b, high_wh[day]), most = place((a, b) => a > b, high_wh[day]);
        const on = onDay(day);
        return `${on[0].toUpperCase()}${on.slice(1)} up to ${wh(high_wh[day][most])} an hour is normal at ${hourText(most)}, but no more than ${wh(high_wh[day][least])} at ${hourText(least)}.`;
      }).join(" ");
  const words = () => `What is normal hour by hour (${dayText(day())})${line.length ? `, with ${isoDayText(date.value)} drawn on it` : ""}`;
  let hour = 4;
  const read = (of = hour) => {
    hour = of;
    const at = day();
    const drawn = line.filter((point) => point.hour === hour).map((point) => `; used ${wh(point.wh)}, score ${point.score.toFixed(2)}`).join("");
    byId("normal-read").textContent = `${hourText(hour)}: ${grouped.format(low_wh[at][hour])} to ${wh(high_wh[at][hour])} is normal, ${wh(typical_wh[at][hour])} typical${drawn}`;
  };
  const element = byId("normal-band");
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "What is normal hour by hour; arrow keys read the hours");
  element.setAttribute("aria-describedby", "normal-read");
  const chart = bandChart(element, { day, line: () => line, words, onHour: read });
  element.after(bandKey(...(history ? USED_KEYS : [])));
  element.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: 23, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    chart.show((hour + by) % 24);
  });
  read();
  choice.addEventListener("change", () => {
    line = [];
    date.value = "";
    read();
    chart.again();
  });
  const dateControls = byId("normal-date-controls");
  dateControls.hidden = !history;
  if (history) {
    const first = isoDay(localSeconds(history.starts[0])), last = isoDay(localSeconds(history.starts.at(-1)));
    [date.min, date.max] = [first, last];
    const take = (iso) => {
      if (!iso || iso < first || iso > last) return;
      date.value = iso;
      const firstLocal = Date.parse(`${iso}T00:00:00Z`) / 1000;
      line = dayLine(firstLocal);
      const [slotDay] = model.slot(instantOf(firstLocal + DAY_S / 2) * 1000) ?? [day()];
      choice.value = slotDay;
      read();
      chart.again();
    };
    date.addEventListener("change", () => take(date.value));
    for (const [id, by] of [["normal-before", -1], ["normal-after", 1]]) {
      byId(id).addEventListener("click", () => take(isoDay(Date.parse(`${date.value || last}T00:00:00Z`) / 1000 + by * DAY_S)));
    }
    const worst = history.alerts.reduce((worst, alert) => (alert.score > (worst?.score ?? 0) ? alert : worst), null);
    take(worst ? isoDay(localSeconds(worst.peak_s)) : isoDay(Date.parse(`${last}T00:00:00Z`) / 1000 - (last > first ? DAY_S : 0)));
  }
  byId("normal-maps").append(
    ...heatMap("Typical, in Wh", typical_wh),
    ...heatMap("The most that is normal, in Wh", high_wh),
  );
  const rows = days.flatMap((_, day) => high_wh[day].map((_, hour) => [
    rowHead(`${dayText(day)} ${hourText(hour)}`), ...[low_wh, typical_wh, high_wh].map((of) => cell(grouped.format(of[day][hour]))),
  ]));
  byId("normal-table").append(table("What is normal, in Wh", ["Day and hour", "Low edge", "Typical", "High edge"], rows));
}

/** Days down, hours across, deeper where more is used. A cell that is clicked is asked about below. */
function heatMap(title, values) {
  const element = html("div", { class: "heat" });
  const most = Math.max(...values.flat());
  const longest = grouped.format(most).length;
  drawn(element, (width) => {
    const left = (days.length > 7 ? 28 : 92) * LARGER, top = 20 * LARGER, side = (width - left) / 24;
    const height = Math.max(18 * LARGER, Math.min(days.length > 7 ? 18 : 34, side));
    const label = `${title}: ${dayText(0)} to ${dayText(days.length - 1)}, by hour; the numbers are in the table below`;
    const whole = top + days.length * height + 2;
    const root = svg("svg", { width, height: whole, viewBox: `0 0 ${width} ${whole}`, role: "img", "aria-label": label });
    for (const hour of hourMarks(width - left)) root.append(svg("text", { x: left + hour * side, y: 13 * LARGER }, hourText(hour)));
    values.forEach((hours, day) => {
      root.append(svg("text", { x: left - 6, y: top + (day + 0.5) * height + 4 * LARGER, "text-anchor": "end" }, days.length > 7 ? days[day] : dayText(day)));
      hours.forEach((value, hour) => {
        const { fill, text } = ramp(most > 0 ? value / most : 0);
        const rect = svg("rect", { x: left + hour * side, y: top + day * height, width: Math.max(side - 1, 1), height: height - 1, fill },
          svg("title", {}, `${dayText(day)} ${hourText(hour)}: ${wh(value)}`));
        rect.addEventListener("click", () => askWhatIf(day, hour));
        root.append(rect);
        if (side >= 6.5 * LARGER * longest) {
          const number = svg("text", { class: "cell-text", x: left + (hour + 0.5) * side - 0.5, y: top + (day + 0.5) * height + 4 * LARGER, "text-anchor": "middle", "pointer-events": "none" }, grouped.format(value));
          number.style.fill = text;
          root.append(number);
        }
      });
    });
    element.replaceChildren(root);
  });
  const scale = html("span", { "aria-hidden": "true" });
  scale.style.cssText = `width:8rem;background:linear-gradient(90deg, ${[0, 0.25, 0.5, 0.75, 1].map((share) => ramp(share).fill).join(", ")})`;
  return [html("h3", {}, title), element, html("ul", { class: "key" }, html("li", {}, scale, `0 to ${wh(most)}`))];
}
