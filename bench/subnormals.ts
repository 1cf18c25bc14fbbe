/**
 * Measures what a step costs when its gradients vanish. Arithmetic on numbers below 1.2e-38 can be a hundred
 * times slower, and WebAssembly cannot turn them off: the kernels have to keep them from arising.
 */
import { createEngine } from "../src/memory/engine.js";
import { matrix, sizeOf, type Region } from "../src/memory/regions.js";
import type { Build, Network } from "../src/network/types.js";
import { timeRatio } from "./measure.js";
import type { Peak } from "./peak.js";
import { countSubnormals } from "./plain-backward.js";
import { fixed, percent, type Section, type Table } from "./report.js";
import { elman256, networkOf, randomWindow, TOKENS, trainingStep, type Window } from "./work.js";

const REQUIRED = 2;
const PAIRS = 15;

interface Scenario {
  readonly name: string;
  /** Makes the gradients vanish: changes the network, and returns a window for it. */
  readonly prepare: (network: Network, window: Window) => Window;
}

function scale(network: Network, name: string, factor: number): void {
  const parameter = network.parameter(name);
  parameter.write(parameter.read().map((x) => x * factor));
}

const scenarios: readonly Scenario[] = [
  {
    name: "a loss at the last step alone, shrinking on its way back",
    prepare(network, { sequence, target: { classes } }) {
      scale(network, "rnn.weight_hh_l0", 0.35);
      const first = sequence.batch * (sequence.steps - 1);
      return { sequence, target: { classes: classes?.map((c, i) => (i < first ? -1 : c)) } };
    },
  },
  {
    name: "a network so certain of every target that nothing is left to learn",
    prepare(network, { sequence, target: { classes } }) {
      // e^-85 = 1.2e-37 for every other class, and its gradient is that over T·B.
      network
        .parameter("head.bias")
        .write(Float32Array.from({ length: TOKENS }, (_, i) => (i === 0 ? 85 : 0)));
      scale(network, "head.weight", 0.1);
      return { sequence, target: { classes: classes?.map(() => 0) } };
    },
  },
];

/** Returns how much slower a product with a subnormal left operand is: what the flushing saves. */
function productSlowdown(build: Build): number {
  const { kernels, arena } = createEngine(build);
  const size = matrix(256, 256);
  const { a, tiny, panels, c } = arena.reserve({ a: size, tiny: size, panels: size, c: size }).regions;
  const fill = ({ pointer }: Region, value: number): void =>
    void arena.f32.fill(value, pointer >>> 2, (pointer >>> 2) + sizeOf(size));
  fill(a, 0.5);
  fill(panels, 0.5);
  fill(tiny, 1e-39);
  const multiply = (left: Region) => (): void => {
    kernels.gemm(c.pointer, left.pointer, panels.pointer, 32, 256, 256, 256, 256, false);
  };
  return timeRatio("product of subnormal numbers", multiply(tiny), multiply(a), PAIRS).ratio;
}

function measureBuild(build: Build) {
  const window = randomWindow(elman256);
  // At learning rate 0 the parameters stay, and the gradients vanish again at every step.
  const normal = trainingStep(networkOf(elman256, build), window, 0);
  const vanishing = scenarios.map(({ name, prepare }) => {
    const network = networkOf(elman256, build);
    const changed = prepare(network, window);
    const times = timeRatio(name, trainingStep(network, changed, 0), normal, PAIRS);
    return { scenario: name, subnormal: countSubnormals(network, changed), ...times };
  });
  return { build, slowdown: productSlowdown(build), vanishing };
}

export function measureSubnormals(peaks: readonly Peak[]): Section {
  const data = peaks.map(({ build }) => measureBuild(build));
  const table: Table = {
    title: "Vanishing gradients: W2's training step beside a normal one",
    columns: ["gradients", "build", "subnormal in plain code", "vanishing", "normal", "ratio"],
    rows: data.flatMap(({ build, vanishing }) =>
      vanishing.map(({ scenario, subnormal, milliseconds, otherMilliseconds, ratio }) => [
        scenario,
        build,
        percent(subnormal),
        `${fixed(milliseconds, 2)} ms`,
        `${fixed(otherMilliseconds, 2)} ms`,
        `${fixed(ratio, 2)}${ratio > REQUIRED ? " !" : ""}`,
      ]),
    ),
    notes: [
      `Subnormal in plain code: of the states' gradients, counted in float32 without flushing. ` +
        `A ratio of at most ${REQUIRED} is required.`,
      `A 32×256×256 product of subnormal numbers takes ` +
        data.map(({ build, slowdown }) => `${fixed(slowdown, 1)} (${build})`).join(" or ") +
        ` times as long on this processor.`,
    ],
  };
  return { tables: [table], data };
}
