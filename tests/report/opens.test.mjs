// The page opens, from a file, and keeps quiet.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { browser, cells, file, open, text } from "./support.mjs";

const GROUPINGS = { none: 1, "day-type": 2, "day-of-week": 7, "day-of-month": 31 };

for (const colorScheme of ["light", "dark"]) {
  for (const [days, count] of Object.entries(GROUPINGS)) {
    for (const name of [days, `${days}-only`]) {
      test(`a page of days grouped by ${name} opens from a file in ${colorScheme} colours, asks for nothing and complains of nothing`, async (t) => {
        const { page, quiet } = await open(t, name, { colorScheme });
        assert.equal(await page.locator("#normal-days option").count(), count);
        assert.equal(await page.locator("#matrix table").count(), count);
        assert.equal(await page.locator("#normal-maps rect").count(), 2 * 24 * count);
        assert.equal(await page.locator("#unusual-chart").isVisible(), name === days);
        assert.equal(await page.locator("#normal-date-controls").isVisible(), name === days);
        const paper = await page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
        assert.equal(paper, colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 24, 29)");
        quiet();
      });
    }
  }
}

for (const name of ["talk", "talk-only"]) {
  test(`a page of edges that were given opens: ${name}`, async (t) => {
    const { page, quiet } = await open(t, name);
    assert.match(await text(page, "#about"), /^Given as envelope, on the clock of Australia\/Sydney\./);
    assert.match(await text(page, "#trust"), /Its edges were given, not learned/);
    quiet();
  });
}

test("without a script the page says so", async (t) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  t.after(() => context.close());
  const page = await context.newPage();
  await page.goto(pathToFileURL(file("home.html")).href);
  assert.match(await text(page, "body"), /This page draws itself with a script, which is off here\./);
});

test("half an alert a month may have been asked for", async (t) => {
  const { page, quiet } = await open(t, "half");
  assert.match(await text(page, "#about"), /; about 0\.5 alerts a month were asked for\.$/);
  assert.match(await text(page, "#trust-words"), /^0\.5 alerts a month were asked for\. /);
  quiet();
});

test("one reading is a page", async (t) => {
  const { page, quiet } = await open(t, "one");
  assert.match(await text(page, "#unusual-words"), /^1 alert in 1 hour, 1 Jun 2024 to 1 Jun 2024/);
  assert.equal(await page.locator("#normal-date").inputValue(), "2024-06-01");
  await page.locator("#normal-band").focus();
  for (let presses = 0; presses < 8; presses++) await page.keyboard.press("ArrowRight"); // from 4 to 12
  assert.match(await text(page, "#normal-read"), /^12:00: .*; used 1,500 Wh, score 1\.56$/);
  quiet();
});

test("where nothing was unusual, that is said and no list is shown", async (t) => {
  const { page, quiet } = await open(t, "quiet");
  assert.match(await text(page, "#unusual-words"), /^Nothing: no alert in 100 hours, 1 Jun 2024 to 5 Jun 2024\.$/);
  assert.equal(await text(page, "#unusual-list"), "");
  quiet();
});

test("readings of years whose offsets are not known are shown, without what is normal", async (t) => {
  const { page, quiet } = await open(t, "far");
  assert.match(await text(page, "#unusual-words"), /^1 alert in 60 hours, 1 Jan 1970 to 2 Jan 2150/);
  const [, alert] = await cells(page.locator("#unusual-list table"));
  assert.match(alert[0], /2150/);
  quiet();
});

test("huge readings and scores are shown", async (t) => {
  const { page, quiet } = await open(t, "huge");
  const [, alert] = await cells(page.locator("#unusual-list table"));
  assert.equal(alert[2], "1,000,000,000 Wh");
  assert.equal(alert[1], "1111111.00");
  quiet();
});

