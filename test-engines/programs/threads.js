/** What every engine that has threads runs: a training on a pool, in a worker with threads, and with neither; or what refuses it. */

/** @typedef {import("../../src/index.js").Network} Network */

const [T, B, V] = [12, 16, 20];
const options = {
  cell: /** @type {const} */ ("lstm"),
  inputSize: V,
  hiddenSize: 96,
  outputSize: V,
  layers: 2,
  seed: 5,
};
const inputs = {
  steps: T,
  batch: B,
  tokens: Uint8Array.from({ length: T * B }, (_, i) => (i * i + (i >> 2)) % V),
};
const targets = { classes: Int32Array.from({ length: T * B }, (_, i) => (i * 7) % V) };
const UPDATES = 5;

/** @param {ArrayBufferLike} bytes */
const sha256 = async (bytes) =>
  Array.from(new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes).slice())), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");

/** @param {unknown} error */
const wordsOf = (error) => (error instanceof Error ? [error.name, error.message] : [String(error)]);

/**
 * The losses of some updates, and the bits of the parameters after them.
 * @param {typeof import("../../src/index.js")} bptt
 * @param {import("../../src/index.js").RuntimeOptions} runtime
 */
async function trainOn({ adam, createNetwork, saveNetwork, train }, runtime) {
  const network = createNetwork(options, runtime);
  const losses = [];
  const training = { optimizer: adam({ learningRate: 0.01 }), epochs: UPDATES };
  for await (const { loss, epochEnd } of train(network, [{ inputs, targets }], training))
    if (!epochEnd) losses.push(loss);
  const file = await sha256(saveNetwork(network).buffer);
  network.dispose();
  return { losses, file };
}

/**
 * The same in a worker.
 * @param {import("../../src/worker/index.js").NetworkWorker} worker
 * @param {import("../../src/index.js").Build} build
 */
async function trainIn(worker, build) {
  const network = await worker.createNetwork(options, { build });
  const losses = [];
  const optimizer = { type: /** @type {const} */ ("adam"), learningRate: 0.01 };
  for await (const { loss, epochEnd } of network.train([{ inputs, targets }], { optimizer, epochs: UPDATES }))
    if (!epochEnd) losses.push(loss);
  const file = await sha256((await network.save()).buffer);
  network.dispose();
  return { losses, file };
}

/**
 * @param {typeof import("../../src/index.js")} bptt
 * @param {typeof import("../../src/worker/index.js")} workers
 */
export async function threads(bptt, { startWorker }) {
  // One thread is there in every engine.
  const one = await bptt.createThreadPool({ size: 1 });
  const builds = bptt.supportedBuilds();
  /** @type {Record<string, unknown>} */
  const alone = {};
  for (const build of builds) alone[build] = await trainOn(bptt, { build, threads: one });
  let pool;
  try {
    pool = await bptt.createThreadPool({ size: 3 });
  } catch (error) {
    const inWorker = await startWorker({ threads: 2 }).then(
      () => ["none"],
      (/** @type {unknown} */ reason) => wordsOf(reason),
    );
    return { alone, refused: { pool: wordsOf(error), worker: inWorker } };
  }
  const worker = await startWorker({ threads: 2 });
  /** @type {Record<string, unknown>} */
  const onPool = {};
  /** @type {Record<string, unknown>} */
  const inWorker = {};
  for (const build of builds) {
    onPool[build] = await trainOn(bptt, { build, threads: pool });
    inWorker[build] = await trainIn(worker, build);
  }
  const { size } = pool;
  pool.dispose();
  await worker.terminate();
  return { alone, size, pool: onPool, worker: inWorker };
}
