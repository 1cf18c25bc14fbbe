/** Runs `bptt import`: makes a model of a PyTorch state dict, or of an ONNX graph. */

import { cellNames, saveNetwork, type Network } from "../../index.js";
import { choice, type Arguments, type Command } from "../arguments.js";
import { Failure } from "../failure.js";
import { countParameters } from "../fit/fit.js";
import { grouped, size } from "../format.js";
import { ownName, quoted } from "../invocation.js";
import { readBytes } from "../read-file.js";
import { requireWritable, saveFile } from "../save-file.js";
import type { Output } from "../screen.js";
import { readNotes } from "./notes.js";
import { originOf, readAnyModel, type ModelOrigin, type PyTorchOptions } from "./read-model.js";

const pytorchNames = ["cell", "rnn", "head", "no-head", "embedding", "no-embedding", "output"] as const;

type Name = (typeof pytorchNames)[number] | "out" | "notes" | "half" | "json";

export const importCommand: Command<Name> = {
  name: "import",
  operands: ["<file>"],
  summary:
    "Makes a model of bptt of a network that PyTorch or ONNX has: of a state dict as a safetensors file, with one nn.RNN,\n" +
    "nn.GRU or nn.LSTM, an nn.Linear behind it and an nn.Embedding before it if there are any, whatever their names; or of\n" +
    "an .onnx file of PyTorch's exporter, of tf2onnx, or of bptt export. What the file is, is told by its contents.",
  options: {
    out: { value: "<file>", help: "where to save the model; it must be given" },
    cell: {
      value: "<name>",
      help: "PyTorch: elman-relu where an nn.RNN has that nonlinearity, which no state dict tells",
    },
    rnn: { value: "<name>", help: "PyTorch: the recurrent module, where there are several" },
    head: { value: "<name>", help: "PyTorch: the linear module, where several could be it" },
    "no-head": { help: "PyTorch: without one: the outputs are the states" },
    embedding: { value: "<name>", help: "PyTorch: the embedding, where several could be it" },
    "no-embedding": { help: "PyTorch: without one" },
    output: {
      value: "<kind>",
      help: "PyTorch: step, or sequence where the head reads the final states (step)",
    },
    notes: {
      value: "<file>",
      help: 'notes for the model, JSON: those of bptt export, or of your own, such as {"vocabulary": " abc"} for bptt sample',
    },
    half: { help: "saves in half the size, with numbers of 16 bits" },
    json: { help: "prints what was made as JSON" },
  },
  examples: [
    "bptt import state-dict.safetensors --out model.safetensors",
    "bptt import state-dict.safetensors --head decoder --notes notes.json --out model.safetensors",
    "bptt import model.onnx --out model.safetensors --half",
  ],
};

export interface ImportPlan {
  readonly path: string;
  readonly out: string;
  readonly options: PyTorchOptions;
  /** The first option that only PyTorch's files have. */
  readonly onlyPyTorch: string | undefined;
  readonly notes: string | undefined;
  readonly half: boolean;
  readonly json: boolean;
}

/** Returns a module's name; null: there is none; undefined: it is to be found. Throws a Failure. */
function moduleOf(given: Arguments<Name>["given"], name: "head" | "embedding"): string | null | undefined {
  if (given[`no-${name}`] === undefined) return given[name];
  if (given[name] !== undefined) throw new Failure(`--${name} and --no-${name} contradict each other`);
  return null;
}

/** Reads what was asked for. Throws a Failure. */
export function readImportPlan({ operands: [path], given }: Arguments<Name>): ImportPlan {
  if (given.out === undefined) throw new Failure("--out is missing: --out <file>");
  const cell = given.cell === undefined ? undefined : choice("cell", given.cell, cellNames);
  const output =
    given.output === undefined ? undefined : choice("output", given.output, ["step", "sequence"]);
  const head = moduleOf(given, "head");
  const embedding = moduleOf(given, "embedding");
  const { rnn } = given;
  return {
    path,
    out: given.out,
    options: {
      ...(cell !== undefined && { cell }),
      ...(rnn !== undefined && { rnn }),
      ...(head !== undefined && { head }),
      ...(embedding !== undefined && { embedding }),
      ...(output !== undefined && { output }),
    },
    onlyPyTorch: pytorchNames.find((name) => given[name] !== undefined),
    notes: given.notes,
    half: given.half !== undefined,
    json: given.json !== undefined,
  };
}

function requireForeign({ path, onlyPyTorch }: ImportPlan, bytes: Uint8Array): ModelOrigin {
  const origin = originOf(path, bytes);
  if (origin === "bptt") throw new Failure(`${path} is a model of bptt already`);
  if (origin === "ONNX" && onlyPyTorch !== undefined)
    throw new Failure(
      `--${onlyPyTorch} is for files of PyTorch, and ${path} is none: an ONNX graph says it all`,
    );
  return origin;
}

/** Returns the model's file. Throws a Failure for numbers that do not fit, or notes that cannot be. */
function encode(network: Network, { path, half }: ImportPlan, notes: Record<string, string>): Uint8Array {
  try {
    return saveNetwork(network, notes, { dtype: half ? "F16" : "F32" });
  } catch (error) {
    if (error instanceof RangeError) throw new Failure(`${path} cannot be saved: ${error.message}`);
    throw error;
  }
}

/** Makes the model, saves it, and says what it is. Throws a Failure. */
export async function runImport(plan: ImportPlan, output: Output): Promise<void> {
  const { path, out } = plan;
  const bytes = await readBytes(path);
  const origin = requireForeign(plan, bytes);
  const notes = plan.notes === undefined ? {} : await readNotes(plan.notes);
  using network = readAnyModel(path, bytes, plan.options);
  await requireWritable(out, path);
  if (plan.notes !== undefined) await requireWritable(out, plan.notes);
  const file = encode(network, plan, notes);
  await saveFile(out, file);
  const { options } = network;
  if (plan.json) {
    output.write(
      `${JSON.stringify({ file: out, bytes: file.length, origin, options, parameters: countParameters(network) })}\n`,
    );
    return;
  }
  output.write(
    `${path}, of ${origin}: ${network.summary().split(";", 1)[0]}\n` +
      `${out}: ${size(file.length)}, ${grouped(countParameters(network))} parameters\n` +
      `What it is: ${ownName()} info ${quoted(out)}\n`,
  );
}
