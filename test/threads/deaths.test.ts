/** A death in any round of any call: half of the round's parts are done, and then there is no sign of life. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { Team } from "../../src/threads/team.js";
import { startPool } from "../../src/threads/thread-pool.js";
import { WorkerError } from "../../src/threads/worker-error.js";
import type { WorkerLike } from "../../src/threads/worker-like.js";
import { works } from "./kill-messages.js";
import { beginWork } from "./killed-works.js";

/** A worker that says that it has started, and does nothing: the calling thread does all. */
const idler: WorkerLike = {
  postMessage: () => undefined,
  terminate: () => undefined,
  on: (type, listener) => type === "message" && setTimeout(listener, 0, "ready"),
};

/** Deaths of each kind of work, spread over the rounds of its call. */
const DEATHS = 12;

let rounds = 0;
let last = Infinity;
vi.spyOn(Team.prototype, "run").mockImplementation(function (
  this: Team,
  kernels,
  _offset,
  { kernel, parts },
) {
  const call = kernels[kernel] as (...args: (number | boolean)[]) => unknown;
  const dies = parts.length > 1 && ++rounds === last;
  parts.forEach((args, i) => {
    if (!dies || i % 2 === 0) call(...args);
  });
  if (!dies) return;
  this.dispose();
  throw new WorkerError("a thread has died");
});

const start = () => startPool(3, 1, () => ({ worker: idler, forget: () => undefined }));

afterEach(() => {
  last = Infinity;
});

describe.each(works.filter((work) => work !== "idle"))("a death in the midst of: %s", (work) => {
  it.each([1, 2, 3, 4])("changes nothing, whenever it comes (%i)", async (seed) => {
    const whole = beginWork(work, seed, await start());
    await whole.once();
    rounds = 0;
    await whole.once();
    const all = rounds;
    expect(all).toBeGreaterThan(0);
    const step = Math.max(1, Math.floor(all / DEATHS));
    for (let round = 1 + (seed % step); round <= all; round += step) {
      const killed = beginWork(work, seed, await start());
      await killed.once();
      [rounds, last] = [0, round];
      await expect((async () => killed.once())()).rejects.toThrow(WorkerError);
      last = Infinity;
      expect(await killed.changed(), `round ${round} of ${all}`).toEqual([]);
    }
  });
});
