/**
 * Says what a training knows of the cluster that it is part of; kept apart from what a cluster does, so that who has none need not
 * load it.
 */

import { describe } from "../../errors.js";
import type { GradientEvent, Learner, LearnerContext } from "../../learn/learner.js";
import type { CheckedWindow } from "../../learn/windows/checked-window.js";
import type { Network } from "../../network/types.js";
import type { Optimizer } from "../../optimize/optimizer.js";
import type { PlainData } from "../../plain-data.js";
import type { Sums } from "../measure.js";
import type { StopSignal } from "../stop-signal.js";

/**
 * Processes that train one network together, each on its part of every batch: made by `connectMpi()` of `bptt/mpi`, or by
 * `createCluster` of other means of transport. Each process is a rank.
 */
export interface Cluster {
  /** Which of the ranks this process is, from 0. */
  readonly rank: number;
  /** The number of ranks. */
  readonly size: number;
  /**
   * Returns what each rank has given, by rank: for what they could decide differently, such as whether time is up. All call it at the
   * same place of their course, between the events of a training or outside of it. Throws a ClusterError where one does not.
   */
  gather<Data extends PlainData>(data: Data): Promise<readonly Data[]>;
}

/** One training's part in a cluster. What returns promises, and `joined`, every rank calls at the same place of its course. */
export interface ClusterRun {
  /** Whether training ends since a rank's signal said so. */
  readonly stopped: boolean;
  /** Throws an error unless all ranks begin the same training. */
  begin(): Promise<void>;
  /** Returns this rank's part of a window's sequences. */
  part(window: CheckedWindow): CheckedWindow;
  /** Returns this rank's part of a window to measure; undefined where there is none for it. */
  measured(window: CheckedWindow): CheckedWindow | undefined;
  /** Makes the network's gradients those of the whole batch, and returns their event. */
  combine(gradient: GradientEvent): Promise<GradientEvent>;
  /** Adds up what the ranks measured. */
  total(sums: Sums): Promise<Sums>;
  /** Throws where a rank's signal has ended training: its reason, or on the other ranks an AbortError. */
  throwIfStopped(): void;
  /** Ends this rank's part: when training is over, when the caller leaves it, or by an error, which the others are told. */
  end(how: "ended" | "left"): Promise<void>;
  fail(error: unknown): Promise<void>;
  /** Returns what a rule remembers of all sequences, from what it remembers of those of each rank. */
  joined(memory: PlainData): PlainData;
  /** Returns what a rule remembers of this rank's sequences, from what was remembered of all. */
  own(memory: PlainData): PlainData;
}

/** Names the numbers among a training's options. */
type PlanNumber =
  | "epochs"
  | "maxSteps"
  | "accumulate"
  | "updateEvery"
  | "clipNorm"
  | "clipValue"
  | "validateEvery"
  | "patience"
  | "minImprovement";

/** What a cluster is told of a training: what its ranks must agree on. */
export interface ClusterPlan extends Readonly<Partial<Record<PlanNumber, number | undefined>>> {
  readonly network: Network;
  readonly learner: Learner;
  readonly optimizer: Optimizer;
  readonly loss?: LearnerContext["loss"];
  readonly schedule?: unknown;
  readonly validation?: unknown;
  readonly keepBest?: boolean | undefined;
  readonly averaging?: { readonly decay: number } | undefined;
}

export type JoinCluster = (plan: ClusterPlan, signal: StopSignal | undefined) => ClusterRun;

const joining = new WeakMap<object, JoinCluster>();

export function keepJoining(cluster: Cluster, join: JoinCluster): void {
  joining.set(cluster, join);
}

/** Returns how a training joins a cluster. Throws a TypeError for what is none. */
export function requireCluster(cluster: unknown): JoinCluster {
  const join = typeof cluster === "object" && cluster !== null ? joining.get(cluster) : undefined;
  if (join !== undefined) return join;
  throw new TypeError(
    `"cluster" expected one made by connectMpi() or createCluster(), got ${describe(cluster)}`,
  );
}
