// What is it now: the hour so far, its day, and the alerts of two days, as the server tells of them.

const KEPT_S = 48 * HOUR_S;
const MOST_METERS = 8;
const RETRY_MS = 5000;
/** Of a meter that is heard every hour, so long nothing is no news. */
const SILENT_S = 2 * HOUR_S;

function showLive() {
  if (!content.is_live) return;
  for (const part of document.querySelectorAll("[data-live]")) part.hidden = false;
  const state = byId("now-state");
  const meters = new Map();
  const more = new Set();
  let isLost = true;
  let heard_s = 0;
  const tell = () => {
    const silent = Date.now() / 1000 - heard_s > SILENT_S;
    const words = isLost ? (heard_s ? "The connection is lost; trying again. What is shown is of before." : "Connecting …")
      : heard_s === 0 ? "Connected; nothing has come yet."
      : silent ? `Connected, but nothing has come since ${dayOf(heard_s)} ${timeOf(heard_s)}.`
      : `Connected.${more.size > 0 ? ` ${counted(more.size, "more meter")} not shown.` : ""}`;
    if (state.textContent !== words) state.textContent = words;
  };
  const take = (event) => {
    const changed = new Set();
    for (const hour of JSON.parse(event.data)) {
      heard_s = Math.max(heard_s, hour.heard_s);
      if (!meters.has(hour.meter)) {
        if (meters.size >= MOST_METERS) {
          more.add(hour.meter);
          continue;
        }
        meters.set(hour.meter, liveMeter(hour.meter));
      }
      meters.get(hour.meter).take(hour);
      changed.add(hour.meter);
    }
    for (const name of changed) meters.get(name).show();
    tell();
  };
  // Whenever a page connects it is told all of the last two days, so nothing is missed. A browser connects again by itself, unless
  // it was turned away.
  const connect = () => {
    const events = new EventSource("events");
    events.addEventListener("model", ({ data }) => {
      // Another model is served by now, and this page shows what the one before held to be normal.
      if (data !== content.model.sha256) location.reload();
      isLost = false;
      tell();
    });
    events.addEventListener("message", take);
    events.addEventListener("error", () => {
      isLost = true;
      tell();
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
    });
  };
  tell();
  setInterval(tell, 60_000);
  connect();
}

/** One meter: what is known of it, and where it is shown. */
function liveMeter(name) {
  const hours = new Map();
  const title = name || (meterCount() > 0 ? "unnamed" : content.meter);
  const [words, alerts, chart, numbers] = [html("p", { class: "read" }), html("div"), html("div", { class: "chart" }), html("div")];
  const asNumbers = html("details", {}, html("summary", {}, "That day as numbers"), numbers);
  byId("now-meters").append(html("article", { class: "meter" }, ...(title ? [html("h3", {}, title)] : []), words, chart, bandKey(...LIVE_KEYS), alerts, asNumbers));
  let line = [];
  let newest = null;
  const day = () => (newest && model.slot(newest.start_s * 1000)?.[0]) ?? 0;
  const band = bandChart(chart, { day, line: () => line, words: () => (newest ? `${dayOf(newest.start_s)} on what is normal` : "What is normal"), height: 240 });
  // As the server's board does: an hour that has ended is not opened again, one that never ended goes when a later one comes, and a clock
  // that was wrong by days is followed.
  const take = (hour) => {
    if (hour.is_open && hours.get(hour.start_s)?.is_open === false) return;
    for (const [start_s, known] of hours) {
      if (Math.abs(start_s - hour.start_s) > KEPT_S || (known.is_open && start_s < hour.start_s)) hours.delete(start_s);
    }
    hours.set(hour.start_s, hour);
  };
  const show = () => {
    const sorted = [...hours.values()].sort((a, b) => a.start_s - b.start_s);
    newest = sorted.at(-1);
    const midnight = Math.floor(localSeconds(newest.start_s) / DAY_S) * DAY_S;
    const ofDay = sorted.filter((hour) => localSeconds(hour.start_s) >= midnight);
    line = drawnLine(midnight, ofDay.map(({ start_s, wh, score }) => ({ start: start_s, wh, score })));
    words.textContent = nowWords(newest);
    words.className = `read ${scoreClass(newest.score)}`;
    band.again();
    const whole = ofDay.filter((hour) => !hour.is_open).map(({ start_s, wh: used, low_wh, high_wh, score }) => [
      timeOf(start_s), wh(used), `${grouped.format(low_wh)} to ${wh(high_wh)}`, score.toFixed(2),
    ]);
    showTable(alerts, liveAlerts(sorted), "Alerts of the last two days", ["When", "Score", "Used", "Normal", "Why"], "No alert in the last two days.");
    showTable(numbers, whole, `Hour by hour, ${dayOf(newest.start_s)}`, ["Hour", "Used", "Normal", "Score"], "No hour of this day has ended yet.");
  };
  return { take, show };
}

/** A table of texts, made anew only when it says something else: who reads or selects it is not disturbed each second. */
function showTable(element, rows, caption, heads, none) {
  const said = JSON.stringify([caption, rows]);
  if (element.dataset.said === said) return;
  element.dataset.said = said;
  const cells = rows.map(([head, ...texts]) => [rowHead(head), ...texts.map((text, at) => cell(text, { class: heads[at + 1] === "Why" ? "words" : null }))]);
  element.replaceChildren(rows.length > 0 ? table(caption, heads, cells) : html("p", { class: "soft" }, none));
}

const LIVE_KEYS = [["var(--use)", "used"], ["var(--alert)", "scored above 1.0"]];
const meterCount = () => byId("now-meters").childElementCount;

function nowWords({ start_s, wh: used, low_wh, high_wh, score, is_open, heard_s }) {
  const when = `${dayOf(start_s, { year: false })} ${timeOf(start_s)}`;
  const how = is_open
    ? `${when}, so far: ${wh(used)}; up to ${wh(high_wh)} is normal in this hour`
    : `${when}, the last whole hour: ${wh(used)}; ${grouped.format(low_wh)} to ${wh(high_wh)} is normal`;
  const seconds = twoDigits(heard_s % 60);
  return `${how}. Score ${score.toFixed(2)}${score > 1 ? ": unusual, someone should look" : ""}. Heard ${dayOf(heard_s, { year: false })} ${timeOf(heard_s)}:${seconds}.`;
}

/** Runs of hours above 1.0, the newest first, with pauses as the rest of knowatt allows them: what a row says of each. */
function liveAlerts(sorted) {
  const alerts = [];
  for (const hour of sorted.filter((hour) => hour.score > 1)) {
    const open = alerts.at(-1);
    if (open && hour.start_s - open.last_s <= content.episode_reach_s) {
      open.last_s = hour.start_s;
      if (hour.score > open.peak.score) open.peak = hour;
    } else alerts.push({ first_s: hour.start_s, last_s: hour.start_s, peak: hour });
  }
  return alerts.reverse().map(({ first_s, last_s, peak }) => [
    `${dayOf(first_s, { year: false })} ${timeOf(first_s)} to ${timeOf(last_s + HOUR_S)}`, peak.score.toFixed(2), `${wh(peak.wh)} at ${timeOf(peak.start_s)}`,
    `${grouped.format(peak.low_wh)} to ${wh(peak.high_wh)}`, reason(peak.feature),
  ]);
}
