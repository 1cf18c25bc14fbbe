import type { Limit } from "./fit/limit.js";

/**
 * What `bptt train` does unless it is told otherwise, as it would be typed: `npm run bench -- defaults` measures it beside others.
 * Short windows make more updates of the same time, and the state is carried over. What is not here follows from the text.
 */
export const textDefaults = {
  cell: "gru",
  hidden: "192",
  embedding: "0",
  batch: "16",
  window: "32",
  schedule: "cosine",
  "warm-up": "0.02",
  clip: "1",
  minutes: "5",
  patience: "8",
  seed: "0",
  build: "auto",
  checkpoint: "30",
} as const;

/**
 * What it does with --words, as `npm run bench -- words` measures it against n-grams. Thousands of tokens make the output layer
 * most of the work: a better cell costs little, and a small batch makes more updates of a text.
 */
export const wordDefaults = {
  ...textDefaults,
  layers: "1",
  dropout: "0",
  hidden: "256",
  embedding: "160",
  batch: "8",
  window: "48",
  "learning-rate": "0.002",
} as const;

/** What is known of a text before it is trained on. */
export interface TextLength {
  readonly characters: number;
  /** Updates in an epoch. */
  readonly updates: number;
}

/**
 * Epochs, or updates of a short text, in which it is learned: in more it is learned by heart, while the rate has hardly fallen.
 * Of TypeScript's lib.es5.d.ts, 219 kB, `bptt train lib.es5.d.ts --layers 2 --dropout 0.2 --steps 1500` holds 1.83 nats, with
 * `--steps 3000 --patience 0` 1.98.
 */
export const ENOUGH = { updates: 1500, epochs: 5 };

/** Epochs from which two layers with dropout write a text better than one, which learns it by heart. */
export const OFTEN = 3.5;

/** Characters that the deeper network reads in a minute (AMD EPYC, one core). */
const MINUTE = 1e6;

/** The network of a text that is read a few times, or not once. */
export const shallow = { layers: "1", dropout: "0", "learning-rate": "0.006" } as const;

/**
 * Of one that is read again and again. `bptt train lib.es5.d.ts --steps 1500 --seed 0`, and `--seed 1`, hold 1.81 nats; one layer,
 * `--layers 1 --steps 2000`, 1.99. At the rate 0.006, `--layers 2 --dropout 0.2 --steps 600`, the first 20 kB of it teach nothing
 * in 200 updates.
 */
export const deep = { layers: "2", dropout: "0.2", "learning-rate": "0.004" } as const;

/** Returns how many epochs end a training that has no limit of its own, as it would be typed. */
export function epochsFor({ updates }: TextLength): string {
  return String(Math.max(ENOUGH.epochs, Math.ceil(ENOUGH.updates / updates)));
}

/** Returns the network for the text, as it would be typed, when it is trained up to the limit. */
export function networkFor(
  { minutes = Infinity, steps = Infinity, epochs = Infinity }: Limit,
  { characters, updates }: TextLength,
): typeof shallow | typeof deep {
  const often = Math.min((minutes * MINUTE) / characters, steps / updates, epochs) >= OFTEN;
  return often ? deep : shallow;
}
