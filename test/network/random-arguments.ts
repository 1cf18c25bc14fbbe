/** Arguments as no program should give them, and now and then as it should. */

import type { CompleteOptions } from "../../src/network/types.js";
import type { Random } from "../../src/random.js";
import { drawSequence, drawState, drawTarget, outputWidthOf, type DrawnSizes } from "./drawn.js";
import { detached, impostors, misstated, noBooleans, noNumbers, noObjects } from "./untyped.js";

const shared = (length: number): SharedArrayBuffer => new SharedArrayBuffer(4 * length);
class Subclass extends Float32Array {}

/** Made anew each time, so that no call meets what another left. */
const makers: readonly (() => unknown)[] = [
  ...[...noObjects, ...noNumbers, ...noBooleans].map((value) => () => value),
  ...[
    -0,
    0.5,
    -1,
    1,
    2,
    3,
    255,
    256,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    1e30,
    1e39,
    -Infinity,
    1e-310,
  ].map((value) => () => value),
  ...["", "toString", "__proto__", "simd", "lstm", "mean"].map((value) => () => value),
  ...[0, 1, 2, 6, 12, 30, 90].flatMap((length) => [
    () => new Float32Array(length),
    () => new Float32Array(length).fill(NaN),
    () => new Subclass(length),
    () => new Float32Array(shared(length)),
    () => new Int32Array(shared(length)),
    () => new Int32Array(length).fill(-1),
    () => Buffer.alloc(length),
    () => new Uint16Array(length).fill(65535),
    () => new Float64Array(length),
    () => new BigInt64Array(length),
    () => new Array<number>(length),
    () => new Array<number>(length).fill(1),
    () => detached(new Float32Array(length)),
    () => misstated(new Float32Array(length), 6),
    () => ({ length }),
  ]),
  () => ({ length: 6, "0": 1, "1": 2 }),
];

export class RandomArguments {
  constructor(private readonly random: Random) {}

  anything(): unknown {
    return this.pick(makers)();
  }

  /** Mostly what is right. */
  maybe(good: unknown): unknown {
    const chance = this.random.uniform();
    if (chance < 0.9) return good;
    return chance < 0.99 ? this.anything() : this.pick(impostors(new Float32Array(6)));
  }

  /** Mostly the fields that are right; each may be missing, wrong, or one too many. */
  private fields(good: object, more: readonly string[] = []): unknown {
    const fields = Object.entries(good).map(([name, value]) => [name, this.maybe(value)] as const);
    const others = more
      .filter(() => this.random.uniform() < 0.05)
      .map((name) => [name, this.anything()] as const);
    return this.maybe(Object.fromEntries([...fields, ...others]));
  }

  private pick<Item>(items: readonly Item[]): Item {
    return items[this.random.integer(items.length)];
  }

  private sizes(options: CompleteOptions): DrawnSizes {
    return { ...options, steps: 1 + this.random.integer(3), batch: 1 + this.random.integer(2) };
  }

  state(options: CompleteOptions): unknown {
    return this.fields(drawState(this.random, this.sizes(options)), ["h", "c"]);
  }

  forward(options: CompleteOptions): unknown[] {
    const { random } = this;
    const sizes = this.sizes(options);
    const kind = options.embeddingSize > 0 ? "tokens" : this.pick(["tokens", "values"] as const);
    const lengths = new Int32Array(sizes.batch).map(() => 1 + random.integer(sizes.steps));
    const resets = new Uint8Array(sizes.steps * sizes.batch).map(() => random.integer(2));
    const sequence = {
      ...drawSequence(random, kind, sizes),
      ...(random.uniform() < 0.3 && { lengths }),
      ...(random.uniform() < 0.3 && { resets }),
    };
    const state = this.fields(drawState(random, sizes), ["c"]);
    const asked = { ...(random.uniform() < 0.5 && { state }), keepTape: random.uniform() < 0.9 };
    return [
      this.fields(sequence, ["tokens", "values", "lengths", "resets"]),
      this.fields(asked, ["training", "hidden"]),
    ];
  }

  backward(options: CompleteOptions): unknown[] {
    const sizes = this.sizes(options);
    const target = drawTarget(this.random, this.pick(["classes", "values", "gradient"]), sizes);
    return [
      this.fields(target, ["classes", "values"]),
      this.fields({ reduction: "sum" }, ["stateGradient", "inputGradient"]),
    ];
  }

  /** As many as the shape says. */
  numbers(shape: readonly number[]): unknown {
    const length = shape.reduce((product, size) => product * size, 1);
    // An impostor's length cannot even be read: the engine's own error says so.
    if (this.random.uniform() < 0.1) return this.anything();
    return Float32Array.from({ length }, () => this.random.normal());
  }

  session(options: CompleteOptions): unknown {
    const { batch } = this.sizes(options);
    return this.fields({ batch }, ["state"]);
  }

  step(options: CompleteOptions): unknown[] {
    const { random } = this;
    const batch = this.pick([1, 1, 2]);
    const token = (): number => random.integer(options.inputSize);
    const inputs = [token(), new Uint8Array(batch).map(token), new Float32Array(batch * options.inputSize)];
    const out =
      random.uniform() < 0.2 ? this.maybe(new Float32Array(batch * outputWidthOf(options))) : undefined;
    return [this.maybe(this.pick(inputs)), out];
  }

  /** The name of one, and its options. */
  optimizer(): [name: string, options: unknown] {
    const numbers = [
      "momentum",
      "dampening",
      "weightDecay",
      "alpha",
      "epsilon",
      "beta1",
      "beta2",
      "initialAccumulatorValue",
    ];
    const name = this.pick(["sgd", "rmsprop", "adagrad", "adam", "adamW"]);
    return [name, this.fields({ learningRate: 0.01 }, [...numbers, "nesterov", "centered", "amsgrad"])];
  }

  softmax(): unknown[] {
    const width = 1 + this.random.integer(4);
    const logits = new Float32Array(width * this.random.integer(4));
    const out = this.random.uniform() < 0.5 ? this.maybe(new Float32Array(logits.length)) : undefined;
    return [this.maybe(logits), this.maybe(width), out];
  }

  create(): unknown[] {
    const size = (): number => 1 + this.random.integer(9);
    const sizes = { inputSize: size(), hiddenSize: size(), outputSize: size() };
    const more = ["cell", "bidirectional", "dropout", "output", "embeddingSize", "seed", "initialization"];
    return [this.fields(sizes, more), this.maybe(undefined)];
  }
}
