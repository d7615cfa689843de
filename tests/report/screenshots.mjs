// The pictures of docs/report.md: parts of the page of the demo's home, each as it is on a desktop or a phone, light or dark.
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MINUTES, serving } from "./serving.mjs";
import { browser, DESKTOP, open, PHONE } from "./support.mjs";

const folder = fileURLToPath(new URL("../../docs/report", import.meta.url));
mkdirSync(folder, { recursive: true });
const MOST_BYTES = 120_000;
// So high that nothing is scrolled.
const desktop = { ...DESKTOP, viewport: { width: 1100, height: 5000 } };
const phone = { ...PHONE, viewport: { width: 390, height: 8000 }, deviceScaleFactor: 1.5 };

/** A picture as WebP, which the browser writes. */
async function asWebp(png) {
  const page = await browser.newPage();
  const webp = await page.evaluate(async (png) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(image.width, image.height);
    canvas.getContext("2d").drawImage(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality: 0.8 })).arrayBuffer());
    return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  }, png.toString("base64"));
  await page.close();
  return Buffer.from(webp, "base64");
}

/** A picture of what lies between the top of one element and the bottom of another. */
async function picture(name, options, first, last, prepare = async () => {}, of = "home") {
  const ends = [];
  const { page, quiet } = await open({ after: (end) => ends.push(end) }, of, options);
  await prepare(page);
  await page.mouse.move(0, 0);
  const [top, bottom] = await Promise.all([first, last].map((selector) => page.locator(selector).first().evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return [top, bottom];
  })));
  const { width } = options.viewport;
  const png = await page.screenshot({ clip: { x: 0, y: Math.max(top[0] - 8, 0), width, height: bottom[1] - top[0] + 12 } });
  quiet();
  for (const end of ends) await end();
  const webp = await asWebp(png);
  console.log(`${name}.webp ${Math.round(webp.length / 1000)} KB`);
  if (webp.length > MOST_BYTES) throw new Error(`${name} is larger than ${MOST_BYTES} bytes`);
  writeFileSync(join(folder, `${name}.webp`), webp);
}

await picture("normal", desktop, "header", "#normal-maps");
await picture("unusual", desktop, "#unusual-title", "#unusual-list");
await picture("trust", desktop, "#trust-title", "#trust-words p:last-of-type");
await picture("what-if", desktop, "#what-if-title", "#matrix tbody tr:nth-child(8)");
await picture("phone", phone, "header", "#normal-band + .key");
await picture("phone-dark", { ...phone, colorScheme: "dark" }, "#unusual-timeline", "#unusual-list tbody tr:nth-child(2)", (page) => page.getByRole("button", { name: "Week" }).tap());

// The night of 29 December as it went on.
let end;
const server = await serving({ after: (over) => (end = over) }, "served-picture");
const at = (time) => MINUTES.findIndex((row) => row.startsWith(`2007-12-${time}`));
appendFileSync(server.feed, `${MINUTES.slice(at("28 18:00"), at("29 05:25")).join("\n")}\n`);
const live = (page) => page.waitForFunction(() => document.querySelector("#now-meters .read")?.textContent.includes(" 05:00, so far"));
await picture("live", desktop, "#now-title", "#now-meters article", live, server.address);
await end();
await browser.close();
