/** Draws tokens from a network, one after the other. */

import { requireTokenList } from "../data/token-list.js";
import {
  describe,
  InvalidStateError,
  OutOfMemoryError,
  requireInteger,
  requireNumber,
  requireObject,
  requireOptions,
} from "../errors.js";
import { SoftmaxRow } from "../network/softmax.js";
import type { Session } from "../network/types.js";
import { Random } from "../random.js";

/** Configures `sample`. */
export interface SampleOptions {
  /** The number of new tokens. */
  length: number;
  /** Tokens that the session steps through first, not part of the result; default, or empty list: none. */
  prime?: ArrayLike<number>;
  /** Divides the logits; default 1. At 0 the likeliest token is chosen, the first of equals. */
  temperature?: number;
  /** Draws only from this many likeliest tokens, the first of equals; default all. */
  topK?: number;
  /**
   * Draws only from the smallest set of likeliest tokens whose probability is at least this, in (0, 1]
   * (Holtzman et al. 2020, "The curious case of neural text degeneration"); default 1. Where `topK` is given
   * too, the set is taken from the tokens that it leaves.
   */
  topP?: number;
  /** Tokens that are never drawn, as a vocabulary's unknown one; the others share their probability. Default: none. */
  exclude?: ArrayLike<number>;
  /** A safe integer, default 0: the same seed, session and options give the same tokens. */
  seed?: number;
}

/** Says how a token is chosen from logits. */
interface Choice {
  readonly temperature: number;
  /** Infinity stands for all tokens. */
  readonly topK: number;
  readonly topP: number;
}

function requireSession(session: Session): Session {
  const given: Partial<Session> = requireObject("session", session);
  if (typeof given.step !== "function" || given.network?.options === undefined) {
    throw new TypeError(
      `"session" expected a session, as network.session() makes it, got ${describe(session)}`,
    );
  }
  if (session.batch !== 1) throw new RangeError(`"session" expected a batch of 1, got ${session.batch}`);
  const { inputSize, outputSize } = session.network.options;
  if (inputSize !== outputSize) {
    throw new RangeError(
      `"session" expected a network with an output for every token, got inputSize ${inputSize}, outputSize ${outputSize}`,
    );
  }
  return session;
}

function requireChoice({ temperature = 1, topK, topP }: SampleOptions): Choice {
  return {
    temperature: requireNumber("temperature", temperature, { least: 0 }),
    topK: topK === undefined ? Infinity : requireInteger("topK", topK, 1),
    topP: topP === undefined ? 1 : requireNumber("topP", topP, { above: 0, most: 1 }),
  };
}

function createTokens(length: number): Int32Array {
  try {
    return new Int32Array(length);
  } catch {
    throw new OutOfMemoryError(`out of memory: no room for the ${length} tokens of "length"`);
  }
}

/** Returns the tokens that may be drawn, ascending. Throws a RangeError where none may. */
function requireCandidates(exclude: unknown, size: number): Int32Array {
  const excluded = new Set(requireTokenList("exclude", exclude, size));
  if (excluded.size === size)
    throw new RangeError(`"exclude" expected to leave a token to draw, got all ${size}`);
  return Int32Array.from({ length: size }, (_, token) => token).filter((token) => !excluded.has(token));
}

function requireFinite(outputs: Float32Array): void {
  let token = 0;
  while (token < outputs.length && Number.isFinite(outputs[token])) token++;
  if (token === outputs.length) return;
  throw new InvalidStateError(
    `the network's outputs are not finite (${outputs[token]} for token ${token}): its parameters or the session's state diverged`,
  );
}

/** Returns the place of the largest, the first of equals. */
function largest(logits: Float32Array): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  return best;
}

/** Chooses tokens by their logits, in memory that is taken once, and given back by `release`. Within it, tokens are places in the list of candidates. */
class Chooser {
  private readonly choice: Choice;
  private readonly random: Random;
  /** [O] of the network. */
  private readonly outputs: Float32Array;
  private readonly candidates: Int32Array;
  /** Outputs of the candidates. */
  private readonly logits: Float32Array;
  private readonly probabilities: Float32Array;
  private readonly softmax: SoftmaxRow;
  /** The first `count` entries are the tokens to draw from. */
  private readonly kept: Int32Array;
  /** A heap of all other tokens: no child (2i + 1, 2i + 2) is likelier than its parent. */
  private readonly heap: Int32Array;

  /** Takes the array that holds the outputs whenever `choose` is called, and the tokens that may be chosen. */
  constructor(outputs: Float32Array, candidates: Int32Array, choice: Choice, random: Random) {
    this.outputs = outputs;
    this.candidates = candidates;
    this.choice = choice;
    this.random = random;
    this.logits = new Float32Array(candidates.length);
    this.probabilities = new Float32Array(candidates.length);
    this.kept = Int32Array.from(candidates.keys());
    this.heap = new Int32Array(candidates.length);
    this.softmax = new SoftmaxRow(candidates.length);
  }

  /** Gives its memory back. */
  release(): void {
    this.softmax.release();
  }

