/** Describes a network in a few lines of text. */

import { outputWidth } from "./sizes.js";
import type { Network, Parameter } from "./types.js";

/** The most parameters that are listed one by one; a network of more has many layers that are alike. */
const MOST_LISTED = 40;

/** Returns a count with its noun: `1 layer`, `2 layers`. */
function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** Returns an integer with its digits in groups of three: 12,345. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

function sizeOf({ shape }: Parameter): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Returns the rows with their columns aligned; numbers stand to the right. */
function aligned(rows: readonly (readonly [string, string, string, string])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column].length));
  const [name, shape, size] = [width(0), width(1), width(2)];
  return rows.map((row) =>
    `  ${row[0].padEnd(name)}  ${row[1].padEnd(shape)}  ${row[2].padStart(size)}  ${row[3]}`.trimEnd(),
  );
}

/** Returns the first line: what kind of network it is, and its sizes. */
function headline({ options, build }: Network): string {
  const {
    cell,
    inputSize,
    embeddingSize,
    layers,
    hiddenSize,
    bidirectional,
    layerNorm,
    dropout,
    output,
    outputSize,
  } = options;
  const parts = [
    counted(inputSize, "input"),
    ...(embeddingSize > 0 ? [`embedded in ${grouped(embeddingSize)}`] : []),
    `${counted(layers, "layer")} of ${counted(hiddenSize, "unit")}${bidirectional ? " in both directions" : ""}`,
    ...(layerNorm ? ["layer normalisation"] : []),
    ...(dropout > 0 ? [`dropout ${dropout}`] : []),
    ...(output === "sequence" ? ["read at each sequence's end"] : []),
    outputSize > 0 ? counted(outputSize, "output") : `no head: ${counted(outputWidth(options), "output")}`,
  ];
  return `${cell} network: ${parts.join(", ")}; ${build} kernels`;
}

/** Returns a network's kind, sizes, parameters and bytes, for people to read. */
export function summarize(network: Network): string {
  const { parameters } = network;
  const rows = parameters.map(
    (parameter) =>
      [
        parameter.name,
        `[${parameter.shape.join(", ")}]`,
        grouped(sizeOf(parameter)),
        parameter.trainable ? "" : "not trainable",
      ] as const,
  );
  const listed = rows.length > MOST_LISTED ? rows.slice(0, MOST_LISTED / 2) : rows;
  const last = rows.length > MOST_LISTED ? rows.slice(-MOST_LISTED / 2) : [];
  const lines = aligned([...listed, ...last]);
  if (last.length > 0) lines.splice(listed.length, 0, `  … ${grouped(rows.length - MOST_LISTED)} more`);
  const count = parameters.reduce((sum, parameter) => sum + sizeOf(parameter), 0);
  const fixed = parameters.reduce((sum, one) => sum + (one.trainable ? 0 : sizeOf(one)), 0);
  const frozen = fixed > 0 ? `, ${grouped(fixed)} of them not trainable` : "";
  return [
    headline(network),
    ...lines,
    `${counted(count, "parameter")}${frozen}; ${counted(4 * count, "byte")}, and as many for their gradients`,
  ].join("\n");
}
