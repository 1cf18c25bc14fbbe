/**
 * Runs a sequence in blocks of steps for recomputation. The tapes of some blocks, and the states between some
 * others, are kept in slots that are reserved once; one tape is enough to run all blocks, one after the
 * other.
 */

import type { Block } from "../../memory/arena.js";
import type { Engine } from "../../memory/engine.js";
import type { MemoryScope } from "../../memory/memory-scope.js";
import { rowsOf, sizeOf, vector, type Region, type Shape } from "../../memory/regions.js";
import { beginsAnew, type Inputs } from "../../network/model/batch.js";
import {
  blockBytes,
  bytesOf,
  planState,
  planTape,
  planWork,
  runsOf,
  type BlockSizes,
  type BlockSlots,
} from "./block-sizes.js";
import {
  GRADIENT_NAMES,
  NONE,
  TAPE_NAMES,
  type CellRegions,
  type CellRun,
} from "../../network/cells/cell.js";
import type { DropoutPass } from "../../network/model/dropout.js";
import { applyLoss, targetKind, type Targets } from "../../network/model/targets.js";
import type { Model, Pass } from "../../network/model/model.js";
import { finalSlot, initialSlot } from "../../network/cells/state-slots.js";
import {
  addFinalGradient,
  readFinalState,
  writeInitialState,
  writeInputs,
} from "../../network/model/transfer.js";
import type { State } from "../../network/types.js";
import { clearTargets, pick, type Window } from "../../network/model/window.js";

/** Names where a state lies: h and c of every layer. */
type StatePlace = readonly { readonly h: Region; readonly c: Region }[];

/** Views a tape in its slot as a window over its block. */
interface SlotView {
  readonly window: Window;
  readonly initial: StatePlace;
  /** Where the state after a whole block lies. */
  readonly final: StatePlace;
}

export class BlockTapes {
  readonly sizes: BlockSizes;
  private readonly slots: BlockSlots;
  private readonly model: Model;
  private readonly engine: Engine;
  private readonly scope: MemoryScope;
  private readonly memory: Block;
  private readonly work: Window;
  private readonly bytes: { readonly tape: number; readonly state: number };
  private readonly views: SlotView[] = [];
  private inputs: Inputs | undefined;
  private dropout: DropoutPass | undefined;
  /** Where the present state lies, from which the next block starts. */
  private state: StatePlace = [];
  /** The block whose inputs stand in the workplace; undefined: none. */
  private prepared: number | undefined;
  /** Whether the backward of a later block left dLoss/dstate at its start. */
  private cotangent = false;

  /** Reserves all slots and the workplace. Throws an OutOfMemoryError, and then changes nothing. */
  constructor(model: Model, sizes: BlockSizes, slots: BlockSlots) {
    const bytes = { tape: blockBytes.tape(model, sizes), state: blockBytes.state(model, sizes) };
    const plan = planWork(model, sizes);
    model.reserveWeights(sizes.inputs, true);
    this.scope = model.scope.child();
    this.scope.releaseWith(this);
    this.memory = this.scope.reserve({
      ...plan,
      tapes: vector((slots.internal * bytes.tape) / 4),
      states: vector((slots.hidden * bytes.state) / 4),
    });
    this.sizes = sizes;
    this.slots = slots;
    this.model = model;
    this.engine = model.engine;
    this.bytes = bytes;
    this.work = workWindow(model, sizes, plan, this.memory);
    clearTargets(this.engine.arena, this.work.regions.targetRows);
  }

  /** Returns whether this memory is for blocks of these sizes and for so many slots. */
  holds({ steps, batch, inputs, resets }: BlockSizes, { internal, hidden }: BlockSlots): boolean {
    const { sizes, slots } = this;
    const same = sizes.steps === steps && sizes.batch === batch && sizes.inputs === inputs;
    return same && sizes.resets === resets && slots.internal === internal && slots.hidden === hidden;
  }

