// What was unusual: the timeline with its alerts, and the list of them.

function showUnusual() {
  if (!history) {
    byId("unusual-words").textContent = content.is_live
      ? "What was unusual in the last two days is above. Readings of before may be named after the model: knowatt serve model.json readings.csv --from …"
      : "No readings were given: knowatt report model.json readings.csv -o report.html shows what was unusual among them.";
    return;
  }
  const { alerts, wh: used, starts } = history;
  const months = used.length / 720;
  const asked = content.model.calibration?.alerts_per_month;
  const extra = alerts.reduce((sum, alert) => sum + alert.extra_wh, 0);
  const cost = content.price && extra > 0 ? `, ${money(extra)}` : "";
  byId("unusual-words").textContent =
    `${alerts.length === 0 ? "Nothing: no alert" : counted(alerts.length, "alert")} in ${counted(used.length, "hour")}, ${dayOf(starts[0], { weekday: false })} to ${dayOf(starts.at(-1), { weekday: false })}` +
    `${asked === undefined ? "" : ` (about ${(asked * months).toFixed(1)} were asked for: ${asked} a month)`}.` +
    `${extra > 0 ? ` What was unusual took ${oneDecimal.format(extra / 1000)} kWh more than is typical${cost}.` : ""}`;
  byId("unusual-chart").hidden = false;
  const timeline = showTimeline();
  if (alerts.length > 0) showAlerts(byId("unusual-list"), [...alerts].reverse(), timeline);
}

const FIRST_ALERTS = 25, MORE_ALERTS = 100;

/** The list of the alerts; of very many the newest, and a button for more. */
function showAlerts(list, alerts, timeline) {
  const heads = ["When", "Score", "Used", "Normal", "How long", "Why", "Extra", ...(content.price ? ["Cost"] : []), "Timeline"];
  const row = (alert) => {
    const see = html("button", { type: "button", "aria-label": `See ${dayOf(alert.peak_s)} on the timeline` }, "See");
    see.addEventListener("click", () => {
      timeline.look(alert.first_s - DAY_S, alert.last_s + DAY_S + HOUR_S);
      byId("unusual-chart").scrollIntoView({ block: "start" });
    });
    const long = (alert.last_s - alert.first_s) / HOUR_S + 1;
    return [
      rowHead(`${dayOf(alert.peak_s)} ${timeOf(alert.peak_s)}`), cell(alert.score.toFixed(2), { class: "above" }), cell(wh(alert.wh)),
      cell(`${grouped.format(alert.low_wh)} to ${wh(alert.high_wh)}`), cell(counted(long, "hour")), cell(reason(alert.feature), { class: "words" }),
      cell(`${(alert.extra_wh / 1000).toFixed(2)} kWh`), ...(content.price ? [cell(money(alert.extra_wh))] : []), html("td", {}, see),
    ];
  };
  const caption = "The alerts, newest first, each by the hour that scored most";
  let shown = Math.min(alerts.length, FIRST_ALERTS);
  list.append(table(caption, heads, alerts.slice(0, shown).map(row), "cards"));
  const more = html("button", { type: "button" });
  const tell = () => {
    more.hidden = shown === alerts.length;
    more.textContent = `Show ${counted(Math.min(alerts.length - shown, MORE_ALERTS), "more alert")} of ${grouped.format(alerts.length - shown)}`;
  };
  more.addEventListener("click", () => {
    list.querySelector("tbody").append(...alerts.slice(shown, shown + MORE_ALERTS).map((alert) => tableRow(heads, row(alert))));
    shown = Math.min(shown + MORE_ALERTS, alerts.length);
    tell();
  });
  tell();
  list.append(more);
}

