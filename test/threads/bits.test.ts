import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { adam } from "../../src/optimize/adam.js";
import { createNetwork } from "../../src/network/create-network.js";
import { cellNames, cells } from "../../src/network/cells/by-name.js";
import type { Network, NetworkOptions, RuntimeOptions, Sequence, Target } from "../../src/network/types.js";
import { Random } from "../../src/random.js";
import { startPool } from "../../src/threads/thread-pool.js";
import type { ThreadPool } from "../../src/threads/types.js";
import { supportedBuilds } from "../../src/wasm/load.js";

/** Drawn networks and windows; BPTT_COMBINATIONS=500 for the whole of it. */
const COMBINATIONS = Number(process.env["BPTT_COMBINATIONS"] ?? 120);

const sizes = [1, 2, 3, 4, 7];
let pools: ThreadPool[];
beforeAll(async () => {
  pools = await Promise.all(sizes.map((size) => startPool(size, 1)));
});
afterAll(() => {
  for (const pool of pools) pool.dispose();
});

interface Case {
  readonly options: NetworkOptions;
  readonly sequence: Sequence;
  readonly target: Target;
}

function draw(random: Random): Case {
  const cell = cellNames[random.integer(cellNames.length)];
  const upTo = (most: number): number => 1 + random.integer(most);
  const chance = (share: number): boolean => random.uniform() < share;
  const [T, B, I, O] = [upTo(6), upTo(9), upTo(67), upTo(30)];
  const layers = upTo(3);
  const tokens = chance(0.5);
  const options: NetworkOptions = {
    cell,
    layers,
    inputSize: I,
    hiddenSize: upTo(67),
    outputSize: O,
    bidirectional: chance(0.3),
    dropout: layers > 1 && chance(0.4) ? 0.3 : 0,
    layerNorm: "normalized" in cells[cell] && chance(0.3),
    output: chance(0.2) ? "sequence" : "step",
    embeddingSize: tokens && chance(0.4) ? upTo(20) : 0,
    seed: random.integer(1e6),
  };
  const rows = options.output === "sequence" ? B : T * B;
  return {
    options,
    sequence: {
      steps: T,
      batch: B,
      ...(tokens
        ? { tokens: Int32Array.from({ length: T * B }, () => random.integer(I)) }
        : { values: Float32Array.from({ length: T * B * I }, () => random.uniform() - 0.5) }),
      ...(chance(0.3) && { lengths: Int32Array.from({ length: B }, () => upTo(T)) }),
      ...(options.output === "step" &&
        chance(0.3) && { resets: Uint8Array.from({ length: T * B }, () => Number(chance(0.3))) }),
    },
    target: { classes: Int32Array.from({ length: rows }, () => random.integer(O)) },
  };
}

/** Two updates; everything that comes out, as bits. */
function runUpdates(network: Network, { sequence, target }: Case): Uint32Array[] {
  const optimizer = adam({ learningRate: 0.01 });
  const bits: Float32Array[] = [];
  for (let update = 0; update < 2; update++) {
    const { outputs, state } = network.forward(sequence, { training: true });
    network.zeroGradients();
    const { loss, stateGradient } = network.backward(target);
    bits.push(outputs, state.h, stateGradient.h, Float32Array.of(loss));
    bits.push(...network.parameters.map((parameter) => parameter.readGradient()));
    optimizer.step(network);
  }
  bits.push(network.forward(sequence, { keepTape: false }).outputs);
  return bits.map(({ buffer }) => new Uint32Array(buffer));
}

describe.each(supportedBuilds())("networks in the %s build", (build) => {
  it(`give the same bits with 1, 2, 3, 4 and 7 threads as with none, ${COMBINATIONS} drawn ones`, () => {
    const random = new Random(2017);
    for (let i = 0; i < COMBINATIONS; i++) {
      const drawn = draw(random);
      const bitsOf = (runtime: RuntimeOptions): Uint32Array[] => {
        const network = createNetwork(drawn.options, runtime);
        const bits = runUpdates(network, drawn);
        network.dispose();
        return bits;
      };
      const expected = bitsOf({ build });
      for (const threads of pools) {
        const came = bitsOf({ build, threads });
        const other = came.findIndex((bits, place) => bits.some((bit, at) => bit !== expected[place][at]));
        const { sequence, options } = drawn;
        const about = { ...options, ...sequence, tokens: undefined, values: undefined };
        expect(other, `${threads.size} threads: ${JSON.stringify(about)}`).toBe(-1);
      }
    }
  });
});
