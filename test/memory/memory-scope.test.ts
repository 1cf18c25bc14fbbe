import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { OutOfMemoryError } from "../../src/errors.js";
import { Arena } from "../../src/memory/arena.js";
import { MemoryScope } from "../../src/memory/memory-scope.js";
import { vector } from "../../src/memory/regions.js";

/** 64 bytes. */
const plan = { region: vector(16) };

function createArena(): Arena {
  return new Arena(new WebAssembly.Memory({ initial: 1, maximum: 4 }), 1024);
}

describe("a memory scope", () => {
  it("give back what they hold, once", () => {
    const arena = createArena();
    const scope = new MemoryScope(arena);
    const [one, two] = [scope.reserve(plan), scope.reserve(plan)];
    expect(arena.reserved).toBe(128);
    scope.release(one);
    scope.release(one);
    expect(arena.reserved).toBe(64);
    scope.release(two);
    expect(arena.reserved).toBe(0);
  });

  it("do not give back what others hold", () => {
    const arena = createArena();
    const [mine, other] = [new MemoryScope(arena), new MemoryScope(arena)];
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
    const scope = new MemoryScope(arena);
    scope.reserve(plan);
    expect(() => scope.reserve({ region: vector(1e6) })).toThrow(OutOfMemoryError);
    expect(arena.reserved).toBe(64);
    scope.reserve(plan);
    scope.releaseAll();
    expect(arena.reserved).toBe(0);
  });

  it("give back everything with their children's, and may be used again", () => {
    const arena = createArena();
    const scope = new MemoryScope(arena);
    for (let i = 0; i < 3; i++) {
      const child = scope.child();
      for (const owner of [scope, child, child.child(), scope.child()]) owner.reserve(plan);
      expect(arena.reserved).toBe(256);
      scope.releaseAll();
      expect(arena.reserved).toBe(0);
      scope.releaseAll();
      expect(arena.reserved).toBe(0);
    }
  });

  it("keep their own when a child gives back its own", () => {
    const arena = createArena();
    const scope = new MemoryScope(arena);
    const [one, two] = [scope.child(), scope.child()];
    for (const owner of [scope, one, two]) owner.reserve(plan);
    one.releaseAll();
    expect(arena.reserved).toBe(128);
    scope.releaseAll();
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

describe("the scope of a forgotten owner", () => {
  function forget(arena: Arena): void {
    const scope = new MemoryScope(arena);
    scope.releaseWith({});
    scope.reserve(plan);
    scope.child().reserve(plan);
  }

  it("go back by themselves; those of one that is still there stay", async () => {
    const arena = createArena();
    const owner = {};
    const kept = new MemoryScope(arena);
    kept.releaseWith(owner);
    kept.reserve(plan);
    forget(arena);
    expect(arena.reserved).toBe(192);
    await collectUntil(() => arena.reserved === 64);
    expect(arena.reserved).toBe(64);
    expect(owner).toEqual({}); // still there
  });
});
