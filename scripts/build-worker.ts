/** Writes the worker's script into a module that any bundler can carry. */
import { mkdirSync, writeFileSync } from "node:fs";
import { bundleWorker } from "./bundle-worker.js";

const script = await bundleWorker();
mkdirSync("src/worker/generated", { recursive: true });
// The type is given, so that the declaration file does not repeat the whole string.
writeFileSync(
  "src/worker/generated/script.ts",
  `/** What a worker runs, made of serve-networks.ts by scripts/build-worker.ts. */\nexport const script: string =\n  ${JSON.stringify(script)};\n`,
);
console.log(`worker ${script.length} bytes`);
