/** Batches whole sequences of different lengths, padded to the longest of each batch. */

import {
  describe,
  requireBoolean,
  requireInteger,
  requireNumber,
  requireObject,
  requireOptions,
} from "../errors.js";
import { Random } from "../random.js";
import type { TrainingData, TrainingWindow } from "./training-data.js";

type Tokens = Uint8Array | Uint16Array | Int32Array;

/** Describes one sequence of T steps with its targets. */
export interface SequenceItem {
  /** [T] tokens; or [T, I] values, where I is their number divided by `steps`. */
  inputs: { tokens: Tokens } | { steps: number; values: Float32Array };
  /**
   * Targets of every step: [T] classes (-1 for none), or [T, O] values (NaN for none). Or one target for the
   * whole sequence, placed at its last step: a class, or [O] values.
   */
  targets:
    { classes: Int32Array } | { values: Float32Array } | { class: number } | { value: number | Float32Array };
}

/** Configures `sequenceSet`. */
export interface SequenceSetOptions {
  /** Sequences in a batch; the last batch of an epoch may have fewer. */
  batch: number;
  /** Whether each epoch has a new order; default false. */
  shuffle?: boolean;
  /** Seed of the orders, any safe integer; default 0. */
  seed?: number;
}

/** Holds a checked copy of an item, with targets for every step. */
interface Item {
  readonly steps: number;
  readonly inputs: Tokens | Float32Array;
  readonly targets: Int32Array | Float32Array;
}

/** Holds the kinds and widths that all items share. */
interface Widths {
  readonly tokens: boolean;
  /** I, values a step; 1 for tokens. */
  readonly input: number;
  /** O, values a step; 1 for classes. */
  readonly target: number;
  readonly classes: boolean;
}

const LARGEST = 0x7fff_ffff;

function copyInputs(
  name: string,
  given: SequenceItem["inputs"],
): { steps: number; array: Tokens | Float32Array } {
  requireObject(name, given);
  const tokens: unknown = "tokens" in given ? given.tokens : undefined;
  const values: unknown = "values" in given ? given.values : undefined;
  if ((tokens === undefined) === (values === undefined)) {
    throw new TypeError(
      `"${name}" expected exactly one of tokens and values, got ${tokens === undefined ? "none" : "both"}`,
    );
  }
  if (tokens !== undefined) {
    if (!(tokens instanceof Uint8Array || tokens instanceof Uint16Array || tokens instanceof Int32Array)) {
      throw new TypeError(
        `"${name}.tokens" expected a Uint8Array, Uint16Array or Int32Array, got ${describe(tokens)}`,
      );
    }
    if (tokens.length === 0) throw new RangeError(`"${name}.tokens" expected at least one token, got none`);
    return { steps: tokens.length, array: tokens.slice() };
  }
  if (!(values instanceof Float32Array)) {
    throw new TypeError(`"${name}.values" expected a Float32Array, got ${describe(values)}`);
  }
  const steps = requireInteger(`${name}.steps`, "steps" in given ? given.steps : undefined, 1, LARGEST);
  if (values.length === 0 || values.length % steps !== 0) {
    throw new RangeError(
      `"${name}.values" expected as many values at each of ${steps} steps, got ${values.length}`,
    );
  }
  return { steps, array: values.slice() };
}

/** Copies checked targets of every step: [T] classes or [T, O] values. */
function copyTargets(name: string, given: SequenceItem["targets"], steps: number): Int32Array | Float32Array {
  const entries: [string, unknown][] = Object.entries(requireObject(name, given));
  const fields = entries.filter(([, value]) => value !== undefined);
  const [field, value]: [string, unknown] = fields.length === 1 ? fields[0] : ["", undefined];
  switch (field) {
    case "classes":
      return copyEvery(`${name}.classes`, value, Int32Array, steps);
    case "values":
      return copyEvery(`${name}.values`, value, Float32Array, steps);
    case "class": {
      const classes = new Int32Array(steps).fill(-1);
      classes[steps - 1] = requireInteger(`${name}.class`, value, 0, LARGEST);
      return classes;
    }
    case "value": {
      const last = value instanceof Float32Array ? value : [requireNumber(`${name}.value`, value)];
      if (last.length === 0) throw new RangeError(`"${name}.value" expected at least one value, got none`);
      const values = new Float32Array(steps * last.length).fill(NaN);
      values.set(last, (steps - 1) * last.length);
      return values;
    }
    default:
      throw new TypeError(
        `"${name}" expected exactly one of classes, values, class and value, got ${fields.map(([key]) => key).join(" and ") || "none"}`,
      );
  }
}

