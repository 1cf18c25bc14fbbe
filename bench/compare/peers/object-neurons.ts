/** synaptic and neataptic: networks of neuron objects, which learn step by step from traces that they keep. */
import { createRequire } from "node:module";
import { sizesOf, valuesOf, type Job, type Open, type Subject } from "../subject.js";

const require = createRequire(import.meta.url);
const RATE = 1e-3;

interface Neurons {
  readonly activate: (input: number[]) => number[];
  readonly learn: (target: number[]) => void;
  readonly clear: () => void;
}

/** The traces are brought forward in `activate`; a target comes at the last step alone. */
function trainer(job: Job, network: Neurons): Subject {
  const { T, B, I } = sizesOf(job);
  const { values, last } = valuesOf(job);
  const sequences = Array.from({ length: B }, (_, b) =>
    Array.from({ length: T }, (_, t) => Array.from(values.subarray((t * B + b) * I, (t * B + b + 1) * I))),
  );
  const step = (): undefined => {
    sequences.forEach((sequence, b) => {
      network.clear();
      for (const row of sequence) network.activate(row);
      network.learn([last[b]]);
    });
  };
  return { step };
}

/** What is used of two packages that come without types. */
interface Synaptic {
  readonly Architect: {
    readonly LSTM: new (
      inputs: number,
      blocks: number,
      outputs: number,
    ) => {
      activate: (input: number[]) => number[];
      propagate: (rate: number, target: number[]) => void;
      clear: () => void;
      setOptimize: (on: boolean) => void;
    };
  };
}

interface Neataptic {
  readonly architect: {
    readonly LSTM: (
      inputs: number,
      blocks: number,
      outputs: number,
    ) => {
      activate: (input: number[], training: boolean) => number[];
      propagate: (rate: number, momentum: number, update: boolean, target: number[]) => void;
      clear: () => void;
    };
  };
}

export function loadSynaptic(): Open {
  const synaptic = require("synaptic") as Synaptic;
  return (job) => {
    const { I, H, O } = sizesOf(job);
    const network = new synaptic.Architect.LSTM(I, H, O);
    // It would write one function for the whole network, too large for the engine to compile well.
    network.setOptimize(false);
    return trainer(job, {
      activate: (row) => network.activate(row),
      learn: (target) => {
        network.propagate(RATE, target);
      },
      clear: () => {
        network.clear();
      },
    });
  };
}

export function loadNeataptic(): Open {
  const neataptic = require("neataptic") as Neataptic;
  return (job) => {
    const { I, H, O } = sizesOf(job);
    const network = neataptic.architect.LSTM(I, H, O);
    return trainer(job, {
      activate: (row) => network.activate(row, true),
      learn: (target) => {
        network.propagate(RATE, 0, true, target);
      },
      clear: () => {
        network.clear();
      },
    });
  };
}
