/** Chooses, compiles and instantiates the kernels. */

import { describe, requireChoice } from "../errors.js";
import type { Build } from "./builds.js";
import { relaxedSimd } from "./generated/relaxed-simd.js";
import { simd } from "./generated/simd.js";
import { isKernels, type Kernels } from "./kernels.js";
import { buildWide, type WideBuild } from "./wide-build.js";

type CarriedBuild = Exclude<Build, "wide">;
const binaries: Record<CarriedBuild, string> = { simd, "relaxed-simd": relaxedSimd };

/**
 * Modules of one function that does nothing but one operation, to validate: an engine that takes it has the feature.
 * (module (func (drop (v128 operation on zeros))))
 */
function probe(...operation: number[]): Uint8Array<ArrayBuffer> {
  const zero = [0xfd, 0x0c, ...new Array<number>(16).fill(0)]; // v128.const 0
  const body = [0, ...zero, ...zero, ...zero, 0xfd, ...operation, 0x1a, 0x0b];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0];
  return Uint8Array.from([...header, 10, body.length + 2, 1, body.length, ...body]);
}

const probes: Record<CarriedBuild, Uint8Array<ArrayBuffer>> = {
  // v128.bitselect takes three vectors, as f32x4.relaxed_madd does
  simd: probe(0x52),
  "relaxed-simd": probe(0x85, 0x02),
};

function engineTakes(build: CarriedBuild): boolean {
  return typeof WebAssembly === "object" && WebAssembly.validate(probes[build]);
}

let carried: readonly CarriedBuild[] | undefined;

/**
 * Those of the builds in this file that the engine takes.
 * @internal
 */
export function carriedBuilds(): readonly CarriedBuild[] {
  carried ??= (["simd", "relaxed-simd"] as const).filter(engineTakes);
  return carried;
}

/** The wide kernels' binary, which `bptt/wide` brings, and what came of it once it was asked for. */
let wideBinary: string | undefined;
let wideOutcome: WideBuild | undefined;

/** The wide build can be asked for from now on. */
export function provideWide(binary: string): void {
  wideBinary = binary;
}

function wideBuild(): WideBuild {
  if (wideOutcome !== undefined) return wideOutcome;
  if (wideBinary === undefined) return { refusal: `its kernels come with import "bptt/wide"` };
  wideOutcome = carriedBuilds().includes("relaxed-simd")
    ? buildWide(decode(wideBinary))
    : { refusal: "this engine has no relaxed SIMD" };
  return wideOutcome;
}

/**
 * What this engine can run now, fastest last; empty without WebAssembly SIMD. Asking for another is a RangeError that says
 * why. After `import "bptt/wide"` the first call compiles and tries the wide build, some tenths of a second.
 */
export function supportedBuilds(): readonly Build[] {
  const wide = "module" in wideBuild();
  return Object.freeze(wide ? [...carriedBuilds(), "wide"] : [...carriedBuilds()]);
}

/**
 * The build to run: for "auto" and undefined the fastest that the engine has, but never the wide one, which leans on an
 * experimental feature. Throws a RangeError that says why not.
 */
export function chooseBuild(wish: "auto" | Build = "auto"): Build {
  const build = requireChoice("build", wish, ["auto", "simd", "relaxed-simd", "wide"]);
  const fastest = carriedBuilds().at(-1);
  if (fastest === undefined) {
    throw new RangeError(
      `"build" expected an engine with WebAssembly SIMD (Node 20.19, Chrome 91, Firefox 89, Safari 16.4 or later), got one without`,
    );
  }
  if (build === "auto") return fastest;
  const reason = reasonAgainst(build);
  if (reason === undefined) return build;
  throw new RangeError(
    `"build" expected ${supportedBuilds().map(describe).join(" or ")} or "auto", got ${describe(build)}: ${reason}`,
  );
}

/** Why a build cannot run here; undefined when it can. */
function reasonAgainst(build: Build): string | undefined {
  if (build === "wide") {
    const outcome = wideBuild();
    return "refusal" in outcome ? outcome.refusal : undefined;
  }
  if (carriedBuilds().includes(build)) return undefined;
  return "this engine has no relaxed SIMD (Node 20 and 21 have it behind --experimental-wasm-relaxed-simd)";
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

const modules = new Map<Build, WebAssembly.Module>();

function compileKernels(build: Build): WebAssembly.Module {
  if (build !== "wide") return new WebAssembly.Module(decode(binaries[build]));
  const outcome = wideBuild();
  if ("module" in outcome) return outcome.module;
  throw new RangeError(`"build" expected one that runs here, got "wide": ${outcome.refusal}`);
}

/**
 * A build's kernels, compiled synchronously on first use, some milliseconds.
 * @internal
 */
export function kernelModule(build: Build): WebAssembly.Module {
  const module = modules.get(build) ?? compileKernels(build);
  modules.set(build, module);
  return module;
}

/**
 * Takes a build's kernels from a thread that compiled them: native code goes with the module, the wide build's too.
 * @internal
 */
export function provideModule(build: Build, module: WebAssembly.Module): void {
  modules.set(build, module);
  if (build === "wide") wideOutcome = { module };
}

/**
 * An instance on the given memory.
 * @internal
 */
export function instantiateKernels(build: Build, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(kernelModule(build), { env: { memory } });
  if (!isKernels(exports)) throw new TypeError(`the kernels of the ${build} build export something else`);
  return exports;
}
