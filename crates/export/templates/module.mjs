@HEADING@
//
// Scores are those of knowatt itself, bit for bit; null is no score. It needs nothing else.

/** The names of the day classes; a day is the index of one. */
export const DAY_CLASSES = Object.freeze([@DAY_CLASSES@]);

// All curves end to end, a line for each feature, day class and hour: the knots' Wh, their scores, and where each curve begins.
const WH = new Float64Array([
@WH@]);
const SCORES = new Float64Array([
@SCORES@]);
const STARTS = new Uint32Array([
@STARTS@]);

// The time zone: from so many seconds since 1970 on, local time is so many seconds ahead of UTC.
const SPANS_FROM = [@SPANS_FROM@];
const SPANS_OFFSET = [@SPANS_OFFSET@];
const END_MS = @END_MS@;
// Days since 1970.
const HOLIDAYS = new Set([@HOLIDAYS@]);

const HOUR_MS = 3600000;

/** The day class and the hour, in the home's zone, of a Date or of milliseconds since 1970, as [day, hour]; null outside 1970 to 2099. */
export function slot(instant) {
  const ms = milliseconds(instant);
  if (typeof ms !== "number" || !(ms >= 0 && ms < END_MS)) return null;
  const second = Math.floor(Math.floor(ms) / 1000);
  let span = 0;
  for (let end = SPANS_FROM.length; end - span > 1; ) {
    const middle = (span + end) >> 1;
    if (SPANS_FROM[middle] <= second) span = middle;
    else end = middle;
  }
  const local = second + SPANS_OFFSET[span];
  const date = Math.floor(local / 86400);
  return [@DAY_RULE@, Math.floor((local - date * 86400) / 3600)];
}

/** The score of a reading of so many Wh by itself; null where there is no such day or hour, or Wh is no reading. */
export function score(day, hour, wh) {
  return highest(day, hour, 0, [wh]);
}

/** The lowest score over all day classes: above 1.0 on any day. */
export function scoreHour(hour, wh) {
  const scores = DAY_CLASSES.map((_, day) => score(day, hour, wh));
  return scores.includes(null) ? null : Math.min(...scores);
}

/** The score of a reading by itself, by the instant its hour starts (see `slot`). */
export function scoreAt(instant, wh) {
  const place = slot(instant);
  return place && score(...place, wh);
}
@FUNCTIONS@
/** The last hours of one meter, which is all the state there is. */
export class Recent {
  #newest = null;
  #wh = [];

  /**
   * The scores of the next reading, by the instant its hour starts (see `slot`), as { score, level, floor, step, rise }: what alerts
   * when `score`, the largest of the others, is above 1.0. What needs hours that are not known is null. A reading
   * without a score gives null and is not taken.
   */
  push(start, wh) {
    const place = slot(start);
    const level = place && score(...place, wh);
    if (level === null) return null;
    const ms = milliseconds(start);
    const follows = this.#newest !== null && ms - this.#newest === HOUR_MS;
    const known = (this.#wh = [wh, ...(follows ? this.#wh.slice(0, @KEPT@ - 1) : [])]);
    this.#newest = ms;
    const scores = { level, @PUSHED@ };
    return { score: Math.max(...Object.values(scores).filter((one) => one !== null)), ...scores };
  }
}

/** The lowest of so many hours, as they were so many hours before; null if not all are known. */
function low(known, hours, before = 0) {
  return known.length < before + hours ? null : Math.min(...known.slice(before, before + hours));
}

function above(now, before) {
  return before === null ? null : Math.max(now - before, 0);
}

function milliseconds(instant) {
  return instant instanceof Date ? instant.getTime() : instant;
}

/** The highest score that features from the given one on have for their values. */
function highest(day, hour, feature, values) {
  const among = (index, count) => Number.isInteger(index) && index >= 0 && index < count;
  if (!among(day, DAY_CLASSES.length) || !among(hour, 24)) return null;
  let found = null;
  values.forEach((wh, place) => {
    if (typeof wh !== "number" || !(wh >= 0 && wh <= Number.MAX_VALUE)) return;
    const one = curve(((feature + place) * DAY_CLASSES.length + day) * 24 + hour, wh);
    if (found === null || one > found) found = one;
  });
  return found;
}

function curve(cell, wh) {
  const last = STARTS[cell + 1] - 1;
  let left = STARTS[cell];
  let right = last;
  while (right - left > 1) {
    const middle = (left + right) >> 1;
    if (WH[middle] <= wh) left = middle;
    else right = middle;
  }
  const line = SCORES[left] + ((wh - WH[left]) * (SCORES[right] - SCORES[left])) / (WH[right] - WH[left]);
  const most = right < last ? SCORES[right] : Number.MAX_VALUE;
  return line > most ? most : line;
}
@OF_MONTH@
