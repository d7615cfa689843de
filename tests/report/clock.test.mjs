// The clock of the home: days on which it is changed, zones of half hours, a day that was left out.
import assert from "node:assert/strict";
import { test } from "node:test";
import { open, text } from "./support.mjs";

/** What is read of every hour of a day that is drawn: the Wh used, by hour. */
async function day(page, date) {
  await page.locator("#normal-date").fill(date);
  await page.locator("#normal-band").focus();
  const used = new Map();
  for (let presses = 0; presses < 24; presses++) {
    await page.keyboard.press("ArrowRight");
    const read = await text(page, "#normal-read");
    used.set(Number(read.slice(0, 2)), [...read.matchAll(/used ([\d,]+) Wh/g)].map(([, wh]) => Number(wh.replace(",", ""))));
  }
  return used;
}
/** What the hour that comes so many hours after the first used. */
const told = (hour) => 200 + hour + (hour % 2 ? 500 : 0);
/** Pieces of the line, each as the hours where it begins and ends. */
const pieces = (page) => page.locator("#normal-band .use").evaluate((path) => path.getAttribute("d").split("M").slice(1).map((piece) => piece.split("L").length / 2));

test("the hour that comes twice in autumn is read twice, and the one skipped in spring is a hole", async (t) => {
  const { page, quiet } = await open(t, "clock-Paris");
  const spring = await day(page, "2024-03-31"); // begins 23 hours after the first reading, at 23:00 UTC
  assert.deepEqual([spring.get(0), spring.get(1), spring.get(2), spring.get(3), spring.get(23)], [[told(23)], [told(24)], [], [told(25)], [told(45)]]);
  assert.deepEqual(await pieces(page), [2, 21]);
  const autumn = await day(page, "2024-10-27"); // begins 22 hours after the 26th at 00:00 UTC
  assert.deepEqual([autumn.get(1), autumn.get(2), autumn.get(3), autumn.get(23)], [[told(23)], [told(24), told(25)], [told(26)], [told(46)]]);
  assert.deepEqual(await pieces(page), [25]);
  quiet();
});


test("in a zone of half hours a day begins at its own midnight", async (t) => {
  const { page, quiet } = await open(t, "clock-Kolkata");
  assert.deepEqual([await page.locator("#normal-date").getAttribute("min"), await page.locator("#normal-date").getAttribute("max")], ["2024-06-02", "2024-06-03"]);
  const first = await day(page, "2024-06-02");
  assert.deepEqual([...Array(24).keys()].map((hour) => first.get(hour)), [...Array(24).keys()].map((hour) => [told(hour)]));
  assert.deepEqual(await pieces(page), [24]);
  quiet();
});

test("a day that a zone left out has no readings, and those beside it have theirs", async (t) => {
  const { page, quiet } = await open(t, "clock-Apia"); // 29 December 2011 was followed by the 31st
  const [before, left, after] = [await day(page, "2011-12-29"), await day(page, "2011-12-30"), await day(page, "2011-12-31")];
  assert.deepEqual([before.get(0), before.get(23)], [[told(0)], [told(23)]]);
  assert.ok([...left.values()].every((used) => used.length === 0));
  assert.deepEqual([after.get(0), after.get(23)], [[told(24)], [told(47)]]);
  quiet();
});

test("a zone that changes by half an hour has two hours that are not whole, and no others", async (t) => {
  const { page, quiet } = await open(t, "clock-Lord_Howe"); // 7 April 2024, from +11:00 to +10:30 at 02:00
  const used = await day(page, "2024-04-07");
  const missing = [...used].filter(([, wh]) => wh.length === 0).map(([hour]) => hour);
  assert.ok(missing.length <= 2, `${missing}`);
  assert.equal(used.get(0).length, 1);
  assert.equal(used.get(12).length, 1);
  quiet();
});
