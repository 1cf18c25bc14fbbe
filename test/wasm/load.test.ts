import { spawnSync } from "node:child_process";
import { afterEach, describe, expect, it, vi } from "vitest";
import { inlinedKernels } from "../../src/wasm/inlined.js";
import { chooseBuild, supportedBuilds } from "../../src/wasm/load.js";

/** The loader as it is in an engine where `validate` says what WebAssembly can do; undefined: no WebAssembly at all. */
async function loaderIn(
  validate?: (bytes: Uint8Array<ArrayBuffer>) => boolean,
): Promise<typeof import("../../src/wasm/load.js")> {
  vi.resetModules();
  vi.stubGlobal("WebAssembly", validate && { ...WebAssembly, validate });
  await import("../../src/wasm/inlined.js");
  return import("../../src/wasm/load.js");
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

/** The loader's probes, by what they probe for, as it asks them. */
async function probes(): Promise<Uint8Array<ArrayBuffer>[]> {
  const asked: Uint8Array<ArrayBuffer>[] = [];
  const { supportedBuilds: ask } = await loaderIn((bytes) => {
    asked.push(bytes);
    return true;
  });
  ask();
  return asked;
}

describe("supportedBuilds", () => {
  it("lists what this engine runs, fastest last", () => {
    expect(supportedBuilds()).toEqual(["simd", "relaxed-simd"]);
  });

  it("cannot be changed by who reads it", () => {
    expect(Object.isFrozen(supportedBuilds())).toBe(true);
  });

  it.each([
    { what: "everything", takes: [true, true], builds: ["simd", "relaxed-simd"] },
    { what: "no relaxed SIMD", takes: [true, false], builds: ["simd"] },
    { what: "no SIMD", takes: [false, false], builds: [] },
  ])("in an engine with $what is $builds", async ({ takes, builds }) => {
    const answers = takes.values();
    const { supportedBuilds: ask } = await loaderIn(() => answers.next().value === true);
    expect(ask()).toEqual(builds);
    expect(ask(), "asked once only").toEqual(builds);
  });

  it("is empty without WebAssembly", async () => {
    const { supportedBuilds: ask } = await loaderIn();
    expect(ask()).toEqual([]);
  });

  it.each([true, false])("probes for what the binaries need, relaxed SIMD asked for %s", async (asked) => {
    const [plain, relaxed] = (await probes()).map((bytes) => Buffer.from(bytes).toString("base64"));
    const script = `console.log(JSON.stringify(process.argv.slice(1).map((base64) =>
      WebAssembly.validate(Buffer.from(base64, "base64")))))`;
    // From Node 22 on, engines have it anyway, and refuse the flag.
    const flagged = Number(process.versions.node.split(".")[0]) < 22;
    const flags = flagged && asked ? ["--experimental-wasm-relaxed-simd"] : [];
    const { stdout } = spawnSync(process.execPath, [
      ...flags,
      "-e",
      script,
      plain,
      Buffer.from(inlinedKernels("simd")).toString("base64"),
      relaxed,
      Buffer.from(inlinedKernels("relaxed-simd")).toString("base64"),
    ]);
    const hasRelaxed = asked || !flagged;
    expect(JSON.parse(stdout.toString())).toEqual([true, true, hasRelaxed, hasRelaxed]);
  });
});

describe("chooseBuild", () => {
  it.each([
    [undefined, "relaxed-simd"],
    ["auto", "relaxed-simd"],
    ["simd", "simd"],
    ["relaxed-simd", "relaxed-simd"],
  ] as const)("of %s is %s here", (wish, build) => {
    expect(chooseBuild(wish)).toBe(build);
  });

  it.each([
    {
      wish: "wide",
      error: RangeError,
      message: `"build" expected "simd" or "relaxed-simd" or "auto", got "wide": its kernels come with import "bptt/wide"`,
    },
    {
      wish: "fast",
      error: RangeError,
      message: `"build" expected "auto" or "simd" or "relaxed-simd" or "wide", got "fast"`,
    },
    {
      wish: "",
      error: RangeError,
      message: `"build" expected "auto" or "simd" or "relaxed-simd" or "wide", got ""`,
    },
    {
      wish: "SIMD",
      error: RangeError,
      message: `"build" expected "auto" or "simd" or "relaxed-simd" or "wide", got "SIMD"`,
    },
    {
      wish: "toString",
      error: RangeError,
      message: `"build" expected "auto" or "simd" or "relaxed-simd" or "wide", got "toString"`,
    },
    ...[null, 0, NaN, true, {}, ["simd"], Symbol("simd")].map((wish) => ({
      wish,
      error: TypeError,
      message: /^"build" expected "auto" or "simd" or "relaxed-simd" or "wide", got ./,
    })),
  ])("refuses $wish", ({ wish, error, message }) => {
    const choose = (): unknown => Reflect.apply(chooseBuild, undefined, [wish]);
    expect(choose).toThrow(error);
    expect(choose).toThrow(message);
  });

  it("says why relaxed SIMD is not there, and falls back to plain SIMD by itself", async () => {
    const { chooseBuild: choose } = await loaderIn((bytes) => !bytes.includes(0x85));
    expect(choose()).toBe("simd");
    expect(choose("auto")).toBe("simd");
    expect(() => choose("relaxed-simd")).toThrow(RangeError);
    expect(() => choose("relaxed-simd")).toThrow(
      /^"build" expected "simd" or "auto", got "relaxed-simd": this engine has no relaxed SIMD/,
    );
  });

  it.each(["auto", "simd", "relaxed-simd", "wide"] as const)("refuses %s without SIMD", async (wish) => {
    const { chooseBuild: choose } = await loaderIn(() => false);
    expect(() => choose(wish)).toThrow(RangeError);
    expect(() => choose(wish)).toThrow(
      /^"build" expected an engine with WebAssembly SIMD .*, got one without$/,
    );
  });
});
