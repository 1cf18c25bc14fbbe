/** Turns states and stretches of steps that wait for more into plain data, for a checkpoint, and back. */

import { FormatError } from "../../errors.js";
import { requireSequence } from "../../network/arguments.js";
import { cells } from "../../network/cells/by-name.js";
import { definitionOf } from "../../network/losses/definition.js";
import { targetKindNames } from "../../network/model/targets.js";
import { directionsOf } from "../../network/sizes.js";
import { requireTarget } from "../../network/target-arguments.js";
import type { CompleteOptions, Network, State } from "../../network/types.js";
import type { PlainData, PlainReader } from "../../plain-data.js";
import type { LearnerContext } from "../learner.js";
import type { Stretch } from "./stretches.js";

/** What a rule's memory is called in messages. */
export const SAVED = "checkpoint.learner.memory";

/** The most sequences that a file may say. */
const MOST_BATCH = 0x7fff_ffff;

export function saveState(state: State | undefined): PlainData {
  return state && { h: state.h, c: state.c };
}

/** Reads a state; undefined stands for zeros. Throws a FormatError. */
export function readState(saved: PlainReader, { options }: Network): State | undefined {
  if (!saved.given) return undefined;
  const h = saved.field("h");
  const { value } = h;
  const length = value instanceof Float32Array ? value.length : 0;
  if (length === 0 || length % unitsOf(options) !== 0)
    h.fail(`a Float32Array of ${unitsOf(options)}·B values`);
  return cells[options.cell].hasCellState
    ? { h: h.floats(length), c: saved.field("c").floats(length) }
    : { h: h.floats(length) };
}

/** Returns the values of a state's part for one sequence. */
function unitsOf(options: CompleteOptions): number {
  return options.layers * directionsOf(options) * options.hiddenSize;
}

/** Throws a FormatError for a state of another number of sequences than the stretch that is to go on from it. */
export function requireFitting(state: State | undefined, batch: number, { options }: Network): void {
  if (state === undefined || state.h.length === unitsOf(options) * batch) return;
  throw new FormatError(
    `"checkpoint" expected a state of ${batch} sequences, as the data has, got ${state.h.length} values`,
  );
}

export function saveStretch({ inputs, targets, count, lengths, carry }: Stretch): PlainData {
  const { loss: _, whole: __, ...kept } = targets ?? { loss: undefined, whole: undefined };
  return { inputs: { ...inputs }, targets: targets && { ...kept }, count, lengths, carry };
}

/** Reads a stretch that fits the network and the loss of the training. Throws a FormatError, a TypeError or a RangeError. */
export function readStretch(saved: PlainReader, { network, loss }: LearnerContext): Stretch {
  const { options } = network;
  const inputs = saved.field("inputs");
  const steps = inputs.field("steps").integer(1, MOST_BATCH);
  const batch = inputs.field("batch").integer(1, MOST_BATCH);
  const array = inputs.field("array").value;
  const tokens = inputs.field("kind").text() === "tokens";
  const [resets, shorter] = [inputs.field("resets"), inputs.field("lengths")];
  const checked = requireSequence(
    {
      steps,
      batch,
      ...(tokens ? { tokens: array as Int32Array } : { values: array as Float32Array }),
      ...(resets.given && { resets: resets.bytes(steps * batch) }),
      ...(shorter.given && { lengths: shorter.ints(batch) }),
    },
    options,
    inputs.place,
    0,
  );
  const lengths = readCounts(saved.field("lengths"), batch, steps);
  return {
    inputs: checked,
    targets: readTargets(saved.field("targets"), { steps, batch, lengths }, { network, loss }),
    count: saved.field("count").integer(),
    lengths,
    carry: saved.field("carry").boolean(),
  };
}

/** Reads numbers of steps, [B]; undefined where none were kept. */
function readCounts(saved: PlainReader, batch: number, steps: number): Int32Array | undefined {
  if (!saved.given) return undefined;
  const counts = saved.ints(batch);
  if (counts.some((count) => count < 0 || count > steps)) saved.fail(`numbers of steps from 0 to ${steps}`);
  return counts;
}

function readTargets(
  saved: PlainReader,
  sizes: Pick<Stretch["inputs"], "steps" | "batch" | "lengths">,
  { network, loss }: Pick<LearnerContext, "network" | "loss">,
): Stretch["targets"] {
  if (!saved.given) return undefined;
  const named = saved.field("kind");
  const kind =
    targetKindNames.find((name) => name === named.text()) ?? named.fail(targetKindNames.join(" or "));
  const weights = saved.field("weights");
  const target = {
    [kind]: saved.field("array").value,
    ...(weights.given && { weights: weights.value as Float32Array }),
  };
  const checked = requireTarget(target, sizes, network.options, saved.place, definitionOf(loss));
  const ends = readCounts(saved.field("ends"), sizes.batch, sizes.steps);
  // A stretch whose targets were taken away counts none, whatever stands there.
  return {
    ...checked,
    ...(ends && { ends }),
    count: saved.field("count").integer(),
    weight: saved.field("weight").number(),
  };
}
