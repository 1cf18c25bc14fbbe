import type { Texts } from "./texts.js";

export const english: Texts = {
  language: "en",
  direction: "ltr",
  title: "Back-propagation through time, by hand",
  introduction:
    "A network of three units reads a word letter by letter and guesses each next letter. Go through it step by step: " +
    "forwards, then back through time, then with the way back cut short. Every number below is computed as you look.",
  otherLanguage: "فارسی",
  toPlayground: "Train a real network on a text",
  noEngine:
    "This browser has no WebAssembly SIMD, which the numbers on this page are computed with. Chrome 91, Firefox 89, Safari 16.4 " +
    "and everything newer have it.",
  wordLabel: "Word",
  wordHint: (longest) => `3 to ${longest} letters, at least two different ones`,
  strengthLabel: "Strength of W₂",
  strengthHint:
    "W₂ carries the state from step to step. Weak, and gradients vanish on their way back; strong, and units saturate.",
  backLabel: "Errors go back, in steps",
  backHint: "Truncated back-propagation: fewer steps cost less memory and time, and see less of the past.",
  previous: "Back",
  next: "Next",
  play: "Play",
  pause: "Pause",
  learn: "Learn once",
  renew: "New weights",
  diagram: "The network unrolled over time: letters below, three units, the guess above.",
  forwardHeading: (t, letter) => `Step ${t}, forwards: it reads “${letter}”`,
  forward: [
    "The letter picks one column of W₁; the state before comes through W₂; tanh keeps each unit between −1 and 1.",
    "From the three units the head makes a number for each letter, and softmax turns these into probabilities.",
  ],
  lossLine: (target, probability, loss) =>
    `The next letter is “${target}”. It was given a probability of ${probability}: a loss of −ln ${probability} = ${loss} nats.`,
  backwardHeading: (t) => `Step ${t}, backwards`,
  backward: [
    "How the loss would change with this state: directly, through this step's own guess, and by way of the later steps, whose errors came back through W₂.",
    "Through tanh it shrinks by 1 − h²: a unit near −1 or 1 passes almost nothing on. What is left goes into the gradients of W₁, W₂ and b, and through W₂ᵀ to the step before.",
  ],
  cutLine: (back) =>
    `The last loss goes back ${back} ${back === 1 ? "step" : "steps"}; arrows that it no longer takes are dashed.`,
  unit: "unit",
  truncationHeading: "What truncation costs",
  truncation:
    "The gradient with errors that go back only so far, against the whole one: the same direction is a cosine of 1, the same vector a difference of 0.",
  truncationLine: (back, cosine, difference) =>
    `${back} ${back === 1 ? "step" : "steps"} back: cosine ${cosine}, relative difference ${difference}`,
  lagHeading: "How far an error reaches",
  lagText:
    "The length of the last loss's gradient by the state so many steps earlier. Each step multiplies it by the same W₂ᵀ and by the slope of tanh: it shrinks, or grows, by a factor each.",
  lagAxis: "steps back",
  totalLoss: (loss) => `Loss over the word: ${loss} nats`,
  legend: { positive: "above 0", negative: "below 0" },
  count: String,
};