  /** Starts a sequence from the given state, with nothing kept. Its dropout masks are those of one window. */
  start(inputs: Inputs, state: State | undefined): void {
    const { model } = this;
    model.reserveWeights(this.sizes.inputs, true);
    this.inputs = inputs;
    this.dropout = model.drops ? model.nextDropout() : undefined;
    this.prepared = undefined;
    this.cotangent = false;
    const { window, initial } = this.view(0);
    writeInitialState(this.engine, model.runs(window, this.passOf(0)), state);
    this.state = initial;
  }

  /** Copies the present state into a slot. */
  save(slot: number): void {
    const place = this.statePlace(slot);
    this.copyState(place, this.state);
    this.state = place;
  }

  /** Makes the state that was saved in a slot the present one. */
  restore(slot: number): void {
    this.state = this.statePlace(slot);
  }

  /** Makes the state at the end of a slot's tape, which must be of a whole block, the present one. */
  restoreEnd(slot: number): void {
    this.state = this.view(slot).final;
  }

  /** Runs a block forward from the present state, with its tape in the slot. */
  forward(slot: number, block: number): void {
    const { model, engine } = this;
    const { window, initial, final } = this.view(slot);
    const pass = this.passOf(block);
    this.copyState(initial, this.state);
    writeInputs(engine, window, this.require(), block * this.sizes.steps, pass.steps);
    this.prepared = block;
    model.forwardStates(window, pass);
    this.state = pass.steps === this.sizes.steps ? final : this.finalOf(window, pass);
  }

  /** Returns a copy of the state after the block, which ran last, in that slot. */
  readState(slot: number, block: number): State {
    const { window } = this.view(slot);
    return readFinalState(this.engine, this.model.runs(window, this.passOf(block)));
  }

  /**
   * Returns the outputs, [T, B, O], of the block, which ran last, in that slot; valid until the next call.
   */
  outputs(slot: number, block: number): Region {
    return this.model.forwardHead(this.view(slot).window, this.passOf(block));
  }

  /**
   * Runs a block backward, after the one behind it, from its tape in the slot, which is used up. Adds
   * scale·(all gradients), and returns Σ loss, NaN for a gradient. There is no present state after it.
   */
  backward(slot: number, block: number, targets: Targets, scale: number): number {
    const { model, engine } = this;
    const { window } = this.view(slot);
    const pass = this.passOf(block);
    const first = block * this.sizes.steps;
    if (this.prepared !== block) {
      writeInputs(engine, window, this.require(), first, pass.steps);
      model.remakeInputs(window, pass);
      this.prepared = block;
    }
    // A gradient of the caller's own takes the outputs' place, so they are not needed.
    if (!targetKind(targets.kind).hasLoss) engine.arena.zero(model.outputs(window, pass));
    else model.forwardHead(window, pass);
    const loss = applyLoss(engine, window, targets, first, pass.steps, scale);
    const behind = this.cotangent;
    model.backward(window, pass, (run, index) => {
      if (behind) addStartGradient(engine, run);
      else addFinalGradient(engine, run, index, undefined);
    });
    this.cotangent = true;
    return loss;
  }

  /** Frees the slots and the workplace. */
  release(): void {
    this.scope.releaseAll();
  }

  private require(): Inputs {
    if (this.inputs === undefined) throw new Error("a block was asked for before its sequence began");
    return this.inputs;
  }

  private passOf(block: number): Pass {
    const inputs = this.require();
    const { batch, lengths } = inputs;
    const first = block * this.sizes.steps;
    const steps = Math.min(this.sizes.steps, inputs.steps - first);
    return {
      steps,
      lengths: lengths !== undefined,
      resets: beginsAnew(inputs, first, steps),
      firstRow: first * batch,
      dropout: this.dropout,
    };
  }

  private view(slot: number): SlotView {
    this.views[slot] ??= this.makeView(slot);
    return this.views[slot];
  }

