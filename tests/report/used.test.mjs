// The page is used: by mouse, by keys, by its controls.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { cells, knowatt, open, PHONE, read, shown, text } from "./support.mjs";

const box = (page, selector) => page.locator(selector).boundingBox();
/** Where an hour's middle is in the drawing of the band. */
async function overHour(page, hour) {
  await page.locator("#normal-band").scrollIntoViewIfNeeded();
  const band = await box(page, "#normal-band svg");
  const [left, right] = [58, 12];
  return { x: band.x + left + ((hour + 0.5) / 24) * (band.width - left - right), y: band.y + band.height / 2 };
}

test("the mouse over the band reads the hour", async (t) => {
  const { page, quiet } = await open(t, "home");
  for (const [hour, said] of [[2, /^02:00: 88 to 1,592 Wh is normal, 337 Wh typical; used 2,493 Wh, score 1\.33$/], [20, /^20:00: \d+ to 8,372 Wh is normal/], [0, /^00:00: /], [23, /^23:00: /]]) {
    const { x, y } = await overHour(page, hour);
    await page.mouse.move(x, y);
    assert.match(await text(page, "#normal-read"), said);
  }
  quiet();
});

test("a finger on the band reads the hour", async (t) => {
  const { page, quiet } = await open(t, "home", PHONE);
  const { x, y } = await overHour(page, 20);
  await page.touchscreen.tap(x, y);
  assert.match(await text(page, "#normal-read"), /^20:00: /);
  quiet();
});

test("arrow keys read the hours of the band, around the day, on from where the mouse was", async (t) => {
  const { page } = await open(t, "home");
  await page.locator("#normal-band").focus();
  assert.match(await text(page, "#normal-read"), /^04:00: /);
  await page.keyboard.press("ArrowRight");
  assert.match(await text(page, "#normal-read"), /^05:00: /);
  for (let presses = 0; presses < 6; presses++) await page.keyboard.press("ArrowLeft");
  assert.match(await text(page, "#normal-read"), /^23:00: /);
  const { x, y } = await overHour(page, 12);
  await page.mouse.move(x, y);
  await page.keyboard.press("ArrowRight");
  assert.match(await text(page, "#normal-read"), /^13:00: /);
});

test("the date and its arrows draw a day, with what the readings were", async (t) => {
  const { page, quiet } = await open(t, "home");
  const december = read("data/home/after-hourly.csv").trim().split("\n").slice(1).map((line) => line.split(","));
  const said = async () => {
    const { x, y } = await overHour(page, 9);
    await page.mouse.move(x, y);
    return text(page, "#normal-read");
  };
  const used = (date) => Math.round(Number(december.find(([time]) => time === `${date}T08:00:00Z`)[1])).toLocaleString("en"); // 09:00 in Paris
  assert.equal(await page.locator("#normal-date").inputValue(), "2007-12-29"); // the day of the highest score
  await page.locator("#normal-date").fill("2007-12-05");
  assert.match(await said(), new RegExp(`; used ${used("2007-12-05")} Wh`));
  assert.equal(await page.locator("#normal-days").inputValue(), "0"); // a Wednesday
  for (let day = 6; day <= 8; day++) await page.locator("#normal-after").click();
  assert.equal(await page.locator("#normal-date").inputValue(), "2007-12-08");
  assert.match(await said(), new RegExp(`; used ${used("2007-12-08")} Wh`));
  assert.equal(await page.locator("#normal-days").inputValue(), "1"); // a Saturday
  await page.locator("#normal-before").click();
  assert.equal(await page.locator("#normal-date").inputValue(), "2007-12-07");
  // Another kind of day takes the day drawn away.
  await page.locator("#normal-days").selectOption("day off");
  assert.doesNotMatch(await said(), /used/);
  assert.equal(await page.locator("#normal-date").inputValue(), "");
  quiet();
});

test("the date does not leave the readings", async (t) => {
  const { page, quiet } = await open(t, "home");
  const date = page.locator("#normal-date");
  await date.fill("2007-12-31");
  await page.locator("#normal-after").click();
  assert.equal(await date.inputValue(), "2007-12-31");
  await date.fill("2007-12-01");
  await page.locator("#normal-before").click();
  assert.equal(await date.inputValue(), "2007-12-01");
  quiet();
});

/** The days that the timeline shows, from the text above it when the mouse is away. */
const span = async (page) => {
  await page.mouse.move(0, 0);
  return text(page, "#unusual-read");
};
const pressed = (page) => page.locator("#unusual-chart button[aria-pressed=true]").allInnerTexts();
const ALL = "Sat 1 Dec 2007 to Mon 31 Dec 2007";

