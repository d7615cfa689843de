// A browser for the tests of a file, and pages in it that must not complain.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after } from "node:test";
import { pathToFileURL } from "node:url";

const { KNOWATT, KNOWATT_MODULES, KNOWATT_WORK, KNOWATT_CHROMIUM } = process.env;
const require = createRequire(`${KNOWATT_MODULES}/`);
const { chromium } = require("playwright-core");
export const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export const DESKTOP = { viewport: { width: 1280, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

export const file = (name) => join(KNOWATT_WORK, name);
export const read = (name) => readFileSync(file(name), "utf8");
/** What knowatt prints. */
export const knowatt = (...words) => execFileSync(KNOWATT, words, { cwd: KNOWATT_WORK, encoding: "utf8", maxBuffer: 2 ** 28, stdio: ["ignore", "pipe", "ignore"] });

/** A browser with some flags, which ends with the tests. */
export async function launch(...flags) {
  const browser = await chromium.launch({
    executablePath: KNOWATT_CHROMIUM || ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync),
    // Root has no sandbox to be kept in.
    args: process.getuid() === 0 ? ["--no-sandbox", ...flags] : flags,
  });
  after(() => browser.close());
  return browser;
}
export const browser = await launch();

/** Opens a page that was made, or an address, and waits until all of it is shown. What it complains of and asks for is written down. */
export async function open(t, name, { first = () => {}, of = browser, ...options } = {}) {
  const address = name.includes("://") ? name : pathToFileURL(file(`${name}.html`)).href;
  const context = await of.newContext({ ...DESKTOP, locale: "en-GB", timezoneId: "America/New_York", ...options });
  t.after(() => context.close());
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(`error: ${error.stack}`));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    return dialog.dismiss();
  });
  page.on("popup", () => complaints.push("a popup"));
  page.on("request", (request) => request.url() === address || (address.startsWith("http:") && request.url().startsWith(address)) || request.url().startsWith("data:") || complaints.push(`request: ${request.url()}`));
  await page.addInitScript(first); // before anything of the page
  await page.goto(address);
  await shown(page);
  return { page, quiet: () => assert.deepEqual(complaints, []) };
}
export const shown = (page) => page.waitForSelector("html[data-shown]", { timeout: 20_000 });

export const text = (page, selector) => page.locator(selector).innerText();
/** The cells of a table as texts, row by row. */
export const cells = (table) => table.evaluate((table) => [...table.rows].map((row) => [...row.cells].map((cell) => cell.textContent)));
