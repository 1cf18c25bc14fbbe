/** recurrent-js, after Karpathy's RecurrentJS: a graph of matrix operations for one sequence at a time, then plain descent. */
import { Graph, LSTM, Mat, RNN, type InnerState } from "recurrent-js";
import { sizesOf, tokensOf, valuesOf, type Job, type Open, type Subject } from "../subject.js";

const RATE = 1e-3;

function create(job: Job): LSTM | RNN {
  const { cell, H, L, I, O } = sizesOf(job);
  const architecture = { inputSize: I, hiddenUnits: Array.from({ length: L }, () => H), outputSize: O };
  return cell === "lstm" ? new LSTM({ architecture }) : new RNN({ architecture });
}

/** Inputs as columns, one a step: made once. */
function columnsOf(job: Job): Mat[][] {
  const { T, B, I, values } = sizesOf(job);
  const tokens = values === undefined ? tokensOf(job).tokens : undefined;
  const rows = values === undefined ? undefined : valuesOf(job).values;
  return Array.from({ length: B }, (_, b) =>
    Array.from({ length: T }, (_, t) => {
      const column = new Mat(I, 1);
      const r = t * B + b;
      if (tokens !== undefined) column.w[tokens[r]] = 1;
      else for (let i = 0; i < I; i++) column.w[i] = rows?.[r * I + i] ?? 0;
      return column;
    }),
  );
}

/** The outputs' gradient in place. */
function crossEntropyBack(output: Mat, target: number): void {
  const { w, dw } = output;
  let most = -Infinity;
  for (let i = 0; i < w.length; i++) most = Math.max(most, w[i]);
  let total = 0;
  for (let i = 0; i < w.length; i++) total += dw[i] = Math.exp(w[i] - most);
  for (let i = 0; i < w.length; i++) dw[i] /= total;
  dw[target] -= 1;
}

function trainer(job: Job): Subject {
  const { B, values } = sizesOf(job);
  const network = create(job);
  const columns = columnsOf(job);
  const classes = values === undefined ? tokensOf(job).classes : undefined;
  const last = values === undefined ? undefined : valuesOf(job).last;
  const step = (): undefined => {
    columns.forEach((sequence, b) => {
      const graph = new Graph();
      graph.memorizeOperationSequence(true);
      let state: InnerState | undefined;
      sequence.forEach((column, t) => {
        state = network.forward(column, state, graph);
        if (classes !== undefined) crossEntropyBack(state.output, classes[t * B + b]);
        else if (t === sequence.length - 1) state.output.dw[0] = 2 * (state.output.w[0] - (last?.[b] ?? 0));
      });
      graph.backward();
    });
    network.update(RATE / B);
  };
  return { step };
}

export function load(): Open {
  return (job) => {
    if (job.task.kind === "training step") return trainer(job);
    const network = create(job);
    const graph = new Graph();
    graph.memorizeOperationSequence(false);
    const columns = columnsOf(job);
    let state: InnerState | undefined;
    if (job.task.kind === "one streaming step") {
      const step = (): undefined => {
        state = network.forward(columns[0][0], state, graph);
      };
      return { step };
    }
    const step = (): undefined => {
      for (const sequence of columns) {
        state = undefined;
        for (const column of sequence) state = network.forward(column, state, graph);
      }
    };
    return { step };
  };
}
