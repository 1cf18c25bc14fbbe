import { describe, expect, it } from "vitest";
import { InvalidStateError } from "../../src/errors.js";
import type { RecurrentNetwork } from "../../src/network/network.js";
import type { Optimizer } from "../../src/optimize/optimizer.js";
import { sgd } from "../../src/optimize/sgd.js";
import { Random } from "../../src/random.js";
import { builds } from "../builds.js";
import { gradientBits, parameterBits } from "../network/bits.js";
import { normals } from "../network/drawn.js";
import { guardedEngine, guardedNetwork, networkIn } from "../network/guarded.js";
import { variants } from "./variants.js";

const sizes = { inputSize: 5, hiddenSize: 9, outputSize: 3 };

function writeGradients(network: RecurrentNetwork, seed: number, scale = 1): void {
  const random = new Random(seed);
  for (const one of network.parameters) one.writeGradient(normals(random, one.read().length, scale));
}

/** Updates with gradients from seeds; the bits after each. */
function run(optimizer: Optimizer, network: RecurrentNetwork, seeds: readonly number[]): string[] {
  return seeds.map((seed) => {
    writeGradients(network, seed);
    optimizer.step(network);
    return parameterBits(network);
  });
}

describe.each(builds)("every optimizer, %s build", (build) => {
  it.each(variants)(
    "$title leaves the gradients, and every weight whose gradient is 0 even where ε is",
    ({ create }) => {
      using network = guardedNetwork(sizes, build);
      const optimizer = create({ epsilon: 0, weightDecay: 0 });
      const before = parameterBits(network);
      for (let update = 0; update < 3; update++) optimizer.step(network);
      expect(parameterBits(network)).toBe(before);
      writeGradients(network, 1);
      const gradients = gradientBits(network);
      optimizer.step(network);
      expect(gradientBits(network)).toBe(gradients);
      expect(parameterBits(network)).not.toBe(before);
      for (const one of network.parameters) expect(one.read().every(Number.isFinite), one.name).toBe(true);
      expect(network.model.engine.arena.brokenGuards()).toEqual([]);
    },
  );

  it.each(variants)(
    "$title moves nothing at rate 0, and follows the rate as it is at each step",
    ({ create }) => {
      using network = guardedNetwork(sizes, build);
      const optimizer = create({ weightDecay: 0.1 });
      const before = parameterBits(network);
      optimizer.learningRate = 0;
      run(optimizer, network, [1, 2]);
      expect(parameterBits(network)).toBe(before);
      optimizer.learningRate = 0.5;
      expect(optimizer.learningRate).toBe(0.5);
      expect(run(optimizer, network, [3])).not.toEqual([before]);
    },
  );

  it.each(variants)("$title belongs to the first network that it steps, until it is reset", ({ create }) => {
    const engine = guardedEngine(build);
    using first = networkIn(engine, sizes);
    using second = networkIn(engine, sizes);
    using third = networkIn(engine, sizes);
    const optimizer = create();
    const expected = run(create(), third, [1, 2, 3]);
    const reserved = engine.arena.reserved;
    optimizer.step(first);
    const before = parameterBits(second);
    for (const other of [second, third, first.clone()]) {
      expect(() => {
        optimizer.step(other);
      }).toThrow(InvalidStateError);
      expect(() => {
        optimizer.step(other);
      }).toThrow(/^"network" expected the network of the optimizer's first step/);
    }
    expect(parameterBits(second)).toBe(before);
    run(optimizer, first, [4, 5]);
    optimizer.reset();
    optimizer.reset();
    expect(run(optimizer, second, [1, 2, 3])).toEqual(expected);
    expect(optimizer.learningRate).toBe(0.1);
    optimizer.reset();
    expect(engine.arena.reserved).toBeLessThanOrEqual(reserved + first.model.parameters.count * 8 + 4096);
  });

  it.each(variants)("$title begins anew for a network after its own was disposed of", ({ create }) => {
    using network = guardedNetwork(sizes, build);
    const optimizer = create();
    const gone = guardedNetwork(sizes, build);
    run(optimizer, gone, [7]);
    gone.dispose();
    expect(() => {
      optimizer.step(network);
    }).toThrow(InvalidStateError);
    optimizer.reset();
    expect(run(optimizer, network, [1, 2])).toEqual(run(create(), guardedNetwork(sizes, build), [1, 2]));
  });

  it.each(variants)(
    "$title waits with a parameter that is not trainable, and then begins as at its first update",
    ({ create }) => {
      const name = "rnn.weight_hh_l0";
      using late = guardedNetwork(sizes, build);
      late.parameter(name).trainable = false;
      const optimizer = create({ weightDecay: 0.1 });
      for (let update = 0; update < 3; update++) optimizer.step(late);
      late.parameter(name).trainable = true;
      run(optimizer, late, [4, 5]);
      using fresh = guardedNetwork(sizes, build);
      run(create({ weightDecay: 0.1 }), fresh, [4, 5]);
      const [actual, expected] = [late, fresh].map((network) => network.parameter(name).read());
      // Adagrad's rate decays with the updates of each parameter, too.
      expect(actual).toEqual(expected);
    },
  );

  it("weights that decay do not linger below the normal numbers", () => {
    for (const { title, create } of variants) {
      using network = guardedNetwork(sizes, build);
      const optimizer = create({ weightDecay: 1, epsilon: 1 });
      optimizer.learningRate = 0.5;
      for (let update = 0; update < 400; update++) optimizer.step(network);
      for (const one of network.parameters)
        expect(
          one.read().every((x) => x === 0 || Math.abs(x) >= 2 ** -126),
          `${title} ${one.name}`,
        ).toBe(true);
    }
    using network = guardedNetwork(sizes, build);
    const optimizer = sgd({ learningRate: 0.5, weightDecay: 1 });
    for (let update = 0; update < 130; update++) optimizer.step(network);
    for (const one of network.parameters) expect(one.read().every((x) => x === 0)).toBe(true);
  });

  it("takes gradients of any size without a number that is not finite", () => {
    for (const { title, create } of variants) {
      for (const scale of [1e-44, 1e-30, 1e-10, 1e10]) {
        using network = guardedNetwork(sizes, build);
        const optimizer = create();
        for (let seed = 0; seed < 5; seed++) {
          writeGradients(network, seed, scale);
          optimizer.step(network);
        }
        for (const one of network.parameters)
          expect(one.read().every(Number.isFinite), `${title} at ${scale}`).toBe(true);
      }
    }
  });

  it("SGD's first velocity is the gradient, undamped", () => {
    using network = guardedNetwork(sizes, build);
    const bias = network.parameter("head.bias");
    bias.write([0, 0, 0]);
    bias.writeGradient([1, 2, 4]);
    const optimizer = sgd({ learningRate: 1, momentum: 0.5, dampening: 0.75 });
    optimizer.step(network);
    expect([...bias.read()]).toEqual([-1, -2, -4]);
    optimizer.step(network); // v = 0.5·g + 0.25·g
    expect([...bias.read()]).toEqual([-1.75, -3.5, -7]);
  });
});
