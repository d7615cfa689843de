// The page fits: every width, large text, paper.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, open } from "./support.mjs";

const large = await launch("--blink-settings=defaultFontSize=32");

/** How far the page as a whole can be scrolled to the side, and what reaches over its edge. */
const wide = (page) => page.evaluate(() => {
  const root = document.documentElement;
  const inScroll = (element) => element.closest(".scroll") !== null && !element.matches(".scroll");
  const over = [...document.querySelectorAll("body *")].filter((element) => element.getBoundingClientRect().right > innerWidth + 0.5 && !inScroll(element));
  return { by: root.scrollWidth - root.clientWidth, over: over.slice(0, 3).map((element) => element.outerHTML.slice(0, 120)) };
});
/** Texts of drawings that are cut off at an edge or touch another. */
const unreadable = (page) => page.locator("main svg").evaluateAll((drawings) => drawings.flatMap((drawing) => {
  const edge = drawing.getBoundingClientRect();
  const texts = [...drawing.querySelectorAll("text")].map((text) => ({ text: text.textContent, at: text.getBoundingClientRect() }));
  const cut = texts.filter(({ at }) => at.left < edge.left - 1 || at.right > edge.right + 1 || at.top < edge.top - 1 || at.bottom > edge.bottom + 1);
  const touch = texts.filter(({ at }, place) => texts.slice(place + 1).some((other) => at.left < other.at.right && other.at.left < at.right && at.top + 2 < other.at.bottom && other.at.top + 2 < at.bottom));
  return [...cut, ...touch].map(({ text }) => text);
}));
const openDetails = (page) => page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));

for (const width of [320, 390, 768, 1280]) {
  test(`at ${width} px the page is not wider than the window, and texts of drawings do not touch`, async (t) => {
    for (const name of ["home", "named", "day-of-month", "huge"]) {
      const { page } = await open(t, name, { viewport: { width, height: 800 } });
      await openDetails(page);
      assert.deepEqual(await wide(page), { by: 0, over: [] }, name);
      assert.deepEqual(await unreadable(page), [], name);
    }
  });
}

test("with text of twice the size the page is not wider than the window", async (t) => {
  for (const width of [390, 1280]) {
    const { page } = await open(t, "home", { of: large, viewport: { width, height: 800 } });
    await openDetails(page);
    assert.deepEqual(await wide(page), { by: 0, over: [] });
    assert.deepEqual(await unreadable(page), []);
  }
});

test("the drawings follow the width of the window", async (t) => {
  const { page, quiet } = await open(t, "home");
  await page.setViewportSize({ width: 600, height: 800 });
  await page.waitForFunction(() => [...document.querySelectorAll("#normal-band svg, #unusual-timeline .uplot, #what-if-curve svg, #normal-maps svg")].every((drawing) => drawing.getBoundingClientRect().width <= 600));
  assert.equal((await wide(page)).by, 0);
  quiet();
});

test("on paper there are no controls, and colours are light", async (t) => {
  const { page, quiet } = await open(t, "home", { colorScheme: "dark" });
  await page.emulateMedia({ media: "print" });
  const seen = await page.locator("button, input, select, nav, .skip").evaluateAll((controls) => controls.filter((one) => one.checkVisibility()).map((one) => one.outerHTML.slice(0, 120)));
  assert.deepEqual(seen, []);
  const style = (selector) => page.locator(selector).first().evaluate((element) => {
    const { color, backgroundColor, fontSize } = getComputedStyle(element);
    return { color, backgroundColor, fontSize: Number.parseFloat(fontSize) };
  });
  assert.deepEqual([(await style("body")).backgroundColor, (await style("body")).color], ["rgb(255, 255, 255)", "rgb(26, 31, 36)"]);
  for (const selector of ["p", "td", "caption", "svg text"]) assert.ok((await style(selector)).fontSize >= 10, selector);
  quiet();
});

test("what is printed has every section, fits the sheet, and is put back afterwards", async (t) => {
  const { page, quiet } = await open(t, "home", { colorScheme: "dark" });
  // What the page draws in while it is printed.
  await page.evaluate(() => addEventListener("beforeprint", () => { globalThis.printed = document.documentElement.dataset.theme; }));
  const pdf = await page.pdf({ format: "A4", printBackground: true });
  assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
  assert.equal(await page.evaluate(() => globalThis.printed), "light");
  assert.equal(await page.locator("html").getAttribute("data-theme"), null);
  const sheets = pdf.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
  assert.ok(sheets >= 3 && sheets <= 9, `${sheets} sheets`);
  t.diagnostic(`${sheets} sheets, ${pdf.length} bytes`);
  quiet();
});
