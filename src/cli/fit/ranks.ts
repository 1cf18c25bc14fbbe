/** The processes that train together where mpirun has started them, of which the first alone is heard and writes. */

import type { Cluster } from "../../index.js";
import { connectMpi } from "../../node/mpi/connect-mpi.js";
import { Failure } from "../failure.js";
import { STDIN } from "../read-file.js";
import { stateFromText, stateToText } from "../run/fit-state.js";
import type { Checkpoint } from "../run/run-folder.js";
import type { FitPlan } from "./job.js";

let rank: number | undefined;

/** Names this process in a message about what went wrong, where it is one of several; "" otherwise. */
export function rankLabel(): string {
  return rank === undefined || rank === 0 ? "" : ` (rank ${rank})`;
}

/** Whether this process is heard and writes. */
export function isFirst({ cluster }: Pick<FitPlan, "cluster">): boolean {
  return cluster === undefined || cluster.rank === 0;
}

/** Returns the plan with the cluster that --mpi asks for. Throws a Failure that says what is missing. */
export async function joinRanks(plan: FitPlan, path: string): Promise<FitPlan> {
  if (!plan.mpi) return plan;
  if (path === STDIN)
    throw new Failure("--mpi needs a file, which every rank reads: standard input reaches the first alone");
  try {
    const cluster = await connectMpi();
    rank = cluster.rank;
    return { ...plan, cluster };
  } catch (error) {
    throw new Failure(`--mpi: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Returns what all ranks can use: what this one chose, where all chose the same. */
export async function agreedBuild<Chosen extends { readonly build: FitPlan["build"] }>(
  chosen: Chosen,
  { cluster }: FitPlan,
): Promise<Chosen | { readonly build: "auto"; readonly note?: string }> {
  if (cluster === undefined) return chosen;
  const builds = await cluster.gather(chosen.build);
  return builds.every((build) => build === chosen.build) ? chosen : { build: "auto" };
}

/** Returns the first rank's checkpoint on all of them; undefined where a run begins. */
export async function sharedCheckpoint(
  cluster: Cluster | undefined,
  own: Checkpoint | undefined,
): Promise<Checkpoint | undefined> {
  if (cluster === undefined) return own;
  const sent = own && {
    training: own.training,
    state: stateToText({ state: own.state, logLength: own.logLength }),
  };
  const [first] = await cluster.gather(cluster.rank === 0 ? (sent ?? null) : null);
  return first === null
    ? undefined
    : { ...stateFromText("the first rank's checkpoint", first.state), training: first.training };
}

/** What time it is, and whether a signal came: the same on all ranks, each time they ask. */
export class SharedClock {
  /** Seconds since this process began to train, by the first rank's clock. */
  seconds = 0;
  /** The exit code of a signal that a rank has received. */
  exitCode: number | undefined;
  private readonly cluster: Cluster | undefined;
  private readonly start = performance.now();

  constructor(cluster: Cluster | undefined) {
    this.cluster = cluster;
  }

  /** Returns the time in seconds: this moment's, or, of ranks, that of the last `agree`. */
  readonly now = (): number => (this.cluster === undefined ? this.own : this.seconds);

  /** Asks all ranks; they ask at the same place of their course. `exitCode`: of this process's signal. */
  async agree(exitCode: number | undefined): Promise<void> {
    if (this.cluster === undefined) {
      this.exitCode = exitCode;
      return;
    }
    const all = await this.cluster.gather({ seconds: this.own, exitCode: exitCode ?? 0 });
    this.seconds = all[0].seconds;
    this.exitCode = all.find((one) => one.exitCode > 0)?.exitCode;
  }

  private get own(): number {
    return (performance.now() - this.start) / 1000;
  }
}
