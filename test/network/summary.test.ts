import { expect, it } from "vitest";
import { createNetwork, type Network } from "../../src/index.js";

it("says a network's kind, sizes, parameters and bytes", () => {
  using network = createNetwork(
    { cell: "gru", inputSize: 65, hiddenSize: 128, outputSize: 65 },
    { build: "simd" },
  );
  expect(network.summary().split("\n")).toEqual([
    "gru network: 65 inputs, 1 layer of 128 units, 65 outputs; simd kernels",
    "  rnn.weight_ih_l0  [384, 65]   24,960",
    "  rnn.weight_hh_l0  [384, 128]  49,152",
    "  rnn.bias_ih_l0    [384]          384",
    "  rnn.bias_hh_l0    [384]          384",
    "  head.weight       [65, 128]    8,320",
    "  head.bias         [65]            65",
    "83,265 parameters; 333,060 bytes, and as many for their gradients",
  ]);
});

it("says what is not as usual", () => {
  using network = createNetwork(
    {
      ...{ cell: "lstm", inputSize: 1, embeddingSize: 1, hiddenSize: 1, outputSize: 0, layers: 2 },
      ...{ bidirectional: true, layerNorm: true, dropout: 0.25 },
    },
    { build: "simd" },
  );
  network.parameter("embedding.weight").trainable = false;
  const lines = network.summary().split("\n");
  expect(lines[0]).toBe(
    "lstm network: 1 input, embedded in 1, 2 layers of 1 unit in both directions, layer normalisation, dropout 0.25, " +
      "no head: 2 outputs; simd kernels",
  );
  expect(lines[1]).toBe("  embedding.weight            [1, 1]  1  not trainable");
  expect(lines.at(-1)).toBe(
    "113 parameters, 1 of them not trainable; 452 bytes, and as many for their gradients",
  );
});

it("lists the first and the last parameters of many", () => {
  using network = createNetwork({ inputSize: 1, hiddenSize: 1, outputSize: 1, layers: 1000 });
  const lines = network.summary().split("\n");
  expect(lines).toHaveLength(43);
  expect(lines[21]).toBe("  … 3,962 more");
  expect(lines[20]).toContain("rnn.bias_hh_l4");
  expect(lines[22]).toContain("rnn.bias_ih_l995");
  expect(lines[41]).toContain("head.bias");
});

it("is what a console shows, of a network that was disposed of too", () => {
  // As Node's util.inspect asks, which pages have not.
  const shown = (network: Network): unknown => {
    const show = Reflect.get(network, Symbol.for("nodejs.util.inspect.custom")) as () => unknown;
    return show.call(network);
  };
  const network = createNetwork({ inputSize: 2, hiddenSize: 2, outputSize: 2 });
  expect(shown(network)).toBe(network.summary());
  expect(Object.keys(network)).not.toContain("nodejs.util.inspect.custom");
  network.dispose();
  expect(shown(network)).toBe("a network that was disposed of");
  expect(() => network.summary()).toThrow("the network was disposed of");
});
