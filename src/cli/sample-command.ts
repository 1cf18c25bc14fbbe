/** Runs `bptt sample`. */

import { CharVocabulary, sample, type Vocabulary } from "../index.js";
import { decimalNumber, wholeNumber, type Arguments, type Command } from "./arguments.js";
import { Failure } from "./failure.js";
import { loadModel, type TextModel } from "./load-model.js";
import { readBytes } from "./read-file.js";
import type { Output } from "./screen.js";
import { decoderOf, drawn } from "./text-vocabulary.js";
import { onThreads, readThreads } from "./threads.js";

type Name = "length" | "temperature" | "top-k" | "top-p" | "prime" | "seed" | "threads";

export const sampleCommand: Command<Name> = {
  name: "sample",
  operands: ["<model>"],
  summary: "Writes text with a network that bptt train saved. Only the text goes to the output.",
  options: {
    length: { value: "<n>", help: "characters to write, or words or bytes where the model has those (400)" },
    temperature: {
      value: "<x>",
      help: "how bold (0.8): 1 as it learned, less is safer, 0 always the likeliest",
    },
    "top-k": { value: "<n>", help: "draws among the n likeliest only" },
    "top-p": { value: "<x>", help: "draws among the likeliest that together have this probability only" },
    prime: {
      value: "<text>",
      help: "the text to go on from; it is printed first. Words that the model does not know are one to it",
    },
    seed: { value: "<n>", help: "another seed writes another text (0)" },
    threads: {
      value: "<n>",
      help: "cores that share the network's work (1): pays from some 512 units a layer on. The text is the same",
    },
  },
  examples: [
    "bptt sample notes.safetensors",
    'bptt sample notes.safetensors --prime "The " --temperature 0.5 --length 1000',
  ],
};

/** Tokens drawn at a time, before they are written. */
const PART = 1000;

export interface SamplePlan {
  readonly path: string;
  readonly length: number;
  readonly temperature: number;
  readonly topK: number | undefined;
  readonly topP: number | undefined;
  readonly prime: string;
  readonly seed: number;
  readonly threads: number;
}

export function readSamplePlan({ operands: [path], given }: Arguments<Name>): SamplePlan {
  return {
    path,
    length: wholeNumber("length", given.length, 0, 400),
    temperature: decimalNumber("temperature", given.temperature, "of at least 0", (x) => x >= 0, 0.8),
    topK: wholeNumber("top-k", given["top-k"], 1, undefined),
    topP: decimalNumber("top-p", given["top-p"], "above 0 and at most 1", (x) => x > 0 && x <= 1, undefined),
    prime: given.prime ?? "",
    seed: wholeNumber("seed", given.seed, Number.MIN_SAFE_INTEGER, 0),
    threads: readThreads(given.threads),
  };
}

/** Returns the tokens of the text to go on from, and the text as it is printed. Throws a Failure. */
function encodePrime(vocabulary: Vocabulary, prime: string): { tokens: Int32Array; text: string } {
  try {
    const tokens = vocabulary.encode(prime);
    if (tokens.at(-1) !== vocabulary.unknown || !prime.endsWith(" ")) return { tokens, text: prime };
    // Blanks between words go without saying: at the end they would be an unknown word.
    const text = prime.replace(/ +$/, "");
    return { tokens: vocabulary.encode(text), text };
  } catch (error) {
    if (!(vocabulary instanceof CharVocabulary)) throw error;
    const stranger = Array.from(prime).find((character) => !vocabulary.characters.includes(character));
    if (!(error instanceof RangeError) || stranger === undefined) throw error;
    throw new Failure(`--prime has ${JSON.stringify(stranger)}, which the model's text never had`);
  }
}

/** Writes text with a saved network while `open` says that someone still reads. Throws a Failure. */
export async function runSample(plan: SamplePlan, output: Output, open: () => boolean): Promise<void> {
  const bytes = await readBytes(plan.path);
  await onThreads(plan.threads, (threads) =>
    writeText(plan, loadModel(plan.path, bytes, { threads }), output, open),
  );
}

async function writeText(
  plan: SamplePlan,
  { network, vocabulary }: TextModel,
  output: Output,
  open: () => boolean,
): Promise<void> {
  const { tokens: first, text } = encodePrime(vocabulary, plan.prime);
  const decode = decoderOf(vocabulary);
  decode(first);
  using session = network.session();
  output.write(text);
  let prime = first;
  for (let left = plan.length, part = 0; left > 0 && open(); left -= PART, part++) {
    const tokens = sample(session, {
      length: Math.min(left, PART),
      prime,
      ...drawn(vocabulary),
      temperature: plan.temperature,
      seed: plan.seed + part,
      ...(plan.topK === undefined ? {} : { topK: plan.topK }),
      ...(plan.topP === undefined ? {} : { topP: plan.topP }),
    });
    output.write(decode(tokens));
    // The session has read all but the last token: the next part goes on from it.
    prime = tokens.slice(-1);
    await new Promise(setImmediate); // for the output, and for Ctrl-C
  }
  if (output.isTTY === true) output.write("\n");
  network.dispose();
}