  /** Draws a candidate, each as likely as the others. */
  chooseAny(): number {
    return this.candidates[this.random.integer(this.candidates.length)];
  }

  /** Throws an InvalidStateError if an output is not finite. */
  choose(): number {
    const { outputs, candidates, logits } = this;
    requireFinite(outputs);
    for (let i = 0; i < candidates.length; i++) logits[i] = outputs[candidates[i]];
    return candidates[this.choosePlace()];
  }

  private choosePlace(): number {
    const { logits, probabilities } = this;
    const { temperature, topK, topP } = this.choice;
    const best = largest(logits);
    if (temperature === 0) return best;
    // The largest logit becomes 0 before it is divided: however small the temperature, it stays 0.
    const most = logits[best];
    for (let token = 0; token < logits.length; token++) {
      probabilities[token] = (logits[token] - most) / temperature;
    }
    this.softmax.apply(probabilities);
    const all = topK >= logits.length && topP === 1;
    return this.draw(all ? logits.length : this.keepLikeliest());
  }

  /** Fills `kept` with the tokens to draw from, likeliest first, and returns their number. */
  private keepLikeliest(): number {
    const { kept, heap, probabilities } = this;
    const { topK, topP } = this.choice;
    const width = heap.length;
    const most = Math.min(topK, width);
    for (let i = 0; i < width; i++) heap[i] = i;
    for (let i = width >> 1; i >= 0; i--) this.sink(i, width);
    let total = 0;
    let taken = 0;
    if (most < width) {
      for (; taken < most; taken++) total += probabilities[this.take(taken)];
    } else for (const p of probabilities) total += p;
    let count = 0;
    for (let sum = 0; count < most && sum < topP * total; count++) {
      if (count === taken) this.take(taken++);
      sum += probabilities[kept[count]];
    }
    return count;
  }

  /** Moves the heap's first token to `kept`, after the `taken` tokens that are there, and returns it. */
  private take(taken: number): number {
    const { kept, heap } = this;
    const left = heap.length - taken - 1;
    kept[taken] = heap[0];
    heap[0] = heap[left];
    this.sink(0, left);
    return kept[taken];
  }

  /** Restores a heap of `length` tokens in which only the one at `at` may stand too high. */
  private sink(at: number, length: number): void {
    const { heap } = this;
    for (;;) {
      let top = at;
      for (let child = 2 * at + 1; child <= 2 * at + 2 && child < length; child++) {
        if (this.likelier(heap[child], heap[top])) top = child;
      }
      if (top === at) return;
      [heap[at], heap[top]] = [heap[top], heap[at]];
      at = top;
    }
  }

  private likelier(a: number, b: number): boolean {
    const difference = this.logits[a] - this.logits[b];
    return difference > 0 || (difference === 0 && a < b);
  }

  /** Draws one of the first `count` tokens of `kept` by their probabilities. */
  private draw(count: number): number {
    const { kept, probabilities } = this;
    let total = 0;
    for (let i = 0; i < count; i++) total += probabilities[kept[i]];
    // uniform() is at most 1 − 2^-53, so the product stays below the total that a sum in this order reaches.
    const target = this.random.uniform() * total;
    let at = 0;
    for (let sum = probabilities[kept[0]]; sum <= target; sum += probabilities[kept[at]]) at++;
    return kept[at];
  }
}

/**
 * Returns `length` new tokens from a session of batch 1, whose network has an output for every token: each is
 * drawn from softmax(outputs / temperature), among the tokens that exclude, topK and topP leave. The session runs on
 * from its state: it steps through `prime` if there is one, and through every new token but the last, which
 * may be the next call's prime. Without prime the first token is drawn uniformly.
 *
 * Throws a TypeError or RangeError for a wrong argument, an InvalidStateError for outputs that are not
 * finite, and an OutOfMemoryError when there is no room for the tokens; the session's state is then as it
 * was.
 */
export function sample(session: Session, options: SampleOptions): Int32Array {
  const { inputSize } = requireSession(session).network.options;
  const given = requireOptions("options", options, [
    "length",
    "prime",
    "temperature",
    "topK",
    "topP",
    "exclude",
    "seed",
  ]);
  const { prime: first = [], exclude = [], seed = 0 } = given;
  const length = requireInteger("length", given.length, 0);
  const prime = requireTokenList("prime", first, inputSize);
  const random = new Random(requireInteger("seed", seed, Number.MIN_SAFE_INTEGER));
  const outputs = new Float32Array(inputSize);
  const candidates = requireCandidates(exclude, inputSize);
  const choice = requireChoice(given);
  const tokens = createTokens(length);
  const before = session.state;
  const chooser = new Chooser(outputs, candidates, choice, random);
  try {
    for (const token of prime) session.step(token, outputs);
    for (let at = 0; at < length; at++) {
      if (at > 0) session.step(tokens[at - 1], outputs);
      tokens[at] = at === 0 && prime.length === 0 ? chooser.chooseAny() : chooser.choose();
    }
  } catch (error) {
    session.state = before;
    throw error;
  } finally {
    chooser.release();
  }
  return tokens;
}
