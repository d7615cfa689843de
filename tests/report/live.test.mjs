// The page as `knowatt serve` serves it: live, and without a gap whoever was restarted.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { axe, cells, file, knowatt, open, text } from "./support.mjs";
import { random } from "./random.mjs";
import { MINUTES, freePort, serving } from "./serving.mjs";

/** The hours of the last day, as the page shows them: hour, Wh, score. */
const shownHours = (page) => page.evaluate(() => {
  const rows = document.querySelectorAll("#now-meters details tbody tr");
  return [...rows].map(({ cells }) => [0, 1, 3].map((at) => cells[at].textContent));
});

/** The same by `knowatt score` of what was fed: whole hours alone. Of a stream an hour is whole when the next one has begun, so the newest row is left out. */
function scoredHours(feed) {
  const zone = { timeZone: "Europe/Paris" };
  const without = `${feed}.csv`;
  const fed = readFileSync(feed, "utf8").trimEnd().split("\n");
  const newest = fed.pop().split(",")[0];
  writeFileSync(without, `${fed.join("\n")}\n`);
  const rows = knowatt("score", "home.json", without).trimEnd().split("\n").slice(1).map((row) => row.split(","));
  const day = (at) => new Date(at).toLocaleDateString("sv-SE", zone);
  const last = newest.slice(0, 10);
  return rows.filter(([at]) => day(at) === last).map(([at, wh, score]) => [
    new Date(at).toLocaleTimeString("sv-SE", { ...zone, hour: "2-digit", minute: "2-digit" }),
    `${Math.round(Number(wh)).toLocaleString("en")} Wh`, Number(score).toFixed(2),
  ]);
}

/** Waits until the page shows all whole hours that were fed. */
async function showsAll(page, feed) {
  const expected = scoredHours(feed);
  let found;
  for (let tries = 0; tries < 200; tries++) {
    found = await shownHours(page);
    if (JSON.stringify(found) === JSON.stringify(expected)) return;
    await wait(100);
  }
  assert.deepEqual(found, expected);
}

test("a page that is served asks its own server alone and complains of nothing", async (t) => {
  const server = await serving(t, "served-quiet");
  appendFileSync(server.feed, `${MINUTES.slice(0, 90).join("\n")}\n`);
  const { page, quiet } = await open(t, server.address, { colorScheme: "dark" });
  await page.waitForSelector("#now-meters article");
  await page.locator("#theme").click();
  await page.locator("#what-if-wh").fill("1500");
  assert.match(await text(page, "#what-if-score"), /^Score 1\.1762 for 1500 Wh: unusual/);
  assert.match(await text(page, "#now-state"), /^Connected\.$/);
  await page.evaluate(() => document.querySelectorAll("details").forEach((details) => { details.open = true; }));
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
  quiet();
});

test("the hour so far grows, and what is unusual today is listed", async (t) => {
  const server = await serving(t, "served-grows");
  const { page, quiet } = await open(t, server.address);
  assert.match(await text(page, "#now-state"), /nothing has come yet/);
  // The night of 29 December, in which something was left on: an alert from midnight on.
  const night = MINUTES.findIndex((row) => row.startsWith("2007-12-29 00:00"));
  appendFileSync(server.feed, `${MINUTES.slice(night, night + 60 * 3 + 10).join("\n")}\n`);
  await page.waitForFunction(() => document.querySelector("#now-meters .read")?.textContent.includes(" 03:00, so far"));
  const early = await text(page, "#now-meters .read");
  appendFileSync(server.feed, `${MINUTES.slice(night + 190, night + 230).join("\n")}\n`);
  await page.waitForFunction((early) => document.querySelector("#now-meters .read").textContent !== early, early);
  const wh = (said) => Number(said.match(/so far: ([\d,]+) Wh/)[1].replace(",", ""));
  assert.ok(wh(await text(page, "#now-meters .read")) > wh(early));
  const [, alert] = await cells(page.locator("#now-meters table").first());
  assert.match(alert[0], /^Sat 29 Dec 00:00 to 0[34]:00$/);
  assert.ok((await page.locator("#now-meters circle.alert").count()) >= 3);
  quiet();
});

