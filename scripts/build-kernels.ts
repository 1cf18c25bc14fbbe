/**
 * Compiles assembly/ once a build, and writes what the library carries into src/wasm/generated/: each binary as a file, for
 * those who load it themselves, and as a module, which any bundler can carry. Of the relaxed-simd build the module holds only
 * what differs from the simd build.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { difference } from "./difference.js";
import { generateTiles } from "./generate-tiles.js";
import { markBuild, packageVersion } from "./mark-build.js";

const folder = "src/wasm/generated";

function compile(build: string): Uint8Array {
  execFileSync("node", ["node_modules/assemblyscript/bin/asc.js", "--target", build], { stdio: "inherit" });
  const bytes = markBuild(readFileSync(`build/kernels/${build}.wasm`), build);
  writeFileSync(`${folder}/${build}.wasm`, bytes);
  console.log(`${build}.wasm ${bytes.length} bytes`);
  return bytes;
}

function writeModule(name: string, build: string, bytes: Uint8Array): void {
  // Annotated, so that the declaration file does not repeat the whole string.
  const text =
    `/** Made from assembly/ by scripts/build-kernels.ts, in the form of src/wasm/encoding.ts. */\n` +
    `export const ${name}: string =\n  "${Buffer.from(bytes).toString("hex")}";\n`;
  writeFileSync(`${folder}/${build}.ts`, text);
}

generateTiles();
mkdirSync(folder, { recursive: true });
const simd = compile("simd");
writeModule("simd", "simd", simd);
writeModule("relaxedDifference", "relaxed-difference", difference(simd, compile("relaxed-simd")));
writeModule("wide", "wide", compile("wide"));
writeFileSync(
  `${folder}/version.ts`,
  `/** The package's, which its kernels are marked with. */\nexport const version: string = "${packageVersion()}";\n`,
);
