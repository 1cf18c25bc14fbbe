/** What online rules, and artbp, make of a caller's loss, of blocks longer than windows, and of sequences that end early. */

import { describe, expect, it } from "vitest";
import { artbp } from "../../../src/learn/back/artbp.js";
import { bptt } from "../../../src/learn/back/bptt.js";
import type { Learner, LearnerRun, LossFunction } from "../../../src/learn/learner.js";
import { diagonalRtrl } from "../../../src/learn/online/diagonal-rtrl.js";
import { blockRtrl, rtrl } from "../../../src/learn/online/rtrl.js";
import { uoro } from "../../../src/learn/online/uoro.js";
import { engineFor } from "../../../src/memory/engine.js";
import { begin } from "../begin.js";
import { gradientBy, gradientOfRun, problemOf, relativeDistance } from "./problems.js";

/** Of sums over up to 20 steps: some dozens of roundings of 6e-8, relative to the whole gradient. */
const ROUNDING = 1e-5;

/** The mean of squares over all elements. */
const meanOfSquares: LossFunction = (outputs) => ({
  loss: outputs.reduce((sum, x) => sum + x * x, 0) / outputs.length,
  gradient: outputs.map((x) => (2 * x) / outputs.length),
});

const gru = { cell: "gru", inputSize: 5, hiddenSize: 6, outputSize: 4 } as const;
const options = { network: gru, build: "simd", steps: [8] } as const;

describe("a loss of the caller's own", () => {
  const problem = problemOf(options);

  it.each<[string, Learner]>([
    ["rtrl", rtrl()],
    ["blockRtrl of 3", blockRtrl({ block: 3 })],
    ["blockRtrl of 8", blockRtrl({ block: 8 })],
  ])("under %s has the loss and gradient that it has under bptt", (_, learner) => {
    const run = (of: Learner) => {
      const learning = begin(of, problem.network, { loss: meanOfSquares });
      const events: number[] = [];
      const watched: LearnerRun = {
        *window(given) {
          for (const event of learning.window(given)) {
            events.push(event.loss ?? NaN);
            yield event;
          }
        },
        end: () => learning.end(),
      };
      const gradient = gradientOfRun(watched, problem);
      learning.dispose?.();
      return { gradient, events };
    };
    const [exact, given] = [run(bptt()), run(learner)];
    expect(relativeDistance(given.gradient, exact.gradient)).toBeLessThan(ROUNDING);
    expect(given.events).toHaveLength(1);
    expect(given.events[0]).toBeCloseTo(exact.events[0], 6);
  });

  it.each<[string, Learner]>([
    ["bptt", bptt()],
    ["rtrl", rtrl()],
    ["artbp", artbp({ meanLength: 2 })],
  ])("that moves the parameters is refused under %s", (_, learner) => {
    const { network } = problem;
    const bias = network.parameter("head.bias");
    const loss: LossFunction = (outputs, window) => {
      bias.write(bias.read());
      return meanOfSquares(outputs, window);
    };
    const learning = begin(learner, network, { loss });
    expect(() => gradientOfRun(learning, problem)).toThrow(/parameters/);
    learning.dispose?.();
  });
});

describe("a block longer than any window", () => {
  it("takes the memory of the windows", () => {
    const { arena } = engineFor("simd");
    const problem = problemOf({ ...options, steps: [5] });
    gradientBy(uoro(), problem); // packed weights stay with the network
    const bytes = [5, 100_000].map((block) => {
      const before = arena.reserved;
      arena.peak = before;
      gradientBy(uoro({ block }), problem);
      return arena.peak - before;
    });
    expect(bytes[1]).toBe(bytes[0]);
  });

  it("goes on, exactly, where windows grow longer", () => {
    const problem = problemOf({ ...options, steps: [2, 1, 5, 3] });
    const learner = blockRtrl({ block: 4 });
    expect(relativeDistance(gradientBy(learner, problem), gradientBy(rtrl(), problem))).toBeLessThan(
      ROUNDING,
    );
    const mingru = problemOf({ ...options, network: { ...gru, cell: "mingru" }, steps: [2, 1, 5, 3] });
    const [grown, step] = [learner, diagonalRtrl()].map((one) => gradientBy(one, mingru));
    expect(relativeDistance(grown, step)).toBeLessThan(ROUNDING);
  });
});

it("artbp refuses a window that carries on one in which sequences ended, always", () => {
  const problem = problemOf({ ...options, steps: [4, 4], lengths: Int32Array.of(4, 2) });
  for (let seed = 0; seed < 20; seed++) {
    expect(() => gradientBy(artbp({ meanLength: 3 }), problem, seed)).toThrow(
      /"carry" expected false .* artbp/,
    );
  }
  const whole = problemOf({ ...options, steps: [4, 4], lengths: Int32Array.of(4, 4) });
  expect(() => gradientBy(artbp({ meanLength: 3 }), whole)).not.toThrow();
});
