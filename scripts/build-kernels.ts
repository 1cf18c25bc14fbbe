/** Compiles the kernels, once a build, and writes each as base64 into a module that any bundler can carry. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { generateTiles } from "./generate-tiles.js";

const targets = { simd: "simd", relaxedSimd: "relaxed-simd", wide: "wide" } as const;

generateTiles();
mkdirSync("src/wasm/generated", { recursive: true });
for (const [name, target] of Object.entries(targets)) {
  execFileSync("node", ["node_modules/assemblyscript/bin/asc.js", "--target", target], { stdio: "inherit" });
  const bytes = readFileSync(`build/kernels/${target}.wasm`);
  // Annotated, so that the declaration file does not repeat the whole string.
  writeFileSync(
    `src/wasm/generated/${target}.ts`,
    `/** The kernels, compiled from assembly/ by scripts/build-kernels.ts. */\nexport const ${name}: string =\n  "${bytes.toString("base64")}";\n`,
  );
  console.log(`${target}.wasm ${bytes.length} bytes`);
}
