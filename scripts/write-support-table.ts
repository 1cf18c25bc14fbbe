/**
 * Records what the last `npm run test:engines` did, and writes the README's table from it
 * (`npm run support-table`).
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readRows, withTable } from "./support-table.js";

const run = "build/engines/engines.json";
const recorded = "test-engines/support.json";

if (existsSync(run)) writeFileSync(recorded, readFileSync(run, "utf8"));
else console.log(`${run} is not there, so ${recorded} stays as it is: \`npm run test:engines\` writes it.`);
const rows = readRows(readFileSync(recorded, "utf8"));
writeFileSync("README.md", withTable(readFileSync("README.md", "utf8"), rows));
console.log(`README.md: ${rows.length} rows`);
