import { describe, expect, it } from "vitest";
import { cellNames, cells } from "../../../src/network/cells/by-name.js";
import { tbptt } from "../../../src/learn/back/tbptt.js";
import { createNetwork } from "../../../src/network/create-network.js";
import type { State } from "../../../src/network/types.js";
import { builds } from "../../builds.js";
import { normalizableCells } from "../../network/kinds.js";
import { relativeError } from "../../oracle/compare.js";
import { problemsOf } from "../../oracle/learning/network-problem.js";
import { tbptt as oracleTbptt } from "../../oracle/learning/truncated.js";
import { modelOf } from "../../oracle/model.js";
import { cutWhole } from "../cuts.js";
import { BATCH, carried, WIDTH } from "../recompute/plans.js";
import { learn, still, TOLERANCE } from "../taken.js";

const networks = [
  ...cellNames.map((cell) => ({ cell, layerNorm: false })),
  ...normalizableCells.map((cell) => ({ cell, layerNorm: true })),
];
const cases = networks.flatMap((cell) => [
  { ...cell, layers: 1, embeddingSize: 0, inputs: "values" as const, targets: "values" as const },
  { ...cell, layers: 2, embeddingSize: 0, inputs: "tokens" as const, targets: "classes" as const },
  { ...cell, layers: 1, embeddingSize: 4, inputs: "tokens" as const, targets: "gradient" as const },
]);

describe.each(builds)("every gradient is the float64 oracle's, %s build", (build) => {
  describe.each(cases)(
    "$cell, layerNorm $layerNorm, $layers layers, $inputs to $targets",
    ({ inputs, targets, ...network }) => {
      const options = { inputSize: WIDTH, hiddenSize: 5, outputSize: WIDTH, seed: 2, ...network };
      const spans = [
        { k1: 1, k2: 1 },
        { k1: 1, k2: 2 },
        { k1: 1, k2: 7 },
        { k1: 2, k2: 3 },
        { k1: 3, k2: 6 },
        { k1: 4, k2: 7 },
        { k1: 5, k2: 6 },
        { k1: 3, k2: 12 },
        { k1: 4, k2: 100 },
        { k1: 100, k2: 200 },
      ];
      it.each(spans)("k1 = $k1, k2 = $k2", (span) => {
        const T = 11;
        const [window] = carried([T], { inputs, targets });
        const learning = createNetwork(options, { build });
        const h = Float32Array.from({ length: network.layers * BATCH * 5 }, (_, i) => ((i % 7) - 3) / 4);
        const state: State = cells[network.cell].hasCellState ? { h, c: h.map((x) => -x) } : { h };
        const problems = problemsOf(modelOf(learning), window.inputs, window.targets, {
          reduction: "sum",
          state,
        });
        const expected = problems.map((problem) => [...oracleTbptt(span)(problem)]);
        for (const lengths of [[T], [4, 3, 4], [1, 1, 9], [6, 5]]) {
          const windows = cutWhole(window, lengths);
          const taken = learn(
            createNetwork(options, { build }),
            tbptt(span),
            windows,
            { reduction: "sum", state },
            still,
          );
          expect(taken).toHaveLength(expected[0].length);
          taken.forEach(({ gradients }, i) => {
            const sum = expected[0][i].map((x, j) =>
              expected.slice(1).reduce((total, each) => total + each[i][j], x),
            );
            expect(relativeError(gradients, sum)).toBeLessThan(TOLERANCE);
          });
        }
        learning.dispose();
      });
    },
  );
});