test("the timeline is dragged over to look closer, and a double click shows all", async (t) => {
  const { page, quiet } = await open(t, "home");
  await page.locator("#unusual-timeline").scrollIntoViewIfNeeded();
  assert.equal(await span(page), ALL);
  const over = await box(page, "#unusual-timeline .u-over");
  const y = over.y + over.height / 2;
  // From the start of the 11th day to the end of the 20th.
  await page.mouse.move(over.x + (over.width * 10) / 31 + 2, y);
  await page.mouse.down();
  await page.mouse.move(over.x + (over.width * 15) / 31, y, { steps: 3 });
  await page.mouse.move(over.x + (over.width * 20) / 31 - 2, y, { steps: 3 });
  await page.mouse.up();
  assert.equal(await span(page), "Tue 11 Dec 2007 to Thu 20 Dec 2007");
  assert.deepEqual(await pressed(page), []);
  await page.mouse.dblclick(over.x + over.width / 2, y);
  assert.equal(await span(page), ALL);
  assert.deepEqual(await pressed(page), ["All"]);
  quiet();
});

test("buttons zoom and move the timeline", async (t) => {
  const { page, quiet } = await open(t, "home");
  const click = (name) => page.locator("#unusual-chart").getByRole("button", { name, exact: true }).click();
  await click("Week");
  assert.equal(await span(page), "Tue 25 Dec 2007 to Mon 31 Dec 2007");
  assert.deepEqual(await pressed(page), ["Week"]);
  await click("Day");
  assert.equal(await span(page), "Mon 31 Dec 2007 to Mon 31 Dec 2007");
  await click("Earlier");
  await click("Earlier");
  assert.equal(await span(page), "Sun 30 Dec 2007 to Sun 30 Dec 2007");
  await click("Later");
  await click("Later");
  await click("Later");
  assert.equal(await span(page), "Mon 31 Dec 2007 to Mon 31 Dec 2007");
  await click("Farther");
  assert.equal(await span(page), "Sun 30 Dec 2007 to Mon 31 Dec 2007");
  await click("Closer");
  await click("Later");
  assert.equal(await span(page), "Mon 31 Dec 2007 to Mon 31 Dec 2007");
  await click("All");
  assert.equal(await span(page), ALL);
  quiet();
});

test("keys zoom and move the timeline", async (t) => {
  const { page, quiet } = await open(t, "home");
  await page.locator("#unusual-timeline").focus();
  await page.keyboard.press("+");
  assert.equal(await span(page), "Sat 8 Dec 2007 to Mon 24 Dec 2007"); // half of 31 days
  await page.keyboard.press("ArrowRight");
  assert.equal(await span(page), "Wed 12 Dec 2007 to Fri 28 Dec 2007");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("-");
  assert.equal(await span(page), ALL);
  await page.keyboard.press("=");
  await page.keyboard.press("0");
  assert.equal(await span(page), ALL);
  quiet();
});

test("the mouse over the timeline reads the hour that is under it", async (t) => {
  const { page } = await open(t, "home");
  await page.locator("#unusual-chart").getByRole("button", { name: "Day", exact: true }).click();
  await page.locator("#unusual-timeline").scrollIntoViewIfNeeded();
  const over = await box(page, "#unusual-timeline .u-over");
  for (const part of [0.1, 0.5, 0.9]) {
    await page.mouse.move(over.x + (over.width * (20 + part)) / 24, over.y + 50);
    assert.match(await text(page, "#unusual-read"), /^Mon 31 Dec 2007 20:00: /, `${part} of the hour`);
  }
  const [, used] = read("data/home/after-hourly.csv").match(/2007-12-31T19:00:00Z,([\d.]+)/);
  assert.match(await text(page, "#unusual-read"), new RegExp(`: ${Math.round(used).toLocaleString("en")} Wh, normal \\d+ to 7,557 Wh, score -?\\d\\.\\d\\d$`));
});

