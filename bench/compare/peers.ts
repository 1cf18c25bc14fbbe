/** Everybody that is compared with. A peer's module is loaded in the process that measures it, and nowhere else. */
import { because, trainingWork, type Peer } from "./subject.js";

const gruDiffers = because("same sizes; its GRU has the reset gate before the product", "W4");
const inferenceOnly = because("runs models, trains none", ...trainingWork);
const brainDiffers =
  "same sizes and steps; RMSprop, its own starting weights, and gradients that are partly wrong in its source";
const evolved =
  "its neurons are objects, and only small LSTMs can be built of them in reasonable time and memory";

export const peers = {
  pytorch: {
    title: "PyTorch, CPU",
    use: "`nn.RNN`, `nn.GRU`, `nn.LSTM`; the fastest of several OpenBLAS kernels and ways to write the step",
    load: async () => (await import("./peers/pytorch.js")).load(),
  },
  "tfjs-layers-wasm": {
    title: "TensorFlow.js 4.22 layers, wasm",
    use: "a sequential model on one-hot rows, `trainOnBatch` with Adam, `predict`",
    slow: ["W8"],
    differs: gruDiffers,
    oneBias: true,
    load: async () => (await import("./peers/tfjs-layers.js")).load("wasm"),
  },
  "tfjs-layers-cpu": {
    title: "TensorFlow.js 4.22 layers, cpu",
    use: "the same on its plain JavaScript backend",
    slow: ["W8"],
    differs: gruDiffers,
    oneBias: true,
    load: async () => (await import("./peers/tfjs-layers.js")).load("cpu"),
  },
  "tfjs-core-wasm": {
    title: "TensorFlow.js 4.22 core, expert-tuned, wasm",
    use: "operators, a fused cell with its own back-propagation (`customGrad`), `variableGrads`, `tidy`, slow kernels avoided",
    load: async () => (await import("./peers/tfjs-core.js")).load(),
  },
  "jax-js-wasm": {
    title: "jax-js 0.1.25, wasm",
    use: "pure functions on one-hot rows, `valueAndGrad`, one `jit` around the step; time unrolled, as there is no scan",
    slow: ["W8"],
    load: async () => (await import("./peers/jax.js")).load(),
  },
  "brain.js": {
    title: "brain.js 2.0.0-beta.24",
    use: "`recurrent.RNN`, `GRU`, `LSTM`, for W5 `LSTMTimeStep`; one sequence after the other, one update for all of them",
    slow: ["W8"],
    differs: because(brainDiffers, "W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8"),
    load: async () => (await import("./peers/brain.js")).load(),
  },
  "recurrent-js": {
    title: "recurrent-js 1.7.4",
    use: "`RNN`, `LSTM` and `Graph`; one sequence after the other, one update (plain descent) for all of them",
    cannot: because("has no GRU", "W4"),
    slow: ["W8"],
    differs: because(
      "same sizes and steps; plain descent and its own starting weights",
      ...(["W1", "W2", "W3", "W5", "W6", "W7", "W8"] as const),
    ),
    load: async () => (await import("./peers/recurrent-js.js")).load(),
  },
  synaptic: {
    title: "synaptic 1.1.4",
    use: "`Architect.LSTM`, `activate` and `propagate` a step",
    cannot: because(evolved, "W1", "W2", "W3", "W4", "W6", "W7", "W8"),
    differs: because(
      "same sizes and steps; its LSTM has peepholes, and traces in place of back-propagation through time",
      "W5",
    ),
    load: async () => (await import("./peers/object-neurons.js")).loadSynaptic(),
  },
  neataptic: {
    title: "neataptic 1.4.7",
    use: "`architect.LSTM`, `activate` and `propagate` a step",
    cannot: because(evolved, "W1", "W2", "W3", "W4", "W6", "W7", "W8"),
    differs: because(
      "same sizes and steps; its LSTM has peepholes, and traces in place of back-propagation through time",
      "W5",
    ),
    load: async () => (await import("./peers/object-neurons.js")).loadNeataptic(),
  },
  "typed-arrays": {
    title: "typed arrays, hand-written, 4×4-blocked",
    use: "one file of plain JavaScript: forward, back-propagation through time, Adam; products in blocks of 4 × 4 sums",
    load: async () => (await import("./peers/typed-arrays.js")).loadBlocked(),
  },
  "naive-arrays": {
    title: "typed arrays, hand-written, naive",
    use: "the same with three plain loops for a product",
    slow: ["W8"],
    load: async () => (await import("./peers/typed-arrays.js")).loadNaive(),
  },
  "onnxruntime-web": {
    title: "onnxruntime-web 1.30, wasm",
    use: "the `LSTM` operator on one-hot rows, WebAssembly with SIMD",
    cannot: inferenceOnly,
    load: async () => (await import("./peers/onnxruntime.js")).loadWeb(),
  },
  "onnxruntime-node": {
    title: "onnxruntime-node 1.30, native",
    use: "the same in native code",
    cannot: inferenceOnly,
    load: async () => (await import("./peers/onnxruntime.js")).loadNode(),
  },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof peers;
export const peerNames = Object.keys(peers) as PeerName[];
