// The page for everyone: the rules of axe-core, the keyboard, what a screen reader is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { axe, DESKTOP, open, PHONE } from "./support.mjs";

for (const [device, options] of Object.entries({ desktop: DESKTOP, phone: PHONE })) {
  for (const colorScheme of ["light", "dark"]) {
    const names = device === "desktop" && colorScheme === "light" ? ["day-of-month", "five-years"] : [];
    for (const name of ["home", "model-only", "talk", ...names]) {
      test(`axe-core finds nothing: ${name}, ${device}, ${colorScheme}`, async (t) => {
        const { page, quiet } = await open(t, name, { ...options, colorScheme });
        await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
        // An hour that scores above 1, one that does not, a reading that is no number.
        await page.locator("#matrix-wh").fill("abc");
        await page.evaluate(axe);
        const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
        assert.deepEqual(violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" | ")}`), []);
        quiet();
      });
    }
  }
}

/** What has the focus, in a few words, and whether that is seen. */
const focused = (page) => page.evaluate(() => {
  const element = document.activeElement;
  const style = getComputedStyle(element), place = element.getBoundingClientRect();
  // The button inside a date's input has the browser's own outline.
  const seen = !element.matches(":focus") || (style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) >= 1.5 && place.width > 0 && place.bottom > 0 && place.top < innerHeight && place.right > 0 && place.left < innerWidth);
  return { name: element === document.body ? "document" : element.id || element.getAttribute("aria-label") || element.textContent.trim(), seen };
});

test("Tab reaches every control in the order of the page, and what has the focus is seen", async (t) => {
  const { page, quiet } = await open(t, "home", { reducedMotion: "reduce" }); // so that it is scrolled to at once
  const reached = [];
  for (;;) {
    await page.keyboard.press("Tab");
    const { name, seen } = await focused(page);
    if (reached.length > 0 && (name === reached[0] || name === "document")) break;
    assert.ok(seen, `the focus on ${name} is not seen`);
    if (reached.at(-1) !== name) reached.push(name); // a date has several parts
  }
  assert.deepEqual(reached, [
    "To the page", "Normal", "Unusual", "Trust", "What if", "theme",
    "normal-days", "normal-before", "normal-date", "normal-after", "normal-band", "The same as numbers",
    "All", "Month", "Week", "Day", "Earlier", "Later", "Closer", "Farther", "unusual-timeline",
    "The alerts, newest first, each by the hour that scored most",
    ...[29, 28, 26, 23, 16, 2].map((day) => `See ${["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][new Date(Date.UTC(2007, 11, day)).getUTCDay()]} ${day} Dec 2007 on the timeline`),
    "The same as numbers",
    "what-if-day", "what-if-hour", "what-if-wh", "what-if-hour-slide", "what-if-wh-slide",
    "matrix-wh", "Scores: working day", "Scores: day off",
  ]);
  quiet();
});

test("the skip link goes to the page's content", async (t) => {
  const { page } = await open(t, "home");
  await page.keyboard.press("Tab");
  const link = await page.locator(".skip").boundingBox();
  assert.ok(link.x >= 0 && link.y >= 0, "it is seen while it has the focus");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  assert.equal((await focused(page)).name, "normal-days");
});

test("details are opened and the theme is turned by the keyboard", async (t) => {
  const { page } = await open(t, "home");
  await page.locator("#normal summary").focus();
  await page.keyboard.press("Enter");
  assert.ok(await page.locator("#normal-table table").isVisible());
  await page.locator("#theme").focus();
  await page.keyboard.press("Space");
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
});

test("a screen reader is told headings in order, names of drawings, captions and heads of tables", async (t) => {
  const { page } = await open(t, "home");
  const headings = await page.locator("h1, h2, h3").evaluateAll((all) => all.filter((one) => one.checkVisibility()).map((one) => `${one.localName} ${one.textContent}`));
  assert.deepEqual(headings, [
    "h1 This home's use of power", "h2 What is normal here?", "h3 Typical, in Wh", "h3 The most that is normal, in Wh", "h2 What was unusual?", "h2 Can I trust it?",
    "h3 Does it still fit?", "h3 What it has not seen", "h3 What became of the data", "h3 The model", "h2 What if?", "h3 The score matrix",
  ]);
  const snapshot = await page.locator("body").ariaSnapshot();
  for (const said of [
    '- navigation "Sections":', "- main:", '- region "What is normal here?":', '- region "What was unusual?":', '- region "Can I trust it?":', '- region "What if?":',
    '- group "What is normal hour by hour; arrow keys read the hours":', '- img "What is normal hour by hour (day off), with 29 December 2007 drawn on it"',
    'img "Typical, in Wh: working day to day off, by hour; the numbers are in the table below"', '- group "What the timeline shows":', '- group "Timeline; arrow keys move, plus and minus zoom, 0 shows all"',
    '- img "Alerts by month; the numbers are in the table below"', '- img "The score at 04:00 on a working day, from 0 to 15,000 Wh"',
    '- button "All" [pressed]', '- combobox "Days":', '- textbox "Day drawn"', '- spinbutton "Hour": "4"', '- spinbutton "Wh in that hour": "1500"', '- slider "Wh": "1500"', '- textbox "Readings, in Wh": 150, 500, 1500, 3000',
    '- status: "Score 1.1762 for 1500 Wh: unusual, someone should look. Up to 1,180 Wh is normal at 04:00 on a working day."', "- contentinfo:", '- rowheader "Sat 29 Dec 2007 03:00"', '- columnheader "Used"',
  ]) assert.ok(snapshot.includes(said), `${said} is not in\n${snapshot.slice(0, 6000)}`);
  const tables = await page.locator("table").evaluateAll((tables) => tables.map((table) => ({
    caption: table.caption?.textContent ?? "", heads: [...table.tHead.rows[0].cells].every((cell) => cell.localName === "th" && cell.scope === "col" && cell.textContent !== ""),
    rows: [...table.tBodies[0].rows].every((row) => row.cells[0].localName === "th" && row.cells[0].scope === "row" && row.cells.length === table.tHead.rows[0].cells.length),
  })));
  assert.equal(tables.length, 5);
  for (const { caption, heads, rows } of tables) assert.ok(caption && heads && rows, caption);
});

test("what is read from the band is told politely, and what is asked too", async (t) => {
  const { page } = await open(t, "home");
  for (const id of ["normal-read", "unusual-read"]) assert.equal(await page.locator(`#${id}`).getAttribute("aria-live"), "polite", id);
  assert.equal(await page.locator("#what-if-score").evaluate((output) => output.localName), "output"); // a live region by itself
});
