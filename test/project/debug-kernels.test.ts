import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readKernelInterface, type Kernel } from "../../scripts/kernel-interface.js";
import { argumentsFor } from "../../scripts/kernel-targets.js";
import { exerciseKernels } from "../../src/wasm/exercise.js";
import { lossSignatures } from "../../src/wasm/generated/loss-signatures.js";
import { signatures } from "../../src/wasm/generated/signatures.js";
import { explainTraps, readDebugKernels } from "../debug-kernels.js";
import { root } from "./installed-package.js";

const folder = mkdtempSync(join(tmpdir(), "bptt-debug-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
/** Those of both binaries. */
let kernels: ReturnType<typeof explainTraps>;

beforeAll(() => {
  const asc = join(root, "node_modules/assemblyscript/bin/asc.js");
  const explained = (["debug", "losses-debug"] as const).map((target) => {
    const file = join(folder, `${target}.wasm`);
    const words = [asc, ...argumentsFor(target), "--outFile", file];
    execFileSync(process.execPath, words, { cwd: root, stdio: "pipe" });
    const { module, map } = readDebugKernels(target, folder);
    return explainTraps(new WebAssembly.Instance(module, { env: { memory } }).exports, map);
  });
  kernels = { ...explained[0], ...explained[1] };
});

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "no error";
}

const sources = readKernelInterface(join(root, "assembly")).kernels;

function call(name: string, args: readonly number[]): unknown {
  return kernels[name](...args);
}

/** Returns what is not refused, of a kernel that is called with each of its pointers bad in turn. */
function accepted({ name, file, parameters }: Kernel, args: readonly number[]): string[] {
  return parameters.flatMap(({ name: parameter, type }, i) => {
    if (!type.endsWith("Pointer")) return [];
    // Resets are bytes, and may lie anywhere.
    const between = parameter === "resets" ? [] : [args[i] + 2];
    const bad = [...between, memory.buffer.byteLength - 16, ...(type === "Pointer" ? [0] : [])];
    return bad.flatMap((pointer) => {
      const message = messageOf(() => call(name, args.with(i, pointer)));
      return message.startsWith(`assertion failed at assembly/${file}.ts:`)
        ? []
        : [`${name}, ${parameter} = ${pointer}: ${message}`];
    });
  });
}

describe("the debug build of the kernels", () => {
  it("refuses a bad pointer with the line of the assertion and the call", () => {
    const scale = (x: number, count: number): string => messageOf(() => call("scale", [x, 0.5, count]));
    expect(scale(1028, 16)).toMatch(
      /^assertion failed at assembly\/reduce\.ts:\d+: assert\(Check\.multiple\(count, 8\) && Check\.vectors\(x, count\)\);\nin scale\(x = 1028, factor = 0\.5, count = 16\)$/,
    );
    expect(scale(1024, 12)).toMatch(/^assertion failed at assembly\/reduce\.ts/);
    expect(scale(1024, 16)).toBe("no error");
  });

  it("refuses each pointer of every kernel as 0, between elements, and too near to the end of memory", () => {
    const tried = new Set<string>();
    const found: string[] = [];
    const watched = Object.fromEntries(
      sources.map((kernel) => [
        kernel.name,
        (...args: number[]): unknown => {
          // What an absent tensor leaves unused may be anything.
          const whole = kernel.parameters.every(({ type }, i) => type !== "OptionalPointer" || args[i] !== 0);
          if (whole) {
            tried.add(kernel.name);
            found.push(...accepted(kernel, args));
          }
          return call(kernel.name, args);
        },
      ]),
    );
    // Good calls pass, or this would throw.
    const runs = [...exerciseKernels<string>(watched, memory, { ...signatures, ...lossSignatures })];
    expect(runs.length).toBeGreaterThan(sources.length);
    expect(found).toEqual([]);
    expect([...tried].sort()).toEqual(sources.map(({ name }) => name).sort());
  });
});