function copyEvery(
  name: string,
  value: unknown,
  type: typeof Int32Array | typeof Float32Array,
  steps: number,
): Int32Array | Float32Array {
  if (!(value instanceof type))
    throw new TypeError(`"${name}" expected a ${type.name}, got ${describe(value)}`);
  const whole = type === Int32Array ? value.length === steps : value.length > 0 && value.length % steps === 0;
  if (!whole) {
    const expected =
      type === Int32Array ? `${steps} values ([T=${steps}])` : `as many values at each of ${steps} steps`;
    throw new RangeError(`"${name}" expected ${expected}, got ${value.length}`);
  }
  return value.slice();
}

function widthsOf({ steps, inputs, targets }: Item): Widths {
  return {
    tokens: !(inputs instanceof Float32Array),
    input: inputs.length / steps,
    target: targets.length / steps,
    classes: targets instanceof Int32Array,
  };
}

function requireSameWidths(name: string, first: Widths, now: Widths): void {
  const inputs = ({ tokens, input }: Widths): string => (tokens ? "tokens" : `${input} values a step`);
  const targets = ({ classes, target }: Widths): string => (classes ? "classes" : `${target} values a step`);
  for (const [part, word] of [["inputs", inputs] as const, ["targets", targets] as const]) {
    if (word(first) !== word(now)) {
      throw new RangeError(`"${name}.${part}" expected ${word(first)}, as the first item, got ${word(now)}`);
    }
  }
}

/** Puts items side by side, [T, B, ·], T being the longest; elements past an item's length do not count. */
function joinItems(items: readonly Item[], widths: Widths): TrainingWindow {
  const batch = items.length;
  const steps = items.reduce((most, item) => Math.max(most, item.steps), 0);
  const { input, target } = widths;
  const inputs = widths.tokens ? new Int32Array(steps * batch) : new Float32Array(steps * batch * input);
  const targets = widths.classes ? new Int32Array(steps * batch) : new Float32Array(steps * batch * target);
  targets.fill(widths.classes ? -1 : NaN);
  items.forEach((item, b) => {
    for (let t = 0; t < item.steps; t++) {
      const at = t * batch + b;
      inputs.set(item.inputs.subarray(t * input, (t + 1) * input), at * input);
      targets.set(item.targets.subarray(t * target, (t + 1) * target), at * target);
    }
  });
  const lengths = Int32Array.from(items, (item) => item.steps);
  return {
    inputs: {
      steps,
      batch,
      lengths,
      ...(inputs instanceof Int32Array ? { tokens: inputs } : { values: inputs }),
    },
    targets: targets instanceof Int32Array ? { classes: targets } : { values: targets },
    carry: false,
  };
}

/** Returns the numbers from 0 to count − 1 in random order (Fisher–Yates shuffle). */
function shuffled(count: number, random: Random): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/**
 * Makes batches of whole sequences, for `train`, validation and `evaluate`: each sequence starts from a state
 * of zeros and is padded to the longest of its batch, and none is left out. All items have the same kinds and
 * widths. The items are copied. Throws a TypeError or RangeError that names the item or option.
 */
export function sequenceSet(items: Iterable<SequenceItem>, options: SequenceSetOptions): TrainingData {
  const given = requireOptions("options", options, ["batch", "shuffle", "seed"]);
  const batch = requireInteger("batch", given.batch, 1, LARGEST);
  const shuffle = requireBoolean("shuffle", given.shuffle ?? false);
  const seed = requireInteger("seed", given.seed ?? 0, Number.MIN_SAFE_INTEGER);
  const copies = Array.from(items, (item, i) => {
    const name = `items[${i}]`;
    const { inputs, targets } = requireObject(name, item);
    const { steps, array } = copyInputs(`${name}.inputs`, inputs);
    return { steps, inputs: array, targets: copyTargets(`${name}.targets`, targets, steps) };
  });
  if (copies.length === 0) throw new RangeError(`"items" expected at least one item, got none`);
  const widths = widthsOf(copies[0]);
  copies.forEach((copy, i) => {
    requireSameWidths(`items[${i}]`, widths, widthsOf(copy));
  });
  let epochs = 0;
  return {
    *[Symbol.iterator]() {
      const order = shuffle ? shuffled(copies.length, new Random(seed, epochs)) : copies.map((_, i) => i);
      epochs++;
      for (let first = 0; first < order.length; first += batch) {
        yield joinItems(
          order.slice(first, first + batch).map((i) => copies[i]),
          widths,
        );
      }
    },
  };
}
