import { requireChoice, requireInteger, requireObject, requireOptions } from "../../errors.js";
import { requireSequence, requireState } from "../../network/arguments.js";
import { requireTarget } from "../../network/target-arguments.js";
import { divisorOf, type Targets } from "../../network/model/targets.js";
import { requireNetwork, RecurrentNetwork } from "../../network/network.js";
import { requireLoss } from "../../network/losses/definition.js";
import type { Loss, Network, Reduction, Sequence, State, Target } from "../../network/types.js";
import type { CheckedWindow } from "../windows/checked-window.js";
import { copyOf } from "../windows/stretches.js";
import { requireLearner, type BeginLearning, type Learner, type LearnerRun } from "../learner.js";

/** Configures `estimateGradient`. */
export interface EstimateGradientOptions {
  /** State that the sequence starts from; default zeros. */
  state?: State;
  /** Seed of a rule that draws, any safe integer; default the network's option `seed`. */
  seed?: number;
  /** Default softmax cross-entropy for classes and squared error for values; none with a gradient. */
  loss?: Loss;
  /** Whether loss and gradients are means over the sequence's targets (default) or sums. */
  reduction?: Reduction;
}

/** Holds the loss and the gradient of one sequence. */
export interface GradientEstimate {
  /** The mean loss, or the sum, over all of the sequence's targets; NaN where the target is a gradient. */
  loss: number;
  /**
   * The gradient of every parameter by its name, row-major, in its shape; zeros where it is not trainable.
   */
  gradients: Map<string, Float32Array>;
}

/** A question is a checked request for a rule's gradient. */
export interface Question {
  readonly network: RecurrentNetwork;
  readonly window: CheckedWindow & { readonly targets: Targets };
  readonly state: State | undefined;
  readonly loss: Loss | undefined;
  readonly reduction: Reduction;
  /** Number that the sums over the sequence are divided by. */
  readonly divisor: number;
}

/** Returns the arguments as a question. Throws a TypeError or RangeError that names the argument. */
export function requireQuestion(
  network: Network,
  sequence: Sequence,
  target: Target,
  options: Pick<EstimateGradientOptions, "state" | "loss" | "reduction">,
): Question {
  const given = requireNetwork(network);
  const inputs = requireSequence(sequence, given.options);
  const { state, loss, reduction = "mean" } = requireObject("options", options);
  const definition = loss === undefined ? undefined : requireLoss("options.loss", loss);
  requireChoice("options.reduction", reduction, ["mean", "sum"]);
  const targets = requireTarget(target, inputs, given.options, "targets", definition, reduction);
  const initial = requireState("options.state", state, inputs.batch, given.options);
  const window = { inputs: sequence, targets: target };
  return {
    network: given,
    window: copyOf({ window, inputs, targets, count: targets.count, lengths: inputs.lengths, carry: false }),
    state: initial,
    loss,
    reduction,
    divisor: divisorOf(targets, reduction),
  };
}

/**
 * Returns one gradient of a learning rule for a whole sequence, from one state, at fixed parameters, to
 * compare rules with. Where a rule yields several gradients, it is their sum. The rule runs on a copy of the
 * network without dropout, which takes as much memory again, so that the network's own gradients, tape and
 * dropout stay as they are, and gradients differ by the rule alone.
 *
 * Throws a TypeError or RangeError for a bad argument, a RangeError for a network that the rule cannot train,
 * and an OutOfMemoryError.
 */
export function estimateGradient(
  network: Network,
  sequence: Sequence,
  target: Target,
  learner: Learner,
  options: EstimateGradientOptions = {},
): GradientEstimate {
  const question = requireQuestion(
    network,
    sequence,
    target,
    requireOptions("options", options, ["state", "seed", "loss", "reduction"]),
  );
  const begin = requireLearner("learner", learner);
  const { seed = network.options.seed } = options;
  requireSeed(seed);
  const { loss, gradients } = askGradient(question, begin, seed);
  return { loss, gradients: new Map([...gradients].map(([name, sum]) => [name, Float32Array.from(sum)])) };
}

export function requireSeed(seed: number): number {
  return requireInteger("options.seed", seed, Number.MIN_SAFE_INTEGER);
}

export interface Answer {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float64Array>;
  /** Whether the rule read the seed, so that another seed may give another gradient. */
  readonly draws: boolean;
  /** The most bytes of WebAssembly memory at a time beyond the copy's parameters and gradients. */
  readonly bytes: number;
}

/** Returns the rule's gradient, computed on a copy of the network. */
export function askGradient(question: Question, begin: BeginLearning, seed: number): Answer {
  const { model } = question.network;
  const { arena } = model.engine;
  const copy = new RecurrentNetwork(model.engine, { ...model.options, dropout: 0 });
  try {
    copy.model.parameters.copyFrom(model.parameters);
    const before = arena.reserved;
    arena.peak = before;
    const answer = runRule(copy, question, begin, seed);
    return { ...answer, bytes: arena.peak - before };
  } finally {
    copy.dispose();
  }
}

/** Runs the rule over the sequence as one window and returns the sum of the gradients that it yields. */
function runRule(
  copy: RecurrentNetwork,
  { window, state, loss, divisor }: Question,
  begin: BeginLearning,
  seed: number,
): Omit<Answer, "bytes"> {
  let draws = false;
  // A rule may spoil what it is given, and others may come after it.
  const run = begin({
    network: copy,
    loss,
    reduction: "sum",
    state: state && { h: state.h.slice(), ...(state.c && { c: state.c.slice() }) },
    get seed() {
      draws = true;
      return seed;
    },
  });
  try {
    return { ...sumOfRun(run, copy, copyOf(window), divisor), draws };
  } finally {
    run.dispose?.();
  }
}

function sumOfRun(
  run: LearnerRun,
  copy: RecurrentNetwork,
  window: CheckedWindow,
  divisor: number,
): Pick<Answer, "loss" | "gradients"> {
  const gradients = new Map(copy.parameters.map(({ name, shape }) => [name, zerosOf(shape)]));
  let loss = 0;
  for (const events of [() => run.window(window), () => run.end()]) {
    for (const event of events()) {
      loss += event.loss ?? NaN;
      addGradients(gradients, copy);
      copy.zeroGradients();
    }
  }
  for (const sum of gradients.values()) for (let i = 0; i < sum.length; i++) sum[i] /= divisor;
  return { loss: loss / divisor, gradients };
}

function zerosOf(shape: readonly number[]): Float64Array {
  return new Float64Array(shape.reduce((product, size) => product * size, 1));
}

function addGradients(sums: ReadonlyMap<string, Float64Array>, { parameters }: Network): void {
  for (const parameter of parameters) {
    const sum = sums.get(parameter.name);
    if (sum === undefined) continue;
    const gradient = parameter.readGradient();
    for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
  }
}
