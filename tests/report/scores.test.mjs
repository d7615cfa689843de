// What the page computes is what `knowatt evaluate` prints, to the last digit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { knowatt, open, read } from "./support.mjs";
import { random } from "./random.mjs";

/** Readings that are hard: nothing, the smallest, huge ones, knots, those half-way between two fourth decimals; and drawn ones. */
function readings(model, count, next) {
  const knots = JSON.parse(read(`${model}.json`)).curves.level.flatMap((curve) => curve.wh);
  const drawn = () => [next() * 40, next() * 5000, 10 ** (next() * 6), Math.round(next() * 3000)][Math.floor(next() * 4)];
  const hard = [0, 5e-324, 1e-7, 0.1, 1e9, 1e21, 1e23, 1e300, Number.MAX_VALUE, 1 / 3];
  // Of edges at 0 and 32 or 1024 Wh, odd numbers of Wh score whole numbers of 32nds or 1024ths.
  const ties = Array.from({ length: 30 }, (_, at) => 2 * at + 1).concat([32 * 5, 32 * 7, 1024 * 3 + 32]);
  const of = Array.from({ length: 40 }, () => knots[Math.floor(next() * knots.length)]);
  const all = [...hard, ...ties, ...of];
  while (all.length < count) all.push(drawn());
  return [...new Set(all)];
}

/** Scores by day, hour and reading: those of the text to four decimals, and those of CSV in full. */
function evaluated(model, given) {
  const wh = given.join(",");
  const [, ...lines] = knowatt("evaluate", `${model}.json`, "--wh", wh, "--format", "csv").trim().split("\n");
  const full = lines.map((line) => line.split(",")).map(([day, hour, , score]) => ({ day, hour: Number(hour), score }));
  const texts = knowatt("evaluate", `${model}.json`, "--wh", wh).split("\n").filter((line) => /^\s+\d\d:00 /.test(line)).flatMap((line) => line.trim().split(/\s+/).slice(1));
  assert.equal(texts.length, full.length);
  return full.map((one, at) => ({ ...one, wh: given[at % given.length], text: texts[at] }));
}

/** Whether the page's number, as JavaScript spells it, is the double that Rust spelt. */
const isSame = (page, rust) => Object.is(Number(page), Number(rust));

for (const model of ["home", "talk", "powers", "day-of-week"]) {
  const name = { home: "home", talk: "talk-only", powers: "powers", "day-of-week": "day-of-week-only" }[model];

  test(`each score of the matrix is that of knowatt evaluate: ${model}`, async (t) => {
    const { page, quiet } = await open(t, name);
    const given = readings(model, 200, random(7));
    const expected = evaluated(model, given);
    assert.ok(expected.length >= 1000);
    await page.locator("#matrix-wh").fill(given.join(" "));
    const found = await page.locator("#matrix td").evaluateAll((cells) => cells.map((cell) => ({ text: cell.textContent, score: cell.dataset.score })));
    assert.equal(found.length, expected.length);
    const wrong = expected.filter((one, at) => one.text !== found[at].text || !isSame(found[at].score, one.score));
    assert.deepEqual(wrong.slice(0, 3), [], `${wrong.length} of ${expected.length}`);
    if (model === "powers") {
      // The hard case is among them: half-way, and toFixed would take the other one.
      const ties = expected.filter((one) => one.text !== Number(one.score).toFixed(4));
      assert.ok(ties.length > 100, `${ties.length} ties`);
    }
    t.diagnostic(`${model}: ${expected.length} scores, ${given.length} readings`);
    quiet();
  });

  if (model !== "home" && model !== "powers") continue;
  test(`a hundred points asked by the page's inputs score as knowatt evaluate says: ${model}`, async (t) => {
    const { page, quiet } = await open(t, name);
    const next = random(11);
    const given = readings(model, 100, next).slice(0, 100);
    const expected = evaluated(model, given);
    const days = await page.locator("#what-if-day option").count();
    const output = page.locator("#what-if-score");
    for (const [at, wh] of given.entries()) {
      const day = Math.floor(next() * days), hour = Math.floor(next() * 24);
      await page.locator("#what-if-day").selectOption(String(day));
      await page.locator("#what-if-hour").fill(String(hour));
      await page.locator("#what-if-wh").fill(String(wh));
      const { text, score } = expected[(day * 24 + hour) * given.length + at];
      assert.equal((await output.innerText()).match(/^Score (\S+):/)[1], text, `${day} ${hour}:00 ${wh} Wh`);
      assert.ok(isSame(await output.getAttribute("data-score"), score), `${day} ${hour}:00 ${wh} Wh`);
    }
    quiet();
  });
}
