/** Compiles src/ to dist/, and copies the kernels' files there. */
import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { bundlePage } from "./bundle-page.js";
import { bundleParser } from "./bundle-parser.js";

rmSync("dist", { recursive: true, force: true });
execFileSync("node", ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
await bundlePage("dist/cli/run/page");
await bundleParser("dist/cli/table/parse-csv.js");
for (const build of ["simd", "relaxed-simd", "losses"]) {
  copyFileSync(`src/wasm/generated/${build}.wasm`, `dist/wasm/generated/${build}.wasm`);
}