/** Readings, gaps as holes, for the drawing. */
function series() {
  const { starts, wh, alerts } = history;
  const peaks = new Set(alerts.map((alert) => alert.peak_s));
  const data = [[], [], [], [], []];
  const [times, highs, lows, used, marked] = data;
  const push = (time, [low, high], wh, mark) => {
    times.push(time);
    highs.push(high);
    lows.push(low);
    used.push(wh);
    marked.push(mark);
  };
  starts.forEach((start, at) => {
    if (at > 0 && start - starts[at - 1] > HOUR_S) push(starts[at - 1] + HOUR_S, [null, null], null, null);
    push(start, normalAt(start), wh[at], peaks.has(start) ? wh[at] : null);
  });
  // The last hour is an hour wide too.
  push(starts.at(-1) + HOUR_S, normalAt(starts.at(-1)), wh.at(-1), null);
  return data;
}

const FIRST_MONDAY_S = 4 * DAY_S; // 5 January 1970
const HOUR_STEPS = [1, 3, 6, 12], DAY_STEPS = [1, 2, 7, 14], MONTH_STEPS = [1, 3, 6, 12, 24, 60];

/** Where the axis has its marks: round hours, days or months of the home's clock. */
function timeMarks(min, max, most) {
  const span = (max - min) / Math.max(most, 1);
  const local = localSeconds(min);
  const marks = [];
  /** Whether there may be more. */
  const mark = (instant) => {
    // A time that is skipped is the same instant as the one after.
    if (instant >= min && instant <= max && instant !== marks.at(-1)) marks.push(instant);
    return instant <= max && marks.length < 100;
  };
  const every = (step, from) => {
    for (let at = from; mark(instantOf(at)); at += step);
  };
  const hours = HOUR_STEPS.find((hours) => hours * HOUR_S >= span);
  const wholeDays = DAY_STEPS.find((days) => days * DAY_S >= span);
  if (hours) every(hours * HOUR_S, Math.floor(local / DAY_S) * DAY_S);
  else if (wholeDays) every(wholeDays * DAY_S, Math.floor((local - FIRST_MONDAY_S) / (wholeDays * DAY_S)) * wholeDays * DAY_S + FIRST_MONDAY_S);
  else {
    const step = MONTH_STEPS.find((months) => months * 30 * DAY_S >= span) ?? 120;
    const from = new Date(local * 1000);
    const first = Math.floor((from.getUTCFullYear() * 12 + from.getUTCMonth()) / step) * step;
    for (let month = first; mark(instantOf(Date.UTC(Math.floor(month / 12), month % 12) / 1000)); month += step);
  }
  return marks;
}

function markText(mark, step) {
  const date = new Date(localSeconds(mark) * 1000);
  if (step < DAY_S * 0.9 && date.getUTCHours() > 0) return timeOf(mark);
  if (step < 27 * DAY_S) return dayOf(mark, { weekday: false, year: date.getUTCMonth() === 0 && date.getUTCDate() < 8 });
  return date.getUTCMonth() === 0 ? String(date.getUTCFullYear()) : MONTHS[date.getUTCMonth()].slice(0, 3);
}

/** Hours are steps; where they are narrower than a pixel, a line, of which uPlot draws no more than what is seen. */
const stepped = uPlot.paths.stepped({ align: 1 }), joined = uPlot.paths.linear();
const hourly = (u, series, from, to) => (to - from < u.bbox.width ? stepped : joined)(u, series, from, to);

