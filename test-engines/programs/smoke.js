/**
 * What every engine runs: 100 updates of a small network in each build that it has, and what came of them, to the bit.
 * Nothing here is anything but the language's own and `crypto`.
 */

const UPDATES = 100;

/** @param {ArrayBuffer | Uint8Array<ArrayBuffer>} bytes */
async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The bits of a number, most significant first.
 * @param {number} value
 */
function hexBits(value) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
}

/**
 * Takes a loss whose kernels come in a binary of their own: Σ |output| against targets of 0.
 * @param {typeof import("../../src/index.js")} bptt
 * @param {import("../../src/index.js").Network} network
 */
function takeOtherLoss({ meanAbsoluteError }, network) {
  const { outputs } = network.forward({ tokens: Uint8Array.of(1, 2), steps: 2, batch: 1 });
  const values = new Float32Array(outputs.length);
  const { loss } = network.backward({ values }, { loss: meanAbsoluteError(), reduction: "sum" });
  const sum = outputs.reduce((all, output) => all + Math.abs(output), 0);
  if (!(Math.abs(loss - sum) <= 1e-6 * sum))
    throw new Error(`the absolute error is ${loss} instead of ${sum}`);
}

/**
 * @param {typeof import("../../src/index.js")} bptt
 * @param {import("../../src/index.js").Build} build
 */
async function trainIn(bptt, build) {
  const { adam, createNetwork, DisposedError, loadNetwork, sample, saveNetwork, tbptt, tokenStream, train } =
    bptt;
  const options = {
    cell: /** @type {const} */ ("lstm"),
    inputSize: 7,
    hiddenSize: 12,
    outputSize: 7,
    layers: 2,
    dropout: 0.1,
    seed: 5,
  };
  const network = createNetwork(options, { build });
  const tokens = Uint8Array.from({ length: 600 }, (_, i) => (i * i + (i >> 2)) % 7);
  const data = tokenStream(tokens, { batch: 3, window: 9 });
  const losses = [];
  const learning = {
    optimizer: adam({ learningRate: 0.02 }),
    learner: tbptt({ k1: 9 }),
    clipNorm: 1,
    maxSteps: UPDATES,
  };
  for await (const { loss, epochEnd } of train(network, data, learning)) if (!epochEnd) losses.push(loss);
  const file = saveNetwork(network, { made: "by a test" });
  const again = loadNetwork(file, { build });
  const drawn = [network, again].map((one) => sample(one.session(), { length: 20, seed: 3 }).join());
  takeOtherLoss(bptt, network);
  network.dispose();
  // Where the engine knows of disposing, `using` does the same.
  if (typeof Symbol.dispose === "symbol") again[Symbol.dispose]();
  else again.dispose();
  const refused = [network, again].every((one) => {
    try {
      one.zeroGradients();
      return false;
    } catch (error) {
      return error instanceof DisposedError;
    }
  });
  if (!refused || drawn[0] !== drawn[1])
    throw new Error("a disposed network was used, or a loaded one differs");
  const bits = losses.map(hexBits);
  return {
    updates: losses.length,
    first: losses[0],
    last: losses[losses.length - 1],
    bits,
    losses: await sha256(new TextEncoder().encode(bits.join())),
    file: await sha256(Uint8Array.from(file)),
  };
}

/** @param {typeof import("../../src/index.js")} bptt */
export async function smoke(bptt) {
  /** @type {Record<string, Awaited<ReturnType<typeof trainIn>>>} */
  const results = {};
  for (const build of bptt.supportedBuilds()) results[build] = await trainIn(bptt, build);
  const network = bptt.createNetwork({ inputSize: 1, hiddenSize: 1, outputSize: 1 });
  const chosen = network.build;
  network.dispose();
  return { chosen, results };
}
