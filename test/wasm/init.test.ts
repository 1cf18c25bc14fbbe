import { afterEach, describe, expect, it, vi } from "vitest";
import { fromText } from "../../src/wasm/encoding.js";
import { wide } from "../../src/wasm/generated/wide.js";
import { losses } from "../../src/wasm/generated/losses.js";
import { version } from "../../src/wasm/generated/version.js";
import { inlinedKernels } from "../../src/wasm/inlined.js";
import type * as slim from "../../src/entries/slim.js";

type Slim = typeof slim;

const simd = inlinedKernels("simd");
const relaxed = inlinedKernels("relaxed-simd");
const options = { inputSize: 2, hiddenSize: 3, outputSize: 2 };

/** `bptt/slim` as a program finds it: nothing loaded yet; `validate` says what the engine can do. */
async function freshSlim(validate?: (bytes: BufferSource) => boolean): Promise<Slim> {
  vi.resetModules();
  if (validate !== undefined) {
    const { Module, Instance, Memory, CompileError, compile } = WebAssembly;
    vi.stubGlobal("WebAssembly", { Module, Instance, Memory, CompileError, compile, validate });
  }
  return import("../../src/entries/slim.js");
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

const withoutRelaxed = (bytes: BufferSource): boolean => !new Uint8Array(bytes as ArrayBuffer).includes(0x85);

function respond(bytes: Uint8Array<ArrayBuffer>, type = "application/wasm"): Response {
  return new Response(bytes, { headers: { "content-type": type } });
}

describe("before init", () => {
  it("nothing is supported, and networks are refused with what to do", async () => {
    const { createNetwork, softmax, supportedBuilds } = await freshSlim();
    expect(supportedBuilds()).toEqual([]);
    expect(() => createNetwork(options)).toThrow(
      /^"bptt\/slim" has no kernels yet: `await init\(source\)` first/,
    );
    expect(() => softmax(Float32Array.of(1, 2), 2)).toThrow(/await init/);
  });
});

describe("init", () => {
  it.each([
    ["bytes", () => simd],
    ["a promise of bytes", () => Promise.resolve(simd)],
    ["an ArrayBuffer", () => simd.buffer.slice()],
    ["a DataView", () => new DataView(simd.buffer)],
    ["a module", () => new WebAssembly.Module(simd)],
    ["a response", () => respond(simd)],
    ["a response of another type, as plain servers give it", () => respond(simd, "application/octet-stream")],
    ["a promise of a response, as fetch gives it", () => Promise.resolve(respond(simd))],
    [
      "what looks like a response",
      () => ({ ok: true, status: 200, arrayBuffer: () => Promise.resolve(simd.buffer.slice()) }),
    ],
    ["functions", () => ({ simd: () => simd })],
  ])("brings the kernels of %s", async (_, source) => {
    const { createNetwork, init, softmax, supportedBuilds } = await freshSlim();
    expect(await init(source())).toBe("simd");
    expect(supportedBuilds()).toEqual(["simd"]);
    const network = createNetwork(options);
    expect(network.build).toBe("simd");
    expect(() => createNetwork(options, { build: "relaxed-simd" })).toThrow(
      /got "relaxed-simd": its kernels were not given to init of "bptt\/slim"$/,
    );
    expect(softmax(Float32Array.of(1, 1), 2)).toEqual(Float32Array.of(0.5, 0.5));
  });

  it("may bring both builds, in any order, and either again", async () => {
    const { createNetwork, init, softmax, supportedBuilds } = await freshSlim();
    expect(await init(relaxed)).toBe("relaxed-simd");
    expect(softmax(Float32Array.of(1, 1), 2)).toEqual(Float32Array.of(0.5, 0.5));
    expect(await init(simd)).toBe("simd");
    expect(await init(simd)).toBe("simd");
    expect(supportedBuilds()).toEqual(["simd", "relaxed-simd"]);
    expect(createNetwork(options).build).toBe("relaxed-simd");
  });

  it("of functions calls the one of the faster build that the engine has", async () => {
    const sources = {
      simd: vi.fn(() => respond(simd)),
      "relaxed-simd": vi.fn(() => Promise.resolve(relaxed)),
    };
    const { init } = await freshSlim();
    expect(await init(sources)).toBe("relaxed-simd");
    expect(sources.simd).not.toHaveBeenCalled();
    const { init: plainInit } = await freshSlim(withoutRelaxed);
    expect(await plainInit(sources)).toBe("simd");
    expect(sources["relaxed-simd"]).toHaveBeenCalledTimes(1);
  });

  it.each([
    ["undefined", undefined, TypeError, /^"source" expected bytes, .* got undefined$/],
    ["an address", "simd.wasm", TypeError, /`fetch\(url\)` is one\), got "simd\.wasm"$/],
    ["a URL", new URL("file:///simd.wasm"), TypeError, /got an object$/],
    ["no function", { simd }, TypeError, /^"source\.simd" expected a function, got Uint8Array\(\d+\)$/],
    ["a file not found", new Response("", { status: 404 }), "FormatError", /got status 404$/],
    ["no WebAssembly", Uint8Array.of(1, 2, 3), "FormatError", /expected kernels that this engine compiles/],
    [
      "a page",
      respond(Uint8Array.of(60, 104), "application/wasm"),
      "FormatError",
      /that this engine compiles/,
    ],
    ["another module", Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), "FormatError", /got mark "none"$/],
    ["the losses' kernels", fromText(losses), "FormatError", new RegExp(`got mark "losses ${version}"$`)],
    ["the wide kernels", fromText(wide), "FormatError", new RegExp(`got mark "wide ${version}"$`)],
  ])("refuses %s", async (_, source, error, message) => {
    const { init, supportedBuilds } = await freshSlim();
    const brought: Promise<unknown> = Reflect.apply(init, undefined, [source]) as Promise<unknown>;
    await expect(brought).rejects.toThrow(message);
    await expect(brought).rejects.toSatisfy((thrown) =>
      typeof error === "string" ? thrown instanceof Error && thrown.name === error : thrown instanceof error,
    );
    expect(supportedBuilds()).toEqual([]);
  });

  it("has read bytes when it returns", async () => {
    const { init } = await freshSlim();
    const bytes = simd.slice();
    const brought = init(bytes);
    bytes.fill(0);
    expect(await brought).toBe("simd");
  });

  it("refuses kernels of another version", async () => {
    const { init } = await freshSlim();
    const other = simd.slice();
    other[other.length - 1] ^= 1;
    await expect(init(other)).rejects.toThrow(/^"source" expected a file of bptt\/kernels\/, marked /);
  });

  it("says so when the engine runs none of the builds", async () => {
    const { init } = await freshSlim(withoutRelaxed);
    await expect(init({ "relaxed-simd": () => relaxed })).rejects.toThrow(
      /^"source" expected kernels of "simd", got relaxed-simd$/,
    );
  });

  it("passes on what a source throws", async () => {
    const { init } = await freshSlim();
    const failure = new Error("offline");
    await expect(init(Promise.reject(failure))).rejects.toBe(failure);
    await expect(init({ simd: () => Promise.reject(failure) })).rejects.toBe(failure);
  });
});
