/** Copies out states, gates and gradients of the last pass by name: for tests, diagnostics and people. */

import { describe, InvalidStateError } from "../errors.js";
import { readRegion, type Region } from "../memory/regions.js";
import { gateRegion } from "./cells/activations.js";
import type { CellDefinition, CellRun } from "./cells/cell.js";
import { stepSlots } from "./cells/state-slots.js";
import type { Tape } from "./model/tape.js";
import { clearPadding, createResult } from "./model/transfer.js";
import { requireNetwork, type RecurrentNetwork } from "./network.js";
import { layerSuffix } from "./sizes.js";
import type { Network } from "./types.js";

/** Reads what one forward pass left, or it and its backward pass; it ends with the next of either. */
export interface Inspection {
  /**
   * The names end in their layer and direction as PyTorch's do: `h_l0`, `h_l0_reverse`.
   *
   * `h` is the states after each step, before dropout. `c` is the cell states, of a cell that has them.
   *
   * Before the backward pass each gate and candidate stands under its letter, after its activation: `i`, `f`,
   * `g`, `o` of an LSTM; `r`, `z`, `n` of a GRU; `z`, `c` of a minGRU; `f`, `i`, `c` of a
   * minLSTM; none of an Elman layer.
   *
   * After it their places hold dLoss/d(pre-activation) of each: `di`, `df` and so on, `dz` of an Elman layer.
   * `dh` is dLoss/dh of each step, all that the layers above and later steps say; an Elman layer has none,
   * for `dz` takes its place.
   */
  readonly names: readonly string[];
  /** Returns [T, B, H]. Throws a RangeError for an unknown name. */
  shape(name: string): readonly number[];
  /**
   * Returns a copy, which is 0 past a sequence's length. Throws a RangeError for an unknown name, and an
   * InvalidStateError once another pass has run.
   */
  read(name: string): Float32Array;
}

type Kept = NonNullable<Tape["kept"]>;

/** Returns the places in one layer and direction, [T·B, H] each, by name without its suffix. */
function placesIn(run: CellRun, cell: CellDefinition, consumed: boolean): Map<string, Region> {
  const { h, c, dh, z } = run.regions;
  const places = new Map([["h", stepSlots(h, run)]]);
  if (cell.hasCellState) places.set("c", stepSlots(c, run));
  // Otherwise pre-activations stand where the states will, and their gradients take the place of the states'.
  const apart = z.rows > 0;
  if (consumed && apart) places.set("dh", stepSlots(dh, run));
  if (!consumed && !apart) return places;
  const all = consumed ? cell.preactivationGradients(run) : cell.preactivations(run);
  for (const gate of cell.gates) {
    places.set(consumed ? `d${gate.letter}` : gate.letter, gateRegion(all, gate, run));
  }
  return places;
}

function placesOf({ model }: RecurrentNetwork, { recorded, consumed }: Kept): Map<string, Region> {
  const { window, pass } = recorded;
  const places = new Map<string, Region>();
  model.layers.forEach((directions, l) => {
    directions.forEach((_, d) => {
      const run = model.run(window, pass, l, d);
      for (const [name, region] of placesIn(run, model.cell, consumed)) {
        places.set(`${name}_${layerSuffix(l, d)}`, region);
      }
    });
  });
  return places;
}

class NetworkInspection implements Inspection {
  readonly names: readonly string[];
  private readonly network: RecurrentNetwork;
  private readonly kept: Kept;
  private readonly places: ReadonlyMap<string, Region>;

  constructor(network: RecurrentNetwork, kept: Kept) {
    this.network = network;
    this.kept = kept;
    this.places = placesOf(network, kept);
    this.names = Object.freeze([...this.places.keys()]);
  }

  shape(name: string): readonly number[] {
    const { columns } = this.place(name);
    const { pass, window } = this.kept.recorded;
    return [pass.steps, window.sizes.batch, columns];
  }

  read(name: string): Float32Array {
    const region = this.place(name);
    this.network.requireAlive();
    const { recorded, consumed } = this.kept;
    const now = this.network.tape.kept;
    if (now?.recorded !== recorded || now.consumed !== consumed) {
      throw new InvalidStateError("read expected the pass that was inspected, got another: inspect it anew");
    }
    const { lengths, pass, window } = recorded;
    const out = createResult(name, region.rows * region.columns);
    readRegion(this.network.model.engine.arena.f32, region, out);
    clearPadding(out, { lengths, steps: pass.steps, batch: window.sizes.batch }, region.columns);
    return out;
  }

  private place(name: string): Region {
    const found = this.places.get(name);
    if (found !== undefined) return found;
    throw new RangeError(`"name" expected one of ${this.names.join(", ")}, got ${describe(name)}`);
  }
}

/**
 * Inspects what the last forward pass that kept its tape left in memory, or the backward pass that followed it:
 * of `forward` and `backward`, or of a training window. Throws an InvalidStateError where nothing was kept.
 */
export function inspect(network: Network): Inspection {
  const given = requireNetwork(network);
  const { kept } = given.tape;
  if (kept === undefined) {
    throw new InvalidStateError("inspect expected a forward with its tape kept before it, got none");
  }
  return new NetworkInspection(given, kept);
}
