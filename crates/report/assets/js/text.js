// Numbers, days and scores as people read them.

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const twoDigits = (number) => String(number).padStart(2, "0");
const wh = (number) => `${grouped.format(number)} Wh`;
/** A count, which need not be whole: half an alert a month may be asked for. */
const counts = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const counted = (count, what) => `${counts.format(count)} ${what}${count === 1 ? "" : "s"}`;
const hourText = (hour) => `${twoDigits(hour)}:00`;
/** Day classes as people call them: `day-off` as `day off`, `any` as `any day`, `monday` as `Monday`, `1` as `day 1`. */
const DAY_TEXTS = { 1: () => "any day", 2: (name) => name.replaceAll("-", " "), 7: (name) => name[0].toUpperCase() + name.slice(1), 31: (name) => `day ${name}` };
const dayText = (day) => (days[day] === undefined ? "" : DAY_TEXTS[days.length](days[day]));
const onDay = (day) => ({ 1: "on any day", 31: `on ${dayText(day)} of a month` })[days.length] ?? `on a ${dayText(day)}`;
const isoDay = (local) => new Date(local * 1000).toISOString().slice(0, 10);

function dayOf(instant, { weekday = true, year = true } = {}) {
  const date = new Date(localSeconds(instant) * 1000);
  const name = weekday ? `${WEEKDAYS[date.getUTCDay()].slice(0, 3)} ` : "";
  return `${name}${date.getUTCDate()} ${MONTHS[date.getUTCMonth()].slice(0, 3)}${year ? ` ${date.getUTCFullYear()}` : ""}`;
}

function timeOf(instant) {
  const date = new Date(localSeconds(instant) * 1000);
  return `${twoDigits(date.getUTCHours())}:${twoDigits(date.getUTCMinutes())}`;
}

const monthOf = (isoDate) => `${MONTHS[Number(isoDate.slice(5, 7)) - 1]} ${isoDate.slice(0, 4)}`;
const isoDayText = (isoDate) => `${Number(isoDate.slice(8, 10))} ${monthOf(isoDate)}`;

/**
 * A score to four decimals, as `knowatt evaluate` prints it: the nearest, and of two that are as near the even one.
 * `toFixed` takes the larger of two; a double lies half-way only if it is a whole number of 32nds, and then the product below is exact.
 */
function fourDecimals(score) {
  if (Math.abs(score) >= 1e21) return `${BigInt(score)}.0000`; // where toFixed writes an exponent
  const scaled = Math.abs(score) * 10000;
  const isHalfWay = Number.isInteger(score * 32) && scaled % 1 === 0.5 && scaled < 2 ** 52;
  if (!isHalfWay) return score.toFixed(4);
  const even = Math.floor(scaled) + (Math.floor(scaled) % 2);
  return `${score < 0 ? "-" : ""}${Math.floor(even / 10000)}.${String(even % 10000).padStart(4, "0")}`;
}

const scoreClass = (score) => (score > 1 ? "above" : score > 0.75 ? "near" : score >= 0 ? "within" : "below");

/** What alerted, in words. */
function reason(feature) {
  const hours = Number(feature.match(/\d+/)?.[0]);
  if (feature.startsWith("floor")) return `high for ${hours} hours on end`;
  if (feature.startsWith("rise")) return hours === 1 ? "more than a day before" : `${hours} hours higher than a day before`;
  return feature === "step" ? "the jump from the hour before" : "the hour by itself";
}

const money = (extraWh) => {
  const { per_kwh, currency } = content.price;
  return `${((extraWh / 1000) * per_kwh).toFixed(2)} ${currency}`.trim();
};
