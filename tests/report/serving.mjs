// `knowatt serve` of the home's model, following a file that a test adds to.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { file } from "./support.mjs";

/** The home's December, a row a minute. */
const [HEADER, ...rows] = readFileSync(file("data/home/after-minute.csv"), "utf8").trimEnd().split("\n");
export const MINUTES = rows;

export const freePort = () => new Promise((found) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const { port } = server.address();
    server.close(() => found(port));
  });
});

/** Serves the home's model, and follows a file; ends with the test `t`. */
export async function serving(t, name, ...more) {
  mkdirSync(file(name), { recursive: true });
  const port = await freePort();
  const server = { feed: file(`${name}/feed.csv`), address: `http://127.0.0.1:${port}/` };
  writeFileSync(server.feed, `${HEADER}\n`);
  server.start = async (model = "home.json") => {
    const words = ["serve", model, "--from", server.feed, "--listen", String(port), ...more];
    const child = spawn(process.env.KNOWATT, words, { cwd: file(""), stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (part) => (said += part));
    const ended = new Promise((over) => child.on("exit", over));
    server.end = async (signal) => {
      child.kill(signal);
      return ended;
    };
    for (let tries = 0; !said.includes("serving   "); tries++) {
      assert.ok(tries < 200 && child.exitCode === null, said);
      await wait(50);
    }
  };
  t.after(() => server.end("SIGKILL"));
  await server.start();
  return server;
}
