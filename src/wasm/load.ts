/** Chooses, compiles and instantiates the kernels. */

import { describe, requireChoice } from "../errors.js";
import type { Build } from "./builds.js";
import { relaxedSimd } from "./generated/relaxed-simd.js";
import { simd } from "./generated/simd.js";
import type { Kernels } from "./kernels.js";

const binaries = { simd, "relaxed-simd": relaxedSimd } as const;
type CarriedBuild = keyof typeof binaries;

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

let supported: readonly CarriedBuild[] | undefined;

function carriedBuilds(): readonly CarriedBuild[] {
  supported ??= Object.freeze((["simd", "relaxed-simd"] as const).filter(engineTakes));
  return supported;
}

/** What this engine can run now, fastest last; empty without WebAssembly SIMD. Asking for another is a RangeError that says why. */
export function supportedBuilds(): readonly Build[] {
  return carriedBuilds();
}

/** The build to run: the fastest that the engine has for "auto" and undefined. Throws a RangeError that says why not. */
export function chooseBuild(wish: "auto" | Build = "auto"): CarriedBuild {
  const builds = carriedBuilds();
  const build = requireChoice("build", wish, ["auto", "simd", "relaxed-simd", "wide"]);
  const fastest = builds.at(-1);
  if (fastest === undefined) {
    throw new RangeError(
      `"build" expected an engine with WebAssembly SIMD (Node 20.19, Chrome 91, Firefox 89, Safari 16.4 or later), got one without`,
    );
  }
  if (build === "auto") return fastest;
  const found = builds.find((name) => name === build);
  if (found !== undefined) return found;
  const reason =
    build === "wide"
      ? "the wide build is not available yet"
      : "this engine has no relaxed SIMD (Node 20 and 21 have it behind --experimental-wasm-relaxed-simd)";
  throw new RangeError(
    `"build" expected ${builds.map((name) => describe(name)).join(" or ")} or "auto", got ${describe(build)}: ${reason}`,
  );
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** What the compiler cannot see: the binaries come from assembly/index.ts, which Kernels restates. */
function isKernels(exports: object): exports is Kernels {
  return "gemm" in exports && Object.values(exports).every((kernel) => typeof kernel === "function");
}

/**
 * An instance on the given memory; compiles synchronously, some milliseconds.
 * @internal
 */
export function instantiateKernels(build: CarriedBuild, memory: WebAssembly.Memory): Kernels {
  const module = new WebAssembly.Module(decode(binaries[build]));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  if (!isKernels(exports)) throw new TypeError(`the kernels of the ${build} build export something else`);
  return exports;
}
