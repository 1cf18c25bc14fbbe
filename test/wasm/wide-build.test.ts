import v8 from "node:v8";
import { afterEach, describe, expect, it, vi } from "vitest";
import * as exercise from "../../src/wasm/exercise.js";
import { fromText } from "../../src/wasm/encoding.js";
import { lossSignatures } from "../../src/wasm/generated/loss-signatures.js";
import { signatures } from "../../src/wasm/generated/signatures.js";
import { wide } from "../../src/wasm/generated/wide.js";
import { instantiateKernels } from "../../src/wasm/load.js";
import { lossKernels } from "../../src/wasm/loss-kernels.js";
import { buildWide } from "../../src/wasm/wide-build.js";
import { builds } from "../builds.js";

const bytes = fromText(wide);
const major = process.versions.node.split(".")[0];
/** A machine of the tests that is meant to run it: CI's. */
const runs = ["24", "25", "26"].includes(major) && process.arch === "x64";

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

/** A process like this one but for some of its properties. */
function processWith(changes: object): object {
  const { execArgv, versions, arch } = process;
  return {
    execArgv,
    versions,
    arch,
    getBuiltinModule: (name: string) => process.getBuiltinModule(name),
    ...changes,
  };
}

/** Flags handed to V8 meanwhile, in order. */
function flagsDuring(run: () => void): string[] {
  const given: string[] = [];
  const { setFlagsFromString } = v8;
  const getBuiltinModule = (name: string): unknown => {
    expect(name).toBe("node:v8");
    return {
      setFlagsFromString: (flag: string) => {
        given.push(flag);
        setFlagsFromString(flag);
      },
    };
  };
  vi.stubGlobal("process", processWith({ getBuiltinModule }));
  try {
    run();
  } finally {
    vi.unstubAllGlobals();
  }
  return given;
}

const on = [
  "--no-wasm-inlining",
  "--no-wasm-lazy-compilation",
  "--no-liftoff",
  "--experimental-wasm-revectorize",
];
const off = ["--no-experimental-wasm-revectorize", "--liftoff", "--wasm-lazy-compilation", "--wasm-inlining"];