test("a page shows every hour after its server was killed, at any time, and started again", async (t) => {
  const server = await serving(t, "served-killed", "--state", "served-killed/state");
  const { page } = await open(t, server.address);
  const next = random(7);
  let fed = 0;
  const feed = (minutes) => {
    appendFileSync(server.feed, `${MINUTES.slice(fed, fed + minutes).join("\n")}\n`);
    fed += minutes;
  };
  feed(600);
  await showsAll(page, server.feed);
  for (let kill = 0; kill < 6; kill++) {
    feed(60 + Math.floor(next() * 300));
    await wait(next() * 400); // perhaps read, perhaps shown, perhaps kept
    await server.end("SIGKILL");
    feed(Math.floor(next() * 400));
    await server.start();
    await showsAll(page, server.feed);
  }
  // Whoever comes now sees the same.
  const { page: other } = await open(t, server.address);
  await showsAll(other, server.feed);
  assert.equal(await server.end("SIGTERM"), 0);
  await page.waitForFunction(() => document.querySelector("#now-state").textContent.startsWith("The connection is lost"));
});

test("an hour of which a part is unknown is gone when the next has begun, as nobody knows what it used", async (t) => {
  const server = await serving(t, "served-hole");
  const { page, quiet } = await open(t, server.address);
  const rows = [...MINUTES.slice(0, 90), ...MINUTES.slice(135, 190)]; // from 01:30 to 02:14 nothing
  appendFileSync(server.feed, `${rows.join("\n")}\n`);
  await page.waitForFunction(() => document.querySelector("#now-meters .read")?.textContent.includes(" 03:00, so far"));
  assert.deepEqual((await shownHours(page)).map(([hour]) => hour), ["00:00"]);
  assert.equal(await page.locator("#now-meters path.use").getAttribute("d").then((d) => d.split("M").length - 1), 2);
  quiet();
});

test("a page that is open loads itself anew when another model is served", async (t) => {
  const server = await serving(t, "served-anew");
  const { page } = await open(t, server.address);
  assert.match(await text(page, "#about"), /by zscore/);
  await server.end("SIGTERM");
  await server.start("day-type.json");
  await page.waitForFunction(() => document.querySelector("#about")?.textContent.includes("by envelope"));
});

test("where nothing is followed the page is that of a file", async (t) => {
  const port = await freePort();
  const child = spawn(process.env.KNOWATT, ["serve", "home.json", "data/home/after-hourly.csv", "--listen", String(port)], { cwd: file(""), stdio: "ignore" });
  t.after(() => child.kill());
  for (let tries = 0; tries < 200 && !(await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => null)); tries++) await wait(50);
  const { page, quiet } = await open(t, `http://127.0.0.1:${port}/`);
  assert.equal(await page.locator("#now").isVisible(), false);
  assert.equal(await page.locator("#unusual-list table").count(), 1);
  assert.equal((await fetch(`http://127.0.0.1:${port}/events`)).status, 404);
  quiet();
});

test("what others can reach is not served without a token, and with one only to who knows it", async (t) => {
  assert.throws(() => knowatt("serve", "home.json", "--listen", "0.0.0.0:0"), /Command failed/);
  writeFileSync(file("token"), "0123456789abcdef\n", { mode: 0o600 });
  const server = await serving(t, "served-token", "--token-file", "token");
  assert.equal((await fetch(server.address)).status, 401);
  const { page, quiet } = await open(t, server.address, { httpCredentials: { username: "me", password: "0123456789abcdef" } });
  appendFileSync(server.feed, `${MINUTES.slice(0, 90).join("\n")}\n`);
  await page.waitForSelector("#now-meters article");
  quiet();
});
