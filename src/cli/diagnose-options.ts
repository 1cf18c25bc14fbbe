/** Defines the options of `bptt diagnose` and checks them. */

import type { Build } from "../index.js";
import { choice, decimalNumber, wholeNumber, type Arguments, type Command } from "./arguments.js";

type Name =
  "window" | "batch" | "losses" | "tolerance" | "seed" | "build" | "compare" | "draws" | "json" | "ascii";

export const diagnoseCommand: Command<Name> = {
  name: "diagnose",
  operands: ["<model>", "<text>"],
  summary:
    "Shows how the errors of a network that bptt train saved travel back through a text: how large the gradient still is\n" +
    "so many tokens (characters, words or bytes) before the error (on a logarithmic axis), how fast it falls, how many units are saturated and let\n" +
    "none through, and the shortest truncation, --k1 and --k2 of bptt train, whose gradient is off by no more than you\n" +
    "tolerate. Errors that fall within a few tokens mean that training cannot learn what lies further apart.",
  options: {
    window: {
      value: "<n>",
      help: "tokens of each excerpt (128); a few times as many as the memory you look for",
    },
    batch: { value: "<n>", help: "excerpts, evenly spread over the text (16)" },
    tolerance: { value: "<x>", help: "relative bias of the gradient that a truncation may have (0.1)" },
    losses: { value: "<n>", help: "tokens of each excerpt whose errors are followed, at most (16)" },
    seed: { value: "<n>", help: "of which those are, and of rules that draw (0)" },
    compare: {
      help: "also measures learning rules against the full gradient: bias, noise, cosine, time, memory",
    },
    draws: {
      value: "<n>",
      help: "with --compare: gradients of each rule that draws (8), fewer where they take long",
    },
    build: { value: "<name>", help: "auto, simd, relaxed-simd or wide kernels (auto)" },
    json: { help: "prints the figures as JSON instead" },
    ascii: { help: "draws with ASCII alone, as it does where the terminal has no more" },
  },
  examples: [
    "bptt diagnose notes.safetensors notes.txt",
    "bptt diagnose notes.safetensors notes.txt --window 400 --tolerance 0.05 --compare",
  ],
};

export interface DiagnosePlan {
  readonly model: string;
  readonly text: string;
  readonly window: number;
  readonly batch: number;
  readonly losses: number;
  readonly tolerance: number;
  readonly seed: number;
  readonly build: "auto" | Build;
  /** Number of gradients of each rule that draws; undefined without a comparison. */
  readonly draws: number | undefined;
  readonly json: boolean;
  readonly ascii: boolean;
}

/** Returns the checked options. Throws a Failure that names the option. */
export function readDiagnosePlan({ operands: [model, text], given }: Arguments<Name>): DiagnosePlan {
  const draws = wholeNumber("draws", given.draws, 2, 8);
  return {
    model,
    text,
    window: wholeNumber("window", given.window, 2, 128),
    batch: wholeNumber("batch", given.batch, 1, 16),
    losses: wholeNumber("losses", given.losses, 1, 16),
    tolerance: decimalNumber("tolerance", given.tolerance, "above 0", (x) => x > 0, 0.1),
    seed: wholeNumber("seed", given.seed, Number.MIN_SAFE_INTEGER, 0),
    build: choice("build", given.build, ["auto", "simd", "relaxed-simd", "wide"], "auto"),
    draws: given.compare === undefined ? undefined : draws,
    json: given.json !== undefined,
    ascii: given.ascii !== undefined,
  };
}
