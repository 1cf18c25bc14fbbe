import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { isLossKernel, readKernelInterface, type Kernel } from "../../scripts/kernel-interface.js";
import { CONSTANTS, FIRST_FREE, placeConstants } from "../../src/wasm/constants.js";
import { fromText } from "../../src/wasm/encoding.js";
import { losses } from "../../src/wasm/generated/losses.js";
import { version } from "../../src/wasm/generated/version.js";
import { wide } from "../../src/wasm/generated/wide.js";
import { inlinedKernels } from "../../src/wasm/inlined.js";
import { instantiateKernels, supportedBuilds } from "../../src/wasm/load.js";
import { lossKernels } from "../../src/wasm/loss-kernels.js";
import { builds } from "../builds.js";
import { root } from "../project/installed-package.js";

const sources = readKernelInterface(join(root, "assembly")).kernels;

/** Every kernel of a binary and how many arguments it takes, as its source says. */
function parametersOf(holds: (kernel: Kernel) => boolean): Record<string, number> {
  return Object.fromEntries(sources.filter(holds).map(({ name, parameters }) => [name, parameters.length]));
}

/** Of WebAssembly's binary format (core specification, 5.5). */
const sectionNames = [
  ...["custom", "type", "import", "function", "table", "memory", "global", "export"],
  ...["start", "element", "code", "data", "data count"],
];

/** The names of a module's sections, in order. */
function sectionsOf(bytes: Uint8Array): string[] {
  const names: string[] = [];
  for (let at = 8; at < bytes.length;) {
    names.push(sectionNames[bytes[at++]]);
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    at += size;
  }
  return names;
}

const binaries = {
  simd: inlinedKernels("simd"),
  "relaxed-simd": inlinedKernels("relaxed-simd"),
  wide: fromText(wide),
  losses: fromText(losses),
};

function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 65536 });
}

/** WebKit takes no relaxed operation; that Node takes all is a test of its own (test/project/kernels.test.ts). */
const taken = Object.entries(binaries).filter(
  ([name]) => name === "simd" || name === "losses" || supportedBuilds().includes("relaxed-simd"),
);

describe.each(taken)("the %s kernels", (binary, bytes) => {
  const module = new WebAssembly.Module(bytes);

  it("export what the sources say, functions of as many arguments, and nothing else", () => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: createMemory() } });
    const lengths = Object.entries(exports).map(([name, kernel]) => [
      name,
      typeof kernel === "function" ? kernel.length : `a ${typeof kernel}`,
    ]);
    const holds = (kernel: Kernel): boolean => isLossKernel(kernel) === (binary === "losses");
    expect(Object.fromEntries(lengths)).toEqual(parametersOf(holds));
  });

  it("say which build of which version they are", () => {
    const [mark, ...others] = WebAssembly.Module.customSections(module, "bptt");
    expect(new TextDecoder().decode(mark)).toBe(`${binary} ${version}`);
    expect(others).toEqual([]);
  });

  it("import a memory, and nothing else", () => {
    expect(WebAssembly.Module.imports(module)).toEqual([{ module: "env", name: "memory", kind: "memory" }]);
  });

  it("have no data, no globals and no start function: a new instance changes nothing", () => {
    expect(sectionsOf(bytes)).toEqual(["type", "import", "function", "export", "code", "custom"]);
    const memory = createMemory();
    new Uint8Array(memory.buffer).fill(0xa5);
    new WebAssembly.Instance(module, { env: { memory } });
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0xa5)).toBe(true);
  });
});

describe.each(builds)("instantiateKernels, %s", (build) => {
  it("gives kernels that work on the memory given, and on that alone", () => {
    const memories = [createMemory(), createMemory()];
    const [one, two] = memories.map(({ buffer }) => new Float32Array(buffer).fill(1));
    instantiateKernels(build, memories[0]).scale(64, 3, 8);
    expect(one.findIndex((x) => x !== 1)).toBe(16);
    expect(one.filter((x) => x === 3).length).toBe(8);
    expect(two.every((x) => x === 1)).toBe(true);
  });
});

describe("lossKernels", () => {
  it("gives one instance for a memory, which works on that memory alone", () => {
    const memories = [createMemory(), createMemory()];
    const [one, two] = memories.map((memory) => {
      new Float32Array(memory.buffer).fill(1);
      placeConstants(memory);
      return new Float32Array(memory.buffer);
    });
    const before = two.slice();
    const [x, targets] = [FIRST_FREE, 2 * FIRST_FREE];
    one.fill(3, targets / 4, targets / 4 + 8);
    expect(lossKernels(memories[0]).absoluteError(x, targets, 0, CONSTANTS, 0.5, 1, 8)).toBe(16);
    expect([...one.subarray(x / 4, x / 4 + 9)]).toEqual([...new Array<number>(8).fill(-0.5), 1]);
    expect(two).toEqual(before);
    expect(lossKernels(memories[0])).toBe(lossKernels(memories[0]));
    expect(lossKernels(memories[1])).not.toBe(lossKernels(memories[0]));
  });

  it("takes the kernels that it was brought first, and the text without any", async () => {
    const empty = new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const compiled = new WebAssembly.Module(binaries.losses);
    for (const [brought, works] of [
      [[], true],
      [[compiled, empty], true],
      [[empty, compiled], false],
    ] as const) {
      vi.resetModules();
      const own = await import("../../src/wasm/loss-kernels.js");
      for (const module of brought) own.provideLossKernels(module);
      const take = (): unknown => own.lossKernels(createMemory());
      if (works) expect(take()).toHaveProperty("ctcLoss");
      else expect(take).toThrow(new TypeError("the kernels of the losses export something else"));
    }
  });
});
