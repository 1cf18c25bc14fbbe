/** Measures what a step of a session costs above its kernels, and a token of `sample` above a step. */
import { sample } from "../src/infer/sample.js";
import { createEngine, type Engine } from "../src/memory/engine.js";
import { initialize } from "../src/network/parameters/initialize.js";
import { KeptCalls, type KeptCall } from "../src/network/model/kept-calls.js";
import { RecurrentNetwork } from "../src/network/network.js";
import { completeOptions } from "../src/network/options.js";
import type { Build, Cell } from "../src/network/types.js";
import { leastTimes } from "./measure.js";
import { fixed, type Section, type Table } from "./report.js";
import { describeSize, streamingStep, TOKENS } from "./work.js";

/** The most microseconds of a step above its kernels, and of a token of `sample` above a step. */
const MOST = { step: 0.35, sample: 1 };
const LENGTH = 200;
const [SAMPLES, REPEATS] = [100, 100];

const cells: readonly Cell[] = ["elman", "gru", "lstm", "mingru"];
const widths = [8, 16, 32, 64, 128, 256];

function networkOn(engine: Engine, cell: Cell, hiddenSize: number): RecurrentNetwork {
  const options = completeOptions({ cell, inputSize: TOKENS, hiddenSize, outputSize: TOKENS });
  const network = new RecurrentNetwork(engine, options);
  initialize(network.model.parameters, options);
  return network;
}

/** Returns a function that makes the kernel calls of one step, as straight code with its arguments in it. */
function bareStep(build: Build, cell: Cell, hidden: number): () => void {
  const kept = new KeptCalls(createEngine(build));
  const engine: Engine = { ...kept.recorder, forWindow: () => engine };
  const session = networkOn(engine, cell, hidden).session();
  // The first step packs weights too.
  session.step(0);
  kept.calls = [];
  session.step(1);
  const { calls } = kept;
  const names = calls.map((_, i) => `k${i}`);
  const body = calls.map(({ args }, i) => `k${i}(${args.join(",")});`).join("");
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- nothing calls kernels in less time than code with the arguments in it
  const make = new Function(...names, `return () => {${body}}`) as (
    ...kernels: KeptCall["kernel"][]
  ) => () => void;
  return make(...calls.map(({ kernel }) => kernel));
}

function measureSize(build: Build, cell: Cell, hidden: number) {
  const network = networkOn(createEngine(build), cell, hidden);
  const session = network.session();
  const sampling = (): void => {
    sample(session, { length: LENGTH, temperature: 0.8, seed: 1 });
  };
  const runs = [streamingStep(network), bareStep(build, cell, hidden)];
  const [step, kernels] = leastTimes(runs, SAMPLES, REPEATS).map((milliseconds) => 1000 * milliseconds);
  const [sampled] = leastTimes([sampling], SAMPLES, 2).map((milliseconds) => (1000 * milliseconds) / LENGTH);
  return { build, cell, hidden, step, kernels, sample: sampled };
}

export function measureStreaming(builds: readonly Build[]): Section {
  const data = builds.map((build) =>
    cells.flatMap((cell) => widths.map((hidden) => measureSize(build, cell, hidden))),
  );
  const judged = (above: number, most: number): string => `${fixed(above, 2)}${above > most ? " !" : ""}`;
  const tables = data.map((figures, i): Table => {
    return {
      title: `One step of a stream, ${builds[i]}, µs`,
      columns: ["network", "kernels", "step", "above them", "token of sample", "above step"],
      rows: figures.map(({ cell, hidden, kernels, step, sample: sampled }) => [
        describeSize({ cell, hidden, batch: 1, steps: 1 }),
        fixed(kernels, 2),
        fixed(step, 2),
        judged(step - kernels, MOST.step),
        fixed(sampled, 2),
        judged(sampled - step, MOST.sample),
      ]),
      notes: [
        `The least of ${SAMPLES} samples; ${TOKENS} tokens; sample at temperature 0.8, ${LENGTH} tokens a call. "!": above ` +
          `${MOST.step} or ${MOST.sample} µs.`,
      ],
    };
  });
  return { tables, data: data.flat() };
}
