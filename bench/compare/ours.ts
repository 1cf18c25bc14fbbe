/** This library as it is published, from dist/: what a user of the package gets. */
import {
  adam,
  createNetwork,
  supportedBuilds,
  train,
  type Build,
  type Network,
  type TrainingWindow,
} from "../../dist/entries/inlined.js";
import "../../dist/wide.js";
import { randomWindow, tasks, type TaskName } from "../work.js";
import { sizesOf, type Job, type Subject, type Weights } from "./subject.js";

export const LEARNING_RATE = 2e-3;

/** The default build last but for wide, which has to be asked for. */
export const builds: readonly Build[] = supportedBuilds();
export const defaultBuild: Build = builds.filter((build) => build !== "wide").at(-1) ?? "simd";

export function createJob(name: TaskName): Job {
  const task = tasks[name];
  const window = randomWindow(task.size);
  const shapes: Job = { name, task, weights: new Map(), window };
  using network = networkOf(shapes, defaultBuild);
  const weights = new Map(network.parameters.map((p) => [p.name, p.read()]));
  return { ...shapes, weights };
}

function networkOf(job: Job, build: Build): Network {
  const { cell, H, L, I, O } = sizesOf(job);
  const sizes = { inputSize: I, hiddenSize: H, outputSize: O };
  const network = createNetwork({ ...sizes, cell, layers: L, seed: 1 }, { build });
  writeWeights(network, job.weights);
  return network;
}

function writeWeights(network: Network, weights: Weights): void {
  for (const [name, values] of weights) network.parameter(name).write(values);
}

function* endless(window: TrainingWindow): Generator<TrainingWindow, never> {
  for (;;) yield window;
}

/** Updates by `train`, one window after the other, as the README does it. */
function trainer(network: Network, { window }: Job): Subject {
  const data = endless({ inputs: window.sequence, targets: window.target });
  const optimizer = adam({ learningRate: LEARNING_RATE });
  const updates = train(network, data, { optimizer, maxSteps: Number.MAX_SAFE_INTEGER });
  const step = async (): Promise<number | undefined> => {
    const { value } = await updates.next();
    return value?.loss;
  };
  const dispose = (): void => {
    void updates.return(undefined).then(() => {
      network.dispose();
    });
  };
  return { step, dispose };
}

const disposer = (network: Network) => (): void => {
  network.dispose();
};

function streamer(network: Network): Subject {
  const session = network.session();
  const { inputSize, outputSize } = network.options;
  const out = new Float32Array(outputSize);
  let token = 0;
  const step = (): undefined => {
    session.step(token, out);
    token = (token + 1) % inputSize;
  };
  return { step, outputs: () => out, dispose: disposer(network) };
}

function forwarder(network: Network, { window }: Job): Subject {
  let outputs: Float32Array = new Float32Array();
  const step = (): undefined => {
    ({ outputs } = network.forward(window.sequence, { keepTape: false }));
  };
  return { step, outputs: () => outputs, dispose: disposer(network) };
}

/** `oneBias`: as for those who have one bias where we, like PyTorch, have two, which under Adam move twice as fast. */
export function openOurs(job: Job, build: Build, oneBias = false): Subject {
  const network = networkOf(job, build);
  for (const parameter of network.parameters)
    if (oneBias && parameter.name.includes("bias_hh")) parameter.trainable = false;
  if (job.task.kind === "training step") return trainer(network, job);
  return job.task.kind === "forward only" ? forwarder(network, job) : streamer(network);
}
