import { afterEach, describe, expect, it, vi } from "vitest";
import { makeDisposable } from "../../src/memory/disposable.js";
import { createEngine, engineFor } from "../../src/memory/engine.js";
import { vector } from "../../src/memory/regions.js";
import { constantTable } from "../../src/wasm/generated/constant-table.js";
import { builds } from "../builds.js";

describe.each(builds)("the engine of %s", (build) => {
  it("is one for all who ask", () => {
    expect(engineFor(build)).toBe(engineFor(build));
    expect(engineFor(build).build).toBe(build);
  });

  it("is another one when it is made on purpose", () => {
    const engines = [createEngine(build), createEngine(build), engineFor(build)];
    expect(new Set(engines.map(({ arena }) => arena.u8.buffer)).size).toBe(3);
  });

  it("holds the kernels' constants where nobody else's memory is", () => {
    const { arena, constants } = createEngine(build);
    expect([...arena.f32.subarray(constants / 4, constants / 4 + constantTable.length)]).toEqual(
      constantTable.map((x) => Math.fround(x)),
    );
    const first = arena.reserve({ first: vector(8) }).pointer;
    expect(constants, "0 stands for none").toBeGreaterThan(0);
    expect(first).toBeGreaterThanOrEqual(constants + constantTable.length * 4);
  });
});

describe("engineFor", () => {
  it("without a wish is that of the fastest build but the wide one", () => {
    expect(engineFor()).toBe(engineFor(builds.filter((build) => build !== "wide").at(-1)));
    expect(engineFor("auto")).toBe(engineFor());
  });

  it("throws what the choice of a build throws", () => {
    const call = (make: (wish?: "auto") => unknown) => (): unknown =>
      Reflect.apply(make, undefined, ["fast"]);
    expect(call(engineFor)).toThrow(RangeError);
    expect(call(createEngine)).toThrow(RangeError);
  });
});

describe("makeDisposable", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it("disposes what is used", () => {
    const prototype = { dispose: vi.fn() };
    makeDisposable(prototype);
    const dispose: unknown = Reflect.get(prototype, Symbol.dispose);
    if (typeof dispose !== "function") throw new Error("nothing was defined");
    Reflect.apply(dispose, prototype, []);
    expect(prototype.dispose).toHaveBeenCalledOnce();
    expect(Object.keys(prototype)).toEqual(["dispose"]);
  });

  it("does nothing in an engine without the symbol", () => {
    const prototype = { dispose: () => undefined };
    vi.stubGlobal("Symbol", {});
    makeDisposable(prototype);
    vi.unstubAllGlobals();
    expect(Reflect.ownKeys(prototype)).toEqual(["dispose"]);
  });
});
