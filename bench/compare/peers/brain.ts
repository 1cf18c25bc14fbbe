/**
 * brain.js's recurrent networks. They take one sequence at a time; `train` moves the weights after each, but to do no more
 * updates than the others do, its parts are called here: all sequences, then one update.
 */
import brain from "brain.js";
import { sizesOf, tokensOf, valuesOf, type Job, type Open, type Subject } from "../subject.js";

const kinds = {
  elman: brain.recurrent.RNN,
  gru: brain.recurrent.GRU,
  lstm: brain.recurrent.LSTM,
};
/** A network holds one equation a step and no end of them: a stream is cut into sequences of so many. */
const STREAM = 64;

/** Sequences of batch entry b, without the first `skip` steps. */
function sequencesOf({ window }: Job, tokens: Int32Array, skip: number): number[][] {
  const { batch: B, steps: T } = window.sequence;
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: T - skip }, (_, t) => tokens[(t + skip) * B + b]),
  );
}

function create(job: Job) {
  const { cell, H, L, V } = sizesOf(job);
  // A row more than it is told stands for the sequence's end.
  const sizes = { inputSize: V - 1, inputRange: V - 1, outputSize: V - 1 };
  const network = new kinds[cell]({ ...sizes, hiddenLayers: Array.from({ length: L }, () => H) });
  network.initialize();
  return network;
}

function trainer(job: Job): Subject {
  const network = create(job);
  const { V } = sizesOf(job);
  // From the start mark through T - 1 tokens: T steps, each with its target.
  const sequences = sequencesOf(
    job,
    tokensOf(job).tokens.map((token) => token % (V - 1)),
    1,
  );
  const step = (): undefined => {
    for (const sequence of sequences) {
      network.trainInput(sequence);
      network.backpropagate(sequence);
    }
    network.adjustWeights();
  };
  return { step };
}

function forwarder(job: Job): Subject {
  const network = create(job);
  const sequences = sequencesOf(job, tokensOf(job).tokens, 0);
  while (network.model.equations.length < sequences[0].length) network.bindEquation();
  const step = (): undefined => {
    for (const sequence of sequences)
      sequence.forEach((token, t) => network.model.equations[t].runIndex(token));
  };
  return { step };
}

function streamer(job: Job): Subject {
  const network = create(job);
  const { V } = sizesOf(job);
  while (network.model.equations.length < STREAM) network.bindEquation();
  let t = 0;
  const step = (): undefined => {
    network.model.equations[t % STREAM].runIndex(t % V);
    t++;
  };
  return { step };
}

/** Its rows in and out have one width: 8 values out instead of one. */
function timeSteps(job: Job): Subject {
  const { H, I, T, B } = sizesOf(job);
  const network = new brain.recurrent.LSTMTimeStep({ inputSize: I, hiddenLayers: [H], outputSize: I });
  network.initialize();
  const { values } = valuesOf(job);
  const row = (t: number, b: number): Float32Array => values.slice((t * B + b) * I, (t * B + b + 1) * I);
  // T steps, each with the next row as its target.
  const sequences = Array.from({ length: B }, (_, b) =>
    Array.from({ length: T + 1 }, (_, t) => row(t % T, b)),
  );
  const step = (): undefined => {
    for (const sequence of sequences) {
      network.trainArrayOfArray(sequence);
      network.backpropagate();
    }
    network.adjustWeights();
  };
  return { step };
}

export function load(): Open {
  return (job) => {
    if (job.task.size.values !== undefined) return timeSteps(job);
    if (job.task.kind === "training step") return trainer(job);
    return job.task.kind === "forward only" ? forwarder(job) : streamer(job);
  };
}
