// What is it now: the hour so far, today, and today's alerts, as the server tells of them.

const KEPT_S = 48 * HOUR_S;
const MOST_METERS = 8;
const RETRY_MS = 5000;

function showLive() {
  if (!content.is_live) return;
  for (const part of document.querySelectorAll("[data-live]")) part.hidden = false;
  const state = byId("now-state");
  const meters = new Map();
  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };
  const take = (event) => {
    const changed = new Set();
    for (const hour of JSON.parse(event.data)) {
      if (!meters.has(hour.meter)) {
        if (meters.size >= MOST_METERS) continue;
        meters.set(hour.meter, liveMeter(hour.meter));
      }
      meters.get(hour.meter).take(hour);
      changed.add(hour.meter);
    }
    for (const name of changed) meters.get(name).show();
    say(meters.size > 0 ? "Connected." : "Connected; nothing has come yet.");
  };
  // Whenever a page connects it is told all of the last two days, so nothing is missed. A browser connects again by itself, unless
  // it was turned away.
  const connect = () => {
    const events = new EventSource("events");
    events.addEventListener("message", take);
    events.addEventListener("error", () => {
      say("The connection is lost; trying again. What is shown is of before.");
      if (events.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
    });
  };
  say("Connecting …");
  connect();
}

/** One meter: what is known of it, and where it is shown. */
function liveMeter(name) {
  const hours = new Map();
  const title = name || (meterCount() > 0 ? "unnamed" : content.meter);
  const [words, alerts, chart, numbers] = [html("p", { class: "read" }), html("div"), html("div", { class: "chart" }), html("div")];
  const asNumbers = html("details", {}, html("summary", {}, "Today as numbers"), numbers);
  byId("now-meters").append(html("article", { class: "meter" }, ...(title ? [html("h3", {}, title)] : []), words, chart, bandKey(...LIVE_KEYS), alerts, asNumbers));
  let today = [];
  let newest = null;
  const day = () => (newest && model.slot(newest.start_s * 1000)?.[0]) ?? 0;
  const band = bandChart(chart, { day, line: () => today, words: () => `Today, ${newest ? dayOf(newest.start_s) : ""}, on what is normal`, height: 240 });
  const take = (hour) => {
    const known = hours.get(hour.start_s);
    // An hour that has ended is not opened again.
    if (!(known && !known.is_open && hour.is_open)) hours.set(hour.start_s, hour);
  };
  const show = () => {
    const sorted = [...hours.values()].sort((a, b) => a.start_s - b.start_s);
    newest = sorted.at(-1);
    for (const { start_s } of sorted) if (start_s < newest.start_s - KEPT_S) hours.delete(start_s);
    const midnight = Math.floor(localSeconds(newest.start_s) / DAY_S) * DAY_S;
    const ofToday = sorted.filter((hour) => localSeconds(hour.start_s) >= midnight);
    today = ofToday.map((hour, at, all) => ({
      hour: Math.floor((localSeconds(hour.start_s) - midnight) / HOUR_S), wh: hour.wh, score: hour.score, follows: at > 0 && hour.start_s - all[at - 1].start_s === HOUR_S,
    }));
    words.textContent = nowWords(newest);
    words.className = `read ${scoreClass(newest.score)}`;
    band.again();
    alerts.replaceChildren(...todaysAlerts(sorted, midnight));
    const rows = ofToday.map(({ start_s, wh: used, low_wh, high_wh, score, is_open }) => [
      rowHead(`${timeOf(start_s)}${is_open ? ", so far" : ""}`), cell(wh(used)), cell(`${grouped.format(low_wh)} to ${wh(high_wh)}`), cell(score.toFixed(2), { class: scoreClass(score) }),
    ]);
    numbers.replaceChildren(table(`Hour by hour, ${dayOf(newest.start_s)}`, ["Hour", "Used", "Normal", "Score"], rows));
  };
  return { take, show };
}

const LIVE_KEYS = [["var(--use)", "today"], ["var(--alert)", "scored above 1.0"]];
const meterCount = () => byId("now-meters").childElementCount;

function nowWords({ start_s, wh: used, low_wh, high_wh, score, is_open, heard_s }) {
  const how = is_open
    ? `${timeOf(start_s)}, so far: ${wh(used)}; up to ${wh(high_wh)} is normal in this hour`
    : `${timeOf(start_s)}, the last whole hour: ${wh(used)}; ${grouped.format(low_wh)} to ${wh(high_wh)} is normal`;
  const seconds = twoDigits(heard_s % 60);
  return `${how}. Score ${score.toFixed(2)}${score > 1 ? ": unusual, someone should look" : ""}. Heard ${dayOf(heard_s, { year: false })} ${timeOf(heard_s)}:${seconds}.`;
}

/** Runs of hours above 1.0 that reach into today, with pauses as the rest of knowatt allows them. */
function todaysAlerts(sorted, midnight) {
  const alerts = [];
  for (const hour of sorted.filter((hour) => hour.score > 1)) {
    const open = alerts.at(-1);
    if (open && hour.start_s - open.last_s <= content.episode_reach_s) {
      open.last_s = hour.start_s;
      if (hour.score > open.peak.score) open.peak = hour;
    } else alerts.push({ first_s: hour.start_s, last_s: hour.start_s, peak: hour });
  }
  const ofToday = alerts.filter(({ last_s }) => localSeconds(last_s) >= midnight);
  if (ofToday.length === 0) return [html("p", { class: "soft" }, "No alert today.")];
  const rows = ofToday.map(({ first_s, last_s, peak }) => [
    rowHead(`${timeOf(first_s)} to ${timeOf(last_s + HOUR_S)}`), cell(peak.score.toFixed(2), { class: "above" }), cell(`${wh(peak.wh)} at ${timeOf(peak.start_s)}`),
    cell(`${grouped.format(peak.low_wh)} to ${wh(peak.high_wh)}`), cell(reason(peak.feature), { class: "words" }),
  ]);
  return [table("Today's alerts", ["When", "Score", "Used", "Normal", "Why"], rows)];
}
