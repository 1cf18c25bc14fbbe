/** A worker file of a caller's own, with functions that cannot be sent. */

import "../../src/wasm/inlined.js";
import { createLearner } from "../../src/learn/learner.js";
import { sgd } from "../../src/optimize/sgd.js";
import { serveNetworks } from "../../src/worker/serve-networks.js";
import { constantWindows, halving, halvedSquares, wholeWindows } from "./own-functions.js";

serveNetworks({
  losses: {
    halvedSquares: (scale) => halvedSquares(Number(scale)),
    exits: () => () => process.exit(3),
  },
  schedules: { halving: (first) => halving(Number(first)) },
  optimizers: { plain: (learningRate) => sgd({ learningRate: Number(learningRate) }) },
  learners: { whole: () => createLearner("whole", wholeWindows) },
  data: {
    constants: (count) => constantWindows(Number(count)),
    never: () => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }),
    }),
    throwsLater: () => {
      setTimeout(() => {
        throw new Error("thrown in the worker");
      });
      return [];
    },
  },
});