test("the list has what score found, and each alert can be seen on the timeline", async (t) => {
  const { page, quiet } = await open(t, "home");
  const [head, ...alerts] = await cells(page.locator("#unusual-list table"));
  assert.deepEqual(head, ["When", "Score", "Used", "Normal", "How long", "Why", "Extra", "Cost", "Timeline"]);
  assert.equal(alerts.length, 6);
  const peaks = await page.evaluate(() => JSON.parse(document.getElementById("content").textContent).history.alerts.map((alert) => alert.peak_s).reverse());
  const scored = new Map(knowatt("score", "home.json", "data/home/after-hourly.csv").trim().split("\n").slice(1).map((line) => line.split(",")).map(([time, ...rest]) => [time, rest.map(Number)]));
  alerts.forEach((alert, at) => {
    const [wh, score] = scored.get(new Date(peaks[at] * 1000).toISOString().replace(".000", ""));
    assert.deepEqual(alert.slice(1, 3), [score.toFixed(2), `${Math.round(wh).toLocaleString("en")} Wh`]);
    const when = new Date((peaks[at] + 3600) * 1000); // winter in Paris
    assert.ok(alert[0].endsWith(` ${when.getUTCDate()} Dec 2007 ${when.toISOString().slice(11, 16)}`), alert[0]);
  });
  await page.getByRole("button", { name: "See Sun 16 Dec 2007 on the timeline" }).click();
  assert.equal(await span(page), "Sat 15 Dec 2007 to Mon 17 Dec 2007");
  quiet();
});

test("of five thousand alerts the newest are listed and more come when they are asked for", async (t) => {
  const { page, quiet } = await open(t, "many");
  const listed = page.locator("#unusual-list tbody tr");
  assert.equal(await listed.count(), 25);
  await page.getByRole("button", { name: "Show 100 more alerts of 4,975" }).click();
  assert.equal(await listed.count(), 125);
  const [first, last] = [await listed.first().innerText(), await listed.last().innerText()];
  assert.match(first, /13 Apr 2022/);
  assert.match(last, /23 Mar 2022/);
  await listed.last().getByRole("button").click();
  assert.match(await span(page), /22 Mar 2022 to .*24 Mar 2022/);
  quiet();
});

test("the theme is turned, and kept when the page is opened again", async (t) => {
  const server = createServer((_, response) => response.setHeader("content-type", "text/html").end(read("home.html")));
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  t.after(() => server.close());
  const { page, quiet } = await open(t, `http://127.0.0.1:${server.address().port}/`);
  const paper = () => page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  const [light, dark] = ["rgb(255, 255, 255)", "rgb(20, 24, 29)"];
  const ink = () => page.evaluate(() => document.querySelector("#unusual-timeline canvas").toDataURL());
  assert.equal(await paper(), light);
  const before = await ink();
  await page.getByRole("button", { name: "Show it dark" }).click();
  assert.equal(await paper(), dark);
  assert.notEqual(await ink(), before); // the canvas is drawn anew
  await page.reload();
  await shown(page);
  assert.equal(await paper(), dark);
  await page.getByRole("button", { name: "Show it light" }).click();
  assert.equal(await paper(), light);
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await paper(), light); // what was chosen is stronger than what the system wants
  await page.reload();
  await shown(page);
  assert.equal(await paper(), light);
  quiet();
});

test("without a choice the theme follows the system", async (t) => {
  const { page } = await open(t, "home");
  const paper = () => page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await paper(), "rgb(20, 24, 29)");
  assert.equal(await text(page, "#theme"), "Light");
  await page.emulateMedia({ colorScheme: "light" });
  assert.equal(await paper(), "rgb(255, 255, 255)");
});

/** What is asked, from everything that shows it: it must be the same. */
async function asked(page) {
  const value = (id) => page.locator(`#what-if-${id}`).inputValue();
  const [day, hour, wh, hourSlide, whSlide] = await Promise.all(["day", "hour", "wh", "hour-slide", "wh-slide"].map(value));
  assert.equal(hour, hourSlide);
  const score = await page.locator("#what-if-score").getAttribute("data-score");
  const handle = await page.locator("#what-if-curve .handle").evaluate((handle) => ({ x: Number(handle.getAttribute("cx")), of: handle.ownerSVGElement.clientWidth }));
  const most = Number(await page.locator("#what-if-wh-slide").getAttribute("max"));
  const byHandle = ((handle.x - 58) / (handle.of - 58 - 12)) * most;
  assert.ok(Math.abs(byHandle - Number(wh)) < 1e-6 * most, `the handle is at ${byHandle}, not ${wh}`);
  assert.ok(Math.abs(Number(whSlide) - Number(wh)) <= 5, `the slider is at ${whSlide}, not ${wh}`); // in steps of 10
  return { day: Number(day), hour: Number(hour), wh: Number(wh), score: Number(score) };
}

