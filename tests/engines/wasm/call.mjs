// Calls the module with every vector: call.mjs FOLDER...
import { readFileSync, writeFileSync } from "node:fs";

const spell = (one) => (Number.isNaN(one) ? "null" : Object.is(one, -0) ? "-0.0" : String(one));

for (const folder of process.argv.slice(2)) {
  const { instance } = await WebAssembly.instantiate(readFileSync(`${folder}/anomoly_power.wasm`));
  const results = [];
  for (const line of readFileSync(`${folder}/vectors.tsv`, "utf8").trimEnd().split("\n")) {
    if (line.startsWith("#")) continue;
    const [name, , ...rest] = line.split("\t");
    // The module has no state, so no push; what is missing is NaN.
    if (name === "push") results.push("skip");
    else results.push(spell(instance.exports[name](...rest.map((text) => (text === "null" ? NaN : Number(text))))));
  }
  writeFileSync(`${folder}/wasm.results`, results.join("\n") + "\n");
}
