/**
 * What `bptt train` does unless it is told otherwise, as it would be typed. In one minute on one core (AMD EPYC, relaxed SIMD) it
 * comes to 1.41 nats a character on TypeScript's declarations of the DOM and to 1.61 on tiny Shakespeare; an Elman network of 256,
 * batch 32, window 64, rate 0.002, comes to 1.94 on the former. Short windows make more updates of the same time, and the state
 * is carried over.
 */
export const textDefaults = {
  cell: "gru",
  layers: "1",
  hidden: "192",
  embedding: "0",
  dropout: "0",
  batch: "16",
  window: "32",
  "learning-rate": "0.006",
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
  cell: "gru",
  hidden: "256",
  embedding: "160",
  batch: "8",
  window: "48",
  "learning-rate": "0.002",
} as const;
