/** Chooses, compiles and instantiates the kernels. Where they come from is said by the entry: src/entries/, src/wide.ts. */

import { describe, InvalidStateError, requireChoice } from "../errors.js";
import type { Build } from "./builds.js";
import { isKernels, type Kernels } from "./kernels.js";
import type { WideBuild } from "./wide-build.js";

/** The builds that are chosen by themselves. */
export type PlainBuild = Exclude<Build, "wide">;

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

const probes: Record<PlainBuild, Uint8Array<ArrayBuffer>> = {
  // v128.bitselect takes three vectors, as f32x4.relaxed_madd does
  simd: probe(0x52),
  "relaxed-simd": probe(0x85, 0x02),
};

let taken: readonly PlainBuild[] | undefined;

/** Returns what this engine could run, fastest last. */
export function engineBuilds(): readonly PlainBuild[] {
  const takes = (build: PlainBuild): boolean =>
    typeof WebAssembly === "object" && WebAssembly.validate(probes[build]);
  taken ??= (["simd", "relaxed-simd"] as const).filter(takes);
  return taken;
}

/** Compiles a build's kernels, or hands out what is compiled. */
const sources = new Map<PlainBuild, () => WebAssembly.Module>();

/** Returns the binary that a build is compiled from. */
export type Binary = () => Uint8Array<ArrayBuffer>;

/** Of the builds whose binaries are at hand. */
const binaries = new Map<Build, Binary>();
/** Of those that came compiled for memory that threads share. */
const sharedModules = new Map<Build, WebAssembly.Module>();

/**
 * A build can be asked for from now on; its source is called once, when it first is. What was there before stays. Thread pools
 * compile it from its binary a second time, for memory that threads share; without one it is none of theirs.
 * @internal
 */
export function provideKernels(build: PlainBuild, source: () => WebAssembly.Module, binary?: Binary): void {
  if (sources.has(build)) return;
  sources.set(build, source);
  if (binary !== undefined) binaries.set(build, binary);
}

/**
 * Returns a build's kernels for memory that threads share, compiled from its binary as `change` changes it; undefined where they came
 * compiled for other memory alone.
 * @internal
 */
export function compileShared(
  build: Build,
  change: (binary: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>,
): WebAssembly.Module | undefined {
  const came = sharedModules.get(build);
  const binary = binaries.get(build);
  if (came !== undefined || binary === undefined) return came;
  const bytes = change(binary());
  return build === "wide" && compileWide !== undefined ? compileWide(bytes) : new WebAssembly.Module(bytes);
}

/**
 * Returns what this engine could run, of the builds whose kernels are there, fastest last.
 * @internal
 */
export function plainBuilds(): readonly PlainBuild[] {
  return engineBuilds().filter((build) => sources.has(build));
}

/** Tries the wide build, which `bptt/wide` brings, and what came of it once it was asked for. */
let tryWide: (() => WideBuild) | undefined;
let wideOutcome: WideBuild | undefined;
let compileWide: ((bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module) | undefined;

/**
 * The wide build can be asked for from now on.
 * @internal
 */
export function provideWide(
  attempt: () => WideBuild,
  binary: Binary,
  compile: (bytes: Uint8Array<ArrayBuffer>) => WebAssembly.Module,
): void {
  tryWide = attempt;
  binaries.set("wide", binary);
  compileWide = compile;
}

function wideBuild(): WideBuild {
  if (wideOutcome !== undefined) return wideOutcome;
  if (tryWide === undefined) return { refusal: `its kernels come with import "bptt/wide"` };
  wideOutcome = engineBuilds().includes("relaxed-simd")
    ? tryWide()
    : { refusal: "this engine has no relaxed SIMD" };
  return wideOutcome;
}

/**
 * What this engine can run now, fastest last; empty without WebAssembly SIMD. Asking for another is a RangeError that says
 * why. After `import "bptt/wide"` the first call compiles and tries the wide build, some tenths of a second.
 */
export function supportedBuilds(): readonly Build[] {
  const wide = "module" in wideBuild();
  return Object.freeze(wide ? [...plainBuilds(), "wide"] : [...plainBuilds()]);
}

/**
 * The build to run: for "auto" and undefined the fastest that the engine has, but never the wide one, which leans on an
 * experimental feature. Throws a RangeError that says why not, and an InvalidStateError before there are any kernels.
 */
export function chooseBuild(wish: "auto" | Build = "auto"): Build {
  const build = requireChoice("build", wish, ["auto", "simd", "relaxed-simd", "wide"]);
  if (engineBuilds().length === 0) {
    throw new RangeError(
      `"build" expected an engine with WebAssembly SIMD (Node 20.19, Chrome 91, Firefox 89, Safari 16.4 or later), got one without`,
    );
  }
  const fastest = plainBuilds().at(-1);
  if (fastest === undefined) {
    throw new InvalidStateError(
      `"bptt/slim" has no kernels yet: \`await init(source)\` first, or import "bptt", which brings them`,
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
  if (plainBuilds().includes(build)) return undefined;
  if (engineBuilds().includes(build)) return `its kernels were not given to init of "bptt/slim"`;
  return "this engine has no relaxed SIMD (Node 20 and 21 have it behind --experimental-wasm-relaxed-simd)";
}

const modules = new Map<Build, WebAssembly.Module>();

function compileKernels(build: Build): WebAssembly.Module {
  if (build !== "wide") {
    const source = sources.get(build);
    if (source !== undefined) return source();
    throw new InvalidStateError(`there are no kernels of the ${build} build`);
  }
  const outcome = wideBuild();
  if ("module" in outcome) return outcome.module;
  throw new RangeError(`"build" expected one that runs here, got "wide": ${outcome.refusal}`);
}

/**
 * Returns a build's kernels, compiled synchronously on first use, some milliseconds.
 * @internal
 */
export function kernelModule(build: Build): WebAssembly.Module {
  const module = modules.get(build) ?? compileKernels(build);
  modules.set(build, module);
  return module;
}

/**
 * Takes a build's kernels from a thread that compiled them: native code goes with the module, the wide build's too. `shared`: the same
 * for memory that threads share.
 * @internal
 */
export function provideModule(build: Build, module: WebAssembly.Module, shared?: WebAssembly.Module): void {
  modules.set(build, module);
  if (shared !== undefined) sharedModules.set(build, shared);
  if (build === "wide") wideOutcome = { module };
  else provideKernels(build, () => module);
}

/**
 * Makes an instance on the given memory.
 * @internal
 */
export function instantiateKernels(build: Build, memory: WebAssembly.Memory): Kernels {
  const { exports } = new WebAssembly.Instance(kernelModule(build), { env: { memory } });
  if (!isKernels(exports)) throw new TypeError(`the kernels of the ${build} build export something else`);
  return exports;
}