  private makeView(slot: number): SlotView {
    const { model, work, memory, bytes, sizes } = this;
    const shapes = planTape(model, sizes);
    let at = memory.regions["tapes"].pointer + slot * bytes.tape;
    const place = (shape: Shape): Region => {
      const region = { ...shape, pointer: at };
      at += bytesOf(shape);
      return region;
    };
    const layers = work.layers.map((gradients): CellRegions => {
      const tape = Object.fromEntries(TAPE_NAMES.map((name) => [name, place(shapes[name])]));
      return { ...gradients, ...tape };
    });
    const window = { ...work, layers };
    const pass = { steps: sizes.steps, lengths: false, resets: false, firstRow: 0, dropout: undefined };
    return { window, initial: this.initialOf(window, pass), final: this.finalOf(window, pass) };
  }

  private initialOf(window: Window, pass: Pass): StatePlace {
    return this.model.runs(window, pass).map((run) => placeOf(run, initialSlot));
  }

  private finalOf(window: Window, pass: Pass): StatePlace {
    return this.model.runs(window, pass).map((run) => placeOf(run, finalSlot));
  }

  private statePlace(slot: number): StatePlace {
    const { model, memory, bytes, sizes } = this;
    const { h, c } = planState(model, sizes.batch);
    let at = memory.regions["states"].pointer + slot * bytes.state;
    return Array.from({ length: runsOf(model) }, () => {
      const place = { h: { ...h, pointer: at }, c: { ...c, pointer: at + bytesOf(h) } };
      at += bytesOf(h) + bytesOf(c);
      return place;
    });
  }

  private copyState(to: StatePlace, from: StatePlace): void {
    const { u8 } = this.engine.arena;
    to.forEach(({ h, c }, index) => {
      const source = from[index];
      u8.copyWithin(h.pointer, source.h.pointer, source.h.pointer + sizeOf(h) * 4);
      if (c.rows > 0) u8.copyWithin(c.pointer, source.c.pointer, source.c.pointer + sizeOf(c) * 4);
    });
  }
}

function placeOf(run: CellRun, slot: typeof initialSlot): { h: Region; c: Region } {
  const { h, c } = run.regions;
  return { h: slot(h, run), c: c.rows > 0 ? slot(c, run) : c };
}

/** The gradients' names, for `pick`. */
const gradientNames = Object.fromEntries(GRADIENT_NAMES.map((name) => [name, NONE])) as Record<
  (typeof GRADIENT_NAMES)[number],
  Shape
>;

/** Returns the workplace as a window, whose layers have their gradients alone. */
function workWindow(
  model: Model,
  { steps, batch, inputs, resets }: BlockSizes,
  plan: ReturnType<typeof planWork>,
  { regions }: Block,
): Window {
  const all = Array.from({ length: runsOf(model) }, (_, run) => `${run}.`);
  return {
    engine: model.engine,
    sizes: { steps, batch, inputs, tape: true, dropout: model.drops, resets },
    regions: pick(regions, plan, ""),
    layers: all.map((prefix): CellRegions => {
      const none = { ...NONE, pointer: 0 };
      const tape = { h: none, c: none, z: none, u: none, v: none, w: none, scales: none };
      return { ...tape, ...pick(regions, gradientNames, prefix) };
    }),
    dropped: all.flatMap((prefix) => regions[`${prefix}dropped`] ?? []),
    rows: (region, count) => rowsOf(region, 0, count * batch),
  };
}

/** Adds dLoss/dh, which the block behind left at its start, to the end of this block; dc stays in place. */
function addStartGradient({ kernels }: Engine, { regions: { dh }, ...span }: CellRun): void {
  const [from, to] = [initialSlot(dh, span), finalSlot(dh, span)];
  kernels.add(to.pointer, to.pointer, from.pointer, sizeOf(to));
}