function showTimeline() {
  const element = byId("unusual-timeline"), read = byId("unusual-read");
  const data = series();
  const [first, last] = [data[0][0], data[0].at(-1)];
  const buttons = [...document.querySelectorAll("#unusual-chart button")];
  let plot = null;
  let range = [first, last];
  const rest = () => `${dayOf(range[0])} to ${dayOf(range[1] - 1)}`;
  const look = (from, to) => {
    const width = Math.min(Math.max(to - from, 6 * HOUR_S), last - first);
    const begin = Math.min(Math.max((from + to - width) / 2, first), last - width);
    plot?.setScale("x", { min: begin, max: begin + width });
  };
  const draw = (width) => {
    const ink = colour("soft"), line = colour("line"), font = `${12 * LARGER}px system-ui, sans-serif`;
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line }, font };
    plot?.destroy();
    plot = new uPlot({
      width, height: 320, pxAlign: false,
      legend: { show: false },
      cursor: { drag: { x: true, y: false }, points: { show: false }, y: false },
      scales: { x: { time: false, min: range[0], max: range[1] }, y: { range: (_, min, max) => [0, ticks(Math.max(max, 1)).at(-1)] } },
      axes: [
        { ...axis, size: 34 * LARGER, splits: (u, _, min, max) => timeMarks(min, max, u.width / (80 * LARGER)), values: (_, marks) => marks.map((mark) => markText(mark, marks.length > 1 ? marks[1] - marks[0] : DAY_S)) },
        { ...axis, size: 62 * LARGER, label: "Wh in an hour", labelSize: 18 * LARGER, labelFont: font, values: (_, marks) => marks.map(tickText) },
      ],
      series: [
        {}, { stroke: colour("edge"), width: 1, paths: hourly, points: { show: false } }, { width: 0, paths: hourly, points: { show: false } },
        { stroke: colour("use"), width: 1.5, paths: hourly, points: { show: false } },
        { paths: () => null, points: { show: true, size: 9, width: 1.5, fill: colour("alert"), stroke: colour("paper") } },
      ],
      bands: [{ series: [1, 2], fill: colour("band") }],
      hooks: {
        setScale: [(u, scale) => {
          if (scale !== "x") return;
          range = [u.scales.x.min, u.scales.x.max];
          read.textContent = rest();
          const days = (range[1] - range[0]) / DAY_S;
          for (const button of buttons) {
            const span = button.dataset.span;
            const isAll = range[1] - range[0] >= last - first;
            if (span) button.setAttribute("aria-pressed", String(span === "all" ? isAll : !isAll && Math.abs(days - Number(span)) < 0.1));
          }
        }],
        setCursor: [(u) => {
          // The hour under the cursor, which need not be the one whose start is nearest.
          const under = u.cursor.left >= 0 ? u.posToVal(u.cursor.left, "x") : NaN;
          const at = placeOf(history.starts, under);
          const since = under - history.starts[at];
          read.textContent = since >= 0 && since < HOUR_S ? words(at) : rest();
        }],
      },
    }, data, element);
    // The drawing is a canvas: what it shows is said by the text above it and the list below.
    plot.root.querySelector("canvas").setAttribute("aria-hidden", "true");
  };
  const words = (at) => {
    const start = history.starts[at];
    const [low, high] = normalAt(start);
    const normal = low === null ? "" : `, normal ${grouped.format(low)} to ${wh(high)}`;
    return `${dayOf(start)} ${timeOf(start)}: ${wh(history.wh[at])}${normal}, score ${history.score[at].toFixed(2)}`;
  };
  const again = drawn(element, draw);
  onTheme(again);
  const move = (by) => look(range[0] + by * (range[1] - range[0]), range[1] + by * (range[1] - range[0]));
  const zoom = (by) => {
    const [middle, half] = [(range[0] + range[1]) / 2, ((range[1] - range[0]) / 2) * by];
    look(middle - half, middle + half);
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      const { span, move: by, zoom: times } = button.dataset;
      if (by) move(Number(by) / 2);
      else if (times) zoom(Number(times));
      else if (span === "all") look(first, last);
      else look(range[1] - Number(span) * DAY_S, range[1]);
    });
  }
  element.tabIndex = 0;
  element.setAttribute("role", "group");
  element.setAttribute("aria-label", "Timeline; arrow keys move, plus and minus zoom, 0 shows all");
  element.setAttribute("aria-describedby", "unusual-read");
  element.addEventListener("keydown", (event) => {
    const act = { ArrowLeft: () => move(-0.25), ArrowRight: () => move(0.25), "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), 0: () => look(first, last) }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  element.after(key(["var(--band)", "normal"], ["var(--use)", "used"], ["var(--alert)", "an alert"]));
  return { look };
}
