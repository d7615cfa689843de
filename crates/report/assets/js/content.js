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
  const offsets = [local - DAY_S, local + DAY_S].map((near) => localSeconds(near) - near);
  const found = offsets.map((offset) => local - offset).filter((instant) => localSeconds(instant) === local);
  return found.length > 0 ? Math.min(...found) : local - Math.min(...offsets);
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

/** The readings with the start of each hour. */
function decode(history) {
  const starts = new Float64Array(history.wh.length);
  let at = 0;
  for (const [first, hours] of history.runs) {
    for (let hour = 0; hour < hours; hour++) starts[at++] = first + hour * HOUR_S;
  }
  return { ...history, starts };
}

/** From how many Wh to how many is normal in the hour that starts at an instant; nulls from 2100 on, whose days are not known. */
function normalAt(start) {
  const slot = model.slot(start * 1000);
  if (!slot) return [null, null];
  const [day, hour] = slot;
  return [content.normal.low_wh[day][hour], content.normal.high_wh[day][hour]];
}

const history = content.history && decode(content.history);

