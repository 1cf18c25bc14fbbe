/** What the library means to reach beside the others, and whether a run shows it. */
import type { TaskName } from "../work.js";
import type { PeerName } from "./peers.js";
import { isResult, type Outcome, type Results } from "./results.js";

export interface Target {
  readonly peers: readonly PeerName[];
  readonly work: readonly TaskName[];
  /** Of ours: what one gets without asking, or the wide build. */
  readonly build: "default" | "wide";
  /** The peer's time over ours, at least. */
  readonly ratio: number;
}

const training = ["W1", "W2", "W3", "W4", "W5"] as const;
const libraries = [
  ...(["tfjs-layers-wasm", "tfjs-layers-cpu", "brain.js"] as const),
  ...(["recurrent-js", "synaptic", "neataptic"] as const),
];
const expert = ["tfjs-core-wasm", "jax-js-wasm"] as const;

const beside = (
  peer: PeerName,
  build: Target["build"],
  ratios: Partial<Record<TaskName, number>>,
): Target[] =>
  Object.entries(ratios).map(([work, ratio]) => ({ peers: [peer], work: [work as TaskName], build, ratio }));

export const targets: readonly Target[] = [
  ...beside("pytorch", "default", { W1: 8, W2: 1 / 1.3, W3: 1 / 1.05, W4: 1 / 1.05, W5: 6, W6: 6 }),
  ...beside("pytorch", "wide", { W2: 1.3, W3: 1.7, W4: 1.7 }),
  { peers: libraries, work: training, build: "default", ratio: 20 },
  { peers: expert, work: training, build: "default", ratio: 6 },
  { peers: expert, work: training, build: "wide", ratio: 10 },
  { peers: ["typed-arrays"], work: training, build: "default", ratio: 6 },
  { peers: ["typed-arrays"], work: training, build: "wide", ratio: 10 },
  ...beside("onnxruntime-web", "default", { W6: 2, W7: 2 }),
  ...beside("onnxruntime-node", "default", { W6: 6 }),
  ...beside("onnxruntime-node", "wide", { W7: 1 }),
];

export interface Judgement {
  readonly target: Target;
  /** The least of all ratios that were measured; undefined where none was. */
  readonly least: { readonly ratio: number; readonly peer: PeerName; readonly work: TaskName } | undefined;
  /** Peers and works that were measured. */
  readonly measured: number;
}

export function ratioOf(outcome: Outcome | undefined, build: Target["build"]): number | undefined {
  if (!isResult(outcome)) return undefined;
  return build === "wide" ? outcome.ratios.wide : (outcome.ratios["relaxed-simd"] ?? outcome.ratios.simd);
}

export function judge(results: Results, target: Target): Judgement {
  const found = target.peers.flatMap((peer) =>
    target.work.flatMap((work) => {
      const ratio = ratioOf(results[peer]?.[work], target.build);
      return ratio === undefined ? [] : [{ ratio, peer, work }];
    }),
  );
  const [first, ...rest] = found;
  if (found.length === 0) return { target, least: undefined, measured: 0 };
  const measured = found.length;
  return {
    target,
    measured,
    least: rest.reduce((least, other) => (other.ratio < least.ratio ? other : least), first),
  };
}
