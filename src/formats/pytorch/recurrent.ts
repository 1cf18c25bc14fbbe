/** Tells what an nn.RNN, nn.GRU or nn.LSTM is by its tensors. */

import { FormatError } from "../../errors.js";
import { cells } from "../../network/cells/by-name.js";
import type { Cell } from "../../network/types.js";
import { describeTensor, quoteName } from "../float-tensors.js";
import { findModule, list, quotePrefix, type RecurrentModule, type RecurrentTensors } from "./modules.js";

/** The cells that PyTorch has as layers; of an nn.RNN the first, unless the caller says the second. */
export const pytorchCells = ["elman", "elman-relu", "gru", "lstm"] as const satisfies readonly Cell[];

export type PyTorchCell = (typeof pytorchCells)[number];

/** A recurrent module's sizes. */
export interface RecurrentSizes {
  readonly cell: PyTorchCell;
  /** Width of what it reads. */
  readonly width: number;
  readonly hiddenSize: number;
  readonly layers: number;
  readonly bidirectional: boolean;
}

const gatesOf = (cell: PyTorchCell): number => cells[cell].gates.length;

function moduleOf({ prefix, list }: RecurrentTensors): RecurrentModule {
  return { prefix, tensors: new Map(list.map((tensor) => [tensor.name.slice(prefix.length), tensor])) };
}

/** Returns the module that the option names, or the only one; throws a FormatError that names all. */
export function chooseRecurrent(
  modules: readonly RecurrentTensors[],
  rnn: string | undefined,
): RecurrentModule {
  if (rnn !== undefined) return moduleOf(findModule("rnn", modules, rnn));
  const [first] = modules;
  if (modules.length === 1) return moduleOf(first);
  const names = list(modules.map(quotePrefix));
  throw new FormatError(
    `expected tensors of one nn.RNN, nn.GRU or nn.LSTM, got ${names}` +
      (modules.length > 1 ? `: "options.rnn" chooses` : `, no weight_ih_l0`),
  );
}

/** Returns the rows and columns of a weight that every such module has; throws a FormatError unless both are above 0. */
function sizesOf(
  { prefix, tensors }: RecurrentModule,
  name: string,
  expected: string,
): { rows: number; columns: number } {
  const tensor = tensors.get(name);
  const [rows, columns] = tensor?.shape ?? [];
  if (tensor?.shape.length === 2 && rows > 0 && columns > 0) return { rows, columns };
  throw new FormatError(
    `tensor ${quoteName(prefix + name)} expected ${expected}, got ${describeTensor(tensor)}`,
  );
}

function requireCell(module: RecurrentModule, wanted: PyTorchCell | undefined): PyTorchCell {
  const { rows, columns } = sizesOf(module, "weight_hh_l0", "[G*H, H]");
  const fitting = pytorchCells.filter((cell) => gatesOf(cell) * columns === rows);
  const place = `tensor ${quoteName(`${module.prefix}weight_hh_l0`)}`;
  if (fitting.length === 0) {
    const counts = [...new Set(pytorchCells.map(gatesOf))].map((count) => `[${count * columns}, ${columns}]`);
    throw new FormatError(`${place} expected ${counts.join(" or ")}, got [${rows}, ${columns}]`);
  }
  if (wanted === undefined) return fitting[0];
  if (fitting.includes(wanted)) return wanted;
  throw new FormatError(
    `"options.cell" expected ${fitting.map((cell) => JSON.stringify(cell)).join(" or ")}, got "${wanted}": ${place} is [${rows}, ${columns}]`,
  );
}

/** Returns the number of layers; throws a FormatError for one that is missing below another. */
function countLayers({ prefix, tensors }: RecurrentModule): number {
  let highest = "";
  let layers = 0;
  for (const name of tensors.keys()) {
    const layer = Number(/_l(\d+)/.exec(name)?.[1]);
    if (layer < layers) continue;
    layers = layer + 1;
    highest = name;
  }
  // A file of few tensors may name a layer of any number: the first that is missing ends it.
  for (let layer = 0; layer < layers; layer++) {
    const name = `weight_ih_l${layer}`;
    if (tensors.has(name)) continue;
    throw new FormatError(
      `tensor ${quoteName(prefix + name)} expected one below ${quoteName(prefix + highest)}, got none`,
    );
  }
  return layers;
}

/**
 * Returns what the module is; the shapes of its other tensors follow from that, and are not looked at. Throws a FormatError that
 * names the tensor.
 */
export function readSizes(module: RecurrentModule, wanted: PyTorchCell | undefined): RecurrentSizes {
  const names = [...module.tensors.keys()];
  const projection = names.find((name) => name.startsWith("weight_hr"));
  if (projection !== undefined) {
    throw new FormatError(
      `tensor ${quoteName(module.prefix + projection)} expected none: networks have no projection (proj_size)`,
    );
  }
  return {
    cell: requireCell(module, wanted),
    width: sizesOf(module, "weight_ih_l0", "[G*H, I]").columns,
    hiddenSize: sizesOf(module, "weight_hh_l0", "[G*H, H]").columns,
    layers: countLayers(module),
    bidirectional: names.some((name) => name.endsWith("_reverse")),
  };
}
