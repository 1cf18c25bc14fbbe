/** Turns what an optimizer remembers into plain data, for a checkpoint, and back. */

import { readRegion, writeRegion } from "../memory/regions.js";
import type { RecurrentNetwork } from "../network/network.js";
import type { PlainData, PlainReader } from "../plain-data.js";
import { optimizerMemory, type Optimizer } from "./optimizer.js";

/** What an optimizer of the caller's own is called in a checkpoint. */
const OWN = "own";

type Owner = Optimizer & Required<Pick<Optimizer, "save" | "restore">>;

function isOwner(optimizer: Optimizer): optimizer is Owner {
  return typeof optimizer.save === "function" && typeof optimizer.restore === "function";
}

/** Returns an optimizer of the caller's own that can be saved. Throws a TypeError for one that cannot. */
function requireOwner(optimizer: Optimizer): Owner {
  if (isOwner(optimizer)) return optimizer;
  throw new TypeError(
    `"optimizer" expected the methods save and restore, to be kept in a checkpoint, got an optimizer of your own without them`,
  );
}

/** Returns what the optimizer remembers of the network. Throws a TypeError for one of the caller's own that does not say. */
export function saveOptimizer(optimizer: Optimizer, network: RecurrentNetwork): PlainData {
  const memory = optimizerMemory(optimizer);
  if (memory === undefined) return { kind: OWN, memory: requireOwner(optimizer).save() };
  const { kind, bound } = memory;
  if (!bound) return { kind };
  const { moments, steps } = memory.prepare(network);
  const { f32 } = network.model.engine.arena;
  return {
    kind,
    steps: Float64Array.from(steps),
    moments: Object.fromEntries([...moments].map(([name, region]) => [name, readRegion(f32, region)])),
  };
}

/**
 * Reads what an optimizer of the same kind remembered. Returns a function that lets this one go on with it. Throws a FormatError, a
 * TypeError, an InvalidStateError for an optimizer of another network, and an OutOfMemoryError; what it remembered is then unchanged.
 */
export function readOptimizer(
  saved: PlainReader,
  optimizer: Optimizer,
  network: RecurrentNetwork,
): () => void {
  const memory = optimizerMemory(optimizer);
  const kind = saved.field("kind");
  const own = memory?.kind ?? OWN;
  if (kind.text() !== own) kind.fail(`"${own}", the optimizer that was given`);
  if (memory === undefined) {
    const owner = requireOwner(optimizer);
    const value = saved.field("memory").value as PlainData;
    return () => {
      owner.restore(value, network);
    };
  }
  const steps = saved.field("steps");
  // Throws for an optimizer of another network.
  if (!steps.given) {
    if (memory.bound) memory.prepare(network);
    return () => {
      optimizer.reset();
    };
  }
  const { count, places } = network.model.parameters;
  const counts = steps.doubles(places.length);
  const moments = saved.field("moments");
  const kept = memory.names.map((name) => [name, moments.field(name).floats(count)] as const);
  const extra = Object.keys(Object(moments.value) as object).find((name) => !memory.names.includes(name));
  if (extra !== undefined) moments.fail(`the moments ${memory.names.join(", ") || "none"}`, extra);
  const remembered = memory.prepare(network);
  return () => {
    const { f32 } = network.model.engine.arena;
    for (const [name, values] of kept) {
      const region = remembered.moments.get(name);
      if (region !== undefined) writeRegion(f32, region, values);
    }
    remembered.steps.splice(0, Infinity, ...counts);
  };
}
