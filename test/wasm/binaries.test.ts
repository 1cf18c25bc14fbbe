import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readKernelInterface } from "../../scripts/kernel-interface.js";
import { fromText } from "../../src/wasm/encoding.js";
import { version } from "../../src/wasm/generated/version.js";
import { wide } from "../../src/wasm/generated/wide.js";
import { inlinedKernels } from "../../src/wasm/inlined.js";
import { instantiateKernels, supportedBuilds } from "../../src/wasm/load.js";
import { builds } from "../builds.js";
import { root } from "../project/installed-package.js";

/** Every kernel and how many arguments it takes, as its source says. */
const parameters = Object.fromEntries(
  readKernelInterface(join(root, "assembly")).kernels.map((kernel) => [
    kernel.name,
    kernel.parameters.length,
  ]),
);

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
};

function createMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: 1, maximum: 65536 });
}

/** WebKit takes no relaxed operation; that Node takes all is a test of its own (test/project/kernels.test.ts). */
const taken = Object.entries(binaries).filter(
  ([name]) => name === "simd" || supportedBuilds().includes("relaxed-simd"),
);

describe.each(taken)("the %s kernels", (name, bytes) => {
  const module = new WebAssembly.Module(bytes);

  it("export what the sources say, functions of as many arguments, and nothing else", () => {
    const { exports } = new WebAssembly.Instance(module, { env: { memory: createMemory() } });
    const lengths = Object.entries(exports).map(([name, kernel]) => [
      name,
      typeof kernel === "function" ? kernel.length : `a ${typeof kernel}`,
    ]);
    expect(Object.fromEntries(lengths)).toEqual(parameters);
  });

  it("say which build of which version they are", () => {
    const [mark, ...others] = WebAssembly.Module.customSections(module, "bptt");
    expect(new TextDecoder().decode(mark)).toBe(`${name} ${version}`);
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
