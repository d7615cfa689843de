// Makes readings of all kinds: readings.mjs LEARN_CSV FOLDER. The same each time.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { random } from "./random.mjs";

const [learned, folder] = process.argv.slice(2);
const HOUR_MS = 3600_000;
const write = (name, rows) =>
  writeFileSync(join(folder, `${name}.csv`), `timestamp,wh\n${rows.map(([ms, wh]) => `${new Date(ms).toISOString().slice(0, 19)}Z,${wh}\n`).join("")}`);
const hours = (first, count, wh) => Array.from({ length: count }, (_, hour) => [Date.parse(first) + hour * HOUR_MS, wh(hour)]);

// Days on which the clock is changed. What is used tells which hour it was: 200 and the hours since the first, and 500 more in every other.
const told = (hour) => 200 + hour + (hour % 2 ? 500 : 0);
write("clock-Paris", [...hours("2024-03-30T00:00:00Z", 72, told), ...hours("2024-10-26T00:00:00Z", 72, told)]);
write("clock-Lord_Howe", hours("2024-04-05T13:00:00Z", 72, told)); // by half an hour
write("clock-Apia", hours("2011-12-29T10:00:00Z", 48, told)); // the 30th was left out
write("clock-Kolkata", hours("2024-06-01T18:30:00Z", 48, told));

write("one", hours("2024-06-01T12:00:00Z", 1, () => 1500));
write("quiet", hours("2024-06-01T00:00:00Z", 100, () => 300));
write("many", hours("2020-01-01T00:00:00Z", 20000, (hour) => (hour % 4 ? 300 : 1500 + (hour % 97))));
write("far", [...hours("1970-01-01T00:00:00Z", 30, () => 400), ...hours("2150-01-01T00:00:00Z", 30, () => 1400)]);
write("huge", hours("2024-06-01T00:00:00Z", 48, (hour) => (hour % 5 === 0 ? 1e9 : hour % 3 === 0 ? 0 : 900)));

// Five years like the home's autumn: days of it drawn at random, mishaps, gaps.
const days = [];
for (const line of readFileSync(learned, "utf8").trim().split("\n").slice(1)) {
  const [time, wh] = line.split(",");
  const of = time.slice(0, 10);
  if (days.at(-1)?.of !== of) days.push({ of, wh: [] });
  days.at(-1).wh.push(Number(wh));
}
const isOff = (date) => [0, 6].includes(new Date(date).getUTCDay());
const whole = days.filter((day) => day.wh.length === 24);
const next = random(1);
const draw = (among) => among[Math.floor(next() * among.length)];
const rows = [];
for (let date = Date.parse("2015-01-01T00:00:00Z"); rows.length < 43_824; date += 24 * HOUR_MS) {
  const { wh } = draw(whole.filter((day) => isOff(day.of) === isOff(date)));
  const mishap = next() < 0.06 ? { from: Math.floor(next() * 24), hours: 1 + Math.floor(next() * 8), wh: 1500 + next() * 2500 } : null;
  wh.forEach((used, hour) => {
    const more = mishap && hour >= mishap.from && hour < mishap.from + mishap.hours ? mishap.wh : 0;
    rows.push([date + hour * HOUR_MS, (used * (0.85 + 0.3 * next()) + more).toFixed(3)]);
  });
}
const gaps = Array.from({ length: 25 }, () => ({ from: Math.floor(next() * rows.length), hours: 1 + Math.floor(next() * 60) }));
write("five-years", rows.filter((_, at) => !gaps.some(({ from, hours }) => at >= from && at < from + hours)));
write("year", rows.slice(0, 8784));
