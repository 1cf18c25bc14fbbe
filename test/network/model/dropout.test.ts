import { describe, expect, it } from "vitest";
import type { RecurrentNetwork } from "../../../src/network/network.js";
import type { NetworkOptions } from "../../../src/network/types.js";
import { builds } from "../../builds.js";
import { bitsOf } from "../bits.js";
import { guardedNetwork } from "../guarded.js";

/**
 * The first layer's units are all 1, the second's are what it reads: the hidden states are the mask, 0 or 1/(1 − p).
 */
function maskNetwork(options: Partial<NetworkOptions>, build: (typeof builds)[number]): RecurrentNetwork {
  const network = guardedNetwork(
    {
      inputSize: 1,
      hiddenSize: 16,
      outputSize: 0,
      cell: "elman-relu",
      layers: 2,
      initialization: { recurrent: "identity" },
      ...options,
    },
    build,
  );
  const H = network.options.hiddenSize;
  for (const one of network.parameters) one.write(one.read().fill(0));
  network.parameter("rnn.bias_ih_l0").write(new Float32Array(H).fill(1));
  network
    .parameter("rnn.weight_ih_l1")
    .write(Float32Array.from({ length: H * H }, (_, i) => (i % (H + 1) === 0 ? 1 : 0)));
  return network;
}

const steps = 50;
const batch = 20;
const sequence = { steps, batch, tokens: new Uint8Array(steps * batch) };
const COUNT = steps * batch * 16;

function mask(network: RecurrentNetwork, keepTape = true): Float32Array {
  return network.forward(sequence, { training: true, keepTape }).outputs;
}

function share(values: Float32Array, f: (x: number, i: number) => boolean): number {
  return values.filter(f).length / values.length;
}

describe.each(builds)("dropout, %s build", (build) => {
  it.each([0.01, 0.1, 0.5, 0.9, 0.999])("drops its share, p = %d, and scales the rest", (dropout) => {
    using network = maskNetwork({ dropout }, build);
    const kept = Math.fround(1 / (1 - dropout));
    for (let window = 0; window < 3; window++) {
      const values = mask(network);
      expect(values.every((x) => x === 0 || Math.abs(x - kept) <= 1e-6 * kept)).toBe(true);
      // Five standard errors of the share.
      const off = Math.abs(share(values, (x) => x === 0) - dropout);
      expect(off).toBeLessThan(5 * Math.sqrt((dropout * (1 - dropout)) / COUNT));
    }
  });

  it("drops nearly all, and never none, as p comes near 1", () => {
    using network = maskNetwork({ dropout: 1 - 2 ** -53 }, build);
    expect(share(mask(network), (x) => x === 0)).toBe(1);
  });

  it("drops nothing outside training, at p = 0, or of a single layer", () => {
    using network = maskNetwork({ dropout: 0.5 }, build);
    expect(share(network.forward(sequence).outputs, (x) => x === 1)).toBe(1);
    expect(
      share(network.forward(sequence, { training: false, keepTape: false }).outputs, (x) => x === 1),
    ).toBe(1);
    using none = maskNetwork({ dropout: 0 }, build);
    expect(share(mask(none), (x) => x === 1)).toBe(1);
    const single = { inputSize: 1, hiddenSize: 16, outputSize: 2, dropout: 0.9 };
    expect(() => guardedNetwork(single, build)).toThrow(
      /"dropout" expected 0 for a network of one layer, got 0.9/,
    );
    expect(() => guardedNetwork(single, build)).toThrow(RangeError);
  });

  it("draws masks that follow from the seed and the window's number alone", () => {
    using network = maskNetwork({ dropout: 0.5, seed: 3 }, build);
    using again = maskNetwork({ dropout: 0.5, seed: 3 }, build);
    for (let window = 0; window < 3; window++) {
      again.forward(sequence);
      again.session().step(0);
      expect(bitsOf(mask(network))).toBe(bitsOf(mask(again, window % 2 === 0)));
    }
  });

  it("draws masks that have nothing to do with each other", () => {
    const networks = [0, 1, 2, -1, 2 ** 32].map((seed) => maskNetwork({ dropout: 0.5, seed }, build));
    const masks = networks.flatMap((network) => [mask(network), mask(network)]);
    const [unit] = masks;
    // Five standard errors around a half: of two masks, and of one shifted by a unit, a row and a step.
    const limit = 5 * Math.sqrt(0.25 / (COUNT - 16 * batch));
    masks.forEach((one, i) => {
      for (let j = 0; j < i; j++)
        expect(Math.abs(share(one, (x, at) => x === masks[j][at]) - 0.5), `${i} and ${j}`).toBeLessThan(
          limit,
        );
    });
    for (const shift of [1, 16, 16 * batch]) {
      const shifted = unit.slice(0, unit.length - shift);
      expect(
        Math.abs(share(shifted, (x, at) => x === unit[at + shift]) - 0.5),
        `shifted by ${shift}`,
      ).toBeLessThan(limit);
    }
    for (const network of networks) network.dispose();
  });
});
