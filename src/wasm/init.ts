/** Kernels from outside, for `bptt/slim`: from a file's bytes, a module, or a response that streams in. */

import { describe, FormatError, requireObject } from "../errors.js";
import { version } from "./generated/version.js";
import { engineBuilds, provideKernels, type Binary, type PlainBuild } from "./load.js";

/** A WebAssembly.Module, whose type not every project's libraries have. */
export type KernelModule = object;

/** What is needed of a Response: that of `fetch` is one. */
export interface KernelResponse {
  readonly ok: boolean;
  readonly status: number;
  arrayBuffer(): Promise<ArrayBuffer>;
}

/** A file of `bptt/kernels/`: its bytes, what the engine compiled from them, or a response that brings them. */
export type KernelSource = ArrayBuffer | ArrayBufferView | KernelModule | KernelResponse;

/** A source for each build; only that of the fastest build that the engine has is called. */
export type KernelSources = Partial<Record<PlainBuild, () => KernelSource | PromiseLike<KernelSource>>>;

/**
 * Brings the kernels, from `bptt/kernels/simd.wasm` or `bptt/kernels/relaxed-simd.wasm`; from then on `createNetwork` and
 * the others work. A response is compiled while it comes in. Given both as functions, it calls the one of the faster build
 * that this engine has. Resolves to the build it brought; may be called again for another.
 *
 *     await init(fetch(new URL("simd.wasm", import.meta.url)));
 *     await init({ simd: () => fetch(plainUrl), "relaxed-simd": () => fetch(relaxedUrl) });
 *
 * Rejects with a TypeError for what is no source, a RangeError when this engine runs none of the builds, and a FormatError
 * for a file that is not one of this version's kernels, or that the engine does not compile.
 */
export async function init(
  source: KernelSource | PromiseLike<KernelSource> | KernelSources,
): Promise<PlainBuild> {
  // Bytes are the caller's again once this returns.
  const held = isBytes(source) ? copyOf(source) : source;
  const given = await Promise.resolve<unknown>(isSources(held) ? sourceFor(held) : held);
  const { module, binary } = await compile(given);
  const build = buildOf(module);
  provideKernels(build, () => module, binary);
  return build;
}

/** Kernels, and the binary that they are compiled from, which thread pools need; undefined where they came compiled. */
interface Compiled {
  readonly module: WebAssembly.Module;
  readonly binary?: Binary;
}

function isSources(source: unknown): source is KernelSources {
  return typeof source === "object" && source !== null && ("simd" in source || "relaxed-simd" in source);
}

function sourceFor(sources: KernelSources): KernelSource | PromiseLike<KernelSource> {
  for (const build of [...engineBuilds()].reverse()) {
    const source: unknown = sources[build];
    if (typeof source === "function") return Reflect.apply(source, undefined, []) as KernelSource;
    if (source !== undefined)
      throw new TypeError(`"source.${build}" expected a function, got ${describe(source)}`);
  }
  const builds = engineBuilds().map(describe).join(" or ") || "WebAssembly SIMD, which this engine has not";
  throw new RangeError(`"source" expected kernels of ${builds}, got ${Object.keys(sources).join(" and ")}`);
}

function isResponse(source: object): source is KernelResponse {
  return "arrayBuffer" in source && typeof source.arrayBuffer === "function" && "status" in source;
}

async function compile(source: unknown): Promise<Compiled> {
  const what = "bytes, a WebAssembly.Module or a Response (of a file, `fetch(url)` is one)";
  if (typeof source !== "object" || source === null)
    throw new TypeError(`"source" expected ${what}, got ${describe(source)}`);
  if (source instanceof WebAssembly.Module) return { module: source };
  try {
    if (isResponse(source)) return await compileResponse(source);
    if (isBytes(source)) return await compileBytes(copyOf(source));
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw cause;
    const message = `"source" expected kernels that this engine compiles (${engineBuilds().join(" and ")})`;
    throw new FormatError(`${message}, got ${cause.message}`, { cause });
  }
  throw new TypeError(`"source" expected ${what}, got ${describe(requireObject("source", source))}`);
}

function isBytes(source: unknown): source is ArrayBuffer | ArrayBufferView {
  return ArrayBuffer.isView(source) || source instanceof ArrayBuffer;
}

function copyOf(bytes: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  if (!ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.slice());
  return Uint8Array.from(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

async function compileBytes(bytes: Uint8Array<ArrayBuffer>): Promise<Compiled> {
  return { module: await WebAssembly.compile(bytes), binary: () => bytes };
}

async function compileResponse(response: KernelResponse): Promise<Compiled> {
  if (!response.ok)
    throw new FormatError(`"source" expected a response that brings the file, got status ${response.status}`);
  // Engines stream only what is served as WebAssembly.
  const streams =
    "compileStreaming" in WebAssembly &&
    response instanceof Response &&
    response.headers.get("content-type") === "application/wasm";
  if (!streams) return compileBytes(new Uint8Array(await response.arrayBuffer()));
  const copy = response.clone().arrayBuffer();
  const [module, bytes] = await Promise.all([WebAssembly.compileStreaming(response), copy]);
  return { module, binary: () => new Uint8Array(bytes) };
}

/** The build that stands in a module's own section, which scripts/mark-build.ts writes. */
function buildOf(module: WebAssembly.Module): PlainBuild {
  const sections = WebAssembly.Module.customSections(module, "bptt");
  const mark = sections.length === 1 ? new TextDecoder().decode(sections[0]) : "none";
  const build = (["simd", "relaxed-simd"] as const).find((name) => mark === `${name} ${version}`);
  if (build !== undefined) return build;
  throw new FormatError(
    `"source" expected a file of bptt/kernels/, marked "simd ${version}" or "relaxed-simd ${version}", got mark ${describe(mark)}`,
  );
}