describe("the wide build", () => {
  it(`${runs ? "is" : "is not"} among this engine's builds, with its kernels there`, () => {
    expect(builds.includes("wide")).toBe(runs);
  });

  it.each([
    {
      what: "an engine that is not Node",
      process: undefined,
      reason: /^it leans on an experimental feature of Node 24, 25, 26 on x64, and this is not one$/,
    },
    {
      what: "Node 22",
      process: processWith({ versions: { node: "22.1.0" } }),
      reason: /, and this is Node 22\.1\.0 on /,
    },
    {
      what: "a Node of tomorrow",
      process: processWith({ versions: { node: "27.0.0" } }),
      reason: /, and this is Node 27\.0\.0 on /,
    },
    {
      what: "ARM",
      process: processWith({ versions: { node: "24.1.0" }, arch: "arm64" }),
      reason: /, and this is Node 24\.1\.0 on arm64$/,
    },
    ...["electron", "bun", "deno"].map((name) => ({
      what: name,
      process: processWith({ versions: { node: "24.1.0", [name]: "1.0.0" } }),
      reason: new RegExp(`, and this is ${name}$`, "i"),
    })),
  ])("is refused by $what, and no flag is touched", ({ process: other, reason }) => {
    const setFlags = vi.spyOn(v8, "setFlagsFromString");
    vi.stubGlobal("process", other);
    const outcome = buildWide(bytes);
    vi.unstubAllGlobals();
    expect(outcome).toEqual({ refusal: expect.stringMatching(reason) as unknown });
    expect(setFlags).not.toHaveBeenCalled();
  });

  it.runIf(runs)("sets the engine's flags for each of its two compilations alone, and puts them back", () => {
    const [merging, unmerging] = ["--experimental-wasm-revectorize", "--no-experimental-wasm-revectorize"];
    const given = flagsDuring(() => {
      expect(buildWide(bytes)).toHaveProperty("module");
    });
    const rest = (flags: string[]): string[] =>
      flags.filter((flag) => flag !== merging && flag !== unmerging);
    expect(given).toEqual([...on, ...off, ...rest(on), ...rest(off)]);
  });

  it.runIf(runs)("puts them back when the compilation fails", () => {
    const given = flagsDuring(() => {
      expect(() => buildWide(Uint8Array.of(1, 2, 3))).toThrow(WebAssembly.CompileError);
    });
    expect(given).toEqual([...on, ...off]);
  });

  it.runIf(runs)("leaves on what the process was started with", () => {
    const started = ["--no-liftoff", "--max-lazy"];
    const given: string[] = [];
    const { setFlagsFromString } = v8;
    const getBuiltinModule = (): unknown => ({
      setFlagsFromString: (flag: string) => {
        given.push(flag);
        setFlagsFromString(flag);
      },
    });
    vi.stubGlobal("process", processWith({ getBuiltinModule, execArgv: started }));
    buildWide(bytes);
    vi.unstubAllGlobals();
    setFlagsFromString("--liftoff");
    expect(given).not.toContain("--liftoff");
    expect(given.filter((flag) => flag === "--no-liftoff")).toHaveLength(4);
  });

  it.runIf(runs)("is refused where it is no faster", () => {
    // Without the engine's pass both compilations are alike; the same bytes again would bring back the code from before. All
    // other flags are set: with the engine's quick compiler, one of the two may be made fast long before the other.
    const others = Uint8Array.from([...bytes, 0, 2, 1, 0x6f]);
    const { setFlagsFromString } = v8;
    const getBuiltinModule = (): unknown => ({
      setFlagsFromString: (flag: string) => {
        if (!/revectorize/.test(flag)) setFlagsFromString(flag);
      },
    });
    vi.stubGlobal("process", processWith({ getBuiltinModule }));
    const outcome = buildWide(others);
    vi.unstubAllGlobals();
    const reason: unknown = expect.stringMatching(/^it ran no faster than without the engine's feature/);
    expect(outcome).toEqual({ refusal: reason });
  });

  it.runIf(runs)("is refused where a single bit of its kernels' results differs", () => {
    const spy = vi.spyOn(exercise, "exerciseKernels");
    spy.mockImplementationOnce(function* () {
      yield "scale";
    });
    spy.mockImplementationOnce(function* (_kernels, memory) {
      new Uint32Array(memory.buffer)[4321] ^= 1;
      yield "scale";
    });
    expect(buildWide(bytes)).toEqual({
      refusal: "its kernels gave other bits than without the engine's feature",
    });
  });
});

describe("exerciseKernels", () => {
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536 });
  /** The kernels of each binary, and their signatures. */
  const tables = [
    { binary: "simd", kernels: { ...instantiateKernels("simd", memory) }, table: signatures },
    { binary: "losses", kernels: { ...lossKernels(memory) }, table: lossSignatures },
  ];

  /** Each kernel, and whether a run of it changed memory or returned a number; and what was wrong meanwhile. */
  function exerciseAll(
    kernels: Readonly<Record<string, (...args: never[]) => unknown>>,
    table: Readonly<Record<string, string>>,
  ): { did: Map<string, boolean>; faults: string[] } {
    const faults: string[] = [];
    const did = new Map<string, boolean>();
    const u8 = new Uint8Array(memory.buffer);
    u8.fill(0xa5, exercise.EXERCISED);
    const watched = Object.fromEntries(
      Object.entries(kernels).map(([name, kernel]) => [
        name,
        (...args: never[]) => {
          const before = u8.slice();
          const result = kernel(...args);
          const changed = u8.some((byte, i) => byte !== before[i]);
          did.set(name, changed || typeof result === "number" || did.get(name) === true);
          return result;
        },
      ]),
    );
    for (const name of exercise.exerciseKernels(watched, memory, table)) {
      const rooms = exercise.readRooms(table[name], memory.buffer);
      if (rooms.some((numbers) => numbers.some(Number.isNaN))) faults.push(`${name} leaves NaN`);
      if (u8.subarray(exercise.EXERCISED).some((byte) => byte !== 0xa5))
        faults.push(`${name} leaves its memory`);
    }
    return { did, faults };
  }

  it.each(tables)(
    "makes every kernel change memory or return a number, within its memory, and leaves no NaN: $binary",
    ({ kernels, table }) => {
      const { did, faults } = exerciseAll(kernels, table);
      const names = Object.keys(kernels);
      expect(Object.fromEntries(did)).toEqual(Object.fromEntries(names.map((name) => [name, true])));
      expect(faults).toEqual([]);
    },
  );

  it("runs both values of what is a choice, and products of all rows that a tile may have", () => {
    expect(exercise.argumentsOf("*to ?from !reverse").map((values) => values.slice(1).map(Boolean))).toEqual([
      [false, false],
      [false, true],
      [true, false],
      [true, true],
    ]);
    const rows = exercise.argumentsOf("M").flat();
    expect(rows).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]));
    expect(Math.max(...rows)).toBeGreaterThan(2 * 6);
  });

  it("says what to do about a size that it does not know", () => {
    expect(() => exercise.argumentsOf("*to *from heads count")).toThrow(
      /^a kernel's size expected a name among the sizes of src\/wasm\/exercise\.ts, got "heads": give it a value there/,
    );
  });
});
