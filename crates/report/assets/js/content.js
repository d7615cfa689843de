// What the page shows, and the home's clock.

const content = JSON.parse(document.getElementById("content").textContent);
const HOUR_S = 3600;
const DAY_S = 86400;
const days = content.normal.days;

/** Seconds of the home's clock since 1970, as if they were UTC. */
function localSeconds(instant) {
  const { from_s, offset_s } = content.zone;
  return instant + offset_s[placeOf(from_s, instant)];
}

/** The instant of a time of the home's clock; of a time that comes twice the first, of one that is skipped the moment after. */
function instantOf(local) {
  const { offset_s } = content.zone;
  const offsets = [localSeconds(local - DAY_S) - (local - DAY_S), localSeconds(local + DAY_S) - (local + DAY_S)];
  const found = offsets.map((offset) => local - offset).filter((instant) => localSeconds(instant) === local);
  return found.length > 0 ? Math.min(...found) : local - Math.min(...offsets, offset_s[0]);
}

/** The place of the last of some rising numbers that is no more than another; 0 if there is none. */
function placeOf(numbers, number) {
  let low = 0;
  for (let end = numbers.length; end - low > 1; ) {
    const middle = (low + end) >> 1;
    if (numbers[middle] <= number) low = middle;
    else end = middle;
  }
  return low;
}

/** The readings: start of each hour, and what is normal in it. */
function decode(history) {
  const count = history.wh.length;
  const starts = new Float64Array(count);
  const low = new Float32Array(count);
  const high = new Float32Array(count);
  let at = 0;
  for (const [first, hours] of history.runs) {
    for (let hour = 0; hour < hours; hour++, at++) {
      starts[at] = first + hour * HOUR_S;
      const [day, ofDay] = model.slot(starts[at] * 1000);
      low[at] = content.normal.low_wh[day][ofDay];
      high[at] = content.normal.high_wh[day][ofDay];
    }
  }
  return { ...history, starts, low, high };
}

const history = content.history && decode(content.history);

