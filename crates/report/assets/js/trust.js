// Whether to trust it: alerts asked for and delivered, drift, what became of the data, what was never seen.

function showTrust() {
  const { calibration, backtest } = content.model;
  const body = byId("trust-words");
  const add = (...children) => body.append(...children);
  if (calibration) {
    const { alerts_per_month, likely_fewest, likely_most, episodes, readings, weeks } = calibration;
    add(html("p", {}, `${counted(alerts_per_month, "alert")} a month ${alerts_per_month === 1 ? "was" : "were"} asked for. On ${counted(weeks, "week")} that it was not shown (held out in turn) the model brought ${counted(episodes, "alert")} in ${(readings / 720).toFixed(1)} months; four months in five are expected to bring ${Math.round(likely_fewest)} to ${Math.round(likely_most)}.`));
  } else {
    add(html("p", {}, "Its edges were given, not learned: how many alerts come was not set."));
  }
  showMonths(add, calibration);
  if (backtest) {
    add(html("p", {}, `Backtest, on ${counted(backtest.windows, "window")} of the home's own history: ${Math.round(100 * backtest.events.mean)} % of made-up mishaps found at four false alerts a month, and ${backtest.alerts_per_month.mean.toFixed(1)} ± ${backtest.alerts_per_month.spread.toFixed(1)} alerts a month where none were put in. Chosen: ${backtest.choice}.`));
  }
  add(html("h3", {}, "Does it still fit?"));
  add(html("p", {}, driftWords()));
  add(html("h3", {}, "What it has not seen"));
  add(html("p", {}, unseenWords()));
  if (history) {
    const { read, used, repaired, quarantined, ignored, rules } = history.kept;
    add(html("h3", {}, "What became of the data"));
    add(html("p", {}, `${counted(read, "row")} of the readings shown: ${grouped.format(used)} used as read, ${grouped.format(repaired)} repaired, ${grouped.format(quarantined)} doubted and left out, ${grouped.format(ignored)} not needed.`));
    if (rules.length > 0) {
      add(table("The ledger", ["What", "How often", "The first"], rules.map(({ name, count, first }) => [rowHead(name), cell(grouped.format(count)), cell(first, { class: "words" })])));
    }
  }
  add(html("h3", {}, "The model"));
  const { name, rows, first_day, last_day, features, holidays, tool, sha256, options } = content.model;
  const facts = [
    ["Model", name], ["Time zone", content.zone.name],
    ["Learned from", first_day ? `${counted(rows, "hourly reading")}, ${isoDayText(first_day)} to ${isoDayText(last_day)}` : `bounds of ${rows} cells`],
    ["Holidays", holidays > 0 ? counted(holidays, "date") : "none"], ["Looks at", features.map(reason).join("; ")],
    ["Options", Object.entries(options).map(([name, value]) => `${name}=${value}`).join(" ")], ["Written by", tool], ["SHA-256", sha256],
  ];
  add(html("dl", { class: "facts" }, ...facts.filter(([, value]) => value !== "").flatMap(([name, value]) => [html("dt", {}, name), html("dd", {}, value)])));
}

/** Alerts by month: those of the months held out, and those of the readings shown. */
function showMonths(add, calibration) {
  const held = (calibration?.months ?? []).map((month) => ({ ...month, alerts: month.episodes, is_held: true }));
  const shown = (history?.months ?? []).map((month) => ({ ...month, is_held: false }));
  const months = [...held, ...shown];
  if (months.length === 0) return;
  const asked = calibration?.alerts_per_month;
  const element = html("div", { class: "chart" });
  drawn(element, (width) => {
    const most = Math.max(...months.map((month) => month.alerts), asked ?? 0, 1);
    const label = "Alerts by month; the numbers are in the table below";
    const every = Math.ceil(months.length / Math.max(Math.floor(width / (80 * LARGER)), 1));
    const xTicks = months.map((_, at) => at + 0.5).filter((_, at) => at % every === 0);
    const short = (at) => { const { first_day } = months[Math.floor(at)]; return `${monthOf(first_day).slice(0, 3)} ${first_day.slice(0, 4)}`; };
    const { root, x, y } = frame({ width, height: 200, label, xMost: months.length, xTicks, xText: short, yTicks: ticks(most, Math.min(most, 4)).filter(Number.isInteger), yText: "Alerts", leftSide: 34 });
    months.forEach(({ alerts, is_held }, at) => {
      root.append(svg("rect", { class: is_held ? "bar held" : "bar", x: x(at + 0.15), width: Math.max(x(0.7) - x(0), 1), y: y(alerts), height: y(0) - y(alerts) }));
    });
    if (asked) root.append(svg("line", { class: "asked", x1: x(0), x2: x(months.length), y1: y(asked), y2: y(asked) }));
    element.replaceChildren(root);
  });
  const keys = [held.length ? ["var(--edge)", "a month learned from, scored while held out"] : null, shown.length ? ["var(--use)", "a month of the readings shown"] : null, asked ? ["var(--alert)", "asked for"] : null];
  add(element, key(...keys.filter((one) => one)));
  const rows = months.map(({ first_day, readings, alerts, drift, is_held }) => [
    rowHead(monthOf(first_day)), cell(is_held ? "learned from, held out" : "shown", { class: "words" }), cell(grouped.format(readings)),
    cell(asked ? ((asked * readings) / 720).toFixed(1) : "–"), cell(String(alerts)), cell(drift === null || drift === undefined ? "–" : drift.toFixed(2)),
  ]);
  add(html("details", {}, html("summary", {}, "The same as numbers"), table("Alerts and drift by month", ["Month", "Readings", "Hours", "Asked for", "Alerts", "Drift"], rows)));
}

function driftWords() {
  const drift = history?.drift;
  const from = content.model.drift_from;
  if (!drift) return history ? "Too few readings to tell, or a model that was given: drift is told from two weeks of readings on." : "No readings were given to tell by.";
  const index = drift.index.toFixed(2);
  if (drift.index < from) return `Yes: the readings shown are spread over its scores much as those it learned from (population stability index ${index}; ${from} and more is drift).`;
  return `No longer well: ${drift.is_more ? "more" : "less"} is used than was usual when it learned (population stability index ${index}; ${from} and more is drift). Its scores say less; train on the last 90 days.`;
}

function unseenWords() {
  const { unseen_months, first_day, last_day, rows } = content.model;
  if (!first_day) return "It learned nothing; it holds the edges that it was given.";
  const span = `${isoDayText(first_day)} to ${isoDayText(last_day)}, ${counted(rows, "hour")}`;
  if (!unseen_months) return `It has seen every month of the year (${span}).`;
  const [from, to] = unseen_months.map((month) => MONTHS[month - 1]);
  return `${from === to ? from : `${from} to ${to}`}: what is normal then it does not know. It has seen ${span}.`;
}
