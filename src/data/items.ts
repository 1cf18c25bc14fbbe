/** Defines whole sequences with their targets, and checks them. */

import { describe, requireInteger, requireNumber, requireObject } from "../errors.js";
import { isTokens, settled } from "../network/arguments.js";

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
  /** How much each of its targets counts, at least 0; default 1. */
  weight?: number;
}

/** Holds inputs whose form was checked, but not against a network. */
export interface ItemInputs {
  /** T. */
  readonly steps: number;
  /** [T] tokens, or [T, I] values. */
  readonly array: Tokens | Float32Array;
}

/** Holds a checked copy of an item, with targets for every step. */
export interface Item extends ItemInputs {
  /** [T] classes, or [T, O] values. */
  readonly targets: Int32Array | Float32Array;
  /** Whether it has one target, for the whole sequence, at its last step. */
  readonly whole: boolean;
  /** Undefined where none was given. */
  readonly weight: number | undefined;
}

/** Holds the kinds and widths that all items share. */
export interface Widths {
  readonly tokens: boolean;
  /** I, values a step; 1 for tokens. */
  readonly input: number;
  /** O, values a step; 1 for classes. */
  readonly target: number;
  readonly classes: boolean;
}

export const LARGEST = 0x7fff_ffff;

/** The largest weight: the product of an item's and a class's is then finite in single precision. */
export const LARGEST_WEIGHT = 1e18;

/**
 * Returns a sequence's inputs, [T] tokens or [T, I] values: themselves, or plain copies of what another thread may write to or
 * whose methods are not those of a plain array, like a Buffer's. Throws a TypeError or RangeError.
 */
export function requireItemInputs(name: string, given: SequenceItem["inputs"]): ItemInputs {
  requireObject(name, given);
  const tokens = "tokens" in given ? settled(given.tokens) : undefined;
  const values = "values" in given ? settled(given.values) : undefined;
  if ((tokens === undefined) === (values === undefined)) {
    throw new TypeError(
      `"${name}" expected exactly one of tokens and values, got ${tokens === undefined ? "none" : "both"}`,
    );
  }
  if (tokens !== undefined) {
    if (!isTokens(tokens)) {
      throw new TypeError(
        `"${name}.tokens" expected a Uint8Array, Uint16Array or Int32Array, got ${describe(tokens)}`,
      );
    }
    if (tokens.length === 0) throw new RangeError(`"${name}.tokens" expected at least one token, got none`);
    return { steps: tokens.length, array: tokens };
  }
  if (!(values instanceof Float32Array && ArrayBuffer.isView(values))) {
    throw new TypeError(`"${name}.values" expected a Float32Array, got ${describe(values)}`);
  }
  const steps = requireInteger(`${name}.steps`, "steps" in given ? given.steps : undefined, 1, LARGEST);
  if (values.length === 0 || values.length % steps !== 0) {
    throw new RangeError(
      `"${name}.values" expected as many values at each of ${steps} steps, got ${values.length}`,
    );
  }
  return { steps, array: values };
}

/** Returns checked copies of targets, for every step: [T] classes or [T, O] values. */
function copyTargets(
  name: string,
  given: SequenceItem["targets"],
  steps: number,
): Pick<Item, "targets" | "whole"> {
  const entries: [string, unknown][] = Object.entries(requireObject(name, given));
  const fields = entries.filter(([, value]) => value !== undefined);
  const [field, value]: [string, unknown] = fields.length === 1 ? fields[0] : ["", undefined];
  switch (field) {
    case "classes":
      return { targets: copyEvery(`${name}.classes`, value, Int32Array, steps), whole: false };
    case "values":
      return { targets: copyEvery(`${name}.values`, value, Float32Array, steps), whole: false };
    case "class": {
      const classes = new Int32Array(steps).fill(-1);
      classes[steps - 1] = requireInteger(`${name}.class`, value, 0, LARGEST);
      return { targets: classes, whole: true };
    }
    case "value": {
      const last = value instanceof Float32Array ? value : [requireNumber(`${name}.value`, value)];
      if (last.length === 0) throw new RangeError(`"${name}.value" expected at least one value, got none`);
      const values = new Float32Array(steps * last.length).fill(NaN);
      values.set(last, (steps - 1) * last.length);
      return { targets: values, whole: true };
    }
    default:
      throw new TypeError(
        `"${name}" expected exactly one of classes, values, class and value, got ${fields.map(([key]) => key).join(" and ") || "none"}`,
      );
  }
}

function copyEvery(
  name: string,
  given: unknown,
  type: typeof Int32Array | typeof Float32Array,
  steps: number,
): Int32Array | Float32Array {
  const value = settled(given);
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

/** Returns a checked copy of an item. Throws a TypeError or RangeError that calls it `name`. */
function copyItem(name: string, item: SequenceItem): Item {
  const { inputs, targets, weight } = requireObject(name, item);
  const { steps, array } = requireItemInputs(`${name}.inputs`, inputs);
  return {
    steps,
    array: array.slice(),
    ...copyTargets(`${name}.targets`, targets, steps),
    weight:
      weight === undefined
        ? undefined
        : requireNumber(`${name}.weight`, weight, { least: 0, most: LARGEST_WEIGHT }),
  };
}

function widthsOf({ steps, array, targets }: Item): Widths {
  return {
    tokens: !(array instanceof Float32Array),
    input: array.length / steps,
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

/**
 * Returns checked copies of at least one item, and what all of them share. Throws a TypeError or RangeError
 * that names the item.
 */
export function copyItems(given: Iterable<SequenceItem>): { items: readonly Item[]; widths: Widths } {
  const items = Array.from(given, (item, i) => copyItem(`items[${i}]`, item));
  if (items.length === 0) throw new RangeError(`"items" expected at least one item, got none`);
  const widths = widthsOf(items[0]);
  items.forEach((item, i) => {
    requireSameWidths(`items[${i}]`, widths, widthsOf(item));
  });
  return { items, widths };
}

/** Holds sequences side by side, T being the longest; elements past a sequence's length are 0. */
export interface JoinedInputs {
  readonly steps: number;
  readonly batch: number;
  /** [B]. */
  readonly lengths: Int32Array<ArrayBuffer>;
  /** [T, B] tokens, or [T, B, I] values. */
  readonly array: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

/** Puts at least one sequence, all of one kind and width, beside the others. */
export function joinInputs(items: readonly ItemInputs[]): JoinedInputs {
  const batch = items.length;
  const steps = items.reduce((most, item) => Math.max(most, item.steps), 0);
  const width = items[0].array.length / items[0].steps;
  const type = items[0].array instanceof Float32Array ? Float32Array : Int32Array;
  const array = new type(steps * batch * width);
  items.forEach((item, b) => {
    for (let t = 0; t < item.steps; t++) {
      array.set(item.array.subarray(t * width, (t + 1) * width), (t * batch + b) * width);
    }
  });
  return { steps, batch, lengths: Int32Array.from(items, (item) => item.steps), array };
}
