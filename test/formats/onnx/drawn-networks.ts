/** Networks of every kind, drawn by fast-check, and what goes in. */

import fc from "fast-check";
import type { ToOnnxOptions } from "../../../src/formats/onnx/to-onnx.js";
import { cellNames, cells } from "../../../src/network/cells/by-name.js";
import type { CellDefinition } from "../../../src/network/cells/cell.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { Network, NetworkOptions } from "../../../src/network/types.js";
import { Random } from "../../../src/random.js";
import { drawGains } from "../../network/kinds.js";

export interface DrawnExport {
  readonly options: NetworkOptions;
  readonly exported: ToOnnxOptions;
  /** What the file takes. */
  readonly kind: "tokens" | "values";
  /** T and B of two windows. */
  readonly shapes: readonly (readonly [number, number])[];
  /** Of what goes in. */
  readonly seed: number;
}

const size = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
const shape = fc.tuple(size(12), size(5));

/** Without those that have no layer normalisation, for a network that has. */
function cellsFor(layerNorm: boolean) {
  const fits = (cell: CellDefinition): boolean => !layerNorm || cell.normalized !== undefined;
  return cellNames.filter((name) => fits(cells[name]));
}

/** What a file takes of which nothing is said. */
function kindOf({ embeddingSize = 0 }: NetworkOptions, { input }: ToOnnxOptions): "tokens" | "values" {
  return input ?? (embeddingSize > 0 ? "tokens" : "values");
}

export const drawnExport: fc.Arbitrary<DrawnExport> = fc
  .record({
    layerNorm: fc.boolean(),
    inputSize: size(9),
    hiddenSize: size(17),
    outputSize: fc.oneof(fc.constant(0), size(9)),
    layers: size(3),
    bidirectional: fc.boolean(),
    output: fc.constantFrom("step", "sequence"),
    embeddingSize: fc.constantFrom(0, 0, 1, 6),
    seed: fc.nat(),
  })
  .chain((options) =>
    fc.record({
      options: fc.constantFrom(...cellsFor(options.layerNorm)).map((cell) => ({ ...options, cell })),
      exported: fc.record(
        {
          softmax: fc.boolean(),
          input: options.embeddingSize > 0 ? fc.constant("tokens") : fc.constantFrom("tokens", "values"),
        },
        { requiredKeys: [] },
      ),
      shapes: fc.tuple(shape, shape),
      seed: fc.nat(),
    }),
  )
  .map((drawn) => ({ ...drawn, kind: kindOf(drawn.options, drawn.exported) }));

/** Returns the network; gains of layer normalisation, which begin as ones, differ from unit to unit. */
export function networkOf(options: NetworkOptions): Network {
  const network = createNetwork(options);
  drawGains(network, new Random(options.seed ?? 0, 5));
  return network;
}