test("what if: numbers, sliders and the handle of the curve agree, and the score is that of what is asked", async (t) => {
  const { page, quiet } = await open(t, "home");
  const table = await page.evaluate(() => [globalThis.model.DAY_CLASSES, globalThis.model.score(1, 7, 900)]);
  assert.deepEqual(table[0], ["working-day", "day-off"]);
  const scoreOf = ({ day, hour, wh }) => Number(knowatt("evaluate", "home.json", "--hours", String(hour), "--day", table[0][day], "--wh", String(wh), "--format", "csv").trim().split("\n")[1].split(",")[3]);
  const holds = async (expected) => {
    const found = await asked(page);
    assert.deepEqual({ ...found, ...expected }, found);
    assert.equal(found.score, scoreOf(found));
    assert.match(await text(page, "#what-if-score"), found.score > 1 ? /: unusual, someone should look\. / : found.score < 0 ? /: less than is usual\. / : /: normal\. /);
  };
  await holds({ day: 0, hour: 4, wh: 1500 });
  await page.locator("#what-if-hour").fill("20");
  await holds({ day: 0, hour: 20, wh: 1500 });
  await page.locator("#what-if-wh").fill("123.456");
  await holds({ hour: 20, wh: 123.456 });
  await page.locator("#what-if-day").selectOption("day off");
  await holds({ day: 1 });
  await page.locator("#what-if-hour-slide").fill("7");
  await holds({ day: 1, hour: 7 });
  await page.locator("#what-if-wh-slide").fill("900");
  await holds({ day: 1, hour: 7, wh: 900 });
  await page.locator("#what-if-wh-slide").focus();
  await page.keyboard.press("ArrowRight");
  await holds({ wh: 910 });
  // The handle is dragged to two thirds of the drawing.
  await page.locator("#what-if-curve").scrollIntoViewIfNeeded();
  const curve = await box(page, "#what-if-curve svg"), handle = await box(page, "#what-if-curve .handle");
  await page.mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
  await page.mouse.down();
  await page.mouse.move(curve.x + 58 + ((curve.width - 70) * 2) / 3, curve.y + 20, { steps: 5 });
  await page.mouse.up();
  await holds({ day: 1, hour: 7, wh: 10000 });
  await page.mouse.move(curve.x + 100, curve.y + 20); // let go of
  await holds({ wh: 10000 });
  quiet();
});

test("what has no score is said, and nothing is drawn of it", async (t) => {
  const { page, quiet } = await open(t, "home");
  for (const [id, value] of [["hour", "24"], ["hour", "3.5"], ["hour", "-1"], ["hour", ""], ["wh", "-5"], ["wh", ""]]) {
    await page.locator("#what-if-hour").fill("4");
    await page.locator("#what-if-wh").fill("1500");
    assert.match(await text(page, "#what-if-score"), /^Score 1\.1762/);
    await page.locator(`#what-if-${id}`).fill(value);
    assert.equal(await text(page, "#what-if-score"), "There is no score: an hour is 0 to 23, a reading 0 Wh or more.", `${id} ${value}`);
    assert.equal(await page.locator("#what-if-score").getAttribute("data-score"), "");
    assert.equal(await page.locator("#what-if-curve .handle").count(), 0);
    assert.equal(await page.locator(`#what-if-${id}`).inputValue(), value); // what was typed stands
  }
  quiet();
});

test("a cell of a heat map is asked about", async (t) => {
  const { page, quiet } = await open(t, "home");
  await page.locator("#normal-maps svg").nth(1).locator("rect").nth(24 + 19).click();
  const { day, hour, wh } = await asked(page);
  assert.deepEqual([day, hour, wh], [1, 19, 1500]);
  await page.waitForFunction(() => document.getElementById("what-if").getBoundingClientRect().top < innerHeight / 2);
  quiet();
});

test("the matrix follows its readings and refuses what is no number", async (t) => {
  const { page, quiet } = await open(t, "home");
  const input = page.locator("#matrix-wh"), wrong = () => text(page, "#matrix-wrong");
  const heads = async () => (await cells(page.locator("#matrix table").first()))[0];
  assert.deepEqual(await heads(), ["Hour", "150 Wh", "500 Wh", "1500 Wh", "3000 Wh"]);
  await input.fill("0; 1e3  2000.5,");
  assert.deepEqual(await heads(), ["Hour", "0 Wh", "1000 Wh", "2000.5 Wh"]);
  assert.equal(await wrong(), "");
  assert.equal(await input.getAttribute("aria-invalid"), "false");
  for (const bad of ["abc", "-1", "1,2x", "NaN", "Infinity", "1e999"]) {
    await input.fill(bad);
    assert.match(await wrong(), /^\S+ is not a number of Wh$/, bad);
    assert.equal(await input.getAttribute("aria-invalid"), "true");
    assert.deepEqual(await heads(), ["Hour", "0 Wh", "1000 Wh", "2000.5 Wh"]); // as it was
  }
  await input.fill("700");
  assert.deepEqual(await heads(), ["Hour", "700 Wh"]);
  await input.press("Enter"); // sends no form
  assert.equal(await wrong(), "");
  quiet();
});
