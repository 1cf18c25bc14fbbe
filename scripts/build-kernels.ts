/**
 * Compiles assembly/ once a build, and assembly/losses/ once for all, and writes what the library carries into
 * src/wasm/generated/: each binary as a file, for those who load it themselves, and as a module, which any bundler can carry.
 * Of the relaxed-simd build the module holds only what differs from the simd build.
 *
 *   npm run build:kernels                 all that is shipped
 *   npm run build:kernels -- simd debug   these, and what was never compiled; the others stay as they are
 *
 * What was compiled from the same sources is not compiled again.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { difference } from "./difference.js";
import { toText } from "./to-text.js";
import { generateInterface } from "./generate-interface.js";
import { generateTiles } from "./generate-tiles.js";
import { argumentsFor, debugTargets, LOSSES, shippedTargets } from "./kernel-targets.js";
import { markBuild, packageVersion } from "./mark-build.js";

const compiled = "build/kernels";
const folder = "src/wasm/generated";

/** Returns a hash of what a binary depends on, whichever the target: sources, settings, and the compiler. */
function hashInputs(): string {
  const sources = readdirSync("assembly", { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  const files = [
    ...sources.sort().map((name) => join("assembly", name)),
    "asconfig.json",
    "node_modules/assemblyscript/package.json",
  ];
  const hash = createHash("sha256");
  for (const file of files) hash.update(`${file}\n`).update(readFileSync(file));
  return hash.digest("hex");
}

const stampOf = (target: string): string => join(compiled, `${target}.inputs`);

/** Compiles a target, unless that was done from the same inputs; returns whether it could. */
async function compile(target: string, inputs: string): Promise<boolean> {
  const [binary, stamp] = [join(compiled, `${target}.wasm`), stampOf(target)];
  let how = "as it was";
  if (!existsSync(binary) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== inputs) {
    rmSync(stamp, { force: true });
    const start = performance.now();
    const asc = "node_modules/assemblyscript/bin/asc.js";
    const child = spawn(process.execPath, [asc, ...argumentsFor(target)], { stdio: "inherit" });
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) return false;
    writeFileSync(stamp, inputs);
    how = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  }
  console.log(`${target}.wasm ${readFileSync(binary).length} bytes, ${how}`);
  return true;
}

function writeModule(name: string, build: string, bytes: Uint8Array): void {
  // Annotated, so that the declaration file does not repeat the whole string.
  const text =
    `/** Made from assembly/ by scripts/build-kernels.ts, in the form of src/wasm/encoding.ts. */\n` +
    `export const ${name}: string =\n  "${toText(bytes)}";\n`;
  writeFileSync(`${folder}/${build}.ts`, text);
}

/** Writes what is shipped, of the binaries as they now are: the difference fits one plain build alone. */
function writeShipped(): void {
  const read = (build: string): Uint8Array => {
    const bytes = markBuild(readFileSync(join(compiled, `${build}.wasm`)), build);
    writeFileSync(`${folder}/${build}.wasm`, bytes);
    return bytes;
  };
  const simd = read("simd");
  writeModule("simd", "simd", simd);
  writeModule("relaxedDifference", "relaxed-difference", difference(simd, read("relaxed-simd")));
  writeModule("wide", "wide", read("wide"));
  writeModule("losses", LOSSES, read(LOSSES));
  writeFileSync(
    `${folder}/version.ts`,
    `/** The package's, which its kernels are marked with. */\nexport const version: string = "${packageVersion()}";\n`,
  );
}

const shipped = shippedTargets();
const known = [...shipped, "debug"];
const asked = process.argv.slice(2);
const unknown = asked.find((target) => !known.includes(target));
if (unknown !== undefined) throw new RangeError(`a build expected ${known.join(" or ")}, got ${unknown}`);

generateTiles();
generateInterface();
mkdirSync(compiled, { recursive: true });
const inputs = hashInputs();
const missing = shipped.filter((build) => !existsSync(stampOf(build)));
const wished = asked.flatMap((target) => (target === "debug" ? debugTargets() : [target]));
const targets = asked.length === 0 ? shipped : [...new Set([...wished, ...missing])];
const compiledAll = await Promise.all(targets.map((target) => compile(target, inputs)));
if (compiledAll.every(Boolean)) writeShipped();
else process.exitCode = 1;
