import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import { Arena } from "../../src/memory/arena.js";
import { Holdings } from "../../src/memory/holdings.js";
import { vector } from "../../src/memory/regions.js";

/** 64 bytes. */
const plan = { region: vector(16) };

function createArena(): Arena {
  return new Arena(new WebAssembly.Memory({ initial: 1, maximum: 4 }), 1024);
}

describe("holdings", () => {
  it("give back what they hold, once", () => {
    const arena = createArena();
    const holdings = new Holdings(arena);
    const [one, two] = [holdings.reserve(plan), holdings.reserve(plan)];
    expect(arena.reserved).toBe(128);
    holdings.release(one);
    holdings.release(one);
    expect(arena.reserved).toBe(64);
    holdings.release(two);
    expect(arena.reserved).toBe(0);
  });

  it("do not give back what others hold", () => {
    const arena = createArena();
    const [mine, other] = [new Holdings(arena), new Holdings(arena)];
    const block = other.reserve(plan);
    mine.release(block);
    mine.releaseAll();
    mine.child().release(block);
    expect(arena.reserved).toBe(64);
    other.child().release(block);
    expect(arena.reserved).toBe(64);
  });

  it("hold nothing more where there is no room", () => {
    const arena = createArena();
    const holdings = new Holdings(arena);
    holdings.reserve(plan);
    expect(() => holdings.reserve({ region: vector(1e6) })).toThrow(OutOfMemoryError);
    expect(arena.reserved).toBe(64);
    holdings.reserve(plan);
    holdings.releaseAll();
    expect(arena.reserved).toBe(0);
  });

  it("give back everything with their children's, and may be used again", () => {
    const arena = createArena();
    const holdings = new Holdings(arena);
    for (let i = 0; i < 3; i++) {
      const child = holdings.child();
      for (const owner of [holdings, child, child.child(), holdings.child()]) owner.reserve(plan);
      expect(arena.reserved).toBe(256);
      holdings.releaseAll();
      expect(arena.reserved).toBe(0);
      holdings.releaseAll();
      expect(arena.reserved).toBe(0);
    }
  });

  it("keep their own when a child gives back its own", () => {
    const arena = createArena();
    const holdings = new Holdings(arena);
    const [one, two] = [holdings.child(), holdings.child()];
    for (const owner of [holdings, one, two]) owner.reserve(plan);
    one.releaseAll();
    expect(arena.reserved).toBe(128);
    holdings.releaseAll();
    expect(arena.reserved).toBe(0);
  });
});

/** The engine's collector, which has no name without a flag. */
function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect !== "function") throw new Error("this engine shows no garbage collector");
  return () => {
    Reflect.apply(collect, undefined, []);
  };
}

/** Collects until `done`, or 100 times: a finalizer runs in a later turn of the event loop. */
async function collectUntil(done: () => boolean): Promise<void> {
  const collect = collector();
  for (let i = 0; i < 100 && !done(); i++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("holdings of a forgotten owner", () => {
  function forget(arena: Arena): void {
    const holdings = new Holdings(arena);
    holdings.releaseWith({});
    holdings.reserve(plan);
    holdings.child().reserve(plan);
  }

  it("go back by themselves; those of one that is still there stay", async () => {
    const arena = createArena();
    const owner = {};
    const kept = new Holdings(arena);
    kept.releaseWith(owner);
    kept.reserve(plan);
    forget(arena);
    expect(arena.reserved).toBe(192);
    await collectUntil(() => arena.reserved === 64);
    expect(arena.reserved).toBe(64);
    expect(owner).toEqual({}); // still there
  });
});
