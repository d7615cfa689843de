// Names of meters, files and what stands in the ledger are text, whatever they hold.
import assert from "node:assert/strict";
import { test } from "node:test";
import { knowatt, open, read, text } from "./support.mjs";

const NAME = read("name.txt");
const FILE = '<b onclick=alert(3)>"&amp;.csv';

test("a name of script, quotes, ends of elements and marks is shown as it is", async (t) => {
  assert.match(NAME, /^<script>alert\(1\)<\/script>"'<\/style><!-- --> &amp; \u202etxt \u{1F600}$/u);
  const { page, quiet } = await open(t, "named");
  assert.equal(await page.locator("#title").textContent(), `Use of power: ${NAME}`);
  assert.equal(await page.title(), `Use of power: ${NAME}`);
  assert.equal(await page.locator("#trust dd").filter({ hasText: "alert(1)" }).count(), 1); // the option `meter`
  const [ledger] = await page.locator("#trust table").filter({ hasText: "The ledger" }).locator("td.words").allTextContents();
  assert.ok(ledger.includes(FILE), ledger);
  assert.ok(ledger.includes("<img src=x onerror=alert(2)>"), ledger);
  for (const made of ["img", "b", "h1 *", "#trust script", "svg script"]) assert.equal(await page.locator(made).count(), 0, made);
  assert.equal(await page.locator("script").count(), 4);
  // A mark that turns the direction of what follows ends with the name.
  assert.equal(await page.locator("#title").evaluate((title) => getComputedStyle(title).unicodeBidi), "isolate");
  quiet();
});

test("beside the data, a page of such names is byte for byte that of any other", () => {
  const without = (page) => {
    const [before, after] = page.split('<script type="application/json" id="content">');
    return before + after.slice(after.indexOf("</script>"));
  };
  const [named, plain] = ["named.html", "plain.html"].map(read);
  assert.notEqual(named, plain);
  assert.equal(without(named), without(plain));
});

test("the same model, readings and price make the same bytes", () => {
  const again = knowatt("report", "home.json", "data/home/after-hourly.csv", "--price-per-kwh", "0.25 EUR", "-o", "-");
  assert.equal(again, knowatt("report", "home.json", "data/home/after-hourly.csv", "--price-per-kwh", "0.25 EUR", "-o", "-"));
  assert.equal(again, read("home.html"));
});

test("a currency is text too", async (t) => {
  const { page, quiet } = await open(t, "currency");
  assert.match(await text(page, "#unusual-words"), / <b>&amp; *\.$|<b>&amp/);
  assert.equal(await page.locator("b").count(), 0);
  quiet();
});
