/** Changes files at random and reads them by every reader: `npm run test:files -- 1000000 [seed]`. */
import "../src/wasm/inlined.js"; // first: the readers make networks
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hostileFiles } from "../test/formats/campaign/hostile-files.js";
import { readChanged, readHostile, type Campaign } from "../test/formats/campaign/campaign.js";

const [files = 20_000, seed = Date.now() % 1e6] = process.argv.slice(2).map(Number);
const folder = join("build", "file-campaign");

function table({ counts }: Campaign): void {
  const rows = [...counts].map(([{ name }, { files: done, read, refused, allocated, capped }]) => [
    name,
    {
      files: done,
      read,
      refused,
      "other errors": done - read - refused,
      "MiB that a refusal allocated, at most": Number((allocated / 2 ** 20).toFixed(1)),
      "refused again in a capped heap": capped,
    },
  ]);
  console.table(Object.fromEntries(rows));
}

/** Keeps the files that were wrong, and says how. */
function keep({ faults }: Campaign): void {
  if (faults.length > 0) mkdirSync(folder, { recursive: true });
  for (const [i, { reader, file, bytes, what }] of faults.entries()) {
    const path = join(folder, `seed-${seed}-${i}.bin`);
    writeFileSync(path, bytes);
    console.log(`fault: ${reader}, ${file}, ${path}: ${what}`);
  }
}

const start = performance.now();
const seconds = (): string => `${Math.round((performance.now() - start) / 1000)} s`;
function tell(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

console.log(`${hostileFiles.length} hostile files`);
const hostile = readHostile(tell);
tell("");
table(hostile);
keep(hostile);
console.log(`${files} changed files, seed ${seed}`);
const changed = readChanged(files, seed, ({ faults }, n) => {
  if (n % 1000 === 0) tell(`${n} of ${files} files, ${faults.length} faults, ${seconds()}`);
});
tell("");
table(changed);
keep(changed);
const faults = hostile.faults.length + changed.faults.length;
console.log(`${hostileFiles.length + files} files, seed ${seed}: faults ${faults}, ${seconds()}`);
process.exitCode = faults === 0 ? 0 : 1;
