/** Writes the workers' scripts into modules that any bundler can carry. */
import { mkdirSync, writeFileSync } from "node:fs";
import { bundleWorker, workers } from "./bundle-worker.js";

for (const worker of workers) {
  const script = await bundleWorker(worker);
  mkdirSync(`${worker.folder}/generated`, { recursive: true });
  // The type is given, so that the declaration file does not repeat the whole string.
  writeFileSync(
    `${worker.folder}/generated/script.ts`,
    `/** What a worker runs, made of ${worker.file} by scripts/build-worker.ts. */\nexport const script: string =\n  ${JSON.stringify(script)};\n`,
  );
  console.log(`${worker.folder} ${script.length} bytes`);
}
