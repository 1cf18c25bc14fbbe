/**
 * Measures where a training step's time goes: times every kernel call, on a network with kernels of its own.
 */
import { createEngine, type Engine } from "../src/memory/engine.js";
import { cellNames, cells } from "../src/network/cells/by-name.js";
import { initialize } from "../src/network/parameters/initialize.js";
import { RecurrentNetwork } from "../src/network/network.js";
import { completeOptions } from "../src/network/options.js";
import type { Build } from "../src/wasm/builds.js";
import { signatures } from "../src/wasm/generated/signatures.js";
import type { Kernels } from "../src/wasm/kernels.js";
import { median } from "./median.js";
import type { Peak } from "./peak.js";
import { fixed, percent, type Section, type Table } from "./report.js";
import { describeSize, randomWindow, tasks, TOKENS, trainingStep, type Size, type TaskName } from "./work.js";

const STEPS = 40;
/** Milliseconds of steps before those that are recorded. */
const WARM_UP = 300;

const usual: readonly TaskName[] = ["W2", "W3", "W4"];

/** Sums up the calls that are booked together. */
interface Line {
  calls: number;
  milliseconds: number;
  flop: number;
}

/** Returns the key that a call is booked under, and its flop. */
function describeCall(name: keyof Kernels, args: readonly number[]): { key: string; flop: number } {
  const places = signatures[name].split(" ").map((parameter) => parameter.replace(/^[*?#~!]/, ""));
  const sizes = (...names: string[]): number[] => names.map((one) => args[places.indexOf(one)]);
  const times = (factors: readonly number[]): number => factors.reduce((all, size) => all * size, 1);
  if (name === "gemm" || name === "gemmTN") {
    const product = sizes("M", "N", "K");
    return { key: `${name} ${product.join("×")}`, flop: 2 * times(product) };
  }
  const [, prefix, direction] = /^(\w+)(For|Back)ward$/.exec(name) ?? [];
  const cell = cellNames.find((one) => one === prefix);
  const blocks = cell === undefined ? 0 : cells[cell].recurrentOrder.length;
  // In the backward kernel K covers all gates.
  const products = direction === "For" ? blocks : Math.min(blocks, 1);
  return { key: name, flop: products === 0 ? 0 : 2 * products * times(sizes("T", "B", "K", "stride")) };
}

/** Returns the engine with clocks around its kernels. */
function clocked(engine: Engine, lines: Map<string, Line>): Engine {
  const kernels = new Proxy(
    { ...engine.kernels },
    {
      get(target, name) {
        const kernel: unknown = Reflect.get(target, name);
        if (typeof kernel !== "function") return kernel;
        return (...args: number[]): unknown => {
          const { key, flop } = describeCall(name as keyof Kernels, args);
          const line = lines.get(key) ?? { calls: 0, milliseconds: 0, flop: 0 };
          lines.set(key, line);
          const start = performance.now();
          const result: unknown = Reflect.apply(kernel, undefined, args);
          line.milliseconds += performance.now() - start;
          line.calls++;
          line.flop += flop;
          return result;
        };
      },
    },
  );
  const whole: Engine = { ...engine, kernels, forWindow: () => whole };
  return whole;
}

/** Records every step's milliseconds, and those of its kernels. */
function record(build: Build, size: Size): { steps: Map<string, Line>[]; times: number[] } {
  const lines = new Map<string, Line>();
  const { cell, hidden, layers = 1, tokens = TOKENS, values } = size;
  const options = completeOptions({
    cell,
    layers,
    inputSize: values ?? tokens,
    hiddenSize: hidden,
    outputSize: values === undefined ? tokens : 1,
  });
  const network = new RecurrentNetwork(clocked(createEngine(build), lines), options);
  initialize(network.model.parameters, options);
  const step = trainingStep(network, randomWindow(size));
  for (const end = performance.now() + WARM_UP; performance.now() < end;) step();
  const steps: Map<string, Line>[] = [];
  const times: number[] = [];
  for (let i = 0; i < STEPS; i++) {
    lines.clear();
    const start = performance.now();
    step();
    times.push(performance.now() - start);
    steps.push(new Map(lines));
  }
  network.dispose();
  return { steps, times };
}

function profile(peak: Peak, size: Size): { table: Table; data: unknown } {
  const gflops = peak.measure();
  const { steps, times } = record(peak.build, size);
  const total = median(times);
  const lines = [...steps[0]].map(([kernel, { calls, flop }]) => {
    const milliseconds = median(steps.map((step) => step.get(kernel)?.milliseconds ?? 0));
    const share = flop === 0 ? undefined : flop / milliseconds / 1e6 / gflops;
    return { kernel, calls, milliseconds, ...(share === undefined ? {} : { share }) };
  });
  const rest = median(
    times.map((time, i) => [...steps[i].values()].reduce((left, line) => left - line.milliseconds, time)),
  );
  const all = [...lines, { kernel: "JavaScript between them", calls: 0, milliseconds: rest }];
  all.sort((a, b) => b.milliseconds - a.milliseconds);
  const table: Table = {
    title: `Where a training step of ${describeSize(size)} goes, ${peak.build}: ${fixed(total, 3)} ms`,
    columns: ["kernel", "calls", "ms", "of the step", "share of peak"],
    rows: all.map(({ kernel, calls, milliseconds, ...line }) => [
      kernel,
      calls === 0 ? "" : String(calls),
      fixed(milliseconds, 3),
      percent(milliseconds / total),
      "share" in line && line.share !== undefined ? percent(line.share) : "",
    ]),
    notes: [`Medians over ${STEPS} steps, beside a peak of ${fixed(gflops)} GFLOP/s just before.`],
  };
  return { table, data: { build: peak.build, work: describeSize(size), milliseconds: total, kernels: all } };
}

/** Profiles a training step of the size of each task; `names`: by default W2, W3 and W4. */
export function measureProfile(peaks: readonly Peak[], names: readonly TaskName[] = usual): Section {
  const profiles = peaks.flatMap((peak) => names.map((name) => profile(peak, tasks[name].size)));
  return { tables: profiles.map(({ table }) => table), data: profiles.map(({ data }) => data) };
}
