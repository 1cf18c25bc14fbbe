/** Runs `bptt export`: a saved network as PyTorch or ONNX Runtime read it. */

import { resolve } from "node:path";
import { readMetadata, toPyTorch, type Network } from "../../index.js";
import { toOnnx } from "../../formats/onnx/to-onnx.js";
import { choice, type Arguments, type Command } from "../arguments.js";
import { Failure } from "../failure.js";
import { size } from "../format.js";
import { readBytes } from "../read-file.js";
import { requireWritable, saveFile } from "../save-file.js";
import type { Output } from "../screen.js";
import { writeNotes } from "./notes.js";
import { originOf, readAnyModel } from "./read-model.js";

type Name = "to" | "out" | "softmax" | "input" | "rnn" | "head" | "embedding" | "notes" | "json";

export const exportCommand: Command<Name> = {
  name: "export",
  operands: ["<model>"],
  summary:
    "Writes a saved network for other programs. ONNX: a graph for ONNX Runtime and the like, with the states as inputs and\n" +
    "outputs, so that one file serves whole sequences and streams. PyTorch: the state dict as a safetensors file, for\n" +
    "load_state_dict of a module with an nn.RNN, nn.GRU or nn.LSTM, an nn.Linear and an nn.Embedding.",
  options: {
    to: { value: "<format>", help: "onnx or pytorch; it must be given" },
    out: { value: "<file>", help: "where to (the model's name with .onnx or .pytorch.safetensors, here)" },
    softmax: { help: "onnx: gives probabilities, and not logits" },
    input: {
      value: "<kind>",
      help: "onnx: tokens or values, of a network without an embedding (values); one-hot tokens or dense vectors",
    },
    rnn: { value: "<name>", help: "pytorch: the recurrent module's name (rnn)" },
    head: { value: "<name>", help: "pytorch: the linear module's name (head)" },
    embedding: { value: "<name>", help: "pytorch: the embedding's name (embedding)" },
    notes: {
      value: "<file>",
      help: "also writes what is noted in the model, such as its vocabulary, as JSON; bptt import takes it",
    },
    json: { help: "prints what was written as JSON" },
  },
  examples: [
    "bptt export notes.safetensors --to onnx --input tokens --softmax",
    "bptt export notes.safetensors --to pytorch --rnn lstm --head fc --notes notes.json",
  ],
};

const formats = ["onnx", "pytorch"] as const;
type Format = (typeof formats)[number];

/** Options that only one of the formats has. */
const own: Readonly<Record<Format, readonly Name[]>> = {
  onnx: ["softmax", "input"],
  pytorch: ["rnn", "head", "embedding"],
};

const endings: Readonly<Record<Format, string>> = { onnx: ".onnx", pytorch: ".pytorch.safetensors" };

export interface ExportPlan {
  readonly path: string;
  readonly to: Format;
  readonly out: string;
  readonly given: Arguments<Name>["given"];
}

/** Reads what was asked for. Throws a Failure. */
export function readExportPlan({ operands: [path], given }: Arguments<Name>): ExportPlan {
  if (given.to === undefined) throw new Failure("--to is missing: --to onnx or --to pytorch");
  const to = choice("to", given.to, formats);
  const foreign = formats.flatMap((format) => (format === to ? [] : own[format]));
  const wrong = foreign.find((name) => given[name] !== undefined);
  if (wrong !== undefined) throw new Failure(`--${wrong} has no meaning with --to ${to}`);
  const name = path.split(/[\\/]/).at(-1) ?? path;
  const out = given.out ?? `${name.replace(/\.safetensors$/, "")}${endings[to]}`;
  return { path, to, out, given };
}

function encode(network: Network, { to, given }: ExportPlan): Uint8Array {
  if (to === "pytorch") {
    const { rnn, head, embedding } = given;
    const names = Object.entries({ rnn, head, embedding }).filter(([, name]) => name !== undefined);
    return toPyTorch(network, Object.fromEntries(names));
  }
  const input = given.input === undefined ? undefined : choice("input", given.input, ["tokens", "values"]);
  return toOnnx(network, { softmax: given.softmax !== undefined, ...(input !== undefined && { input }) });
}

/** Returns the file. Throws a Failure for what the format does not have. */
function encodeChecked(network: Network, plan: ExportPlan): Uint8Array {
  try {
    return encode(network, plan);
  } catch (error) {
    if (error instanceof RangeError)
      throw new Failure(`${plan.path} cannot be written for ${plan.to}: ${error.message}`);
    throw error;
  }
}

/** Writes the file, and says so. Throws a Failure. */
export async function runExport(plan: ExportPlan, output: Output): Promise<void> {
  const { path, out, given } = plan;
  const bytes = await readBytes(path);
  if (originOf(path, bytes) !== "bptt")
    throw new Failure(`${path} is no model of bptt: bptt import makes one of it`);
  using network = readAnyModel(path, bytes);
  await requireWritable(out, path);
  if (given.notes !== undefined) {
    await requireWritable(given.notes, path, "notes");
    if (resolve(given.notes) === resolve(out))
      throw new Failure(`--notes and --out are the same file, ${out}: choose another name`);
  }
  const file = encodeChecked(network, plan);
  await saveFile(out, file);
  const notes = readMetadata(bytes);
  if (given.notes !== undefined) await writeNotes(given.notes, notes);
  if (given.json !== undefined) {
    output.write(
      `${JSON.stringify({ file: out, bytes: file.length, format: plan.to, notes: given.notes ?? null })}\n`,
    );
    return;
  }
  output.write(`${out}: ${size(file.length)}\n`);
  const names = Object.keys(notes);
  if (given.notes !== undefined)
    output.write(`${given.notes}: what is noted in the model (${names.join(", ") || "nothing"})\n`);
  else if (names.length > 0)
    output.write(
      `What is noted in the model is not in that file (${names.join(", ")}): --notes <file> keeps it.\n`,
    );
}
