// Calls the module with every vector: call.mjs FOLDER...
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

const NAMES = { score_hour: "scoreHour", score_at: "scoreAt" };
const value = (text) => (text === "null" ? null : Number(text));
const spell = (one) => (one === null ? "null" : Object.is(one, -0) ? "-0.0" : String(one));

for (const folder of process.argv.slice(2)) {
  const module = await import(resolve(folder, "anomoly_power.mjs"));
  const recent = new module.Recent();
  const results = [];
  for (const line of readFileSync(`${folder}/vectors.tsv`, "utf8").trimEnd().split("\n")) {
    if (line.startsWith("#")) continue;
    const [name, , ...rest] = line.split("\t");
    const values = rest.map(value);
    if (name === "push") {
      const { score, level, floor, step, rise } = recent.push(...values) ?? { score: null, level: null, floor: null, step: null, rise: null };
      results.push([score, level, floor, step, rise].map(spell).join(" "));
    } else {
      const found = module[NAMES[name] ?? name](...values);
      results.push(spell(found));
      // A Date is an instant too.
      if (name === "score_at" && values[0] !== null && !Object.is(module.scoreAt(new Date(values[0]), values[1]), found)) {
        throw new Error(`${folder}: ${line} is another score for a Date`);
      }
    }
  }
  writeFileSync(`${folder}/javascript.results`, results.join("\n") + "\n");
}
